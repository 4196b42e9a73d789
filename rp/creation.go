package rp

import (
	"context"
	"database/sql"
	"errors"
	"slices"

	"github.com/passkeylab/passkeylab/rp/store"
)

// BeginRegistration issues creation options for a run that stands on S7, K2 or, to start again, S8, and moves it
// to S8. Earlier challenges of the run are dead from then on. The policy, the limit and the proof are judged
// here: a stale proof is CodeProofStale with the run on S2a, the others move the run to their E screen. On any
// other screen it returns ErrOutOfStep.
func (rp *RelyingParty) BeginRegistration(ctx context.Context, sessionID, runID string) (*CreationOptions, error) {
	var options *CreationOptions
	run, err := rp.changeRun(ctx, "begin registration", sessionID, runID, func(tx *store.Tx, s *Session, run *Run) (*Refusal, error) {
		if run.Over() || run.Flow == FlowInApp || run.Screen != run.ready() && run.Screen != S8 {
			return nil, ErrOutOfStep
		}
		list, err := credentialsOf(tx, s.UserID)
		if err != nil {
			return nil, err
		}
		a, err := accountByID(tx, s.UserID)
		if err != nil {
			return nil, err
		}
		if refusal := rp.beginRefusal(s, &a.User, run, len(list)); refusal != nil {
			return refusal, rp.closeCeremonies(tx, run.ID, closedLeft)
		}
		if err := rp.countAttempt(tx, run); err != nil {
			return nil, err
		}
		if err := rp.closeCeremonies(tx, run.ID, closedRestarted); err != nil {
			return nil, err
		}
		options, err = rp.issueCreation(tx, s, &a.User, run, list)
		return nil, err
	})
	if err != nil {
		return nil, err
	}
	options.Run = run
	return options, nil
}

func (rp *RelyingParty) beginRefusal(s *Session, user *User, run *Run, stored int) *Refusal {
	p := rp.Policy()
	refusal := mayAdd(p, user, stored)
	if refusal == nil {
		refusal = flowRefusal(p, user, run.Flow)
	}
	if refusal != nil {
		run.fail(refusal)
		return refusal
	}
	if !rp.Freshness(s, ToChange).Fresh {
		run.After = run.ready()
		run.goTo(S2a)
		return refuse(CodeProofStale, nil)
	}
	return nil
}

// countAttempt numbers the ceremony that is about to begin. One that the person only broke off is not an attempt
// that failed, so beginning again after it keeps the number.
func (rp *RelyingParty) countAttempt(tx *store.Tx, run *Run) error {
	last, err := latestCeremony(tx, run.ID)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return err
	}
	brokenOff := []string{closedInterrupted, closedRestarted, closedLeft, "AbortError"}
	if err == nil && (last.Open() || last.responseDigest == nil && slices.Contains(brokenOff, last.ClientErrorName)) {
		return nil
	}
	run.Attempt++
	return nil
}

func (rp *RelyingParty) issueCreation(tx *store.Tx, s *Session, user *User, run *Run, list []Credential) (*CreationOptions, error) {
	creation, data, err := rp.creationOptions(user, run.Flow, list)
	if err != nil {
		return nil, err
	}
	ceremony, err := rp.newCeremony(KindCreate, creation.Response, data)
	if err != nil {
		return nil, err
	}
	ceremony.RunID, ceremony.SessionID, ceremony.UserID = run.ID, s.ID, s.UserID
	ceremony.ExcludeIDs = ids(list)
	if deadline := rp.proofDeadline(s); deadline.Before(ceremony.ExpiresAt) {
		ceremony.ExpiresAt = deadline
	}
	run.goTo(S8)
	return &CreationOptions{CeremonyID: ceremony.ID, Options: creation.Response, ExpiresAt: ceremony.ExpiresAt}, openCeremony(tx, ceremony)
}
