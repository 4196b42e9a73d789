package lab

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/alexedwards/argon2id"
	"github.com/google/uuid"

	"github.com/passkeylab/passkeylab/harness/browser"
	"github.com/passkeylab/passkeylab/harness/client"
	"github.com/passkeylab/passkeylab/harness/orgapp"
	"github.com/passkeylab/passkeylab/harness/trace"
	"github.com/passkeylab/passkeylab/rp"
	"github.com/passkeylab/passkeylab/rp/attest"
	"github.com/passkeylab/passkeylab/rp/policy"
	"github.com/passkeylab/passkeylab/rp/store"
	"github.com/passkeylab/passkeylab/virtualauth"
	"github.com/passkeylab/passkeylab/virtualauth/attestation"
	"github.com/passkeylab/passkeylab/virtualauth/ctap2"
	"github.com/passkeylab/passkeylab/virtualauth/provider"
)

// StageOptions says what stands on a stage. ID is required; the rest of the
// zero value is an open policy and a window that the handset answers through
// the bridge.
type StageOptions struct {
	ID          string                 // names the origin: lower-case letters, digits and hyphens
	URL         string                 // of a relying party with the same pages that runs already; empty starts one of our own
	Policy      policy.Policy          // what the organisation accepts; only our own relying party takes it
	Timers      rp.Timers              // zero ones get the specification's length; only our own relying party takes them
	Limits      rp.Limits              // on responses that fail; zero ones get the specification's; only our own relying party takes them
	Models      []provider.Provider    // which the metadata of our own relying party lists as certified; nil lists CertifiedKey alone
	RootsListed bool                   // our own relying party trusts the roots that its metadata lists, and no others
	Person      rp.Membership          // the person's groups, and whether she is a guest; only our own relying party takes it
	Window      browser.ContextOptions // size, phone emulation, theme, language
	NoBrowser   bool                   // no window: everything happens over the JSON API
	NoBridge    bool                   // the handset does not answer this origin: a DevTools authenticator will
	Hybrid      bool                   // a browser of the stage's own shows codes, which a phone with screens reads: Stage.Reach
	Pictures    bool                   // over hybrid: keep pictures of the browser's window for Reach.Film
}

// Account is the person's account, with the secrets that a person knows. The
// ID is empty at a relying party that runs elsewhere: it shows none.
type Account struct {
	ID, UserName, DisplayName, Password, TOTPSecret string
}

// Stage is one relying party, one window and one person's handset.
type Stage struct {
	Origin  string
	RP      *rp.RelyingParty // nil at a relying party that runs elsewhere
	Clock   *Clock
	Account Account
	Handset *Handset
	Context *browser.Context // nil without a browser
	Page    *browser.Page    // nil without a browser
	Reach   *Reach           // nil without hybrid
	Trace   *trace.Recorder  // the ceremonies, as the relying party's door saw them
	Log     *Journal         // what the relying party wrote into its log, from debug up; empty at one that runs elsewhere

	id     string
	lab    *Lab
	random io.Reader
	site   *site        // nil at a relying party that runs elsewhere
	config rp.Config    // what our own relying party was made from
	db     *store.Store // the database of the one that runs now, nil while it is down
	// authority issues the attestation certificates of the handset's providers, and the relying party trusts its root.
	authority *attestation.Authority

	database string // path of the relying party's file
	asked    statements
	closers  []func() error
	sessions map[string]*Visitor // one a user name, beside the window

	language string // of the person's window

	log   *slog.Logger // of our own relying party: the lab's, overheard
	heard heard

	mu    sync.Mutex
	codes codes
}

// attestedBefore is how long before a stage its authority's certificates become valid, since devices are older than journeys.
const attestedBefore = 24 * time.Hour

// Raise builds a stage. On error the stage, if any, must still be closed.
func (l *Lab) Raise(ctx context.Context, o StageOptions) (*Stage, error) {
	s := &Stage{id: o.ID, lab: l, language: o.Window.Locale, random: Randomness(l.options.Seed, o.ID), Clock: NewClock(time.Now()), Log: &Journal{}, sessions: map[string]*Visitor{}}
	s.log = logTo(slog.New(listener{Handler: l.options.Log.Handler(), heard: &s.heard}), s.Log)
	s.authority = attestation.NewAuthority([]byte(fmt.Sprint(l.options.Seed, o.ID)), s.Clock.Now().Add(-attestedBefore))
	if err := s.build(ctx, o); err != nil {
		return s, fmt.Errorf("lab: raise stage %s: %w", o.ID, err)
	}
	return s, nil
}

