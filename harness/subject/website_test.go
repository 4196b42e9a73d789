package subject_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/passkeylab/passkeylab/harness/browser"
	"github.com/passkeylab/passkeylab/harness/client"
	"github.com/passkeylab/passkeylab/harness/conformance"
	"github.com/passkeylab/passkeylab/harness/subject"
	"github.com/passkeylab/passkeylab/virtualauth"
	"github.com/passkeylab/passkeylab/virtualauth/provider"
)

// club is a website of a few pages that looks into no message: what becomes of a response is in its tests' hands.
type club struct {
	mu       sync.Mutex
	got      []string // the bodies of responses, as they came
	sessions []string // the cookie of who sent each
	headers  http.Header
	decides  int // the status that a response is answered with
	// instead is what the button does, in the place of its ceremony.
	instead string
}

func (c *club) set(f func(*club)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	f(c)
}

func (c *club) last() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.got) == 0 {
		return ""
	}
	return c.got[len(c.got)-1]
}

const clubPage = `<!doctype html><html lang="en"><title>Club</title><h1>Club</h1>
<p id="who">%s</p><button id="go">Go on</button><p id="no" role="alert" hidden></p><p id="yes" hidden>Welcome</p>
<script>
const say = (id, text) => { const e = document.getElementById(id); if (text) e.textContent = text; e.hidden = false; };
const ceremony = async (kind) => {
	const options = await (await fetch("/options" + location.search + (location.search ? "&" : "?") + "kind=" + kind)).json();
	if (options.no) return say("no", options.no);
	const credential = kind === "create"
		? await navigator.credentials.create({publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(options)})
		: await navigator.credentials.get({publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(options)});
	const answer = await fetch("/result", {method: "POST", body: JSON.stringify(credential)});
	if (answer.ok) say("yes"); else say("no", "We cannot take this: " + answer.status);
};
document.getElementById("go").onclick = async () => { try { %s } catch (e) { say("no", e.name); } };
</script>`

// ServeHTTP is the site.
func (c *club) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c.mu.Lock()
	defer c.mu.Unlock()
	who := ""
	if cookie, err := r.Cookie("member"); err == nil {
		who = cookie.Value
	}
	switch r.URL.Path {
	case "/join":
		w.Header().Set("Content-Type", "text/html")
		io.WriteString(w, `<!doctype html><html lang="en"><title>Join</title><form action="/joined"><input name="name"><select name="plan"><option>Small<option>Large</select><button>Join</button></form>`)
	case "/joined":
		http.SetCookie(w, &http.Cookie{Name: "member", Value: r.URL.Query().Get("name") + "-" + r.URL.Query().Get("plan"), Path: "/"})
		w.Header().Set("Content-Type", "text/html")
		io.WriteString(w, `<!doctype html><html lang="en"><title>Joined</title><p id="welcome">Welcome</p><p class="number"> 4711 </p>`)
	case "/add", "/in":
		c.headers = r.Header.Clone()
		action := map[string]string{"/add": `await ceremony("create")`, "/in": `await ceremony("get")`}[r.URL.Path]
		if c.instead != "" {
			action = c.instead
		}
		w.Header().Set("Content-Type", "text/html")
		fmt.Fprintf(w, clubPage, who, action)
	case "/options":
		if r.URL.Query().Get("name") == "nobody" {
			io.WriteString(w, `{"no":"Nobody of that name"}`)
			return
		}
		challenge := base64.RawURLEncoding.EncodeToString([]byte("challenge of " + r.URL.Query().Get("kind") + " for " + who))
		if r.URL.Query().Get("kind") == "create" {
			fmt.Fprintf(w, `{"rp":{"id":"localhost","name":"Club"},"user":{"id":"AQ","name":"ada","displayName":"Ada"},"challenge":%q,`+
				`"pubKeyCredParams":[{"type":"public-key","alg":-7}],"attestation":"direct","authenticatorSelection":{"residentKey":"required","requireResidentKey":true}}`, challenge)
			return
		}
		fmt.Fprintf(w, `{"rpId":"localhost","challenge":%q}`, challenge)
	case "/result":
		body, _ := io.ReadAll(r.Body)
		c.got, c.sessions = append(c.got, string(body)), append(c.sessions, who)
		if c.decides != 0 {
			w.WriteHeader(c.decides)
		}
	default:
		http.NotFound(w, r)
	}
}

