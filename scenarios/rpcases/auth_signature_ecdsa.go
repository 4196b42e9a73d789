package rpcases

import (
	"crypto"
	"crypto/ecdsa"
	"encoding/asn1"
	"errors"
	"math/big"
	"slices"

	"github.com/passkeylab/passkeylab/harness/conformance"
	"github.com/passkeylab/passkeylab/virtualauth"
	"github.com/passkeylab/passkeylab/virtualauth/cose"
)

// es256 is a sign-in with ES256, which everybody offers.
func es256(lies ...Lie) Authentication { return Authentication{Model: only(cose.ES256), Lies: lies} }

// ecdsaValues are about the two numbers of an ECDSA signature.
func ecdsaValues() []Case {
	form := l3("6.5.5", "signature-format")
	needs := []conformance.Capability{Offers(cose.ES256)}
	return []Case{
		{
			ID: "auth/signature/es256-short-numbers", Aliases: []string{"S-SIG-007"}, Level: must, Clause: form, Needs: needs,
			Says: "signatures for ES256 whose numbers are shorter than 32 bytes are accepted",
			Run: es256(
				Lie{Is: "r of 31 bytes", Sign: withNonce(379)}, Lie{Is: "r of 30 bytes", Sign: withNonce(40393)},
				Lie{Is: "s of 31 bytes", Sign: searched(crypto.SHA256, func(p pair, _ *big.Int) bool { return p.S.BitLen() < 248 })},
			).Accepted,
		},
		{
			ID: "auth/signature/es256-long-numbers", Aliases: []string{"S-SIG-008"}, Level: must, Clause: form, Needs: needs,
			Says: "a signature for ES256 whose numbers both have their highest bit set, and take 33 bytes in DER, is accepted",
			Run: es256(Lie{Is: "r and s of 33 bytes", Sign: searched(crypto.SHA256, func(p pair, _ *big.Int) bool {
				return p.R.BitLen() == 256 && p.S.BitLen() == 256
			})}).Accepted,
		},
		{
			ID: "auth/signature/es256-upper-half", Aliases: []string{"S-SIG-009"}, Level: must, Clause: form, Needs: needs,
			Says: "signatures for ES256 are accepted whether s is in the lower or in the upper half",
			Run: es256(
				Lie{Is: "s in the upper half", Sign: searched(crypto.SHA256, func(p pair, n *big.Int) bool { return isUpper(p.S, n) })},
				Lie{Is: "s in the lower half", Sign: searched(crypto.SHA256, func(p pair, n *big.Int) bool { return !isUpper(p.S, n) })},
			).Accepted,
		},
		{
			ID: "auth/signature/es256-no-signature-at-all", Aliases: []string{"S-SIG-016"}, Level: must, Clause: auth("21", "signature"), Needs: needs,
			Says: "numbers that no ECDSA signature has, zero and the order of the curve, are refused",
			Run: es256(
				forged("r that is zero", func(p pair, _ *big.Int) pair { return pair{new(big.Int), p.S} }),
				forged("s that is zero", func(p pair, _ *big.Int) pair { return pair{p.R, new(big.Int)} }),
				forged("r and s that are zero", func(pair, *big.Int) pair { return pair{new(big.Int), new(big.Int)} }),
				forged("r that is the order", func(p pair, n *big.Int) pair { return pair{n, p.S} }),
				forged("s that is the order", func(p pair, n *big.Int) pair { return pair{p.R, n} }),
				forged("r and s that are the order", func(_ pair, n *big.Int) pair { return pair{n, n} }),
				forged("r and s that are one", func(pair, *big.Int) pair { return pair{big.NewInt(1), big.NewInt(1)} }),
			).Refused,
		},
	}
}

