package rpcases

import (
	"context"
	"fmt"
	"slices"

	"github.com/passkeylab/passkeylab/harness/conformance"
	"github.com/passkeylab/passkeylab/harness/subject"
	"github.com/passkeylab/passkeylab/virtualauth"
)

// aftermaths are about what a refusal leaves behind. Every case that wants a refusal looks at it, too; these look at nothing
// else.
func aftermaths() []Case {
	return []Case{
		{
			ID: "reg/limits/nothing-left", Aliases: []string{"S-LIM-005.r", "S-LIM-005.a", "S-LIM-006.r", "S-LIM-006.a"}, Level: must, Clause: reg("29", "stored-only-if-verified"),
			Says: "a credential whose registration was refused for any reason is in no list, and signs nobody in",
			Run:  nothingLeft,
		},
		{
			ID: "auth/limits/no-session", Aliases: []string{"S-LIM-007.r", "S-LIM-007.a"}, Level: must, Clause: auth("25", "refused-is-not-signed-in"),
			Says: "an assertion that was refused for any reason sets no cookie that only an accepted one sets",
			Run:  noSession,
		},
		{
			ID: "auth/limits/nothing-changed", Aliases: []string{"S-LIM-008.r", "S-LIM-008.a"}, Level: must, Clause: auth("24", "record-updated-at-the-end"),
			Says: "after an assertion that was refused for any reason an honest one is accepted",
			Run:  nothingChanged,
		},
	}
}

// What these cases send is refused by other cases. Here a server that accepts some of it is held to what it refused.

// aftermath counts what was refused.
type aftermath struct{ refused int }

// was reports whether a lie was refused, or an error when that was not decided.
func (a *aftermath) was(b *Bench, what string, answer subject.Answer) (bool, error) {
	if err := b.MustDecide(what, answer); err != nil || answer.Outcome == subject.Accepted {
		return false, err
	}
	a.refused++
	return true, nil
}

// err is a mismatch when nothing was refused.
func (a *aftermath) err() error {
	if a.refused == 0 {
		return &conformance.Mismatch{What: "lies of every layer", Want: "refusals", Got: "none"}
	}
	return nil
}

// nothingLeft registers with lies of every layer, and looks at what was refused.
func nothingLeft(ctx context.Context, b *Bench) error {
	r, after := Registration{}, aftermath{}
	if err := r.control(ctx, b); err != nil {
		return err
	}
	for _, lie := range everyLayer() {
		p := b.Person(nil)
		answer, err := p.Registers(ctx, r.Ask, lie)
		if err != nil {
			return conformance.Control("registration with "+lie.Is, err)
		}
		refused, err := after.was(b, "registration with "+lie.Is, answer)
		if err == nil && refused {
			err = r.nothingLeft(ctx, p, lie)
		}
		if err != nil {
			return err
		}
	}
	return after.err()
}

// nothingChanged signs in with lies of every layer, and honestly after what was refused.
func nothingChanged(ctx context.Context, b *Bench) error {
	a, after := Authentication{}, aftermath{}
	p, err := a.control(ctx, b)
	if err != nil {
		return err
	}
	for _, lie := range everyLayer() {
		answer, err := p.SignsIn(ctx, a.Ask, lie)
		if err != nil {
			return conformance.Control("sign-in with "+lie.Is, err)
		}
		refused, err := after.was(b, "sign-in with "+lie.Is, answer)
		if err == nil && refused {
			err = a.honest(ctx, p, "an honest sign-in after one with "+lie.Is)
		}
		if err != nil {
			return err
		}
	}
	return after.err()
}

// sets are the cookies that come with the answer to a sign-in, by name.
func (p *Person) sets(ctx context.Context, lie Lie) (subject.Answer, []string, error) {
	fresh := *p
	fresh.Browser = p.bench.RP.Visit()
	offered := fresh.RequestOptions(ctx, Ask{})
	if offered.Outcome != subject.Accepted {
		return offered, nil, fmt.Errorf("request options: %s", offered)
	}
	message, err := fresh.Get(ctx, offered.Options(), lie)
	if err != nil {
		return offered, nil, err
	}
	before := fresh.Browser.Cookies()
	answer, err := fresh.Posts(ctx, subject.RequestResult, message, lie)
	var changed []string
	for name, value := range fresh.Browser.Cookies() {
		if before[name] != value {
			changed = append(changed, name)
		}
	}
	slices.Sort(changed)
	return answer, changed, err
}

func noSession(ctx context.Context, b *Bench) error {
	p, err := Authentication{}.control(ctx, b)
	if err != nil {
		return err
	}
	answer, session, err := p.sets(ctx, Lie{})
	if err == nil {
		err = b.MustAccept("honest sign-in in a new browser", answer)
	}
	if err != nil {
		return conformance.Control("honest control", err)
	}
	if len(session) == 0 {
		b.Observe("an accepted sign-in sets no cookie of its own, so that nothing can be seen here")
	}
	after := aftermath{}
	for _, lie := range append(everyLayer(), Lie{Is: "a spoilt signature", Device: virtualauth.Misbehaviour{BadSignature: true}}) {
		what := "sign-in with " + lie.Is
		answer, changed, err := p.sets(ctx, lie)
		if err != nil {
			return conformance.Control(what, err)
		}
		refused, err := after.was(b, what, answer)
		if err != nil {
			return err
		}
		if !refused {
			continue
		}
		for _, name := range changed {
			if slices.Contains(session, name) {
				return &conformance.Mismatch{What: what + ", cookies", Want: "none that an accepted sign-in sets", Got: name}
			}
		}
	}
	return after.err()
}

