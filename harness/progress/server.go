package progress

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"sync"
	"time"
)

const (
	// longestLine bounds one event; a failure's message with a page's text fits many times.
	longestLine = 4 << 20
	// drainLimit is how long Close waits for test processes that are still talking.
	drainLimit = 2 * time.Second
	// acceptLimit is how long Close still accepts connections that were dialled but not yet accepted. Those in the queue
	// are accepted at once, so this is the whole cost of not losing them.
	acceptLimit = 50 * time.Millisecond
)

// BadLineError is a line on the wire that is no event.
type BadLineError struct {
	// Line is the beginning of it.
	Line string
	// Err is why it could not be read.
	Err error
}

// Error shows the beginning of the line.
func (e *BadLineError) Error() string {
	return fmt.Sprintf("progress: a test process sent something that is no event (%v): %s", e.Err, e.Line)
}

// Unwrap returns the cause.
func (e *BadLineError) Unwrap() error { return e.Err }

// Server listens for events of all test processes and hands them on one at a time.
type Server struct {
	dir      string
	listener *net.UnixListener
	handle   func(Event)
	accepted chan struct{} // closed when the accept loop has ended

	mu      sync.Mutex // guards what follows, and the calls of handle
	conns   map[net.Conn]struct{}
	readers sync.WaitGroup
	errs    []error
}

// Listen opens a socket in a new private folder below dir (empty: the system's folder for temporary files) and calls
// handle for each event, never twice at the same time. Close ends it and removes the folder.
func Listen(dir string, handle func(Event)) (*Server, error) {
	private, err := os.MkdirTemp(dir, "passkeylab-")
	if err != nil {
		return nil, fmt.Errorf("progress: make a folder for the socket: %w", err)
	}
	address := &net.UnixAddr{Name: filepath.Join(private, "progress"), Net: "unix"}
	listener, err := net.ListenUnix("unix", address)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("progress: listen: %w", err), os.RemoveAll(private))
	}
	s := &Server{dir: private, listener: listener, handle: handle, accepted: make(chan struct{}), conns: map[net.Conn]struct{}{}}
	go s.accept()
	return s, nil
}

// Path is the socket's path, for the environment of test processes.
func (s *Server) Path() string { return s.listener.Addr().String() }

// accept takes connections until Close sets a deadline.
func (s *Server) accept() {
	defer close(s.accepted)
	for {
		conn, err := s.listener.Accept()
		if err != nil {
			return
		}
		s.mu.Lock()
		s.conns[conn] = struct{}{}
		s.mu.Unlock()
		s.readers.Add(1)
		go s.read(conn)
	}
}

// read hands on one process's events until it hangs up.
func (s *Server) read(conn net.Conn) {
	defer s.readers.Done()
	lines := bufio.NewScanner(conn)
	lines.Buffer(nil, longestLine)
	for lines.Scan() {
		event, err := parse(lines.Bytes())
		s.mu.Lock()
		if err != nil {
			s.errs = append(s.errs, err)
		} else {
			s.handle(event)
		}
		s.mu.Unlock()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := lines.Err(); err != nil {
		s.errs = append(s.errs, fmt.Errorf("progress: hear a test process: %w", err))
	}
	delete(s.conns, conn)
	if err := conn.Close(); err != nil && !errors.Is(err, net.ErrClosed) {
		s.errs = append(s.errs, fmt.Errorf("progress: hang up: %w", err))
	}
}

// parse reads one line. Unknown fields are allowed: the two ends may be of different versions.
func parse(line []byte) (Event, error) {
	var event Event
	err := json.Unmarshal(line, &event)
	if err == nil {
		switch event.Event {
		case Plan, Start, End:
			return event, nil
		}
		err = fmt.Errorf("the kind is %q; it must be plan, start or end", event.Event)
	}
	return Event{}, &BadLineError{Line: string(line[:min(len(line), 120)]), Err: err}
}

// Close waits until every test process has hung up, at most two seconds, and removes the socket. All events sent before
// have been handed on when it returns. The error joins what went wrong on the wire.
func (s *Server) Close() error {
	_ = s.listener.SetDeadline(time.Now().Add(acceptLimit)) // fails only on a closed listener, and then Accept does too
	<-s.accepted
	s.await()
	s.mu.Lock()
	defer s.mu.Unlock()
	errs := s.errs
	s.errs = nil
	if err := s.listener.Close(); err != nil && !errors.Is(err, net.ErrClosed) {
		errs = append(errs, fmt.Errorf("progress: stop listening: %w", err))
	}
	if err := os.RemoveAll(s.dir); err != nil {
		errs = append(errs, fmt.Errorf("progress: remove the socket's folder: %w", err))
	}
	return errors.Join(errs...)
}

// await lets the readers finish; those that do not in time are cut off.
func (s *Server) await() {
	finished := make(chan struct{})
	go func() {
		defer close(finished)
		s.readers.Wait()
	}()
	limit := time.NewTimer(drainLimit)
	defer limit.Stop()
	select {
	case <-finished:
		return
	case <-limit.C:
	}
	s.mu.Lock()
	for conn := range s.conns {
		_ = conn.Close() // its reader reports the cut
	}
	s.mu.Unlock()
	<-finished
}
