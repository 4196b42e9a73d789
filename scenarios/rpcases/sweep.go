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
		if _, err := p.tells(ctx, r.Ask, last, (*Bench).MustRefuse); err != nil {
			return err
		}
	}
	return r.nothingLeft(ctx, p, last)
}

// Judged is Observed for lies with which nobody can sign in, whatever becomes of them, such as another key.
func (r Registration) Judged(ctx context.Context, b *Bench) error {
	if err := r.tell(ctx, b, (*Bench).MustDecide, nil); err != nil {
		return err
	}
	return conformance.Control("an honest registration afterwards", r.control(ctx, b))
}

// Swept is Refused for many lies of one kind: all are told in turn, and the honest sign-in follows once, at the end.
func (a Authentication) Swept(ctx context.Context, b *Bench) error {
	return a.tell(ctx, b, (*Bench).MustRefuse, false)
}
