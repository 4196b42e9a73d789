package ctap2

import (
	"context"

	"github.com/fxamacker/cbor/v2"
)

// BioEnrollmentSubCommand says what authenticatorBioEnrollment shall do (CTAP 2.3 §6.7).
type BioEnrollmentSubCommand uint

// The sub-commands of authenticatorBioEnrollment.
const (
	// EnrollBegin takes the first sample of a new finger (CTAP 2.3 §6.7.4).
	EnrollBegin BioEnrollmentSubCommand = 0x01
	// EnrollCaptureNextSample takes one more (CTAP 2.3 §6.7.4).
	EnrollCaptureNextSample BioEnrollmentSubCommand = 0x02
	// CancelCurrentEnrollment drops the unfinished finger (CTAP 2.3 §6.7.5).
	CancelCurrentEnrollment BioEnrollmentSubCommand = 0x03
	// EnumerateEnrollments lists the fingers (CTAP 2.3 §6.7.6).
	EnumerateEnrollments BioEnrollmentSubCommand = 0x04
	// SetFriendlyName names a finger (CTAP 2.3 §6.7.7).
	SetFriendlyName BioEnrollmentSubCommand = 0x05
	// RemoveEnrollment forgets a finger (CTAP 2.3 §6.7.8).
	RemoveEnrollment BioEnrollmentSubCommand = 0x06
	// GetFingerprintSensorInfo describes the sensor (CTAP 2.3 §6.7.3).
	GetFingerprintSensorInfo BioEnrollmentSubCommand = 0x07
)

// String returns the sub-command's name in CTAP 2.3 §6.7, or its number.
func (s BioEnrollmentSubCommand) String() string {
	return nameOf("subCommand", uint(s), bioEnrollmentNames[:])
}

// bioEnrollmentNames is indexed by sub-command and never written after the program has started.
var bioEnrollmentNames = [...]string{
	EnrollBegin: "enrollBegin", EnrollCaptureNextSample: "enrollCaptureNextSample",
	CancelCurrentEnrollment: "cancelCurrentEnrollment", EnumerateEnrollments: "enumerateEnrollments",
	SetFriendlyName: "setFriendlyName", RemoveEnrollment: "removeEnrollment",
	GetFingerprintSensorInfo: "getFingerprintSensorInfo",
}

// ModalityFingerprint is the only kind of user verification that can be enrolled (CTAP 2.3 §6.7).
const ModalityFingerprint = 0x01

// Kinds of fingerprint sensors (CTAP 2.3 §6.7.3).
const (
	// SensorTouch takes a finger that rests on it.
	SensorTouch = 0x01
	// SensorSwipe takes a finger that moves over it.
	SensorSwipe = 0x02
)

// SampleStatus is how good a sample of a finger was (CTAP 2.3 §6.7, lastEnrollSampleStatus).
type SampleStatus byte

// The sample statuses. Every one but SampleGood leaves the number of remaining samples as it was.
const (
	SampleGood                     SampleStatus = 0x00
	SampleTooHigh                  SampleStatus = 0x01
	SampleTooLow                   SampleStatus = 0x02
	SampleTooLeft                  SampleStatus = 0x03
	SampleTooRight                 SampleStatus = 0x04
	SampleTooFast                  SampleStatus = 0x05
	SampleTooSlow                  SampleStatus = 0x06
	SamplePoorQuality              SampleStatus = 0x07
	SampleTooSkewed                SampleStatus = 0x08
	SampleTooShort                 SampleStatus = 0x09
	SampleMergeFailure             SampleStatus = 0x0A
	SampleExists                   SampleStatus = 0x0B // the finger is enrolled already
	SampleNoUserActivity           SampleStatus = 0x0D // nobody touched the sensor in time
	SampleNoUserPresenceTransition SampleStatus = 0x0E // the finger was not lifted in between
)

// String returns the status's name in CTAP 2.3 §6.7 without its prefix, or its number.
func (s SampleStatus) String() string { return nameOf("sample status", uint(s), sampleNames[:]) }

// sampleNames is indexed by status and never written after the program has started.
var sampleNames = [...]string{
	SampleGood: "GOOD", SampleTooHigh: "TOO_HIGH", SampleTooLow: "TOO_LOW", SampleTooLeft: "TOO_LEFT",
	SampleTooRight: "TOO_RIGHT", SampleTooFast: "TOO_FAST", SampleTooSlow: "TOO_SLOW", SamplePoorQuality: "POOR_QUALITY",
	SampleTooSkewed: "TOO_SKEWED", SampleTooShort: "TOO_SHORT", SampleMergeFailure: "MERGE_FAILURE",
	SampleExists: "EXISTS", SampleNoUserActivity: "NO_USER_ACTIVITY",
	SampleNoUserPresenceTransition: "NO_USER_PRESENCE_TRANSITION",
}

