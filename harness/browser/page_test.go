package browser_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image/jpeg"
	"net/http"
	"net/http/httptest"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/passkeylab/passkeylab/harness/browser"
)

// house is the page of these tests.
const house = `<!doctype html><html lang="en"><meta name="viewport" content="width=device-width"><title>House</title>
<h1>Rooms</h1>
<button>Open</button> <button hidden>Secret</button> <button aria-label="Close  the door">x</button>
<button class="twin">Twin</button><button class="twin">Twin</button>
<dialog><button>Inside</button></dialog>
<form><input type="password" value="hunter2"><input type="hidden" value="csrf-1"><input autocomplete="one-time-code" value="123456"><input value="ada"></form>
<div style="height:3000px"></div>`

// visit opens a page of a fresh site that serves house at / and counts its other requests.
func visit(t *testing.T, o browser.ContextOptions, handle http.HandlerFunc) *browser.Page {
	t.Helper()
	site := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/" || handle == nil {
			w.Header().Set("Content-Type", "text/html; charset=utf-8")
			fmt.Fprint(w, house)
			return
		}
		handle(w, r)
	}))
	t.Cleanup(site.Close)
	p := open(t, o)
	if err := p.Goto(limit(t), strings.Replace(site.URL, "127.0.0.1", "house.localhost", 1)); err != nil {
		t.Fatal(err)
	}
	return p
}

// js evaluates an expression.
func js[T any](t *testing.T, p *browser.Page, expression string) T {
	t.Helper()
	var out T
	if err := p.Evaluate(limit(t), expression, &out); err != nil {
		t.Fatalf("%s: %v", expression, err)
	}
	return out
}

func TestEmulation(t *testing.T) {
	t.Parallel()
	const look = `(async () => ({
		width: innerWidth, dark: matchMedia("(prefers-color-scheme: dark)").matches, calm: matchMedia("(prefers-reduced-motion: reduce)").matches,
		language: navigator.language, number: (1.5).toLocaleString(), zone: Intl.DateTimeFormat().resolvedOptions().timeZone,
		touch: navigator.maxTouchPoints, agent: navigator.userAgent, focus: document.hasFocus(),
		hints: navigator.userAgentData ? await navigator.userAgentData.getHighEntropyValues(["model", "platform"]) : null,
	}))()`
	type found struct {
		Width, Touch                  int
		Dark, Calm, Focus             bool
		Language, Number, Zone, Agent string
		Hints                         *struct {
			Platform, Model string
			Mobile          bool
		}
	}
	t.Run("desktop", func(t *testing.T) {
		got := js[found](t, visit(t, browser.ContextOptions{}, nil), look)
		if got.Width != 1280 || got.Dark || got.Calm || got.Touch != 0 || !got.Focus || got.Hints == nil || got.Hints.Mobile {
			t.Errorf("%+v", got)
		}
	})
	t.Run("everything", func(t *testing.T) {
		got := js[found](t, visit(t, browser.ContextOptions{
			Viewport: browser.Size{Width: 320, Height: 640}, Dark: true, ReducedMotion: true, Locale: "de-DE", Timezone: "Asia/Tokyo"}, nil), look)
		if got.Width != 320 || !got.Dark || !got.Calm || got.Language != "de-DE" || got.Number != "1,5" || got.Zone != "Asia/Tokyo" ||
			strings.Contains(got.Agent, "Headless") || got.Hints == nil {
			t.Errorf("%+v %+v", got, got.Hints)
		}
	})
	t.Run("changed while the page is open", func(t *testing.T) {
		p := visit(t, browser.ContextOptions{}, nil)
		zoomed := browser.ContextOptions{Viewport: browser.Size{Width: 320, Height: 256}, Scale: 4, Dark: true, ForcedColours: true}
		const look = `[innerWidth, devicePixelRatio, matchMedia("(prefers-color-scheme: dark)").matches, matchMedia("(forced-colors: active)").matches].join()`
		if got := js[string](t, p, look); got != "1280,1,false,false" {
			t.Errorf("before: %s", got)
		}
		for _, want := range []struct {
			window browser.ContextOptions
			seen   string
		}{{zoomed, "320,4,true,true"}, {browser.ContextOptions{}, "1280,1,false,false"}} {
			if err := p.Emulate(t.Context(), want.window); err != nil {
				t.Fatal(err)
			}
			if got := js[string](t, p, look); got != want.seen {
				t.Errorf("got %s, want %s", got, want.seen)
			}
		}
	})
	for kind, want := range map[browser.Mobile]string{browser.Android: "Android Pixel 8 true", browser.IPhone: ""} {
		t.Run(string(kind), func(t *testing.T) {
			var headers http.Header
			p := visit(t, browser.ContextOptions{Mobile: kind}, func(_ http.ResponseWriter, r *http.Request) { headers = r.Header })
			got := js[found](t, p, look)
			hints := ""
			if got.Hints != nil {
				hints = fmt.Sprint(got.Hints.Platform, " ", got.Hints.Model, " ", got.Hints.Mobile)
			}
			if got.Touch == 0 || got.Width > 420 || !strings.Contains(got.Agent, string(kind)) || kind == browser.Android && hints != want {
				t.Errorf("%+v, hints %q", got, hints)
			}
			js[any](t, p, `fetch("/headers").then(() => null)`)
			if mobile := headers.Get("Sec-CH-UA-Mobile"); (kind == browser.Android) != (mobile == "?1") || !strings.Contains(headers.Get("User-Agent"), string(kind)) {
				t.Errorf("headers %v", headers)
			}
			if kind == browser.IPhone && (headers.Get("Sec-CH-UA-Platform") != "" || got.Hints != nil && got.Hints.Platform != "") {
				t.Errorf("a real iPhone sends no client hints: %v %+v", headers, got.Hints)
			}
		})
	}
}

