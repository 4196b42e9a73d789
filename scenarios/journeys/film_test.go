package journeys

import (
	"bytes"
	"cmp"
	"fmt"
	"reflect"
	"slices"

	"github.com/passkeylab/passkeylab/harness/dialog"
	"github.com/passkeylab/passkeylab/harness/lab"
	"github.com/passkeylab/passkeylab/reports"
	"github.com/passkeylab/passkeylab/virtualauth/phone"
)

// This file tells what the browser's own dialog and the phone showed while a step of a journey went on.

// beside makes room in the report for the film's new frames. What they showed is filled in by develop, when everything is known.
func (w *window) beside() []reports.Step {
	if w.reach == nil {
		return nil
	}
	var steps []reports.Step
	for _, frame := range w.reach.Film(len(w.places)) {
		step := reports.Step{At: frame.At, State: reports.Passed, Views: make([]reports.View, 2)}
		w.places = append(w.places, &step.Views[0])
		steps = append(steps, step)
	}
	return steps
}

// develop fills in what the frames of the film showed, and gives every step the picture of the phone's page that was taken of
// what the phone showed then.
func (w *window) develop(steps []reports.Step) []reports.Step {
	if w.reach == nil {
		return steps
	}
	var prior, before lab.Frame
	var last reports.Step
	surplus := map[int]bool{}
	latest := -1 // the step of the last frame
	for index, frame := range w.reach.Film(0)[:len(w.places)] {
		at := slices.IndexFunc(steps, func(s reports.Step) bool { return len(s.Views) > 0 && &s.Views[0] == w.places[index] })
		if latest >= 0 && latest == at-1 && before.Dialog == frame.Dialog && alikeInWords(before.Phone, frame.Phone) {
			surplus[latest] = true // only its buttons came later: one step for both
		} else {
			prior = before
		}
		last = w.still(index, frame, before, last)
		steps[at].Text, steps[at].Views = happened(frame, prior), last.Views
		before, latest = frame, at
	}
	showThePage(steps)
	kept := steps[:0]
	for i, step := range steps {
		if !surplus[i] {
			kept = append(kept, step)
		}
	}
	return kept
}

// still is one frame: the browser's window on one side, the phone on the other. What has no picture of its own because nothing
// has changed gets that of the frame before.
func (w *window) still(index int, frame, before lab.Frame, last reports.Step) reports.Step {
	window := reports.View{Name: reports.ViewWindow, State: dialogWords[frame.Dialog]}
	if window.State == "" {
		window.State = cmp.Or(string(frame.Dialog), dialogWords[dialog.Closed])
	}
	held := phoneShows(frame.Phone, frame.Tapped)
	window.Picture = w.kept(fmt.Sprintf("beside-%03d.jpg", index+1), frame.Window)
	if len(last.Views) > 0 {
		if window.Picture == nil && last.Views[0].State == window.State {
			window.Picture = last.Views[0].Picture
		}
		if len(frame.Glass) > 0 && bytes.Equal(frame.Glass, before.Glass) {
			held.Picture, frame.Glass = last.Views[1].Picture, nil
		}
	}
	if picture := w.kept(fmt.Sprintf("phone-%03d.jpg", index+1), frame.Glass); picture != nil {
		held.Picture = picture
	}
	return reports.Step{Views: []reports.View{window, held}}
}

// kept writes a picture, if there is one; nil if not.
func (w *window) kept(name string, jpeg []byte) *reports.Picture {
	if len(jpeg) == 0 {
		return nil
	}
	path, err := house.keep(w.journey, name, jpeg)
	if err != nil {
		return nil
	}
	return &reports.Picture{Path: path, MediaType: "image/jpeg"}
}

// showThePage gives the phone of a step the picture of the same screen that was taken last before, or else first after it.
func showThePage(steps []reports.Step) {
	for range 2 { // forwards, and then backwards
		var taken []reports.View
		for _, step := range steps {
			for i := range step.Views {
				view := &step.Views[i]
				if view.Name != reports.ViewPhone {
					continue
				}
				at := slices.IndexFunc(taken, func(other reports.View) bool { return sameScreen(*view, other) })
				switch {
				case view.Picture != nil:
					taken = append([]reports.View{*view}, taken...)
				case at >= 0:
					view.Picture = taken[at].Picture
				}
			}
		}
		slices.Reverse(steps)
	}
}

// sameScreen compares two views of a phone, without the time and without what was tapped.
func sameScreen(a, b reports.View) bool {
	untapped := slices.Clone(b.Controls)
	for i := range untapped {
		untapped[i].Tapped = i < len(a.Controls) && a.Controls[i].Tapped
	}
	a.Picture, b.Picture, a.Status, b.Status, b.Controls = nil, nil, nil, nil, untapped
	return len(a.Controls) == len(b.Controls) && reflect.DeepEqual(a, b)
}

// happened says what is new in a frame, and what she did then.
func happened(frame, before lab.Frame) string {
	if frame.Dialog != before.Dialog {
		text := "the browser " + cmp.Or(dialogDeeds[frame.Dialog], "shows its "+string(frame.Dialog))
		if deed := touched(frame); deed != "" {
			text += deed + " on the phone"
		}
		return text
	}
	if frame.Phone.Screen == phone.ScreenHome {
		return "the phone shows its home screen" + touched(frame)
	}
	return fmt.Sprintf("the phone shows “%s”", cmp.Or(frame.Phone.Title, string(frame.Phone.Screen))) + touched(frame)
}

// touched says what she did on the phone in a frame; nothing if nothing.
func touched(frame lab.Frame) string {
	control, there := frame.Phone.Control(frame.Tapped)
	row, isRow := frame.Phone.Entry(frame.Tapped)
	switch {
	case isRow:
		return fmt.Sprintf(", and she taps “%s”", row.Label)
	case there && control.Kind == phone.KindSecret:
		return ", and she enters it"
	case there:
		return fmt.Sprintf(", and she taps “%s”", control.Label)
	}
	return ""
}

// alikeInWords reports whether two screens of a phone say the same.
func alikeInWords(a, b phone.View) bool {
	return a.Screen == b.Screen && a.Title == b.Title && a.Text == b.Text
}

// dialogWords are the words for a step of the browser's dialog, and dialogDeeds those for how it came to it. Neither is ever
// written after the program has started.
var (
	dialogWords = map[dialog.Step]string{
		"": "no dialog", dialog.NotStarted: "no dialog", dialog.Closed: "no dialog",
		dialog.MechanismSelection: "asks where", dialog.QRCode: "shows a code",
		dialog.CableV2Connecting: "connects", dialog.CableV2Connected: "is connected", dialog.CableV2Error: "could not connect",
		dialog.BlePowerOnAutomatic: "asks for Bluetooth", dialog.BlePowerOnManual: "asks for Bluetooth",
		dialog.TimedOut: "ran out of time",
	}
	dialogDeeds = map[dialog.Step]string{
		"": "shows no dialog", dialog.NotStarted: "shows no dialog", dialog.Closed: "closes its dialog",
		dialog.MechanismSelection: "asks where the passkey is to be", dialog.QRCode: "shows a code",
		dialog.CableV2Connecting: "hears the phone and connects to it", dialog.CableV2Connected: "is connected to the phone",
		dialog.CableV2Error:        "could not connect to the phone",
		dialog.BlePowerOnAutomatic: "asks to turn Bluetooth on", dialog.BlePowerOnManual: "asks for Bluetooth to be turned on",
		dialog.TimedOut: "says that the time has run out",
	}
)
