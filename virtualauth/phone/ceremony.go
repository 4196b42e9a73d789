package phone

import (
	"context"
	"errors"
	"time"

	"github.com/passkeylab/passkeylab/virtualauth/ctap2"
)

// ceremony is one use of the phone, from the camera or from a request on. It is carried out by the goroutine that called
// PointCamera or Answer; the screens that it shows are answered through tapped.
type ceremony struct {
	*Phone
	cancel context.CancelCauseFunc

	// Guarded by Phone.mu.
	state   State
	tapped  []reply
	right   func(Settings) bool // ends the wait for a tap
	outcome Outcome
	line    *line // nil before there is a connection

	// Only the ceremony's own goroutine has these.
	remember   bool   // the computer
	sameDevice bool   // the request comes from the phone itself
	unlocked   bool   // P14 has been passed
	misses     int    // of the sensor, in a row
	chosen     choice // the provider, or the passkey
	refused    error  // why the user did not consent
}

// reply is a tap on a screen of the ceremony, with the text that was typed in.
type reply struct{ control, text string }

// begin makes the phone busy. It fails with ErrBusy.
func (p *Phone) begin(parent context.Context) (*ceremony, context.Context, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.ceremony != nil {
		return nil, nil, ErrBusy
	}
	ctx, cancel := context.WithCancelCause(parent)
	p.begun++
	p.ended, p.shown = P0, home()
	p.ceremony = &ceremony{Phone: p, cancel: cancel, outcome: Outcome{Number: p.begun}}
	return p.ceremony, ctx, nil
}

// finish ends the ceremony. What it shows last stays as a notice.
func (c *ceremony) finish(err error) Outcome {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.cancel(nil)
	last := c.lastScreen(err)
	c.shown = last
	if last.id != ScreenHome {
		c.ended = c.state
	}
	c.outcome.State, c.outcome.Err = c.state, err
	if failed := new(Error); errors.As(err, &failed) {
		c.outcome.Class = failed.Class
	}
	c.bump()
	c.noteView()
	c.outcome.Last = c.view()
	c.outcomes = append(c.outcomes, c.outcome)
	c.Phone.ceremony = nil
	c.bump()
	return c.outcome
}

// lastScreen is what the phone shows after a ceremony. The caller holds mu.
func (c *ceremony) lastScreen(err error) screen {
	var failed *Error
	switch {
	case errors.Is(err, ErrKilled), errors.Is(err, ErrDeclined):
		return home()
	case errors.As(err, &failed):
		return failure(failed.Class)
	case c.shown.last():
		return notice(c.shown.id, c.shown.title, c.shown.text)
	}
	return home() // without an answer: the user has put the phone away
}

// last reports whether a screen may stay when its ceremony has ended.
func (s screen) last() bool {
	return s.id == ScreenSaved || s.id == ScreenSignedIn || s.id == ScreenExcluded
}

