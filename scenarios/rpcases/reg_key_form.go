package rpcases

import (
	"bytes"
	"context"
	"slices"

	"github.com/passkeylab/passkeylab/virtualauth/cose"
)

// registrationKeyForm is about the form of credential public keys (WebAuthn L3 §6.5.1, RFC 9052 §7): which members they have,
// and how these are written.
func registrationKeyForm() []Case {
	form := l3("6.5.1", "credential-public-key")
	return []Case{
		{
			ID: "reg/key/no-algorithm", Aliases: []string{"S-KEY-025"}, Level: must, Clause: form, Needs: needs(cose.ES256),
			Says: "a key without alg is refused",
			Run:  keyOf(cose.ES256, keyWithout("no alg", labelAlgorithm)).Refused,
		},
		{
			ID: "reg/key/algorithm-by-name", Aliases: []string{"S-KEY-026"}, Level: must, Clause: form, Needs: needs(cose.ES256),
			Says: "a key whose alg is a text is refused",
			Run:  keyOf(cose.ES256, keyWith(`alg "ES256"`, labelAlgorithm, cborText("ES256"))).Refused,
		},
		{
			ID: "reg/key/no-type", Aliases: []string{"S-KEY-027"}, Level: must, Clause: form, Needs: needs(cose.ES256),
			Says: "a key without kty is refused",
			Run:  keyOf(cose.ES256, keyWithout("no kty", labelKeyType)).Refused,
		},
		{
			ID: "reg/key/wrong-type", Aliases: []string{"S-KEY-028"}, Level: must, Clause: form, Needs: needs(cose.ES256),
			Says: "an elliptic key that says to be an octet key pair is refused",
			Run:  keyOf(cose.ES256, keyWith("kty 1 with the members of kty 2", labelKeyType, cborInt(1))).Refused,
		},
		{
			ID: "reg/key/no-curve", Aliases: []string{"S-KEY-029"}, Level: must, Clause: form, Needs: needs(cose.ES256),
			Says: "a key without crv, or on a curve that does not exist, is refused",
			Run:  keyOf(cose.ES256, keyWithout("no crv", labelCurve), keyWith("crv 99", labelCurve, cborInt(99))).Refused,
		},
		{
			ID: "reg/key/no-coordinate", Aliases: []string{"S-KEY-030"}, Level: must, Clause: form, Needs: needs(cose.ES256),
			Says: "a key without x, or without y, is refused",
			Run:  keyOf(cose.ES256, keyWithout("no x", labelX), keyWithout("no y", labelY)).Refused,
		},
		{
			ID: "reg/key/compressed", Aliases: []string{"S-KEY-031"}, Level: must, Clause: l3("5.8.5", "uncompressed"), Needs: needs(cose.ES256),
			Says: "a compressed point is refused",
			Run:  keyOf(cose.ES256, keyWith("a y that is true", labelY, []byte{0xf5}), keyWith("a y that is false", labelY, []byte{0xf4})).Refused,
		},
		{
			ID: "reg/key/optional-members", Aliases: []string{"S-KEY-041"}, Level: should, Clause: form, Needs: needs(cose.ES256),
			Says: "a key with kid, key_ops or Base IV is refused",
			Run: keyOf(cose.ES256,
				keyWith("a kid", cborInt(2), cborBytes([]byte("1"))),
				keyWith("key_ops", cborInt(4), []byte{0x81, 0x02}),
				keyWith("a Base IV", cborInt(5), cborBytes(make([]byte, 8))),
			).Refused,
		},
		{
			ID: "reg/key/private", Aliases: []string{"S-KEY-040"}, Level: should, Clause: form, Needs: needs(cose.ES256),
			Says: "a key with its private half is refused",
			Run:  keyOf(cose.ES256, keyWith("a private d", cborInt(-4), cborBytes(bytes.Repeat([]byte{7}, 32)))).Refused,
		},
		{
			ID: "reg/key/no-map", Aliases: []string{"S-KEY-046"}, Level: must, Clause: form, Needs: needs(cose.ES256),
			Says: "a key that is an array, or a map with nothing in it, is refused",
			Run: keyOf(cose.ES256,
				Lie{Is: "a key that is an array", Message: rawKey(func([]byte) []byte { return []byte{0x82, 0x02, 0x26} })},
				Lie{Is: "an empty key", Message: rawKey(func([]byte) []byte { return []byte{0xa0} })},
			).Refused,
		},
		{
			ID: "reg/key/followed", Aliases: []string{"S-KEY-048"}, Level: must, Clause: l3("6.1", "authenticator-data"), Needs: needs(cose.ES256),
			Says: "a second item behind the key, without extension data, is refused",
			Run:  keyOf(cose.ES256, Lie{Is: "a number behind the key", Message: rawKey(appending(cborInt(0)))}).Refused,
		},
	}
}

