package keystore_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"testing"

	"github.com/passkeylab/passkeylab/virtualauth/keystore"
)

func BenchmarkCreate(b *testing.B) {
	for _, algorithm := range algorithms {
		b.Run(algorithm.String(), func(b *testing.B) {
			b.ReportAllocs()
			store := keystore.NewSoftware(seeded(1))
			for b.Loop() {
				if _, _, err := store.Create(b.Context(), algorithm); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkSign(b *testing.B) {
	for name, open := range stores {
		for _, algorithm := range algorithms {
			b.Run(name+"/"+algorithm.String(), func(b *testing.B) {
				b.ReportAllocs()
				store := open(seeded(1))
				handle, _, err := store.Create(b.Context(), algorithm)
				if err != nil {
					b.Fatal(err)
				}
				for b.Loop() {
					if _, err := store.Sign(b.Context(), handle, []byte("message")); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}

// BenchmarkNonce is what a signature of P-256 costs with its nonce from randomness and from the message.
func BenchmarkNonce(b *testing.B) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		b.Fatal(err)
	}
	digest := sha256.Sum256([]byte("message"))
	b.Run("random", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := key.Sign(rand.Reader, digest[:], crypto.SHA256); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("deterministic", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := key.Sign(nil, digest[:], crypto.SHA256); err != nil {
				b.Fatal(err)
			}
		}
	})
}