func TestEveryPageHasTheFocus(t *testing.T) {
	t.Parallel()
	p := visit(t, browser.ContextOptions{}, nil)
	other, err := p.Context().NewPage(limit(t))
	if err != nil {
		t.Fatal(err)
	}
	for _, page := range []*browser.Page{p, other} {
		if !js[bool](t, page, "document.hasFocus()") {
			t.Error("a page lost the focus to the other")
		}
	}
	if err := other.Close(); err != nil {
		t.Fatal(err)
	}
	if err := other.Close(); err != nil {
		t.Error("closing twice:", err)
	}
	js[bool](t, p, "true")
}

func TestRecords(t *testing.T) {
	t.Parallel()
	p := visit(t, browser.ContextOptions{}, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/moved":
			http.Redirect(w, r, "/fine?token=abc", http.StatusFound)
		case "/broken":
			w.WriteHeader(http.StatusTeapot)
		case "/cut":
			panic(http.ErrAbortHandler)
		}
	})
	js[any](t, p, `(async () => {
		console.log("hello", 7, {a: 1}); console.error("bad");
		await (await fetch("/moved?x=1&password=hunter2")).text(); await (await fetch("/broken")).text(); await fetch("/cut").catch(() => {});
		return null;
	})()`)
	js[any](t, p, `new Promise((r) => { setTimeout(() => { setTimeout(r, 0); throw new RangeError("nobody"); }, 0); })`)

	var levels []string
	for _, m := range p.Console() {
		if m.Source == "console" {
			levels = append(levels, m.Level+" "+m.Text)
		}
	}
	if !slices.Equal(levels, []string{"log hello 7 Object", "error bad"}) {
		t.Errorf("console %q", levels)
	}
	if e := p.Exceptions(); len(e) != 1 || !strings.Contains(e[0].Text, "RangeError: nobody") {
		t.Errorf("exceptions %+v", e)
	}
	var requests []string
	for _, r := range p.Requests() {
		if r.Duration == 0 && r.Failure == "" && r.Status != 0 && !strings.HasSuffix(r.URL, "/") {
			t.Errorf("no duration: %+v", r)
		}
		_, path, _ := strings.Cut(r.URL, ".localhost:")
		_, path, _ = strings.Cut(path, "/")
		requests = append(requests, fmt.Sprint(r.Method, " /", path, " ", r.Status, " ", r.Failure))
	}
	for _, want := range []string{"GET / 200 ", "GET /moved?x=1&password=redacted 302 ", "GET /fine?token=redacted 200 ", "GET /broken 418 ", "GET /cut 0 net::ERR_EMPTY_RESPONSE"} {
		if !slices.Contains(requests, want) {
			t.Errorf("%q is missing in %q", want, requests)
		}
	}
	problems := strings.Join(p.Problems(), "\n")
	for _, want := range []string{"bad", "RangeError", "418", "ERR_EMPTY_RESPONSE"} {
		if !strings.Contains(problems, want) {
			t.Errorf("%q is missing in the problems:\n%s", want, problems)
		}
	}
	if strings.Contains(problems+fmt.Sprint(requests), "hunter2") {
		t.Error("a secret was recorded")
	}
}

