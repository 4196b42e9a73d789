package web

import (
	"fmt"
	"html"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/passkeylab/passkeylab/rp"
	"github.com/passkeylab/passkeylab/rp/policy"
)

const adminToken = "token-of-the-administrator"

func withAdmin(core *rp.Config, _ *Config) { core.AdminToken = adminToken }

// admin sends one request of an administrator's program: no cookies, a bearer token.
func (s *site) admin(method, path, body string, header ...string) *answer {
	s.t.Helper()
	r := httptest.NewRequestWithContext(s.ctx, method, testOrigin+adminRoot+path, strings.NewReader(body))
	r.Header.Set("Authorization", "Bearer "+adminToken)
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	return &answer{t: s.t, status: w.Code, header: w.Header(), body: w.Body.String(), path: path}
}

func (a *answer) is(status int) *answer {
	a.t.Helper()
	if a.status != status {
		a.t.Fatalf("%s: %d, want %d\n%s", a.path, a.status, status, a.body)
	}
	return a
}

// graphCode is the code of an error in Graph's shape.
func (a *answer) graphCode() string {
	a.t.Helper()
	inner, _ := a.json()["error"].(map[string]any)
	return fmt.Sprint(inner["code"])
}

func TestAdminAPIWantsTheToken(t *testing.T) {
	s := newSite(t, withAdmin)
	for _, header := range []string{"", "Bearer", "Bearer wrong-token", "Basic " + adminToken, adminToken} {
		a := s.admin("GET", "/users", "", "Authorization", header).is(http.StatusUnauthorized)
		if a.graphCode() != "InvalidAuthenticationToken" || !strings.HasPrefix(a.header.Get("WWW-Authenticate"), "Bearer") {
			t.Errorf("%q: %s", header, a.body)
		}
	}
	s.signIn() // a person's session is no administrator's
	s.get(adminRoot + "/users").is(http.StatusUnauthorized)
	for range 10 {
		s.admin("GET", "/users", "", "Authorization", "Bearer wrong-token")
	}
	if a := s.admin("GET", "/users", "").is(http.StatusTooManyRequests); a.header.Get("Retry-After") != "60" {
		t.Errorf("Retry-After is %q", a.header.Get("Retry-After"))
	}
	newSite(t).admin("GET", "/users", "").is(http.StatusNotFound)
	newSite(t).get("/admin/policy").is(http.StatusNotFound)
}

// DEL-15 over HTTP, and provisioning with what Graph's clients send.
func TestAdminProvisionsAndRemovesPasskeys(t *testing.T) {
	s := newSite(t, withAdmin)
	d := newDevice(t, appAndroid)
	keys := "/users/mia/authentication/fido2Methods"
	options := s.admin("GET", keys+"/creationOptions", "").is(http.StatusOK).json()
	if options["challengeTimeoutDateTime"] != "2031-05-06T09:05:00Z" || !strings.Contains(fmt.Sprint(options["@odata.context"]), "webauthnCredentialCreationOptions") {
		t.Errorf("options %v", options)
	}
	var made map[string]any
	credential := d.create(options)
	credential = regexp.MustCompile(`"(rawId|type)":"[^"]*",?`).ReplaceAllString(strings.Replace(credential, `,"type":"public-key"}`, "}", 1), "")
	made = s.admin("POST", keys, `{"displayName":"Desk key","publicKeyCredential":`+credential+`}`).is(http.StatusCreated).json()
	if made["displayName"] != "Desk key" || made["aaGuid"] != appAndroid.String() || made["attestationLevel"] != "notAttested" || made["passkeyType"] != "deviceBound" || made["lastUsedDateTime"] != nil {
		t.Errorf("made %v", made)
	}
	list := s.admin("GET", "/users/"+s.user.ID+"/authentication/fido2Methods", "").is(http.StatusOK).json()
	if values, _ := list["value"].([]any); len(values) != 1 {
		t.Errorf("listed %v", list)
	}
	id := fmt.Sprint(made["id"])
	if got := s.admin("GET", keys+"/"+id, "").is(http.StatusOK).json(); got["id"] != id || got["model"] != "Larkspur ID" {
		t.Errorf("got %v", got)
	}
	s.admin("GET", keys+"/AAAA", "").is(http.StatusNotFound)
	s.signIn()
	s.open("/security-info").has("Desk key")
	s.admin("DELETE", keys+"/"+id, "").is(http.StatusNoContent)
	if a := s.admin("DELETE", keys+"/"+id, "").is(http.StatusNotFound); a.graphCode() != "itemNotFound" {
		t.Error(a.body)
	}
	s.open("/security-info").hasNot("Desk key")
	s.open("/outbox").has("An administrator removed a passkey", "Desk key")
	s.admin("GET", "/users/nobody/authentication/fido2Methods", "").is(http.StatusNotFound)
	s.admin("POST", keys, `{"displayName":"x"}`).is(http.StatusBadRequest)
	s.admin("POST", keys, `{"publicKeyCredential":{"id":"AA"}}`).is(http.StatusUnprocessableEntity)
}

