package main

import (
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
)

// keptTrees are the files of so many revisions, the newest last.
const keptTrees = 2

// store keeps files in a folder of its own. Names in it are random, so that a command does not find those of others.
type store struct {
	base  string
	trees []*tree
}

// openStore empties the folder: files of a helper before this one are unknown.
func openStore(work string) (*store, error) {
	s := &store{base: filepath.Join(work, "sandbox")}
	if err := removeFolder(s.base); err != nil {
		return nil, fmt.Errorf("it cannot remove %s: %w", s.base, err)
	}
	if err := os.Mkdir(s.base, 0o700); err != nil {
		return nil, fmt.Errorf("it cannot write to %s; mount an emptyDir there: %w", work, err)
	}
	return s, nil
}

// newFolder makes a folder that only its owner may use.
func (s *store) newFolder() (string, error) {
	var name [16]byte
	rand.Read(name[:])
	path := filepath.Join(s.base, hex.EncodeToString(name[:]))
	return path, os.Mkdir(path, 0o700)
}

// restore undoes what a command, which is of the same user, may have done to the folder itself.
func (s *store) restore() error {
	return os.Chmod(s.base, 0o700)
}

// find returns the files of this id as they were written, or nil.
func (s *store) find(id string) *tree {
	for index, tree := range s.trees {
		if tree.id != id {
			continue
		}
		s.trees = append(s.trees[:index:index], s.trees[index+1:]...)
		if tree.isUnchanged() {
			s.trees = append(s.trees, tree)
			return tree
		}
		s.discard(tree)
		return nil
	}
	return nil
}

// makeRoom discards the oldest trees, so that there is one less than are kept.
func (s *store) makeRoom() {
	for len(s.trees) >= keptTrees {
		s.discard(s.trees[0])
		s.trees = s.trees[1:]
	}
}

// clear discards all trees: there may not be room for two.
func (s *store) clear() {
	for _, tree := range s.trees {
		s.discard(tree)
	}
	s.trees = nil
}

func (s *store) discard(tree *tree) {
	logError("files cannot be removed", removeFolder(tree.root))
}
