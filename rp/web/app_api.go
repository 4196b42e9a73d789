package web

import (
	"net/http"
	"strings"
	"time"

	"github.com/passkeylab/passkeylab/rp"
)

// The app's API is for the organisation's own phone app, and for nothing that runs in a browser. JSON in, JSON out; the credential
// is the token that sign-in gives, as a bearer token (RFC 6750 §2.1). There are no cookies, and what comes with one, or says
// that a browser sent it, is refused: no page can make use of somebody's session by way of this API.
//
//	POST   /app/api/v1/sign-in            userName, password, code                → 201 token, expiresAt, proofUntil, user
//	POST   /app/api/v1/sign-out                                                   → 204
//	POST   /app/api/v1/proof              code: renews the proof                  → 200 proofUntil
//	POST   /app/api/v1/passkeys/options   phone: "android", "ios" or ""           → 200 ceremony, publicKey, timers
//	POST   /app/api/v1/passkeys/verify    RegistrationResponseJSON                → 201 id, name
//	DELETE /app/api/v1/passkeys/{id}      reports that it was deleted in the app  → 204
//
// Errors are those of the pages' own JSON, with the same codes and statuses: code, message, requestID and what a refusal adds.
// Without an app (rp.Config.Apps) none of these addresses exists.

const appRoot = "/app/api/v1"

// appRoutes are the addresses of the app's API.
var appRoutes = []route{
	{"POST " + appRoot + "/sign-in", openAPI, forApp((*Server).appSignIn)},
	{"POST " + appRoot + "/sign-out", openAPI, forApp((*Server).appSignOut)},
	{"POST " + appRoot + "/proof", openAPI, forApp((*Server).appProve)},
	{"POST " + appRoot + "/passkeys/options", openAPI, forApp((*Server).appOptions)},
	{"POST " + appRoot + "/passkeys/verify", openAPI, forApp((*Server).appVerify)},
	{"DELETE " + appRoot + "/passkeys/{id}", openAPI, forApp((*Server).appDeleted)},
}

// forApp lets apps in and browsers not, and answers refusals without any page to go to.
func forApp(handle func(*Server, *visit) error) func(*Server, *visit) error {
	return func(s *Server, v *visit) error {
		if !s.rp.HasApp() {
			return errNoPage
		}
		if fromBrowser(v.r) {
			return errCrossSite
		}
		err := handle(s, v)
		refusal := rp.AsRefusal(err)
		if refusal == nil {
			return err
		}
		logged(v.ctx()).code = string(refusal.Code)
		if refusal.Code == rp.CodeSessionExpired {
			v.w.Header().Set("WWW-Authenticate", `Bearer realm="app"`)
		}
		return v.writeJSON(refusal.Code.Status(), v.problemJSON(refusal, ""))
	}
}

// fromBrowser reports whether a browser sent the request: every one says so by Fetch Metadata or, to other than GET, by the
// origin of the page. Cookies an app has none of.
func fromBrowser(r *http.Request) bool {
	h := r.Header
	return len(r.Cookies()) > 0 || h.Get("Origin") != "" || h.Get("Sec-Fetch-Site") != "" || h.Get("Sec-Fetch-Mode") != ""
}

// bearer returns the token of a request, "" without one.
func bearer(r *http.Request) string {
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return ""
	}
	return strings.TrimSpace(token)
}

// appSignInJSON is what the app sends to sign somebody in; code is a one-time code, or a bootstrap pass.
type appSignInJSON struct {
	UserName string `json:"userName"`
	Password string `json:"password"`
	Code     string `json:"code"`
}

// appSessionJSON is a session as the app is told of it. User and Token come with sign-in only.
type appSessionJSON struct {
	Token      string       `json:"token,omitempty"`
	ExpiresAt  time.Time    `json:"expiresAt"`
	ProofUntil time.Time    `json:"proofUntil,omitzero"`
	User       *appUserJSON `json:"user,omitempty"`
}

type appUserJSON struct {
	UserName     string `json:"userName"`
	DisplayName  string `json:"displayName"`
	Organisation string `json:"organisation"`
}

func (s *Server) appSignIn(v *visit) error {
	var in appSignInJSON
	if err := v.readJSON(&in); err != nil {
		return err
	}
	client := clientOf(v.r)
	client.Family = s.rp.App()
	app, err := s.rp.SignInApp(v.ctx(), rp.PasswordSignIn{UserName: in.UserName, Password: in.Password, Code: in.Code, Client: client})
	if err != nil {
		return err
	}
	answer := v.appSession(app.Session)
	answer.Token = app.Token
	answer.User = &appUserJSON{UserName: app.User.UserName, DisplayName: app.User.DisplayName, Organisation: s.rp.Organisation()}
	return v.writeJSON(http.StatusCreated, answer)
}

func (v *visit) appSession(session *rp.Session) appSessionJSON {
	answer := appSessionJSON{ExpiresAt: session.ExpiresAt}
	if proof := v.rp.Freshness(session, rp.ToChange); proof.Fresh {
		answer.ProofUntil = proof.Until
	}
	return answer
}

func (s *Server) appSignOut(v *visit) error {
	if err := s.rp.SignOutApp(v.ctx(), bearer(v.r)); err != nil {
		return err
	}
	v.w.WriteHeader(http.StatusNoContent)
	return nil
}

func (s *Server) appProve(v *visit) error {
	var in struct {
		Code string `json:"code"`
	}
	if err := v.readJSON(&in); err != nil {
		return err
	}
	session, err := s.rp.ProveInApp(v.ctx(), bearer(v.r), in.Code)
	if err != nil {
		return err
	}
	return v.writeJSON(http.StatusOK, v.appSession(session))
}

func (s *Server) appOptions(v *visit) error {
	var in struct {
		Phone rp.PhoneOS `json:"phone"`
	}
	if err := v.readJSON(&in); err != nil {
		return err
	}
	options, err := s.rp.BeginInApp(v.ctx(), bearer(v.r), in.Phone)
	if err != nil {
		return err
	}
	return v.writeJSON(http.StatusOK, ceremonyJSON{Ceremony: options.CeremonyID, PublicKey: options.Options, Timers: v.timers()})
}

// appPasskeyJSON is a stored passkey as the app is told of it.
type appPasskeyJSON struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

func (s *Server) appVerify(v *visit) error {
	body, err := v.readBody()
	if err != nil {
		return err
	}
	stored, err := s.rp.FinishInApp(rp.WithNaming(v.ctx(), v.nameNew), bearer(v.r), body)
	if err != nil {
		return err
	}
	return v.writeJSON(http.StatusCreated, appPasskeyJSON{ID: stored.Key(), Name: stored.Name})
}

func (s *Server) appDeleted(v *visit) error {
	if err := s.rp.DeletedInApp(v.ctx(), bearer(v.r), v.r.PathValue("id")); err != nil {
		return err
	}
	v.w.WriteHeader(http.StatusNoContent)
	return nil
}
