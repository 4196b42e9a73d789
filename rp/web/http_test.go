package web

import (
	"crypto/rand"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"github.com/passkeylab/passkeylab/rp"
)

func TestHeadersOfEveryAnswer(t *testing.T) {
	s := newSite(t)
	s.signIn()
	for _, path := range []string{"/sign-up", "/security-info", "/security-info/add", "/help/faq", "/outbox", "/healthz", "/nowhere", "/static/nothing.css", "/.well-known/passkey-endpoints"} {
		a := s.open(path)
		for name, want := range map[string]string{
			"Content-Security-Policy": "frame-ancestors 'none'", "X-Content-Type-Options": "nosniff", "Referrer-Policy": "same-origin",
			"Permissions-Policy": "publickey-credentials-create=(self)", "Cross-Origin-Opener-Policy": "same-origin", "Cache-Control": "no-store", "X-Request-Id": "",
		} {
			if got := a.header.Get(name); got == "" || !strings.Contains(got, want) {
				t.Errorf("%s: %s is %q, want it to contain %q", path, name, got, want)
			}
		}
		if policy := a.header.Get("Content-Security-Policy"); strings.Contains(policy, "unsafe") || !strings.Contains(policy, "form-action 'self'") ||
			!strings.Contains(policy, "object-src 'none'") || !strings.Contains(policy, "base-uri 'none'") {
			t.Errorf("%s: weak policy %q", path, policy)
		}
	}
}

// Every address answers a visitor and a member with what its access says.
func TestEveryRoute(t *testing.T) {
	s := newSite(t)
	for _, rt := range routes {
		method, path, _ := strings.Cut(rt.pattern, " ")
		path = strings.NewReplacer("{$}", "", "{run}", "none", "{step}", "get-app", "{id}", "none").Replace(path)
		t.Run(rt.pattern, func(t *testing.T) {
			s.forgetCookies()
			s.t = t
			var a *answer
			switch {
			case method == http.MethodGet:
				a = s.get(path)
			case rt.access.speaksJSON():
				a = s.api(path, "{}")
			default:
				a = s.post(path)
			}
			switch {
			case rt.access == memberAPI && (a.status != http.StatusUnauthorized || a.json()["code"] != "auth.session_expired"):
				t.Errorf("visitor got %d %s", a.status, a.body)
			case rt.access == member && a.status != http.StatusUnauthorized && a.header.Get("Location") != "/sign-in":
				t.Errorf("visitor got %d to %q", a.status, a.header.Get("Location"))
			case !rt.access.needsSession() && a.status >= 500:
				t.Errorf("visitor got %d", a.status)
			}
			if kind := a.header.Get("Content-Type"); rt.access.speaksJSON() && kind != "application/json" {
				t.Errorf("content type is %q", kind)
			}
		})
	}
}

func TestEmbeddedFiles(t *testing.T) {
	s := newSite(t)
	page := s.get("/sign-in")
	links := regexp.MustCompile(`(?:href|src)="(/static/[^"#]+)`).FindAllStringSubmatch(page.body, -1)
	if len(links) < 3 {
		t.Fatalf("only %d embedded files are linked", len(links))
	}
	for _, link := range links {
		file := s.get(link[1])
		if file.status != 200 || !strings.Contains(file.header.Get("Cache-Control"), "immutable") || file.header.Get("Content-Type") == "" {
			t.Errorf("%s: %d %v", link[1], file.status, file.header)
		}
		if len(file.header.Values("Set-Cookie")) > 0 {
			t.Errorf("%s sets a cookie", link[1])
		}
	}
	if a := s.get("/favicon.ico"); a.status != http.StatusFound {
		t.Errorf("favicon: %d", a.status)
	}
}

// Every icon that a page may name is drawn in the sprite.
func TestIconsExist(t *testing.T) {
	sprite, err := staticFiles.ReadFile("static/icons.svg")
	if err != nil {
		t.Fatal(err)
	}
	names := map[string]bool{}
	for _, mark := range marks {
		names["mark-"+mark] = true
	}
	for _, shape := range problemShapes {
		names[shape.icon] = true
	}
	entries, _ := templateFiles.ReadDir("templates")
	for _, entry := range entries {
		text, _ := templateFiles.ReadFile("templates/" + entry.Name())
		for _, found := range regexp.MustCompile(`template "icon" "([^"]+)"|template "mark(?:-small)?" "([^"]+)"|icons.svg"}}#([a-z-]+)"`).FindAllStringSubmatch(string(text), -1) {
			switch {
			case found[2] != "":
				names["mark-"+found[2]] = true
			default:
				names[found[1]+found[3]] = true
			}
		}
	}
	for name := range names {
		if name != "" && name != "mark-" && !strings.Contains(string(sprite), `<symbol id="`+name+`"`) {
			t.Errorf("icon %q is not in icons.svg", name)
		}
	}
}

