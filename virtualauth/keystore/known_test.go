package keystore_test

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/x509"
	"encoding/asn1"
	"encoding/hex"
	"math/big"
	"testing"

	"filippo.io/mldsa"
	mldsax509 "filippo.io/mldsa/x509"
	"github.com/cloudflare/circl/sign/mldsa/mldsa44"
	"github.com/cloudflare/circl/sign/mldsa/mldsa65"
	"github.com/cloudflare/circl/sign/mldsa/mldsa87"

	"github.com/passkeylab/passkeylab/virtualauth/cose"
	"github.com/passkeylab/passkeylab/virtualauth/keystore"
)

func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// signImported signs with a key made elsewhere.
func signImported(t *testing.T, algorithm cose.Algorithm, pkcs8, message []byte) ([]byte, cose.Key) {
	t.Helper()
	store := keystore.NewSoftware(seeded(1))
	handle, key, err := store.Import(t.Context(), algorithm, pkcs8)
	if err != nil {
		t.Fatalf("Import as %v: %v", algorithm, err)
	}
	signature, err := store.Sign(t.Context(), handle, message)
	if err != nil {
		t.Fatalf("Sign with %v: %v", algorithm, err)
	}
	return signature, key
}

// The signatures of RFC 6979 §A.2.5 to §A.2.7 over "sample", and for secp256k1 one that implementations of it agree on.
func TestECDSAIsDeterministicAsPublished(t *testing.T) {
	for _, c := range []struct {
		algorithm        cose.Algorithm
		curve            elliptic.Curve // nil for secp256k1
		private, message string
		wantR, wantS     string
	}{
		{cose.ES256, elliptic.P256(),
			"c9afa9d845ba75166b5c215767b1d6934e50c3db36e89b127b8a622b120f6721", "sample",
			"efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716", "f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8"},
		{cose.ES384, elliptic.P384(),
			"6b9d3dad2e1b8c1c05b19875b6659f4de23c3b667bf297ba9aa47740787137d896d5724e4c70a825f872c9ea60d2edf5", "sample",
			"94edbb92a5ecb8aad4736e56c691916b3f88140666ce9fa73d64c4ea95ad133c81a648152e44acf96e36dd1e80fabe46",
			"99ef4aeb15f178cea1fe40db2603138f130e740a19624526203b6351d0a3a94fa329c145786e679e7b82c71a38628ac8"},
		{cose.ES512, elliptic.P521(),
			"00fad06daa62ba3b25d2fb40133da757205de67f5bb0018fee8c86e1b68c7e75caa896eb32f1f47c70855836a6d16fcc1466f6d8fbec67db89ec0c08b0e996b83538", "sample",
			"00c328fafcbd79dd77850370c46325d987cb525569fb63c5d3bc53950e6d4c5f174e25a1ee9017b5d450606add152b534931d7d4e8455cc91f9b15bf05ec36e377fa",
			"00617cce7cf5064806c467f678d3b4080d6f1cc50af26ca209417308281b68af282623eaa63e5b5c0723d8b8c37ff0777b1a20f8ccb1dccc43997f1ee0e44da4a67a"},
		{cose.ES256K, nil,
			"0000000000000000000000000000000000000000000000000000000000000001", "Satoshi Nakamoto",
			"934b1ea10a4b3c1757e2b0c017d0b6143ce3c9a7e6a4a49860d7a6ab210ee3d8", "2442ce9d2b916064108014783e923ec36b49743e2ffa1c4496f01a512aafd9e5"},
	} {
		t.Run(c.algorithm.String(), func(t *testing.T) {
			got, _ := signImported(t, c.algorithm, ecPKCS8(t, c.curve, unhex(t, c.private)), []byte(c.message))
			want, err := asn1.Marshal(struct{ R, S *big.Int }{new(big.Int).SetBytes(unhex(t, c.wantR)), new(big.Int).SetBytes(unhex(t, c.wantS))})
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(got, want) {
				t.Errorf("got %x, want %x", got, want)
			}
		})
	}
}

func ecPKCS8(t *testing.T, curve elliptic.Curve, scalar []byte) []byte {
	t.Helper()
	if curve == nil {
		return unhex(t, "303e0201003010"+"06072a8648ce3d0201"+"06052b8104000a"+"0427"+"30250201010420"+hex.EncodeToString(scalar))
	}
	key, err := ecdsa.ParseRawPrivateKey(curve, scalar)
	if err != nil {
		t.Fatal(err)
	}
	return pkcs8(t, key)
}

func pkcs8(t *testing.T, key any) []byte {
	t.Helper()
	der, err := mldsax509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return der
}

