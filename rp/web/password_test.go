package web

import (
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/passkeylab/passkeylab/rp"
)

const newPassword = "an owl in the elm tree"

// OWASP ASVS 5.0.0 §6.2.2, §6.2.3 and §7.4.3.
func TestChangingAPassword(t *testing.T) {
	s := newSite(t)
	s.signIn()
	other, err := s.rp.SignInWithPassword(s.ctx, rp.PasswordSignIn{UserName: "mia", Password: testPassword, Code: s.code()})
	if err != nil {
		t.Fatal(err)
	}
	s.open("/security-info").has(`action="/security-info/password"`, `data-test="change-password"`)
	s.get("/security-info/password").wants(http.StatusOK, "password").
		has(`autocomplete="current-password"`, `autocomplete="new-password"`, `value="mia" autocomplete="username"`, `name="endOthers" value="1" checked`)
	before := s.cookie()
	for _, tc := range []struct {
		current, wanted, says, code string
	}{
		{"", "", "Fill this in.", ""},
		{testPassword, "short", "Use at least 8 characters.", ""},
		{testPassword, "iloveyou", "Very many people use this password", ""},
		{testPassword, "Larkspur-2031", "such as your name or Larkspur", ""},
		{testPassword, testPassword, "the password that you have", ""},
		{"not the one", newPassword, "You have 4 tries left", "auth.wrong_credentials"},
	} {
		a := s.post("/security-info/password", "currentPassword", tc.current, "newPassword", tc.wanted).
			wants(http.StatusUnprocessableEntity, "password").has(tc.says).hasNot(`value="`+testPassword, newPassword, ` checked`)
		if a.attribute("code") != tc.code {
			t.Errorf("code %q, want %q", a.attribute("code"), tc.code)
		}
	}
	page := s.follow(s.post("/security-info/password", "currentPassword", testPassword, "newPassword", newPassword, "endOthers", "1"))
	page.wants(http.StatusOK, "S0").has("All other browsers and apps are signed out")
	if s.cookie() == before {
		t.Error("the cookie is the one of before")
	}
	if _, err := s.rp.Session(s.ctx, other.ID); rp.AsRefusal(err) == nil {
		t.Errorf("the other session lives: %v", err)
	}
	s.get("/outbox").has("Your password was changed", "If this was not you")
	s.post("/sign-out")
	s.post("/sign-in", "userName", "mia", "password", testPassword, "code", s.code()).is(http.StatusUnprocessableEntity)
	s.post("/sign-in", "userName", "mia", "password", newPassword, "code", s.code()).is(http.StatusSeeOther)
}

func TestPasswordChangeNeedsAFreshProofAndEndsInALock(t *testing.T) {
	s := newSite(t)
	s.signIn()
	s.clock.add(5 * time.Minute)
	for _, a := range []*answer{s.get("/security-info/password"), s.post("/security-info/password", "currentPassword", testPassword, "newPassword", newPassword)} {
		if to := a.is(http.StatusSeeOther).header.Get("Location"); to != "/security-info/prove?return=%2Fsecurity-info%2Fpassword" {
			t.Errorf("leads to %s", to)
		}
	}
	s.follow(s.post("/security-info/prove", "code", s.code(), "return", "/security-info/password")).wants(http.StatusOK, "password")
	var last *answer
	for range rp.MaxTries {
		last = s.post("/security-info/password", "currentPassword", "not the one", "newPassword", newPassword)
	}
	last.wants(http.StatusTooManyRequests, "password").has("Too many wrong passwords", "Try again in 5 minutes", `data-code="auth.locked"`).hasNot(`type="password"`)
}

func TestWhoHasNoPasswordHasNoneToChange(t *testing.T) {
	s := newSite(t)
	s.signIn()
	s.register(newDevice(t, appAndroid))
	if err := s.rp.RemovePassword(s.ctx, s.sessionID()); err != nil {
		t.Fatal(err)
	}
	s.open("/security-info").hasNot(`data-test="change-password"`)
	s.get("/security-info/password").wants(http.StatusNotFound, "error")
	s.post("/security-info/password", "currentPassword", testPassword, "newPassword", newPassword).wants(http.StatusNotFound, "error")
}

