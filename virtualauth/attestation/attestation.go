// Package attestation makes attestation statements, one file a format: what an authenticator says about where a new
// credential's key comes from (WebAuthn L3 §6.5, §8).
//
//	format             clause          what signs                      certificate                        type
//	none               WebAuthn §8.7   nothing                         –                                  none
//	packed             WebAuthn §8.2   the credential's key            –                                  Self
//	packed             WebAuthn §8.2   the model's attestation key     for the model, §8.2.1              Basic
//	packed, enterprise WebAuthn §8.2.2 the device's attestation key    with the device's serial number    Basic
//	tpm                WebAuthn §8.3   the TPM's attestation key (AIK) for the AIK, §8.3.1                AttCA
//	android-key        WebAuthn §8.4   the credential's key            for the credential, §8.4.1         Basic
//	android-safetynet  WebAuthn §8.5   attest.android.com, by JWS      for that host                      Basic, legacy
//	fido-u2f           WebAuthn §8.6   the model's attestation key     for the model, from the root       Basic
//	apple              WebAuthn §8.8   nothing: the CA names a nonce   for the credential                 AnonCA
//	compound           WebAuthn §8.9   as its parts do                 as its parts have                  of its first
//
// Certificates come from an Authority, which anybody can make again from its seed. Package metadata below says about a model
// what the FIDO Metadata Service would. A Misbehaviour tells how a statement shall lie.
//
// Statements are judged by strangers: in the tests of this package by go-webauthn, with the whole chain up to the
// authority's root, and by a verifier of its own that takes one step of the specification after the other. For apple,
// android-key and android-safetynet, whose roots go-webauthn fixes, it is the latter alone.
package attestation

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"time"

	"github.com/fxamacker/cbor/v2"

	"github.com/passkeylab/passkeylab/virtualauth/authdata"
	"github.com/passkeylab/passkeylab/virtualauth/cose"
)

// Format is an attestation statement format identifier (WebAuthn L3 §8.1). The zero value means FormatNone.
type Format string

// The formats of this package.
const (
	// FormatNone says nothing (WebAuthn L3 §8.7).
	FormatNone Format = "none"
	// FormatPacked is that of most security keys (WebAuthn L3 §8.2).
	FormatPacked Format = "packed"
	// FormatTPM lets a TPM say that the key is in it (WebAuthn L3 §8.3).
	FormatTPM Format = "tpm"
	// FormatAndroidKey is what Android's key store says about a key (WebAuthn L3 §8.4).
	FormatAndroidKey Format = "android-key"
	// FormatSafetyNet is legacy: the service behind it was turned off, and WebAuthn L3 §8.5 keeps it for old registrations.
	FormatSafetyNet Format = "android-safetynet"
	// FormatFIDOU2F is that of keys from before CTAP2 (WebAuthn L3 §8.6).
	FormatFIDOU2F Format = "fido-u2f"
	// FormatApple lets an authority vouch for one credential and nobody know the device (WebAuthn L3 §8.8).
	FormatApple Format = "apple"
	// FormatCompound is several statements in one (WebAuthn L3 §8.9).
	FormatCompound Format = "compound"
)

// Type is an attestation type (WebAuthn L3 §6.5.3), spelled as in metadata (FIDO Registry, authenticator
// attestation types).
type Type string

// The types.
const (
	// Basic is by a key that the maker puts into all devices of a model, or for enterprises into one.
	Basic Type = "basic_full"
	// Self is by the credential's own key, which proves nothing about the device.
	Self Type = "basic_surrogate"
	// AttCA is by a key of the device that an authority has certified, as that of a TPM.
	AttCA Type = "attca"
	// AnonCA is by an authority that certifies each credential anew.
	AnonCA Type = "anonca"
)

// Errors of Make; test for them with errors.Is.
var (
	// ErrNoAuthority says that a format needs a certificate and Subject.Authority is nil.
	ErrNoAuthority = errors.New("attestation: this format needs a certificate authority, and there is none")
	// ErrNoTPM says that a format needs a TPM and Subject.TPM is nil.
	ErrNoTPM = errors.New("attestation: this format needs a key that lives in a TPM")
	// ErrUnsuitableKey says that a format cannot speak of such a key: "fido-u2f" knows ES256 alone, and no certificate can
	// carry some others.
	ErrUnsuitableKey = errors.New("attestation: this format cannot speak of such a key")
)