func TestAdminChangesPeople(t *testing.T) {
	s := newSite(t, withAdmin)
	s.admin("PATCH", "/users/mia", `{"userType":"Guest","memberOf":["staff","admins"],"department":"ignored"}`).is(http.StatusNoContent)
	got := s.admin("GET", "/users/MIA", "").is(http.StatusOK).json()
	if got["userType"] != "Guest" || fmt.Sprint(got["memberOf"]) != "[admins staff]" || got["userPrincipalName"] != "mia" {
		t.Errorf("got %v", got)
	}
	s.signIn()
	// POL-04: Add explains the home organisation.
	s.get("/security-info/add").wants(http.StatusForbidden, "E5d")
	s.admin("PATCH", "/users/mia", `{"userType":"Member"}`).is(http.StatusNoContent)
	s.get("/security-info/add").wants(http.StatusOK, "S1")
	s.admin("PATCH", "/users/mia", `{"userType":"Visitor"}`).is(http.StatusBadRequest)
	s.admin("PATCH", "/users/mia", `{"memberOf":[""]}`).is(http.StatusBadRequest)
	s.admin("PATCH", "/users/mia", `{`).is(http.StatusBadRequest)
	if list := s.admin("GET", "/users?$top=1", "").is(http.StatusOK).json(); len(list["value"].([]any)) != 1 {
		t.Errorf("listed %v", list)
	}
}

