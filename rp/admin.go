package rp

import (
	"context"
	"database/sql"
	"errors"
	"slices"

	"github.com/passkeylab/passkeylab/rp/store"
)

// ActorAdmin is the actor of what an administrator did.
const ActorAdmin = "admin"

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
