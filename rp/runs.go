package rp

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/passkeylab/passkeylab/rp/policy"
	"github.com/passkeylab/passkeylab/rp/store"
)

// mayAdd applies the guards of S1 that do not depend on the row, in their order, and returns the first that
// refuses: passkeys off (E5a), self-service off (E5b), limit reached (E4). Guests and groups have no policy here.
func mayAdd(p policy.Policy, stored int) *Refusal {
	switch {
	case !p.Enabled():
		return refuse(CodeMethodDisabled, nil)
	case !p.SelfService():
		return refuse(CodeSelfServiceOff, nil)
	case stored >= p.Limit():
		refusal := refuse(CodeLimitReached, nil)
		refusal.Limit = p.Limit()
		return refusal
	}
	return nil
}

// rowRefusal is the guard that depends on the row: a passkey "anywhere" makes no sense where only passkeys that
// stay on their device are accepted.
func rowRefusal(p policy.Policy, method AddMethod) Code {
	if method == AddPasskey && p.PasskeyTypes == policy.TypeDeviceBound {
		return CodeSyncedNotAllowed
	}
	return ""
}

// Choices returns the rows of S1. The refusal says why none of them can be chosen, nil when at least the rows
// without a Disabled code can.
func (rp *RelyingParty) Choices(ctx context.Context, sessionID string) ([]Choice, *Refusal, error) {
	var list []Credential
	err := rp.read(ctx, "choices", func(q store.Querier) error {
		s, err := rp.liveSession(q, sessionID)
		if err != nil {
			return err
		}
		list, err = credentialsOf(q, s.UserID)
		return err
	})
	if err != nil {
		return nil, nil, err
	}
	p := rp.Policy()
	refusal := mayAdd(p, len(list))
	rows := make([]Choice, 0, 3)
	for _, method := range []AddMethod{AddApp, AddKey, AddPasskey} {
		row := Choice{Method: method, Disabled: rowRefusal(p, method)}
		if refusal != nil {
			row.Disabled = refusal.Code
		}
		if method == AddApp {
			row.Existing = rp.newestInApp(list)
		}
		rows = append(rows, row)
	}
	return rows, refusal, nil
}