// MFA-04, MFA-05 on the page, and the pass among the methods of Security info.
func TestAdminIssuesPasses(t *testing.T) {
	s := newSite(t, withAdmin)
	passes := "/users/mia/authentication/temporaryAccessPassMethods"
	issued := s.admin("POST", passes, `{"isUsableOnce":true,"lifetimeInMinutes":90}`).is(http.StatusCreated).json()
	text := fmt.Sprint(issued["temporaryAccessPass"])
	if len(text) != 8 || issued["lifetimeInMinutes"] != 90.0 || issued["isUsable"] != true || issued["methodUsabilityReason"] != "EnabledByPolicy" {
		t.Errorf("issued %v", issued)
	}
	if list := s.admin("GET", passes, "").is(http.StatusOK); strings.Contains(list.body, text) || !strings.Contains(list.body, `"temporaryAccessPass":null`) {
		t.Errorf("listed %s", list.body)
	}
	s.signIn()
	s.open("/security-info").has(`data-test="method-pass"`, "Temporary pass", "May 6, 2031", `data-test="delete-pass"`)
	s.open("/outbox").has("You were given a temporary pass")
	s.post("/security-info/prove", "code", text, "return", "/security-info").is(http.StatusSeeOther)
	s.post("/security-info/prove", "code", text, "return", "/security-info").wants(http.StatusUnprocessableEntity, "S2a").has(`data-code="auth.pass_used"`, "has been")
	s.admin("POST", passes, `{"startDateTime":"2031-05-06T10:00:00Z"}`).is(http.StatusCreated)
	s.post("/security-info/pass/delete").is(http.StatusSeeOther)
	s.open("/security-info").has("Temporary pass deleted").hasNot(`data-test="method-pass"`)
	prove := func(body string, later time.Duration, text string) {
		t.Helper()
		pass := fmt.Sprint(s.admin("POST", passes, body).is(http.StatusCreated).json()["temporaryAccessPass"])
		if later > 0 {
			s.clock.add(later)
			s.forgetCookies()
			s.signIn()
		}
		s.post("/security-info/prove", "code", pass).wants(http.StatusUnprocessableEntity, "S2a").has(text)
	}
	// In this order: an hour later the first of them could be used.
	prove(`{"startDateTime":"2031-05-06T10:00:00Z"}`, 0, "cannot be used yet")
	prove(`{"lifetimeInMinutes":60}`, time.Hour, "its time is over")
	s.admin("POST", passes, `{"lifetimeInMinutes":9}`).is(http.StatusBadRequest).has("lifetimeInMinutes")
	id := fmt.Sprint(s.admin("POST", passes, `{}`).is(http.StatusCreated).json()["id"])
	s.admin("DELETE", passes+"/other", "").is(http.StatusNotFound)
	s.admin("DELETE", passes+"/"+id, "").is(http.StatusNoContent)
	if list := s.admin("GET", passes, "").json(); len(list["value"].([]any)) != 0 {
		t.Errorf("listed %v", list)
	}
}

func TestAdminPatchesThePolicy(t *testing.T) {
	s := newSite(t, withAdmin)
	rules := "/policies/authenticationMethodsPolicy"
	fido2 := rules + "/authenticationMethodConfigurations/fido2"
	before := s.admin("GET", fido2, "").is(http.StatusOK)
	if got := before.json(); got["state"] != "enabled" || got["@odata.type"] != "#microsoft.graph.fido2AuthenticationMethodConfiguration" {
		t.Errorf("got %v", got)
	}
	patch := `{"@odata.type":"#microsoft.graph.fido2AuthenticationMethodConfiguration","id":"Fido2","maxPasskeys":3,"keyRestrictions":{"isEnforced":true,"enforcementType":"allow","aaGuids":["` + appAndroid.String() + `"]}}`
	s.admin("PATCH", fido2, patch, "If-Match", before.header.Get("ETag")).is(http.StatusNoContent)
	if p := s.rp.Policy(); p.Limit() != 3 || !p.KeyRestrictions.IsEnforced {
		t.Errorf("in force %+v", p)
	}
	if a := s.admin("PATCH", fido2, `{"maxPasskeys":4}`, "If-Match", before.header.Get("ETag")).is(http.StatusPreconditionFailed); a.graphCode() != "preconditionFailed" {
		t.Error(a.body)
	}
	a := s.admin("PATCH", fido2, `{"keyRestrictions":{"enforcementType":"deny"},"maxPasskeys":-1}`).is(http.StatusBadRequest)
	a.has(`"target":"keyRestrictions.enforcementType"`, `"target":"maxPasskeys"`)
	if s.rp.Policy().Limit() != 3 {
		t.Error("a patch that is wrong changed something")
	}
	s.admin("PATCH", rules+"/authenticationMethodConfigurations/TemporaryAccessPass", `{"defaultLength":12}`).is(http.StatusNoContent)
	s.admin("PATCH", rules, `{"registrationEnforcement":{"authenticationMethodsRegistrationCampaign":{"state":"enabled","snoozeDurationInDays":1}},"proofFreshness":{"registerInMinutes":3}}`).is(http.StatusNoContent)
	whole := s.admin("GET", rules, "").is(http.StatusOK)
	whole.has(`"snoozeDurationInDays":1`, `"defaultLength":12`, `"registerInMinutes":3`, appAndroid.String())
	if got := s.admin("GET", rules+"/authenticationMethodConfigurations/temporaryAccessPass", "").json(); got["defaultLength"] != 12.0 || got["maxPasskeys"] != nil {
		t.Errorf("got %v", got)
	}
	s.admin("GET", rules+"/authenticationMethodConfigurations/sms", "").is(http.StatusNotFound)
	s.admin("PATCH", rules+"/authenticationMethodConfigurations/sms", `{}`).is(http.StatusNotFound)
	audits := s.admin("GET", "/auditLogs/directoryAudits?$top=1", "").is(http.StatusOK).json()["value"].([]any)
	newest := audits[0].(map[string]any)
	if len(audits) != 1 || newest["activityDisplayName"] != "policy.changed" || fmt.Sprint(newest["initiatedBy"]) != "map[app:map[displayName:admin]]" || newest["correlationId"] == "" {
		t.Errorf("audits %v", audits)
	}
}

