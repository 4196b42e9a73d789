package lab

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/alexedwards/argon2id"
	"github.com/google/uuid"

	"github.com/passkeylab/passkeylab/harness/browser"
	"github.com/passkeylab/passkeylab/harness/client"
	"github.com/passkeylab/passkeylab/harness/trace"
	"github.com/passkeylab/passkeylab/rp"
	"github.com/passkeylab/passkeylab/rp/policy"
	"github.com/passkeylab/passkeylab/rp/store"
	"github.com/passkeylab/passkeylab/virtualauth"
	"github.com/passkeylab/passkeylab/virtualauth/provider"
)

// StageOptions says what stands on a stage. ID is required; the rest of the
// zero value is an open policy and a window that the handset answers through
// the bridge.
type StageOptions struct {
	ID        string                 // names the origin: lower-case letters, digits and hyphens
	Policy    policy.Policy          // what the organisation accepts
	Timers    rp.Timers              // zero ones get the specification's length
	Window    browser.ContextOptions // size, phone emulation, theme, language
	NoBrowser bool                   // no window: everything happens over the JSON API
	NoBridge  bool                   // the handset does not answer this origin: a DevTools authenticator will
	Secrets   *trace.Redactor        // learns this stage's secrets; nil keeps them to the stage
}

// Account is the person's account, with the secrets that a person knows.
type Account struct {
	ID, UserName, DisplayName, Password, TOTPSecret string
}

// Stage is one relying party, one window and one person's handset.
type Stage struct {
	Origin  string
	RP      *rp.RelyingParty
	Clock   *Clock
	Account Account
	Handset *Handset
	Context *browser.Context // nil without a browser
	Page    *browser.Page    // nil without a browser
	Trace   *trace.Recorder  // the ceremonies, as the relying party's door saw them

	lab      *Lab
	random   io.Reader
	site     *site
	database string // path of the relying party's file
	closers  []func() error

	mu       sync.Mutex
	codeStep int64 // the 30-second step of the last one-time code given out
	giver    *Visitor
}

// Raise builds a stage. On error the stage, if any, must still be closed.
func (l *Lab) Raise(ctx context.Context, o StageOptions) (*Stage, error) {
	s := &Stage{lab: l, random: Randomness(l.options.Seed, o.ID), Clock: NewClock(time.Now())}
	if err := s.build(ctx, o); err != nil {
		return s, fmt.Errorf("lab: raise stage %s: %w", o.ID, err)
	}
	return s, nil
}

func (s *Stage) build(ctx context.Context, o StageOptions) error {
	if o.Secrets == nil {
		o.Secrets = &trace.Redactor{}
	}
	s.Trace = &trace.Recorder{Decoder: trace.Decoder{Redactor: o.Secrets, Provider: s.providerName}}
	if err := s.openSite(ctx, o); err != nil {
		return err
	}
	account, err := s.AddAccount(ctx, "mia", "Mia")
	if err != nil {
		return err
	}
	s.Account = account
	o.Secrets.Add(account.Password, account.TOTPSecret)
	s.Handset = newHandset(s.Origin, s.Clock, s.random)
	if o.NoBrowser {
		return nil
	}
	return s.openWindow(ctx, o)
}

// openSite starts the relying party on a loopback port of its own.
func (s *Stage) openSite(ctx context.Context, o StageOptions) error {
	site, err := listen(o.ID)
	if err != nil {
		return err
	}
	s.site, s.Origin = site, site.origin
	s.closers = append(s.closers, site.close)
	dir := filepath.Join(s.lab.dir, o.ID)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("make the stage's folder: %w", err)
	}
	s.closers = append(s.closers, func() error { return os.RemoveAll(dir) })
	s.database = filepath.Join(dir, "rp.db")
	db, err := store.Open(ctx, s.database, store.Options{Readers: 2})
	if err != nil {
		return err
	}
	s.closers = append(s.closers, db.Close)
	s.RP, err = rp.New(rp.Config{
		Origin: s.Origin, Organisation: organisation, App: app, Policy: o.Policy, Timers: o.Timers, Store: db,
		Clock: s.Clock, Rand: s.random, Log: s.lab.options.Log,
		// The cheapest parameters that the library takes: a journey proves what pages do, not how long a guess takes.
		Hashing: &argon2id.Params{Memory: 64, Iterations: 1, Parallelism: 1, SaltLength: 16, KeyLength: 32},
	})
	if err != nil {
		return err
	}
	return site.serve(s)
}

