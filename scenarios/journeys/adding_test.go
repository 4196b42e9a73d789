package journeys

import (
	"context"
	"fmt"
	"slices"

	. "github.com/onsi/ginkgo/v2"

	"github.com/passkeylab/passkeylab/harness/page"
)

// This file holds the words for walking through the wizard.

// The rows of the Choose-a-method screen, by their names.
const (
	inTheApp    = "Passkey in Larkspur ID"
	securityKey = "Security key"
	anyPasskey  = "Passkey"
)

// The phones of S4, by their names.
const (
	android = "Android"
	iPhone  = "iPhone or iPad"
)

// startsAdding presses Add on Security info and chooses a method.
func (p *Person) startsAdding(method string) {
	GinkgoHelper()
	p.does("starts adding: "+method, func(ctx context.Context) error {
		if err := page.PressHook(ctx, p.Page, page.Add); err != nil {
			return err
		}
		if _, err := page.Await(ctx, p.Page, page.S1); err != nil {
			return err
		}
		if err := page.Press(ctx, p.Page, "radio", method); err != nil {
			return err
		}
		if err := page.PressHook(ctx, p.Page, page.Primary); err != nil {
			return err
		}
		_, err := page.AwaitLeft(ctx, p.Page, page.S1)
		return err
	})
}

// walksTo presses the primary button of each screen until it shows one of the
// steps. On S4 it chooses the phone; a proof that is asked for on the way is
// given.
func (p *Person) walksTo(phone string, steps ...page.Step) page.Screen {
	GinkgoHelper()
	var screen page.Screen
	p.does("walks to "+names(steps), func(ctx context.Context) error {
		for range longestWalk {
			var err error
			if screen, err = page.Settled(ctx, p.Page); err != nil {
				return err
			}
			if slices.Contains(steps, screen.Step) {
				return nil
			}
			if err := p.goOn(ctx, screen.Step, phone); err != nil {
				return err
			}
			if _, err := page.AwaitLeft(ctx, p.Page, screen.Step); err != nil {
				return err
			}
		}
		return &Unexpected{What: "the walk", Expected: names(steps), Got: "still on the way after many screens: " + screen.String()}
	})
	return screen
}

// longestWalk is more screens than any flow has.
const longestWalk = 16

func (p *Person) goOn(ctx context.Context, from page.Step, phone string) error {
	switch from {
	case page.S4:
		return page.Press(ctx, p.Page, "radio", phone) // a press goes on by itself
	case page.S2a:
		code, err := p.Stage.Code(ctx)
		if err != nil {
			return err
		}
		return page.Prove(ctx, p.Page, code)
	case page.K1:
		if err := page.Press(ctx, p.Page, "radio", "USB"); err != nil {
			return err
		}
	case page.S7, page.K2, page.S10, page.S11:
		return fmt.Errorf("walk past %s: that is a journey's own business", from)
	}
	return page.PressHook(ctx, p.Page, page.Primary)
}

// finishes accepts the default name on S10 and presses Done on S11.
func (p *Person) finishes() {
	GinkgoHelper()
	p.sees(page.S10)
	p.pressesHook(page.Primary)
	p.sees(page.S11)
	p.pressesHook(page.Primary)
	p.sees(page.S0)
}

// names the passkey on S10 and presses Done.
func (p *Person) namesIt(name string) {
	GinkgoHelper()
	p.sees(page.S10)
	p.does(fmt.Sprintf("names it %q", name), func(ctx context.Context) error {
		if err := page.Fill(ctx, p.Page, page.PasskeyName, name); err != nil {
			return err
		}
		return page.PressHook(ctx, p.Page, page.Primary)
	})
}
