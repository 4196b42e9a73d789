package bluetooth_test

import (
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/passkeylab/passkeylab/harness/bluetooth"
	"github.com/passkeylab/passkeylab/harness/browser"
)

// page is a page of an unmodified Chromium that has the bus as its system bus.
type page struct {
	*browser.Page
	t       *testing.T
	browser *browser.Browser
}

// close ends the browser.
func (p *page) close() {
	p.t.Helper()
	if err := p.browser.Close(); err != nil {
		p.t.Error(err)
	}
}

func chromium(t *testing.T, b *bluetooth.Bus) *page {
	t.Helper()
	started, err := browser.Launch(limit(t), browser.Options{Path: os.Getenv("PASSKEYLAB_BROWSER_PATH"), Env: b.Env()})
	if err != nil {
		t.Fatal(err)
	}
	p := &page{t: t, browser: started}
	t.Cleanup(p.close)
	context, err := started.NewContext(limit(t), browser.ContextOptions{})
	if err != nil {
		t.Fatal(err)
	}
	p.Page, err = context.NewPage(limit(t))
	if err != nil {
		t.Fatal(err)
	}
	site := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		_, _ = w.Write([]byte("<title>site</title>"))
	}))
	t.Cleanup(site.Close)
	url := strings.Replace(site.URL, "127.0.0.1", "localhost", 1)
	if err := p.Goto(limit(t), url); err != nil {
		t.Fatal(err)
	}
	return p
}

// run evaluates an expression as if the user had clicked, waits for its promise and returns its value.
func (p *page) run(expression string) any {
	p.t.Helper()
	var value any
	if err := p.Evaluate(limit(p.t), expression, &value); err != nil {
		p.t.Fatal(err)
	}
	return value
}

// hybrid says whether the browser offers its hybrid transport.
func (p *page) hybrid() bool {
	p.t.Helper()
	return p.run(`PublicKeyCredential.getClientCapabilities().then(c => c.hybridTransport)`) == true
}

// create begins a registration on a phone; abort ends it.
const (
	create = `{
		globalThis.aborter = new AbortController();
		globalThis.outcome = navigator.credentials.create({signal: aborter.signal, publicKey: {
			rp: {name: "site"}, user: {id: new Uint8Array(16), name: "ada", displayName: "Ada"}, challenge: new Uint8Array(32),
			pubKeyCredParams: [{type: "public-key", alg: -7}, {type: "public-key", alg: -257}], hints: ["hybrid"],
		}}).then(() => "created", e => e.name);
		0
	}`
	abort = `aborter.abort(), outcome`
)

// register begins a registration on a phone, waits until the browser discovers, and lets the page abort.
func (p *page) register(d *diary, meanwhile func()) {
	p.t.Helper()
	before := d.count(startDiscovery)
	p.run(create)
	if meanwhile != nil {
		meanwhile()
	}
	eventually(p.t, "the browser discovers", func() bool { return d.count(startDiscovery) > before })
	if outcome := p.run(abort); outcome != "AbortError" {
		p.t.Errorf("the registration ended with %v", outcome)
	}
}

// TestChromiumUsesTheAdapter goes with the real browser through everything that the adapter can do to it.
func TestChromiumUsesTheAdapter(t *testing.T) {
	var d diary
	b := start(t, bluetooth.Options{Unplugged: true, Observe: d.observe})
	p := chromium(t, b)
	eventually(t, "the browser asked for the objects", func() bool {
		return d.has(bluetooth.Called, "org.freedesktop.DBus.ObjectManager.GetManagedObjects")
	})
	if p.hybrid() {
		t.Error("without an adapter there is a hybrid transport")
	}
	b.Adapter.Plug()
	eventually(t, "the browser noticed the adapter", p.hybrid)
	p.register(&d, nil)

	// A stranger's advert, and one that arrives before the discovery, do no harm.
	if err := b.Radio.Send(limit(t), foreign); err != nil {
		t.Fatal(err)
	}
	p.register(&d, nil)

	// A browser that knew BlueZ takes notice of its restart.
	if err := b.StopBlueZ(); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the browser noticed the end of BlueZ", func() bool { return !p.hybrid() })
	if err := b.StartBlueZ(limit(t)); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the browser noticed the new BlueZ", p.hybrid)
	p.register(&d, nil)

	b.Adapter.Unplug()
	eventually(t, "the browser noticed that the adapter is gone", func() bool { return !p.hybrid() })

	// Whether the browser stops its discovery is not asserted: one that is told to abort before it has read the answer to its
	// StartDiscovery, as may happen here, never stops it, and is refused when it starts the next one. Its end stops it.
	b.Adapter.Plug()
	eventually(t, "the browser noticed that the adapter is back", p.hybrid)
	p.register(&d, nil)
	p.close()
	if err := b.Adapter.Await(limit(t), func(s bluetooth.State) bool { return !s.Discovering }); err != nil {
		t.Error("the discovery outlived the browser:", err)
	}
	checkCalls(t, &d)
}

const startDiscovery = "org.bluez.Adapter1.StartDiscovery"

// checkCalls compares what the browser called, and how it was answered, with what is known of Chromium.
func checkCalls(t *testing.T, d *diary) {
	t.Helper()
	calls := d.titles(bluetooth.Called)
	for _, want := range []string{
		"org.freedesktop.DBus.ObjectManager.GetManagedObjects", "org.bluez.Adapter1.SetDiscoveryFilter", startDiscovery,
		"org.bluez.AgentManager1.UnregisterAgent",
	} {
		if !slices.Contains(calls, want) {
			t.Errorf("the browser did not call %s, only %q", want, calls)
		}
	}
	// A stop may come when the adapter or BlueZ has just gone.
	refusals := map[string][]string{
		"org.bluez.AgentManager1.UnregisterAgent": {"org.bluez.Error.DoesNotExist"},
		startDiscovery:                     {"org.bluez.Error.InProgress"},
		"org.bluez.Adapter1.StopDiscovery": {"org.bluez.Error.Failed", "org.freedesktop.DBus.Error.UnknownObject"},
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, e := range d.events {
		if e.Error != "" && !slices.Contains(refusals[e.Title], e.Error) {
			t.Errorf("%s was refused: %s", e.Title, e.Error)
		}
	}
}

// TestChromiumWaitsForThePower has the dialog ask to switch Bluetooth on; the browser discovers as soon as it is.
func TestChromiumWaitsForThePower(t *testing.T) {
	var d diary
	b := start(t, bluetooth.Options{Off: true, Observe: d.observe})
	p := chromium(t, b)
	eventually(t, "the browser noticed the adapter", p.hybrid)
	p.register(&d, func() {
		if b.Adapter.Discovering() {
			t.Error("it discovers without power")
		}
		b.Adapter.Power(true)
	})
	checkCalls(t, &d)
}

func TestChromiumWithoutBlueZHasNoHybridTransport(t *testing.T) {
	b := start(t, bluetooth.Options{NoBlueZ: true})
	if chromium(t, b).hybrid() {
		t.Error("without org.bluez there is a hybrid transport")
	}
}
