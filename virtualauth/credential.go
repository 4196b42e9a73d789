package virtualauth

import (
	"bytes"
	"time"

	"github.com/passkeylab/passkeylab/virtualauth/cose"
	"github.com/passkeylab/passkeylab/virtualauth/keystore"
)

// Credential is one credential as its authenticator remembers it.
type Credential struct {
	// ID is the credential id: 32 random bytes unless imported or lied about.
	ID []byte
	// RPID and RPName are the relying party it belongs to.
	RPID, RPName string
	// RPIDHash is the SHA-256 hash of RPID, 32 bytes, where nothing else is known: U2F tells only that of an AppID. Otherwise
	// nil.
	RPIDHash []byte
	// UserHandle, UserName and UserDisplayName are the account it belongs to.
	UserHandle                []byte
	UserName, UserDisplayName string
	// Discoverable says that it can be found without its id: a passkey.
	Discoverable bool
	// Algorithm is that of its key.
	Algorithm cose.Algorithm
	// PublicKey is its COSE_Key, encoded.
	PublicKey []byte
	// SignCount is the signature counter of its latest ceremony.
	SignCount uint32
	// NeverCounts says that SignCount stays as it is, as that of a passkey from another credential manager must (CXF 1.0).
	NeverCounts bool
	// BackupEligible is fixed at creation; BackupState may change (WebAuthn L3 §6.1.3).
	BackupEligible, BackupState bool
	// CreatedAt is when it was made; LastUsedAt is zero until its first assertion.
	CreatedAt, LastUsedAt time.Time
	// ExtensionData is what extensions keep with it.
	ExtensionData
}

// record is a Credential with its key's handle, and its place in the vault.
type record struct {
	Credential
	handle     keystore.Handle
	secrets    hmacSecrets
	inSoftware bool // the key is in World.Fallback
	place
}

// clone shares no memory with c.
func (c Credential) clone() Credential {
	c.ID, c.UserHandle, c.PublicKey = bytes.Clone(c.ID), bytes.Clone(c.UserHandle), bytes.Clone(c.PublicKey)
	c.ExtensionData = c.ExtensionData.clone()
	c.RPIDHash = bytes.Clone(c.RPIDHash)
	return c
}

// copied is r as it is now. Nobody ever writes to a byte slice of a record, they are only replaced; so the two may share them,
// but what leaves the package is cloned.
func (r *record) copied() *record {
	s := *r
	s.place = place{sequence: r.sequence}
	return &s
}

func (c Credential) account() Account {
	return Account{UserName: c.UserName, DisplayName: c.UserDisplayName, CredentialID: bytes.Clone(c.ID)}
}
