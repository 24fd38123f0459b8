package main

import (
	"bytes"
	"cmp"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"unicode"
	"unicode/utf8"

	"golang.org/x/sys/unix"
)

// change is a regular file that commands wrote or deleted.
type change struct {
	path       string
	deleted    bool
	executable bool
	content    []byte
}

// refusal is a change that is not allowed, or too much.
type refusal struct{ failure *failure }

func (r *refusal) Error() string { return "a change was refused" }

func refuse(path, what string) error {
	return &refusal{&failure{Kind: "change", Path: shown(path), What: what}}
}

// shown is a path as it can be sent: a bad one is named as well as it can be.
func shown(path string) string {
	if path == "" {
		return "."
	}
	if len(path) > 1024 {
		path = path[:1024]
	}
	return string(bytes.ToValidUTF8([]byte(path), []byte("\uFFFD")))
}

// changeFinder compares a copy of files, after commands had it, with the files that it was made of. No process is left that could
// change it meanwhile; still nothing is read but what the kernel finds below the root, without any link.
type changeFinder struct {
	before, copy *tree
	limits       limits
	root         int
	gone         map[string]*entry
	found        []change
	bytesLeft    int64
	entriesLeft  int
}

func findChanges(before, copy *tree, limits limits) ([]change, error) {
	root, err := unix.Open(copy.root, unix.O_PATH|unix.O_DIRECTORY|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, refuse("", "link")
	}
	defer unix.Close(root)
	f := &changeFinder{
		before: before, copy: copy, limits: limits, root: root, gone: map[string]*entry{},
		bytesLeft: limits.ChangedBytes, entriesLeft: len(copy.entries) + limits.NewEntries,
	}
	for path, entry := range copy.entries {
		if entry.mode != "" && entry.mode != modeSubmodule {
			f.gone[path] = entry
		}
	}
	folders := []string{""}
	for len(folders) > 0 {
		folder := folders[len(folders)-1]
		folders = folders[:len(folders)-1]
		inside, err := f.look(folder)
		if err != nil {
			return nil, err
		}
		folders = append(folders, inside...)
	}
	for path, entry := range f.gone {
		if entry.mode == modeLink {
			return nil, refuse(path, "link")
		}
		if err := f.add(change{path: path, deleted: true}); err != nil {
			return nil, err
		}
	}
	slices.SortFunc(f.found, func(a, b change) int { return bytes.Compare([]byte(a.path), []byte(b.path)) })
	return f.found, nil
}

func (f *changeFinder) add(change change) error {
	if f.found = append(f.found, change); len(f.found) > f.limits.ChangedFiles {
		return &refusal{exceeded("changes", strconv.Itoa(f.limits.ChangedFiles)+" files")}
	}
	return nil
}

// open opens what is at a path below the root, if no part of it is a link.
func (f *changeFinder) open(path string, flags uint64) (*os.File, error) {
	fd, err := unix.Openat2(f.root, cmp.Or(path, "."), &unix.OpenHow{
		Flags:   flags | unix.O_RDONLY | unix.O_NOFOLLOW | unix.O_NONBLOCK | unix.O_CLOEXEC,
		Resolve: unix.RESOLVE_BENEATH | unix.RESOLVE_NO_SYMLINKS | unix.RESOLVE_NO_MAGICLINKS | unix.RESOLVE_NO_XDEV,
	})
	switch err {
	case nil:
		return os.NewFile(uintptr(fd), path), nil
	case unix.EACCES, unix.ENAMETOOLONG:
		return nil, refuse(path, "unreadable")
	case unix.ELOOP, unix.ENXIO, unix.EXDEV:
		return nil, refuse(path, "special-file")
	}
	return nil, err
}

// look examines the files of a folder, and returns the folders in it.
func (f *changeFinder) look(folder string) ([]string, error) {
	opened, err := f.open(folder, unix.O_DIRECTORY)
	if err != nil {
		return nil, err
	}
	defer opened.Close()
	var folders []string
	for {
		entries, err := opened.ReadDir(1000)
		if err == io.EOF {
			return folders, nil
		}
		if err != nil {
			return nil, err
		}
		for _, entry := range entries {
			if f.entriesLeft--; f.entriesLeft < 0 {
				return nil, &refusal{exceeded("changes", strconv.Itoa(f.limits.NewEntries)+" new files")}
			}
			path := entry.Name()
			if folder != "" {
				path = folder + "/" + path
			}
			if faultOfPath(path) != "" || !isPlain(entry.Name()) {
				return nil, refuse(path, "name")
			}
			if known := f.copy.entries[folder]; known != nil && known.mode == modeSubmodule {
				return nil, refuse(path, "submodule")
			}
			if entry.IsDir() {
				folders = append(folders, path)
			} else if err := f.examine(path); err != nil {
				return nil, err
			}
		}
	}
}

func isPlain(name string) bool {
	if !utf8.ValidString(name) {
		return false
	}
	for _, char := range name {
		if unicode.IsControl(char) {
			return false
		}
	}
	return true
}

func (f *changeFinder) examine(path string) error {
	var stat unix.Stat_t
	if err := unix.Fstatat(f.root, path, &stat, unix.AT_SYMLINK_NOFOLLOW); err != nil {
		return err
	}
	delete(f.gone, path)
	known := f.copy.entries[path]
	if known != nil && known.changed == stat.Ctim {
		return nil
	}
	isLink := known != nil && known.mode == modeLink
	switch stat.Mode & unix.S_IFMT {
	case unix.S_IFLNK:
		if !isLink {
			return refuse(path, "link")
		}
		target := make([]byte, unix.PathMax)
		length, err := unix.Readlinkat(f.root, path, target)
		if err == nil && string(target[:length]) != known.target {
			return refuse(path, "link")
		}
		return err
	case unix.S_IFREG:
		if isLink {
			return refuse(path, "link")
		}
		if stat.Nlink != 1 {
			return refuse(path, "hard-link")
		}
		return f.compare(path, known)
	}
	return refuse(path, "special-file")
}

// compare adds a file if its content, or whether it can be executed, is another than before.
func (f *changeFinder) compare(path string, known *entry) error {
	file, err := f.open(path, 0)
	if err != nil {
		return err
	}
	defer file.Close()
	var stat unix.Stat_t
	if err := unix.Fstat(int(file.Fd()), &stat); err != nil {
		return err
	}
	if stat.Mode&unix.S_IFMT != unix.S_IFREG || stat.Nlink != 1 {
		return refuse(path, "special-file")
	}
	if stat.Size > f.bytesLeft {
		return &refusal{exceeded("changes", inBytes(f.limits.ChangedBytes))}
	}
	content, err := io.ReadAll(io.LimitReader(file, stat.Size))
	if err != nil {
		return err
	}
	executable := stat.Mode&0o100 != 0
	if known != nil && known.mode != "" && executable == (known.mode == modeExecutable) {
		original, err := os.ReadFile(filepath.Join(f.before.root, path))
		if err != nil {
			return err
		}
		if bytes.Equal(original, content) {
			return nil
		}
	}
	f.bytesLeft -= int64(len(content))
	return f.add(change{path: path, executable: executable, content: content})
}
