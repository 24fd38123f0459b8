package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
)

// protocol changes with every change of what is below.
const protocol = 2

// request is any message of fluxd; its type says which fields it has.
type request struct {
	Type string `json:"type"`
	Size *int   `json:"size"`
	// run
	Tree      string  `json:"tree"`
	Directory string  `json:"directory"`
	Writable  bool    `json:"writable"`
	Limits    *limits `json:"limits"`
	// tree
	ID    string `json:"id"`
	Files int    `json:"files"`
	// file
	Path string `json:"path"`
	Mode string `json:"mode"`
}

type limits struct {
	OutputBytes  int64 `json:"outputBytes"`
	ChangedFiles int   `json:"changedFiles"`
	ChangedBytes int64 `json:"changedBytes"`
	FileBytes    int64 `json:"fileBytes"`
	NewEntries   int   `json:"newEntries"`
}

// shellCommand is one of the payload of `run`.
type shellCommand struct {
	Text        string            `json:"text"`
	Environment map[string]string `json:"environment"`
	TimeoutMs   int64             `json:"timeoutMs"`
}

type layers struct {
	User     int   `json:"user"`
	Landlock int   `json:"landlock"`
	Seccomp  bool  `json:"seccomp"`
	Memory   int64 `json:"memory"`
	// Network is `none`, or `confined` by a NetworkPolicy, or `open` if that is not so.
	Network string `json:"network"`
}

type hello struct {
	Type     string `json:"type"`
	Protocol int    `json:"protocol"`
	Layers   layers `json:"layers"`
}

type need struct {
	Type string `json:"type"`
	Tree string `json:"tree"`
}

// ofCommand is `started`, `ended`, or `output` with a size.
type ofCommand struct {
	Type    string `json:"type"`
	Command int    `json:"command"`
	Size    int    `json:"size,omitempty"`
}

type written struct {
	Type       string `json:"type"`
	Path       string `json:"path"`
	Executable bool   `json:"executable"`
	Size       int    `json:"size"`
}

type deleted struct {
	Type string `json:"type"`
	Path string `json:"path"`
}

type done struct {
	Type string `json:"type"`
}

// failure is how a command ended that did not succeed; kind says which fields it has.
type failure struct {
	Kind   string `json:"kind"`
	Status int    `json:"status,omitempty"`
	Signal string `json:"signal,omitempty"`
	Limit  string `json:"limit,omitempty"`
	Bound  string `json:"bound,omitempty"`
	Path   string `json:"path,omitempty"`
	What   string `json:"what,omitempty"`
}

func exceeded(limit, bound string) *failure {
	return &failure{Kind: "limit", Limit: limit, Bound: bound}
}

type commandFailed struct {
	Type    string  `json:"type"`
	Command int     `json:"command"`
	Failure failure `json:"failure"`
	Stderr  string  `json:"stderr"`
}

type failed struct {
	Type   string `json:"type"`
	Reason string `json:"reason"`
}

var treeID = regexp.MustCompile(`^[0-9a-f]{1,128}$`)

const (
	// In JSON, where a character may take six bytes.
	maxCommands = 8 << 20
	maxFiles    = 100_000
)

// parseRun checks a message that is to be a run. fluxd is trusted, but what it passes on is not.
func parseRun(message request, payload []byte) ([]shellCommand, error) {
	if message.Type != "run" {
		return nil, fmt.Errorf("%q came instead of a run", message.Type)
	}
	if !treeID.MatchString(message.Tree) || message.Limits == nil || len(payload) > maxCommands {
		return nil, fmt.Errorf("a run without files, limits or commands of a valid size")
	}
	if message.Directory != "" && faultOfPath(message.Directory) != "" {
		return nil, fmt.Errorf("a run in a folder that is not in the repository")
	}
	var commands []shellCommand
	decoder := json.NewDecoder(bytes.NewReader(payload))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&commands); err != nil {
		return nil, fmt.Errorf("the commands of a run are not of the protocol: %w", err)
	}
	for _, command := range commands {
		if command.TimeoutMs <= 0 || strings.ContainsRune(command.Text, 0) {
			return nil, fmt.Errorf("a command without time, or with a NUL")
		}
		for name, value := range command.Environment {
			if name == "" || strings.ContainsAny(name, "=\x00") || strings.ContainsRune(value, 0) {
				return nil, fmt.Errorf("a command with a variable that is none")
			}
		}
	}
	return commands, nil
}

// faultOfPath says why a path cannot be used below a root; it is empty if it can.
func faultOfPath(path string) string {
	if len(path) > 4096 || strings.ContainsRune(path, 0) {
		return "its path is too long, or has a NUL"
	}
	for _, name := range strings.Split(path, "/") {
		if name == "" || name == "." || name == ".." {
			return "its path is not a plain relative one"
		}
		if strings.EqualFold(name, ".git") {
			return "it is in a folder .git"
		}
		if len(name) > 255 {
			return "a part of its path is too long"
		}
	}
	return ""
}
