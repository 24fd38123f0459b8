package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"
)

const (
	modeFile       = "100644"
	modeExecutable = "100755"
	modeLink       = "120000"
	modeSubmodule  = "160000"
)

// entry is a file, a link or a folder as it was written.
type entry struct {
	// mode is empty for a folder.
	mode   string
	target string
	// changed is when it last changed in any way.
	changed unix.Timespec
}

// tree is the files of a revision on the disk; its entries are by path, and the root is at ".".
type tree struct {
	id      string
	root    string
	entries map[string]*entry
}

// treeWriter writes files below a root that no link leads out of.
type treeWriter struct {
	tree *tree
	root *os.Root
}

func newTreeWriter(id, path string) (*treeWriter, error) {
	root, err := os.OpenRoot(path)
	if err != nil {
		return nil, err
	}
	return &treeWriter{root: root, tree: &tree{id: id, root: path, entries: map[string]*entry{".": {}}}}, nil
}

func (w *treeWriter) add(path, mode string, content io.Reader) error {
	if fault := faultOfPath(path); fault != "" {
		return fmt.Errorf("a file of the repository cannot be laid out: %s", fault)
	}
	if _, exists := w.tree.entries[path]; exists {
		return fmt.Errorf("a file of the repository came twice")
	}
	if err := w.addFolders(filepath.Dir(path)); err != nil {
		return err
	}
	switch mode {
	case modeFile, modeExecutable:
		permissions := os.FileMode(0o600)
		if mode == modeExecutable {
			permissions = 0o700
		}
		file, err := w.root.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, permissions)
		if err != nil {
			return err
		}
		_, err = io.Copy(file, content)
		if closing := file.Close(); err == nil {
			err = closing
		}
		if err != nil {
			return err
		}
		w.tree.entries[path] = &entry{mode: mode}
	case modeLink:
		target, err := io.ReadAll(io.LimitReader(content, unix.PathMax))
		if err != nil {
			return err
		}
		if err := w.root.Symlink(string(target), path); err != nil {
			return err
		}
		w.tree.entries[path] = &entry{mode: mode, target: string(target)}
	case modeSubmodule:
		if err := w.root.Mkdir(path, 0o700); err != nil {
			return err
		}
		w.tree.entries[path] = &entry{mode: mode}
	default:
		return fmt.Errorf("a file of the repository has mode %q", mode)
	}
	return nil
}

func (w *treeWriter) addFolders(path string) error {
	if found, exists := w.tree.entries[path]; exists {
		if found.mode != "" {
			return fmt.Errorf("a file of the repository is below one that is no folder")
		}
		return nil
	}
	if err := w.addFolders(filepath.Dir(path)); err != nil {
		return err
	}
	w.tree.entries[path] = &entry{}
	return w.root.Mkdir(path, 0o700)
}

// finish notes the state of all that was written, after it was made read-only if it is to be.
func (w *treeWriter) finish(readOnly bool) (*tree, error) {
	defer w.root.Close()
	for path, entry := range w.tree.entries {
		if !readOnly || entry.mode == modeLink {
			continue
		}
		permissions := os.FileMode(0o500)
		if entry.mode == modeFile {
			permissions = 0o400
		}
		if err := w.root.Chmod(path, permissions); err != nil {
			return nil, err
		}
	}
	for path, entry := range w.tree.entries {
		changed, err := w.tree.changeTime(path)
		if err != nil {
			return nil, err
		}
		entry.changed = changed
	}
	return w.tree, nil
}

func (t *tree) changeTime(path string) (unix.Timespec, error) {
	var found unix.Stat_t
	err := unix.Lstat(filepath.Join(t.root, path), &found)
	return found.Ctim, err
}

// isUnchanged says whether nothing was changed since, not even a mode: commands are of the same user.
func (t *tree) isUnchanged() bool {
	for path, entry := range t.entries {
		if changed, err := t.changeTime(path); err != nil || changed != entry.changed {
			return false
		}
	}
	return true
}

// copyTo writes the same files once more, so that they can be changed.
func (t *tree) copyTo(path string) (*tree, error) {
	writer, err := newTreeWriter(t.id, path)
	if err != nil {
		return nil, err
	}
	for name, entry := range t.entries {
		if entry.mode == "" {
			err = writer.addFolders(name)
		} else {
			err = t.copyOne(name, entry, writer)
		}
		if err != nil {
			writer.root.Close()
			return nil, err
		}
	}
	return writer.finish(false)
}

func (t *tree) copyOne(name string, entry *entry, writer *treeWriter) error {
	if entry.mode == modeLink || entry.mode == modeSubmodule {
		return writer.add(name, entry.mode, strings.NewReader(entry.target))
	}
	content, err := os.Open(filepath.Join(t.root, name))
	if err != nil {
		return err
	}
	defer content.Close()
	return writer.add(name, entry.mode, content)
}
