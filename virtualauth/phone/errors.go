package phone

import (
	"context"
	"errors"
	"fmt"
	"strings"
)

// ErrorClass is the number by which a phone tells what went wrong before, or instead of, an answer. The numbers are those of
// Chromium's phone module; the words on the screen are this package's own.
type ErrorClass int

// The classes.
const (
	UnexpectedEnd         ErrorClass = 100 // the computer went away, or never came
	TunnelFailed          ErrorClass = 101 // the tunnel server could not be reached
	HandshakeFailed       ErrorClass = 102
	DecryptionFailed      ErrorClass = 103
	BadCBOR               ErrorClass = 104 // a message that is no CBOR
	BadCTAP               ErrorClass = 105 // CBOR that is no request
	UnknownCommand        ErrorClass = 106
	Internal              ErrorClass = 107 // such as a key store that fails
	NoScreenLock          ErrorClass = 110
	NoBluetoothPermission ErrorClass = 111
	BadQR                 ErrorClass = 112 // malformed, or too old
	EndWhileProcessing    ErrorClass = 113 // the computer went away after it had asked
	SelectionReceived     ErrorClass = 114 // authenticatorSelection, which phones do not take part in
	DiscoverableRequested ErrorClass = 115 // a request without a list, on a phone that needs one
)

// classWords is never written after the program has started.
var classWords = map[ErrorClass]string{
	UnexpectedEnd:         "The computer did not answer. Keep the phone near it, and show a new code.",
	TunnelFailed:          "No connection to the computer. Check that this phone is online, and that the network lets passkeys through.",
	HandshakeFailed:       "The connection to the computer is not safe and was closed.",
	DecryptionFailed:      "A message from the computer could not be read.",
	BadCBOR:               "The computer sent something that this phone does not understand.",
	BadCTAP:               "The computer sent a request that is not complete.",
	UnknownCommand:        "The computer asked for something that this phone cannot do.",
	Internal:              "Something went wrong on this phone. The passkey was not saved.",
	NoScreenLock:          "Set a screen lock to use passkeys on this phone.",
	NoBluetoothPermission: "Allow access to nearby devices, so that this phone can see that the computer is near.",
	BadQR:                 "This code is not valid. Show a new one on the computer.",
	EndWhileProcessing:    "The connection to the computer was lost.",
	SelectionReceived:     "The computer asked which device to use. Choose this phone there.",
	DiscoverableRequested: "This phone has to be told which account it is about.",
}

// Words returns what the phone says to its user; empty for a number that is no class.
func (c ErrorClass) Words() string { return classWords[c] }

// Error is a ceremony that ended with an error screen. errors.Is finds Err; errors.As finds the Error by its class.
type Error struct {
	Class ErrorClass
	// State is where the ceremony stood.
	State State
	// Err is what went wrong beneath; it may be nil.
	Err error
}

// Error tells class, state and cause.
func (e *Error) Error() string {
	text := fmt.Sprintf("phone: error %d at %v: %s", int(e.Class), e.State, e.Class.Words())
	if e.Err != nil {
		text += " (" + e.Err.Error() + ")"
	}
	return text
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// Why a ceremony ended without an error screen, or what stands behind one; test for them with errors.Is.
var (
	// ErrDeclined says that the user gave up.
	ErrDeclined = errors.New("phone: the user declined")
	// ErrNotRead says that what the camera saw led nowhere: a scanner that does not know FIDO codes.
	ErrNotRead = errors.New("phone: the scanner does not understand the code")
	// ErrKilled says that the app was killed in the middle, or the phone died.
	ErrKilled = errors.New("phone: the ceremony was killed")
	// ErrTimedOut says that the phone waited for as long as it waits.
	ErrTimedOut = errors.New("phone: timed out")
	// ErrExpired says that a QR code is older than Settings.QRLife.
	ErrExpired = errors.New("phone: the QR code has expired")
	// ErrLockedOut says that the screen lock lets nobody in any more.
	ErrLockedOut = errors.New("phone: locked after too many wrong attempts")
	// ErrOffline says that the phone has no network.
	ErrOffline = errors.New("phone: no network")
	// ErrBlocked says that the network does not let the phone through to the tunnel server.
	ErrBlocked = errors.New("phone: the network blocks the tunnel server")
	// ErrStorage says that a provider could not store a passkey.
	ErrStorage = errors.New("phone: the provider's storage failed")
	// ErrNoApp says that a provider has no app to be opened on this phone.
	ErrNoApp = errors.New("phone: there is no such app")
	// ErrSignInAgain and ErrProveAgain are what a Service fails with when the app's session is over, or its proof too old.
	ErrSignInAgain = errors.New("phone: the service wants a new sign-in")
	ErrProveAgain  = errors.New("phone: the service wants a new proof")
	// ErrBusy says that there is a ceremony already.
	ErrBusy = errors.New("phone: it is in a ceremony already")
)

// TapError says that there is nothing to tap by an id. The screen may have moved on: look at the View again.
type TapError struct {
	// Control is what was to be tapped, Screen what the phone shows, There what can be tapped.
	Control string
	Screen  Screen
	There   []string
}

// Error names what can be tapped.
func (e *TapError) Error() string {
	there := "nothing can be tapped"
	if len(e.There) > 0 {
		there = "there are " + strings.Join(e.There, ", ")
	}
	return fmt.Sprintf("phone: no %q on the screen %s; %s", e.Control, e.Screen, there)
}

// StepError says that a script asks for what is not on the screen.
type StepError struct {
	Step   Step
	Screen Screen
	// There is what can be tapped.
	There []string
}

// Error tells the step, and what can be tapped.
func (e *StepError) Error() string {
	return fmt.Sprintf("phone: script, %s: nothing like that on the screen %s; there are %s",
		strings.TrimSpace(Script{e.Step}.String()), e.Screen, strings.Join(e.There, ", "))
}

// SettingsError says what settings lack or contradict.
type SettingsError struct {
	// Field is the path of the field, such as "Providers[1].Name".
	Field string
	// Problem says what is wrong and what to do.
	Problem string
}

// Error names the field.
func (e *SettingsError) Error() string { return "phone: Settings." + e.Field + ": " + e.Problem }

// ended returns why ctx ended: what it was cancelled with, or its plain error.
func ended(ctx context.Context) error { return context.Cause(ctx) }