// adminSite is a site whose browser is signed in as administrator.
func adminSite(t *testing.T) *site {
	t.Helper()
	s := newSite(t, withAdmin)
	s.get("/admin").is(http.StatusSeeOther)
	s.post("/admin/policy", "state", "disabled").is(http.StatusSeeOther)
	if !s.rp.Policy().Enabled() {
		t.Fatal("a visitor changed the policy")
	}
	s.post("/admin/sign-in", "token", "wrong-token").wants(http.StatusUnprocessableEntity, "admin-sign-in").has(`aria-invalid="true"`)
	s.post("/admin/sign-in", "token", adminToken).is(http.StatusSeeOther)
	return s
}

// formIn reads the form of the policy page as a browser would send it.
func formIn(page *answer) url.Values {
	form := url.Values{}
	attribute := func(tag, name string) string {
		found := regexp.MustCompile(` ` + name + `="([^"]*)"`).FindStringSubmatch(tag)
		if found == nil {
			return ""
		}
		return html.UnescapeString(found[1])
	}
	for _, tag := range regexp.MustCompile(`<input [^>]*>`).FindAllString(page.body, -1) {
		if name := attribute(tag, "name"); attribute(tag, "type") != "checkbox" || strings.Contains(tag, " checked") {
			form.Set(name, attribute(tag, "value"))
		}
	}
	for _, found := range regexp.MustCompile(`(?s)(<select [^>]*>)(.*?)</select>`).FindAllStringSubmatch(page.body, -1) {
		selected := regexp.MustCompile(`value="([^"]*)" selected`).FindStringSubmatch(found[2])
		if selected != nil {
			form.Set(attribute(found[1], "name"), selected[1])
		}
	}
	for _, found := range regexp.MustCompile(`(?s)(<textarea [^>]*>)(.*?)</textarea>`).FindAllStringSubmatch(page.body, -1) {
		form.Set(attribute(found[1], "name"), html.UnescapeString(found[2]))
	}
	return form
}

func (s *site) send(path string, form url.Values) *answer {
	s.t.Helper()
	var pairs []string
	for name := range form {
		pairs = append(pairs, name, form.Get(name))
	}
	return s.post(path, pairs...)
}

// What the page shows is what is in force, and saving it unchanged changes nothing: for the samples and for a policy that
// uses every setting.
func TestPolicyPageKeepsWhatItShows(t *testing.T) {
	s := adminSite(t)
	full, err := policy.Parse([]byte(fullPolicy))
	if err != nil {
		t.Fatal(err)
	}
	all := []policy.Policy{{}, full}
	for _, name := range policy.Samples() {
		sample, err := policy.Sample(name)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, sample)
	}
	for _, p := range all {
		if err := s.rp.SetPolicy(s.ctx, p); err != nil {
			t.Fatal(err)
		}
		page := s.open("/admin/policy").wants(http.StatusOK, "admin-policy")
		s.send("/admin/policy", formIn(page)).is(http.StatusSeeOther)
		again := s.open("/admin/policy").has("Policy saved")
		if a, b := formIn(page), formIn(again); a.Get("digest") == "" || !equalBut(a, b, "digest") {
			t.Errorf("saved %v\nas %v", a, b)
		}
		if want, got := fmt.Sprintf("%+v", meaning(p)), fmt.Sprintf("%+v", meaning(s.rp.Policy())); want != got {
			t.Errorf("saved %s\nas %s", want, got)
		}
	}
}

