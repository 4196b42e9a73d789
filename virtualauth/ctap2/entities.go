package ctap2

import "github.com/passkeylab/passkeylab/virtualauth/cose"

// PublicKey is the only credential type there is (WebAuthn L3 §5.8.2).
const PublicKey = "public-key"

// RelyingParty is PublicKeyCredentialRpEntity (WebAuthn L3 §5.4.2); in CTAP ID is required.
type RelyingParty struct {
	// ID is the RP ID, a domain.
	ID string `cbor:"id,omitempty"`
	// Name is for people to read.
	Name string `cbor:"name,omitempty"`
}

// User is PublicKeyCredentialUserEntity (WebAuthn L3 §5.4.3).
type User struct {
	// ID is the user handle, 1 to 64 bytes.
	ID Bytes `cbor:"id,omitempty"`
	// Name is the user name, such as an e-mail address.
	Name string `cbor:"name,omitempty"`
	// DisplayName is for people to read.
	DisplayName string `cbor:"displayName,omitempty"`
}

// Parameters is one element of pubKeyCredParams (WebAuthn L3 §5.3).
type Parameters struct {
	// Algorithm is required; zero means missing (COSE reserves the number 0).
	Algorithm cose.Algorithm `cbor:"alg,omitempty"`
	// Type is PublicKey.
	Type string `cbor:"type,omitempty"`
}

// Descriptor names a credential (WebAuthn L3 §5.8.3).
type Descriptor struct {
	// ID is the credential id.
	ID Bytes `cbor:"id,omitempty"`
	// Type is PublicKey.
	Type string `cbor:"type,omitempty"`
	// Transports are hints for clients; authenticators ignore them.
	Transports []string `cbor:"transports,omitempty"`
}

// Options are the option keys of requests (CTAP 2.3 §6.1, §6.2). Nil means absent: each command has its own default.
type Options struct {
	// ResidentKey, "rk", asks for a discoverable credential. Default false.
	ResidentKey *bool `cbor:"rk,omitempty"`
	// UserPresence, "up", asks for consent. Default true; only getAssertion may set it false.
	UserPresence *bool `cbor:"up,omitempty"`
	// UserVerification, "uv", asks for built-in user verification. Default false.
	UserVerification *bool `cbor:"uv,omitempty"`
}
