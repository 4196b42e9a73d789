package keystoretest

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	_ "crypto/sha256" // the hashes of hashOf
	_ "crypto/sha512"
	"errors"
	"fmt"

	"filippo.io/mldsa"
	"github.com/cloudflare/circl/sign"
	"github.com/cloudflare/circl/sign/ed448"
	"github.com/cloudflare/circl/sign/mldsa/mldsa44"
	"github.com/cloudflare/circl/sign/mldsa/mldsa65"
	"github.com/cloudflare/circl/sign/mldsa/mldsa87"
	"github.com/decred/dcrd/dcrec/secp256k1/v4"
	ecdsak1 "github.com/decred/dcrd/dcrec/secp256k1/v4/ecdsa"

	"github.com/passkeylab/passkeylab/virtualauth/cose"
)

// Verify checks a signature in the form of WebAuthn L3 §6.5.5: with the standard library; ML-DSA, of which it has none, with
// circl, which no store signs with; secp256k1 and Ed448 with the libraries that also sign.
func Verify(key cose.Key, message, signature []byte) error {
	if !verifies(key, message, signature) {
		return fmt.Errorf("keystoretest: the %v signature is wrong", key.Algorithm())
	}
	return nil
}

func verifies(key cose.Key, message, signature []byte) bool {
	switch public := key.Public().(type) {
	case *ecdsa.PublicKey:
		return ecdsa.VerifyASN1(public, digest(key, message), signature)
	case *secp256k1.PublicKey:
		parsed, err := ecdsak1.ParseDERSignature(signature)
		return err == nil && parsed.Verify(digest(key, message), public)
	case ed25519.PublicKey:
		return ed25519.Verify(public, message, signature)
	case ed448.PublicKey:
		return ed448.Verify(public, message, signature, "")
	case *rsa.PublicKey:
		return verifyRSA(key, public, digest(key, message), signature) == nil
	case *mldsa.PublicKey:
		return verifyLattice(key.Algorithm(), public.Bytes(), message, signature)
	}
	return false
}

// hashOf is written down once more here, so that a mistake in cose cannot hide.
func hashOf(algorithm cose.Algorithm) crypto.Hash {
	switch algorithm {
	case cose.ES256, cose.ES256K, cose.ESP256, cose.RS256, cose.PS256:
		return crypto.SHA256
	case cose.ES384, cose.ESP384, cose.RS384, cose.PS384:
		return crypto.SHA384
	}
	return crypto.SHA512 // ES512, ESP512, RS512, PS512
}

func digest(key cose.Key, message []byte) []byte {
	h := hashOf(key.Algorithm()).New()
	h.Write(message)
	return h.Sum(nil)
}

func verifyRSA(key cose.Key, public *rsa.PublicKey, digest, signature []byte) error {
	switch algorithm := key.Algorithm(); algorithm {
	case cose.RS256, cose.RS384, cose.RS512:
		return rsa.VerifyPKCS1v15(public, hashOf(algorithm), digest, signature)
	case cose.PS256, cose.PS384, cose.PS512:
		return rsa.VerifyPSS(public, hashOf(algorithm), digest, signature, &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash})
	}
	return errors.New("no RSA algorithm")
}

func verifyLattice(algorithm cose.Algorithm, public, message, signature []byte) bool {
	schemes := map[cose.Algorithm]sign.Scheme{
		cose.MLDSA44: mldsa44.Scheme(), cose.MLDSA65: mldsa65.Scheme(), cose.MLDSA87: mldsa87.Scheme(),
	}
	scheme, known := schemes[algorithm]
	if !known {
		return false
	}
	key, err := scheme.UnmarshalBinaryPublicKey(public)
	return err == nil && scheme.Verify(key, message, signature, nil)
}
