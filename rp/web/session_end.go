package web

import (
	"errors"
	"net/http"

	"github.com/passkeylab/passkeylab/rp"
)

// plainPage is the data of pages that only ask for a confirmation.
type plainPage struct{ base }

// everywherePage asks before every session of the account ends.
func (s *Server) everywherePage(v *visit) error {
	page := plainPage{v.frame("sign-out-everywhere", v.tongue.T("everywhere.title"))}
	page.Shape, page.Section = "narrow", "info"
	return v.show(http.StatusOK, "sign-out-everywhere", page)
}

// signOutEverywhere ends every session; passkeys stay.
func (s *Server) signOutEverywhere(v *visit) error {
	if err := s.rp.SignOutEverywhere(v.ctx(), v.sid); err != nil {
		return err
	}
	return v.signedOut("everywhere.done")
}

// clearSiteData asks the browser to forget what it kept of the pages (Clear Site Data §3.1). Cookies stay: what they hold is
// renewed, and the choice of language and theme is nobody's secret.
const clearSiteData = `"cache", "storage"`

// signedOut answers the end of the session with the sign-in page and a notice. That page tells those in other tabs, which empty
// themselves.
func (v *visit) signedOut(notice string) error {
	if err := v.sessions.RenewToken(v.ctx()); err != nil {
		return errors.Join(errInternal, err)
	}
	if err := v.sessions.Clear(v.ctx()); err != nil {
		return errors.Join(errInternal, err)
	}
	v.w.Header().Set("Clear-Site-Data", clearSiteData)
	v.leave(flash{Notice: notice})
	return v.redirect(pathSignIn)
}

// campaignPage is the data of campaign.html, F1.
type campaignPage struct {
	base
	// Left says how often it can be put off, "" where that has no end; Forced is true when it cannot any more.
	Left   string
	Forced bool
}

// campaign asks for a passkey. Without a question it leads to Security info.
func (s *Server) campaign(v *visit) error {
	prompt, err := s.rp.Prompt(v.ctx(), v.sid)
	if err != nil {
		return err
	}
	if prompt == nil {
		return v.redirect(pathInfo)
	}
	page := campaignPage{base: v.frame(rp.F1, v.tongue.T("campaign.title")), Forced: prompt.SnoozesLeft == 0}
	page.Shape = "narrow"
	switch {
	case page.Forced:
		page.Left = v.tongue.T("campaign.no_more")
	case prompt.SnoozesLeft > 0:
		page.Left = v.tongue.N("campaign.left", prompt.SnoozesLeft)
	}
	return v.show(http.StatusOK, "campaign", page)
}

// snooze is "Not now". When none is left it leads back to the question.
func (s *Server) snooze(v *visit) error {
	err := s.rp.Snooze(v.ctx(), v.sid)
	if errors.Is(err, rp.ErrOutOfStep) {
		return v.redirect(pathPrompt)
	}
	if err != nil {
		return err
	}
	return v.redirect(pathInfo)
}

// passEntry is the bootstrap pass among the other ways to sign in.
func (v *visit) passEntry(pass *rp.Pass) []otherView {
	if pass == nil {
		return nil
	}
	key := "info.pass_note"
	if pass.UsableOnce {
		key = "info.pass_note_once"
	}
	view := otherView{Key: "pass", Icon: "lock", Name: v.tongue.T("info.pass"), Note: v.tongue.T(key, "Date", v.tongue.Date(pass.ExpiresAt)),
		Set: pass.State == rp.PassUsable, Delete: pathInfo + "/pass/delete", DeleteText: v.tongue.T("info.pass_delete")}
	if pass.State == rp.PassExpired || pass.State == rp.PassUsed || pass.State == rp.PassDisabled {
		view.Note = v.tongue.T("info.pass_over")
	}
	return []otherView{view}
}

// deletePass removes the person's own pass. One that is gone already counts as done.
func (s *Server) deletePass(v *visit) error {
	if err := s.rp.DeletePass(v.ctx(), v.sid); err != nil && !errors.Is(err, rp.ErrNotFound) {
		return err
	}
	v.leave(flash{Toast: v.tongue.T("info.toast_pass_deleted"), Focus: "list"})
	return v.redirect(pathInfo)
}
