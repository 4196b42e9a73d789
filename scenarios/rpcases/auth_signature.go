package rpcases

import (
	"crypto"
	"crypto/sha512"

	"github.com/passkeylab/passkeylab/harness/conformance"
	"github.com/passkeylab/passkeylab/virtualauth"
	"github.com/passkeylab/passkeylab/virtualauth/cose"
)

// authenticationSignature is about the signature of an assertion (WebAuthn L3 §7.2 steps 20 and 21).
func authenticationSignature() []Case {
	return []Case{
		{
			ID: "auth/signature/does-not-verify", Aliases: []string{"S-ENA-021"}, Level: must, Clause: auth("21", "signature"),
			Says: "a signature that does not verify is refused",
			Run:  Authentication{Lie: Lie{Is: "a spoilt signature", Device: virtualauth.Misbehaviour{BadSignature: true}}}.Refused,
		},
		{
			ID: "auth/signature/another-hash", Aliases: []string{"S-SIG-017"}, Level: must, Clause: l3("5.8.5", "algorithm-hash"),
			Needs: []conformance.Capability{Offers(cose.ES256)},
			Says:  "a signature for ES256 over a hash of SHA-384 is refused",
			Run:   Authentication{Model: only(cose.ES256), Lie: Lie{Is: "a signature over SHA-384", Sign: signSHA384}}.Refused,
		},
	}
}

func signSHA384(message []byte, key crypto.Signer) ([]byte, error) {
	digest := sha512.Sum384(message)
	return key.Sign(nil, digest[:], crypto.SHA384) // without randomness: RFC 6979
}

// only makes an authenticator that has one algorithm.
func only(algorithm cose.Algorithm) Model {
	return func(m *virtualauth.Model) { m.Algorithms = []cose.Algorithm{algorithm} }
}
