package subject

import (
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// plan is an Application whose templates are read.
type plan struct {
	phases    map[phase][]*call
	endpoints map[Endpoint]*call
	bytes     byteForm
	env       func(string) (string, bool)
}

// call is a Call whose templates are read.
type call struct {
	// name is where it stands in the description; what says what it is for, in the record.
	name, what           string
	method               string
	path                 Template
	query, headers, form map[string]Template
	body, options        compiled
	keep                 map[string]Template
	match                map[string]*regexp.Regexp
	accepted, refused    verdict
	message              []string
}

// verdict is a Verdict whose statuses are read.
type verdict struct {
	statuses []span
	members  map[string]any
	location string
}

// span is a range of statuses, both ends included.
type span struct{ from, to int }

func (v verdict) covers(status int) bool {
	return slices.ContainsFunc(v.statuses, func(s span) bool { return s.from <= status && status <= s.to })
}

// reading reads a description and gathers what is wrong with it.
type reading struct {
	problems []error
	env      func(string) (string, bool)
}

func (r *reading) say(at, format string, values ...any) {
	r.problems = append(r.problems, &Problem{At: at, Says: fmt.Sprintf(format, values...)})
}

func (r *reading) sayError(at string, err error) { r.say(at, "%v", err) }

// Check returns what is wrong with the description of the application, each a *Problem whose path begins with "application".
func (m Mapped) Check() []error {
	_, problems := m.read()
	return problems
}

func (m Mapped) compile() (*plan, error) {
	p, problems := m.read()
	return p, errors.Join(problems...)
}

func (m Mapped) read() (*plan, []error) {
	a, r := m.Application, &reading{env: m.Env}
	before := []string{rootAsk, rootKept, rootCookie, rootEnv}
	p := &plan{endpoints: map[Endpoint]*call{}, env: m.Env, phases: map[phase][]*call{
		starting:      r.calls(a.Start, "start", starting, before[1:]),
		makingAccount: r.calls(a.Account, "account", makingAccount, before),
		resuming:      r.calls(a.Resume, "resume", resuming, before),
		leaving:       r.calls(a.SignOut, "signOut", leaving, before),
	}}
	for endpoint, name := range endpointNames {
		c, place, among := a.endpoints()[endpoint], "application."+name, before
		if endpoint.result() {
			among = append([]string{rootCredential}, before...)
		}
		if c.Path == "" {
			if endpoint != Removal {
				r.say(place, "it has no path; say what is asked for %s: {path: /…}", endpoint)
			}
			continue
		}
		p.endpoints[endpoint] = r.call(*c, place, among, endpoint)
	}
	if len(r.problems) == 0 {
		r.whole(p)
	}
	form, known := byteForms[orElse(a.Bytes, "base64url")]
	if p.bytes = form; !known {
		r.say("application.bytes", "%q is no way to write bytes; it is one of %s", a.Bytes, strings.Join(sorted(byteForms), ", "))
	}
	slices.SortStableFunc(r.problems, func(a, b error) int { return strings.Compare(a.Error(), b.Error()) })
	return p, r.problems
}

// endpointNames are the keys of the endpoints in a description.
var endpointNames = map[Endpoint]string{
	CreationOptions: "creationOptions", CreationResult: "creationResult", RequestOptions: "requestOptions", RequestResult: "requestResult",
	Removal: "removal",
}

// result reports whether the endpoint takes a response and not a request for options.
func (e Endpoint) result() bool { return e == CreationResult || e == RequestResult }

func (r *reading) calls(all []Call, name string, what phase, among []string) []*call {
	var out []*call
	for i, c := range all {
		place := fmt.Sprintf("application.%s.%d", name, i)
		if c.Path == "" {
			r.say(place, "it has no path; say what is asked: {path: /…}")
			continue
		}
		if c.Options != nil {
			r.say(place+".options", "only creationOptions and requestOptions have options")
		}
		one := r.call(c, place, among, "")
		one.what = string(what)
		out = append(out, one)
	}
	return out
}

// call reads one call; endpoint is empty for one that is no endpoint.
func (r *reading) call(c Call, place string, among []string, endpoint Endpoint) *call {
	one := &call{name: place, what: string(endpoint), method: strings.ToUpper(orElse(c.Method, http.MethodPost)), match: map[string]*regexp.Regexp{}}
	if !token.MatchString(one.method) {
		r.say(place+".method", "%q is no method of HTTP", c.Method)
	}
	one.path = r.template(c.Path, among, place+".path")
	one.query = r.templates(c.Query, among, place+".query")
	one.headers = r.templates(c.Headers, among, place+".headers")
	one.form = r.templates(c.Form, among, place+".form")
	one.body = parseTree(c.Body, among, place+".body", r.sayError)
	eachPart(one.body, func(p part) { r.known(p, place+".body") })
	if c.Body != nil && c.Form != nil {
		r.say(place+".form", "a call has a body or a form, not both")
	}
	if (c.Body != nil || c.Form != nil) && one.method == http.MethodGet {
		r.say(place+".method", "a GET has no body; use query, or another method")
	}
	r.answer(one, c, place, endpoint)
	return one
}

// token is a method of HTTP.
var token = regexp.MustCompile(`^[A-Z][A-Z-]*$`)

// answer reads what is to be made of the answer.
func (r *reading) answer(one *call, c Call, place string, endpoint Endpoint) {
	among := []string{rootAnswer, rootAsk, rootKept, rootCookie, rootEnv}
	one.keep = r.templates(c.Keep, among, place+".keep")
	for name, pattern := range c.Match {
		compiled, err := regexp.Compile(pattern)
		if err != nil || compiled.NumSubexp() != 1 {
			r.say(place+".match."+name, "%q must be a regular expression with one group in parentheses, which is kept", pattern)
		}
		if _, again := c.Keep[name]; again {
			r.say(place+".match."+name, "keep has the same name")
		}
		one.match[name] = compiled
	}
	options := c.Options
	if options == nil && (endpoint == CreationOptions || endpoint == RequestOptions) {
		options = "${answer}"
	} else if options != nil && endpoint != "" && endpoint != CreationOptions && endpoint != RequestOptions {
		r.say(place+".options", "only creationOptions and requestOptions have options")
	}
	if text, isText := options.(string); isText && !strings.Contains(text, "${") {
		r.say(place+".options", "%q is no template; write ${answer.%s}", text, text)
	}
	one.options = parseTree(options, among, place+".options", r.sayError)
	if c.Message != "" {
		one.message = strings.Split(strings.TrimSuffix(strings.TrimPrefix(c.Message, "${answer."), "}"), ".")
	}
	yes := []string{"200-299"}
	if endpoint == "" {
		yes = []string{"200-399"}
	}
	one.accepted = r.verdict(c.Accepted, yes, place+".accepted")
	one.refused = r.verdict(c.Refused, []string{"400-499"}, place+".refused")
	if one.accepted.members == nil && one.accepted.location == "" && one.refused.members == nil && one.refused.location == "" {
		for _, s := range one.accepted.statuses {
			if one.refused.covers(s.from) || one.refused.covers(s.to) {
				r.say(place+".refused.statuses", "HTTP %d to %d would be accepted and refused; say by members or location which it is", s.from, s.to)
			}
		}
	}
}

func (r *reading) verdict(v Verdict, usual []string, place string) verdict {
	out := verdict{members: v.Members, location: v.Location}
	if v.Statuses != nil {
		usual = v.Statuses
	}
	for i, text := range usual {
		low, high, ranged := strings.Cut(text, "-")
		from, err := strconv.Atoi(strings.TrimSpace(low))
		to := from
		if ranged && err == nil {
			to, err = strconv.Atoi(strings.TrimSpace(high))
		}
		if err != nil || from < 200 || to > 599 || from > to {
			r.say(fmt.Sprintf("%s.statuses.%d", place, i), "%q is no HTTP status, 200 to 599, and no range of them like 400-499", text)
			continue
		}
		out.statuses = append(out.statuses, span{from, to})
	}
	return out
}

func (r *reading) template(text string, among []string, place string) Template {
	t, err := parseTemplate(text, among)
	if err != nil {
		r.say(place, "%v", err)
	}
	eachPart(t, func(p part) { r.known(p, place) })
	return t
}

func (r *reading) templates(texts map[string]string, among []string, place string) map[string]Template {
	out := map[string]Template{}
	for _, name := range sorted(texts) {
		out[name] = r.template(texts[name], among, place+"."+name)
	}
	return out
}

// known looks up a variable of the environment before it is needed.
func (r *reading) known(p part, place string) {
	if p.root != rootEnv || r.env == nil {
		return
	}
	if _, set := r.env(strings.Join(p.path, ".")); !set {
		r.say(place, "%s: the environment has no such variable; set it", p)
	}
}

// whole checks what the calls make together.
func (r *reading) whole(p *plan) {
	kept := map[string]bool{}
	p.each(func(c *call) {
		for name := range c.keep {
			kept[name] = true
		}
		for name := range c.match {
			kept[name] = true
		}
	})
	p.each(func(c *call) {
		c.sends(func(of part, place string) {
			if of.root == rootKept && !kept[of.path[0]] {
				hint := "no call keeps it"
				if near := Nearest(of.path[0], sorted(kept)); near != "" {
					hint = "did you mean ${kept." + near + "}?"
				}
				r.say(place, "%s: %s", of, hint)
			}
		})
	})
	for endpoint, needed := range neededParts {
		c := p.endpoints[endpoint]
		for _, path := range needed {
			if !c.takes(rootCredential, strings.Split(path, ".")) {
				r.say(c.name, "it sends no ${credential.%s}, without which nobody can verify; send ${credential} or its parts", path)
			}
		}
	}
	if len(p.phases[makingAccount]) > 0 && len(p.phases[leaving]) > 0 && len(p.phases[resuming]) == 0 {
		r.say("application.signOut", noResume)
	}
}

// noResume is what is missing where people sign out and cannot come back.
const noResume = "who has signed out cannot register again without resume; say how somebody with an account signs in without a passkey"

// neededParts are those of a response without which no signature can be verified.
var neededParts = map[Endpoint][]string{
	CreationResult: {"response.clientDataJSON", "response.attestationObject"},
	RequestResult:  {"id", "response.clientDataJSON", "response.authenticatorData", "response.signature"},
}

// each visits all calls.
func (p *plan) each(visit func(*call)) {
	for _, one := range phases() {
		for _, c := range p.phases[one.phase] {
			visit(c)
		}
	}
	for _, endpoint := range append(Endpoints(), Removal) {
		if c := p.endpoints[endpoint]; c != nil {
			visit(c)
		}
	}
}

// sends visits the values that a call sends, with the key that each stands under.
func (c *call) sends(visit func(of part, place string)) {
	under := func(key string) func(part) { return func(p part) { visit(p, c.name+"."+key) } }
	eachPart(c.path, under("path"))
	eachPart(c.body, under("body"))
	for key, templates := range map[string]map[string]Template{"query": c.query, "headers": c.headers, "form": c.form} {
		for name, t := range templates {
			eachPart(t, under(key+"."+name))
		}
	}
}

// takes reports whether a call sends the value at a path, by itself or within a larger one.
func (c *call) takes(root string, path []string) bool {
	found := false
	c.sends(func(p part, _ string) {
		found = found || p.root == root && len(p.path) <= len(path) && slices.Equal(p.path, path[:len(p.path)])
	})
	return found
}