func TestCrossSiteIsRefused(t *testing.T) {
	s := newSite(t)
	s.signIn()
	for name, header := range map[string]http.Header{
		"fetch metadata": {"Sec-Fetch-Site": {"cross-site"}}, "same site, other origin": {"Sec-Fetch-Site": {"same-site"}}, "origin": {"Origin": {"https://evil.example"}},
	} {
		t.Run(name, func(t *testing.T) {
			s.t, s.header = t, header
			defer func() { s.header = http.Header{} }()
			s.post("/security-info/add", "method", "app").wants(http.StatusForbidden, "error").has("came from another site")
			if a := s.api("/sign-in/options", "{}"); a.status != http.StatusForbidden || a.json()["code"] != "http.cross_site" {
				t.Errorf("JSON: %d %s", a.status, a.body)
			}
			if a := s.get("/security-info"); a.status != 200 {
				t.Errorf("reading: %d", a.status)
			}
		})
	}
	if runs, err := s.rp.Runs(s.ctx, s.user.ID); err != nil || len(runs) != 0 {
		t.Errorf("runs: %v, %v", runs, err)
	}
}

func TestHugeBodies(t *testing.T) {
	s := newSite(t)
	s.signIn()
	run := runOf(s.ready())
	huge := strings.Repeat("x", maxBody+1)
	if a := s.api(run+"/verify", `{"id":"`+huge+`"}`); a.status != http.StatusRequestEntityTooLarge || a.json()["code"] != "http.too_large" {
		t.Errorf("verify: %d %s", a.status, a.body)
	}
	s.post("/security-info/prove", "code", huge).wants(http.StatusRequestEntityTooLarge, "error")
	r := httptest.NewRequest(http.MethodPost, testOrigin+run+"/verify", strings.NewReader(huge))
	r.ContentLength = -1
	r.Header.Set("Content-Type", "application/json")
	if a := s.do(r); a.status != http.StatusRequestEntityTooLarge {
		t.Errorf("chunked: %d", a.status)
	}
}

func TestBadJSON(t *testing.T) {
	s := newSite(t)
	s.signIn()
	run := runOf(s.ready())
	for _, body := range []string{"", "{", "[]", `{"name":1}`, `{"other":"x"}`, `{"name":"x"}{}`, "\x00"} {
		if a := s.api(run+"/client-error", body); a.status != http.StatusBadRequest || a.json()["code"] != "http.bad_request" {
			t.Errorf("%q: %d %s", body, a.status, a.body)
		}
		if a := s.api(run+"/verify", body); a.status < 400 || a.status >= 500 {
			t.Errorf("verify %q: %d %s", body, a.status, a.body)
		}
	}
	if a := s.script(run+"/verify", "id", "x"); a.status != http.StatusBadRequest {
		t.Errorf("form instead of JSON: %d", a.status)
	}
}

func TestWrongMethodsAndAddresses(t *testing.T) {
	s := newSite(t)
	a := s.post("/security-info").wants(http.StatusMethodNotAllowed, "error")
	if a.header.Get("Allow") != "GET" {
		t.Errorf("Allow is %q", a.header.Get("Allow"))
	}
	s.get("/sign-out").wants(http.StatusMethodNotAllowed, "error")
	s.get("/nowhere").wants(http.StatusNotFound, "error").has("Page not found")
	if a := s.api("/nowhere", "{}"); a.status != http.StatusNotFound || a.json()["code"] != "http.not_found" {
		t.Errorf("JSON: %d %s", a.status, a.body)
	}
}

func TestPanicIsOurFault(t *testing.T) {
	s := newSite(t)
	h := s.identify(s.record(s.headers(s.recover(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic("secret detail") })))))
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/", nil))
	if w.Code != 500 || strings.Contains(w.Body.String(), "secret detail") || !strings.Contains(w.Body.String(), w.Header().Get("X-Request-Id")) {
		t.Errorf("got %d\n%s", w.Code, w.Body)
	}
	if !strings.Contains(s.log.String(), "secret detail") {
		t.Error("the log does not say what happened")
	}
}

func TestSecureCookies(t *testing.T) {
	s := newSite(t, func(core *rp.Config, face *Config) { core.Origin, face.Secure = "https://login.localhost", true })
	a := s.get("/security-info")
	cookie := a.header.Get("Set-Cookie")
	for _, want := range []string{"__Host-account=", "HttpOnly", "Secure", "SameSite=Lax", "Path=/"} {
		if !strings.Contains(cookie, want) {
			t.Errorf("cookie %q lacks %s", cookie, want)
		}
	}
	if strings.Contains(cookie, "Expires") || a.header.Get("Strict-Transport-Security") == "" {
		t.Errorf("cookie %q, HSTS %q", cookie, a.header.Get("Strict-Transport-Security"))
	}
}

func TestTheme(t *testing.T) {
	s := newSite(t)
	s.get("/help/faq").hasNot("data-theme=\"dark\"")
	if a := s.post("/preferences/theme", "theme", "dark", "return", "/help/faq"); a.header.Get("Location") != "/help/faq" {
		t.Errorf("goes to %q", a.header.Get("Location"))
	}
	s.get("/help/faq").has(`data-theme="dark"`, `value="dark" aria-pressed="true"`)
	s.post("/preferences/theme", "theme", "auto", "return", "https://evil.example/")
	s.get("/help/faq").hasNot(`data-theme="dark"`)
	s.post("/preferences/theme", "theme", "pink").wants(http.StatusBadRequest, "error")
}

