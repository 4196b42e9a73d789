package rp

import (
	"context"
	"database/sql"
	"errors"

	"github.com/passkeylab/passkeylab/rp/store"
)

// This file is the wizard's side of flow E: the page looks for what the app does.

// told marks a refusal that the app got and that the wizard has shown, so that it shows it once.
const told = "told"

// LookInApp looks once, from screen V2, for the passkey that the app makes: one of this user's, of the organisation's app, made
// since the run began. It moves the run on to S11 once there is one, or to the screen of the refusal that the app got, or of
// the policy where that has changed; otherwise the run stays on V2.
func (rp *RelyingParty) LookInApp(ctx context.Context, sessionID, runID string) (*Run, error) {
	return rp.changeRun(ctx, "look in app", sessionID, runID, func(tx *store.Tx, s *Session, run *Run) (*Refusal, error) {
		if run.Over() || run.Screen != V2 {
			return nil, nil
		}
		a, list, err := accountWithPasskeys(tx, s.UserID)
		if err != nil {
			return nil, err
		}
		for i := len(list) - 1; i >= 0; i-- {
			if rp.Provider(list[i].AAGUID).Approved && !list[i].CreatedAt.Before(run.StartedAt) {
				run.ResultCredentialID = list[i].ID
				run.goTo(S11)
				return nil, nil
			}
		}
		refusal, err := rp.refusedInApp(tx, run)
		if refusal == nil && err == nil {
			refusal = mayAdd(rp.Policy(), &a.User, 0)
		}
		if refusal != nil {
			run.fail(refusal)
		}
		return nil, err
	})
}

// refusedInApp is the refusal that the app got last since the run began, unless it has been shown; nil for none.
func (rp *RelyingParty) refusedInApp(tx *store.Tx, run *Run) (*Refusal, error) {
	last, err := scanCeremony(tx.QueryRow("SELECT "+ceremonyColumns+" FROM ceremonies WHERE user_id = ? AND user_id <> '' AND kind = ? AND issued_at >= ? ORDER BY issued_at DESC, rowid DESC LIMIT 1",
		run.UserID, string(KindApp), store.Nanos(run.StartedAt)))
	if errors.Is(err, sql.ErrNoRows) || err == nil && (last.refusal == nil || last.ClientErrorName == told) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	last.ClientErrorName, last.ClientErrorAt = told, rp.Now()
	return last.refusal, saveCeremony(tx, &last)
}

// otherWayBarred reports whether the way between app and browser that an event would take is closed: to the browser while
// attestation is enforced, to the app where there is none.
func (rp *RelyingParty) otherWayBarred(q store.Querier, run *Run, event Event) (bool, error) {
	switch event {
	case EventInApp:
		return !rp.HasApp(), nil
	case EventTrouble:
		a, err := accountByID(q, run.UserID)
		return err == nil && rowRefusal(rp.Policy(), &a.User, AddApp) != "", err
	}
	return false, nil
}

// MayAddByBrowser reports whether a passkey in the app can also be made through a browser: flows A to C.
func (rp *RelyingParty) MayAddByBrowser(user *User) bool {
	return rowRefusal(rp.Policy(), user, AddApp) == ""
}
