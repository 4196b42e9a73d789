package rpcases

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"strings"

	"github.com/passkeylab/passkeylab/harness/conformance"
	"github.com/passkeylab/passkeylab/harness/subject"
)

// sessionReplay is about responses that come twice, and about challenges that nobody gave (WebAuthn L3 §13.4.3).
func sessionReplay() []Case {
	atOnce := l3("13.4.3", "challenge-once")
	return []Case{
		{
			ID: "reg/session/replayed", Aliases: []string{"S-SES-001"}, CVEs: []string{"CVE-2022-42731"}, Level: must, Clause: atOnce,
			Says: "a registration that was accepted is refused when it comes again",
			Run:  replayedRegistration(false),
		},
		{
			ID: "reg/session/replayed-with-old-cookies", Aliases: []string{"S-SES-004"}, Level: must, Clause: atOnce,
			Says: "a registration that was accepted is refused when it comes again with the cookies of before",
			Run:  replayedRegistration(true),
		},
		{
			ID: "auth/session/replayed", Aliases: []string{"S-SES-002"}, CVEs: []string{"CVE-2025-53102", "webauthn.io#28"}, Level: must, Clause: atOnce,
			Says: "an assertion that was accepted is refused when it comes again, even of an authenticator that does not count",
			Run:  replayedSignIn(false),
		},
		{
			ID: "auth/session/replayed-with-old-cookies", Aliases: []string{"S-SES-003"}, Level: must, Clause: atOnce,
			Says: "an assertion that was accepted is refused when it comes again with the cookies of before",
			Run:  replayedSignIn(true),
		},
		{
			ID: "reg/session/challenge-used-again", Level: must, Clause: atOnce,
			Says: "a second registration, with another credential, over a challenge that was answered is refused",
			Run:  registrationUsedAgain,
		},
		{
			ID: "auth/session/challenge-used-again", Level: must, Clause: atOnce,
			Says: "a second assertion, with another signature, over a challenge that was answered is refused",
			Run:  signInUsedAgain,
		},
		{
			ID: "auth/session/without-options", Aliases: []string{"S-SES-005"}, Level: must, Clause: auth("11", "challenge"),
			Says: "an assertion from a browser that never asked for options is refused",
			Run:  inventedAtSignIn(false),
		},
		{
			ID: "reg/session/without-options", Aliases: []string{"S-SES-006"}, Level: must, Clause: reg("8", "challenge"),
			Says: "a registration from a browser that never asked for options is refused",
			Run:  inventedAtRegistration,
		},
		{
			ID: "auth/session/invented-challenge", Aliases: []string{"S-SES-007"}, CVEs: []string{"CVE-2026-28787"}, Level: must, Clause: auth("11", "challenge"),
			Says: "an assertion over a challenge that the client invented, and sends along, is refused",
			Run:  inventedAtSignIn(true),
		},
	}
}

// made is a ceremony that is ready to be posted: what the server offered, the honest response, and the cookies of that moment.
type made struct {
	options []byte
	message *Message
	cookies map[string]string
}

// makes asks for options to register, and answers them.
func (p *Person) makes(ctx context.Context, ask Ask, lie Lie) (made, error) {
	return p.ready(ctx, p.CreationOptions(ctx, ask), lie, p.Create)
}

// signs asks for options to sign in, and answers them.
func (p *Person) signs(ctx context.Context, ask Ask, lie Lie) (made, error) {
	return p.ready(ctx, p.RequestOptions(ctx, ask), lie, p.Get)
}

func (p *Person) ready(ctx context.Context, offered subject.Answer, lie Lie, answer func(context.Context, []byte, Lie) (*Message, error)) (made, error) {
	if err := p.bench.MustAccept("options", offered); err != nil {
		return made{}, conformance.Control("options", err)
	}
	message, err := answer(ctx, offered.Options(), lie)
	return made{offered.Options(), message, p.Browser.Cookies()}, conformance.Control("an honest response", err)
}

// mustPost posts an honest response that has to be accepted before the point of the case.
func (p *Person) mustPost(ctx context.Context, endpoint subject.Endpoint, m *Message, what string) (subject.Answer, error) {
	answer, err := p.Posts(ctx, endpoint, m, Lie{})
	if err == nil {
		err = p.bench.MustAccept(what, answer)
	}
	return answer, conformance.Control(what, err)
}

// again posts a response from a browser that has the cookies of when it was made, and no others.
func (p *Person) again(ctx context.Context, endpoint subject.Endpoint, m made, is string) (subject.Answer, error) {
	fresh := *p
	fresh.Browser = p.bench.RP.Visit()
	return fresh.Posts(ctx, endpoint, m.message, Lie{Is: is, Request: func(r *subject.Request) {
		var pairs []string
		for _, name := range names(m.cookies) {
			pairs = append(pairs, name+"="+m.cookies[name])
		}
		r.Header = http.Header{"Cookie": {strings.Join(pairs, "; ")}}
	}})
}

// repeats posts a response once more: in the same browser, or with the cookies of when it was made.
func (p *Person) repeats(ctx context.Context, endpoint subject.Endpoint, first made, oldCookies bool) (subject.Answer, error) {
	if oldCookies {
		return p.again(ctx, endpoint, first, "the same once more, and old cookies")
	}
	return p.Posts(ctx, endpoint, first.message, Lie{Is: "the same once more"})
}

