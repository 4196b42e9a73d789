package keystore

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/hkdf"
	"crypto/sha256"
	"math/big"
	"math/rand/v2"

	"filippo.io/mldsa"
	"github.com/cloudflare/circl/sign/ed448"
	"github.com/decred/dcrd/dcrec/secp256k1/v4"

	"github.com/passkeylab/passkeylab/virtualauth/cose"
	"github.com/passkeylab/passkeylab/virtualauth/internal/derive"
)

// derivation makes a private key of a seed, the same one each time.
type derivation func(algorithm cose.Algorithm, seed []byte) (crypto.Signer, error)

// derivations are those of all algorithms that Software makes keys for. Never written after the program has started.
var derivations = map[cose.Algorithm]derivation{
	cose.ES256: nist(elliptic.P256()), cose.ESP256: nist(elliptic.P256()),
	cose.ES384: nist(elliptic.P384()), cose.ESP384: nist(elliptic.P384()),
	cose.ES512: nist(elliptic.P521()), cose.ESP512: nist(elliptic.P521()),
	cose.ES256K: deriveKoblitz,
	cose.EdDSA:  deriveEd25519, cose.Ed25519: deriveEd25519,
	cose.Ed448: deriveEd448,
	cose.RS256: deriveRSA, cose.RS384: deriveRSA, cose.RS512: deriveRSA,
	cose.PS256: deriveRSA, cose.PS384: deriveRSA, cose.PS512: deriveRSA,
	cose.MLDSA44: lattice(mldsa.MLDSA44()), cose.MLDSA65: lattice(mldsa.MLDSA65()), cose.MLDSA87: lattice(mldsa.MLDSA87()),
}

// expand makes length bytes of a seed, others for each algorithm.
func expand(algorithm cose.Algorithm, seed []byte, length int) ([]byte, error) {
	return hkdf.Key(sha256.New, seed, nil, "passkeylab keystore "+algorithm.String(), length)
}

// scalar expands a seed to a private number for the order n, at the length of n.
func scalar(algorithm cose.Algorithm, seed []byte, n *big.Int) ([]byte, error) {
	wide, err := expand(algorithm, seed, (n.BitLen()+7)/8+16)
	if err != nil {
		return nil, err
	}
	return derive.Scalar(wide, n), nil
}

func nist(curve elliptic.Curve) derivation {
	return func(algorithm cose.Algorithm, seed []byte) (crypto.Signer, error) {
		d, err := scalar(algorithm, seed, curve.Params().N)
		if err != nil {
			return nil, err
		}
		return ecdsa.ParseRawPrivateKey(curve, d)
	}
}

func deriveKoblitz(algorithm cose.Algorithm, seed []byte) (crypto.Signer, error) {
	d, err := scalar(algorithm, seed, secp256k1.Params().N)
	if err != nil {
		return nil, err
	}
	return koblitzKey{secp256k1.PrivKeyFromBytes(d)}, nil
}

func deriveEd25519(algorithm cose.Algorithm, seed []byte) (crypto.Signer, error) {
	key, err := expand(algorithm, seed, ed25519.SeedSize)
	if err != nil {
		return nil, err
	}
	return ed25519.NewKeyFromSeed(key), nil
}

func deriveEd448(algorithm cose.Algorithm, seed []byte) (crypto.Signer, error) {
	key, err := expand(algorithm, seed, ed448.SeedSize)
	if err != nil {
		return nil, err
	}
	return ed448.NewKeyFromSeed(key), nil
}

// lattice derives the seed of FIPS 204 §5.1, from which ML-DSA makes the key itself.
func lattice(parameters mldsa.Parameters) derivation {
	return func(algorithm cose.Algorithm, seed []byte) (crypto.Signer, error) {
		key, err := expand(algorithm, seed, mldsa.PrivateKeySize)
		if err != nil {
			return nil, err
		}
		return mldsa.NewPrivateKey(parameters, key)
	}
}

func deriveRSA(algorithm cose.Algorithm, seed []byte) (crypto.Signer, error) {
	key, err := expand(algorithm, seed, 32)
	if err != nil {
		return nil, err
	}
	return derive.RSA(rand.NewChaCha8([32]byte(key)))
}
