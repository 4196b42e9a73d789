package keystore_test

import (
	"bytes"
	"encoding/hex"
	"errors"
	"strings"
	"testing"

	"github.com/passkeylab/passkeylab/virtualauth/cose"
	"github.com/passkeylab/passkeylab/virtualauth/keystore"
)

// Private keys written by hand: secp256k1's 1, whose public key is the generator, and an Ed448 key of nothing but 0x11.
const (
	one       = "0000000000000000000000000000000000000000000000000000000000000001"
	order     = "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141"
	generator = "79be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798" + "483ada7726a3c4655da4fbfc0e1108a8fd17b448a68554199c47d08ffb10d4b8"
	ecKey     = "06072a8648ce3d0201"
	curveK1   = "06052b8104000a"
	curveP256 = "06082a8648ce3d030107"
)

var eleven = strings.Repeat("11", 57)

// sequence and octets are DER, of contents below 128 bytes or of 128 to 255.
func sequence(parts ...string) string { return der("30", parts) }
func octets(parts ...string) string   { return der("04", parts) }
func der(tag string, parts []string) string {
	content := strings.Join(parts, "")
	n := byte(len(content) / 2)
	if n >= 128 {
		tag += "81"
	}
	return tag + hex.EncodeToString([]byte{n}) + content
}

func koblitz(inner ...string) string {
	return sequence("020100", sequence(ecKey, curveK1), octets(sequence(inner...)))
}

func TestExportedKeysAreLaidOutAsRegistered(t *testing.T) {
	for _, c := range []struct {
		name      string
		algorithm cose.Algorithm
		in, out   string
	}{
		{"secp256k1 with its public key, as OpenSSL writes it", cose.ES256K, koblitz("020101", octets(one), "a144034200", "04"+generator), ""},
		{"secp256k1 alone", cose.ES256K, koblitz("020101", octets(one)), koblitz("020101", octets(one), "a144034200", "04"+generator)},
		{"secp256k1 that names its curve twice", cose.ES256K, koblitz("020101", octets(one), "a007", curveK1), koblitz("020101", octets(one), "a144034200", "04"+generator)},
		{"secp256k1 with a compressed public key", cose.ES256K, koblitz("020101", octets(one), "a124032200", "02"+generator[:64]), koblitz("020101", octets(one), "a144034200", "04"+generator)},
		{"Ed448", cose.Ed448, sequence("020100", sequence("06032b6571"), octets(octets(eleven))), ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			store := keystore.NewSoftware(seeded(1))
			handle, _, err := store.Import(t.Context(), c.algorithm, unhex(t, c.in))
			if err != nil {
				t.Fatal(err)
			}
			if c.out == "" {
				c.out = c.in
			}
			if got, err := store.Export(t.Context(), handle); err != nil || !bytes.Equal(got, unhex(t, c.out)) {
				t.Errorf("got %x, %v\nwant %s", got, err, c.out)
			}
		})
	}
}