// clubTour is how the club is used.
func clubTour() subject.Pages {
	shown := subject.Ceremony{Accepted: subject.Sight{See: "#yes"}, Refused: subject.Sight{See: "#no"}}
	register, signIn := shown, shown
	register.Steps = []subject.Act{{Go: "/add"}, {Press: "#go"}}
	signIn.Steps = []subject.Act{{Go: "/in?name=${ask.username}"}, {Press: "#go"}}
	return subject.Pages{
		Account: []subject.Act{
			{Go: "/join"}, {Fill: "input", With: "${ask.username}"}, {Fill: "select", With: "Large"}, {Press: "#banner", If: "#banner"},
			{Press: "button"}, {See: "#welcome"}, {Read: ".number", Keep: "number"},
		},
		Register: register, SignIn: signIn, Browser: os.Getenv("PASSKEYLAB_BROWSER_PATH"),
	}
}

// openClub serves the club and opens it as a website.
func openClub(t *testing.T, change func(*subject.Website)) (*club, subject.RelyingParty) {
	t.Helper()
	c := new(club)
	server := httptest.NewServer(c)
	t.Cleanup(server.Close)
	description := subject.Website{FIDOServer: subject.FIDOServer{Base: strings.Replace(server.URL, "127.0.0.1", "localhost", 1)}, Pages: clubTour()}
	if change != nil {
		change(&description)
	}
	site, err := description.Dial()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := site.Close(); err != nil {
			t.Error(err)
		}
	})
	return c, site
}

// hands is somebody at a website with an authenticator.
type hands struct {
	t       *testing.T
	site    subject.RelyingParty
	visitor subject.Visitor
	client  *client.Client
}

type clock struct{}

func (clock) Now() time.Time { return time.Now() }

func newHands(t *testing.T, site subject.RelyingParty) *hands {
	device := virtualauth.New(provider.GooglePasswordManager().Model, virtualauth.World{Clock: clock{}, Rand: rand.Reader})
	return &hands{t: t, site: site, visitor: site.Visit(), client: &client.Client{Origin: site.Origin(), Device: device, Rand: rand.Reader}}
}

func (h *hands) do(endpoint subject.Endpoint, body string) subject.Answer {
	h.t.Helper()
	ctx, cancel := context.WithTimeout(h.t.Context(), time.Minute)
	defer cancel()
	return h.visitor.Do(ctx, subject.Request{Endpoint: endpoint, Body: []byte(body), Purpose: string(endpoint)})
}

// registers asks for options and returns the authenticator's response to them.
func (h *hands) registers(user string) string {
	h.t.Helper()
	offered := h.do(subject.CreationOptions, `{"username":"`+user+`","displayName":"Ada","attestation":"direct"}`)
	if offered.Outcome != subject.Accepted {
		h.t.Fatalf("options: %s", offered)
	}
	response, err := h.client.Create(h.t.Context(), offered.Options())
	if err != nil {
		h.t.Fatal(err)
	}
	return string(response)
}

func (h *hands) wants(what string, got subject.Answer, want subject.Outcome, words string) {
	h.t.Helper()
	if got.Outcome != want || !strings.Contains(got.String(), words) {
		h.t.Errorf("%s: %s (%v), want %s with %q", what, got, got.Err, want, words)
	}
}

