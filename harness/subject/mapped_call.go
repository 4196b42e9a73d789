package subject

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
)

func joined(path []string) string { return strings.Join(path, ".") }

// ask1 puts one call to the application and judges its answer. request is that of the endpoint, whose HTTP a case may have
// changed; nil for a call that is no endpoint.
func (v *mappedVisitor) ask1(ctx context.Context, c *call, t telling, request *Request) Answer {
	var missing error
	s, body, err := v.server.build(c, v.scope(t, nil, &missing), t.raw)
	if err == nil {
		err = missing
	}
	if err != nil {
		return Answer{Outcome: Inexpressible, Err: fmt.Errorf("%s: %w", c.name, err)}
	}
	whole := Request{Body: body, Purpose: c.what}
	if request != nil {
		whole.Purpose, whole.Spaces, whole.Stalls = request.Purpose, request.Spaces, request.Stalls
		s.change(request)
	}
	if body != nil {
		s.body = whole.reader
	}
	answer := v.exchange(ctx, s)
	answered := answer.Body
	if answer.Outcome == "" {
		v.judge(c, t, &answer)
	}
	answer.Steps = []Step{{Purpose: whole.Purpose, Method: s.method, URL: s.url, Body: body, Answered: answered}}
	answer.Steps[0].Answer = &Answer{
		Outcome: answer.Outcome, Status: answer.Status, Header: answer.Header, Sent: answer.Sent, Err: answer.Err, Took: answer.Took, Message: answer.Message,
	}
	return answer
}

// change applies what a case changes about HTTP.
func (s *sent) change(request *Request) {
	s.single = request.single()
	if request.Method != "" {
		s.method = request.Method
	}
	header := request.Header.Clone()
	if header == nil {
		header = http.Header{}
	}
	switch request.ContentType {
	case "":
	case "-":
		s.headers[0].Del("Content-Type")
	default:
		header.Set("Content-Type", request.ContentType)
	}
	s.headers = append(s.headers, header)
}

