package bridge_test

import (
	"context"
	"crypto/rand"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/passkeylab/passkeylab/harness/browser"
	"github.com/passkeylab/passkeylab/harness/browser/bridge"
	"github.com/passkeylab/passkeylab/harness/browser/webauthn"
	"github.com/passkeylab/passkeylab/harness/client"
	"github.com/passkeylab/passkeylab/virtualauth"
	"github.com/passkeylab/passkeylab/virtualauth/provider"
)

// The one browser of this package's tests, with the bridge in it, and the one site.
var (
	chromium *browser.Browser
	shared   *bridge.Bridge
	site     *httptest.Server
)

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	b, err := browser.Launch(ctx, browser.Options{Path: os.Getenv("PASSKEYLAB_BROWSER_PATH")})
	if err != nil {
		fmt.Fprintln(os.Stderr, "these tests need a real browser:", err)
		return 1
	}
	defer b.Close()
	chromium = b
	if shared, err = bridge.Install(ctx, b); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	site = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		fmt.Fprint(w, `<!doctype html><html lang="en"><title>site</title><p>A page.`)
	}))
	defer site.Close()
	code := m.Run()
	if err := shared.Close(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return code
}

type clock struct{}

func (clock) Now() time.Time { return time.Now() }

// answers is a Responder whose parts a test can set.
type answers struct {
	create, get func(context.Context, []byte) ([]byte, error)
	platform    bool
}

func (a answers) Create(ctx context.Context, o []byte) ([]byte, error) { return a.create(ctx, o) }
func (a answers) Get(ctx context.Context, o []byte) ([]byte, error)    { return a.get(ctx, o) }
func (a answers) PlatformAuthenticator() bool                          { return a.platform }

// device is an authenticator of a provider, behind an honest client, as a responder.
func device(p provider.Provider) (*virtualauth.Authenticator, answers) {
	a := virtualauth.New(p.Model, virtualauth.World{Clock: clock{}, Rand: rand.Reader})
	c := &client.Client{Device: a, Attachment: client.Platform, Transports: p.Model.Transports}
	return a, answers{create: c.Create, get: c.Get, platform: true}
}

func limit(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	t.Cleanup(cancel)
	return ctx
}

// open shows a page of an origin of its own, to be answered by r.
func open(t *testing.T, r bridge.Responder) *browser.Page {
	t.Helper()
	return openAt(t, strings.ToLower(strings.ReplaceAll(t.Name(), "/", "-")), r)
}

