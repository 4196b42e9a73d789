package subject

import (
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
)

// tour is Pages whose templates are read.
type tour struct {
	phases    map[phase][]*act
	endpoints map[Endpoint]*ceremony
	env       func(string) (string, bool)
}

// ceremony is a Ceremony whose templates are read.
type ceremony struct {
	steps             []*act
	accepted, refused sight
}

// act is an Act whose templates are read.
type act struct {
	// name is where it stands in the description, verb what is done, and on what: a selector, or an address.
	name, verb string
	on         Template
	with       Template
	keep, when string
}

// String is the act in words.
func (a *act) String() string {
	if a.verb == "go" {
		return "go to " + a.on.String()
	}
	return a.verb + " " + a.on.String()
}

// sight is a Sight that is read.
type sight struct {
	Sight
	at *regexp.Regexp // nil: anywhere
}

// given reports whether there is anything to see.
func (s sight) given() bool { return s.Sight != (Sight{}) }

// String is the sight in words.
func (s sight) String() string {
	switch {
	case s.at == nil:
		return s.See
	case s.See == "":
		return "the page " + s.At
	}
	return s.See + " on the page " + s.At
}

// rootCode is where one-time codes come from: ${totp.NAME} is the present code (RFC 6238) of the secret ${kept.NAME}.
const rootCode = "totp"

// ceremonies are the pages' endpoints, in the order of a description.
func (p *Pages) ceremonies() []struct {
	name string
	at   Endpoint
	*Ceremony
} {
	return []struct {
		name string
		at   Endpoint
		*Ceremony
	}{{"register", CreationOptions, &p.Register}, {"signIn", RequestOptions, &p.SignIn}, {"remove", Removal, &p.Remove}}
}

func (w Website) read() (*tour, []error) {
	p, r := w.Pages, &reading{env: w.Env}
	t := &tour{endpoints: map[Endpoint]*ceremony{}, env: w.Env, phases: map[phase][]*act{
		makingAccount: r.acts(p.Account, "website.account"), resuming: r.acts(p.Resume, "website.resume"), leaving: r.acts(p.SignOut, "website.signOut"),
	}}
	for _, c := range p.ceremonies() {
		place := "website." + c.name
		if len(c.Steps) == 0 {
			if c.at != Removal {
				r.say(place, "it has no steps; say what leads to the passkey's call: {steps: [{go: /…}, {press: …}]}")
			}
			continue
		}
		one := &ceremony{steps: r.acts(c.Steps, place+".steps"), accepted: r.sight(c.Accepted, place+".accepted"), refused: r.sight(c.Refused, place+".refused")}
		for name, s := range map[string]sight{"accepted": one.accepted, "refused": one.refused} {
			if !s.given() {
				r.say(place+"."+name, "say what the page shows then: {see: selector}, {at: /path}, or both")
			}
		}
		t.endpoints[c.at] = one
	}
	if len(p.Account) > 0 && len(p.SignOut) > 0 && len(p.Resume) == 0 {
		r.say("website.signOut", noResume)
	}
	if noCertificate(w.TLS) {
		r.say("tls.certificate", "a browser is given no certificate of its own; a website that asks for one cannot be judged by its pages")
	}
	r.keptIn(t)
	slices.SortStableFunc(r.problems, func(a, b error) int { return strings.Compare(a.Error(), b.Error()) })
	return t, r.problems
}

// each visits all acts.
func (t *tour) each(visit func(*act)) {
	for _, one := range phases() {
		for _, a := range t.phases[one.phase] {
			visit(a)
		}
	}
	for _, endpoint := range []Endpoint{CreationOptions, RequestOptions, Removal} {
		if c := t.endpoints[endpoint]; c != nil {
			for _, a := range c.steps {
				visit(a)
			}
		}
	}
}

// told reports whether what leads to an endpoint types the value of a request.
func (t *tour) told(endpoint Endpoint, path []string) bool {
	acts := slices.Clone(t.endpoints[endpoint].steps)
	if endpoint == CreationOptions {
		acts = append(acts, t.phases[makingAccount]...)
	}
	return slices.ContainsFunc(acts, func(a *act) bool {
		takes := false
		a.parts(func(p part, _ string) {
			takes = takes || p.root == rootAsk && len(p.path) <= len(path) && slices.Equal(p.path, path[:len(p.path)])
		})
		return takes
	})
}