// fail makes an error with the state in which the ceremony stands; what has its own reason to end keeps that.
func (c *ceremony) fail(ctx context.Context, class ErrorClass, err error) error {
	if cause := ended(ctx); cause != nil {
		return cause
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return &Error{Class: class, State: c.state, Err: err}
}

// enter comes to a state, where something may be set to happen. What is still shown is of the state before, and cannot be tapped
// any more. It returns why the ceremony ended, if it did.
func (c *ceremony) enter(ctx context.Context, s State) error {
	c.mu.Lock()
	if c.state != s {
		c.shown.entries, c.shown.controls = nil, nil
	}
	c.state = s
	c.note(Event{What: Came, Title: s.Name()})
	if i := c.settings.Interrupt; i.At == s && s != P0 && !c.broken {
		c.broken = true
		c.interrupt(i.Kind)
	}
	cut := c.settings.DropAt == s && s != P0 && !c.dropped && c.line != nil
	if cut {
		c.dropped = true
		c.note(Event{What: Happened, Title: "the connection breaks"})
		c.line.hangUp()
	}
	c.bump()
	c.mu.Unlock()
	switch {
	case cut && s >= P10 && s < P15:
		<-ctx.Done() // the session notices, and ends the request
		return ended(ctx)
	case s == P8 || s == P9 || s >= P15:
		return ended(ctx) // what the phone does there needs nobody
	}
	return c.inFront(ctx)
}

// inFront waits until nothing covers the ceremony: a call holds everything up.
func (c *ceremony) inFront(ctx context.Context) error {
	for {
		c.mu.Lock()
		covered, changed := len(c.covers) > 0, c.changed
		c.mu.Unlock()
		if err := ended(ctx); err != nil || !covered {
			return err
		}
		select {
		case <-changed:
		case <-ctx.Done():
		}
	}
}

// settingsNow returns the settings as they are now.
func (c *ceremony) settingsNow() Settings { return c.Settings() }

// ask shows a screen and waits for a tap.
func (c *ceremony) ask(ctx context.Context, s screen) (reply, error) {
	return c.askUnless(ctx, s, func(Settings) bool { return false })
}

// askUnless is ask, but goes on by itself, with the zero reply, once the settings are right.
func (c *ceremony) askUnless(ctx context.Context, s screen, right func(Settings) bool) (reply, error) {
	c.mu.Lock()
	c.tapped, c.right = nil, right
	c.show(s)
	for {
		if err := ended(ctx); err != nil {
			c.mu.Unlock()
			return reply{}, err
		}
		covered := len(c.covers) > 0
		if !covered && len(c.tapped) > 0 {
			r := c.tapped[0]
			c.mu.Unlock()
			return r, nil
		}
		if !covered && right(c.settings) {
			c.mu.Unlock()
			return reply{}, nil
		}
		changed := c.changed
		c.mu.Unlock()
		select {
		case <-changed:
		case <-ctx.Done():
		}
		c.mu.Lock()
	}
}

// moveOn takes away what can be tapped on a screen that the ceremony is about to leave, because the settings are right now. The
// caller holds p.mu.
func (p *Phone) moveOn() {
	if c := p.ceremony; c != nil && c.right != nil && len(p.covers) == 0 && c.right(p.settings) {
		p.shown.entries, p.shown.controls = nil, nil
	}
}

// confirm is ask where all but one answer is giving up.
func (c *ceremony) confirm(ctx context.Context, s screen, yes string) error {
	r, err := c.ask(ctx, s)
	if err == nil && r.control != yes {
		err = ErrDeclined
	}
	return err
}

// work shows a screen while something is done, which a tap on its Decline control ends early; so does the passing of limit,
// unless that is zero.
func (c *ceremony) work(ctx context.Context, s screen, limit time.Duration, do func(context.Context) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	c.mu.Lock()
	c.tapped, c.right = nil, nil
	c.show(s)
	changed := c.changed
	c.mu.Unlock()
	var late <-chan time.Time
	if limit > 0 {
		late = c.world.Clock.After(limit)
	}
	done := make(chan error, 1)
	go func() { done <- do(ctx) }()
	for {
		select {
		case err := <-done:
			if cause := ended(ctx); err != nil && cause != nil {
				err = cause
			}
			return err
		case <-late:
			cancel(ErrTimedOut)
			late = nil
		case <-changed:
			c.mu.Lock()
			changed = c.changed
			if len(c.tapped) > 0 {
				cancel(ErrDeclined)
			}
			c.mu.Unlock()
		}
	}
}

// Answer answers a request that comes from the phone itself, from the browser on it, and not from a computer: from P10 on. It
// makes a Phone a ctap2.Transport of the same device. It fails with ErrBusy, with what ended the ceremony without an answer, or
// with the error of ctx.
func (p *Phone) Answer(ctx context.Context, request []byte) ([]byte, error) {
	c, ctx, err := p.begin(ctx)
	if err != nil {
		return nil, err
	}
	c.sameDevice = true
	var response []byte
	if err = c.screenLock(ctx); err == nil {
		response, err = c.Exchange(ctx, request)
	}
	if err == nil {
		c.sent()
	}
	c.finish(c.why(err))
	return response, err
}

// why is err, or why the answer was a refusal.
func (c *ceremony) why(err error) error {
	if err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.outcome.Err
}

// sent notes that the answer went out.
func (c *ceremony) sent() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.outcome.Sent = c.outcome.Answered
}

// SameDevice returns the phone as the browser on it reaches it: a ctap2.Transport.
func (p *Phone) SameDevice() ctap2.Transport { return sameDevice{p} }

type sameDevice struct{ *Phone }

// Exchange answers getInfo without any screen, and all else as Answer does.
func (d sameDevice) Exchange(ctx context.Context, request []byte) ([]byte, error) {
	if len(request) == 1 && ctap2.Command(request[0]) == ctap2.CommandGetInfo {
		return d.info()
	}
	return d.Answer(ctx, request)
}
