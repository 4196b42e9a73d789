package rp

import (
	"context"
	"time"

	"github.com/google/uuid"

	"github.com/passkeylab/passkeylab/rp/policy"
	"github.com/passkeylab/passkeylab/rp/store"
)

// combinations are the policy's words for the methods of proof.
var combinations = map[Method]policy.Combination{
	MethodCode: policy.CombinationPasswordCode, MethodPasskey: policy.CombinationPasskey,
	MethodPass: policy.CombinationPassMultiUse, MethodPassOnce: policy.CombinationPassOneTime,
}

// Freshness judges the session's proof for a purpose, now. To change something the proof must also be strong enough
// for the policy; one by a one-time pass counts for Timers.PassUse.
func (rp *RelyingParty) Freshness(s *Session, purpose Purpose) Freshness {
	if purpose == ToManage {
		return s.freshness(rp.Now(), minutesOr(rp.Policy().ProofFreshness.ManageInMinutes, rp.timers.Manage))
	}
	if !rp.strongEnough(s.ProofMethod, s.ProofAAGUID) {
		return Freshness{}
	}
	return s.freshness(rp.Now(), rp.proofLimit(s))
}

// proofLimit is how long the session's proof lets the person change something.
func (rp *RelyingParty) proofLimit(s *Session) time.Duration {
	if s.ProofMethod == MethodPassOnce {
		return rp.timers.PassUse
	}
	return minutesOr(rp.Policy().ProofFreshness.RegisterInMinutes, rp.timers.Proof)
}

func minutesOr(minutes int, otherwise time.Duration) time.Duration {
	if minutes > 0 {
		return time.Duration(minutes) * time.Minute
	}
	return otherwise
}

// strongEnough reports whether a method meets the strength that changing security info asks for.
func (rp *RelyingParty) strongEnough(method Method, aaguid uuid.UUID) bool {
	return rp.Policy().AuthenticationStrengths.RegisterSecurityInfo.Meets(combinations[method], aaguid)
}

// proofDeadline is the latest instant at which a passkey may be stored under the session's proof.
func (rp *RelyingParty) proofDeadline(s *Session) time.Time {
	if s.ProofMethod == MethodPassOnce || rp.Policy().ProofFreshness.IsRecheckedAtVerify {
		return s.ProofAt.Add(rp.proofLimit(s))
	}
	return s.ProofAt.Add(rp.proofLimit(s) + rp.timers.Timeout)
}

// proofEnded reports whether a passkey that arrives now comes too late for the proof itself, and not only for its
// challenge: after a one-time pass, or where the policy judges the proof again.
func (rp *RelyingParty) proofEnded(s *Session) bool {
	if s.ProofMethod != MethodPassOnce && !rp.Policy().ProofFreshness.IsRecheckedAtVerify {
		return false
	}
	return !rp.Freshness(s, ToChange).Fresh
}

// ProveWithCode takes a one-time code, or a bootstrap pass, as a fresh proof of presence. A wrong one is CodeWrongCode
// with TriesLeft, the last wrong one and all after it CodeLocked with RetryAt, a used code CodeCodeUsed. A right pass
// that cannot be used is CodePassNotYetValid, CodePassExpired or CodePassUsed. What is right but not strong enough for
// the policy is CodeMethodTooWeak.
func (rp *RelyingParty) ProveWithCode(ctx context.Context, sessionID, code string) (s *Session, err error) {
	typed, err := rp.readProof(ctx, sessionID, code)
	if err != nil {
		return nil, err
	}
	var refusal *Refusal
	err = rp.write(ctx, "prove", func(tx *store.Tx) error {
		s, refusal, err = rp.prove(ctx, tx, sessionID, typed)
		return err
	})
	if err == nil && refusal != nil {
		return nil, refusal
	}
	return s, err
}

// typedProof is what a person typed: a code, or what may be a pass with the pass that it is.
type typedProof struct {
	code   string
	isPass bool
	passID string // "" when it is no pass of theirs
}

