package rp

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/alexedwards/argon2id"
	"github.com/google/uuid"

	"github.com/passkeylab/passkeylab/rp/policy"
	"github.com/passkeylab/passkeylab/rp/store"
)

// Pass is a bootstrap pass: a password for a time, issued by an administrator, so that somebody without a passkey can
// get the first one. A person has one at most.
type Pass struct {
	ID, UserID                     string
	CreatedAt, StartsAt, ExpiresAt time.Time
	// UsableOnce passes are used up by their first use; UsedAt is when that was.
	UsableOnce bool
	UsedAt     time.Time
	// State is whether it can be used now.
	State PassState
}

// PassState is whether a pass can be used, by the reasons that Graph gives.
type PassState string

// The states of a pass.
const (
	PassUsable      PassState = "EnabledByPolicy"
	PassDisabled    PassState = "DisabledByPolicy"
	PassExpired     PassState = "Expired"
	PassNotYetValid PassState = "NotYetValid"
	PassUsed        PassState = "OneTimeUsed"
)

// PassRequest is what an administrator asks for. Zero values get what the policy says.
type PassRequest struct {
	StartsAt   time.Time
	Lifetime   time.Duration
	UsableOnce bool
}

// pass is a Pass with its hash.
type pass struct {
	Pass
	hash string
}

// passAlphabet has no letters and digits that look alike; 32 of them make 5 bits a character.
const passAlphabet = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"

// looksLikePass tells a pass from a one-time code, which has six digits.
func looksLikePass(typed string) bool {
	return len(strings.Join(strings.Fields(typed), "")) >= policy.MinPassLength
}

// IssuePass makes a pass for somebody, as an administrator, and returns its text, which is kept nowhere. It takes the
// place of an earlier one. A length of life outside the policy's bounds is a FieldError; where the policy allows no
// passes, or none to this person, it is refused with CodeMethodDisabled.
func (rp *RelyingParty) IssuePass(ctx context.Context, userID string, want PassRequest) (text string, issued *Pass, err error) {
	p := rp.Policy().TemporaryAccessPass
	made, err := rp.newPass(p, userID, want)
	if err != nil {
		return "", nil, fmt.Errorf("rp: issue pass: %w", err)
	}
	if text, err = rp.passText(p.Length()); err != nil {
		return "", nil, err
	}
	if made.hash, err = argon2id.CreateHash(text, rp.hashing); err != nil {
		return "", nil, fmt.Errorf("rp: issue pass: %w", err)
	}
	err = rp.write(ctx, "issue pass", func(tx *store.Tx) error {
		a, err := accountOrNotFound(tx, userID)
		if err != nil {
			return err
		}
		if !p.Allows(a.subject()) {
			return refuse(CodeMethodDisabled, nil)
		}
		if err := insertPass(tx, made); err != nil {
			return err
		}
		if err := rp.notify(ctx, tx, userID, ActionPassIssued, ""); err != nil {
			return err
		}
		made.State = rp.passState(&made.Pass, &a.User)
		return rp.audit(ctx, tx, AuditEvent{UserID: userID, Actor: ActorAdmin, Action: ActionPassIssued, Target: made.ID})
	})
	if err != nil {
		return "", nil, err
	}
	return text, &made.Pass, nil
}

func (rp *RelyingParty) newPass(p policy.Pass, userID string, want PassRequest) (pass, error) {
	shortest, usual, longest := p.Lifetimes()
	if want.Lifetime == 0 {
		want.Lifetime = usual
	}
	if want.Lifetime < shortest {
		return pass{}, &FieldError{Field: "lifetimeInMinutes", Problem: ProblemTooShort, Max: int(shortest.Minutes())}
	}
	if want.Lifetime > longest {
		return pass{}, &FieldError{Field: "lifetimeInMinutes", Problem: ProblemTooLong, Max: int(longest.Minutes())}
	}
	if want.StartsAt.IsZero() || want.StartsAt.Before(rp.Now()) {
		want.StartsAt = rp.Now()
	}
	id, err := rp.rand.id()
	return pass{Pass: Pass{
		ID: id, UserID: userID, CreatedAt: rp.Now(), StartsAt: want.StartsAt, ExpiresAt: want.StartsAt.Add(want.Lifetime),
		UsableOnce: want.UsableOnce || p.IsUsableOnce,
	}}, err
}

