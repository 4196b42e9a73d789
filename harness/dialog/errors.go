package dialog

import (
	"errors"
	"fmt"
	"strings"
)

// What can be wrong with the browser or its start.
var (
	// ErrUnsupported says that this operating system is not Linux.
	ErrUnsupported = errors.New("dialog: the browser's own dialogs can be seen on Linux only; run this part in a Linux container")
	// ErrClosed says that the Window was closed, or that its browser ended.
	ErrClosed = errors.New("dialog: the window is closed")
	// ErrNoWindow says that the browser has no window, or none that was drawn.
	ErrNoWindow = errors.New("dialog: the browser shows no window; open a page first")
	// ErrSeveralDialogs says that two windows of one browser show a dialog, so that nobody can tell which is meant.
	ErrSeveralDialogs = errors.New("dialog: several windows of the browser show a dialog; use a browser for each")
)

// SetupError says that the running browser lacks what Setup.Options asks for.
type SetupError struct {
	Lacks string // what is not there
	Cause error
}

// Error tells what is missing and the fix.
func (e *SetupError) Error() string {
	text := "dialog: " + e.Lacks + "; start the browser with the options that Setup.Options returns"
	if e.Cause != nil {
		text += ": " + e.Cause.Error()
	}
	return text
}

// Unwrap returns the cause.
func (e *SetupError) Unwrap() error { return e.Cause }

// ButtonError says that a button could not be pressed, because it did not appear in time.
type ButtonError struct {
	Wanted string
	State  State // the dialog that was there instead
	Cause  error // why the waiting ended
}

// Error tells which buttons are there.
func (e *ButtonError) Error() string {
	if !e.State.Shown {
		return fmt.Sprintf("dialog: press %q: no dialog is shown (last step: %s): %v", e.Wanted, e.State.Step, e.Cause)
	}
	var there []string
	for _, b := range e.State.Buttons {
		there = append(there, b.String())
	}
	if len(there) == 0 {
		there = []string{"none"}
	}
	return fmt.Sprintf("dialog: press %q: no such button in the dialog %q (step %s), which has: %s: %v",
		e.Wanted, e.State.Title, e.State.Step, strings.Join(there, ", "), e.Cause)
}

// Unwrap returns the cause.
func (e *ButtonError) Unwrap() error { return e.Cause }

// StepError says that the dialog did not come to a step in time.
type StepError struct {
	Wanted []Step
	State  State // where it was instead
	Cause  error
}

// Error tells where the dialog is.
func (e *StepError) Error() string {
	var wanted []string
	for _, s := range e.Wanted {
		wanted = append(wanted, string(s))
	}
	return fmt.Sprintf("dialog: wait for %s: it is at %s (%q): %v", strings.Join(wanted, " or "), e.State.Step, e.State.Title, e.Cause)
}

// Unwrap returns the cause.
func (e *StepError) Unwrap() error { return e.Cause }
