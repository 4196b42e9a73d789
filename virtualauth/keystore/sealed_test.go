package keystore_test

import (
	"bytes"
	"encoding/hex"
	"errors"
	"slices"
	"testing"

	"github.com/passkeylab/passkeylab/virtualauth/cose"
	"github.com/passkeylab/passkeylab/virtualauth/keystore"
	"github.com/passkeylab/passkeylab/virtualauth/keystore/keystoretest"
)

func TestSealedPassesTheSuite(t *testing.T) {
	secrets := map[keystore.KeyStore][32]byte{}
	open := func(secret [32]byte) keystore.KeyStore {
		store := keystore.NewSealed(seeded(1), secret)
		secrets[store] = secret
		return store
	}
	keystoretest.Run(t, keystoretest.Subject{
		New:        func(*testing.T) keystore.KeyStore { return open([32]byte{byte(len(secrets))}) },
		Reopen:     func(_ *testing.T, store keystore.KeyStore) keystore.KeyStore { return open(secrets[store]) },
		Broken:     func(*testing.T) keystore.KeyStore { return keystore.NewSealed(nil, [32]byte{}) },
		Algorithms: algorithms,
	})
}

// A store that is seeded for replay draws the same bytes each time it opens. Its nonces must differ all the same once it
// seals something else.
func TestSealedHandlesShareNoNonceWhenRandomnessRepeats(t *testing.T) {
	seal := func(algorithm cose.Algorithm) keystore.Handle {
		handle, _, err := keystore.NewSealed(seeded(1), [32]byte{9}).Create(t.Context(), algorithm)
		if err != nil {
			t.Fatal(err)
		}
		return handle
	}
	if a, b := seal(cose.ES256), seal(cose.EdDSA); bytes.Equal(a[:12], b[:12]) {
		t.Errorf("two keys are sealed with the nonce %x", a[:12])
	}
}

func TestSealedHandlesOfEqualKeysDiffer(t *testing.T) {
	store := keystore.NewSealed(seeded(1), [32]byte{9})
	first, _, err := store.Create(t.Context(), cose.ES256)
	if err != nil {
		t.Fatal(err)
	}
	der, err := store.Export(t.Context(), first)
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(first, der) {
		t.Error("the handle is not encrypted")
	}
	second, _, err := store.Import(t.Context(), cose.ES256, der)
	if err != nil {
		t.Fatal(err)
	}
	if slices.Equal(first, second) {
		t.Error("the same key has the same handle twice: deleting one would delete the other")
	}
}

func TestADeletedSealedHandleIsForgottenWithTheStore(t *testing.T) {
	store := keystore.NewSealed(seeded(1), [32]byte{9})
	handle, _, err := store.Create(t.Context(), cose.ES256)
	if err != nil {
		t.Fatal(err)
	}
	if err := store.Delete(t.Context(), handle); err != nil {
		t.Fatal(err)
	}
	if _, err := store.Sign(t.Context(), handle, nil); !errors.Is(err, keystore.ErrUnknownHandle) {
		t.Errorf("Sign with a deleted handle: %v", err)
	}
	later := keystore.NewSealed(seeded(2), [32]byte{9})
	if _, err := later.Sign(t.Context(), handle, nil); err != nil {
		t.Errorf("a later store refuses the handle, which nothing has told it: %v", err)
	}
}

// A handle must open with later versions too, so one is pinned.
func TestSealedHandlesStayReadable(t *testing.T) {
	store := keystore.NewSealed(nil, [32]byte{9})
	mac, err := store.HMAC(t.Context(), unhex(t, sealedSecret), []byte("message"))
	if err != nil {
		t.Fatal(err)
	}
	if want := unhex(t, sealedCode); !bytes.Equal(mac, want) {
		t.Errorf("got %x, want %x", mac, want)
	}
	if _, err := store.Sign(t.Context(), unhex(t, sealedKey), nil); err != nil {
		t.Error(err)
	}
}

const (
	sealedSecret = "fc1c7992db01b1ba8c5d33b6afd4d16847980b4ddfcf237cf7da22fed3cc54ba6b3ad6531701f02a01e484c31c2ac68f6396b190889219bf030be9cab74527df"
	sealedCode   = "56e8c7d17e41f74362872f68d49e0d1b13f3f3953d578f062faf28a3840654b7"
	sealedKey    = "90145dbb3cbcf1cee32cf22ed192146b68aeb8b18715de1e25244ecf34ddc931ef58a2a91738c1ee6cab91f2c6dc76e63bd8c737b98c0b5e3549b90edbdba076bdc5d09f5b26553ab2ed11284edd0b2fa3aa4884d6953f536cf844e06b8015128cc6d2c7763a3dc8df4201aaf3ed3c4652d0f5ff42433d6bacf0050226aa2005f6471c3756a79e32df25a96e0da2519efb0779688528f4edde5219e97f48629a66695e269f8f11d74e3c"
)

// FuzzHandle gives a sealed store handles that it never made.
func FuzzHandle(f *testing.F) {
	f.Add([]byte{})
	f.Add(make([]byte, 12))
	f.Add(make([]byte, 28))
	f.Add(bytes.Repeat([]byte{0xff}, 200))
	store := keystore.NewSealed(seeded(1), [32]byte{9})
	f.Fuzz(func(t *testing.T, handle []byte) {
		switch hex.EncodeToString(handle) {
		case sealedKey, sealedSecret:
			return // it did make these, and the corpus is so near to them that fuzzing finds them
		}
		if _, err := store.Sign(t.Context(), handle, nil); !errors.Is(err, keystore.ErrUnknownHandle) {
			t.Errorf("Sign: %v", err)
		}
		if _, err := store.HMAC(t.Context(), handle, nil); !errors.Is(err, keystore.ErrUnknownHandle) {
			t.Errorf("HMAC: %v", err)
		}
	})
}
