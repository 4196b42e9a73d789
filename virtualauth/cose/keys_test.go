package cose_test

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"math/big"
	"strings"
	"testing"

	"filippo.io/mldsa"
	"github.com/cloudflare/circl/sign/ed448"
	"github.com/decred/dcrd/dcrec/secp256k1/v4"

	"github.com/passkeylab/passkeylab/virtualauth/cose"
)

// The generator of P-256 (SP 800-186 §3.2.1.3), the smallest public key there is.
const (
	generatorX = "6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296"
	generatorY = "4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5"
)

// Those of P-384 and P-521 (SP 800-186 §3.2.1.4 and §3.2.1.5) and of secp256k1 (SEC 2 §2.4.1).
const (
	generator384X  = "aa87ca22be8b05378eb1c71ef320ad746e1d3b628ba79b9859f741e082542a385502f25dbf55296c3a545e3872760ab7"
	generator384Y  = "3617de4a96262c6f5d9e98bf9292dc29f8f41dbd289a147ce9da3113b5f0b8c00a60b1ce1d7e819d7a431d7c90ea0e5f"
	generator521X  = "00c6858e06b70404e9cd9e3ecb662395b4429c648139053fb521f828af606b4d3dbaa14b5e77efe75928fe1dc127a2ffa8de3348b3c1856a429bf97e7e31c2e5bd66"
	generator521Y  = "011839296a789a3bc0045c8a5fb42c7d1bd998f54449579b446817afbd17273e662c97ee72995ef42640c550b9013fad0761353c7086a272c24088be94769fd16650"
	prime256K      = "fffffffffffffffffffffffffffffffffffffffffffffffffffffffefffffc2f"
	generator256KX = "79be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798"
	generator256KY = "483ada7726a3c4655da4fbfc0e1108a8fd17b448a68554199c47d08ffb10d4b8"
)

// Encodings written by hand from RFC 8949 and RFC 9053, so that nothing here was made by the code under test.
var (
	es256 = "a5" + "0102" + "0326" + "2001" + "215820" + generatorX + "225820" + generatorY
	eddsa = "a4" + "0101" + "0327" + "2006" + "215820" + strings.Repeat("11", 32)
	rs256 = "a4" + "0103" + "03390100" + "20590100" + "c1" + strings.Repeat("55", 254) + "01" + "2143010001"

	esp256     = "a5" + "0102" + "0328" + "2001" + "215820" + generatorX + "225820" + generatorY
	es384      = "a5" + "0102" + "033822" + "2002" + "215830" + generator384X + "225830" + generator384Y
	esp384     = "a5" + "0102" + "033832" + "2002" + "215830" + generator384X + "225830" + generator384Y
	es512      = "a5" + "0102" + "033823" + "2003" + "215842" + generator521X + "225842" + generator521Y
	esp512     = "a5" + "0102" + "033833" + "2003" + "215842" + generator521X + "225842" + generator521Y
	es256k     = "a5" + "0102" + "03382e" + "2008" + "215820" + generator256KX + "225820" + generator256KY
	ed25519Key = "a4" + "0101" + "0332" + "2006" + "215820" + strings.Repeat("11", 32)
	ed448Key   = "a4" + "0101" + "033834" + "2007" + "215839" + strings.Repeat("22", 57)
	mldsa44    = "a3" + "0107" + "03382f" + "20590520" + strings.Repeat("33", 1312)
	mldsa65    = "a3" + "0107" + "033830" + "205907a0" + strings.Repeat("44", 1952)
	mldsa87    = "a3" + "0107" + "033831" + "20590a20" + strings.Repeat("55", 2592)
)

// rsaKey is the RSA key of rs256 for another algorithm.
func rsaKey(algorithm string) string { return strings.Replace(rs256, "03390100", algorithm, 1) }

// encodings are all algorithms with a key of each.
var encodings = map[cose.Algorithm]string{
	cose.ES256: es256, cose.ES384: es384, cose.ES512: es512, cose.ES256K: es256k,
	cose.ESP256: esp256, cose.ESP384: esp384, cose.ESP512: esp512,
	cose.EdDSA: eddsa, cose.Ed25519: ed25519Key, cose.Ed448: ed448Key,
	cose.RS256: rs256, cose.RS384: rsaKey("03390101"), cose.RS512: rsaKey("03390102"),
	cose.PS256: rsaKey("033824"), cose.PS384: rsaKey("033825"), cose.PS512: rsaKey("033826"),
	cose.MLDSA44: mldsa44, cose.MLDSA65: mldsa65, cose.MLDSA87: mldsa87,
}

// publicKeys are the keys of encodings, put together by other means than Parse.
func publicKeys(t *testing.T) map[cose.Algorithm]crypto.PublicKey {
	t.Helper()
	must := func(key crypto.PublicKey, err error) crypto.PublicKey {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return key
	}
	point := func(curve elliptic.Curve, x, y string) crypto.PublicKey {
		t.Helper()
		key, err := ecdsa.ParseUncompressedPublicKey(curve, unhex(t, "04"+x+y))
		return must(key, err)
	}
	lattice := func(parameters mldsa.Parameters, b byte) crypto.PublicKey {
		t.Helper()
		key, err := mldsa.NewPublicKey(parameters, bytes.Repeat([]byte{b}, parameters.PublicKeySize()))
		return must(key, err)
	}
	koblitz, err := secp256k1.ParsePubKey(unhex(t, "02"+generator256KX)) // its y is even
	must(koblitz, err)
	p256, p384, p521 := point(elliptic.P256(), generatorX, generatorY), point(elliptic.P384(), generator384X, generator384Y), point(elliptic.P521(), generator521X, generator521Y)
	edwards := ed25519.PublicKey(bytes.Repeat([]byte{0x11}, 32))
	modulus := &rsa.PublicKey{N: new(big.Int).SetBytes(unhex(t, "c1"+strings.Repeat("55", 254)+"01")), E: 65537}
	return map[cose.Algorithm]crypto.PublicKey{
		cose.ES256: p256, cose.ES384: p384, cose.ES512: p521, cose.ES256K: koblitz,
		cose.ESP256: p256, cose.ESP384: p384, cose.ESP512: p521,
		cose.EdDSA: edwards, cose.Ed25519: edwards, cose.Ed448: ed448.PublicKey(bytes.Repeat([]byte{0x22}, 57)),
		cose.RS256: modulus, cose.RS384: modulus, cose.RS512: modulus,
		cose.PS256: modulus, cose.PS384: modulus, cose.PS512: modulus,
		cose.MLDSA44: lattice(mldsa.MLDSA44(), 0x33), cose.MLDSA65: lattice(mldsa.MLDSA65(), 0x44), cose.MLDSA87: lattice(mldsa.MLDSA87(), 0x55),
	}
}
