package main

import (
	"bytes"
	"errors"
	"fmt"
	"log"
	"net"
	"path/filepath"
	"sync"
	"time"
)

// fluxd reads at once; one that does not is gone.
const writeTimeout = 30 * time.Second

// session is one connection to fluxd.
type session struct {
	helper *helper
	conn   net.Conn
	frames chan frame
	// lost is closed when the connection is; err is then why.
	lost chan struct{}
	err  error
	// writing is held while a frame is written.
	writing sync.Mutex
}

type frame struct {
	message request
	payload []byte
}

func newSession(h *helper, conn net.Conn) *session {
	return &session{helper: h, conn: conn, frames: make(chan frame), lost: make(chan struct{})}
}

// serve answers fluxd until the connection is lost, and returns why.
func (s *session) serve() error {
	closed := make(chan struct{})
	defer close(closed)
	go s.read(closed)
	if err := s.send(hello{"hello", protocol, s.helper.layersNow()}, nil); err != nil {
		return err
	}
	for {
		frame, err := s.next()
		if err != nil {
			return err
		}
		commands, err := parseRun(frame.message, frame.payload)
		if err != nil {
			return err
		}
		if err := s.answer(frame.message, commands); err != nil {
			return err
		}
	}
}

func (s *session) read(closed <-chan struct{}) {
	for {
		message, payload, err := readFrame(s.conn)
		if err != nil {
			s.err = err
			close(s.lost)
			return
		}
		select {
		case s.frames <- frame{message, payload}:
		case <-closed:
			return
		}
	}
}

func (s *session) next() (frame, error) {
	select {
	case frame := <-s.frames:
		return frame, nil
	case <-s.lost:
		return frame{}, s.err
	}
}

func (s *session) send(message any, payload []byte) error {
	header, err := encodeFrame(message)
	if err != nil {
		return err
	}
	s.writing.Lock()
	defer s.writing.Unlock()
	if err := s.conn.SetWriteDeadline(time.Now().Add(writeTimeout)); err != nil {
		return err
	}
	buffers := net.Buffers{header, payload}
	_, err = buffers.WriteTo(s.conn)
	return err
}

// answer runs commands, and says what became of them. An error ends the connection.
func (s *session) answer(message request, commands []shellCommand) error {
	busy.Lock()
	defer busy.Unlock()
	if s.helper.network != nil {
		if err := s.helper.network.check(confinementAge); err != nil {
			return err
		}
	}
	files := s.helper.files
	tree := files.find(message.Tree)
	if tree == nil {
		received, err := s.receive(message.Tree)
		if err != nil {
			return err
		}
		if received == nil {
			return s.send(failed{"failed", "layout"}, nil)
		}
		tree = received
	}
	place := tree
	if message.Writable {
		root, err := files.newFolder()
		if err == nil {
			defer func() { logError("a copy of files cannot be removed", removeFolder(root)) }()
			place, err = tree.copyTo(root)
		}
		if err != nil {
			log.Printf("files cannot be copied: %v", err)
			files.clear()
			return s.send(failed{"failed", "layout"}, nil)
		}
	}
	if answer, err := s.runAll(message, commands, place.root); err != nil {
		return err
	} else if answer != nil {
		return s.send(answer, nil)
	}
	if message.Writable {
		return s.sendChanges(tree, place, *message.Limits, max(len(commands)-1, 0))
	}
	return s.send(done{"done"}, nil)
}

