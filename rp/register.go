package rp

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"database/sql"
	"errors"
	"fmt"
	"slices"

	"github.com/google/uuid"

	"github.com/passkeylab/passkeylab/rp/policy"
	"github.com/passkeylab/passkeylab/rp/store"
)

// BeginRegistration issues creation options for a run that stands on S7, K2 or, to start again, S8, and moves it
// to S8. Earlier challenges of the run are dead from then on. The policy, the limit and the proof are judged
// here: a stale proof is CodeProofStale with the run on S2a, the others move the run to their E screen. On any
// other screen it returns ErrOutOfStep.
func (rp *RelyingParty) BeginRegistration(ctx context.Context, sessionID, runID string) (*CreationOptions, error) {
	var options *CreationOptions
	run, err := rp.changeRun(ctx, "begin registration", sessionID, runID, func(tx *store.Tx, s *Session, run *Run) (*Refusal, error) {
		if run.Over() || run.Screen != run.ready() && run.Screen != S8 {
			return nil, ErrOutOfStep
		}
		list, err := credentialsOf(tx, s.UserID)
		if err != nil {
			return nil, err
		}
		if refusal := rp.beginRefusal(s, run, len(list)); refusal != nil {
			return refusal, rp.closeCeremonies(tx, run.ID, closedLeft)
		}
		if err := rp.countAttempt(tx, run); err != nil {
			return nil, err
		}
		if err := rp.closeCeremonies(tx, run.ID, closedRestarted); err != nil {
			return nil, err
		}
		options, err = rp.issueCreation(tx, s, run, list)
		return nil, err
	})
	if err != nil {
		return nil, err
	}
	options.Run = run
	return options, nil
}

