package keystore_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/sha256"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"testing"

	"github.com/passkeylab/passkeylab/virtualauth/cose"
	"github.com/passkeylab/passkeylab/virtualauth/keystore"
	"github.com/passkeylab/passkeylab/virtualauth/keystore/keystoretest"
)

var algorithms = []cose.Algorithm{cose.ES256, cose.EdDSA, cose.RS256}

func seeded(seed byte) io.Reader { return rand.NewChaCha8([32]byte{seed}) }

func TestSoftwarePassesTheSuite(t *testing.T) {
	keystoretest.Run(t, keystoretest.Subject{
		New:        func(*testing.T) keystore.KeyStore { return keystore.NewSoftware(seeded(1)) },
		Algorithms: algorithms,
	})
}

func TestSoftwareRepeatsItselfWithTheSameRandomness(t *testing.T) {
	for _, algorithm := range algorithms {
		t.Run(algorithm.String(), func(t *testing.T) {
			run := func(seed byte) (public, signature []byte) {
				store := keystore.NewSoftware(seeded(seed))
				handle, key, err := store.Create(t.Context(), algorithm)
				if err != nil {
					t.Fatal(err)
				}
				if signature, err = store.Sign(t.Context(), handle, []byte("message")); err != nil {
					t.Fatal(err)
				}
				return key.Encode(), signature
			}
			public1, signature1 := run(1)
			public2, signature2 := run(1)
			public3, _ := run(2)
			if !bytes.Equal(public1, public2) || !bytes.Equal(signature1, signature2) {
				t.Error("the same seed gave another key or signature")
			}
			if bytes.Equal(public1, public3) {
				t.Error("another seed gave the same key")
			}
		})
	}
}

// A recorded run must replay with later versions too, so the derivations are pinned: SHA-256 of the COSE_Key for one seed.
func TestDerivationsStayAsTheyAre(t *testing.T) {
	for algorithm, want := range map[cose.Algorithm]string{
		cose.ES256: "c675cd334006c0f1bfbdc40caa7dc9710d7099abf03f48b6a280be2094a3a58d",
		cose.EdDSA: "95150bd0ea1e18650f59a671d1704376a619d0406befa788589ecf418619198b",
		cose.RS256: "5f75b1a19391e1b981ef20874b21a00c214774f43ee1c17b368d035676548e1d",
	} {
		_, key, err := keystore.NewSoftware(bytes.NewReader(bytes.Repeat([]byte{7}, 48))).Create(t.Context(), algorithm)
		if err != nil {
			t.Fatal(err)
		}
		if got := fmt.Sprintf("%x", sha256.Sum256(key.Encode())); got != want {
			t.Errorf("%v: the key's hash is %s, want %s", algorithm, got, want)
		}
	}
}

func TestSoftwareRefusesKeysOfOtherCurves(t *testing.T) {
	private, err := ecdsa.GenerateKey(elliptic.P384(), seeded(1))
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	store := keystore.NewSoftware(seeded(1))
	if _, _, err := store.Import(t.Context(), cose.ES256, der); !errors.Is(err, keystore.ErrMalformedKey) {
		t.Errorf("Import of a P-384 key for ES256: %v, want ErrMalformedKey", err)
	}
}

func TestSoftwareSaysThatRandomnessIsMissing(t *testing.T) {
	if _, _, err := keystore.NewSoftware(nil).Create(t.Context(), cose.ES256); !errors.Is(err, keystore.ErrNoRandomness) {
		t.Errorf("Create without randomness: %v, want ErrNoRandomness", err)
	}
	short := keystore.NewSoftware(bytes.NewReader(make([]byte, 10)))
	if _, _, err := short.Create(t.Context(), cose.ES256); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("Create with 10 bytes of randomness: %v, want io.ErrUnexpectedEOF", err)
	}
}