func TestRecordsAreBounded(t *testing.T) {
	t.Parallel()
	p := visit(t, browser.ContextOptions{}, nil)
	js[any](t, p, `(() => { for (let i = 0; i < 700; i++) console.log("x".repeat(5000) + i); return null; })()`)
	all := p.Console()
	if len(all) != 500 || len(all[0].Text) > 2100 {
		t.Errorf("%d messages of %d bytes are kept", len(all), len(all[0].Text))
	}
}

func TestPictures(t *testing.T) {
	t.Parallel()
	p := visit(t, browser.ContextOptions{Viewport: browser.Size{Width: 400, Height: 300}}, nil)
	for name, c := range map[string]struct {
		take   func(context.Context) ([]byte, error)
		height int
	}{"viewport": {p.Screenshot, 300}, "full": {p.ScreenshotFull, 3000}} {
		data, err := c.take(limit(t))
		if err != nil {
			t.Fatal(err)
		}
		picture, err := jpeg.DecodeConfig(bytes.NewReader(data))
		if err != nil || picture.Height < c.height || c.height == 300 && picture.Height != 300 {
			t.Errorf("%s: %+v, %v", name, picture, err)
		}
	}
	if height := js[int](t, p, "innerHeight"); height != 300 {
		t.Errorf("the window is %d high afterwards", height)
	}
	html, err := p.HTML(limit(t))
	if err != nil || !strings.Contains(html, `<h1>Rooms</h1>`) || !strings.Contains(html, `value="ada"`) {
		t.Errorf("%v: %s", err, html)
	}
	for _, secret := range []string{"hunter2", "csrf-1", "123456"} {
		if strings.Contains(html, secret) {
			t.Errorf("%q is in the snapshot", secret)
		}
	}
	if got := js[string](t, p, `document.querySelector("[type=password]").value`); got != "hunter2" {
		t.Error("the snapshot changed the page")
	}
}

func TestByRole(t *testing.T) {
	t.Parallel()
	p := visit(t, browser.ContextOptions{Patience: 300 * time.Millisecond}, nil)
	for _, name := range []string{"Open", "Close the door"} {
		el, err := p.ByRole(limit(t), "button", name)
		if err != nil {
			t.Fatal(err)
		}
		if tag := el.MustEval("() => this.tagName").Str(); tag != "BUTTON" {
			t.Errorf("%s is a %s", name, tag)
		}
	}
	for _, name := range []string{"Secret", "Inside", "open"} {
		_, err := p.ByRole(limit(t), "button", name)
		var missing *browser.NotFound
		if !errors.As(err, &missing) || !slices.Equal(missing.Candidates, []string{"Open", "Close the door", "Twin", "Twin"}) {
			t.Fatalf("%s: %v", name, err)
		}
		for _, words := range []string{`no button named "` + name + `"`, "house.localhost", `"Close the door"`} {
			if !strings.Contains(err.Error(), words) {
				t.Errorf("%q is missing in: %v", words, err)
			}
		}
	}
	_, err := p.ByRole(limit(t), "slider", "Volume")
	if err == nil || !strings.Contains(err.Error(), "the page has no slider at all") {
		t.Error(err)
	}
	_, err = p.ByRole(limit(t), "button", "Twin")
	var twins *browser.Ambiguous
	if !errors.As(err, &twins) || twins.Count != 2 {
		t.Error(err)
	}
	if all, err := p.AllByRole(limit(t), "button", "Twin"); err != nil || len(all) != 2 {
		t.Errorf("%d, %v", len(all), err)
	}
	if names, err := p.Names(limit(t), "heading"); err != nil || !slices.Equal(names, []string{"Rooms"}) {
		t.Errorf("%q, %v", names, err)
	}
}

