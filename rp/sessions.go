package rp

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/alexedwards/argon2id"
	"github.com/google/uuid"

	"github.com/passkeylab/passkeylab/rp/policy"
	"github.com/passkeylab/passkeylab/rp/store"
)

// seenEvery is how often a session's latest use is written down.
const seenEvery = 30 * time.Second

// SignInWithPassword makes a session from user name, password and one-time code, or from user name and bootstrap pass
// where only one of the two fields is filled in (ProveWithCode names what a pass is refused with). A wrong password, a wrong code
// and an unknown name are one answer, CodeWrongCredentials, and cost the same time; MaxTries of them lock the
// name (CodeLocked with RetryAt). A code that was used before is CodeCodeUsed.
func (rp *RelyingParty) SignInWithPassword(ctx context.Context, in PasswordSignIn) (*Session, error) {
	subject := signInSubject(in.UserName)
	var a account
	var refusal *Refusal
	err := rp.read(ctx, "sign in", func(q store.Querier) (err error) {
		if refusal, err = rp.lockRefusal(q, subject); err != nil || refusal != nil {
			return err
		}
		if a, err = accountByName(q, in.UserName); errors.Is(err, sql.ErrNoRows) {
			return nil
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	if refusal != nil {
		return nil, refusal
	}
	if pass, isPass := in.pass(); isPass {
		return rp.signInWithPass(ctx, in, a, pass)
	}
	right, err := rp.checkPassword(a, in.Password)
	if err != nil {
		return nil, fmt.Errorf("rp: sign in: %w", err)
	}
	var s *Session
	err = rp.write(ctx, "sign in", func(tx *store.Tx) (err error) {
		s, refusal, err = rp.finishPasswordSignIn(ctx, tx, in, right)
		return err
	})
	if err == nil && refusal != nil {
		return nil, refusal
	}
	return s, err
}

// checkPassword costs the same for an account that does not exist: it is then compared with a decoy.
func (rp *RelyingParty) checkPassword(a account, password string) (bool, error) {
	hash := a.password
	if hash == "" {
		var err error
		if hash, err = rp.decoy(); err != nil {
			return false, err
		}
	}
	if len(password) > maxPassword {
		password = ""
	}
	match, err := argon2id.ComparePasswordAndHash(password, hash)
	return match && a.password != "", err
}

// decoy is the hash of a password that nobody has.
func (rp *RelyingParty) decoy() (hash string, err error) {
	rp.decoyOnce.Do(func() { rp.decoyHash, err = argon2id.CreateHash("a password nobody has", rp.hashing) })
	return rp.decoyHash, err
}

func (rp *RelyingParty) finishPasswordSignIn(ctx context.Context, tx *store.Tx, in PasswordSignIn, right bool) (*Session, *Refusal, error) {
	subject := signInSubject(in.UserName)
	if refusal, err := rp.lockRefusal(tx, subject); err != nil || refusal != nil {
		return nil, refusal, err
	}
	a, err := accountByName(tx, in.UserName)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return nil, nil, err
	}
	result, step := codeWrong, int64(0)
	if right && err == nil {
		if result, step, err = rp.checkCode(a, in.Code); err != nil {
			return nil, nil, err
		}
	}
	switch result {
	case codeUsed:
		return nil, refuse(CodeCodeUsed, nil), nil
	case codeWrong:
		refusal, err := rp.refuseSignIn(ctx, tx, subject, a.ID)
		return nil, refusal, err
	}
	if !rp.Policy().AuthenticationStrengths.SignIn.Meets(policy.CombinationPasswordCode, uuid.Nil) {
		return nil, refuse(CodeMethodTooWeak, nil), nil
	}
	if err := useCode(tx, a.ID, step); err != nil {
		return nil, nil, err
	}
	if err := clearFailures(tx, subject); err != nil {
		return nil, nil, err
	}
	s, err := rp.startSession(ctx, tx, Session{
		ID: in.sessionID, UserID: a.ID, Methods: []Method{MethodPassword, MethodCode}, ProofAt: rp.Now(), ProofMethod: MethodCode, Client: in.Client,
	})
	return s, nil, err
}

// refuseSignIn counts a wrong try at signing in; userID is "" for a name that does not exist.
func (rp *RelyingParty) refuseSignIn(ctx context.Context, tx *store.Tx, subject lockSubject, userID string) (*Refusal, error) {
	refusal, err := rp.wrongTry(tx, subject, CodeWrongCredentials)
	if err != nil || userID == "" {
		return refusal, err
	}
	action := ActionSignInRefused
	if refusal.Code == CodeLocked {
		action = ActionLocked
	}
	return refusal, rp.audit(ctx, tx, AuditEvent{UserID: userID, Action: action, Code: refusal.Code})
}

// startSession fills in what every new session has, its id unless it has one, and stores it.
func (rp *RelyingParty) startSession(ctx context.Context, tx *store.Tx, s Session) (*Session, error) {
	if s.ID == "" {
		var err error
		if s.ID, err = rp.rand.id(); err != nil {
			return nil, err
		}
	}
	now := rp.Now()
	s.CreatedAt, s.SeenAt, s.ExpiresAt = now, now, now.Add(rp.timers.SessionLife)
	if err := insertSession(tx, &s); err != nil {
		return nil, err
	}
	return &s, rp.audit(ctx, tx, AuditEvent{UserID: s.UserID, Action: ActionSignIn, Target: string(s.Methods[0])})
}

// signedIn returns the account of a live session.
func (rp *RelyingParty) signedIn(q store.Querier, sessionID string) (account, error) {
	s, err := rp.liveSession(q, sessionID)
	if err != nil {
		return account{}, err
	}
	return accountByID(q, s.UserID)
}

// liveSession returns the session if it is neither ended nor expired nor idle for too long; otherwise the
// refusal CodeSessionExpired, without saying which.
func (rp *RelyingParty) liveSession(q store.Querier, id string) (*Session, error) {
	s, err := scanSession(q.QueryRow("SELECT "+sessionColumns+" FROM sessions WHERE id = ?", id))
	if errors.Is(err, sql.ErrNoRows) {
		return nil, refuse(CodeSessionExpired, nil)
	}
	if err != nil {
		return nil, err
	}
	if rp.sessionOver(&s) {
		return nil, refuse(CodeSessionExpired, nil)
	}
	return &s, nil
}

func (rp *RelyingParty) sessionOver(s *Session) bool {
	return !s.endedAt.IsZero() || !rp.Now().Before(rp.SessionEnd(s))
}

// SessionEnd is when the session ends unless it is used before, and it is ended before.
func (rp *RelyingParty) SessionEnd(s *Session) time.Time {
	if idle := s.SeenAt.Add(rp.timers.SessionIdle); idle.Before(s.ExpiresAt) {
		return idle
	}
	return s.ExpiresAt
}

// Session returns the live session and notes that it was used. A session that is over, or never was, is refused
// with CodeSessionExpired.
func (rp *RelyingParty) Session(ctx context.Context, sessionID string) (s *Session, err error) {
	err = rp.read(ctx, "session", func(q store.Querier) error {
		s, err = rp.liveSession(q, sessionID)
		return err
	})
	if err != nil {
		return nil, err
	}
	if now := rp.Now(); now.Sub(s.SeenAt) >= seenEvery {
		s.SeenAt = now
		err = rp.write(ctx, "session", func(tx *store.Tx) error {
			_, err := tx.Exec("UPDATE sessions SET seen_at = ?1 WHERE id = ?2 AND seen_at < ?1", store.Nanos(now), s.ID)
			return err
		})
	}
	return s, err
}

// SignOut ends the session; ending one that is over is no error.
func (rp *RelyingParty) SignOut(ctx context.Context, sessionID string) error {
	return rp.write(ctx, "sign out", func(tx *store.Tx) error {
		s, err := rp.liveSession(tx, sessionID)
		if AsRefusal(err) != nil {
			return nil
		}
		if err != nil {
			return err
		}
		if _, err := tx.Exec("UPDATE sessions SET ended_at = ? WHERE id = ?", store.Nanos(rp.Now()), s.ID); err != nil {
			return err
		}
		return rp.audit(ctx, tx, AuditEvent{UserID: s.UserID, Action: ActionSignOut})
	})
}
