package tpmstore

import (
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"math/big"

	"github.com/google/go-tpm/tpm2"
)

// The two primes of an RSA key with 2048 bits that protects nothing: everybody knows it.
const (
	probePrime1 = "dd91e1a831511cbbb039a92cd98c39307e8cde9e3fb61b6bfbf3d0346808f56cc6933f4160cf7349f1f354e8f024c90b" +
		"77b1a90ffb8a4a12a4ebd57cb9026ebf2e6d9b0b61e1a6cf4c186d5a86c865c95830e31465fc24102592458bbcf9002c" +
		"ea38b6fc7f8dd213fb10291752bc21882add2f9766a82b8873964cbb6d3b2fa9"
	probePrime2 = "f7bacd2ba560d054c4b8558cb45e85c2f22a41f109d9c2a68433e1477f7edc96baeb8f67cbaac6b2959611443c55944f" +
		"b0cbf19a9ab7bb0d5df003ff0207e0db83603c0ce9179e9f85e5f158487d3c5ea7d0afb919cd30f39fae62ea25627d6b" +
		"4e7929427a66a276050f2128803c278177307ea30e5f6454defd087ebbd21b95"
)

// saltsLikeCOSE reports whether a TPM makes RSASSA-PSS signatures with a salt as long as the hash, as PS256 has it (RFC 8230
// §2). It may take the longest salt that fits instead (TPM 2.0 Part 1, annex B.7), and no capability says which, so it has to
// sign once, with a key that is loaded rather than made because that is quick.
func saltsLikeCOSE(m *machine) (bool, error) {
	template := rsaRecipe(tpm2.TPMAlgRSAPSS).template
	template.ObjectAttributes = tpm2.TPMAObject{UserWithAuth: true, NoDA: true, SignEncrypt: true}
	p, _ := new(big.Int).SetString(probePrime1, 16)
	q, _ := new(big.Int).SetString(probePrime2, 16)
	public := &rsa.PublicKey{N: new(big.Int).Mul(p, q), E: rsaExponent}
	template.Unique = tpm2.NewTPMUPublicID(tpm2.TPMAlgRSA, &tpm2.TPM2BPublicKeyRSA{Buffer: public.N.Bytes()})
	private := tpm2.New2B(tpm2.TPMTSensitive{
		SensitiveType: tpm2.TPMAlgRSA,
		Sensitive:     tpm2.NewTPMUSensitiveComposite(tpm2.TPMAlgRSA, &tpm2.TPM2BPrivateKeyRSA{Buffer: p.Bytes()}),
	})
	if err := m.clear(); err != nil {
		return false, err
	}
	loaded, err := tpm2.LoadExternal{InPrivate: private, InPublic: tpm2.New2B(template), Hierarchy: tpm2.TPMRHNull}.Execute(m)
	if err != nil {
		return false, err
	}
	m.current, m.currentHandle = object{loaded.ObjectHandle, loaded.Name}, nil
	digest := sha256.Sum256(nil)
	signed, err := m.sign(digest[:])
	if err != nil {
		return false, err
	}
	signature, err := encodeSignature(signed)
	if err != nil {
		return false, err
	}
	options := &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash}
	return rsa.VerifyPSS(public, crypto.SHA256, digest[:], signature, options) == nil, m.flush(&m.current)
}
