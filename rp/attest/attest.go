package attest

import (
	"crypto/x509"
	"errors"
	"fmt"
	"time"

	"github.com/go-webauthn/webauthn/metadata"
	"github.com/go-webauthn/webauthn/protocol"
)

// Roots are the trust anchors of each attestation statement format (WebAuthn L3 §7.1 step 23). A nil pool names none: for
// apple, android-key and android-safetynet go-webauthn's built-in roots hold then, and for the others a statement that
// verifies is accepted without being trusted.
type Roots struct {
	Packed, TPM, AndroidKey, SafetyNet, FIDOU2F, Apple *x509.CertPool
}

// of returns the pool for a format; nil when there is none.
func (r Roots) of(format protocol.AttestationFormat) *x509.CertPool {
	switch format {
	case protocol.AttestationFormatPacked:
		return r.Packed
	case protocol.AttestationFormatTPM:
		return r.TPM
	case protocol.AttestationFormatAndroidKey:
		return r.AndroidKey
	case protocol.AttestationFormatAndroidSafetyNet:
		return r.SafetyNet
	case protocol.AttestationFormatFIDOUniversalSecondFactor:
		return r.FIDOU2F
	case protocol.AttestationFormatApple:
		return r.Apple
	}
	return nil
}

// All returns Roots that trust one pool for every format.
func All(pool *x509.CertPool) Roots {
	return Roots{Packed: pool, TPM: pool, AndroidKey: pool, SafetyNet: pool, FIDOU2F: pool, Apple: pool}
}

// Type is an attestation type (WebAuthn L3 §6.5.3).
type Type string

// The attestation types. Attestation by an attestation CA cannot be told from Basic without metadata, unless the format is tpm.
const (
	None   Type = "none"
	Self   Type = "self"
	Basic  Type = "basic"
	AttCA  Type = "attca"
	AnonCA Type = "anonca"
)

// Result is what a statement that verifies tells.
type Result struct {
	// Type is the attestation type; of a compound statement that of its first part.
	Type Type
	// Trusted says that the trust path leads to a root that was named, or that go-webauthn has built in.
	Trusted bool
}

// Error says which step of a verification procedure failed.
type Error struct {
	// Format is the attestation statement format identifier.
	Format string
	// Clause names the step, such as "WebAuthn L3 §8.8 (nonce)".
	Clause string
	// Err is what was wrong.
	Err error
}

// Error gives the format, the clause and what was wrong.
func (e *Error) Error() string {
	return fmt.Sprintf("attest: %s: %s: %v", e.Format, e.Clause, e.Err)
}

// Unwrap returns what was wrong.
func (e *Error) Unwrap() error { return e.Err }

// Verifier verifies attestation statements. It keeps no state and may be used by many goroutines.
type Verifier struct {
	Roots Roots
	// Now is the time at which certificates must be valid. Required.
	Now func() time.Time
}

// Clauses that this file names.
const (
	clauseFormat    = "WebAuthn L3 §7.1 step 21 (statement format)"
	clauseStatement = "WebAuthn L3 §7.1 step 22 (verification procedure)"
	clauseTrust     = "WebAuthn L3 §7.1 step 24 (trust path)"
	clauseCompound  = "WebAuthn L3 §8.9 (syntax)"
)

// Verify performs WebAuthn L3 §7.1 steps 21 to 24 for an attestation object whose authenticator data has been parsed.
// Errors: *Error.
func (v Verifier) Verify(object protocol.AttestationObject, clientDataHash []byte) (Result, error) {
	if protocol.AttestationFormat(object.Format) == protocol.AttestationFormatCompound {
		return v.compound(object, clientDataHash)
	}
	return v.single(object, clientDataHash)
}

// compound verifies the parts one by one; all must verify (WebAuthn L3 §8.9 leaves how many to the relying party).
func (v Verifier) compound(object protocol.AttestationObject, clientDataHash []byte) (Result, error) {
	if len(object.SubStatements) < 2 {
		return Result{}, &Error{object.Format, clauseCompound, fmt.Errorf("%d statements, at least 2 are needed", len(object.SubStatements))}
	}
	var all Result
	for i, part := range object.SubStatements {
		switch format := protocol.AttestationFormat(part.Format); format {
		case protocol.AttestationFormatCompound, protocol.AttestationFormatNone, "":
			return Result{}, &Error{object.Format, clauseCompound, fmt.Errorf("part %d has the format %q", i, format)}
		}
		single := object
		single.Format, single.AttStatement, single.SubStatements = part.Format, part.AttStatement, nil
		result, err := v.single(single, clientDataHash)
		if err != nil {
			return Result{}, err
		}
		if i == 0 {
			all.Type = result.Type
		}
		all.Trusted = all.Trusted || result.Trusted
	}
	return all, nil
}

// single verifies a statement that is not compound.
func (v Verifier) single(object protocol.AttestationObject, clientDataHash []byte) (Result, error) {
	format := protocol.AttestationFormat(object.Format)
	roots := v.Roots.of(format)
	own, ours := procedures[format]
	if ours && roots != nil {
		return v.ours(own, object, clientDataHash)
	}
	if format == protocol.AttestationFormatTPM {
		if err := checkCertInfo(object.AttStatement); err != nil {
			return Result{}, &Error{object.Format, "WebAuthn L3 §8.3 (syntax)", err}
		}
	}
	result, err := library(object, clientDataHash)
	switch {
	case err != nil:
		return Result{}, err
	case ours: // go-webauthn has verified the path to roots of its own
		return Result{Type: result, Trusted: true}, nil
	case result == None || result == Self || roots == nil:
		return Result{Type: result}, nil
	}
	chain, err := certificates(object.AttStatement)
	if err == nil {
		err = v.trust(format, chain)
	}
	if err != nil {
		return Result{}, &Error{object.Format, clauseTrust, err}
	}
	return Result{Type: result, Trusted: true}, nil
}

// errUnknown says that nobody here knows the format.
var errUnknown = errors.New("the format is not supported")

// library lets go-webauthn verify the statement.
func library(object protocol.AttestationObject, clientDataHash []byte) (Type, error) {
	switch protocol.AttestationFormat(object.Format) {
	case protocol.AttestationFormatNone, protocol.AttestationFormatPacked, protocol.AttestationFormatTPM,
		protocol.AttestationFormatFIDOUniversalSecondFactor, protocol.AttestationFormatApple,
		protocol.AttestationFormatAndroidKey, protocol.AttestationFormatAndroidSafetyNet:
	default: // what somebody else registered with the library is not for us to trust
		return "", &Error{object.Format, clauseFormat, errUnknown}
	}
	if err := object.VerifyAttestation(clientDataHash, nil, protocol.AttestationPolicy{}, protocol.SignaturePolicy{}); err != nil {
		return "", &Error{object.Format, clauseStatement, describe(err)}
	}
	switch metadata.AuthenticatorAttestationType(object.Type) {
	case metadata.BasicFull:
		return Basic, nil
	case metadata.BasicSurrogate:
		return Self, nil
	case metadata.AttCA:
		return AttCA, nil
	case metadata.AnonCA:
		return AnonCA, nil
	}
	return None, nil
}

// describe makes the library's details readable: its Error method tells only the outermost part.
func describe(err error) error {
	var e *protocol.Error
	if errors.As(err, &e) && e.Details != "" {
		return fmt.Errorf("%s: %w", e.Details, err)
	}
	return err
}