// accidents are bytes that are wrong by chance, and the same thing again.
func accidents() []Case {
	const flips = 64
	return []Case{
		{
			ID: "reg/limits/flipped-bits", Aliases: []string{"S-LIM-009.r"}, Level: robust, Clause: robustness("flipped-bits"),
			Needs: []conformance.Capability{Attests},
			Says:  "an attestation object with self attestation, of which any one bit was turned over, is refused",
			Run:   func(ctx context.Context, b *Bench) error { return flippedRegistrations(ctx, b, flips) },
		},
		{
			ID: "auth/limits/flipped-bits", Aliases: []string{"S-LIM-009.a"}, Level: robust, Clause: robustness("flipped-bits"),
			Says: "authenticator data of which any one bit was turned over are refused",
			Run:  func(ctx context.Context, b *Bench) error { return flippedAssertions(ctx, b, flips) },
		},
		{
			ID: "reg/limits/same-again", Aliases: []string{"S-LIM-010.r"}, Level: robust, Clause: robustness("same-answer"),
			Says: "the same mistake in three registrations gets the same answer three times",
			Run:  Registration{Lies: everyLayer()}.Consistent,
		},
		{
			ID: "auth/limits/same-again", Aliases: []string{"S-LIM-010.a"}, Level: robust, Clause: robustness("same-answer"),
			Says: "the same mistake in three assertions gets the same answer three times",
			Run:  Authentication{Lies: everyLayer()}.Consistent,
		},
	}
}

// Consistent wants each lie, told three times, to be decided on in the same way each time, whichever.
func (a Authentication) Consistent(ctx context.Context, b *Bench) error {
	p, err := a.control(ctx, b)
	if err != nil {
		return err
	}
	for _, lie := range a.lies() {
		what := "sign-in with " + lie.Is
		var first subject.Answer
		for i := range 3 {
			answer, err := p.SignsIn(ctx, a.Ask, lie)
			if err != nil {
				return conformance.Control(what, err)
			}
			if err := b.MustDecide(what, answer); err != nil {
				return err
			}
			if i == 0 {
				first = answer
			}
			if answer.Outcome != first.Outcome || answer.Status != first.Status {
				return &conformance.Mismatch{What: what + " again", Want: first.String() + ", as before", Got: answer.String()}
			}
		}
	}
	return a.honest(ctx, p, "an honest sign-in afterwards")
}

// flipped turns over one bit of a member, chosen by the randomness of the trial.
func (b *Bench) flipped(path string) Lie {
	choice := b.bytes(4)
	at := int(choice[0])<<16 | int(choice[1])<<8 | int(choice[2])
	return Lie{Is: fmt.Sprintf("bit %d of %s turned over, counted round", at*8+int(choice[3]&7), path), Message: func(m *Message) error {
		data := m.Bytes(path)
		data[at%len(data)] ^= 1 << (choice[3] & 7)
		m.SetBytes(path, data)
		return nil
	}}
}

func flippedRegistrations(ctx context.Context, b *Bench, flips int) error {
	if b.Policy.SelfAttestation == "refuse" {
		return conformance.Skip("the relying party says that it refuses self attestation, which signs what is turned over here")
	}
	r := Registration{Ask: Ask{Attestation: "direct"}, Model: selfAttested}
	if err := r.control(ctx, b); err != nil {
		return err
	}
	p := b.Person(selfAttested)
	var last Lie
	for range flips {
		last = b.flipped("response.attestationObject")
		answer, err := p.Registers(ctx, r.Ask, last)
		if err != nil {
			return conformance.Control("registration with "+last.Is, err)
		}
		if answer.Outcome == subject.Refused {
			continue
		}
		if err := b.MustRefuse("registration with "+last.Is, answer); err != nil {
			return err
		}
	}
	return r.nothingLeft(ctx, p, last)
}

func flippedAssertions(ctx context.Context, b *Bench, flips int) error {
	p, err := Authentication{}.control(ctx, b)
	if err != nil {
		return err
	}
	for range flips {
		lie := b.flipped("response.authenticatorData")
		answer, err := p.SignsIn(ctx, Ask{}, lie)
		if err != nil {
			return conformance.Control("sign-in with "+lie.Is, err)
		}
		if answer.Outcome == subject.Refused {
			continue
		}
		if err := b.MustRefuse("sign-in with "+lie.Is, answer); err != nil {
			return err
		}
	}
	return p.mustSignIn(ctx, Ask{}, "an honest sign-in after all of them")
}
