package cose_test

import (
	"bytes"
	"crypto"
	"crypto/ecdh"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"encoding/hex"
	"errors"
	"math/big"
	"strings"
	"testing"

	"filippo.io/mldsa"
	"github.com/cloudflare/circl/sign/ed448"
	"github.com/decred/dcrd/dcrec/secp256k1/v4"

	"github.com/passkeylab/passkeylab/virtualauth/cose"
)

func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// equal compares public keys; secp256k1 alone has no Equal method.
func equal(a, b crypto.PublicKey) bool {
	if k, is := a.(*secp256k1.PublicKey); is {
		other, same := b.(*secp256k1.PublicKey)
		return same && k.IsEqual(other)
	}
	return a.(interface{ Equal(crypto.PublicKey) bool }).Equal(b)
}

func TestKeysOfAllKindsAreReadAndWritten(t *testing.T) {
	for algorithm, public := range publicKeys(t) {
		t.Run(algorithm.String(), func(t *testing.T) {
			encoded := unhex(t, encodings[algorithm])
			key, rest, err := cose.Parse(append(bytes.Clone(encoded), 0xa0, 0xff))
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(rest, []byte{0xa0, 0xff}) {
				t.Errorf("rest is %x, want the two bytes behind the key", rest)
			}
			if key.Algorithm() != algorithm || !equal(public, key.Public()) {
				t.Errorf("got %v with %v", key.Algorithm(), key.Public())
			}
			if got := key.Encode(); !bytes.Equal(got, encoded) {
				t.Errorf("Encode\n got %x\nwant %x", got, encoded)
			}
			made, err := cose.New(algorithm, public)
			if err != nil || !bytes.Equal(made.Encode(), encoded) {
				t.Errorf("New, then Encode: %x, %v", made.Encode(), err)
			}
		})
	}
}

// Every algorithm takes the kind of key of its own and no other; only the names of one and the same thing share keys
// (WebAuthn L3 §5.8.5).
func TestAnAlgorithmHasOneKindOfKey(t *testing.T) {
	family := map[cose.Algorithm]cose.Algorithm{
		cose.ESP256: cose.ES256, cose.ESP384: cose.ES384, cose.ESP512: cose.ES512, cose.Ed25519: cose.EdDSA,
		cose.RS384: cose.RS256, cose.RS512: cose.RS256, cose.PS256: cose.RS256, cose.PS384: cose.RS256, cose.PS512: cose.RS256,
	}
	of := func(a cose.Algorithm) cose.Algorithm {
		if same, shared := family[a]; shared {
			return same
		}
		return a
	}
	keys := publicKeys(t)
	for algorithm := range keys {
		for other, public := range keys {
			if _, err := cose.New(algorithm, public); (err == nil) != (of(algorithm) == of(other)) {
				t.Errorf("%v with a key of %v: %v", algorithm, other, err)
			}
		}
	}
}

