package keystore

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"sync"

	"github.com/passkeylab/passkeylab/virtualauth/cose"
)

const (
	seedLength = 32 // bytes read from the store's randomness for each key and each secret
	nameLength = 16 // bytes read after them for its handle
)

// ErrNoRandomness says that a Software store was made without a source of randomness.
var ErrNoRandomness = errors.New("keystore: software store without randomness: pass a reader to it")

// Software is a KeyStore without any device, and an Exporter and Importer, of every algorithm of package cose but RS1. With
// the same randomness it makes the same keys and the same signatures: keys are derived from 32 bytes of it each, signatures
// need none.
//
// NewSoftware returns one that keeps its keys in memory, NewSealed one that keeps nothing.
type Software struct {
	mu     sync.Mutex // guards random, which need not be safe for concurrent use
	random io.Reader
	vault  vault
}

// vault finds items again by their handles. Vaults are safe for concurrent use.
type vault interface {
	// keep returns a handle for an item; name is fresh randomness of nameLength bytes, which the vault may keep.
	keep(i item, name []byte) (Handle, error)
	find(handle Handle) (item, bool)
	// forget reports whether there was something to forget.
	forget(handle Handle) bool
}

// item is what a handle stands for: a key, or a secret and no key.
type item struct {
	key    privateKey
	secret []byte
}

// NewSoftware returns an empty store that draws on random and keeps its keys in memory. Handles are 16 random bytes and mean
// nothing once the store is gone.
func NewSoftware(random io.Reader) *Software {
	return &Software{random: random, vault: &memory{items: map[string]item{}}}
}

// Supports reports whether there is a derivation for the algorithm.
func (s *Software) Supports(algorithm cose.Algorithm) bool { return derivations[algorithm] != nil }

// Create derives a key from the store's randomness. RSA keys have 2048 bits.
func (s *Software) Create(ctx context.Context, algorithm cose.Algorithm) (Handle, cose.Key, error) {
	if err := ctx.Err(); err != nil {
		return nil, cose.Key{}, fmt.Errorf("keystore: create: %w", err)
	}
	derive, known := derivations[algorithm]
	if !known {
		return nil, cose.Key{}, fmt.Errorf("keystore: create: %w: %v", ErrUnsupportedAlgorithm, algorithm)
	}
	draw, err := s.draw(seedLength + nameLength)
	if err != nil {
		return nil, cose.Key{}, fmt.Errorf("keystore: create: %w", err)
	}
	signer, err := derive(algorithm, draw[:seedLength])
	if err != nil {
		return nil, cose.Key{}, fmt.Errorf("keystore: create: derive %v key: %w", algorithm, err)
	}
	return s.add(privateKey{algorithm, signer}, draw[seedLength:])
}

// Sign signs deterministically, with every algorithm: the same key and message give the same signature.
func (s *Software) Sign(ctx context.Context, handle Handle, message []byte) ([]byte, error) {
	key, err := s.findKey(ctx, handle)
	if err != nil {
		return nil, fmt.Errorf("keystore: sign: %w", err)
	}
	signature, err := key.sign(message)
	if err != nil {
		return nil, fmt.Errorf("keystore: sign with %v: %w", key.algorithm, err)
	}
	return signature, nil
}

// CreateSecret takes a secret from the store's randomness.
func (s *Software) CreateSecret(ctx context.Context) (Handle, error) {
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("keystore: create a secret: %w", err)
	}
	draw, err := s.draw(seedLength + nameLength)
	if err != nil {
		return nil, fmt.Errorf("keystore: create a secret: %w", err)
	}
	return s.vault.keep(item{secret: draw[:seedLength:seedLength]}, draw[seedLength:])
}

// HMAC returns the HMAC-SHA-256 of message under a secret.
func (s *Software) HMAC(ctx context.Context, handle Handle, message []byte) ([]byte, error) {
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("keystore: hmac: %w", err)
	}
	found, known := s.vault.find(handle)
	if !known || found.secret == nil {
		return nil, fmt.Errorf("keystore: hmac: %w", ErrUnknownHandle)
	}
	mac := hmac.New(sha256.New, found.secret)
	mac.Write(message)
	return mac.Sum(nil), nil
}

// Delete forgets the key or the secret.
func (s *Software) Delete(_ context.Context, handle Handle) error {
	if !s.vault.forget(handle) {
		return fmt.Errorf("keystore: delete: %w", ErrUnknownHandle)
	}
	return nil
}

// Export returns the private key as PKCS #8 DER; of an ML-DSA key it holds the seed alone (RFC 9881 §6).
func (s *Software) Export(ctx context.Context, handle Handle) ([]byte, error) {
	key, err := s.findKey(ctx, handle)
	if err != nil {
		return nil, fmt.Errorf("keystore: export: %w", err)
	}
	der, err := marshalPKCS8(key.signer)
	if err != nil {
		return nil, fmt.Errorf("keystore: export: %w", err)
	}
	return der, nil
}

// Import takes a private key of any algorithm: RSA keys of 2048 to 8192 bits, ML-DSA keys as their seed.
func (s *Software) Import(ctx context.Context, algorithm cose.Algorithm, pkcs8 []byte) (Handle, cose.Key, error) {
	if err := ctx.Err(); err != nil {
		return nil, cose.Key{}, fmt.Errorf("keystore: import: %w", err)
	}
	if !s.Supports(algorithm) {
		return nil, cose.Key{}, fmt.Errorf("keystore: import: %w: %v", ErrUnsupportedAlgorithm, algorithm)
	}
	signer, err := parsePKCS8(pkcs8)
	if err != nil {
		return nil, cose.Key{}, fmt.Errorf("keystore: import: %w: %w", ErrMalformedKey, err)
	}
	key := privateKey{algorithm, signer}
	if _, err := key.public(); err != nil {
		return nil, cose.Key{}, fmt.Errorf("keystore: import: %w: %w", ErrMalformedKey, err)
	}
	name, err := s.draw(nameLength)
	if err != nil {
		return nil, cose.Key{}, fmt.Errorf("keystore: import: %w", err)
	}
	return s.add(key, name)
}

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

func (s *Software) add(key privateKey, name []byte) (Handle, cose.Key, error) {
	public, err := key.public()
	if err != nil {
		return nil, cose.Key{}, fmt.Errorf("keystore: %w", err)
	}
	handle, err := s.vault.keep(item{key: key}, name)
	if err != nil {
		return nil, cose.Key{}, fmt.Errorf("keystore: %w", err)
	}
	return handle, public, nil
}

func (s *Software) findKey(ctx context.Context, handle Handle) (privateKey, error) {
	if err := ctx.Err(); err != nil {
		return privateKey{}, err
	}
	found, known := s.vault.find(handle)
	if !known || found.key.signer == nil {
		return privateKey{}, ErrUnknownHandle
	}
	return found.key, nil
}

// memory is the vault whose handles are mere names.
type memory struct {
	mu    sync.RWMutex
	items map[string]item
}

func (m *memory) keep(i item, name []byte) (Handle, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.items[string(name)] = i
	return name, nil
}

func (m *memory) find(handle Handle) (item, bool) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	i, known := m.items[string(handle)]
	return i, known
}

func (m *memory) forget(handle Handle) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	_, known := m.items[string(handle)]
	delete(m.items, string(handle))
	return known
}
