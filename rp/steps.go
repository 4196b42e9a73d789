package rp

import (
	"context"

	"github.com/passkeylab/passkeylab/rp/store"
)

// Visit opens a screen of the run by its address and returns the run on the screen to show, which is another one
// when the asked one is ahead of the run or no longer makes sense: redirect there. S0 means that the run is over
// or has stored its passkey. Opening any address while the run waits for a phone or key, or for word of what became of
// it (E9), ends that ceremony: the page that held it is gone; opening the Checking screen asks for the outcome instead (E9). A superseded run is
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
		show := run.open(screen)
		if show == S0 {
			leave = S0
			return nil, nil
		}
		if run.leavesCeremony(show) {
			if err := rp.closeCeremonies(tx, run.ID, closedInterrupted); err != nil {
				return nil, err
			}
		}
		rp.show(run, show)
		return nil, nil
	})
	if run != nil && leave != "" {
		run.Screen = leave
	}
	return run, err
}

// show puts the run on the screen that open chose.
func (rp *RelyingParty) show(run *Run, screen Screen) {
	interrupted := run.Screen == S8
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
		if barred, err := rp.otherWayBarred(tx, run, in.Event); err != nil || barred {
			return nil, err
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
	if run.leavesCeremony(to) {
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

// ProveRun takes a one-time code or a bootstrap pass as a fresh proof, as ProveWithCode does, and moves the run on to
// where the proof leads.
func (rp *RelyingParty) ProveRun(ctx context.Context, sessionID, runID, code string) (*Run, error) {
	typed, err := rp.readProof(ctx, sessionID, code)
	if err != nil {
		return nil, err
	}
	return rp.changeRun(ctx, "prove", sessionID, runID, func(tx *store.Tx, _ *Session, run *Run) (*Refusal, error) {
		_, refusal, err := rp.prove(ctx, tx, sessionID, typed)
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