func TestParseRefuses(t *testing.T) {
	x, y := "215820"+generatorX, "225820"+generatorY
	for _, c := range []struct {
		name, encoded string
		want          error
	}{
		{"nothing", "", cose.ErrMalformed},
		{"an empty map", "a0", cose.ErrUnsupported},
		{"an array", "80", cose.ErrMalformed},
		{"a key cut short", es256[:len(es256)-2], cose.ErrMalformed},
		{"a point off the curve", es256[:len(es256)-2] + "f4", cose.ErrMalformed},
		{"the point at infinity", "a5010203262001215820" + strings.Repeat("00", 32) + "225820" + strings.Repeat("00", 32), cose.ErrMalformed},
		{"a short coordinate", "a501020326200121581f" + generatorX[2:] + y, cose.ErrMalformed},
		{"a missing y", "a4010203262001" + x, cose.ErrMalformed},
		{"a missing curve", "a401020326" + x + y, cose.ErrMalformed},
		{"a compressed point", "a5010203262001" + x + "22f5", cose.ErrMalformed},
		{"a curve that is text", "a501020326206131" + x + y, cose.ErrMalformed},
		{"an unknown key type", "a50104" + es256[6:], cose.ErrUnsupported},
		{"an unknown curve", "a5010203262002" + x + y, cose.ErrUnsupported},
		{"P-384 for ES256", strings.Replace(es384, "033822", "0326", 1), cose.ErrUnsupported},
		{"P-256 for ES384", strings.Replace(es256, "0326", "033822", 1), cose.ErrUnsupported},
		{"P-256 for ES256K", strings.Replace(es256, "0326", "03382e", 1), cose.ErrUnsupported},
		{"Ed448 for EdDSA", strings.Replace(ed448Key, "033834", "0327", 1), cose.ErrUnsupported},
		{"ES384 off the curve", es384[:len(es384)-2] + "60", cose.ErrMalformed},
		{"ES512 off the curve", es512[:len(es512)-2] + "51", cose.ErrMalformed},
		{"ES256K off the curve", es256k[:len(es256k)-2] + "b9", cose.ErrMalformed},
		{"ES256K whose x is the field's prime", "a50102" + "03382e" + "2008" + "215820" + prime256K + "225820" + generator256KY, cose.ErrMalformed},
		{"ES512 without its leading zero", "a50102" + "033823" + "2003" + "215841" + generator521X[2:] + "225842" + generator521Y, cose.ErrMalformed},
		{"coordinates that only make a point together", "a50102" + "0326" + "2001" + "21581f" + generatorX[:62] + "225821" + generatorX[62:] + generatorY, cose.ErrMalformed},
		{"ES256K as a hybrid point", "a50102" + "03382e" + "2008" + "21581f" + generator256KX[2:] + "225820" + generator256KY, cose.ErrMalformed},
		{"a short Ed448 key", "a4" + "0101" + "033834" + "2007" + "215838" + strings.Repeat("22", 56), cose.ErrMalformed},
		{"a short ML-DSA key", "a3" + "0107" + "03382f" + "2059051f" + strings.Repeat("33", 1311), cose.ErrMalformed},
		{"an ML-DSA-44 key for ML-DSA-65", strings.Replace(mldsa44, "03382f", "033830", 1), cose.ErrMalformed},
		{"no ML-DSA key", "a2" + "0107" + "03382f", cose.ErrMalformed},
		{"an ML-DSA key that is text", "a3" + "0107" + "03382f" + "206133", cose.ErrMalformed},
		{"an ML-DSA key with a seed behind it", "a4" + mldsa44[2:] + "215820" + strings.Repeat("00", 32), cose.ErrMalformed},
		{"RS1", rsaKey("0339fffe"), cose.ErrUnsupported},
		{"no modulus", "a3" + "0103" + "03390100" + "2143010001", cose.ErrMalformed},
		{"an unknown OKP curve", strings.Replace(eddsa, "2006", "2004", 1), cose.ErrUnsupported},
		{"an EC2 key for EdDSA", strings.Replace(es256, "0326", "0327", 1), cose.ErrUnsupported},
		{"no algorithm", "a401022001" + x + y, cose.ErrUnsupported},
		{"labels out of order", "a5" + "0326" + "0102" + "2001" + x + y, cose.ErrMalformed},
		{"a label twice", "a6" + "0102" + "0102" + "0326" + "2001" + x + y, cose.ErrMalformed},
		{"an optional label", "a6" + "0102" + "0326" + "0480" + "2001" + x + y, cose.ErrMalformed},
		{"a long integer", "a5" + "01190002" + "0326" + "2001" + x + y, cose.ErrMalformed},
		{"an indefinite map", "bf" + es256[2:] + "ff", cose.ErrMalformed},
		{"an Ed25519 key too long", "a4" + "0101" + "0327" + "2006" + "215821" + strings.Repeat("11", 33), cose.ErrMalformed},
		{"an array for a byte string", "a4" + "0101" + "0327" + "2006" + "219820" + strings.Repeat("11", 32), cose.ErrMalformed},
		{"a short RSA modulus", "a4" + "0103" + "03390100" + "205880" + strings.Repeat("c1", 128) + "2143010001", cose.ErrMalformed},
		{"an even RSA exponent", rs256[:len(rs256)-2] + "00", cose.ErrMalformed},
		{"a huge RSA exponent", strings.Replace(rs256, "2143010001", "2149010000000000000001", 1), cose.ErrUnsupported},
		{"an RSA modulus with a leading zero", strings.Replace(rs256, "20590100c1", "2059010100c1", 1), cose.ErrMalformed},
	} {
		t.Run(c.name, func(t *testing.T) {
			if key, _, err := cose.Parse(unhex(t, c.encoded)); !errors.Is(err, c.want) {
				t.Errorf("got %v with %v, want %v", key.Public(), err, c.want)
			}
		})
	}
}

