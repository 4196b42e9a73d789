package web

import (
	"errors"
	"net/http"

	"github.com/passkeylab/passkeylab/rp"
)

// passwordPage is the data of password.html.
type passwordPage struct {
	base
	Code rp.Code
	// Account is the user name, for password managers; Locked replaces the form.
	Account, Locked string
	Fields          []fieldView
	// EndOthers is the choice to sign out everywhere else.
	EndOthers bool
}

// passwordPage asks for the password so far and another one. The proof is asked for first: nobody types a password twice.
func (s *Server) passwordPage(v *visit) error {
	if !v.user.HasPassword {
		return errNoPage
	}
	if !s.rp.Freshness(v.session, rp.ToChange).Fresh {
		return v.redirect(provePath(pathPassword))
	}
	return v.showPassword(http.StatusOK, passwordPage{EndOthers: true}, nil)
}

// showPassword never fills a password in again.
func (v *visit) showPassword(status int, page passwordPage, wrong map[string]string) error {
	title := v.tongue.T("password.title")
	if page.Locked != "" {
		title = v.tongue.T("password.locked_title")
	}
	page.base = v.frame("password", title)
	page.Shape, page.Section, page.Account = "narrow", "info", v.user.UserName
	page.Fields = []fieldView{
		{Name: "currentPassword", Label: v.tongue.T("password.current"), Autocomplete: "current-password"},
		{Name: "newPassword", Label: v.tongue.T("password.new"), Hint: v.tongue.N("password.hint", rp.MinPassword), Autocomplete: "new-password"},
	}
	for i := range page.Fields {
		page.Fields[i].Max, page.Fields[i].Error = maxTypedPassword, wrong[page.Fields[i].Name]
	}
	return v.show(status, "password", page)
}

// maxTypedPassword is how many characters the browser lets be typed.
const maxTypedPassword = 256

func (s *Server) changePassword(v *visit) error {
	if err := v.form(); err != nil {
		return err
	}
	change := rp.PasswordChange{Current: v.r.PostFormValue("currentPassword"), New: v.r.PostFormValue("newPassword"),
		EndOthers: v.r.PostFormValue("endOthers") != ""}
	err := s.rp.ChangePassword(v.ctx(), v.sid, change)
	if err != nil {
		return v.passwordNotChanged(err, change.EndOthers)
	}
	if err := s.sessions.RenewToken(v.ctx()); err != nil {
		return errors.Join(errInternal, err)
	}
	said := flash{Toast: v.tongue.T("password.toast"), Focus: "list"}
	if change.EndOthers {
		said.Toast = v.tongue.T("password.toast_ended")
	}
	v.leave(said)
	return v.redirect(pathInfo)
}

// passwordNotChanged says beside the field what was wrong with it.
func (v *visit) passwordNotChanged(err error, endOthers bool) error {
	page, wrong := passwordPage{EndOthers: endOthers}, map[string]string{}
	for _, problem := range rp.FieldErrors(err) {
		wrong[problem.Field] = v.fieldError(problem)
	}
	if len(wrong) > 0 {
		return v.showPassword(http.StatusUnprocessableEntity, page, wrong)
	}
	refusal := rp.AsRefusal(err)
	switch {
	case refusal != nil && refusal.Code == rp.CodeLocked:
		page.Locked = v.tongue.T("prove.locked", "Wait", v.tongue.Wait(refusal.RetryAt.Sub(v.rp.Now())))
	case refusal != nil && refusal.Code == rp.CodeWrongCredentials:
		wrong["currentPassword"] = v.tongue.N("password.wrong", refusal.TriesLeft)
	default:
		return err
	}
	page.Code = refusal.Code
	logged(v.ctx()).code = string(refusal.Code)
	return v.showPassword(refusal.Code.Status(), page, wrong)
}
