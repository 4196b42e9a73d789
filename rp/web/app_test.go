package web

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/passkeylab/passkeylab/rp"
	"github.com/passkeylab/passkeylab/rp/policy"
)

// theApp is how the tests' Android app is signed.
var theApp = [32]byte{7}

func withApp(core *rp.Config, face *Config) {
	core.Apps = rp.Apps{Android: [][32]byte{theApp}}
	face.WellKnown.Android = []AndroidApp{{Package: "example.larkspur.id", Certificates: [][32]byte{theApp}}}
}

// appClient speaks to the API as the app does: no cookies, and nothing that a browser would add.
type appClient struct {
	*site
	token string
}

func (a *appClient) call(method, path, body string) *answer {
	a.t.Helper()
	r := httptest.NewRequestWithContext(a.ctx, method, testOrigin+appRoot+path, strings.NewReader(body))
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	if a.token != "" {
		r.Header.Set("Authorization", "Bearer "+a.token)
	}
	kept := a.jar
	defer func() { a.jar = kept }()
	a.forgetCookies()
	answer := a.do(r)
	if cookies := answer.header.Values("Set-Cookie"); len(cookies) > 0 {
		a.t.Errorf("%s sets the cookie %q", path, cookies)
	}
	return answer
}

// wantsCode fails the test unless the answer is a refusal with that code, or for "" none.
func (a *answer) wantsCode(status int, code rp.Code) *answer {
	a.t.Helper()
	got := ""
	if strings.HasPrefix(a.body, "{") {
		got, _ = a.json()["code"].(string)
	}
	if a.status != status || got != string(code) {
		a.t.Fatalf("%s: got %d %q, want %d %q\n%s", a.path, a.status, got, status, code, a.body)
	}
	return a
}

func (s *site) appSignsIn() *appClient {
	s.t.Helper()
	a := &appClient{site: s}
	body := a.call(http.MethodPost, "/sign-in", `{"userName":"mia","password":"`+testPassword+`","code":"`+s.code()+`"}`).wantsCode(http.StatusCreated, "").json()
	a.token = body["token"].(string)
	if user := body["user"].(map[string]any); user["userName"] != "mia" || user["organisation"] != "Larkspur" || len(a.token) != 43 {
		s.t.Errorf("signed in as %v with %d characters", user, len(a.token))
	}
	return a
}

func (s *site) appDevice() *device {
	d := newDevice(s.t, appAndroid)
	d.origin, d.attachment = rp.AndroidOrigin(theApp), "platform"
	return d
}

// adds makes a passkey in the app and returns its id.
func (a *appClient) adds() string {
	a.t.Helper()
	options := a.call(http.MethodPost, "/passkeys/options", `{"phone":"android"}`).wantsCode(http.StatusOK, "").json()
	made := a.call(http.MethodPost, "/passkeys/verify", a.appDevice().create(options)).wantsCode(http.StatusCreated, "").json()
	if made["name"] != "Larkspur ID on Android" {
		a.t.Errorf("named %v", made["name"])
	}
	return made["id"].(string)
}

func TestTheAppOverHTTP(t *testing.T) {
	s := newSite(t, withApp)
	a := s.appSignsIn()
	id := a.adds()
	s.clock.add(6 * time.Minute)
	a.call(http.MethodPost, "/passkeys/options", `{}`).wantsCode(http.StatusUnauthorized, rp.CodeProofStale)
	a.call(http.MethodPost, "/proof", `{"code":"000000"}`).wantsCode(http.StatusUnprocessableEntity, rp.CodeWrongCode)
	if proof := a.call(http.MethodPost, "/proof", `{"code":"`+s.code()+`"}`).wantsCode(http.StatusOK, "").json(); proof["proofUntil"] == nil || proof["token"] != nil {
		t.Errorf("proof: %v", proof)
	}
	a.call(http.MethodPost, "/passkeys/options", `{}`).wantsCode(http.StatusOK, "").has("excludeCredentials", id)
	a.call(http.MethodDelete, "/passkeys/"+id, "").wantsCode(http.StatusNoContent, "")
	a.call(http.MethodDelete, "/passkeys/"+id, "").wantsCode(http.StatusNotFound, "http.not_found")
	a.call(http.MethodPost, "/sign-out", "").wantsCode(http.StatusNoContent, "")
	if answer := a.call(http.MethodPost, "/passkeys/options", `{}`).wantsCode(http.StatusUnauthorized, rp.CodeSessionExpired); !strings.HasPrefix(answer.header.Get("WWW-Authenticate"), "Bearer") {
		t.Errorf("challenge: %q", answer.header.Get("WWW-Authenticate"))
	}
	for _, secret := range []string{a.token, testPassword} {
		if strings.Contains(s.log.String(), secret) {
			t.Error("a secret is in the log")
		}
	}
}

