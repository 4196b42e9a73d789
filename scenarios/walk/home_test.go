package walk

import (
	"strconv"
	"strings"
	"time"
)

// patience is how many right things in a row must be enough to have a passkey, wherever a walk has ended.
const patience = 60

// comeHome is somebody who from here on does the right thing: what the page calls its primary action, with the right
// code, a phone that says yes, and a policy that lets her. She must end on Security info with one passkey more.
func (w *walker) comeHome() {
	w.one("policy open")
	for len(w.truth.stored) >= 9 {
		w.one("admin-removes")
	}
	if w.browser.tab().page == nil {
		w.one("browser desktop")
	}
	finished := false
	before := len(w.done)
	w.done = append(w.done, "(from here on she does the right thing)")
	for range patience {
		step := w.browser.tab().page.step()
		if step == "S0" && finished {
			w.done = w.done[:before]
			return
		}
		finished = finished || step == "S10" || step == "S11"
		w.rightThing(step)
	}
	w.fail("dead end: the right things lead to %s (%s) again and again", w.browser.tab().page.step(), w.browser.tab().page.data["code"])
}

func (w *walker) rightThing(step string) {
	t := w.browser.tab()
	switch {
	case t.waiting != nil:
		w.one("phone bitwarden/home" + strconv.Itoa(len(w.truth.ceremonies)))
	case t.page.ceremony != nil:
		w.one("begin")
	case step == "sign-in":
		w.locked()
		w.one("press password-sign-in code=right")
	case step == "S0":
		w.one("press add")
	case t.page.looks != "":
		w.locked()
		w.one("app-signs-in right")
		w.one("app-creates app/home" + strconv.Itoa(len(w.truth.ceremonies)))
		w.one("seen")
	case step == "E9":
		w.one("settle")
	case step == "S10":
		w.one("press secondary-keep")
	case !inWizard(step):
		w.one("press home")
	default:
		w.primary()
	}
}

// inWizard reports whether a screen's primary action leads to a passkey. Where it does not, she goes home.
func inWizard(step string) bool {
	return step != "" && strings.ContainsRune("SEKF", rune(step[0]))
}

// primary presses the first button, after waiting where the page says so.
func (w *walker) primary() {
	if w.control("primary") == nil {
		w.locked()
		w.one("reload")
	}
	c := w.control("primary")
	if c == nil {
		return
	}
	args := "press primary"
	for name, values := range c.radios {
		if len(c.fields[name]) == 0 && len(values) > 0 {
			args += " " + name + "=" + values[0]
		}
	}
	w.one(args)
}

// locked waits until a lock or a limit is over.
func (w *walker) locked() { w.one("clock " + (6 * time.Minute).String()) }
