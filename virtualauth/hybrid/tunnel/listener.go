package tunnel

import (
	"context"
	"sync"

	"github.com/coder/websocket"
)

// listener is a phone that waits to be asked for.
type listener struct {
	contact contactKey
	conn    *websocket.Conn
	wake    chan struct{} // there may be something to tell
	ended   chan farewell // it must go
}

func newListener(contact contactKey, conn *websocket.Conn) *listener {
	return &listener{contact: contact, conn: conn, wake: make(chan struct{}, 1), ended: make(chan farewell, 1)}
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
func (s *Server) attend(l *listener) {
	ctx, cancel := context.WithCancel(s.life)
	var reader sync.WaitGroup
	defer reader.Wait()
	defer cancel()
	reader.Go(func() { defer cancel(); hush(ctx, l.conn) })
	s.registry.attend(l)
	defer s.registry.depart(l)
	due := make(chan struct{}, 1)
	ping := alarm{clock: s.clock, after: s.limits.Ping, ring: func() { due <- struct{}{} }}
	ping.set()
	defer ping.off()
	for s.tell(ctx, l) {
		select {
		case <-l.wake:
		case words := <-l.ended:
			_ = l.conn.Close(words.code, words.reason) // it may have left meanwhile
			return
		case <-due:
			if !s.there(ctx, l.conn) {
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
func (s *Server) tell(ctx context.Context, l *listener) bool {
	for t := s.registry.next(l); t != nil; t = s.registry.next(l) {
		limited, done := within(ctx, s.clock, s.limits.Ping)
		err := l.conn.Write(limited, websocket.MessageBinary, notice(s.routing, t.id, t.payload))
		done()
		if err != nil {
			s.registry.depart(l)
			s.registry.untold(t)
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
