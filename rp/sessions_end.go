package rp

import (
	"context"
	"crypto/sha256"
	"encoding/hex"

	"github.com/passkeylab/passkeylab/rp/store"
)

// Ref names the session on pages and in the audit log: 16 hexadecimal digits that do not open it.
func (s *Session) Ref() string {
	sum := sha256.Sum256([]byte("session " + s.ID))
	return hex.EncodeToString(sum[:8])
}

// Sessions returns the user's live sessions, oldest first.
func (rp *RelyingParty) Sessions(ctx context.Context, userID string) (live []Session, err error) {
	err = rp.read(ctx, "sessions", func(q store.Querier) error {
		live, err = rp.liveSessions(q, userID)
		return err
	})
	return live, err
}

func (rp *RelyingParty) liveSessions(q store.Querier, userID string) (live []Session, err error) {
	all, err := collect(q, scanSession, "SELECT "+sessionColumns+" FROM sessions WHERE user_id = ? ORDER BY created_at, rowid", userID)
	for _, s := range all {
		if !rp.sessionOver(&s) {
			live = append(live, s)
		}
	}
	return live, err
}

// endSession ends one session in the name of an actor.
func (rp *RelyingParty) endSession(ctx context.Context, tx *store.Tx, s *Session, actor string) error {
	if err := tx.ExecOne("UPDATE sessions SET ended_at = ? WHERE id = ?", store.Nanos(rp.Now()), s.ID); err != nil {
		return err
	}
	return rp.audit(ctx, tx, AuditEvent{UserID: s.UserID, Actor: actor, Action: ActionSessionRevoked, Target: s.Ref()})
}

// EndSession ends one of the sessions of the session's user, by its Ref; one that is over already, or somebody else's, is
// ErrNotFound. It needs a fresh proof, or whoever found a browser open could sign its owner out of all others.
func (rp *RelyingParty) EndSession(ctx context.Context, sessionID, ref string) error {
	return rp.write(ctx, "end session", func(tx *store.Tx) error {
		s, err := rp.liveSession(tx, sessionID)
		if err != nil {
			return err
		}
		if !rp.Freshness(s, ToChange).Fresh {
			return refuse(CodeProofStale, nil)
		}
		live, err := rp.liveSessions(tx, s.UserID)
		if err != nil {
			return err
		}
		for i := range live {
			if live[i].Ref() == ref {
				return rp.endSession(ctx, tx, &live[i], s.UserID)
			}
		}
		return ErrNotFound
	})
}

// EndSessionsOf ends all sessions of somebody, as an administrator, and those of everybody for userID "". It returns how many
// there were. Passkeys and passwords stay.
func (rp *RelyingParty) EndSessionsOf(ctx context.Context, userID string) (ended int, err error) {
	err = rp.write(ctx, "end sessions", func(tx *store.Tx) error {
		all, err := collect(tx, scanSession, "SELECT "+sessionColumns+" FROM sessions WHERE ended_at = 0 AND (?1 = '' OR user_id = ?1) ORDER BY created_at, rowid", userID)
		if err != nil {
			return err
		}
		for i := range all {
			if rp.sessionOver(&all[i]) {
				continue
			}
			if err := rp.endSession(ctx, tx, &all[i], ActorAdmin); err != nil {
				return err
			}
			ended++
		}
		return nil
	})
	if err != nil {
		ended = 0
	}
	return ended, err
}

// SignOutEverywhere ends every session of the session's user, this one included. Passkeys stay.
func (rp *RelyingParty) SignOutEverywhere(ctx context.Context, sessionID string) error {
	return rp.write(ctx, "sign out everywhere", func(tx *store.Tx) error {
		s, err := rp.liveSession(tx, sessionID)
		if err != nil {
			return err
		}
		if _, err := tx.Exec("UPDATE sessions SET ended_at = ? WHERE user_id = ? AND ended_at = 0", store.Nanos(rp.Now()), s.UserID); err != nil {
			return err
		}
		return rp.audit(ctx, tx, AuditEvent{UserID: s.UserID, Action: ActionSignOutAll})
	})
}
