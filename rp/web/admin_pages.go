package web

import (
	"encoding/json"
	"errors"
	"net/http"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/passkeylab/passkeylab/rp"
	"github.com/passkeylab/passkeylab/rp/policy"
)

const (
	pathAdmin         = "/admin"
	pathAdminSignIn   = "/admin/sign-in"
	pathAdminPolicy   = "/admin/policy"
	pathAdminDocument = "/admin/policy/document"
)

// keyAdmin is when an administrator signed in with this browser; adminLife is how long that lasts.
const (
	keyAdmin  = "admin"
	adminLife = time.Hour
)

// adminPages are the administrator's pages.
var adminPages = []route{
	{"GET " + pathAdmin, open, adminPage(func(_ *Server, v *visit) error { return v.redirect(pathAdminPolicy) })},
	{"GET " + pathAdminSignIn, open, (*Server).adminSignInPage},
	{"POST " + pathAdminSignIn, open, (*Server).adminSignIn},
	{"POST /admin/sign-out", open, (*Server).adminSignOut},
	{"GET " + pathAdminPolicy, open, adminPage((*Server).policyPage)},
	{"POST " + pathAdminPolicy, open, adminPage((*Server).savePolicy)},
	{"GET " + pathAdminOutbox, open, adminPage((*Server).adminOutbox)},
	{"GET " + pathAdminDocument, open, adminPage((*Server).documentPage)},
	{"POST " + pathAdminDocument, open, adminPage((*Server).saveDocument)},
}

// adminPage lets an administrator in whose sign-in is fresh. Without an administrator there is no such page.
func adminPage(handle func(*Server, *visit) error) func(*Server, *visit) error {
	return func(s *Server, v *visit) error {
		if !s.rp.HasAdmin() {
			return errNoPage
		}
		since, err := time.Parse(time.RFC3339, s.sessions.GetString(v.ctx(), keyAdmin))
		if err != nil || s.rp.Now().Sub(since) >= adminLife {
			return v.redirect(pathAdminSignIn)
		}
		return handle(s, v)
	}
}

// adminSignInView is the data of admin-sign-in.html.
type adminSignInView struct {
	base
	Code  rp.Code
	Error string
}

func (s *Server) adminSignInPage(v *visit) error {
	if !s.rp.HasAdmin() {
		return errNoPage
	}
	return v.showAdminSignIn(http.StatusOK, adminSignInView{})
}

func (v *visit) showAdminSignIn(status int, page adminSignInView) error {
	page.base = v.frame("admin-sign-in", v.tongue.T("admin.signin_title"))
	page.Shape = "narrow"
	return v.show(status, "admin-sign-in", page)
}

// adminSignIn takes the administrator's token. The cookie gets a new value with the new powers.
func (s *Server) adminSignIn(v *visit) error {
	if !s.rp.HasAdmin() {
		return errNoPage
	}
	if err := v.form(); err != nil {
		return err
	}
	client := clientOf(v.r)
	err := s.rp.CheckAdmin(v.ctx(), v.r.PostFormValue("token"), client)
	if refusal := rp.AsRefusal(err); refusal != nil {
		logged(v.ctx()).code = string(refusal.Code)
		page := adminSignInView{Code: refusal.Code, Error: v.tongue.T("admin.signin_wrong")}
		if refusal.Code == rp.CodeRateLimited {
			page.Error = v.tongue.T("prove.locked", "Wait", v.tongue.Wait(refusal.RetryAt.Sub(v.rp.Now())))
		}
		return v.showAdminSignIn(refusal.Code.Status(), page)
	}
	if err != nil {
		return err
	}
	if err := s.sessions.RenewToken(v.ctx()); err != nil {
		return errors.Join(errInternal, err)
	}
	s.sessions.Put(v.ctx(), keyAdmin, s.rp.Now().Format(time.RFC3339))
	if err := s.rp.AdminSignedIn(v.ctx(), client); err != nil {
		return err
	}
	return v.redirect(pathAdminPolicy)
}

func (s *Server) adminSignOut(v *visit) error {
	s.sessions.Remove(v.ctx(), keyAdmin)
	return v.redirect(pathAdminSignIn)
}

// policyView is the data of admin-policy.html.
type policyView struct {
	base
	Code     rp.Code
	Digest   string
	Sections []sectionView
	// Problems are those that stand beside no field; Wrong lists the fields that have some.
	Problems []string
	Wrong    []settingView
	Conflict bool
	Profiles int
}

type sectionView struct {
	Key, Title string
	Fields     []settingView
}

// settingView is one setting.
type settingView struct {
	ID, Path, Label, Help, Add, Use string
	Kind                            fieldKind
	Value                           string
	Options                         []optionView
	Least, Most                     int
	Errors                          []string
}

type optionView struct {
	Value, Text string
	Selected    bool
}

// codeInvalidPolicy is the code of a policy that was not taken.
const codeInvalidPolicy = "policy.invalid"

// formDocument is the document with one of the two names that enforced attestation has: the one of the form.
func (v *visit) formDocument() (map[string]any, error) {
	document, err := v.document()
	if err == nil && document["isAttestationEnforced"] == true {
		delete(document, "isAttestationEnforced")
		document["attestationEnforcement"] = string(policy.EnforcementRegistrationOnly)
	}
	return document, err
}

func (s *Server) policyPage(v *visit) error {
	document, err := v.formDocument()
	if err != nil {
		return err
	}
	return v.showPolicy(http.StatusOK, policyEdit{document: document, digest: s.rp.PolicyDigest()})
}

// policyEdit is a policy on its way to the page.
type policyEdit struct {
	document map[string]any
	digest   string
	problems []*policy.Problem
	conflict bool
}

