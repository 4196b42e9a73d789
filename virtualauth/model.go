package virtualauth

import (
	"github.com/google/uuid"

	"github.com/passkeylab/passkeylab/virtualauth/attestation"
	"github.com/passkeylab/passkeylab/virtualauth/cose"
	"github.com/passkeylab/passkeylab/virtualauth/pinuv"
)

// Model is what an authenticator claims to be and how it is in the habit of acting within the rules. The zero Model is a
// device-bound roaming authenticator of CTAP 2.0 with built-in user verification, ES256, counters, and an all-zero AAGUID.
//
// A Model that asks for what could never work is not served: Open, Exchange and U2F fail with a *ModelError. Each field says
// what it needs. Fields that only say how something is have no effect where that thing is missing.
type Model struct {
	// AAGUID names the model (WebAuthn L3 §6.5.1); all zero is allowed.
	AAGUID uuid.UUID
	// Versions are the protocol versions in getInfo; nil means FIDO_2_0, and FIDO_2_1 and FIDO_2_3 as well where the model has
	// what CTAP 2.1 §9 demands: the extension hmac-secret; with discoverable credentials CredentialManagement and a way to
	// verify the user; with such a way the extension credProtect, tokens with permissions, and PIN/UV auth protocol two; with
	// Config.SetMinPINLength the extension minPinLength. Naming one of them without is a *ModelError, and so is U2F_V2 without
	// ES256, or FIDO_2_1_PRE without Prototypes. getInfo tells no member that is younger than these versions.
	Versions []string
	// Algorithms are those it can use, best first; nil means ES256 alone. A key store that lacks one of them makes
	// makeCredential fail with UNSUPPORTED_ALGORITHM.
	Algorithms []cose.Algorithm
	// Attachment is Roaming or Platform; it decides the option "plat" of getInfo.
	Attachment Attachment
	// Transports are those of getInfo (WebAuthn L3 §5.8.4), such as "usb" or "internal"; nil means not told.
	Transports []string
	// Backup says whether credentials are synced; it decides the flags BE and BS.
	Backup Backup
	// ZeroCounter makes the signature counter constantly zero, as synced credentials do (WebAuthn L3 §6.1.1).
	ZeroCounter bool
	// Verification says whether it can verify users by itself.
	Verification Verification
	// AlwaysVerify is the option "alwaysUv": every ceremony that asks for consent also verifies (CTAP 2.3 §7.2).
	AlwaysVerify bool
	// Display says that the user can read on it: she then chooses among several accounts on the authenticator itself
	// (CTAP 2.3 §6.2.2), and reset needs no fresh power cycle (CTAP 2.3 §6.6).
	Display bool
	// AlwaysDiscoverable makes every credential discoverable, as passkey managers do, even when "rk" was not asked for.
	AlwaysDiscoverable bool
	// NonDiscoverableOnly says that it has no room for discoverable credentials: "rk" is UNSUPPORTED_OPTION.
	NonDiscoverableOnly bool
	// DuplicateUser is what happens when an account already has a discoverable credential here.
	DuplicateUser DuplicateUser
	// Attestation is the statement format that it makes when the request names no other; zero means none.
	Attestation attestation.Format
	// AttestationType chooses between the types of format packed: attestation.Self, which zero means too, or Basic.
	AttestationType attestation.Type
	// AttestationKey is the algorithm of the model's own attestation key; zero means ES256.
	AttestationKey cose.Algorithm
	// Compound are the formats in a compound statement, which it can also make one by one; nil means packed and tpm.
	Compound []attestation.Format
	// MaxDiscoverable is how many discoverable credentials fit; 0 means no limit.
	MaxDiscoverable int
	// MaxCredentialsInList is the longest exclude or allow list it takes; 0 means no limit.
	MaxCredentialsInList int
	// MaxMessageSize is the longest request it takes in bytes, command byte included; 0 means 7609, what CTAPHID carries.
	// At least 1024.
	MaxMessageSize int
	// FirmwareVersion is the maker's own number in getInfo; 0 means not told.
	FirmwareVersion uint
	// Certifications are levels reached, by the name of the programme, such as "FIDO": told in getInfo.
	Certifications map[string]uint

	// VerifyToCreate asks for verification even where a credential is not discoverable: makeCredUvNotRqd is then absent.
	VerifyToCreate bool
	// UVRetries is how many failed built-in verifications block it; 0 means 5. They are counted only where a PIN or a token
	// makes them matter: elsewhere it is the device's own unlock that counts. At most 25.
	UVRetries int
	// UVModality are the methods of built-in verification in getInfo, a bit each (FIDO Registry §3.1); 0 means not told.
	UVModality uint
	// PreferredUVAttempts is how often a platform should try built-in verification before the PIN; 0 means not told.
	PreferredUVAttempts uint
	// UVTokens lets built-in verification issue PIN/UV auth tokens, which makes the option pinUvAuthToken true even without
	// ClientPIN. Without built-in verification it has no effect; it does not go with PIN.LegacyTokens.
	UVTokens bool
	// UVConfig and UVEnroll let tokens by built-in verification have the permissions acfg and be: the options uvAcfg and
	// uvBioEnroll. They have no effect without such tokens, or without what they permit.
	UVConfig, UVEnroll bool

	// PIN is what it does about PINs.
	PIN PINModel
	// Config is what authenticatorConfig can do.
	Config ConfigModel
	// Extensions are the identifiers of the extensions that it supports, in the order of getInfo; inputs of others are
	// ignored. hmac-secret-mc needs hmac-secret, credBlob needs credProtect, minPinLength and pinComplexityPolicy need
	// Config.SetMinPINLength, and a model has either largeBlob or largeBlobKey with LargeBlobs (CTAP 2.3 §12).
	Extensions []string
	// CredentialManagement says that it has the command (CTAP 2.3 §6.8): the option credMgmt. It needs tokens with permissions,
	// by PIN or by UVTokens.
	CredentialManagement bool
	// PersistentTokens lets tokens that outlive power cycles read by that command: the option perCredMgmtRO, and what such a
	// token decrypts, encIdentifier and encCredStoreState (CTAP 2.3 §6.4). Without that command it has no effect.
	PersistentTokens bool
	// Fingerprints is how many it can enroll by bioEnrollment (CTAP 2.3 §6.7); 0 means that it lacks the command. It needs
	// PIN.Supported, for nobody else could let the first finger be enrolled.
	Fingerprints int
	// LargeBlobs is the size of its large-blob array in bytes, at least 1024 (CTAP 2.3 §6.10); 0 means that it has none. With
	// the extension largeBlob it is the room for all blobs together, and 0 means 1024. The array needs tokens with permissions
	// where users are verified.
	LargeBlobs int
	// Prototypes says that it has bioEnrollment and credentialManagement only under the numbers and option ids of FIDO_2_1_PRE
	// (CTAP 2.1 §6.12, §6.13): credentialMgmtPreview, userVerificationMgmtPreview. Versions may then name FIDO_2_1_PRE.
	Prototypes bool
	// CredBlob is the longest value of the extension credBlob in bytes, at least 32; 0 means 32.
	CredBlob int
	// Storage is how it keeps what extensions and accounts bring with them.
	Storage StorageModel
	// Sensor is what its fingerprint sensor is like, if it has one.
	Sensor SensorModel
	// TransportsForReset are those over which reset works, when not all of them (CTAP 2.3 §6.6).
	TransportsForReset []string
	// SoftwareFallback lets World.Fallback, a key store in software, make the keys for algorithms that World.Keys does not
	// support.
	SoftwareFallback bool
}

