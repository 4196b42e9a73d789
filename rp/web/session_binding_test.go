package web

import (
	"net/http"
	"strings"
	"testing"

	"github.com/passkeylab/passkeylab/rp"
	"github.com/passkeylab/passkeylab/rp/store"
)

// kept is how many browsers the cookie layer keeps something for.
func (s *site) kept() (n int) {
	s.t.Helper()
	if err := s.store.Read(s.ctx, func(q store.Querier) error { return q.QueryRow("SELECT count(*) FROM http_sessions").Scan(&n) }); err != nil {
		s.t.Fatal(err)
	}
	return n
}

// Who only asks for options leaves nothing behind but the challenge, and the cookie that binds it to the browser says no more
// than it must.
func TestAskingForSignInOptionsKeepsNothingForTheBrowser(t *testing.T) {
	for _, tc := range []struct {
		name   string
		change func(*rp.Config, *Config)
		begins string
		wants  []string
	}{
		{"over HTTP", func(*rp.Config, *Config) {}, "binding=", []string{"; Path=/", "; HttpOnly", "; SameSite=Lax"}},
		{"over HTTPS", func(core *rp.Config, face *Config) { core.Origin, face.Secure = "https://login.localhost", true }, "__Host-binding=", []string{"; Path=/", "; HttpOnly", "; Secure", "; SameSite=Lax"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s := newSite(t, tc.change)
			a := s.api("/sign-in/options", "{}")
			cookies := a.header.Values("Set-Cookie")
			if a.status != http.StatusOK || len(cookies) != 1 || !strings.HasPrefix(cookies[0], tc.begins) {
				t.Fatalf("%d, cookies %q, want one that begins with %s", a.status, cookies, tc.begins)
			}
			for _, want := range tc.wants {
				if !strings.Contains(cookies[0], want) {
					t.Errorf("cookie %q lacks %s", cookies[0], want)
				}
			}
			if strings.Contains(cookies[0], "Max-Age") || strings.Contains(cookies[0], "Expires") {
				t.Errorf("cookie %q outlives the browser", cookies[0])
			}
			if again := s.api("/sign-in/options", "{}").header.Values("Set-Cookie"); len(again) != 0 {
				t.Errorf("a second time: %q", again)
			}
			if n := s.kept(); n != 0 {
				t.Errorf("the cookie layer keeps %d rows", n)
			}
		})
	}
}

// A binding that somebody else drew is worth nothing once its owner is signed in, and one that is no binding is drawn anew.
func TestBindingEndsWithTheSignIn(t *testing.T) {
	s := newSite(t)
	s.api("/sign-in/options", "{}")
	if a := s.post("/sign-in", "userName", "mia", "password", testPassword, "code", s.code()); !strings.Contains(strings.Join(a.header.Values("Set-Cookie"), "\n"), "binding=; Path=/; Max-Age=0") {
		t.Errorf("the binding stays: %q", a.header.Values("Set-Cookie"))
	}
	s.forgetCookies()
	s.header.Set("Cookie", "binding=short")
	if a := s.api("/sign-in/options", "{}"); len(a.header.Values("Set-Cookie")) != 1 {
		t.Errorf("what is no binding stays: %q", a.header.Values("Set-Cookie"))
	}
}
