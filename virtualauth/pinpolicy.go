package virtualauth

import (
	"context"
	"slices"

	"github.com/fxamacker/cbor/v2"

	"github.com/passkeylab/passkeylab/virtualauth/ctap2"
)

// minPinLength and pinComplexityPolicy (CTAP 2.3 §12.5, §12.6): relying parties on a list that an administrator set learn how
// strict the PIN is. The others get no output, not even a refusal.

// createMinPINLength tells the current minimum.
func createMinPINLength(a *Authenticator, c extended, input cbor.RawMessage) (effect, error) {
	return tellPolicy(a, c, input, func(out *extensionOutputs) {
		out.sign(ctap2.ExtensionMinPINLength, a.minPINLength())
	})
}

// createPINComplexityPolicy tells whether there is more to a PIN than its length.
func createPINComplexityPolicy(a *Authenticator, c extended, input cbor.RawMessage) (effect, error) {
	return tellPolicy(a, c, input, func(out *extensionOutputs) {
		out.sign(ctap2.ExtensionPINComplexityPolicy, a.complexPINs())
	})
}

func tellPolicy(a *Authenticator, c extended, input cbor.RawMessage, tell func(*extensionOutputs)) (effect, error) {
	asked, err := flag(input)
	if err != nil || !asked {
		return nil, err
	}
	return func(_ context.Context, _ *record, out *extensionOutputs) error {
		a.mu.Lock()
		defer a.mu.Unlock()
		if slices.Contains(a.settings.MinPINLengthRPIDs, c.rpID) {
			tell(out)
		}
		return nil
	}, nil
}
