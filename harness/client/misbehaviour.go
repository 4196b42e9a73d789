package client

import (
	"github.com/google/uuid"

	"github.com/passkeylab/passkeylab/virtualauth/authdata"
	"github.com/passkeylab/passkeylab/virtualauth/cose"
)

// Misbehaviour is how a client lies to a relying party or to its user. The zero value is honest; each field is one deviation,
// with the clause that it breaks and, where that is another, the check of the relying party that must notice it.
// Lies about signed bytes leave attestation statements and assertions with a signature that no longer fits, unless stated otherwise.
type Misbehaviour struct {
	// Type stands in the client data instead of "webauthn.create" or "webauthn.get".
	// Breaks WebAuthn L3 §5.8.1; noticed by §7.1 step 7 and §7.2 step 10. The signature fits.
	Type string
	// Challenge stands in the client data instead of the one of the options.
	// Breaks WebAuthn L3 §5.8.1; noticed by §7.1 step 8 and §7.2 step 11. The signature fits.
	Challenge []byte
	// Origin stands in the client data instead of the true one. Breaks WebAuthn L3 §5.8.1; noticed by §7.1 step 9 and
	// §7.2 step 12. The signature fits.
	Origin string
	// CrossOrigin says that the page was framed by another origin, which it was not.
	// Breaks WebAuthn L3 §5.8.1; noticed by §7.1 step 10 and §7.2 step 13. The signature fits.
	CrossOrigin bool
	// TopOrigin names an origin that framed the page. Breaks WebAuthn L3 §5.8.1; noticed by §7.1 step 11 and §7.2 step 14.
	// The signature fits.
	TopOrigin string
	// EditClientData returns what stands in place of the client data, which it is given as it would honestly be.
	// Breaks WebAuthn L3 §5.8.1; noticed by §7.1 steps 5 to 11 and §7.2 steps 8 to 14. The signature fits.
	EditClientData func(honest []byte) []byte
	// ClientDataJSON is sent instead of the client data that was hashed and signed.
	// Breaks WebAuthn L3 §5.2; noticed by §7.1 steps 5 to 8, and by the signature in §7.2 step 21.
	ClientDataJSON []byte

	// RPID is asked of the authenticator instead of the one that belongs to the origin, as a phishing client would.
	// Breaks WebAuthn L3 §5.1.3 step 8 and §5.1.4.1 step 7; noticed by §7.1 step 14 and §7.2 step 15. The signature fits.
	RPID string
	// SpoilRPIDHash changes the RP ID hash after signing. Breaks WebAuthn L3 §6.1; noticed by §7.1 step 14, §7.2 step 15.
	SpoilRPIDHash bool
	// FlipFlags are inverted in the authenticator data after signing. Breaks WebAuthn L3 §6.1; noticed by §7.1 steps 15 to 17
	// and §7.2 steps 16 to 19, and by the signature in §7.2 step 21.
	FlipFlags authdata.Flags
	// SignCount stands in the authenticator data after signing. Breaks WebAuthn L3 §6.1.1; noticed by the signature in
	// §7.2 step 21 and, for a counter that does not grow, by step 22.
	SignCount *uint32
	// AAGUID stands in the attested credential data after signing. Breaks WebAuthn L3 §6.5.1;
	// noticed by the attestation signature in §7.1 step 22, when there is one.
	AAGUID uuid.UUID
	// CredentialID stands wherever the credential id does, the attested credential data included; 1024 bytes are one too many.
	// Breaks WebAuthn L3 §4, credential id; noticed by §7.1 steps 25 and 26, and §7.2 step 6.
	CredentialID []byte
	// SpoilSignature changes the last byte of an assertion's signature. Noticed by WebAuthn L3 §7.2 step 21.
	SpoilSignature bool
	// UserHandle stands in an assertion instead of the true one. Noticed by WebAuthn L3 §7.2 step 6.
	UserHandle []byte
	// OmitUserHandle leaves the user handle out of an assertion. Noticed by WebAuthn L3 §7.2 step 6.
	OmitUserHandle bool

	// OuterAAGUID stands in the unsigned copy of the authenticator data beside the attestation object, and only there.
	// Breaks WebAuthn L3 §5.2.1 (getAuthenticatorData); a relying party must decide on the attestation object.
	OuterAAGUID uuid.UUID
	// OuterPublicKey stands in the unsigned copy of the public key, and only there. Breaks WebAuthn L3 §5.2.1 (getPublicKey).
	OuterPublicKey []byte
	// OuterAlgorithm stands in publicKeyAlgorithm, and only there. Breaks WebAuthn L3 §5.2.1 (getPublicKeyAlgorithm).
	OuterAlgorithm cose.Algorithm
	// RawID stands in rawId, so that it differs from id. Breaks WebAuthn L3 §5.1 (rawId).
	RawID []byte
	// CredentialType stands in the member type. Breaks WebAuthn L3 §5.1, [[type]].
	CredentialType string
	// Transports are told instead of the true ones. Breaks WebAuthn L3 §5.2.1 (getTransports); a hint only.
	Transports []string
	// Attachment is told instead of the true one. Breaks WebAuthn L3 §5.1 (authenticatorAttachment); a hint only.
	Attachment string
	// DenyDiscoverable says by credProps that a credential is not discoverable. Breaks WebAuthn L3 §10.1.3.
	DenyDiscoverable bool
	// UnaskedExtension adds the output of an extension that nobody asked for. Breaks WebAuthn L3 §9.4; a relying party
	// must cope, §7.1 step 28 and §7.2 step 23.
	UnaskedExtension bool
	// ClaimPRF says that the credential has a PRF, which it has not. Breaks WebAuthn L3 §10.1.4 (enabled). Outputs of
	// extensions of the client are unsigned: a relying party can notice only that no result ever comes.
	ClaimPRF bool
	// SpoilPRF changes the first byte of a result of the extension prf, or of hmacGetSecret. Breaks WebAuthn L3 §10.1.4
	// (results). It is unsigned: what was encrypted under the right result cannot be decrypted, and nothing else shows.
	SpoilPRF bool
	// ClaimLargeBlob says that a large blob is supported, or was written, which is not so. Breaks WebAuthn L3 §10.1.5.
	// It is unsigned: a relying party notices when it reads.
	ClaimLargeBlob bool
	// ClaimAppID says that the AppID was used and not the RP ID. Breaks WebAuthn L3 §10.1.1; noticed by §7.2 step 15: the RP
	// ID hash must then be that of the AppID.
	ClaimAppID bool
	// SkipCredProtect never asks for the credential protection policy of the options, even when it is to be enforced.
	// Breaks CTAP 2.3 §12.1; noticed in the signed outputs by §7.1 step 28. The signature fits.
	SkipCredProtect bool
	// Omit names a member of the response to leave out, such as "clientDataJSON" or "signature".
	// Breaks WebAuthn L3 §5.2.
	Omit string

	// KeepAttestation conveys the attestation statement though "none" was asked for. Breaks WebAuthn L3 §5.1.3 step 22.
	KeepAttestation bool
	// HideAttestation removes the attestation statement though another conveyance was asked for.
	// Breaks WebAuthn L3 §5.1.3 step 22; noticed by a policy that needs attestation.
	HideAttestation bool
	// TrailingByte adds a byte behind the attestation object. Breaks WebAuthn L3 §6.5.4; noticed by §7.1 step 13.
	TrailingByte bool
	// Algorithms are asked of the authenticator instead of those of the options.
	// Breaks WebAuthn L3 §5.1.3 step 10; noticed by §7.1 step 20. The signature fits.
	Algorithms []cose.Algorithm

	// IgnoreExcludeList hides the exclude list from the authenticator. Breaks WebAuthn L3 §5.1.3 step 22.
	IgnoreExcludeList bool
	// IgnoreAllowList hides the allow list from the authenticator. Breaks WebAuthn L3 §5.1.4.2; noticed by §7.2 step 5.
	IgnoreAllowList bool
	// SkipVerification never asks the authenticator to verify the user, even when it is required.
	// Breaks WebAuthn L3 §5.1.3 step 22; noticed by §7.1 step 16 and §7.2 step 17. The signature fits.
	SkipVerification bool
	// SkipDiscoverable never asks for a discoverable credential, even when it is required. Breaks WebAuthn L3 §5.1.3 step 22.
	SkipDiscoverable bool
}
