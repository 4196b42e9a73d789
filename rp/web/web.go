package web

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"

	"github.com/alexedwards/scs/v2"

	"github.com/passkeylab/passkeylab/rp"
)

// Config is what the pages need from the world.
type Config struct {
	// RP is the relying party whose face this is.
	RP *rp.RelyingParty
	// Log gets one structured record a request, without secrets; nil discards them.
	Log *slog.Logger
	// Secure marks cookies for https only and must be true when the origin is https.
	Secure bool
	// Rand is the source of request ids and of the values that bind a sign-in ceremony to a browser.
	Rand io.Reader
	// Stores are where the app is offered; the zero value points to names reserved for examples.
	Stores Stores
	// WellKnown is what programs are told below /.well-known, such as which apps belong to the site.
	WellKnown WellKnown
	// RequestID makes the id of one request, its support code; nil makes ten base32 characters from Rand.
	RequestID func() string
}

// Stores are the addresses the wizard offers the app at: one a kind of phone, and one that sends each phone to its
// own, for the QR code.
type Stores struct{ Android, IOS, Either string }

// exampleStores are addresses that lead nowhere (RFC 2606): the app of this relying party is simulated.
var exampleStores = Stores{Android: "https://play.example/larkspur-id", IOS: "https://apps.example/larkspur-id", Either: "https://get.example/larkspur-id"}

// Server serves the pages. Make one with New.
type Server struct {
	rp       *rp.RelyingParty
	log      *slog.Logger
	rand     io.Reader
	newID    func() string
	secure   bool
	stores   Stores
	known    WellKnown
	sessions *scs.SessionManager
	texts    *texts
	pages    *pages
	assets   *assets
	handler  http.Handler
}

// New checks the configuration and prepares templates, texts and routes, all of which are embedded: an error
// means a mistake in Config or in the build, never in the environment.
func New(cfg Config) (*Server, error) {
	if cfg.RP == nil {
		return nil, errors.New("web: Config.RP is nil; pass the relying party whose pages these are")
	}
	if cfg.Rand == nil {
		return nil, errors.New("web: Config.Rand is nil; pass a source of unpredictable bytes")
	}
	if err := cfg.WellKnown.validate(); err != nil {
		return nil, err
	}
	s := &Server{rp: cfg.RP, log: cfg.Log, rand: cfg.Rand, newID: cfg.RequestID, secure: cfg.Secure, stores: cfg.Stores, known: cfg.WellKnown}
	if s.stores == (Stores{}) {
		s.stores = exampleStores
	}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	if s.newID == nil {
		s.newID = s.randomID
	}
	var err error
	if s.texts, err = loadTexts(commonWords{Org: cfg.RP.Organisation(), App: cfg.RP.App()}); err != nil {
		return nil, fmt.Errorf("web: load texts: %w", err)
	}
	if s.assets, err = loadAssets(); err != nil {
		return nil, fmt.Errorf("web: load static files: %w", err)
	}
	if s.pages, err = loadPages(s.assets); err != nil {
		return nil, fmt.Errorf("web: load templates: %w", err)
	}
	s.sessions = s.newSessions(cfg)
	s.handler = s.build()
	return s, nil
}

// Handler returns the whole site.
func (s *Server) Handler() http.Handler { return s.handler }

// ServeHTTP makes a Server a handler itself.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.handler.ServeHTTP(w, r) }
