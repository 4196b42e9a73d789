package rp

import (
	"context"
	"database/sql"
	"encoding/base64"
	"errors"

	"github.com/passkeylab/passkeylab/rp/policy"
	"github.com/passkeylab/passkeylab/rp/store"
)

// SecurityInfo returns everything that S0 shows, from one snapshot.
func (rp *RelyingParty) SecurityInfo(ctx context.Context, sessionID string) (*SecurityInfo, error) {
	info := &SecurityInfo{}
	err := rp.read(ctx, "security info", func(q store.Querier) (err error) {
		if info.Session, err = rp.liveSession(q, sessionID); err != nil {
			return err
		}
		a, err := accountByID(q, info.Session.UserID)
		if err != nil {
			return err
		}
		info.User = &a.User
		list, err := credentialsOf(q, a.ID)
		if err != nil {
			return err
		}
		for i := range list {
			info.Cards = append(info.Cards, rp.card(info.Session, info.User, list[i]))
		}
		if info.Pass, err = rp.passFor(q, info.User); err != nil {
			return err
		}
		info.Reminder, err = rp.reminder(q, a.ID)
		return err
	})
	if err != nil {
		return nil, err
	}
	info.Limit = rp.Policy().Limit()
	info.AddRefused = mayAdd(rp.Policy(), info.User, len(info.Cards))
	info.OtherMethods = otherMethods(info.User)
	return info, nil
}

// otherMethods are the ways to sign in that remain without any passkey.
func otherMethods(user *User) []Method {
	if user.HasPassword && user.HasCode {
		return []Method{MethodPassword, MethodCode}
	}
	return nil
}

func (rp *RelyingParty) card(s *Session, user *User, c Credential) Card {
	card := Card{
		Credential: c, Provider: rp.providers.lookup(c.AAGUID, c.Transports), Lives: LivesOneDevice, Status: StatusActive,
		ThisSession: s.usedPasskey(c.ID), OldAccountName: c.AccountName != user.UserName, SecurityKey: isSecurityKey(c.Transports),
	}
	switch {
	case c.BackupEligible && c.BackupState:
		card.Lives = LivesSynced
	case c.BackupEligible:
		card.Lives = LivesCanSync
	}
	if rp.Policy().AtSignIn(user.subject(), c.candidate()) != policy.Accepted {
		card.Status = StatusBlocked
	}
	return card
}

// reminder is the user's newest stray that S0 should still speak of. One that reached this relying party later
// after all, or that was dismissed, is none.
func (rp *RelyingParty) reminder(q store.Querier, userID string) (*RefusedTry, error) {
	tries, err := rp.refusedTriesOf(q, userID)
	if err != nil {
		return nil, err
	}
	for i := range tries {
		if !tries[i].Dismissed {
			return &tries[i], nil
		}
	}
	return nil, nil
}

// DismissReminder hides one reminder of the session's user; the stray is still recognised at sign-in.
func (rp *RelyingParty) DismissReminder(ctx context.Context, sessionID string, id int64) error {
	return rp.write(ctx, "dismiss reminder", func(tx *store.Tx) error {
		s, err := rp.liveSession(tx, sessionID)
		if err != nil {
			return err
		}
		return tx.ExecOne("UPDATE refused_tries SET dismissed = 1 WHERE id = ? AND user_id = ?", id, s.UserID)
	})
}

// ownCredential returns the passkey if it is the user's. What is somebody else's, or gone, is not found.
func ownCredential(q store.Querier, userID string, id []byte) (Credential, error) {
	c, err := credentialByID(q, id)
	if errors.Is(err, sql.ErrNoRows) || err == nil && c.UserID != userID {
		return Credential{}, ErrNotFound
	}
	return c, err
}