// PINModel is what an authenticator does about PINs (CTAP 2.3 §6.5). In the zero PINModel there is no PIN.
type PINModel struct {
	// Supported says that a PIN can be set: the option clientPin.
	Supported bool
	// Protocols are the PIN/UV auth protocols that it speaks, best first; nil means two and one where anything needs them.
	Protocols []pinuv.Protocol
	// LegacyTokens says that there are no tokens with permissions, as before CTAP 2.1: the option pinUvAuthToken is absent.
	LegacyTokens bool
	// NoCeremonies keeps tokens by PIN from making and using credentials: the option noMcGaPermissionsWithClientPin.
	NoCeremonies bool
	// MinLength is the shortest PIN in Unicode code points, at most MaxLength; 0 means 4, which is the least there can be.
	MinLength int
	// MaxLength is the longest PIN in Unicode code points, at least 8; 0 means 63, which is the most there can be.
	MaxLength int
	// Retries is how many wrong PINs block it; 0 means 8, which is the most there can be.
	Retries int
	// Complex is its complexity policy: it reports whether a PIN satisfies it (CTAP 2.3 §7.5). Nil means that it has none.
	Complex func(pin string) bool
	// AlwaysComplex applies Complex from the start, not only once authenticatorConfig has switched it on.
	AlwaysComplex bool
	// ComplexURL is where people can read the policy; told in getInfo.
	ComplexURL string
}