// registrationKeyEncoding is about how a key is written (WebAuthn L3 §6.5.1: CTAP2 canonical CBOR).
func registrationKeyEncoding() []Case {
	canonical := l3("6.5.1", "canonical-key")
	return []Case{
		{
			ID: "reg/key/unsorted", Aliases: []string{"S-KEY-042"}, Level: policy, Clause: canonical, Needs: needs(cose.ES256),
			Says: "a key whose labels are in another order is decided on",
			Run: keyOf(cose.ES256, keyLie("the labels in reverse order", func(k []cborPair) []cborPair {
				slices.Reverse(k)
				return k
			})).Observed,
		},
		{
			ID: "reg/key/label-twice", Aliases: []string{"S-KEY-043"}, Level: should, Clause: canonical, Needs: needs(cose.ES256),
			Says: "a key that says alg twice is refused",
			Run: keyOf(cose.ES256,
				keyLie("alg of ES256 and again", func(k []cborPair) []cborPair { return append(k, cborPair{labelAlgorithm, cborInt(-7)}) }),
				keyLie("alg of RS256 behind that of ES256", func(k []cborPair) []cborPair { return append(k, cborPair{labelAlgorithm, cborInt(-257)}) }),
			).Refused,
		},
		{
			ID: "reg/key/long-integers", Aliases: []string{"S-KEY-044"}, Level: policy, Clause: canonical, Needs: needs(cose.ES256),
			Says: "a key whose integers are longer than they need to be is decided on",
			Run: keyOf(cose.ES256,
				keyWith("a kty in two bytes", labelKeyType, []byte{0x18, 0x02}), keyWith("an alg in three bytes", labelAlgorithm, []byte{0x39, 0x00, 0x06}),
			).Observed,
		},
		{
			ID: "reg/key/indefinite", Aliases: []string{"S-KEY-045"}, Level: policy, Clause: canonical, Needs: needs(cose.ES256),
			Says: "a key with items of indefinite length is decided on",
			Run: keyOf(cose.ES256,
				Lie{Is: "a key of indefinite length", Message: rawKey(func(honest []byte) []byte { return endless(0xbf, honest[1:]) })},
				keyLie("an x of indefinite length", func(k []cborPair) []cborPair { return withPair(k, labelX, endless(0x5f, pairValue(k, labelX))) }),
			).Observed,
		},
		{
			ID: "reg/key/tagged", Aliases: []string{"S-KEY-047"}, Level: should, Clause: canonical, Needs: needs(cose.ES256),
			Says: "a key inside of a CBOR tag is refused",
			Run: keyOf(cose.ES256, Lie{Is: "a key tagged as CBOR", Message: rawKey(func(honest []byte) []byte {
				return slices.Concat(cborHead(majorTag, 55799), honest)
			})}).Refused,
		},
	}
}

// endless writes items of indefinite length (RFC 8949 §3.2).
func endless(begin byte, items []byte) []byte {
	return slices.Concat([]byte{begin}, items, []byte{0xff})
}

// allOf runs several one after the other.
func allOf(runs ...Run) Run {
	return func(ctx context.Context, b *Bench) error {
		for _, run := range runs {
			if err := run(ctx, b); err != nil {
				return err
			}
		}
		return nil
	}
}
