package rpcases

import (
	"context"
	"net/http"

	"github.com/passkeylab/passkeylab/harness/conformance"
	"github.com/passkeylab/passkeylab/harness/subject"
)

// strange is a request for options to register that is not as it should be.
type strange struct {
	is string
	// ask changes its members, request everything else.
	ask     Ask
	request func(*subject.Request)
}

// apiMalformed is about requests for options that are none (FIDO's server API).
func apiMalformed() []Case {
	return []Case{
		{
			ID: "api/request-body/user-name-missing", Aliases: []string{"S-API-010"}, Level: must, Clause: api("username"),
			Says: "a request for options to register without a user name is refused",
			Run:  optionsRefused(strange{is: "no user name", ask: Ask{Edit: func(members map[string]any) { delete(members, "username") }}}),
		},
		{
			ID: "api/request-body/user-name-empty", Aliases: []string{"S-API-011"}, Level: should, Clause: api("username"),
			Says: "a request for options to register with an empty user name is refused",
			Run:  optionsRefused(strange{is: "an empty user name", ask: Ask{Edit: func(members map[string]any) { members["username"] = "" }}}),
		},
		{
			ID: "api/request-body/user-name-of-another-type", Aliases: []string{"S-API-012"}, Level: must, Clause: api("username"),
			Says: "a request for options to register whose user name is no string is refused",
			Run: optionsRefused(
				named("a number", 7), named("true", true), named("an array", []string{"ada"}), named("an object", map[string]any{"$ne": nil}), named("null", nil),
			),
		},
		{
			ID: "api/request-body/display-name-missing", Aliases: []string{"S-API-013"}, Level: robust, Clause: api("displayName"),
			Says: "a request for options to register without a display name is refused, or answered with some display name",
			Run:  displayNameMissing,
		},
		{
			ID: "api/request-body/no-object", Aliases: []string{"S-API-014"}, Level: must, Clause: api("body"),
			Says: "a body that is no JSON object is refused by the endpoint for options to register",
			Run:  optionsRefused(posted("nothing", ""), posted("an array", "[]"), posted("null", "null"), posted("no JSON", "username=ada"), posted("half an object", `{"username":"a`)),
		},
		{
			ID: "api/request-body/plain-text", Aliases: []string{"S-API-015"}, Level: robust, Clause: api("content-type"),
			Says: "JSON that is said to be plain text is decided on",
			Run: func(ctx context.Context, b *Bench) error {
				answer := b.Person(nil).asks(ctx, strange{is: "Content-Type text/plain", request: func(r *subject.Request) { r.ContentType = "text/plain" }})
				if err := b.MustDecide("options asked for in plain text", answer); err != nil {
					return err
				}
				return Registration{}.control(ctx, b)
			},
		},
		{
			ID: "api/request-body/other-methods", Aliases: []string{"S-API-016"}, Level: robust, Clause: api("method"),
			Says: "GET and PUT at the endpoint for options to register are refused",
			Run: optionsRefused(
				strange{is: "GET", request: func(r *subject.Request) { r.Method, r.Body, r.ContentType = http.MethodGet, nil, "-" }},
				strange{is: "PUT", request: func(r *subject.Request) { r.Method = http.MethodPut }},
			),
		},
	}
}

func named(is string, value any) strange {
	return strange{is: "a user name that is " + is, ask: Ask{Edit: func(members map[string]any) { members["username"] = value }}}
}

func posted(is, body string) strange {
	return strange{is: "a body that is " + is, request: func(r *subject.Request) { r.Body = []byte(body) }}
}

// asks puts a strange request for options to register.
func (p *Person) asks(ctx context.Context, s strange) subject.Answer {
	request := subject.Request{Endpoint: subject.CreationOptions, Body: s.ask.body(p.Name, subject.CreationOptions), Purpose: "options with " + s.is}
	if s.request != nil {
		s.request(&request)
	}
	return p.Browser.Do(ctx, request)
}

// optionsRefused wants honest options to be given, strange ones to be refused, and the person to register in the end.
func optionsRefused(all ...strange) Run {
	return func(ctx context.Context, b *Bench) error {
		p := b.Person(nil)
		if err := b.MustAccept("honest options", p.CreationOptions(ctx, Ask{})); err != nil {
			return conformance.Control("honest options", err)
		}
		for _, s := range all {
			answer := p.asks(ctx, s)
			if answer.Outcome == subject.Inexpressible {
				b.Observe("this cannot be said to such a server: %s", s.is)
				continue
			}
			if err := b.MustRefuse("options with "+s.is, answer); err != nil {
				return err
			}
			if s.is == http.MethodGet && answer.Status != http.StatusNotFound && answer.Status != http.StatusMethodNotAllowed {
				b.Advise("GET is refused with HTTP %d; 405 says it best", answer.Status)
			}
		}
		answer, err := p.Registers(ctx, Ask{}, Lie{})
		if err != nil {
			return conformance.Control("an honest registration afterwards", err)
		}
		return b.MustAccept("an honest registration afterwards", answer)
	}
}

func displayNameMissing(ctx context.Context, b *Bench) error {
	p := b.Person(nil)
	if err := conformance.Control("honest options", b.MustAccept("honest options", p.CreationOptions(ctx, Ask{}))); err != nil {
		return err
	}
	answer := p.asks(ctx, strange{is: "no display name", ask: Ask{Edit: func(members map[string]any) { delete(members, "displayName") }}})
	if err := b.MustDecide("options with no display name", answer); err != nil || answer.Outcome != subject.Accepted {
		return err
	}
	var v creationView
	if err := p.read(answer, "options with no display name", &v); err != nil {
		return err
	}
	return firstFalse(claim{"user.displayName", "a string", v.User.DisplayName != nil, v.User.DisplayName})
}