func TestAWebsiteIsUsedByItsPages(t *testing.T) {
	c, site := openClub(t, func(w *subject.Website) {
		w.Header, w.Cookies = http.Header{"X-Stage": {"trial"}}, map[string]string{"tenant": "lab"}
		w.Limits.Time = 5 * time.Second
	})
	ada := newHands(t, site)

	t.Run("a response reaches the server as the authenticator made it", func(t *testing.T) {
		ada.t = t
		response := ada.registers("ada")
		ada.wants("registering", ada.do(subject.CreationResult, response), subject.Accepted, "")
		var sent, got struct {
			ID       string
			Response struct{ ClientDataJSON, AttestationObject string }
		}
		if err := errors.Join(json.Unmarshal([]byte(response), &sent), json.Unmarshal([]byte(c.last()), &got)); err != nil {
			t.Fatal(err)
		}
		if got != sent {
			t.Errorf("the server got\n%+v\nof\n%+v", got, sent)
		}
		if c.sessions[0] != "ada-Large" {
			t.Errorf("the account is %q, made with name and plan", c.sessions[0])
		}
		if c.headers.Get("X-Stage") != "trial" || !strings.Contains(c.headers.Get("Cookie"), "tenant=lab") {
			t.Errorf("the target's header or cookie is missing: %v", c.headers)
		}
	})
	t.Run("what the options do by themselves need not be asked for", func(t *testing.T) {
		ada.t = t
		direct := ada.do(subject.CreationOptions, `{"username":"ada","attestation":"direct"}`)
		ada.wants("attestation that comes anyway", direct, subject.Accepted, "")
		if strings.Contains(string(direct.Options()), "remoteDesktop") {
			t.Errorf("the bridge's extension shows: %s", direct.Options())
		}
		ada.wants("attestation that does not", ada.do(subject.CreationOptions, `{"username":"ada","attestation":"enterprise"}`), subject.Inexpressible, "attestation")
	})
	t.Run("a sign-in without signOut is in another browser, and the account stays signed in", func(t *testing.T) {
		ada.t = t
		ada.wants("registering", ada.do(subject.CreationResult, ada.registers("ada")), subject.Accepted, "")
		offered := ada.do(subject.RequestOptions, `{"username":"ada"}`)
		response, err := ada.client.Get(t.Context(), offered.Options())
		if err != nil {
			t.Fatal(err)
		}
		ada.wants("signing in", ada.do(subject.RequestResult, string(response)), subject.Accepted, "")
		if who := c.sessions[len(c.sessions)-1]; who != "" {
			t.Errorf("the sign-in came with the session %q", who)
		}
		ada.wants("registering again", ada.do(subject.CreationResult, ada.registers("ada")), subject.Accepted, "")
		if who := c.sessions[len(c.sessions)-1]; who != "ada-Large" {
			t.Errorf("the registration after it came with the session %q", who)
		}
	})
	t.Run("a refusal has the page's words, and a status of 429 or 500 is no refusal", func(t *testing.T) {
		ada.t = t
		for status, want := range map[int]subject.Outcome{400: subject.Refused, 429: subject.Throttled, 500: subject.ServerError} {
			c.set(func(c *club) { c.decides = status })
			answer := ada.do(subject.CreationResult, ada.registers("ada"))
			ada.wants(fmt.Sprint(status), answer, want, "We cannot take this")
			if steps := answer.Steps; len(steps) != 1 || len(steps[0].Seen) != 1 || !strings.Contains(steps[0].Seen[0], "/result: "+fmt.Sprint(status)) {
				t.Errorf("the record is %+v", steps)
			}
		}
		c.set(func(c *club) { c.decides = 0 })
		ada.wants("options that are refused", ada.do(subject.RequestOptions, `{"username":"nobody"}`), subject.Refused, "Nobody of that name")
	})
	t.Run("what a page cannot be made to say is inexpressible", func(t *testing.T) {
		ada.t = t
		response := ada.registers("ada")
		for name, change := range map[string]func(string) string{
			"no JSON":                 func(string) string { return "{" },
			"an id that is no text":   func(r string) string { return strings.Replace(r, `"id":"`, `"id":1,"x":"`, 1) },
			"an id and another rawId": func(r string) string { return strings.Replace(r, `"rawId":"`, `"rawId":"AAAA`, 1) },
			"padding":                 func(r string) string { return strings.Replace(r, `"attestationObject":"`, `"attestationObject":"=`, 1) },
			"another type":            func(r string) string { return strings.Replace(r, `"public-key"`, `"private-key"`, 1) },
			"a member of no meaning":  func(r string) string { return strings.Replace(r, `{`, `{"more":1,`, 1) },
			"an extension of its own": func(r string) string {
				return strings.Replace(r, `"clientExtensionResults":{}`, `"clientExtensionResults":{"mine":1}`, 1)
			},
		} {
			ada.wants(name, ada.do(subject.CreationResult, change(response)), subject.Inexpressible, "")
		}
		for name, r := range map[string]subject.Request{
			"a header":            {Header: http.Header{"X": {"y"}}},
			"GET":                 {Method: "GET"},
			"another type":        {ContentType: "text/plain"},
			"spaces":              {Spaces: 1},
			"a challenge of ours": {Challenge: []byte{1}},
		} {
			r.Endpoint, r.Body = subject.CreationOptions, []byte(`{"username":"ada"}`)
			ada.wants(name, ada.visitor.Do(t.Context(), r), subject.Inexpressible, "")
		}
		ada.wants("the response itself", ada.do(subject.CreationResult, response), subject.Accepted, "")
		ada.wants("the same once more", ada.do(subject.CreationResult, response), subject.Inexpressible, "waits")
		ada.wants("a removal that has no steps", ada.do(subject.Removal, `{}`), subject.Inexpressible, "no steps")
	})
	t.Run("each of several visitors gets options of their own", func(t *testing.T) {
		var all sync.WaitGroup
		for i := range 4 {
			all.Go(func() {
				one := newHands(t, site)
				offered := one.do(subject.CreationOptions, fmt.Sprintf(`{"username":"guest%d","attestation":"direct"}`, i))
				want := base64.RawURLEncoding.EncodeToString(fmt.Appendf(nil, "challenge of create for guest%d-Large", i))
				if !strings.Contains(string(offered.Options()), want) {
					t.Errorf("guest %d got %s (%v)", i, offered.Options(), offered.Err)
				}
			})
		}
		all.Wait()
	})
	t.Run("a visitor who left is nobody, and the record closes visitors", func(t *testing.T) {
		trial := conformance.NewTrial("x", 1)
		gone := newHands(t, subject.Recorded(site, trial))
		gone.wants("before", gone.do(subject.CreationOptions, `{"username":"eve","attestation":"direct"}`), subject.Accepted, "")
		if cookies := gone.visitor.Cookies(); cookies["tenant"] != "lab" || cookies["member"] == "" {
			t.Errorf("the cookies are %v", cookies)
		}
		trial.End()
		gone.wants("after", gone.do(subject.CreationOptions, `{"username":"ada"}`), subject.Inexpressible, browser.ErrClosed.Error())
		if got := trial.Exchanges(); len(got) != 1 || got[0].Method != "PAGE" || subject.Curl(got[0]) != "" || !strings.Contains(strings.Join(got[0].Got.Head, "\n"), "GET "+site.Origin()+"/joined?name=eve&plan=Large: 200") {
			t.Errorf("the record is %+v", got)
		}
	})
}

