package subject

import (
	"bufio"
	"fmt"
	"io"
	"net/url"
	"slices"
	"strings"
)

// Explain writes what would be asked of a server, and what its answers would mean, without asking it anything.
func (f FIDOServer) Explain(w io.Writer) error {
	rp, err := f.Dial()
	if err != nil {
		return err
	}
	defer rp.Close()
	out := bufio.NewWriter(w)
	fmt.Fprintf(out, "%s has FIDO's REST API; its page is at %s\n", rp.Name(), rp.Origin())
	for _, endpoint := range Endpoints() {
		fmt.Fprintf(out, "\n%s\n  POST %s\n", endpoint, rp.(*fidoServer).urls[endpoint])
	}
	fmt.Fprint(out, "\nAccepted is 2xx with status \"ok\", refused 4xx with status \"failed\".\n")
	f.explainRest(out)
	return out.Flush()
}

// explainRest tells what every request has.
func (f FIDOServer) explainRest(out io.Writer) {
	for _, name := range sorted(f.Header) {
		fmt.Fprintf(out, "Every request has the header %s.\n", name) // its value may be a secret
	}
	for _, name := range sorted(f.Cookies) {
		fmt.Fprintf(out, "Every visitor begins with the cookie %s.\n", name)
	}
	limits := f.Limits.withDefaults()
	fmt.Fprintf(out, "An answer may take %s and have %d bytes, and %d of headers.\n", limits.Time, limits.Body, limits.Header)
}

// Explain writes what would be asked of an application, and what its answers would mean, without asking it anything. Values
// that only an answer can give are written as their templates.
func (m Mapped) Explain(w io.Writer) error {
	rp, err := m.Dial()
	if err != nil {
		return err
	}
	defer rp.Close()
	server := rp.(*mapped)
	out := bufio.NewWriter(w)
	fmt.Fprintf(out, "%s is an application with a shape of its own; its page is at %s\n", rp.Name(), rp.Origin())
	for _, p := range phases() {
		for _, c := range server.plan.phases[p.phase] {
			server.explainCall(out, c, c.what+", "+p.when)
		}
	}
	for _, endpoint := range append(Endpoints(), Removal) {
		if server.plan.endpoints[endpoint] == nil {
			continue
		}
		server.explainCall(out, server.plan.endpoints[endpoint], string(endpoint))
	}
	server.explainUntold(out)
	m.explainRest(out)
	return out.Flush()
}

// sampleScope has somebody's request for options; everything else is written as its template.
func sampleScope(root string, path []string) (any, bool) {
	if root == rootAsk {
		if v, there := at(sampleAsk, path); there {
			return v, true
		}
	}
	return part{root: root, path: path}.String(), true
}

var sampleAsk = map[string]any{
	"username": "user-1", "displayName": "Somebody", "attestation": "none", "userVerification": "preferred",
	"authenticatorSelection": map[string]any{"userVerification": "preferred", "requireResidentKey": false},
}

func (m *mapped) explainCall(out io.Writer, c *call, title string) {
	fmt.Fprintf(out, "\n%s (%s)\n", title, c.name)
	s, body, err := m.build(c, sampleScope, []byte(part{root: rootOf(c)}.String()))
	if err != nil {
		fmt.Fprintf(out, "  %v\n", err)
		return
	}
	address := s.url
	if plain, err := url.QueryUnescape(s.url); err == nil {
		address = plain // templates in it can be read
	}
	fmt.Fprintf(out, "  %s %s\n", s.method, address)
	for _, line := range lines(s.headers[0]) {
		fmt.Fprintf(out, "  %s\n", line)
	}
	if len(body) > 0 {
		fmt.Fprintf(out, "  %s\n", body)
	}
	fmt.Fprintf(out, "  accepted: %s\n  refused:  %s\n", c.accepted, c.refused)
	for _, name := range sorted(c.keep) {
		fmt.Fprintf(out, "  keeps %s\n", name)
	}
	for _, name := range sorted(c.match) {
		fmt.Fprintf(out, "  keeps %s, which is the group of %s\n", name, c.match[name])
	}
}

// rootOf is whose bytes the whole body of a call is.
func rootOf(c *call) string {
	if verbatim(c.body, rootCredential) {
		return rootCredential
	}
	return rootAsk
}

// String is how such an answer looks, in words.
func (v verdict) String() string {
	var words []string
	for _, s := range v.statuses {
		if s.from == s.to {
			words = append(words, itoa(s.from))
		} else {
			words = append(words, itoa(s.from)+"-"+itoa(s.to))
		}
	}
	text := "HTTP " + strings.Join(words, ", ")
	for _, path := range sorted(v.members) {
		text += fmt.Sprintf(", %s is %s", path, show(v.members[path]))
	}
	if v.location != "" {
		text += ", leading to " + v.location
	}
	return text
}

// explainUntold lists what a case cannot tell the application.
func (m *mapped) explainUntold(out io.Writer) {
	fmt.Fprintln(out)
	for _, one := range []struct {
		endpoint Endpoint
		root     string
		usual    map[string]func(any) bool
	}{
		{CreationOptions, rootAsk, usualAsk}, {CreationResult, rootCredential, usualResponse},
		{RequestOptions, rootAsk, usualAsk}, {RequestResult, rootCredential, usualResponse},
	} {
		var not []string
		for _, path := range sorted(one.usual) {
			if !m.told(one.endpoint, one.root, strings.Split(path, ".")) && belongs(one.endpoint, path) {
				not = append(not, path)
			}
		}
		if len(not) > 0 {
			fmt.Fprintf(out, "Not sent for %s: %s. Cases that need it are skipped.\n", one.endpoint, strings.Join(not, ", "))
		}
	}
}

// told reports whether an endpoint's call, or one that comes before it, sends a value.
func (m *mapped) told(endpoint Endpoint, root string, path []string) bool {
	calls := []*call{m.plan.endpoints[endpoint]}
	if endpoint == CreationOptions {
		calls = append(calls, m.plan.phases[makingAccount]...)
	}
	return slices.ContainsFunc(calls, func(c *call) bool { return c.takes(root, path) })
}

// belongs reports whether a member is ever part of what goes to an endpoint.
func belongs(endpoint Endpoint, path string) bool {
	foreign := map[Endpoint][]string{
		CreationOptions: {"userVerification", "authenticatorSelection"},
		RequestOptions:  {"displayName", "attestation", "authenticatorSelection", "authenticatorSelection.userVerification", "authenticatorSelection.requireResidentKey"},
		CreationResult:  {"response", "response.userHandle"},
		RequestResult:   {"response", "response.attestationObject", "response.publicKey", "response.publicKeyAlgorithm", "response.transports"},
	}
	return !slices.Contains(foreign[endpoint], path)
}
