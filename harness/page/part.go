package page

import (
	"context"
	"fmt"

	"github.com/passkeylab/passkeylab/harness/browser"
)

// Part is a selector of what may be on a screen or not, and has no hook of its own: its role or its state tells it.
type Part string

// The parts.
const (
	AlertPart     Part = "[role=alert]"                // what is announced at once
	FieldError    Part = "main .error:not([hidden])"   // what is wrong with a field, or with a choice
	InvalidField  Part = "[aria-invalid=true]"         // a field that has to be filled in anew
	DialogPart    Part = "dialog[open]"                // a dialog
	StillWaiting  Part = "[data-still] > .note"        // the checklist of S8
	ClosedMethod  Part = "[name=method][disabled]"     // a row of S1 that cannot be chosen
	OptionsFailed Part = "[data-options-failed]"       // S7: no ceremony could be begun
	ReplyLost     Part = "[data-unreachable]"          // S9: the answer did not come
	OpenDetails   Part = "dl.details:not([hidden])"    // the details of a passkey
	PasskeyProof  Part = "[data-prove] [data-passkey]" // S2a: a passkey may prove it too
	SignInNotice  Part = "[data-sign-in] [role=status]"
	LimitReached  Part = "#limit"
)

// On is the selector of a hook, as a part.
func On(h Hook) Part { return Part(h.selector()) }

// AwaitPart waits until something that the selector matches is visible. Its error is a *NotShown.
func AwaitPart(ctx context.Context, p *browser.Page, part Part) error {
	if _, err := visible(ctx, p, string(part)); err != nil {
		return fmt.Errorf("page: look for %s: %w", part, err)
	}
	return nil
}

// submit posts fields in a form of its own, as a page without any script would, and marks the document that is left.
const submit = `(path, fields) => {
  const form = Object.assign(document.createElement('form'), {method: 'post', action: path, hidden: true});
  for (const [name, value] of Object.entries(fields || {})) form.append(Object.assign(document.createElement('input'), {type: 'hidden', name, value}));
  document.body.append(form);
  document.documentElement.dataset.left = '';
  form.submit();
}`

// Submit posts a form to an address of the site from the page that is open, whatever its own forms would let pass, and waits
// for the answer.
func Submit(ctx context.Context, p *browser.Page, path string, fields map[string]string) error {
	if _, err := p.Rod.Context(ctx).Eval(submit, path, fields); err != nil {
		return fmt.Errorf("page: post to %s: %w", path, err)
	}
	const arrived = `document.readyState === 'complete' && !('left' in document.documentElement.dataset)`
	if !Poll(ctx, func() bool {
		var there bool
		return p.Evaluate(ctx, arrived, &there) == nil && there
	}) {
		return fmt.Errorf("page: post to %s: no page came back: %w", path, context.Cause(ctx))
	}
	return nil
}
