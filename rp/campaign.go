package rp

import (
	"context"
	"time"

	"github.com/passkeylab/passkeylab/rp/policy"
	"github.com/passkeylab/passkeylab/rp/store"
)

// Prompt is the campaign's question to somebody who has no passkey, asked after sign-in (F1).
type Prompt struct {
	// SnoozesLeft is how often "Not now" may still be chosen: 0 means that there is no such choice, -1 that there is
	// no end of it.
	SnoozesLeft int
	// SnoozeDays is how long "Not now" lasts; 0 is until the next sign-in.
	SnoozeDays int
}

// Prompt returns the campaign's question to the session's user, nil when there is none: no campaign, not for them, they
// may not add a passkey or have one already, or they have put it off.
func (rp *RelyingParty) Prompt(ctx context.Context, sessionID string) (prompt *Prompt, err error) {
	err = rp.read(ctx, "prompt", func(q store.Querier) error {
		s, err := rp.liveSession(q, sessionID)
		if err != nil {
			return err
		}
		prompt, err = rp.promptFor(q, s)
		return err
	})
	return prompt, err
}

func (rp *RelyingParty) promptFor(q store.Querier, s *Session) (*Prompt, error) {
	p := rp.Policy()
	a, err := accountByID(q, s.UserID)
	if err != nil {
		return nil, err
	}
	asked := p.RegistrationCampaign.Asks(a.subject()) && !rp.Now().Before(a.nextPromptAt) && a.snoozedSession != s.ID
	if !asked || mayAdd(p, &a.User, 0) != nil {
		return nil, nil
	}
	list, err := credentialsOf(q, a.ID)
	if err != nil {
		return nil, err
	}
	for i := range list {
		if p.AtSignIn(a.subject(), list[i].candidate()) == policy.Accepted {
			return nil, nil
		}
	}
	if limitRefusal(p, len(list)) != nil {
		return nil, nil
	}
	return &Prompt{SnoozesLeft: p.RegistrationCampaign.SnoozesLeft(a.snoozes), SnoozeDays: p.RegistrationCampaign.SnoozeDurationInDays}, nil
}

// Snooze puts the campaign's question off. Without a question it changes nothing; when no snooze is left it is
// ErrOutOfStep.
func (rp *RelyingParty) Snooze(ctx context.Context, sessionID string) error {
	return rp.write(ctx, "snooze", func(tx *store.Tx) error {
		s, err := rp.liveSession(tx, sessionID)
		if err != nil {
			return err
		}
		prompt, err := rp.promptFor(tx, s)
		if err != nil || prompt == nil {
			return err
		}
		if prompt.SnoozesLeft == 0 {
			return ErrOutOfStep
		}
		until := rp.Now().Add(time.Duration(prompt.SnoozeDays) * 24 * time.Hour)
		if err := tx.ExecOne("UPDATE users SET snoozes = snoozes + 1, next_prompt_at = ?, snoozed_session = ? WHERE id = ?",
			store.Nanos(until), s.ID, s.UserID); err != nil {
			return err
		}
		return rp.audit(ctx, tx, AuditEvent{UserID: s.UserID, Action: ActionSnoozed})
	})
}
