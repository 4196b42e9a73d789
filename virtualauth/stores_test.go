package virtualauth_test

import (
	"context"

	"github.com/passkeylab/passkeylab/virtualauth/cose"
	"github.com/passkeylab/passkeylab/virtualauth/keystore"
)

// onlyES256 is a key store that supports one algorithm and lets no key out, as a TPM is.
type onlyES256 struct {
	keystore.KeyStore
	deleted int
}

func newOnlyES256() *onlyES256 { return &onlyES256{KeyStore: keystore.NewSoftware(seeded(9))} }

func (*onlyES256) Supports(algorithm cose.Algorithm) bool { return algorithm == cose.ES256 }

func (s *onlyES256) Create(ctx context.Context, algorithm cose.Algorithm) (keystore.Handle, cose.Key, error) {
	if !s.Supports(algorithm) {
		return nil, cose.Key{}, keystore.ErrUnsupportedAlgorithm
	}
	return s.KeyStore.Create(ctx, algorithm)
}

func (s *onlyES256) Delete(ctx context.Context, handle keystore.Handle) error {
	s.deleted++
	return s.KeyStore.Delete(ctx, handle)
}

// onlyEdDSA is a key store without the algorithm of U2F.
type onlyEdDSA struct{ keystore.KeyStore }

func (onlyEdDSA) Supports(algorithm cose.Algorithm) bool { return algorithm == cose.EdDSA }
