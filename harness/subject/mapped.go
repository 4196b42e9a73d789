package subject

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"sync"
)

// mapped is an application's server behind the requests of FIDO's API.
type mapped struct {
	*wire
	plan   *plan
	people people
}

// Visit implements RelyingParty.
func (m *mapped) Visit() Visitor {
	return &mappedVisitor{server: m, session: m.newSession(), presence: presence{people: &m.people}, kept: map[string]any{}}
}

type mappedVisitor struct {
	server *mapped
	session
	presence

	preparing sync.Mutex // what comes before an endpoint comes one at a time
	keeping   sync.Mutex
	kept      map[string]any
}

// Cookies implements Visitor.
func (v *mappedVisitor) Cookies() map[string]string {
	addresses := []string{v.server.base.String()}
	v.server.plan.each(func(c *call) {
		if path, err := c.path.text(nothing, url.PathEscape); err == nil {
			addresses = append(addresses, v.server.below(path))
		}
	})
	return v.cookies(addresses)
}

// address is where a request goes that is to no endpoint.
func (m *mapped) address(request Request) string { return m.at(request.Path) }

// nothing is a scope without values.
func nothing(string, []string) (any, bool) { return nil, false }

// Do implements Visitor.
func (v *mappedVisitor) Do(ctx context.Context, request Request) Answer {
	c := v.server.plan.endpoints[request.Endpoint]
	if request.Path == "" && c == nil {
		return Answer{Outcome: Inexpressible, Err: fmt.Errorf("the application's description has no call for %s", request.Endpoint)}
	}
	if request.Path != "" {
		answer := v.exchange(ctx, sent{method: orElse(request.Method, http.MethodPost), url: v.server.at(request.Path), body: request.reader, headers: []http.Header{request.Header}, single: request.single()})
		if answer.Outcome == "" {
			answer.judge()
		}
		return answer
	}
	told := v.telling(request, c)
	if told.err != nil {
		return Answer{Outcome: Inexpressible, Err: told.err}
	}
	before, ready := v.prepare(ctx, request.Endpoint, told)
	if !ready {
		return before
	}
	answer := v.ask1(ctx, c, told, &request)
	answer.Steps = append(before.Steps, answer.Steps...)
	if answer.Outcome == Accepted {
		v.finish(request.Endpoint, told, &answer)
	}
	return answer
}

// telling is one request of the API on its way to the application.
type telling struct {
	// raw is the body as the case has it, whole what ${ask} or ${credential} becomes, and members the same to take parts of.
	raw     []byte
	whole   any
	members any
	root    string
	user    string // the user name that it asks for; "" for none
	err     error  // why it cannot be told
}

// telling reads what the case wants to say, and decides whether the application can be told.
func (v *mappedVisitor) telling(request Request, c *call) telling {
	t := telling{raw: request.Body, root: rootAsk}
	members, valid := decode(request.Body)
	t.members = members
	if request.Endpoint.result() {
		t.root = rootCredential
	}
	if verbatim(c.body, t.root) && v.server.plan.bytes.write == nil {
		t.whole = members // the body goes as it is, JSON or not
	} else {
		switch {
		case !valid:
			t.err = fmt.Errorf("a body that is no JSON cannot be put into %s.body", c.name)
		case twice(request.Body) && !c.takes(t.root, nil):
			t.err = fmt.Errorf("a body with a member twice cannot be put into %s.body, which takes its members", c.name)
		}
		t.whole = json.RawMessage(request.Body)
	}
	if t.root == rootAsk {
		t.user = userName(members)
		return t
	}
	if t.err == nil && !verbatim(c.body, t.root) {
		t.err = untoldResponse(members, func(path []string) bool { return c.takes(rootCredential, path) })
	}
	if t.err == nil && v.server.plan.bytes.write != nil {
		t.members, _ = decode(request.Body) // a copy to rewrite
		t.err = v.server.plan.bytes.response(t.members)
		t.whole = t.members
	}
	if t.err == nil && !c.takes(rootCredential, []string{"response", "userHandle"}) {
		t.err = v.handle(members)
	}
	return t
}

