package walk

import (
	"encoding/base64"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"time"

	"github.com/passkeylab/passkeylab/rp"
	"github.com/passkeylab/passkeylab/virtualauth"
	"github.com/passkeylab/passkeylab/virtualauth/keystore"
)

// broken is what a walk found: something that must never be.
type broken struct {
	what  string
	event int
	// other is the walk that showed another text for the same page, when it takes two.
	other []string
}

func (b *broken) Error() string { return b.what }

// walker is one person on one walk.
type walker struct {
	*house
	person
	browser  browser
	app      app
	rule     rule
	rules    []rule
	pockets  map[string]*pocket
	truth    truth
	seen     []string // addresses she was at
	inFlight []flight
	session  int       // counts sign-ins
	proofAt  time.Time // of the latest proof that the walk knows to be good
	done     []string
	known    *entries // of the tables, nil when they may have changed
	touched  bool     // whether this event may have changed them
}

// person is what she knows by heart.
type person struct {
	id, userName, secret string
	lastStep             int64
}

func (w *walker) fail(format string, args ...any) {
	panic(&broken{what: fmt.Sprintf(format, args...), event: len(w.done)})
}

// newWalker makes an account. Each walk begins at a full hour, so that what one did to limits by network and minute
// is over, and time steps fall alike.
func (h *house) newWalker() (*walker, error) {
	h.walks++
	h.random.begin(h.walks)
	h.clock.add(h.clock.Now().Truncate(time.Hour).Add(2 * time.Hour).Sub(h.clock.Now()))
	w := &walker{house: h, rules: rules(), pockets: map[string]*pocket{}, browser: browser{cookies: map[string]string{}},
		app: app{proofAt: map[int]time.Time{}}}
	w.rule = w.rules[0]
	if err := h.rp.SetPolicy(h.ctx, w.rule.policy); err != nil {
		return nil, err
	}
	w.userName = fmt.Sprintf("mia%d", h.walks)
	made, err := h.rp.SignUp(h.ctx, rp.Registration{UserName: w.userName, DisplayName: "Mia", Password: password})
	if err != nil {
		return nil, err
	}
	w.id, w.secret = made.User.ID, made.TOTPSecret
	w.truth.begin()
	return w, nil
}

// run walks: the events given, or, with a source of chance, events of its own. Of the latter every third walk goes home.
func (h *house) run(events []string, random *rand.Rand, number int) (done []string, found *broken) {
	w, err := h.newWalker()
	if err != nil {
		return nil, &broken{what: err.Error()}
	}
	defer func() {
		if p := recover(); p != nil {
			b, ok := p.(*broken)
			if !ok {
				panic(p)
			}
			done, found = w.done, b
		}
	}()
	if random != nil {
		for range *length {
			w.one(w.choose(random))
		}
	}
	for _, event := range events {
		w.one(event)
	}
	if random == nil || number%3 == 0 {
		w.comeHome()
	}
	return w.done, nil
}

// one lets one event happen, and looks at everything afterwards. An event that is not possible here is passed over, so
// that lists of events can be shortened.
func (w *walker) one(event string) {
	if event == "" {
		return
	}
	w.done = append(w.done, event)
	verb, rest, _ := strings.Cut(event, " ")
	act, ok := verbs()[verb]
	if !ok {
		w.fail("there is no event %q", event)
	}
	w.touched = false
	if act(w, rest) {
		if w.touched {
			w.check()
		}
	} else {
		w.done = w.done[:len(w.done)-1]
	}
}

// pocketOf returns the provider of a word, installed when it is not yet. A word such as "bitwarden/2" is that provider on
// another phone.
func (w *walker) pocketOf(word string) *pocket {
	if found := w.pockets[word]; found != nil {
		return found
	}
	kind, _, _ := strings.Cut(word, "/")
	make, ok := phones()[kind]
	if !ok {
		return nil
	}
	p := make()
	made := &pocket{Provider: p, device: virtualauth.New(p.Model, virtualauth.World{Clock: w.clock, Rand: w.random, Keys: keystore.NewSoftware(w.random)})}
	w.pockets[word] = made
	return made
}

// code returns a one-time code: right, wrong, or old. For a right one she waits for the next when this one was used.
func (w *walker) code(which string) string {
	step := w.clock.Now().Unix() / 30
	switch which {
	case "wrong":
		return "000000"
	case "old":
		step = w.lastStep
	default:
		if step <= w.lastStep {
			step = w.lastStep + 1
			w.clock.add(time.Unix(step*30, 0).Sub(w.clock.Now()))
		}
		w.lastStep = step
	}
	code, err := rp.OneTimeCode(w.secret, time.Unix(step*30, 0))
	if err != nil {
		w.fail("one-time code: %v", err)
	}
	return code
}

func (w *walker) others(stale bool) {
	for i := range w.browser.tabs {
		if i != w.browser.at {
			w.browser.tabs[i].stale = stale
		}
	}
}

// everythingIsOld notes that something has changed behind all pages.
func (w *walker) everythingIsOld() {
	w.touch()
	w.others(true)
	w.browser.tab().stale = true
}

// touch notes that the tables may have changed.
func (w *walker) touch() { w.known, w.touched = nil, true }

// lookAt checks what holds for every page.
func (w *walker) lookAt(p *page) {
	w.remember()
	if p.h1 == "" {
		w.fail("%s shows a page without a heading", hideIDs(w.browser.tab().url))
	}
	if p.hasImages {
		w.fail("%s has a picture that we did not put there", hideIDs(w.browser.tab().url))
	}
	if !p.leadsOn() {
		w.fail("dead end: %s (%s) at %s has nothing to press", p.step(), p.data["code"], hideIDs(w.browser.tab().url))
	}
	w.checkList(p)
	w.checkDone(p)
	w.checkText(p)
}

// leadsOn reports whether there is a way on that is not only a way elsewhere in the site's frame.
func (p *page) leadsOn() bool {
	for _, c := range p.controls {
		if c.inMain && !c.closed {
			return true
		}
	}
	// What only is to be read leads back by the site's frame.
	return p.ceremony != nil || p.step() == "help" || p.step() == "outbox"
}

func (w *walker) remember() {
	address := w.browser.tab().url
	for _, known := range w.seen {
		if known == address {
			return
		}
	}
	w.seen = append(w.seen, address)
}

// ask is a request of the page's script.
func ask(address string, body []byte) request {
	return request{method: http.MethodPost, url: address, json: body}
}

func base64URL(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }
