package rp

import (
	"encoding/base64"
	"slices"
	"time"
)

// The state machine of the wizard, as pure functions of a run: which screens a flow has, what leads where. It
// reads no clock and no store; a situation brings what it needs to know.

// flowScreens are the screens of each flow after S1, without the proof screens. S5 and the phone are filled in by
// Screens.
var flowScreens = map[Flow][]Screen{
	FlowAndroid: {S3, S4, S5a, S6, S7, S8, S9, S10, S11},
	FlowIOS:     {S3, S4, S5i, S6, S7, S8, S9, S10, S11},
	FlowSame:    {S3, S5a, S7, S8, S9, S10, S11},
	FlowKey:     {K1, K2, S8, S9, S10, S11},
	FlowAny:     {S7, S8, S9, S10, S11},
	FlowInApp:   {S3, V1, V2, S11},
}

// Screens returns the screens of the run in order, beginning with the proof screens S2 and S2a, which are passed
// over while the proof is fresh.
func (r *Run) Screens() []Screen {
	screens := append([]Screen{S2, S2a}, flowScreens[r.Flow]...)
	if r.Flow == FlowSame && r.PhoneOS == IOS {
		screens[slices.Index(screens, S5a)] = S5i
	}
	return screens
}

// rank is the screen's place in the run, -1 if the run has no such screen.
func (r *Run) rank(s Screen) int { return slices.Index(r.Screens(), s) }

// first is the screen after the proof; ready the one whose primary action starts the ceremony, in the app where it is made
// there.
func (r *Run) first() Screen { return r.Screens()[2] }

func (r *Run) ready() Screen {
	switch r.Flow {
	case FlowKey:
		return K2
	case FlowInApp:
		return V1
	}
	return S7
}

// lastAsked is the furthest screen that can be opened by its address before there is a passkey: those behind it belong to a
// ceremony of the page, and flow E has none.
func (r *Run) lastAsked() Screen {
	if r.Flow == FlowInApp {
		return V2
	}
	return r.ready()
}

// crossDevice reports whether the phone is another device than the browser's.
func (r *Run) crossDevice() bool { return r.Flow == FlowAndroid || r.Flow == FlowIOS }

// ResultKey returns the id of the passkey that the run made, in base64url, "" before.
func (r *Run) ResultKey() string { return base64.RawURLEncoding.EncodeToString(r.ResultCredentialID) }

// Over reports whether the run has ended: cancelled, finished, or taken over by another.
func (r *Run) Over() bool { return !r.ClosedAt.IsZero() || r.SupersededBy != "" }

// Progress returns the number of the current step and how many there are, for "step n of m". Choosing the method
// is step 1; the proof and the waiting belong to the step they interrupt.
func (r *Run) Progress() (n, of int) {
	steps := slices.DeleteFunc(append([]Screen{S1}, r.Screens()[2:]...), func(s Screen) bool { return s == S8 || s == S9 })
	current := r.Screen
	switch {
	case current == S2 || current == S2a:
		current = S1
		if r.After != "" && r.After != r.first() {
			current = r.After
		}
	case current == S8 || current == S9 || current.Problem():
		current = r.ready()
	}
	return max(0, slices.Index(steps, current)) + 1, len(steps)
}

// BackScreen returns the screen that Back leads to, "" where there is none: while checking and once the passkey
// is stored.
func (r *Run) BackScreen() Screen {
	switch r.Screen {
	case S2:
		return S1
	case S2a:
		return S2
	case S8:
		return r.ready()
	case S9, S10, S11, S0, S1:
		return ""
	case E1, E2, E2b, E7, E9, E10, E11, E12:
		return r.ready()
	case E3, E4, E5a, E5b, E5c, E5d, E8:
		return S1
	case E6:
		return ""
	case r.first():
		return S1
	}
	screens := r.Screens()
	return screens[slices.Index(screens, r.Screen)-1]
}

// CancelAsks reports whether Cancel asks for confirmation here: only where something is at stake.
func (r *Run) CancelAsks() bool { return r.Screen == S8 || r.Screen == S9 || r.Screen == S10 }

// situation is what a transition may depend on besides the run and the input.
type situation struct {
	fresh bool
	now   time.Time
}