func TestTheAppsMisuses(t *testing.T) {
	s := newSite(t, withApp)
	a := s.appSignsIn()
	options := func() map[string]any { return a.call(http.MethodPost, "/passkeys/options", `{}`).json() }
	t.Run("a page's origin", func(t *testing.T) {
		d := s.appDevice()
		d.origin = testOrigin
		a.call(http.MethodPost, "/passkeys/verify", d.create(options())).wantsCode(http.StatusUnprocessableEntity, rp.CodeVerificationFailed)
	})
	t.Run("a challenge used before", func(t *testing.T) {
		asked := options()
		a.call(http.MethodPost, "/passkeys/verify", s.appDevice().create(asked)).wantsCode(http.StatusCreated, "")
		a.call(http.MethodPost, "/passkeys/verify", s.appDevice().create(asked)).wantsCode(http.StatusConflict, rp.CodeChallengeUsed)
	})
	t.Run("a challenge that has expired", func(t *testing.T) {
		body := s.appDevice().create(options())
		s.clock.add(7 * time.Minute)
		a.call(http.MethodPost, "/passkeys/verify", body).wantsCode(http.StatusGone, rp.CodeChallengeExpired)
	})
	for name, token := range map[string]string{"no token": "", "a wrong token": strings.Repeat("A", 43), "an empty one": " "} {
		t.Run(name, func(t *testing.T) {
			stranger := &appClient{site: s, token: token}
			for _, path := range []string{"/passkeys/options", "/passkeys/verify", "/proof"} {
				stranger.call(http.MethodPost, path, `{}`).wantsCode(http.StatusUnauthorized, rp.CodeSessionExpired)
			}
			stranger.call(http.MethodDelete, "/passkeys/AAAA", "").wantsCode(http.StatusUnauthorized, rp.CodeSessionExpired)
		})
	}
	t.Run("wrong secrets", func(t *testing.T) {
		for range rp.MaxTries - 1 {
			a.call(http.MethodPost, "/sign-in", `{"userName":"mia","password":"x","code":"1"}`).wantsCode(http.StatusUnprocessableEntity, rp.CodeWrongCredentials)
		}
		if locked := a.call(http.MethodPost, "/sign-in", `{"userName":"mia","password":"x","code":"1"}`).wantsCode(http.StatusTooManyRequests, rp.CodeLocked); locked.header.Get("Retry-After") == "" {
			t.Error("it does not say when to try again")
		}
	})
}

func TestTheAppsAPIIsNotForBrowsers(t *testing.T) {
	s := newSite(t, withApp)
	a := s.appSignsIn()
	for name, header := range map[string]http.Header{
		"an origin": {"Origin": {testOrigin}}, "fetch metadata": {"Sec-Fetch-Site": {"same-origin"}}, "a cookie": {"Cookie": {"account=x"}},
		"a mode": {"Sec-Fetch-Mode": {"cors"}},
	} {
		t.Run(name, func(t *testing.T) {
			s.header = header
			defer func() { s.header = http.Header{} }()
			a.call(http.MethodPost, "/passkeys/options", `{}`).wantsCode(http.StatusForbidden, "http.cross_site")
			a.call(http.MethodPost, "/sign-in", `{}`).wantsCode(http.StatusForbidden, "http.cross_site")
		})
	}
	t.Run("nor is a browser's session for it", func(t *testing.T) {
		s.signIn()
		a := s.api(appRoot+"/passkeys/options", "{}")
		a.wantsCode(http.StatusForbidden, "http.cross_site")
	})
	t.Run("nor an app's token for the pages", func(t *testing.T) {
		s.forgetCookies()
		s.header = http.Header{"Authorization": {"Bearer " + a.token}}
		defer func() { s.header = http.Header{} }()
		if answer := s.get("/security-info"); answer.status != http.StatusSeeOther {
			t.Errorf("got %d", answer.status)
		}
	})
}

