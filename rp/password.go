package rp

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"unicode/utf8"

	"github.com/alexedwards/argon2id"

	"github.com/passkeylab/passkeylab/rp/passwords"
	"github.com/passkeylab/passkeylab/rp/store"
)

// PasswordChange is what a person types to get another password.
type PasswordChange struct {
	Current, New string
	// EndOthers signs out every other browser and app of the account.
	EndOthers bool
}

// checkNewPassword says what is wrong with a password that somebody wants, nil for nothing. It wants no kinds of characters;
// around are the names of the account, which a password must not be made of, like those of the site (PasswordWords).
func (rp *RelyingParty) checkNewPassword(field, password string, around ...string) error {
	switch {
	case password == "":
		return &FieldError{Field: field, Problem: ProblemEmpty}
	case utf8.RuneCountInString(password) < MinPassword:
		return &FieldError{Field: field, Problem: ProblemTooShort, Max: MinPassword}
	case len(password) > maxPassword:
		return &FieldError{Field: field, Problem: ProblemTooLong, Max: maxPassword}
	case passwords.Frequent(password):
		return &FieldError{Field: field, Problem: ProblemFrequent}
	case passwords.MadeOf(password, append(around, rp.PasswordWords()...)):
		return &FieldError{Field: field, Problem: ProblemGuessable}
	}
	return nil
}

// PasswordWords are the words that no password may be made of, besides the names of its account: the organisation, its app, the
// name of the site, and Config.PasswordWords (OWASP ASVS 5.0.0 §6.1.2).
func (rp *RelyingParty) PasswordWords() []string {
	return append([]string{rp.organisation, rp.app, rp.rpID}, rp.passwordWords...)
}

// ChangePassword gives the session's account another password. It needs a fresh proof and the password so far, because a proof
// does not show that it is known: MaxTries wrong ones are CodeLocked, those before CodeWrongCredentials with TriesLeft. A new one
// that will not do is a FieldError of "newPassword". Whoever has no password has none to change: ErrNotFound.
func (rp *RelyingParty) ChangePassword(ctx context.Context, sessionID string, change PasswordChange) error {
	a, err := rp.mayChangePassword(ctx, sessionID, change)
	if err != nil {
		return err
	}
	right, err := rp.checkPassword(a, change.Current)
	if err != nil {
		return fmt.Errorf("rp: change password: %w", err)
	}
	hash, err := argon2id.CreateHash(change.New, rp.hashing)
	if err != nil {
		return fmt.Errorf("rp: change password: %w", err)
	}
	var refusal *Refusal
	err = rp.write(ctx, "change password", func(tx *store.Tx) error {
		s, now, err := rp.passwordOf(tx, sessionID)
		if err != nil {
			return err
		}
		if !right || now.password != a.password { // it was wrong, or is another by now
			refusal, err = rp.refusePassword(ctx, tx, s.UserID)
			return err
		}
		return rp.replacePassword(ctx, tx, s, hash, change.EndOthers)
	})
	if err == nil && refusal != nil {
		return refusal
	}
	return err
}

// mayChangePassword returns the account, or what speaks against the change before anything is compared.
func (rp *RelyingParty) mayChangePassword(ctx context.Context, sessionID string, change PasswordChange) (a account, err error) {
	err = rp.read(ctx, "change password", func(q store.Querier) error {
		_, a, err = rp.passwordOf(q, sessionID)
		return err
	})
	if err != nil {
		return a, err
	}
	var currentErr error
	if change.Current == "" {
		currentErr = &FieldError{Field: "currentPassword", Problem: ProblemEmpty}
	}
	newErr := rp.checkNewPassword("newPassword", change.New, a.UserName, a.DisplayName)
	if newErr == nil && change.New == change.Current {
		newErr = &FieldError{Field: "newPassword", Problem: ProblemSame}
	}
	if err := errors.Join(currentErr, newErr); err != nil {
		return a, fmt.Errorf("rp: change password: %w", err)
	}
	return a, nil
}

// passwordOf returns the live session and its account if they may try to change the password now.
func (rp *RelyingParty) passwordOf(q store.Querier, sessionID string) (*Session, account, error) {
	s, err := rp.liveSession(q, sessionID)
	if err != nil {
		return nil, account{}, err
	}
	a, err := accountByID(q, s.UserID)
	if err != nil {
		return nil, account{}, err
	}
	if !a.HasPassword {
		return nil, account{}, ErrNotFound
	}
	if !rp.Freshness(s, ToChange).Fresh {
		return nil, account{}, refuse(CodeProofStale, nil)
	}
	refusal, err := rp.lockRefusal(q, passwordSubject(a.ID))
	if err == nil && refusal != nil {
		err = refusal
	}
	return s, a, err
}

// refusePassword counts a wrong password of somebody who is signed in.
func (rp *RelyingParty) refusePassword(ctx context.Context, tx *store.Tx, userID string) (*Refusal, error) {
	refusal, err := rp.wrongTry(tx, passwordSubject(userID), CodeWrongCredentials)
	if err != nil {
		return nil, err
	}
	action := ActionPasswordRefused
	if refusal.Code == CodeLocked {
		action = ActionLocked
	}
	return refusal, rp.audit(ctx, tx, AuditEvent{UserID: userID, Action: action, Code: refusal.Code})
}

func (rp *RelyingParty) replacePassword(ctx context.Context, tx *store.Tx, s *Session, hash string, endOthers bool) error {
	if err := tx.ExecOne("UPDATE users SET password = ? WHERE id = ?", hash, s.UserID); err != nil {
		return err
	}
	if err := clearFailures(tx, passwordSubject(s.UserID)); err != nil {
		return err
	}
	if endOthers {
		if err := rp.endOthers(ctx, tx, s); err != nil {
			return err
		}
	}
	if err := rp.notify(ctx, tx, s.UserID, ActionPasswordChanged, ""); err != nil {
		return err
	}
	return rp.audit(ctx, tx, AuditEvent{UserID: s.UserID, Action: ActionPasswordChanged})
}

// endOthers ends the sessions of the account that are not this one.
func (rp *RelyingParty) endOthers(ctx context.Context, tx *store.Tx, s *Session) error {
	others, err := rp.liveSessions(tx, s.UserID)
	if err != nil {
		return err
	}
	for _, other := range slices.DeleteFunc(others, func(one Session) bool { return one.ID == s.ID }) {
		if err := rp.endSession(ctx, tx, &other, s.UserID); err != nil {
			return err
		}
	}
	return nil
}