// ecdsaEncodings are about the form of an ECDSA signature. Other forms than DER hold the same numbers, which verify.
func ecdsaEncodings() []Case {
	form, der := l3("6.5.5", "signature-format"), l3("6.5.5", "signature-der")
	needs := []conformance.Capability{Offers(cose.ES256)}
	return []Case{
		{
			ID: "auth/signature/es256-raw", Aliases: []string{"S-SIG-006"}, Level: must, Clause: form, Needs: needs,
			Says: "a signature for ES256 as the two numbers, one behind the other, is refused",
			Run:  es256(Lie{Is: "a signature of r and s, 64 bytes, without DER", Device: virtualauth.Misbehaviour{RawSignature: true}}).Refused,
		},
		{
			ID: "auth/signature/der-leading-zero", Aliases: []string{"S-SIG-010"}, Level: should, Clause: der, Needs: needs,
			Says: "a signature whose r has a leading zero too many is refused",
			Run: es256(encoded("r with a leading zero too many", func(r, s []byte) []byte {
				return sequence(integer(append([]byte{0}, r...)), integer(s))
			})).Refused,
		},
		{
			ID: "auth/signature/der-negative", Aliases: []string{"S-SIG-011"}, Level: should, Clause: der, Needs: needs,
			Says: "a signature whose r lacks the leading zero, and is negative in DER, is refused",
			Run: es256(encoded("r that is negative", func(r, s []byte) []byte {
				return sequence(integer(r[1:]), integer(s)) // encoded has one with a leading zero
			})).Refused,
		},
		{
			ID: "auth/signature/der-long-length", Aliases: []string{"S-SIG-012"}, Level: should, Clause: der, Needs: needs,
			Says: "a signature whose length takes one byte more than it has to is refused",
			Run: es256(encoded("a length in the long form", func(r, s []byte) []byte {
				body := slices.Concat(integer(r), integer(s))
				return slices.Concat([]byte{0x30, 0x81, byte(len(body))}, body)
			})).Refused,
		},
		{
			ID: "auth/signature/der-indefinite-length", Aliases: []string{"S-SIG-013"}, Level: should, Clause: der, Needs: needs,
			Says: "a signature of indefinite length is refused",
			Run: es256(encoded("an indefinite length", func(r, s []byte) []byte {
				return slices.Concat([]byte{0x30, 0x80}, integer(r), integer(s), []byte{0, 0})
			})).Refused,
		},
		{
			ID: "auth/signature/der-trailing-byte", Aliases: []string{"S-SIG-014"}, Level: should, Clause: der, Needs: needs,
			Says: "a signature with a byte behind it is refused",
			Run:  es256(Lie{Is: "a byte behind the signature", Device: virtualauth.Misbehaviour{TrailSignature: true}}).Refused,
		},
		{
			ID: "auth/signature/der-third-number", Aliases: []string{"S-SIG-015"}, Level: should, Clause: der, Needs: needs,
			Says: "a signature with a third number in it is refused",
			Run: es256(encoded("a third number", func(r, s []byte) []byte {
				return sequence(integer(r), integer(s), integer([]byte{1}))
			})).Refused,
		},
	}
}

// otherCurves are about ECDSA over other curves than P-256.
func otherCurves() []Case {
	form := l3("6.5.5", "signature-format")
	longer := func(is string, fits func(bits int) bool) Lie {
		return Lie{Is: is, Sign: searched(crypto.SHA512, func(p pair, _ *big.Int) bool { return fits(p.R.BitLen()) })}
	}
	return []Case{
		{
			ID: "auth/signature/es384", Aliases: []string{"S-SIG-018"}, Level: optional, Clause: form, Needs: []conformance.Capability{Offers(cose.ES384)},
			Says: "a signature for ES384 in DER is accepted where ES384 is offered",
			Run:  Authentication{Model: only(cose.ES384), Lie: Lie{Is: "ES384"}}.Accepted,
		},
		{
			ID: "auth/signature/es512", Aliases: []string{"S-SIG-018"}, Level: optional, Clause: form, Needs: []conformance.Capability{Offers(cose.ES512)},
			Says: "a signature for ES512 in DER is accepted where ES512 is offered",
			Run:  Authentication{Model: only(cose.ES512), Lie: Lie{Is: "ES512"}}.Accepted,
		},
		{
			ID: "auth/signature/es512-lengths", Aliases: []string{"S-SIG-019"}, Level: optional, Clause: form, Needs: []conformance.Capability{Offers(cose.ES512)},
			Says: "signatures for ES512 are accepted whether r takes 66 bytes, 65 with a zero before them, or 65",
			Run: Authentication{Model: only(cose.ES512), Lies: []Lie{
				longer("r of 66 bytes", func(bits int) bool { return bits == 521 }),
				longer("r of 65 bytes with a zero before them", func(bits int) bool { return bits == 520 }),
				longer("r of 65 bytes", func(bits int) bool { return bits < 520 }),
			}}.Accepted,
		},
	}
}

// pair is an ECDSA signature.
type pair struct{ R, S *big.Int }

func isUpper(s, n *big.Int) bool { return new(big.Int).Lsh(s, 1).Cmp(n) > 0 }

// errNotECDSA says that a case for ECDSA was run with another key.
var errNotECDSA = errors.New("rpcases: the key is not one for ECDSA")

