package mutants

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	_ "crypto/sha1" // makes SHA-1 available, for the old algorithm RS1
	_ "crypto/sha512"
	"errors"
	"fmt"
	"math/big"
	"slices"

	"github.com/passkeylab/passkeylab/virtualauth/cose"
)

// verification is one signature to verify.
type verification struct {
	public    crypto.PublicKey
	algorithm cose.Algorithm
	message   []byte
	signature []byte
}

// verify verifies a signature in the form of WebAuthn L3 §6.5.5.
func (v verification) verify() error {
	s, known := shapes[v.algorithm]
	if !known {
		return fmt.Errorf("algorithm %d cannot be verified", v.algorithm)
	}
	holds := false
	switch key := v.public.(type) {
	case *ecdsa.PublicKey:
		holds = s.kind == kindEC2 && key.Curve == s.ec && ecdsa.VerifyASN1(key, digest(s.hash, v.message), v.signature)
	case ed25519.PublicKey:
		holds = s.kind == kindOKP && len(key) == ed25519.PublicKeySize && ed25519.Verify(key, v.message, v.signature)
	case *rsa.PublicKey:
		holds = s.kind == kindRSA && v.verifyRSA(key, s)
	}
	return unless(holds, "the signature does not verify")
}

func (v verification) verifyRSA(key *rsa.PublicKey, s shape) bool {
	if s.pss {
		return rsa.VerifyPSS(key, s.hash, digest(s.hash, v.message), v.signature, &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash}) == nil
	}
	return rsa.VerifyPKCS1v15(key, s.hash, digest(s.hash, v.message), v.signature) == nil
}

func digest(hash crypto.Hash, message []byte) []byte {
	h := hash.New()
	h.Write(message)
	return h.Sum(nil)
}

// signed is what an assertion and most statements sign: authenticator data and client data hash.
func (a *attempt) signed() []byte { return slices.Concat(a.data.raw, a.clientData.hash[:]) }

// signatureSteps are §7.2 steps 20 and 21.
func signatureSteps() []Step {
	const (
		form = "6.5.5" // the form of signatures
		algs = "5.8.5" // what algorithms mean
	)
	return []Step{{Name: "auth/signature", Clause: authenticating.clause("", "21", "signature"), check: assertions(verification.verify), lax: []laxity{
		{name: "only-auth-data", check: over(func(a *attempt) []byte { return a.data.raw })},
		{name: "only-hash", check: over(func(a *attempt) []byte { return a.clientData.hash[:] })},
		{name: "other-order", check: over(func(a *attempt) []byte { return slices.Concat(a.clientData.hash[:], a.data.raw) })},
		{name: "another-hash", check: assertions(verification.anyHash), clause: l3(algs, "algorithm-hash")},
		{name: "another-padding", check: assertions(verification.anyPadding), clause: l3(algs, "algorithm-padding"), also: or(authenticating.clause("", "21", "signature"))},
		{name: "loose-der", check: assertions(verification.anyDER), clause: l3(form, "signature-der")},
		{name: "raw", check: assertions(verification.rawForm), clause: l3(form, "signature-format")},
		{name: "psychic", check: assertions(verification.psychic)},
		{name: "malleable", check: assertions(verification.malleable), clause: l3(form, "signature-format")},
	}}}
}

// assertions verifies an assertion's signature by some method.
func assertions(method func(verification) error) func(*attempt) error {
	return func(a *attempt) error {
		return method(verification{public: a.passkey.key.public, algorithm: a.passkey.key.algorithm, message: a.signed(), signature: a.envelope.signature})
	}
}

// over accepts signatures over something else, too.
func over(message func(*attempt) []byte) func(*attempt) error {
	honest := assertions(verification.verify)
	return func(a *attempt) error {
		v := verification{public: a.passkey.key.public, algorithm: a.passkey.key.algorithm, message: message(a), signature: a.envelope.signature}
		if v.verify() == nil {
			return nil
		}
		return honest(a)
	}
}