// meaning is a policy without the ways of writing a default.
func meaning(p policy.Policy) policy.Policy {
	if p.State == policy.StateEnabled {
		p.State = ""
	}
	if p.TemporaryAccessPass.State == policy.StateEnabled {
		p.TemporaryAccessPass.State = ""
	}
	p.IsSelfServiceRegistrationAllowed = nil // a pointer, which %+v does not look behind: TestPolicyPageSaves does
	if p.PasskeyTypes == policy.TypeBoth || p.PasskeyTypes == policy.TypeAny {
		p.PasskeyTypes = ""
	}
	if p.AttestationEnforcement == policy.EnforcementDisabled {
		p.AttestationEnforcement = ""
	}
	if p.AuthenticationStrengths.RegisterSecurityInfo.ID == policy.StrengthMFA {
		p.AuthenticationStrengths.RegisterSecurityInfo.ID = ""
	}
	return p
}

func equalBut(a, b url.Values, except string) bool {
	for name := range a {
		if name != except && a.Get(name) != b.Get(name) {
			return false
		}
	}
	return len(a) == len(b)
}

const fullPolicy = `
version: 1
state: disabled
includeTargets: [{targetType: group, id: staff, allowedPasskeyProfiles: [a, b]}, {targetType: group, id: admins}]
excludeTargets: [{targetType: group, id: leavers}]
isGuestRegistrationAllowed: true
passkeyProfiles: [{id: a, name: A}, {id: b, passkeyTypes: synced}]
attestation: direct
userVerification: preferred
maxPasskeys: 4
counter: warn
proofFreshness: {registerInMinutes: 2, manageInMinutes: 3, isRecheckedAtVerify: true}
temporaryAccessPass: {state: disabled, isUsableOnce: true, minimumLifetimeInMinutes: 10, maximumLifetimeInMinutes: 20, defaultLifetimeInMinutes: 15, defaultLength: 9, includeTargets: [{targetType: group, id: new}], excludeTargets: [{targetType: group, id: old}]}
authenticationStrengths: {registerSecurityInfo: {id: custom, allowedCombinations: [fido2], isTemporaryAccessPassAccepted: true}, signIn: {id: phishingResistant}}
registrationCampaign: {state: enabled, snoozeDurationInDays: 5, enforceRegistrationAfterAllowedSnoozes: true, includeTargets: [{targetType: user, id: mia}, {targetType: group, id: staff}], excludeTargets: [{targetType: group, id: old}]}
`

func TestPolicyPageSaves(t *testing.T) {
	s := adminSite(t)
	form := formIn(s.open("/admin/policy"))
	form.Set("passkeyTypes", "deviceBound")
	form.Set("keyRestrictions.isEnforced", "true")
	form.Set("keyRestrictions.aaGuids", appAndroid.String()+"\r\n")
	form.Set("excludeTargets", "leavers")
	form.Del("isSelfServiceRegistrationAllowed")
	form.Set("registrationCampaign.includeTargets", "user/mia")
	s.send("/admin/policy", form).is(http.StatusSeeOther)
	p := s.rp.Policy()
	if p.PasskeyTypes != policy.TypeDeviceBound || len(p.KeyRestrictions.AAGUIDs) != 1 || p.KeyRestrictions.EnforcementType != policy.EnforcementAllow ||
		p.SelfService() || p.ExcludeTargets[0].ID != "leavers" || p.RegistrationCampaign.IncludeTargets[0].TargetType != policy.TargetUser {
		t.Errorf("saved %+v", p)
	}
	// Another administrator was faster: nothing is lost, and saving again is a decision.
	form.Set("maxPasskeys", "3")
	conflict := s.send("/admin/policy", form).wants(http.StatusConflict, "admin-policy").has(`data-test="conflict"`, `value="3"`)
	s.send("/admin/policy", formIn(conflict)).is(http.StatusSeeOther)
	if s.rp.Policy().Limit() != 3 {
		t.Error("saving again did not save")
	}
}

