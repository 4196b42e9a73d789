package mds_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/rand"
	"crypto/x509"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/passkeylab/passkeylab/rp/mds"
)

// clock tells the test how long the service wants to wait, and waits for the test.
type clock struct{ waits, passed chan time.Duration }

func newClock() *clock { return &clock{make(chan time.Duration), make(chan time.Duration)} }

func (c *clock) Now() time.Time { return now }

func (c *clock) After(d time.Duration) <-chan time.Time {
	c.waits <- d
	fired := make(chan time.Time, 1)
	go func() {
		<-c.passed
		fired <- now
	}()
	return fired
}

// fixed is a clock that nobody waits on.
type fixed struct{ at time.Time }

func (f fixed) Now() time.Time                       { return f.at }
func (f fixed) After(time.Duration) <-chan time.Time { return nil }

// zeros is chance that never adds anything.
type zeros struct{}

func (zeros) Read(b []byte) (int, error) { clear(b); return len(b), nil }

// server publishes a BLOB, by ETag.
type server struct {
	*httptest.Server
	mu      sync.Mutex
	token   []byte
	status  int
	asked   int
	spared  int // answers 304
	encoded bool
}

func serve(t *testing.T) *server {
	t.Helper()
	s := &server{}
	s.Server = httptest.NewServer(s)
	t.Cleanup(s.Close)
	return s
}

func (s *server) publish(token []byte, status int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.token, s.status = token, status
}

func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asked++
	if s.status != 0 {
		w.WriteHeader(s.status)
		return
	}
	if s.encoded {
		w.Header().Set("Content-Encoding", "gzip")
		packed := gzip.NewWriter(w)
		_, _ = packed.Write(s.token)
		_ = packed.Close()
		return
	}
	tag := `"` + string(s.token[max(0, len(s.token)-10):]) + `"`
	if r.Header.Get("If-None-Match") == tag {
		s.spared++
		w.WriteHeader(http.StatusNotModified)
		return
	}
	w.Header().Set("ETag", tag)
	_, _ = w.Write(s.token)
}

func config(s service, location string) mds.Config {
	return mds.Config{Location: location, Verifier: s.verifier(), Clock: fixed{now}, Rand: zeros{}}
}

func open(t *testing.T, c mds.Config) *mds.Service {
	t.Helper()
	service, err := mds.New(c)
	if err != nil {
		t.Fatal(err)
	}
	return service
}

func write(t *testing.T, token []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "blob.jwt")
	if err := os.WriteFile(path, token, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestAFileIsLoadedAndTrusted(t *testing.T) {
	s, m := newService(t), newMaker(t, "maker")
	service := open(t, config(s, write(t, s.sign(t, list(3, entry(model, m.root))))))
	_, err := service.Trust(t.Context(), model, m.chain)
	wantRefusal(t, err, mds.NoMetadata)
	if err := service.Load(t.Context()); err != nil {
		t.Fatal(err)
	}
	if decision, err := service.Trust(t.Context(), model, m.chain); err != nil || decision.Entry.AAGUID != model {
		t.Errorf("got %+v, %v", decision, err)
	}
}

func TestConfigurationsAreRefusedThatCannotWork(t *testing.T) {
	s := newService(t)
	for name, change := range map[string]func(*mds.Config){
		"no location": func(c *mds.Config) { c.Location = "" }, "no clock": func(c *mds.Config) { c.Clock = nil },
		"no chance": func(c *mds.Config) { c.Rand = nil }, "another protocol": func(c *mds.Config) { c.Location = "ftp://mds.test/" },
		"time that goes back": func(c *mds.Config) { c.Every = -1 },
	} {
		c := config(s, "blob.jwt")
		change(&c)
		if _, err := mds.New(c); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

func TestNothingIsLoadedFromASourceWithoutAGoodBLOB(t *testing.T) {
	s := newService(t)
	web := serve(t)
	web.publish(nil, http.StatusServiceUnavailable)
	err := open(t, config(s, strings.Replace(web.URL, "://", "://me:secret@", 1))).Load(t.Context())
	var down *mds.SourceError
	if !errors.As(err, &down) || down.Status != http.StatusServiceUnavailable || strings.Contains(err.Error(), "secret") {
		t.Errorf("got %v", err)
	}
	if err := open(t, config(s, filepath.Join(t.TempDir(), "none"))).Load(t.Context()); !errors.As(err, &down) || !errors.Is(err, os.ErrNotExist) {
		t.Errorf("got %v", err)
	}
	wantLoadStep(t, open(t, config(s, write(t, []byte("x")))), mds.StepForm)
}

func wantLoadStep(t *testing.T, service *mds.Service, step mds.Step) {
	t.Helper()
	err := service.Refresh(t.Context())
	var refused *mds.BLOBError
	if !errors.As(err, &refused) || refused.Step != step {
		t.Errorf("got %v, want the step %q", err, step)
	}
}

func TestAnswersAreBounded(t *testing.T) {
	s, web := newService(t), serve(t)
	c := config(s, web.URL)
	c.Verifier.MaxBytes = 1000
	web.publish(bytes.Repeat([]byte("x"), 1001), 0)
	wantLoadStep(t, open(t, c), mds.StepSize)
	web.encoded = true // a small answer that unpacks to a large one
	web.publish(make([]byte, 10<<20), 0)
	wantLoadStep(t, open(t, c), mds.StepSize)
}

func TestAnAnswerWithoutEndIsCutOff(t *testing.T) {
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for some := make([]byte, 1<<12); r.Context().Err() == nil; {
			if _, err := w.Write(some); err != nil {
				return
			}
		}
	}))
	defer web.Close()
	c := config(newService(t), web.URL)
	c.Verifier.MaxBytes = 1 << 20
	wantLoadStep(t, open(t, c), mds.StepSize)
}

