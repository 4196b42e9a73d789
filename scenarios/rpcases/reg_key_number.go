package rpcases

import (
	"bytes"
	"encoding/hex"
	"math/big"
	"slices"

	"github.com/passkeylab/passkeylab/virtualauth/cose"
)

// registrationKeyNumbers is about the numbers in a key: whether they make one that is safe to verify with (RFC 9053 §7, RFC
// 8017, RFC 8032).
func registrationKeyNumbers() []Case {
	point, coordinate, edwards := l3("5.8.5", "point-on-curve"), rfc(9053, "7.1.1", "coordinate-length"), rfc(8032, "5.1.3", "point-order")
	return []Case{
		{
			ID: "reg/key/short-coordinate", Aliases: []string{"S-KEY-032"}, Level: should, Clause: coordinate, Needs: needs(cose.ES256),
			Says: "an x of 31 bytes is refused, even where only a leading zero is missing",
			Run:  keyOf(cose.ES256, shortPoint).Refused,
		},
		{
			ID: "reg/key/long-coordinate", Aliases: []string{"S-KEY-033"}, Level: should, Clause: coordinate, Needs: needs(cose.ES256),
			Says: "an x of 33 bytes with a leading zero is refused",
			Run: keyOf(cose.ES256, keyLie("an x of 33 bytes", func(k []cborPair) []cborPair {
				x := pairValue(k, labelX)[2:] // behind a head of two bytes
				return withPair(k, labelX, cborBytes(slices.Concat([]byte{0}, x)))
			})).Refused,
		},
		{
			ID: "reg/key/empty-coordinates", Aliases: []string{"S-KEY-034"}, Level: must, Clause: coordinate, Needs: needs(cose.ES256),
			Says: "empty coordinates are refused",
			Run:  keyOf(cose.ES256, pointLie("empty x and y", -7, 1, [2][]byte{{}, {}})).Refused,
		},
		{
			ID: "reg/key/off-the-curve", Aliases: []string{"S-KEY-035"}, Level: should, Clause: point, Needs: needs(cose.ES256),
			Says: "a point that is not on the curve is refused",
			Run:  keyOf(cose.ES256, pointLie("a point off the curve", -7, 1, [2][]byte{bytes.Repeat([]byte{1}, 32), bytes.Repeat([]byte{2}, 32)})).Refused,
		},
		{
			ID: "reg/key/point-zero", Aliases: []string{"S-KEY-036"}, Level: should, Clause: point, Needs: needs(cose.ES256),
			Says: "the point (0, 0) is refused",
			Run:  keyOf(cose.ES256, pointLie("the point (0, 0)", -7, 1, [2][]byte{make([]byte, 32), make([]byte, 32)})).Refused,
		},
		{
			ID: "reg/key/coordinate-beyond-field", Aliases: []string{"S-KEY-037"}, Level: should, Clause: point, Needs: needs(cose.ES256),
			Says: "a coordinate that is not less than the prime of the field is refused",
			Run:  keyOf(cose.ES256, pointLie("an x that is p + 5", -7, 1, pointBeyondField)).Refused,
		},
		{
			ID: "reg/key/small-order", Aliases: []string{"S-KEY-038"}, Level: should, Clause: edwards, Needs: needs(cose.EdDSA),
			Says: "an Ed25519 key of small order is refused",
			Run: keyOf(cose.EdDSA, keyWith("the neutral point", labelX, cborBytes(edwardsNeutral)),
				keyWith("a point of order 8", labelX, cborBytes(edwardsOrder8))).Refused,
			Fix: "Refuse the eight points of small order: with them anybody can make signatures that some verifiers take.",
		},
	}
}

