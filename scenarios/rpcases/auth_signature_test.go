package rpcases

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/asn1"
	"math/big"
	"slices"
	"testing"
)

var signed = []byte("what is signed")

func ecdsaKey(t *testing.T, curve elliptic.Curve) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(curve, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func verifies(t *testing.T, key *ecdsa.PrivateKey, sign Sign, digest []byte) pair {
	t.Helper()
	signature, err := sign(signed, key)
	if err != nil {
		t.Fatal(err)
	}
	if !ecdsa.VerifyASN1(&key.PublicKey, digest, signature) {
		t.Errorf("%x does not verify", signature)
	}
	var p pair
	if _, err := asn1.Unmarshal(signature, &p); err != nil {
		t.Fatal(err)
	}
	return p
}

func TestUnusualSignaturesVerify(t *testing.T) {
	key, digest, wide := ecdsaKey(t, elliptic.P256()), sha256.Sum256(signed), sha512.Sum512(signed)
	for nonce, bytes := range map[int64]int{379: 31, 40393: 30} {
		if p := verifies(t, key, withNonce(nonce), digest[:]); p.R.BitLen()/8+1 != bytes {
			t.Errorf("r has %d bits", p.R.BitLen())
		}
	}
	short := searched(crypto.SHA256, func(p pair, _ *big.Int) bool { return p.S.BitLen() < 248 })
	if p := verifies(t, key, short, digest[:]); p.S.BitLen() >= 248 {
		t.Errorf("s has %d bits", p.S.BitLen())
	}
	for _, upper := range []bool{true, false} {
		sign := searched(crypto.SHA256, func(p pair, n *big.Int) bool { return isUpper(p.S, n) == upper })
		if p := verifies(t, key, sign, digest[:]); isUpper(p.S, elliptic.P256().Params().N) != upper {
			t.Errorf("s is %x", p.S)
		}
	}
	long := searched(crypto.SHA512, func(p pair, _ *big.Int) bool { return p.R.BitLen() < 520 })
	verifies(t, ecdsaKey(t, elliptic.P521()), long, wide[:])
}

// What is refused of these is their form: written in DER, they would verify.
func TestOtherEncodingsHoldSignaturesThatVerify(t *testing.T) {
	key, digest := ecdsaKey(t, elliptic.P256()), sha256.Sum256(signed)
	lie := encoded("DER", func(r, s []byte) []byte { return sequence(integer(r), integer(s)) })
	if p := verifies(t, key, lie.Sign, digest[:]); p.R.BitLen() != 256 {
		t.Errorf("r has %d bits, and no leading zero", p.R.BitLen())
	}
}

func TestPSSWithAnySaltVerifies(t *testing.T) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	digest := sha256.Sum256(signed)
	for _, salt := range []int{20, 32, 222} {
		signature, err := pss{salt: salt}.sign(signed, key)
		if err == nil {
			err = rsa.VerifyPSS(&key.PublicKey, crypto.SHA256, digest[:], signature, &rsa.PSSOptions{SaltLength: salt})
		}
		if err != nil {
			t.Errorf("a salt of %d bytes: %v", salt, err)
		}
	}
	signature, err := pss{}.sign(signed, key)
	if err == nil {
		err = rsa.VerifyPSS(&key.PublicKey, crypto.SHA256, digest[:], signature, &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthAuto})
	}
	if err != nil {
		t.Errorf("no salt: %v", err)
	}
	if signature, err = (pss{salt: 32, mask: crypto.SHA1}).sign(signed, key); err != nil {
		t.Fatal(err)
	}
	if rsa.VerifyPSS(&key.PublicKey, crypto.SHA256, digest[:], signature, nil) == nil {
		t.Error("a mask made with SHA-1 verifies")
	}
	sum, err := beyondModulus(signed, key)
	if err != nil {
		t.Fatal(err)
	}
	honest := new(big.Int).Mod(new(big.Int).SetBytes(sum), key.N).FillBytes(make([]byte, key.Size()))
	if err := rsa.VerifyPKCS1v15(&key.PublicKey, crypto.SHA256, digest[:], honest); err != nil {
		t.Errorf("what is beyond the modulus is no signature: %v", err)
	}
}

func TestEdwardsLiesAreSignaturesToTheLax(t *testing.T) {
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	public := key.Public().(ed25519.PublicKey)
	canonical := append([]byte{1}, make([]byte, 31)...)
	signature, err := neutral(canonical)(signed, key)
	if err != nil || !ed25519.Verify(public, signed, signature) {
		t.Errorf("the neutral point, written as it should be: %x %v", signature, err)
	}
	if signature, err = beyondOrder(signed, key); err != nil {
		t.Fatal(err)
	}
	s := new(big.Int).SetBytes(littleEndian(signature[32:]))
	s.Sub(s, edwardsOrder())
	honest := slices.Concat(signature[:32], littleEndian(s.FillBytes(make([]byte, 32))))
	if !ed25519.Verify(public, signed, honest) || ed25519.Verify(public, signed, signature) {
		t.Errorf("beyond the order: %x", signature)
	}
}