// openAt is open with the first label of the domain.
func openAt(t *testing.T, name string, r bridge.Responder) *browser.Page {
	t.Helper()
	origin := strings.Replace(site.URL, "127.0.0.1", name+".localhost", 1)
	if r != nil {
		shared.Route(origin+"/", r)
		t.Cleanup(func() { shared.Unroute(origin) })
	}
	c, err := chromium.NewContext(limit(t), browser.ContextOptions{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	p, err := c.NewPage(limit(t))
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Goto(limit(t), origin); err != nil {
		t.Fatal(err)
	}
	return p
}

// The scripts run a ceremony and return what a site could see.
const (
	register = `(async () => {
	try {
		const c = await navigator.credentials.create({ publicKey: {
			rp: { name: "Site" }, user: { id: new Uint8Array([1, 2, 3]), name: "ada", displayName: "Ada" },
			challenge: new Uint8Array(32), pubKeyCredParams: [{ type: "public-key", alg: -7 }],
			authenticatorSelection: { residentKey: "required", userVerification: "required" }, attestation: "none",
			excludeCredentials: (window.known || []).map((id) => ({ type: "public-key", id })),
			extensions: { credProps: true },
		}});
		window.known = [c.rawId];
		return { native: c instanceof PublicKeyCredential && c.response instanceof AuthenticatorAttestationResponse, json: c.toJSON() };
	} catch (e) {
		return { name: e.name, message: e.message, native: e instanceof DOMException };
	}
})()`
	signIn = `(async () => {
	try {
		const c = await navigator.credentials.get({ publicKey: { challenge: new Uint8Array(32), userVerification: "required" }, signal: window.signal });
		return { native: c.response instanceof AuthenticatorAssertionResponse, json: c.toJSON() };
	} catch (e) {
		return { name: e.name, message: e.message, native: e instanceof DOMException };
	}
})()`
)

// seen is what the scripts return.
type seen struct {
	Native        bool
	Name, Message string
	JSON          struct {
		ID                      string
		AuthenticatorAttachment string
		ClientExtensionResults  struct{ CredProps struct{ RK bool } }
		Response                struct {
			ClientDataJSON, UserHandle, Signature, AttestationObject, PublicKey string
			Transports                                                          []string
		}
	}
}

func do(t *testing.T, p *browser.Page, script string) seen {
	t.Helper()
	var s seen
	if err := p.Evaluate(limit(t), script, &s); err != nil {
		t.Fatal(err)
	}
	return s
}

func TestOwnAuthenticatorBehindTheRealAPI(t *testing.T) {
	t.Parallel()
	a, r := device(provider.GooglePasswordManager())
	p := open(t, r)
	made := do(t, p, register)
	if made.Name != "" || !made.Native || made.JSON.AuthenticatorAttachment != "platform" || !made.JSON.ClientExtensionResults.CredProps.RK {
		t.Fatalf("registered: %+v", made)
	}
	if got := strings.Join(made.JSON.Response.Transports, " "); got != "hybrid internal" {
		t.Errorf("transports %q", got)
	}
	if n := len(a.Credentials()); n != 1 {
		t.Fatalf("the authenticator keeps %d credentials", n)
	}
	if again := do(t, p, register); again.Name != "InvalidStateError" || !again.Native {
		t.Errorf("excluded: %+v", again)
	}
	signed := do(t, p, signIn)
	if signed.Name != "" || !signed.Native || signed.JSON.ID != made.JSON.ID || signed.JSON.Response.UserHandle != "AQID" {
		t.Errorf("signed in: %+v", signed)
	}
	var available bool
	if err := p.Evaluate(limit(t), "PublicKeyCredential.isUserVerifyingPlatformAuthenticatorAvailable()", &available); err != nil || !available {
		t.Errorf("platform authenticator available: %v, %v", available, err)
	}
}

func TestErrorsReachThePage(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		answer func(context.Context, []byte) ([]byte, error)
		want   string
	}{
		"own": {func(context.Context, []byte) ([]byte, error) {
			return nil, &client.DOMError{Name: "ConstraintError", Message: "so"}
		}, "ConstraintError so"},
		"wrapped": {func(context.Context, []byte) ([]byte, error) {
			return nil, fmt.Errorf("x: %w", &client.DOMError{Name: "UnknownError", Message: "so"})
		}, "UnknownError so"},
		"other":     {func(context.Context, []byte) ([]byte, error) { return nil, context.Canceled }, "NotAllowedError"},
		"malformed": {func(context.Context, []byte) ([]byte, error) { return []byte(`{"id":"AA"}`), nil }, "NotAllowedError"},
		"no JSON":   {func(context.Context, []byte) ([]byte, error) { return []byte(`{`), nil }, "NotAllowedError"},
		"empty":     {func(context.Context, []byte) ([]byte, error) { return nil, nil }, "NotAllowedError"},
		"panic":     {func(context.Context, []byte) ([]byte, error) { panic("on purpose") }, "NotAllowedError"},
	} {
		t.Run(strings.ReplaceAll(name, " ", "-"), func(t *testing.T) {
			got := do(t, open(t, answers{create: c.answer, get: c.answer}), signIn)
			if !got.Native || !strings.HasPrefix(got.Name+" "+got.Message, c.want) {
				t.Errorf("the page saw %+v, want %s", got, c.want)
			}
		})
	}
	t.Run("no-route", func(t *testing.T) {
		if got := do(t, open(t, nil), signIn); got.Name != "NotAllowedError" || !got.Native {
			t.Errorf("the page saw %+v", got)
		}
	})
}

func TestPageAbortEndsTheResponder(t *testing.T) {
	t.Parallel()
	asked, ended := make(chan struct{}), make(chan error, 1)
	p := open(t, answers{get: func(ctx context.Context, _ []byte) ([]byte, error) {
		close(asked)
		<-ctx.Done()
		ended <- ctx.Err()
		return nil, ctx.Err()
	}})
	if err := p.Evaluate(limit(t), `void (window.stop = new AbortController(), window.signal = stop.signal, window.outcome = `+signIn+`)`, nil); err != nil {
		t.Fatal(err)
	}
	wait(t, asked)
	if err := p.Evaluate(limit(t), `stop.abort()`, nil); err != nil {
		t.Fatal(err)
	}
	wait(t, ended)
	if got := do(t, p, `window.outcome`); got.Name != "AbortError" {
		t.Errorf("the page saw %+v", got)
	}
}

func wait[T any](t *testing.T, c <-chan T) {
	t.Helper()
	select {
	case <-c:
	case <-time.After(30 * time.Second):
		t.Fatal("did not happen in 30 s")
	}
}

func TestLateAnswersToSeveralOriginsAtOnce(t *testing.T) {
	t.Parallel()
	// Every responder waits until all are asked: they are answered in parallel or not at all.
	const people = 3
	var asked sync.WaitGroup
	asked.Add(people)
	var all errgroup.Group
	for i := range people {
		_, r := device(provider.LarkspurIDAndroid())
		honest := r.create
		r.create = func(ctx context.Context, o []byte) ([]byte, error) {
			asked.Done()
			asked.Wait()
			return honest(ctx, o)
		}
		p := openAt(t, fmt.Sprintf("person%d", i), r)
		ctx := limit(t)
		all.Go(func() error {
			var got seen
			if err := p.Evaluate(ctx, register, &got); err != nil || got.Name != "" {
				return fmt.Errorf("page %d saw %+v: %w", i, got, err)
			}
			return nil
		})
	}
	if err := all.Wait(); err != nil {
		t.Error(err)
	}
}

func TestVirtualAuthenticatorWins(t *testing.T) {
	t.Parallel()
	a, r := device(provider.GooglePasswordManager())
	p := open(t, r)
	env, err := webauthn.Enable(limit(t), p.Rod)
	if err != nil {
		t.Fatal(err)
	}
	virtual, err := env.Add(limit(t), webauthn.Platform())
	if err != nil {
		t.Fatal(err)
	}
	if got := do(t, p, register); got.Name != "" {
		t.Fatalf("the page saw %+v", got)
	}
	kept, err := virtual.Credentials(limit(t))
	if err != nil || len(kept) != 1 || len(a.Credentials()) != 0 {
		t.Errorf("the virtual authenticator keeps %d, ours %d: %v", len(kept), len(a.Credentials()), err)
	}
}

// TestWorkerRestart is not parallel: it ends the service worker, which all tests share.
func TestWorkerRestart(t *testing.T) {
	_, r := device(provider.GooglePasswordManager())
	p := open(t, r)
	for i := range 2 {
		if err := bridge.EndWorker(limit(t), shared); err != nil {
			t.Fatal(err)
		}
		script := register
		if i > 0 {
			script = signIn
		}
		if got := do(t, p, script); got.Name != "" {
			t.Fatalf("after restart %d the page saw %+v", i+1, got)
		}
	}
}

func TestWorkerRestartsUnderARequest(t *testing.T) {
	asked, go_ := make(chan struct{}), make(chan struct{})
	_, r := device(provider.GooglePasswordManager())
	honest := r.create
	r.create = func(ctx context.Context, o []byte) ([]byte, error) {
		close(asked)
		<-go_
		return honest(ctx, o)
	}
	p := open(t, r)
	if err := p.Evaluate(limit(t), `void (window.outcome = `+register+`)`, nil); err != nil {
		t.Fatal(err)
	}
	wait(t, asked)
	if err := bridge.EndWorker(limit(t), shared); err != nil {
		t.Fatal(err)
	}
	close(go_)
	if got := do(t, p, `window.outcome`); got.Name != "" || !got.Native {
		t.Errorf("the page saw %+v", got)
	}
}
