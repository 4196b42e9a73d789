package virtualauth

import (
	"context"
	"fmt"
	"time"

	"github.com/passkeylab/passkeylab/virtualauth/ctap2"
)

// resetLimit is how long after power-up a model without a display may be reset (CTAP 2.2 §6.6): there, a fresh power cycle
// is the only sign that the user knows what she agrees to.
const resetLimit = 10 * time.Second

// reset is authenticatorReset (CTAP 2.2 §6.6): with consent, every credential is forgotten.
func (a *Authenticator) reset(ctx context.Context) (*nothing, error) {
	a.mu.Lock()
	poweredAt := a.poweredAt
	a.mu.Unlock()
	if !a.model.Display && a.world.Clock.Now().Sub(poweredAt) > resetLimit {
		return nil, ctap2.NotAllowed
	}
	if _, err := a.ask(ctx, Prompt{Reason: ToReset}); err != nil {
		return nil, err
	}
	a.mu.Lock()
	forgotten := a.vault.records
	a.vault = vault{}
	a.mu.Unlock()
	for _, r := range forgotten {
		if err := a.world.Keys.Delete(ctx, r.handle); err != nil {
			return nil, fmt.Errorf("reset: delete a key: %w", err)
		}
	}
	return nil, nil
}

// selection is authenticatorSelection (CTAP 2.2 §6.9).
func (a *Authenticator) selection(ctx context.Context) (*nothing, error) {
	_, err := a.ask(ctx, Prompt{Reason: ToSelect})
	return nil, err
}
