package main

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"database/sql"
	"encoding/base64"
	"errors"
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

// fillCrowd stores a crowd with that many passkeys in a database that a relying party has made. It writes the rows that a
// relying party writes, without its ceremonies, in one transaction, through a cache that a file of a million fits into.
func fillCrowd(ctx context.Context, path string, passkeys int, publicKey []byte) (err error) {
	db, err := sql.Open("sqlite", "file:"+path+"?_pragma=journal_mode(MEMORY)&_pragma=synchronous(OFF)&_pragma=cache_size(-524288)")
	if err != nil {
		return fmt.Errorf("fill the database: %w", err)
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("fill the database: %w", err)
	}
	defer func() { _ = tx.Rollback() }() // after a commit it does nothing
	rows, err := newCrowdRows(ctx, tx, publicKey)
	if err != nil {
		return fmt.Errorf("fill the database: %w", err)
	}
	for m := crowdMember(0); passkeys > 0; m++ {
		stored := min(m.passkeys(), passkeys)
		passkeys -= stored
		if err := rows.insert(ctx, m, stored); err != nil {
			return fmt.Errorf("fill the database: %w", err)
		}
	}
	return tx.Commit()
}

// crowdRows inserts members with their passkeys.
type crowdRows struct {
	user, passkey *sql.Stmt
	publicKey     []byte
}

func newCrowdRows(ctx context.Context, tx *sql.Tx, publicKey []byte) (*crowdRows, error) {
	user, err := tx.PrepareContext(ctx, `INSERT INTO users (id, handle, user_name, user_key, display_name, password, totp_secret, created_at)
		VALUES (?,?,?,?,'Member','','',?)`)
	if err != nil {
		return nil, err
	}
	passkey, err := tx.PrepareContext(ctx, `INSERT INTO credentials (id, user_id, user_handle, public_key, algorithm, sign_count, aaguid,
		attestation_format, attested, backup_eligible, backup_state, uv_initialized, transports, attachment, name, named_by_user,
		account_name, created_at, last_used_at, last_used_client, replaced_hint)
		VALUES (?,?,?,?,-7,0,zeroblob(16),'none',0,1,1,1,'["internal"]','platform',?,0,?,?,0,'',0)`)
	return &crowdRows{user: user, passkey: passkey, publicKey: publicKey}, err
}

func (r *crowdRows) insert(ctx context.Context, m crowdMember, passkeys int) error {
	at := store.Nanos(time.Date(2026, 1, 1, 0, 0, int(m), 0, time.UTC))
	if _, err := r.user.ExecContext(ctx, m.id(), m.handle(), m.name(), m.name(), at); err != nil {
		return err
	}
	for n := range passkeys {
		if _, err := r.passkey.ExecContext(ctx, m.credential(n), m.id(), m.handle(), r.publicKey, fmt.Sprintf("Passkey %d", n+1), m.name(), at); err != nil {
			return err
		}
	}
	return nil
}
