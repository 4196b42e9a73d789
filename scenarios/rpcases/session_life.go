package rpcases

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/passkeylab/passkeylab/harness/conformance"
	"github.com/passkeylab/passkeylab/harness/subject"
	"github.com/passkeylab/passkeylab/virtualauth"
)

// sessionLife is about how long a challenge lives, and what ends it (WebAuthn L3 §13.4.3).
func sessionLife() []Case {
	atLife := l3("13.4.3", "challenge-life")
	return []Case{
		{
			ID: "auth/session/older-options", Aliases: []string{"S-SES-008"}, Level: robust, Clause: atLife,
			Says: "the answer to older options is decided on after newer ones were given",
			Run:  olderOptions(1),
		},
		{
			ID: "auth/session/twenty-options", Aliases: []string{"S-SES-019"}, Level: robust, Clause: atLife,
			Says: "the answer to the oldest of twenty options is decided on",
			Run:  olderOptions(20),
		},
		{
			ID: "auth/session/too-late", Aliases: []string{"S-SES-014"}, Level: should, Clause: atLife, Needs: []conformance.Capability{TurnsTime},
			Says: "an answer that comes long after the time of its options is refused",
			Run:  tooLate,
		},
		{
			ID: "auth/session/after-a-failure", Aliases: []string{"S-SES-015"}, Level: robust, Clause: atLife,
			Says: "the right answer to a challenge is decided on after a wrong one, and the next sign-in works",
			Run:  signInAfterFailure,
		},
		{
			ID: "reg/session/after-a-failure", Aliases: []string{"S-SES-016"}, Level: robust, Clause: atLife,
			Says: "the right answer to the challenge of a registration is decided on after a wrong one",
			Run:  registrationAfterFailure,
		},
		{
			ID: "auth/session/twice-at-the-same-time", Aliases: []string{"S-SES-017"}, Level: robust, Clause: l3("13.4.3", "challenge-once"),
			Says: "of the same assertion twice at the same time one is accepted at most",
			Run:  signInTwice,
		},
		{
			ID: "reg/session/twice-at-the-same-time", Aliases: []string{"S-SES-018"}, Level: robust, Clause: reg("26", "id-unique"),
			Says: "the same registration twice at the same time makes one credential at most",
			Run:  registrationTwice,
		},
		{
			ID: "auth/session/restarted", Aliases: []string{"S-SES-023"}, CVEs: []string{"CVE-2026-47841"}, Level: must, Clause: auth("17", "user-verified"),
			Needs: []conformance.Capability{TurnsTime},
			Says:  "what options required is still required after the server was started again",
			Run:   restarted,
		},
	}
}

// olderOptions answers options after some more were asked for.
func olderOptions(newer int) Run {
	return func(ctx context.Context, b *Bench) error {
		p, err := Authentication{}.control(ctx, b)
		if err != nil {
			return err
		}
		first, err := p.signs(ctx, Ask{}, Lie{})
		if err != nil {
			return err
		}
		for range newer {
			if err := b.MustAccept("newer options", p.RequestOptions(ctx, Ask{})); err != nil {
				return err
			}
		}
		is := fmt.Sprintf("the challenge of the oldest of %d options", newer+1)
		answer, err := p.Posts(ctx, subject.RequestResult, first.message, Lie{Is: is})
		if err != nil {
			return err
		}
		if err := b.MustDecide("an assertion over "+is, answer); err != nil {
			return err
		}
		return b.honestAgain(ctx, p)
	}
}

func tooLate(ctx context.Context, b *Bench) (err error) {
	b, l, err := b.laboratory(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, l.Close()) }()
	p, err := Authentication{}.control(ctx, b)
	if err != nil {
		return err
	}
	first, err := p.signs(ctx, Ask{}, Lie{})
	if err != nil {
		return err
	}
	var told struct{ Timeout float64 }
	_ = json.Unmarshal(first.options, &told) // it was JSON for the client
	const longest = 10 * time.Minute         // recommended at most (WebAuthn L3 §15.1), and a grace of as much
	l.Later(max(time.Duration(told.Timeout)*time.Millisecond, longest) + longest)
	answer, err := p.Posts(ctx, subject.RequestResult, first.message, Lie{Is: "a challenge that is long over"})
	if err != nil {
		return err
	}
	if err := b.MustRefuse("an assertion over a challenge that is long over", answer); err != nil {
		return err
	}
	return b.honestAgain(ctx, p)
}

func signInAfterFailure(ctx context.Context, b *Bench) error {
	p, err := Authentication{}.control(ctx, b)
	if err != nil {
		return err
	}
	first, err := p.signs(ctx, Ask{}, Lie{})
	if err != nil {
		return err
	}
	honest := first.message.Bytes("response.signature")
	spoilt := append([]byte(nil), honest...)
	spoilt[len(spoilt)-1] ^= 0xff
	first.message.SetBytes("response.signature", spoilt)
	answer, err := p.Posts(ctx, subject.RequestResult, first.message, Lie{Is: "a spoilt signature"})
	if err != nil {
		return err
	}
	if err := b.MustRefuse("an assertion with a spoilt signature", answer); err != nil {
		return err
	}
	first.message.SetBytes("response.signature", honest)
	if answer, err = p.Posts(ctx, subject.RequestResult, first.message, Lie{Is: "the right signature after a wrong one"}); err != nil {
		return err
	}
	if err := b.MustDecide("the right assertion after a wrong one", answer); err != nil {
		return err
	}
	return b.honestAgain(ctx, p)
}

