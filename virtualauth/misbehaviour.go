package virtualauth

import (
	"github.com/google/uuid"

	"github.com/passkeylab/passkeylab/virtualauth/attestation"
	"github.com/passkeylab/passkeylab/virtualauth/authdata"
	"github.com/passkeylab/passkeylab/virtualauth/cose"
	"github.com/passkeylab/passkeylab/virtualauth/ctap2"
	"github.com/passkeylab/passkeylab/virtualauth/pinuv"
)

// Misbehaviour is the list of lies an authenticator can tell. The zero value is honest. One field is one deviation, read at
// one line of the honest code; everything else stays as honest as before, signatures included, so that the check under
// test is the first that can object. Each comment names the clause that the lie breaks.
type Misbehaviour struct {
	// IgnoreExcludeList makes a credential although the exclude list names one that is here.
	// Breaks WebAuthn L3 §6.3.2 step 3; CTAP 2.3 §6.1.2, exclude list step.
	IgnoreExcludeList bool
	// RevealExcluded answers CREDENTIAL_EXCLUDED without asking the user, so that any site can probe for credentials.
	// Breaks WebAuthn L3 §6.3.2 step 3 and §14.5.1.
	RevealExcluded bool
	// IgnoreAllowList signs with any discoverable credential of the RP, whatever the allow list says.
	// Breaks CTAP 2.3 §6.2.2, credential location step; a relying party notices by WebAuthn L3 §7.2 step 5.
	IgnoreAllowList bool
	// SkipConsent acts at once and claims the consent it never asked for.
	// Breaks WebAuthn L3 §6.2.3 (test of user presence) and §6.3.2 step 6.
	SkipConsent bool

	// OmitUP leaves the UP flag clear. A relying party notices by WebAuthn L3 §7.1 step 15 and §7.2 step 16.
	OmitUP bool
	// OmitUV leaves the UV flag clear although the user was verified. A relying party that requires verification notices by
	// WebAuthn L3 §7.1 step 16 and §7.2 step 17.
	OmitUV bool
	// ClaimUV sets the UV flag although nobody was verified. Breaks WebAuthn L3 §6.1, flag UV.
	ClaimUV bool
	// BSWithoutBE says backed up but not backup eligible. Breaks WebAuthn L3 §6.1.3; noticed by §7.1 step 17 and §7.2 step 18.
	BSWithoutBE bool
	// FlipBE says in assertions the opposite of what registration said about backup eligibility, and BS clear.
	// Breaks WebAuthn L3 §6.1.3; noticed by §7.2 step 19.
	FlipBE bool
	// WrongRPIDHash hashes another RP ID. Breaks WebAuthn L3 §6.1; noticed by §7.1 step 14 and §7.2 step 15.
	WrongRPIDHash bool
	// FixedCounter repeats the last value of the signature counter; for models that count.
	// Breaks WebAuthn L3 §6.1.1; noticed by §7.2 step 22.
	FixedCounter bool
	// CounterGoesBack makes the signature counter one lower each time, down to zero; for models that count, after at least
	// one honest assertion. Breaks WebAuthn L3 §6.1.1; noticed by §7.2 step 22.
	CounterGoesBack bool
	// TrailingByte puts one more byte behind authenticator data. Breaks WebAuthn L3 §6.1.
	TrailingByte bool
	// HashedRPID is hashed instead of the RP ID: an origin, a subdomain, another spelling. Breaks WebAuthn L3 §6.1; noticed by
	// §7.1 step 14 and §7.2 step 15.
	HashedRPID string
	// SignCount stands in authenticator data instead of the true counter, which goes on counting. Breaks WebAuthn L3 §6.1.1;
	// noticed by §7.2 step 22.
	SignCount *uint32
	// FlipFlags are flags that are wrong and nothing else: AT or ED without the bytes that they announce, or bytes without
	// the flag, or reserved bits. Breaks WebAuthn L3 §6.1.
	FlipFlags authdata.Flags
	// Extensions stand in authenticator data instead of the extension outputs; they need not be a CBOR map.
	// Breaks WebAuthn L3 §9.5 and, for outputs that nobody asked for, §6.1.
	Extensions []byte
	// CutAuthData is how many bytes are missing at the end of authenticator data. Breaks WebAuthn L3 §6.1.
	CutAuthData int
	// EditAuthData returns what stands in place of authenticator data, which it is given with all other lies in it.
	// Breaks WebAuthn L3 §6.1. What it returns is signed.
	EditAuthData func(honest []byte) []byte
	// AttestAssertions puts attested credential data into assertions. Breaks WebAuthn L3 §6.3.3 step 10.
	AttestAssertions bool

	// AAGUID claims another model in new credentials. Breaks WebAuthn L3 §6.5.1.
	AAGUID *uuid.UUID
	// CredentialID becomes the id of new credentials; one already in use here is replaced.
	// Breaks WebAuthn L3 §4 (credential id: probabilistically unique); noticed by §7.1 step 26.
	CredentialID []byte
	// CredentialIDLength is the length of new credential ids in bytes, up to 65535.
	// Above 1023 it breaks WebAuthn L3 §4 (credential id); noticed by §7.1 step 25.
	CredentialIDLength int
	// Algorithm is used for new credentials whether or not the relying party offered it.
	// Breaks CTAP 2.3 §6.1.2, pubKeyCredParams step; noticed by WebAuthn L3 §7.1 step 20.
	Algorithm cose.Algorithm
	// PublicKey stands in new credentials instead of the true COSE_Key; it need not be one.
	// Breaks WebAuthn L3 §6.5.1.1.
	PublicKey []byte
	// OmitCredential leaves attested credential data out of new credentials. Breaks WebAuthn L3 §6.3.2 step 12.
	OmitCredential bool
	// Attestation is the list of lies in attestation statements. Breaks WebAuthn L3 §8.
	Attestation attestation.Misbehaviour

	// BadSignature spoils the signature of assertions. Noticed by WebAuthn L3 §7.2 step 21.
	BadSignature bool
	// TruncateSignature leaves the last byte of the signatures of assertions out. Breaks WebAuthn L3 §6.5.5; noticed by §7.2
	// step 21.
	TruncateSignature bool
	// TrailSignature puts a byte behind the signatures of assertions. Breaks WebAuthn L3 §6.5.5; noticed by §7.2 step 21.
	TrailSignature bool
	// RawSignature writes ECDSA signatures of assertions as r ‖ s, and not in DER. Breaks WebAuthn L3 §6.5.5; noticed by §7.2
	// step 21.
	RawSignature bool
	// RepeatSignature answers with the signature of the assertion before. Breaks WebAuthn L3 §6.3.3 step 11; noticed by §7.2
	// step 21.
	RepeatSignature bool
	// SignAuthDataOnly leaves the client data hash out of what assertions sign. Breaks WebAuthn L3 §6.3.3 step 11; noticed by
	// §7.2 step 21.
	SignAuthDataOnly bool
	// AlterSigned changes the counter in authenticator data after an assertion has signed it. Breaks WebAuthn L3 §6.3.3 step
	// 11; noticed by §7.2 step 21.
	AlterSigned bool
	// AnswerID names another credential in assertions than the one that signed. Breaks CTAP 2.3 §6.2.2, response structure;
	// noticed by WebAuthn L3 §7.2 step 5.
	AnswerID []byte
	// OmitUser leaves the user out of assertions of discoverable credentials.
	// Breaks CTAP 2.3 §6.2.2, response structure; noticed by WebAuthn L3 §7.2 step 6.
	OmitUser bool
	// UserHandle stands in assertions instead of the true user handle. Noticed by WebAuthn L3 §7.2 step 6.
	UserHandle []byte
	// LeakNames returns the user's names without verification. Breaks CTAP 2.3 §6.2.2, response structure.
	LeakNames bool
	// KeepAssertions lets getNextAssertion succeed after its 30 seconds. Breaks CTAP 2.3 §6.3.
	KeepAssertions bool

	// PINUV holds the lies of the PIN/UV auth protocols. Breaks CTAP 2.3 §6.5.6 and §6.5.7.
	PINUV pinuv.Misbehaviour
	// IgnorePermissions takes any token for any command. Breaks CTAP 2.3 §6.5.5.7, permissions.
	IgnorePermissions bool
	// IgnoreTokenRPID takes a token of one RP ID for another. Breaks CTAP 2.3 §6.1.2 and §6.2.2, permissions RP ID step.
	IgnoreTokenRPID bool
	// KeepPermissions lets a token serve any number of ceremonies. Breaks CTAP 2.3 §6.1.2 and §6.2.2, user presence step.
	KeepPermissions bool
	// KeepUVRetries counts no failed built-in verification. Breaks CTAP 2.3 §6.5.3.1, performBuiltInUv.
	KeepUVRetries bool
	// KeepPINRetries counts no wrong PIN. Breaks CTAP 2.3 §6.5.5.7.2, pinRetries step.
	KeepPINRetries bool
	// NeverLockPIN goes on after three wrong PINs in a row. Breaks CTAP 2.3 §6.5.5.7.2, PIN_AUTH_BLOCKED.
	NeverLockPIN bool
	// AcceptAnyPIN takes a new PIN whatever its length or complexity. Breaks CTAP 2.3 §6.5.5.5, PIN length step.
	AcceptAnyPIN bool
	// ResetAnyTime lets reset succeed long after power-up. Breaks CTAP 2.3 §6.6, ten seconds.
	ResetAnyTime bool
	// IgnoreForcedChange issues tokens although the PIN must be changed. Breaks CTAP 2.3 §6.5.5.7.2, forcePINChange step.
	IgnoreForcedChange bool

	// IgnoreCredProtect signs with, and tells of, credentials that their policy hides. Breaks CTAP 2.3 §12.1.
	IgnoreCredProtect bool
	// ClaimCredProtect is what new credentials say about their policy instead of the truth. Breaks CTAP 2.3 §12.1.
	ClaimCredProtect ctap2.CredProtect
	// ForeignCredBlob returns the blob of another credential, if there is one. Breaks CTAP 2.3 §12.2.
	ForeignCredBlob bool
	// SameLargeBlobKey gives every new credential the same large-blob key. Breaks CTAP 2.3 §12.3.
	SameLargeBlobKey bool
	// PlainSecret returns the outputs of hmac-secret unencrypted. Breaks CTAP 2.3 §12.7.
	PlainSecret bool
	// ConstantSecret makes the outputs of hmac-secret independent of salt and credential. Breaks CTAP 2.3 §12.7.
	ConstantSecret bool
	// SwapSecrets exchanges the two outputs of hmac-secret. Breaks CTAP 2.3 §12.7.
	SwapSecrets bool
	// IgnoreUVForSecret uses the secret for unverified users even when the user was verified. Breaks CTAP 2.3 §12.7.
	IgnoreUVForSecret bool
	// OmitExtensions leaves all extension outputs out. Breaks WebAuthn L3 §9.5.
	OmitExtensions bool
	// UnaskedExtension is the identifier of an output, true, that nobody asked for. Breaks WebAuthn L3 §9 (authenticators must
	// not send extension outputs that were not asked for).
	UnaskedExtension string
	// SkipBlobIntegrity stores a large-blob array whose hash is wrong. Breaks CTAP 2.3 §6.10.2.
	SkipBlobIntegrity bool
	// ManageWithoutToken lets anybody list, change and delete credentials. Breaks CTAP 2.3 §6.8.2 to §6.8.6.
	ManageWithoutToken bool
	// KeepEnumerations goes on with an enumeration after other commands. Breaks CTAP 2.3 §6, stateful commands.
	KeepEnumerations bool
	// EndlessEnumerations goes on with an enumeration after its 30 seconds, and after its token is worth nothing any more.
	// Breaks CTAP 2.3 §6, stateful commands.
	EndlessEnumerations bool
	// KeepDeleted answers that a credential was deleted and keeps it. Breaks CTAP 2.3 §6.8.5.
	KeepDeleted bool
	// AcceptAnySample counts every sample of a finger as good, even without a finger. Breaks CTAP 2.3 §6.7.4.
	AcceptAnySample bool

	// TrailingCBOR puts a byte behind the CBOR map of responses. Breaks CTAP 2.3 §8.
	TrailingCBOR bool
	// DuplicateKey says the first member of the CBOR map of responses twice. Breaks CTAP 2.3 §8.
	DuplicateKey bool
	// IndefiniteMap writes the CBOR map of responses without a length. Breaks CTAP 2.3 §8.
	IndefiniteMap bool
	// UnsortedKeys writes the first member of the CBOR map of responses last; of those with more than one. Breaks CTAP 2.3 §8.
	UnsortedKeys bool
	// LongInteger writes the first key of the CBOR map of responses in one byte more than it takes. Breaks CTAP 2.3 §8.
	LongInteger bool
}
