package virtualauth

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"slices"
	"sync"
	"time"

	"github.com/passkeylab/passkeylab/virtualauth/ctap2"
	"github.com/passkeylab/passkeylab/virtualauth/keystore"
)

// Authenticator answers CTAP2 requests. It is a ctap2.Transport to itself, and safe for concurrent use: requests are
// answered one at a time, in turn, and every other method may be called at any time, from User.Consent too.
type Authenticator struct {
	// Misbehave holds the lies it tells from the next request on. Set it between requests.
	Misbehave Misbehaviour

	model Model
	world World
	turn  chan struct{} // holds one token while a request is answered

	mu        sync.Mutex // guards all below
	vault     vault
	pending   *assertions // what getNextAssertion continues; nil when there is nothing
	poweredAt time.Time
	requests  []Request
}

// New returns an authenticator with no credentials, switched on at this moment of the world's clock.
func New(model Model, world World) *Authenticator {
	a := &Authenticator{model: model, world: world, turn: make(chan struct{}, 1)}
	if a.world.User == nil {
		a.world.User = Agreeable{}
	}
	if a.world.Rand != nil {
		a.world.Rand = &lockedReader{reader: a.world.Rand}
	}
	if a.world.Keys == nil {
		a.world.Keys = keystore.NewSoftware(a.world.Rand)
	}
	a.PowerCycle()
	return a
}

// lockedReader lets the authenticator and its own key store share a reader that is not safe for concurrent use.
type lockedReader struct {
	mu     sync.Mutex
	reader io.Reader
}

func (r *lockedReader) Read(p []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.reader.Read(p)
}

// Model returns what it claims to be.
func (a *Authenticator) Model() Model { return a.model }

// PowerCycle switches it off and on: assertions that getNextAssertion could continue are gone, and for ten seconds a
// model without a display may be reset (CTAP 2.2 §6.6).
func (a *Authenticator) PowerCycle() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.pending = nil
	if a.world.Clock != nil {
		a.poweredAt = a.world.Clock.Now()
	}
}

// Exchange answers one request: command byte and parameters in, status byte and result out. Refusals of every kind, and
// the end of ctx (KEEPALIVE_CANCEL, as CTAPHID_CANCEL gives), are responses. An error means that the authenticator could
// not work at all: a *WorldError, or whatever the world's User, Keys or Rand failed with.
func (a *Authenticator) Exchange(ctx context.Context, request []byte) ([]byte, error) {
	if err := a.world.check(); err != nil {
		return nil, err
	}
	select {
	case a.turn <- struct{}{}:
		defer func() { <-a.turn }()
	case <-ctx.Done():
		return []byte{byte(ctap2.KeepAliveCancel)}, nil
	}
	result, err := a.dispatch(ctx, request)
	var body []byte
	if err == nil && result != nil {
		body, err = ctap2.Marshal(result)
	}
	status, known := ctap2.StatusOf(err)
	if !known && ctx.Err() != nil {
		status, known = ctap2.KeepAliveCancel, true
	}
	a.remember(request, status)
	if !known {
		return nil, fmt.Errorf("virtualauth: %w", err)
	}
	return append([]byte{byte(status)}, body...), nil
}

// Request is one request that an authenticator has answered.
type Request struct {
	At      time.Time
	Command ctap2.Command
	// Parameters are the bytes behind the command.
	Parameters []byte
	// Status is what was answered; ctap2.Other when the exchange failed with an error.
	Status ctap2.Status
}

// maxRequests is how many requests are remembered.
const maxRequests = 256

// Requests returns the latest requests that it answered, oldest first, at most 256. It shares no memory with them.
func (a *Authenticator) Requests() []Request {
	a.mu.Lock()
	defer a.mu.Unlock()
	copied := slices.Clone(a.requests)
	for i := range copied {
		copied[i].Parameters = bytes.Clone(copied[i].Parameters)
	}
	return copied
}

func (a *Authenticator) remember(request []byte, status ctap2.Status) {
	r := Request{At: a.world.Clock.Now(), Status: status}
	if len(request) > 0 {
		r.Command, r.Parameters = ctap2.Command(request[0]), bytes.Clone(request[1:])
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if len(a.requests) == maxRequests {
		a.requests = slices.Delete(a.requests, 0, 1)
	}
	a.requests = append(a.requests, r)
}