func TestPolicyPageTellsMistakesAtTheFields(t *testing.T) {
	s := adminSite(t)
	form := formIn(s.open("/admin/policy"))
	form.Set("maxPasskeys", "many")
	form.Set("keyRestrictions.aaGuids", "app")
	form.Set("includeTargets", "staff: nope")
	page := s.send("/admin/policy", form).wants(http.StatusUnprocessableEntity, "admin-policy")
	page.has(`data-code="policy.invalid"`, `role="alert"`, `href="#limit"`, `href="#restrict_list"`, `id="limit-error"`, "use a whole number", `id="restrict_list-error"`, "use a UUID", `value="many"`, ">app</textarea>")
	if n := strings.Count(page.body, `aria-invalid="true"`); n != 2 {
		t.Errorf("%d fields are marked; what is read first tells two", n)
	}
	form.Set("maxPasskeys", "3")
	form.Set("keyRestrictions.aaGuids", "")
	s.send("/admin/policy", form).wants(http.StatusUnprocessableEntity, "admin-policy").has(`id="include-error"`, "no profile")
	if s.rp.Policy().MaxPasskeys != 0 {
		t.Error("a form with mistakes changed something")
	}
}

func TestEverySettingIsExplained(t *testing.T) {
	s := adminSite(t)
	page := s.open("/admin/policy")
	for _, section := range policySections {
		for _, field := range section.fields {
			page.has(`data-field="`+field.path+`"`, `id="`+field.key+`"`, `id="`+field.key+`-help"`)
		}
	}
	page.has("When a passkey is added", "When somebody signs in", "locks its owners out at once")
	for _, key := range []string{"state", "include", "exclude", "self_service", "guests", "types", "attestation", "verification"} {
		v := &visit{Server: s.Server, tongue: s.texts.speak("en")}
		if key != "exclude" && !v.tongue.Has("admin."+key+"_add") {
			t.Errorf("the effect of %s at registration is not told", key)
		}
	}
}

func TestPolicyDocument(t *testing.T) {
	s := adminSite(t)
	page := s.open("/admin/policy/document").wants(http.StatusOK, "admin-document").has("Sample: one approved app", "registrationOnly")
	form := formIn(page)
	form.Set("document", "version: 1\nmaxPasskeys: 3\npasskeyTypes: sometimes\n")
	s.send("/admin/policy/document", form).wants(http.StatusUnprocessableEntity, "admin-document").has("line 3", "deviceBound", "passkeyTypes: sometimes")
	form.Set("document", "maxPasskeys: 3\n")
	s.send("/admin/policy/document", form).is(http.StatusSeeOther)
	s.open("/admin/policy/document").has("maxPasskeys: 3", "Policy saved")
	s.send("/admin/policy/document", form).wants(http.StatusConflict, "admin-document")
}

func TestAdminSignInEnds(t *testing.T) {
	s := adminSite(t)
	s.clock.add(adminLife - time.Second)
	s.get("/admin/policy").is(http.StatusOK)
	s.clock.add(time.Second)
	s.get("/admin/policy").is(http.StatusSeeOther)
	s.post("/admin/sign-in", "token", adminToken).is(http.StatusSeeOther)
	s.post("/admin/sign-out").is(http.StatusSeeOther)
	s.get("/admin/policy").is(http.StatusSeeOther)
}
