package rpcases

import (
	"context"
	"fmt"

	"github.com/passkeylab/passkeylab/harness/conformance"
	"github.com/passkeylab/passkeylab/harness/subject"
)

// ceremony is a Registration or an Authentication.
type ceremony interface {
	Refused(ctx context.Context, b *Bench) error
	Accepted(ctx context.Context, b *Bench) error
	Observed(ctx context.Context, b *Bench) error
	// decisions returns the answer to each lie, all of them decisions.
	decisions(ctx context.Context, b *Bench) ([]subject.Answer, error)
}

// judgement is how the answers to a ceremony are judged.
type judgement func(ceremony) Run

func refused(c ceremony) Run  { return c.Refused }
func accepted(c ceremony) Run { return c.Accepted }
func observed(c ceremony) Run { return c.Observed }

// refusedByFIDO is for what newer text no longer knows.
func refusedByFIDO(c ceremony) Run { return byProfile(c.Refused, c.Accepted) }

// acceptedByFIDO is for what FIDO's API leaves out and newer text has.
func acceptedByFIDO(c ceremony) Run { return byProfile(c.Accepted, c.Observed) }

// onceAtMost is for lies that say the same thing in several orders, of which a parser believes one: a server that accepts two of
// them looks at one member when it compares and at another when it goes on.
func onceAtMost(c ceremony) Run {
	return func(ctx context.Context, b *Bench) error {
		answers, err := c.decisions(ctx, b)
		if err != nil {
			return err
		}
		count := 0
		for _, answer := range answers {
			if answer.Outcome == subject.Accepted {
				count++
			}
		}
		if count > 1 {
			return &conformance.Mismatch{What: "the same members in another order", Want: "at most one order accepted", Got: fmt.Sprintf("%d accepted", count)}
		}
		return nil
	}
}

// byPolicyOf judges by what the relying party says that it decided.
func byPolicyOf(setting func(Policy) string) judgement {
	return func(c ceremony) Run { return byPolicy(setting, c.Refused, c.Accepted, c.Observed) }
}

// place is where a demand is written for a registration and for an authentication.
type place struct{ reg, auth conformance.Clause }

// steps are a step of WebAuthn L3 §7.1 and the same of §7.2.
func steps(registering, signingIn, slug string) place {
	return place{reg(registering, slug), auth(signingIn, slug)}
}

// alike is the same clause for both ceremonies.
func alike(c conformance.Clause) place { return place{c, c} }

// told is a lie, or several, told in both ceremonies: two cases, whose sentences end in "at registration" and "at sign-in".
type told struct {
	reg, auth string // ids; an empty one is no case
	// sheet is the fact sheet of both, without .r and .a; sheets are two, where there are two.
	sheet  string
	sheets [2]string
	level  conformance.Level
	at     place
	says   string
	want   judgement
	lies   []Lie
	// liesOf makes the lies of one relying party, where they depend on it.
	liesOf func(b *Bench) ([]Lie, error)
	ask    Ask
	in     Variant // "" is the relying party as it is
	cves   []string
}

// inBoth turns rows into cases.
func inBoth(rows []told) []Case {
	var all []Case
	for _, row := range rows {
		registered, signedIn := row.sheets[0], row.sheets[1]
		if row.sheet != "" {
			registered, signedIn = row.sheet+".r", row.sheet+".a"
		}
		for _, one := range []struct {
			id, sheet, where string
			clause           conformance.Clause
			of               func(lies []Lie) ceremony
		}{
			{row.reg, registered, "at registration", row.at.reg, func(lies []Lie) ceremony { return Registration{Ask: row.ask, Lies: lies} }},
			{row.auth, signedIn, "at sign-in", row.at.auth, func(lies []Lie) ceremony { return Authentication{Ask: row.ask, Lies: lies} }},
		} {
			if one.id == "" {
				continue
			}
			c := Case{ID: one.id, Level: row.level, Clause: one.clause, Says: row.says + " " + one.where, CVEs: row.cves, Run: row.run(one.of)}
			if one.sheet != "" {
				c.Aliases = []string{one.sheet}
			}
			if row.in != "" {
				c.Needs = []conformance.Capability{Configured(row.in)}
			}
			all = append(all, c)
		}
	}
	return all
}

func (row told) run(of func(lies []Lie) ceremony) Run {
	return func(ctx context.Context, b *Bench) error {
		if row.in != "" {
			b = b.In(row.in)
		}
		lies := row.lies
		if row.liesOf != nil {
			var err error
			if lies, err = row.liesOf(b); err != nil {
				return err
			}
		}
		return row.want(of(lies))(ctx, b)
	}
}

// decisions implements ceremony: each lie is told by somebody new.
func (r Registration) decisions(ctx context.Context, b *Bench) ([]subject.Answer, error) {
	if err := r.control(ctx, b); err != nil {
		return nil, err
	}
	var all []subject.Answer
	for _, lie := range r.lies() {
		answer, err := b.Person(r.Model, r.Equip).Registers(ctx, r.Ask, lie)
		if err != nil {
			return nil, conformance.Control("registration with "+lie.Is, err)
		}
		if err := b.MustDecide("registration with "+lie.Is, answer); err != nil {
			return nil, err
		}
		all = append(all, answer)
	}
	return all, nil
}

// decisions implements ceremony: all lies are told by the same person, who can sign in afterwards.
func (a Authentication) decisions(ctx context.Context, b *Bench) ([]subject.Answer, error) {
	p, err := a.control(ctx, b)
	if err != nil {
		return nil, err
	}
	var all []subject.Answer
	for _, lie := range a.lies() {
		answer, err := p.SignsIn(ctx, a.Ask, lie)
		if err != nil {
			return nil, conformance.Control("sign-in with "+lie.Is, err)
		}
		if err := b.MustDecide("sign-in with "+lie.Is, answer); err != nil {
			return nil, err
		}
		all = append(all, answer)
	}
	return all, a.honest(ctx, p, "an honest sign-in afterwards")
}
