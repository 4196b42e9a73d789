package rpcases

import (
	"crypto"
	"crypto/ed25519"
	"crypto/sha512"
	"errors"
	"math/big"
	"slices"

	"github.com/passkeylab/passkeylab/harness/conformance"
	"github.com/passkeylab/passkeylab/virtualauth"
	"github.com/passkeylab/passkeylab/virtualauth/cose"
)

// edwardsSignatures are about EdDSA with Ed25519.
func edwardsSignatures() []Case {
	form := l3("6.5.5", "signature-format")
	needs := []conformance.Capability{Offers(cose.EdDSA)}
	ed25519Only := func(lies ...Lie) Authentication { return Authentication{Model: only(cose.EdDSA), Lies: lies} }
	return []Case{
		{
			ID: "auth/signature/ed25519-malleable", Aliases: []string{"S-SIG-025"}, Level: should, Clause: form, Needs: needs,
			Says: "a signature for Ed25519 to whose S the order of the group was added is refused",
			Run:  ed25519Only(Lie{Is: "an S beyond the order", Sign: beyondOrder}).Refused,
		},
		{
			ID: "auth/signature/ed25519-length", Aliases: []string{"S-SIG-026"}, Level: must, Clause: form, Needs: needs,
			Says: "a signature for Ed25519 of 63 or of 65 bytes is refused",
			Run: ed25519Only(
				Lie{Is: "a signature of 63 bytes", Device: virtualauth.Misbehaviour{TruncateSignature: true}},
				Lie{Is: "a signature of 65 bytes", Device: virtualauth.Misbehaviour{TrailSignature: true}},
			).Refused,
		},
		{
			ID: "auth/signature/ed25519-variants", Aliases: []string{"S-SIG-027"}, Level: must, Clause: l3("5.8.5", "algorithm-hash"), Needs: needs,
			Says: "signatures of Ed25519ph, and of Ed25519ctx, are refused where Ed25519 is meant",
			Run: ed25519Only(
				Lie{Is: "a signature of Ed25519ph", Sign: signEd25519ph},
				Lie{Is: "a signature of Ed25519ctx", Sign: func(message []byte, key crypto.Signer) ([]byte, error) {
					return key.Sign(nil, message, &ed25519.Options{Context: "webauthn"})
				}},
			).Refused,
		},
		{
			ID: "auth/signature/ed25519-point-not-canonical", Aliases: []string{"S-SIG-028"}, Level: policy, Clause: form, Needs: needs,
			Says: "a signature for Ed25519 whose R is a point written in another than the canonical way is decided on",
			Run:  ed25519Only(Lie{Is: "the neutral point, written beyond the prime, for R", Sign: neutral(neutralBeyond())}).Observed,
		},
	}
}

var errNotEdwards = errors.New("rpcases: the key is not one for Ed25519")

func isEdwards(key crypto.Signer) bool {
	_, is := key.(ed25519.PrivateKey)
	return is
}

// edwardsOrder is that of the group of Ed25519 (RFC 8032 §5.1).
func edwardsOrder() *big.Int {
	order, _ := new(big.Int).SetString("1000000000000000000000000000000014def9dea2f79cd65812631a5cf5d3ed", 16)
	return order
}

// littleEndian reads a number, or writes one in 32 bytes: the same turn both ways.
func littleEndian(number []byte) []byte {
	turned := slices.Clone(number)
	slices.Reverse(turned)
	return turned
}

// beyondOrder adds the order to S: it verifies for whoever does not compare (RFC 8032 §5.1.7).
func beyondOrder(message []byte, key crypto.Signer) ([]byte, error) {
	if !isEdwards(key) {
		return nil, errNotEdwards
	}
	signature, err := signHonestly(message, key)
	if err != nil {
		return nil, err
	}
	s := new(big.Int).SetBytes(littleEndian(signature[32:]))
	s.Add(s, edwardsOrder())
	return append(signature[:32], littleEndian(s.FillBytes(make([]byte, 32)))...), nil
}

func signEd25519ph(message []byte, key crypto.Signer) ([]byte, error) {
	digest := sha512.Sum512(message)
	return key.Sign(nil, digest[:], crypto.SHA512)
}

// neutralBeyond is the neutral point, whose y is one, written as one more than the prime (RFC 8032 §5.1.3).
func neutralBeyond() []byte {
	return slices.Concat([]byte{0xee}, slices.Repeat([]byte{0xff}, 30), []byte{0x7f})
}

// neutral signs with the nonce zero: R is the neutral point, written as r. Where that is not the canonical way, it verifies for
// whoever decodes R and does not compare its bytes.
func neutral(r []byte) Sign {
	return func(message []byte, key crypto.Signer) ([]byte, error) {
		private, ok := key.(ed25519.PrivateKey)
		if !ok {
			return nil, errNotEdwards
		}
		secret := sha512.Sum512(private.Seed())
		secret[0] &= 248
		secret[31] = secret[31]&127 | 64
		k := sha512.Sum512(slices.Concat(r, private.Public().(ed25519.PublicKey), message))
		s := new(big.Int).Mul(new(big.Int).SetBytes(littleEndian(k[:])), new(big.Int).SetBytes(littleEndian(secret[:32])))
		s.Mod(s, edwardsOrder())
		return slices.Concat(r, littleEndian(s.FillBytes(make([]byte, 32)))), nil
	}
}
