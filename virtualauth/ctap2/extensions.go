package ctap2

import "github.com/fxamacker/cbor/v2"

// Extension identifiers (CTAP 2.3 §12).
const (
	ExtensionCredProtect         = "credProtect"         // §12.1
	ExtensionCredBlob            = "credBlob"            // §12.2
	ExtensionLargeBlobKey        = "largeBlobKey"        // §12.3
	ExtensionLargeBlob           = "largeBlob"           // §12.4
	ExtensionMinPINLength        = "minPinLength"        // §12.5
	ExtensionPINComplexityPolicy = "pinComplexityPolicy" // §12.6
	ExtensionHMACSecret          = "hmac-secret"         // §12.7
	ExtensionHMACSecretMC        = "hmac-secret-mc"      // §12.8
	ExtensionThirdPartyPayment   = "thirdPartyPayment"   // §12.9
)

// ExtensionPRF is the extension that clients send to phones as WebAuthn L3 §10.1.4 names it, instead of hmac-secret. CTAP does not
// have it.
const ExtensionPRF = "prf"

// PRFInput is the input of prf in both ceremonies.
type PRFInput struct {
	// Eval is what to evaluate, unless EvalByCredential has something for the credential.
	Eval *PRFValues `cbor:"eval,omitempty"`
	// EvalByCredential is by credential id; only in authenticatorGetAssertion.
	EvalByCredential map[cbor.ByteString]PRFValues `cbor:"evalByCredential,omitempty"`
}

// PRFValues are one salt or two, or one output or two, each of 32 bytes. Salts are hashed by the client already (WebAuthn L3
// §10.1.4), so they are those of hmac-secret.
type PRFValues struct {
	First  Bytes `cbor:"first,omitempty"`
	Second Bytes `cbor:"second,omitempty"`
}

// PRFOutput is the unsigned output of prf.
type PRFOutput struct {
	// Enabled says whether the new credential can evaluate; only in authenticatorMakeCredential.
	Enabled *bool `cbor:"enabled,omitempty"`
	// Results are the outputs, nil where nothing was evaluated.
	Results *PRFValues `cbor:"results,omitempty"`
}

// CredProtect is a credential protection policy (CTAP 2.3 §12.1); zero means none was named.
type CredProtect uint

// The policies.
const (
	// UVOptional lets anybody use the credential.
	UVOptional CredProtect = 1
	// UVOptionalWithCredentialIDList hides the credential from those who neither verify the user nor know its id.
	UVOptionalWithCredentialIDList CredProtect = 2
	// UVRequired hides the credential unless the user is verified.
	UVRequired CredProtect = 3
)

// String returns the policy's name in CTAP 2.3 §12.1, or its number.
func (p CredProtect) String() string {
	return nameOf("credProtect", uint(p), credProtectNames[:])
}

// credProtectNames is indexed by policy and never written after the program has started.
var credProtectNames = [...]string{
	UVOptional:                     "userVerificationOptional",
	UVOptionalWithCredentialIDList: "userVerificationOptionalWithCredentialIDList",
	UVRequired:                     "userVerificationRequired",
}

// HMACSecretInput is the input of hmac-secret in authenticatorGetAssertion and of hmac-secret-mc in
// authenticatorMakeCredential (CTAP 2.3 §12.7, §12.8).
type HMACSecretInput struct {
	// KeyAgreement is the platform's key-agreement key, a COSE_Key; required.
	KeyAgreement cbor.RawMessage `cbor:"1,keyasint,omitempty"`
	// SaltEnc is one salt of 32 bytes or two, encrypted under the shared secret; required.
	SaltEnc Bytes `cbor:"2,keyasint,omitempty"`
	// SaltAuth authenticates SaltEnc under the shared secret; required.
	SaltAuth Bytes `cbor:"3,keyasint,omitempty"`
	// PINUVAuthProtocol is the protocol in use; zero means one.
	PINUVAuthProtocol uint `cbor:"4,keyasint,omitempty"`
}

// Values of LargeBlobCreateInput.Support (CTAP 2.3 §12.4).
const (
	LargeBlobPreferred = "preferred"
	LargeBlobRequired  = "required"
)

// LargeBlobCreateInput is the input of largeBlob in authenticatorMakeCredential (CTAP 2.3 §12.4).
type LargeBlobCreateInput struct {
	// Support is LargeBlobPreferred or LargeBlobRequired.
	Support string `cbor:"support,omitempty"`
}

// LargeBlobCreateOutput is the unsigned output of largeBlob in authenticatorMakeCredential (CTAP 2.3 §12.4).
type LargeBlobCreateOutput struct {
	// Supported says that the credential can hold a large blob.
	Supported bool `cbor:"supported"`
}

// LargeBlobGetInput is the input of largeBlob in authenticatorGetAssertion (CTAP 2.3 §12.4): either Read, or Write with
// OriginalSize.
type LargeBlobGetInput struct {
	// Read asks for the blob.
	Read *bool `cbor:"read,omitempty"`
	// Write is the new blob, compressed by DEFLATE (RFC 1951).
	Write Bytes `cbor:"write,omitempty"`
	// OriginalSize is how long the blob was before compression, in bytes.
	OriginalSize *uint `cbor:"originalSize,omitempty"`
}

// LargeBlobGetOutput is the unsigned output of largeBlob in authenticatorGetAssertion (CTAP 2.3 §12.4): Blob with
// OriginalSize in answer to Read, Written in answer to Write.
type LargeBlobGetOutput struct {
	// Blob is the compressed blob.
	Blob Bytes `cbor:"blob,omitempty"`
	// OriginalSize is as it was written.
	OriginalSize *uint `cbor:"originalSize,omitempty"`
	// Written says whether the blob was stored.
	Written *bool `cbor:"written,omitempty"`
}
