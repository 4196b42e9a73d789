package rpcases

import (
	"context"
	"fmt"
	"slices"
	"sync"

	"github.com/passkeylab/passkeylab/harness/client"
	"github.com/passkeylab/passkeylab/harness/conformance"
	"github.com/passkeylab/passkeylab/harness/subject"
	"github.com/passkeylab/passkeylab/virtualauth"
)

// authenticationCounter is about the signature counter (WebAuthn L3 §7.2 step 22, §6.1.1).
func authenticationCounter() []Case {
	return slices.Concat(growingCounters(), counters(), recordedCounters())
}

// most is the largest counter there is.
const most = 0xffff_ffff

// growingCounters are those of honest authenticators.
func growingCounters() []Case {
	grows, unsigned := auth("22", "counter"), l3("6.1.1", "counter-unsigned")
	return []Case{
		{
			ID: "auth/counter/always-zero", Aliases: []string{"S-CNT-001"}, Level: must, Clause: grows,
			Says: "an authenticator whose counter stays zero signs in again and again",
			Run:  Authentication{Model: func(m *virtualauth.Model) { m.ZeroCounter = true }, Lie: Lie{Is: "a counter of zero again"}}.Accepted,
		},
		{
			ID: "auth/counter/zero-ten-times", Aliases: []string{"S-CNT-008"}, Level: must, Clause: grows,
			Says: "a counter of zero is accepted ten times in a row",
			Run:  counting{Before: make([]uint32, 9), Then: 0, Next: []uint32{0}}.Accepted,
		},
		{
			ID: "auth/counter/next", Aliases: []string{"S-CNT-003"}, Level: must, Clause: grows,
			Says: "a counter that is one higher than the one before is accepted",
			Run:  counting{Registered: 1, Before: []uint32{10}, Then: 11, Next: []uint32{12}}.Accepted,
		},
		{
			ID: "auth/counter/begins-to-count", Aliases: []string{"S-CNT-007"}, Level: must, Clause: grows,
			Says: "a counter that was zero and is one now is accepted",
			Run:  counting{Before: []uint32{0}, Then: 1, Next: []uint32{2}}.Accepted,
		},
		{
			ID: "auth/counter/jump", Aliases: []string{"S-CNT-012"}, Level: must, Clause: grows,
			Says: "a counter that jumps to a million is accepted",
			Run:  counting{Registered: 1, Before: []uint32{10}, Then: 1_000_000, Next: []uint32{1_000_001}}.Accepted,
		},
		{
			ID: "auth/counter/largest", Aliases: []string{"S-CNT-009"}, Level: must, Clause: unsigned,
			Says: "the largest counter of 32 bits is accepted after a small one",
			Run:  counting{Before: []uint32{1}, Then: most}.Accepted,
		},
		{
			ID: "auth/counter/highest-bit", Aliases: []string{"S-CNT-010"}, Level: must, Clause: unsigned,
			Says: "a counter that reaches the highest of its 32 bits is higher than the one before, and accepted",
			Run:  counting{Before: []uint32{0x7fff_ffff}, Then: 0x8000_0000, Next: []uint32{0x8000_0001}}.Accepted,
		},
	}
}

