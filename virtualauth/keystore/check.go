package keystore

import (
	"context"
	"fmt"
)

// Checker is a KeyStore that can tell whether it still has a key without using it.
type Checker interface {
	// Check fails with ErrUnknownHandle when the store has neither a key nor a secret for the handle.
	Check(ctx context.Context, handle Handle) error
}

// Check looks for a key or a secret.
func (s *Software) Check(ctx context.Context, handle Handle) error {
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("keystore: check: %w", err)
	}
	if _, known := s.vault.find(handle); !known {
		return fmt.Errorf("keystore: check: %w", ErrUnknownHandle)
	}
	return nil
}
