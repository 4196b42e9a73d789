package virtualauth

import "github.com/passkeylab/passkeylab/virtualauth/pinuv"

// settings is all that an authenticator remembers across power cycles besides its credentials: plain data, so that it can be
// written down and read back. The zero value is that of a new device, or of one that was just reset. The authenticator's
// mutex guards it.
type settings struct {
	// PINHash is the first 16 bytes of the SHA-256 hash of the PIN; nil while none is set (CTAP 2.3 §6.5.5.5).
	PINHash []byte `cbor:"1,keyasint,omitempty"`
	// PINLength is the length of the PIN in Unicode code points.
	PINLength int `cbor:"2,keyasint,omitempty"`
	// PINFailures is how many wrong PINs were tried since the last right one; pinRetries is what is left.
	PINFailures int `cbor:"3,keyasint,omitempty"`
	// UVFailures is the same for built-in user verification.
	UVFailures int `cbor:"4,keyasint,omitempty"`
	// UVSuccesses is how often built-in user verification has succeeded since the last right PIN.
	UVSuccesses uint `cbor:"5,keyasint,omitempty"`

	// MinPINLength is in Unicode code points; zero leaves it to the model.
	MinPINLength int `cbor:"6,keyasint,omitempty"`
	// MinPINLengthRPIDs may learn the minimum by an extension (CTAP 2.3 §12.5); nobody may until they are set.
	MinPINLengthRPIDs []string `cbor:"7,keyasint,omitempty"`
	// ForcePINChange says that the PIN is worth nothing until it is changed.
	ForcePINChange bool `cbor:"8,keyasint,omitempty"`
	// PINComplexity says that the complexity policy was switched on (CTAP 2.3 §6.11.4).
	PINComplexity bool `cbor:"9,keyasint,omitempty"`
	// AlwaysUVToggled says that alwaysUv is the opposite of the model's (CTAP 2.3 §6.11.2).
	AlwaysUVToggled bool `cbor:"10,keyasint,omitempty"`
	// EnterpriseAttestation says that it was enabled (CTAP 2.3 §6.11.1).
	EnterpriseAttestation bool `cbor:"11,keyasint,omitempty"`
	// LongTouchForReset says that it was enabled (CTAP 2.3 §6.11.5).
	LongTouchForReset bool `cbor:"12,keyasint,omitempty"`

	// PersistentToken is the one with the permission pcmr; nil until it is first needed (CTAP 2.3 §6.5.2.1).
	PersistentToken []byte `cbor:"13,keyasint,omitempty"`
	// Identifier is the 16 bytes that encIdentifier hides; nil until they are first needed (CTAP 2.3 §6.4).
	Identifier []byte `cbor:"14,keyasint,omitempty"`
}

// session is what a power cycle ends. The authenticator's mutex guards it.
type session struct {
	// ends are the authenticator's ends of the PIN/UV auth protocols; nil until one is first needed.
	ends map[pinuv.Protocol]*pinuv.Authenticator
	// pinMismatches is how many wrong PINs were tried in a row (CTAP 2.3 §6.5.5.7.2).
	pinMismatches int
	// signature is that of the latest assertion, for Misbehaviour.RepeatSignature.
	signature []byte
}

// maxPINMismatches is how many wrong PINs in a row lock the PIN until the next power cycle (CTAP 2.3 §6.5.5.7.2).
const maxPINMismatches = 3

// locked reports whether PINs are refused until the next power cycle.
func (s *session) locked() bool { return s.pinMismatches >= maxPINMismatches }
