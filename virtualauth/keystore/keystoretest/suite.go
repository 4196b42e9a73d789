// Package keystoretest is the suite that every keystore.KeyStore passes: what the authenticator relies on, and nothing about
// how a store does it. Signatures are verified with the standard library alone.
package keystoretest

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/sha256"
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/passkeylab/passkeylab/virtualauth/cose"
	"github.com/passkeylab/passkeylab/virtualauth/keystore"
)

// Subject is the store under test.
type Subject struct {
	// New returns an empty store for one test; what must be released is released by t.Cleanup.
	New func(t *testing.T) keystore.KeyStore
	// Algorithms are those that the store supports.
	Algorithms []cose.Algorithm
}

// unsupported is an algorithm that no store here makes keys for: RS1 (RFC 8812), which is broken.
const unsupported cose.Algorithm = -65535

// Run runs the suite.
func Run(t *testing.T, s Subject) {
	for _, algorithm := range s.Algorithms {
		t.Run(algorithm.String(), func(t *testing.T) {
			t.Run("signs what the public key verifies", func(t *testing.T) { signs(t, s.New(t), algorithm) })
			t.Run("makes a new key each time", func(t *testing.T) { differs(t, s.New(t), algorithm) })
			t.Run("knows nothing of a deleted key", func(t *testing.T) { deletes(t, s.New(t), algorithm) })
			t.Run("owns its handles", func(t *testing.T) { ownsHandles(t, s.New(t), algorithm) })
			t.Run("moves a key where it says so", func(t *testing.T) { moves(t, s, algorithm) })
		})
	}
	t.Run("refuses an unsupported algorithm", func(t *testing.T) { refusesAlgorithm(t, s.New(t)) })
	t.Run("refuses foreign handles", func(t *testing.T) { refusesHandles(t, s.New(t)) })
	t.Run("refuses malformed private keys", func(t *testing.T) { refusesKeys(t, s.New(t), s.Algorithms[0]) })
	t.Run("is safe for concurrent use", func(t *testing.T) { concurs(t, s.New(t), s.Algorithms[0]) })
}

// Verify checks a signature in the form of WebAuthn L3 §6.5.5 with the standard library.
func Verify(key cose.Key, message, signature []byte) error {
	digest := sha256.Sum256(message)
	switch public := key.Public().(type) {
	case *ecdsa.PublicKey:
		if !ecdsa.VerifyASN1(public, digest[:], signature) {
			return errors.New("keystoretest: the ECDSA signature is wrong")
		}
		return nil
	case ed25519.PublicKey:
		if !ed25519.Verify(public, message, signature) {
			return errors.New("keystoretest: the Ed25519 signature is wrong")
		}
		return nil
	case *rsa.PublicKey:
		return rsa.VerifyPKCS1v15(public, crypto.SHA256, digest[:], signature)
	}
	return fmt.Errorf("keystoretest: cannot verify with a %T", key.Public())
}

func create(t *testing.T, store keystore.KeyStore, algorithm cose.Algorithm) (keystore.Handle, cose.Key) {
	t.Helper()
	handle, key, err := store.Create(t.Context(), algorithm)
	if err != nil {
		t.Fatalf("Create(%v): %v", algorithm, err)
	}
	if key.Algorithm() != algorithm || len(handle) == 0 {
		t.Fatalf("Create(%v) gave a key for %v with handle %x", algorithm, key.Algorithm(), handle)
	}
	return handle, key
}

func signs(t *testing.T, store keystore.KeyStore, algorithm cose.Algorithm) {
	handle, key := create(t, store, algorithm)
	for _, message := range [][]byte{{}, []byte("a"), bytes.Repeat([]byte{0xa5}, 5000)} {
		signature, err := store.Sign(t.Context(), handle, message)
		if err != nil {
			t.Fatalf("Sign(%d bytes): %v", len(message), err)
		}
		if err := Verify(key, message, signature); err != nil {
			t.Errorf("signature over %d bytes: %v", len(message), err)
		}
		if Verify(key, append(message, 1), signature) == nil {
			t.Errorf("signature over %d bytes also fits another message", len(message))
		}
	}
}

func differs(t *testing.T, store keystore.KeyStore, algorithm cose.Algorithm) {
	handle1, key1 := create(t, store, algorithm)
	handle2, key2 := create(t, store, algorithm)
	if bytes.Equal(handle1, handle2) {
		t.Errorf("two keys have the handle %x", handle1)
	}
	if bytes.Equal(key1.Encode(), key2.Encode()) {
		t.Error("two keys are the same")
	}
	signature, err := store.Sign(t.Context(), handle1, []byte("message"))
	if err != nil {
		t.Fatal(err)
	}
	if Verify(key2, []byte("message"), signature) == nil {
		t.Error("the second key verifies what the first has signed")
	}
}

