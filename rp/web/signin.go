package web

import (
	"context"
	"net/http"

	"github.com/passkeylab/passkeylab/rp"
	"github.com/passkeylab/passkeylab/rp/policy"
)

// signInPage is the data of sign-in.html.
type signInPage struct {
	base
	// Typed is the user name as typed before; Notice and Error are texts; Code is the error's code.
	Typed, Notice, Error string
	Code                 rp.Code
	// TakesPass is true when a temporary pass may stand in the place of password and code.
	TakesPass bool
}

func (v *visit) showSignIn(status int, page signInPage) error {
	page.base = v.frame(rp.SignIn, v.tongue.T("signin.title"))
	page.Shape = "narrow"
	page.TakesPass = v.rp.HasAdmin() && v.rp.Policy().TemporaryAccessPass.State != policy.StateDisabled
	return v.show(status, "sign-in", page)
}

func (s *Server) signIn(v *visit) error {
	if v.signedIn() {
		return v.redirect(pathInfo)
	}
	if back := v.r.URL.Query().Get("return"); back != "" {
		s.sessions.Put(v.ctx(), keyReturn, localPath(back, pathInfo))
	}
	page := signInPage{}
	if notice := v.takeFlash().Notice; notice != "" {
		page.Notice = v.tongue.T(notice)
	}
	return v.showSignIn(http.StatusOK, page)
}

// signInWithPassword takes user name, password and one-time code.
func (s *Server) signInWithPassword(v *visit) error {
	if err := v.form(); err != nil {
		return err
	}
	in := rp.PasswordSignIn{UserName: v.r.PostFormValue("userName"), Password: v.r.PostFormValue("password"),
		Code: v.typedCode(), Client: clientOf(v.r)}
	session, err := s.rp.SignInWithPassword(v.ctx(), in)
	if refusal := rp.AsRefusal(err); refusal != nil {
		logged(v.ctx()).code = string(refusal.Code)
		return v.showSignIn(refusal.Code.Status(), signInPage{Typed: in.UserName, Code: refusal.Code, Error: v.signInError(refusal)})
	}
	if err != nil {
		return err
	}
	to, err := v.begin(session, flash{})
	if err != nil {
		return err
	}
	return v.redirect(to)
}

// signInError is the text beside the form. It never says which of the three was wrong.
func (v *visit) signInError(refusal *rp.Refusal) string {
	switch refusal.Code {
	case rp.CodeLocked, rp.CodeRateLimited:
		return v.tongue.T("prove.locked", "Wait", v.tongue.Wait(refusal.RetryAt.Sub(v.rp.Now())))
	case rp.CodeCodeUsed:
		return v.tongue.T("signin.code_used")
	case rp.CodePassNotYetValid, rp.CodePassExpired, rp.CodePassUsed, rp.CodeMethodTooWeak:
		return v.proofText(refusal.Code)
	default:
		return v.tongue.T("signin.wrong")
	}
}

// signInAsk is the body of a request for sign-in options.
type signInAsk struct {
	UserName    string `json:"userName"`
	Conditional bool   `json:"conditional"`
}

// ceremonyJSON is the answer to a request for options of either kind.
type ceremonyJSON struct {
	Ceremony  string `json:"ceremony"`
	PublicKey any    `json:"publicKey"`
	// Timers are the page's own, in milliseconds.
	Timers timersJSON `json:"timers"`
}

type timersJSON struct {
	// GiveUp ends the page's wait for the browser, StillWaiting shows the checklist, Answer ends the wait for
	// the server's verdict.
	GiveUp       int64 `json:"giveUp"`
	StillWaiting int64 `json:"stillWaiting"`
	Answer       int64 `json:"answer"`
}

func (v *visit) timers() timersJSON {
	t := v.rp.Timers()
	return timersJSON{GiveUp: (t.Timeout + t.PageGrace).Milliseconds(), StillWaiting: t.StillWaiting.Milliseconds(), Answer: t.CheckOutcome.Milliseconds()}
}