func TestNewRefusesPairsThatDoNotBelongTogether(t *testing.T) {
	key, _, err := cose.Parse(unhex(t, es256))
	if err != nil {
		t.Fatal(err)
	}
	point := key.Public()
	for _, c := range []struct {
		name      string
		algorithm cose.Algorithm
		public    crypto.PublicKey
		want      error
	}{
		{"P-256 for RS256", cose.RS256, point, cose.ErrUnsupported},
		{"P-256 for an unknown algorithm", -34, point, cose.ErrUnsupported},
		{"nil", cose.ES256, nil, cose.ErrUnsupported},
		{"ECDH", cose.ES256, &ecdh.PublicKey{}, cose.ErrUnsupported},
		{"a short Ed25519 key", cose.EdDSA, ed25519.PublicKey{1}, cose.ErrMalformed},
		{"P-256 without a point", cose.ES256, &ecdsa.PublicKey{Curve: elliptic.P256()}, cose.ErrMalformed},
		{"no curve", cose.ES256, &ecdsa.PublicKey{}, cose.ErrUnsupported},
		{"no ECDSA key", cose.ES256, (*ecdsa.PublicKey)(nil), cose.ErrUnsupported},
		{"P-224, which no algorithm has", cose.ES256, &ecdsa.PublicKey{Curve: elliptic.P224()}, cose.ErrUnsupported},
		{"no secp256k1 key", cose.ES256K, (*secp256k1.PublicKey)(nil), cose.ErrUnsupported},
		{"secp256k1 without a point", cose.ES256K, &secp256k1.PublicKey{}, cose.ErrMalformed},
		{"a short Ed448 key", cose.Ed448, ed448.PublicKey{1}, cose.ErrMalformed},
		{"no ML-DSA key", cose.MLDSA44, (*mldsa.PublicKey)(nil), cose.ErrUnsupported},
		{"the zero ML-DSA key", cose.MLDSA44, &mldsa.PublicKey{}, cose.ErrUnsupported},
		{"RSA for RS1", cose.RS1, &rsa.PublicKey{N: new(big.Int).Lsh(big.NewInt(1), 2047), E: 3}, cose.ErrUnsupported},
		{"nothing for nothing", 0, nil, cose.ErrUnsupported},
		{"nil for RS1", cose.RS1, nil, cose.ErrUnsupported},
		{"RSA without a modulus", cose.RS256, &rsa.PublicKey{E: 3}, cose.ErrMalformed},
		{"no RSA key", cose.RS256, (*rsa.PublicKey)(nil), cose.ErrUnsupported},
	} {
		t.Run(c.name, func(t *testing.T) {
			if _, err := cose.New(c.algorithm, c.public); !errors.Is(err, c.want) {
				t.Errorf("got %v, want %v", err, c.want)
			}
		})
	}
}

func TestTheZeroKeyIsNoKey(t *testing.T) {
	var key cose.Key
	if key.Encode() != nil || key.Public() != nil || key.Algorithm() != 0 {
		t.Errorf("zero key: %x, %v, %v", key.Encode(), key.Public(), key.Algorithm())
	}
}

func TestAlgorithmsHaveNamesAndHashes(t *testing.T) {
	for _, c := range []struct {
		number cose.Algorithm // as registered, so that a mistyped constant shows
		name   string
		hash   crypto.Hash
	}{
		{-7, "ES256", crypto.SHA256}, {-35, "ES384", crypto.SHA384}, {-36, "ES512", crypto.SHA512}, {-47, "ES256K", crypto.SHA256},
		{-9, "ESP256", crypto.SHA256}, {-51, "ESP384", crypto.SHA384}, {-52, "ESP512", crypto.SHA512},
		{-8, "EdDSA", 0}, {-19, "Ed25519", 0}, {-53, "Ed448", 0},
		{-257, "RS256", crypto.SHA256}, {-258, "RS384", crypto.SHA384}, {-259, "RS512", crypto.SHA512}, {-65535, "RS1", crypto.SHA1},
		{-37, "PS256", crypto.SHA256}, {-38, "PS384", crypto.SHA384}, {-39, "PS512", crypto.SHA512},
		{-48, "ML-DSA-44", 0}, {-49, "ML-DSA-65", 0}, {-50, "ML-DSA-87", 0},
		{-34, "COSE algorithm -34", 0},
	} {
		if c.number.String() != c.name || c.number.Hash() != c.hash {
			t.Errorf("%d is %q with %v, want %q with %v", int(c.number), c.number.String(), c.number.Hash(), c.name, c.hash)
		}
	}
}

// FuzzParse holds Parse to its promise: what it accepts is what Encode writes.
func FuzzParse(f *testing.F) {
	for _, s := range []string{"", "a0", es256 + "a0", es256[:40], rsaKey("0339fffe")} {
		f.Add(unhex(f, s))
	}
	for _, s := range encodings {
		f.Add(unhex(f, s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		key, rest, err := cose.Parse(data)
		if err != nil {
			if !errors.Is(err, cose.ErrMalformed) && !errors.Is(err, cose.ErrUnsupported) {
				t.Errorf("untyped error %v", err)
			}
			return
		}
		if !bytes.Equal(append(key.Encode(), rest...), data) {
			t.Errorf("%x was read and written as %x with rest %x", data, key.Encode(), rest)
		}
	})
}
