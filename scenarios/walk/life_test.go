package walk

import (
	"slices"
	"strconv"
	"time"

	"github.com/passkeylab/passkeylab/rp"
)

// What a browser offers on every page, and what life brings.

func (w *walker) chooseBrowser(kind string) bool {
	if w.browser.tab().page != nil {
		return false
	}
	w.browser.phone = map[string]string{"android": "Android", "ios": "iOS"}[kind]
	w.load("/security-info")
	return true
}

func (w *walker) reload(string) bool {
	t := w.browser.tab()
	if t.page == nil {
		return false
	}
	w.others(true)
	address := t.url
	w.load(address)
	return true
}

// back is the browser's: from S8 it ends the call, elsewhere it opens the page before.
func (w *walker) back(string) bool {
	t := w.browser.tab()
	if c := t.waiting; c != nil {
		w.others(true)
		w.report(c, "AbortError")
		return true
	}
	if len(t.history) == 0 {
		return false
	}
	address := t.history[len(t.history)-1]
	t.history = t.history[:len(t.history)-1]
	t.url = ""
	w.others(true)
	w.load(address)
	return true
}

func (w *walker) revisit(args string) bool {
	n, err := strconv.Atoi(args)
	if err != nil || n < 0 || n >= len(w.seen) {
		return false
	}
	w.others(true)
	w.load(w.seen[n])
	return true
}

func (w *walker) otherTab(string) bool {
	if w.browser.tab().page == nil {
		return false
	}
	w.browser.at = 1 - w.browser.at
	if w.browser.tab().page == nil {
		w.load("/security-info")
	}
	return true
}

func (w *walker) passes(args string) bool {
	d, err := time.ParseDuration(args)
	if err != nil || d < 0 {
		return false
	}
	w.clock.add(d)
	w.everythingIsOld()
	return true
}

func (w *walker) changePolicy(name string) bool {
	i := slices.IndexFunc(w.rules, func(r rule) bool { return r.name == name })
	if i < 0 {
		return false
	}
	w.rule = w.rules[i]
	if err := w.rp.SetPolicy(w.ctx, w.rule.policy); err != nil {
		w.fail("policy %s: %v", name, err)
	}
	w.everythingIsOld()
	return true
}

func (w *walker) startedAgain(string) bool {
	if err := w.restart(); err != nil {
		w.fail("restart: %v", err)
	}
	w.touch()
	return true
}

func (w *walker) swept(string) bool {
	if err := w.rp.Sweep(w.ctx); err != nil {
		w.fail("sweep: %v", err)
	}
	w.everythingIsOld()
	return true
}

// phoneDeletes removes the newest passkey from a provider; the relying party does not learn of it.
func (w *walker) phoneDeletes(word string) bool {
	p := w.pockets[word]
	if p == nil || len(p.device.Credentials()) == 0 {
		return false
	}
	list := p.device.Credentials()
	if err := p.device.Delete(list[len(list)-1].ID); err != nil {
		w.fail("delete on the phone: %v", err)
	}
	return true
}

func (w *walker) endsAllSessions(string) bool {
	s, err := w.rp.SignInWithPassword(w.ctx, rp.PasswordSignIn{UserName: w.userName, Password: password, Code: w.code("right")})
	if rp.AsRefusal(err) != nil {
		return true // locked
	}
	if err == nil {
		err = w.rp.SignOutEverywhere(w.ctx, s.ID)
	}
	if err != nil {
		w.fail("end all sessions: %v", err)
	}
	w.everythingIsOld()
	return true
}

func (w *walker) adminRemoves(string) bool {
	if len(w.truth.stored) == 0 {
		return false
	}
	id := w.truth.stored[0]
	w.truth.deletes[id] = true
	if err := w.rp.RemovePasskey(w.ctx, w.id, id); err != nil {
		w.fail("remove: %v", err)
	}
	w.everythingIsOld()
	return true
}

// signsInAgain is somebody who signs out and in again in her other tab, and comes back to a page of the session before.
func (w *walker) signsInAgain(string) bool {
	if w.browser.tab().page == nil {
		return false
	}
	w.browser.at = 1 - w.browser.at
	w.load("/security-info")
	signedIn := w.press("sign-out") && w.press("password-sign-in code=right")
	w.browser.at = 1 - w.browser.at
	return signedIn
}