func TestAWebsiteThatIsNotAsDescribedSaysWhatItShows(t *testing.T) {
	c, site := openClub(t, func(w *subject.Website) { w.Limits.Time = 700 * time.Millisecond })
	for name, one := range map[string]struct{ instead, says string }{
		"no call":      {`document.title = "Closed today"`, "did not call navigator.credentials.create within 700ms. The page /add (Closed today) says: Club"},
		"another call": {`await ceremony("get")`, ""},
	} {
		t.Run(name, func(t *testing.T) {
			c.set(func(c *club) { c.instead = one.instead })
			ada := newHands(t, site)
			answer := ada.do(subject.CreationOptions, `{"username":"ada"}`)
			want := subject.NotAsDescribed
			if one.says == "" { // it is dismissed, as by a person, and the page says so
				want, one.says = subject.Refused, "NotAllowedError"
			}
			ada.wants("asking", answer, want, one.says)
		})
	}
	c.set(func(c *club) { c.instead = "" })
	t.Run("neither sight", func(t *testing.T) {
		ada := newHands(t, site)
		response := ada.registers("ada")
		c.set(func(c *club) { c.decides = 204; c.instead = "" })
		defer c.set(func(c *club) { c.decides = 0 })
		ada.wants("204", ada.do(subject.CreationResult, response), subject.Accepted, "")
	})
	for name, one := range map[string]struct {
		act  subject.Act
		says string
	}{
		"nothing there":      {subject.Act{Press: "#absent"}, "website.register.steps.1 (press #absent): #absent finds nothing that can be seen within 700ms. The page /add (Club) says:"},
		"several":            {subject.Act{Press: "p, h1"}, "p, h1 finds"},
		"no CSS":             {subject.Act{Press: "p:["}, `"p:[" is no selector of CSS`},
		"a path of nothing":  {subject.Act{Fill: "#who", With: "x"}, "cannot be filled in"},
		"a value never read": {subject.Act{Go: "/x/${ask.nickname}"}, "${ask.nickname} has no value"},
	} {
		t.Run(name, func(t *testing.T) {
			_, site := openClub(t, func(w *subject.Website) {
				w.Limits.Time = 700 * time.Millisecond
				w.Pages.Register.Steps = append([]subject.Act{{Go: "/add"}}, one.act)
			})
			ada := newHands(t, site)
			answer := ada.do(subject.CreationOptions, `{"username":"ada"}`)
			if answer.Outcome != subject.NotAsDescribed || answer.Err == nil || !strings.Contains(answer.Err.Error(), one.says) {
				t.Errorf("got %s: %v\nwant %q", answer.Outcome, answer.Err, one.says)
			}
		})
	}
	t.Run("no server, and no browser", func(t *testing.T) {
		_, away := openClub(t, func(w *subject.Website) { w.Base = "http://localhost:1" })
		ada := newHands(t, away)
		ada.wants("asking", ada.do(subject.CreationOptions, `{"username":"ada"}`), subject.Unreachable, "ERR_")
		_, blind := openClub(t, func(w *subject.Website) { w.Pages.Browser = "/no/such/browser" })
		ada = newHands(t, blind)
		ada.wants("asking", ada.do(subject.CreationOptions, `{"username":"ada"}`), subject.Unreachable, "no Chromium found")
	})
}

