package rp

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"database/sql"
	"errors"
	"slices"

	"github.com/passkeylab/passkeylab/rp/store"
)

// ActorAdmin is the actor of what an administrator did.
const ActorAdmin = "admin"

// minAdminToken is how long the administrator's credential must be; adminTries is how many wrong ones one network may
// send in a minute.
const (
	minAdminToken = 16
	adminTries    = 10
)

// HasAdmin reports whether there is an administrator at all.
func (rp *RelyingParty) HasAdmin() bool { return rp.adminToken != "" }

// CheckAdmin checks the administrator's credential. A wrong one is CodeWrongCredentials and goes into the audit log; too
// many of them from one network are CodeRateLimited with RetryAt.
func (rp *RelyingParty) CheckAdmin(ctx context.Context, token string, client Client) error {
	tries := allowance{"admin:" + client.IPPrefix, adminTries}
	if refusal := rp.limitedRefusal(tries); refusal != nil {
		return refusal
	}
	want, got := sha256.Sum256([]byte(rp.adminToken)), sha256.Sum256([]byte(token))
	if rp.HasAdmin() && subtle.ConstantTimeCompare(want[:], got[:]) == 1 {
		return nil
	}
	rp.limiter.count(rp.Now(), tries)
	refusal := refuse(CodeWrongCredentials, nil)
	err := rp.write(ctx, "check admin", func(tx *store.Tx) error {
		return rp.audit(ctx, tx, AuditEvent{Actor: actorSystem, Action: ActionAdminRefused, Target: client.IPPrefix, Code: refusal.Code})
	})
	return errors.Join(refusal, err)
}

// AdminSignedIn records that an administrator began to work in a browser.
func (rp *RelyingParty) AdminSignedIn(ctx context.Context, client Client) error {
	return rp.write(ctx, "admin sign-in", func(tx *store.Tx) error {
		return rp.audit(ctx, tx, AuditEvent{Actor: ActorAdmin, Action: ActionAdminSignIn, Target: client.IPPrefix})
	})
}

// accountOrNotFound is accountByID with the error that callers outside see.
func accountOrNotFound(q store.Querier, userID string) (account, error) {
	a, err := accountByID(q, userID)
	if errors.Is(err, sql.ErrNoRows) {
		return account{}, ErrNotFound
	}
	return a, err
}

// Users returns accounts in the order of their names, beginning after a name ("" for the first), at most that many.
func (rp *RelyingParty) Users(ctx context.Context, after string, most int) (list []User, err error) {
	err = rp.read(ctx, "users", func(q store.Querier) error {
		accounts, err := collect(q, scanAccount, "SELECT "+userColumns+" FROM users WHERE user_key > ? ORDER BY user_key LIMIT ?", foldName(after), most)
		for i := range accounts {
			list = append(list, accounts[i].User)
		}
		return err
	})
	return list, err
}

// Membership is what the policy asks about a person.
type Membership struct {
	Groups []string
	Guest  bool
}

// SetMembership says which groups somebody belongs to, as an administrator, and whether they are a guest. Everything
// is judged by it from now on.
func (rp *RelyingParty) SetMembership(ctx context.Context, userID string, m Membership) error {
	groups := slices.Compact(slices.Sorted(slices.Values(m.Groups)))
	return rp.write(ctx, "set membership", func(tx *store.Tx) error {
		if err := tx.ExecOne("UPDATE users SET member_of = ?, guest = ? WHERE id = ?", toJSON(groups), m.Guest, userID); err != nil {
			return err
		}
		return rp.audit(ctx, tx, AuditEvent{UserID: userID, Actor: ActorAdmin, Action: ActionMembership})
	})
}