func (rp *RelyingParty) newestInApp(list []Credential) *Credential {
	for i := len(list) - 1; i >= 0; i-- {
		if rp.Provider(list[i].AAGUID).Approved {
			return &list[i]
		}
	}
	return nil
}

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
		if refusal := rp.startRefusal(start, len(list)); refusal != nil {
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

func (rp *RelyingParty) startRefusal(start Start, stored int) *Refusal {
	p := rp.Policy()
	if refusal := mayAdd(p, stored); refusal != nil {
		return refusal
	}
	if start.Unsupported {
		return refuse(CodeUnsupported, nil)
	}
	if code := rowRefusal(p, start.Method); code != "" {
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
	case start.Method == AddApp && start.SameDevice:
		run.Flow, run.PhoneOS = FlowSame, Android
		if start.PhoneOS == IOS {
			run.PhoneOS = IOS
		}
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
	_, err := tx.Exec("UPDATE ceremonies SET consumed_at = ?1, client_error = ?2, client_error_at = ?1 WHERE run_id = ?3 AND consumed_at = 0",
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

// Visit opens a screen of the run by its address and returns the run on the screen to show, which is another one
// when the asked one is ahead of the run or no longer makes sense: redirect there. S0 means that the run is over
// or has stored its passkey. Opening any address while the run waits for a phone or key ends that ceremony: the
// page that held it is gone; opening the Checking screen asks for the outcome instead (E9). A superseded run is
// refused with CodeRunSuperseded.
func (rp *RelyingParty) Visit(ctx context.Context, sessionID, runID string, screen Screen) (*Run, error) {
	leave := Screen("")
	run, err := rp.changeRun(ctx, "visit", sessionID, runID, func(tx *store.Tx, _ *Session, run *Run) (*Refusal, error) {
		if run.Over() {
			if run.Screen != S1 {
				leave = S0
			}
			return nil, nil
		}
		show, ends := run.open(screen)
		if show == S0 {
			leave = S0
			return nil, nil
		}
		if ends {
			if err := rp.closeCeremonies(tx, run.ID, closedInterrupted); err != nil {
				return nil, err
			}
		}
		rp.show(run, show, ends)
		return nil, nil
	})
	if run != nil && leave != "" {
		run.Screen = leave
	}
	return run, err
}

// show puts the run on the screen that open chose.
func (rp *RelyingParty) show(run *Run, screen Screen, interrupted bool) {
	if screen == E9 && run.Screen != E9 {
		run.fail(refuse(CodeNetwork, nil))
		return
	}
	if screen != run.Screen {
		run.goTo(screen)
	}
	if interrupted && screen == run.ready() {
		run.Interrupted = true
	}
}

// Step moves the run by what a person did and returns it on its new screen. S0 and S1 lead out of the run's
// pages; S0 ends it. An input from a screen that the run has left changes nothing.
func (rp *RelyingParty) Step(ctx context.Context, sessionID, runID string, in Input) (*Run, error) {
	leave := Screen("")
	run, err := rp.changeRun(ctx, "step", sessionID, runID, func(tx *store.Tx, s *Session, run *Run) (*Refusal, error) {
		if run.Over() {
			leave = S0
			return nil, nil
		}
		if in.From != run.Screen {
			return nil, nil
		}
		run.answer(in)
		if (run.Screen == E2 || run.Screen == E2b) && in.Event == EventRetry {
			// "I've removed it": a claim that cannot be checked, but no reason to nag. Sign-in still knows the stray.
			if _, err := tx.Exec("UPDATE refused_tries SET dismissed = 1 WHERE run_id = ?", run.ID); err != nil {
				return nil, err
			}
		}
		to, ok := run.next(in.Event, situation{fresh: rp.Freshness(s, ToChange).Fresh, now: rp.Now()})
		if !ok {
			return nil, nil
		}
		if to == S0 || to == S1 {
			leave = to
		}
		return nil, rp.follow(tx, run, to)
	})
	if run != nil && leave != "" {
		run.Screen = leave
	}
	return run, err
}

// follow carries out a transition.
func (rp *RelyingParty) follow(tx *store.Tx, run *Run, to Screen) error {
	if (run.Screen == S8 || run.Screen == E9) && to != E9 {
		if err := rp.closeCeremonies(tx, run.ID, closedLeft); err != nil {
			return err
		}
	}
	switch to {
	case S0:
		run.ClosedAt = rp.Now()
	case S1:
		if run.Screen == S8 {
			run.goTo(run.ready())
		}
	case E11:
		if run.Screen != E11 {
			refusal := refuse(CodeRateLimited, nil)
			refusal.RetryAt = rp.Now().Add(retryPause)
			run.fail(refusal)
		}
	case E9:
	default:
		run.goTo(to)
	}
	return nil
}

// ProveRun takes a one-time code as a fresh proof and moves the run on to where the proof leads.
func (rp *RelyingParty) ProveRun(ctx context.Context, sessionID, runID, code string) (*Run, error) {
	return rp.changeRun(ctx, "prove", sessionID, runID, func(tx *store.Tx, _ *Session, run *Run) (*Refusal, error) {
		_, refusal, err := rp.proveWithCode(ctx, tx, sessionID, code)
		if err != nil || refusal != nil {
			return refusal, err
		}
		moveOn(run)
		return nil, nil
	})
}

// Proved moves a run on after its session got a fresh proof by other means, such as FinishProof.
func (rp *RelyingParty) Proved(ctx context.Context, sessionID, runID string) (*Run, error) {
	return rp.changeRun(ctx, "proved", sessionID, runID, func(_ *store.Tx, s *Session, run *Run) (*Refusal, error) {
		if !rp.Freshness(s, ToChange).Fresh {
			return refuse(CodeProofStale, nil), nil
		}
		moveOn(run)
		return nil, nil
	})
}

// moveOn leaves the proof screens, and only those: a proof that is renewed elsewhere keeps the step.
func moveOn(run *Run) {
	if run.Screen == S2 || run.Screen == S2a || run.Screen == E6 {
		run.goTo(run.afterProof())
	}
}

// NameRun is Done on S10: it names the passkey and moves on to S11. A name that cannot be gives FieldErrors and
// leaves the run, and the default name, as they are.
func (rp *RelyingParty) NameRun(ctx context.Context, sessionID, runID, name string) (*Run, error) {
	return rp.changeRun(ctx, "name", sessionID, runID, func(tx *store.Tx, s *Session, run *Run) (*Refusal, error) {
		if run.Screen == S11 || run.Over() {
			return nil, nil
		}
		if run.Screen != S10 {
			return nil, ErrOutOfStep
		}
		if err := rp.renameIn(ctx, tx, s.UserID, run.ResultCredentialID, name); err != nil {
			return nil, err
		}
		run.goTo(S11)
		return nil, nil
	})
}

// proofDeadline is the latest instant at which a passkey may be stored under the session's proof.
func (rp *RelyingParty) proofDeadline(s *Session) time.Time {
	return s.ProofAt.Add(rp.timers.Proof + rp.timers.Timeout)
}