func TestMalformedKeysAreRefused(t *testing.T) {
	ed448 := func(parts ...string) string { return sequence("020100", sequence("06032b6571"), octets(parts...)) }
	for _, c := range []struct {
		name      string
		algorithm cose.Algorithm
		in        string
	}{
		{"a byte behind it", cose.ES256K, koblitz("020101", octets(one)) + "00"},
		{"a byte behind the inner key", cose.ES256K, sequence("020100", sequence(ecKey, curveK1), octets(sequence("020101", octets(one)), "00"))},
		{"an unknown version", cose.ES256K, koblitz("020102", octets(one))},
		{"zero", cose.ES256K, koblitz("020101", octets(strings.Repeat("00", 32)))},
		{"the order of the curve", cose.ES256K, koblitz("020101", octets(order))},
		{"the order and one, which is one again", cose.ES256K, koblitz("020101", octets(order[:62]+"42"))},
		{"31 bytes", cose.ES256K, koblitz("020101", octets(one[2:]))},
		{"33 bytes", cose.ES256K, koblitz("020101", octets("00"+one))},
		{"another curve within", cose.ES256K, koblitz("020101", octets(one), "a00a", curveP256)},
		{"another public key", cose.ES256K, koblitz("020101", octets(one), "a124032200", "03"+generator[:64])},
		{"no inner key", cose.ES256K, sequence("020100", sequence(ecKey, curveK1), octets())},
		{"a key on P-256", cose.ES256K, sequence("020100", sequence(ecKey, curveP256), octets(sequence("020101", octets(one))))},
		{"a key on secp256k1", cose.ES256, koblitz("020101", octets(one))},
		{"no curve", cose.ES256K, sequence("020100", sequence(ecKey), octets(sequence("020101", octets(one))))},
		{"Ed448 of 56 bytes", cose.Ed448, ed448(octets(eleven[2:]))},
		{"Ed448 without the inner string", cose.Ed448, ed448(eleven)},
		{"Ed448 with a byte behind it", cose.Ed448, ed448(octets(eleven), "00")},
		{"Ed448 with parameters", cose.Ed448, sequence("020100", sequence("06032b6571", "0500"), octets(octets(eleven)))},
		{"Ed448 for Ed25519", cose.Ed25519, ed448(octets(eleven))},
		{"X25519, which cannot sign", cose.Ed25519, sequence("020100", sequence("06032b656e"), octets(octets(one)))},
		{"ML-DSA as an expanded key", cose.MLDSA44, sequence("020100", sequence("0609608648016503040311"), octets(octets(one)))},
		{"ML-DSA with a short seed", cose.MLDSA44, sequence("020100", sequence("0609608648016503040311"), octets("801f", one[2:]))},
		{"ML-DSA-65 for ML-DSA-44", cose.MLDSA44, sequence("020100", sequence("0609608648016503040312"), octets("8020", one))},
	} {
		t.Run(c.name, func(t *testing.T) {
			store := keystore.NewSoftware(seeded(1))
			if _, key, err := store.Import(t.Context(), c.algorithm, unhex(t, c.in)); !errors.Is(err, keystore.ErrMalformedKey) {
				t.Errorf("got %v, %v, want ErrMalformedKey", key.Public(), err)
			}
		})
	}
}

// FuzzImport holds that what Import takes, Export writes in a form that gives the same key again.
func FuzzImport(f *testing.F) {
	f.Add(int(cose.ES256K), unhex(f, koblitz("020101", octets(one), "a144034200", "04"+generator)))
	f.Add(int(cose.Ed448), unhex(f, sequence("020100", sequence("06032b6571"), octets(octets(eleven)))))
	f.Add(int(cose.MLDSA44), unhex(f, sequence("020100", sequence("0609608648016503040311"), octets("8020", one))))
	f.Add(int(cose.ES256), unhex(f, sequence("020100", sequence(ecKey, curveP256), octets(sequence("020101", octets(one))))))
	f.Add(int(cose.EdDSA), unhex(f, sequence("020100", sequence("06032b6570"), octets(octets(one)))))
	f.Fuzz(func(t *testing.T, algorithm int, der []byte) {
		store := keystore.NewSoftware(seeded(1))
		handle, key, err := store.Import(t.Context(), cose.Algorithm(algorithm), der)
		if err != nil {
			if !errors.Is(err, keystore.ErrMalformedKey) && !errors.Is(err, keystore.ErrUnsupportedAlgorithm) {
				t.Errorf("untyped error %v", err)
			}
			return
		}
		exported, err := store.Export(t.Context(), handle)
		if err != nil {
			t.Fatal(err)
		}
		_, again, err := store.Import(t.Context(), cose.Algorithm(algorithm), exported)
		if err != nil || !bytes.Equal(again.Encode(), key.Encode()) {
			t.Errorf("%x came back as %x, which gives %v, %v", der, exported, again, err)
		}
	})
}
