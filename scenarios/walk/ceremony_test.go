package walk

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/passkeylab/passkeylab/harness/client"
	"github.com/passkeylab/passkeylab/virtualauth/authdata"
)

// ceremony is one registration as the walk knows it.
type ceremony struct {
	run       string // path of the run, "" for the app's
	app       bool   // in the app, beside all pages
	flow      string
	publicKey []byte
	challenge []byte
	options   creationOptions
	issued    time.Time
	proofAt   time.Time
	session   int
	answered  bool
	accepted  []byte // the body that was accepted
}

// creationOptions is the part of the options that the walk looks at.
type creationOptions struct {
	Challenge   string
	Attestation string
	User        struct{ ID string }
	Timeout     int64
	Exclude     []struct {
		ID         string
		Transports []string
	} `json:"excludeCredentials"`
	Selection struct {
		Attachment string `json:"authenticatorAttachment"`
	} `json:"authenticatorSelection"`
}

// flight is a response that the network still has.
type flight struct {
	ceremony *ceremony
	made     made
	from     sender
}

// made is a passkey on its way: what the phone made, and what of it the relying party should believe.
type made struct {
	body      []byte
	id        string // base64url
	kept      kept
	platform  bool
	authentic bool
	forge     string
}

// begin presses the button whose script starts a ceremony.
func (w *walker) begin() bool {
	t := w.browser.tab()
	if t.page == nil || t.page.ceremony == nil || t.waiting != nil {
		return false
	}
	w.options()
	return true
}

// options asks for options as the script does.
func (w *walker) options() {
	t := w.browser.tab()
	run := t.page.ceremony["run"]
	w.others(true)
	r := w.send(ask(run+"/options", []byte("{}")))
	if r.status == http.StatusOK || strings.HasPrefix(r.json().Code, "policy.") {
		delete(w.truth.strayIn, run) // what the run says from here on is about another try
	}
	if r.status != http.StatusOK {
		w.follow(r)
		return
	}
	c := &ceremony{run: run, flow: t.page.data["flow"], publicKey: r.json().PublicKey, issued: w.clock.Now(), proofAt: w.proofAt, session: w.session}
	w.issued(c)
	t.waiting = c
	t.history = append(t.history, t.url)
	t.url = t.page.ceremony["waiting-url"]
}

// issued looks at options, and keeps them.
func (w *walker) issued(c *ceremony) {
	if err := json.Unmarshal(c.publicKey, &c.options); err != nil {
		w.fail("options: %v", err)
	}
	c.challenge, _ = base64.RawURLEncoding.DecodeString(c.options.Challenge)
	w.checkOptions(c)
	w.truth.ceremonies = append(w.truth.ceremonies, c)
}

// follow does what the script does with an answer that is not what it hoped for.
func (w *walker) follow(r *reply) {
	next := r.next()
	if next == "" {
		w.fail("dead end: an answer %d %s leads nowhere", r.status, r.json().Code)
	}
	w.load(next)
}

// report tells the server what the browser said.
func (w *walker) report(c *ceremony, name string) {
	before := w.entries().runAt(c.run)
	waiting := before != nil && before.screen == "S8" && !before.over
	latest := w.truth.latest(c.run) == c
	r := w.send(ask(c.run+"/client-error", mustJSON(map[string]string{"name": name})))
	w.follow(r)
	want, got := screenOfError(name), w.browser.tab().page.step()
	again := got == "S1" && w.isForeign(c) // a run of a session that has ended is not taken up under another policy
	if r.status == http.StatusOK && waiting && latest && got != want && (want != "S7" || got != "K2") && !again {
		w.fail("%s leads to %s, want %s", name, got, want)
	}
}

// screenOfError is the table of transitions out of S8.
func screenOfError(name string) string {
	screen, ok := map[string]string{"NotAllowedError": "E1", "timer": "E1", "InvalidStateError": "E3", "AbortError": "S7", "network": "E9"}[name]
	if !ok {
		return "E8"
	}
	return screen
}

func mustJSON(v any) []byte {
	encoded, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return encoded
}

