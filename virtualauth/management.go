package virtualauth

import (
	"github.com/passkeylab/passkeylab/virtualauth/ctap2"
	"github.com/passkeylab/passkeylab/virtualauth/pinuv"
)

// StorageModel is how an authenticator keeps what extensions and accounts bring with them. The zero StorageModel keeps all of it.
type StorageModel struct {
	// CredProtect is the policy of credentials for which none was asked; zero means UVOptional (CTAP 2.3 §12.1).
	CredProtect ctap2.CredProtect
	// LargeBlobForAll says that credentials made without the extension largeBlob can hold a blob too (CTAP 2.3 §12.4).
	LargeBlobForAll bool
	// MaxRPIDLength is how much of an RP ID it can tell afterwards, in bytes, at least 32; 0 means all of it (CTAP 2.3
	// §6.8.7).
	MaxRPIDLength int
	// MaxNameLength is how much of a user's names it remembers, in bytes, at least 64; 0 means all of it (WebAuthn L3
	// §6.4.1.1).
	MaxNameLength int
}

// blobCapacity is maxSerializedLargeBlobArray, or what the extension largeBlob can store, in bytes.
func (m Model) blobCapacity() uint { return uint(max(m.LargeBlobs, freeBlobCapacity)) }

func hasSensor(m Model) bool { return m.Fingerprints > 0 }

// Whether a model has a command, or the prototype of it.
func enrols(m Model) bool             { return hasSensor(m) && !m.Prototypes }
func enrolsByPrototype(m Model) bool  { return hasSensor(m) && m.Prototypes }
func manages(m Model) bool            { return m.CredentialManagement && !m.Prototypes }
func managesByPrototype(m Model) bool { return m.CredentialManagement && m.Prototypes }

// needed is the permission that a token needs for a managing command. Tokens had none when there were only prototypes.
func (m Model) needed(permission pinuv.Permissions) pinuv.Permissions {
	if m.Prototypes {
		return 0
	}
	return permission
}

// keepsBlobs reports whether there is the command; the extension takes its place (CTAP 2.3 §12.4).
func keepsBlobs(m Model) bool { return m.LargeBlobs > 0 && !m.extends(ctap2.ExtensionLargeBlob) }

// storage is what an authenticator remembers across power cycles besides credentials and settings: plain data, so that it can
// be written down and read back. The zero value is that of a new device, or of one that was just reset. The authenticator's
// mutex guards it.
type storage struct {
	// Blobs is the serialised large-blob array, platforms' data that it keeps without reading it; nil means the initial one
	// (CTAP 2.3 §6.10.1).
	Blobs []byte `cbor:"1,keyasint,omitempty"`
	// Fingers are the enrolled fingers, oldest first.
	Fingers []Finger `cbor:"2,keyasint,omitempty"`
}

// unfinished is what a command of several steps has begun, beside remainingAssertions; nil where there is nothing.
type unfinished struct {
	enumeration *enumeration
	blobs       *blobWrite
	finger      *enrolment
}

// What commands leave unfinished, beside remainingAssertions.
const (
	remainingEnumeration state = 1 << (iota + 1) // of relying parties or of credentials
	pendingBlobs                                 // a write of large blobs
	pendingEnrolment                             // a finger of which samples are being taken
)

// drop forgets what is unfinished, except what is named.
func (u *unfinished) drop(except state) {
	if except&remainingEnumeration == 0 {
		u.enumeration = nil
	}
	if except&pendingBlobs == 0 {
		u.blobs = nil
	}
	if except&pendingEnrolment == 0 {
		u.finger = nil
	}
}

// dropPending forgets what earlier commands have left, except what is named (CTAP 2.3 §6, stateful commands).
func (a *Authenticator) dropPending(except state) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if except&remainingAssertions == 0 {
		a.pending = nil
	}
	if a.Misbehave.KeepEnumerations {
		except |= remainingEnumeration
	}
	a.unfinished.drop(except)
}
