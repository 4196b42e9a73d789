package tpmstore

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"

	"github.com/passkeylab/passkeylab/virtualauth/cose"
	"github.com/passkeylab/passkeylab/virtualauth/keystore"
)

// Errors of this package; test for them with errors.Is. Those of package keystore come on top.
var (
	// ErrClosed says that the store was closed.
	ErrClosed = errors.New("tpmstore: the store is closed")
	// ErrWeakSecret says that the secret that encrypts a TPM's state is missing, or shorter than 16 bytes.
	ErrWeakSecret = errors.New("tpmstore: to keep the state of a TPM, pass a random secret of at least 16 bytes")
	// ErrExtraData says that the data to certify are longer than 64 bytes, the longest digest.
	ErrExtraData = errors.New("tpmstore: more than 64 bytes of extra data")
)

// Config says how a store works. The zero value is useful.
type Config struct {
	// AttestationKey is the algorithm of the key that certifies others: cose.ES256, which zero means too, or cose.RS256.
	AttestationKey cose.Algorithm
	// Pool is how many keys of each algorithm are made ahead while the TPM is idle, so that registering a passkey need not
	// wait for one. The pool is not kept when the store is closed. Nil means none.
	Pool map[cose.Algorithm]int
}

// Store is a keystore.KeyStore and keystore.Certifier whose keys are in a TPM. Close it when done.
type Store struct {
	able map[cose.Algorithm]bool // what the TPM supports; never written after Open
	pool pool

	jobs        chan job
	quit, ended chan struct{}
	close       sync.Once
	closeError  error // read after ended was closed

	mu      sync.Mutex
	deleted map[[sha256.Size]byte]struct{} // hashes of the handles that Delete took
}

// Open opens a TPM and starts the goroutine that owns it. ctx bounds the opening alone.
func Open(ctx context.Context, backend Backend, config Config) (*Store, error) {
	if config.AttestationKey == 0 {
		config.AttestationKey = cose.ES256
	}
	if _, known := attestationTemplates[config.AttestationKey]; !known {
		return nil, fmt.Errorf("tpmstore: attestation key: %w: %v", keystore.ErrUnsupportedAlgorithm, config.AttestationKey)
	}
	link, err := backend.open(ctx)
	if err != nil {
		return nil, fmt.Errorf("tpmstore: open: %w", err)
	}
	s := &Store{
		jobs: make(chan job), quit: make(chan struct{}), ended: make(chan struct{}),
		deleted: map[[sha256.Size]byte]struct{}{},
		pool: pool{
			order: slices.Sorted(maps.Keys(config.Pool)), size: maps.Clone(config.Pool),
			ready: map[cose.Algorithm][]wrapped{},
		},
	}
	m := &machine{link: link, attestation: config.AttestationKey}
	if err := m.transact(ctx, s.learn); err != nil {
		m.unload()
		return nil, errors.Join(fmt.Errorf("tpmstore: open: %w", err), link.Close())
	}
	go s.own(m)
	return s, nil
}

// learn asks the TPM what it can do, and whether that is enough.
func (s *Store) learn(m *machine) (err error) {
	if s.able, err = supported(m); err != nil {
		return err
	}
	for _, algorithm := range s.pool.order {
		if !s.Supports(algorithm) {
			return fmt.Errorf("pool: %w: %v", keystore.ErrUnsupportedAlgorithm, algorithm)
		}
	}
	return nil
}

// Close finishes the transaction that runs, fails those that wait with ErrClosed, takes everything out of the TPM and
// closes it. Closing twice does nothing more and returns the same error.
func (s *Store) Close() error {
	s.close.Do(func() { close(s.quit) })
	<-s.ended
	return s.closeError
}

// Supports reports whether the TPM makes keys for an algorithm. It was asked when it was opened.
func (s *Store) Supports(algorithm cose.Algorithm) bool {
	return algorithm != secret && s.able[algorithm]
}

// Create takes a key out of the pool, or has the TPM make one. The handle is the wrapped key itself: whoever keeps it
// keeps the key, and nothing is left in the TPM when it is lost.
func (s *Store) Create(ctx context.Context, algorithm cose.Algorithm) (keystore.Handle, cose.Key, error) {
	if !s.Supports(algorithm) {
		return nil, cose.Key{}, fmt.Errorf("tpmstore: create: %w: %v", keystore.ErrUnsupportedAlgorithm, algorithm)
	}
	var w wrapped
	err := s.do(ctx, func(m *machine) (err error) {
		var taken bool
		if w, taken, err = s.pool.take(m, algorithm); err == nil && !taken {
			w, err = m.create(algorithm)
		}
		return err
	})
	if err != nil {
		return nil, cose.Key{}, fmt.Errorf("tpmstore: create an %v key: %w", algorithm, err)
	}
	key, err := w.key()
	if err != nil {
		return nil, cose.Key{}, fmt.Errorf("tpmstore: create an %v key: %w", algorithm, err)
	}
	return w.encode(), key, nil
}

// Fill makes the pool full at once, one transaction a key, so that others are served in between.
func (s *Store) Fill(ctx context.Context) error {
	for full := false; !full; {
		err := s.do(ctx, func(m *machine) error {
			algorithm, missing := s.pool.missing()
			if full = !missing; full {
				return nil
			}
			return s.pool.fillOne(m, algorithm)
		})
		if err != nil {
			return fmt.Errorf("tpmstore: fill the pool: %w", err)
		}
	}
	return nil
}

// Sign hashes message and has the TPM sign the hash (TPM2_Sign).
func (s *Store) Sign(ctx context.Context, handle keystore.Handle, message []byte) ([]byte, error) {
	w, err := s.find(handle)
	if err == nil && w.algorithm == secret {
		err = fmt.Errorf("%w: a secret signs nothing", keystore.ErrUnknownHandle)
	}
	if err != nil {
		return nil, fmt.Errorf("tpmstore: sign: %w", err)
	}
	hash := recipes[w.algorithm].hash.New()
	hash.Write(message)
	digest := hash.Sum(nil)
	var signature []byte
	err = s.do(ctx, func(m *machine) (err error) {
		if err = m.load(handle, w); err != nil {
			return err
		}
		signature, err = m.sign(digest)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("tpmstore: sign with %v: %w", w.algorithm, err)
	}
	if signature, err = encodeSignature(signature); err != nil {
		return nil, fmt.Errorf("tpmstore: sign with %v: %w", w.algorithm, err)
	}
	return signature, nil
}

// Delete forgets a key, even when ctx has ended, as it may be part of tidying up. The wrapped key is the caller's: it is gone
// for good when all copies of the handle are. This store refuses the handle from now on until it is closed.
func (s *Store) Delete(ctx context.Context, handle keystore.Handle) error {
	w, err := s.find(handle)
	if err == nil {
		err = s.do(context.WithoutCancel(ctx), func(m *machine) error {
			if err := m.load(handle, w); err != nil {
				return err
			}
			return m.flush(&m.current)
		})
	}
	if err != nil {
		return fmt.Errorf("tpmstore: delete: %w", err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.deleted[sha256.Sum256(handle)] = struct{}{}
	return nil
}

// find decodes a handle that was not deleted, or fails with keystore.ErrUnknownHandle.
func (s *Store) find(handle keystore.Handle) (wrapped, error) {
	w, err := decode(handle)
	if err != nil {
		return wrapped{}, fmt.Errorf("%w: %w", keystore.ErrUnknownHandle, err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, gone := s.deleted[sha256.Sum256(handle)]; gone {
		return wrapped{}, fmt.Errorf("%w: it was deleted", keystore.ErrUnknownHandle)
	}
	return w, nil
}
