package virtualauth

import (
	"bytes"
	"slices"

	"github.com/passkeylab/passkeylab/virtualauth/ctap2"
)

// SensorModel is what a fingerprint sensor is like (CTAP 2.3 §6.7). The zero value is a touch sensor that takes four samples of
// a finger.
type SensorModel struct {
	// Swipe says that a finger has to move over the sensor, not to rest on it.
	Swipe bool
	// Samples is how many good samples a finger needs; 0 means 4.
	Samples int
	// MaxNameLength is the longest friendly name of a finger in bytes; 0 means 64.
	MaxNameLength int
}

const (
	defaultSamples    = 4
	defaultFingerName = 64 // bytes
	templateIDLength  = 16 // bytes
)

func (s SensorModel) samples() uint { return uint(orDefault(s.Samples, defaultSamples)) }

func (s SensorModel) maxNameLength() uint { return uint(orDefault(s.MaxNameLength, defaultFingerName)) }

func (s SensorModel) kind() uint {
	if s.Swipe {
		return ctap2.SensorSwipe
	}
	return ctap2.SensorTouch
}

// Finger is one enrolled finger.
type Finger struct {
	// TemplateID names it, 16 random bytes.
	TemplateID []byte `cbor:"1,keyasint"`
	// FriendlyName is for people to read; empty until a client gave it one.
	FriendlyName string `cbor:"2,keyasint,omitempty"`
	// Name says which of the person's fingers it is, as Consent.Finger told it.
	Name string `cbor:"3,keyasint,omitempty"`
}

// enrolment is a finger of which samples are being taken.
type enrolment struct {
	finger Finger
	left   uint // good samples still needed
}

// finger returns the place of an enrolled finger, or -1.
func (s *storage) finger(templateID []byte) int {
	return slices.IndexFunc(s.Fingers, func(f Finger) bool { return bytes.Equal(f.TemplateID, templateID) })
}

// recognises reports whether a finger is enrolled. Somebody who does not say which finger she uses uses the right one.
func (s *storage) recognises(name string) bool {
	if name == "" {
		return len(s.Fingers) > 0
	}
	return slices.ContainsFunc(s.Fingers, func(f Finger) bool { return f.Name == name })
}

// judge says what a sample of a finger is worth to the enrolment: one of another finger does not fit the first, and a finger
// that is enrolled already is not enrolled again.
func (e *enrolment) judge(s *storage, name string, sample ctap2.SampleStatus) ctap2.SampleStatus {
	switch {
	case sample != ctap2.SampleGood:
		return sample
	case name != "" && s.recognises(name):
		return ctap2.SampleExists
	case e.finger.Name != "" && name != e.finger.Name:
		return ctap2.SampleMergeFailure
	}
	return ctap2.SampleGood
}

// knowsFinger reports whether built-in verification by this finger succeeds; models without a sensor do not look at fingers.
func (a *Authenticator) knowsFinger(name string) bool {
	if !hasSensor(a.model) {
		return true
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.storage.recognises(name)
}

// Fingers returns the enrolled fingers, oldest first. They share no memory with the authenticator.
func (a *Authenticator) Fingers() []Finger {
	a.mu.Lock()
	defer a.mu.Unlock()
	fingers := slices.Clone(a.storage.Fingers)
	for i := range fingers {
		fingers[i].TemplateID = bytes.Clone(fingers[i].TemplateID)
	}
	return fingers
}
