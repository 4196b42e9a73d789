package attestation

import (
	"crypto"
	"time"

	"github.com/passkeylab/passkeylab/virtualauth/cose"
)

// Misbehaviour is the list of lies that statements can tell. The zero value is honest. One field is one deviation, read at
// one line of the honest code; all that follows from it stays consistent, signatures included, so that the check under
// test is the first that can object. Each comment names the clause that the lie breaks.
type Misbehaviour struct {
	// Format names a format that is not that of the statement; any text. Breaks WebAuthn L3 §6.5.4; noticed by §7.1, step on
	// the attestation statement format.
	Format Format
	// Set gives members of the statement's map another value, or adds them: nil for null, and whatever else CBOR can say.
	// Breaks the syntax of the format, WebAuthn L3 §8.2 to §8.8. Not for compound.
	Set map[string]any
	// Omit leaves members out of the statement's map. Breaks the syntax of the format, WebAuthn L3 §8.2 to §8.8.
	Omit []string
	// Body stands in place of the statement, whatever it is. Breaks the syntax of the format, WebAuthn L3 §8.2 to §8.9.
	Body []byte
	// Algorithm is claimed as "alg" instead of that of the signature. Breaks WebAuthn L3 §8.2, §8.3, §8.4.
	Algorithm cose.Algorithm

	// BadSignature spoils the signature. Breaks WebAuthn L3 §8.2, §8.3, §8.4, §8.5, §8.6.
	BadSignature bool
	// TruncatedSignature leaves out the last byte of the signature. Breaks WebAuthn L3 §6.5.5.
	TruncatedSignature bool
	// RawSignature gives an ECDSA signature as r ‖ s instead of DER. Breaks WebAuthn L3 §6.5.5.
	RawSignature bool
	// OtherKey signs with a key of the right kind that is nobody's. Breaks WebAuthn L3 §8.2, §8.3, §8.4, §8.6.
	OtherKey bool
	// CredentialKey signs with the credential's key where the attestation key should. Breaks WebAuthn L3 §8.2, §8.6.
	CredentialKey bool
	// Signed chooses what is signed. Breaks WebAuthn L3 §8.2, §8.3, §8.4, §8.6.
	Signed SignedData
	// WrongNonce binds the statement to other data than this registration: certInfo.extraData of a TPM, the challenge of an
	// Android key, the nonces of SafetyNet and of Apple. Breaks WebAuthn L3 §8.3, §8.4, §8.5, §8.8.
	WrongNonce bool

	// Expired lets the attestation certificate end before its authority began. Breaks RFC 5280 §6.1.3; noticed by
	// WebAuthn L3 §7.1, step on the attestation trust path.
	Expired bool
	// NotYetValid lets the attestation certificate begin a year before its authority ends. Breaks RFC 5280 §6.1.3; noticed
	// by WebAuthn L3 §7.1, step on the attestation trust path.
	NotYetValid bool
	// Version1 makes the attestation certificate X.509 version 1, without extensions. Breaks WebAuthn L3 §8.2.1, §8.3.1.
	Version1 bool
	// CA says that the attestation certificate is a certificate authority's. Breaks WebAuthn L3 §8.2.1, §8.3.1.
	CA bool
	// OmitBasicConstraints leaves the extension out. Breaks WebAuthn L3 §8.2.1, §8.3.1.
	OmitBasicConstraints bool
	// Country stands in the subject; empty leaves it out. Breaks WebAuthn L3 §8.2.1, Subject-C.
	Country *string
	// Organization stands in the subject; empty leaves it out. Breaks WebAuthn L3 §8.2.1, Subject-O.
	Organization *string
	// Unit stands in the subject; empty leaves it out. Breaks WebAuthn L3 §8.2.1, Subject-OU.
	Unit *string
	// CommonName stands in the subject; empty leaves it out. Breaks WebAuthn L3 §8.2.1, Subject-CN.
	CommonName *string
	// AAGUID is in the certificate's extension instead of the true one, at any length. Breaks WebAuthn L3 §8.2, §8.3.
	AAGUID []byte
	// OmitAAGUID leaves the extension out although the root serves many models. Breaks WebAuthn L3 §8.2.1.
	OmitAAGUID bool
	// CriticalAAGUID marks the extension as critical. Breaks WebAuthn L3 §8.2.1.
	CriticalAAGUID bool
	// BareAAGUID puts 16 bytes into the extension without an OCTET STRING around them. Breaks WebAuthn L3 §8.2.1.
	BareAAGUID bool
	// RevealSerial puts the device's serial number into an attestation that is not for an enterprise.
	// Breaks WebAuthn L3 §8.2.2.
	RevealSerial bool
	// CriticalSerial marks the extension with the serial number as critical. Breaks WebAuthn L3 §8.2.2.
	CriticalSerial bool
	// UnknownCritical adds a critical extension that nobody knows. Breaks RFC 5280 §4.2; noticed by WebAuthn L3 §7.1, step
	// on the attestation trust path.
	UnknownCritical bool
	// RevocationHost is a URL below which the certificate says that revocation can be looked up; a relying party must not let
	// itself be sent there. Noticed by RFC 5280 §8 (security considerations); WebAuthn L3 §8.2.1 makes both optional.
	RevocationHost string
	// SHA1 hashes the attestation certificate with SHA-1, which is broken. Noticed by WebAuthn L3 §7.1, step on the
	// attestation trust path.
	SHA1 bool
	// P384 gives the attestation certificate a key on P-384. Breaks WebAuthn L3 §8.6.
	P384 bool
	// RSAKey gives the attestation certificate a key for RSA. Breaks WebAuthn L3 §8.6.
	RSAKey bool
	// OtherLeafKey certifies another key than the credential's. Breaks WebAuthn L3 §8.4, §8.8.
	OtherLeafKey bool

	// SelfSigned lets the attestation certificate vouch for itself. Noticed by WebAuthn L3 §7.1, step on the trust path.
	SelfSigned bool
	// ForgedLeaf lets nobody's key sign the certificate in its issuer's name. Noticed by WebAuthn L3 §7.1, step on the trust path.
	ForgedLeaf bool
	// ForeignRoot issues everything from another root of the same name. Noticed by WebAuthn L3 §7.1, step on the trust path.
	ForeignRoot bool
	// RootInChain adds the root to x5c. FIDO's conformance tests refuse it, WebAuthn L3 §8.2 leaves it open.
	RootInChain bool
	// OmitIntermediate leaves the intermediate out of x5c. Noticed by WebAuthn L3 §7.1, step on the trust path.
	OmitIntermediate bool
	// ReverseChain gives x5c in the reverse order. Breaks WebAuthn L3 §8.2, §8.3, §8.4, §8.8.
	ReverseChain bool
	// RepeatLeaf gives the attestation certificate twice. Breaks WebAuthn L3 §8.6; §8.2 leaves it open.
	RepeatLeaf bool
	// ExtraCertificate adds one that has nothing to do with the rest. Breaks WebAuthn L3 §8.6; §8.2 leaves it open.
	ExtraCertificate bool
	// ExpiredIntermediate lets the intermediate end early. Noticed by WebAuthn L3 §7.1, step on the trust path.
	ExpiredIntermediate bool
	// NotCAIntermediate lets the intermediate say that it is none. Noticed by WebAuthn L3 §7.1, step on the trust path.
	NotCAIntermediate bool
	// PathTooLong puts one more authority below an intermediate that allows none. Breaks RFC 5280 §4.2.1.9; noticed by
	// WebAuthn L3 §7.1, step on the trust path.
	PathTooLong bool
	// Leaf encodes the attestation certificate in a wrong way. Breaks WebAuthn L3 §8.2, §8.3, §8.4, §8.6, §8.8.
	Leaf LeafEncoding

	// AnyKey lets a U2F statement speak of a credential that is not ES256. Breaks WebAuthn L3 §8.6.
	AnyKey bool
	// OmitReserved leaves the first byte out of what a U2F key signs. Breaks WebAuthn L3 §8.6.
	OmitReserved bool
	// OtherRPID lets a U2F key sign another RP ID hash. Breaks WebAuthn L3 §8.6.
	OtherRPID bool
	// Point is signed by a U2F key in place of the credential's, 0x04 ‖ x ‖ y: that of a key which only authenticator data
	// tells of. Breaks WebAuthn L3 §8.6.
	Point []byte

	// OldAIK lets an attestation key for RS1 certify, as those of old TPMs do: SHA-1 with RSA, which a relying party may refuse.
	// Noticed by WebAuthn L3 §8.3, signature.
	OldAIK bool
	// NonceHash makes extraData of certInfo, instead of the hash of "alg". Breaks WebAuthn L3 §8.3.
	NonceHash crypto.Hash
	// CertInfo edits certInfo, which the TPM then signs. Breaks WebAuthn L3 §8.3.
	CertInfo func(honest []byte) []byte
	// Magic stands in certInfo instead of TPM_GENERATED_VALUE. Breaks WebAuthn L3 §8.3.
	Magic uint32
	// Type stands in certInfo instead of TPM_ST_ATTEST_CERTIFY. Breaks WebAuthn L3 §8.3.
	Type uint16
	// Name edits the name of the certified key in certInfo. Breaks WebAuthn L3 §8.3.
	Name func(honest []byte) []byte
	// Public edits pubArea; certInfo names the edited one. Breaks WebAuthn L3 §8.3.
	Public func(honest []byte) []byte
	// AIKSubject gives a TPM's attestation certificate a subject. Breaks WebAuthn L3 §8.3.1.
	AIKSubject bool
	// OmitAIKUsage leaves tcg-kp-AIKCertificate out of the extended key usage. Breaks WebAuthn L3 §8.3.1.
	OmitAIKUsage bool
	// OmitSAN leaves out the subject alternative name. Breaks WebAuthn L3 §8.3.1.
	OmitSAN bool
	// Manufacturer stands there instead of one that the TCG has listed; empty leaves it out. Breaks WebAuthn L3 §8.3.1.
	Manufacturer *string
	// OmitTPMModel leaves the TPM's model out of the name. Breaks WebAuthn L3 §8.3.1.
	OmitTPMModel bool
	// JoinTPMName puts manufacturer, model and version into one relative name, as some TPMs do. It breaks nothing: a relying
	// party has to read both forms (WebAuthn L3 §8.3.1).
	JoinTPMName bool
	// OmitTPMVersion leaves the TPM's version out of the name. Breaks WebAuthn L3 §8.3.1.
	OmitTPMVersion bool

	// OmitKeyDescription leaves out what Android says about the key. Breaks WebAuthn L3 §8.4.1.
	OmitKeyDescription bool
	// AllApplications lets any application use the key, says one of the lists. Breaks WebAuthn L3 §8.4.
	AllApplications Enforcer
	// Origin stands in the key description instead of 0, generated. Breaks WebAuthn L3 §8.4.
	Origin *int
	// Purposes stand in the key description instead of 2, sign; empty leaves them out. Breaks WebAuthn L3 §8.4.
	Purposes []int
	// EmptyLists leaves both authorization lists empty. Breaks WebAuthn L3 §8.4.
	EmptyLists bool
	// SoftwareEnforced moves origin and purpose to the list that only software enforces. Noticed by WebAuthn L3 §8.4 when a
	// relying party wants a trusted execution environment.
	SoftwareEnforced bool
	// TrailingDescription puts a byte behind the key description. Breaks WebAuthn L3 §8.4.1.
	TrailingDescription bool
	// CutDescription leaves the last byte of the key description out. Breaks WebAuthn L3 §8.4.1.
	CutDescription bool
	// DescriptionVersion is the version of the key description's schema, instead of 300. It breaks nothing: versions from 1 on
	// occur (WebAuthn L3 §8.4.1).
	DescriptionVersion int
	// UnknownAuthorizations are in both lists what nobody knows yet. It breaks nothing: the schema grows (WebAuthn L3 §8.4.1).
	UnknownAuthorizations bool

	// FailCTS says that the device failed the compatibility test. Breaks WebAuthn L3 §8.5.
	FailCTS bool
	// TimeShift is added to SafetyNet's timestamp. Breaks WebAuthn L3 §8.5, freshness of the response.
	TimeShift time.Duration
	// Host is whose certificate signs instead of attest.android.com. Breaks WebAuthn L3 §8.5.
	Host string
	// JWSAlgorithm is "none", or "HS256" with the certificate as the key. Breaks WebAuthn L3 §8.5 and RFC 8725 §3.1.
	JWSAlgorithm string
	// EmptyJWSChain leaves no certificate in the header. Breaks WebAuthn L3 §8.5.
	EmptyJWSChain bool

	// OmitNonce leaves the extension with the nonce out of Apple's certificate. Breaks WebAuthn L3 §8.8.
	OmitNonce bool

	// Formats are what a compound statement is made of: none, one, another compound, the same twice, a thousand.
	// Breaks WebAuthn L3 §8.9.
	Formats []Format
	// SpoilLast spoils the signature of the last part of a compound statement, and of no other. Noticed by WebAuthn L3 §8.9,
	// where a relying party wants all parts to verify.
	SpoilLast bool
}

// SignedData is what a statement signs.
type SignedData int

// What can be signed.
const (
	// TheHonestData is what the format says.
	TheHonestData SignedData = iota
	// OnlyTheHash is the client data hash without authenticator data.
	OnlyTheHash
	// OnlyAuthData is authenticator data without the client data hash.
	OnlyAuthData
	// TheHashFirst is both in the wrong order.
	TheHashFirst
	// OtherAuthData is authenticator data with another signature counter.
	OtherAuthData
)

// LeafEncoding is how the first certificate of x5c is encoded.
type LeafEncoding int

// The encodings.
const (
	// DER is the honest one.
	DER LeafEncoding = iota
	// Truncated lacks the last byte.
	Truncated
	// Trailing has one byte too many.
	Trailing
	// PEM is text.
	PEM
)

// Enforcer is who enforces what an Android key description says.
type Enforcer int

// The enforcers; the zero value is nobody.
const (
	// BySoftware is the list softwareEnforced.
	BySoftware Enforcer = iota + 1
	// ByTEE is the list teeEnforced, also called hardwareEnforced.
	ByTEE
)
