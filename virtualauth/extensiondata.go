package virtualauth

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"github.com/passkeylab/passkeylab/virtualauth/ctap2"
	"github.com/passkeylab/passkeylab/virtualauth/keystore"
)

// ExtensionData is what extensions keep with a credential. The zero value is that of a credential made without any.
type ExtensionData struct {
	// CredProtect is its policy; zero means UVOptional (CTAP 2.3 §12.1).
	CredProtect ctap2.CredProtect
	// CredBlob is the relying party's (CTAP 2.3 §12.2).
	CredBlob []byte
	// LargeBlobKey is 32 bytes, or empty (CTAP 2.3 §12.3). It is a secret of the platform's.
	LargeBlobKey []byte
	// LargeBlobCapable says that it was made with the extension largeBlob (CTAP 2.3 §12.4).
	LargeBlobCapable bool
	// LargeBlob is what that extension stored; nil means nothing.
	LargeBlob *LargeBlob
	// ThirdPartyPayment says that it may confirm payments on other sites (CTAP 2.3 §12.9).
	ThirdPartyPayment bool
}

// clone shares no memory with d.
func (d ExtensionData) clone() ExtensionData {
	d.CredBlob, d.LargeBlobKey = bytes.Clone(d.CredBlob), bytes.Clone(d.LargeBlobKey)
	if d.LargeBlob != nil {
		d.LargeBlob = &LargeBlob{Data: bytes.Clone(d.LargeBlob.Data), OriginalSize: d.LargeBlob.OriginalSize}
	}
	return d
}

// destroy deletes a record's key and the secrets that hmac-secret made for it, all that can be deleted.
func (a *Authenticator) destroy(ctx context.Context, r *record) error {
	var failed error
	if err := a.storeOf(r).Delete(ctx, r.handle); err != nil {
		failed = fmt.Errorf("delete a key: %w", err)
	}
	for _, secret := range []keystore.Handle{r.secrets.withUV, r.secrets.withoutUV} {
		if secret == nil {
			continue
		}
		if err := a.world.Keys.Delete(ctx, secret); err != nil {
			failed = errors.Join(failed, fmt.Errorf("delete a secret: %w", err))
		}
	}
	return failed
}
