package conformance

import (
	"errors"
	"fmt"

	"github.com/passkeylab/passkeylab/reports"
)

// Verdict is how a case ended.
type Verdict string

// The verdicts. Only failed and inconclusive are bad news.
const (
	Passed          Verdict = "passed"       // Passed: what the case says was seen.
	Failed          Verdict = "failed"       // Failed: something else was seen.
	Advised         Verdict = "advised"      // Advised: nothing that the profile demands was broken, and something could be better.
	WasSkipped      Verdict = "skipped"      // WasSkipped: it does not concern this subject.
	WasInconclusive Verdict = "inconclusive" // WasInconclusive: the honest control did not hold, so nothing was proved.
)

// State is the verdict as reports have it.
func (v Verdict) State() reports.State { return reports.State(v) }

// Mismatch says that the subject did something else than the case wants. No other error means "failed".
type Mismatch struct {
	// What was put to the test, in words: "registration with client data of type webauthn.get".
	What string
	// Want and Got are what should have been and what was.
	Want, Got string
	// Broke says that the subject did not merely decide otherwise: it crashed, hung, or answered what is no answer.
	Broke bool
}

// Error tells all three.
func (m *Mismatch) Error() string {
	return fmt.Sprintf("%s: want %s, got %s", m.What, m.Want, m.Got)
}

// Skipped says that a case does not concern the subject, which showed only while it ran.
type Skipped struct{ Reason string }

// Error is the reason.
func (s *Skipped) Error() string { return s.Reason }

// Skip returns a *Skipped.
func Skip(format string, values ...any) error {
	return &Skipped{Reason: fmt.Sprintf(format, values...)}
}

// Inconclusive says that a case proved nothing, because what should have held before it did not.
type Inconclusive struct {
	// Step is what was done: "honest control".
	Step string
	// Err is what went wrong.
	Err error
}

// Error tells both.
func (i *Inconclusive) Error() string { return i.Step + ": " + i.Err.Error() }

// Unwrap returns what went wrong.
func (i *Inconclusive) Unwrap() error { return i.Err }

// Control makes an error of an honest control inconclusive, even a *Mismatch: a subject that refuses everything is not right
// about anything. A *Skipped stays one. It returns nil for nil.
func Control(step string, err error) error {
	var skipped *Skipped
	if err == nil || errors.As(err, &skipped) {
		return err
	}
	return &Inconclusive{Step: step, Err: err}
}

// Profile is the book that a subject is judged by.
type Profile string

// The profiles.
const (
	FIDO          Profile = "fido"           // FIDO: what FIDO's own conformance tool for servers wants.
	L3            Profile = "l3"             // L3: what WebAuthn Level 3 demands.
	L3Recommended Profile = "l3-recommended" // L3Recommended: what it demands and what it recommends.
)

// Profiles lists all profiles.
func Profiles() []Profile { return []Profile{FIDO, L3, L3Recommended} }

// Edition is the text that a profile judges by.
func (p Profile) Edition() string {
	if p == FIDO {
		return "FIDO2 server tests 1.9, WebAuthn L3"
	}
	return "WebAuthn L3, W3C Recommendation of 2026-08-25"
}

// lenient are the levels at which a mismatch is only advice, by profile.
var lenient = map[Profile]map[Level]bool{
	FIDO:          {Should: true, Robust: true},
	L3:            {Should: true, Robust: true, Interop: true},
	L3Recommended: {Interop: true},
}

// Judge says what an error of a case of a level comes to under a profile.
func Judge(profile Profile, level Level, err error) Verdict {
	var mismatch *Mismatch
	var skipped *Skipped
	var inconclusive *Inconclusive
	switch {
	case err == nil:
		return Passed
	case errors.As(err, &inconclusive): // before the others: it may wrap one
		return WasInconclusive
	case errors.As(err, &skipped):
		return WasSkipped
	case !errors.As(err, &mismatch):
		return WasInconclusive
	case !mismatch.Broke && lenient[profile][level]:
		return Advised
	}
	return Failed
}
