package walk

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/google/uuid"

	"github.com/passkeylab/passkeylab/harness/client"
	"github.com/passkeylab/passkeylab/rp"
	"github.com/passkeylab/passkeylab/virtualauth"
)

// texts are the words of problem pages, by all that they may depend on, and the walk that saw them first.
type texts struct {
	mu    sync.Mutex
	seen  map[string]seenText
	found atomic.Bool // whether a walk has found something
}

type seenText struct {
	words string
	walk  []string
}

// first returns what was seen first for a key.
func (t *texts) first(key string, now seenText) seenText {
	t.mu.Lock()
	defer t.mu.Unlock()
	if known, ok := t.seen[key]; ok {
		return known
	}
	if t.seen == nil {
		t.seen = map[string]seenText{}
	}
	now.walk = slices.Clone(now.walk)
	t.seen[key] = now
	return now
}

// assert answers request options with a provider's newest passkey; nil when there are no options or the phone has none.
func (w *walker) assert(p *pocket, r *reply) (body []byte, id string) {
	options := r.json().PublicKey
	if r.status != http.StatusOK || options == nil {
		return nil, ""
	}
	cl := &client.Client{Origin: origin, Device: p.device, Attachment: client.Platform, Transports: p.Model.Transports, Rand: w.random}
	if p.Model.Attachment == virtualauth.Roaming {
		cl.Attachment = client.CrossPlatform
	}
	body, err := cl.Get(w.ctx, options)
	var dom *client.DOMError
	if errors.As(err, &dom) {
		return nil, ""
	}
	if err != nil {
		w.fail("client: %v", err)
	}
	return body, (&reply{body: body}).idIn()
}

// checkDone: no "Done" without a row, and the names on pages are those that are stored.
func (w *walker) checkDone(p *page) {
	if step := p.step(); step != "S0" && step != "S10" && step != "S11" {
		return
	}
	list, names := w.entries().passkeys, map[string]int{}
	for _, row := range list {
		names[row.name]++
	}
	switch p.step() {
	case "S0":
		for _, name := range p.names {
			if names[name]--; names[name] < 0 {
				w.fail("a card says %q, which is no passkey's name", name)
			}
		}
		if len(p.names) != len(list) {
			w.fail("%d cards for %d passkeys", len(p.names), len(list))
		}
	case "S11":
		if names[p.preview] == 0 {
			w.fail("S11 shows the passkey %q, which is not stored", p.preview)
		}
	case "S10":
		run, _, _ := cutLast(w.browser.tab().url)
		if id := w.truth.resultOf[run]; !w.truth.has(id) {
			w.fail("S10 without a passkey")
		}
	}
}

// checkText is the fifth and the eighth invariant: what a problem page says depends on the browser's word, the server's
// code, the attempt and the flow, and where it names a provider, on the verified passkey; on nothing else.
func (w *walker) checkText(p *page) {
	step := p.step()
	if !strings.HasPrefix(step, "E") || p.data["code"] == "" || step == "E11" {
		return
	}
	provider := ""
	if step == "E2" || step == "E2b" {
		if provider = w.checkProvider(p); provider == "" {
			return
		}
	} else if p.provider != "" {
		w.fail("%s names the provider %q", step, p.provider)
	}
	key := strings.Join([]string{step, p.data["code"], p.data["flow"], p.data["attempt"], provider}, " ")
	if strings.HasPrefix(p.data["code"], "policy.") {
		key += fmt.Sprint(w.checkStrayNote(p))
	}
	known := w.texts.first(key, seenText{p.text, w.done})
	if known.words != p.text {
		panic(&broken{what: fmt.Sprintf("two texts for %s:\n%s\n%s", key, known.words, p.text), event: len(w.done), other: known.walk})
	}
}

// checkStrayNote: what the policy forbids is said before a passkey is made, or after, and then one is left on the device.
// The page says so if, and only if, it is so. It returns whether it is.
func (w *walker) checkStrayNote(p *page) bool {
	run, _, _ := cutLast(w.browser.tab().url)
	left := w.truth.strayIn[run]
	if p.data["flow"] == "E" { // what the app was refused, or what the policy has come to since
		left = p.data["stray"] == "yes" && len(w.truth.strays) > 0
	}
	if got := p.data["stray"] == "yes"; got != left {
		w.fail("%s %s says of a passkey that is left on the device: %q, and there is one: %v", p.step(), p.data["code"], p.data["stray"], left)
	}
	return left
}

// checkProvider compares the provider on E2 with what the verified passkey says, and returns what else E2 may depend on.
func (w *walker) checkProvider(p *page) string {
	run, _, _ := cutLast(w.browser.tab().url)
	runs, err := w.rp.Runs(w.ctx, w.id)
	if err != nil {
		w.fail("runs: %v", err)
	}
	at := slices.IndexFunc(runs, func(one rp.Run) bool { return strings.HasSuffix(run, "/"+one.ID) })
	if at < 0 || runs[at].Problem == nil {
		return ""
	}
	record := runs[at]
	m, known := w.truth.refusedIn[run]
	if record.Flow == rp.FlowInApp {
		m, known = w.truth.inAppRefused[uuid.MustParse(record.Problem.AAGUID)]
	}
	if !known {
		w.fail("E2 in a run where no passkey was refused")
	}
	name := knownNames()[m.aaguid]
	if p.provider != name {
		w.fail("E2 names %q, the passkey is of %q", p.provider, name)
	}
	if record.Problem.AAGUID != m.aaguid.String() {
		w.fail("E2 tells the model %s, the passkey's is %s", record.Problem.AAGUID, m.aaguid)
	}
	return fmt.Sprintf("%s %d %s %s %t", m.aaguid, min(record.Refusals, 3), record.PhoneOS, record.Problem.ProviderKey, w.rule.name == "app")
}