func TestBadJSONFromTheApp(t *testing.T) {
	s := newSite(t, withApp)
	a := s.appSignsIn()
	for _, path := range []string{"/sign-in", "/proof", "/passkeys/options"} {
		for _, body := range []string{"{", "[]", `{"userName":1}`, `{"other":"x"}`, "{}{}"} {
			a.call(http.MethodPost, path, body).wantsCode(http.StatusBadRequest, "http.bad_request")
		}
	}
	a.call(http.MethodPost, "/passkeys/verify", `{"id":"`+strings.Repeat("x", maxBody)+`"}`).wantsCode(http.StatusRequestEntityTooLarge, "http.too_large")
}

func TestWithoutAnAppThereIsNoAPI(t *testing.T) {
	a := &appClient{site: newSite(t)}
	a.call(http.MethodPost, "/sign-in", `{}`).wantsCode(http.StatusNotFound, "http.not_found")
	a.signIn()
	a.get("/security-info/add").wants(http.StatusOK, "S1").hasNot("method-in-app")
}

// inTheApp walks to V2.
func (s *site) looksForTheApp() string {
	s.t.Helper()
	page := s.follow(s.post("/security-info/add", "method", "in-app")).wants(http.StatusOK, "S3")
	run := runOf(page)
	s.follow(s.post(run+"/get-app", "from", "S3", "event", "next")).wants(http.StatusOK, "V1")
	s.follow(s.post(run+"/in-app", "from", "V1", "event", "next")).wants(http.StatusOK, "V2")
	return run
}

func TestThePagesOfFlowE(t *testing.T) {
	s := newSite(t, withApp)
	s.signIn()
	s.get("/security-info/add").wants(http.StatusOK, "S1").has(`data-test="method-in-app"`)
	run := s.looksForTheApp()
	s.get(run+"/in-app").wants(http.StatusOK, "V1").has("Finish in Larkspur ID", "Create your passkey a different way", "step 3 of 5")
	s.follow(s.post(run+"/in-app", "from", "V1", "event", "next")).wants(http.StatusOK, "V2").
		has("Looking for your passkey", `data-every="2000"`, `data-total="60000"`, "We can&#39;t see it yet", `data-test="secondary-trouble"`, "step 4 of 5")
	if a := s.api(run+"/seen", "{}"); a.status != http.StatusOK || a.json()["next"] != nil {
		t.Errorf("nothing there: %d %s", a.status, a.body)
	}
	s.clock.add(time.Minute) // for another code
	s.appSignsIn().adds()
	if a := s.api(run+"/seen", "{}"); a.next() != run+"/done" {
		t.Errorf("found: %s", a.body)
	}
	s.get(run+"/done").wants(http.StatusOK, "S11").has("Passkey added", "Larkspur ID on Android")
	s.follow(s.post(run+"/done", "from", "S11", "event", "next")).wants(http.StatusOK, "S0").has("Larkspur ID on Android")
}

func TestV2LooksWithoutAScript(t *testing.T) {
	s := newSite(t, withApp)
	s.signIn()
	run := s.looksForTheApp()
	s.follow(s.post(run+"/look-in-app", "from", "V2", "event", "retry")).wants(http.StatusOK, "V2")
	s.clock.add(time.Minute)
	s.appSignsIn().adds()
	s.follow(s.post(run+"/look-in-app", "from", "V2", "event", "retry")).wants(http.StatusOK, "S11")
}

func TestHavingTroubleInTheApp(t *testing.T) {
	s := newSite(t, withApp)
	s.signIn()
	run := s.looksForTheApp()
	s.follow(s.post(run+"/look-in-app", "from", "V2", "event", "trouble")).wants(http.StatusOK, "S4").has("Create it inside Larkspur ID instead")
	s.follow(s.post(run+"/which-phone", "from", "S4", "event", "in-app")).wants(http.StatusOK, "V1")
	s.setPolicy(policy.Policy{IsAttestationEnforced: true})
	s.get(run+"/in-app").wants(http.StatusOK, "V1").hasNot("Create your passkey a different way").has("accepts this passkey only from inside Larkspur ID")
	s.post("/security-info/add", "method", "app").wants(http.StatusForbidden, "E5c").has(`action="/security-info/add"`, `name="method" value="in-app"`)
	s.follow(s.post("/security-info/add", "method", "in-app", "from", "E5c")).wants(http.StatusOK, "S3")
}

