package rp

import "time"

// Flow is one way through the wizard.
type Flow string

// The flows. FlowAndroid and FlowIOS differ in words only; a run in the app on another device starts as
// FlowAndroid and becomes what is picked on S4.
const (
	FlowAndroid Flow = "A" // phone app, cross-device, Android
	FlowIOS     Flow = "B" // phone app, cross-device, iOS
	FlowSame    Flow = "C" // phone app, on this very phone
	FlowKey     Flow = "D" // security key
	FlowAny     Flow = "P" // a passkey anywhere
	FlowInApp   Flow = "E" // made in the phone app itself, which the wizard then looks for
)

// AddMethod is one row of the Choose-a-method screen.
type AddMethod string

// The rows, in the order shown.
const (
	AddApp     AddMethod = "app"
	AddKey     AddMethod = "security-key"
	AddPasskey AddMethod = "passkey"
	// AddInApp is there where the organisation's app has an API (Config.Apps).
	AddInApp AddMethod = "in-app"
)

// PhoneOS is the phone the person picked, or that client hints told.
type PhoneOS string

// The phones; the zero value is "not yet known".
const (
	Android PhoneOS = "android"
	IOS     PhoneOS = "ios"
)

// KeyTransport is the answer on K1.
type KeyTransport string

// The kinds of key.
const (
	KeyUSB KeyTransport = "usb"
	KeyNFC KeyTransport = "nfc"
)

// Choice is one row of S1 as it stands for this user.
type Choice struct {
	Method AddMethod
	// Disabled is the code whose text tells why the row cannot be chosen, "" when it can.
	Disabled Code
	// LeadsTo is the code of the screen that choosing the row leads to instead of a run, "" for the rows that start one.
	LeadsTo Code
	// Existing is the user's newest passkey in the approved app, nil if none: the row then notes it.
	Existing *Credential
}

// Start is what starts a run.
type Start struct {
	Method AddMethod
	// SameDevice is true when the browser runs on the phone that will keep the passkey (client hints).
	SameDevice bool
	// PhoneOS is what client hints told of a phone, "" otherwise.
	PhoneOS PhoneOS
	// Unsupported is true when the page found no WebAuthn in this browser.
	Unsupported bool
}

// Event is what a person does on a wizard screen.
type Event string

// The events.
const (
	// EventNext is the primary action of S2 to S6, K1, and S10 (keep the name) and S11.
	EventNext Event = "next"
	// EventBack goes to the screen before, EventCancel to Security info.
	EventBack   Event = "back"
	EventCancel Event = "cancel"
	// EventRetry is "Try again", "I've removed it, try again", "Start again", on E6 "Confirm" and on V2 "Check again".
	EventRetry Event = "retry"
	// EventOtherPhone is "Not an Android phone?" on S5: it asks again, or on the phone itself shows the other
	// phone's words.
	EventOtherPhone Event = "other-phone"
	// EventTrouble is "Create it a different way" of V1 and V2, EventInApp the way to the app: back to it from S4 and S5, and
	// from E2 and E5c as the way that is left.
	EventTrouble Event = "trouble"
	EventInApp   Event = "in-app"
	// EventDifferent is "Use a different way".
	EventDifferent Event = "different"
	// EventShow is E3's "Show my passkeys", E4's "Manage passkeys" and E2's "Do this later".
	EventShow Event = "show"
)

// Input is one event with the screen it happened on and the answer given there.
type Input struct {
	Event Event
	// From is the screen the form was shown on. An input from a screen that the run has left is answered with
	// the run as it is, so that a double click moves on once.
	From Screen
	// PhoneOS answers S4, KeyTransport K1.
	PhoneOS      PhoneOS
	KeyTransport KeyTransport
}

// Run is one walk through the wizard.
type Run struct {
	ID, UserID, SessionID string
	Flow                  Flow
	PhoneOS               PhoneOS
	KeyTransport          KeyTransport
	// Screen is where the person is now, Furthest the furthest screen they may open by its address.
	Screen, Furthest Screen
	// After is where the proof leads back to while Screen is S2 or S2a, "" otherwise.
	After Screen
	// Attempt counts ceremonies from 1; Refusals counts those that ended in the wrong provider.
	Attempt, Refusals int
	// Problem is what an E screen explains, nil on other screens.
	Problem *Refusal
	// LastProvider is the name of the wrong provider of the attempt before, "" if it has none.
	LastProvider string
	// Interrupted is true on S7 after the Waiting screen was left or reloaded.
	Interrupted       bool
	StartedAt, SeenAt time.Time
	// SupersededBy is the run that took over; ClosedAt is set when the run is over.
	SupersededBy string
	ClosedAt     time.Time
	// ResultCredentialID is the passkey that the run made, nil before.
	ResultCredentialID []byte

	policyDigest string
}

// Outcome is what became of a run's latest ceremony.
type Outcome struct {
	State OutcomeState
	// Run is the run, moved on where the state says so; Credential is set when stored; Refusal when not.
	Run        *Run
	Credential *Credential
	Refusal    *Refusal
}

// OutcomeState says whether the passkey is stored.
type OutcomeState string

// The outcomes. OutcomePending means that verify has not arrived and still may.
const (
	OutcomeStored    OutcomeState = "stored"
	OutcomeNotStored OutcomeState = "not-stored"
	OutcomePending   OutcomeState = "pending"
)
