package rp

import (
	"errors"
	"fmt"
	"time"
)

// ErrNotFound is returned for a run, credential, session or user that does not exist or belongs to somebody
// else: the two are never told apart.
var ErrNotFound = errors.New("rp: not found")

// ErrConflict is returned when something was changed by somebody else in the meantime.
var ErrConflict = errors.New("rp: changed in the meantime")

// Refusal is the typed "no" of the relying party. Its exported fields may be shown to the person; the wrapped
// cause is for the log only. It travels as an error: use errors.As, or AsRefusal.
type Refusal struct {
	// Code says which refusal it is; Code.Screen and Code.Status follow from it.
	Code Code `json:"code"`
	// AAGUID is the authenticator model of the verified attestation object, as a UUID string, "" when none
	// was verified.
	AAGUID string `json:"aaguid,omitempty"`
	// Provider is the provider's display name by AAGUID, "" when it is unknown or was not disclosed.
	Provider string `json:"provider,omitempty"`
	// ProviderKey is the provider's short key in the data file ("google-password-manager"), "unknown" if none.
	ProviderKey string `json:"providerKey,omitempty"`
	// ProviderKnown is false for an AAGUID that has no name, and for the all-zero one.
	ProviderKnown bool `json:"providerKnown"`
	// DeviceScope is where the passkey was made, as far as the client said.
	DeviceScope DeviceScope `json:"deviceScope,omitempty"`
	// Stray says whether a passkey may be left on the device.
	Stray Stray `json:"stray,omitempty"`
	// Steps are the message keys of the provider's removal steps, in order.
	Steps []string `json:"steps,omitempty"`
	// Hints are message keys of extra advice, earned by repetition (WP-13, WP-16).
	Hints []string `json:"hints,omitempty"`
	// CredentialID is the base64url id of the passkey that was refused, set only with SignalUnknown.
	CredentialID string `json:"credentialId,omitempty"`
	// SignalUnknown tells the page to call PublicKeyCredential.signalUnknownCredential: only when the passkey
	// is on this very device and definitely not stored here. WebAuthn L3 §5.1.10.2.
	SignalUnknown bool `json:"signalUnknown,omitempty"`
	// TriesLeft is how many wrong codes remain before the lock (CodeWrongCode).
	TriesLeft int `json:"triesLeft,omitempty"`
	// RetryAt is when the next try is allowed (CodeLocked, CodeRateLimited), zero otherwise.
	RetryAt time.Time `json:"retryAt,omitzero"`
	// Limit is the number of passkeys a user may have (CodeLimitReached).
	Limit int `json:"limit,omitempty"`

	cause error
}

// ErrOutOfStep is returned when a ceremony is asked for on a screen of the run that does not lead to one. The
// page should open the run's screen instead.
var ErrOutOfStep = errors.New("rp: the run is not at this step")

// The hints of Refusal.Hints, message keys of advice that repetition has earned.
const (
	// HintSwitchOff suggests to turn the other provider off for a minute (third refusal in a run).
	HintSwitchOff = "hint.switch_other_off"
	// HintOtherFlow suggests another flow, such as the phone's own browser (third refusal in a run).
	HintOtherFlow = "hint.other_flow"
	// HintInApp suggests to make it inside the organisation's app, where there is one: flow E (third refusal in a run).
	HintInApp = "hint.in_app"
	// HintBrowser says that some browsers on phones ignore the choice (second refusal in the same-device flow).
	HintBrowser = "hint.browser_ignores_provider"
)

// DeviceScope is where a passkey was made, as far as the response's authenticatorAttachment told.
type DeviceScope string

// The device scopes; the zero value means that the client did not say.
const (
	ScopeThisDevice  DeviceScope = "this-device"
	ScopeOtherDevice DeviceScope = "other-device"
)

// Error describes the refusal for a log. Pages show texts by code instead.
func (r *Refusal) Error() string {
	if r.cause != nil {
		return fmt.Sprintf("rp: refused: %s: %v", r.Code, r.cause)
	}
	return fmt.Sprintf("rp: refused: %s", r.Code)
}

// Unwrap returns the cause, nil if there is none.
func (r *Refusal) Unwrap() error { return r.cause }

// Is makes errors.Is match two refusals of the same code.
func (r *Refusal) Is(target error) bool {
	other, ok := target.(*Refusal)
	return ok && other.Code == r.Code
}

// AsRefusal returns the refusal in err's chain, nil if there is none.
func AsRefusal(err error) *Refusal {
	var refusal *Refusal
	if errors.As(err, &refusal) {
		return refusal
	}
	return nil
}

// refuse makes a refusal with the stray answer that the table gives for its code.
func refuse(code Code, cause error) *Refusal {
	return &Refusal{Code: code, Stray: code.Info().Stray, cause: cause}
}

// FieldError is a form field's typed error: which field, what is wrong (a message key), and what the text
// needs. Several may be joined by errors.Join; use FieldErrors to get them all.
type FieldError struct {
	// Field is the form field's name: "name", "userName", "displayName", "password", "code".
	Field string
	// Problem is the message key: see the Problem constants.
	Problem string
	// Max is the limit that was exceeded, where there is one.
	Max int
	// Suggestion is a value that would be accepted ("{{app}} on Android 2"), "" if there is none.
	Suggestion string
}

// The problems a field can have.
const (
	ProblemEmpty     = "field.empty"
	ProblemTooLong   = "field.too_long"
	ProblemTooShort  = "field.too_short"
	ProblemDuplicate = "field.duplicate"
	ProblemForbidden = "field.forbidden_characters"
	ProblemInvalid   = "field.invalid"
	ProblemFrequent  = "field.frequent_password"
	ProblemGuessable = "field.guessable_password"
	ProblemSame      = "field.same_password"
)

// Error describes the problem for a log, without the value that was typed.
func (e *FieldError) Error() string { return "rp: field " + e.Field + ": " + e.Problem }

// FieldErrors returns the field errors in err, nil if there are none.
func FieldErrors(err error) []*FieldError {
	var list interface{ Unwrap() []error }
	if errors.As(err, &list) {
		var all []*FieldError
		for _, one := range list.Unwrap() {
			all = append(all, FieldErrors(one)...)
		}
		return all
	}
	var field *FieldError
	if errors.As(err, &field) {
		return []*FieldError{field}
	}
	return nil
}
