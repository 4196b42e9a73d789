package virtualauth

import (
	"github.com/google/uuid"

	"github.com/passkeylab/passkeylab/virtualauth/attestation"
	"github.com/passkeylab/passkeylab/virtualauth/cose"
)

// Misbehaviour is the list of lies an authenticator can tell. The zero value is honest. One field is one deviation, read at
// one line of the honest code; everything else stays as honest as before, signatures included, so that the check under
// test is the first that can object. Each comment names the clause that the lie breaks.
type Misbehaviour struct {
	// IgnoreExcludeList makes a credential although the exclude list names one that is here.
	// Breaks WebAuthn L3 §6.3.2 step 3; CTAP 2.2 §6.1.2, exclude list step.
	IgnoreExcludeList bool
	// RevealExcluded answers CREDENTIAL_EXCLUDED without asking the user, so that any site can probe for credentials.
	// Breaks WebAuthn L3 §6.3.2 step 3 and §14.5.1.
	RevealExcluded bool
	// IgnoreAllowList signs with any discoverable credential of the RP, whatever the allow list says.
	// Breaks CTAP 2.2 §6.2.2, credential location step; a relying party notices by WebAuthn L3 §7.2 step 5.
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

	// AAGUID claims another model in new credentials. Breaks WebAuthn L3 §6.5.1.
	AAGUID *uuid.UUID
	// CredentialID becomes the id of new credentials; one already in use here is replaced.
	// Breaks WebAuthn L3 §4 (credential id: probabilistically unique); noticed by §7.1 step 26.
	CredentialID []byte
	// CredentialIDLength is the length of new credential ids in bytes, up to 65535.
	// Above 1023 it breaks WebAuthn L3 §4 (credential id); noticed by §7.1 step 25.
	CredentialIDLength int
	// Algorithm is used for new credentials whether or not the relying party offered it.
	// Breaks CTAP 2.2 §6.1.2, pubKeyCredParams step; noticed by WebAuthn L3 §7.1 step 20.
	Algorithm cose.Algorithm
	// PublicKey stands in new credentials instead of the true COSE_Key; it need not be one.
	// Breaks WebAuthn L3 §6.5.1.1.
	PublicKey []byte
	// OmitCredential leaves attested credential data out of new credentials. Breaks WebAuthn L3 §6.3.2 step 12.
	OmitCredential bool
	// StatementFormat names a format that is not that of the statement. Breaks WebAuthn L3 §6.5.4; noticed by §7.1 step 21.
	StatementFormat attestation.Format
	// StatementAlgorithm stands in packed statements instead of the credential's. Breaks WebAuthn L3 §8.2, self attestation.
	StatementAlgorithm cose.Algorithm
	// BadStatement spoils the signature of the attestation statement. Breaks WebAuthn L3 §8.2.
	BadStatement bool

	// BadSignature spoils the signature of assertions. Noticed by WebAuthn L3 §7.2 step 21.
	BadSignature bool
	// OmitUser leaves the user out of assertions of discoverable credentials.
	// Breaks CTAP 2.2 §6.2.2, response structure; noticed by WebAuthn L3 §7.2 step 6.
	OmitUser bool
	// UserHandle stands in assertions instead of the true user handle. Noticed by WebAuthn L3 §7.2 step 6.
	UserHandle []byte
	// LeakNames returns the user's names without verification. Breaks CTAP 2.2 §6.2.2, response structure.
	LeakNames bool
	// KeepAssertions lets getNextAssertion succeed after its 30 seconds. Breaks CTAP 2.2 §6.3.
	KeepAssertions bool
}