func (rp *RelyingParty) passText(length int) (string, error) {
	drawn, err := rp.rand.bytes(length)
	if err != nil {
		return "", err
	}
	for i, b := range drawn {
		drawn[i] = passAlphabet[int(b)%len(passAlphabet)]
	}
	return string(drawn), nil
}

func insertPass(tx *store.Tx, p pass) error {
	_, err := tx.Exec(`INSERT OR REPLACE INTO passes (user_id, id, hash, created_at, starts_at, expires_at, usable_once, used_at) VALUES (?,?,?,?,?,?,?,0)`,
		p.UserID, p.ID, p.hash, store.Nanos(p.CreatedAt), store.Nanos(p.StartsAt), store.Nanos(p.ExpiresAt), p.UsableOnce)
	return err
}

// passOf returns the user's pass, the zero one if there is none.
func passOf(q store.Querier, userID string) (p pass, err error) {
	err = q.QueryRow("SELECT user_id, id, hash, created_at, starts_at, expires_at, usable_once, used_at FROM passes WHERE user_id = ?", userID).
		Scan(&p.UserID, &p.ID, &p.hash, instant{&p.CreatedAt}, instant{&p.StartsAt}, instant{&p.ExpiresAt}, &p.UsableOnce, instant{&p.UsedAt})
	if errors.Is(err, sql.ErrNoRows) {
		return pass{}, nil
	}
	return p, err
}

// matchPass compares what was typed, without regard to case and spaces. It returns the pass's id, "" if it is another
// one. Without a pass it costs the same.
func (rp *RelyingParty) matchPass(held pass, typed string) (string, error) {
	hash := held.hash
	if hash == "" {
		var err error
		if hash, err = rp.decoy(); err != nil {
			return "", err
		}
	}
	typed = strings.ToUpper(strings.Join(strings.Fields(typed), ""))
	match, err := argon2id.ComparePasswordAndHash(typed[:min(len(typed), maxPassword)], hash)
	if err != nil || !match || held.hash == "" {
		return "", err
	}
	return held.ID, nil
}

// passState is whether the pass can be used now. An instant at the very end is too late.
func (rp *RelyingParty) passState(p *Pass, user *User) PassState {
	now := rp.Now()
	switch {
	case p.UsableOnce && !p.UsedAt.IsZero():
		return PassUsed
	case !now.Before(p.ExpiresAt):
		return PassExpired
	case now.Before(p.StartsAt):
		return PassNotYetValid
	case !rp.Policy().TemporaryAccessPass.Allows(user.subject()):
		return PassDisabled
	}
	return PassUsable
}

// passRefusals are the codes of passes that cannot be used.
var passRefusals = map[PassState]Code{
	PassDisabled: CodeMethodTooWeak, PassExpired: CodePassExpired, PassNotYetValid: CodePassNotYetValid, PassUsed: CodePassUsed,
}

// takePass uses the pass, if it is still the one that was compared and can be used.
func (rp *RelyingParty) takePass(ctx context.Context, tx *store.Tx, a *account, passID string) (Method, *Refusal, error) {
	held, err := passOf(tx, a.ID)
	if err != nil {
		return "", nil, err
	}
	if passID == "" || held.ID != passID {
		return "", refuse(CodeWrongCode, nil), nil
	}
	if code, unusable := passRefusals[rp.passState(&held.Pass, &a.User)]; unusable {
		event := AuditEvent{UserID: a.ID, Action: ActionProofRefused, Target: held.ID, Code: code}
		return "", refuse(code, nil), rp.audit(ctx, tx, event)
	}
	method := MethodPass
	if held.UsableOnce {
		method = MethodPassOnce
	}
	if err := tx.ExecOne("UPDATE passes SET used_at = ? WHERE id = ?", store.Nanos(rp.Now()), held.ID); err != nil {
		return "", nil, err
	}
	return method, nil, rp.audit(ctx, tx, AuditEvent{UserID: a.ID, Action: ActionPassUsed, Target: held.ID})
}