func TestASourceThatDoesNotAnswerIsGivenUp(t *testing.T) {
	release := make(chan struct{})
	web := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-release }))
	defer web.Close()
	defer close(release)
	c := config(newService(t), web.URL)
	c.Timeout = time.Millisecond
	if err := open(t, c).Refresh(t.Context()); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v", err)
	}
}

func TestRedirectsEnd(t *testing.T) {
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/again", http.StatusFound) }))
	defer web.Close()
	var down *mds.SourceError
	if err := open(t, config(newService(t), web.URL)).Refresh(t.Context()); !errors.As(err, &down) {
		t.Errorf("got %v", err)
	}
}

func TestHTTPSIsNotLeft(t *testing.T) {
	s, plain := newService(t), serve(t)
	plain.publish(s.sign(t, list(1)), 0)
	web := httptest.NewTLSServer(http.RedirectHandler(plain.URL, http.StatusFound))
	defer web.Close()
	c := config(s, web.URL)
	c.HTTP = web.Client()
	var down *mds.SourceError
	if err := open(t, c).Refresh(t.Context()); !errors.As(err, &down) || plain.asked != 0 {
		t.Errorf("got %v after %d requests in the clear", err, plain.asked)
	}
}

func TestWhatHasNotChangedIsNotSentAgain(t *testing.T) {
	s, web := newService(t), serve(t)
	web.publish(s.sign(t, list(1)), 0)
	service := open(t, config(s, web.URL))
	for range 2 {
		if err := service.Refresh(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if web.spared != 1 {
		t.Errorf("%d answers of 304", web.spared)
	}
	web.publish(s.sign(t, list(2)), 0)
	if err := service.Refresh(t.Context()); err != nil || service.BLOB().Number != 2 {
		t.Errorf("got %v", err)
	}
}

func TestTheNumberNeverGoesBack(t *testing.T) {
	s, web := newService(t), serve(t)
	c := config(s, web.URL)
	c.Cache = filepath.Join(t.TempDir(), "cache.jwt")
	web.publish(s.sign(t, list(5)), 0)
	service := open(t, c)
	if err := service.Load(t.Context()); err != nil {
		t.Fatal(err)
	}
	web.publish(s.sign(t, list(4)), 0)
	wantLoadStep(t, service, mds.StepNumber)
	again := open(t, c) // the cache remembers
	if err := again.Load(t.Context()); err != nil || again.BLOB().Number != 5 {
		t.Errorf("got %v", err)
	}
	wantLoadStep(t, again, mds.StepNumber)
}

func TestTheCacheServesWhileTheSourceIsDown(t *testing.T) {
	s, web := newService(t), serve(t)
	c := config(s, web.URL)
	c.Cache = filepath.Join(t.TempDir(), "cache.jwt")
	web.publish(s.sign(t, list(5)), 0)
	if err := open(t, c).Load(t.Context()); err != nil {
		t.Fatal(err)
	}
	web.publish(nil, http.StatusBadGateway)
	var log bytes.Buffer
	c.Log = slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelWarn}))
	service := open(t, c)
	if err := service.Load(t.Context()); err != nil || service.BLOB().Number != 5 {
		t.Fatalf("got %v", err)
	}
	if !strings.Contains(log.String(), "the cached one is used") {
		t.Errorf("log: %s", &log)
	}
	// A cache that was spoilt is not believed, and replaced once the source is back.
	if err := os.WriteFile(c.Cache, []byte("spoilt"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := open(t, c).Load(t.Context()); err == nil {
		t.Error("loaded from nowhere")
	}
	web.publish(s.sign(t, list(6)), 0)
	if err := open(t, c).Load(t.Context()); err != nil {
		t.Fatal(err)
	}
	if kept, err := os.ReadFile(c.Cache); err != nil || !bytes.Equal(kept, s.sign(t, list(6))) {
		t.Errorf("cache: %v", err)
	}
	if left, err := os.ReadDir(filepath.Dir(c.Cache)); err != nil || len(left) != 1 {
		t.Errorf("files left: %v %v", left, err)
	}
}

func TestACacheThatCannotBeWrittenLosesNothing(t *testing.T) {
	s := newService(t)
	c := config(s, write(t, s.sign(t, list(1))))
	c.Cache = filepath.Join(t.TempDir(), "no", "such", "folder")
	if service := open(t, c); service.Load(t.Context()) != nil || service.BLOB() == nil {
		t.Error("the BLOB was not used")
	}
}

func TestStaleMetadataIsUsedWithAWarning(t *testing.T) {
	s, m := newService(t), newMaker(t, "maker")
	var log bytes.Buffer
	c := config(s, write(t, s.sign(t, list(1, entry(model, m.root)))))
	c.Clock, c.Log = fixed{now.AddDate(0, 2, 0)}, slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelWarn}))
	service := open(t, c)
	if err := service.Load(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := service.Trust(t.Context(), model, m.chain); err != nil {
		t.Fatal(err)
	}
	if text := log.String(); strings.Count(text, "level=WARN") != 2 || strings.Contains(text, "Do not read this") {
		t.Errorf("log: %s", text)
	}
	if _, found := service.Entry(model, nil); !found {
		t.Error("stale metadata knows nobody")
	}
	c.Requirements.Fresh = true
	service = open(t, c)
	if _, found := service.Entry(model, nil); found {
		t.Error("found before anything was loaded")
	}
	if err := service.Load(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, found := service.Entry(model, nil); found {
		t.Error("found in metadata that is stale")
	}
	_, err := service.Trust(t.Context(), model, m.chain)
	wantRefusal(t, err, mds.Stale)
}

func TestAModelWithoutAAGUIDIsFoundByItsKey(t *testing.T) {
	s, m, other := newService(t), newMaker(t, "maker"), newMaker(t, "other")
	identifier, err := mds.KeyIdentifier(m.chain[0])
	if err != nil {
		t.Fatal(err)
	}
	u2f := with(with(entry(uuid.Nil, m.root), "aaguid", nil), "attestationCertificateKeyIdentifiers", []string{identifier})
	u2f["metadataStatement"] = with(u2f["metadataStatement"].(object), "aaguid", nil)
	service := open(t, config(s, write(t, s.sign(t, list(1, u2f)))))
	if err := service.Load(t.Context()); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		aaguid uuid.UUID
		chain  []*x509.Certificate
		want   bool
	}{
		"its key":                     {uuid.Nil, m.chain, true},
		"another key":                 {uuid.Nil, other.chain, false},
		"no certificate":              {uuid.Nil, nil, false},
		"its key, of another's model": {model, m.chain, false},
	} {
		if _, found := service.Entry(c.aaguid, c.chain); found != c.want {
			t.Errorf("%s: found %v", name, found)
		}
	}
}

