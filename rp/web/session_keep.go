package web

import (
	"context"
	"net/http"
	"time"

	"github.com/alexedwards/scs/v2"
)

// keeper keeps the cookie layer's data before the answer begins, as scs.SessionManager.LoadAndSave does. Beyond that it can be
// told to do so earlier, within a transaction of the relying party's, so that one commit keeps all of a sign-in.
type keeper struct {
	http.ResponseWriter
	request  *http.Request
	sessions *scs.SessionManager

	token  string // what was kept ahead of the answer, "" for nothing
	expiry time.Time
	began  bool
	failed bool // the answer is that the data could not be kept
}

type keeperKey struct{}

// loadAndSave reads what is kept for the browser's cookie and keeps what the handlers change.
func (s *Server) loadAndSave(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Vary", "Cookie")
		token := ""
		if cookie, err := r.Cookie(s.sessions.Cookie.Name); err == nil {
			token = cookie.Value
		}
		ctx, err := s.sessions.Load(r.Context(), token)
		if err != nil {
			s.sessions.ErrorFunc(w, r, err)
			return
		}
		k := &keeper{ResponseWriter: w, sessions: s.sessions}
		k.request = r.WithContext(context.WithValue(ctx, keeperKey{}, k))
		next.ServeHTTP(k, k.request)
		k.begin()
	})
}

// keepWithin keeps the data now, within the transaction of ctx. Changes that come later are not kept.
func (v *visit) keepWithin(ctx context.Context) (err error) {
	k := ctx.Value(keeperKey{}).(*keeper)
	k.token, k.expiry, err = k.sessions.Commit(ctx)
	return err
}

// notKept says that the transaction in which a session was begun failed: there is none.
func (v *visit) notKept() {
	v.ctx().Value(keeperKey{}).(*keeper).token = ""
	v.sessions.Remove(v.ctx(), keySession)
}

// begin is called before anything of the answer is sent.
func (k *keeper) begin() {
	if k.began {
		return
	}
	k.began = true
	ctx := k.request.Context()
	if k.token == "" {
		if k.sessions.Status(ctx) != scs.Modified {
			return
		}
		var err error
		if k.token, k.expiry, err = k.sessions.Commit(ctx); err != nil {
			k.failed = true
			k.sessions.ErrorFunc(k.ResponseWriter, k.request, err)
			return
		}
	}
	k.sessions.WriteSessionCookie(ctx, k.ResponseWriter, k.token, k.expiry)
}

// WriteHeader implements http.ResponseWriter.
func (k *keeper) WriteHeader(status int) {
	if k.begin(); !k.failed {
		k.ResponseWriter.WriteHeader(status)
	}
}

// Write implements http.ResponseWriter.
func (k *keeper) Write(b []byte) (int, error) {
	if k.begin(); k.failed {
		return len(b), nil // the answer is another
	}
	return k.ResponseWriter.Write(b)
}

// Unwrap lets http.ResponseController reach the connection.
func (k *keeper) Unwrap() http.ResponseWriter { return k.ResponseWriter }
