package virtualauth

import (
	"bytes"
	"context"

	"github.com/fxamacker/cbor/v2"

	"github.com/passkeylab/passkeylab/virtualauth/ctap2"
)

// credBlob (CTAP 2.3 §12.2): a few bytes of the relying party's, set once at registration.

// defaultCredBlobLength is the least that an authenticator with this extension must take, in bytes.
const defaultCredBlobLength = 32

// credBlobLength is maxCredBlobLength of getInfo; 0 without the extension.
func (m Model) credBlobLength() int {
	if !m.extends(ctap2.ExtensionCredBlob) {
		return 0
	}
	return max(m.CredBlob, defaultCredBlobLength)
}

// createCredBlob stores the blob if it fits and the credential is discoverable, and says whether it did.
func createCredBlob(a *Authenticator, c extended, input cbor.RawMessage) (effect, error) {
	var blob ctap2.Bytes
	if err := ctap2.Unmarshal(input, &blob); err != nil {
		return nil, err
	}
	stored := c.discoverable && len(blob) <= a.model.credBlobLength()
	return func(_ context.Context, r *record, out *extensionOutputs) error {
		if stored {
			r.CredBlob = bytes.Clone(blob)
		}
		out.sign(ctap2.ExtensionCredBlob, stored)
		return nil
	}, nil
}

// assertCredBlob returns the blob, which is empty when there is none.
func assertCredBlob(a *Authenticator, _ extended, input cbor.RawMessage) (effect, error) {
	asked, err := flag(input)
	if err != nil || !asked {
		return nil, err
	}
	return func(_ context.Context, r *record, out *extensionOutputs) error {
		blob := r.CredBlob
		if a.Misbehave.ForeignCredBlob {
			blob = a.foreignCredBlob(r)
		}
		out.sign(ctap2.ExtensionCredBlob, blob) // nil is encoded as an empty byte string
		return nil
	}, nil
}

// foreignCredBlob is the blob of any other credential.
func (a *Authenticator) foreignCredBlob(own *record) []byte {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, other := range a.vault.newestFirst(func(r *record) bool {
		return !bytes.Equal(r.ID, own.ID) && len(r.CredBlob) > 0
	}) {
		return bytes.Clone(other.CredBlob)
	}
	return nil
}
