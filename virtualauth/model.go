package virtualauth

import (
	"github.com/google/uuid"

	"github.com/passkeylab/passkeylab/virtualauth/attestation"
	"github.com/passkeylab/passkeylab/virtualauth/cose"
)

// Model is what an authenticator claims to be and how it is in the habit of acting within the rules. The zero Model is a
// device-bound roaming authenticator with built-in user verification, ES256, counters, and an all-zero AAGUID.
type Model struct {
	// AAGUID names the model (WebAuthn L3 §6.5.1); all zero is allowed.
	AAGUID uuid.UUID
	// Versions are the protocol versions in getInfo; nil means FIDO_2_0 and FIDO_2_1.
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
	// AlwaysVerify is the option "alwaysUv": every ceremony that asks for consent also verifies (CTAP 2.2 §7.2).
	AlwaysVerify bool
	// Display says that the user can read on it: she then chooses among several accounts on the authenticator itself
	// (CTAP 2.2 §6.2.2), and reset needs no fresh power cycle (CTAP 2.2 §6.6).
	Display bool
	// AlwaysDiscoverable makes every credential discoverable, as passkey managers do, even when "rk" was not asked for.
	AlwaysDiscoverable bool
	// NonDiscoverableOnly says that it has no room for discoverable credentials: "rk" is UNSUPPORTED_OPTION.
	NonDiscoverableOnly bool
	// DuplicateUser is what happens when an account already has a discoverable credential here.
	DuplicateUser DuplicateUser
	// Attestation is the statement format that it makes when the request names no other; zero means none.
	Attestation attestation.Format
	// MaxDiscoverable is how many discoverable credentials fit; 0 means no limit.
	MaxDiscoverable int
	// MaxCredentialsInList is the longest exclude or allow list it takes; 0 means no limit.
	MaxCredentialsInList int
	// MaxMessageSize is the longest request it takes in bytes, command byte included; 0 means 7609, what CTAPHID carries.
	MaxMessageSize int
	// FirmwareVersion is the maker's own number in getInfo; 0 means not told.
	FirmwareVersion uint
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
// the option "uv" of getInfo (CTAP 2.2 §6.4).
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
	// Overwrite replaces the older credential, as CTAP 2.2 §6.1.2 (step on existing credentials of the account) says.
	Overwrite DuplicateUser = iota
	// Refuse tells the user that the account is here already and answers OPERATION_DENIED, as some apps do.
	Refuse
	// KeepBoth keeps the older one beside the new one, as some passkey managers do.
	KeepBoth
)

// defaultMaxMessageSize is the most that one CTAPHID message carries: 64-byte packets, 57 + 128 × 59 bytes (CTAP 2.2 §11.2.4).
const defaultMaxMessageSize = 57 + 128*59

func (m Model) algorithms() []cose.Algorithm {
	if m.Algorithms == nil {
		return []cose.Algorithm{cose.ES256}
	}
	return m.Algorithms
}

func (m Model) versions() []string {
	if m.Versions == nil {
		return []string{"FIDO_2_0", "FIDO_2_1"}
	}
	return m.Versions
}

func (m Model) maxMessageSize() int {
	if m.MaxMessageSize == 0 {
		return defaultMaxMessageSize
	}
	return m.MaxMessageSize
}

func (m Model) attestation() attestation.Format {
	if m.Attestation == "" {
		return attestation.FormatNone
	}
	return m.Attestation
}