func TestByRoleWaits(t *testing.T) {
	t.Parallel()
	p := visit(t, browser.ContextOptions{}, nil)
	js[any](t, p, `(setTimeout(() => document.querySelector("dialog").showModal(), 200), null)`)
	el, err := p.ByRole(limit(t), "button", "Inside")
	if err != nil {
		t.Fatal(err)
	}
	if err := el.Context(limit(t)).Click("left", 1); err != nil {
		t.Error(err)
	}
	ctx, cancel := context.WithCancel(limit(t))
	cancel()
	_, err = p.ByRole(ctx, "button", "Nothing")
	if !errors.Is(err, context.Canceled) || !strings.Contains(err.Error(), "could not be looked at") {
		t.Error(err)
	}
}

func TestFaults(t *testing.T) {
	t.Parallel()
	var arrived atomic.Int32
	p := visit(t, browser.ContextOptions{}, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/verify" { // the browser asks for an icon of the site whenever it likes
			arrived.Add(1)
		}
		fmt.Fprint(w, "real")
	})
	faults, err := p.Faults(limit(t))
	if err != nil {
		t.Fatal(err)
	}
	send := func(method, path string) string {
		return js[string](t, p, fmt.Sprintf(`fetch(%q, {method: %q}).then(async (r) => r.status + " " + await r.text(), (e) => e.name)`, path, method))
	}
	for _, c := range []struct {
		name        string
		fault       browser.Fault
		want        string
		arrives     int32
		after, miss string
	}{
		{"drop", browser.Fault{Method: "POST", URL: "*/verify", Kind: browser.Drop, Times: 1}, "TypeError", 0, "200 real", ""},
		{"lose the reply", browser.Fault{URL: "*/verify", Kind: browser.LoseReply, Times: 1}, "TypeError", 1, "200 real", ""},
		{"answer", browser.Fault{URL: "*/ver?fy", Kind: browser.Answer, Status: 507, Body: "full", Times: 1}, "507 full", 0, "200 real", ""},
		{"always", browser.Fault{URL: "*", Kind: browser.Answer}, "503 ", 0, "503 ", ""},
		{"other method", browser.Fault{Method: "GET", URL: "*", Kind: browser.Drop}, "200 real", 1, "200 real", ""},
		{"other URL", browser.Fault{URL: "*/verif", Kind: browser.Drop}, "200 real", 1, "200 real", ""},
		{"slow", browser.Fault{URL: "*/verify", Kind: browser.Slow, Delay: 50 * time.Millisecond}, "200 real", 1, "200 real", ""},
	} {
		rule, err := faults.Add(limit(t), c.fault)
		if err != nil {
			t.Fatal(err)
		}
		arrived.Store(0)
		start := time.Now()
		if got := send("POST", "/verify"); got != c.want || arrived.Load() != c.arrives {
			t.Errorf("%s: the page saw %q, %d arrived", c.name, got, arrived.Load())
		}
		if c.fault.Kind == browser.Slow && time.Since(start) < c.fault.Delay {
			t.Errorf("%s: it was not slow", c.name)
		}
		if got := send("POST", "/verify"); got != c.after {
			t.Errorf("%s: then the page saw %q", c.name, got)
		}
		if c.fault.Times == 1 && rule.Hits() != 1 {
			t.Errorf("%s: %d hits", c.name, rule.Hits())
		}
		if err := rule.Remove(limit(t)); err != nil {
			t.Fatal(err)
		}
		if got := send("POST", "/verify"); got != "200 real" {
			t.Errorf("%s, removed: the page saw %q", c.name, got)
		}
	}
	if err := faults.Close(limit(t)); err != nil {
		t.Error(err)
	}
}

