package virtualauth

import (
	"context"
	"fmt"
	"io"
	"slices"

	"github.com/passkeylab/passkeylab/virtualauth/cose"
	"github.com/passkeylab/passkeylab/virtualauth/ctap2"
)

// This file makes a credential once makeCredential has decided that there shall be one.

// credentialIDLength is that of honest credential ids in bytes; WebAuthn L3 §4 asks for at least 16.
const credentialIDLength = 32

// creation is what was decided about a new credential.
type creation struct {
	want      wanted
	gesture   gesture
	algorithm cose.Algorithm
	// enterprise is 1 or 2 where an enterprise attestation of that type is to be made; zero means none (CTAP 2.3 §7.1).
	enterprise uint
	effects    []effect // of extensions
	outputs    extensionOutputs
}

// create makes the key, the response and the record, in this order: a failure to make it leaves
// nothing behind.
func (a *Authenticator) create(ctx context.Context, r *ctap2.MakeCredentialRequest, c creation) (*ctap2.MakeCredentialResponse, error) {
	if c.want.discoverable && !a.hasRoom(r) {
		return nil, ctap2.KeyStoreFull
	}
	made, err := a.newRecord(ctx, r, c)
	if err != nil {
		return nil, err
	}
	if c.outputs, err = a.extend(ctx, c.effects, made); err != nil {
		return nil, a.abandon(ctx, made, err)
	}
	response, err := a.attest(ctx, r, made, c)
	if err != nil {
		return nil, a.abandon(ctx, made, err)
	}
	response.EnterpriseAttestation = c.enterprise != 0
	response.LargeBlobKey, response.UnsignedExtensions = c.outputs.largeBlobKey, c.outputs.unsigned
	if err := a.settle(ctx, made); err != nil {
		return nil, err
	}
	return response, nil
}

// settle keeps a new record in place of the one that it replaces, if any; if that fails, the new key is deleted. Once the record
// is kept the answer must be given, whatever becomes of the replaced key: nothing names it any more, so it is out of reach even
// where its store could not delete it.
func (a *Authenticator) settle(ctx context.Context, made *record) error {
	replaced, err := a.store(ctx, made)
	if err != nil {
		return a.abandon(ctx, made, err)
	}
	if replaced != nil {
		_ = a.destroy(ctx, replaced)
	}
	return nil
}

// hasRoom reports whether one more discoverable credential fits, or takes the place of another.
func (a *Authenticator) hasRoom(r *ctap2.MakeCredentialRequest) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return !a.full() || a.model.DuplicateUser == Overwrite && a.vault.ofAccount(r.RP.ID, r.User.ID) != nil
}

// full reports whether no more discoverable credential fits. The caller holds a.mu.
func (a *Authenticator) full() bool {
	return a.model.MaxDiscoverable > 0 && a.vault.discoverable() >= a.model.MaxDiscoverable
}

func (a *Authenticator) newRecord(ctx context.Context, r *ctap2.MakeCredentialRequest, c creation) (*record, error) {
	id, err := a.newID()
	if err != nil {
		return nil, err
	}
	store := a.storeFor(c.algorithm)
	if store == nil {
		return nil, ctap2.UnsupportedAlgorithm
	}
	handle, key, err := store.Create(ctx, c.algorithm)
	if err != nil {
		return nil, keyError(err)
	}
	made := Credential{
		ID: id, RPID: r.RP.ID, RPName: a.model.Storage.name(r.RP.Name),
		UserHandle: r.User.ID, UserName: a.model.Storage.name(r.User.Name), UserDisplayName: a.model.Storage.name(r.User.DisplayName),
		Discoverable: c.want.discoverable, Algorithm: c.algorithm, PublicKey: key.Encode(),
		BackupEligible: a.model.Backup != DeviceBound, BackupState: a.model.Backup == Synced,
		CreatedAt:     a.world.Clock.Now(),
		ExtensionData: ExtensionData{CredProtect: a.model.Storage.CredProtect},
	}
	return &record{Credential: made.clone(), handle: handle, inSoftware: store == a.fallback}, nil
}

func (a *Authenticator) newID() ([]byte, error) {
	length := credentialIDLength
	if a.Misbehave.CredentialIDLength > 0 {
		length = a.Misbehave.CredentialIDLength
	}
	id := make([]byte, length)
	if _, err := io.ReadFull(a.world.Rand, id); err != nil {
		return nil, fmt.Errorf("make a credential id: %w", err)
	}
	if a.Misbehave.CredentialID != nil {
		id = slices.Clone(a.Misbehave.CredentialID)
	}
	return id, nil
}

// store keeps a new record and returns the one it replaces, if any (CTAP 2.3 §6.1.2 step 17). There may be less room than when
// its making began, since its owner can import at any time.
func (a *Authenticator) store(ctx context.Context, made *record) (replaced *record, err error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	replaced = a.vault.find(made.ID) // only a lie, or an import, can give an id twice
	if replaced == nil && made.Discoverable && a.model.DuplicateUser == Overwrite {
		replaced = a.vault.ofAccount(made.RPID, made.UserHandle)
	}
	if made.Discoverable && (replaced == nil || !replaced.Discoverable) && a.full() {
		return nil, ctap2.KeyStoreFull
	}
	return replaced, a.keep(ctx, made, replaced)
}