// maxAttempts is how many ceremonies may fail in a row before the wizard asks for a pause of retryPause.
const (
	maxAttempts = 5
	retryPause  = time.Minute
)

// next returns where an event leads, and whether it leads anywhere at all: an event that the screen does not
// have leaves the run where it is. The answers S0 and S1 leave the run's pages; S0 ends it.
func (r *Run) next(event Event, at situation) (Screen, bool) {
	switch event {
	case EventCancel:
		return S0, r.Screen != S9
	case EventBack:
		to := r.BackScreen()
		return to, to != ""
	case EventNext:
		return r.forward(at)
	case EventRetry:
		return r.retry(at)
	case EventOtherPhone:
		if r.Flow == FlowSame {
			return turnOnScreen(r.PhoneOS), r.Screen == S5a || r.Screen == S5i
		}
		return S4, r.Screen == S5a || r.Screen == S5i
	case EventTrouble:
		if r.Flow == FlowSame {
			return turnOnScreen(r.PhoneOS), r.lookedFor()
		}
		return S4, r.lookedFor()
	case EventInApp:
		if r.Screen == E5c { // where the flow begins: its app may not have been spoken of yet
			return r.proofThen(S3, at), true
		}
		return V1, r.mayTurnToApp()
	case EventDifferent:
		return S1, r.Screen == S8 || r.Screen == S3 || r.Screen.Problem()
	case EventShow:
		return S0, r.Screen.Problem()
	}
	return "", false
}

// forward is the primary action of the screens that only explain or ask. S7 and K2 are not here: their primary
// action is a ceremony.
func (r *Run) forward(at situation) (Screen, bool) {
	switch r.Screen {
	case S2:
		if !at.fresh {
			return S2a, true
		}
		return r.afterProof(), true
	case S3:
		return r.Screens()[r.rank(S3)+1], true
	case S4:
		return turnOnScreen(r.PhoneOS), r.PhoneOS != ""
	case S5a, S5i:
		return r.Screens()[r.rank(r.Screen)+1], true
	case S6:
		return S7, true
	case V1:
		return V2, true
	case K1:
		return K2, r.KeyTransport != ""
	case S10:
		return S11, true
	case S11:
		return S0, true
	}
	return "", false
}

// retry is the primary action of the problem screens, and "Start again" on the Waiting screen.
func (r *Run) retry(at situation) (Screen, bool) {
	switch r.Screen {
	case S8:
		return r.ready(), true
	case E1:
		switch {
		case r.Attempt >= maxAttempts:
			return E11, true
		case r.crossDevice() && r.Attempt >= 2:
			return S6, true
		}
		return r.proofThen(r.ready(), at), true
	case E11:
		if r.Problem != nil && at.now.Before(r.Problem.RetryAt) {
			return E11, true
		}
		return r.proofThen(r.ready(), at), true
	case E2, E2b, E10, E12:
		return r.proofThen(r.ready(), at), true
	case E7:
		if r.SupersededBy != "" {
			return S1, true
		}
		return r.proofThen(r.ready(), at), true
	case E6:
		return r.proofThen(r.afterProof(), at), true
	case E9:
		return E9, true
	case V2:
		return V2, true
	}
	return "", false
}

// mayTurnToApp reports whether the screen has a way to the app: where a phone is made ready for the browser, and where what came of
// that was refused.
func (r *Run) mayTurnToApp() bool {
	switch r.Screen {
	case S4, S5a, S5i, E5c:
		return true
	case E2, E2b:
		return r.Flow != FlowKey && r.Flow != FlowAny
	}
	return false
}

// lookedFor reports whether the passkey is to be made in the app, and the person is told so or it is looked for.
func (r *Run) lookedFor() bool { return r.Screen == V1 || r.Screen == V2 }

// afterProof is where a proof leads back to.
func (r *Run) afterProof() Screen {
	if r.After != "" {
		return r.After
	}
	if r.rank(r.Furthest) >= r.rank(r.ready()) {
		return r.ready()
	}
	return r.first()
}

// proofThen is target while the proof is fresh, the proof screen before it otherwise.
func (r *Run) proofThen(target Screen, at situation) Screen {
	if at.fresh {
		return target
	}
	return S2a
}

