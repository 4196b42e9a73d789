package tunnel

import (
	"io"
	"net"
	"sync"
)

// sockets is a listener that counts what it accepts, keeps within limits, and can close all of it. The faults that happen
// before TLS happen here.
type sockets struct {
	net.Listener
	limits Limits
	faults func() Faults
	count  func(reason string) // called for each connection that is turned away

	mu     sync.Mutex
	open   map[*socket]struct{}
	each   map[string]int // open ones by address
	closed bool
	hung   sync.WaitGroup // goroutines of connections that a fault lets hang
}

// socket is one accepted connection.
type socket struct {
	net.Conn
	owner   *sockets
	address string
	once    sync.Once
}

func newSockets(listener net.Listener, limits Limits) *sockets {
	return &sockets{Listener: listener, limits: limits, open: map[*socket]struct{}{}, each: map[string]int{}}
}

// Accept returns the next connection that may be served.
func (s *sockets) Accept() (net.Conn, error) {
	for {
		conn, err := s.Listener.Accept()
		if err != nil {
			return nil, err
		}
		faults := s.faults()
		accepted := s.admit(conn)
		switch {
		case accepted == nil:
			s.count("limit")
			reset(conn)
		case faults.Refuse:
			s.count("fault")
			reset(accepted)
		case faults.Hang:
			s.count("fault")
			s.hang(accepted)
		default:
			return accepted, nil
		}
	}
}

// admit takes a connection in, or returns nil when there are too many.
func (s *sockets) admit(conn net.Conn) *socket {
	address, _, err := net.SplitHostPort(conn.RemoteAddr().String())
	if err != nil {
		address = conn.RemoteAddr().String()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed || len(s.open) >= s.limits.Connections || s.each[address] >= s.limits.PerAddress {
		return nil
	}
	accepted := &socket{Conn: conn, owner: s, address: address}
	s.open[accepted] = struct{}{}
	s.each[address]++
	return accepted
}

// Close closes the connection and makes room for another one.
func (c *socket) Close() error {
	c.once.Do(func() {
		s := c.owner
		s.mu.Lock()
		defer s.mu.Unlock()
		delete(s.open, c)
		if s.each[c.address]--; s.each[c.address] == 0 {
			delete(s.each, c.address)
		}
	})
	return c.Conn.Close()
}

// reset closes a connection such that the client is told "connection reset" and not "end of file".
func reset(conn net.Conn) {
	if accepted, is := conn.(*socket); is {
		lingerNot(accepted.Conn)
	} else {
		lingerNot(conn)
	}
	_ = conn.Close()
}

func lingerNot(conn net.Conn) {
	if tcp, is := conn.(*net.TCPConn); is {
		_ = tcp.SetLinger(0) // what fails here is the connection that is about to end
	}
}

// hang listens to a connection and says nothing, until the client or the server ends it.
func (s *sockets) hang(conn net.Conn) {
	s.hung.Go(func() {
		_, _ = io.Copy(io.Discard, conn)
		_ = conn.Close()
	})
}

// size is how many connections are open.
func (s *sockets) size() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.open)
}

// closeAll closes every connection and admits no further one.
func (s *sockets) closeAll() {
	s.mu.Lock()
	s.closed = true
	open := make([]*socket, 0, len(s.open))
	for conn := range s.open {
		open = append(open, conn)
	}
	s.mu.Unlock()
	for _, conn := range open {
		_ = conn.Close()
	}
	s.hung.Wait()
}
