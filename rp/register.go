package rp

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"database/sql"
	"errors"
	"fmt"

	"github.com/google/uuid"

	"github.com/passkeylab/passkeylab/rp/store"
)

// FinishRegistration verifies a RegistrationResponseJSON and stores the passkey, or says why not, in one
// transaction. The order of checks is that of the Checking screen: ceremony known, unexpired, unused and this
// session's; client data, RP ID, flags, algorithm, attestation; duplicates; policy; limit. A challenge is used up
// by its first response whatever becomes of it. The same body posted again gets the same answer; another body for
// a used challenge gets CodeChallengeUsed.
func (rp *RelyingParty) FinishRegistration(ctx context.Context, sessionID, runID string, body []byte) (*Stored, error) {
	response := rp.examine(ctx, KindCreate, runID, body)
	var result *Stored
	run, err := rp.changeRun(ctx, "finish registration", sessionID, runID, func(tx *store.Tx, s *Session, run *Run) (*Refusal, error) {
		refusal := rp.limitedRefusal(rp.sessionAllowance(sessionID))
		if refusal != nil {
			refusal.Stray = StrayPossible // it was not looked at
			if run.Screen == S8 {
				run.fail(refusal)
			}
			return refusal, nil
		}
		var err error
		result, refusal, err = rp.decide(ctx, tx, decision{session: s, run: run, response: response})
		return refusal, err
	})
	if refusal := AsRefusal(err); refusal != nil {
		rp.countFailedVerify(refusal, rp.sessionAllowance(sessionID))
		rp.log.InfoContext(ctx, "registration refused", "run", runID, "code", string(refusal.Code), "cause", causeText(refusal), "request", RequestID(ctx))
	}
	if refusal := AsRefusal(err); response.err == nil && refusal != nil && (refusal.Code == CodeRunSuperseded || refusal.Code == CodeSessionExpired) {
		err = rp.refuseOutside(ctx, runID, response, refusal)
	}
	if err != nil {
		return nil, err
	}
	result.Run = run
	return result, nil
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
	if d.repeats() {
		return rp.replay(tx, d)
	}
	if !ceremony.Open() && ceremony.responseDigest != nil {
		return rp.refuseUsed(ctx, tx, d)
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

// refuseUsed answers another response to a challenge that a first one has used up. An authentic one is a stray.
func (rp *RelyingParty) refuseUsed(ctx context.Context, tx *store.Tx, d decision) (*Stored, *Refusal, error) {
	refusal := refuse(CodeChallengeUsed, nil)
	if d.response.err != nil {
		return nil, refusal, nil
	}
	if err := rp.keepStray(tx, d.ceremony.RunID, d.response, refusal); err != nil {
		return nil, nil, err
	}
	return nil, refusal, rp.auditRefused(ctx, tx, d.response, refusal)
}

// refuseUnknown answers a response whose challenge is not this run's. It uses up the run's own challenge, so that
// guessing costs a ceremony, and leaves everybody else's alone.
func (rp *RelyingParty) refuseUnknown(ctx context.Context, tx *store.Tx, d decision) (*Stored, *Refusal, error) {
	refusal := refuse(CodeVerificationFailed, d.response.err)
	own, err := latestCeremony(tx, d.run.ID)
	if errors.Is(err, sql.ErrNoRows) || err == nil && !own.Open() {
		if d.response.err == nil { // of the session before: an authentic stray
			if err := rp.keepStray(tx, d.run.ID, d.response, refusal); err != nil {
				return nil, nil, err
			}
		}
		return nil, refusal, rp.audit(ctx, tx, AuditEvent{UserID: d.session.UserID, Action: ActionPasskeyRefused, Target: d.response.target(), Code: refusal.Code})
	}
	if err != nil {
		return nil, nil, err
	}
	d.ceremony = &own
	return nil, refusal, rp.keepRefusal(ctx, tx, d, refusal)
}

// repeats reports whether the ceremony was answered with the same body before.
func (d decision) repeats() bool {
	return d.ceremony.responseDigest != nil && subtle.ConstantTimeCompare(d.ceremony.responseDigest, d.response.digest) == 1
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
	if refusal, err := rp.judgeResponse(tx, d); err != nil || refusal != nil {
		return refusal, err
	}
	return rp.judgeByPolicy(tx, d)
}

// judgeResponse is the part of judge that asks neither run nor policy.
func (rp *RelyingParty) judgeResponse(tx *store.Tx, d decision) (*Refusal, error) {
	response, p := d.response, rp.Policy()
	switch {
	case d.ceremony.Open() && rp.proofEnded(d.session):
		return refuse(CodeProofStale, nil), nil
	case d.ceremony.expired(rp.Now()):
		return refuse(CodeChallengeExpired, nil), nil
	case !d.ceremony.Open():
		return refuse(CodeChallengeUsed, nil), nil
	case response.err != nil:
		return refuse(response.code, response.err), nil
	case p.RequiresUV() && !response.credential.UVInitialized:
		return refuse(CodeUVRequired, nil), nil
	}
	return rp.duplicate(tx, d.session.UserID, d.response)
}

// judgeByPolicy decides by the policy of this moment, which may be narrower than the one the options were issued under:
// who may add, whether this flow makes sense, the passkey itself, the limit.
func (rp *RelyingParty) judgeByPolicy(tx *store.Tx, d decision) (*Refusal, error) {
	a, err := accountByID(tx, d.session.UserID)
	if err != nil {
		return nil, err
	}
	p := rp.Policy()
	if refusal := mayAdd(p, &a.User, 0); refusal != nil {
		return refusal, nil
	}
	if refusal := flowRefusal(p, &a.User, d.run.Flow); refusal != nil {
		return refusal, nil
	}
	return rp.judgePasskey(tx, &a.User, d.response)
}

// judgePasskey decides about the passkey itself, and then the limit.
func (rp *RelyingParty) judgePasskey(tx *store.Tx, user *User, response *response) (*Refusal, error) {
	p := rp.Policy()
	candidate := response.credential.candidate()
	candidate.Attestation = response.proof
	if refusal := refuseVerdict(p.AtRegistration(user.subject(), candidate)); refusal != nil {
		return refusal, nil
	}
	stored, err := credentialsOf(tx, user.ID)
	return limitRefusal(p, len(stored)), err
}

// duplicate refuses a credential id that is stored already. Another user's id gets the answer of a failed
// verification, which tells nothing (WebAuthn L3 §7.1 step 26).
func (rp *RelyingParty) duplicate(tx *store.Tx, userID string, response *response) (*Refusal, error) {
	existing, err := credentialByID(tx, response.credential.ID)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return nil, nil
	case err != nil:
		return nil, err
	case existing.UserID == userID:
		return refuse(CodeDuplicateCredential, nil), nil
	}
	return refuse(CodeVerificationFailed, errors.New("the credential id belongs to another user")), nil
}

// keep stores the passkey, and moves the run to S10.
func (rp *RelyingParty) keep(ctx context.Context, tx *store.Tx, d decision) (*Credential, error) {
	c, err := rp.insert(ctx, tx, d, d.run.PhoneOS)
	if err == nil {
		d.run.ResultCredentialID = c.ID
		d.run.goTo(S10)
	}
	return c, err
}

// insert stores the passkey that a response made, uses up its challenge, and tells the user. It touches no run.
func (rp *RelyingParty) insert(ctx context.Context, tx *store.Tx, d decision, phone PhoneOS) (*Credential, error) {
	a, list, err := accountWithPasskeys(tx, d.session.UserID)
	if err != nil {
		return nil, err
	}
	c := d.response.credential
	c.UserID, c.UserHandle, c.AccountName, c.CreatedAt = a.ID, a.Handle, a.UserName, rp.Now()
	c.Name = freeName(defaultName(ctx, rp.providers.lookup(c.AAGUID, c.Transports), &c, phone), list, nil)
	if err := insertCredential(tx, &c); err != nil {
		return nil, fmt.Errorf("store credential: %w", err)
	}
	if _, err := tx.Exec("DELETE FROM refused_tries WHERE user_id = ? AND credential_id_hash = ?", a.ID, hashOf(c.ID)); err != nil {
		return nil, err // a session that had not asked for it may have sent it before
	}
	if _, err := tx.Exec("UPDATE users SET snoozes = 0, next_prompt_at = 0, snoozed_session = '' WHERE id = ? AND snoozes > 0", a.ID); err != nil {
		return nil, err
	}
	if err := hintReplaced(tx, &c); err != nil {
		return nil, err
	}
	d.ceremony.ConsumedAt, d.ceremony.responseDigest, d.ceremony.resultID = rp.Now(), d.response.digest, c.ID
	if err := saveCeremony(tx, d.ceremony); err != nil {
		return nil, err
	}
	if err := rp.notify(ctx, tx, a.ID, ActionPasskeyAdded, c.Name); err != nil {
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
