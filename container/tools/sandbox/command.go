package main

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

const (
	searchPath   = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
	watchEvery   = 25 * time.Millisecond
	maxNewFiles  = 100_000
	outputPieces = 256 << 10
)

// running is a command with what it may use.
type running struct {
	command shellCommand
	// folder is where it starts, below root.
	folder, root string
	writable     bool
	fileBytes    int64
	// outputLeft is what it may still print, of outputBytes.
	outputLeft, outputBytes int64
	// output gets what it prints.
	output func([]byte) error
	// cancelled is closed when it is to end.
	cancelled <-chan struct{}
}

// ended is what became of a command: failure is nil if it succeeded.
type ended struct {
	failure *failure
	stderr  string
	printed int64
}

// run runs a command to its end, and ends all that it left. An error means that it was not started, or that its output was not taken.
func (h *helper) run(running running) (ended, error) {
	own, err := h.files.newFolder()
	if err != nil {
		return ended{}, err
	}
	defer func() {
		logError("the folder of the helper cannot be restored", h.files.restore())
		logError("temporary files of a command cannot be removed", removeFolder(own))
	}()
	home, temporary := filepath.Join(own, "home"), filepath.Join(own, "tmp")
	for _, folder := range []string{home, temporary} {
		if err := os.Mkdir(folder, 0o700); err != nil {
			return ended{}, err
		}
	}
	spec := h.specOf(running, home, temporary)
	var stderr tail
	child, err := start(spec, &stderr)
	if err != nil {
		killAll()
		return ended{}, err
	}
	printer := newPrinter(child.stdout, running)
	status, failure := h.watch(child, running, printer)
	killAll()
	printed, err := printer.end()
	child.stderr.wait()
	if failure == nil {
		failure = failureOf(status)
	}
	return ended{failure, stderr.text(), printed}, err
}

func (h *helper) specOf(running running, home, temporary string) spec {
	environment := []string{}
	for name, value := range running.command.Environment {
		if name != "PATH" && name != "HOME" && name != "TMPDIR" {
			environment = append(environment, name+"="+value)
		}
	}
	spec := spec{
		Text:        running.command.Text,
		Environment: append(environment, "PATH="+searchPath, "HOME="+home, "TMPDIR="+temporary),
		Folder:      filepath.Join(running.root, running.folder),
		Write:       []string{home, temporary},
		Landlock:    h.layers.Landlock,
		Network:     h.network != nil,
		FileBytes:   uint64(running.fileBytes),
		Memory:      uint64(h.memory),
		Seconds:     uint64(running.command.TimeoutMs/1000+1) * uint64(runtime.NumCPU()),
	}
	if running.writable {
		spec.Write = append(spec.Write, running.root)
	} else {
		spec.Read = []string{running.root}
	}
	return spec
}

// watch waits for the end of a command, and kills everything at a limit.
func (h *helper) watch(child *started, running running, printer *printer) (unix.WaitStatus, *failure) {
	over := make(chan unix.WaitStatus, 1)
	go func() {
		status, err := awaitChild(child.pid)
		logError("a command cannot be waited for", err)
		over <- status
	}()
	timeout := time.Duration(running.command.TimeoutMs) * time.Millisecond
	timer := time.NewTimer(timeout)
	defer timer.Stop()
	ticker := time.NewTicker(watchEvery)
	defer ticker.Stop()
	filesBefore := filesInUse(h.files.base)
	stop := func(reached *failure) (unix.WaitStatus, *failure) {
		_ = unix.Kill(-1, unix.SIGKILL) // an error: it has ended meanwhile
		return <-over, reached
	}
	for {
		select {
		case status := <-over:
			return status, nil
		case <-running.cancelled:
			return stop(nil)
		case <-timer.C:
			return stop(exceeded("time", strconv.FormatFloat(timeout.Seconds(), 'f', -1, 64)+" s"))
		case <-printer.tooMuch:
			return stop(exceeded("output", inBytes(running.outputBytes)))
		case <-ticker.C:
			if memoryInUse(h.files.base) > h.memory {
				return stop(exceeded("memory", inBytes(h.memory)))
			}
			if filesInUse(h.files.base)-filesBefore > maxNewFiles {
				return stop(exceeded("changes", strconv.Itoa(maxNewFiles)+" new files"))
			}
		}
	}
}

func failureOf(status unix.WaitStatus) *failure {
	if status.Signaled() {
		return &failure{Kind: "signal", Signal: signalName(status.Signal())}
	}
	if status.ExitStatus() != 0 {
		return &failure{Kind: "exit", Status: status.ExitStatus()}
	}
	return nil
}

func signalName(signal syscall.Signal) string {
	if name := unix.SignalName(signal); name != "" {
		return name
	}
	return "SIG" + strconv.Itoa(int(signal))
}

// inBytes is a number of bytes as a person would write the bound.
func inBytes(bytes int64) string {
	for _, unit := range []struct {
		name string
		size int64
	}{{"GiB", 1 << 30}, {"MiB", 1 << 20}, {"KiB", 1 << 10}} {
		if bytes >= unit.size && bytes%unit.size == 0 {
			return fmt.Sprintf("%d %s", bytes/unit.size, unit.name)
		}
	}
	return fmt.Sprintf("%d bytes", bytes)
}
