package journeys

import (
	"cmp"
	"fmt"

	"github.com/passkeylab/passkeylab/harness/dialog"
	"github.com/passkeylab/passkeylab/harness/lab"
	"github.com/passkeylab/passkeylab/reports"
)

// This file tells what the browser's own dialog and the phone showed while a step of a journey went on.

// beside turns the film's new frames into steps of the report.
func (w *window) beside() []reports.Step {
	if w.reach == nil {
		return nil
	}
	var steps []reports.Step
	for _, frame := range w.reach.Film(w.told) {
		steps = append(steps, w.sideBySide(frame))
		w.told++
	}
	return steps
}

// sideBySide is one frame: the browser's window on one side, the phone on the other.
func (w *window) sideBySide(frame lab.Frame) reports.Step {
	shown := reports.View{Name: reports.ViewWindow, State: dialogWords(frame.Dialog)}
	switch {
	case len(frame.Window) > 0:
		path, err := house.keep(w.journey, fmt.Sprintf("beside-%03d.jpg", w.told+1), frame.Window)
		if err == nil {
			shown.Picture = &reports.Picture{Path: path, MediaType: "image/jpeg"}
			w.latest = shown
		}
	case w.latest.State == shown.State:
		shown.Picture = w.latest.Picture // nothing has changed since
	}
	return reports.Step{
		Text: fmt.Sprintf("browser: %s; phone: %s", dialogWords(frame.Dialog), cmp.Or(frame.Phone.Title, string(frame.Phone.Screen), "untouched")),
		At:   frame.At, State: reports.Passed, Views: []reports.View{shown, phoneShows(frame.Phone, frame.Tapped)},
	}
}

// dialogWords are the words for a step of the browser's dialog.
func dialogWords(step dialog.Step) string {
	switch step {
	case "", dialog.NotStarted, dialog.Closed:
		return "no dialog"
	case dialog.QRCode:
		return "shows a code"
	case dialog.CableV2Connecting:
		return "connects"
	case dialog.CableV2Connected:
		return "is connected"
	case dialog.CableV2Error:
		return "could not connect"
	case dialog.BlePowerOnAutomatic, dialog.BlePowerOnManual:
		return "asks for Bluetooth"
	}
	return string(step)
}
