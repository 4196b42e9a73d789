package web

import (
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/passkeylab/passkeylab/rp"
)

// strictHeaders are those that every answer carries, word for word.
func strictHeaders() map[string]string {
	return map[string]string{
		"Content-Security-Policy": contentSecurityPolicy, "Permissions-Policy": permissionsPolicy, "X-Content-Type-Options": "nosniff",
		"X-Frame-Options": "DENY", "Referrer-Policy": "same-origin", "Cross-Origin-Opener-Policy": "same-origin", "Cache-Control": "no-store",
		"Cross-Origin-Resource-Policy": "same-origin", "Strict-Transport-Security": "max-age=31536000; includeSubDomains",
	}
}

// everyRoute is every address, the administrator's too.
func everyRoute() []route { return slices.Concat(routes, adminRoutes, adminPages) }

// placeholder is a part of a pattern that stands for something.
var placeholder = regexp.MustCompile(`\{[^}$]+\}`)

// call sends an honest-looking request to a route, whoever is signed in.
func (s *site) call(rt route, body io.Reader) *answer {
	s.t.Helper()
	method, path, _ := strings.Cut(rt.pattern, " ")
	path = placeholder.ReplaceAllString(strings.NewReplacer("{$}", "", "{step}", "get-app").Replace(path), "none")
	r := httptest.NewRequestWithContext(s.ctx, method, testOrigin+path, body)
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if rt.access.speaksJSON() {
		r.Header.Set("Content-Type", "application/json")
	}
	return s.do(r)
}

func TestEveryRouteHasStrictHeaders(t *testing.T) {
	s := newSite(t, withAdmin, func(_ *rp.Config, face *Config) { face.Secure = true })
	for _, signedIn := range []bool{false, true} {
		for _, rt := range append([]route{{pattern: "GET /nowhere"}, {pattern: "DELETE /sign-in"}, {pattern: "TRACE /"}}, everyRoute()...) {
			s.forgetCookies()
			if signedIn {
				s.clock.add(time.Minute) // the next code
				s.post("/sign-in", "userName", "mia", "password", testPassword, "code", s.code())
			}
			a := s.call(rt, strings.NewReader("{}"))
			for name, want := range strictHeaders() {
				if strings.Contains(rt.pattern, "/.well-known/") && name == "Cross-Origin-Resource-Policy" {
					want = "cross-origin"
				}
				got := a.header.Values(name)
				if name == "Cache-Control" { // the session's middleware adds that cookies are not to be kept
					got = slices.DeleteFunc(got, func(v string) bool { return v == `no-cache="Set-Cookie"` })
				}
				if len(got) != 1 || got[0] != want {
					t.Errorf("%s, signed in %v: %s is %q, want %q", rt.pattern, signedIn, name, got, want)
				}
			}
			for _, name := range []string{"Access-Control-Allow-Origin", "Server", "X-Powered-By"} {
				if got := a.header.Get(name); got != "" {
					t.Errorf("%s tells %s: %q", rt.pattern, name, got)
				}
			}
			if kind := a.header.Get("Content-Type"); a.body != "" && kind != "text/html; charset=utf-8" && kind != "application/json" {
				t.Errorf("%s: content type %q", rt.pattern, kind)
			}
		}
	}
}

// A policy with an exception for inline code would be worth little, and one without these three would have holes.
func TestTheContentSecurityPolicyHasNoHoles(t *testing.T) {
	for _, hole := range []string{"unsafe-", "*", "http:", "https:", "blob:"} {
		if strings.Contains(contentSecurityPolicy, hole) {
			t.Errorf("it allows %s", hole)
		}
	}
	for _, part := range []string{"default-src 'none'", "object-src 'none'", "base-uri 'none'", "frame-ancestors 'none'", "form-action 'self'"} {
		if !strings.Contains(contentSecurityPolicy, part) {
			t.Errorf("it lacks %s", part)
		}
	}
}

// endless is a body that never ends, and counts what was taken from it.
type endless struct{ taken int }

func (e *endless) Read(b []byte) (int, error) {
	for i := range b {
		b[i] = 'x'
	}
	e.taken += len(b)
	return len(b), nil
}

func TestNoRouteReadsAnEndlessBody(t *testing.T) {
	s := newSite(t, withAdmin)
	for _, rt := range everyRoute() {
		s.forgetCookies()
		s.clock.add(time.Minute)
		s.signIn()
		body := &endless{}
		a := s.call(rt, body)
		if body.taken > 2*maxBody {
			t.Errorf("%s read %d bytes", rt.pattern, body.taken)
		}
		if a.status >= 500 {
			t.Errorf("%s: %d", rt.pattern, a.status)
		}
	}
}

