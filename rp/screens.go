package rp

// Screen is the id of one page of the product: S0 to S11, K1, K2 and V1, V2 of the wizard, E1 to E12 where it explains
// a problem, and the sign-in pages. The value is what a page carries in its data-step attribute.
type Screen string

// The wizard's screens, in the order of the longest flow.
const (
	S0  Screen = "S0"  // Security info
	S1  Screen = "S1"  // Choose a method
	S2  Screen = "S2"  // Confirm it is you
	S2a Screen = "S2a" // Proof challenge
	S3  Screen = "S3"  // Get the app
	S4  Screen = "S4"  // Which phone
	S5a Screen = "S5a" // Turn the app on, Android
	S5i Screen = "S5i" // Turn the app on, iOS
	S6  Screen = "S6"  // Get both devices ready
	S7  Screen = "S7"  // Where it will be saved
	S8  Screen = "S8"  // Waiting for the phone or key
	S9  Screen = "S9"  // Checking
	S10 Screen = "S10" // Name it
	S11 Screen = "S11" // Done
	K1  Screen = "K1"  // What kind of key
	K2  Screen = "K2"  // Have it ready
	V1  Screen = "V1"  // Finish in the app
	V2  Screen = "V2"  // Checking whether the app has made it
)

// The screens that name a problem.
const (
	E1  Screen = "E1"  // Setup did not finish
	E2  Screen = "E2"  // Saved in the wrong place
	E2b Screen = "E2b" // This passkey syncs
	E3  Screen = "E3"  // You already have a passkey here
	E4  Screen = "E4"  // You have reached the limit
	E5a Screen = "E5a" // Not available for your account
	E5b Screen = "E5b" // Your admin adds passkeys for you
	E5c Screen = "E5c" // Create it inside the app
	E5d Screen = "E5d" // Use your home organisation
	E6  Screen = "E6"  // Confirm it is you again
	E7  Screen = "E7"  // This setup expired
	E8  Screen = "E8"  // This browser cannot do it here
	E9  Screen = "E9"  // Checking what happened
	E10 Screen = "E10" // This passkey could not be accepted
	E11 Screen = "E11" // Wait a moment
	E12 Screen = "E12" // Your phone has one we do not
)

// F1 is the campaign's question after sign-in.
const F1 Screen = "F1"

// The sign-in screens.
const (
	SignIn    Screen = "sign-in"
	SIUnknown Screen = "SI-unknown"
	SIStray   Screen = "SI-stray"
	SIBlocked Screen = "SI-blocked"
	SIFailed  Screen = "SI-failed"
)

// screenWords are the last segments of the run's URLs. S5a and S5i share one: which is shown depends on the
// run, not on the address.
var screenWords = map[Screen]string{
	S2: "confirm", S2a: "prove", S3: "get-app", S4: "which-phone", S5a: "turn-on", S5i: "turn-on",
	S6: "get-ready", S7: "save-in", S8: "waiting", S9: "checking", S10: "name", S11: "done",
	K1: "key-kind", K2: "key-ready", V1: "in-app", V2: "look-in-app",
}

// Word returns the last segment of the screen's URL below its run: "confirm" for S2, "problem" for every E
// screen, "" for a screen that is not below a run (S0, S1, sign-in).
func (s Screen) Word() string {
	if s.Problem() {
		return "problem"
	}
	return screenWords[s]
}

// Problem reports whether the screen is one of E1 to E12.
func (s Screen) Problem() bool { return len(s) > 1 && s[0] == 'E' }

// ScreenByWord returns the screen that a URL's last segment stands for within the run, and whether the run has
// such a screen at all. "turn-on" is S5a or S5i by the run's phone; "problem" is the run's problem.
func (r *Run) ScreenByWord(word string) (Screen, bool) {
	if word == "problem" {
		if r.Problem == nil {
			return "", false
		}
		return r.Problem.Code.Screen(), true
	}
	for _, screen := range r.Screens() {
		if screen.Word() == word {
			return screen, true
		}
	}
	return "", false
}
