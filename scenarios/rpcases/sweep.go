package rpcases

import (
	"context"

	"github.com/passkeylab/passkeylab/harness/conformance"
)

// Swept is Refused for many lies of one kind: one person tells them all in turn, and what is left of them is looked at once, at
// the end.
func (r Registration) Swept(ctx context.Context, b *Bench) error {
	if err := r.control(ctx, b); err != nil {
		return err
	}
	p := b.Person(r.Model, r.Equip)
	var last Lie
	for _, last = range r.lies() {
		p.NewDevice(r.Model, r.Equip)
		answer, err := p.Registers(ctx, r.Ask, last)
		if err != nil {
			return conformance.Control("registration with "+last.Is, err)
		}
		if err := b.MustRefuse("registration with "+last.Is, answer); err != nil {
			return err
		}
	}
	return r.nothingLeft(ctx, p, last)
}

// Judged is Observed for lies with which nobody can sign in, whatever becomes of them, such as another key.
func (r Registration) Judged(ctx context.Context, b *Bench) error {
	if err := r.control(ctx, b); err != nil {
		return err
	}
	for _, lie := range r.lies() {
		answer, err := b.Person(r.Model, r.Equip).Registers(ctx, r.Ask, lie)
		if err != nil {
			return conformance.Control("registration with "+lie.Is, err)
		}
		if err := b.MustDecide("registration with "+lie.Is, answer); err != nil {
			return err
		}
	}
	return conformance.Control("an honest registration afterwards", r.control(ctx, b))
}

// Swept is Refused for many lies of one kind: all are told in turn, and the honest sign-in follows once, at the end.
func (a Authentication) Swept(ctx context.Context, b *Bench) error {
	p, err := a.control(ctx, b)
	if err != nil {
		return err
	}
	for _, lie := range a.lies() {
		answer, err := p.SignsIn(ctx, a.Ask, lie)
		if err != nil {
			return conformance.Control("sign-in with "+lie.Is, err)
		}
		if err := b.MustRefuse("sign-in with "+lie.Is, answer); err != nil {
			return err
		}
	}
	return a.honest(ctx, p, "an honest sign-in after all of them")
}