// The policy may change while somebody is on her way: the app is the way that is left.
func TestTheWayIntoTheAppWhereTheBrowsersIsClosed(t *testing.T) {
	for name, there := range map[string]bool{"with an app": true, "without one": false} {
		t.Run(name, func(t *testing.T) {
			var extra []func(*rp.Config, *Config)
			if there {
				extra = append(extra, withApp)
			}
			s := newSite(t, extra...)
			s.signIn()
			run := strings.TrimSuffix(s.ready().path, "/save-in")
			s.setPolicy(policy.Policy{IsAttestationEnforced: true})
			s.api(run+"/options", "{}")
			page := s.get(run+"/problem").wants(http.StatusForbidden, "E5c")
			if !there {
				page.has(`href="/help/faq" data-test="primary"`).hasNot(`value="in-app"`)
				s.follow(s.post(run+"/problem", "from", "E5c", "event", "in-app")).wants(http.StatusForbidden, "E5c")
				return
			}
			page.has(`name="event" value="in-app" data-test="primary"`)
			s.follow(s.post(run+"/problem", "from", "E5c", "event", "in-app")).wants(http.StatusOK, "S3")
			s.follow(s.post(run+"/get-app", "from", "S3", "event", "next")).wants(http.StatusOK, "V1")
		})
	}
}

func TestTheWizardShowsWhatTheAppWasRefused(t *testing.T) {
	s := newSite(t, withApp, func(core *rp.Config, _ *Config) { core.Policy = policy.Policy{IsAttestationEnforced: true} })
	s.signIn()
	run := s.looksForTheApp()
	s.clock.add(time.Minute)
	a := s.appSignsIn()
	options := a.call(http.MethodPost, "/passkeys/options", `{}`).json()
	a.call(http.MethodPost, "/passkeys/verify", s.appDevice().create(options)).wantsCode(http.StatusUnprocessableEntity, rp.CodeAttestationRequired)
	if a := s.api(run+"/seen", "{}"); a.next() != run+"/problem" {
		t.Errorf("next is %s", a.body)
	}
	s.get(run+"/problem").wants(http.StatusUnprocessableEntity, "E10")
	s.follow(s.post(run+"/problem", "from", "E10", "event", "retry")).wants(http.StatusOK, "V1")
}

func (s *site) setPolicy(p policy.Policy) {
	s.t.Helper()
	if err := s.rp.SetPolicy(s.ctx, p); err != nil {
		s.t.Fatal(err)
	}
}

// What the app sends, whatever it is, is answered in JSON, without a fault of ours and without a cookie.
func FuzzTheAppsRequests(f *testing.F) {
	f.Add("/sign-in", "Bearer x", `{"userName":"mia","password":"x","code":"1"}`)
	f.Add("/passkeys/options", "bearer  ", `{"phone":"ios"}`)
	f.Add("/passkeys/verify", "Basic eA==", `{"id":"AA","rawId":"AA","type":"public-key","response":{}}`)
	f.Add("/proof", "Bearer "+strings.Repeat("A", 43), `{"code":"\u0000"}`)
	s := newSite(f, withApp)
	f.Fuzz(func(t *testing.T, path, authorization, body string) {
		r := httptest.NewRequest(http.MethodPost, testOrigin+appRoot+"/sign-in", strings.NewReader(body))
		if strings.HasPrefix(path, "/") && !strings.ContainsAny(path, "?#%") {
			r.URL.Path = appRoot + path
		}
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set("Authorization", authorization)
		w := httptest.NewRecorder()
		s.ServeHTTP(w, r)
		if w.Code >= 500 || w.Code == http.StatusCreated || w.Header().Get("Set-Cookie") != "" {
			t.Errorf("got %d %s", w.Code, w.Body)
		}
	})
}
