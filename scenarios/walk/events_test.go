package walk

import (
	"math/rand/v2"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// verbs are all events, by their first word. Each reports whether it was possible at all.
func verbs() map[string]func(w *walker, args string) bool {
	return map[string]func(*walker, string) bool{
		// What the page offers.
		"press": (*walker).press, "late": (*walker).late, "begin": func(w *walker, _ string) bool { return w.begin() }, "phone": (*walker).phone,
		"browser-says": (*walker).browserSays, "start-again": (*walker).startAgain, "prove-with": (*walker).proveWith,
		"sign-in-with": (*walker).signInWith, "look": (*walker).look, "settle": (*walker).settle, "expires": (*walker).expires,
		// What a browser offers.
		"browser": (*walker).chooseBrowser, "reload": (*walker).reload, "back": (*walker).back, "revisit": (*walker).revisit, "tab": (*walker).otherTab,
		// What life brings.
		"clock": (*walker).passes, "policy": (*walker).changePolicy, "restart": (*walker).startedAgain, "sweep": (*walker).swept,
		"phone-deletes": (*walker).phoneDeletes, "ends-all-sessions": (*walker).endsAllSessions, "admin-removes": (*walker).adminRemoves,
		"seen": (*walker).isSeen, "app-signs-in": (*walker).appSignsIn, "app-signs-out": (*walker).appSignsOut, "app-proves": (*walker).appProves,
		"app-creates": (*walker).appCreates, "app-deletes": (*walker).appDeletes,
		"arrives": (*walker).arrives, "again": (*walker).again, "signs-in-again": (*walker).signsInAgain,
	}
}

// control finds what is to be pressed on the page.
func (w *walker) control(label string) *control {
	t := w.browser.tab()
	if t.page == nil {
		return nil
	}
	for i := range t.page.controls {
		if c := &t.page.controls[i]; c.label == label && !c.closed && w.reachable(*c) {
			return c
		}
	}
	return nil
}

// reachable reports whether a control is on the screen that the document shows.
func (w *walker) reachable(c control) bool {
	waiting := w.browser.tab().waiting != nil
	return c.screen == "" || (c.screen == "S8") == waiting
}

// press presses a button, with what is typed and chosen, or follows a link.
func (w *walker) press(args string) bool {
	label, typed, _ := strings.Cut(args, " ")
	c := w.control(label)
	if c == nil {
		return false
	}
	values, err := url.ParseQuery(typed)
	if err != nil {
		w.fail("event press %s: %v", args, err)
	}
	fresh := !w.browser.tab().stale
	before := w.browser.tab().url
	if c.href != "" {
		w.load(c.href)
	} else {
		w.submit(c, values)
	}
	if status := w.browser.tab().page.status; fresh && slices.Contains([]int{http.StatusBadRequest, http.StatusNotFound, http.StatusMethodNotAllowed}, status) {
		w.fail("%s on a fresh page at %s leads to %d", label, hideIDs(before), status)
	}
	return true
}

// late presses after so long a look at the page that the proof is stale by then.
func (w *walker) late(args string) bool {
	label, _, _ := strings.Cut(args, " ")
	if w.control(label) == nil {
		return false
	}
	w.clock.add(proofLife + time.Second)
	w.everythingIsOld()
	return w.press(args)
}

func (w *walker) submit(c *control, typed url.Values) {
	form := url.Values{}
	for name, values := range c.fields {
		form[name] = values
	}
	for name, values := range typed {
		form[name] = values
	}
	w.fill(form, c)
	q := request{method: c.method, url: c.action, form: form, script: c.script}
	if q.url == "" {
		q.url = w.browser.tab().url
	}
	if q.method == http.MethodGet {
		w.load(q.url)
		return
	}
	w.others(true)
	w.expect(q)
	r := w.send(q)
	w.noticed(q, r)
	if !c.script {
		w.arrive(q.url, r)
		return
	}
	switch next := r.next(); {
	case r.status == http.StatusNoContent || r.status == http.StatusNotFound:
		w.load("/security-info")
	case next != "":
		w.load(next)
	case r.status != http.StatusUnprocessableEntity && r.status != http.StatusConflict:
		w.fail("the dialog gets %d and leads nowhere", r.status)
	}
}

// fill types what she knows.
func (w *walker) fill(form url.Values, c *control) {
	for _, name := range c.typed {
		switch name {
		case "userName":
			form.Set(name, w.userName)
		case "password":
			form.Set(name, password)
		case "code":
			form.Set(name, w.code(form.Get(name)))
		}
	}
	if slices.Contains(c.typed, "code") {
		w.truth.proving = form.Get("code") != "000000"
	}
}

// passkeyOf is the id in the address of a passkey.
func passkeyOf(address string) string {
	parts := strings.Split(address, "/")
	if len(parts) < 2 {
		return ""
	}
	id, _ := url.PathUnescape(parts[len(parts)-2])
	return id
}

// expect notes what a form may change.
func (w *walker) expect(q request) {
	switch {
	case strings.HasSuffix(q.url, "/delete") && strings.Contains(q.url, "/passkeys/"):
		w.mayDelete(passkeyOf(q.url))
	case strings.HasSuffix(q.url, "/rename"):
		w.truth.renamed = &renaming{passkeyOf(q.url), q.form.Get("name")}
	case q.form.Get("event") == "name":
		run, _, _ := cutLast(q.url)
		w.truth.renamed = &renaming{w.truth.resultOf[run], q.form.Get("name")}
	}
}

func cutLast(address string) (string, string, bool) {
	i := strings.LastIndexByte(address, '/')
	if i < 0 {
		return address, "", false
	}
	return address[:i], address[i+1:], true
}

// mayDelete: only a fresh proof lets a passkey be deleted.
func (w *walker) mayDelete(id string) {
	if w.clock.Now().Before(w.proofAt.Add(proofLife)) {
		w.truth.deletes[id] = true
	}
}

// noticed keeps what an answer told about sessions and names.
func (w *walker) noticed(q request, r *reply) {
	if q.url == "/sign-in" && r.status == http.StatusSeeOther {
		if !w.truth.proving {
			w.fail("signed in with a wrong code")
		}
		w.signedIn()
	}
	if w.truth.renamed != nil {
		w.checkName(r)
	}
}

func (w *walker) signedIn() {
	w.session++
	w.proofAt = w.clock.Now()
	w.everythingIsOld()
}

// checkName is the seventh invariant: what goes in comes out.
func (w *walker) checkName(r *reply) {
	for _, row := range w.entries().passkeys {
		if row.id != w.truth.renamed.id {
			continue
		}
		typed := strings.TrimSpace(w.truth.renamed.typed)
		if row.name == typed {
			if strings.ContainsAny(typed, "\u202e\n") || typed == "" || len([]rune(typed)) > 64 {
				w.fail("the name %q was accepted", typed)
			}
		} else if r.status == http.StatusNoContent {
			w.fail("%q was typed and %q is stored", typed, row.name)
		}
	}
}

func pick[T any](r *rand.Rand, list ...T) T { return list[r.IntN(len(list))] }
