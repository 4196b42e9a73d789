package tpmstore

import (
	"context"
	"fmt"

	"github.com/passkeylab/passkeylab/virtualauth/keystore"
)

// Check has the TPM load what a handle wraps, and does nothing with it.
func (s *Store) Check(ctx context.Context, handle keystore.Handle) error {
	w, err := s.find(handle)
	if err == nil {
		err = s.do(ctx, func(m *machine) error { return m.load(handle, w) })
	}
	if err != nil {
		return fmt.Errorf("tpmstore: check: %w", err)
	}
	return nil
}
