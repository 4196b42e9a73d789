package mds

import (
	"errors"
	"fmt"

	"github.com/google/uuid"
)

// Step names what a BLOB failed (FIDO Metadata Service 3.1.1 §3.2).
type Step string

// The steps, in the order in which they are taken.
const (
	StepSize       Step = "size"       // larger than the limit
	StepForm       Step = "form"       // no JWS in compact form, or its header is not readable
	StepAlgorithm  Step = "algorithm"  // an algorithm that is not accepted, or a key that does not fit it
	StepChain      Step = "chain"      // no path from the signer to a root, or the signer is somebody else
	StepRevocation Step = "revocation" // a certificate of the path is on a CRL
	StepSignature  Step = "signature"  // the signature does not verify
	StepPayload    Step = "payload"    // what is signed is no metadata BLOB
	StepNumber     Step = "number"     // older than the one that is in use
)

// BLOBError says why a BLOB was refused.
type BLOBError struct {
	Step Step
	Err  error
}

// Error names the step and what was wrong.
func (e *BLOBError) Error() string { return fmt.Sprintf("mds: %s: %v", e.Step, e.Err) }

// Unwrap returns what was wrong.
func (e *BLOBError) Unwrap() error { return e.Err }

// refuse makes a BLOBError.
func refuse(step Step, format string, arguments ...any) error {
	return &BLOBError{step, fmt.Errorf(format, arguments...)}
}

// EntryError says why an entry of a BLOB was left out.
type EntryError struct {
	// Index is its place in the list, from 0.
	Index int
	Err   error
}

// Error names the entry's place and what was wrong.
func (e *EntryError) Error() string { return fmt.Sprintf("mds: entry %d: %v", e.Index, e.Err) }

// Unwrap returns what was wrong.
func (e *EntryError) Unwrap() error { return e.Err }

// ErrDuplicate is wrapped by the EntryError of an entry whose AAGUID or key identifier another one claims as well.
var ErrDuplicate = errors.New("another entry claims the same authenticator")

// SourceError says that a BLOB could not be fetched.
type SourceError struct {
	// Location is the file or the URL, without a password.
	Location string
	// Status is the HTTP status; 0 when no answer came, and for a file.
	Status int
	Err    error
}

// Error names the location and what was wrong.
func (e *SourceError) Error() string { return fmt.Sprintf("mds: fetch %s: %v", e.Location, e.Err) }

// Unwrap returns what was wrong.
func (e *SourceError) Unwrap() error { return e.Err }

// Reason is why an authenticator is not trusted.
type Reason string

// The reasons.
const (
	// NoMetadata means that no BLOB has been loaded yet.
	NoMetadata Reason = "noMetadata"
	// Stale means that nextUpdate has passed and Requirements.Fresh is set.
	Stale Reason = "stale"
	// NotListed means that no entry speaks of the model.
	NotListed Reason = "notListed"
	// Revoked means REVOKED or RETIRED: nobody is to trust the model (FIDO Metadata Service 3.1.1 §3.1.4).
	Revoked Reason = "revoked"
	// Compromised means a state such as ATTESTATION_KEY_COMPROMISE that concerns this attestation.
	Compromised Reason = "compromised"
	// NotCertified means a level below Requirements.Level.
	NotCertified Reason = "notCertified"
	// NoChain means that the attestation has no certificates: it is none, or self attestation.
	NoChain Reason = "noChain"
	// ForeignChain means that the certificates lead to no root of the model's entry.
	ForeignChain Reason = "foreignChain"
)

// Refusal says why an attestation is not trusted.
type Refusal struct {
	Reason Reason
	// AAGUID is the model that was asked for.
	AAGUID uuid.UUID
	// Err says more; never nil.
	Err error
}

// Error names the model and why it is not trusted.
func (r *Refusal) Error() string {
	return fmt.Sprintf("mds: authenticator %s is not trusted (%s): %v", r.AAGUID, r.Reason, r.Err)
}

// Unwrap returns what lies below, such as an error of crypto/x509.
func (r *Refusal) Unwrap() error { return r.Err }