// runAll runs one command after the other. It returns what is to be sent if one of them was the last; nil if all succeeded.
func (s *session) runAll(message request, commands []shellCommand, root string) (any, error) {
	outputLeft := message.Limits.OutputBytes
	cancelled, finish := s.whileRunning()
	defer finish()
	for index, command := range commands {
		if err := s.send(ofCommand{"started", index, 0}, nil); err != nil {
			return nil, err
		}
		ended, err := s.helper.run(running{
			command: command, folder: filepath.FromSlash(message.Directory), root: root, writable: message.Writable,
			fileBytes: message.Limits.FileBytes, outputLeft: outputLeft, outputBytes: message.Limits.OutputBytes,
			output:    func(piece []byte) error { return s.send(ofCommand{"output", index, len(piece)}, piece) },
			cancelled: cancelled,
		})
		select {
		case <-cancelled:
			return nil, fmt.Errorf("a run was cancelled")
		default:
		}
		if err != nil {
			log.Printf("a command cannot be run: %v", err)
			return failed{"failed", "start"}, nil
		}
		if err := s.send(ofCommand{"ended", index, 0}, nil); err != nil {
			return nil, err
		}
		if ended.failure != nil {
			return commandFailed{"command-failed", index, *ended.failure, ended.stderr}, nil
		}
		outputLeft -= ended.printed
	}
	return nil, nil
}

// whileRunning returns a channel that is closed if fluxd closes the connection, or sends anything, before finish is called. After finish
// nothing takes frames any more, so that the next run is not lost.
func (s *session) whileRunning() (cancelled <-chan struct{}, finish func()) {
	cancelling, finished, over := make(chan struct{}), make(chan struct{}), make(chan struct{})
	go func() {
		defer close(over)
		select {
		case <-s.frames:
			close(cancelling)
		case <-s.lost:
			close(cancelling)
		case <-finished:
		}
	}()
	return cancelling, func() {
		close(finished)
		<-over
	}
}

// receive asks for files and lays them out. It returns nil if they cannot be, which is no fault of the connection.
func (s *session) receive(id string) (*tree, error) {
	if err := s.send(need{"need", id}, nil); err != nil {
		return nil, err
	}
	header, err := s.next()
	if err != nil {
		return nil, err
	}
	if header.message.Type != "tree" || header.message.ID != id || header.message.Files < 0 || header.message.Files > maxFiles {
		return nil, fmt.Errorf("%q came instead of the files that were asked for", header.message.Type)
	}
	files := s.helper.files
	files.makeRoom()
	root, problem := files.newFolder()
	var writer *treeWriter
	if problem == nil {
		writer, problem = newTreeWriter(id, root)
	}
	for range header.message.Files {
		frame, err := s.next()
		if err == nil && (frame.message.Type != "file" || frame.message.Size == nil) {
			err = fmt.Errorf("%q came instead of a file", frame.message.Type)
		}
		if err != nil {
			logError("files cannot be removed", removeFolder(root))
			return nil, err
		}
		// What is left is read, so that fluxd hears of it.
		if problem == nil {
			problem = writer.add(frame.message.Path, frame.message.Mode, bytes.NewReader(frame.payload))
		}
	}
	var tree *tree
	if problem == nil {
		tree, problem = writer.finish(true)
	}
	if problem != nil {
		log.Printf("files cannot be laid out: %v", problem)
		logError("files cannot be removed", removeFolder(root))
		files.clear()
		return nil, nil
	}
	files.trees = append(files.trees, tree)
	return tree, nil
}

func (s *session) sendChanges(before, copy *tree, limits limits, lastCommand int) error {
	changes, err := findChanges(before, copy, limits)
	var refused *refusal
	if errors.As(err, &refused) {
		return s.send(commandFailed{"command-failed", lastCommand, *refused.failure, ""}, nil)
	}
	if err != nil {
		log.Printf("changes cannot be read: %v", err)
		return s.send(failed{"failed", "changes"}, nil)
	}
	for _, change := range changes {
		if change.deleted {
			err = s.send(deleted{"deleted", change.path}, nil)
		} else {
			err = s.send(written{"written", change.path, change.executable, len(change.content)}, change.content)
		}
		if err != nil {
			return err
		}
	}
	return s.send(done{"done"}, nil)
}

// logError logs what went wrong beside the work, if anything did.
func logError(what string, err error) {
	if err != nil {
		log.Printf("%s: %v", what, err)
	}
}
