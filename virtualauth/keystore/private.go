package keystore

import (
	"bytes"
	"crypto"
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/sha512"
	"fmt"
	"io"

	"filippo.io/mldsa"
	"github.com/cloudflare/circl/sign/ed448"
	"github.com/decred/dcrd/dcrec/secp256k1/v4"
	ecdsak1 "github.com/decred/dcrd/dcrec/secp256k1/v4/ecdsa"

	"github.com/passkeylab/passkeylab/virtualauth/cose"
)

// privateKey is an algorithm with a private key that it can be used with: *ecdsa.PrivateKey, koblitzKey,
// ed25519.PrivateKey, ed448.PrivateKey, *rsa.PrivateKey or *mldsa.PrivateKey.
type privateKey struct {
	algorithm cose.Algorithm
	signer    crypto.Signer
}

func (k privateKey) public() (cose.Key, error) { return cose.New(k.algorithm, k.signer.Public()) }

// sign makes the signature of WebAuthn L3 §6.5.5 and needs no randomness for any of them: ECDSA takes its nonce from the key
// and the message (RFC 6979), ML-DSA is the deterministic variant (FIPS 204 §3.4), PSS has its salt from them as well, and
// the others have always been so.
func (k privateKey) sign(message []byte) ([]byte, error) {
	switch key := k.signer.(type) {
	case ed25519.PrivateKey:
		return ed25519.Sign(key, message), nil
	case ed448.PrivateKey:
		return ed448.Sign(key, message, ""), nil
	case *mldsa.PrivateKey:
		return key.SignDeterministic(message, nil)
	case *rsa.PrivateKey:
		if k.algorithm == cose.PS256 || k.algorithm == cose.PS384 || k.algorithm == cose.PS512 {
			return k.signPSS(key, message)
		}
	}
	hash := k.algorithm.Hash()
	return k.signer.Sign(nil, digest(hash, message), hash) // crypto/ecdsa is deterministic when it is given no randomness
}

func digest(hash crypto.Hash, message []byte) []byte {
	switch hash {
	case crypto.SHA256:
		sum := sha256.Sum256(message)
		return sum[:]
	case crypto.SHA384:
		sum := sha512.Sum384(message)
		return sum[:]
	}
	sum := sha512.Sum512(message)
	return sum[:]
}

// signPSS salts with a code of the message under a key that only the holder of the private key can compute. To anybody else
// such a salt looks random, and it repeats only with the message; PSS stays unforgeable even when the salt is known in
// advance or empty (RFC 8017 §8.1), so no caller loses anything by it.
func (k privateKey) signPSS(key *rsa.PrivateKey, message []byte) ([]byte, error) {
	hash := k.algorithm.Hash()
	sum := digest(hash, message)
	salt := hmac.New(hash.New, key.D.Bytes())
	salt.Write([]byte("passkeylab keystore PSS salt"))
	salt.Write(sum)
	return rsa.SignPSS(bytes.NewReader(salt.Sum(nil)), key, hash, sum, &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash})
}

// koblitzKey makes a secp256k1 key a crypto.Signer.
type koblitzKey struct{ *secp256k1.PrivateKey }

// Public returns a *secp256k1.PublicKey.
func (k koblitzKey) Public() crypto.PublicKey { return k.PubKey() }

// Sign returns the ASN.1 DER signature of RFC 6979, with the lower of the two possible s.
func (k koblitzKey) Sign(_ io.Reader, digest []byte, _ crypto.SignerOpts) ([]byte, error) {
	if len(digest) != sha256.Size {
		return nil, fmt.Errorf("secp256k1 signs 32 bytes, not %d", len(digest))
	}
	return ecdsak1.Sign(k.PrivateKey, digest).Serialize(), nil
}
