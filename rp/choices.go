package rp

import (
	"context"

	"github.com/passkeylab/passkeylab/rp/store"
)

// Choices returns the rows of S1. The refusal says why none of them can be chosen, nil when at least the rows
// without a Disabled code can.
func (rp *RelyingParty) Choices(ctx context.Context, sessionID string) ([]Choice, *Refusal, error) {
	var list []Credential
	var a account
	err := rp.read(ctx, "choices", func(q store.Querier) (err error) {
		if a, err = rp.signedIn(q, sessionID); err != nil {
			return err
		}
		list, err = credentialsOf(q, a.User.ID)
		return err
	})
	if err != nil {
		return nil, nil, err
	}
	p := rp.Policy()
	refusal := mayAdd(p, &a.User, len(list))
	rows := make([]Choice, 0, 4)
	for _, method := range []AddMethod{AddApp, AddInApp, AddKey, AddPasskey} {
		if method == AddInApp && !rp.HasApp() {
			continue
		}
		row := Choice{Method: method, Disabled: rowRefusal(p, &a.User, method)}
		if refusal != nil {
			row.Disabled = refusal.Code
		}
		if method == AddApp {
			if row.Disabled == CodeAttestationBlocksFlow { // the app can be had, from within: E5c says how
				row.Disabled, row.LeadsTo = "", row.Disabled
			}
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
