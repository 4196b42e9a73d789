package journeys

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"

	. "github.com/onsi/ginkgo/v2"

	"github.com/passkeylab/passkeylab/virtualauth/phone"
	"github.com/passkeylab/passkeylab/virtualauth/provider"
)

// This file is about how she touches a phone with a screen: the phone itself, which is fast, or its page in a window, as a person
// would. What she means to do there is the same.

// tapsItsPage makes her touch the phone by clicks on its page from now on. Over a driver without such a page there is nothing to
// do.
func (p *Person) tapsItsPage() {
	GinkgoHelper()
	held, ok := p.phone.(*besideTheComputer)
	if !ok {
		return
	}
	p.does("takes the phone up and taps its page", func(ctx context.Context) error {
		shown, err := p.Reach.Screen(ctx)
		if err != nil {
			return err
		}
		held.mu.Lock()
		defer held.mu.Unlock()
		held.screen, held.person.Fingers = shown, shown
		return nil
	})
}

// tap taps what has that label, or that id, on what the phone shows now.
func (b *besideTheComputer) tap(ctx context.Context, label string) error {
	view := b.phone.View()
	id := label
	for _, control := range view.Controls {
		if control.Label == label {
			id = control.ID
		}
	}
	for _, entry := range slices.Backward(view.Entries) { // the first one counts, and rows before buttons
		if entry.Label == label {
			id = entry.ID
		}
	}
	if b.screen != nil {
		return b.screen.Tap(ctx, view, id)
	}
	return b.phone.Tap(id)
}

// Remove walks through the phone's Settings, as its owner would.
func (b *besideTheComputer) Remove(ctx context.Context, in provider.Provider, id []byte) error {
	if err := b.goHome(ctx); err != nil {
		return err
	}
	b.putDown()
	if b.screen == nil {
		b.phone.OpenSettings()
	} else if err := b.tap(ctx, "settings"); err != nil {
		return fmt.Errorf("open Settings on the phone: %w", err)
	}
	for _, label := range []string{
		"settings-passwords", in.Name + ": passkeys", "delete-" + hex.EncodeToString(id), "Delete", "Back", "Back", "Back",
	} {
		if err := b.tap(ctx, label); err != nil {
			return fmt.Errorf("delete a passkey of %s on the phone: %w", in.Name, err)
		}
	}
	return nil
}

// goHome waits, where she taps the page, until she has tapped the last notice away: from there only is there a way to Settings.
func (b *besideTheComputer) goHome(ctx context.Context) error {
	for view := b.phone.View(); b.screen != nil && view.Screen != phone.ScreenHome; {
		var err error
		if view, err = b.phone.Await(ctx, view.Revision); err != nil {
			return fmt.Errorf("go to the phone's home screen: %w", err)
		}
	}
	return nil
}

// errUnread says that the phone did not get as far as reading the code.
var errUnread = errors.New("the phone has not read the code")

// Scan takes the phone up, after putting it down, and points its camera at the browser's window. The rest happens while the
// journey goes on; the next scan, and the end of the journey, end it.
func (b *besideTheComputer) Scan(ctx context.Context) error {
	b.putDown()
	ceremony, end := context.WithCancel(context.WithoutCancel(ctx))
	person, over := b.takeUp(end)
	read, failed := make(chan struct{}), make(chan error, 1)
	scan := b.pointCamera
	if b.screen != nil {
		scan = b.scanOnThePage
	}
	go func() {
		defer close(over)
		failed <- scan(ceremony, person, func() { close(read) })
	}()
	select {
	case <-read:
		return nil
	case <-over:
	case <-ctx.Done():
		end()
		<-over
	}
	select {
	case <-read: // and ended at once
		return nil
	default:
		return errors.Join(errUnread, <-failed, ctx.Err())
	}
}

// takeUp returns what she means to do this time. The ceremony ends by end; over is closed when it has.
func (b *besideTheComputer) takeUp(end context.CancelFunc) (person phone.Person, over chan struct{}) {
	b.mu.Lock()
	defer b.mu.Unlock()
	person = b.person
	if person.Account == "" {
		person.Account = b.newestIn(person.Provider)
	}
	person.Script = slices.Concat(b.moodSteps(), person.Script)
	b.putAway, b.over = end, make(chan struct{})
	return person, b.over
}

// pointCamera scans without any page. It calls read when the camera has seen the code, and returns when the ceremony is over:
// why it ended early, too.
func (b *besideTheComputer) pointCamera(ctx context.Context, person phone.Person, read func()) error {
	outcome, err := person.Scan(ctx, b.phone, func(ctx context.Context) (string, error) {
		text, err := b.camera(ctx)
		if err == nil {
			read()
		}
		return text, err
	})
	return errors.Join(err, outcome.Err)
}

// scanOnThePage opens the camera on the phone's page. It calls read when the camera has seen the code, and returns when she puts
// the phone down.
func (b *besideTheComputer) scanOnThePage(ctx context.Context, person phone.Person, read func()) error {
	err := person.With(ctx, b.phone, func(ctx context.Context) error {
		if err := b.screen.Scan(ctx); err != nil {
			return err
		}
		read()
		<-ctx.Done()
		return nil
	})
	if b.phone.View().State != phone.P0 {
		b.phone.Interrupt(phone.AppKilled) // the page's ceremony is not bound to ctx
	}
	for view := b.phone.View(); view.State != phone.P0; {
		view, _ = b.phone.Await(context.WithoutCancel(ctx), view.Revision) // what was killed ends at once
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if ctx.Err() == nil {
		b.slipped = errors.Join(b.slipped, err)
	}
	return err
}
