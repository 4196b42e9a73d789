package virtualauth

import (
	"context"

	"github.com/fxamacker/cbor/v2"

	"github.com/passkeylab/passkeylab/virtualauth/ctap2"
)

// thirdPartyPayment (CTAP 2.3 §12.9): a credential that may confirm payments on sites other than its relying party's.

// createThirdPartyPayment marks the new credential.
func createThirdPartyPayment(_ *Authenticator, _ extended, input cbor.RawMessage) (effect, error) {
	asked, err := flag(input)
	if err != nil || !asked {
		return nil, err
	}
	return func(_ context.Context, r *record, out *extensionOutputs) error {
		r.ThirdPartyPayment = true
		out.sign(ctap2.ExtensionThirdPartyPayment, true)
		return nil
	}, nil
}

// assertThirdPartyPayment says whether the credential is marked.
func assertThirdPartyPayment(_ *Authenticator, _ extended, input cbor.RawMessage) (effect, error) {
	asked, err := flag(input)
	if err != nil || !asked {
		return nil, err
	}
	return func(_ context.Context, r *record, out *extensionOutputs) error {
		out.sign(ctap2.ExtensionThirdPartyPayment, r.ThirdPartyPayment)
		return nil
	}, nil
}
