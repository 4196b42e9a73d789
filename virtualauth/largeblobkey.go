package virtualauth

import (
	"bytes"
	"context"
	"fmt"
	"io"

	"github.com/fxamacker/cbor/v2"

	"github.com/passkeylab/passkeylab/virtualauth/ctap2"
)

// largeBlobKey (CTAP 2.3 §12.3): a key with which platforms encrypt a credential's entry in the large-blob array. It is handed
// out beside authenticator data, so that the relying party never sees it.

// largeBlobKeyLength is in bytes.
const largeBlobKeyLength = 32

// demandsKey reads the input, which can only ask.
func demandsKey(input cbor.RawMessage) error {
	if asked, err := flag(input); err != nil || !asked {
		return ctap2.InvalidOption
	}
	return nil
}

// createLargeBlobKey makes a key for a discoverable credential.
func createLargeBlobKey(a *Authenticator, c extended, input cbor.RawMessage) (effect, error) {
	if err := demandsKey(input); err != nil {
		return nil, err
	}
	if !c.discoverable {
		return nil, ctap2.InvalidOption
	}
	return func(_ context.Context, r *record, out *extensionOutputs) error {
		r.LargeBlobKey = make([]byte, largeBlobKeyLength)
		if !a.Misbehave.SameLargeBlobKey {
			if _, err := io.ReadFull(a.world.Rand, r.LargeBlobKey); err != nil {
				return fmt.Errorf("make a large-blob key: %w", err)
			}
		}
		out.largeBlobKey = bytes.Clone(r.LargeBlobKey)
		return nil
	}, nil
}

// assertLargeBlobKey hands out the key, if the credential has one.
func assertLargeBlobKey(_ *Authenticator, _ extended, input cbor.RawMessage) (effect, error) {
	if err := demandsKey(input); err != nil {
		return nil, err
	}
	return func(_ context.Context, r *record, out *extensionOutputs) error {
		out.largeBlobKey = bytes.Clone(r.LargeBlobKey)
		return nil
	}, nil
}
