package web

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/alexedwards/argon2id"

	"github.com/passkeylab/passkeylab/rp"
	"github.com/passkeylab/passkeylab/rp/store"
)

const (
	testOrigin   = "http://login.localhost"
	testPassword = "correct horse battery"
)

// testClock only moves when told.
type testClock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *testClock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *testClock) add(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

type syncBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *syncBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *syncBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

// site is the whole server with one account and a browser's cookies.
type site struct {
	*Server
	t      testing.TB
	ctx    context.Context
	rp     *rp.RelyingParty
	store  *store.Store
	clock  *testClock
	log    *syncBuffer
	jar    http.CookieJar
	user   *rp.User
	secret string
	// header is sent with every request.
	header http.Header
}

func newSite(t testing.TB, change ...func(*rp.Config, *Config)) *site {
	t.Helper()
	db, err := store.Open(t.Context(), filepath.Join(t.TempDir(), "web.db"), store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	s := &site{t: t, ctx: t.Context(), store: db, clock: &testClock{now: time.Date(2031, 5, 6, 9, 0, 0, 0, time.UTC)}, log: &syncBuffer{}, header: http.Header{}}
	core := rp.Config{Origin: testOrigin, Organisation: "Larkspur", App: "Larkspur ID", Store: db, Clock: s.clock, Rand: rand.Reader,
		Hashing: &argon2id.Params{Memory: 64, Iterations: 1, Parallelism: 1, SaltLength: 16, KeyLength: 32}}
	face := Config{Rand: rand.Reader, Log: slog.New(slog.NewTextHandler(s.log, &slog.HandlerOptions{Level: slog.LevelDebug}))}
	for _, f := range change {
		f(&core, &face)
	}
	if s.rp, err = rp.New(core); err != nil {
		t.Fatal(err)
	}
	face.RP = s.rp
	if s.Server, err = New(face); err != nil {
		t.Fatal(err)
	}
	s.forgetCookies()
	made, err := s.rp.SignUp(s.ctx, rp.Registration{UserName: "mia", DisplayName: "Mia Larsen", Password: testPassword})
	if err != nil {
		t.Fatal(err)
	}
	s.user, s.secret = made.User, made.TOTPSecret
	return s
}

func (s *site) forgetCookies() {
	jar, err := cookiejar.New(nil)
	if err != nil {
		s.t.Fatal(err)
	}
	s.jar = jar
}

// answer is one response, read to its end.
type answer struct {
	t      testing.TB
	status int
	header http.Header
	body   string
	path   string
}

// do sends one request without following redirects.
func (s *site) do(r *http.Request) *answer {
	s.t.Helper()
	for name, values := range s.header {
		r.Header[name] = values
	}
	at := &url.URL{Scheme: "http", Host: "login.localhost", Path: "/"}
	for _, cookie := range s.jar.Cookies(at) {
		r.AddCookie(cookie)
	}
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	result := w.Result()
	s.jar.SetCookies(at, result.Cookies())
	body, err := io.ReadAll(result.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	if strings.Contains(string(body), missingMark) {
		s.t.Errorf("%s %s: a text is missing: %s", r.Method, r.URL, missingIn(string(body)))
	}
	return &answer{t: s.t, status: result.StatusCode, header: result.Header, body: string(body), path: r.URL.RequestURI()}
}

func missingIn(body string) string {
	_, rest, _ := strings.Cut(body, missingMark)
	key, _, _ := strings.Cut(rest, "⟧")
	return key
}

func (s *site) get(path string) *answer {
	s.t.Helper()
	return s.do(httptest.NewRequestWithContext(s.ctx, http.MethodGet, testOrigin+path, nil))
}

// open is get that follows redirects.
func (s *site) open(path string) *answer {
	s.t.Helper()
	return s.follow(s.get(path))
}

func (s *site) follow(a *answer) *answer {
	s.t.Helper()
	for range 5 {
		if a.status != http.StatusSeeOther {
			return a
		}
		a = s.get(a.header.Get("Location"))
	}
	s.t.Fatalf("redirects without end, last to %s", a.header.Get("Location"))
	return nil
}

// post sends a form; pairs are names and values.
func (s *site) post(path string, pairs ...string) *answer {
	s.t.Helper()
	r := httptest.NewRequestWithContext(s.ctx, http.MethodPost, testOrigin+path, strings.NewReader(formOf(pairs).Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Accept", "text/html")
	return s.do(r)
}

// script sends a form the way the script does.
func (s *site) script(path string, pairs ...string) *answer {
	s.t.Helper()
	r := httptest.NewRequestWithContext(s.ctx, http.MethodPost, testOrigin+path, strings.NewReader(formOf(pairs).Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Accept", "application/json")
	return s.do(r)
}

func formOf(pairs []string) url.Values {
	form := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		form.Set(pairs[i], pairs[i+1])
	}
	return form
}

// api sends JSON.
func (s *site) api(path, body string) *answer {
	s.t.Helper()
	r := httptest.NewRequestWithContext(s.ctx, http.MethodPost, testOrigin+path, strings.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Accept", "application/json")
	return s.do(r)
}

// signIn signs Mia in.
func (s *site) signIn() {
	s.t.Helper()
	a := s.post("/sign-in", "userName", "mia", "password", testPassword, "code", s.code())
	if a.status != http.StatusSeeOther {
		s.t.Fatalf("sign-in: %d\n%s", a.status, a.body)
	}
}

func (s *site) code() string {
	s.t.Helper()
	code, err := s.rp.FreshCode(s.ctx, s.user.ID, s.secret)
	if refusal := rp.AsRefusal(err); refusal != nil { // the present one was used: on to the next
		s.clock.add(refusal.RetryAt.Sub(s.clock.Now()))
		code, err = s.rp.FreshCode(s.ctx, s.user.ID, s.secret)
	}
	if err != nil {
		s.t.Fatal(err)
	}
	return code
}

// screen is the data-step of the page, "" without one.
func (a *answer) screen() string { return a.attribute("step") }

func (a *answer) attribute(name string) string {
	found := regexp.MustCompile(`<main [^>]*data-` + name + `="([^"]*)"`).FindStringSubmatch(a.body)
	if found == nil {
		return ""
	}
	return found[1]
}

func (a *answer) title() string {
	found := regexp.MustCompile(`<title>([^<]*)</title>`).FindStringSubmatch(a.body)
	if found == nil {
		return ""
	}
	return found[1]
}

// wants fails the test unless status and screen are as given.
func (a *answer) wants(status int, screen string) *answer {
	a.t.Helper()
	if a.status != status || a.screen() != screen {
		a.t.Fatalf("%s: got %d %q (to %q), want %d %q\n%s", a.path, a.status, a.screen(), a.header.Get("Location"), status, screen, a.body)
	}
	return a
}

// has fails the test unless the body contains each of the texts.
func (a *answer) has(texts ...string) *answer {
	a.t.Helper()
	for _, text := range texts {
		if !strings.Contains(a.body, text) {
			a.t.Errorf("%s: %q is not on the page\n%s", a.path, text, a.body)
		}
	}
	return a
}

func (a *answer) hasNot(texts ...string) *answer {
	a.t.Helper()
	for _, text := range texts {
		if strings.Contains(a.body, text) {
			a.t.Errorf("%s: %q should not be on the page", a.path, text)
		}
	}
	return a
}

// json decodes the body.
func (a *answer) json() map[string]any {
	a.t.Helper()
	var decoded map[string]any
	if err := json.Unmarshal([]byte(a.body), &decoded); err != nil {
		a.t.Fatalf("%s: %d: not JSON: %v\n%s", a.path, a.status, err, a.body)
	}
	return decoded
}

func (a *answer) next() string {
	a.t.Helper()
	return fmt.Sprint(a.json()["next"])
}

// damage runs a statement on the store, to make it fail where a test needs it to.
func (s *site) damage(statement string) {
	s.t.Helper()
	err := s.store.Write(s.ctx, func(tx *store.Tx) error {
		_, err := tx.Exec(statement)
		return err
	})
	if err != nil {
		s.t.Fatal(err)
	}
}
