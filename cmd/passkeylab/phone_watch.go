package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"github.com/passkeylab/passkeylab/virtualauth/ctap2"
	"github.com/passkeylab/passkeylab/virtualauth/phone"
	"github.com/passkeylab/passkeylab/virtualauth/phone/camera"
)

// The names of --scan that are no file.
const (
	scanBrowser   = "browser"
	scanClipboard = "clipboard"
)

// glance is how often the phone looks whether there is a new code.
const glance = 500 * time.Millisecond

// watch lets the phone look by itself, at what --scan says, and carries out a ceremony for each new code. What cannot be read is
// told once.
func (h *holding) watch(ctx context.Context) {
	look := h.looking()
	tick := time.NewTicker(glance)
	defer tick.Stop()
	var last, told string
	for ctx.Err() == nil {
		text, err := look(ctx)
		switch {
		case err != nil && ctx.Err() == nil && !nothingYet(err) && err.Error() != told:
			told = err.Error()
			h.console.print("The phone looks, and sees no code: " + told + "\n")
		case err == nil && text != last:
			if _, err := h.phone.PointCamera(ctx, phone.Text(text)); !errors.Is(err, phone.ErrBusy) {
				last, told = text, ""
			}
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
		}
	}
}

// looking is one look at what --scan says.
func (h *holding) looking() phone.CameraSource {
	switch h.options.scan {
	case scanBrowser:
		return h.lookAtWindow
	case scanClipboard:
		return func(ctx context.Context) (string, error) { return camera.Scan(ctx, camera.Clipboard{}.Source()) }
	}
	return func(ctx context.Context) (string, error) { return camera.Scan(ctx, camera.File(h.options.scan)) }
}

// nothingYet reports whether there may be something to look at later: a file that is not there, a clipboard without a picture.
func nothingYet(err error) bool {
	var pasted *camera.ClipboardError
	return errors.Is(err, fs.ErrNotExist) || errors.As(err, &pasted) && len(pasted.Failed) > 0
}

// attend lets a person tap by herself.
func (h *holding) attend(ctx context.Context, person phone.Person) {
	if err := person.Attend(ctx, h.phone); err != nil {
		h.console.print("Nobody taps any more: " + err.Error() + "\n")
	}
}

// tell prints a line for each ceremony that has ended.
func (h *holding) tell(ctx context.Context) {
	told := 0
	view := h.phone.View()
	for ctx.Err() == nil {
		outcomes := h.phone.Outcomes()
		for _, outcome := range outcomes[told:] {
			h.console.print(sentence(outcome) + "\n")
		}
		told = len(outcomes)
		view, _ = h.phone.Await(ctx, view.Revision) // the end of ctx ends the loop
	}
}

// sentence says what came of a ceremony.
func sentence(o phone.Outcome) string {
	switch {
	case o.Strayed():
		return fmt.Sprintf("A passkey for %s was saved in %s, and the computer never learned of it.", o.RPID, o.SavedIn)
	case o.SavedIn != "":
		return fmt.Sprintf("A passkey for %s was saved in %s.", o.RPID, o.SavedIn)
	case o.SignedInWith != "":
		return fmt.Sprintf("Signed in to %s with a passkey in %s.", o.RPID, o.SignedInWith)
	case o.Answered && o.Status != ctap2.OK:
		return fmt.Sprintf("%s was refused at %v: %v.", orComputer(o.RPID), o.State, o.Status)
	case o.Err != nil:
		return fmt.Sprintf("Nothing came of it at %v: %v.", o.State, o.Err)
	}
	return fmt.Sprintf("Nothing came of it at %v.", o.State)
}

func orComputer(rpID string) string {
	if rpID == "" {
		return "The computer"
	}
	return rpID
}
