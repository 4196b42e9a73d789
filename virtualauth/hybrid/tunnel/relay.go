package tunnel

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"sync"
	"sync/atomic"

	"github.com/coder/websocket"
)

// side is one of the two that meet in a tunnel.
type side string

const (
	phone   side = "phone"
	desktop side = "desktop"
)

func (s side) other() side {
	if s == phone {
		return desktop
	}
	return phone
}

// closeReplaced ends a listener whose place another one has taken, or whose contact id was taken back.
const closeReplaced websocket.StatusCode = 4000

// farewell is a close frame.
type farewell struct {
	code   websocket.StatusCode
	reason string
}

// verdict is why a tunnel ends and what its sides are told.
type verdict struct {
	reason string
	// cut ends both connections without a close frame.
	cut bool
	// by is the side that ended it, or empty; it is told own, unless that has no code.
	by  side
	own farewell
	// rest is what everybody else is told.
	rest farewell
}

// tunnel is where two sides meet. The request of the first one owns it.
type tunnel struct {
	id      tunnelID
	first   side
	payload []byte               // of the contact that began it
	contact contactKey           // likewise; zero in a tunnel of a QR code
	joined  bool                 // a second side comes; under the registry's lock
	second  chan *websocket.Conn // hands the second side to the owner
	over    chan struct{}        // closed at the end
	ends    chan verdict         // the first one counts
}

func newTunnel(first side) *tunnel {
	return &tunnel{first: first, second: make(chan *websocket.Conn), over: make(chan struct{}), ends: make(chan verdict, 1)}
}

// mark tells a tunnel from others in a log, and is no help to join it.
func (t *tunnel) mark() slog.Attr { return slog.String("tunnel", t.id.String()[:8]) }

// end asks the owner to end the tunnel; only the first verdict counts.
func (t *tunnel) end(v verdict) {
	select {
	case t.ends <- v:
	default:
	}
}

// relay is a tunnel at work.
type relay struct {
	*tunnel
	server *Server
	conns  map[side]*websocket.Conn // complete once met is closed
	met    chan struct{}
	pumps  sync.WaitGroup
	idle   alarm
	broken atomic.Bool // a fault has decided that nothing more passes
}

// carry runs a tunnel from its first side to its end.
func (s *Server) carry(t *tunnel, first *websocket.Conn) {
	ctx, cancel := context.WithCancel(s.life)
	r := &relay{tunnel: t, server: s, conns: map[side]*websocket.Conn{t.first: first}, met: make(chan struct{})}
	r.pumps.Go(func() { r.pump(ctx, t.first, first) })
	s.note("tunnel opened", t.mark(), slog.String("by", string(t.first)))
	v, early := r.await()
	if !early {
		second := t.first.other()
		r.pumps.Go(func() { r.pump(ctx, second, r.conns[second]) })
		v = r.verdict()
	}
	s.registry.end(t)
	r.idle.off()
	r.farewells(v)
	cancel()
	r.pumps.Wait()
	close(t.over)
	s.counters.end(v.reason)
	s.note("tunnel ended", t.mark(), slog.String("reason", v.reason), slog.Bool("joined", len(r.conns) == 2))
}

// await waits for the second side. early is true when the tunnel ends before.
func (r *relay) await() (v verdict, early bool) {
	wait := alarm{clock: r.server.clock, after: r.server.limits.Wait, ring: func() {
		r.end(verdict{reason: "nobody joined", rest: farewell{websocket.StatusGoingAway, "nobody joined in time"}})
	}}
	wait.set()
	defer wait.off()
	select {
	case conn := <-r.second:
		r.conns[r.first.other()] = conn
		r.server.note("tunnel joined", r.mark())
	case v := <-r.ends:
		return v, true
	case <-r.server.life.Done():
		return verdict{reason: "server ended", cut: true}, true
	}
	r.idle = alarm{clock: r.server.clock, after: r.server.limits.Idle, ring: func() {
		r.end(verdict{reason: "idle", rest: farewell{websocket.StatusGoingAway, "no message for too long"}})
	}}
	r.idle.set()
	if f := r.server.Faults(); reached(f.FromPhone.DropAfter, 0) || reached(f.FromDesktop.DropAfter, 0) {
		return verdict{reason: "fault", cut: true}, true
	}
	close(r.met)
	return verdict{}, false
}

func (r *relay) verdict() verdict {
	select {
	case v := <-r.ends:
		return v
	case <-r.server.life.Done():
		return verdict{reason: "server ended", cut: true}
	}
}

