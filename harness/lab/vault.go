package lab

import (
	"context"
	"fmt"
	"sync"

	"github.com/passkeylab/passkeylab/virtualauth/cose"
	"github.com/passkeylab/passkeylab/virtualauth/keystore"
	"github.com/passkeylab/passkeylab/virtualauth/keystore/tpmstore"
)

// vault is the TPM in which phones keep their keys: the simulator, of which a process has one. It is opened by the first phone.
type vault struct {
	mu    sync.Mutex
	store *tpmstore.Store
}

// keysAhead is how many keys are made while nobody waits for one.
const keysAhead = 2

// Keys returns the key store of the phones on this lab's stages: a TPM simulator. It fails with tpmstore.ErrNoSimulator, which
// says what to install, where the simulator could not be built.
func (l *Lab) Keys(ctx context.Context) (keystore.KeyStore, error) {
	l.vault.mu.Lock()
	defer l.vault.mu.Unlock()
	if l.vault.store == nil {
		store, err := tpmstore.Open(ctx, tpmstore.Simulator{}, tpmstore.Config{Pool: map[cose.Algorithm]int{cose.ES256: keysAhead}})
		if err != nil {
			return nil, fmt.Errorf("lab: open a TPM for phones: %w", err)
		}
		l.vault.store = store
	}
	return l.vault.store, nil
}

func (v *vault) close() error {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.store == nil {
		return nil
	}
	err := v.store.Close()
	v.store = nil
	return err
}
