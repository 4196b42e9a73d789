package dialog

import (
	"context"
	"errors"
	"strings"
	"time"
)

// looking is the time between two looks at a dialog that is not yet as it is awaited: a picture or two of a screen.
const looking = 20 * time.Millisecond

// Chromium ignores clicks that come so soon after a dialog appeared, or after another click, that they were meant for
// something else: within half a second, except on Cancel. A click without effect is therefore made again after the shelter.
const (
	shelter = 550 * time.Millisecond
	clicks  = 3
)

// Press presses a button of the dialog by its label, whose case does not matter, or by its role. It waits until the button is
// there and enabled, and until the press had an effect: the dialog took a step or went away, or the button did. One that
// changes nothing that can be seen is pressed three times. Errors: *ButtonError when the context ends first,
// ErrSeveralDialogs, ErrClosed.
func (w *Window) Press(ctx context.Context, button string) error {
	for {
		b, err := w.button(ctx, button)
		if err == nil {
			return w.push(ctx, b)
		}
		var missing *ButtonError
		if !errors.As(err, &missing) {
			return err
		}
		if missing.Cause = w.pause(ctx); missing.Cause != nil {
			return missing
		}
	}
}

// button finds a button that can be pressed.
func (w *Window) button(ctx context.Context, wanted string) (Button, error) {
	state, err := w.State(ctx)
	if err != nil && ctx.Err() != nil {
		state, _ = w.lastState(ctx)
		return Button{}, &ButtonError{Wanted: wanted, State: state, Cause: err}
	}
	if err != nil {
		return Button{}, err
	}
	for _, b := range state.Buttons {
		if b.Enabled && (strings.EqualFold(b.Label, wanted) || string(b.Role) == wanted) {
			return b, nil
		}
	}
	return Button{}, &ButtonError{Wanted: wanted, State: state}
}

// push clicks a button until that has an effect.
func (w *Window) push(ctx context.Context, b Button) error {
	_, step := w.steps.now()
	for range clicks {
		if err := w.views.click(ctx, b.id); err != nil {
			var refused *RefusedError
			if errors.As(err, &refused) {
				return nil // the button went away by the click before
			}
			return err
		}
		for end := time.Now().Add(shelter); time.Now().Before(end); {
			if _, now := w.steps.now(); now != step || !w.views.has(b.id) {
				return nil
			}
			if err := w.pause(ctx); err != nil {
				return nil // it was pressed; whether that is of use is seen by the next who looks
			}
		}
	}
	return nil
}

// pause waits until the dialog is worth another look: it took a step, or some time passed.
func (w *Window) pause(ctx context.Context) error {
	brief, cancel := context.WithTimeout(ctx, looking)
	defer cancel()
	_, changed := w.steps.since(0)
	err := w.wait(brief, changed)
	if err != nil && brief.Err() != nil && ctx.Err() == nil {
		return nil
	}
	return err
}

// click presses and releases the left button of the mouse over an element.
func (v *views) click(ctx context.Context, id int) error {
	for _, kind := range []string{"mousePressed", "mouseReleased"} {
		event := map[string]any{"type": kind, "x": 12, "y": 12, "button": "left", "wheelDirection": "none"}
		if err := v.call(ctx, "DOM.dispatchMouseEvent", map[string]any{"nodeId": id, "event": event}, nil); err != nil {
			return err
		}
	}
	return nil
}

// has is true while an element is there.
func (v *views) has(id int) bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.tree.byID[id] != nil
}
