package rpcases

import (
	"fmt"

	"github.com/passkeylab/passkeylab/harness/conformance"
	"github.com/passkeylab/passkeylab/virtualauth/cose"
)

// Labels of a COSE_Key (RFC 9052 §7.1, RFC 9053 §7, RFC 8230 §4). What -1 to -3 mean depends on the key type.
var (
	labelKeyType   = cborInt(1)
	labelAlgorithm = cborInt(3)
	labelCurve     = cborInt(-1)
	labelX         = cborInt(-2)
	labelY         = cborInt(-3)
	labelModulus   = cborInt(-1)
	labelExponent  = cborInt(-2)
)

// keyLie is a lie about members of the credential public key, under a statement of format none.
func keyLie(is string, edit func([]cborPair) []cborPair) Lie {
	return Lie{Is: is, Message: editKey(edit)}
}

// keyWith and keyWithout are lies about one member.
func keyWith(is string, label, value []byte) Lie {
	return keyLie(is, func(k []cborPair) []cborPair { return withPair(k, label, value) })
}

func keyWithout(is string, label []byte) Lie {
	return keyLie(is, func(k []cborPair) []cborPair { return withoutPair(k, label) })
}

// replacedKey is a lie that puts a whole key in the place of the credential's.
func replacedKey(is string, pairs ...cborPair) Lie {
	return keyLie(is, func([]cborPair) []cborPair { return pairs })
}

// keyOf are registrations by an authenticator with one algorithm, with lies about the key.
func keyOf(algorithm cose.Algorithm, lies ...Lie) Registration {
	return Registration{Model: only(algorithm), Lies: lies}
}

func needs(algorithms ...cose.Algorithm) []conformance.Capability {
	var all []conformance.Capability
	for _, a := range algorithms {
		all = append(all, Offers(a))
	}
	return all
}

// registrationKeyPair is about which key goes with which algorithm (WebAuthn L3 §5.8.5, §7.1 step 20).
func registrationKeyPair() []Case {
	pairing, offered := l3("5.8.5", "algorithm-curve"), reg("20", "algorithm")
	return []Case{
		{
			ID: "reg/key/algorithm-of-another-type", Aliases: []string{"S-KEY-019"}, Level: must, Clause: pairing, Needs: needs(cose.ES256, cose.RS256),
			Says: "an RSA key for ES256, and an elliptic one for RS256, is refused",
			Run: allOf(
				keyOf(cose.RS256, keyWith("an RSA key that says ES256", labelAlgorithm, cborInt(-7))).Refused,
				keyOf(cose.ES256, keyWith("an elliptic key that says RS256", labelAlgorithm, cborInt(-257))).Refused,
			),
		},
		{
			ID: "reg/key/x25519-for-eddsa", Aliases: []string{"S-KEY-020"}, Level: must, Clause: pairing, Needs: needs(cose.EdDSA),
			Says: "a key on X25519, which cannot sign, is refused for EdDSA",
			Run:  keyOf(cose.EdDSA, keyWith("the curve X25519 for EdDSA", labelCurve, cborInt(4))).Refused,
		},
		{
			ID: "reg/key/p384-for-es256", Aliases: []string{"S-KEY-021"}, Level: must, Clause: pairing, Needs: needs(cose.ES256),
			Says: "a key on P-384 is refused for ES256",
			Run:  keyOf(cose.ES256, pointLie("a key on P-384 for ES256", -7, 2, pointP384)).Refused,
		},
		{
			ID: "reg/key/curve-mislabelled", Aliases: []string{"S-KEY-022"}, Level: must, Clause: pairing, Needs: needs(cose.ES256),
			Says: "a key on P-256 that is labelled P-384 is refused",
			Run:  keyOf(cose.ES256, keyWith("P-256 labelled P-384", labelCurve, cborInt(2))).Refused,
		},
		{
			ID: "reg/key/smaller-curve", Aliases: []string{"S-KEY-023"}, Level: must, Clause: pairing,
			Says: "a key on P-256 for ES384, and one on P-384 for ES512, is refused",
			Run: keyOf(cose.ES256,
				pointLie("a key on P-256 for ES384", -35, 1, pointP256), pointLie("a key on P-384 for ES512", -36, 2, pointP384)).Refused,
		},
		{
			ID: "reg/key/ed448-for-eddsa", Aliases: []string{"S-KEY-024"}, Level: must, Clause: pairing, Needs: needs(cose.EdDSA),
			Says: "a key on Ed448 is refused for EdDSA",
			Run: keyOf(cose.EdDSA, replacedKey("an Ed448 key for EdDSA", cborPair{labelKeyType, cborInt(1)}, cborPair{labelAlgorithm, cborInt(-8)},
				cborPair{labelCurve, cborInt(7)}, cborPair{labelX, cborBytes(keyEd448)})).Refused,
		},
		{
			ID: "reg/key/unknown-algorithm", Aliases: []string{"S-KEY-058"}, Level: must, Clause: offered, Needs: needs(cose.ES256),
			Says: "a key for an algorithm that does not exist is refused",
			Run:  keyOf(cose.ES256, keyWith("the algorithm -999", labelAlgorithm, cborInt(-999))).Refused,
		},
		{
			ID: "reg/key/algorithm-out-of-range", Aliases: []string{"S-KEY-059"}, Level: must, Clause: offered, Needs: needs(cose.ES256),
			Says: "a key whose algorithm is 0, positive, or wider than 63 bits is refused",
			Run: keyOf(cose.ES256,
				keyWith("the algorithm 0", labelAlgorithm, cborInt(0)),
				keyWith("the algorithm 7", labelAlgorithm, cborInt(7)),
				keyWith("the algorithm 2^63", labelAlgorithm, cborHead(majorUnsigned, 1<<63)),
				keyWith("the algorithm -2^32-7, which is ES256 in 32 bits", labelAlgorithm, cborInt(-(1<<32)-7)),
				keyWith("the algorithm -2^64", labelAlgorithm, cborHead(majorNegative, 1<<64-1)),
			).Swept,
		},
		{
			ID: "reg/key/symmetric", Aliases: []string{"S-KEY-060"}, Level: must, Clause: offered, Needs: needs(cose.ES256),
			Says: "a symmetric key for HMAC is refused",
			Run: keyOf(cose.ES256, replacedKey("an HMAC key", cborPair{labelKeyType, cborInt(4)}, cborPair{labelAlgorithm, cborInt(5)},
				cborPair{cborInt(-1), cborBytes(make([]byte, 32))})).Refused,
		},
	}
}