// openWindow gives the person a browser window, and the handset the site's requests.
func (s *Stage) openWindow(ctx context.Context, o StageOptions) error {
	if s.lab.browser == nil {
		return errors.New("there is no browser in this lab")
	}
	if !o.NoBridge {
		s.lab.bridge.Route(s.Origin, s.Handset)
		s.closers = append(s.closers, func() error { s.lab.bridge.Unroute(s.Origin); return nil })
	}
	var err error
	if s.Context, err = s.lab.browser.NewContext(ctx, o.Window); err != nil {
		return err
	}
	s.closers = append(s.closers, s.Context.Close)
	s.Page, err = s.Context.NewPage(ctx)
	return err
}

// providerName names an AAGUID as the relying party's pages do.
func (s *Stage) providerName(aaguid string) string {
	id, err := uuid.Parse(aaguid)
	if err != nil {
		return ""
	}
	return s.RP.Provider(id).Name
}

// Close ends the stage, newest first: window, route, database, server.
func (s *Stage) Close() error {
	var errs []error
	for i := len(s.closers) - 1; i >= 0; i-- {
		errs = append(errs, s.closers[i]())
	}
	s.closers = nil
	return errors.Join(errs...)
}

// AddAccount signs somebody up and returns what they know.
func (s *Stage) AddAccount(ctx context.Context, userName, displayName string) (Account, error) {
	password := "correct horse " + userName
	enrolment, err := s.RP.SignUp(ctx, rp.Registration{UserName: userName, DisplayName: displayName, Password: password})
	if err != nil {
		return Account{}, fmt.Errorf("sign up %s: %w", userName, err)
	}
	return Account{
		ID: enrolment.User.ID, UserName: userName, DisplayName: displayName,
		Password: password, TOTPSecret: enrolment.TOTPSecret,
	}, nil
}

// Code returns a one-time code that the person's account can use now. A code
// counts once, so when one was given out in this 30-second step already, the
// clock moves on to the next step.
func (s *Stage) Code(ctx context.Context) (string, error) { return s.CodeFor(ctx, s.Account) }

// CodeFor is Code for another account.
func (s *Stage) CodeFor(ctx context.Context, account Account) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	const step = 30
	if now := s.Clock.Now().Unix(); now/step == s.codeStep {
		s.Clock.Advance(time.Duration(step-now%step) * time.Second)
	}
	s.codeStep = s.Clock.Now().Unix() / step
	code, err := rp.OneTimeCode(account.TOTPSecret, s.Clock.Now())
	if err != nil {
		return "", fmt.Errorf("lab: one-time code: %w", err)
	}
	s.Trace.Decoder.Redactor.Add(code)
	return code, nil
}

// Give makes a passkey of a provider exist before a journey begins: registered
// here, held by the handset. It happens over the API, in a session of its own.
func (s *Stage) Give(ctx context.Context, p provider.Provider) error {
	if s.giver == nil {
		visitor, err := s.Visitor()
		if err != nil {
			return err
		}
		visitor.Phone = "Android"
		if err := visitor.SignIn(ctx, s.Account); err != nil {
			return err
		}
		s.giver = visitor
	}
	c := &client.Client{
		Origin: s.Origin, Device: s.Handset.Has(p).Authenticator,
		Attachment: p.Model.Attachment.String(), Transports: p.Model.Transports,
	}
	if err := s.giver.Register(ctx, s.methodFor(p), c); err != nil {
		return fmt.Errorf("lab: give a passkey in %s: %w", p.Name, err)
	}
	return nil
}

// methodFor is the row of the Choose-a-method screen under which a provider's
// passkey is added.
func (s *Stage) methodFor(p provider.Provider) string {
	switch {
	case p.Model.Attachment == virtualauth.Roaming:
		return "security-key"
	case s.RP.Provider(p.Model.AAGUID).Approved:
		return "app"
	}
	return "passkey"
}

// The organisation and its app, as people read them on every page.
const (
	organisation = "Larkspur"
	app          = "Larkspur ID"
)
