package phone

import (
	"context"
	"errors"
	"time"
)

// Person is somebody with the phone in her hand: she looks at its View and taps, without any page unless she has Fingers for one.
// The zero Person agrees to everything at once, takes what the phone offers, sets right in Settings what it asks for, and knows
// the PIN. What is done in an app she is told by a Script, or somebody else does it.
type Person struct {
	// Provider is the Key of the one that she wants to save in, or the name of a security key; empty takes what is preselected.
	Provider string
	// Account is the user name that she signs in with, where there are several; empty takes what is preselected.
	Account string
	// PIN is what she types; empty is the right one.
	PIN string
	// Remember says that she lets the phone remember the computer.
	Remember bool
	// Script says what she does otherwise.
	Script Script
	// Idle, if not nil, is called when she leaves a screen alone for good: nothing more will happen there unless somebody else
	// does something.
	Idle func(View)
	// Fingers, if not nil, touch the phone in her place: on a page that shows it. Nil touches the phone itself.
	Fingers Fingers
}

// Fingers touch what a Person has decided to touch. Both methods return when the phone has felt it, and fail with a *TapError
// when it shows something else than the view by then.
type Fingers interface {
	// Tap taps a row or a control of a view, by its id.
	Tap(ctx context.Context, v View, control string) error
	// Enter types a text into a control of a view that is typed into and sends it off.
	Enter(ctx context.Context, v View, control, text string) error
}

// directly are the Fingers of a Person without any page.
type directly struct{ phone *Phone }

// Tap implements Fingers.
func (d directly) Tap(_ context.Context, _ View, control string) error { return d.phone.Tap(control) }

// Enter implements Fingers.
func (d directly) Enter(_ context.Context, _ View, control, text string) error {
	return d.phone.Enter(control, text)
}

// attending is a Person at work.
type attending struct {
	Person
	phone *Phone
	used  map[int]bool // steps of the script that are done
	// ignored is the revision-independent name of the screen that she does not touch any more.
	ignored Screen
}

// Attend taps until ctx ends, which it returns as nil. It fails with a *StepError when her script asks for what is not there.
func (p Person) Attend(ctx context.Context, phone *Phone) error {
	a := &attending{Person: p, phone: phone, used: map[int]bool{}}
	if a.Fingers == nil {
		a.Fingers = directly{phone}
	}
	view := phone.View()
	for {
		err := a.look(ctx, view)
		if gone := new(TapError); err != nil && !errors.As(err, &gone) {
			return quiet(ctx, err)
		}
		if view, err = phone.Await(ctx, view.Revision); err != nil {
			return quiet(ctx, err)
		}
	}
}

// quiet is nil when ctx has ended: she has put the phone down.
func quiet(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return nil
	}
	return err
}

// With lets her attend to the phone while do uses it: PointCamera, Answer, or a computer's side of it. She puts it down when
// do has returned. When Attend fails, the context of do ends.
func (p Person) With(ctx context.Context, phone *Phone, do func(context.Context) error) error {
	attending, stop := context.WithCancel(ctx)
	doing, giveUp := context.WithCancel(ctx)
	defer giveUp()
	done := make(chan error, 1)
	go func() {
		err := p.Attend(attending, phone)
		if err != nil {
			giveUp()
		}
		done <- err
	}()
	err := do(doing)
	stop()
	return errors.Join(err, <-done)
}

// Scan lets her point the camera, and returns what came of it.
func (p Person) Scan(ctx context.Context, phone *Phone, source CameraSource) (outcome Outcome, err error) {
	err = p.With(ctx, phone, func(ctx context.Context) error {
		outcome, err = phone.PointCamera(ctx, source)
		return err
	})
	return outcome, err
}

// look does what she does about one view.
func (a *attending) look(ctx context.Context, v View) error {
	if v.Screen != a.ignored {
		a.ignored = ""
	}
	if len(v.Entries)+len(v.Controls) == 0 || a.ignored != "" {
		return a.early(v)
	}
	for i, step := range a.Script {
		if !a.used[i] && step.at(v) {
			a.used[i] = true
			return a.perform(ctx, step, v)
		}
	}
	return a.usual(ctx, v)
}

// early lets what needs no control happen on screens without any.
func (a *attending) early(v View) error {
	for i, step := range a.Script {
		if !a.used[i] && step.at(v) && (step.Do == Kill || step.Do == Die || step.Do == TurnOff) {
			a.used[i] = true
			return a.perform(context.Background(), step, v)
		}
	}
	return nil
}

