package virtualauth

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/passkeylab/passkeylab/virtualauth/ctap2"
)

// resetLimit is how long after power-up a model without a display may be reset (CTAP 2.3 §6.6): there, a fresh power cycle
// is the only sign that the user knows what she agrees to.
const resetLimit = 10 * time.Second

// reset is authenticatorReset (CTAP 2.3 §6.6): with consent, every credential and every setting is forgotten, and it is as
// new. Tokens and key agreement keys are as after a power cycle.
func (a *Authenticator) reset(ctx context.Context) (*nothing, error) {
	if !a.resetsOver(ctx) {
		return nil, ctap2.NotAllowed
	}
	a.mu.Lock()
	poweredAt, long := a.poweredAt, a.settings.LongTouchForReset
	a.mu.Unlock()
	if !a.model.Display && a.world.Clock.Now().Sub(poweredAt) > resetLimit && !a.Misbehave.ResetAnyTime {
		return nil, ctap2.NotAllowed
	}
	consent, err := a.ask(ctx, Prompt{Reason: ToReset, LongTouch: long})
	if err != nil {
		return nil, err
	}
	if long && !consent.LongTouch {
		return nil, ctap2.OperationDenied
	}
	a.mu.Lock()
	forgotten, err := a.forgetAll(ctx)
	a.mu.Unlock()
	if err != nil {
		return nil, fmt.Errorf("reset: %w", err)
	}
	var failed []error // all keys are tried: one that cannot be deleted must not keep the others
	for _, r := range forgotten {
		if err := a.destroy(ctx, r); err != nil {
			failed = append(failed, fmt.Errorf("reset: %w", err))
		}
	}
	return nil, errors.Join(failed...)
}

// transportKey is the key of a context value.
type transportKey struct{}

// Over returns a context for Exchange that says over which transport a request came, as WebAuthn L3 §5.8.4 names it. Only
// Model.TransportsForReset depends on it; a request that does not say counts as allowed.
func Over(ctx context.Context, transport string) context.Context {
	return context.WithValue(ctx, transportKey{}, transport)
}

// resetsOver reports whether the model can be reset over the transport of a request (CTAP 2.3 §6.6, transportsForReset).
func (a *Authenticator) resetsOver(ctx context.Context) bool {
	transport, told := ctx.Value(transportKey{}).(string)
	return !told || len(a.model.TransportsForReset) == 0 || slices.Contains(a.model.TransportsForReset, transport)
}

// selection is authenticatorSelection (CTAP 2.3 §6.9).
func (a *Authenticator) selection(ctx context.Context) (*nothing, error) {
	_, err := a.ask(ctx, Prompt{Reason: ToSelect})
	return nil, err
}