// handle returns an error when a response has a user handle that was never given out for the user who signs in.
func (v *mappedVisitor) handle(members any) error {
	handle, _ := at(members, []string{"response", "userHandle"})
	if text, isText := handle.(string); isText {
		return v.server.people.foreign(userName(v.asked()), text)
	}
	return nil
}

// userName is that of a request for options.
func userName(ask any) string {
	name, _ := at(ask, []string{"username"})
	text, _ := name.(string)
	return text
}

// verbatim reports whether a body is ${ask} or ${credential} and nothing else.
func verbatim(body compiled, root string) bool {
	t, isText := body.(Template)
	return isText && len(t.parts) == 1 && t.parts[0].root == root && len(t.parts[0].path) == 0
}

// prepare goes through the phases before an endpoint. It reports whether the endpoint may be asked; otherwise the answer says
// what stood in the way.
func (v *mappedVisitor) prepare(ctx context.Context, endpoint Endpoint, t telling) (answer Answer, ready bool) {
	v.preparing.Lock()
	defer v.preparing.Unlock()
	var steps []Step
	for _, due := range v.due(endpoint, t.user) {
		for i, c := range v.server.plan.phases[due] {
			answer := v.ask1(ctx, c, t, nil)
			steps = append(steps, answer.Steps...)
			answer.Steps = steps
			refusable := due == leaving && i == 0
			if answer.Outcome == Accepted || refusable && answer.Outcome.Refuses() {
				continue
			}
			if answer.Message = c.what + ": " + answer.String(); answer.Err != nil {
				answer.Err = fmt.Errorf("%s (%s): %w", c.what, c.name, answer.Err)
			}
			return answer, false
		}
	}
	v.prepared(endpoint, t.user, len(v.server.plan.phases[makingAccount]) > 0)
	if t.root == rootAsk {
		v.asks(t.members)
	}
	return Answer{Steps: steps}, true
}

// finish reads options, and remembers who is signed in.
func (v *mappedVisitor) finish(endpoint Endpoint, t telling, answer *Answer) {
	if endpoint.result() {
		v.answered()
		answer.Members = said("ok", "")
		return
	}
	c := v.server.plan.endpoints[endpoint]
	options, err := v.options(c, answer)
	if err != nil {
		answer.Outcome, answer.Err, answer.Members = NotAsDescribed, err, nil
		return
	}
	if err := untoldAsk(t.members, options, func(path []string) bool { return v.server.told(endpoint, rootAsk, path) }); err != nil {
		answer.Outcome, answer.Err, answer.Members = Inexpressible, err, nil
		return
	}
	if handle, ok := at(options, []string{"user", "id"}); ok && isText(handle) && t.user != "" {
		v.server.people.named(t.user, handle.(string))
	}
	answer.Members = offered(options)
}

// scope is where the values of a call come from. What was to be kept, and is not there, goes to missing.
func (v *mappedVisitor) scope(t telling, answer any, missing *error) scope {
	v.keeping.Lock()
	kept := maps.Clone(v.kept)
	v.keeping.Unlock()
	ask := v.asked()
	if t.root == rootAsk {
		ask = t.members
	}
	return func(root string, path []string) (any, bool) {
		var found any
		there := false
		switch root {
		case rootAsk:
			if len(path) == 0 && t.root == rootAsk {
				return t.whole, true
			}
			return at(ask, path)
		case rootCredential:
			if len(path) == 0 {
				return t.whole, true
			}
			return at(t.members, path)
		case rootAnswer:
			return at(answer, path)
		case rootEnv:
			if v.server.plan.env != nil {
				found, there = envValue(v.server.plan.env, path)
			}
		case rootKept:
			found, there = at(any(kept), path)
		case rootCookie:
			found, there = v.cookie(path)
		}
		if !there && *missing == nil {
			*missing = fmt.Errorf("%s %w in this browser", part{root: root, path: path}, errNoValue)
		}
		return found, there
	}
}

func (v *mappedVisitor) cookie(path []string) (any, bool) {
	all := v.Cookies()
	names := slices.Sorted(maps.Keys(all))
	for _, name := range names {
		if name == joined(path) {
			if plain, err := url.QueryUnescape(all[name]); err == nil {
				return plain, true
			}
			return all[name], true
		}
	}
	return nil, false
}