func TestWellKnown(t *testing.T) {
	s := newSite(t)
	a := s.get("/.well-known/passkey-endpoints")
	if a.status != 200 || a.header.Get("Content-Type") != "application/json" || a.json()["enroll"] != testOrigin+"/security-info/add" || a.json()["manage"] != testOrigin+"/security-info" {
		t.Errorf("%d %v %s", a.status, a.header, a.body)
	}
	if a := s.get("/healthz"); a.status != 200 || a.json()["status"] != "ok" {
		t.Errorf("health: %d %s", a.status, a.body)
	}
}

func TestLogHasNoSecrets(t *testing.T) {
	s := newSite(t)
	s.signIn()
	d := newDevice(t, appAndroid)
	s.register(d)
	s.script("/security-info/passkeys/"+text64(d.id)+"/rename", "name", "x")
	log := s.log.String()
	for _, secret := range []string{testPassword, text64(d.id), s.secret, s.sessionID()} {
		if strings.Contains(log, secret) {
			t.Errorf("%q is in the log", secret)
		}
	}
	if !strings.Contains(log, `route="POST /security-info/passkeys/{id}/rename"`) || !strings.Contains(log, "status=201") {
		t.Errorf("the log is not useful:\n%s", log)
	}
}

func TestConfigMistakes(t *testing.T) {
	for name, cfg := range map[string]Config{"RP": {Rand: rand.Reader}, "Rand": {RP: &rp.RelyingParty{}}} {
		if _, err := New(cfg); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("without %s: %v", name, err)
		}
	}
}

func TestLocalPaths(t *testing.T) {
	for path, want := range map[string]string{
		"/security-info?delete=x": "/security-info?delete=x", "//evil.example": "/f", "https://evil.example/": "/f", "/\\evil": "/f", "": "/f", "javascript:alert(1)": "/f",
		"security-info": "/f", "/a\r\nb": "/f", "/%2f/evil.example": "/%2f/evil.example",
	} {
		if got := localPath(path, "/f"); got != want {
			t.Errorf("localPath(%q) = %q, want %q", path, got, want)
		}
	}
}

func FuzzLocalPath(f *testing.F) {
	for _, seed := range []string{"/security-info", "//x", "/\\x", "http:x", "/?a=//x", "\t/x", "/%00", "///x"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, path string) {
		got := localPath(path, "/f")
		if !strings.HasPrefix(got, "/") || strings.HasPrefix(got, "//") || strings.ContainsAny(got, "\\\r\n") {
			t.Errorf("localPath(%q) = %q leads elsewhere", path, got)
		}
	})
}

func FuzzDecodeStrictly(f *testing.F) {
	for _, seed := range []string{`{"name":"NotAllowedError"}`, `{}`, `{"name":"x"} `, `{"a":1}`, "[", `{"name":"x"}x`, "null"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		var seen clientErrorReport
		_ = decodeStrictly(body, &seen)
		var ask signInAsk
		_ = decodeStrictly(body, &ask)
	})
}

func TestClientFamilies(t *testing.T) {
	for header, want := range map[string]string{
		`"Chromium";v="156", "Not)A;Brand";v="24"`: "Chromium", `"Google Chrome";v="156", "Chromium";v="156"`: "Chrome", `"Chromium";v="156", "Microsoft Edge";v="156"` + " Edg/156": "Edge",
	} {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.Header.Set("Sec-CH-UA", header)
		r.RemoteAddr = "203.0.113.77:1234"
		if got := clientOf(r); got.Family != want || got.IPPrefix != "203.0.113.0/24" {
			t.Errorf("%s: %+v, want %s", header, got, want)
		}
	}
	for agent, want := range map[string]rp.PhoneOS{
		"Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X)": rp.IOS, "Mozilla/5.0 (Linux; Android 15)": rp.Android, "Mozilla/5.0 (X11; Linux x86_64)": "",
	} {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.Header.Set("User-Agent", agent)
		if got, is := phoneOf(r); got != want || is != (want != "") {
			t.Errorf("%s: %q %v", agent, got, is)
		}
	}
}

// A refusal that no handler explains itself still leads somewhere sensible.
func TestUnexplainedRefusals(t *testing.T) {
	s := newSite(t)
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, testOrigin+"/security-info/x?y=1", nil)
	w := httptest.NewRecorder()
	s.newVisit(w, r, route{access: member}).fail(&rp.Refusal{Code: rp.CodeProofStale})
	if to := w.Header().Get("Location"); w.Code != http.StatusSeeOther || to != provePath("/security-info/x?y=1") {
		t.Errorf("stale proof: %d to %q", w.Code, to)
	}
	w = httptest.NewRecorder()
	s.newVisit(w, r, route{access: memberAPI}).fail(&rp.Refusal{Code: rp.CodeProofStale})
	if w.Code != http.StatusUnauthorized || !strings.Contains(w.Body.String(), "auth.proof_stale") {
		t.Errorf("stale proof, JSON: %d %s", w.Code, w.Body)
	}
}
