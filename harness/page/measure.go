package page

import (
	"context"
	_ "embed"
	"fmt"

	"github.com/passkeylab/passkeylab/harness/browser"
)

// measures are functions that look at the page as it is drawn, and say what is wrong in sentences.
//
//go:embed measure.js
var measures string

// NarrowFaults says what of the page does not fit into its window (WCAG 2.2, 1.4.10): that it scrolls sideways, and what is cut
// off or stands outside. None is the good answer.
func NarrowFaults(ctx context.Context, p *browser.Page) ([]string, error) {
	return measure(ctx, p, "narrow")
}

// ForcedColourFaults says what cannot be made out in the few colours of a contrast theme, which the page must have been given:
// icons, borders of controls, what is chosen, and the focus. It moves the focus through the page with a script, which shows as the
// keyboard's where a key was pressed before. None is the good answer.
func ForcedColourFaults(ctx context.Context, p *browser.Page) ([]string, error) {
	return measure(ctx, p, "forcedColours")
}

// Moving names what moves by itself now: animations and transitions that run.
func Moving(ctx context.Context, p *browser.Page) ([]string, error) { return measure(ctx, p, "moving") }

// SpaceText gives all text of the document the spacing that WCAG 2.2, 1.4.12 asks pages to bear.
func SpaceText(ctx context.Context, p *browser.Page) error {
	_, err := measure(ctx, p, "spaceText")
	return err
}

func measure(ctx context.Context, p *browser.Page, what string) ([]string, error) {
	var faults []string
	if err := p.Evaluate(ctx, fmt.Sprintf("(() => { %s\nreturn %s(); })()", measures, what), &faults); err != nil {
		return nil, fmt.Errorf("page: measure %s: %w", what, err)
	}
	return faults, nil
}