// The first vectors of RFC 8032 §7.1 and §7.4, over an empty message.
func TestEdDSAIsAsPublished(t *testing.T) {
	ed25519Seed := unhex(t, "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60")
	ed448Seed := "6c82a562cb808d10d632be89c8513ebf6c929f34ddfa8c9f63c9960ef6e348a3528c8a3fcc2f044e39a3fc5b94492f8f032e7549a20098f95b"
	for _, c := range []struct {
		algorithm  cose.Algorithm
		der        []byte
		key, wants string
	}{
		{cose.Ed25519, pkcs8(t, ed25519.NewKeyFromSeed(ed25519Seed)),
			"a40101033220062158" + "20" + "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
			"e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b"},
		{cose.Ed448, unhex(t, "3047"+"020100"+"3005"+"06032b6571"+"043b"+"0439"+ed448Seed),
			"a4010103383420072158" + "39" + "5fd7449b59b461fd2ce787ec616ad46a1da1342485a70e1f8a0ea75d80e96778edf124769b46c7061bd6783df1e50f6cd1fa1abeafe8256180",
			"533a37f6bbe457251f023c0d88f976ae2dfb504a843e34d2074fd823d41a591f2b233f034f628281f2fd7a22ddd47d7828c59bd0a21bfd3980" +
				"ff0d2028d4b18a9df63e006c5d1c2d345b925d8dc00b4104852db99ac5c7cdda8530a113a0f4dbb61149f05a7363268c71d95808ff2e652600"},
	} {
		got, key := signImported(t, c.algorithm, c.der, nil)
		if !bytes.Equal(key.Encode(), unhex(t, c.key)) {
			t.Errorf("%v: key %x, want %s", c.algorithm, key.Encode(), c.key)
		}
		if !bytes.Equal(got, unhex(t, c.wants)) {
			t.Errorf("%v: signature %x, want %s", c.algorithm, got, c.wants)
		}
	}
}

// Two implementations of ML-DSA by different people make the same key of a seed and the same deterministic signature.
func TestMLDSAIsWhatAnotherImplementationMakes(t *testing.T) {
	seed := [32]byte{1, 2, 3}
	message := []byte("message")
	sign := func(key crypto.Signer, err error) []byte {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		signature, err := key.Sign(nil, message, crypto.Hash(0)) // circl's is deterministic
		if err != nil {
			t.Fatal(err)
		}
		return signature
	}
	public44, key44 := mldsa44.NewKeyFromSeed(&seed)
	public65, key65 := mldsa65.NewKeyFromSeed(&seed)
	public87, key87 := mldsa87.NewKeyFromSeed(&seed)
	for _, c := range []struct {
		algorithm  cose.Algorithm
		parameters mldsa.Parameters
		public     []byte
		signature  []byte
	}{
		{cose.MLDSA44, mldsa.MLDSA44(), public44.Bytes(), sign(key44, nil)},
		{cose.MLDSA65, mldsa.MLDSA65(), public65.Bytes(), sign(key65, nil)},
		{cose.MLDSA87, mldsa.MLDSA87(), public87.Bytes(), sign(key87, nil)},
	} {
		private, err := mldsa.NewPrivateKey(c.parameters, seed[:])
		if err != nil {
			t.Fatal(err)
		}
		got, key := signImported(t, c.algorithm, pkcs8(t, private), message)
		if public := key.Public().(*mldsa.PublicKey); !bytes.Equal(public.Bytes(), c.public) {
			t.Errorf("%v: the public keys differ", c.algorithm)
		}
		if !bytes.Equal(got, c.signature) {
			t.Errorf("%v: the signatures differ", c.algorithm)
		}
	}
}

// What the standard library can read of an exported key, it reads.
func TestTheStandardLibraryReadsExportedKeys(t *testing.T) {
	store := keystore.NewSoftware(seeded(3))
	for _, algorithm := range []cose.Algorithm{cose.ES256, cose.ES384, cose.ES512, cose.EdDSA, cose.RS256} {
		handle, key, err := store.Create(t.Context(), algorithm)
		if err != nil {
			t.Fatal(err)
		}
		der, err := store.Export(t.Context(), handle)
		if err != nil {
			t.Fatal(err)
		}
		parsed, err := x509.ParsePKCS8PrivateKey(der)
		if err != nil {
			t.Errorf("%v: %v", algorithm, err)
			continue
		}
		if !key.Public().(interface{ Equal(crypto.PublicKey) bool }).Equal(parsed.(crypto.Signer).Public()) {
			t.Errorf("%v: another key", algorithm)
		}
	}
}