func (s *Stage) build(ctx context.Context, o StageOptions) error {
	s.Trace = &trace.Recorder{Decoder: trace.Decoder{Redactor: &trace.Redactor{}, Provider: s.providerName}}
	enter := s.openSite
	if o.URL != "" {
		enter = s.goElsewhere
	}
	if err := enter(ctx, o); err != nil {
		return err
	}
	account, err := s.AddAccount(ctx, "mia", "Mia")
	if err != nil {
		return err
	}
	s.Account = account
	if stated := len(o.Person.Groups) > 0 || o.Person.Guest; stated && s.RP != nil {
		if err := s.RP.SetMembership(ctx, account.ID, o.Person); err != nil {
			return err
		}
	}
	s.Trace.Decoder.Redactor.Add(account.Password, account.TOTPSecret)
	s.Handset = newHandset(s.Origin, virtualauth.World{Clock: s.Clock, Rand: s.random, Authority: s.authority})
	switch {
	case o.NoBrowser:
		return nil
	case o.Hybrid:
		return s.openReach(ctx, o)
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
	s.closers = append(s.closers, func() error { return s.site.close() })
	dir := filepath.Join(s.lab.dir, o.ID)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("make the stage's folder: %w", err)
	}
	s.closers = append(s.closers, func() error { return os.RemoveAll(dir) })
	s.database = filepath.Join(dir, "rp.db")
	root, err := s.authority.Root()
	if err != nil {
		return err
	}
	var roots attest.Roots
	if !o.RootsListed {
		trusted := x509.NewCertPool()
		trusted.AddCert(root)
		roots = attest.All(trusted)
	}
	models := o.Models
	if models == nil {
		models = []provider.Provider{CertifiedKey()}
	}
	known, err := s.openMetadata(ctx, dir, models)
	if err != nil {
		return err
	}
	s.config = rp.Config{
		Origin: s.Origin, Organisation: organisation, App: app, Policy: o.Policy, Timers: o.Timers, Limits: o.Limits,
		Clock: s.Clock, Rand: s.random, Log: s.log, AttestationRoots: roots,
		Metadata: known, AdminToken: adminToken, Apps: orgapp.Registered(),
		// The cheapest parameters that the library takes: a journey proves what pages do, not how long a guess takes.
		Hashing: &argon2id.Params{Memory: 64, Iterations: 1, Parallelism: 1, SaltLength: 16, KeyLength: 32},
	}
	s.closers = append(s.closers, func() error { return s.closeDatabase() })
	if err := s.startParty(ctx); err != nil {
		return err
	}
	return site.serve(s, s.RP)
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
	return s.openPage(ctx, s.lab.browser, o)
}

// openPage gives the person a window of a browser.
func (s *Stage) openPage(ctx context.Context, in *browser.Browser, o StageOptions) (err error) {
	if s.Context, err = in.NewContext(ctx, o.Window); err != nil {
		return err
	}
	s.closers = append(s.closers, s.Context.Close)
	s.Page, err = s.Context.NewPage(ctx)
	return err
}

// providerName names an AAGUID as the relying party's pages do.
func (s *Stage) providerName(aaguid string) string {
	id, err := uuid.Parse(aaguid)
	if err != nil || s.RP == nil {
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

// AddAccount signs somebody up and returns what they know. At a relying party
// that runs elsewhere the user name gets an ending that nobody else has there.
func (s *Stage) AddAccount(ctx context.Context, userName, displayName string) (Account, error) {
	if s.RP == nil {
		return s.signUp(ctx, userName, displayName)
	}
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

// Give makes a passkey of a provider exist before a journey begins: registered
// here, held by the handset. It happens over the API, in a session of its own.
func (s *Stage) Give(ctx context.Context, p provider.Provider) error {
	return s.GiveIn(ctx, p, s.Handset.Has(p).Authenticator)
}

// GiveIn is Give for a provider on another phone than the handset: device is what answers for it there, with nobody to ask.
func (s *Stage) GiveIn(ctx context.Context, p provider.Provider, device ctap2.Transport) error {
	visitor, err := s.session(ctx, s.Account)
	if err != nil {
		return err
	}
	visitor.Phone = "Android"
	c := &client.Client{
		Origin: s.Origin, Device: device,
		Attachment: p.Model.Attachment.String(), Transports: p.Model.Transports,
	}
	if err := visitor.Register(ctx, s.methodFor(p), c); err != nil {
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
	case s.approves(p):
		return "app"
	}
	return "passkey"
}

// approves reports whether a provider is the organisation's own app.
func (s *Stage) approves(p provider.Provider) bool {
	if s.RP != nil {
		return s.RP.Provider(p.Model.AAGUID).Approved
	}
	return p.Model.AAGUID == provider.LarkspurIDAndroid().Model.AAGUID || p.Model.AAGUID == provider.LarkspurIDIOS().Model.AAGUID
}

// The organisation and its app, as people read them on every page.
const (
	organisation = "Larkspur"
	app          = "Larkspur ID"
)
