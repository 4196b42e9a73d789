package subject_test

import (
	"bufio"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/passkeylab/passkeylab/harness/subject"
)

// raw answers each connection with bytes of its own, after the request's head.
func raw(t *testing.T, answer func(w net.Conn)) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	go func() {
		for {
			connection, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				defer connection.Close()
				if _, err := http.ReadRequest(bufio.NewReader(connection)); err == nil {
					answer(connection)
				}
			}()
		}
	}()
	return "http://" + listener.Addr().String()
}

// withoutEnd writes until nobody listens any more, and never more than any limit by far.
func withoutEnd(w io.Writer, piece string) {
	for range 200 << 20 / len(piece) {
		if _, err := io.WriteString(w, piece); err != nil {
			return
		}
	}
}

// spellings are one application and one server with FIDO's API at the same address: what is hostile is hostile to both.
func spellings(t *testing.T, base string, limits subject.Limits) map[string]subject.RelyingParty {
	t.Helper()
	described := subject.FIDOServer{Base: base, Limits: limits}
	call := subject.Call{Path: "/x", Body: "${credential}"}
	app, err := subject.Mapped{FIDOServer: described, Application: subject.Application{
		CreationOptions: subject.Call{Path: "/x"}, CreationResult: call, RequestOptions: subject.Call{Path: "/x"}, RequestResult: call,
	}}.Dial()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { app.Close() })
	return map[string]subject.RelyingParty{"FIDO's API": dial(t, described), "an application": app}
}

func TestHostileServersCostLittle(t *testing.T) {
	const head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
	for name, c := range map[string]struct {
		answer func(w net.Conn)
		want   subject.Outcome
	}{
		"headers of 200 MB":         {func(w net.Conn) { io.WriteString(w, head); withoutEnd(w, "X-More: "+strings.Repeat("x", 1<<16)+"\r\n") }, subject.TooLarge},
		"one header without end":    {func(w net.Conn) { io.WriteString(w, head+"X-More: "); withoutEnd(w, strings.Repeat("x", 1<<16)) }, subject.TooLarge},
		"a status line without end": {func(w net.Conn) { io.WriteString(w, "HTTP/1.1 200 "); withoutEnd(w, strings.Repeat("x", 1<<16)) }, subject.TooLarge},
		"half of an answer":         {func(w net.Conn) { io.WriteString(w, head+"Content-Length: 100\r\n\r\n{\"status\":\"ok\"") }, subject.Reset},
		"a chunk that ends early":   {func(w net.Conn) { io.WriteString(w, head+"Transfer-Encoding: chunked\r\n\r\n20\r\n{\"sta") }, subject.Reset},
		"a chunk of nonsense":       {func(w net.Conn) { io.WriteString(w, head+"Transfer-Encoding: chunked\r\n\r\nzz\r\n{}") }, subject.Reset},
		"gzip that is none":         {func(w net.Conn) { io.WriteString(w, head+"Content-Encoding: gzip\r\nContent-Length: 2\r\n\r\n{}") }, subject.Reset},
		"a gzip bomb": {func(w net.Conn) {
			io.WriteString(w, head+"Content-Encoding: gzip\r\nConnection: close\r\n\r\n")
			z := gzip.NewWriter(w)
			withoutEnd(z, strings.Repeat(" ", 1<<16))
			z.Close()
		}, subject.TooLarge},
		"no more than a reset":        {func(w net.Conn) { w.(*net.TCPConn).SetLinger(0) }, subject.Reset},
		"interim answers without end": {func(w net.Conn) { withoutEnd(w, "HTTP/1.1 103 Early Hints\r\n\r\n") }, subject.Reset},
	} {
		t.Run(name, func(t *testing.T) {
			limits := subject.Limits{Time: 30 * time.Second, Body: 64 << 10, Header: 16 << 10}
			for kind, rp := range spellings(t, raw(t, c.answer), limits) {
				got := rp.Visit().Do(t.Context(), subject.Request{Endpoint: subject.CreationResult, Body: []byte("{}")})
				if got.Outcome != c.want && !(c.want == subject.Reset && got.Outcome == subject.TooLarge) || got.Err == nil {
					t.Errorf("%s: %s, %v", kind, got, got.Err)
				}
				if len(got.Body) > limits.Body {
					t.Errorf("%s: %d bytes were kept", kind, len(got.Body))
				}
			}
		})
	}
}

// A redirect is never followed, wherever it leads: another host would be asked what only the target may be asked.
func TestRedirectsAreNotFollowed(t *testing.T) {
	asked := 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked++
		http.Redirect(w, r, fmt.Sprintf("/x?%d", asked), http.StatusTemporaryRedirect)
	}))
	defer server.Close()
	for kind, rp := range spellings(t, server.URL, subject.Limits{}) {
		asked = 0
		got := rp.Visit().Do(t.Context(), subject.Request{Endpoint: subject.CreationResult, Body: []byte("{}")})
		if got.Outcome != subject.Redirected || asked != 1 || !strings.Contains(got.Err.Error(), "/x?1") {
			t.Errorf("%s: %s after %d requests", kind, got, asked)
		}
	}
}

// What is no JSON is told for what it is, whatever its content type says.
func TestAPageIsNoAnswer(t *testing.T) {
	for contentType, body := range map[string]string{"text/html": "<html>", "application/json": "<!doctype html>", "image/png": "\x89PNG"} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", contentType)
			io.WriteString(w, body)
		}))
		for kind, rp := range spellings(t, server.URL, subject.Limits{}) {
			for _, endpoint := range subject.Endpoints() {
				got := rp.Visit().Do(t.Context(), subject.Request{Endpoint: endpoint, Body: []byte("{}")})
				if got.Outcome != subject.NotJSON && got.Outcome != subject.NotAsDescribed {
					t.Errorf("%s, %s, %s: %s", kind, contentType, endpoint, got)
				}
			}
		}
		server.Close()
	}
}

// A handler of this process that writes without end is cut off like a server.
func TestAHandlerThatWritesWithoutEndIsCutOff(t *testing.T) {
	rp, err := subject.FIDOServer{Base: "http://localhost", Limits: subject.Limits{Body: 1 << 10}}.InProcess(
		http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { withoutEnd(w, strings.Repeat("x", 1<<12)) }))
	if err != nil {
		t.Fatal(err)
	}
	got := rp.Visit().Do(t.Context(), subject.Request{Endpoint: subject.RequestResult})
	if got.Outcome != subject.TooLarge || len(got.Body) != 1<<10 || errors.Is(got.Err, subject.ErrHandlerBroke) {
		t.Errorf("%s: %d bytes", got, len(got.Body))
	}
}