// readProof tells codes from passes, which are longer, and compares a pass outside of any transaction, because that is
// slow on purpose.
func (rp *RelyingParty) readProof(ctx context.Context, sessionID, typed string) (typedProof, error) {
	proof := typedProof{code: typed, isPass: looksLikePass(typed)}
	if !proof.isPass {
		return proof, nil
	}
	var held pass
	err := rp.read(ctx, "prove", func(q store.Querier) error {
		s, err := rp.liveSession(q, sessionID)
		if err != nil {
			return err
		}
		held, err = passOf(q, s.UserID)
		return err
	})
	if err == nil {
		proof.passID, err = rp.matchPass(held, typed)
	}
	return proof, err
}

// prove returns a refusal as a value where it must be remembered: an error would undo the count.
func (rp *RelyingParty) prove(ctx context.Context, tx *store.Tx, sessionID string, typed typedProof) (*Session, *Refusal, error) {
	s, err := rp.liveSession(tx, sessionID)
	if err != nil {
		return nil, nil, err
	}
	subject := codeSubject(s.UserID)
	if refusal, err := rp.lockRefusal(tx, subject); err != nil || refusal != nil {
		return nil, refusal, err
	}
	a, err := accountByID(tx, s.UserID)
	if err != nil {
		return nil, nil, err
	}
	method, refusal, err := rp.takeProof(ctx, tx, &a, typed)
	if err != nil {
		return nil, nil, err
	}
	if refusal != nil && refusal.Code == CodeWrongCode {
		refusal, err = rp.refuseProof(ctx, tx, subject, s.UserID)
	}
	if err != nil || refusal != nil {
		return nil, refusal, err
	}
	if err := clearFailures(tx, subject); err != nil {
		return nil, nil, err
	}
	if !rp.strongEnough(method, uuid.Nil) {
		event := AuditEvent{UserID: s.UserID, Action: ActionProofRefused, Target: string(method), Code: CodeMethodTooWeak}
		return nil, refuse(CodeMethodTooWeak, nil), rp.audit(ctx, tx, event)
	}
	return s, nil, rp.giveProof(ctx, tx, s, method)
}

// takeProof uses up what was typed, if it is right.
func (rp *RelyingParty) takeProof(ctx context.Context, tx *store.Tx, a *account, typed typedProof) (Method, *Refusal, error) {
	if typed.isPass {
		return rp.takePass(ctx, tx, a, typed.passID)
	}
	result, step, err := rp.checkCode(*a, typed.code)
	if err != nil {
		return "", nil, err
	}
	switch result {
	case codeUsed:
		return "", refuse(CodeCodeUsed, nil), nil
	case codeWrong:
		return "", refuse(CodeWrongCode, nil), nil
	default:
		return MethodCode, nil, useCode(tx, a.ID, step)
	}
}

// refuseProof counts a wrong try.
func (rp *RelyingParty) refuseProof(ctx context.Context, tx *store.Tx, subject lockSubject, userID string) (*Refusal, error) {
	refusal, err := rp.wrongTry(tx, subject, CodeWrongCode)
	if err != nil {
		return nil, err
	}
	action := ActionProofRefused
	if refusal.Code == CodeLocked {
		action = ActionLocked
	}
	return refusal, rp.audit(ctx, tx, AuditEvent{UserID: userID, Action: action, Code: refusal.Code})
}

// giveProof makes the session's proof as of now. The session says which passkey proved it, if one did.
func (rp *RelyingParty) giveProof(ctx context.Context, tx *store.Tx, s *Session, method Method) error {
	s.ProofAt, s.ProofMethod, s.SeenAt = rp.Now(), method, rp.Now()
	if method != MethodPasskey {
		s.ProofAAGUID = uuid.Nil
	}
	if err := tx.ExecOne("UPDATE sessions SET proof_at = ?1, proof_method = ?2, seen_at = ?1, proof_aaguid = ?4 WHERE id = ?3",
		store.Nanos(s.ProofAt), string(method), s.ID, s.ProofAAGUID[:]); err != nil {
		return err
	}
	return rp.audit(ctx, tx, AuditEvent{UserID: s.UserID, Action: ActionProof, Target: string(method)})
}
