package subject_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/passkeylab/passkeylab/harness/conformance"
	"github.com/passkeylab/passkeylab/harness/subject"
)

// hostile answers each path in another way.
func hostile(ended <-chan struct{}) http.Handler {
	mux := http.NewServeMux()
	reply := func(status int, contentType, body string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", contentType)
			w.WriteHeader(status)
			io.WriteString(w, body)
		}
	}
	const failed, ok = `{"status":"failed","errorMessage":"no"}`, `{"status":"ok","errorMessage":""}`
	mux.HandleFunc("/accepts", reply(200, "application/json", ok))
	mux.HandleFunc("/refuses", reply(400, "application/json", failed))
	mux.HandleFunc("/refuses-by-200", reply(200, "application/json", failed))
	mux.HandleFunc("/bare", reply(403, "text/plain", "Forbidden"))
	mux.HandleFunc("/breaks", reply(500, "application/json", failed))
	mux.HandleFunc("/page", reply(200, "text/html", "<!doctype html><p>Welcome"))
	mux.HandleFunc("/empty", reply(200, "application/json", ""))
	mux.HandleFunc("/array", reply(200, "application/json", "[]"))
	mux.HandleFunc("/half", reply(200, "application/json", `{"status":"ok"`))
	mux.HandleFunc("/twice", reply(200, "application/json", ok+ok))
	mux.HandleFunc("/says-nothing", reply(200, "application/json", `{"challenge":"AA"}`))
	mux.HandleFunc("/loop", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/loop", http.StatusFound) })
	mux.HandleFunc("/flood", func(w http.ResponseWriter, _ *http.Request) {
		for line := strings.Repeat("x", 1<<16); ; {
			if _, err := io.WriteString(w, line); err != nil {
				return
			}
		}
	})
	mux.HandleFunc("/headers", func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("X-Long", strings.Repeat("x", 1<<20)) })
	mux.HandleFunc("/silent", func(_ http.ResponseWriter, r *http.Request) {
		select {
		case <-r.Context().Done():
		case <-ended:
		}
	})
	mux.HandleFunc("/drip", func(w http.ResponseWriter, r *http.Request) {
		for r.Context().Err() == nil {
			if _, err := io.WriteString(w, " "); err != nil {
				return
			}
			w.(http.Flusher).Flush()
		}
	})
	mux.HandleFunc("/resets", func(w http.ResponseWriter, _ *http.Request) {
		connection, _, err := w.(http.Hijacker).Hijack()
		if err == nil {
			connection.(*net.TCPConn).SetLinger(0)
			connection.Close()
		}
	})
	mux.HandleFunc("/no-http", func(w http.ResponseWriter, _ *http.Request) {
		connection, _, err := w.(http.Hijacker).Hijack()
		if err == nil {
			io.WriteString(connection, "SSH-2.0-OpenSSH\r\n\r\n")
			connection.Close()
		}
	})
	return mux
}

func dial(t *testing.T, f subject.FIDOServer) subject.RelyingParty {
	t.Helper()
	server, err := f.Dial()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { server.Close() })
	return server
}

func TestARefusalIsNotACrash(t *testing.T) {
	ended := make(chan struct{})
	server := httptest.NewServer(hostile(ended))
	t.Cleanup(server.Close)
	t.Cleanup(func() { close(ended) })
	for path, want := range map[string]subject.Outcome{
		"/accepts": subject.Accepted, "/refuses": subject.Refused, "/refuses-by-200": subject.Refused, "/bare": subject.BareRefusal,
		"/breaks": subject.ServerError, "/page": subject.NotJSON, "/empty": subject.NotJSON, "/array": subject.NotJSON, "/half": subject.NotJSON,
		"/twice": subject.NotJSON, "/says-nothing": subject.Accepted, "/loop": subject.Redirected, "/flood": subject.TooLarge, "/headers": subject.TooLarge,
		"/silent": subject.TimedOut, "/drip": subject.TooLarge, "/resets": subject.Reset, "/no-http": subject.Reset,
	} {
		t.Run(path[1:], func(t *testing.T) {
			limits := subject.Limits{Time: 20 * time.Second, Body: 64 << 10}
			if want == subject.TimedOut {
				limits.Time = 100 * time.Millisecond
			}
			rp := dial(t, subject.FIDOServer{Base: server.URL, Paths: map[subject.Endpoint]string{subject.CreationOptions: path}, Limits: limits})
			got := rp.Visit().Do(t.Context(), subject.Request{Endpoint: subject.CreationOptions, Body: []byte("{}")})
			if got.Outcome != want {
				t.Errorf("got %s, %v", got, got.Err)
			}
			if len(got.Body) > 64<<10 {
				t.Errorf("%d bytes were read", len(got.Body))
			}
			clean := want == subject.Accepted || want == subject.Refused || want == subject.BareRefusal
			if clean != (got.Err == nil) && want != subject.ServerError {
				t.Errorf("error %v", got.Err)
			}
			if (len(got.Complaints) > 0) != (path == "/refuses-by-200" || path == "/says-nothing") {
				t.Errorf("complaints %q", got.Complaints)
			}
		})
	}
}

func TestNobodyThere(t *testing.T) {
	server := httptest.NewServer(http.NotFoundHandler())
	server.Close()
	secure := httptest.NewTLSServer(http.NotFoundHandler())
	defer secure.Close()
	secure.Config.ErrorLog = nil
	for name, base := range map[string]string{"refused": server.URL, "unknown issuer": secure.URL} {
		got := dial(t, subject.FIDOServer{Base: base}).Visit().Do(t.Context(), subject.Request{Endpoint: subject.RequestResult})
		if got.Outcome != subject.Unreachable {
			t.Errorf("%s: %s", name, got)
		}
	}
}