// OWASP ASVS 5.0.0 §7.5.2.
func TestSessionsAreListedAndEnded(t *testing.T) {
	s := newSite(t)
	s.signIn()
	other, err := s.rp.SignInWithPassword(s.ctx, rp.PasswordSignIn{UserName: "mia", Password: testPassword, Code: s.code(), Client: rp.Client{Family: "Firefox", IPPrefix: "192.0.2.0/24"}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.rp.SignInApp(s.ctx, rp.PasswordSignIn{UserName: "mia", Password: testPassword, Code: s.code()}); err != nil {
		t.Fatal(err)
	}
	s.open("/security-info").has(`href="/security-info/sessions"`)
	page := s.get("/security-info/sessions").wants(http.StatusOK, "sessions").has("Firefox", "192.0.2.0/24", "Larkspur ID", `data-test="session-here"`)
	if n := strings.Count(page.body, `data-test="end-session"`); n != 2 || strings.Contains(page.body, other.ID) || strings.Contains(page.body, s.sessionID()) {
		t.Errorf("%d can be ended, or the page has the id of a session", n)
	}
	end := regexp.MustCompile(`/security-info/sessions/[0-9a-f]{16}/end`)
	if refs := end.FindAllString(page.body, -1); len(refs) != 2 {
		t.Fatalf("addresses %q", refs)
	}
	at := "/security-info/sessions/" + other.Ref() + "/end"
	s.follow(s.post(at)).wants(http.StatusOK, "sessions").has("Signed out there").hasNot("Firefox")
	if _, err := s.rp.Session(s.ctx, other.ID); rp.AsRefusal(err) == nil {
		t.Errorf("it lives: %v", err)
	}
	s.follow(s.post(at)).wants(http.StatusOK, "sessions") // twice is once
	s.clock.add(5 * time.Minute)
	if to := s.post(at, "return", "/security-info/sessions").is(http.StatusSeeOther).header.Get("Location"); to != "/security-info/prove?return=%2Fsecurity-info%2Fsessions" {
		t.Errorf("a stale proof leads to %s", to)
	}
}

// OWASP ASVS 5.0.0 §7.4.5.
func TestAdministratorsEndSessions(t *testing.T) {
	s := newSite(t, withAdmin)
	s.signIn()
	s.admin("POST", "/users/nobody/revokeSignInSessions", "").is(http.StatusNotFound)
	s.get("/security-info").is(http.StatusOK)
	for _, path := range []string{"/users/mia/revokeSignInSessions", "/revokeSignInSessions"} {
		if a := s.admin("POST", path, "").is(http.StatusOK); a.json()["value"] != true {
			t.Errorf("%s: %s", path, a.body)
		}
		s.get("/security-info").is(http.StatusSeeOther)
		s.signIn()
		s.get("/security-info").is(http.StatusOK)
	}
}

// OWASP ASVS 5.0.0 §14.3.1: what a session showed goes with it, from the browser and from what stands in other tabs.
func TestNothingOfASessionStays(t *testing.T) {
	s := newSite(t)
	s.get("/help/faq").hasNot("data-ends", "data-ended")
	for path, notice := range map[string]string{"/sign-out": "You are signed out.", "/security-info/sign-out-everywhere": "signed out everywhere"} {
		s.signIn()
		s.clock.add(20 * time.Second)
		s.get("/security-info/sessions").has(`data-ends="3580000"`, "<template data-ended>", `href="/security-info/sessions" data-test="open-again"`)
		a := s.post(path).is(http.StatusSeeOther)
		if got := a.header.Get("Clear-Site-Data"); got != `"cache", "storage"` {
			t.Errorf("%s: Clear-Site-Data is %q", path, got)
		}
		s.follow(a).wants(http.StatusOK, "sign-in").has("data-session-over", notice)
		s.get("/sign-in").hasNot("data-session-over")
	}
}

// OWASP ASVS 5.0.0 §3.3.1 and §3.3.3.
func TestEveryCookieIsTheHostsOwn(t *testing.T) {
	s := newSite(t, func(core *rp.Config, face *Config) { core.Origin, face.Secure = "https://login.localhost", true })
	names := map[string]bool{}
	look := func(a *answer) *answer {
		for _, cookie := range a.header.Values("Set-Cookie") {
			name, _, _ := strings.Cut(cookie, "=")
			names[name] = true
			for _, want := range []string{"; Path=/", "; HttpOnly", "; Secure", "; SameSite=Lax"} {
				if !strings.HasPrefix(name, "__Host-") || !strings.Contains(cookie, want) || strings.Contains(cookie, "Domain") {
					t.Errorf("cookie %q, want __Host- and %s", cookie, want)
				}
			}
		}
		return a
	}
	look(s.api("/sign-in/options", "{}"))
	look(s.get("/security-info?lng=de"))
	look(s.post("/preferences/theme", "theme", "dark"))
	look(s.post("/preferences/language", "language", "ja"))
	look(s.post("/preferences/zone", "zone", "Asia/Tokyo"))
	look(s.post("/sign-in", "userName", "mia", "password", testPassword, "code", s.code()))
	look(s.get("/help/faq")).has(`data-theme="dark"`, `lang="ja"`, `data-zone="Asia/Tokyo"`)
	look(s.post("/preferences/theme", "theme", "auto"))
	look(s.post("/sign-out"))
	if len(names) != 5 {
		t.Errorf("saw only the cookies %v", names)
	}
}
