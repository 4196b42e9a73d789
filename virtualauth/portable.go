package virtualauth

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/passkeylab/passkeylab/virtualauth/authdata"
	"github.com/passkeylab/passkeylab/virtualauth/cose"
	"github.com/passkeylab/passkeylab/virtualauth/ctap2"
	"github.com/passkeylab/passkeylab/virtualauth/keystore"
)

// This file moves credentials between authenticators with everything that belongs to them. exchange.go does so in a form that
// other credential managers read.

// Portable is a credential with its private key, ready to move to another authenticator.
type Portable struct {
	Credential
	// PrivateKey is PKCS #8 DER (RFC 5208). It is a secret.
	PrivateKey []byte
	// Secrets are those of hmac-secret; nil when it has none.
	Secrets *Secrets
}

// Secrets are what the extension hmac-secret computes with, 32 bytes each (CTAP 2.3 §12.7, CredRandom).
type Secrets struct{ WithUV, WithoutUV []byte }

// Export returns a credential with its private key. It fails with ErrUnknownCredential, with ErrDeviceBound when it is not
// backup eligible, with ErrKeysStay when the key store gives nothing away, or as the key store does.
func (a *Authenticator) Export(ctx context.Context, id []byte) (Portable, error) {
	a.mu.Lock()
	r := a.vault.find(id)
	if r != nil {
		r = r.copied()
	}
	a.mu.Unlock()
	if r == nil {
		return Portable{}, fmt.Errorf("export: %w", ErrUnknownCredential)
	}
	return a.export(ctx, r)
}

func (a *Authenticator) export(ctx context.Context, r *record) (Portable, error) {
	if !r.BackupEligible {
		return Portable{}, fmt.Errorf("export: %w", ErrDeviceBound)
	}
	store, able := a.storeOf(r).(keystore.Exporter)
	if !able {
		return Portable{}, fmt.Errorf("export: %w", ErrKeysStay)
	}
	der, err := store.Export(ctx, r.handle)
	if err != nil {
		return Portable{}, fmt.Errorf("virtualauth: export: %w", err)
	}
	secrets, err := a.exportSecrets(ctx, r)
	if err != nil {
		return Portable{}, fmt.Errorf("virtualauth: export: %w", err)
	}
	return Portable{Credential: r.clone(), PrivateKey: der, Secrets: secrets}, nil
}

func (a *Authenticator) exportSecrets(ctx context.Context, r *record) (*Secrets, error) {
	if r.secrets.withUV == nil && r.secrets.withoutUV == nil {
		return nil, nil
	}
	store, able := a.world.Keys.(keystore.SecretExporter)
	if !able {
		return nil, ErrKeysStay
	}
	with, err := store.ExportSecret(ctx, r.secrets.withUV)
	if err != nil {
		return nil, err
	}
	without, err := store.ExportSecret(ctx, r.secrets.withoutUV)
	return &Secrets{WithUV: with, WithoutUV: without}, err
}

// Stayed is a credential that was not moved, and why.
type Stayed struct {
	Credential Credential
	Err        error
}

// ExportAll returns all credentials that may leave, oldest first, and those that stay.
func (a *Authenticator) ExportAll(ctx context.Context) (all []Portable, stayed []Stayed) {
	for _, c := range a.Credentials() {
		p, err := a.Export(ctx, c.ID)
		if err != nil {
			stayed = append(stayed, Stayed{c, err})
		} else {
			all = append(all, p)
		}
	}
	return all, stayed
}

// Import adds a credential made elsewhere as the newest, with its counter, times and flags as they are; PublicKey is taken
// from the private key. It fails with ErrMalformedCredential, ErrCredentialExists, ErrFull, ErrBlobTooLong, with ErrKeysStay
// when the key store takes nothing in, or as the key store or the Store does.
func (a *Authenticator) Import(ctx context.Context, p Portable) error {
	if p.Algorithm == 0 {
		p.Algorithm = cose.ES256
	}
	if err := checkPortable(p.Credential); err != nil {
		return fmt.Errorf("import: %w", err)
	}
	imported := &record{Credential: p.clone()}
	keys := a.storeFor(p.Algorithm)
	if keys == nil {
		keys = a.world.Keys // which says what it thinks of the algorithm
	}
	store, able := keys.(keystore.Importer)
	if !able {
		return fmt.Errorf("import: %w", ErrKeysStay)
	}
	handle, key, err := store.Import(ctx, p.Algorithm, p.PrivateKey)
	if err != nil {
		return fmt.Errorf("virtualauth: import: %w", err)
	}
	imported.handle, imported.inSoftware, imported.PublicKey = handle, keys == a.fallback, key.Encode()
	err = a.importSecrets(ctx, imported, p.Secrets)
	if err == nil {
		err = a.admit(ctx, imported)
	}
	if err != nil {
		return a.abandon(ctx, imported, fmt.Errorf("virtualauth: import: %w", err))
	}
	return nil
}

