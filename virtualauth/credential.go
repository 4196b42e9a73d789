package virtualauth

import (
	"bytes"
	"slices"
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
	// BackupEligible is fixed at creation; BackupState may change (WebAuthn L3 §6.1.3).
	BackupEligible, BackupState bool
	// CreatedAt is when it was made; LastUsedAt is zero until its first assertion.
	CreatedAt, LastUsedAt time.Time
}

// record is a Credential with its key's handle.
type record struct {
	Credential
	handle keystore.Handle
}

// clone shares no memory with c.
func (c Credential) clone() Credential {
	c.ID, c.UserHandle, c.PublicKey = bytes.Clone(c.ID), bytes.Clone(c.UserHandle), bytes.Clone(c.PublicKey)
	return c
}

func (c Credential) account() Account {
	return Account{UserName: c.UserName, DisplayName: c.UserDisplayName, CredentialID: bytes.Clone(c.ID)}
}

// vault holds records in the order of their creation. The zero vault is empty. Its owner locks it.
type vault struct{ records []*record }

func (v *vault) find(id []byte) *record {
	for _, r := range v.records {
		if bytes.Equal(r.ID, id) {
			return r
		}
	}
	return nil
}

// newestFirst returns the records that match, in the order in which CTAP 2.2 §6.2.2 wants assertions: latest creation first.
func (v *vault) newestFirst(match func(*record) bool) []*record {
	var found []*record
	for _, r := range slices.Backward(v.records) {
		if match(r) {
			found = append(found, r)
		}
	}
	return found
}

// ofAccount finds the newest discoverable credential of an account.
func (v *vault) ofAccount(rpID string, userHandle []byte) *record {
	found := v.newestFirst(func(r *record) bool {
		return r.Discoverable && r.RPID == rpID && bytes.Equal(r.UserHandle, userHandle)
	})
	if len(found) == 0 {
		return nil
	}
	return found[0]
}

func (v *vault) discoverable() int {
	return len(v.newestFirst(func(r *record) bool { return r.Discoverable }))
}

func (v *vault) add(r *record) { v.records = append(v.records, r) }

func (v *vault) remove(r *record) {
	v.records = slices.DeleteFunc(v.records, func(other *record) bool { return other == r })
}