// Subject is what a statement is about, and who makes it.
type Subject struct {
	// AuthData is the authenticator data with the new credential in it.
	AuthData []byte
	// ClientDataHash is the SHA-256 hash of the client data, 32 bytes.
	ClientDataHash []byte
	// Credential is the attested credential data, which AuthData need not tell truly.
	Credential authdata.AttestedCredential
	// Algorithm is that of the new credential.
	Algorithm cose.Algorithm
	// Sign signs with the new credential's private key.
	Sign func(message []byte) (signature []byte, err error)

	// Type says which of its types a format shall convey. Only packed has a choice: Self, also when it is empty, or Basic.
	Type Type
	// Serial is the serial number of the device. Set, it makes the statement one for enterprises (WebAuthn L3 §8.2.2):
	// packed is then always Basic.
	Serial string
	// KeyAlgorithm is that of the model's attestation key: ES256, also when it is zero, ES384, EdDSA, RS256, or RS1, whose
	// SHA-1 a relying party may refuse.
	KeyAlgorithm cose.Algorithm
	// Authority issues certificates; formats that need one fail with ErrNoAuthority when it is nil.
	Authority *Authority
	// TPM certifies the credential's key; format tpm fails with ErrNoTPM when it is nil.
	TPM *TPM
	// Time is the time of the registration, for the one format that tells it, android-safetynet.
	Time time.Time
	// Compound are the formats that a compound statement is made of; nil means packed and tpm.
	Compound []Format
	// Misbehave is how to lie; zero is honest.
	Misbehave Misbehaviour

	lies bool // whether Misbehave is anything but zero
}

// Statement is an attestation statement with its format.
type Statement struct {
	Format Format
	// Body is the statement in CTAP2 canonical CBOR: an array for compound, a map for all others.
	Body cbor.RawMessage
}

// Error says that there is no way to make a statement of a format.
type Error struct{ Format Format }

// Error names the format and the formats there are.
func (e *Error) Error() string {
	return fmt.Sprintf("attestation: no format %q: use one of %q", string(e.Format), Formats())
}

// members is the map of a statement before it is encoded.
type members map[string]any

// makers is never written after the program has started.
var makers = map[Format]func(Subject) (members, error){
	FormatNone:       none,
	FormatPacked:     packed,
	FormatTPM:        tpm,
	FormatAndroidKey: androidKey,
	FormatSafetyNet:  safetyNet,
	FormatFIDOU2F:    fidoU2F,
	FormatApple:      apple,
}

// Formats returns all formats in alphabetical order.
func Formats() []Format {
	formats := []Format{FormatCompound}
	for f := range makers {
		formats = append(formats, f)
	}
	slices.Sort(formats)
	return formats
}

// Make makes a statement of a format about subject. It fails with *Error for a format that is none of this package's, with
// ErrNoAuthority, ErrNoTPM or ErrUnsuitableKey, or with the error of subject.Sign or subject.TPM.
func Make(format Format, subject Subject) (Statement, error) {
	subject.lies = !reflect.ValueOf(subject.Misbehave).IsZero()
	if format == "" {
		format = FormatNone
	}
	body, err := subject.body(format)
	if err != nil {
		return Statement{}, err
	}
	if subject.Misbehave.Body != nil {
		body = subject.Misbehave.Body
	}
	if subject.Misbehave.Format != "" {
		format = subject.Misbehave.Format
	}
	return Statement{Format: format, Body: body}, nil
}

// body is the statement without the name of its format.
func (s Subject) body(format Format) ([]byte, error) {
	if format == FormatCompound {
		return s.compound()
	}
	maker, known := makers[format]
	if !known {
		return nil, &Error{Format: format}
	}
	statement, err := maker(s)
	if err != nil {
		return nil, fmt.Errorf("attestation: %s: %w", format, err)
	}
	for name, value := range s.Misbehave.Set {
		statement[name] = value
	}
	for _, name := range s.Misbehave.Omit {
		delete(statement, name)
	}
	return encoder.Marshal(statement)
}

// Suits reports whether a format can speak of credentials of an algorithm. It does not know whether there is a TPM.
func Suits(format Format, algorithm cose.Algorithm) bool {
	switch format {
	case FormatFIDOU2F:
		return algorithm == cose.ES256
	case FormatAndroidKey, FormatApple: // keys that crypto/x509 can write into a certificate
		return slices.Contains(inCertificates, algorithm)
	case FormatCompound:
		return true // its parts may differ
	}
	_, known := makers[format]
	return known
}

// inCertificates are the algorithms whose keys crypto/x509 can write. Never written after the program has started.
var inCertificates = []cose.Algorithm{
	cose.ES256, cose.ES384, cose.ES512, cose.ESP256, cose.ESP384, cose.ESP512, cose.EdDSA, cose.Ed25519,
	cose.RS256, cose.RS384, cose.RS512, cose.PS256, cose.PS384, cose.PS512,
}

// encoder is immutable once made and safe for concurrent use.
var encoder = func() cbor.EncMode {
	mode, err := cbor.CTAP2EncOptions().EncMode()
	if err != nil {
		panic(err) // constant options: right on every run or wrong on every run
	}
	return mode
}()