// build makes the request of a call, and its body; nil for none.
func (m *mapped) build(c *call, from scope, raw []byte) (s sent, body []byte, err error) {
	s = sent{method: c.method, headers: []http.Header{{}}}
	path, err := c.path.text(from, url.PathEscape)
	if err != nil {
		return s, nil, fmt.Errorf("path: %w", err)
	}
	s.url = m.below(path)
	if query, err := values(c.query, from, "query"); err != nil {
		return s, nil, err
	} else if len(query) > 0 {
		separator := "?"
		if strings.Contains(s.url, "?") {
			separator = "&"
		}
		s.url += separator + query.Encode()
	}
	switch {
	case verbatim(c.body, rootAsk) && m.plan.bytes.write == nil, verbatim(c.body, rootCredential) && m.plan.bytes.write == nil:
		body = raw
		s.headers[0].Set("Content-Type", "application/json")
	case c.body != nil:
		tree, _, err := render(c.body, from)
		if err != nil {
			return s, nil, fmt.Errorf("body: %w", err)
		}
		if body, err = compactJSON(tree); err != nil {
			return s, nil, fmt.Errorf("body: %w", err)
		}
		s.headers[0].Set("Content-Type", "application/json")
	case len(c.form) > 0:
		form, err := values(c.form, from, "form")
		if err != nil {
			return s, nil, err
		}
		body = []byte(form.Encode())
		s.headers[0].Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for _, name := range sorted(c.headers) {
		value, err := c.headers[name].text(from, func(s string) string { return s })
		if err != nil {
			return s, nil, fmt.Errorf("headers.%s: %w", name, err)
		}
		s.headers[0].Set(name, value)
	}
	return s, body, nil
}

// compactJSON is a value as JSON, in which raw values keep their spelling.
func compactJSON(v any) ([]byte, error) {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}

// values are those of a form or a query. JSON in them is a text.
func values(of map[string]Template, from scope, where string) (url.Values, error) {
	out := url.Values{}
	for _, name := range sorted(of) {
		v, found, err := of[name].value(from)
		if err != nil {
			return nil, fmt.Errorf("%s.%s: %w", where, name, err)
		}
		if !found {
			continue
		}
		text, ok := scalar(v)
		if !ok {
			encoded, err := compactJSON(v)
			if err != nil {
				return nil, fmt.Errorf("%s.%s: %w", where, name, err)
			}
			text = string(encoded)
		}
		out.Set(name, text)
	}
	return out, nil
}

// judge decides what a whole answer means, as the call is described, and keeps what it is to keep.
func (v *mappedVisitor) judge(c *call, t telling, a *Answer) {
	decoded, isJSON := decode(a.Body)
	a.Outcome, a.Err = c.outcome(a, decoded, isJSON)
	a.Message = c.words(a, decoded)
	if a.Outcome == Refused || a.Outcome == BareRefusal {
		a.Members = said("failed", a.Message)
	}
	if a.Outcome != Accepted {
		return
	}
	kept := map[string]any{}
	var missing error
	from := v.scope(t, decoded, &missing)
	for _, name := range sorted(c.keep) {
		value, found, err := c.keep[name].value(from)
		if err != nil || !found {
			a.Outcome = NotAsDescribed
			a.Err = fmt.Errorf("%s.keep.%s: the answer has no such value: %s", c.name, name, clip(string(a.Body)))
			return
		}
		kept[name] = value
	}
	for _, name := range sorted(c.match) {
		found := c.match[name].FindSubmatch(a.Body)
		if found == nil {
			a.Outcome = NotAsDescribed
			a.Err = fmt.Errorf("%s.match.%s: %s is nowhere in the answer: %s", c.name, name, c.match[name], clip(string(a.Body)))
			return
		}
		kept[name] = string(found[1])
	}
	v.keeping.Lock()
	for name, value := range kept {
		v.kept[name] = value
	}
	v.keeping.Unlock()
}

// outcome decides between yes, no, and no decision.
func (c *call) outcome(a *Answer, decoded any, isJSON bool) (Outcome, error) {
	no := c.refused.covers(a.Status) && c.refused.holds(a, decoded)
	// Members or a location that tell a refusal hold under the statuses of acceptance, too.
	if c.refused.tells() && c.accepted.covers(a.Status) && c.refused.holds(a, decoded) {
		no = true
	}
	yes := c.accepted.covers(a.Status) && c.accepted.holds(a, decoded)
	endpoint := c.options != nil || !strings.Contains(strings.TrimPrefix(c.name, "application."), ".")
	switch {
	case yes && no:
		return NotAsDescribed, fmt.Errorf("%s: the answer is accepted and refused at once", c.name)
	case no:
		return Refused, nil
	case yes && endpoint && !isJSON && a.Status < 300 && len(bytes.TrimSpace(a.Body)) > 0:
		return NotJSON, errors.New("the body is no JSON but " + a.kind())
	case yes:
		return Accepted, nil
	case a.Status >= 500:
		return ServerError, nil
	case c.accepted.covers(a.Status) && !isJSON && len(c.accepted.members) > 0:
		return NotJSON, errors.New("the body is no JSON but " + a.kind())
	case c.accepted.covers(a.Status) && c.accepted.tells() && !c.refused.tells():
		return Refused, nil // it decided, and it does not say what an acceptance says
	case a.Status >= 300 && a.Status < 400:
		return Redirected, errors.New("it wants us to go to " + clip(a.Header.Get("Location")))
	}
	return NotAsDescribed, fmt.Errorf("HTTP %d is neither among %s.accepted nor among its refused", a.Status, c.name)
}

// tells reports whether more than the status decides.
func (v verdict) tells() bool { return len(v.members) > 0 || v.location != "" }

// holds reports whether an answer has the members and leads to the location.
func (v verdict) holds(a *Answer, decoded any) bool {
	for path, wanted := range v.members {
		got, there := at(decoded, strings.Split(path, "."))
		if !there || !same(got, wanted) {
			return false
		}
	}
	if v.location == "" {
		return true
	}
	to, err := url.Parse(a.Header.Get("Location"))
	return err == nil && a.Status >= 300 && a.Status < 400 && (to.Path == v.location || to.RequestURI() == v.location)
}

// same compares a value of JSON with one of YAML.
func same(got, wanted any) bool {
	a, errA := json.Marshal(got)
	b, errB := json.Marshal(wanted)
	return errA == nil && errB == nil && string(a) == string(b)
}

// words are the application's own about its answer.
func (c *call) words(a *Answer, decoded any) string {
	if c.message != nil {
		if v, there := at(decoded, c.message); there {
			if text, ok := scalar(v); ok {
				return clip(text)
			}
		}
	}
	a.Members = object(a.Body)
	words := a.words()
	a.Members = nil
	return words
}

// options are WebAuthn's in the answer of an options endpoint.
func (v *mappedVisitor) options(c *call, a *Answer) (map[string]any, error) {
	decoded, _ := decode(a.Body)
	var missing error
	tree, found, err := render(c.options, v.scope(telling{root: rootAsk, members: v.asked()}, decoded, &missing))
	if text, isText := tree.(string); isText {
		tree, _ = decode([]byte(text))
	}
	options, ok := tree.(map[string]any)
	if err != nil || !found || !ok || options["challenge"] == nil {
		where := ""
		if path, there := find(decoded, "challenge"); there {
			where = "; there is a challenge at " + part{root: rootAnswer, path: path}.String()
		}
		return nil, fmt.Errorf("%s.options: there are none with a challenge in the answer%s: %s", c.name, where, clip(string(a.Body)))
	}
	v.server.plan.bytes.options(any(options))
	return options, nil
}
