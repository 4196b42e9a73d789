package rpcases

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/passkeylab/passkeylab/harness/client"
	"github.com/passkeylab/passkeylab/harness/conformance"
	"github.com/passkeylab/passkeylab/harness/subject"
	"github.com/passkeylab/passkeylab/virtualauth"
	"github.com/passkeylab/passkeylab/virtualauth/attestation"
)

// limits is about what no clause demands and every server needs: to bear too much, and to go on; and about what a refusal must
// leave behind, which is nothing.
func limits() []Case {
	return slices.Concat(floods(), refusals(), aftermaths(), accidents())
}

// robustness names a demand that no specification makes.
func robustness(slug string) conformance.Clause {
	return conformance.Clause{Spec: "Robustness", Slug: slug}
}

// floods are requests that are too long, too slow or too many.
func floods() []Case {
	registering, signingIn := subject.CreationResult, subject.RequestResult
	return []Case{
		{
			ID: "reg/limits/long-body", Aliases: []string{"S-LIM-001.r"}, Level: robust, Clause: robustness("long-body"),
			Says: "a registration with 10, and with 100, megabytes of white space behind it does not break the server",
			Run:  longBodies(registering),
		},
		{
			ID: "auth/limits/long-body", Aliases: []string{"S-LIM-001.a"}, Level: robust, Clause: robustness("long-body"),
			Says: "an assertion with 10, and with 100, megabytes of white space behind it does not break the server",
			Run:  longBodies(signingIn),
		},
		{
			ID: "reg/limits/slow-body", Aliases: []string{"S-LIM-002.r"}, Level: robust, Clause: robustness("slow-body"),
			Says: "eight registrations whose second half never comes keep nobody else waiting",
			Run:  slowBodies(registering),
		},
		{
			ID: "auth/limits/slow-body", Aliases: []string{"S-LIM-002.a"}, Level: robust, Clause: robustness("slow-body"),
			Says: "eight assertions whose second half never comes keep nobody else waiting",
			Run:  slowBodies(signingIn),
		},
		{
			ID: "reg/limits/thousand-bad-posts", Aliases: []string{"S-LIM-003.r"}, Level: robust, Clause: robustness("many-posts"),
			Says: "after a thousand bad registrations in a row an honest one is accepted",
			Run:  badPosts(registering),
		},
		{
			ID: "auth/limits/thousand-bad-posts", Aliases: []string{"S-LIM-003.a"}, Level: robust, Clause: robustness("many-posts"),
			Says: "after a thousand bad assertions in a row an honest one is accepted",
			Run:  badPosts(signingIn),
		},
	}
}

// attempt is somebody new with an honest message that is ready to be posted.
func (b *Bench) attempt(ctx context.Context, endpoint subject.Endpoint) (*Person, *Message, error) {
	p := b.Person(nil)
	ask, answer := p.CreationOptions, p.Create
	if endpoint == subject.RequestResult {
		if err := p.mustRegister(ctx, Ask{}, Lie{}, "honest registration"); err != nil {
			return nil, nil, err
		}
		ask, answer = p.RequestOptions, p.Get
	}
	offered := ask(ctx, Ask{})
	if offered.Outcome != subject.Accepted {
		return nil, nil, fmt.Errorf("options: %s", offered)
	}
	message, err := answer(ctx, offered.Options(), Lie{})
	return p, message, err
}

// goesOn wants an honest registration and sign-in of somebody new to be accepted.
func (b *Bench) goesOn(ctx context.Context, when string) error {
	p := b.Person(nil)
	if err := p.mustRegister(ctx, Ask{}, Lie{}, "an honest registration "+when); err != nil {
		return err
	}
	return p.mustSignIn(ctx, Ask{}, "an honest sign-in "+when)
}

func longBodies(endpoint subject.Endpoint) Run {
	return func(ctx context.Context, b *Bench) error {
		if err := conformance.Control("honest control", b.goesOn(ctx, "at first")); err != nil {
			return err
		}
		for _, megabytes := range []int64{10, 100} {
			p, message, err := b.attempt(ctx, endpoint)
			if err != nil {
				return conformance.Control("honest control", err)
			}
			what := fmt.Sprintf("%d megabytes of white space", megabytes)
			answer, err := p.Posts(ctx, endpoint, message, Lie{Is: what, Request: func(r *subject.Request) { r.Spaces = megabytes << 20 }})
			if err != nil {
				return conformance.Control(what, err)
			}
			if err := b.mustStopReading(what, answer); err != nil {
				return err
			}
			if err := b.goesOn(ctx, "after "+what); err != nil {
				return err
			}
		}
		return nil
	}
}

// mustStopReading is MustDecide for a flood, which a server may also end by closing the connection. Reading all of it is no
// good idea.
func (b *Bench) mustStopReading(what string, a subject.Answer) error {
	if a.Outcome == subject.Reset && !errors.Is(a.Err, subject.ErrHandlerBroke) {
		b.Observe("%s: the server closed the connection", what)
		return nil
	}
	if a.Outcome == subject.Accepted {
		b.Advise("%s: the server read it all; a limit of a few hundred kilobytes, and HTTP 413, protect its memory", what)
	}
	return b.MustDecide(what, a)
}