// pass returns the bootstrap pass that was typed instead of a password or instead of a code.
func (in PasswordSignIn) pass() (string, bool) {
	switch {
	case in.Code == "" && looksLikePass(in.Password):
		return in.Password, true
	case in.Password == "" && looksLikePass(in.Code):
		return in.Code, true
	}
	return "", false
}

// signInWithPass makes a session from user name and pass. A wrong pass is what a wrong password is.
func (rp *RelyingParty) signInWithPass(ctx context.Context, in PasswordSignIn, a account, typed string) (s *Session, err error) {
	var held pass
	if err := rp.read(ctx, "sign in", func(q store.Querier) (err error) { held, err = passOf(q, a.ID); return err }); err != nil {
		return nil, err
	}
	passID, err := rp.matchPass(held, typed)
	if err != nil {
		return nil, fmt.Errorf("rp: sign in: %w", err)
	}
	var refusal *Refusal
	err = rp.write(ctx, "sign in", func(tx *store.Tx) error {
		subject := signInSubject(in.UserName)
		if refusal, err = rp.lockRefusal(tx, subject); err != nil || refusal != nil {
			return err
		}
		var method Method
		if a.ID != "" {
			method, refusal, err = rp.takePass(ctx, tx, &a, passID)
		}
		switch {
		case err != nil:
			return err
		case a.ID == "" || refusal != nil && refusal.Code == CodeWrongCode:
			refusal, err = rp.refuseSignIn(ctx, tx, subject, a.ID)
			return err
		case refusal != nil:
			return nil
		case !rp.Policy().AuthenticationStrengths.SignIn.Meets(combinations[method], uuid.Nil):
			refusal = refuse(CodeMethodTooWeak, nil)
			return nil
		}
		if err := clearFailures(tx, subject); err != nil {
			return err
		}
		s, err = rp.startSession(ctx, tx, Session{ID: in.sessionID, UserID: a.ID, Methods: []Method{method}, ProofAt: rp.Now(), ProofMethod: method, Client: in.Client})
		return err
	})
	if err == nil && refusal != nil {
		return nil, refusal
	}
	return s, err
}

// PassOf returns somebody's pass, nil if they have none.
func (rp *RelyingParty) PassOf(ctx context.Context, userID string) (found *Pass, err error) {
	err = rp.read(ctx, "pass", func(q store.Querier) error {
		a, err := accountOrNotFound(q, userID)
		if err != nil {
			return err
		}
		found, err = rp.passFor(q, &a.User)
		return err
	})
	return found, err
}

func (rp *RelyingParty) passFor(q store.Querier, user *User) (*Pass, error) {
	held, err := passOf(q, user.ID)
	if err != nil || held.ID == "" {
		return nil, err
	}
	held.State = rp.passState(&held.Pass, user)
	return &held.Pass, nil
}

// DeletePass removes the pass of the session's user, who needs no fresh proof for it: it takes a way in away from
// whoever else might know it. ErrNotFound if there is none.
func (rp *RelyingParty) DeletePass(ctx context.Context, sessionID string) error {
	return rp.write(ctx, "delete pass", func(tx *store.Tx) error {
		s, err := rp.liveSession(tx, sessionID)
		if err != nil {
			return err
		}
		return rp.deletePass(ctx, tx, s.UserID, "")
	})
}

// RevokePass removes somebody's pass, as an administrator.
func (rp *RelyingParty) RevokePass(ctx context.Context, userID string) error {
	return rp.write(ctx, "revoke pass", func(tx *store.Tx) error { return rp.deletePass(ctx, tx, userID, ActorAdmin) })
}

func (rp *RelyingParty) deletePass(ctx context.Context, tx *store.Tx, userID, actor string) error {
	if err := tx.ExecOne("DELETE FROM passes WHERE user_id = ?", userID); err != nil {
		return err
	}
	if err := rp.notify(ctx, tx, userID, ActionPassDeleted, ""); err != nil {
		return err
	}
	return rp.audit(ctx, tx, AuditEvent{UserID: userID, Actor: actor, Action: ActionPassDeleted})
}
