package web

import (
	"net/http"
	"net/url"

	"github.com/passkeylab/passkeylab/rp"
)

// provePage is the data of prove.html: S2a in a run, or the same question elsewhere.
type provePage struct {
	base
	Code rp.Code
	// Action is where the code is posted, VerifyURL where the script posts an assertion.
	Action, VerifyURL, Return, CancelURL string
	// Error stands beside the field; Locked replaces the form.
	Error, Locked string
	HasPasskey    bool
	// TakesPass is true for who has a temporary pass: it is longer than a code and has letters.
	TakesPass bool
	// ExpireMillis is how long the page stays useful inside a run, 0 for ever.
	ExpireMillis int64
}

// showProve renders the question for a code, in a run or, with run nil, for a page to return to.
func (v *visit) showProve(status int, page provePage, run *rp.Run) error {
	cards, err := v.rp.Credentials(v.ctx(), v.user.ID)
	if err != nil {
		return err
	}
	pass, err := v.rp.PassOf(v.ctx(), v.user.ID)
	if err != nil {
		return err
	}
	page.HasPasskey, page.TakesPass = len(cards) > 0, pass != nil
	title := v.tongue.T("prove.title")
	if page.Locked != "" {
		title = v.tongue.T("prove.locked_title")
	}
	if run == nil {
		page.base = v.frame(rp.S2a, title)
		page.Shape, page.Section = "narrow", "info"
		page.Action, page.CancelURL = pathProve, pathInfo
		page.VerifyURL = pathProve + "/verify?" + url.Values{"return": {page.Return}}.Encode()
		return v.show(status, "prove", page)
	}
	page.base = v.runFrame(run, title)
	page.Action = screenPath(run)
	page.VerifyURL = pathProve + "/verify?" + url.Values{"run": {run.ID}}.Encode()
	page.ExpireMillis = v.rp.Timers().ProvePage.Milliseconds()
	return v.show(status, "prove", page)
}

// explain turns a refused proof into the page's words; false when it is none.
func (v *visit) explain(page *provePage, refusal *rp.Refusal) bool {
	if refusal == nil {
		return false
	}
	page.Code = refusal.Code
	switch refusal.Code {
	case rp.CodeLocked, rp.CodeRateLimited:
		page.Locked = v.tongue.T("prove.locked", "Wait", v.tongue.Wait(refusal.RetryAt.Sub(v.rp.Now())))
	case rp.CodeCodeUsed:
		page.Error = v.tongue.T("prove.used")
	case rp.CodePassNotYetValid, rp.CodePassExpired, rp.CodePassUsed, rp.CodeMethodTooWeak:
		page.Error = v.proofText(refusal.Code)
	case rp.CodeWrongCode:
		page.Error = v.tongue.T("prove.wrong_plain")
		if refusal.TriesLeft > 0 {
			page.Error = v.tongue.N("prove.wrong", refusal.TriesLeft)
		}
	default:
		return false
	}
	logged(v.ctx()).code = string(refusal.Code)
	return true
}

// proofText explains what was right and still did not do.
func (v *visit) proofText(code rp.Code) string {
	return v.tongue.T(map[rp.Code]string{
		rp.CodePassNotYetValid: "prove.pass_early", rp.CodePassExpired: "prove.pass_expired",
		rp.CodePassUsed: "prove.pass_used", rp.CodeMethodTooWeak: "prove.too_weak",
	}[code])
}

// proveRun takes the code on S2a.
func (s *Server) proveRun(v *visit, id string) error {
	run, err := s.rp.ProveRun(v.ctx(), v.sid, id, v.typedCode())
	if err == nil {
		return v.redirect(screenPath(run))
	}
	refusal, page := rp.AsRefusal(err), provePage{}
	if !v.explain(&page, refusal) {
		return err
	}
	if run == nil {
		if run, err = s.rp.Run(v.ctx(), v.sid, id); err != nil {
			return err
		}
	}
	return v.showProve(refusal.Code.Status(), page, run)
}

// provePage asks for a proof outside a run: before a deletion, or to extend one.
func (s *Server) provePage(v *visit) error {
	return v.showProve(http.StatusOK, provePage{Return: localPath(v.r.URL.Query().Get("return"), pathInfo)}, nil)
}

func (s *Server) prove(v *visit) error {
	if err := v.form(); err != nil {
		return err
	}
	back := localPath(v.r.PostFormValue("return"), pathInfo)
	session, err := s.rp.ProveWithCode(v.ctx(), v.sid, v.typedCode())
	if err == nil {
		v.session = session
		return v.redirect(back)
	}
	refusal, page := rp.AsRefusal(err), provePage{Return: back}
	if !v.explain(&page, refusal) {
		return err
	}
	return v.showProve(refusal.Code.Status(), page, nil)
}

func (s *Server) proveOptions(v *visit) error {
	options, err := s.rp.BeginProof(v.ctx(), v.sid)
	if err != nil {
		return err
	}
	return v.writeJSON(http.StatusOK, ceremonyJSON{Ceremony: options.CeremonyID, PublicKey: options.Options, Timers: v.timers()})
}

func (s *Server) proveVerify(v *visit) error {
	body, err := v.readBody()
	if err != nil {
		return err
	}
	if _, err := s.rp.FinishProof(v.ctx(), v.sid, body); err != nil {
		return err
	}
	query := v.r.URL.Query()
	if id := query.Get("run"); id != "" {
		run, err := s.rp.Proved(v.ctx(), v.sid, id)
		if err != nil {
			return err
		}
		return v.writeJSON(http.StatusOK, nextJSON{Next: screenPath(run)})
	}
	return v.writeJSON(http.StatusOK, nextJSON{Next: localPath(query.Get("return"), pathInfo)})
}
