package attestation

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/hkdf"
	"crypto/rsa"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"math/big"
	"math/rand/v2"

	"github.com/passkeylab/passkeylab/virtualauth/cose"
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

// derivations says how a key of an authority follows from its seed and a label. The key generators of Go's crypto packages
// ignore the reader they are given, so that a run with certificates could otherwise not be repeated byte by byte.
// Never written after the program has started.
var derivations = map[cose.Algorithm]func(wide []byte) (crypto.Signer, error){
	cose.ES256: func(wide []byte) (crypto.Signer, error) { return scalarOf(elliptic.P256(), wide) },
	cose.ES384: func(wide []byte) (crypto.Signer, error) { return scalarOf(elliptic.P384(), wide) },
	cose.EdDSA: func(wide []byte) (crypto.Signer, error) {
		return ed25519.NewKeyFromSeed(wide[:ed25519.SeedSize]), nil
	},
	cose.RS256: rsaOf,
	cose.RS1:   rsaOf, // which old TPMs have, and which relying parties may refuse
}

// wideLength is 128 bits more than the largest scalar has, so that its remainder is as good as uniform (FIPS 186-5 A.2.1).
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

// scalarOf reduces wide bytes to a scalar from 1 to n-1.
func scalarOf(curve elliptic.Curve, wide []byte) (*ecdsa.PrivateKey, error) {
	nMinus1 := new(big.Int).Sub(curve.Params().N, big.NewInt(1))
	scalar := new(big.Int).SetBytes(wide)
	scalar.Mod(scalar, nMinus1).Add(scalar, big.NewInt(1))
	return ecdsa.ParseRawPrivateKey(curve, scalar.FillBytes(make([]byte, (curve.Params().BitSize+7)/8)))
}

const (
	rsaBits     = 2048
	rsaExponent = 65537
)

// rsaOf searches two primes in a stream that the wide bytes decide.
func rsaOf(wide []byte) (crypto.Signer, error) {
	stream := rand.NewChaCha8([32]byte(wide))
	p, err := prime(stream)
	if err != nil {
		return nil, err
	}
	q, err := prime(stream)
	if err != nil {
		return nil, err
	}
	one := big.NewInt(1)
	phi := new(big.Int).Mul(new(big.Int).Sub(p, one), new(big.Int).Sub(q, one))
	private := &rsa.PrivateKey{
		PublicKey: rsa.PublicKey{N: new(big.Int).Mul(p, q), E: rsaExponent},
		D:         new(big.Int).ModInverse(big.NewInt(rsaExponent), phi),
		Primes:    []*big.Int{p, q},
	}
	if private.D == nil {
		return nil, errors.New("the exponent has no inverse")
	}
	private.Precompute()
	return private, private.Validate()
}

// prime returns the first prime behind a random start whose two upper bits are set, so that the product of two has all its
// bits, and which the exponent allows.
func prime(stream io.Reader) (*big.Int, error) {
	start := make([]byte, rsaBits/16)
	if _, err := io.ReadFull(stream, start); err != nil {
		return nil, err
	}
	start[0] |= 0xc0
	start[len(start)-1] |= 1
	candidate, two, exponent := new(big.Int).SetBytes(start), big.NewInt(2), big.NewInt(rsaExponent)
	for ; ; candidate.Add(candidate, two) {
		below := new(big.Int).Sub(candidate, big.NewInt(1))
		if below.Mod(below, exponent).Sign() != 0 && candidate.ProbablyPrime(20) {
			return candidate, nil
		}
	}
}
