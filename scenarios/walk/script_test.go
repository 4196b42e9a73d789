package walk

import (
	"net/http"
	"time"
)

// What only the page's script does, beside the registration itself.

// proveWith proves presence with a passkey, as the script of the page does.
func (w *walker) proveWith(word string) bool {
	t := w.browser.tab()
	p := w.pocketOf(word)
	if t.page == nil || t.page.prove == nil || !t.page.hasPasskeyUI || p == nil {
		return false
	}
	r := w.send(ask(t.page.prove["options"], []byte("{}")))
	body, id := w.assert(p, r)
	if body == nil {
		if next := r.next(); next != "" {
			w.load(next)
		}
		return true
	}
	w.others(true)
	w.truth.proving = w.truth.has(id)
	if r = w.send(ask(t.page.prove["verify"], body)); r.next() != "" {
		w.load(r.next())
	}
	return true
}

// signInWith signs in with a passkey, whether the relying party knows it or not.
func (w *walker) signInWith(word string) bool {
	t := w.browser.tab()
	p := w.pocketOf(word)
	if t.page == nil || !t.page.signsIn || p == nil {
		return false
	}
	body, id := w.assert(p, w.send(ask("/sign-in/options", []byte(`{"userName":"","conditional":false}`))))
	if body == nil {
		return true
	}
	r := w.send(ask("/sign-in/verify", body))
	_, stray := w.truth.strays[id]
	want := ""
	switch code := r.json().Code; {
	case code == "signin.blocked" || code == "rp.rate_limited" || code == "signin.failed":
		want = code // the policy's business, or a counter's
	case stray && !w.truth.has(id):
		want = "signin.stray"
	case !w.truth.has(id):
		want = "signin.unknown_credential"
	}
	if got := r.json().Code; got != want {
		w.fail("signing in with a passkey (stored %v, refused %v) gives %q, want %q", w.truth.has(id), stray, got, want)
	}
	if signal := r.json().SignalUnknown; signal != nil && w.truth.has(signal.CredentialID) {
		w.fail("sign-in signals that a stored passkey is unknown")
	}
	if r.status == http.StatusOK {
		w.signedIn()
	}
	w.follow(r)
	return true
}

// expires is the proof page's own timer.
func (w *walker) expires(string) bool {
	c := w.control("back")
	if c == nil || w.browser.tab().page.step() != "S2a" {
		return false
	}
	w.clock.add(5 * time.Minute)
	return w.press("back expired=1")
}

// look asks what happened, as the script of E9 does; settle is its third look.
func (w *walker) look(string) bool   { return w.askOutcome(http.MethodGet) }
func (w *walker) settle(string) bool { return w.askOutcome(http.MethodPost) }

func (w *walker) askOutcome(method string) bool {
	t := w.browser.tab()
	if t.page == nil || t.page.outcome == "" {
		return false
	}
	w.others(true)
	r := w.send(request{method: method, url: t.page.outcome, script: true})
	a := r.json()
	run, _, _ := cutLast(t.page.outcome)
	stored := w.truth.resultOf[run] != ""
	if r.status == http.StatusOK && (a.State == "stored") != stored {
		w.fail("the outcome is %q, and the passkey is stored: %v", a.State, stored)
	}
	if a.State == "pending" && method == http.MethodPost {
		w.fail("settled, and still pending")
	}
	if a.Next != "" {
		w.load(a.Next)
	}
	return true
}

// browserSays ends what waits with an error of the browser, or with the page's own timer.
func (w *walker) browserSays(name string) bool {
	c := w.browser.tab().waiting
	if c == nil {
		return false
	}
	if name == "timer" {
		w.clock.add(5*time.Minute + 5*time.Second)
	}
	w.others(true)
	w.report(c, name)
	return true
}

func (w *walker) startAgain(string) bool {
	if w.browser.tab().waiting == nil {
		return false
	}
	w.options()
	return true
}
