package hybrid

import (
	"context"
	"fmt"
	"sync"

	"github.com/passkeylab/passkeylab/virtualauth/ctap2"
)

// Session is a phone in a tunnel with a computer that it trusts to be near.
type Session struct {
	stage
	endpoint
	phone   *Phone
	pairing pairing
	outcome outcome

	mu      sync.Mutex // of the two below
	greeted bool
	updates [][]byte // to be sent behind the post-handshake message
}

// Hint is what the computer said that it will ask for.
func (s *Session) Hint() Hint { return s.pairing.hint }

// Close ends the tunnel, also under Serve, which then fails with ErrClosed.
func (s *Session) Close() error {
	s.end()
	s.wire.close()
	return nil
}

// Serve answers the computer until that shuts down, and closes the tunnel. info is the CBOR of getInfo, without a status byte.
// Requests go to authenticator one at a time, as many as come.
//
// It returns nil when the client shut down and owed nothing. Otherwise it fails with ErrShutdown when the client did so while a
// request was under way, with ErrVanished when the tunnel broke, with a *ProtocolError when the client broke the protocol, with
// ErrClosed, with the error of ctx, or with that of authenticator. Whenever it ends, the context of a request under way has
// ended before, and authenticator has returned.
//
// By a QR code that asks for a digital credential, the phone offers those and no CTAP, and refuses each request politely, as a
// person does who has none.
func (s *Session) Serve(ctx context.Context, info []byte, authenticator ctap2.Transport) error {
	s.leave("Session.Serve")
	defer s.wire.close()
	if err := s.greet(ctx, info); err != nil {
		return err
	}
	service := service{Session: s, authenticator: authenticator}
	defer service.stop()
	return service.run(ctx)
}

// greet sends the post-handshake message, and the updates that were waiting for it.
func (s *Session) greet(ctx context.Context, info []byte) error {
	greeting := postHandshake{Info: info, Features: []Feature{FeatureCTAP}}
	if s.pairing.hint.digital() {
		greeting = postHandshake{Features: []Feature{FeatureDigital}}
	}
	encoded, err := ctap2.Marshal(s.phone.Misbehave.spoilPostHandshake(greeting))
	if err != nil {
		return err
	}
	if err := s.transmitBare(ctx, "post-handshake", encoded, encoded); err != nil {
		return err
	}
	s.mu.Lock()
	updates := s.updates
	s.greeted, s.updates = true, nil
	s.mu.Unlock()
	for _, update := range updates {
		if err := s.transmit(ctx, typeUpdate, update, frameLie{}); err != nil {
			return err
		}
	}
	if s.phone.Misbehave.ShutDown {
		return s.transmit(ctx, typeShutdown, nil, frameLie{})
	}
	return nil
}

// service is a session at work: one request under way at most.
type service struct {
	*Session
	authenticator ctap2.Transport
	done          chan answer // nil when nothing is under way
	cancel        context.CancelFunc
}

// answer is what became of a request.
type answer struct {
	response []byte
	err      error
}

// run is the loop of Serve.
func (s *service) run(ctx context.Context) error {
	for {
		select {
		case frame, open := <-s.wire.incoming:
			if !open {
				return s.wire.broken
			}
			over, err := s.take(ctx, frame)
			if over || err != nil {
				return err
			}
		case a := <-s.done:
			s.done = nil
			s.cancel()
			if a.err != nil {
				return fmt.Errorf("hybrid: the authenticator failed: %w", a.err)
			}
			if err := s.transmit(ctx, typeCTAP, a.response, s.phone.Misbehave.frame()); err != nil {
				return err
			}
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// take does what a frame asks for. It is over when the client has shut down.
func (s *service) take(ctx context.Context, frame []byte) (over bool, err error) {
	kind, payload, err := s.understand(frame)
	if err != nil {
		return false, err
	}
	switch kind {
	case typeShutdown:
		if s.done != nil {
			return true, fmt.Errorf("hybrid: %w", ErrShutdown)
		}
		return true, nil
	case typeCTAP:
		return false, s.start(ctx, payload)
	case typeJSON:
		return false, s.refuse(ctx, payload)
	case typeUpdate:
		return false, nil // clients have nothing to tell yet (CTAP 2.3 §11.5.1.4), and may have one day
	}
	return false, &ProtocolError{Problem: "the client sent a message of " + kind.String()}
}

// start lets the authenticator work on a request.
func (s *service) start(ctx context.Context, request []byte) error {
	switch {
	case s.pairing.hint.digital():
		return &ProtocolError{Problem: "the client sent CTAP to a phone that offers digital credentials only"}
	case s.done != nil:
		return &ProtocolError{Problem: "the client sent a request before the answer to its last one"}
	}
	ctx, s.cancel = context.WithCancel(ctx)
	done := make(chan answer, 1)
	s.done = done
	go func() { // stop waits for it
		response, err := s.authenticator.Exchange(ctx, request)
		done <- answer{response, err}
	}()
	return nil
}

// stop cancels what is under way and waits for its end.
func (s *service) stop() {
	if s.done != nil {
		s.cancel()
		<-s.done
		s.done = nil
	}
}

// Link lets the computer find this phone without a QR code from now on, and remembers it. The update goes out at once, or right
// behind the post-handshake message. Computers that offered no linking in their QR code ignore it. It fails with a *SetupError
// without Phone.Root or a contact id, for a computer that is linked already with a *ProtocolError, or as sending does.
func (s *Session) Link(ctx context.Context, memory *Remembered, name string) (LinkID, error) {
	if s.pairing.client == nil {
		return LinkID{}, &ProtocolError{Problem: "this computer is linked already"}
	}
	id, update, err := s.phone.link(s.pairing.client, s.outcome.hash, memory, name)
	if err != nil {
		return LinkID{}, err
	}
	memory.Remember(id)
	s.mu.Lock()
	later := !s.greeted
	if later {
		s.updates = append(s.updates, update)
	}
	s.mu.Unlock()
	if later {
		return id, nil
	}
	return id, s.transmit(ctx, typeUpdate, update, frameLie{})
}
