package keystore

import (
	"bytes"
	"context"
	"fmt"
)

// SecretExporter is a KeyStore whose secrets may leave it.
type SecretExporter interface {
	// ExportSecret returns a secret of CreateSecret, 32 bytes, or fails with ErrUnknownHandle.
	ExportSecret(ctx context.Context, handle Handle) ([]byte, error)
}

// SecretImporter is a KeyStore that takes secrets made elsewhere.
type SecretImporter interface {
	// ImportSecret takes a secret of 32 bytes, or fails with ErrMalformedKey.
	ImportSecret(ctx context.Context, secret []byte) (Handle, error)
}

// ExportSecret returns a secret.
func (s *Software) ExportSecret(ctx context.Context, handle Handle) ([]byte, error) {
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("keystore: export a secret: %w", err)
	}
	found, known := s.vault.find(handle)
	if !known || found.secret == nil {
		return nil, fmt.Errorf("keystore: export a secret: %w", ErrUnknownHandle)
	}
	return bytes.Clone(found.secret), nil
}

// ImportSecret takes a secret.
func (s *Software) ImportSecret(ctx context.Context, secret []byte) (Handle, error) {
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("keystore: import a secret: %w", err)
	}
	if len(secret) != seedLength {
		return nil, fmt.Errorf("keystore: import a secret: %w: %d bytes, want %d", ErrMalformedKey, len(secret), seedLength)
	}
	name, err := s.draw(nameLength)
	if err != nil {
		return nil, fmt.Errorf("keystore: import a secret: %w", err)
	}
	return s.vault.keep(item{secret: bytes.Clone(secret)}, name)
}
