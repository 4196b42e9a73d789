package phone

import (
	"context"
	"errors"

	"github.com/passkeylab/passkeylab/virtualauth/hybrid"
)

// This file is about the computers that the phone remembers: those that need no QR code any more.

// AwaitComputer waits for a computer that the phone remembers, and carries out a ceremony without a QR code: from P6 on. It returns
// like PointCamera. Computers that it does not remember are left waiting.
func (p *Phone) AwaitComputer(ctx context.Context) (Outcome, error) {
	c, ctx, err := p.begin(ctx)
	if err != nil {
		return Outcome{}, err
	}
	return c.finish(c.why(c.contacted(ctx))), nil
}

// contacted is P6 to P16.
func (c *ceremony) contacted(ctx context.Context) error {
	reachable, err := c.half().Reach(ctx, c.computers)
	if err != nil {
		return c.unconnected(ctx, err)
	}
	defer reachable.Close()
	summons, err := await(ctx, reachable)
	if err != nil {
		return c.unconnected(ctx, err)
	}
	defer summons.Close()
	if err := c.prepare(ctx); err != nil {
		return err
	}
	return c.meet(ctx, summons.Dial)
}

// await waits for a computer that may come in.
func await(ctx context.Context, reachable *hybrid.Reachable) (*hybrid.Summons, error) {
	for {
		summons, err := reachable.Await(ctx)
		if malformed := new(hybrid.ProtocolError); errors.Is(err, hybrid.ErrUnknownLink) || errors.Is(err, hybrid.ErrReplayed) || errors.As(err, &malformed) {
			continue
		}
		return summons, err
	}
}

// ForgetComputers ends all links: computers that the phone remembers have to show a QR code again, and the tunnel server tells
// them so. It fails as hybrid.Phone.Unlink does, and has forgotten them all the same.
func (p *Phone) ForgetComputers(ctx context.Context) error {
	half := (&ceremony{Phone: p}).half()
	return half.Unlink(ctx, p.computers)
}

// Computers is how many computers the phone remembers.
func (p *Phone) Computers() int { return len(p.computers.Computers()) }
