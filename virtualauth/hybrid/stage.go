package hybrid

import (
	"context"
	"fmt"
	"sync/atomic"
)

// stage is what all stages have: they are left once. Its zero value is a stage that has begun.
type stage struct{ left atomic.Bool }

// leave panics when the stage was left, or closed, before.
func (s *stage) leave(method string) {
	if s.left.Swap(true) {
		panic("hybrid: " + method + " was called on a stage that is over")
	}
}

// end is true when the stage was not left before.
func (s *stage) end() bool { return !s.left.Swap(true) }

// endpoint is one end of a tunnel after the handshake.
type endpoint struct {
	observer
	wire *wire

	crypter *crypter
	sending chan struct{} // holds one token while somebody sends; of the half of crypter that writes
}

func newEndpoint(o observer, w *wire, c *crypter) endpoint {
	return endpoint{observer: o, wire: w, crypter: c, sending: make(chan struct{}, 1)}
}

// alone waits until nobody else sends. What it returns lets the next one.
func (e *endpoint) alone(ctx context.Context) (done func(), err error) {
	select {
	case e.sending <- struct{}{}:
		return func() { <-e.sending }, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// transmit sends a message with its type, and the lies about it.
func (e *endpoint) transmit(ctx context.Context, kind messageType, payload []byte, lie frameLie) error {
	message := append([]byte{byte(kind)}, payload...)
	told := message
	if kind == typeUpdate {
		if update, err := parseUpdate(payload); err == nil {
			told = append([]byte{byte(kind)}, update.redacted()...)
		}
	}
	done, err := e.alone(ctx)
	if err != nil {
		return err
	}
	defer done()
	frames, err := lie.frames(e.crypter, message)
	if err != nil {
		return err
	}
	e.event(LayerFrame, Sent, kind.String(), told)
	for _, frame := range frames {
		if err := e.wire.send(ctx, frame); err != nil {
			return fmt.Errorf("hybrid: send %v: %w", kind, err)
		}
	}
	return nil
}

// transmitBare sends a message without a type: the post-handshake message.
func (e *endpoint) transmitBare(ctx context.Context, title string, message, told []byte) error {
	done, err := e.alone(ctx)
	if err != nil {
		return err
	}
	defer done()
	frame, err := e.crypter.seal(pad(message))
	if err != nil {
		return err
	}
	e.event(LayerFrame, Sent, title, told)
	if err := e.wire.send(ctx, frame); err != nil {
		return fmt.Errorf("hybrid: send %s: %w", title, err)
	}
	return nil
}

// understand opens a frame and takes the type off.
func (e *endpoint) understand(frame []byte) (messageType, []byte, error) {
	message, err := e.crypter.open(frame)
	if err != nil {
		return 0, nil, err
	}
	kind, payload, err := splitMessage(message)
	if err != nil {
		return 0, nil, err
	}
	if kind != typeUpdate { // whoever reads an update tells of it, without the secret
		e.event(LayerFrame, Received, kind.String(), message)
	}
	return kind, payload, nil
}
