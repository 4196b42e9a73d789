package web

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"github.com/alexedwards/scs/v2"

	"github.com/passkeylab/passkeylab/rp"
)

// Keys of the cookie layer's data.
const (
	keySession = "session" // the relying party's session id
	keyFlash   = "flash"   // what the next page says once
	keyReturn  = "return"  // where sign-in leads back to
	keyRefusal = "refusal" // why a sign-in failed, for its page
	keyEnrol   = "enrol"   // a new account whose code is not confirmed yet
)

// themeCookie keeps the choice of light or dark. It is no secret and belongs to no session.
const themeCookie = "theme"

// cookieLife is how long a cookie may live: longer than any session of the relying party.
const cookieLife = 24 * time.Hour

// newSessions configures the cookie layer. The relying party judges by its own clock how long a session lives;
// the cookie only has to outlive it.
func (s *Server) newSessions(cfg Config) *scs.SessionManager {
	// Not scs.New: that begins with a store in memory, whose goroutine would outlive the server.
	m := &scs.SessionManager{
		Store: s.rp.HTTPSessions(), Codec: codec{}, Lifetime: cookieLife,
		Cookie: scs.SessionCookie{Name: cfg.cookieName("account"), Path: "/", HttpOnly: true, Secure: cfg.Secure, SameSite: http.SameSiteLaxMode},
	}
	m.ErrorFunc = func(w http.ResponseWriter, r *http.Request, err error) {
		s.bare(w, r, fmt.Errorf("web: session data: %w", err))
	}
	return m
}

// cookieName says of a cookie, where it can, that no other host of the domain may set it (RFC 6265bis §4.1.3.2).
func (c Config) cookieName(name string) string {
	if c.Secure {
		return "__Host-" + name
	}
	return name
}

func (s *Server) cookieName(name string) string { return Config{Secure: s.secure}.cookieName(name) }

// flash is what the next page says or does once.
type flash struct {
	// Toast is the text of the status message, already in the person's language.
	Toast string `json:"toast,omitempty"`
	// Focus names what gets the focus: "add", "list", or a card's key.
	Focus string `json:"focus,omitempty"`
	// Removal is the provider key of a passkey just deleted, whose removal steps are shown; RemovalName its name.
	Removal     string `json:"removal,omitempty"`
	RemovalName string `json:"removalName,omitempty"`
	// RemovalSteps are the message keys of those steps.
	RemovalSteps []string `json:"removalSteps,omitempty"`
	// OfferHere offers a passkey for this device after a cross-device sign-in.
	OfferHere bool `json:"offerHere,omitempty"`
	// Notice is a message key for the sign-in page or the wizard.
	Notice string `json:"notice,omitempty"`
}

func (v *visit) leave(f flash) { v.putJSON(keyFlash, f) }

// takeFlash returns what an earlier request left, once.
func (v *visit) takeFlash() flash {
	var f flash
	if v.getJSON(keyFlash, &f) {
		v.sessions.Remove(v.ctx(), keyFlash)
	}
	return f
}

func (v *visit) putJSON(key string, value any) {
	encoded, err := json.Marshal(value)
	if err != nil {
		v.log.ErrorContext(v.ctx(), "session data not kept", "key", key, "error", err)
		return
	}
	v.sessions.Put(v.ctx(), key, string(encoded))
}

func (v *visit) getJSON(key string, into any) bool {
	text := v.sessions.GetString(v.ctx(), key)
	return text != "" && json.Unmarshal([]byte(text), into) == nil
}

// begin makes the session the browser's own and returns where to go.
func (v *visit) begin(session *rp.Session, then flash) (string, error) {
	to, err := v.adopt(v.ctx(), session, then)
	if err == nil {
		v.unbind()
	}
	return to, err
}

// adopt notes the session for the browser. The cookie gets a new value, so that one planted before sign-in is worth nothing,
// and what was kept for the sign-in is dropped. ctx is the visit's, or one within the transaction that starts the session.
func (v *visit) adopt(ctx context.Context, session *rp.Session, then flash) (string, error) {
	to := v.sessions.PopString(ctx, keyReturn)
	if err := v.sessions.RenewToken(ctx); err != nil {
		return "", fmt.Errorf("web: renew session cookie: %w", err)
	}
	for _, key := range []string{keyRefusal, keyEnrol, keyFlash} {
		v.sessions.Remove(ctx, key)
	}
	v.sessions.Put(ctx, keySession, session.ID)
	if then.OfferHere {
		v.leave(then)
	}
	return localPath(to, pathInfo), nil
}