// capture is a log that forgets nothing, at any level.
func capture(all io.Writer) *slog.Logger {
	return slog.New(slog.NewJSONHandler(all, &slog.HandlerOptions{Level: slog.LevelDebug - 100, AddSource: true}))
}

// SEC-11: a whole life of a passkey, with mistakes, leaves nothing in the logs that could be used or recognised.
func TestAWholeLifeLeavesNoSecretsInTheLogs(t *testing.T) {
	log := &syncBuffer{}
	s := newSite(t, withAdmin, func(core *rp.Config, face *Config) { core.Log, face.Log = capture(log), capture(log) })
	secrets := map[string][]byte{"password": []byte(testPassword), "secret of codes": []byte(s.secret), "user handle": s.user.Handle, "wrong password": []byte("not my password")}
	challenge := func(step string, a *answer) map[string]any {
		raw, err := base64.RawURLEncoding.DecodeString(a.json()["publicKey"].(map[string]any)["challenge"].(string))
		if err != nil || len(raw) < 16 {
			t.Fatalf("%s: challenge %x, %v", step, raw, err)
		}
		secrets["challenge of "+step] = raw
		return a.json()
	}
	s.post("/sign-in", "userName", "mia", "password", "not my password", "code", "000000")
	pass, _, err := s.rp.IssuePass(s.ctx, s.user.ID, rp.PassRequest{})
	if err != nil {
		t.Fatal(err)
	}
	secrets["pass"], secrets["administrator's token"] = []byte(pass), []byte(adminToken)
	s.admin("GET", "/users", "").is(http.StatusOK)
	if a := s.post("/sign-in", "userName", "mia", "password", pass); a.status != http.StatusSeeOther {
		t.Fatalf("sign-in with the pass: %d %s", a.status, a.body)
	}
	s.post("/sign-out")
	s.signIn()
	run := runOf(s.ready())
	d := newDevice(t, appAndroid)
	body := d.create(challenge("a refused registration", s.api(run+"/options", "{}")))
	if a := s.api(run+"/verify", spoil(t, body, flagBS)); a.status != http.StatusUnprocessableEntity {
		t.Fatalf("refused: %d %s", a.status, a.body)
	}
	run = runOf(s.ready())
	if a := s.api(run+"/verify", d.create(challenge("a registration", s.api(run+"/options", "{}")))); a.status != http.StatusCreated {
		t.Fatalf("registered: %d %s", a.status, a.body)
	}
	point, err := d.key.PublicKey.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	secrets["credential id"], secrets["public key"] = d.id, point[1:33]
	secrets["session"], secrets["cookie"] = []byte(s.sessionID()), []byte(s.cookie())
	s.script("/security-info/passkeys/"+text64(d.id)+"/rename", "name", "Mine")
	s.post("/sign-out")
	if a := s.api("/sign-in/verify", d.get(challenge("a sign-in", s.api("/sign-in/options", "{}")))); a.status != http.StatusOK {
		t.Fatalf("sign-in: %d %s", a.status, a.body)
	}
	secrets["second session"], secrets["second cookie"] = []byte(s.sessionID()), []byte(s.cookie())
	s.api("/security-info/prove/verify", d.get(challenge("a proof", s.api("/security-info/prove/options", "{}"))))
	s.script("/security-info/passkeys/" + text64(d.id) + "/delete")
	s.api("/sign-in/verify", d.get(s.api("/sign-in/options", "{}").json())) // gone
	text := log.String()
	for _, event := range []string{"passkey.added", "passkey.deleted", "POST /sign-in/verify"} {
		if !strings.Contains(text, event) {
			t.Errorf("%s is not in the log; this test would see nothing", event)
		}
	}
	for what, secret := range secrets {
		for form, written := range map[string]string{"as it is": string(secret), "in base64url": text64(secret), "in base64": base64.StdEncoding.EncodeToString(secret), "in hex": hex.EncodeToString(secret), "as numbers": strings.Trim(fmt.Sprint(secret), "[]")} {
			if len(secret) < 8 || strings.Contains(text, written) {
				t.Errorf("the log has the %s (%d bytes) %s", what, len(secret), form)
			}
		}
	}
}

// cookie is the value of the session cookie.
func (s *site) cookie() string {
	r := httptest.NewRequest(http.MethodGet, "http://login.localhost/", nil)
	for _, cookie := range s.jar.Cookies(r.URL) {
		if strings.HasSuffix(cookie.Name, "account") {
			return cookie.Value
		}
	}
	s.t.Fatal("there is no session cookie")
	return ""
}
