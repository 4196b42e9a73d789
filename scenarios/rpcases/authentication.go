package rpcases

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/passkeylab/passkeylab/harness/conformance"
	"github.com/passkeylab/passkeylab/harness/subject"
)

// Authentication is a sign-in with a lie in it, or with each of several, between honest ones of the same person. Refused,
// Accepted and Observed are what a case runs.
type Authentication struct {
	// Registered is how the person registered, Model and Equip their authenticator, and Ask how they sign in: all of it honest.
	Registered Ask
	Model      Model
	Equip      Equip
	Ask        Ask
	// Registering is what was unusual about the registration, for cases in which that is accepted.
	Registering Lie
	// Lie is the one deviation; Lies are several, told in turn.
	Lie  Lie
	Lies []Lie
}

func (a Authentication) lies() []Lie {
	if a.Lies != nil {
		return a.Lies
	}
	return []Lie{a.Lie}
}

// control registers somebody and signs them in once.
func (a Authentication) control(ctx context.Context, b *Bench) (*Person, error) {
	p := b.Person(a.Model, a.Equip)
	answer, err := p.Registers(ctx, a.Registered, a.Registering)
	if err == nil {
		err = b.MustAccept("honest registration", answer)
	}
	if err == nil {
		err = a.honest(ctx, p, "honest sign-in")
	}
	return p, conformance.Control("honest control", err)
}

// honest signs the person in, and wants it to be accepted.
func (a Authentication) honest(ctx context.Context, p *Person, what string) error {
	answer, err := p.SignsIn(ctx, a.Ask, Lie{})
	if err != nil {
		return conformance.Control(what, err)
	}
	return p.bench.MustAccept(what, answer)
}

// Refused wants each lie to be refused and to change nothing: no cookie is new, and the next honest sign-in, with the next
// value of the counter, is accepted.
func (a Authentication) Refused(ctx context.Context, b *Bench) error {
	p, err := a.control(ctx, b)
	if err != nil {
		return err
	}
	for _, lie := range a.lies() {
		what := "sign-in with " + lie.Is
		fresh := *p // the same account and device in a browser that never signed in
		fresh.Browser = b.RP.Visit()
		offered, err := fresh.fitting(ctx, a.Ask, fresh.RequestOptions)
		if err != nil {
			return conformance.Control(what, fmt.Errorf("request options: %w", err))
		}
		before := names(fresh.Browser.Cookies())
		message, err := fresh.Get(ctx, offered.Options(), lie)
		if err != nil {
			return conformance.Control(what, err)
		}
		answer, err := fresh.Posts(ctx, subject.RequestResult, message, lie)
		if err != nil {
			return conformance.Control(what, err)
		}
		if err := b.MustRefuse(what, answer); err != nil {
			return err
		}
		if after := names(fresh.Browser.Cookies()); len(after) > len(before) {
			b.Advise("%s was refused, and set a cookie all the same: %v before, %v after", what, before, after)
		}
		if err := a.honest(ctx, p, "an honest sign-in after one with "+lie.Is); err != nil {
			return err
		}
	}
	return nil
}

// tell signs somebody in with each lie, after an honest twin, and demands something of each answer. The next honest sign-in must
// be accepted: after each, or once after all of them.
func (a Authentication) tell(ctx context.Context, b *Bench, must demand, each bool) error {
	p, err := a.control(ctx, b)
	if err != nil {
		return err
	}
	for _, lie := range a.lies() {
		answer, err := p.SignsIn(ctx, a.Ask, lie)
		if err != nil {
			return conformance.Control("sign-in with "+lie.Is, err)
		}
		if err := must(b, "sign-in with "+lie.Is, answer); err != nil {
			return err
		}
		if !each {
			continue
		}
		if err := a.honest(ctx, p, "an honest sign-in after one with "+lie.Is); err != nil {
			return err
		}
	}
	if each {
		return nil
	}
	return a.honest(ctx, p, "an honest sign-in after all of them")
}

// Accepted wants each lie, which is none then but only unusual, to be accepted, and the next honest sign-in, too.
func (a Authentication) Accepted(ctx context.Context, b *Bench) error {
	return a.tell(ctx, b, (*Bench).MustAccept, true)
}

// Observed wants each lie to be decided on, whichever way, and the next honest sign-in to be accepted.
func (a Authentication) Observed(ctx context.Context, b *Bench) error {
	return a.tell(ctx, b, (*Bench).MustDecide, true)
}

func names(cookies map[string]string) []string {
	var all []string
	for name := range cookies {
		all = append(all, name)
	}
	slices.Sort(all)
	return all
}

// Descriptor is one entry of an exclude or allow list.
type Descriptor struct {
	Type       string   `json:"type"`
	ID         string   `json:"id"`
	Transports []string `json:"transports"`
}

// Bytes is the credential id; nil when it is not base64url without padding.
func (d Descriptor) Bytes() []byte {
	id, err := base64.RawURLEncoding.DecodeString(d.ID)
	if err != nil {
		return nil
	}
	return id
}

// descriptors reads a list of an options answer; nil when it is absent or none.
func descriptors(a subject.Answer, list string) []Descriptor {
	var all []Descriptor
	if json.Unmarshal(a.Members[list], &all) != nil {
		return nil
	}
	return all
}
