package journeys

import (
	"context"
	"fmt"

	"github.com/go-rod/rod/lib/input"
	. "github.com/onsi/ginkgo/v2"
	"github.com/onsi/gomega"

	"github.com/passkeylab/passkeylab/harness/config"
	"github.com/passkeylab/passkeylab/harness/page"
	"github.com/passkeylab/passkeylab/virtualauth/provider"
)

var _ = Describe("Keyboard only", func() {
	Journey("AX-01", "adds a passkey and deletes it again with the keyboard alone, and always sees where the focus is", Over(config.Bridge, config.Hybrid), Essential,
		Given{}, func(mia *Person) {
			inApp := provider.LarkspurIDAndroid()
			mia.sitsAtAComputer()
			mia.looksAway(inApp)
			mia.isSignedIn()
			mia.tabsTo("Add sign-in method")
			mia.types(input.Enter)
			mia.sees(page.S1)
			mia.tabsTo("Passkey in Larkspur ID")
			mia.types(input.Space)
			mia.tabsTo("Add")
			mia.types(input.Enter)
			mia.leavesByKeyboard(page.S3, "Next")
			mia.sees(page.S4)
			mia.findsFocusOnHeading()
			mia.tabsTo("Android")
			mia.types(input.Space)
			mia.leavesByKeyboard(page.S4, "Next")
			mia.leavesByKeyboard(page.S5a, "Continue")
			mia.leavesByKeyboard(page.S6, "I'm ready")
			mia.leavesByKeyboard(page.S7, "I understand")
			mia.sees(page.S8)
			mia.findsFocusOnHeading()
			mia.scans()
			mia.touches(inApp)
			mia.leavesByKeyboard(page.S10, "Done")
			mia.leavesByKeyboard(page.S11, "Done")
			mia.sees(page.S0)
			name := mia.cardOf(inApp).Name
			mia.findsStored(1)
			mia.tabsTo("Delete " + name)
			mia.types(input.Enter)
			mia.findsDialog("Delete " + name + "?")
			mia.tabsTo("Delete passkey")
			mia.types(input.Enter)
			mia.findsToast("Passkey deleted")
			mia.findsNoDialog()
			mia.findsStored(0)
			mia.findsHeld(inApp, 1)
		})
})

// leavesByKeyboard finds herself on a screen, at the heading when it is new, and goes on by its button with the keyboard alone.
func (p *Person) leavesByKeyboard(step page.Step, button string) {
	GinkgoHelper()
	p.sees(step)
	if step != page.S4 { // there she has picked a phone already
		p.findsFocusOnHeading()
	}
	p.tabsTo(button)
	p.types(input.Enter)
}

// tabsTo presses Tab until the focus is on the control with that accessible
// name; at each stop it finds the focus visible.
func (p *Person) tabsTo(name string) {
	GinkgoHelper()
	p.does(fmt.Sprintf("tabs to %q", name), func(ctx context.Context) error {
		var passed []string
		for range longestTabbing {
			if err := p.Page.Rod.Context(ctx).Keyboard.Type(input.Tab); err != nil {
				return err
			}
			stop, err := page.FocusStop(ctx, p.Page)
			if err != nil {
				return err
			}
			passed = append(passed, stop.Name)
			if stop.Name != "" && !stop.Visible {
				return &Unexpected{What: "the focus on " + stop.Name, Expected: "a visible outline of two pixels or more", Got: stop.Outline}
			}
			if stop.Name == name {
				return nil
			}
		}
		return &Unexpected{What: "the tab order", Expected: name, Got: fmt.Sprintf("only %q", passed)}
	})
}

// longestTabbing is more stops than any page has: a trap ends there.
const longestTabbing = 60

// types presses one key.
func (p *Person) types(key input.Key) {
	GinkgoHelper()
	p.does(fmt.Sprintf("presses %s", key.Info().Code), func(ctx context.Context) error {
		return p.Page.Rod.Context(ctx).Keyboard.Type(key)
	})
}

// findsFocusOnHeading finds the focus on the screen's heading, where a new screen begins (WCAG 2.2, 2.4.3).
func (p *Person) findsFocusOnHeading() {
	GinkgoHelper()
	p.comesToFind("the focus is on the heading, or on a field that needs it", func(ctx context.Context) (any, error) {
		stop, err := page.FocusStop(ctx, p.Page)
		return stop.Tag, err
	}, gomega.BeElementOf("h1"))
}
