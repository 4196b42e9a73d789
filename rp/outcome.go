package rp

import (
	"context"
	"database/sql"
	"errors"

	"github.com/passkeylab/passkeylab/rp/store"
)

// knownClientErrors are the names worth keeping; a page may send anything.
var knownClientErrors = map[string]bool{
	"NotAllowedError": true, "TimeoutError": true, "InvalidStateError": true, "AbortError": true, "SecurityError": true,
	"NotSupportedError": true, "ConstraintError": true, "TypeError": true, "UnknownError": true, "OperationError": true,
	ClientErrorTimer: true, ClientErrorNetwork: true, ClientErrorUnsupported: true,
}

// ReportClientError takes what the browser said instead of a response, or what the page itself knows ("timer",
// "network", "unsupported"), and returns the run on the screen that follows. The challenge is dead from then on,
// except after "network": then verify may still arrive, and Outcome tells. A report for a run that has moved on
// changes nothing.
func (rp *RelyingParty) ReportClientError(ctx context.Context, sessionID, runID, name string) (*Run, error) {
	code := ClientErrorCode(name)
	if !knownClientErrors[name] {
		name = "other"
	}
	return rp.changeRun(ctx, "client error", sessionID, runID, func(tx *store.Tx, _ *Session, run *Run) (*Refusal, error) {
		waiting := run.Screen == S8 || code == CodeUnsupported && run.Screen == run.ready() && run.Flow != FlowInApp
		if run.Over() || !waiting {
			return nil, nil
		}
		ceremony, err := latestCeremony(tx, run.ID)
		if err != nil && !errors.Is(err, sql.ErrNoRows) {
			return nil, err
		}
		if err == nil && ceremony.Open() {
			ceremony.ClientErrorName, ceremony.ClientErrorAt = name, rp.Now()
			if code != CodeNetwork {
				ceremony.ConsumedAt = rp.Now()
			}
			if err := saveCeremony(tx, &ceremony); err != nil {
				return nil, err
			}
		}
		run.fail(refuse(code, nil))
		rp.log.InfoContext(ctx, "ceremony ended by the browser", "run", run.ID, "error", name, "code", string(code), "request", RequestID(ctx))
		return nil, nil
	})
}

// Outcome tells what became of the run's latest ceremony: stored, not stored (with the refusal), or pending, as
// verify may still arrive. It changes nothing; SettleOutcome does.
func (rp *RelyingParty) Outcome(ctx context.Context, sessionID, runID string) (*Outcome, error) {
	return rp.outcome(ctx, sessionID, runID, false)
}

// SettleOutcome is Outcome that ends the doubt: a challenge that is still open is closed, so that a verify that
// arrives later is refused, and the run moves to E12 (CodeSavedNotRegistered). The answer is never pending.
func (rp *RelyingParty) SettleOutcome(ctx context.Context, sessionID, runID string) (*Outcome, error) {
	return rp.outcome(ctx, sessionID, runID, true)
}

func (rp *RelyingParty) outcome(ctx context.Context, sessionID, runID string, settle bool) (*Outcome, error) {
	result := &Outcome{}
	run, err := rp.changeRun(ctx, "outcome", sessionID, runID, func(tx *store.Tx, _ *Session, run *Run) (*Refusal, error) {
		if len(run.ResultCredentialID) > 0 {
			result.State = OutcomeStored
			c, err := credentialByID(tx, run.ResultCredentialID)
			if err == nil {
				result.Credential = &c
			} else if !errors.Is(err, sql.ErrNoRows) {
				return nil, err
			}
			return nil, nil
		}
		return nil, rp.notStored(tx, run, result, settle)
	})
	if err != nil {
		return nil, err
	}
	result.Run = run
	return result, nil
}

func (rp *RelyingParty) notStored(tx *store.Tx, run *Run, result *Outcome, settle bool) error {
	result.State, result.Refusal = OutcomeNotStored, run.Problem
	ceremony, err := latestCeremony(tx, run.ID)
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	if err != nil {
		return err
	}
	waits := run.Screen == E9 || run.Screen == S8
	switch {
	case ceremony.refusal != nil:
		result.Refusal = ceremony.refusal
	case !ceremony.Open():
		waits = false
	case !settle && !ceremony.expired(rp.Now()):
		result.State, result.Refusal = OutcomePending, nil
		return nil
	default:
		if err := rp.closeCeremonies(tx, run.ID, closedSettled); err != nil {
			return err
		}
		result.Refusal = refuse(CodeSavedNotRegistered, nil)
	}
	if waits {
		run.fail(result.Refusal)
	}
	return nil
}