// counters are about counters that do not grow: a signal, of which the relying party makes what it likes; FIDO's server tests
// want it refused.
func counters() []Case {
	grows := auth("22", "counter")
	decided := func(c counting) Run {
		return byProfile(c.Refused, byPolicy(func(p Policy) string { return p.Counter }, c.Refused, c.Accepted, c.Observed))
	}
	return []Case{
		{
			ID: "auth/counter/repeated", Aliases: []string{"S-CNT-002", "S-CNT-004"}, Level: policy, Clause: grows,
			Says: "a counter that is the same as the one before is treated as the relying party says that it is",
			Run:  decided(counting{Registered: 1, Before: []uint32{10}, Then: 10, Next: []uint32{11}}),
		},
		{
			ID: "auth/counter/one-back", Aliases: []string{"S-CNT-005"}, Level: policy, Clause: grows,
			Says: "a counter that is one lower than the one before is treated as the relying party says that it is",
			Run:  decided(counting{Registered: 1, Before: []uint32{10}, Then: 9, Next: []uint32{11}}),
		},
		{
			ID: "auth/counter/back-to-zero", Aliases: []string{"S-CNT-006"}, Level: policy, Clause: grows,
			Says: "a counter that goes back to zero is treated as the relying party says that it is",
			Run:  decided(counting{Registered: 1, Before: []uint32{10}, Then: 0, Next: []uint32{11}}),
		},
		{
			ID: "auth/counter/overflow", Aliases: []string{"S-CNT-011"}, Level: policy, Clause: l3("6.1.1", "counter-unsigned"),
			Says: "a counter that overflows to zero is treated as the relying party says that it is",
			Run:  decided(counting{Before: []uint32{most}, Then: 0}),
		},
		{
			ID: "auth/counter/of-the-registration", Aliases: []string{"S-CNT-015"}, Level: policy, Clause: reg("27", "stored"),
			Says: "a first sign-in whose counter is the same as at registration is treated as the relying party says that it is",
			Run:  decided(counting{Registered: 5, Then: 5, Next: []uint32{6}}),
		},
	}
}

// recordedCounters are about what is kept of a counter, and when.
func recordedCounters() []Case {
	const high = 4_000_000_000
	update := auth("24", "record-updated-at-the-end")
	return []Case{
		{
			ID: "auth/counter/not-poisoned", Aliases: []string{"S-CNT-013"}, Level: must, Clause: update,
			Says: "the counter of an assertion with a bad signature is not kept: the next honest one, which is lower, is accepted",
			Run: Authentication{Lie: Lie{
				Is: "a spoilt signature and a counter of four thousand million", Device: virtualauth.Misbehaviour{BadSignature: true, SignCount: new(uint32(high))},
			}}.Refused,
		},
		{
			ID: "auth/counter/not-poisoned-by-others", Aliases: []string{"S-CNT-014"}, Level: must, Clause: update,
			Says: "the counter of an assertion of another origin, or without the verification that was required, is not kept",
			Run: Authentication{Ask: Ask{UserVerification: "required"}, Lies: []Lie{
				{
					Is: "another origin and a counter of four thousand million", Client: client.Misbehaviour{Origin: "https://phishing.example"},
					Device: virtualauth.Misbehaviour{SignCount: new(uint32(high))},
				},
				{Is: "UV clear and a counter of four thousand million", Device: virtualauth.Misbehaviour{OmitUV: true, SignCount: new(uint32(high))}},
			}}.Refused,
		},
		{
			ID: "auth/counter/one-each", Aliases: []string{"S-CNT-016"}, Level: must, Clause: l3("6.1.1", "counter-per-credential"),
			Says: "two credentials of an account have a counter each, and a low one is accepted after a high one of the other",
			Run:  counterEach,
		},
		{
			ID: "auth/counter/at-the-same-time", Aliases: []string{"S-CNT-017"}, Level: robust, Clause: update,
			Says: "of two assertions with the same counter, sent at the same time, one at most is accepted where a counter must grow",
			Run:  countersAtTheSameTime,
		},
	}
}

// counting is a credential whose counter the case tells.
type counting struct {
	// Registered is the counter of the registration, Before those of sign-ins that are accepted.
	Registered uint32
	Before     []uint32
	// Then is what the case is about, Next what must be accepted afterwards.
	Then uint32
	Next []uint32
}

// counted is a ceremony with a counter.
func counted(n uint32) Lie {
	return Lie{Is: fmt.Sprintf("the counter %d", n), Device: virtualauth.Misbehaviour{SignCount: new(n)}}
}

// begin registers somebody and signs them in up to the point of the case.
func (c counting) begin(ctx context.Context, b *Bench) (*Person, error) {
	p := b.Person(nil)
	err := p.mustRegister(ctx, Ask{}, counted(c.Registered), "honest registration")
	for i := 0; err == nil && i < len(c.Before); i++ {
		err = p.mustCount(ctx, c.Before[i])
	}
	return p, conformance.Control("honest control", err)
}

// counts signs the person in with a counter.
func (p *Person) counts(ctx context.Context, n uint32) (subject.Answer, error) {
	answer, err := p.SignsIn(ctx, Ask{}, counted(n))
	return answer, conformance.Control("sign-in with "+counted(n).Is, err)
}

