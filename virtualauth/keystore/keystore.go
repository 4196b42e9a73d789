// Package keystore is where private keys live. A KeyStore makes keys and signs with them; the key itself never has to leave
// it, and the caller holds only an opaque handle. That is the whole difference between a passkey in software and one in a
// TPM, so nothing above this package knows which of the two it has.
//
// Software keeps keys in memory and makes everything out of the randomness it is given, so that a run can be repeated bit by
// bit. Stores whose keys may leave, as those of synced providers do, also implement Exporter and Importer.
// keystoretest holds the suite that every store passes.
package keystore

import (
	"context"
	"errors"

	"github.com/passkeylab/passkeylab/virtualauth/cose"
)

// Errors of every KeyStore; test for them with errors.Is.
var (
	// ErrUnknownHandle says that the store has no key for a handle, or has it no longer.
	ErrUnknownHandle = errors.New("keystore: unknown key handle")
	// ErrUnsupportedAlgorithm says that the store cannot make or take a key for an algorithm.
	ErrUnsupportedAlgorithm = errors.New("keystore: unsupported algorithm")
	// ErrMalformedKey says that an imported key cannot be read or does not fit its algorithm.
	ErrMalformedKey = errors.New("keystore: malformed private key")
)

// Handle names a key inside its store. Its bytes mean nothing to anybody else.
type Handle []byte

// KeyStore makes keys and signs with them. Every store is safe for concurrent use.
//
// Every operation but Delete, of the optional interfaces too, does nothing and fails with the error of its context when that
// has ended before it begins. Delete works even then: cleaning up must not depend on whether anybody still waits.
type KeyStore interface {
	// Supports reports whether Create makes keys for an algorithm.
	Supports(algorithm cose.Algorithm) bool
	// Create makes a key for an algorithm, or fails with ErrUnsupportedAlgorithm. The caller owns the handle.
	Create(ctx context.Context, algorithm cose.Algorithm) (Handle, cose.Key, error)
	// Sign signs message, hashing it first where the algorithm says so, and returns the signature in the form of
	// WebAuthn L3 §6.5.5. It fails with ErrUnknownHandle.
	Sign(ctx context.Context, handle Handle, message []byte) ([]byte, error)
	// CreateSecret makes a secret of 32 bytes that HMAC uses, such as the CredRandom of hmac-secret (CTAP 2.3 §12.7).
	CreateSecret(ctx context.Context) (Handle, error)
	// HMAC returns the HMAC-SHA-256 of message under a secret, 32 bytes. It fails with ErrUnknownHandle, which a handle of
	// a signing key is as well; so is the handle of a secret to Sign.
	HMAC(ctx context.Context, handle Handle, message []byte) ([]byte, error)
	// Delete forgets a key or a secret, or fails with ErrUnknownHandle. From then on its handle is unknown. A store whose
	// handles are the wrapped keys remembers that only as long as it is open; the key is gone for good when its caller has
	// thrown the handle away as well.
	Delete(ctx context.Context, handle Handle) error
}

// Exporter is a KeyStore whose private keys may leave it.
type Exporter interface {
	// Export returns the private key as PKCS #8 DER (RFC 5208), or fails with ErrUnknownHandle.
	Export(ctx context.Context, handle Handle) (pkcs8 []byte, err error)
}

// Certifier is a KeyStore that can prove that a key lives in it, as a TPM does by TPM2_Certify.
type Certifier interface {
	// AttestationKey returns the public half of the key that certifies others; whoever trusts it issues its certificate.
	AttestationKey(ctx context.Context) (cose.Key, error)
	// Certify makes a certification of a key, with extraData (the hash of what is attested) in it. It fails with
	// ErrUnknownHandle.
	Certify(ctx context.Context, handle Handle, extraData []byte) (Certification, error)
}

// Certification is what a TPM says about one of its keys (WebAuthn L3 §8.3).
type Certification struct {
	// Attest is the TPMS_ATTEST structure, without a size prefix: "certInfo".
	Attest []byte
	// Public is the TPMT_PUBLIC structure of the certified key, without a size prefix: "pubArea".
	Public []byte
	// Signature is by the attestation key over Attest, in the form of WebAuthn L3 §6.5.5: "sig".
	Signature []byte
}

// Importer is a KeyStore that takes private keys made elsewhere.
type Importer interface {
	// Import takes a private key as PKCS #8 DER. It fails with ErrUnsupportedAlgorithm or ErrMalformedKey.
	Import(ctx context.Context, algorithm cose.Algorithm, pkcs8 []byte) (Handle, cose.Key, error)
}
