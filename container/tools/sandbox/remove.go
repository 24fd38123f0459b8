package main

import (
	"io"
	"os"
	"path/filepath"
	"strconv"

	"golang.org/x/sys/unix"
)

// removeFolder removes what commands left: also folders that nothing may be removed from, and nested so deep that no path leads to the
// end. Each folder is moved to the top before it is looked into. Links are not followed. No folder, no error.
func removeFolder(path string) error {
	var found unix.Stat_t
	if err := unix.Lstat(path, &found); err == unix.ENOENT {
		return nil
	} else if err != nil {
		return err
	}
	if found.Mode&unix.S_IFMT != unix.S_IFDIR {
		return unix.Unlink(path)
	}
	top, err := os.MkdirTemp(filepath.Dir(path), ".removed-")
	if err != nil {
		return err
	}
	moved := 0
	var queue []string
	move := func(folder string) error {
		to := filepath.Join(top, strconv.Itoa(moved))
		moved++
		// Its entry `..` changes.
		if err := unix.Chmod(folder, 0o700); err != nil {
			return err
		}
		queue = append(queue, to)
		return unix.Rename(folder, to)
	}
	if err := move(path); err != nil {
		return err
	}
	for len(queue) > 0 {
		folder := queue[len(queue)-1]
		queue = queue[:len(queue)-1]
		if err := empty(folder, move); err != nil {
			return err
		}
		if err := unix.Rmdir(folder); err != nil {
			return err
		}
	}
	return unix.Rmdir(top)
}

func empty(path string, move func(string) error) error {
	folder, err := os.Open(path)
	if err != nil {
		return err
	}
	defer folder.Close()
	for {
		entries, err := folder.ReadDir(1000)
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		for _, entry := range entries {
			inside := path + "/" + entry.Name()
			if entry.IsDir() {
				err = move(inside)
			} else {
				err = unix.Unlink(inside)
			}
			if err != nil {
				return err
			}
		}
		// Some file systems skip entries when others are removed meanwhile.
		if _, err := folder.Seek(0, io.SeekStart); err != nil {
			return err
		}
	}
}