// signWith signs a digest under a nonce, which gives the private key away to everybody who knows it; it may fail for a nonce.
func signWith(key *ecdsa.PrivateKey, digest []byte, nonce *big.Int) (pair, error) {
	n := key.Curve.Params().N
	size := (n.BitLen() + 7) / 8
	point, err := ecdsa.ParseRawPrivateKey(key.Curve, nonce.FillBytes(make([]byte, size)))
	if err != nil {
		return pair{}, err
	}
	encoded, err := point.PublicKey.Bytes()
	if err != nil {
		return pair{}, err
	}
	secret, err := key.Bytes()
	if err != nil {
		return pair{}, err
	}
	z := new(big.Int).SetBytes(digest[:min(len(digest), size)])
	r := new(big.Int).Mod(new(big.Int).SetBytes(encoded[1:1+(len(encoded)-1)/2]), n)
	s := new(big.Int).Mul(r, new(big.Int).SetBytes(secret))
	s.Add(s, z).Mul(s, new(big.Int).ModInverse(nonce, n)).Mod(s, n)
	return pair{r, s}, nil
}

// withNonce signs for ES256 under one nonce.
func withNonce(nonce int64) Sign {
	return func(message []byte, key crypto.Signer) ([]byte, error) {
		return oneOf(crypto.SHA256, message, key, []*big.Int{big.NewInt(nonce)}, nil)
	}
}

// searched signs under nonce after nonce until the signature, or its twin with n − s, is as wanted: one try in a few hundred at
// worst. The nonces follow from the message.
func searched(hash crypto.Hash, wanted func(p pair, n *big.Int) bool) Sign {
	return func(message []byte, key crypto.Signer) ([]byte, error) {
		h := crypto.SHA256.New()
		h.Write(message)
		from := new(big.Int).SetBytes(h.Sum(nil)[1:])
		nonces := make([]*big.Int, 1<<14)
		for i := range nonces {
			nonces[i] = new(big.Int).Add(from, big.NewInt(int64(i)))
		}
		return oneOf(hash, message, key, nonces, wanted)
	}
}

func oneOf(hash crypto.Hash, message []byte, key crypto.Signer, nonces []*big.Int, wanted func(p pair, n *big.Int) bool) ([]byte, error) {
	private, ok := key.(*ecdsa.PrivateKey)
	if !ok {
		return nil, errNotECDSA
	}
	h := hash.New()
	h.Write(message)
	digest, n := h.Sum(nil), private.Curve.Params().N
	for _, nonce := range nonces {
		p, err := signWith(private, digest, nonce)
		if err != nil {
			return nil, err
		}
		for _, twin := range []pair{p, {p.R, new(big.Int).Sub(n, p.S)}} {
			if wanted == nil || wanted(twin, n) {
				return asn1.Marshal(twin)
			}
		}
	}
	return nil, errors.New("rpcases: no nonce gives a signature of the wanted kind")
}

// forged changes the numbers of an honest signature for ES256.
func forged(is string, forge func(honest pair, n *big.Int) pair) Lie {
	return Lie{Is: is, Sign: func(message []byte, key crypto.Signer) ([]byte, error) {
		private, ok := key.(*ecdsa.PrivateKey)
		if !ok {
			return nil, errNotECDSA
		}
		signature, err := signHonestly(message, key)
		if err != nil {
			return nil, err
		}
		var honest pair
		if _, err := asn1.Unmarshal(signature, &honest); err != nil {
			return nil, err
		}
		return asn1.Marshal(forge(honest, private.Curve.Params().N))
	}}
}

// encoded writes an honest signature for ES256 in another form. It is given the contents of the two integers in DER; r has a
// leading zero.
func encoded(is string, encode func(r, s []byte) []byte) Lie {
	sign := searched(crypto.SHA256, func(p pair, _ *big.Int) bool { return p.R.BitLen() == 256 })
	return Lie{Is: is, Sign: func(message []byte, key crypto.Signer) ([]byte, error) {
		signature, err := sign(message, key)
		if err != nil {
			return nil, err
		}
		var honest struct{ R, S asn1.RawValue }
		if _, err := asn1.Unmarshal(signature, &honest); err != nil {
			return nil, err
		}
		return encode(honest.R.Bytes, honest.S.Bytes), nil
	}}
}

// integer and sequence are DER of less than 128 bytes.
func integer(content []byte) []byte { return append([]byte{0x02, byte(len(content))}, content...) }

func sequence(elements ...[]byte) []byte {
	body := slices.Concat(elements...)
	return append([]byte{0x30, byte(len(body))}, body...)
}
