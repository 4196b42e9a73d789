package tpmstore

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"errors"
	"fmt"
	"maps"
	"slices"
	"testing"

	"github.com/google/go-tpm/tpm2"

	"github.com/passkeylab/passkeylab/virtualauth/cose"
	"github.com/passkeylab/passkeylab/virtualauth/keystore"
	"github.com/passkeylab/passkeylab/virtualauth/keystore/keystoretest"
)

// algorithms are those that both the simulator and swtpm have.
var algorithms = []cose.Algorithm{cose.ES256, cose.ES384, cose.ES512, cose.RS256, cose.PS256}

func TestStoresPassTheSuite(t *testing.T) {
	overEachKept(t, func(t *testing.T, kind string) {
		keystoretest.Run(t, keystoretest.Subject{
			New: func(t *testing.T) keystore.KeyStore {
				return keptStore{dir: t.TempDir(), kind: kind}.open(t)
			},
			Reopen: func(t *testing.T, store keystore.KeyStore) keystore.KeyStore {
				before := store.(keptStore)
				if err := before.Store.Close(); err != nil {
					t.Fatal(err)
				}
				return keptStore{dir: before.dir, kind: kind}.open(t)
			},
			Broken: func(t *testing.T) keystore.KeyStore {
				store, p := opened(t, keptIn(kind, t.TempDir()), Config{})
				p.t = nil // it cannot look for leaks
				p.hook(false, func(tpm2.TPMCC) error { return errOnPurpose })
				return store
			},
			Algorithms: algorithms,
		})
	})
}

// keptStore is a store that can be opened again.
type keptStore struct {
	dir, kind string
	*Store
}

func (k keptStore) open(t *testing.T) keystore.KeyStore {
	k.Store, _ = opened(t, keptIn(k.kind, k.dir), Config{})
	return k
}

func TestATPMSaysWhatItSupports(t *testing.T) {
	overEach(t, func(t *testing.T, backend Backend) {
		store, _ := opened(t, backend, Config{})
		for _, algorithm := range append(slices.Collect(maps.Keys(recipes)), cose.EdDSA, cose.ES256K, cose.RS1) {
			want := slices.Contains(algorithms, algorithm)
			if got := store.Supports(algorithm); got != want {
				t.Errorf("Supports(%v) is %v", algorithm, got)
			}
		}
	})
}

func TestSecretsSignNothingAndKeysAreNoSecrets(t *testing.T) {
	overEach(t, func(t *testing.T, backend Backend) {
		store, _ := opened(t, backend, Config{})
		hidden, err := store.CreateSecret(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := store.Sign(t.Context(), hidden, nil); !errors.Is(err, keystore.ErrUnknownHandle) {
			t.Errorf("Sign with a secret: %v, want ErrUnknownHandle", err)
		}
		for _, algorithm := range algorithms {
			handle, _ := created(t, store, algorithm)
			if _, err := store.HMAC(t.Context(), handle, nil); !errors.Is(err, keystore.ErrUnknownHandle) {
				t.Errorf("HMAC with an %v key: %v, want ErrUnknownHandle", algorithm, err)
			}
		}
	})
}

// An HMAC in pieces is that of the whole, and of another secret another.
func TestHMACsOfAllLengths(t *testing.T) {
	overEach(t, func(t *testing.T, backend Backend) {
		store, _ := opened(t, backend, Config{})
		seen := map[string]string{}
		for _, name := range []string{"one", "two"} {
			hidden, err := store.CreateSecret(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			for _, length := range []int{0, 1, 32, 64, maxBuffer, maxBuffer + 1, 2 * maxBuffer, 2*maxBuffer + 1} {
				mac, err := store.HMAC(t.Context(), hidden, make([]byte, length))
				if err != nil || len(mac) != 32 {
					t.Fatalf("HMAC of %d bytes: %x, %v", length, mac, err)
				}
				here := fmt.Sprintf("%d bytes with secret %s", length, name)
				if before := seen[string(mac)]; before != "" {
					t.Errorf("%s and %s have the same HMAC", here, before)
				}
				seen[string(mac)] = here
			}
		}
	})
}

// A known secret, loaded from outside, shows that what is computed is HMAC-SHA-256.
func TestHMACIsHMACSHA256(t *testing.T) {
	store, _ := opened(t, Swtpm{}, Config{})
	secretBytes := bytes.Repeat([]byte{7}, 32)
	for _, length := range []int{32, maxBuffer, 3*maxBuffer + 5} {
		message := bytes.Repeat([]byte{9}, length)
		var got []byte
		within(t, store, func(m *machine) (err error) {
			if err = m.flush(&m.current); err != nil {
				return err
			}
			if m.current, err = known(m, secretBytes); err != nil {
				return err
			}
			got, err = m.hmac(message)
			return err
		})
		want := hmac.New(sha256.New, secretBytes)
		want.Write(message)
		if !hmac.Equal(got, want.Sum(nil)) {
			t.Errorf("%d bytes: got %x", length, got)
		}
	}
}

// known loads a secret that is known outside.
func known(m *machine, secretBytes []byte) (object, error) {
	public := recipes[secret].template
	public.ObjectAttributes = tpm2.TPMAObject{UserWithAuth: true, NoDA: true, SignEncrypt: true}
	seed := bytes.Repeat([]byte{1}, 32)
	digest := sha256.Sum256(append(bytes.Clone(seed), secretBytes...))
	public.Unique = tpm2.NewTPMUPublicID(tpm2.TPMAlgKeyedHash, &tpm2.TPM2BDigest{Buffer: digest[:]})
	response, err := tpm2.LoadExternal{
		InPrivate: tpm2.New2B(tpm2.TPMTSensitive{
			SensitiveType: tpm2.TPMAlgKeyedHash, SeedValue: tpm2.TPM2BDigest{Buffer: seed},
			Sensitive: tpm2.NewTPMUSensitiveComposite(tpm2.TPMAlgKeyedHash, &tpm2.TPM2BSensitiveData{Buffer: secretBytes}),
		}),
		InPublic:  tpm2.New2B(public),
		Hierarchy: tpm2.TPMRHNull,
	}.Execute(m)
	if err != nil {
		return object{}, err
	}
	return object{response.ObjectHandle, response.Name}, nil
}