// registrationRSA is about the numbers of RSA keys (RFC 8017 §3.1, RFC 8230 §4).
func registrationRSA() []Case {
	exponent, modulus := rfc(8017, "3.1", "rsa-exponent"), rfc(8230, "4", "rsa-modulus")
	return []Case{
		{
			ID: "reg/key/rsa-short", Aliases: []string{"S-KEY-049"}, Level: policy, Clause: modulus, Needs: needs(cose.RS256),
			Says: "RSA keys of 512 and 1024 bits are decided on",
			Run:  keyOf(cose.RS256, modulusLie("an RSA key of 512 bits", odd(512)), modulusLie("an RSA key of 1024 bits", odd(1024))).Judged,
		},
		{
			ID: "reg/key/rsa-huge", Aliases: []string{"S-KEY-050"}, Level: robust, Clause: modulus, Needs: needs(cose.RS256),
			Says: "an RSA key of 16384 bits is decided on without breaking",
			Run:  keyOf(cose.RS256, modulusLie("an RSA key of 16384 bits", odd(16384))).Judged,
		},
		{
			ID: "reg/key/rsa-exponent", Aliases: []string{"S-KEY-051"}, Level: should, Clause: exponent, Needs: needs(cose.RS256),
			Says: "an RSA key whose exponent is 1, even, or 2^40+15 is refused",
			Run: keyOf(cose.RS256,
				exponentLie("the exponent 1", 1), exponentLie("the exponent 2", 2), exponentLie("the exponent 65536", 65536), exponentLie("the exponent 2^40+15", 1<<40+15),
			).Swept,
			Fix: "With the exponent 1 every padded hash is its own signature: demand odd exponents from 3 to 2^31-1.",
		},
		{
			ID: "reg/key/rsa-odd-modulus", Aliases: []string{"S-KEY-052"}, Level: policy, Clause: modulus, Needs: needs(cose.RS256),
			Says: "an RSA modulus that is prime, even, or written with a leading zero is decided on",
			Run: keyOf(cose.RS256,
				keyLie("a modulus with a leading zero", func(k []cborPair) []cborPair {
					n := pairValue(k, labelModulus)[3:] // behind a head of three bytes
					return withPair(k, labelModulus, cborBytes(slices.Concat([]byte{0}, n)))
				}),
				modulusLie("an even modulus", slices.Concat(odd(2048)[:255], []byte{0xfe})),
				modulusLie("a prime modulus", primeModulus()),
			).Judged,
		},
		{
			ID: "reg/key/rsa-incomplete", Aliases: []string{"S-KEY-053"}, Level: must, Clause: modulus, Needs: needs(cose.RS256),
			Says: "an RSA key without modulus or exponent, or with an empty one, is refused",
			Run: keyOf(cose.RS256,
				keyWithout("no modulus", labelModulus), modulusLie("an empty modulus", nil),
				keyWithout("no exponent", labelExponent), keyWith("an empty exponent", labelExponent, cborBytes(nil)),
			).Swept,
		},
	}
}

func modulusLie(is string, n []byte) Lie { return keyWith(is, labelModulus, cborBytes(n)) }

func exponentLie(is string, e int64) Lie {
	return keyWith(is, labelExponent, cborBytes(big.NewInt(e).Bytes()))
}

// pointLie puts a point of some curve in the place of the key.
func pointLie(is string, algorithm, curve int64, point [2][]byte) Lie {
	return replacedKey(is, cborPair{labelKeyType, cborInt(2)}, cborPair{labelAlgorithm, cborInt(algorithm)}, cborPair{labelCurve, cborInt(curve)},
		cborPair{labelX, cborBytes(point[0])}, cborPair{labelY, cborBytes(point[1])})
}

// Points and keys, the big endian. The first two are the generators of their curves (SP 800-186 §3.2.1).
var (
	pointP256 = [2][]byte{
		unhex("6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296"),
		unhex("4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5"),
	}
	pointP384 = [2][]byte{
		unhex("aa87ca22be8b05378eb1c71ef320ad746e1d3b628ba79b9859f741e082542a385502f25dbf55296c3a545e3872760ab7"),
		unhex("3617de4a96262c6f5d9e98bf9292dc29f8f41dbd289a147ce9da3113b5f0b8c00a60b1ce1d7e819d7a431d7c90ea0e5f"),
	}
	keyEd448 = bytes.Repeat([]byte{0x22}, 57)

	// Points of small order on edwards25519, little endian (RFC 8032 §5.1.2).
	edwardsNeutral = unhex("0100000000000000000000000000000000000000000000000000000000000000")
	edwardsOrder8  = unhex("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05")
)

// unhex decodes constants.
func unhex(s string) []byte {
	b, err := hex.DecodeString(s)
	if err != nil {
		panic(err)
	}
	return b
}

// odd is a number of that many bits that is a product of nothing in particular.
func odd(bits int) []byte {
	n := bytes.Repeat([]byte{0xc5}, bits/8)
	n[len(n)-1] |= 1
	return n
}

// smallPoint is the point of P-256 with the least x that there is, 5.
var smallPoint = [2][]byte{
	slices.Concat(make([]byte, 31), []byte{5}),
	unhex("459243b9aa581806fe913bce99817ade11ca503c64d9a3c533415c083248fbcc"),
}

// shortPoint writes it without one of its leading zeros.
var shortPoint = pointLie("an x of 31 bytes", -7, 1, [2][]byte{smallPoint[0][1:], smallPoint[1]})

// pointBeyondField writes it with x + p in the place of x, which is the same to whoever reduces.
var pointBeyondField = [2][]byte{unhex("ffffffff00000001000000000000000000000001000000000000000000000004"), smallPoint[1]}

// primeModulus is the Mersenne prime 2^2203 - 1.
func primeModulus() []byte {
	one := big.NewInt(1)
	return new(big.Int).Sub(new(big.Int).Lsh(one, 2203), one).Bytes()
}