func (v *visit) showPolicy(status int, edit policyEdit) error {
	page := policyView{base: v.frame("admin-policy", v.tongue.T("admin.policy_title")), Digest: edit.digest, Conflict: edit.conflict}
	page.Toast = v.takeFlash().Toast
	profiles, _ := edit.document["passkeyProfiles"].([]any)
	page.Profiles = len(profiles)
	beside := map[*policy.Problem]bool{}
	for _, section := range policySections {
		view := sectionView{Key: section.key, Title: v.tongue.T("admin." + section.key)}
		for _, field := range section.fields {
			one := v.settingView(field, edit.document)
			for _, problem := range field.problemsOf(edit.problems) {
				beside[problem] = true
				one.Errors = append(one.Errors, problem.Text)
			}
			if one.Errors != nil {
				page.Wrong = append(page.Wrong, one)
			}
			view.Fields = append(view.Fields, one)
		}
		page.Sections = append(page.Sections, view)
	}
	for _, problem := range edit.problems {
		if !beside[problem] {
			page.Problems = append(page.Problems, problem.Error())
		}
	}
	if len(edit.problems) > 0 {
		page.Code = codeInvalidPolicy
	}
	return v.show(status, "admin-policy", page)
}

func (v *visit) settingView(f policyField, document map[string]any) settingView {
	view := settingView{ID: f.key, Path: f.path, Kind: f.kind, Least: f.least, Most: f.most, Value: f.shown(document),
		Label: v.tongue.T("admin." + f.key + "_label"), Help: v.tongue.T("admin." + f.key + "_help")}
	for _, option := range f.options {
		view.Options = append(view.Options, optionView{option.value, v.tongue.T("admin." + option.key), option.value == view.Value})
	}
	if key := "admin." + f.key + "_add"; v.tongue.Has(key) {
		view.Add = v.tongue.T(key)
	}
	if key := "admin." + f.key + "_use"; v.tongue.Has(key) {
		view.Use = v.tongue.T(key)
	}
	return view
}

// savePolicy takes the form. It changes the settings that the form shows, and keeps what only the document has.
func (s *Server) savePolicy(v *visit) error {
	if err := v.form(); err != nil {
		return err
	}
	document, err := v.formDocument()
	if err != nil {
		return err
	}
	for _, section := range policySections {
		for _, field := range section.fields {
			field.read(document, v.r.PostFormValue(field.path))
		}
	}
	if at(document, "keyRestrictions.isEnforced") == nil && at(document, "keyRestrictions.aaGuids") == nil {
		put(document, "keyRestrictions", nil)
	}
	encoded, err := json.Marshal(document)
	if err != nil {
		return err
	}
	edit := policyEdit{document: document, digest: v.r.PostFormValue("digest")}
	changed, err := policy.Parse(encoded)
	if err == nil {
		err = s.rp.ChangePolicy(v.ctx(), edit.digest, changed)
	}
	for _, problem := range policy.Problems(err) {
		problem.Line = 0 // of a text that nobody wrote
		edit.problems = append(edit.problems, problem)
	}
	switch {
	case len(edit.problems) > 0:
		return v.showPolicy(http.StatusUnprocessableEntity, edit)
	case errors.Is(err, rp.ErrConflict):
		edit.conflict, edit.digest = true, s.rp.PolicyDigest()
		return v.showPolicy(http.StatusConflict, edit)
	case err != nil:
		return err
	}
	v.leave(flash{Toast: v.tongue.T("admin.saved")})
	return v.redirect(pathAdminPolicy)
}

// documentView is the data of admin-document.html.
type documentView struct {
	base
	Code         rp.Code
	Digest, Text string
	Errors       []string
	Conflict     bool
	Samples      []sampleView
}

type sampleView struct{ Name, Title, Text string }

func (s *Server) documentPage(v *visit) error {
	text, err := yaml.Marshal(s.rp.Policy())
	if err != nil {
		return err
	}
	return v.showDocument(http.StatusOK, documentView{Digest: s.rp.PolicyDigest(), Text: string(text)})
}

func (v *visit) showDocument(status int, page documentView) error {
	page.base = v.frame("admin-document", v.tongue.T("admin.document_title"))
	page.Toast = v.takeFlash().Toast
	for _, name := range policy.Samples() {
		text, err := policy.SampleDocument(name)
		if err != nil {
			return err
		}
		page.Samples = append(page.Samples, sampleView{name, v.tongue.T("admin.sample_" + name), string(text)})
	}
	return v.show(status, "admin-document", page)
}

// saveDocument takes the whole document.
func (s *Server) saveDocument(v *visit) error {
	if err := v.form(); err != nil {
		return err
	}
	page := documentView{Digest: v.r.PostFormValue("digest"), Text: v.r.PostFormValue("document")}
	changed, err := policy.Parse([]byte(page.Text))
	if err == nil {
		err = s.rp.ChangePolicy(v.ctx(), page.Digest, changed)
	}
	for _, problem := range policy.Problems(err) {
		page.Errors = append(page.Errors, problem.Error())
	}
	switch {
	case len(page.Errors) > 0:
		page.Code = codeInvalidPolicy
		return v.showDocument(http.StatusUnprocessableEntity, page)
	case errors.Is(err, rp.ErrConflict):
		page.Conflict, page.Digest = true, s.rp.PolicyDigest()
		return v.showDocument(http.StatusConflict, page)
	case err != nil:
		return err
	}
	v.leave(flash{Toast: v.tongue.T("admin.saved")})
	return v.redirect(pathAdminDocument)
}