func deletes(t *testing.T, store keystore.KeyStore, algorithm cose.Algorithm) {
	handle, _ := create(t, store, algorithm)
	other, key := create(t, store, algorithm)
	if err := store.Delete(t.Context(), handle); err != nil {
		t.Fatalf("Delete: %v", err)
	}
	if _, err := store.Sign(t.Context(), handle, nil); !errors.Is(err, keystore.ErrUnknownHandle) {
		t.Errorf("Sign with a deleted key: %v, want ErrUnknownHandle", err)
	}
	if err := store.Delete(t.Context(), handle); !errors.Is(err, keystore.ErrUnknownHandle) {
		t.Errorf("second Delete: %v, want ErrUnknownHandle", err)
	}
	signature, err := store.Sign(t.Context(), other, []byte("message"))
	if err == nil {
		err = Verify(key, []byte("message"), signature)
	}
	if err != nil {
		t.Errorf("the other key, which was not deleted: %v", err)
	}
}

func ownsHandles(t *testing.T, store keystore.KeyStore, algorithm cose.Algorithm) {
	handle, _ := create(t, store, algorithm)
	kept := bytes.Clone(handle)
	for i := range handle {
		handle[i] ^= 0xff
	}
	if _, err := store.Sign(t.Context(), kept, nil); err != nil {
		t.Errorf("Sign after the caller changed the handle it was given: %v", err)
	}
}

func moves(t *testing.T, s Subject, algorithm cose.Algorithm) {
	from, to := s.New(t), s.New(t)
	exporter, exports := from.(keystore.Exporter)
	importer, imports := to.(keystore.Importer)
	if !exports || !imports {
		t.Logf("%T keeps its keys: exports %v, imports %v", from, exports, imports)
		return
	}
	handle, key := create(t, from, algorithm)
	der, err := exporter.Export(t.Context(), handle)
	if err != nil {
		t.Fatalf("Export: %v", err)
	}
	moved, movedKey, err := importer.Import(t.Context(), algorithm, der)
	if err != nil {
		t.Fatalf("Import: %v", err)
	}
	if !bytes.Equal(key.Encode(), movedKey.Encode()) {
		t.Error("the public key changed on the way")
	}
	signature, err := to.Sign(t.Context(), moved, []byte("message"))
	if err == nil {
		err = Verify(key, []byte("message"), signature)
	}
	if err != nil {
		t.Errorf("the moved key: %v", err)
	}
	if _, _, err := importer.Import(t.Context(), unsupported, der); !errors.Is(err, keystore.ErrUnsupportedAlgorithm) {
		t.Errorf("Import for an unsupported algorithm: %v", err)
	}
	for _, other := range s.Algorithms {
		if other == algorithm {
			continue
		}
		if _, _, err := importer.Import(t.Context(), other, der); !errors.Is(err, keystore.ErrMalformedKey) {
			t.Errorf("Import of an %v key as %v: %v, want ErrMalformedKey", algorithm, other, err)
		}
	}
}

func refusesAlgorithm(t *testing.T, store keystore.KeyStore) {
	if _, _, err := store.Create(t.Context(), unsupported); !errors.Is(err, keystore.ErrUnsupportedAlgorithm) {
		t.Errorf("Create(%v): %v, want ErrUnsupportedAlgorithm", unsupported, err)
	}
}

func refusesHandles(t *testing.T, store keystore.KeyStore) {
	for _, handle := range []keystore.Handle{nil, {}, {1, 2, 3}, make(keystore.Handle, 4096)} {
		if _, err := store.Sign(t.Context(), handle, nil); !errors.Is(err, keystore.ErrUnknownHandle) {
			t.Errorf("Sign with a handle of %d bytes: %v, want ErrUnknownHandle", len(handle), err)
		}
		if err := store.Delete(t.Context(), handle); !errors.Is(err, keystore.ErrUnknownHandle) {
			t.Errorf("Delete of a handle of %d bytes: %v, want ErrUnknownHandle", len(handle), err)
		}
		if exporter, able := store.(keystore.Exporter); able {
			if _, err := exporter.Export(t.Context(), handle); !errors.Is(err, keystore.ErrUnknownHandle) {
				t.Errorf("Export of a handle of %d bytes: %v, want ErrUnknownHandle", len(handle), err)
			}
		}
	}
}

func refusesKeys(t *testing.T, store keystore.KeyStore, algorithm cose.Algorithm) {
	importer, able := store.(keystore.Importer)
	if !able {
		t.Logf("%T takes no keys", store)
		return
	}
	for _, der := range [][]byte{nil, {0x30}, []byte("not a key")} {
		if _, _, err := importer.Import(t.Context(), algorithm, der); !errors.Is(err, keystore.ErrMalformedKey) {
			t.Errorf("Import(%x): %v, want ErrMalformedKey", der, err)
		}
	}
}

func concurs(t *testing.T, store keystore.KeyStore, algorithm cose.Algorithm) {
	var workers sync.WaitGroup
	for range 8 {
		workers.Go(func() {
			if err := live(t.Context(), store, algorithm); err != nil {
				t.Error(err)
			}
		})
	}
	workers.Wait()
}

// live is the whole life of a key.
func live(ctx context.Context, store keystore.KeyStore, algorithm cose.Algorithm) error {
	handle, key, err := store.Create(ctx, algorithm)
	if err != nil {
		return err
	}
	signature, err := store.Sign(ctx, handle, []byte("message"))
	if err != nil {
		return err
	}
	if err := Verify(key, []byte("message"), signature); err != nil {
		return err
	}
	return store.Delete(ctx, handle)
}