// BioEnrollmentRequest is the parameter map of authenticatorBioEnrollment (CTAP 2.3 §6.7).
type BioEnrollmentRequest struct {
	// Modality is ModalityFingerprint; required with a sub-command.
	Modality uint `cbor:"1,keyasint,omitempty"`
	// SubCommand is required unless GetModality is true; nil means missing.
	SubCommand *BioEnrollmentSubCommand `cbor:"2,keyasint,omitempty"`
	// Parameters is a BioEnrollmentParameters, encoded. It stays as it was sent, because PINUVAuthParam is over its very
	// bytes.
	Parameters cbor.RawMessage `cbor:"3,keyasint,omitempty"`
	// PINUVAuthProtocol says how PINUVAuthParam was made; nil means missing.
	PINUVAuthProtocol *uint `cbor:"4,keyasint,omitempty"`
	// PINUVAuthParam authenticates Message under a PIN/UV auth token.
	PINUVAuthParam Bytes `cbor:"5,keyasint,omitempty"`
	// GetModality asks which modality there is, and for nothing else (CTAP 2.3 §6.7.2).
	GetModality bool `cbor:"6,keyasint,omitempty"`
}

// Message returns the bytes that PINUVAuthParam is over: modality ‖ sub-command ‖ parameters as encoded (CTAP 2.3 §6.7.4
// to §6.7.8).
func (r *BioEnrollmentRequest) Message() []byte {
	message := []byte{byte(r.Modality)}
	if r.SubCommand != nil {
		message = append(message, byte(*r.SubCommand))
	}
	return append(message, r.Parameters...)
}

// BioEnrollmentParameters is subCommandParams (CTAP 2.3 §6.7); each sub-command has its own required members.
type BioEnrollmentParameters struct {
	// TemplateID names a finger.
	TemplateID Bytes `cbor:"1,keyasint,omitempty"`
	// FriendlyName is for people to read, in UTF-8; nil means missing.
	FriendlyName *string `cbor:"2,keyasint,omitempty"`
	// TimeoutMilliseconds is how long to wait for a finger; zero leaves it to the authenticator.
	TimeoutMilliseconds uint `cbor:"3,keyasint,omitempty"`
}

// BioEnrollmentResponse is the result of authenticatorBioEnrollment (CTAP 2.3 §6.7). Which members are present depends on
// the sub-command.
type BioEnrollmentResponse struct {
	// Modality is ModalityFingerprint.
	Modality uint `cbor:"1,keyasint,omitempty"`
	// FingerprintKind is SensorTouch or SensorSwipe.
	FingerprintKind uint `cbor:"2,keyasint,omitempty"`
	// MaxCaptureSamples is how many good samples a finger needs.
	MaxCaptureSamples uint `cbor:"3,keyasint,omitempty"`
	// TemplateID names the finger being enrolled.
	TemplateID Bytes `cbor:"4,keyasint,omitempty"`
	// LastSample is how good the sample was.
	LastSample *SampleStatus `cbor:"5,keyasint,omitempty"`
	// RemainingSamples is how many good samples are still needed.
	RemainingSamples *uint `cbor:"6,keyasint,omitempty"`
	// Templates are the enrolled fingers.
	Templates []TemplateInfo `cbor:"7,keyasint,omitempty"`
	// MaxFriendlyName is the longest friendly name in bytes.
	MaxFriendlyName uint `cbor:"8,keyasint,omitempty"`
}

// TemplateInfo is one enrolled finger (CTAP 2.3 §6.7).
type TemplateInfo struct {
	// ID names it.
	ID Bytes `cbor:"1,keyasint"`
	// FriendlyName is for people to read; empty until somebody gave it one.
	FriendlyName string `cbor:"2,keyasint,omitempty"`
}

// BioEnrollment performs authenticatorBioEnrollment (CTAP 2.3 §6.7). The result is zero for sub-commands that have none.
// Errors are those of MakeCredential.
func BioEnrollment(ctx context.Context, t Transport, request *BioEnrollmentRequest) (*BioEnrollmentResponse, error) {
	return callMaybe[BioEnrollmentResponse](ctx, t, CommandBioEnrollment, request)
}
