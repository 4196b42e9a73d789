package web

import (
	"errors"
	"net/http"

	"github.com/passkeylab/passkeylab/rp"
)

// signUpPage is the data of sign-up.html.
type signUpPage struct {
	base
	Fields []fieldView
}

// fieldView is one text field of a form.
type fieldView struct {
	Name, Label, Hint, Type, Value, Autocomplete, Error string
	// Max is the most that the browser lets be typed, 0 for no limit: browsers do not count characters as people do.
	Max int
}

func (v *visit) showSignUp(status int, typed rp.Registration, problems []*rp.FieldError) error {
	page := signUpPage{base: v.frame("sign-up", v.tongue.T("signup.title"))}
	page.Shape = "narrow"
	page.Fields = []fieldView{
		{Name: "userName", Label: v.tongue.T("signup.user_name"), Hint: v.tongue.T("signup.user_name_hint"), Type: "text", Value: typed.UserName, Autocomplete: "username", Max: 64},
		{Name: "displayName", Label: v.tongue.T("signup.display_name"), Hint: v.tongue.T("signup.display_name_hint"), Type: "text", Value: typed.DisplayName, Autocomplete: "name"},
		{Name: "password", Label: v.tongue.T("signup.password"), Hint: v.tongue.N("signup.password_hint", rp.MinPassword), Type: "password", Autocomplete: "new-password", Max: 256},
	}
	for i := range page.Fields {
		for _, problem := range problems {
			if problem.Field == page.Fields[i].Name {
				page.Fields[i].Error = v.fieldError(problem)
			}
		}
	}
	return v.show(status, "sign-up", page)
}

// fieldError is the text of what is wrong with a field.
func (v *visit) fieldError(e *rp.FieldError) string {
	switch {
	case e.Problem == rp.ProblemDuplicate && e.Suggestion == "":
		return v.tongue.T("field.duplicate_plain")
	case e.Problem == rp.ProblemTooLong, e.Problem == rp.ProblemTooShort:
		return v.tongue.N(e.Problem, e.Max)
	default:
		return v.tongue.T(e.Problem, "Suggestion", e.Suggestion)
	}
}

func (s *Server) signUp(v *visit) error {
	if v.signedIn() {
		return v.redirect(pathInfo)
	}
	return v.showSignUp(http.StatusOK, rp.Registration{}, nil)
}

// enrolment is a new account whose one-time code is not confirmed yet. It is kept in the cookie layer's data, on
// the server, until the code is. The password is not kept anywhere: the last step asks for it again.
type enrolment struct {
	UserName string `json:"userName"`
	Secret   string `json:"secret"`
	URL      string `json:"url"`
}

func (s *Server) createAccount(v *visit) error {
	if err := v.form(); err != nil {
		return err
	}
	typed := rp.Registration{UserName: v.r.PostFormValue("userName"), DisplayName: v.r.PostFormValue("displayName"), Password: v.r.PostFormValue("password")}
	made, err := s.rp.SignUp(v.ctx(), typed)
	if problems := rp.FieldErrors(err); len(problems) > 0 {
		return v.showSignUp(http.StatusUnprocessableEntity, typed, problems)
	}
	if err != nil {
		return err
	}
	v.putJSON(keyEnrol, enrolment{UserName: made.User.UserName, Secret: made.TOTPSecret, URL: made.TOTPURL})
	return v.redirect(pathConfirm)
}

// signUpCodePage is the data of sign-up-code.html.
type signUpCodePage struct {
	base
	QR                     qrView
	Account, Secret, Error string
}

func (v *visit) showSignUpCode(status int, waiting enrolment, problem string) error {
	qr, err := drawQR(waiting.URL)
	if err != nil {
		return err
	}
	page := signUpCodePage{base: v.frame("sign-up-code", v.tongue.T("signup.code_title")), QR: qr, Account: waiting.UserName, Secret: waiting.Secret, Error: problem}
	page.Shape = "narrow"
	return v.show(status, "sign-up-code", page)
}

func (s *Server) signUpCode(v *visit) error {
	var waiting enrolment
	if !v.getJSON(keyEnrol, &waiting) {
		return v.redirect(pathSignUp)
	}
	return v.showSignUpCode(http.StatusOK, waiting, "")
}

// confirmCode signs the new account in with its first code, which proves that the code app works.
func (s *Server) confirmCode(v *visit) error {
	var waiting enrolment
	if !v.getJSON(keyEnrol, &waiting) {
		return v.redirect(pathSignUp)
	}
	if err := v.form(); err != nil {
		return err
	}
	session, err := s.rp.SignInWithPassword(v.ctx(), rp.PasswordSignIn{UserName: waiting.UserName, Password: v.r.PostFormValue("password"),
		Code: v.typedCode(), Client: clientOf(v.r)})
	if refusal := rp.AsRefusal(err); refusal != nil {
		text := v.tongue.T("signup.wrong_code")
		if refusal.Code == rp.CodeLocked {
			text = v.signInError(refusal)
		}
		return v.showSignUpCode(refusal.Code.Status(), waiting, text)
	}
	if err != nil {
		return err
	}
	to, err := v.begin(session, flash{})
	if err != nil {
		return errors.Join(errInternal, err)
	}
	return v.redirect(to)
}
