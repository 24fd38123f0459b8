package main

import (
	"encoding/json"
	"fmt"
	"os"
	"runtime"
	"syscall"

	"golang.org/x/sys/unix"
)

const childArgument = "child"

// Descriptors of a child: what it is to do, and where it says what went wrong before the command.
const (
	specDescriptor  = 3
	errorDescriptor = 4
)

const (
	maxProcesses = 256
	maxOpenFiles = 1024
	shell        = "/bin/sh"
	// What a shell ends with when it cannot run a command.
	exitNoFolder = 126
)

// spec is what a child is to do.
type spec struct {
	Text        string
	Environment []string
	Folder      string
	Read        []string
	Write       []string
	Landlock    int
	Network     bool
	FileBytes   uint64
	Memory      uint64
	Seconds     uint64
}

// child is what the helper's own program does between its fork and the command: it gives up all that a command may not have. What it
// does is done by one thread, which then becomes the shell. It does not return.
func child() {
	runtime.LockOSThread()
	failures := os.NewFile(errorDescriptor, "errors")
	unix.CloseOnExec(errorDescriptor)
	fail := func(err error) {
		fmt.Fprint(failures, err)
		os.Exit(1)
	}
	var spec spec
	input := os.NewFile(specDescriptor, "spec")
	if err := json.NewDecoder(input).Decode(&spec); err != nil {
		fail(err)
	}
	input.Close()
	// An earlier command may have removed it.
	if err := os.Chdir(spec.Folder); err != nil {
		fmt.Fprintln(os.Stderr, "the folder of the command is not there any more")
		os.Exit(exitNoFolder)
	}
	if err := confine(spec); err != nil {
		fail(err)
	}
	fail(syscall.Exec(shell, []string{"sh", "-c", spec.Text}, spec.Environment))
}

func confine(spec spec) error {
	unix.Umask(0o022)
	// What the helper itself has open is closed by the kernel already; this holds for what it may get one day.
	if err := unix.CloseRange(specDescriptor, ^uint(0), unix.CLOSE_RANGE_CLOEXEC); err != nil {
		return fmt.Errorf("close_range: %w", err)
	}
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return fmt.Errorf("no_new_privs: %w", err)
	}
	if spec.Landlock > 0 {
		if err := restrictFiles(spec); err != nil {
			return err
		}
	}
	for _, limit := range []struct {
		resource int
		value    uint64
	}{
		{unix.RLIMIT_CORE, 0},
		{unix.RLIMIT_MEMLOCK, 0},
		{unix.RLIMIT_MSGQUEUE, 0},
		{unix.RLIMIT_RTPRIO, 0},
		{unix.RLIMIT_SIGPENDING, 1024},
		{unix.RLIMIT_CPU, spec.Seconds},
		{unix.RLIMIT_FSIZE, spec.FileBytes},
		{unix.RLIMIT_NOFILE, maxOpenFiles},
		{unix.RLIMIT_DATA, spec.Memory},
		{unix.RLIMIT_NPROC, maxProcesses},
	} {
		if err := lower(limit.resource, limit.value); err != nil {
			return fmt.Errorf("limit %d: %w", limit.resource, err)
		}
	}
	return restrictCalls(spec.Network)
}

// lower sets a limit that cannot be raised again, unless the container's own is lower.
func lower(resource int, value uint64) error {
	var current unix.Rlimit
	if err := unix.Getrlimit(resource, &current); err != nil {
		return err
	}
	value = min(value, current.Max)
	return unix.Setrlimit(resource, &unix.Rlimit{Cur: value, Max: value})
}

// noNewPrivileges is for all threads, since any of them may fork.
func noNewPrivileges() error {
	if _, _, errno := syscall.AllThreadsSyscall6(unix.SYS_PRCTL, unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0, 0); errno != 0 {
		return fmt.Errorf("it cannot give up new privileges: %w", errno)
	}
	return nil
}
