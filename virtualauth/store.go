package virtualauth

import (
	"cmp"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/passkeylab/passkeylab/virtualauth/keystore"
)

// This file is what outlives a restart. Everything that changes a credential for good goes through it: the store first, then
// the vault, so that nothing is ever answered that a loss of power could undo.

// Store keeps small values under names for longer than a process lives; package vaultfile keeps them in an encrypted file.
// One authenticator owns it.
type Store interface {
	// Load returns all values by name.
	Load(ctx context.Context) (map[string][]byte, error)
	// Save changes values, all of them or none, and returns when the change is durable; a nil value forgets its name.
	Save(ctx context.Context, changes map[string][]byte) error
}

// ErrNotOpened says that New was used where Open is needed: World.Store is set, and what it holds was never loaded.
var ErrNotOpened = errors.New("virtualauth: World.Store is set: use Open instead of New")

// ErrUnreadable says that a Store holds a value that this package has not written, or a later version of it has.
var ErrUnreadable = errors.New("virtualauth: stored value cannot be read")

// Open returns an authenticator with everything that World.Store holds, switched on at this moment of the world's clock.
// Private keys are not in the Store, only their handles are: World.Keys must know them still. A TPM and every other store of
// wrapped keys does, that of keystore.NewSealed too; that of keystore.NewSoftware forgets its keys when the process ends.
// The same goes for World.Fallback. A model with SoftwareFallback and without it is a *WorldError, because a fallback of its
// own would make credentials that are lost with the process, and nobody would have chosen that.
//
// When some credentials cannot be taken up again, the error is an *OpenError, and the authenticator is there and works without
// them. After every other error it is nil.
func Open(ctx context.Context, model Model, world World) (*Authenticator, error) {
	a := New(model, world)
	if a.invalid != nil {
		return nil, fmt.Errorf("virtualauth: open: %w", a.invalid)
	}
	if a.world.Store == nil {
		return nil, fmt.Errorf("virtualauth: open: %w", &WorldError{Missing: "Store"})
	}
	if model.SoftwareFallback && world.Fallback == nil {
		return nil, fmt.Errorf("virtualauth: open: %w", &WorldError{Missing: "Fallback"})
	}
	values, err := a.world.Store.Load(ctx)
	if err != nil {
		return nil, fmt.Errorf("virtualauth: open: %w", err)
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.opened = true
	var failed OpenError
	changes := a.readSettings(values, &failed)
	for _, r := range a.readRecords(values, &failed) {
		a.vault.sequence = r.sequence
		if err := a.checkKey(ctx, r); err != nil {
			failed.Lost = append(failed.Lost, Lost{Name: nameOf(r.ID), Credential: r.Credential, Err: err})
			a.vault.sequence++ // its place stays free for when it comes back
			continue
		}
		a.vault.add(r)
	}
	a.vault.changes = changes // taking credentials up again is none
	for _, l := range failed.Lost {
		a.lost = append(a.lost, l.Name)
	}
	if err := a.keepSettings(ctx); err != nil {
		return nil, fmt.Errorf("virtualauth: open: %w", err)
	}
	if failed.Lost != nil {
		return a, &failed
	}
	return a, nil
}

// readRecords decodes the credentials of a store, in the order of their creation.
func (a *Authenticator) readRecords(values map[string][]byte, failed *OpenError) []*record {
	var records []*record
	for name, value := range values {
		if !strings.HasPrefix(name, credentialPrefix) {
			continue
		}
		r, err := decodeRecord(value)
		if err == nil && nameOf(r.ID) != name {
			err = fmt.Errorf("%w: it is that of another credential", ErrUnreadable)
		}
		if err != nil {
			failed.Lost = append(failed.Lost, Lost{Name: name, Err: err})
			continue
		}
		records = append(records, r)
	}
	slices.SortFunc(failed.Lost, func(a, b Lost) int { return strings.Compare(a.Name, b.Name) })
	slices.SortFunc(records, func(a, b *record) int { return cmp.Compare(a.sequence, b.sequence) })
	return records
}

// checkKey asks key stores that can tell whether they still have the key and the secrets.
func (a *Authenticator) checkKey(ctx context.Context, r *record) error {
	if a.storeOf(r) == nil {
		return fmt.Errorf("%w: its key is in a fallback, and the model has none", keystore.ErrUnknownHandle)
	}
	if store, able := a.storeOf(r).(keystore.Checker); able {
		if err := store.Check(ctx, r.handle); err != nil {
			return err
		}
	}
	store, able := a.world.Keys.(keystore.Checker)
	for _, secret := range []keystore.Handle{r.secrets.withUV, r.secrets.withoutUV} {
		if able && secret != nil {
			if err := store.Check(ctx, secret); err != nil {
				return err
			}
		}
	}
	return nil
}

// OpenError says what of a Store could not be taken up again. Credentials stay in the Store, for another try with the right key
// store, until they are imported anew, deleted, or reset. Lost settings, the PIN among them, are those of a new device.
type OpenError struct {
	// Lost is not empty. Values that cannot be read come first.
	Lost []Lost
}

// Lost is one credential that could not be taken up again, or the settings.
type Lost struct {
	// Name is that of its value in the Store; "settings" for the settings.
	Name string
	// Credential is empty for settings, and when the value could not be read.
	Credential Credential
	// Err is ErrUnreadable, keystore.ErrUnknownHandle, or whatever the key store said.
	Err error
}

// Error names the first, and says how many there are.
func (e *OpenError) Error() string {
	first := e.Lost[0]
	what := first.Name
	if first.Credential.RPID != "" {
		what = fmt.Sprintf("%s (%s at %s)", first.Name, first.Credential.UserName, first.Credential.RPID)
	}
	text := fmt.Sprintf("virtualauth: open: %s is left out: %v", what, first.Err)
	if errors.Is(first.Err, keystore.ErrUnknownHandle) {
		text += ": open it with the key store that made it; one that keeps keys in memory only has lost them"
	}
	if more := len(e.Lost) - 1; more > 0 {
		text += fmt.Sprintf(", and so are %d more", more)
	}
	return text
}

// Unwrap returns the errors of all, for errors.Is.
func (e *OpenError) Unwrap() []error {
	all := make([]error, len(e.Lost))
	for i, l := range e.Lost {
		all[i] = l.Err
	}
	return all
}

// credentialPrefix begins the names of credentials in a Store.
const credentialPrefix = "credential/"

func nameOf(id []byte) string { return credentialPrefix + hex.EncodeToString(id) }

// keep adds a record in the place of another, which may be nil. The caller holds a.mu.
func (a *Authenticator) keep(ctx context.Context, made, replaced *record) error {
	made.sequence = a.vault.sequence
	if err := a.save(ctx, made, replaced); err != nil {
		return err
	}
	if replaced != nil {
		a.vault.remove(replaced)
	}
	a.vault.add(made)
	return nil
}

// change edits a record. The caller holds a.mu.
func (a *Authenticator) change(ctx context.Context, r *record, edit func(*Credential)) error {
	if a.world.Store == nil {
		a.vault.edit(r, edit)
		return nil
	}
	edited := *r
	edit(&edited.Credential)
	if err := a.save(ctx, &edited); err != nil {
		return err
	}
	a.vault.edit(r, func(c *Credential) { *c = edited.Credential })
	return nil
}

// forget removes a record. The caller holds a.mu.
func (a *Authenticator) forget(ctx context.Context, r *record) error {
	if err := a.save(ctx, nil, r); err != nil {
		return err
	}
	a.vault.remove(r)
	return nil
}

// forgetLost removes a credential that could not be taken up again, and reports whether there is one with this name. The caller
// holds a.mu.
func (a *Authenticator) forgetLost(ctx context.Context, name string) (bool, error) {
	i := slices.Index(a.lost, name)
	if i < 0 {
		return false, nil
	}
	if err := a.saveAll(ctx, map[string][]byte{name: nil}); err != nil {
		return true, err
	}
	a.lost = slices.Delete(a.lost, i, i+1)
	return true, nil
}

// forgetAll removes everything, also what could not be taken up again, and returns the records that there were. The caller
// holds a.mu.
func (a *Authenticator) forgetAll(ctx context.Context) ([]*record, error) {
	all := a.vault.oldestFirst()
	changes := map[string][]byte{}
	for _, r := range all {
		changes[nameOf(r.ID)] = nil
	}
	for _, name := range a.lost {
		changes[name] = nil
	}
	fresh, err := encodeSettings(storedSettings{})
	if err != nil {
		return nil, err
	}
	changes[settingsName] = fresh
	if err := a.saveAll(ctx, changes); err != nil {
		return nil, err
	}
	a.vault, a.lost, a.settings, a.storage, a.kept, a.session = vault{}, nil, settings{}, storage{}, fresh, session{}
	return all, nil
}

// save makes it durable that one record, unless it is nil, is as it is, and that others are gone.
func (a *Authenticator) save(ctx context.Context, kept *record, gone ...*record) error {
	if a.world.Store == nil {
		return nil
	}
	changes := make(map[string][]byte, 2)
	for _, r := range gone {
		if r != nil {
			changes[nameOf(r.ID)] = nil
		}
	}
	if kept != nil {
		value, err := kept.encode()
		if err != nil {
			return err
		}
		changes[nameOf(kept.ID)] = value
	}
	return a.saveAll(ctx, changes)
}

func (a *Authenticator) saveAll(ctx context.Context, changes map[string][]byte) error {
	if a.world.Store == nil {
		return nil
	}
	if !a.opened { // it would write over what it has not read
		return ErrNotOpened
	}
	if err := a.world.Store.Save(ctx, changes); err != nil {
		return fmt.Errorf("store: %w", err)
	}
	return nil
}
