package phone_test

import (
	"context"
	"crypto/sha256"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/passkeylab/passkeylab/virtualauth/cose"
	"github.com/passkeylab/passkeylab/virtualauth/ctap2"
	"github.com/passkeylab/passkeylab/virtualauth/phone"
)

// clock stands still until it is moved.
type clock struct {
	mu     sync.Mutex
	now    time.Time
	timers []timer
	set    chan struct{} // closed and replaced when a timer is set
}

type timer struct {
	at time.Time
	c  chan time.Time
}

func newClock() *clock {
	return &clock{now: time.Date(2026, 5, 4, 9, 30, 0, 0, time.UTC), set: make(chan struct{})}
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) After(d time.Duration) <-chan time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	t := timer{c.now.Add(d), make(chan time.Time, 1)}
	c.timers = append(c.timers, t)
	close(c.set)
	c.set = make(chan struct{})
	return t.c
}

// Move lets time pass.
func (c *clock) Move(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
	c.timers = slices.DeleteFunc(c.timers, func(t timer) bool {
		if t.at.After(c.now) {
			return false
		}
		t.c <- c.now
		return true
	})
}

// Timer waits until somebody waits for the clock.
func (c *clock) Timer(ctx context.Context) { c.Timers(ctx, 1) }

// Timers waits until so many wait for the clock.
func (c *clock) Timers(ctx context.Context, least int) {
	for {
		c.mu.Lock()
		n, set := len(c.timers), c.set
		c.mu.Unlock()
		if n >= least {
			return
		}
		select {
		case <-set:
		case <-ctx.Done():
			return
		}
	}
}

func seeded(seed byte) *rand.ChaCha8 { return rand.NewChaCha8([32]byte{seed}) }

const (
	google   = "Google Password Manager"
	larkspur = "Larkspur ID (Android)"
)

// stage is a phone and its clock.
type stage struct {
	testing.TB
	*phone.Phone
	clock *clock
}

func newStage(t testing.TB, s phone.Settings, edit ...func(*phone.World)) *stage {
	t.Helper()
	st := &stage{TB: t, clock: newClock()}
	w := phone.World{Clock: st.clock, Rand: seeded(1)}
	for _, e := range edit {
		e(&w)
	}
	var err error
	if st.Phone, err = phone.New(s, w); err != nil {
		t.Fatal(err)
	}
	return st
}

// android is the usual phone, changed.
func android(change func(*phone.Settings)) phone.Settings {
	s := phone.Android()
	if change != nil {
		change(&s)
	}
	return s
}

// make is a request to make a passkey for an account.
func create(account string) *ctap2.MakeCredentialRequest {
	yes := true
	hash, handle := sha256.Sum256([]byte("client data")), sha256.Sum256([]byte(account))
	return &ctap2.MakeCredentialRequest{
		ClientDataHash: hash[:], RP: ctap2.RelyingParty{ID: "login.larkspur.test", Name: "Larkspur"},
		User:       ctap2.User{ID: handle[:16], Name: account, DisplayName: account},
		Parameters: []ctap2.Parameters{{Algorithm: cose.ES256, Type: ctap2.PublicKey}},
		Options:    &ctap2.Options{ResidentKey: &yes, UserVerification: &yes},
	}
}

// get is a request to sign in.
func get(allowed ...[]byte) *ctap2.GetAssertionRequest {
	yes := true
	hash := sha256.Sum256([]byte("client data"))
	r := &ctap2.GetAssertionRequest{RPID: "login.larkspur.test", ClientDataHash: hash[:], Options: &ctap2.Options{UserVerification: &yes}}
	for _, id := range allowed {
		r.AllowList = append(r.AllowList, ctap2.Descriptor{ID: id, Type: ctap2.PublicKey})
	}
	return r
}

// creates lets a person answer a request that comes from the phone itself, and returns what it came to.
func (s *stage) creates(p phone.Person, r *ctap2.MakeCredentialRequest) (response *ctap2.MakeCredentialResponse, err error) {
	s.Helper()
	s.does(p, func(ctx context.Context) error {
		response, err = ctap2.MakeCredential(ctx, s.SameDevice(), r)
		return nil
	})
	return response, err
}

func (s *stage) signsIn(p phone.Person, r *ctap2.GetAssertionRequest) (response *ctap2.GetAssertionResponse, err error) {
	s.Helper()
	s.does(p, func(ctx context.Context) error {
		response, err = ctap2.GetAssertion(ctx, s.SameDevice(), r)
		return nil
	})
	return response, err
}

func (s *stage) does(p phone.Person, do func(context.Context) error) {
	s.Helper()
	if err := p.With(s.Context(), s.Phone, do); err != nil {
		s.Fatal(err)
	}
}

// outcome is the latest.
func (s *stage) outcome() phone.Outcome {
	s.Helper()
	all := s.Outcomes()
	if len(all) == 0 {
		s.Fatal("no ceremony has ended")
	}
	return all[len(all)-1]
}
