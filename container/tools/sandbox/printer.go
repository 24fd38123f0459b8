package main

import (
	"io"
	"os"
)

// printer passes on what a command prints, up to a bound; the rest is read and dropped, so that nothing waits for it.
type printer struct {
	// tooMuch is closed when there is more.
	tooMuch chan struct{}
	over    chan struct{}
	printed int64
	err     error
}

func newPrinter(from *os.File, running running) *printer {
	p := &printer{tooMuch: make(chan struct{}), over: make(chan struct{})}
	go func() {
		defer close(p.over)
		defer from.Close()
		p.err = p.pass(from, running)
		_, _ = io.Copy(io.Discard, from)
	}()
	return p
}

func (p *printer) pass(from io.Reader, running running) error {
	piece := make([]byte, outputPieces)
	for {
		length, err := from.Read(piece)
		if p.printed += int64(length); p.printed > running.outputLeft {
			close(p.tooMuch)
			return nil
		}
		if length > 0 {
			if err := running.output(piece[:length]); err != nil {
				return err
			}
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// end waits until all is passed on.
func (p *printer) end() (int64, error) {
	<-p.over
	return p.printed, p.err
}