func (s *Server) signInOptions(v *visit) error {
	var ask signInAsk
	if err := v.readJSON(&ask); err != nil {
		return err
	}
	binding, err := v.binding()
	if err != nil {
		return err
	}
	options, err := s.rp.BeginSignIn(v.ctx(), rp.SignInStart{Binding: binding, UserName: ask.UserName, Conditional: ask.Conditional})
	if err != nil {
		return err
	}
	return v.writeJSON(http.StatusOK, ceremonyJSON{Ceremony: options.CeremonyID, PublicKey: options.Options, Timers: v.timers()})
}

// nextJSON tells the script where to go.
type nextJSON struct {
	Next string `json:"next"`
}

// signInVerify takes the assertion. A refusal is kept for its page, which the script opens.
func (s *Server) signInVerify(v *visit) error {
	body, err := v.readBody()
	if err != nil {
		return err
	}
	binding, err := v.binding()
	if err != nil {
		return err
	}
	var to string
	_, err = s.rp.FinishSignIn(v.ctx(), rp.SignInResponse{Binding: binding, Body: body, Client: clientOf(v.r),
		Started: func(ctx context.Context, in *rp.SignedIn) (err error) {
			if to, err = v.adopt(ctx, in.Session, flash{OfferHere: in.OfferHere}); err != nil {
				return err
			}
			return v.keepWithin(ctx)
		}})
	if refusal := rp.AsRefusal(err); refusal != nil {
		logged(v.ctx()).code = string(refusal.Code)
		v.putJSON(keyRefusal, refusal)
		return v.writeJSON(refusal.Code.Status(), v.problemJSON(refusal, pathProblem))
	}
	if err != nil {
		if to != "" { // it was begun, and undone
			v.notKept()
		}
		return err
	}
	v.unbind()
	return v.writeJSON(http.StatusOK, nextJSON{Next: to})
}

// signInProblemPage is the data of sign-in-problem.html.
type signInProblemPage struct {
	base
	Code             rp.Code
	Tone, Icon, Body string
	StepsTitle       string
	Steps            []string
}

func (s *Server) signInProblem(v *visit) error {
	var refusal rp.Refusal
	if !v.getJSON(keyRefusal, &refusal) {
		return v.redirect(pathSignIn)
	}
	return v.showSignInProblem(&refusal)
}

// showSignInProblem explains why a passkey did not sign anybody in.
func (v *visit) showSignInProblem(refusal *rp.Refusal) error {
	screen := refusal.Code.Screen()
	page := signInProblemPage{Code: refusal.Code, Tone: "warn", Icon: "warning"}
	key := map[rp.Screen]string{rp.SIUnknown: "unknown", rp.SIStray: "stray", rp.SIBlocked: "blocked"}[screen]
	if key == "" {
		key, screen = "failed", rp.SIFailed
	}
	page.base = v.frame(screen, v.tongue.T("signin_problem."+key+"_title"))
	page.Shape = "narrow"
	page.Body = v.tongue.T("signin_problem." + key + "_body")
	switch screen {
	case rp.SIStray:
		page.Icon = "wrong-place"
		page.Body = v.tongue.T("signin_problem.stray_body_unknown")
		if refusal.Provider != "" {
			page.Body = v.tongue.T("signin_problem.stray_body", "Provider", refusal.Provider)
		}
	case rp.SIBlocked:
		page.Icon = "blocked"
	}
	if refusal.Stray == rp.StrayYes {
		page.Steps = v.removalSteps(refusal.Steps)
		page.StepsTitle = v.tongue.T("signin_problem.remove_title")
		if refusal.Provider != "" {
			page.StepsTitle = v.tongue.T("signin_problem.remove_place_title", "Provider", refusal.Provider)
		}
	}
	return v.show(refusal.Code.Status(), "sign-in-problem", page)
}

// signOut ends the session; it is no error when there is none.
func (s *Server) signOut(v *visit) error {
	if v.sid != "" {
		if err := s.rp.SignOut(v.ctx(), v.sid); err != nil && !isSessionEnd(err) {
			return err
		}
	}
	return v.signedOut("signin.signed_out")
}