// perform does one step of the script.
func (a *attending) perform(ctx context.Context, s Step, v View) error {
	switch s.Do {
	case Ignore:
		a.ignored = v.Screen
		if a.Idle != nil {
			a.Idle(v)
		}
	case Kill:
		a.phone.Interrupt(AppKilled)
	case Die:
		a.phone.Interrupt(PhoneDies)
	case TurnOff:
		a.phone.Interrupt(ScreenGoesOff)
	case GiveUp:
		return a.touch(ctx, s, v, v.inRole(Decline))
	case TapOn:
		return a.touch(ctx, s, v, v.labelled(s.Text))
	case Type:
		return a.touch(ctx, s, v, v.inRole(Agree))
	case Wait:
		if s.Until != nil {
			return errors.Join(s.Until(ctx), a.again(ctx))
		}
		return errors.Join(a.phone.after(ctx, s.For), a.again(ctx))
	}
	return nil
}

// touch taps what a step means, or types into it.
func (a *attending) touch(ctx context.Context, s Step, v View, id string) error {
	control, _ := v.Control(id)
	switch {
	case id == "", s.Do == Type && !control.Kind.Typed():
		return &StepError{Step: s, Screen: v.Screen, There: v.ids()}
	case s.Do == Type:
		return a.Fingers.Enter(ctx, v, id, s.Text)
	}
	return a.Fingers.Tap(ctx, v, id)
}

// again looks anew, after waiting.
func (a *attending) again(ctx context.Context) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return a.look(ctx, a.phone.View())
}

// usual is what she does without a script.
func (a *attending) usual(ctx context.Context, v View) error {
	if id := a.wanted(v); id != "" {
		return a.Fingers.Tap(ctx, v, id)
	}
	if v.Screen.ofApp() {
		return nil
	}
	id := v.inRole(Agree)
	if control, _ := v.Control(id); control.Kind == KindSecret {
		pin := a.PIN
		if pin == "" {
			pin = a.phone.Settings().pin()
		}
		return a.Fingers.Enter(ctx, v, id, pin)
	}
	if id == "" || v.Screen == ScreenHome {
		return nil
	}
	return a.Fingers.Tap(ctx, v, id)
}

// wanted is the row, or the way to it, that she looks for on this screen; empty when she takes what is preselected.
func (a *attending) wanted(v View) string {
	label := a.Provider
	switch v.Screen {
	case ScreenSheet, ScreenOptions:
	case ScreenComputer:
		if remember, there := v.Control("remember"); there && a.Remember && !remember.On {
			return "remember"
		}
		return ""
	default:
		return ""
	}
	for _, e := range v.Entries {
		if e.Count < 0 && !e.Off {
			label = a.Account
		}
	}
	if label == "" {
		return ""
	}
	for _, e := range v.Entries {
		if !e.Off && (e.ID == label || e.Label == label || e.ID == "provider-"+slug(label)) {
			if e.Selected {
				return ""
			}
			return e.ID
		}
	}
	if _, there := v.Control(moreOptions); there {
		return moreOptions
	}
	a.Provider = "" // it is not there: she takes what is
	return v.labelled(optionsBack)
}

// Script is what a Person does at the places that it names. Each step is taken once; several for one place are taken one after
// the other, each at the next view of it.
type Script []Step

// Step is one step of a Script.
type Step struct {
	// At is a state such as "P7", or the name of a Screen such as "call".
	At string
	// Do is what she does.
	Do Deed
	// Text is the label or id to tap, or what to type.
	Text string
	// For is how long she waits, by the phone's clock.
	For time.Duration
	// Until, if not nil, is called instead: she waits until it returns.
	Until func(context.Context) error
}

// at reports whether the step is for a view. A state names the screens of the ceremony only, not what comes over them.
func (s Step) at(v View) bool {
	return s.At == string(v.Screen) || s.At == v.State.String() && !v.Screen.covers()
}

// covers reports whether it comes over the ceremony.
func (s Screen) covers() bool {
	return s == ScreenCall || s == ScreenOff || s == ScreenDead || len(s) >= len(ScreenSettings) && s[:len(ScreenSettings)] == ScreenSettings
}

// Deed is what a Person does in a Step.
type Deed string

// The deeds, as ParseScript reads them.
const (
	TapOn   Deed = "tap"     // Text
	Type    Deed = "type"    // Text, as the PIN or into a field of an app
	GiveUp  Deed = "decline" // whatever means no on this screen
	Ignore  Deed = "ignore"  // she does not touch this screen any more
	Wait    Deed = "wait"    // For, or Until; then she looks again
	Kill    Deed = "kill"    // she swipes the app away
	Die     Deed = "die"     // the battery is empty
	TurnOff Deed = "off"     // she turns the screen off
)
