package virtualauth

import (
	"bytes"
	"context"
	"fmt"

	"github.com/passkeylab/passkeylab/virtualauth/ctap2"
)

// This file keeps what an authenticator remembers besides its credentials: PIN, retries, configuration, large
// blobs, fingers.

// settingsName is the name of the settings in a Store.
const settingsName = "settings"

// storedSettings is what a Store keeps under settingsName: CTAP2 canonical CBOR. It is there from the first Open on.
type storedSettings struct {
	Version  uint     `cbor:"1,keyasint"`
	Settings settings `cbor:"2,keyasint"`
	// Changes is vault.changes.
	Changes uint64 `cbor:"3,keyasint,omitempty"`
	// Storage is large blobs and fingers.
	Storage storage `cbor:"4,keyasint"`
}

func encodeSettings(s storedSettings) ([]byte, error) {
	s.Version = storedVersion
	return ctap2.Marshal(s)
}

func decodeSettings(value []byte) (s storedSettings, err error) {
	if err := ctap2.Unmarshal(value, &s); err != nil {
		return storedSettings{}, fmt.Errorf("%w: %w", ErrUnreadable, err)
	}
	if s.Version != storedVersion {
		return storedSettings{}, fmt.Errorf("%w: version %d, and %d is known", ErrUnreadable, s.Version, storedVersion)
	}
	return s, nil
}

// readSettings takes the settings up again and returns vault.changes. A store with credentials and without settings has lost
// them.
func (a *Authenticator) readSettings(values map[string][]byte, failed *OpenError) (changes uint64) {
	value, there := values[settingsName]
	if !there && len(values) == 0 {
		return 0
	}
	s, err := decodeSettings(value)
	if err != nil {
		failed.Lost = append(failed.Lost, Lost{Name: settingsName, Err: err})
		return 0
	}
	a.settings, a.storage, a.kept = s.Settings, s.Storage, value
	// One more than was stored: a change of credentials may have become durable just before its count.
	return s.Changes + 1
}

// keepSettings makes changed settings durable, or undoes the change. The caller holds the mutex.
func (a *Authenticator) keepSettings(ctx context.Context) error {
	if a.world.Store == nil {
		return nil
	}
	value, err := encodeSettings(storedSettings{Settings: a.settings, Changes: a.vault.changes, Storage: a.storage})
	if err != nil || bytes.Equal(value, a.kept) {
		return err
	}
	if err := a.saveAll(ctx, map[string][]byte{settingsName: value}); err != nil {
		if was, undo := decodeSettings(a.kept); undo == nil {
			a.settings, a.storage = was.Settings, was.Storage
		}
		return err
	}
	a.kept = value
	return nil
}

// keepChangedSettings is keepSettings under the mutex: nothing is answered before what it changed is durable.
func (a *Authenticator) keepChangedSettings(ctx context.Context) error {
	if a.world.Store == nil {
		return nil
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.keepSettings(ctx)
}
