package main

import (
	"strings"
	"sync"
)

const (
	tailBytes = 4096
	tailLines = 20
)

// tail keeps the end of what is written to it.
type tail struct {
	lock  sync.Mutex
	bytes []byte
}

func (t *tail) Write(piece []byte) (int, error) {
	t.lock.Lock()
	defer t.lock.Unlock()
	t.bytes = append(t.bytes, piece...)
	if len(t.bytes) > tailBytes {
		t.bytes = append([]byte(nil), t.bytes[len(t.bytes)-tailBytes:]...)
	}
	return len(piece), nil
}

func (t *tail) text() string {
	t.lock.Lock()
	defer t.lock.Unlock()
	kept := t.bytes
	// Bytes of a character whose beginning was cut off.
	for len(kept) > 0 && kept[0]&0xc0 == 0x80 {
		kept = kept[1:]
	}
	lines := strings.Split(strings.TrimSuffix(strings.ToValidUTF8(string(kept), "\uFFFD"), "\n"), "\n")
	if len(lines) > tailLines {
		lines = lines[len(lines)-tailLines:]
	}
	return strings.Join(lines, "\n")
}
