package rp_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"log/slog"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/alexedwards/argon2id"

	"github.com/passkeylab/passkeylab/rp"
	"github.com/passkeylab/passkeylab/rp/policy"
	"github.com/passkeylab/passkeylab/rp/store"
)

const (
	testRPID   = "login.localhost"
	testOrigin = "http://login.localhost:8080"
)

// clock is a time that only moves when told.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) add(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// lab is a relying party with one account and whatever the test does to it.
type lab struct {
	*rp.RelyingParty
	t     testing.TB
	ctx   context.Context
	clock *clock
	store *store.Store
	log   *bytes.Buffer
}

func newLab(t testing.TB, change ...func(*rp.Config)) *lab {
	t.Helper()
	ctx := t.Context()
	db, err := store.Open(ctx, filepath.Join(t.TempDir(), "rp.db"), store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	l := &lab{t: t, ctx: rp.WithRequestID(ctx, "req-1"), clock: &clock{now: time.Date(2031, 5, 6, 9, 0, 0, 0, time.UTC)}, store: db, log: &bytes.Buffer{}}
	cfg := rp.Config{
		Origin: testOrigin, Organisation: "Larkspur", App: "Larkspur ID", Store: db, Clock: l.clock, Rand: rand.Reader,
		Log:     slog.New(slog.NewTextHandler(&lockedBuffer{b: l.log}, nil)),
		Hashing: &argon2id.Params{Memory: 64, Iterations: 1, Parallelism: 1, SaltLength: 16, KeyLength: 32},
	}
	for _, f := range change {
		f(&cfg)
	}
	if l.RelyingParty, err = rp.New(cfg); err != nil {
		t.Fatal(err)
	}
	return l
}

func withPolicy(p policy.Policy) func(*rp.Config) { return func(c *rp.Config) { c.Policy = p } }

type lockedBuffer struct {
	mu sync.Mutex
	b  *bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

const testPassword = "correct horse lark"

// person is an account with a browser.
type person struct {
	*lab
	user    *rp.User
	secret  string
	session *rp.Session
}

// signedIn makes an account and signs it in with password and code.
func (l *lab) signedIn(name string) *person {
	l.t.Helper()
	enrolment, err := l.SignUp(l.ctx, rp.Registration{UserName: name, DisplayName: "The " + name, Password: testPassword})
	if err != nil {
		l.t.Fatal(err)
	}
	p := &person{lab: l, user: enrolment.User, secret: enrolment.TOTPSecret}
	p.session = p.signIn()
	return p
}

func (p *person) signIn() *rp.Session {
	p.t.Helper()
	s, err := p.SignInWithPassword(p.ctx, rp.PasswordSignIn{UserName: p.user.UserName, Password: testPassword, Code: p.code()})
	if err != nil {
		p.t.Fatal(err)
	}
	return s
}

func (p *person) code() string {
	p.t.Helper()
	code, err := p.FreshCode(p.ctx, p.user.ID, p.secret)
	if refusal := rp.AsRefusal(err); refusal != nil { // the present one was used: on to the next
		p.clock.add(refusal.RetryAt.Sub(p.clock.Now()))
		code, err = p.FreshCode(p.ctx, p.user.ID, p.secret)
	}
	if err != nil {
		p.t.Fatal(err)
	}
	return code
}

// start begins a run.
func (p *person) start(start rp.Start) *rp.Run {
	p.t.Helper()
	run, err := p.StartRun(p.ctx, p.session.ID, start)
	if err != nil {
		p.t.Fatal(err)
	}
	return run
}

// step does one thing on the run's screen and checks where it leads.
func (p *person) step(run *rp.Run, in rp.Input, want rp.Screen) *rp.Run {
	p.t.Helper()
	in.From = run.Screen
	moved, err := p.Step(p.ctx, p.session.ID, run.ID, in)
	if err != nil {
		p.t.Fatalf("%s on %s: %v", in.Event, run.Screen, err)
	}
	if moved.Screen != want {
		p.t.Fatalf("%s on %s led to %s, want %s", in.Event, run.Screen, moved.Screen, want)
	}
	return moved
}

func next() rp.Input { return rp.Input{Event: rp.EventNext} }

// anywhere starts the shortest flow: a passkey anywhere stands on S7 at once.
func (p *person) anywhere() *rp.Run { return p.start(rp.Start{Method: rp.AddPasskey}) }

// begin issues options for the run.
func (p *person) begin(run *rp.Run) *rp.CreationOptions {
	p.t.Helper()
	options, err := p.BeginRegistration(p.ctx, p.session.ID, run.ID)
	if err != nil {
		p.t.Fatal(err)
	}
	return options
}

func optionsJSON(t testing.TB, o interface{ JSON() ([]byte, error) }) []byte {
	t.Helper()
	b, err := o.JSON()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// finish posts a body.
func (p *person) finish(run *rp.Run, body []byte) (*rp.Stored, error) {
	return p.FinishRegistration(p.ctx, p.session.ID, run.ID, body)
}

// register adds a passkey made by d and returns it.
func (p *person) register(d *device) *passkey {
	p.t.Helper()
	run := p.anywhere()
	made, body := d.create(p.t, optionsJSON(p.t, p.begin(run)))
	if _, err := p.finish(run, body); err != nil {
		p.t.Fatal(err)
	}
	return made
}

func (p *person) credentials() []rp.Credential {
	p.t.Helper()
	list, err := p.Credentials(p.ctx, p.user.ID)
	if err != nil {
		p.t.Fatal(err)
	}
	return list
}

func (p *person) strays() []rp.RefusedTry {
	p.t.Helper()
	list, err := p.RefusedTries(p.ctx, p.user.ID)
	if err != nil {
		p.t.Fatal(err)
	}
	return list
}

// wantRefused checks that err is the refusal with that code and returns it.
func wantRefused(t testing.TB, err error, code rp.Code) *rp.Refusal {
	t.Helper()
	refusal := rp.AsRefusal(err)
	if refusal == nil {
		t.Fatalf("got %v, want a refusal with %s", err, code)
	}
	if refusal.Code != code {
		t.Fatalf("refused with %s, want %s (%v)", refusal.Code, code, err)
	}
	return refusal
}

func wantNotFound(t testing.TB, err error) {
	t.Helper()
	if !errors.Is(err, rp.ErrNotFound) {
		t.Fatalf("got %v, want ErrNotFound", err)
	}
}

// signInWith signs in with a passkey.
func (l *lab) signInWith(d *device, with *passkey) (*rp.SignedIn, error) {
	l.t.Helper()
	options, err := l.BeginSignIn(l.ctx, rp.SignInStart{Binding: "browser-1"})
	if err != nil {
		l.t.Fatal(err)
	}
	body := d.get(l.t, optionsJSON(l.t, options), with)
	return l.FinishSignIn(l.ctx, rp.SignInResponse{Binding: "browser-1", Body: body, Client: rp.Client{Family: "Chromium"}})
}
