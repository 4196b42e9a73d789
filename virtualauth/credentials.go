package virtualauth

import (
	"context"
	"errors"
	"fmt"

	"github.com/passkeylab/passkeylab/virtualauth/cose"
	"github.com/passkeylab/passkeylab/virtualauth/keystore"
)

// This file is the authenticator's own screen: what its owner can see and do without any client.

// Errors of the methods below; test for them with errors.Is.
var (
	// ErrUnknownCredential says that no credential has an id.
	ErrUnknownCredential = errors.New("virtualauth: no credential with this id")
	// ErrCredentialExists says that a credential with an id is here already.
	ErrCredentialExists = errors.New("virtualauth: a credential with this id is here already")
	// ErrKeysStay says that the key store does not let keys out, or in.
	ErrKeysStay = errors.New("virtualauth: the key store neither gives away nor takes private keys")
	// ErrNotEligible says that a credential is not backup eligible, so that it cannot be backed up.
	ErrNotEligible = errors.New("virtualauth: the credential is not backup eligible")
)

// Credentials returns all credentials, oldest first. They share no memory with the authenticator.
func (a *Authenticator) Credentials() []Credential {
	a.mu.Lock()
	defer a.mu.Unlock()
	all := make([]Credential, 0, len(a.vault.records))
	for _, r := range a.vault.records {
		all = append(all, r.clone())
	}
	return all
}

// Delete forgets a credential and its key. It fails with ErrUnknownCredential, or as the key store does.
func (a *Authenticator) Delete(id []byte) error {
	a.mu.Lock()
	r := a.vault.find(id)
	if r != nil {
		a.vault.remove(r)
	}
	a.mu.Unlock()
	if r == nil {
		return fmt.Errorf("delete: %w", ErrUnknownCredential)
	}
	if err := a.world.Keys.Delete(context.Background(), r.handle); err != nil {
		return fmt.Errorf("virtualauth: delete: %w", err)
	}
	return nil
}

// SetBackedUp changes the backup state of a backup eligible credential, as when its owner turns sync on or off (WebAuthn L3
// §6.1.3). It fails with ErrUnknownCredential or ErrNotEligible.
func (a *Authenticator) SetBackedUp(id []byte, backedUp bool) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	r := a.vault.find(id)
	switch {
	case r == nil:
		return fmt.Errorf("set backed up: %w", ErrUnknownCredential)
	case !r.BackupEligible:
		return fmt.Errorf("set backed up: %w", ErrNotEligible)
	}
	r.BackupState = backedUp
	return nil
}

// Portable is a credential with its private key, ready to move to another authenticator.
type Portable struct {
	Credential
	// PrivateKey is PKCS #8 DER (RFC 5208). It is a secret.
	PrivateKey []byte
}

// Export returns a credential with its private key. It fails with ErrUnknownCredential, with ErrKeysStay when the key store
// is no keystore.Exporter, or as the key store does.
func (a *Authenticator) Export(ctx context.Context, id []byte) (Portable, error) {
	store, able := a.world.Keys.(keystore.Exporter)
	if !able {
		return Portable{}, fmt.Errorf("export: %w", ErrKeysStay)
	}
	a.mu.Lock()
	r := a.vault.find(id)
	var portable Portable
	var handle keystore.Handle
	if r != nil {
		portable.Credential, handle = r.clone(), r.handle
	}
	a.mu.Unlock()
	if r == nil {
		return Portable{}, fmt.Errorf("export: %w", ErrUnknownCredential)
	}
	der, err := store.Export(ctx, handle)
	if err != nil {
		return Portable{}, fmt.Errorf("virtualauth: export: %w", err)
	}
	portable.PrivateKey = der
	return portable, nil
}

// Import adds a credential made elsewhere as the newest, with its counter, times and flags as they are; PublicKey is taken
// from the private key. It fails with ErrCredentialExists, with ErrKeysStay when the key store is no keystore.Importer, or
// as the key store does.
func (a *Authenticator) Import(ctx context.Context, p Portable) error {
	store, able := a.world.Keys.(keystore.Importer)
	if !able {
		return fmt.Errorf("import: %w", ErrKeysStay)
	}
	if p.Algorithm == 0 {
		p.Algorithm = cose.ES256
	}
	handle, key, err := store.Import(ctx, p.Algorithm, p.PrivateKey)
	if err != nil {
		return fmt.Errorf("virtualauth: import: %w", err)
	}
	imported := &record{Credential: p.clone(), handle: handle}
	imported.PublicKey = key.Encode()
	a.mu.Lock()
	exists := a.vault.find(p.ID) != nil
	if !exists {
		a.vault.add(imported)
	}
	a.mu.Unlock()
	if exists {
		return a.abandon(ctx, imported, fmt.Errorf("import: %w", ErrCredentialExists))
	}
	return nil
}

// abandon deletes the key of a record that was not kept, and adds to the error why if that fails as well.
func (a *Authenticator) abandon(ctx context.Context, r *record, why error) error {
	if err := a.world.Keys.Delete(context.WithoutCancel(ctx), r.handle); err != nil {
		return errors.Join(why, fmt.Errorf("delete an unused key: %w", err))
	}
	return why
}