func TestSpies(t *testing.T) {
	t.Parallel()
	p := visit(t, browser.ContextOptions{}, nil)
	signals, err := p.SpySignals(limit(t))
	if err != nil {
		t.Fatal(err)
	}
	ceremonies, err := p.SpyCeremonies(limit(t))
	if err != nil {
		t.Fatal(err)
	}
	for range 2 { // the spies outlive the document
		address := js[string](t, p, `location.href`)
		if err := p.Goto(limit(t), address); err != nil {
			t.Fatal(err)
		}
	}
	js[any](t, p, `(async () => {
		await PublicKeyCredential.signalUnknownCredential({ rpId: location.hostname, credentialId: "AQID" });
		await PublicKeyCredential.signalUnknownCredential({ rpId: "example.org", credentialId: "AQID" }).catch(() => {});
		await navigator.credentials.get({ publicKey: { challenge: new Uint8Array(8), rpId: "example.org" } }).catch(() => {});
		return null;
	})()`)
	calls := signals.Calls()
	if len(calls) != 2 || calls[0].Outcome != "ok" || calls[1].Outcome != "SecurityError" || calls[0].Message != "" || calls[1].Message == "" || calls[1].Ended.Before(calls[1].Time) || signals.Count("signalUnknownCredential") != 2 ||
		!strings.Contains(string(calls[0].Args), `"credentialId":"AQID"`) {
		t.Errorf("signals %+v", calls)
	}
	if calls := ceremonies.Calls(); len(calls) != 1 || calls[0].Name != "get" || calls[0].Outcome != "SecurityError" || ceremonies.Count("create") != 0 {
		t.Errorf("ceremonies %+v", calls)
	}
	if left := js[string](t, p, `Object.keys(globalThis).filter((n) => n.startsWith("__")).join()`); left != "" {
		t.Errorf("the page can see %s", left)
	}
}

func TestRemoveSignalAPI(t *testing.T) {
	t.Parallel()
	p := open(t, browser.ContextOptions{})
	if err := p.RemoveSignalAPI(limit(t)); err != nil {
		t.Fatal(err)
	}
	site := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, house) }))
	defer site.Close()
	if err := p.Goto(limit(t), strings.Replace(site.URL, "127.0.0.1", "localhost", 1)); err != nil {
		t.Fatal(err)
	}
	got := js[[]any](t, p, `(async () => {
		const c = await PublicKeyCredential.getClientCapabilities();
		return [typeof PublicKeyCredential.signalUnknownCredential, "signalUnknownCredential" in PublicKeyCredential, "signalAllAcceptedCredentials" in c, "conditionalGet" in c];
	})()`)
	if fmt.Sprint(got) != "[undefined false false true]" {
		t.Errorf("%v", got)
	}
}

func TestScriptErrors(t *testing.T) {
	t.Parallel()
	p := visit(t, browser.ContextOptions{}, nil)
	for script, want := range map[string]browser.ScriptError{
		`Promise.reject(new DOMException("so", "AbortError"))`: {Name: "AbortError", Message: "so"},
		`(() => { throw new TypeError("bad") })()`:             {Name: "TypeError", Message: "bad"},
		`(() => { throw "words" })()`:                          {Message: "words"},
	} {
		err := p.Evaluate(limit(t), script, nil)
		var thrown *browser.ScriptError
		if !errors.As(err, &thrown) || *thrown != want {
			t.Errorf("%s: %#v", script, err)
		}
	}
}

// TestNoGoroutineOutlivesItsContext is not parallel: it counts goroutines.
func TestNoGoroutineOutlivesItsContext(t *testing.T) {
	before := runtime.NumGoroutine()
	for range 2 {
		c, err := shared.NewContext(limit(t), browser.ContextOptions{})
		if err != nil {
			t.Fatal(err)
		}
		p, err := c.NewPage(limit(t))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := p.SpySignals(limit(t)); err != nil {
			t.Fatal(err)
		}
		faults, err := p.Faults(limit(t))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := faults.Add(limit(t), browser.Fault{URL: "*", Kind: browser.Slow, Delay: time.Hour}); err != nil {
			t.Fatal(err)
		}
		js[any](t, p, `(fetch("http://localhost:9/never").catch(() => {}), null)`)
		for range 2 {
			if err := c.Close(); err != nil {
				t.Fatal(err)
			}
		}
		if err := p.Evaluate(limit(t), "1", nil); err == nil {
			t.Error("a closed page answers")
		}
	}
	eventually(t, "the goroutines ended", func() bool { return runtime.NumGoroutine() <= before })
}