// Card returns one passkey of the session's user by its base64url id; ErrNotFound for any other.
func (rp *RelyingParty) Card(ctx context.Context, sessionID, key string) (*Card, error) {
	id, err := decodeKey(key)
	if err != nil {
		return nil, err
	}
	var card Card
	err = rp.read(ctx, "card", func(q store.Querier) error {
		s, err := rp.liveSession(q, sessionID)
		if err != nil {
			return err
		}
		card, err = rp.cardOf(q, s, id)
		return err
	})
	if err != nil {
		return nil, err
	}
	return &card, nil
}

func (rp *RelyingParty) cardOf(q store.Querier, s *Session, id []byte) (Card, error) {
	c, err := ownCredential(q, s.UserID, id)
	if err != nil {
		return Card{}, err
	}
	a, err := accountByID(q, s.UserID)
	if err != nil {
		return Card{}, err
	}
	return rp.card(s, &a.User, c), nil
}

// Rename names a passkey of the session's user. It needs no fresh proof. A name that cannot be gives FieldErrors;
// a taken one comes with a Suggestion.
func (rp *RelyingParty) Rename(ctx context.Context, sessionID, key, name string) (*Card, error) {
	id, err := decodeKey(key)
	if err != nil {
		return nil, err
	}
	var card Card
	err = rp.write(ctx, "rename", func(tx *store.Tx) error {
		s, err := rp.liveSession(tx, sessionID)
		if err != nil {
			return err
		}
		if err := rp.renameIn(ctx, tx, s.UserID, id, name); err != nil {
			return err
		}
		card, err = rp.cardOf(tx, s, id)
		return err
	})
	if err != nil {
		return nil, err
	}
	return &card, nil
}

func (rp *RelyingParty) renameIn(ctx context.Context, tx *store.Tx, userID string, id []byte, name string) error {
	c, err := ownCredential(tx, userID, id)
	if err != nil {
		return err
	}
	if name, err = checkName(name); err != nil {
		return err
	}
	if name == c.Name {
		_, err := tx.Exec("UPDATE credentials SET named_by_user = 1 WHERE id = ?", c.ID)
		return err
	}
	list, err := credentialsOf(tx, userID)
	if err != nil {
		return err
	}
	if free := freeName(name, list, c.ID); free != name {
		return &FieldError{Field: "name", Problem: ProblemDuplicate, Suggestion: free}
	}
	if err := tx.ExecOne("UPDATE credentials SET name = ?, named_by_user = 1 WHERE id = ?", name, c.ID); err != nil {
		return err
	}
	if err := rp.notify(ctx, tx, userID, ActionPasskeyRenamed, name); err != nil {
		return err
	}
	return rp.audit(ctx, tx, AuditEvent{UserID: userID, Action: ActionPasskeyRenamed, Target: idTail(c.ID)})
}

// Delete removes a passkey of the session's user. It needs a fresh proof (CodeProofStale) and another way to sign
// in that remains (CodeLastMethod). Sessions that the passkey had signed in stay, without their proof. Deleting
// what is gone, or another user's, is ErrNotFound.
func (rp *RelyingParty) Delete(ctx context.Context, sessionID, key string) (*Deletion, error) {
	id, err := decodeKey(key)
	if err != nil {
		return nil, err
	}
	var deletion *Deletion
	err = rp.write(ctx, "delete", func(tx *store.Tx) error {
		s, err := rp.liveSession(tx, sessionID)
		if err != nil {
			return err
		}
		c, err := ownCredential(tx, s.UserID, id)
		if err != nil {
			return err
		}
		if !rp.Freshness(s, ToChange).Fresh {
			return refuse(CodeProofStale, nil)
		}
		deletion, err = rp.deleteIn(ctx, tx, s, c)
		return err
	})
	return deletion, err
}

