// Package attestation produces attestation statements, one file a format: what an authenticator says about where a new
// credential's key comes from (WebAuthn L3 §6.5, §8). It signs nothing by itself; the caller lends it a key.
package attestation

import (
	"fmt"

	"github.com/fxamacker/cbor/v2"

	"github.com/passkeylab/passkeylab/virtualauth/cose"
)

// Format is an attestation statement format identifier (WebAuthn L3 §8.1). The zero value means FormatNone.
type Format string

// The formats of this package.
const (
	// FormatNone says nothing (WebAuthn L3 §8.7).
	FormatNone Format = "none"
	// FormatPacked is used here as self attestation: the credential's own key signs (WebAuthn L3 §8.2).
	FormatPacked Format = "packed"
)

// Subject is what a statement is about.
type Subject struct {
	// AuthData is the authenticator data with the new credential in it.
	AuthData []byte
	// ClientDataHash is the SHA-256 hash of the client data, 32 bytes.
	ClientDataHash []byte
	// Algorithm is that of the new credential.
	Algorithm cose.Algorithm
	// Sign signs with the new credential's private key.
	Sign func(message []byte) (signature []byte, err error)
}

// Statement is an attestation statement with its format.
type Statement struct {
	Format Format
	// Body is the statement's CBOR map, in CTAP2 canonical form.
	Body cbor.RawMessage
}

// Error says that there is no way to make a statement of a format.
type Error struct{ Format Format }

// Error names the format and the formats there are.
func (e *Error) Error() string {
	return fmt.Sprintf("attestation: no format %q: use %q or %q", string(e.Format), string(FormatNone), string(FormatPacked))
}

// makers is never written after the program has started.
var makers = map[Format]func(Subject) (Statement, error){
	"":           none,
	FormatNone:   none,
	FormatPacked: packedSelf,
}

// Make makes a statement of a format about subject. It fails with *Error for a format that is none of this package's, or
// with the error of subject.Sign.
func Make(format Format, subject Subject) (Statement, error) {
	maker, known := makers[format]
	if !known {
		return Statement{}, &Error{Format: format}
	}
	return maker(subject)
}

// encoder is immutable once made and safe for concurrent use.
var encoder = func() cbor.EncMode {
	mode, err := cbor.CTAP2EncOptions().EncMode()
	if err != nil {
		panic(err) // constant options: right on every run or wrong on every run
	}
	return mode
}()
