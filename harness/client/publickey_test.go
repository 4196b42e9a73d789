package client_test

import (
	"encoding/json"
	"testing"

	"github.com/passkeylab/passkeylab/harness/client"
	"github.com/passkeylab/passkeylab/virtualauth"
	"github.com/passkeylab/passkeylab/virtualauth/cose"
)

// A page reads the public key beside the attestation object, also of algorithms that crypto/x509 has no form for.
func TestThePublicKeyIsToldWhateverTheAlgorithm(t *testing.T) {
	for _, algorithm := range []cose.Algorithm{cose.ES256, cose.EdDSA, cose.ES256K, cose.Ed448, cose.MLDSA44} {
		t.Run(algorithm.String(), func(t *testing.T) {
			c := client.Client{Origin: origin, Device: authenticator(virtualauth.Model{Algorithms: []cose.Algorithm{algorithm}})}
			asked := creation().with("pubKeyCredParams", []options{{"type": "public-key", "alg": algorithm}})
			response, err := c.Create(t.Context(), asked.json())
			if err != nil {
				t.Fatal(err)
			}
			var made credential
			if err := json.Unmarshal(response, &made); err != nil {
				t.Fatal(err)
			}
			if made.Response.PublicKeyAlgorithm != int(algorithm) || len(raw(t, made.Response.PublicKey)) < 40 {
				t.Errorf("algorithm %d with the public key %q", made.Response.PublicKeyAlgorithm, made.Response.PublicKey)
			}
		})
	}
}
