package web

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"

	"github.com/passkeylab/passkeylab/rp"
)

// visit is one request: what was asked, by whom, in which language.
type visit struct {
	*Server
	w     http.ResponseWriter
	r     *http.Request
	route route
	// json is true when the answer, errors included, is JSON.
	json bool
	// tongue speaks the person's language; theme is "light", "dark" or "" for the browser's choice.
	tongue *tongue
	theme  string
	// sid is the relying party's session id, "" for a visitor; session and user are set with needsSession.
	sid     string
	session *rp.Session
	user    *rp.User
}

// shownRoute carries facts for the access log out of the handlers.
type shownRoute struct{ pattern, code string }

type shownRouteKey struct{}

func withShownRoute(ctx context.Context, shown *shownRoute) context.Context {
	return context.WithValue(ctx, shownRouteKey{}, shown)
}

// logged returns where the handlers leave facts for the access log.
func logged(ctx context.Context) *shownRoute {
	if shown, ok := ctx.Value(shownRouteKey{}).(*shownRoute); ok {
		return shown
	}
	return &shownRoute{}
}

func (s *Server) newVisit(w http.ResponseWriter, r *http.Request, rt route) *visit {
	v := &visit{Server: s, w: w, r: r, route: rt, json: rt.access.speaksJSON() || wantsJSON(r)}
	v.chooseLanguage()
	v.rememberLanguage()
	if theme := v.cookie(themeCookie); theme == "light" || theme == "dark" {
		v.theme = theme
	}
	return v
}

// serve makes a handler of a route: it opens the session where one is needed and turns the handler's error into
// an answer.
func (s *Server) serve(rt route) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		logged(r.Context()).pattern = r.Pattern
		v := s.newVisit(w, r, rt)
		v.sid = s.sessions.GetString(r.Context(), keySession)
		err := v.open()
		if err == nil {
			err = rt.handle(s, v)
		}
		if err != nil {
			v.fail(err)
		}
	})
}

// open reads the session. A visitor whose session has ended is an error only where one is needed.
func (v *visit) open() error {
	if v.sid == "" {
		if v.route.access.needsSession() {
			return errNoSession
		}
		return nil
	}
	session, err := v.rp.Session(v.ctx(), v.sid)
	if err == nil {
		v.session = session
		v.user, err = v.rp.User(v.ctx(), session.UserID)
	}
	if err == nil {
		v.chooseLanguage()
		v.r = v.r.WithContext(rp.WithLanguage(v.ctx(), v.tongue.Lang()))
		return nil
	}
	if isSessionEnd(err) {
		v.session, v.user = nil, nil
		if !v.route.access.needsSession() {
			return nil
		}
		return errNoSession
	}
	return err
}

func (v *visit) ctx() context.Context { return v.r.Context() }

// signedIn reports whether somebody is.
func (v *visit) signedIn() bool { return v.session != nil }

// redirect answers a post, or sends a reader elsewhere within the site: always with GET.
func (v *visit) redirect(to string) error {
	http.Redirect(v.w, v.r, to, http.StatusSeeOther)
	return nil
}

// writeJSON answers with a JSON body.
func (v *visit) writeJSON(status int, body any) error {
	encoded, err := json.Marshal(body)
	if err != nil {
		return fmt.Errorf("web: encode answer: %w", err)
	}
	v.w.Header().Set("Content-Type", "application/json")
	v.w.WriteHeader(status)
	_, err = v.w.Write(append(encoded, '\n'))
	if err != nil {
		v.log.DebugContext(v.ctx(), "answer not delivered", "error", err)
	}
	return nil
}

// form reads the posted form, errors being the reader's.
func (v *visit) form() error {
	if err := v.r.ParseForm(); err != nil {
		return badRequest(err)
	}
	return nil
}
