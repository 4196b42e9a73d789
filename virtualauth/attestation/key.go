package attestation

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/hkdf"
	"crypto/sha256"
	"fmt"
	"math/rand/v2"

	"github.com/passkeylab/passkeylab/virtualauth/cose"
	"github.com/passkeylab/passkeylab/virtualauth/internal/derive"
)

// attestationKey is a private key of an authority: that of a certificate authority, or one that signs statements.
type attestationKey struct {
	algorithm cose.Algorithm
	crypto.Signer
}

// sign signs message, hashing it first where the algorithm says so. It is deterministic: crypto/ecdsa follows RFC 6979
// when it is given no randomness, and the other two need none.
func (k attestationKey) sign(message []byte) ([]byte, error) {
	signature, err := crypto.SignMessage(k.Signer, nil, message, k.algorithm.Hash())
	if err != nil {
		return nil, fmt.Errorf("sign with an attestation key for %v: %w", k.algorithm, err)
	}
	return signature, nil
}

// derivations says how a key of an authority follows from its seed and a label, so that a run with certificates can be repeated
// byte by byte. Never written after the program has started.
var derivations = map[cose.Algorithm]func(wide []byte) (crypto.Signer, error){
	cose.ES256: func(wide []byte) (crypto.Signer, error) { return scalarOf(elliptic.P256(), wide) },
	cose.ES384: func(wide []byte) (crypto.Signer, error) { return scalarOf(elliptic.P384(), wide) },
	cose.EdDSA: func(wide []byte) (crypto.Signer, error) {
		return ed25519.NewKeyFromSeed(wide[:ed25519.SeedSize]), nil
	},
	cose.RS256: rsaOf,
	cose.RS1:   rsaOf, // which old TPMs have, and which relying parties may refuse
}

// wideLength is 128 bits more than the largest scalar has.
const wideLength = 64

func deriveKey(seed []byte, label string, algorithm cose.Algorithm) (attestationKey, error) {
	derive, known := derivations[algorithm]
	if !known {
		return attestationKey{}, fmt.Errorf("%w: no attestation keys for %v", ErrUnsuitableKey, algorithm)
	}
	wide, err := hkdf.Key(sha256.New, seed, nil, fmt.Sprintf("passkeylab attestation %s %d", label, algorithm), wideLength)
	if err != nil {
		return attestationKey{}, err
	}
	private, err := derive(wide)
	return attestationKey{algorithm, private}, err
}

func scalarOf(curve elliptic.Curve, wide []byte) (*ecdsa.PrivateKey, error) {
	return ecdsa.ParseRawPrivateKey(curve, derive.Scalar(wide, curve.Params().N))
}

// rsaOf finds a key in a stream that the wide bytes decide.
func rsaOf(wide []byte) (crypto.Signer, error) { return derive.RSA(rand.NewChaCha8([32]byte(wide))) }