// ConfigModel is what authenticatorConfig can do (CTAP 2.3 §6.11). In the zero ConfigModel the command does not exist. Where users
// are verified it needs tokens with the permission for it: by PIN, or by UVTokens with UVConfig.
type ConfigModel struct {
	// ToggleAlwaysUV switches the option alwaysUv; where the model starts with it is Model.AlwaysVerify.
	ToggleAlwaysUV bool
	// SetMinPINLength raises what is asked of PINs: the option setMinPINLength. It has no effect where there are none.
	SetMinPINLength bool
	// MaxRPIDs is how many RP IDs may learn the minimum PIN length.
	MaxRPIDs int
	// Enterprise enables enterprise attestation (CTAP 2.3 §7.1): the option ep is present.
	Enterprise bool
	// EnterpriseRPIDs are the RP IDs to which vendor-facilitated enterprise attestation (type 1) is given.
	EnterpriseRPIDs []string
	// LongTouchForReset makes reset ask for a long touch.
	LongTouchForReset bool
	// VendorCommands are the numbers that vendorPrototype takes. They do nothing, which is all that can be said of a vendor.
	VendorCommands []uint64
}

// Attachment is how an authenticator is attached to the client's device (WebAuthn L3 §5.4.5).
type Attachment int

// The attachments.
const (
	// Roaming authenticators are reached from other devices: "cross-platform".
	Roaming Attachment = iota
	// Platform authenticators are part of the client's device.
	Platform
)

// String returns the AuthenticatorAttachment value of WebAuthn L3 §5.4.5.
func (a Attachment) String() string {
	if a == Platform {
		return "platform"
	}
	return "cross-platform"
}

// Backup says whether an authenticator's credentials are backed up (WebAuthn L3 §6.1.3).
type Backup int

// The kinds of backup.
const (
	// DeviceBound credentials never leave: BE and BS clear.
	DeviceBound Backup = iota
	// NotBackedUpYet credentials may be synced and are not so far: BE set, BS clear.
	NotBackedUpYet
	// Synced credentials are backed up from the start: BE and BS set.
	Synced
)

// Verification says whether an authenticator can verify its user by itself, by a finger, a face or its own unlock code:
// the option "uv" of getInfo (CTAP 2.3 §6.4).
type Verification int

// The states of built-in user verification.
const (
	// VerificationReady is set up: "uv" is true.
	VerificationReady Verification = iota
	// VerificationNotSetUp is there but not set up: "uv" is false.
	VerificationNotSetUp
	// VerificationMissing is not there: "uv" is absent.
	VerificationMissing
)

// DuplicateUser is what an authenticator does when it is to make a discoverable credential for an RP ID and user handle
// that it already has one for, not named by the exclude list.
type DuplicateUser int

// The habits.
const (
	// Overwrite replaces the older credential, as CTAP 2.3 §6.1.2 (step on existing credentials of the account) says.
	Overwrite DuplicateUser = iota
	// Refuse tells the user that the account is here already and answers OPERATION_DENIED, as some apps do.
	Refuse
	// KeepBoth keeps the older one beside the new one, as some passkey managers do.
	KeepBoth
)

// defaultMaxMessageSize is the most that one CTAPHID message carries: 64-byte packets, 57 + 128 × 59 bytes (CTAP 2.3 §11.2.4).
const defaultMaxMessageSize = 57 + 128*59

// leastMaxMessageSize is in bytes; platforms rely on it where getInfo tells no other (CTAP 2.3 §6.4, maxMsgSize).
const leastMaxMessageSize = 1024

func (m Model) algorithms() []cose.Algorithm {
	if len(m.Algorithms) == 0 {
		return []cose.Algorithm{cose.ES256}
	}
	return m.Algorithms
}

func (m Model) maxMessageSize() int {
	if m.MaxMessageSize == 0 {
		return defaultMaxMessageSize
	}
	return m.MaxMessageSize
}
