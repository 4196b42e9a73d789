package phone

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/passkeylab/passkeylab/virtualauth/hybrid"
)

// connectTo is P4 to P16, from the text of a QR code.
func (c *ceremony) connectTo(ctx context.Context, text string) error {
	if err := c.enter(ctx, P4); err != nil {
		return err
	}
	invitation, err := c.half().Scan(text)
	if err != nil {
		return c.fail(ctx, BadQR, err)
	}
	defer invitation.Close()
	if life := c.settingsNow().qrLife(); life > 0 && invitation.Age() > life {
		return c.fail(ctx, BadQR, fmt.Errorf("%w: it is %v old", ErrExpired, invitation.Age()))
	}
	if err := c.allow(ctx, invitation.QR.Linking); err != nil {
		return err
	}
	if err := c.prepare(ctx); err != nil {
		return err
	}
	return c.meet(ctx, invitation.Dial)
}

// allow is P5: may this computer use the phone? Android can remember it, if the computer can be remembered.
func (c *ceremony) allow(ctx context.Context, linking bool) error {
	if err := c.enter(ctx, P5); err != nil {
		return err
	}
	s := c.settingsNow()
	for {
		ask := screen{
			id: ScreenComputer, title: "Connect to a computer?", text: "Allow it to use a passkey of " + s.name() + ".",
			controls: []Control{agree("computer-allow", "Allow"), decline("computer-cancel", "Cancel")},
		}
		if linking && s.OS == AndroidOS {
			ask.controls = append(ask.controls, Control{ID: "remember", Label: "Remember this computer", Kind: KindToggle, On: c.remember})
		}
		r, err := c.ask(ctx, ask)
		switch {
		case err != nil:
			return err
		case r.control == "computer-cancel":
			return ErrDeclined
		case r.control == "computer-allow":
			return nil
		}
		c.remember = !c.remember
	}
}

// prepare is P6 and P7, and P14 on phones that unlock before they connect.
func (c *ceremony) prepare(ctx context.Context) error {
	if err := c.screenLock(ctx); err != nil {
		return err
	}
	if err := c.bluetooth(ctx); err != nil {
		return err
	}
	if c.settingsNow().UVBeforeConnect {
		return c.verify(ctx)
	}
	return nil
}

// opening opens the tunnel: a new one, or that of a remembered computer.
type opening func(context.Context) (*hybrid.Waiting, error)

// meet is P8 to P16: the phone connects, and answers.
func (c *ceremony) meet(ctx context.Context, open opening) error {
	if err := c.enter(ctx, P8); err != nil {
		return err
	}
	var session *hybrid.Session
	err := c.work(ctx, screen{
		id: ScreenConnecting, title: "Connecting", text: "Keep the phone near the computer.", busy: true,
		controls: []Control{decline("connect-cancel", "Cancel")},
	}, c.settingsNow().connectLimit(), func(ctx context.Context) (err error) {
		session, err = c.reach(ctx, open)
		return err
	})
	if err != nil {
		return c.unconnected(ctx, err)
	}
	defer session.Close()
	if err := c.enter(ctx, P9); err != nil {
		return err
	}
	return c.serve(ctx, session)
}

// reach opens the tunnel, tells the computer where, and waits until it is there.
func (c *ceremony) reach(ctx context.Context, open opening) (*hybrid.Session, error) {
	waiting, err := open(ctx)
	if err != nil {
		return nil, err
	}
	var air hybrid.Air = nowhere{}
	if c.world.Air != nil && !c.settingsNow().Far {
		air = c.world.Air
	}
	beacon := &beacon{Air: air, phone: c.Phone}
	advertised, err := waiting.Advertise(ctx, beacon)
	if err != nil {
		return nil, err
	}
	defer advertised.Close()
	defer beacon.repeat(ctx)()
	return advertised.Respond(ctx)
}

// beacon is an air on which the phone says again and again what it said, as phones do until the computer is there: one that begins
// to listen late hears it too.
type beacon struct {
	hybrid.Air
	phone  *Phone
	advert hybrid.Advert
}

// advertInterval is how long it is silent in between.
const advertInterval = time.Second

// Send remembers what to repeat.
func (b *beacon) Send(ctx context.Context, advert hybrid.Advert) error {
	b.advert = advert
	return b.Air.Send(ctx, advert)
}

// repeat repeats it until stop is called.
func (b *beacon) repeat(ctx context.Context) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	var sending sync.WaitGroup
	sending.Go(func() {
		for b.phone.after(ctx, advertInterval) == nil && b.Air.Send(ctx, b.advert) == nil {
			continue
		}
	})
	return func() {
		cancel()
		sending.Wait()
	}
}

// nowhere is the air around a phone that nobody can hear.
type nowhere struct{}

// Send lets nobody hear it.
func (nowhere) Send(context.Context, hybrid.Advert) error { return nil }

// Hear hears nothing.
func (nowhere) Hear(ctx context.Context) (hybrid.Advert, error) {
	<-ctx.Done()
	return hybrid.Advert{}, ctx.Err()
}

// unconnected is why there is no session.
func (c *ceremony) unconnected(ctx context.Context, err error) error {
	var tunnel *hybrid.TunnelError
	var handshake *hybrid.HandshakeError
	switch {
	case errors.Is(err, ErrDeclined), errors.Is(err, ErrKilled):
		return err
	case errors.As(err, &tunnel):
		return c.fail(ctx, TunnelFailed, err)
	case errors.As(err, &handshake):
		return c.fail(ctx, HandshakeFailed, err)
	case errors.Is(err, ErrTimedOut), errors.Is(err, hybrid.ErrVanished):
		return c.fail(ctx, UnexpectedEnd, err)
	}
	return c.fail(ctx, Internal, err)
}

// serve is P9 to P16: it waits for the request, which Exchange answers, until the computer has had enough.
func (c *ceremony) serve(ctx context.Context, session *hybrid.Session) error {
	if c.remember {
		if _, err := session.Link(ctx, c.computers, c.settingsNow().name()); err != nil {
			return c.fail(ctx, Internal, err)
		}
	}
	c.mu.Lock()
	connected := screen{id: ScreenConnected, title: "Connected", text: "Waiting for the computer.", busy: true}
	connected.controls = []Control{decline("connected-cancel", "Cancel")}
	c.show(connected.on("connected-cancel", func(*Phone) error {
		c.cancel(ErrDeclined)
		return nil
	}))
	c.mu.Unlock()
	info, err := c.getInfo()
	if err != nil {
		return c.fail(ctx, Internal, err)
	}
	return c.served(ctx, session.Serve(ctx, info, c))
}

// served is what the end of a session means.
func (c *ceremony) served(ctx context.Context, err error) error {
	if cause := ended(ctx); err != nil && cause != nil {
		return cause
	}
	c.mu.Lock()
	answered, sent := c.outcome.Answered, c.outcome.Sent
	c.mu.Unlock()
	var protocol *hybrid.ProtocolError
	switch {
	case answered && (err == nil || sent):
		return nil
	case errors.As(err, &protocol):
		return c.fail(ctx, DecryptionFailed, err)
	case c.isPast(P10):
		return c.fail(ctx, EndWhileProcessing, err)
	}
	return c.fail(ctx, UnexpectedEnd, err)
}

// isPast reports whether a state has been reached.
func (c *ceremony) isPast(s State) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.state >= s
}
