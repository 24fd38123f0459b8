package main

import (
	"golang.org/x/sys/unix"
)

// awaitChild collects ended processes until this one has ended: process 1 inherits all whose parent is gone.
func awaitChild(pid int) (unix.WaitStatus, error) {
	for {
		var status unix.WaitStatus
		ended, err := unix.Wait4(-1, &status, 0, nil)
		if err == unix.EINTR {
			continue
		}
		if err != nil || ended == pid {
			return status, err
		}
	}
}

// killAll ends every other process that this one can see, and collects them. None can escape: the kernel lets no process fork that is to
// be killed, and hides the helper from its signals.
func killAll() {
	for {
		_ = unix.Kill(-1, unix.SIGKILL) // an error: there is none left
		_, err := unix.Wait4(-1, nil, 0, nil)
		if err != nil && err != unix.EINTR {
			return
		}
	}
}