// registrationAlgorithms is about each algorithm that the options offer: what is offered is understood, in self attestation
// and at sign-in.
func registrationAlgorithms() []Case {
	var cases []Case
	for _, a := range []struct {
		id, alias string
		algorithm cose.Algorithm
	}{
		{"reg/key/offers-es256k", "S-KEY-001", cose.ES256K},
		{"reg/key/offers-ps256", "S-KEY-002", cose.PS256},
		{"reg/key/offers-ps384", "S-KEY-003", cose.PS384},
		{"reg/key/offers-ps512", "S-KEY-004", cose.PS512},
		{"reg/key/offers-rs256", "S-KEY-005", cose.RS256},
		{"reg/key/offers-rs384", "S-KEY-006", cose.RS384},
		{"reg/key/offers-rs512", "S-KEY-007", cose.RS512},
		{"reg/key/offers-es256", "S-KEY-009", cose.ES256},
		{"reg/key/offers-es384", "S-KEY-010", cose.ES384},
		{"reg/key/offers-es512", "S-KEY-011", cose.ES512},
		{"reg/key/offers-eddsa", "S-KEY-012", cose.EdDSA},
		{"reg/key/offers-esp256", "S-KEY-014", cose.ESP256},
		{"reg/key/offers-esp384", "S-KEY-014", cose.ESP384},
		{"reg/key/offers-esp512", "S-KEY-014", cose.ESP512},
		{"reg/key/offers-ed25519", "S-KEY-015", cose.Ed25519},
		{"reg/key/offers-ed448", "S-KEY-016", cose.Ed448},
		{"reg/key/offers-ml-dsa-44", "S-KEY-017", cose.MLDSA44},
		{"reg/key/offers-ml-dsa-65", "S-KEY-017", cose.MLDSA65},
		{"reg/key/offers-ml-dsa-87", "S-KEY-017", cose.MLDSA87},
	} {
		cases = append(cases, Case{
			ID: a.id, Aliases: []string{a.alias}, Level: optional, Clause: reg("20", "algorithm"), Needs: needs(a.algorithm),
			Says: fmt.Sprintf("a key for %v, which the options offer, attests to itself and signs in", a.algorithm),
			Run: selfAttesting(Registration{
				Ask: Ask{Attestation: "direct"}, Model: models(attestingItself, only(a.algorithm)), Lie: Lie{Is: fmt.Sprintf("a key for %v", a.algorithm)},
			}.Accepted),
			Fix: "Offer only algorithms that you verify: an account whose passkey cannot sign in is locked out.",
		})
	}
	return append(cases, Case{
		ID: "reg/key/offers-rs1", Aliases: []string{"S-KEY-008"}, Level: interop, Clause: l3("5.8.5", "sha-1"), Needs: needs(cose.RS1),
		Says: "a key for RS1, which the options offer, attests to itself and signs in",
		Run:  selfAttesting(registersRS1),
		Fix:  "Do not offer RS1 (-65535): SHA-1 is broken.",
	})
}