func TestAnEndedContextIsATimeOut(t *testing.T) {
	server := httptest.NewServer(http.NotFoundHandler())
	defer server.Close()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if got := dial(t, subject.FIDOServer{Base: server.URL}).Visit().Do(ctx, subject.Request{Endpoint: subject.RequestResult}); got.Outcome != subject.TimedOut {
		t.Error(got)
	}
}

// Each visitor has cookies of their own; headers and paths are the target's.
func TestVisitors(t *testing.T) {
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/base/custom" || r.Header.Get("X-Tenant") != "7" || r.Header.Get("Content-Type") != "application/json" {
			http.Error(w, r.URL.Path, http.StatusTeapot)
			return
		}
		old, _ := r.Cookie("visit")
		if old == nil {
			http.SetCookie(w, &http.Cookie{Name: "visit", Value: "1", HttpOnly: true})
			old = &http.Cookie{}
		}
		given, _ := r.Cookie("given")
		fmt.Fprintf(w, `{"status":"ok","errorMessage":"","had":%q,"given":%q}`, old.Value, given.Value)
	})
	rp, err := subject.FIDOServer{
		Base: "https://rp.example/base/", Paths: map[subject.Endpoint]string{subject.RequestResult: "/custom"}, Header: http.Header{"x-tenant": {"7"}},
		Cookies: map[string]string{"given": "g"},
	}.InProcess(handler)
	if err != nil {
		t.Fatal(err)
	}
	ask := func(v subject.Visitor) string {
		a := v.Do(t.Context(), subject.Request{Endpoint: subject.RequestResult})
		return string(a.Outcome) + string(a.Members["had"]) + string(a.Members["given"])
	}
	one, other := rp.Visit(), rp.Visit()
	if first, second, others := ask(one), ask(one), ask(other); first != `accepted"""g"` || second != `accepted"1""g"` || others != first {
		t.Errorf("%s, %s, %s", first, second, others)
	}
	if got := one.Do(t.Context(), subject.Request{Path: "/elsewhere", Method: http.MethodGet}); got.Status != http.StatusTeapot || got.Message != "/elsewhere" {
		t.Errorf("another path: %s", got)
	}
	if rp.Origin() != "https://rp.example" || one.Cookies()["visit"] != "1" {
		t.Errorf("%s %v", rp.Origin(), one.Cookies())
	}
}

func TestHandlersThatPanicOrHang(t *testing.T) {
	broken, err := subject.FIDOServer{Base: "http://localhost"}.InProcess(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic("oops") }))
	if err != nil {
		t.Fatal(err)
	}
	got := broken.Visit().Do(t.Context(), subject.Request{Endpoint: subject.RequestResult})
	if got.Outcome != subject.Reset || !errors.Is(got.Err, subject.ErrHandlerBroke) {
		t.Error(got)
	}
	hung, err := subject.FIDOServer{Base: "http://localhost", Limits: subject.Limits{Time: 50 * time.Millisecond}}.InProcess(
		http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }))
	if err != nil {
		t.Fatal(err)
	}
	if got := hung.Visit().Do(t.Context(), subject.Request{Endpoint: subject.RequestResult}); got.Outcome != subject.TimedOut {
		t.Error(got)
	}
}

// A challenge can be dictated to a relying party of this process, and to no other.
func TestChallengesAreDictatedInThisProcess(t *testing.T) {
	own, err := subject.Reference{}.Open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := own.Close(); err != nil {
			t.Error(err)
		}
	})
	foreign, err := subject.FIDOServer{Base: "http://localhost"}.InProcess(http.NotFoundHandler())
	if err != nil {
		t.Fatal(err)
	}
	ask := subject.Request{Endpoint: subject.CreationOptions, Body: []byte(`{"username":"ada"}`), Challenge: []byte("sixteen bytes ok")}
	if a := own.Visit().Do(t.Context(), ask); string(a.Members["challenge"]) != `"c2l4dGVlbiBieXRlcyBvaw"` {
		t.Errorf("%s: %s", a, a.Members["challenge"])
	}
	if a := foreign.Visit().Do(t.Context(), ask); a.Outcome != subject.Inexpressible {
		t.Errorf("%s", a)
	}
}

func TestABaseMustBeAURL(t *testing.T) {
	for _, base := range []string{"", "rp.example", "ftp://rp.example", "http://"} {
		if _, err := (subject.FIDOServer{Base: base}).Dial(); err == nil {
			t.Errorf("%q was taken", base)
		}
	}
}

func TestExchangesAreOnRecord(t *testing.T) {
	rp, err := subject.FIDOServer{Base: "http://localhost"}.InProcess(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusBadRequest)
		io.WriteString(w, `{"status":"failed","errorMessage":"it's no"}`)
	}))
	if err != nil {
		t.Fatal(err)
	}
	trial := conformance.NewTrial("x", 1)
	subject.Recorded(rp, trial).Visit().Do(t.Context(), subject.Request{Endpoint: subject.CreationResult, Body: []byte(`{"a":"it's"}`), Purpose: "a lie"})
	all := trial.Exchanges()
	if len(all) != 1 || all[0].Status != "400 Bad Request" || all[0].Outcome != "refused" || all[0].URL != "http://localhost/attestation/result" {
		t.Fatalf("%+v", all)
	}
	want := `curl -sS -i -X POST -H 'Content-Type: application/json' --data-binary '{"a":"it'\''s"}' 'http://localhost/attestation/result'`
	if got := subject.Curl(all[0]); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}
