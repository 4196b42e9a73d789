package keystore_test

import (
	"testing"

	"github.com/go-webauthn/webauthn/protocol/webauthncose"

	"github.com/passkeylab/passkeylab/virtualauth/cose"
	"github.com/passkeylab/passkeylab/virtualauth/keystore"
)

// A relying party's library reads every key and verifies every signature that it can. The list of package cose is this.
func TestARelyingPartyVerifies(t *testing.T) {
	store := keystore.NewSoftware(seeded(1))
	for _, algorithm := range algorithms {
		switch algorithm {
		case cose.MLDSA44, cose.MLDSA65, cose.MLDSA87:
			continue // it depends on the version of Go; verified by circl in the suite
		}
		t.Run(algorithm.String(), func(t *testing.T) {
			handle, key, err := store.Create(t.Context(), algorithm)
			if err != nil {
				t.Fatal(err)
			}
			signature, err := store.Sign(t.Context(), handle, []byte("message"))
			if err != nil {
				t.Fatal(err)
			}
			parsed, err := webauthncose.ParsePublicKey(key.Encode())
			var valid bool
			if err == nil {
				valid, err = webauthncose.VerifySignature(parsed, []byte("message"), signature)
			}
			if verifiable := algorithm != cose.Ed448; valid != verifiable {
				t.Errorf("it says %v, %v", valid, err)
			}
		})
	}
}