// turnOnScreen is the settings screen of a phone.
func turnOnScreen(os PhoneOS) Screen {
	if os == IOS {
		return S5i
	}
	return S5a
}

// goTo moves the run to one of its screens and keeps what follows from that: how far it got, where a proof leads
// back to, what a problem screen explains.
func (r *Run) goTo(to Screen) {
	if to == S2 || to == S2a {
		if r.After == "" {
			r.After = r.afterProof()
		}
	} else {
		r.After = ""
	}
	if !to.Problem() {
		r.Problem = nil
	}
	if to != r.ready() {
		r.Interrupted = false
	}
	r.Screen = to
	if rank := r.rank(to); rank > r.rank(r.Furthest) {
		r.Furthest = to
	}
}

// fail moves the run to the screen of a refusal.
func (r *Run) fail(refusal *Refusal) {
	screen := refusal.Code.Screen()
	if screen == S7 {
		screen = r.ready()
	}
	r.goTo(screen)
	if screen.Problem() {
		r.Problem = refusal
	}
}

// answer takes over what the person answered on a screen: the phone, the kind of key. A known answer stays when
// the screen is passed again without a new one.
func (r *Run) answer(in Input) {
	switch {
	case r.Screen == S4 && in.Event == EventNext && (in.PhoneOS == Android || in.PhoneOS == IOS) && in.PhoneOS != r.PhoneOS:
		r.PhoneOS = in.PhoneOS
		r.Flow = FlowAndroid
		if in.PhoneOS == IOS {
			r.Flow = FlowIOS
		}
		// The other phone's steps have not been seen yet.
		r.Furthest = S4
	case in.Event == EventOtherPhone && r.Flow == FlowSame && r.Screen == S5a:
		r.PhoneOS, r.Furthest = IOS, S3
	case in.Event == EventOtherPhone && r.Flow == FlowSame && r.Screen == S5i:
		r.PhoneOS, r.Furthest = Android, S3
	case in.Event == EventTrouble && r.lookedFor():
		r.Flow, r.Furthest = FlowAndroid, S3
		if r.PhoneOS != "" {
			r.Flow = FlowSame
		}
	case in.Event == EventInApp && r.mayTurnToApp():
		if r.crossDevice() {
			r.PhoneOS = ""
		}
		r.Flow, r.Furthest = FlowInApp, S3
	case r.Screen == K1 && (in.KeyTransport == KeyUSB || in.KeyTransport == KeyNFC):
		r.KeyTransport = in.KeyTransport
	}
}

// open decides which screen an address of the run shows: the asked one if it was reached and may be shown again.
func (r *Run) open(asked Screen) (show Screen) {
	switch {
	case len(r.ResultCredentialID) > 0:
		if asked == r.Screen || asked == S10 || asked == S9 || asked == S8 {
			return r.Screen
		}
		return S0
	case asked == S8:
		if r.Screen == S8 {
			return r.ready()
		}
		return r.Screen
	case asked == S9:
		if r.Screen == S8 {
			return E9
		}
		return r.Screen
	case asked.Problem() || asked == S2a || asked == S2:
		// Only where the run stands: these screens belong to a moment.
		if asked == r.Screen || asked == S2 && r.Screen == S2a {
			return asked
		}
		return r.Screen
	case r.rank(asked) < 0 || r.rank(asked) > r.rank(r.Furthest) || r.rank(asked) > r.rank(r.lastAsked()):
		return r.furthestAllowed()
	}
	return asked
}

// leavesCeremony reports whether a response may still come while the run is where it is, and may not on the other screen:
// nobody waits there for a phone, for word of what became of it, or for the end of a pause.
func (r *Run) leavesCeremony(to Screen) bool {
	return (r.Screen == S8 || r.Screen == E9 || r.Screen == E11) && to != r.Screen && to != E9
}

// furthestAllowed is where an address ahead of the run's progress is sent.
func (r *Run) furthestAllowed() Screen {
	if r.Screen.Problem() || r.Screen == S2 || r.Screen == S2a {
		return r.Screen
	}
	if r.rank(r.Furthest) > r.rank(r.lastAsked()) {
		return r.lastAsked()
	}
	return r.Furthest
}
