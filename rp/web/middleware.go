package web

import (
	"encoding/base32"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"runtime/debug"
	"strings"

	"github.com/passkeylab/passkeylab/rp"
)

// maxBody is the most that any request may bring, in bytes. The largest honest one is a registration response
// with an attestation statement and its certificates: a few kilobytes.
const maxBody = 64 << 10

// contentSecurityPolicy allows our own files and nothing else. It has no exception for inline code, because
// there is none. frame-ancestors keeps the pages out of foreign frames (WebAuthn L3 §13.4.2).
const contentSecurityPolicy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; " +
	"font-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'; object-src 'none'; manifest-src 'self'"

// permissionsPolicy keeps passkeys to this origin (WebAuthn L3 §5.9) and switches off what is never used.
const permissionsPolicy = "publickey-credentials-create=(self), publickey-credentials-get=(self), camera=(), microphone=(), geolocation=(), payment=(), usb=()"

// build stacks the layers, outermost first.
func (s *Server) build() http.Handler {
	site := s.loadAndSave(s.mux())
	top := http.NewServeMux()
	top.Handle("GET /static/{file}", http.HandlerFunc(s.assets.serve))
	top.Handle("GET /favicon.ico", http.HandlerFunc(s.assets.serveIcon))
	top.Handle("/", s.refuseCrossSite(limitBody(site)))
	return s.identify(s.record(s.headers(s.recover(top))))
}

// identify gives the request its id, in the context for the audit log and in a header for the person who looks
// at a network trace. An id that a client sends is ignored.
func (s *Server) identify(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		id := s.newID()
		w.Header().Set("X-Request-Id", id)
		next.ServeHTTP(w, r.WithContext(rp.WithRequestID(r.Context(), id)))
	})
}

// randomID makes ten characters of base32, 50 bits: short enough to read out on the telephone.
func (s *Server) randomID() string {
	var b [7]byte
	if _, err := io.ReadFull(s.rand, b[:]); err != nil {
		return "NORANDOM00"
	}
	return base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(b[:])[:10]
}

// headers sets what every answer carries. Pages are never cached: they show one person's data.
func (s *Server) headers(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", contentSecurityPolicy)
		h.Set("Permissions-Policy", permissionsPolicy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("X-Frame-Options", "DENY")
		h.Set("Referrer-Policy", "same-origin")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Cache-Control", "no-store")
		if s.secure {
			h.Set("Strict-Transport-Security", "max-age=31536000; includeSubDomains")
		}
		next.ServeHTTP(w, r)
	})
}

// recorder remembers the status for the access log.
type recorder struct {
	http.ResponseWriter
	status  int
	written int64
}

func (w *recorder) WriteHeader(status int) {
	if w.status == 0 {
		w.status = status
	}
	w.ResponseWriter.WriteHeader(status)
}

func (w *recorder) Write(b []byte) (int, error) {
	if w.status == 0 {
		w.status = http.StatusOK
	}
	n, err := w.ResponseWriter.Write(b)
	w.written += int64(n)
	return n, err
}

// Unwrap lets http.ResponseController reach the connection.
func (w *recorder) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// record logs one line a request: the route's pattern, not the address, because an address may contain a
// passkey's id.
func (s *Server) record(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		rec := &recorder{ResponseWriter: w}
		shown := &shownRoute{}
		next.ServeHTTP(rec, r.WithContext(withShownRoute(r.Context(), shown)))
		level := slog.LevelInfo
		if rec.status >= 500 {
			level = slog.LevelError
		}
		s.log.LogAttrs(r.Context(), level, "request",
			slog.String("id", rp.RequestID(r.Context())), slog.String("method", r.Method), slog.String("route", shown.pattern),
			slog.Int("status", rec.status), slog.Int64("bytes", rec.written), slog.String("code", shown.code))
	})
}

// recover turns a panic into the page for our own faults. None is expected; http.ErrAbortHandler is the one
// panic that is meant.
func (s *Server) recover(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() {
			fault := recover()
			if fault == nil {
				return
			}
			if err, ok := fault.(error); ok && errors.Is(err, http.ErrAbortHandler) {
				panic(fault)
			}
			s.log.ErrorContext(r.Context(), "panic", "id", rp.RequestID(r.Context()), "fault", fmt.Sprint(fault), "stack", string(debug.Stack()))
			s.bare(w, r, errInternal)
		}()
		next.ServeHTTP(w, r)
	})
}

// refuseCrossSite answers 403 to a state-changing request from another site.
func (s *Server) refuseCrossSite(next http.Handler) http.Handler {
	guard := http.NewCrossOriginProtection()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := guard.Check(r); err != nil {
			s.bare(w, r, errCrossSite)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// limitBody bounds every body; a length that is announced too large is refused by whoever reads it first.
func limitBody(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.Body = http.MaxBytesReader(w, r.Body, maxBody)
		next.ServeHTTP(w, r)
	})
}

// bare answers an error for a request that has no session yet, or whose session must not be touched.
func (s *Server) bare(w http.ResponseWriter, r *http.Request, err error) {
	v := s.newVisit(w, r, route{})
	v.json = wantsJSON(r)
	v.fail(err)
}

// wantsJSON reports whether a script asked, rather than a person.
func wantsJSON(r *http.Request) bool {
	accept := r.Header.Get("Accept")
	return strings.Contains(accept, "application/json") && !strings.Contains(accept, "text/html") ||
		strings.HasPrefix(r.Header.Get("Content-Type"), "application/json")
}
