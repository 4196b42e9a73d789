package tunnel

import (
	"context"
	"sync"

	"github.com/coder/websocket"
)

// listener is a phone that waits to be asked for.
type listener struct {
	conn  *websocket.Conn
	wake  chan struct{} // there may be something to tell
	ended chan farewell // it must go
}

func newListener(conn *websocket.Conn) *listener {
	return &listener{conn: conn, wake: make(chan struct{}, 1), ended: make(chan farewell, 1)}
}

// rouse makes it look for contacts that it has not been told of.
func (l *listener) rouse() {
	select {
	case l.wake <- struct{}{}:
	default:
	}
}

// stop ends it with these words; only the first ones count.
func (l *listener) stop(words farewell) {
	select {
	case l.ended <- words:
	default:
	}
}

// attend serves a phone until it leaves, is silent, or is replaced.
func (s *Server) attend(c *contact, conn *websocket.Conn) {
	ctx, cancel := context.WithCancel(s.life)
	var reader sync.WaitGroup
	defer reader.Wait()
	defer cancel()
	reader.Go(func() { defer cancel(); hush(ctx, conn) })
	l := newListener(conn)
	if !s.registry.attend(c, l) {
		_ = conn.Close(closeReplaced, "the contact id was taken back")
		return
	}
	defer s.registry.depart(c, l)
	due := make(chan struct{}, 1)
	ping := alarm{clock: s.clock, after: s.limits.Ping, ring: func() { due <- struct{}{} }}
	ping.set()
	defer ping.off()
	for s.tell(ctx, c, l) {
		select {
		case <-l.wake:
		case words := <-l.ended:
			_ = conn.Close(words.code, words.reason)
			return
		case <-due:
			if !s.there(ctx, conn) {
				return
			}
			ping.set()
		case <-ctx.Done():
			return
		}
	}
}

// hush reads until the phone leaves, which answers its pings too. A phone that speaks is sent away.
func hush(ctx context.Context, conn *websocket.Conn) {
	if _, _, err := conn.Reader(ctx); err == nil {
		_ = conn.Close(websocket.StatusPolicyViolation, "a phone that listens sends nothing") // it may have left meanwhile
	}
}

// tell tells a phone of all desktops that it has not been told of. It is false when the phone cannot be told.
func (s *Server) tell(ctx context.Context, c *contact, l *listener) bool {
	for t := s.registry.next(c, l); t != nil; t = s.registry.next(c, l) {
		limited, done := within(ctx, s.clock, s.limits.Ping)
		err := l.conn.Write(limited, websocket.MessageBinary, notice(s.routing, t.id, t.payload))
		done()
		if err != nil {
			s.registry.depart(c, l)
			s.registry.untold(c, t)
			return false
		}
	}
	return true
}

// there says whether a phone answers a ping.
func (s *Server) there(ctx context.Context, conn *websocket.Conn) bool {
	limited, done := within(ctx, s.clock, s.limits.Ping)
	defer done()
	return conn.Ping(limited) == nil
}
