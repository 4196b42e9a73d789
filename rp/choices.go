package rp

import (
	"context"

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
