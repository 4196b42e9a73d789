package subject

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"encoding/base64"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"sync"

	"github.com/passkeylab/passkeylab/harness/browser"
	"github.com/passkeylab/passkeylab/harness/browser/bridge"
	"github.com/passkeylab/passkeylab/harness/client"
)

// stage is the browser of a website, with our authenticator behind its navigator.credentials. It starts when it is first
// needed.
type stage struct {
	options browser.Options
	origin  string
	pins    pinning

	mu      sync.Mutex
	browser *browser.Browser
	bridge  *bridge.Bridge
	closed  bool

	waiting sync.Mutex // guards what follows
	wanted  *wish
	refused []string // calls that nobody wanted, since somebody last waited
}

// wish is what a visitor waits for: that the page calls navigator.credentials.
type wish struct {
	endpoint Endpoint
	came     chan *asked
}

// asked is one call of navigator.credentials that waits for a response.
type asked struct {
	endpoint Endpoint
	options  []byte
	// ended is closed when the page waits no more.
	ended <-chan struct{}
	reply chan []byte
	taken chan error
}

// open returns the browser, which it starts at the first time.
func (s *stage) open(ctx context.Context) (*browser.Browser, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil, browser.ErrClosed
	}
	if s.browser != nil {
		select {
		case <-s.browser.Done(): // it crashed; the next one is as good
			_ = errors.Join(s.bridge.Close(), s.browser.Close())
			s.browser = nil
		default:
			return s.browser, nil
		}
	}
	options := s.options
	arguments, err := s.pins.arguments(ctx)
	if err != nil {
		return nil, err
	}
	options.Args = slices.Concat(options.Args, arguments)
	b, err := browser.Launch(ctx, options)
	if err != nil {
		return nil, err
	}
	behind, err := bridge.Install(ctx, b)
	if err != nil {
		return nil, errors.Join(err, b.Close())
	}
	behind.Route(s.origin, s)
	s.browser, s.bridge = b, behind
	return b, nil
}

func (s *stage) close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	if s.browser == nil {
		return nil
	}
	return errors.Join(s.bridge.Close(), s.browser.Close())
}

// expect says that the next call of navigator.credentials of a kind is somebody's; the returned function that it is not.
func (s *stage) expect(endpoint Endpoint) (came <-chan *asked, enough func()) {
	wanted := &wish{endpoint: endpoint, came: make(chan *asked, 1)}
	s.waiting.Lock()
	defer s.waiting.Unlock()
	s.wanted, s.refused = wanted, nil
	return wanted.came, func() {
		s.waiting.Lock()
		defer s.waiting.Unlock()
		if s.wanted == wanted {
			s.wanted = nil
		}
	}
}

// dismissed are the calls that nobody wanted, since somebody last waited.
func (s *stage) dismissed() []string {
	s.waiting.Lock()
	defer s.waiting.Unlock()
	return slices.Clone(s.refused)
}

// Create implements bridge.Responder.
func (s *stage) Create(ctx context.Context, options []byte) ([]byte, error) {
	return s.meet(ctx, CreationOptions, options)
}

// Get implements bridge.Responder.
func (s *stage) Get(ctx context.Context, options []byte) ([]byte, error) {
	return s.meet(ctx, RequestOptions, options)
}

// PlatformAuthenticator implements bridge.Responder.
func (s *stage) PlatformAuthenticator() bool { return true }

// meet hands a call of a page to who waits for it, and waits for the response. A call that nobody waits for is dismissed, as
// by a person who closes the browser's dialog.
func (s *stage) meet(ctx context.Context, endpoint Endpoint, options []byte) ([]byte, error) {
	s.waiting.Lock()
	wanted := s.wanted
	if wanted == nil || wanted.endpoint != endpoint {
		s.refused = append(s.refused, functionOf(endpoint))
		s.waiting.Unlock()
		return nil, &client.DOMError{Name: client.NotAllowedError, Message: "The operation was dismissed."}
	}
	s.wanted = nil
	s.waiting.Unlock()
	one := &asked{endpoint: endpoint, options: options, ended: ctx.Done(), reply: make(chan []byte, 1), taken: make(chan error, 1)}
	bridge.WhenTaken(ctx, func(err error) { one.taken <- err })
	wanted.came <- one
	select {
	case response := <-one.reply:
		return response, nil
	case <-ctx.Done():
		return nil, &client.DOMError{Name: client.NotAllowedError, Message: "The page waits no more.", Cause: context.Cause(ctx)}
	}
}

// functionOf is what a page calls.
func functionOf(endpoint Endpoint) string {
	if endpoint == CreationOptions || endpoint == CreationResult {
		return "navigator.credentials.create"
	}
	return "navigator.credentials.get"
}

// pinning lets the browser take a server's certificate that the target's description vouches for: the browser has roots of
// its own, and is told the key of the certificate that was verified here.
type pinning struct {
	settings *tls.Config
	address  *url.URL
}

func (p pinning) arguments(ctx context.Context) ([]string, error) {
	switch {
	case p.settings == nil || p.address.Scheme != "https":
		return nil, nil
	case p.settings.InsecureSkipVerify:
		return []string{"--ignore-certificate-errors"}, nil
	case p.settings.RootCAs == nil && p.settings.ServerName == "":
		return nil, nil
	}
	host := p.address.Host
	if p.address.Port() == "" {
		host += ":443"
	}
	connection, err := (&tls.Dialer{Config: p.settings}).DialContext(ctx, "tcp", host)
	if err != nil {
		return nil, fmt.Errorf("look at the certificate of %s: %w", host, err)
	}
	defer connection.Close() // it was only looked at
	leaf := connection.(*tls.Conn).ConnectionState().PeerCertificates[0]
	key := sha256.Sum256(leaf.RawSubjectPublicKeyInfo)
	return []string{"--ignore-certificate-errors-spki-list=" + base64.StdEncoding.EncodeToString(key[:])}, nil
}
