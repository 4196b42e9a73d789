package ctap2

import "github.com/google/uuid"

// GetInfoResponse is the result of authenticatorGetInfo (CTAP 2.3 §6.4). A limit of zero means: not told.
type GetInfoResponse struct {
	// Versions are those of the protocol, such as "FIDO_2_1".
	Versions []string `cbor:"1,keyasint"`
	// Extensions are the identifiers of supported extensions.
	Extensions []string `cbor:"2,keyasint,omitempty"`
	// AAGUID names the authenticator's model.
	AAGUID uuid.UUID `cbor:"3,keyasint"`
	// Options are capabilities by their option id: absent, false and true differ (CTAP 2.3 §6.4, option ids).
	Options map[string]bool `cbor:"4,keyasint,omitempty"`
	// MaxMessageSize is in bytes.
	MaxMessageSize uint `cbor:"5,keyasint,omitempty"`
	// PINUVAuthProtocols are in order of preference.
	PINUVAuthProtocols []uint `cbor:"6,keyasint,omitempty"`
	// MaxCredentialsInList is the longest exclude or allow list.
	MaxCredentialsInList uint `cbor:"7,keyasint,omitempty"`
	// MaxCredentialIDLength is in bytes.
	MaxCredentialIDLength uint `cbor:"8,keyasint,omitempty"`
	// Transports are those of WebAuthn L3 §5.8.4.
	Transports []string `cbor:"9,keyasint,omitempty"`
	// Algorithms are in order of preference.
	Algorithms []Parameters `cbor:"10,keyasint,omitempty"`
	// MaxLargeBlobArray is the size of the serialized large-blob array in bytes, at least 1024 where there is one.
	MaxLargeBlobArray uint `cbor:"11,keyasint,omitempty"`
	// ForcePINChange says that the PIN must be changed before anything else can be done with it; nil means not told.
	ForcePINChange *bool `cbor:"12,keyasint,omitempty"`
	// MinPINLength is in Unicode code points.
	MinPINLength uint `cbor:"13,keyasint,omitempty"`
	// FirmwareVersion is the maker's own number.
	FirmwareVersion uint `cbor:"14,keyasint,omitempty"`
	// MaxCredBlobLength is in bytes, at least 32 where the extension credBlob is supported.
	MaxCredBlobLength uint `cbor:"15,keyasint,omitempty"`
	// MaxRPIDsForMinPINLength is how many RP IDs SetMinPINLength takes; nil means not told.
	MaxRPIDsForMinPINLength *uint `cbor:"16,keyasint,omitempty"`
	// PreferredUVAttempts is how often a platform should try built-in verification before it falls back on the PIN.
	PreferredUVAttempts uint `cbor:"17,keyasint,omitempty"`
	// UVModality are the methods of built-in verification, a bit each (FIDO Registry §3.1, User Verification Methods).
	UVModality uint `cbor:"18,keyasint,omitempty"`
	// Certifications are levels reached, by the name of the programme.
	Certifications map[string]uint `cbor:"19,keyasint,omitempty"`
	// RemainingDiscoverable is how many more discoverable credentials fit; nil means not told.
	RemainingDiscoverable *uint `cbor:"20,keyasint,omitempty"`
	// VendorConfigCommands are the numbers that VendorPrototype takes; nil means that there is no VendorPrototype.
	VendorConfigCommands []uint64 `cbor:"21,keyasint,omitempty"`
	// AttestationFormats are the attestation statement formats supported (CTAP 2.2).
	AttestationFormats []string `cbor:"22,keyasint,omitempty"`
	// UVCountSinceLastPINEntry is how often built-in verification succeeded since; nil means not told (CTAP 2.2).
	UVCountSinceLastPINEntry *uint `cbor:"23,keyasint,omitempty"`
	// LongTouchForReset says whether reset asks for a long touch; nil means that it never can (CTAP 2.2).
	LongTouchForReset *bool `cbor:"24,keyasint,omitempty"`
	// EncIdentifier is an identifier of the device for owners of its persistent token: IV ‖ ciphertext, 32 bytes (CTAP 2.2).
	EncIdentifier Bytes `cbor:"25,keyasint,omitempty"`
	// TransportsForReset are those over which reset works; empty means over all (CTAP 2.2).
	TransportsForReset []string `cbor:"26,keyasint,omitempty"`
	// PINComplexityPolicy says whether PINs must satisfy more than a length; nil means that they never need to (CTAP 2.2).
	PINComplexityPolicy *bool `cbor:"27,keyasint,omitempty"`
	// PINComplexityPolicyURL is where people can read the policy (CTAP 2.2).
	PINComplexityPolicyURL Bytes `cbor:"28,keyasint,omitempty"`
	// MaxPINLength is in Unicode code points, 8 to 63 (CTAP 2.2).
	MaxPINLength uint `cbor:"29,keyasint,omitempty"`
	// EncCredStoreState changes in clear whenever credentials do, for owners of the persistent token: IV ‖ ciphertext,
	// 32 bytes (CTAP 2.3).
	EncCredStoreState Bytes `cbor:"30,keyasint,omitempty"`
	// ConfigCommands are the sub-commands of authenticatorConfig; nil means not told (CTAP 2.3).
	ConfigCommands []ConfigSubCommand `cbor:"31,keyasint,omitempty"`
}
