package virtualauth

import (
	"context"
	"fmt"
	"io"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/passkeylab/passkeylab/virtualauth/ctap2"
	"github.com/passkeylab/passkeylab/virtualauth/keystore"
)

// Authenticator answers CTAP2 requests, and those of U2F. It is a ctap2.Transport to itself, and safe for concurrent use: requests
// are answered one at a time, in turn, and the methods that take no turn may be called at any time, from User.Consent too.
type Authenticator struct {
	// Misbehave holds the lies it tells from the next request on. Set it between requests.
	Misbehave Misbehaviour

	model   Model
	invalid error // what Model.check says
	world   World
	// fallback is World.Fallback, or what stands in for it; nil unless the model allows it.
	fallback keystore.KeyStore
	turn     chan struct{} // holds one token while a request is answered
	asked    atomic.Int32  // how many questions the user has before her

	mu         sync.Mutex // guards all below
	vault      vault
	settings   settings
	kept       []byte // settings as the store has them
	session    session
	storage    storage
	lost       []string    // names in the store of credentials that could not be taken up again
	opened     bool        // what the store holds is here
	pending    *assertions // what getNextAssertion continues; nil when there is nothing
	unfinished unfinished
	poweredAt  time.Time
	requests   journal
}

// New returns an authenticator with no credentials, switched on at this moment of the world's clock. With World.Store use
// Open.
func New(model Model, world World) *Authenticator {
	a := &Authenticator{model: model, world: world, turn: make(chan struct{}, 1)}
	if a.world.User == nil {
		a.world.User = Agreeable{}
	}
	a.world.User = &attended{user: a.world.User, asked: &a.asked}
	if a.world.Rand != nil {
		a.world.Rand = &lockedReader{reader: a.world.Rand}
	}
	if a.world.Keys == nil {
		a.world.Keys = keystore.NewSoftware(a.world.Rand)
	}
	if model.SoftwareFallback {
		if a.fallback = world.Fallback; a.fallback == nil {
			a.fallback = keystore.NewSoftware(a.world.Rand)
		}
	}
	a.invalid = model.check()
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

// PowerCycle switches it off and on: assertions that getNextAssertion could continue are gone, and so are key agreement keys,
// tokens that are not persistent, and the lock of a PIN after three wrong ones. For ten seconds a model without a display
// may be reset (CTAP 2.3 §6.6).
func (a *Authenticator) PowerCycle() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.pending, a.unfinished, a.session = nil, unfinished{}, session{}
	if a.world.Clock != nil {
		a.poweredAt = a.world.Clock.Now()
	}
}

// Handover forgets what one client has begun and another must not go on with: assertions for getNextAssertion, enumerations, large
// blobs half written, a finger half enrolled (CTAP 2.3 §6, stateful commands). Tokens stay. It takes its turn like a request, so
// that one which is still under way leaves nothing either.
func (a *Authenticator) Handover() {
	a.turn <- struct{}{}
	defer func() { <-a.turn }()
	a.dropPending(0)
}

// Exchange answers one request: command byte and parameters in, status byte and result out. Refusals of every kind, and
// the end of ctx (KEEPALIVE_CANCEL, as CTAPHID_CANCEL gives), are responses. An error means that the authenticator could
// not work at all: a *ModelError, a *WorldError, ErrNotOpened, or whatever the world's User, Keys, Store or Rand failed with.
func (a *Authenticator) Exchange(ctx context.Context, request []byte) ([]byte, error) {
	if err := a.check(); err != nil {
		return nil, err
	}
	select {
	case a.turn <- struct{}{}:
		defer func() { <-a.turn }()
	case <-ctx.Done():
		return []byte{byte(ctap2.KeepAliveCancel)}, nil
	}
	result, err := a.dispatch(ctx, request)
	if storing := a.keepChangedSettings(context.WithoutCancel(ctx)); storing != nil {
		err = storing
	}
	var body []byte
	if err == nil {
		body, err = a.encode(result)
	}
	status, known := ctap2.StatusOf(err)
	if !known && ctx.Err() != nil {
		status, known = ctap2.KeepAliveCancel, true
	}
	a.remember(newRequest(request, status))
	if !known {
		return nil, fmt.Errorf("virtualauth: %w", err)
	}
	return slices.Concat([]byte{byte(status)}, body), nil
}

// check says what is missing for any work at all.
func (a *Authenticator) check() error {
	if a.invalid != nil {
		return a.invalid
	}
	if a.world.Store != nil && !a.opened {
		return ErrNotOpened
	}
	return a.world.check()
}

// Requests returns the latest requests that it answered, oldest first, at most 256: those of CTAP2 and, with Request.U2F, those of
// U2F. They share no memory with the authenticator.
func (a *Authenticator) Requests() []Request {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.requests.copied()
}

func (a *Authenticator) remember(r Request) {
	r.At = a.world.Clock.Now()
	a.mu.Lock()
	defer a.mu.Unlock()
	a.requests.add(r)
}
