package web

import (
	"io/fs"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"github.com/passkeylab/passkeylab/rp"
)

// What people type is text: to browsers, and to the database.
func TestWhatPeopleTypeStaysText(t *testing.T) {
	const attack = `<img src=x onerror=alert(1)>'); DROP TABLE x;--`
	s := newSite(t)
	s.signIn()
	d := newDevice(t, appAndroid)
	s.register(d)
	if a := s.script("/security-info/passkeys/"+text64(d.id)+"/rename", "name", attack); a.status != http.StatusNoContent {
		t.Fatalf("rename: %d %s", a.status, a.body)
	}
	list, err := s.rp.Credentials(s.ctx, s.user.ID)
	if err != nil || len(list) != 1 || list[0].Name != attack {
		t.Errorf("stored: %+v, %v", list, err)
	}
	s.open("/security-info").wants(200, "S0").has("&lt;img src=x onerror=alert(1)&gt;").hasNot("<img src=x")
	s.open("/outbox").hasNot("<img src=x")
}

func TestNothingIsListedOrTraced(t *testing.T) {
	s := newSite(t)
	for _, path := range []string{"/static/", "/static", "/templates/", "/.git/config", "/static/..%2f..%2fgo.mod"} {
		if a := s.get(path); a.status != http.StatusNotFound {
			t.Errorf("%s: %d", path, a.status)
		}
	}
	r := httptest.NewRequestWithContext(t.Context(), "TRACE", testOrigin+"/sign-in", nil)
	r.Header.Set("X-Secret", "mirrored")
	if a := s.do(r); a.status != http.StatusMethodNotAllowed || strings.Contains(a.body, "mirrored") {
		t.Errorf("TRACE: %d %s", a.status, a.body)
	}
}

// Addresses that a client writes into its own request say nothing about where it is.
func TestForwardedHeadersAreNotBelieved(t *testing.T) {
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	r.RemoteAddr = "203.0.113.77:1234"
	want := clientOf(r)
	for _, name := range []string{"X-Forwarded-For", "X-Real-Ip", "Forwarded", "X-Request-Id"} {
		r.Header.Set(name, "198.51.100.1")
	}
	if got := clientOf(r); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	s := newSite(t)
	s.header.Set("X-Request-Id", "198.51.100.1")
	if a := s.get("/sign-in"); a.header.Get("X-Request-Id") == "198.51.100.1" {
		t.Error("the client chose the id of its request")
	}
}

// Scripts write text, never markup; they run nothing that was text, keep nothing in the browser, and listen to no other site: the
// one channel is open to this origin only.
func TestScriptsUseNothingDangerous(t *testing.T) {
	dangerous := regexp.MustCompile(`innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function|localStorage|sessionStorage|indexedDB|document\.cookie|addEventListener\(["']message|window\.onmessage|\b(?:window|self|parent|top|opener|contentWindow)\)?\.postMessage`)
	scripts, err := fs.Glob(staticFiles, "static/*.js")
	if err != nil || len(scripts) == 0 {
		t.Fatalf("no scripts: %v", err)
	}
	for _, name := range scripts {
		text, err := fs.ReadFile(staticFiles, name)
		if err != nil {
			t.Fatal(err)
		}
		if found := dangerous.FindAllString(string(text), -1); len(found) > 0 {
			t.Errorf("%s uses %q", name, found)
		}
	}
}

func TestPasswordFieldsAreMaskedAndLeftToManagers(t *testing.T) {
	s := newSite(t)
	field := regexp.MustCompile(`<input[^>]*name="(?:new)?[pP]assword"[^>]*>`)
	for path, completion := range map[string]string{"/sign-in": "current-password", "/sign-up": "new-password", "/security-info/password": "new-password"} {
		if path == "/security-info/password" {
			s.signIn()
		}
		found := field.FindString(s.get(path).body)
		if path == "/security-info/password" {
			s.forgetCookies()
		}
		if !strings.Contains(found, `type="password"`) || !strings.Contains(found, `autocomplete="`+completion+`"`) || strings.Contains(found, "onpaste") {
			t.Errorf("%s: %s", path, found)
		}
	}
}

func TestPasswordsAreTakenAsTheyAreTyped(t *testing.T) {
	s := newSite(t)
	const password = "  all small letters, ünd spaces at both ends, and longer than sixty-four characters  "
	made, err := s.rp.SignUp(s.ctx, rp.Registration{UserName: "zoe", Password: password})
	if err != nil {
		t.Fatal(err)
	}
	try := func(password string) error {
		code, err := s.rp.FreshCode(s.ctx, made.User.ID, made.TOTPSecret)
		if err != nil {
			t.Fatal(err)
		}
		_, err = s.rp.SignInWithPassword(s.ctx, rp.PasswordSignIn{UserName: "zoe", Password: password, Code: code})
		return err
	}
	for what, wrong := range map[string]string{"trimmed": strings.TrimSpace(password), "in capitals": strings.ToUpper(password), "cut at 64 bytes": password[:64]} {
		if try(wrong) == nil {
			t.Errorf("%s it is accepted", what)
		}
	}
	if err := try(password); err != nil {
		t.Errorf("as it is: %v", err)
	}
}

// A cookie of 32 random bytes, never one that the browser brought, and none that lives on after signing out.
func TestSessionTokensAreLongNewAndEnd(t *testing.T) {
	s := newSite(t)
	s.signIn()
	first := s.cookie()
	if len(first) < 43 {
		t.Errorf("the token has %d characters", len(first))
	}
	stolen := *s
	s.forgetCookies()
	replay := httptest.NewRequestWithContext(s.ctx, http.MethodGet, testOrigin+"/security-info", nil)
	replay.AddCookie(&http.Cookie{Name: "account", Value: first})
	if a := s.do(replay.Clone(s.ctx)); a.status != http.StatusOK {
		t.Fatalf("the honest control: %d", a.status)
	}
	stolen.post("/sign-out")
	s.forgetCookies()
	if a := s.do(replay.Clone(s.ctx)); a.status == http.StatusOK {
		t.Error("the token works after signing out")
	}
	chosen := httptest.NewRequestWithContext(s.ctx, http.MethodPost, testOrigin+"/sign-in", strings.NewReader(formOf([]string{"userName", "mia", "password", testPassword, "code", s.code()}).Encode()))
	chosen.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	chosen.AddCookie(&http.Cookie{Name: "account", Value: "chosen-by-somebody-else-for-this-browser-xx"})
	s.forgetCookies()
	s.do(chosen)
	if s.cookie() == "chosen-by-somebody-else-for-this-browser-xx" || s.cookie() == first {
		t.Error("the token was not drawn anew")
	}
}
