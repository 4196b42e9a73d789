package walk

import (
	"fmt"
	"math/rand/v2"
	"net/url"
	"slices"
	"strings"
)

// choose picks the next event: mostly what the page is for, sometimes what a person in a hurry does, sometimes what
// life brings.
func (w *walker) choose(r *rand.Rand) string {
	t := w.browser.tab()
	if t.page == nil && w.rule.name == w.rules[0].name && r.IntN(3) == 0 {
		return "policy " + pick(r, w.rules...).name
	}
	if t.page == nil {
		return "browser " + pick(r, "desktop", "desktop", "desktop", "android", "ios")
	}
	if len(w.inFlight) > 0 && r.IntN(4) == 0 {
		return "arrives"
	}
	switch n := r.IntN(100); {
	case n < 10:
		return w.life(r)
	case n < 20:
		return w.habit(r)
	case n < 24, t.page.looks != "" && n < 60:
		return w.appDoes(func(from ...string) string { return pick(r, from...) })
	}
	if t.waiting != nil {
		return w.whileWaiting(r)
	}
	return w.onPage(r, t.page)
}

func (w *walker) life(r *rand.Rand) string {
	switch r.IntN(12) {
	case 0, 1, 2, 3:
		return "clock " + pick(r, "1s", "29s", "59s", "61s", "2m", "4m59s", "5m", "5m1s", "6m", "11m", "31m", "61m", "13h")
	case 4, 5, 6:
		return "policy " + pick(r, w.rules...).name
	case 7:
		return "phone-deletes " + pick(r, phoneWords()...)
	case 8:
		return "admin-removes"
	case 9:
		return pick(r, "ends-all-sessions", "sweep")
	case 10:
		if r.IntN(4) == 0 {
			return "restart"
		}
		return "again"
	default:
		return "again"
	}
}

func (w *walker) habit(r *rand.Rand) string {
	switch r.IntN(6) {
	case 0:
		return "reload"
	case 1, 2:
		return "back"
	case 3:
		return "tab"
	default:
		return fmt.Sprintf("revisit %d", r.IntN(len(w.seen)))
	}
}

func (w *walker) whileWaiting(r *rand.Rand) string {
	word := pick(r, phoneWords()...)
	switch r.IntN(24) {
	case 20:
		return "signs-in-again"
	case 21, 22:
		return "policy " + pick(r, w.rules...).name
	case 23:
		return w.appDoes(func(from ...string) string { return pick(r, from...) })
	case 0, 1, 2, 3, 4, 5, 6, 7:
		return "phone " + word
	case 8:
		return "phone " + word + " lost"
	case 9:
		return "phone " + word + " unsent"
	case 10:
		return "phone " + word + " twice"
	case 11, 12:
		return "phone " + word + " held"
	case 13, 14:
		return "phone " + word + " forge=" + pick(r, forgeries()...)
	case 15, 16, 17:
		return "browser-says " + pick(r, "NotAllowedError", "NotAllowedError", "timer", "SecurityError", "NotSupportedError", "ConstraintError", "TypeError", "UnknownError")
	case 18:
		return "start-again"
	default:
		return w.pressed(r, w.browser.tab().page)
	}
}

func (w *walker) onPage(r *rand.Rand, p *page) string {
	n := r.IntN(10)
	switch {
	case p.ceremony != nil && n < 7:
		return "begin"
	case p.looks != "" && n < 5:
		return "seen"
	case p.outcome != "" && n < 3:
		return "look"
	case p.outcome != "" && n < 6:
		return "settle"
	case p.prove != nil && p.hasPasskeyUI && n < 3:
		return "prove-with " + pick(r, phoneWords()...)
	case p.step() == "S2a" && n == 9:
		return "expires"
	case p.signsIn && n < 3:
		return "sign-in-with " + pick(r, phoneWords()...)
	}
	return w.pressed(r, p)
}

// pressed chooses among what the page offers: its primary action half of the time.
func (w *walker) pressed(r *rand.Rand, p *page) string {
	var open []control
	for _, c := range p.controls {
		if !c.closed && w.reachable(c) {
			open = append(open, c)
		}
	}
	if len(open) == 0 {
		return "reload"
	}
	c := pick(r, open...)
	if dialogs := slices.DeleteFunc(slices.Clone(open), func(c control) bool { return !c.script }); len(dialogs) > 0 && r.IntN(8) == 0 {
		verb := pick(r, "press ", "late ")
		c = pick(r, dialogs...)
		return verb + c.label + w.typed(r, c)
	}
	if first := w.control("primary"); first != nil && r.IntN(2) == 0 {
		c = *first
	}
	if first := w.control("password-sign-in"); first != nil && r.IntN(4) > 0 {
		c = *first
	}
	if first := w.control("add"); first != nil && r.IntN(3) == 0 {
		c = *first
	}
	if r.IntN(30) == 0 {
		return "late " + c.label + w.typed(r, c)
	}
	return "press " + c.label + w.typed(r, c)
}

// typed is what she types and chooses in a form.
func (w *walker) typed(r *rand.Rand, c control) string {
	values := url.Values{}
	for _, name := range c.typed {
		switch name {
		case "code":
			values.Set(name, pick(r, "right", "right", "right", "right", "wrong", "old"))
		case "name":
			values.Set(name, pick(r, strangeNames()...))
		}
	}
	for name, choices := range c.radios {
		if len(choices) > 0 && r.IntN(2) == 0 {
			values.Set(name, pick(r, choices...))
		}
	}
	if len(values) == 0 {
		return ""
	}
	return " " + values.Encode()
}

// strangeNames are names as people and attackers type them.
func strangeNames() []string {
	return []string{"Mia's phone", "  two spaces  ", "", `<img src=x onerror=alert(1)>`, `"><script>x</script>`, "abc\u202edef", "日本の電話",
		strings.Repeat("a", 65), "&amp; & &lt;", "MIA'S PHONE"}
}