// anyHash accepts every hash function with an algorithm's key.
func (v verification) anyHash() error {
	var tried error
	for algorithm, s := range shapes {
		if s.kind == shapes[v.algorithm].kind && s.pss == shapes[v.algorithm].pss {
			other := s
			key, isEC := v.public.(*ecdsa.PublicKey)
			if isEC && ecdsa.VerifyASN1(key, digest(other.hash, v.message), v.signature) {
				return nil
			}
			tried = verification{v.public, algorithm, v.message, v.signature}.verify()
			if tried == nil {
				return nil
			}
		}
	}
	return tried
}

// anyPadding accepts both paddings of RSA.
func (v verification) anyPadding() error {
	key, isRSA := v.public.(*rsa.PublicKey)
	hash := shapes[v.algorithm].hash
	if isRSA && rsa.VerifyPSS(key, hash, digest(hash, v.message), v.signature, nil) == nil {
		return nil
	}
	return v.verify()
}

// anyDER accepts ECDSA signatures in BER, and with something behind them.
func (v verification) anyDER() error {
	if r, s, err := looseDER(v.signature); err == nil {
		v.signature = encodeDER(r, s)
	}
	return v.verify()
}

// rawForm accepts ECDSA signatures as r and s, too.
func (v verification) rawForm() error {
	key, isEC := v.public.(*ecdsa.PublicKey)
	if length := len(v.signature) / 2; isEC && 2*length == len(v.signature) && length == (key.Curve.Params().BitSize+7)/8 {
		v.signature = encodeDER(new(big.Int).SetBytes(v.signature[:length]), new(big.Int).SetBytes(v.signature[length:]))
	}
	return v.verify()
}

// psychic does not look whether r and s are zero, and computes on (the class of CVE-2022-21449).
func (v verification) psychic() error {
	if r, s, err := looseDER(v.signature); err == nil && r.Sign() == 0 && s.Sign() == 0 {
		return nil
	}
	return v.verify()
}

// malleable takes the scalar of an Ed25519 signature modulo the group's order.
func (v verification) malleable() error {
	order, _ := new(big.Int).SetString("1000000000000000000000000000000014def9dea2f79cd65812631a5cf5d3ed", 16)
	if _, isEdwards := v.public.(ed25519.PublicKey); isEdwards && len(v.signature) == ed25519.SignatureSize {
		scalar := bytes.Clone(v.signature[32:])
		slices.Reverse(scalar)
		reduced := new(big.Int).Mod(new(big.Int).SetBytes(scalar), order).FillBytes(make([]byte, 32))
		slices.Reverse(reduced)
		v.signature = slices.Concat(v.signature[:32], reduced)
	}
	return v.verify()
}

var errNotASN1 = errors.New("no sequence of two integers")

// looseDER reads two integers out of what looks like a sequence: any form of lengths, any leading bytes, anything behind.
func looseDER(data []byte) (r, s *big.Int, err error) {
	content, _, err := looseValue(data, 0x30)
	if err != nil {
		return nil, nil, err
	}
	first, rest, err := looseValue(content, 0x02)
	if err != nil {
		return nil, nil, err
	}
	second, _, err := looseValue(rest, 0x02)
	return new(big.Int).SetBytes(first), new(big.Int).SetBytes(second), err
}

// looseValue splits the value of a tag from what follows it.
func looseValue(data []byte, tag byte) (value, rest []byte, err error) {
	if len(data) < 2 || data[0] != tag {
		return nil, nil, errNotASN1
	}
	length, data := int(data[1]), data[2:]
	switch {
	case length == 0x80: // until the end, whatever that is
		return data, nil, nil
	case length > 0x80:
		count := length - 0x80
		if count > 2 || len(data) < count {
			return nil, nil, errNotASN1
		}
		length = int(new(big.Int).SetBytes(data[:count]).Int64())
		data = data[count:]
	}
	if len(data) < length {
		return nil, nil, errNotASN1
	}
	return data[:length], data[length:], nil
}

// encodeDER is the honest form of an ECDSA signature.
func encodeDER(r, s *big.Int) []byte {
	var body []byte
	for _, n := range []*big.Int{r, s} {
		value := n.Bytes()
		if len(value) == 0 || value[0] >= 0x80 {
			value = append([]byte{0}, value...)
		}
		body = append(append(body, 2, byte(len(value))), value...)
	}
	if len(body) < 0x80 {
		return append([]byte{0x30, byte(len(body))}, body...)
	}
	return append([]byte{0x30, 0x81, byte(len(body))}, body...)
}
