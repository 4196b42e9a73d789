package ctap2

import "github.com/fxamacker/cbor/v2"

// MakeCredentialRequest is the parameter map of authenticatorMakeCredential (CTAP 2.3 §6.1).
type MakeCredentialRequest struct {
	// ClientDataHash is the SHA-256 hash of the client data, 32 bytes; required.
	ClientDataHash Bytes `cbor:"1,keyasint,omitempty"`
	// RP is required.
	RP RelyingParty `cbor:"2,keyasint,omitempty"`
	// User is required.
	User User `cbor:"3,keyasint,omitempty"`
	// Parameters lists acceptable algorithms, best first; required.
	Parameters []Parameters `cbor:"4,keyasint,omitempty"`
	// ExcludeList names credentials beside which no new one is wanted.
	ExcludeList []Descriptor `cbor:"5,keyasint,omitempty"`
	// Extensions are the extension inputs by identifier.
	Extensions map[string]cbor.RawMessage `cbor:"6,keyasint,omitempty"`
	// Options may be nil.
	Options *Options `cbor:"7,keyasint,omitempty"`
	// PINUVAuthParam proves user verification done by the platform. Nil is absent; empty, it asks for a touch and nothing else.
	PINUVAuthParam Bytes `cbor:"8,keyasint,omitzero"`
	// PINUVAuthProtocol says how PINUVAuthParam was made.
	PINUVAuthProtocol uint `cbor:"9,keyasint,omitempty"`
	// EnterpriseAttestation is 1 (vendor-facilitated) or 2 (platform-managed); nil asks for none.
	EnterpriseAttestation *uint `cbor:"10,keyasint,omitempty"`
	// AttestationFormats lists attestation statement formats, best first (CTAP 2.2).
	AttestationFormats []string `cbor:"11,keyasint,omitempty"`
}

// MakeCredentialResponse is the result of authenticatorMakeCredential (CTAP 2.3 §6.1.2, response structure).
type MakeCredentialResponse struct {
	// Format is the attestation statement format identifier.
	Format string `cbor:"1,keyasint"`
	// AuthData is authenticator data; package authdata reads it.
	AuthData Bytes `cbor:"2,keyasint"`
	// Statement is the attestation statement, a map whose shape Format decides.
	Statement cbor.RawMessage `cbor:"3,keyasint,omitempty"`
	// EnterpriseAttestation says that an enterprise attestation was made.
	EnterpriseAttestation bool `cbor:"4,keyasint,omitempty"`
	// LargeBlobKey is the credential's large-blob key, 32 bytes.
	LargeBlobKey Bytes `cbor:"5,keyasint,omitempty"`
	// UnsignedExtensions are extension outputs outside AuthData (CTAP 2.2).
	UnsignedExtensions map[string]cbor.RawMessage `cbor:"6,keyasint,omitempty"`
}

// GetAssertionRequest is the parameter map of authenticatorGetAssertion (CTAP 2.3 §6.2).
type GetAssertionRequest struct {
	// RPID is required.
	RPID string `cbor:"1,keyasint,omitempty"`
	// ClientDataHash is the SHA-256 hash of the client data, 32 bytes; required.
	ClientDataHash Bytes `cbor:"2,keyasint,omitempty"`
	// AllowList names the credentials that will do; empty means any discoverable one.
	AllowList []Descriptor `cbor:"3,keyasint,omitempty"`
	// Extensions are the extension inputs by identifier.
	Extensions map[string]cbor.RawMessage `cbor:"4,keyasint,omitempty"`
	// Options may be nil.
	Options *Options `cbor:"5,keyasint,omitempty"`
	// PINUVAuthParam proves user verification done by the platform. Nil is absent; empty, it asks for a touch and nothing else.
	PINUVAuthParam Bytes `cbor:"6,keyasint,omitzero"`
	// PINUVAuthProtocol says how PINUVAuthParam was made.
	PINUVAuthProtocol uint `cbor:"7,keyasint,omitempty"`
}

// GetAssertionResponse is the result of authenticatorGetAssertion and of authenticatorGetNextAssertion (CTAP 2.3 §6.2.2,
// response structure; §6.3).
type GetAssertionResponse struct {
	// Credential names the credential that signed.
	Credential Descriptor `cbor:"1,keyasint"`
	// AuthData is authenticator data; package authdata reads it.
	AuthData Bytes `cbor:"2,keyasint"`
	// Signature is over AuthData ‖ client data hash, in the form of WebAuthn L3 §6.5.5.
	Signature Bytes `cbor:"3,keyasint"`
	// User is present for discoverable credentials; its names only where several accounts were found and UV was done.
	User *User `cbor:"4,keyasint,omitempty"`
	// Count is how many credentials there are in all, when more than one; only in the first response.
	Count uint `cbor:"5,keyasint,omitempty"`
	// UserSelected says that the user chose this credential on the authenticator.
	UserSelected bool `cbor:"6,keyasint,omitempty"`
	// LargeBlobKey is the credential's large-blob key, 32 bytes.
	LargeBlobKey Bytes `cbor:"7,keyasint,omitempty"`
	// UnsignedExtensions are extension outputs outside AuthData (CTAP 2.2).
	UnsignedExtensions map[string]cbor.RawMessage `cbor:"8,keyasint,omitempty"`
}
