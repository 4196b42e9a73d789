package lab

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/passkeylab/passkeylab/harness/orgapp"
	"github.com/passkeylab/passkeylab/harness/trace"
	"github.com/passkeylab/passkeylab/reports"
	"github.com/passkeylab/passkeylab/rp"
	"github.com/passkeylab/passkeylab/rp/web"
)

// site is the relying party's pages on a loopback port, under a host name that
// belongs to one stage. *.localhost is loopback by RFC 6761 §6.3, and a secure
// context, so passkeys work without a certificate.
type site struct {
	origin   string
	listener net.Listener
	server   *http.Server
	done     chan struct{}
}

func listen(id string) (*site, error) {
	t, err := listenAt("127.0.0.1:0", "")
	if err == nil {
		t.origin = fmt.Sprintf("http://%s.localhost:%d", id, t.listener.Addr().(*net.TCPAddr).Port)
	}
	return t, err
}

// listenAt listens at an address for an origin that exists already.
func listenAt(address, origin string) (*site, error) {
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return nil, fmt.Errorf("listen for the relying party: %w", err)
	}
	return &site{origin: origin, listener: listener, done: make(chan struct{})}, nil
}

func (t *site) serve(s *Stage, party *rp.RelyingParty) error {
	pages, err := web.New(web.Config{RP: party, Log: s.log, Rand: s.random, WellKnown: orgapp.Published()})
	if err != nil {
		return err
	}
	t.server = &http.Server{Handler: tap(s, pages.Handler()), ReadHeaderTimeout: 10 * time.Second}
	go func() {
		defer close(t.done)
		_ = t.server.Serve(t.listener) // always ErrServerClosed, by close
	}()
	return nil
}

// close ends the server, if it runs. It may be called again.
func (t *site) close() error {
	if t.server == nil {
		if err := t.listener.Close(); !errors.Is(err, net.ErrClosed) {
			return err
		}
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	err := t.server.Shutdown(ctx)
	if errors.Is(err, context.DeadlineExceeded) {
		err = t.server.Close() // a browser keeps idle connections open; they are no news
	}
	<-t.done
	return err
}

// tap listens at the relying party's door and hands what passes to the stage's
// trace: the options that went out and the credential that came in, whoever
// made it. It changes nothing.
func tap(s *Stage, next http.Handler) http.Handler {
	var mu sync.Mutex
	var options []byte
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked, verify := strings.HasSuffix(r.URL.Path, "/options"), strings.HasSuffix(r.URL.Path, "/verify")
		if r.Method != http.MethodPost || !asked && !verify {
			next.ServeHTTP(w, r)
			return
		}
		body, err := io.ReadAll(io.LimitReader(r.Body, tapLimit))
		if err == nil {
			r.Body = struct {
				io.Reader
				io.Closer
			}{io.MultiReader(bytes.NewReader(body), r.Body), r.Body}
		}
		answer := &copied{ResponseWriter: w, status: http.StatusOK}
		next.ServeHTTP(answer, r)
		mu.Lock()
		defer mu.Unlock()
		if asked {
			options = optionsIn(answer.body.Bytes())
			return
		}
		s.Trace.Ceremony(seen(s, r.URL.Path, options, body, answer))
	})
}

// tapLimit is more than any credential that a relying party accepts.
const tapLimit = 1 << 20

func seen(s *Stage, path string, options, body []byte, answer *copied) trace.Ceremony {
	ceremony := trace.Ceremony{
		Kind: reports.Authentication, At: s.Clock.Now(), Origin: s.Origin,
		Options: options, Response: credentialIn(body), Outcome: "accepted", Accepted: answer.status < 300,
	}
	if strings.HasPrefix(path, "/security-info/add/") || strings.HasPrefix(path, "/app/") {
		ceremony.Kind = reports.Registration
	}
	if !ceremony.Accepted {
		var refusal struct{ Code string }
		_ = json.Unmarshal(answer.body.Bytes(), &refusal)
		ceremony.Outcome = fmt.Sprintf("%d %s", answer.status, refusal.Code)
	}
	return ceremony
}

// optionsIn takes the options out of the endpoint's envelope.
func optionsIn(answer []byte) []byte { return member(answer, "publicKey") }

// credentialIn takes the credential out of the page's envelope; a body that is
// the credential itself is returned as it is.
func credentialIn(body []byte) []byte { return member(body, "credential") }

func member(body []byte, name string) []byte {
	var envelope map[string]json.RawMessage
	if json.Unmarshal(body, &envelope) == nil && len(envelope[name]) > 0 {
		return envelope[name]
	}
	return body
}

// copied is a ResponseWriter that keeps what it passes on.
type copied struct {
	http.ResponseWriter
	status int
	body   bytes.Buffer
}

func (c *copied) WriteHeader(status int) {
	c.status = status
	c.ResponseWriter.WriteHeader(status)
}

func (c *copied) Write(p []byte) (int, error) {
	c.body.Write(p)
	return c.ResponseWriter.Write(p)
}

// Unwrap lets http.ResponseController reach the writer below.
func (c *copied) Unwrap() http.ResponseWriter { return c.ResponseWriter }
