package main

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"time"

	"github.com/passkeylab/passkeylab/rp/store"
	"github.com/passkeylab/passkeylab/virtualauth"
	"github.com/passkeylab/passkeylab/virtualauth/ctap2"
)

// A crowd is everybody who has passkeys at a relying party that is timed. Who they are and which credential ids they have
// follows from their numbers, so that whoever fills the database and whoever signs in need not tell each other. All passkeys
// have the same key: no one but the bench could know.

// crowdMember is somebody of the crowd, by number from 0.
type crowdMember int

// passkeys is how many one has: 1 to 10.
func (m crowdMember) passkeys() int { return 1 + int(m)%10 }

func (m crowdMember) digest(of string) []byte {
	sum := sha256.Sum256(fmt.Appendf(nil, "%s of member %d", of, m))
	return sum[:]
}

func (m crowdMember) id() string { return base64.RawURLEncoding.EncodeToString(m.digest("id")[:16]) }

func (m crowdMember) handle() []byte { return m.digest("handle") }

func (m crowdMember) name() string { return fmt.Sprintf("member%07d@crowd.example", int(m)) }

func (m crowdMember) credential(n int) []byte { return m.digest(fmt.Sprintf("passkey %d", n)) }

// crowdOf is how many members it takes to have that many passkeys; the last one may have fewer than it should.
func crowdOf(passkeys int) (members int) {
	for ; passkeys > 0; members++ {
		passkeys -= crowdMember(members).passkeys()
	}
	return members
}

// crowdKey makes the key that all passkeys of a crowd share.
func crowdKey(ctx context.Context) (virtualauth.Portable, error) {
	device := newBenchedDevice()
	_, err := ctap2.MakeCredential(ctx, device, &ctap2.MakeCredentialRequest{
		ClientDataHash: make([]byte, 32), RP: ctap2.RelyingParty{ID: "localhost"}, User: ctap2.User{ID: []byte{1}},
		Parameters: []ctap2.Parameters{{Algorithm: -7, Type: ctap2.PublicKey}}, Options: &ctap2.Options{ResidentKey: new(true), UserVerification: new(true)},
	})
	if err != nil {
		return virtualauth.Portable{}, fmt.Errorf("make the crowd's key: %w", err)
	}
	key, err := device.Export(ctx, device.Credentials()[0].ID)
	key.NeverCounts, key.SignCount = true, 0
	return key, err
}

// newBenchedDevice is a provider of synced passkeys whose user agrees to everything.
func newBenchedDevice() *virtualauth.Authenticator {
	return virtualauth.New(virtualauth.Model{Backup: virtualauth.Synced, Transports: []string{"internal"}}, virtualauth.World{Clock: systemClock{}, Rand: rand.Reader})
}

// device is the authenticator of a member, with the first passkey.
func (m crowdMember) device(ctx context.Context, key virtualauth.Portable) (*virtualauth.Authenticator, error) {
	device := newBenchedDevice()
	key.ID, key.RPID, key.UserHandle, key.UserName = m.credential(0), "localhost", m.handle(), m.name()
	return device, device.Import(ctx, key)
}

// fillBatch is how many members one commit stores.
const fillBatch = 2000

// fillCrowd stores a crowd with that many passkeys. It writes rows as the relying party does, without its ceremonies.
func fillCrowd(ctx context.Context, db *store.Store, passkeys int, publicKey []byte) error {
	members := crowdOf(passkeys)
	for first := 0; first < members; first += fillBatch {
		err := db.Write(ctx, func(tx *store.Tx) error {
			for m := crowdMember(first); int(m) < min(first+fillBatch, members); m++ {
				stored := min(m.passkeys(), passkeys)
				passkeys -= stored
				if err := m.store(tx, stored, publicKey); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return fmt.Errorf("fill the database: %w", err)
		}
	}
	return nil
}

func (m crowdMember) store(tx *store.Tx, passkeys int, publicKey []byte) error {
	at := store.Nanos(time.Date(2026, 1, 1, 0, 0, int(m), 0, time.UTC))
	if _, err := tx.Exec(`INSERT INTO users (id, handle, user_name, user_key, display_name, password, totp_secret, created_at) VALUES (?,?,?,?,?,'','',?)`,
		m.id(), m.handle(), m.name(), m.name(), "Member", at); err != nil {
		return err
	}
	for n := range passkeys {
		if _, err := tx.Exec(`INSERT INTO credentials (id, user_id, user_handle, public_key, algorithm, sign_count, aaguid, attestation_format, attested,
			backup_eligible, backup_state, uv_initialized, transports, attachment, name, named_by_user, account_name, created_at, last_used_at,
			last_used_client, replaced_hint) VALUES (?,?,?,?,-7,0,?,'none',0,1,1,1,'["internal"]','platform',?,0,?,?,0,'',0)`,
			m.credential(n), m.id(), m.handle(), publicKey, make([]byte, 16), fmt.Sprintf("Passkey %d", n+1), m.name(), at); err != nil {
			return err
		}
	}
	return nil
}