// checkPortable judges what no authenticator could have made: the id (WebAuthn L3 §4, credential id), the relying party, the
// user handle (WebAuthn L3 §5.4.3), the policy and the large-blob key (CTAP 2.3 §12.1, §12.3).
func checkPortable(c Credential) error {
	switch {
	case len(c.ID) == 0 || len(c.ID) > authdata.MaxCredentialIDLength:
		return fmt.Errorf("%w: an id of %d bytes, want 1 to %d", ErrMalformedCredential, len(c.ID), authdata.MaxCredentialIDLength)
	case (c.RPID == "") == (c.RPIDHash == nil), c.RPIDHash != nil && len(c.RPIDHash) != hashLength:
		return fmt.Errorf("%w: it needs an RP ID, or else the hash of one", ErrMalformedCredential)
	case c.Discoverable && c.RPID == "": // it could never be found
		return fmt.Errorf("%w: it is discoverable, and has only the hash of an RP ID", ErrMalformedCredential)
	case len(c.UserHandle) > maxUserHandle, c.Discoverable && len(c.UserHandle) == 0:
		return fmt.Errorf("%w: a user handle of %d bytes, want 1 to %d", ErrMalformedCredential, len(c.UserHandle), maxUserHandle)
	case c.CredProtect > ctap2.UVRequired:
		return fmt.Errorf("%w: protection policy %d, want 1 to 3", ErrMalformedCredential, c.CredProtect)
	case len(c.LargeBlobKey) != 0 && len(c.LargeBlobKey) != largeBlobKeyLength:
		return fmt.Errorf("%w: a large-blob key of %d bytes, want %d", ErrMalformedCredential, len(c.LargeBlobKey), largeBlobKeyLength)
	}
	return nil
}

// blobsFit judges the blobs that an imported record brings, by the limits for those that are made here. A model without the
// extension keeps them too, for whoever has the credential next. The caller holds a.mu.
func (a *Authenticator) blobsFit(imported *record) error {
	if limit := max(a.model.CredBlob, defaultCredBlobLength); len(imported.CredBlob) > limit {
		return fmt.Errorf("%w: a credBlob of %d bytes, and %d fit", ErrBlobTooLong, len(imported.CredBlob), limit)
	}
	if left := int(a.model.blobCapacity()) - a.vault.blobBytes; imported.blobLength() > max(left, 0) {
		return fmt.Errorf("%w: a largeBlob of %d bytes, and %d are left", ErrBlobTooLong, imported.blobLength(), max(left, 0))
	}
	return nil
}

func (a *Authenticator) importSecrets(ctx context.Context, r *record, secrets *Secrets) (err error) {
	if secrets == nil {
		return nil
	}
	store, able := a.world.Keys.(keystore.SecretImporter)
	if !able {
		return ErrKeysStay
	}
	if r.secrets.withUV, err = store.ImportSecret(ctx, secrets.WithUV); err != nil {
		return err
	}
	r.secrets.withoutUV, err = store.ImportSecret(ctx, secrets.WithoutUV)
	return err
}

// admit keeps an imported record. One that is in the store and could not be taken up again is no obstacle: it is replaced.
func (a *Authenticator) admit(ctx context.Context, imported *record) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.vault.find(imported.ID) != nil {
		return ErrCredentialExists
	}
	if imported.Discoverable && (a.full() || a.model.NonDiscoverableOnly) {
		return ErrFull
	}
	if err := a.blobsFit(imported); err != nil {
		return err
	}
	if err := a.keep(ctx, imported, nil); err != nil {
		return err
	}
	a.lost = slices.DeleteFunc(a.lost, func(name string) bool { return name == nameOf(imported.ID) })
	return nil
}

// abandon deletes the key of a record that was not kept, and adds to the error why if that fails as well.
func (a *Authenticator) abandon(ctx context.Context, r *record, why error) error {
	if err := a.destroy(context.WithoutCancel(ctx), r); err != nil {
		return errors.Join(why, fmt.Errorf("delete an unused key: %w", err))
	}
	return why
}
