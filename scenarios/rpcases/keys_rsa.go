package rpcases

import (
	"context"
	"crypto"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/x509"
	_ "embed" // the keys
	"encoding/pem"
	"fmt"
	"math/big"
	"slices"

	"github.com/passkeylab/passkeylab/virtualauth"
	"github.com/passkeylab/passkeylab/virtualauth/cose"
	"github.com/passkeylab/passkeylab/virtualauth/keystore"
)

// The RSA keys of all authenticators of this suite. Making one takes longer than a case may take, and nothing hangs on their
// being different. The public exponents are 65537 and 3.
var (
	//go:embed keys/rsa.pem
	rsaPEM []byte
	//go:embed keys/rsa3.pem
	rsa3PEM []byte
)

// rsaAlgorithms are those that share keys.
var rsaAlgorithms = []cose.Algorithm{cose.RS256, cose.RS384, cose.RS512, cose.PS256, cose.PS384, cose.PS512}

// rsaKeys gives every RSA algorithm the one key.
func rsaKeys(encoded []byte) map[cose.Algorithm][]byte {
	block, _ := pem.Decode(encoded)
	if block == nil {
		panic("rpcases: the embedded RSA key is no PEM")
	}
	given := map[cose.Algorithm][]byte{}
	for _, algorithm := range rsaAlgorithms {
		given[algorithm] = block.Bytes
	}
	return given
}

// exponent3 makes an authenticator whose RSA keys have the public exponent 3.
func exponent3(w *virtualauth.World) {
	if k, ours := w.Keys.(*keys); ours {
		k.given = rsaKeys(rsa3PEM)
	}
}

// signAs signs with the credential's key by another algorithm of the same kind of key.
func signAs(algorithm cose.Algorithm) Sign {
	return func(message []byte, key crypto.Signer) ([]byte, error) {
		encoded, err := x509.MarshalPKCS8PrivateKey(key)
		if err != nil {
			return nil, fmt.Errorf("rpcases: sign as %v: %w", algorithm, err)
		}
		store := keystore.NewSoftware(zeros{})
		handle, _, err := store.Import(context.Background(), algorithm, encoded)
		if err != nil {
			return nil, fmt.Errorf("rpcases: sign as %v: %w", algorithm, err)
		}
		return store.Sign(context.Background(), handle, message)
	}
}

// zeros is where names of keys come from that nobody looks up again.
type zeros struct{}

// Read implements io.Reader.
func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

// signWithRSA signs for RS256 with the RSA key of this suite, whatever the credential's key is.
func signWithRSA(message []byte, _ crypto.Signer) ([]byte, error) {
	parsed, err := x509.ParsePKCS8PrivateKey(rsaKeys(rsaPEM)[cose.RS256])
	if err != nil {
		return nil, fmt.Errorf("rpcases: the RSA key: %w", err)
	}
	key, _ := parsed.(crypto.Signer)
	return signAs(cose.RS256)(message, key)
}

// signSHA1 signs by RSASSA-PKCS1-v1_5 with SHA-1 in the place of SHA-256.
func signSHA1(message []byte, key crypto.Signer) ([]byte, error) {
	digest := sha1.Sum(message)
	return key.Sign(nil, digest[:], crypto.SHA1)
}

// digestInfoSHA256 stands in front of a SHA-256 hash in a signature (RFC 8017 §9.2, note 1).
var digestInfoSHA256 = []byte{0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00, 0x04, 0x20}

// forgeCube makes a signature for a key with the exponent 3 without using its private half: the cube of the number begins like
// a padded hash, with eight bytes of padding, and ends in whatever comes out. Who does not look at what is behind the hash takes
// it for a signature.
func forgeCube(message []byte, key crypto.Signer) ([]byte, error) {
	public, is := key.Public().(*rsa.PublicKey)
	if !is || public.E != 3 {
		return nil, fmt.Errorf("rpcases: forge: no RSA key with the exponent 3: %T", key.Public())
	}
	hash := sha256.Sum256(message)
	begins := slices.Concat([]byte{0, 1}, slices.Repeat([]byte{0xff}, 8), []byte{0}, digestInfoSHA256, hash[:])
	length := public.Size()
	behind := uint(8 * (length - len(begins)))
	least := new(big.Int).Lsh(new(big.Int).SetBytes(begins), behind)
	root := cubeRoot(least)
	cube := new(big.Int).Exp(root, big.NewInt(3), nil)
	if got := cube.FillBytes(make([]byte, length)); !slices.Equal(got[:len(begins)], begins) {
		return nil, fmt.Errorf("rpcases: forge: no cube begins like a padded hash in %d bytes", length)
	}
	return root.FillBytes(make([]byte, length)), nil
}

// cubeRoot is the least number whose cube is at least n.
func cubeRoot(n *big.Int) *big.Int {
	low, high := new(big.Int), new(big.Int).Lsh(big.NewInt(1), uint(n.BitLen()/3+1))
	one, three := big.NewInt(1), big.NewInt(3)
	for low.Cmp(high) < 0 {
		middle := new(big.Int).Rsh(new(big.Int).Add(low, high), 1)
		if new(big.Int).Exp(middle, three, nil).Cmp(n) < 0 {
			low = middle.Add(middle, one)
		} else {
			high = middle
		}
	}
	return low
}
