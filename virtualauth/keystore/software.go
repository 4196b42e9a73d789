package keystore

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync"

	"github.com/passkeylab/passkeylab/virtualauth/cose"
)

const (
	seedLength   = 32 // bytes read from the store's randomness for each key
	handleLength = 16 // bytes
)

// ErrNoRandomness says that a Software store was made without a source of randomness.
var ErrNoRandomness = errors.New("keystore: software store without randomness: pass a reader to NewSoftware")

// Software is a KeyStore in memory, and an Exporter and Importer. With the same randomness it makes the same keys and the
// same signatures: keys are derived from 32 bytes of it each, signatures need none.
type Software struct {
	mu      sync.Mutex // guards random, which need not be safe for concurrent use, and keys
	random  io.Reader
	keys    map[string]softwareKey
	secrets map[string][]byte
}

type softwareKey struct {
	algorithm cose.Algorithm
	private   crypto.Signer
}

// NewSoftware returns an empty store that draws on random.
func NewSoftware(random io.Reader) *Software {
	return &Software{random: random, keys: map[string]softwareKey{}, secrets: map[string][]byte{}}
}

// Supports reports whether there is a derivation for the algorithm.
func (s *Software) Supports(algorithm cose.Algorithm) bool { return derivations[algorithm] != nil }

// CreateSecret takes a secret from the store's randomness.
func (s *Software) CreateSecret(context.Context) (Handle, error) {
	draw, err := s.draw(seedLength + handleLength)
	if err != nil {
		return nil, fmt.Errorf("keystore: create a secret: %w", err)
	}
	handle := Handle(draw[seedLength:])
	s.mu.Lock()
	defer s.mu.Unlock()
	s.secrets[string(handle)] = draw[:seedLength:seedLength]
	return handle, nil
}

// HMAC returns the HMAC-SHA-256 of message under a secret.
func (s *Software) HMAC(_ context.Context, handle Handle, message []byte) ([]byte, error) {
	s.mu.Lock()
	secret := s.secrets[string(handle)]
	s.mu.Unlock()
	if secret == nil {
		return nil, fmt.Errorf("keystore: hmac: %w", ErrUnknownHandle)
	}
	mac := hmac.New(sha256.New, secret)
	mac.Write(message)
	return mac.Sum(nil), nil
}

// Create makes an ES256, EdDSA or RS256 key.
func (s *Software) Create(ctx context.Context, algorithm cose.Algorithm) (Handle, cose.Key, error) {
	derive, known := derivations[algorithm]
	if !known {
		return nil, cose.Key{}, fmt.Errorf("keystore: create: %w: %v", ErrUnsupportedAlgorithm, algorithm)
	}
	draw, err := s.draw(seedLength + handleLength)
	if err != nil {
		return nil, cose.Key{}, fmt.Errorf("keystore: create: %w", err)
	}
	private, err := derive(draw[:seedLength])
	if err != nil {
		return nil, cose.Key{}, fmt.Errorf("keystore: create: derive %v key: %w", algorithm, err)
	}
	return s.add(draw[seedLength:], softwareKey{algorithm, private})
}

// Sign signs deterministically: ECDSA by RFC 6979, the other two by their nature.
func (s *Software) Sign(_ context.Context, handle Handle, message []byte) ([]byte, error) {
	key, err := s.find(handle)
	if err != nil {
		return nil, fmt.Errorf("keystore: sign: %w", err)
	}
	hash := crypto.SHA256
	digest := message
	if key.algorithm == cose.EdDSA {
		hash = crypto.Hash(0) // Ed25519 hashes by itself
	} else {
		sum := sha256.Sum256(message)
		digest = sum[:]
	}
	signature, err := key.private.Sign(nil, digest, hash) // no randomness given: crypto/ecdsa is deterministic then
	if err != nil {
		return nil, fmt.Errorf("keystore: sign with %v: %w", key.algorithm, err)
	}
	return signature, nil
}

// Delete forgets the key.
func (s *Software) Delete(_ context.Context, handle Handle) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.keys[string(handle)].private == nil && s.secrets[string(handle)] == nil {
		return fmt.Errorf("keystore: delete: %w", ErrUnknownHandle)
	}
	delete(s.keys, string(handle))
	delete(s.secrets, string(handle))
	return nil
}

// Export returns the private key as PKCS #8 DER.
func (s *Software) Export(_ context.Context, handle Handle) ([]byte, error) {
	key, err := s.find(handle)
	if err != nil {
		return nil, fmt.Errorf("keystore: export: %w", err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key.private)
	if err != nil {
		return nil, fmt.Errorf("keystore: export: %w", err)
	}
	return der, nil
}

// Import takes an ES256, EdDSA or RS256 private key.
func (s *Software) Import(_ context.Context, algorithm cose.Algorithm, pkcs8 []byte) (Handle, cose.Key, error) {
	if _, known := derivations[algorithm]; !known {
		return nil, cose.Key{}, fmt.Errorf("keystore: import: %w: %v", ErrUnsupportedAlgorithm, algorithm)
	}
	private, err := parsePrivate(pkcs8)
	if err != nil {
		return nil, cose.Key{}, fmt.Errorf("keystore: import: %w: %w", ErrMalformedKey, err)
	}
	key := softwareKey{algorithm, private}
	if _, err := key.public(); err != nil {
		return nil, cose.Key{}, fmt.Errorf("keystore: import: %w: %w", ErrMalformedKey, err)
	}
	name, err := s.draw(handleLength)
	if err != nil {
		return nil, cose.Key{}, fmt.Errorf("keystore: import: %w", err)
	}
	return s.add(name, key)
}

func parsePrivate(pkcs8 []byte) (crypto.Signer, error) {
	parsed, err := x509.ParsePKCS8PrivateKey(pkcs8)
	if err != nil {
		return nil, err
	}
	switch private := parsed.(type) {
	case *ecdsa.PrivateKey:
		return private, nil
	case ed25519.PrivateKey:
		return private, nil
	case *rsa.PrivateKey:
		return private, nil
	}
	return nil, fmt.Errorf("a %T cannot sign for a passkey", parsed)
}

func (k softwareKey) public() (cose.Key, error) { return cose.New(k.algorithm, k.private.Public()) }

func (s *Software) draw(length int) ([]byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.random == nil {
		return nil, ErrNoRandomness
	}
	b := make([]byte, length)
	if _, err := io.ReadFull(s.random, b); err != nil {
		return nil, fmt.Errorf("read randomness: %w", err)
	}
	return b, nil
}

func (s *Software) add(handle Handle, key softwareKey) (Handle, cose.Key, error) {
	public, err := key.public()
	if err != nil {
		return nil, cose.Key{}, fmt.Errorf("keystore: %w", err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.keys[string(handle)] = key
	return slices.Clone(handle), public, nil
}

func (s *Software) find(handle Handle) (softwareKey, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	key, known := s.keys[string(handle)]
	if !known {
		return softwareKey{}, ErrUnknownHandle
	}
	return key, nil
}
