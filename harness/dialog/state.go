package dialog

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// State is what the browser's dialog shows.
type State struct {
	Step    Step     // the last one that the browser entered
	Shown   bool     // whether a dialog is there to be seen; there is none in the steps PasskeyAutofill and Closed
	Title   string   // of the sheet
	Texts   []string // the other texts of the sheet, from top to bottom
	Buttons []Button // from top to bottom and left to right
}

// Button is a native button of the dialog.
type Button struct {
	Label   string // what is written on it, in English
	Role    Role
	Enabled bool

	id   int // of its element
	left int // where it begins in the row at the bottom, in pixels; zero elsewhere
}

// String is the label and what else helps to name it.
func (b Button) String() string {
	text := fmt.Sprintf("%q (%s)", b.Label, b.Role)
	if !b.Enabled {
		text += ", disabled"
	}
	return text
}

// Role is what a button is for, whatever its label.
type Role string

// The roles of buttons.
const (
	Accept Role = "accept" // the one that the dialog wants: Continue, Turn on, OK
	Cancel Role = "cancel" // ends the ceremony
	Aside  Role = "aside"  // stands apart from the others: Back, or another way
	Choice Role = "choice" // a row of a list: a mechanism or an account
	Icon   Role = "icon"   // has a picture and no text; its label is its tooltip
)

// The classes of Chromium's views that are known here.
const (
	clientClass = "DialogClientView"
	rowClass    = "DialogClientView::ButtonRowContainer"
)

// readState reads what a dialog shows. It is a *RefusedError when an element disappeared meanwhile.
func (v *views) readState(ctx context.Context, dialog *element) (State, error) {
	state := State{Shown: true}
	for _, client := range dialog.find(func(e *element) bool { return e.class() == clientClass }) {
		if err := v.readViews(ctx, client, client, &state); err != nil {
			return State{}, err
		}
	}
	// The tree has the buttons of the row in any order. What stands elsewhere stands above it.
	slices.SortStableFunc(state.Buttons, func(a, b Button) int { return a.left - b.left })
	if len(state.Texts) > 0 {
		state.Title, state.Texts = state.Texts[0], state.Texts[1:]
	}
	return state, nil
}

// readViews adds the texts and buttons at and below e, whose parent is given.
func (v *views) readViews(ctx context.Context, parent, e *element, state *State) error {
	class := e.class()
	isButton, isLabel := strings.HasSuffix(class, "Button"), class == "Label"
	if isButton || isLabel {
		p, err := v.properties(ctx, e.ID)
		if err != nil {
			return err
		}
		if p["IsDrawn"] != "true" {
			return nil
		}
		if isLabel {
			if p["Text"] != "" {
				state.Texts = append(state.Texts, p["Text"])
			}
			return nil
		}
		b := Button{Label: p["Text"], Role: roleOf(parent, e, p), Enabled: p["EnabledInViewsSubtree"] == "true", id: e.ID}
		if b.Label == "" {
			if b.Label, err = v.labelOf(ctx, e, p); err != nil {
				return err
			}
		}
		if parent.class() == rowClass {
			b.left, _ = strconv.Atoi(p["X"])
		}
		state.Buttons = append(state.Buttons, b)
		return nil
	}
	for _, child := range e.Children {
		if err := v.readViews(ctx, e, child, state); err != nil {
			return err
		}
	}
	return nil
}

// labelOf is what is written on a button that has its texts in labels below it, or its tooltip.
func (v *views) labelOf(ctx context.Context, e *element, p map[string]string) (string, error) {
	var texts []string
	for _, label := range e.find(func(e *element) bool { return e.class() == "Label" }) {
		below, err := v.properties(ctx, label.ID)
		if err != nil {
			return "", err
		}
		if below["Text"] != "" {
			texts = append(texts, below["Text"])
		}
	}
	if len(texts) == 0 {
		return p["Tooltip"], nil
	}
	return strings.Join(texts, " "), nil
}

// roleOf tells the role of a button by where it stands and how it is drawn: in the row at the bottom, that which the dialog
// wants is filled, that which ends it is tinted.
func roleOf(parent, e *element, p map[string]string) Role {
	if parent.class() != rowClass {
		if p["Text"] == "" && e.class() == "ImageButton" {
			return Icon
		}
		return Choice
	}
	switch p["Style"] {
	case "kProminent":
		return Accept
	case "kTonal":
		return Cancel
	}
	return Aside
}

// State returns what the dialog shows now. Errors: ErrSeveralDialogs, ErrClosed, those of the context.
func (w *Window) State(ctx context.Context) (State, error) {
	state, err := w.state(ctx)
	if err != nil {
		return State{}, fmt.Errorf("dialog: read the state: %w", err)
	}
	return state, nil
}

func (w *Window) state(ctx context.Context) (State, error) {
	for {
		select {
		case <-w.closed:
			return State{}, ErrClosed
		default:
		}
		now, _ := w.steps.now()
		dialog, _, err := w.views.dialog()
		if err != nil || dialog == nil {
			return State{Step: now.Step}, err
		}
		state, err := w.views.readState(ctx, dialog)
		var refused *RefusedError
		if errors.As(err, &refused) && ctx.Err() == nil {
			continue // an element has gone meanwhile
		}
		state.Step = now.Step
		return state, err
	}
}

// AwaitState waits until the dialog is in one of the steps, or passes through it, from now on; being there already counts. It
// returns what the dialog shows then, complete. Errors: *StepError when the context ends first, those of State.
func (w *Window) AwaitState(ctx context.Context, wanted ...Step) (State, error) {
	_, next := w.steps.now()
	for {
		news, changed := w.steps.since(next)
		next = max(next, 0) + len(news)
		for _, moment := range news {
			if slices.Contains(wanted, moment.Step) {
				return w.settled(ctx, moment.Step)
			}
		}
		if err := w.wait(ctx, changed); err != nil {
			state, _ := w.lastState(ctx)
			return state, &StepError{Wanted: wanted, State: state, Cause: err}
		}
	}
}

// hidden are the steps in which there is no dialog.
func hidden(step Step) bool {
	return slices.Contains([]Step{"", NotStarted, PasskeyAutofill, Closed}, step)
}

// settled returns the state once the sheet of a step is complete: it is filled piece by piece, after the step is logged. That
// the dialog is shown, has a title, and is the same at two looks, has to be enough; and a dialog that never gets so is
// returned as it is.
func (w *Window) settled(ctx context.Context, step Step) (State, error) {
	until := time.Now().Add(painting)
	var before State
	for {
		state, err := w.State(ctx)
		done := err != nil || hidden(step) || state.Step != step || time.Now().After(until)
		if done || state.Title != "" && len(state.Buttons) > 0 && state.same(before) {
			state.Step = step
			return state, err
		}
		before = state
		if err := w.pause(ctx); err != nil {
			return state, &StepError{Wanted: []Step{step}, State: state, Cause: err}
		}
	}
}

// same is true when two looks saw the same.
func (s State) same(other State) bool {
	return s.Step == other.Step && s.Title == other.Title && slices.Equal(s.Texts, other.Texts) && slices.Equal(s.Buttons, other.Buttons)
}

// Steps returns all steps that the browser's dialogs went through since Open, for reports.
func (w *Window) Steps() []Moment {
	all, _ := w.steps.since(0)
	return all
}