func (rp *RelyingParty) beginRefusal(s *Session, run *Run, stored int) *Refusal {
	if refusal := mayAdd(rp.Policy(), stored); refusal != nil {
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

func (rp *RelyingParty) issueCreation(tx *store.Tx, s *Session, run *Run, list []Credential) (*CreationOptions, error) {
	a, err := accountByID(tx, s.UserID)
	if err != nil {
		return nil, err
	}
	creation, data, err := rp.creationOptions(&a.User, run, list)
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

// FinishRegistration verifies a RegistrationResponseJSON and stores the passkey, or says why not, in one
// transaction. The order of checks is that of the Checking screen: ceremony known, unexpired, unused and this
// session's; client data, RP ID, flags, algorithm, attestation; duplicates; policy; limit. A challenge is used up
// by its first response whatever becomes of it. The same body posted again gets the same answer; another body for
// a used challenge gets CodeChallengeUsed.
func (rp *RelyingParty) FinishRegistration(ctx context.Context, sessionID, runID string, body []byte) (*Stored, error) {
	response := rp.examine(ctx, runID, body)
	var result *Stored
	run, err := rp.changeRun(ctx, "finish registration", sessionID, runID, func(tx *store.Tx, s *Session, run *Run) (*Refusal, error) {
		var refusal *Refusal
		var err error
		result, refusal, err = rp.decide(ctx, tx, decision{session: s, run: run, response: response})
		return refusal, err
	})
	if refusal := AsRefusal(err); refusal != nil {
		rp.log.InfoContext(ctx, "registration refused", "run", runID, "code", string(refusal.Code), "cause", causeText(refusal), "request", RequestID(ctx))
	}
	if AsRefusal(err) != nil && AsRefusal(err).Code == CodeRunSuperseded && response.err == nil {
		err = rp.refuseSuperseded(ctx, runID, response, AsRefusal(err))
	}
	if err != nil {
		return nil, err
	}
	result.Run = run
	return result, nil
}

// refuseSuperseded remembers the stray of a run that went on in another tab: its passkey was made all the same.
func (rp *RelyingParty) refuseSuperseded(ctx context.Context, runID string, response *response, refusal *Refusal) error {
	rp.describe(refusal, response)
	err := rp.write(ctx, "finish registration", func(tx *store.Tx) error {
		return rp.rememberStray(tx, RefusedTry{
			CredentialIDHash: hashOf(response.credential.ID), UserID: response.credential.UserID, RunID: runID,
			AAGUID: response.credential.AAGUID, Reason: refusal.Code, Scope: refusal.DeviceScope,
		})
	})
	return errors.Join(refusal, err)
}

func causeText(r *Refusal) string {
	if r.cause == nil {
		return ""
	}
	return r.cause.Error()
}

// decision is one response to be judged inside the transaction.
type decision struct {
	session  *Session
	run      *Run
	ceremony *Ceremony
	response *response
}

// decide judges the response and keeps what follows from it. A refusal is a value: what it changed stays.
func (rp *RelyingParty) decide(ctx context.Context, tx *store.Tx, d decision) (*Stored, *Refusal, error) {
	ceremony, err := ceremonyByChallenge(tx, d.response.challengeHash)
	foreign := err == nil && (ceremony.Kind != KindCreate || ceremony.RunID != d.run.ID || ceremony.SessionID != d.session.ID)
	if errors.Is(err, sql.ErrNoRows) || foreign {
		return rp.refuseUnknown(ctx, tx, d)
	}
	if err != nil {
		return nil, nil, err
	}
	d.ceremony = &ceremony
	if ceremony.responseDigest != nil && subtle.ConstantTimeCompare(ceremony.responseDigest, d.response.digest) == 1 {
		return rp.replay(tx, d)
	}
	if !ceremony.Open() && ceremony.responseDigest != nil {
		return nil, refuse(CodeChallengeUsed, nil), nil
	}
	refusal, err := rp.judge(tx, d)
	if err != nil {
		return nil, nil, err
	}
	if refusal != nil {
		return nil, refusal, rp.keepRefusal(ctx, tx, d, refusal)
	}
	credential, err := rp.keep(ctx, tx, d)
	if err != nil {
		return nil, nil, err
	}
	return &Stored{Credential: credential}, nil, nil
}

// refuseUnknown answers a response whose challenge is not this run's. It uses up the run's own challenge, so that
// guessing costs a ceremony, and leaves everybody else's alone.
func (rp *RelyingParty) refuseUnknown(ctx context.Context, tx *store.Tx, d decision) (*Stored, *Refusal, error) {
	refusal := refuse(CodeVerificationFailed, d.response.err)
	own, err := latestCeremony(tx, d.run.ID)
	if errors.Is(err, sql.ErrNoRows) || err == nil && !own.Open() {
		return nil, refusal, rp.audit(ctx, tx, AuditEvent{UserID: d.session.UserID, Action: ActionPasskeyRefused, Code: refusal.Code})
	}
	if err != nil {
		return nil, nil, err
	}
	d.ceremony = &own
	return nil, refusal, rp.keepRefusal(ctx, tx, d, refusal)
}

// replay gives the answer that the same body got before.
func (rp *RelyingParty) replay(tx *store.Tx, d decision) (*Stored, *Refusal, error) {
	if d.ceremony.refusal != nil {
		return nil, d.ceremony.refusal, nil
	}
	credential, err := credentialByID(tx, d.ceremony.resultID)
	if errors.Is(err, sql.ErrNoRows) { // stored then, deleted since
		return nil, refuse(CodeChallengeUsed, nil), nil
	}
	return &Stored{Credential: &credential, Replay: true}, nil, err
}

// judge goes through the checks in order and returns the first refusal. What comes after the cryptographic
// verification is about an authentic response.
func (rp *RelyingParty) judge(tx *store.Tx, d decision) (*Refusal, error) {
	response, p := d.response, rp.Policy()
	switch {
	case d.ceremony.expired(rp.Now()):
		return refuse(CodeChallengeExpired, nil), nil
	case !d.ceremony.Open():
		return refuse(CodeChallengeUsed, nil), nil
	case response.err != nil:
		return refuse(response.code, response.err), nil
	case p.RequiresUV() && !response.credential.UVInitialized:
		return refuse(CodeUVRequired, nil), nil
	}
	if refusal, err := rp.duplicate(tx, d); err != nil || refusal != nil {
		return refusal, err
	}
	stored, err := credentialsOf(tx, d.session.UserID)
	if err != nil {
		return nil, err
	}
	switch verdict := p.Decide(policy.Candidate{AAGUID: response.credential.AAGUID, BackupEligible: response.credential.BackupEligible}); {
	case !p.Enabled() || !p.SelfService():
		return mayAdd(p, 0), nil
	case verdict == policy.SyncedNotAllowed:
		return refuse(CodeSyncedNotAllowed, nil), nil
	case verdict != policy.Accepted:
		return refuse(CodeProviderNotAllowed, errors.New(string(verdict))), nil
	}
	return mayAdd(p, len(stored)), nil
}

// duplicate refuses a credential id that is stored already. Another user's id gets the answer of a failed
// verification, which tells nothing (WebAuthn L3 §7.1 step 26).
func (rp *RelyingParty) duplicate(tx *store.Tx, d decision) (*Refusal, error) {
	existing, err := credentialByID(tx, d.response.credential.ID)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return nil, nil
	case err != nil:
		return nil, err
	case existing.UserID == d.session.UserID:
		return refuse(CodeDuplicateCredential, nil), nil
	}
	return refuse(CodeVerificationFailed, errors.New("the credential id belongs to another user")), nil
}

// keepRefusal uses up the challenge, remembers an authentic passkey as a stray, and moves the run.
func (rp *RelyingParty) keepRefusal(ctx context.Context, tx *store.Tx, d decision, refusal *Refusal) error {
	wasOpen := d.ceremony.Open()
	isDuplicate := refusal.Code == CodeDuplicateCredential || refusal.Code == CodeVerificationFailed
	if d.response.err == nil && d.ceremony.RunID == d.run.ID && !isDuplicate {
		rp.describe(refusal, d.response)
		stray := RefusedTry{
			CredentialIDHash: hashOf(d.response.credential.ID), UserID: d.session.UserID, RunID: d.run.ID,
			AAGUID: d.response.credential.AAGUID, Reason: refusal.Code, Scope: refusal.DeviceScope,
		}
		if err := rp.rememberStray(tx, stray); err != nil {
			return err
		}
	}
	rp.countRefusal(d.run, refusal)
	if wasOpen {
		d.ceremony.ConsumedAt = rp.Now()
	}
	d.ceremony.responseDigest = d.response.digest
	d.ceremony.ServerCode, d.ceremony.refusal = refusal.Code, refusal
	if err := saveCeremony(tx, d.ceremony); err != nil {
		return err
	}
	// A response to a challenge that was closed before it came finds the person elsewhere, and leaves them there.
	if wasOpen && (d.run.Screen == S8 || d.run.Screen == E9) {
		d.run.fail(refusal)
	}
	return rp.audit(ctx, tx, AuditEvent{UserID: d.session.UserID, Action: ActionPasskeyRefused, Target: d.response.target(), Code: refusal.Code})
}

// describe adds what an authentic response told about the stray.
func (rp *RelyingParty) describe(refusal *Refusal, response *response) {
	c := response.credential
	provider := rp.providers.lookup(c.AAGUID, c.Transports)
	refusal.AAGUID, refusal.Provider, refusal.ProviderKey = c.AAGUID.String(), provider.Name, provider.Key
	refusal.ProviderKnown, refusal.Steps, refusal.Stray = provider.Known, provider.Steps, StrayYes
	switch c.Attachment {
	case "platform":
		// Definitely refused, and on the device that the page runs on: the one case where a signal is right.
		refusal.DeviceScope, refusal.SignalUnknown, refusal.CredentialID = ScopeThisDevice, true, c.Key()
	case "cross-platform":
		refusal.DeviceScope = ScopeOtherDevice
	}
}

// countRefusal counts passkeys in the wrong place and gives the advice that repetition has earned.
func (rp *RelyingParty) countRefusal(run *Run, refusal *Refusal) {
	if refusal.Code != CodeProviderNotAllowed && refusal.Code != CodeSyncedNotAllowed {
		return
	}
	run.Refusals++
	run.LastProvider = refusal.Provider
	if run.Flow == FlowSame && run.Refusals >= 2 {
		refusal.Hints = append(refusal.Hints, HintBrowser)
	}
	if run.Refusals >= 3 && run.Flow != FlowKey { // a security key has no settings, and no other place to save in
		refusal.Hints = append(refusal.Hints, HintSwitchOff)
	}
	if run.Refusals >= 3 && run.crossDevice() { // in the other flows the person is in that browser already
		refusal.Hints = append(refusal.Hints, HintOtherFlow)
	}
}

// keep stores the passkey, moves the run to S10, and tells the user.
func (rp *RelyingParty) keep(ctx context.Context, tx *store.Tx, d decision) (*Credential, error) {
	list, err := credentialsOf(tx, d.session.UserID)
	if err != nil {
		return nil, err
	}
	a, err := accountByID(tx, d.session.UserID)
	if err != nil {
		return nil, err
	}
	c := d.response.credential
	c.UserID, c.UserHandle, c.AccountName, c.CreatedAt = a.ID, a.Handle, a.UserName, rp.Now()
	c.Name = freeName(defaultName(rp.providers.lookup(c.AAGUID, c.Transports), &c, d.run.PhoneOS), list, nil)
	if err := insertCredential(tx, &c); err != nil {
		return nil, fmt.Errorf("store credential: %w", err)
	}
	if err := hintReplaced(tx, &c); err != nil {
		return nil, err
	}
	d.ceremony.ConsumedAt, d.ceremony.responseDigest, d.ceremony.resultID = rp.Now(), d.response.digest, c.ID
	if err := saveCeremony(tx, d.ceremony); err != nil {
		return nil, err
	}
	d.run.ResultCredentialID = c.ID
	d.run.goTo(S10)
	if err := rp.notify(tx, a.ID, ActionPasskeyAdded, c.Name); err != nil {
		return nil, err
	}
	return &c, rp.audit(ctx, tx, AuditEvent{UserID: a.ID, Action: ActionPasskeyAdded, Target: idTail(c.ID)})
}

// hintReplaced marks the user's older passkeys of the same syncing provider: such a provider keeps one passkey
// for an account, so a second one probably took the older one's place. Providers that keep passkeys on one device
// are not marked: a second one there is normally a second phone.
func hintReplaced(tx *store.Tx, c *Credential) error {
	if !c.BackupEligible || c.AAGUID == uuid.Nil {
		return nil
	}
	_, err := tx.Exec("UPDATE credentials SET replaced_hint = 1 WHERE user_id = ? AND aaguid = ? AND backup_eligible = 1 AND id <> ?",
		c.UserID, c.AAGUID[:], c.ID)
	return err
}

func hashOf(b []byte) []byte {
	sum := sha256.Sum256(b)
	return sum[:]
}