func replayedRegistration(oldCookies bool) Run {
	return func(ctx context.Context, b *Bench) error {
		p := b.Person(nil)
		first, err := p.makes(ctx, Ask{}, Lie{})
		if err != nil {
			return err
		}
		if _, err := p.mustPost(ctx, subject.CreationResult, first.message, "the registration"); err != nil {
			return err
		}
		answer, err := p.repeats(ctx, subject.CreationResult, first, oldCookies)
		if err != nil {
			return err
		}
		if err := b.MustRefuse("the same registration once more", answer); err != nil {
			return err
		}
		if err := p.lists(ctx, "options after the same registration once more", "one credential", [][]byte{p.Device.Credentials()[0].ID}); err != nil {
			return err
		}
		return p.signsInAfter(ctx, "registration that came twice")
	}
}

func replayedSignIn(oldCookies bool) Run {
	a := Authentication{Model: zeroCounter}
	return func(ctx context.Context, b *Bench) error {
		p, err := a.control(ctx, b)
		if err != nil {
			return err
		}
		first, err := p.signs(ctx, Ask{}, Lie{})
		if err != nil {
			return err
		}
		if _, err := p.mustPost(ctx, subject.RequestResult, first.message, "the sign-in"); err != nil {
			return err
		}
		answer, err := p.repeats(ctx, subject.RequestResult, first, oldCookies)
		if err != nil {
			return err
		}
		if err := b.MustRefuse("the same assertion once more", answer); err != nil {
			return err
		}
		return a.honest(ctx, p, "an honest sign-in afterwards")
	}
}

// registrationUsedAgain answers the same options twice, so that only the challenge is the same.
func registrationUsedAgain(ctx context.Context, b *Bench) error {
	p := b.Person(nil)
	first, err := p.makes(ctx, Ask{}, Lie{})
	if err != nil {
		return err
	}
	if _, err := p.mustPost(ctx, subject.CreationResult, first.message, "the registration"); err != nil {
		return err
	}
	kept := p.Device.Credentials()[0].ID
	p.NewDevice(nil)
	message, err := p.Create(ctx, first.options, Lie{})
	if err != nil {
		return conformance.Control("a second answer to the same options", err)
	}
	answer, err := p.Posts(ctx, subject.CreationResult, message, Lie{Is: "a challenge that was answered"})
	if err != nil {
		return err
	}
	if err := b.MustRefuse("a second registration over a challenge that was answered", answer); err != nil {
		return err
	}
	return p.lists(ctx, "options afterwards", "the first credential and no other", [][]byte{kept})
}

func signInUsedAgain(ctx context.Context, b *Bench) error {
	p, err := Authentication{}.control(ctx, b)
	if err != nil {
		return err
	}
	first, err := p.signs(ctx, Ask{}, Lie{})
	if err != nil {
		return err
	}
	if _, err := p.mustPost(ctx, subject.RequestResult, first.message, "the sign-in"); err != nil {
		return err
	}
	message, err := p.Get(ctx, first.options, Lie{})
	if err != nil {
		return conformance.Control("a second answer to the same options", err)
	}
	answer, err := p.Posts(ctx, subject.RequestResult, message, Lie{Is: "a challenge that was answered"})
	if err != nil {
		return err
	}
	if err := b.MustRefuse("a second assertion over a challenge that was answered", answer); err != nil {
		return err
	}
	return b.honestAgain(ctx, p)
}

// withChallenge is options with another challenge.
func withChallenge(options []byte, challenge string) []byte {
	return inBody(options, func(members map[string]json.RawMessage) { members["challenge"], _ = json.Marshal(challenge) })
}

// invented is a challenge of the client's own.
func (b *Bench) invented() string {
	challenge := make([]byte, 32)
	_, _ = io.ReadFull(b.Rand, challenge) // it never fails
	return base64.RawURLEncoding.EncodeToString(challenge)
}

// inventedAtSignIn signs a challenge that the server never gave: in a browser that never asked for options, or in one that did, and
// then the challenge is sent along.
func inventedAtSignIn(asked bool) Run {
	return func(ctx context.Context, b *Bench) error {
		p, err := Authentication{}.control(ctx, b)
		if err != nil {
			return err
		}
		before, err := p.signs(ctx, Ask{}, Lie{})
		if err != nil {
			return err
		}
		challenge := b.invented()
		message, err := p.Get(ctx, withChallenge(before.options, challenge), Lie{})
		if err != nil {
			return conformance.Control("an assertion over an invented challenge", err)
		}
		fresh := *p
		fresh.Browser = b.RP.Visit()
		if asked {
			if offered := fresh.RequestOptions(ctx, Ask{}); offered.Outcome != subject.Accepted {
				return conformance.Control("options", b.MustAccept("options", offered))
			}
			for _, path := range []string{"challenge", "expectedChallenge", "response.challenge"} {
				message.Set(path, challenge)
			}
		}
		answer, err := fresh.Posts(ctx, subject.RequestResult, message, Lie{Is: "an invented challenge"})
		if err != nil {
			return err
		}
		if err := b.MustRefuse("an assertion over an invented challenge", answer); err != nil {
			return err
		}
		return Authentication{}.honest(ctx, p, "an honest sign-in afterwards")
	}
}

func inventedAtRegistration(ctx context.Context, b *Bench) error {
	if err := (Registration{}).control(ctx, b); err != nil {
		return err
	}
	p := b.Person(nil)
	offered, err := p.makes(ctx, Ask{}, Lie{})
	if err != nil {
		return err
	}
	p.NewDevice(nil)
	message, err := p.Create(ctx, withChallenge(offered.options, b.invented()), Lie{})
	if err != nil {
		return conformance.Control("a registration over an invented challenge", err)
	}
	answer, err := p.again(ctx, subject.CreationResult, made{message: message}, "an invented challenge")
	if err != nil {
		return err
	}
	if err := b.MustRefuse("a registration over an invented challenge", answer); err != nil {
		return err
	}
	return Registration{}.nothingLeft(ctx, p, Lie{Is: "an invented challenge"})
}
