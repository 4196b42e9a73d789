package dialog_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/go-rod/rod"

	"github.com/passkeylab/passkeylab/harness/bluetooth"
	"github.com/passkeylab/passkeylab/harness/browser"
	"github.com/passkeylab/passkeylab/harness/dialog"
)

// desk is a computer: a bus, a browser and a look at its windows.
type desk struct {
	t       *testing.T
	bus     *bluetooth.Bus
	browser *browser.Browser
	window  *dialog.Window
	people  *browser.Context
	url     string
}

// limit returns a context that ends a minute from now at the latest, and with the test.
func limit(t testing.TB) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	t.Cleanup(cancel)
	return ctx
}

// newDesk starts a computer that ends with the test.
func newDesk(t *testing.T, setup dialog.Setup, o browser.Options) *desk {
	t.Helper()
	ctx := limit(t)
	bus, err := bluetooth.Start(ctx, bluetooth.Options{})
	if err != nil {
		t.Fatal(err)
	}
	ends(t, bus.Close)
	o.Path, o.Env = os.Getenv("PASSKEYLAB_BROWSER_PATH"), append(o.Env, bus.Env()...)
	b, err := browser.Launch(ctx, setup.Options(o))
	if err != nil {
		t.Fatal(err)
	}
	ends(t, b.Close)
	w, err := dialog.Open(ctx, b, setup)
	if err != nil {
		t.Fatal(err)
	}
	ends(t, w.Close)
	site := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, "<!doctype html><meta name=color-scheme content='light dark'><title>%s</title>a page", r.URL.Path)
	}))
	t.Cleanup(site.Close)
	d := &desk{t: t, bus: bus, browser: b, window: w, url: strings.Replace(site.URL, "127.0.0.1", "localhost", 1)}
	d.people = d.person(browser.ContextOptions{})
	return d
}

// person returns another person at the desk.
func (d *desk) person(o browser.ContextOptions) *browser.Context {
	d.t.Helper()
	c, err := d.browser.NewContext(limit(d.t), o)
	if err != nil {
		d.t.Fatal(err)
	}
	return c
}

// ends closes something when the test ends.
func ends(t *testing.T, closing func() error) {
	t.Cleanup(func() {
		if err := closing(); err != nil {
			t.Error(err)
		}
	})
}

// page opens a page of the site.
func (d *desk) page() *browser.Page {
	d.t.Helper()
	p, err := d.people.NewPage(limit(d.t))
	if err != nil {
		d.t.Fatal(err)
	}
	if err := p.Goto(limit(d.t), d.url); err != nil {
		d.t.Fatal(err)
	}
	return p
}

// run evaluates a function in a page, as if the user had just clicked, and returns what it returns as text.
func run(t testing.TB, p *browser.Page, js string) string {
	t.Helper()
	v, err := p.Rod.Context(limit(t)).Evaluate(rod.Eval(js).ByUser().ByPromise())
	if err != nil {
		t.Fatal(err)
	}
	return v.Value.Str()
}

// Options of a registration, as JavaScript: the first leads to the code at once, the second to the choice of a device.
const (
	toTheCode   = `{hints: ["hybrid"], authenticatorSelection: {residentKey: "required", userVerification: "required"}}`
	toTheChoice = `{hints: ["hybrid"]}`
)

// create begins a registration and returns at once.
func create(t testing.TB, p *browser.Page, options string) {
	t.Helper()
	run(t, p, `() => {
		window.abort = new AbortController();
		window.ended = navigator.credentials.create({signal: abort.signal, publicKey: Object.assign({
			rp: {name: "A site"}, user: {id: new Uint8Array(8), name: "ada", displayName: "Ada"}, challenge: new Uint8Array(32),
			pubKeyCredParams: [{type: "public-key", alg: -7}, {type: "public-key", alg: -257}],
		}, `+options+`)}).then(() => "a credential", e => e.name);
	}`)
}

// ended waits for the end of the ceremony and returns the name of its error.
func ended(t testing.TB, p *browser.Page) string {
	t.Helper()
	return run(t, p, `() => window.ended`)
}