// slowBodies begins requests that never end, and wants somebody else to be served meanwhile.
func slowBodies(endpoint subject.Endpoint) Run {
	return func(ctx context.Context, b *Bench) error {
		if err := conformance.Control("honest control", b.goesOn(ctx, "at first")); err != nil {
			return err
		}
		const many = 8
		stalling, end := context.WithCancel(ctx)
		answers := make(chan subject.Answer, many)
		begun := 0
		defer func() { // nobody is left behind
			end()
			for range begun {
				<-answers
			}
		}()
		for range many {
			p, message, err := b.attempt(ctx, endpoint)
			if err != nil {
				return conformance.Control("honest control", err)
			}
			waits := make(chan struct{})
			request := subject.Request{Endpoint: endpoint, Body: message.Encode(), Purpose: "half of a body", Stalls: func() { close(waits) }}
			answered := make(chan struct{})
			go func() {
				answers <- p.Browser.Do(stalling, request)
				close(answered)
			}()
			begun++
			select {
			case <-waits:
			case <-answered: // it was not even read
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		return b.goesOn(ctx, "while eight others are half sent")
	}
}

// garbage is what a scanner posts.
var garbage = []string{"", "{", "{}", "[]", "null", `"x"`, `{"id":1}`, `{"id":"AAAA","rawId":"AAAA","type":"public-key","response":{}}`, "\x00\xff", "<a/>"}

func badPosts(endpoint subject.Endpoint) Run {
	return func(ctx context.Context, b *Bench) error {
		p, err := b.signsUp(ctx, Ask{}, nil)
		if err != nil {
			return err
		}
		for i := range 1000 {
			body := garbage[i%len(garbage)]
			answer := p.Browser.Do(ctx, subject.Request{Endpoint: endpoint, Body: []byte(body), Once: true, Purpose: "garbage"})
			if answer.Outcome == subject.Inexpressible {
				continue
			}
			if answer.Outcome == subject.Accepted || answer.Outcome.Broke() || answer.Outcome == subject.Unreachable {
				return b.MustRefuse(fmt.Sprintf("post %d, %q", i+1, body), answer)
			}
		}
		return b.goesOn(ctx, "after a thousand bad posts")
	}
}

// refusals are about how a refusal looks, and how long it takes.
func refusals() []Case {
	return []Case{
		{
			ID: "reg/limits/clean-refusals", Aliases: []string{"S-LIM-004.r"}, Level: robust, Clause: api("failure"),
			Says: "whatever is wrong with a registration, the refusal is HTTP 4xx with JSON that says why, within five seconds",
			Run: func(ctx context.Context, b *Bench) error {
				return cleanRefusals(ctx, b, subject.CreationResult, append(everyLayer(),
					Lie{Is: "no attestation object", Message: without("response.attestationObject")},
					Lie{Is: "an attestation object that is no CBOR", Message: set("response.attestationObject", "/w")},
				))
			},
		},
		{
			ID: "auth/limits/clean-refusals", Aliases: []string{"S-LIM-004.a"}, Level: robust, Clause: api("failure"),
			Says: "whatever is wrong with an assertion, the refusal is HTTP 4xx with JSON that says why, within five seconds",
			Run: func(ctx context.Context, b *Bench) error {
				return cleanRefusals(ctx, b, subject.RequestResult, append(everyLayer(),
					Lie{Is: "a spoilt signature", Device: virtualauth.Misbehaviour{BadSignature: true}},
					Lie{Is: "no authenticator data", Message: without("response.authenticatorData")},
				))
			},
		},
	}
}

// everyLayer is one lie of each layer, for both ceremonies.
func everyLayer() []Lie {
	return []Lie{
		{Is: "UP clear", Device: virtualauth.Misbehaviour{OmitUP: true}},
		{Is: "the RP ID hash of another site", Device: virtualauth.Misbehaviour{WrongRPIDHash: true}},
		{Is: "the origin of another site", Client: client.Misbehaviour{Origin: "https://phishing.example"}},
		{Is: "client data that are no JSON", Client: rawClientData(func([]byte) []byte { return []byte("{") })},
		{Is: "no id", Message: without("id")},
		{Is: "a response that is null", Message: set("response", nil)},
		{Is: "a body that is cut off", Body: func(honest []byte) []byte { return honest[:len(honest)/2] }},
	}
}

func cleanRefusals(ctx context.Context, b *Bench, endpoint subject.Endpoint, lies []Lie) error {
	const long = 5 * time.Second
	p, err := Authentication{}.control(ctx, b)
	if err != nil {
		return err
	}
	for _, lie := range lies {
		what := "a response with " + lie.Is
		var answer subject.Answer
		if endpoint == subject.CreationResult {
			answer, err = b.Person(nil).Registers(ctx, Ask{}, lie)
		} else {
			answer, err = p.SignsIn(ctx, Ask{}, lie)
		}
		if err != nil {
			return conformance.Control(what, err)
		}
		if err := b.MustRefuse(what, answer); err != nil {
			return err
		}
		if answer.Outcome != subject.Refused || len(answer.Complaints) > 0 {
			return &conformance.Mismatch{What: what, Want: "HTTP 4xx, status failed and an errorMessage", Got: fmt.Sprintf("%s %v", answer, answer.Complaints)}
		}
		if answer.Took > long {
			return &conformance.Mismatch{What: what, Want: "an answer within " + long.String(), Got: answer.Took.String()}
		}
	}
	return b.goesOn(ctx, "afterwards")
}

// selfAttested makes an authenticator that signs what it says of a new credential by that credential's own key.
func selfAttested(m *virtualauth.Model) { m.Attestation = attestation.FormatPacked }