// farewells closes both sides, side by side: one that does not answer must not keep the other.
func (r *relay) farewells(v verdict) {
	var closing sync.WaitGroup
	for who, conn := range r.conns {
		words := v.rest
		if who == v.by {
			words = v.own
		}
		closing.Go(func() {
			if v.cut || words.code == 0 {
				_ = conn.CloseNow() // the connection may have ended before
				return
			}
			_ = conn.Close(words.code, words.reason) // likewise
		})
	}
	closing.Wait()
}

// ahead is how many messages are read before the other side has taken them; only by reading is it seen that a side leaves.
const ahead = 2

// heard is a message of one side, or the verdict on the side after its last one.
type heard struct {
	message []byte
	verdict *verdict
}

// hear reads what one side says. What it said before it left is delivered first, unless there is nobody to deliver it to.
func (r *relay) hear(ctx context.Context, from side, source *websocket.Conn, says chan<- heard) {
	for received := 0; ; received++ {
		item := r.listen(ctx, from, source, received)
		if item.verdict != nil && !r.complete() {
			r.end(*item.verdict)
			return
		}
		select {
		case says <- item:
		case <-ctx.Done():
			return
		}
		if item.verdict != nil {
			return
		}
	}
}

// listen reads one message.
func (r *relay) listen(ctx context.Context, from side, source *websocket.Conn, received int) heard {
	message, err := read(ctx, source)
	var v verdict
	switch {
	case err != nil:
		v = left(from, err)
	case received == r.server.limits.Messages:
		v = verdict{reason: "too many messages", by: from,
			own:  farewell{websocket.StatusPolicyViolation, "too many messages for one tunnel"},
			rest: farewell{websocket.StatusGoingAway, "the other side was sent away"}}
	default:
		return heard{message: message}
	}
	return heard{verdict: &v}
}

// complete says whether both sides are there.
func (r *relay) complete() bool {
	select {
	case <-r.met:
		return true
	default:
		return false
	}
}

// pump delivers the messages of one side until it cannot.
func (r *relay) pump(ctx context.Context, from side, source *websocket.Conn) {
	says := make(chan heard, ahead)
	r.pumps.Go(func() { r.hear(ctx, from, source, says) })
	select {
	case <-r.met:
	case <-ctx.Done():
		return
	}
	for delivered := 0; ; {
		var item heard
		select {
		case item = <-says:
		case <-ctx.Done():
			return
		}
		if item.verdict != nil {
			r.end(*item.verdict)
			return
		}
		ok, err := r.deliver(ctx, from, delivered, item.message)
		if err != nil {
			r.end(left(from.other(), err))
			return
		}
		if ok {
			delivered++
		}
		if reached(r.server.messageFaults(from).DropAfter, delivered) {
			r.end(verdict{reason: "fault", cut: true})
			return
		}
	}
}

// deliver hands message number n to the other side, unless a fault keeps it.
func (r *relay) deliver(ctx context.Context, from side, n int, message []byte) (bool, error) {
	faults := r.server.messageFaults(from)
	if reached(faults.HangAfter, n) || !pause(ctx, r.server.clock, faults.Delay) || r.broken.Load() || reached(faults.DropAfter, n) {
		return false, nil
	}
	if reached(faults.DropAfter, n+1) { // an answer to this message must not slip through before both connections are cut
		r.broken.Store(true)
	}
	faults.Corrupt.corrupt(n, message)
	r.server.counters.message(from, len(message)) // before anybody who has received it can look
	if err := r.conns[from.other()].Write(ctx, websocket.MessageBinary, message); err != nil {
		return false, err
	}
	r.idle.set()
	return true, nil
}

// errText says that a message was text.
var errText = errors.New("a text message")

// read returns the next message, which must be a binary one.
func read(ctx context.Context, source *websocket.Conn) ([]byte, error) {
	kind, reader, err := source.Reader(ctx)
	if err != nil {
		return nil, err
	}
	if kind != websocket.MessageBinary {
		return nil, errText
	}
	return io.ReadAll(reader)
}

// left is the verdict on a side that can no longer be read from, or written to.
func left(who side, err error) verdict {
	gone := farewell{websocket.StatusGoingAway, "the other side left"}
	if errors.Is(err, errText) {
		return verdict{reason: string(who) + " sent text", by: who, rest: gone,
			own: farewell{websocket.StatusUnsupportedData, "only binary messages are relayed"}}
	}
	if errors.Is(err, websocket.ErrMessageTooBig) { // it has been told so by the reader
		return verdict{reason: string(who) + " sent too large a message", by: who, rest: gone}
	}
	if code := websocket.CloseStatus(err); sendable(code) {
		gone.code = code
	}
	return verdict{reason: string(who) + " left", by: who, rest: gone}
}

// sendable says whether a close code may stand in a close frame (RFC 6455 §7.4) that this server writes in another's name.
func sendable(code websocket.StatusCode) bool {
	return code == websocket.StatusNormalClosure || code >= 3000 && code <= 4999
}
