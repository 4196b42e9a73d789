package rp

import (
	"context"
	"database/sql"
	"errors"

	"github.com/passkeylab/passkeylab/rp/store"
)

// StartRun starts a run and supersedes the session's earlier ones: their tabs show "continued elsewhere". The
// guards of S1 apply in their order; a refusal starts nothing. With a stale proof the run begins on S2.
func (rp *RelyingParty) StartRun(ctx context.Context, sessionID string, start Start) (run *Run, err error) {
	err = rp.write(ctx, "start run", func(tx *store.Tx) error {
		s, err := rp.liveSession(tx, sessionID)
		if err != nil {
			return err
		}
		list, err := credentialsOf(tx, s.UserID)
		if err != nil {
			return err
		}
		a, err := accountByID(tx, s.UserID)
		if err != nil {
			return err
		}
		if refusal := rp.startRefusal(&a.User, start, len(list)); refusal != nil {
			return refusal
		}
		if run, err = rp.newRun(s, start); err != nil {
			return err
		}
		if err := rp.supersede(tx, s.ID, run.ID); err != nil {
			return err
		}
		return saveRun(tx, run)
	})
	return run, err
}

func (rp *RelyingParty) startRefusal(user *User, start Start, stored int) *Refusal {
	p := rp.Policy()
	if refusal := mayAdd(p, user, stored); refusal != nil {
		return refusal
	}
	if start.Unsupported && start.Method != AddInApp { // the app needs nothing of this browser
		return refuse(CodeUnsupported, nil)
	}
	if code := rowRefusal(p, user, start.Method); code != "" {
		return refuse(code, nil)
	}
	return nil
}

func (rp *RelyingParty) newRun(s *Session, start Start) (*Run, error) {
	run := &Run{UserID: s.UserID, SessionID: s.ID, StartedAt: rp.Now(), SeenAt: rp.Now(), policyDigest: rp.policy.Load().digest}
	switch {
	case start.Method == AddKey:
		run.Flow = FlowKey
	case start.Method == AddPasskey:
		run.Flow = FlowAny
	case start.Method == AddInApp && rp.HasApp():
		run.Flow = FlowInApp
		if start.SameDevice {
			run.PhoneOS = start.phone()
		}
	case start.Method == AddApp && start.SameDevice:
		run.Flow, run.PhoneOS = FlowSame, start.phone()
	case start.Method == AddApp:
		run.Flow = FlowAndroid
	default:
		return nil, &FieldError{Field: "method", Problem: ProblemInvalid}
	}
	var err error
	if run.ID, err = rp.rand.id(); err != nil {
		return nil, err
	}
	run.Screen, run.Furthest = run.first(), run.first()
	if !rp.Freshness(s, ToChange).Fresh {
		run.Screen, run.Furthest, run.After = S2, S2, run.first()
	}
	return run, nil
}

// phone is the phone that the browser runs on.
func (s Start) phone() PhoneOS {
	if s.PhoneOS == IOS {
		return IOS
	}
	return Android
}

// supersede hands the session's open runs over to the new one and closes their challenges.
func (rp *RelyingParty) supersede(tx *store.Tx, sessionID, newRunID string) error {
	old, err := collect(tx, scanRun, "SELECT "+runColumns+" FROM runs WHERE session_id = ? AND closed_at = 0 AND superseded_by = '' AND id <> ?", sessionID, newRunID)
	if err != nil {
		return err
	}
	for i := range old {
		if err := rp.closeCeremonies(tx, old[i].ID, closedSuperseded); err != nil {
			return err
		}
		old[i].SupersededBy = newRunID
		if err := saveRun(tx, &old[i]); err != nil {
			return err
		}
	}
	return nil
}

// The reasons why a challenge ended without a response, kept as the ceremony's client error.
const (
	closedSuperseded  = "superseded"
	closedInterrupted = "interrupted"
	closedRestarted   = "restarted"
	closedLeft        = "left"
	closedSettled     = "settled"
)

// closeCeremonies ends the run's open challenges: a response that comes later is refused.
func (rp *RelyingParty) closeCeremonies(tx *store.Tx, runID, reason string) error {
	_, err := tx.Exec("UPDATE ceremonies SET consumed_at = ?1, client_error = ?2, client_error_at = ?1 WHERE run_id = ?3 AND run_id <> '' AND consumed_at = 0",
		store.Nanos(rp.Now()), reason, runID)
	return err
}

// ownRun loads the run for its user. Another user's run, and a run that another live session is walking, are not
// found. After a new sign-in the run goes on under the new session while it is younger than Timers.RunResume and
// the policy is unchanged; otherwise it is over, and the person starts again at S1.
func (rp *RelyingParty) ownRun(tx *store.Tx, s *Session, runID string) (*Run, error) {
	run, err := runByID(tx, runID)
	if errors.Is(err, sql.ErrNoRows) || err == nil && run.UserID != s.UserID {
		return nil, ErrNotFound
	}
	if err != nil || run.SessionID == s.ID {
		return &run, err
	}
	switch _, err := rp.liveSession(tx, run.SessionID); {
	case err == nil:
		return nil, ErrNotFound
	case AsRefusal(err) == nil:
		return nil, err
	}
	if run.Over() {
		return &run, nil
	}
	return &run, rp.resume(tx, s, &run)
}

func (rp *RelyingParty) resume(tx *store.Tx, s *Session, run *Run) error {
	if err := rp.supersede(tx, s.ID, run.ID); err != nil {
		return err
	}
	run.SessionID, run.SeenAt = s.ID, rp.Now()
	tooOld := rp.Now().Sub(run.StartedAt) >= rp.timers.RunResume
	if stored := len(run.ResultCredentialID) > 0; !stored && (tooOld || run.policyDigest != rp.policy.Load().digest) {
		if err := rp.closeCeremonies(tx, run.ID, closedLeft); err != nil {
			return err
		}
		run.ClosedAt, run.Screen = rp.Now(), S1
	}
	return saveRun(tx, run)
}

// changeRun runs change on the session's run in one transaction and saves it, unless the run is over. change
// returns a refusal as a value when what it did to the run must be kept; an error undoes everything.
func (rp *RelyingParty) changeRun(ctx context.Context, op, sessionID, runID string, change func(tx *store.Tx, s *Session, run *Run) (*Refusal, error)) (*Run, error) {
	var run *Run
	var refusal *Refusal
	err := rp.write(ctx, op, func(tx *store.Tx) error {
		s, err := rp.liveSession(tx, sessionID)
		if err != nil {
			return err
		}
		if run, err = rp.ownRun(tx, s, runID); err != nil {
			return err
		}
		if run.SupersededBy != "" {
			return refuse(CodeRunSuperseded, nil)
		}
		if refusal, err = change(tx, s, run); err != nil {
			return err
		}
		run.SeenAt = rp.Now()
		return saveRun(tx, run)
	})
	if err != nil {
		return nil, err
	}
	if refusal != nil {
		return run, refusal
	}
	return run, nil
}

// Run returns the session's run as it is, superseded or over as it may be. It changes nothing but the owner after
// a new sign-in.
func (rp *RelyingParty) Run(ctx context.Context, sessionID, runID string) (run *Run, err error) {
	err = rp.write(ctx, "run", func(tx *store.Tx) error {
		s, err := rp.liveSession(tx, sessionID)
		if err != nil {
			return err
		}
		run, err = rp.ownRun(tx, s, runID)
		return err
	})
	return run, err
}
