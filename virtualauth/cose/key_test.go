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

	"github.com/passkeylab/passkeylab/virtualauth/cose"
)

// The generator of P-256 (SP 800-186 §3.2.1.3), the smallest public key there is.
const (
	generatorX = "6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296"
	generatorY = "4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5"
)

// Encodings written by hand from RFC 8949 and RFC 9053, so that nothing here was made by the code under test.
var (
	es256 = "a5" + "0102" + "0326" + "2001" + "215820" + generatorX + "225820" + generatorY
	eddsa = "a4" + "0101" + "0327" + "2006" + "215820" + strings.Repeat("11", 32)
	rs256 = "a4" + "0103" + "03390100" + "20590100" + "c1" + strings.Repeat("55", 254) + "01" + "2143010001"
)

func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestKeysOfAllKindsAreReadAndWritten(t *testing.T) {
	number := func(s string) *big.Int { return new(big.Int).SetBytes(unhex(t, s)) }
	generator, err := ecdsa.ParseUncompressedPublicKey(elliptic.P256(), unhex(t, "04"+generatorX+generatorY))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		algorithm cose.Algorithm
		encoded   string
		public    interface{ Equal(crypto.PublicKey) bool }
	}{
		{cose.ES256, es256, generator},
		{cose.EdDSA, eddsa, ed25519.PublicKey(bytes.Repeat([]byte{0x11}, 32))},
		{cose.RS256, rs256, &rsa.PublicKey{N: number("c1" + strings.Repeat("55", 254) + "01"), E: 65537}},
	} {
		t.Run(c.algorithm.String(), func(t *testing.T) {
			encoded := unhex(t, c.encoded)
			key, rest, err := cose.Parse(append(bytes.Clone(encoded), 0xa0, 0xff))
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(rest, []byte{0xa0, 0xff}) {
				t.Errorf("rest is %x, want the two bytes behind the key", rest)
			}
			if key.Algorithm() != c.algorithm || !c.public.Equal(key.Public()) {
				t.Errorf("got %v with %v", key.Algorithm(), key.Public())
			}
			if got := key.Encode(); !bytes.Equal(got, encoded) {
				t.Errorf("Encode\n got %x\nwant %x", got, encoded)
			}
			made, err := cose.New(c.algorithm, c.public)
			if err != nil || !bytes.Equal(made.Encode(), encoded) {
				t.Errorf("New, then Encode: %x, %v", made.Encode(), err)
			}
		})
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
		{"P-256 for an unknown algorithm", -35, point, cose.ErrUnsupported},
		{"nil", cose.ES256, nil, cose.ErrUnsupported},
		{"ECDH", cose.ES256, &ecdh.PublicKey{}, cose.ErrUnsupported},
		{"a short Ed25519 key", cose.EdDSA, ed25519.PublicKey{1}, cose.ErrMalformed},
		{"P-256 without a point", cose.ES256, &ecdsa.PublicKey{Curve: elliptic.P256()}, cose.ErrMalformed},
		{"no curve", cose.ES256, &ecdsa.PublicKey{}, cose.ErrUnsupported},
		{"no ECDSA key", cose.ES256, (*ecdsa.PublicKey)(nil), cose.ErrUnsupported},
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

func TestAlgorithmsHaveNames(t *testing.T) {
	for algorithm, want := range map[cose.Algorithm]string{
		cose.ES256: "ES256", cose.EdDSA: "EdDSA", cose.RS256: "RS256", -35: "COSE algorithm -35",
	} {
		if got := algorithm.String(); got != want {
			t.Errorf("%d is %q, want %q", int(algorithm), got, want)
		}
	}
}

// FuzzParse holds Parse to its promise: what it accepts is what Encode writes.
func FuzzParse(f *testing.F) {
	for _, s := range []string{"", "a0", es256, eddsa, rs256, es256 + "a0", es256[:40]} {
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
