package walk

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/passkeylab/passkeylab/rp"
	"github.com/passkeylab/passkeylab/virtualauth/provider"
)

// The organisation's app on the person's phone, which has a session of its own and no pages: flow E.

// appCertificate is what the app for Android is signed with.
var appCertificate = sha256.Sum256([]byte("the app of the walks"))

const appAPI = "/app/api/v1"

// app is the app as it stands: signed in when it has a token.
type app struct {
	token   string
	session int               // counts sign-ins to the app
	proofAt map[int]time.Time // by session
}

// sender is who sends a response: a browser with its cookies (nil for those it has now), or the app with its token.
type sender struct {
	cookies map[string]string
	token   string
	session int
}

// now is who sends responses of a ceremony now.
func (w *walker) now(c *ceremony) sender {
	if c.app {
		return sender{token: w.app.token, session: w.app.session}
	}
	return sender{session: w.session}
}

// proven is when the proof was given that counts for a ceremony.
func (w *walker) proven(c *ceremony) time.Time {
	if c.app {
		return w.app.proofAt[c.session]
	}
	return w.proofAt
}

// isOurs reports whether a passkey is one of the organisation's app.
func isOurs(aaguid uuid.UUID) bool {
	return aaguid == provider.LarkspurIDAndroid().Model.AAGUID || aaguid == provider.LarkspurIDIOS().Model.AAGUID
}

// appOrigin is the origin that the app signs on a phone.
func appOrigin(p *pocket) string {
	if p.Model.AAGUID == provider.LarkspurIDIOS().Model.AAGUID {
		return rp.AppleOrigin(host)
	}
	return rp.AndroidOrigin(appCertificate)
}

// asks is a request of the app.
func (w *walker) asks(method, path string, body []byte) *reply {
	return w.send(request{method: method, url: appAPI + path, json: body, app: true, token: w.app.token})
}

// appSignsIn signs in to the app, with a code that is right, wrong or old.
func (w *walker) appSignsIn(which string) bool {
	code := w.code(which)
	r := w.asks(http.MethodPost, "/sign-in", mustJSON(map[string]string{"userName": w.userName, "password": password, "code": code}))
	if r.status != http.StatusCreated {
		return true
	}
	if which == "wrong" {
		w.fail("signed in to the app with a wrong code")
	}
	var session struct{ Token string }
	if err := json.Unmarshal(r.body, &session); err != nil || session.Token == "" {
		w.fail("the app's session has no token: %v", err)
	}
	w.app.token = session.Token
	w.app.session++
	w.app.proofAt[w.app.session] = w.clock.Now()
	return true
}

func (w *walker) appSignsOut(string) bool {
	if w.app.token == "" {
		return false
	}
	w.asks(http.MethodPost, "/sign-out", nil)
	w.app.token = ""
	w.app.session++
	return true
}

// appProves renews the proof of the app's session.
func (w *walker) appProves(which string) bool {
	if w.app.token == "" {
		return false
	}
	w.truth.proving, w.truth.inApp = which != "wrong", true
	w.asks(http.MethodPost, "/proof", mustJSON(map[string]string{"code": w.code(which)}))
	return true
}

// appCreates makes a passkey in the app: "app", "app-ios lost", "google forge=origin".
func (w *walker) appCreates(args string) bool {
	word, how, _ := strings.Cut(args, " ")
	p := w.pocketOf(word)
	if w.app.token == "" || p == nil {
		return false
	}
	r := w.asks(http.MethodPost, "/passkeys/options", []byte(`{"phone":"android"}`))
	if r.status != http.StatusOK {
		return true
	}
	c := &ceremony{app: true, flow: "E", publicKey: r.json().PublicKey, issued: w.clock.Now(), proofAt: w.app.proofAt[w.app.session], session: w.app.session}
	w.issued(c)
	forge, isForged := strings.CutPrefix(how, "forge=")
	if !isForged {
		forge = ""
	}
	m, name := w.answer(c, p, forge)
	if name != "" {
		w.checkExcluded(c, p, name)
		return true
	}
	switch how {
	case "held":
		w.inFlight = append(w.inFlight, flight{c, m, w.now(c)})
	case "unsent":
	case "twice":
		w.verify(c, m, w.now(c))
		w.verify(c, m, w.now(c))
	default:
		w.verify(c, m, w.now(c))
	}
	w.everythingIsOld()
	return true
}

// appDeletes deletes the newest passkey on a phone, and reports it.
func (w *walker) appDeletes(word string) bool {
	p := w.pockets[word]
	if w.app.token == "" || p == nil || len(p.device.Credentials()) == 0 {
		return false
	}
	list := p.device.Credentials()
	id := list[len(list)-1].ID
	if err := p.device.Delete(id); err != nil {
		w.fail("delete on the phone: %v", err)
	}
	key := base64.RawURLEncoding.EncodeToString(id)
	w.truth.deletes[key] = w.truth.has(key) && isOurs(w.truth.kept[key].aaguid)
	r := w.asks(http.MethodDelete, "/passkeys/"+key, nil)
	if r.status == http.StatusNoContent && !w.truth.deletes[key] {
		w.fail("the app may report that a passkey is deleted which is none of its own")
	}
	w.everythingIsOld()
	return true
}

// isSeen is the question of the page's script: whether the app has made a passkey.
func (w *walker) isSeen(string) bool {
	t := w.browser.tab()
	if t.page == nil || t.page.looks == "" {
		return false
	}
	w.others(true)
	if r := w.send(ask(t.page.looks, []byte("{}"))); r.next() != "" {
		w.load(r.next())
	}
	return true
}

// checkFound: a run that looks for a passkey finds one of the organisation's app, made since it began.
func (w *walker) checkFound(run runRow, path string) {
	if run.flow != string(rp.FlowInApp) || run.result == "" || w.truth.resultOf[path] != "" {
		return
	}
	for id, at := range w.truth.madeAt {
		if id == run.result && isOurs(w.truth.kept[id].aaguid) && !at.Before(w.truth.begun[path].at) {
			w.truth.resultOf[path] = id
			return
		}
	}
	w.fail("the page has found a passkey that is not what the app has made since")
}

// appDoes is what somebody does in the app, with or without a page that looks for it.
func (w *walker) appDoes(pick func(...string) string) string {
	if w.app.token == "" {
		return "app-signs-in " + pick("right", "right", "right", "wrong", "old")
	}
	word := pick("app", "app", "app", "app-ios", "app/2", "google")
	switch pick("create", "create", "create", "create", "how", "forge", "prove", "delete", "sign-out", "sign-in") {
	case "how":
		return "app-creates " + word + " " + pick("twice", "held", "held", "unsent")
	case "forge":
		return "app-creates " + word + " forge=" + pick(forgeries()...)
	case "prove":
		return "app-proves " + pick("right", "right", "wrong", "old")
	case "delete":
		return "app-deletes " + word
	case "sign-out":
		return "app-signs-out"
	case "sign-in":
		return "app-signs-in right"
	}
	return "app-creates " + word
}