func TestABrowserTakesTheCertificateThatTheTargetVouchesFor(t *testing.T) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	form := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "Club"}, DNSNames: []string{"localhost"}, NotBefore: time.Now().Add(-time.Hour),
		NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, form, form, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewUnstartedServer(new(club))
	server.TLS = &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}}
	server.StartTLS()
	defer server.Close()
	vouched := x509.NewCertPool()
	vouched.AddCert(certificate)
	for name, one := range map[string]struct {
		settings *tls.Config
		want     subject.Outcome
	}{
		"its root is trusted": {&tls.Config{RootCAs: vouched}, subject.Accepted},
		"any certificate is":  {&tls.Config{InsecureSkipVerify: true}, subject.Accepted},
		"another root is":     {&tls.Config{RootCAs: x509.NewCertPool()}, subject.Unreachable},
		"nothing is said":     {nil, subject.Unreachable},
	} {
		t.Run(name, func(t *testing.T) {
			_, site := openClub(t, func(w *subject.Website) {
				w.Base, w.TLS = strings.Replace(server.URL, "127.0.0.1", "localhost", 1), one.settings
			})
			ada := newHands(t, site)
			ada.wants("asking", ada.do(subject.CreationOptions, `{"username":"ada","attestation":"direct"}`), one.want, "")
		})
	}
}

func TestADescriptionOfPagesIsChecked(t *testing.T) {
	good := subject.Website{FIDOServer: subject.FIDOServer{Base: "http://localhost"}, Pages: clubTour()}
	if problems := good.Check(); len(problems) > 0 {
		t.Fatal(problems)
	}
	for name, one := range map[string]struct {
		change func(*subject.Website)
		says   string
	}{
		"no steps":              {func(w *subject.Website) { w.Pages.SignIn.Steps = nil }, "website.signIn: it has no steps"},
		"no beginning":          {func(w *subject.Website) { w.Pages.SignIn.Steps = w.Pages.SignIn.Steps[1:] }, "website.signIn.steps.0: the first step goes somewhere"},
		"two in one":            {func(w *subject.Website) { w.Pages.Account[4].See = "a" }, "website.account.4: a step is one of go, press, fill, see and read; here are 2"},
		"nothing to type":       {func(w *subject.Website) { w.Pages.Account[1].With = "" }, "website.account.1: fill needs with"},
		"nowhere to keep":       {func(w *subject.Website) { w.Pages.Account[6].Keep = "" }, "website.account.6: read needs keep"},
		"no path":               {func(w *subject.Website) { w.Pages.Account[0].Go = "join" }, `website.account.0.go: "join" is neither a path`},
		"nothing shown":         {func(w *subject.Website) { w.Pages.Register.Refused = subject.Sight{} }, "website.register.refused: say what the page shows"},
		"an address for a path": {func(w *subject.Website) { w.Pages.Register.Refused.At = "http://x" }, "website.register.refused.at"},
		"a code of nothing":     {func(w *subject.Website) { w.Pages.Account[1].With = "${totp.nubmer}" }, "did you mean ${totp.number}?"},
		"no way back":           {func(w *subject.Website) { w.Pages.SignOut = []subject.Act{{Go: "/out"}} }, "website.signOut: who has signed out"},
		"a certificate":         {func(w *subject.Website) { w.TLS = &tls.Config{Certificates: make([]tls.Certificate, 1)} }, "tls.certificate: a browser is given no certificate"},
	} {
		t.Run(name, func(t *testing.T) {
			w := subject.Website{FIDOServer: good.FIDOServer, Pages: clubTour()}
			one.change(&w)
			problems := w.Check()
			if len(problems) != 1 || !strings.Contains(problems[0].Error(), one.says) {
				t.Errorf("problems %v, want %q", problems, one.says)
			}
			if _, err := w.Dial(); err == nil || !strings.Contains(err.Error(), one.says) {
				t.Errorf("Dial says %v", err)
			}
		})
	}
}

func TestATourOfPagesIsExplained(t *testing.T) {
	var told strings.Builder
	if err := (subject.Website{FIDOServer: subject.FIDOServer{Base: "http://localhost"}, Pages: clubTour()}).Explain(&told); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"making an account, once for each user name", "fill input with ${ask.username}", "press #banner, if there is #banner", "read .number as kept.number",
		"the page calls navigator.credentials.get, and our authenticator answers", "accepted: #yes", "refused:  #no",
	} {
		if !strings.Contains(told.String(), want) {
			t.Errorf("no %q in\n%s", want, told.String())
		}
	}
}