func registrationAfterFailure(ctx context.Context, b *Bench) error {
	if err := (Registration{}).control(ctx, b); err != nil {
		return err
	}
	p := b.Person(nil)
	first, err := p.makes(ctx, Ask{}, Lie{})
	if err != nil {
		return err
	}
	honest := first.message.Get("response.attestationObject")
	if err := first.message.EditAttestation(func(o *AttestationObject) { o.AuthData[0] ^= 0xff }); err != nil {
		return err
	}
	answer, err := p.Posts(ctx, subject.CreationResult, first.message, Lie{Is: "the RP ID hash of another site"})
	if err != nil {
		return err
	}
	if err := b.MustRefuse("a registration with the RP ID hash of another site", answer); err != nil {
		return err
	}
	first.message.Set("response.attestationObject", honest)
	lie := Lie{Is: "the right answer after a wrong one"}
	if answer, err = p.Posts(ctx, subject.CreationResult, first.message, lie); err != nil {
		return err
	}
	if err := b.MustDecide("a registration with "+lie.Is, answer); err != nil {
		return err
	}
	return Registration{}.settled(ctx, p, lie, answer)
}

// atOnce posts a response twice at the same time, and counts how often it was accepted.
func (p *Person) atOnce(ctx context.Context, endpoint subject.Endpoint, m *Message) (int, error) {
	var both sync.WaitGroup
	body, answers := m.Encode(), make([]subject.Answer, 2)
	for i := range answers {
		both.Go(func() {
			answers[i] = p.Browser.Do(ctx, subject.Request{Endpoint: endpoint, Body: body, Purpose: "twice at the same time"})
		})
	}
	both.Wait()
	count := 0
	for _, answer := range answers {
		if err := p.bench.MustDecide("one of two at the same time", answer); err != nil {
			return 0, err
		}
		if answer.Outcome == subject.Accepted {
			count++
		}
	}
	if count == 0 {
		p.bench.Advise("of two honest ones at the same time none was accepted")
	}
	return count, nil
}

func signInTwice(ctx context.Context, b *Bench) error {
	p, err := Authentication{Model: zeroCounter}.control(ctx, b)
	if err != nil {
		return err
	}
	first, err := p.signs(ctx, Ask{}, Lie{})
	if err != nil {
		return err
	}
	count, err := p.atOnce(ctx, subject.RequestResult, first.message)
	if err != nil {
		return err
	}
	if err := firstFalse(claim{"the same assertion twice at the same time", "accepted once at most", count <= 1, count}); err != nil {
		return err
	}
	return b.honestAgain(ctx, p)
}

// zeroCounter is an authenticator that does not count, so that a counter does not notice what a challenge should.
func zeroCounter(m *virtualauth.Model) { m.ZeroCounter = true }

func registrationTwice(ctx context.Context, b *Bench) error {
	if err := (Registration{}).control(ctx, b); err != nil {
		return err
	}
	p := b.Person(nil)
	first, err := p.makes(ctx, Ask{}, Lie{})
	if err != nil {
		return err
	}
	count, err := p.atOnce(ctx, subject.CreationResult, first.message)
	if err != nil {
		return err
	}
	if err := firstFalse(claim{"the same registration twice at the same time", "accepted once at most", count <= 1, count}); err != nil {
		return err
	}
	var kept [][]byte
	if count > 0 {
		kept = append(kept, p.Device.Credentials()[0].ID)
	}
	return p.lists(ctx, "options after the same registration twice", "one credential at most", kept)
}

// restarted signs in over a restart: verified, which is accepted where ceremonies outlive one, and then unverified.
func restarted(ctx context.Context, b *Bench) (err error) {
	usual, l, err := b.laboratory(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, l.Close()) }()
	p, err := Authentication{}.control(ctx, usual)
	if err != nil {
		return err
	}
	for _, lie := range []Lie{{}, {Is: "UV clear after a restart", Device: virtualauth.Misbehaviour{OmitUV: true}}} {
		ready, err := p.signs(ctx, Ask{UserVerification: "required"}, lie)
		if err != nil {
			return err
		}
		next, err := l.Again(ctx)
		if err != nil {
			return conformance.Control("start the server again", err)
		}
		p.bench = b.meeting(next)
		p.Browser = p.bench.RP.Visit()
		answer, err := p.again(ctx, subject.RequestResult, ready, lie.purpose())
		if err != nil {
			return err
		}
		if lie.Is != "" {
			return b.MustRefuse("a sign-in with "+lie.Is, answer)
		}
		if answer.Outcome != subject.Accepted {
			return conformance.Skip("the server forgets its challenges when it is started again: %s", answer)
		}
	}
	return nil
}
