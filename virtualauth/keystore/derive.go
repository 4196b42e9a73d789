package keystore

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/hkdf"
	"crypto/rsa"
	"crypto/sha256"
	"io"
	"math/big"
	"math/rand/v2"

	"github.com/passkeylab/passkeylab/virtualauth/cose"
)

// derivations says how a private key follows from a seed. They exist because the key generators of Go's crypto packages
// ignore the reader they are given, and a recorded run could not be replayed with keys that differ each time.
// Never written after the program has started.
var derivations = map[cose.Algorithm]func(seed []byte) (crypto.Signer, error){
	cose.ES256: deriveES256,
	cose.EdDSA: deriveEdDSA,
	cose.RS256: deriveRS256,
}

// deriveES256 expands the seed to 48 bytes and reduces them to a scalar from 1 to n-1; with 128 bits to spare the result
// is as good as uniform (FIPS 186-5 A.2.1).
func deriveES256(seed []byte) (crypto.Signer, error) {
	wide, err := hkdf.Key(sha256.New, seed, nil, "passkeylab keystore ES256", 48)
	if err != nil {
		return nil, err
	}
	curve := elliptic.P256()
	nMinus1 := new(big.Int).Sub(curve.Params().N, big.NewInt(1))
	scalar := new(big.Int).SetBytes(wide)
	scalar.Mod(scalar, nMinus1).Add(scalar, big.NewInt(1))
	return ecdsa.ParseRawPrivateKey(curve, scalar.FillBytes(make([]byte, 32)))
}

func deriveEdDSA(seed []byte) (crypto.Signer, error) {
	key, err := hkdf.Key(sha256.New, seed, nil, "passkeylab keystore EdDSA", ed25519.SeedSize)
	if err != nil {
		return nil, err
	}
	return ed25519.NewKeyFromSeed(key), nil
}

const (
	rsaBits     = 2048
	rsaExponent = 65537
)

// deriveRS256 searches two primes in a stream that the seed decides.
func deriveRS256(seed []byte) (crypto.Signer, error) {
	key, err := hkdf.Key(sha256.New, seed, nil, "passkeylab keystore RS256", 32)
	if err != nil {
		return nil, err
	}
	stream := rand.NewChaCha8([32]byte(key))
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
