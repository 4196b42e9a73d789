package virtualauth

import (
	"context"
	"errors"
	"fmt"
)

// This file is the authenticator's own screen: what its owner can see and do without any client.

// Errors of the methods below; test for them with errors.Is.
var (
	// ErrUnknownCredential says that no credential has an id.
	ErrUnknownCredential = errors.New("virtualauth: no credential with this id")
	// ErrCredentialExists says that a credential with an id is here already.
	ErrCredentialExists = errors.New("virtualauth: a credential with this id is here already")
	// ErrMalformedCredential says that a credential to import is none that an authenticator could have made.
	ErrMalformedCredential = errors.New("virtualauth: malformed credential")
	// ErrFull says that there is no room for one more discoverable credential (Model.MaxDiscoverable,
	// Model.NonDiscoverableOnly).
	ErrFull = errors.New("virtualauth: no room for one more discoverable credential")
	// ErrBlobTooLong says that there is no room for a blob that comes with a credential (Model.CredBlob, Model.LargeBlobs).
	ErrBlobTooLong = errors.New("virtualauth: no room for the blob of the credential")
	// ErrKeysStay says that the key store does not let keys out, or in.
	ErrKeysStay = errors.New("virtualauth: the key store neither gives away nor takes private keys")
	// ErrDeviceBound says that a credential is not backup eligible: it was promised never to leave (WebAuthn L3 §6.1.3).
	ErrDeviceBound = errors.New("virtualauth: the credential is bound to this device")
	// ErrNotEligible says that a credential is not backup eligible, so that it cannot be backed up.
	ErrNotEligible = errors.New("virtualauth: the credential is not backup eligible")
)

// Credentials returns all credentials, oldest first. They share no memory with the authenticator.
func (a *Authenticator) Credentials() []Credential {
	a.mu.Lock()
	defer a.mu.Unlock()
	all := make([]Credential, 0, a.vault.count())
	for _, r := range a.vault.oldestFirst() {
		all = append(all, r.clone())
	}
	return all
}

// Delete forgets a credential and its key. It fails with ErrUnknownCredential, or as the Store or the key store does.
func (a *Authenticator) Delete(id []byte) error {
	ctx := context.Background()
	r, err := a.takeOut(ctx, id)
	if err == nil && r != nil {
		err = a.destroy(ctx, r)
	}
	if err != nil {
		return fmt.Errorf("virtualauth: delete: %w", err)
	}
	return nil
}

// takeOut removes a record and returns it; nil for one that could not be taken up again and so has no key here.
func (a *Authenticator) takeOut(ctx context.Context, id []byte) (*record, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	r := a.vault.find(id)
	if r != nil {
		return r, a.forget(ctx, r)
	}
	if found, err := a.forgetLost(ctx, nameOf(id)); found {
		return nil, err
	}
	return nil, ErrUnknownCredential
}

// SetBackedUp changes the backup state of a backup eligible credential, as when its owner turns sync on or off (WebAuthn L3
// §6.1.3). It fails with ErrUnknownCredential or ErrNotEligible, or as the Store does.
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
	if err := a.change(context.Background(), r, func(c *Credential) { c.BackupState = backedUp }); err != nil {
		return fmt.Errorf("virtualauth: set backed up: %w", err)
	}
	return nil
}