func (p *Person) mustCount(ctx context.Context, n uint32) error {
	answer, err := p.counts(ctx, n)
	if err != nil {
		return err
	}
	return p.bench.MustAccept("sign-in with "+counted(n).Is, answer)
}

func (p *Person) mustCountAll(ctx context.Context, all []uint32) error {
	for _, n := range all {
		if err := p.mustCount(ctx, n); err != nil {
			return err
		}
	}
	return nil
}

// run signs in with the counter of the case, judges the answer, and goes on.
func (c counting) run(ctx context.Context, b *Bench, judge func(what string, a subject.Answer) error) error {
	p, err := c.begin(ctx, b)
	if err != nil {
		return err
	}
	answer, err := p.counts(ctx, c.Then)
	if err != nil {
		return err
	}
	if err := judge("sign-in with "+counted(c.Then).Is, answer); err != nil {
		return err
	}
	return p.mustCountAll(ctx, c.Next)
}

// Refused wants the counter to be refused, and not to be kept.
func (c counting) Refused(ctx context.Context, b *Bench) error {
	if len(c.Before) == 0 { // nothing was accepted so far
		if err := (counting{Registered: c.Registered, Then: c.Registered + 1}).Accepted(ctx, b); err != nil {
			return conformance.Control("honest control", err)
		}
	}
	return c.run(ctx, b, b.MustRefuse)
}

// Accepted wants it to be accepted.
func (c counting) Accepted(ctx context.Context, b *Bench) error { return c.run(ctx, b, b.MustAccept) }

// Observed wants it to be decided on.
func (c counting) Observed(ctx context.Context, b *Bench) error { return c.run(ctx, b, b.MustDecide) }

func counterEach(ctx context.Context, b *Bench) error {
	first, err := counting{Registered: 100, Before: []uint32{101}}.begin(ctx, b)
	if err != nil {
		return err
	}
	second := first.withNewDevice(nil)
	if err := second.mustRegister(ctx, Ask{}, counted(1), "registration of a second credential"); err != nil {
		return err
	}
	for _, turn := range []struct {
		p     *Person
		count uint32
	}{{second, 2}, {first, 102}, {second, 3}, {first, 103}} {
		if err := turn.p.mustCount(ctx, turn.count); err != nil {
			return err
		}
	}
	return nil
}

// countersAtTheSameTime sends two assertions that answer two challenges, in two browsers.
func countersAtTheSameTime(ctx context.Context, b *Bench) error {
	p, err := counting{Registered: 1, Before: []uint32{10}}.begin(ctx, b)
	if err != nil {
		return err
	}
	var twins [2]Person
	var messages [2]*Message
	for i := range twins {
		twins[i] = *p
		twins[i].Browser = b.RP.Visit()
		offered := twins[i].RequestOptions(ctx, Ask{})
		if offered.Outcome != subject.Accepted {
			return conformance.Control("honest control", fmt.Errorf("request options: %s", offered))
		}
		if messages[i], err = twins[i].Get(ctx, offered.Options(), counted(11)); err != nil {
			return conformance.Control("honest control", err)
		}
	}
	var answers [2]subject.Answer
	var failures [2]error
	var together sync.WaitGroup
	for i := range twins {
		together.Go(func() {
			answers[i], failures[i] = twins[i].Posts(ctx, subject.RequestResult, messages[i], Lie{Is: "the counter 11, as another at the same time"})
		})
	}
	together.Wait()
	accepted := 0
	for i, answer := range answers {
		if failures[i] != nil {
			return conformance.Control("two assertions at the same time", failures[i])
		}
		if err := b.MustDecide("an assertion at the same time as another", answer); err != nil {
			return err
		}
		if answer.Outcome == subject.Accepted {
			accepted++
		}
	}
	if b.Policy.Counter == "refuse" && accepted != 1 {
		return &conformance.Mismatch{What: "two assertions with the counter 11 at the same time", Want: "one that is accepted", Got: fmt.Sprint(accepted)}
	}
	return p.mustCount(ctx, 12)
}
