package rpcases

import (
	"bytes"
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/asn1"
	"encoding/binary"
	"errors"
	"math/big"
	"slices"

	"github.com/passkeylab/passkeylab/harness/conformance"
	"github.com/passkeylab/passkeylab/virtualauth/cose"
)

// rsaSignatures are about RS256 and PS256. The suite's RSA keys have 2048 bits.
func rsaSignatures() []Case {
	form, length := l3("6.5.5", "signature-format"), l3("6.5.5", "rsa-signature-length")
	rs256, ps256 := []conformance.Capability{Offers(cose.RS256)}, []conformance.Capability{Offers(cose.PS256)}
	lengthened := func(is string, change func(honest []byte) []byte) Lie {
		return Lie{Is: is, Sign: func(message []byte, key crypto.Signer) ([]byte, error) {
			signature, err := signHonestly(message, key)
			return change(signature), err
		}}
	}
	return []Case{
		{
			ID: "auth/signature/rs256-length", Aliases: []string{"S-SIG-020"}, Level: must, Clause: length, Needs: rs256,
			Says: "a signature for RS256 that is not as long as the modulus is refused, even where it is the same number",
			Run: Authentication{Model: only(cose.RS256), Lies: []Lie{
				lengthened("a signature with a zero before it", func(s []byte) []byte { return append([]byte{0}, s...) }),
				lengthened("a signature with a zero behind it", func(s []byte) []byte { return append(slices.Clone(s), 0) }),
				lengthened("a signature without its first byte", func(s []byte) []byte { return s[1:] }),
				lengthened("a signature without its last byte", func(s []byte) []byte { return s[:len(s)-1] }),
			}}.Refused,
		},
		{
			ID: "auth/signature/rs256-beyond-the-modulus", Aliases: []string{"S-SIG-021"}, Level: must, Clause: length, Needs: rs256,
			Says: "a signature for RS256 to which the modulus was added is refused",
			Run:  Authentication{Model: only(cose.RS256), Lies: slices.Repeat([]Lie{{Is: "the modulus added to the signature", Sign: beyondModulus}}, 3)}.Refused,
		},
		{
			ID: "auth/signature/rs256-no-null", Aliases: []string{"S-SIG-022"}, Level: policy, Clause: form, Needs: rs256,
			Says: "a signature for RS256 whose hash is named without the parameter NULL is decided on",
			Run:  Authentication{Model: only(cose.RS256), Lie: Lie{Is: "a DigestInfo without NULL", Sign: signWithoutNull}}.Observed,
		},
		{
			ID: "auth/signature/ps256", Level: optional, Clause: form, Needs: ps256,
			Says: "a signature for PS256 with a salt of 32 bytes is accepted",
			Run:  Authentication{Model: only(cose.PS256), Lie: Lie{Is: "a salt of 32 bytes", Sign: pss{salt: 32}.sign}}.Accepted,
		},
		{
			ID: "auth/signature/ps256-salt", Aliases: []string{"S-SIG-023"}, Level: policy, Clause: form, Needs: ps256,
			Says: "signatures for PS256 with salts of other lengths than that of the hash are decided on",
			Run: Authentication{Model: only(cose.PS256), Lies: []Lie{
				{Is: "no salt", Sign: pss{salt: 0}.sign}, {Is: "a salt of 20 bytes", Sign: pss{salt: 20}.sign},
				{Is: "the longest salt", Sign: pss{salt: 222}.sign},
			}}.Observed,
		},
		{
			ID: "auth/signature/ps256-mask", Aliases: []string{"S-SIG-024"}, Level: must, Clause: form, Needs: ps256,
			Says: "a signature for PS256 whose mask was made with SHA-1 is refused",
			Run:  Authentication{Model: only(cose.PS256), Lie: Lie{Is: "a mask made with SHA-1", Sign: pss{salt: 32, mask: crypto.SHA1}.sign}}.Refused,
		},
	}
}

var errNotRSA = errors.New("rpcases: the key is not one for RSA")

// beyondModulus adds the modulus to an honest signature: the same number to whoever computes before comparing. About every
// third sum is as long as the modulus.
func beyondModulus(message []byte, key crypto.Signer) ([]byte, error) {
	private, ok := key.(*rsa.PrivateKey)
	if !ok {
		return nil, errNotRSA
	}
	honest, err := signHonestly(message, key)
	return new(big.Int).Add(new(big.Int).SetBytes(honest), private.N).Bytes(), err
}

// signWithoutNull leaves the parameter out of the AlgorithmIdentifier of SHA-256 (RFC 8017 §9.2, note 2).
func signWithoutNull(message []byte, key crypto.Signer) ([]byte, error) {
	digest := sha256.Sum256(message)
	info, err := asn1.Marshal(struct {
		Algorithm struct{ ID asn1.ObjectIdentifier }
		Digest    []byte
	}{struct{ ID asn1.ObjectIdentifier }{asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 2, 1}}, digest[:]})
	if err != nil {
		return nil, err
	}
	return key.Sign(nil, info, crypto.Hash(0)) // what is signed is padded, and no prefix is added
}

// pss is RSASSA-PSS with SHA-256 and with parameters that package crypto/rsa does not offer.
type pss struct {
	salt int         // bytes
	mask crypto.Hash // of MGF1; zero is SHA-256
}

// sign implements Sign (RFC 8017 §8.1.1, §9.1.1).
func (p pss) sign(message []byte, key crypto.Signer) ([]byte, error) {
	private, ok := key.(*rsa.PrivateKey)
	if !ok {
		return nil, errNotRSA
	}
	digest := sha256.Sum256(message)
	salt := bytes.Repeat([]byte{0x5a}, p.salt)
	h := sha256.Sum256(slices.Concat(make([]byte, 8), digest[:], salt))
	data := make([]byte, private.Size()-len(h)-1)
	copy(data[len(data)-len(salt):], salt)
	data[len(data)-len(salt)-1] = 1
	mask := p.mask
	if mask == 0 {
		mask = crypto.SHA256
	}
	for i, b := range mgf1(mask, h[:], len(data)) {
		data[i] ^= b
	}
	data[0] &= 0x7f // one bit less than the modulus
	m := new(big.Int).SetBytes(slices.Concat(data, h[:], []byte{0xbc}))
	return new(big.Int).Exp(m, private.D, private.N).FillBytes(make([]byte, private.Size())), nil
}

// mgf1 is the mask generation function (RFC 8017 §B.2.1).
func mgf1(hash crypto.Hash, seed []byte, length int) []byte {
	var mask []byte
	for counter := uint32(0); len(mask) < length; counter++ {
		h := hash.New()
		h.Write(seed)
		h.Write(binary.BigEndian.AppendUint32(nil, counter))
		mask = h.Sum(mask)
	}
	return mask[:length]
}