func (rp *RelyingParty) deleteIn(ctx context.Context, tx *store.Tx, s *Session, c Credential) (*Deletion, error) {
	a, err := accountByID(tx, s.UserID)
	if err != nil {
		return nil, err
	}
	list, err := credentialsOf(tx, s.UserID)
	if err != nil {
		return nil, err
	}
	if refusal := lastMethodRefusal(&a.User, list); refusal != nil {
		return nil, refusal
	}
	if err := rp.removeCredential(ctx, tx, c, removal{notice: ActionPasskeyDeleted}); err != nil {
		return nil, err
	}
	accepted, err := rp.accepted(tx, &a.User)
	return &Deletion{
		Credential: c, Provider: rp.providers.lookup(c.AAGUID, c.Transports), Accepted: accepted, WasThisSession: s.usedPasskey(c.ID),
	}, err
}

// lastMethodRefusal refuses to delete the one passkey of somebody who has no other way to sign in.
func lastMethodRefusal(user *User, list []Credential) *Refusal {
	if len(list) == 1 && len(otherMethods(user)) == 0 {
		return refuse(CodeLastMethod, nil)
	}
	return nil
}

// removal says who removes a passkey, the user if it does not say, and what the notice to the user tells.
type removal struct {
	actor  string
	notice Action
}

// removeCredential deletes the row, takes the proof from the sessions it had signed in, ends the run that made it, tells
// the user, and records it.
func (rp *RelyingParty) removeCredential(ctx context.Context, tx *store.Tx, c Credential, by removal) error {
	if err := tx.ExecOne("DELETE FROM credentials WHERE id = ?", c.ID); err != nil {
		return err
	}
	if _, err := tx.Exec("UPDATE sessions SET proof_at = 0, proof_method = '' WHERE credential_id = ? AND user_id = ?", c.ID, c.UserID); err != nil {
		return err
	}
	// A run that made it has nothing left to name.
	if _, err := tx.Exec("UPDATE runs SET closed_at = ? WHERE user_id = ? AND result_id = ? AND closed_at = 0", store.Nanos(rp.Now()), c.UserID, c.ID); err != nil {
		return err
	}
	if err := rp.notify(ctx, tx, c.UserID, by.notice, c.Name); err != nil {
		return err
	}
	return rp.audit(ctx, tx, AuditEvent{UserID: c.UserID, Actor: by.actor, Action: ActionPasskeyDeleted, Target: idTail(c.ID)})
}

// Accepted returns the argument of signalAllAcceptedCredentials for the session's user: all passkeys, or an
// error and then no signal may be sent.
func (rp *RelyingParty) Accepted(ctx context.Context, sessionID string) (accepted *AcceptedCredentials, err error) {
	err = rp.read(ctx, "accepted credentials", func(q store.Querier) error {
		a, err := rp.signedIn(q, sessionID)
		if err != nil {
			return err
		}
		accepted, err = rp.accepted(q, &a.User)
		return err
	})
	return accepted, err
}

// UserDetails returns the argument of signalCurrentUserDetails for the session's user.
func (rp *RelyingParty) UserDetails(ctx context.Context, sessionID string) (details *UserDetails, err error) {
	err = rp.read(ctx, "user details", func(q store.Querier) error {
		a, err := rp.signedIn(q, sessionID)
		if err != nil {
			return err
		}
		details = &UserDetails{
			RPID: rp.rpID, UserID: base64.RawURLEncoding.EncodeToString(a.User.Handle), Name: a.User.UserName, DisplayName: a.User.DisplayName,
		}
		return nil
	})
	return details, err
}

func (rp *RelyingParty) accepted(q store.Querier, user *User) (*AcceptedCredentials, error) {
	list, err := credentialsOf(q, user.ID)
	if err != nil {
		return nil, err
	}
	all := &AcceptedCredentials{
		RPID: rp.rpID, UserID: base64.RawURLEncoding.EncodeToString(user.Handle), AllAcceptedCredentialIDs: []string{},
	}
	for i := range list {
		all.AllAcceptedCredentialIDs = append(all.AllAcceptedCredentialIDs, list[i].Key())
	}
	return all, nil
}