// parts visits the values in an act, with the key that each stands under.
func (a *act) parts(visit func(of part, place string)) {
	eachPart(a.on, func(p part) { visit(p, a.name+"."+a.verb) })
	eachPart(a.with, func(p part) { visit(p, a.name+".with") })
}

// keptIn checks that what is used was kept.
func (r *reading) keptIn(t *tour) {
	kept := map[string]bool{}
	t.each(func(a *act) { kept[a.keep] = true })
	delete(kept, "")
	t.each(func(a *act) {
		a.parts(func(of part, place string) {
			if (of.root != rootKept && of.root != rootCode) || len(of.path) > 0 && kept[of.path[0]] {
				return
			}
			hint := "nothing reads it"
			if near := Nearest(strings.Join(of.path, "."), sorted(kept)); near != "" {
				hint = "did you mean ${" + of.root + "." + near + "}?"
			}
			r.say(place, "%s: %s", of, hint)
		})
	})
}

func (r *reading) acts(all []Act, place string) []*act {
	var out []*act
	for i, a := range all {
		out = append(out, r.act(a, fmt.Sprintf("%s.%d", place, i)))
	}
	if len(out) > 0 && out[0].verb != "go" {
		r.say(out[0].name, "the first step goes somewhere: {go: /…}")
	}
	return out
}

func (r *reading) act(a Act, place string) *act {
	one := &act{name: place, keep: a.Keep, when: a.If}
	among := []string{rootAsk, rootKept, rootEnv, rootCode}
	verbs := 0
	for _, v := range []struct{ verb, on string }{{"go", a.Go}, {"press", a.Press}, {"fill", a.Fill}, {"see", a.See}, {"read", a.Read}} {
		if v.on == "" {
			continue
		}
		verbs++
		one.verb, one.on = v.verb, r.template(v.on, among, place+"."+v.verb)
	}
	if verbs != 1 {
		r.say(place, "a step is one of go, press, fill, see and read; here are %d of them", verbs)
	}
	one.with = r.template(a.With, among, place+".with")
	if (a.Fill != "") != (a.With != "") {
		r.say(place, "fill needs with, and only fill has it: {fill: selector, with: text}")
	}
	if (a.Read != "") != (a.Keep != "") {
		r.say(place, "read needs keep, and only read has it: {read: selector, keep: name}")
	}
	if a.Go != "" && a.Go[0] != '/' && !absolute(a.Go) && !strings.HasPrefix(a.Go, "${") {
		r.say(place+".go", "%q is neither a path, which begins with /, nor an address like https://mail.example/", a.Go)
	}
	return one
}

// absolute reports whether an address names its host.
func absolute(address string) bool {
	u, err := url.Parse(address)
	return err == nil && u.Host != "" && (u.Scheme == "http" || u.Scheme == "https")
}

func (r *reading) sight(s Sight, place string) sight {
	one := sight{Sight: s}
	if s.At == "" {
		return one
	}
	if s.At[0] != '/' {
		r.say(place+".at", "%q is no path; it begins with /", s.At)
	}
	one.at = regexp.MustCompile("^" + strings.ReplaceAll(regexp.QuoteMeta(s.At), `\*`, ".*") + "$")
	return one
}

// plainHTTP returns why a request cannot be made by a page: a case changes something about HTTP that only a script decides.
func plainHTTP(request Request) error {
	switch {
	case request.Method != "" && request.Method != http.MethodPost:
		return fmt.Errorf("a page's own script sends its requests, and not with %s", request.Method)
	case request.ContentType != "" || len(request.Header) > 0:
		return fmt.Errorf("a page's own script sends its requests, with its own headers")
	case request.Spaces > 0 || request.Stalls != nil:
		return fmt.Errorf("a page's own script sends its requests, whole and without anything behind them")
	case request.Challenge != nil:
		return fmt.Errorf("a website's challenges are its own")
	}
	return nil
}
