package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"syscall"
)

// started is a child that has become a shell.
type started struct {
	pid    int
	stdout *os.File
	stderr *drain
}

// drain copies from a pipe until its writers are gone.
type drain struct {
	over chan struct{}
}

func newDrain(from *os.File, to io.Writer) *drain {
	drain := &drain{make(chan struct{})}
	go func() {
		_, _ = io.Copy(to, from) // the end of what is read is all that matters
		from.Close()
		close(drain.over)
	}()
	return drain
}

func (d *drain) wait() { <-d.over }

// start forks a child, which confines itself and becomes the shell of the command.
func start(spec spec, stderr io.Writer) (*started, error) {
	var files []*os.File
	defer func() {
		for _, file := range files {
			file.Close()
		}
	}()
	null, err := os.Open(os.DevNull)
	if err != nil {
		return nil, err
	}
	files = append(files, null)
	var ends [4][2]*os.File // stdout, stderr, spec, errors
	for index := range ends {
		reader, writer, err := os.Pipe()
		if err != nil {
			return nil, err
		}
		ends[index] = [2]*os.File{reader, writer}
		files = append(files, reader, writer)
	}
	keep := func(kept *os.File) *os.File {
		for index, file := range files {
			if file == kept {
				files = append(files[:index:index], files[index+1:]...)
			}
		}
		return kept
	}
	pid, err := syscall.ForkExec("/proc/self/exe", []string{"flux-sandbox", childArgument}, &syscall.ProcAttr{
		Dir:   "/",
		Env:   []string{},
		Files: []uintptr{null.Fd(), ends[0][1].Fd(), ends[1][1].Fd(), ends[2][0].Fd(), ends[3][1].Fd()},
		Sys:   &syscall.SysProcAttr{Setsid: true},
	})
	if err != nil {
		return nil, fmt.Errorf("it cannot start itself: %w", err)
	}
	for _, inherited := range []*os.File{ends[0][1], ends[1][1], ends[2][0], ends[3][1]} {
		keep(inherited).Close()
	}
	if err := json.NewEncoder(ends[2][1]).Encode(spec); err != nil {
		return nil, fmt.Errorf("a child ended before it could begin: %w", err)
	}
	keep(ends[2][1]).Close()
	// The pipe is closed when the child becomes the shell.
	problem, err := io.ReadAll(io.LimitReader(ends[3][0], 4096))
	if err != nil {
		return nil, err
	}
	if len(problem) > 0 {
		return nil, fmt.Errorf("a child could not confine itself: %s", problem)
	}
	return &started{pid, keep(ends[0][0]), newDrain(keep(ends[1][0]), stderr)}, nil
}