// answer is what a phone makes of the options: a passkey, or the name of an error that a browser shows to the page.
func (w *walker) answer(c *ceremony, p *pocket, forge string) (made, string) {
	attachment := c.options.Selection.Attachment
	if attachment == "" {
		attachment = client.Platform
	}
	cl := &client.Client{Origin: origin, Device: p.device, Attachment: attachment, Transports: p.Model.Transports, Rand: w.random}
	if p.Model.Attachment.String() == client.CrossPlatform {
		cl.Attachment = client.CrossPlatform
	}
	if c.app {
		cl.Origin, cl.RPIDs = appOrigin(p), []string{host}
	}
	m := made{authentic: true, forge: forge, platform: cl.Attachment == client.Platform}
	w.lie(cl, &m)
	body, err := cl.Create(w.ctx, c.publicKey)
	var dom *client.DOMError
	if errors.As(err, &dom) {
		return made{}, dom.Name
	}
	if err != nil {
		w.fail("client: %v", err)
	}
	var seen struct{ ID string }
	if err := json.Unmarshal(body, &seen); err != nil {
		w.fail("client: %v", err)
	}
	m.id, m.body = seen.ID, body
	if forge == "garbage" {
		m.body = []byte(`{"id":"` + seen.ID + `"}`)
	}
	m.kept = kept{aaguid: p.Model.AAGUID, synced: p.Model.Backup != 0}
	if forge == "transports" {
		m.body = bytes.Replace(body, []byte(`"internal"`), []byte(`"usb"`), 1)
	}
	if !slices.Contains(p.Model.Transports, "internal") && c.options.Attestation != "direct" {
		m.kept.aaguid = uuid.Nil // what Chromium makes of security keys under attestation none
	}
	return m, ""
}

// forgeries are what a dishonest client can send. Without attestation nothing of a registration is signed: what only
// changes the credential is as authentic as any.
func forgeries() []string {
	return []string{"origin", "challenge", "type", "rp", "no-up", "no-uv", "taken", "garbage", "transports"}
}

func (w *walker) lie(cl *client.Client, m *made) {
	m.authentic = m.forge == "" || m.forge == "no-uv" || m.forge == "taken" || m.forge == "transports"
	switch m.forge {
	case "origin":
		cl.Misbehave.Origin = "https://login.example"
	case "challenge":
		cl.Misbehave.Challenge = []byte("thirty-two bytes that nobody gave")
	case "type":
		cl.Misbehave.Type = "webauthn.get"
	case "rp":
		cl.Misbehave.SpoilRPIDHash = true
	case "no-up":
		cl.Misbehave.FlipFlags = authdata.UP
	case "no-uv":
		cl.Misbehave.FlipFlags = authdata.UV
	case "taken":
		if len(w.truth.stored) > 0 {
			cl.Misbehave.CredentialID, _ = base64.RawURLEncoding.DecodeString(w.truth.stored[0])
		}
	}
}

// phone is the phone's answer to what waits: "google", "google lost", "app/2 forge=origin".
func (w *walker) phone(args string) bool {
	t := w.browser.tab()
	word, how, _ := strings.Cut(args, " ")
	p := w.pocketOf(word)
	if t.waiting == nil || p == nil {
		return false
	}
	c := t.waiting
	forge, _ := strings.CutPrefix(how, "forge=")
	if forge == how {
		forge = ""
	}
	m, name := w.answer(c, p, forge)
	w.others(true)
	if name != "" {
		w.checkExcluded(c, p, name)
		w.report(c, name)
		return true
	}
	w.deliver(c, m, how)
	return true
}

// deliver is the script's verify, over a network that is not always there.
func (w *walker) deliver(c *ceremony, m made, how string) {
	switch how {
	case "held":
		from := w.now(c)
		from.cookies = maps.Clone(w.browser.cookies)
		w.inFlight = append(w.inFlight, flight{c, m, from})
		w.report(c, "network")
	case "unsent":
		w.report(c, "network")
	case "lost":
		w.verify(c, m, w.now(c))
		w.report(c, "network")
	case "twice":
		w.verify(c, m, w.now(c))
		w.follow(w.verify(c, m, w.now(c)))
	default:
		w.follow(w.verify(c, m, w.now(c)))
	}
}

// arrives is what the network had kept.
func (w *walker) arrives(string) bool {
	if len(w.inFlight) == 0 {
		return false
	}
	f := w.inFlight[0]
	w.inFlight = w.inFlight[1:]
	w.verify(f.ceremony, f.made, f.from)
	w.everythingIsOld()
	return true
}

// again posts the latest answer once more, as a proxy does that believes a request lost.
func (w *walker) again(string) bool {
	if w.truth.last.body == nil {
		return false
	}
	w.verify(w.truth.lastOf, w.truth.last, w.now(w.truth.lastOf))
	w.everythingIsOld()
	return true
}