func TestRunRefreshesAndWaitsLongerAfterFailures(t *testing.T) {
	s, web, c := newService(t), serve(t), newClock()
	cfg := config(s, web.URL)
	cfg.Clock, cfg.Every = c, 10*time.Hour
	web.publish(nil, http.StatusInternalServerError)
	service := open(t, cfg)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() { defer close(ended); service.Run(ctx) }()
	want := []time.Duration{10 * time.Hour}
	for minutes := range 6 {
		want = append(want, time.Minute<<minutes)
	}
	for _, d := range append(want, time.Hour, time.Hour) {
		if got := <-c.waits; got != d {
			t.Errorf("waits %s, want %s", got, d)
		}
		c.passed <- d
	}
	<-c.waits
	web.publish(s.sign(t, list(9)), 0)
	c.passed <- 0
	if got := <-c.waits; got != 10*time.Hour || service.BLOB().Number != 9 {
		t.Errorf("after success it waits %s", got)
	}
	cancel()
	<-ended
	close(c.passed)
}

func TestWaitsAreSpread(t *testing.T) {
	s, web, c := newService(t), serve(t), newClock()
	cfg := config(s, web.URL)
	cfg.Clock, cfg.Every, cfg.Rand = c, time.Hour, rand.Reader
	web.publish(s.sign(t, list(1)), 0)
	service := open(t, cfg)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() { defer close(ended); service.Run(ctx) }()
	seen := map[time.Duration]bool{}
	for range 8 {
		d := <-c.waits
		if d <= 30*time.Minute-time.Second || d > time.Hour {
			t.Errorf("waits %s", d)
		}
		seen[d] = true
		c.passed <- d
	}
	if len(seen) < 2 {
		t.Error("always the same")
	}
	<-c.waits
	cancel()
	<-ended
	close(c.passed)
}
