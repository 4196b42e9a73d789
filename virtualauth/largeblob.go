package virtualauth

import (
	"bytes"
	"context"

	"github.com/fxamacker/cbor/v2"

	"github.com/passkeylab/passkeylab/virtualauth/ctap2"
)

// largeBlob (CTAP 2.3 §12.4): a blob of the relying party's that the authenticator itself keeps with the credential. A model
// has either this or largeBlobKey with the command authenticatorLargeBlobs.

// LargeBlob is what a credential holds for its relying party.
type LargeBlob struct {
	// Data is the blob as the platform compressed it (DEFLATE, RFC 1951).
	Data []byte
	// OriginalSize is how long it was before, in bytes.
	OriginalSize uint
}

// blobLength is 0 without a blob.
func (d ExtensionData) blobLength() int {
	if d.LargeBlob == nil {
		return 0
	}
	return len(d.LargeBlob.Data)
}

// createLargeBlob makes the new credential capable of a blob. Every credential here can be: those that are not discoverable
// are kept too.
func createLargeBlob(_ *Authenticator, _ extended, input cbor.RawMessage) (effect, error) {
	var in ctap2.LargeBlobCreateInput
	if err := ctap2.Unmarshal(input, &in); err != nil {
		return nil, err
	}
	if in.Support != ctap2.LargeBlobPreferred && in.Support != ctap2.LargeBlobRequired {
		return nil, ctap2.InvalidCBOR
	}
	return func(_ context.Context, r *record, out *extensionOutputs) error {
		r.LargeBlobCapable = true
		return out.say(ctap2.ExtensionLargeBlob, ctap2.LargeBlobCreateOutput{Supported: true})
	}, nil
}

// assertLargeBlob reads the blob, or writes it. Any other combination of members than the two that mean this is
// INVALID_CBOR.
func assertLargeBlob(a *Authenticator, c extended, input cbor.RawMessage) (effect, error) {
	var in ctap2.LargeBlobGetInput
	if err := ctap2.Unmarshal(input, &in); err != nil {
		return nil, err
	}
	switch {
	case in.Read != nil && in.Write == nil && in.OriginalSize == nil:
		if !*in.Read {
			return nil, nil
		}
		return tellLargeBlob, nil
	case in.Read == nil && in.Write != nil && in.OriginalSize != nil:
		return func(ctx context.Context, r *record, out *extensionOutputs) (err error) {
			written := false
			if c.listed && c.present { // one that nobody named, or that nobody touched the authenticator for, is not overwritten
				written, err = a.writeLargeBlob(ctx, r.ID, LargeBlob{Data: in.Write, OriginalSize: *in.OriginalSize})
			}
			if err != nil {
				return err
			}
			return out.say(ctap2.ExtensionLargeBlob, ctap2.LargeBlobGetOutput{Written: &written})
		}, nil
	}
	return nil, ctap2.InvalidCBOR
}

func tellLargeBlob(_ context.Context, r *record, out *extensionOutputs) error {
	if r.LargeBlob == nil {
		return nil
	}
	return out.say(ctap2.ExtensionLargeBlob, ctap2.LargeBlobGetOutput{
		Blob: r.LargeBlob.Data, OriginalSize: &r.LargeBlob.OriginalSize,
	})
}

// writeLargeBlob reports whether there was room. What counts is the sum over all credentials.
func (a *Authenticator) writeLargeBlob(ctx context.Context, id []byte, blob LargeBlob) (written bool, err error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	target := a.vault.find(id)
	if target == nil || !target.LargeBlobCapable && !a.model.Storage.LargeBlobForAll {
		return false, nil
	}
	if used := a.vault.blobBytes - target.blobLength() + len(blob.Data); uint(used) > a.model.blobCapacity() {
		return false, nil
	}
	err = a.change(ctx, target, func(c *Credential) {
		c.LargeBlob = &LargeBlob{Data: bytes.Clone(blob.Data), OriginalSize: blob.OriginalSize}
	})
	return err == nil, err
}
