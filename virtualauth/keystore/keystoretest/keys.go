package keystoretest

import (
	"bytes"
	"errors"
	"slices"
	"testing"

	"github.com/passkeylab/passkeylab/virtualauth/cose"
	"github.com/passkeylab/passkeylab/virtualauth/keystore"
)

// keys are two keys of one algorithm in one store; the tests of an algorithm share them because some take long to make.
type keys struct {
	store     keystore.KeyStore
	algorithm cose.Algorithm
	handles   [2]keystore.Handle
	public    [2]cose.Key
}

func newKeys(t *testing.T, store keystore.KeyStore, algorithm cose.Algorithm) *keys {
	t.Helper()
	k := &keys{store: store, algorithm: algorithm}
	for i := range k.handles {
		k.handles[i], k.public[i] = create(t, store, algorithm)
	}
	return k
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

// signsFor fails unless the store signs with a handle what a public key verifies.
func signsFor(t *testing.T, store keystore.KeyStore, handle keystore.Handle, key cose.Key) {
	t.Helper()
	checks(t, store, handle)
	signature, err := store.Sign(t.Context(), handle, []byte("message"))
	if err != nil {
		t.Fatalf("Sign: %v", err)
	}
	if err := Verify(key, []byte("message"), signature); err != nil {
		t.Fatal(err)
	}
}

func (k *keys) sign(t *testing.T) {
	for _, message := range [][]byte{nil, []byte("a"), bytes.Repeat([]byte{0xa5}, 5000)} {
		kept := bytes.Clone(message)
		signature, err := k.store.Sign(t.Context(), k.handles[0], message)
		if err != nil {
			t.Fatalf("Sign(%d bytes): %v", len(message), err)
		}
		if !bytes.Equal(message, kept) {
			t.Error("Sign changed the message")
		}
		if err := Verify(k.public[0], message, signature); err != nil {
			t.Errorf("over %d bytes: %v", len(message), err)
		}
		if Verify(k.public[0], append(message, 1), signature) == nil {
			t.Errorf("the signature over %d bytes also fits another message", len(message))
		}
	}
}

func (k *keys) differ(t *testing.T) {
	if bytes.Equal(k.handles[0], k.handles[1]) {
		t.Errorf("two keys have the handle %x", k.handles[0])
	}
	if bytes.Equal(k.public[0].Encode(), k.public[1].Encode()) {
		t.Error("two keys are the same")
	}
	signature, err := k.store.Sign(t.Context(), k.handles[0], []byte("message"))
	if err != nil {
		t.Fatal(err)
	}
	if Verify(k.public[1], []byte("message"), signature) == nil {
		t.Error("the second key verifies what the first has signed")
	}
}

func (k *keys) ownHandles(t *testing.T) {
	kept := slices.Clone(k.handles[0])
	for i := range k.handles[0] {
		k.handles[0][i] ^= 0xff
	}
	k.handles[0] = kept
	signsFor(t, k.store, kept, k.public[0])
}

func (k *keys) delete(t *testing.T) {
	if err := k.store.Delete(t.Context(), k.handles[0]); err != nil {
		t.Fatalf("Delete: %v", err)
	}
	refuses(t, k.store, k.handles[0], "a deleted key")
	signsFor(t, k.store, k.handles[1], k.public[1])
}

// move exports a key and imports it into another store, under every algorithm.
func (k *keys) move(t *testing.T, s Subject) {
	exporter, able := k.store.(keystore.Exporter)
	if !able {
		t.Skipf("%T does not let keys leave", k.store)
	}
	der, err := exporter.Export(t.Context(), k.handles[0])
	if err != nil {
		t.Fatalf("Export: %v", err)
	}
	store := s.New(t)
	importer, able := store.(keystore.Importer)
	if !able {
		t.Skipf("%T takes no keys", store)
	}
	for _, algorithm := range s.Algorithms {
		handle, key, err := importer.Import(t.Context(), algorithm, der)
		want, pairing := cose.New(algorithm, k.public[0].Public())
		if pairing != nil {
			if !errors.Is(err, keystore.ErrMalformedKey) {
				t.Errorf("Import of an %v key as %v: %v, want ErrMalformedKey", k.algorithm, algorithm, err)
			}
			continue
		}
		if err != nil {
			t.Fatalf("Import of an %v key as %v: %v", k.algorithm, algorithm, err)
		}
		if !bytes.Equal(key.Encode(), want.Encode()) {
			t.Errorf("the public key changed on the way to %v", algorithm)
		}
		signsFor(t, store, handle, key)
	}
	for _, algorithm := range impossible {
		if _, _, err := importer.Import(t.Context(), algorithm, der); !errors.Is(err, keystore.ErrUnsupportedAlgorithm) {
			t.Errorf("Import for %v: %v, want ErrUnsupportedAlgorithm", algorithm, err)
		}
	}
}

func supports(t *testing.T, store keystore.KeyStore, supported []cose.Algorithm) {
	for _, algorithm := range slices.Concat(algorithms[:], impossible[:]) {
		want := slices.Contains(supported, algorithm)
		if store.Supports(algorithm) != want {
			t.Errorf("Supports(%v) is %v", algorithm, !want)
		}
		if want {
			continue // that Create works is seen by the tests of the algorithm
		}
		if handle, _, err := store.Create(t.Context(), algorithm); !errors.Is(err, keystore.ErrUnsupportedAlgorithm) || handle != nil {
			t.Errorf("Create(%v): %x, %v, want ErrUnsupportedAlgorithm", algorithm, handle, err)
		}
	}
}

func refusesKeys(t *testing.T, store keystore.KeyStore, supported []cose.Algorithm) {
	importer, able := store.(keystore.Importer)
	if !able {
		t.Skipf("%T takes no keys", store)
	}
	for _, algorithm := range supported {
		for _, der := range [][]byte{nil, {0x30}, {0x30, 0}, []byte("not a key")} {
			if _, _, err := importer.Import(t.Context(), algorithm, der); !errors.Is(err, keystore.ErrMalformedKey) {
				t.Errorf("Import(%v, %x): %v, want ErrMalformedKey", algorithm, der, err)
			}
		}
	}
}

func certifies(t *testing.T, store keystore.KeyStore, supported []cose.Algorithm) {
	certifier, able := store.(keystore.Certifier)
	if !able {
		t.Skipf("%T certifies nothing", store)
	}
	attestationKey, err := certifier.AttestationKey(t.Context())
	if err != nil {
		t.Fatalf("AttestationKey: %v", err)
	}
	extraData := bytes.Repeat([]byte{0xe7}, 32)
	for _, algorithm := range supported {
		handle, _ := create(t, store, algorithm)
		certification, err := certifier.Certify(t.Context(), handle, extraData)
		if err != nil {
			t.Fatalf("Certify: %v", err)
		}
		if err := Verify(attestationKey, certification.Attest, certification.Signature); err != nil {
			t.Errorf("certification of an %v key: %v", algorithm, err)
		}
		if !bytes.Contains(certification.Attest, extraData) || len(certification.Public) == 0 {
			t.Errorf("certification of an %v key: %x with %x", algorithm, certification.Attest, certification.Public)
		}
	}
	if _, err := certifier.Certify(t.Context(), keystore.Handle{1, 2, 3}, extraData); !errors.Is(err, keystore.ErrUnknownHandle) {
		t.Errorf("Certify of nothing: %v, want ErrUnknownHandle", err)
	}
}
