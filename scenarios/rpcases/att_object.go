package rpcases

import (
	"bytes"
	"fmt"
	"slices"

	"github.com/passkeylab/passkeylab/harness/client"
	"github.com/passkeylab/passkeylab/harness/conformance"
	"github.com/passkeylab/passkeylab/virtualauth"
	"github.com/passkeylab/passkeylab/virtualauth/attestation"
)

// attestationObject is about the attestation object (WebAuthn L3 §6.5.4): which members it has, and of which kinds.
func attestationObject() []Case {
	object, decoding := l3("6.5.4", "attestation-object"), reg("13", "attestation-object")
	return []Case{
		{
			ID: "att/object/no-map", Aliases: []string{"S-AOB-001"}, Level: must, Clause: object,
			Says: "an attestation object that is no map is refused",
			Run: Registration{Lies: otherKinds("an attestation object", kindMap, func(item []byte) Lie {
				return Lie{Message: rawObject(func([]byte) []byte { return item })}
			})}.Swept,
		},
		{
			ID: "att/object/no-format", Aliases: []string{"S-AOB-002"}, Level: must, Clause: object,
			Says: "an attestation object without fmt is refused",
			Run:  Registration{Lie: objectWithout("no fmt", keyFormat)}.Refused,
		},
		{
			ID: "att/object/format-of-another-kind", Aliases: []string{"S-AOB-003"}, Level: must, Clause: object,
			Says: "an attestation object whose fmt is no text is refused",
			Run:  Registration{Lies: otherKinds("fmt", kindText, objectWith(keyFormat))}.Swept,
		},
		{
			ID: "att/object/format-as-bytes", Aliases: []string{"S-AOB-011"}, Level: must, Clause: object,
			Says: "an attestation object whose fmt is none as a byte string is refused",
			Run:  Registration{Lie: objectLie("fmt as a byte string", keyFormat, cborBytes([]byte("none")))}.Refused,
		},
		{
			ID: "att/object/format-no-utf-8", Aliases: []string{"S-AOB-024"}, Level: must, Clause: rfc(8949, "3.1", "utf-8"),
			Says: "an attestation object whose fmt is no UTF-8 is refused",
			Run:  Registration{Lie: objectLie("fmt of broken UTF-8", keyFormat, cborText("none\xff"))}.Refused,
		},
		{
			ID: "att/object/no-statement", Aliases: []string{"S-AOB-004"}, Level: must, Clause: object,
			Says: "an attestation object without attStmt is refused",
			Run:  Registration{Lie: objectWithout("no attStmt", keyStatement)}.Refused,
		},
		{
			ID: "att/object/statement-no-map", Aliases: []string{"S-AOB-005"}, Level: must, Clause: object,
			Says: "an attestation object whose attStmt is no map is refused",
			Run:  Registration{Lies: otherKinds("attStmt", kindMap, objectWith(keyStatement))}.Swept,
		},
		{
			ID: "att/object/strange-values", Aliases: []string{"S-AOB-025"}, Level: must, Clause: object,
			Says: "simple values, floating-point and big numbers in the place of members are refused",
			Run:  Registration{Lies: strangeValues()}.Swept,
		},
		{
			ID: "att/object/cut", Aliases: []string{"S-AOB-013"}, Level: must, Clause: decoding,
			Says: "an attestation object that ends early is refused",
			Run:  Registration{Lies: cutObjects(32)}.Swept,
		},
		{
			ID: "att/object/followed", Aliases: []string{"S-AOB-012"}, Level: should, Clause: decoding,
			Says: "bytes behind the attestation object are refused",
			Run: Registration{Lies: []Lie{
				{Is: "a byte behind the attestation object", Client: client.Misbehaviour{TrailingByte: true}},
				{Is: "a second attestation object", Message: rawObject(func(honest []byte) []byte { return slices.Concat(honest, honest) })},
			}}.Refused,
		},
		{
			ID: "att/object/json", Aliases: []string{"S-AOB-027"}, Level: must, Clause: decoding,
			Says: "an attestation object in JSON is refused",
			Run: Registration{Lie: Lie{Is: "JSON in the place of CBOR", Message: rawObject(func([]byte) []byte {
				return []byte(`{"fmt":"none","attStmt":{},"authData":""}`)
			})}}.Refused,
		},
	}
}

// attestationFormat is about the name of the format (WebAuthn L3 §8.1, §7.1 step 21).
func attestationFormat() []Case {
	known, named := reg("21", "format"), l3("8.1", "format-identifier")
	unknown := attestation.Misbehaviour{Format: "passkeylab-unheard-of"}
	return []Case{
		{
			ID: "att/format/unknown-with-chain", Aliases: []string{"S-AOB-006"}, Level: must, Clause: known, Needs: []conformance.Capability{Attests},
			Says: "a statement with certificates whose format nobody has registered is refused",
			Run: chained(Registration{
				Ask: Ask{Attestation: "direct"}, Model: chainAttested, Lie: statementLie("an unknown format", unknown),
			}.Refused),
		},
		{
			ID: "att/format/unknown-self", Aliases: []string{"S-AOB-007"}, Level: must, Clause: known,
			Says: "a self attestation whose format nobody has registered is refused",
			Run: selfAttesting(Registration{
				Ask: Ask{Attestation: "direct"}, Model: attestingItself, Lie: statementLie("an unknown format", unknown),
			}.Refused),
		},
		{
			ID: "att/format/upper-case", Aliases: []string{"S-AOB-008"}, Level: must, Clause: known,
			Says: "a format in upper case is refused",
			Run: allOf(
				Registration{Lies: []Lie{
					objectLie("the format None", keyFormat, cborText("None")), objectLie("the format NONE", keyFormat, cborText("NONE")),
				}}.Refused,
				selfAttesting(Registration{
					Ask: Ask{Attestation: "direct"}, Model: attestingItself, Lie: statementLie("the format PACKED", attestation.Misbehaviour{Format: "PACKED"}),
				}.Refused),
			),
		},
		{
			ID: "att/format/empty", Aliases: []string{"S-AOB-009"}, Level: must, Clause: named,
			Says: "a format without a name is refused",
			Run:  Registration{Lie: objectLie("an empty fmt", keyFormat, cborText(""))}.Refused,
		},
		{
			ID: "att/format/long", Aliases: []string{"S-AOB-010"}, Level: should, Clause: named,
			Says: "a format whose name is longer than 32 bytes is refused",
			Run: Registration{Lies: []Lie{
				objectLie("a fmt of 33 bytes", keyFormat, cborText("none"+string(bytes.Repeat([]byte{'x'}, 29)))),
				objectLie("none and 29 spaces", keyFormat, cborText("none"+string(bytes.Repeat([]byte{' '}, 29)))),
			}}.Refused,
		},
	}
}

// attestationEncoding is about how an attestation object is written (RFC 8949 §3, §5.6; CTAP2 canonical CBOR).
func attestationEncoding() []Case {
	wellFormed, twice := rfc(8949, "3", "well-formed"), rfc(8949, "5.6", "duplicate-keys")
	return []Case{
		{
			ID: "att/encoding/unknown-member", Aliases: []string{"S-AOB-014"}, Level: policy, Clause: l3("6.5.4", "attestation-object"),
			Says: "an attestation object with a member more is decided on",
			Run:  Registration{Lie: objectLie("a member example", cborText("example"), []byte{0xf5})}.Observed,
		},
		{
			ID: "att/encoding/format-twice", Aliases: []string{"S-AOB-015"}, Level: should, Clause: twice,
			Says: "an attestation object that says fmt twice is refused",
			Run: Registration{Lies: []Lie{
				twiceIn("none and then packed", keyFormat, cborText("packed"), false), twiceIn("packed and then none", keyFormat, cborText("packed"), true),
			}}.Refused,
		},
		{
			ID: "att/encoding/data-twice", Aliases: []string{"S-AOB-016"}, Level: should, Clause: twice,
			Says: "an attestation object that says authData twice is refused",
			Run: Registration{Lies: []Lie{
				twiceIn("other authData behind the true one", keyAuthData, cborBytes(make([]byte, attestedAt)), false),
				twiceIn("other authData in front of the true one", keyAuthData, cborBytes(make([]byte, attestedAt)), true),
			}}.Refused,
		},
		{
			ID: "att/encoding/unsorted", Aliases: []string{"S-AOB-017"}, Level: policy, Clause: l3("6.5.4", "canonical-object"),
			Says: "an attestation object whose members are in another order is decided on",
			Run: Registration{Lie: Lie{Is: "the members in reverse order", Message: editObject(func(o []cborPair) []cborPair {
				slices.Reverse(o)
				return o
			})}}.Observed,
		},
		{
			ID: "att/encoding/indefinite", Aliases: []string{"S-AOB-018"}, Level: policy, Clause: l3("6.5.4", "canonical-object"),
			Says: "an attestation object of indefinite length is decided on",
			Run: Registration{Lie: Lie{Is: "an indefinite length", Message: rawObject(func(honest []byte) []byte {
				return endless(0xbf, honest[1:])
			})}}.Observed,
		},
		{
			ID: "att/encoding/tagged", Aliases: []string{"S-AOB-019"}, Level: policy, Clause: rfc(8949, "3.4.6", "self-described"),
			Says: "an attestation object that is tagged as CBOR is decided on",
			Run: Registration{Lie: Lie{Is: "the tag 55799", Message: rawObject(func(honest []byte) []byte {
				return slices.Concat(cborHead(majorTag, 55799), honest)
			})}}.Observed,
		},
		{
			ID: "att/encoding/reserved", Aliases: []string{"S-AOB-026"}, Level: must, Clause: wellFormed,
			Says: "an item that begins with a reserved value is refused",
			Run:  Registration{Lies: reservedHeads()}.Swept,
		},
	}
}

// attestationBombs is about attestation objects that promise more than they hold, or nest without end.
func attestationBombs() []Case {
	size := rfc(8949, "10", "decoder-limits")
	return []Case{
		{
			ID: "att/bomb/byte-string", Aliases: []string{"S-AOB-020"}, Level: robust, Clause: size,
			Says: "a byte string that claims a terabyte is refused",
			Run:  Registration{Lie: objectLie("authData that claims 2^40 bytes", keyAuthData, slices.Concat(cborHead(majorBytes, 1<<40), make([]byte, 64)))}.Refused,
		},
		{
			ID: "att/bomb/array", Aliases: []string{"S-AOB-021"}, Level: robust, Clause: size,
			Says: "an array that claims four thousand million elements is refused",
			Run:  Registration{Lie: objectLie("attStmt that claims 2^32 elements", keyStatement, cborHead(majorArray, 1<<32))}.Refused,
		},
		{
			ID: "att/bomb/nested", Aliases: []string{"S-AOB-022"}, Level: robust, Clause: size,
			Says: "a statement that nests a hundred, ten thousand or a million levels deep is refused",
			Run:  Registration{Lies: []Lie{nestedArrays(100), nestedArrays(10_000), nestedArrays(1_000_000)}}.Refused,
		},
		{
			ID: "att/bomb/keys", Aliases: []string{"S-AOB-023"}, Level: robust, Clause: l3("8.7", "empty-statement"),
			Says: "a statement of format none with a hundred thousand members is refused",
			Run:  Registration{Lie: objectLie("100000 members in attStmt", keyStatement, manyMembers(100_000))}.Refused,
		},
	}
}

// objectLie gives a member of the attestation object another value.
func objectLie(is string, key, value []byte) Lie {
	lie := objectWith(key)(value)
	lie.Is = is
	return lie
}

func objectWithout(is string, key []byte) Lie {
	return Lie{Is: is, Message: editObject(func(o []cborPair) []cborPair { return withoutPair(o, key) })}
}

// twiceIn says a member twice, the other value in front of the true one or behind it.
func twiceIn(is string, key, other []byte, first bool) Lie {
	return Lie{Is: is, Message: editObject(func(o []cborPair) []cborPair {
		more := cborPair{key, other}
		if first {
			return append([]cborPair{more}, o...)
		}
		return append(o, more)
	})}
}

func cutObjects(points int) []Lie {
	var lies []Lie
	for i := range points {
		lies = append(lies, Lie{
			Is:      fmt.Sprintf("an attestation object that ends after %d of %d parts", i, points),
			Message: rawObject(func(honest []byte) []byte { return honest[:len(honest)*i/points] }),
		})
	}
	return lies
}

func strangeValues() []Lie {
	var lies []Lie
	for _, m := range []struct {
		name string
		key  []byte
	}{{"fmt", keyFormat}, {"attStmt", keyStatement}, {"authData", keyAuthData}} {
		lies = append(lies,
			objectLie(m.name+" that is the simple value 19", m.key, []byte{0xf3}),
			objectLie(m.name+" that is not a number", m.key, []byte{0xf9, 0x7e, 0x00}),
			objectLie(m.name+" that is a big number", m.key, []byte{0xc2, 0x49, 1, 0, 0, 0, 0, 0, 0, 0, 0}))
	}
	return lies
}

func reservedHeads() []Lie {
	var lies []Lie
	for _, reserved := range []byte{28, 29, 30} {
		lies = append(lies,
			Lie{Is: fmt.Sprintf("a map with the reserved length %d", reserved), Message: rawObject(func(honest []byte) []byte {
				return slices.Concat([]byte{majorMap<<5 | reserved}, honest[1:])
			})},
			objectLie(fmt.Sprintf("a text with the reserved length %d", reserved), keyFormat, append([]byte{majorText<<5 | reserved}, "none"...)))
	}
	return lies
}

func nestedArrays(levels int) Lie {
	inner := append(bytes.Repeat([]byte{0x81}, levels), 0)
	return objectLie(fmt.Sprintf("attStmt that nests %d levels deep", levels), keyStatement, cborMap([]cborPair{{cborText("x"), inner}}))
}

// manyMembers is a map of so many numbers.
func manyMembers(count int) []byte {
	item := cborHead(majorMap, uint64(count))
	for i := range count {
		item = append(append(item, cborInt(int64(i))...), 0)
	}
	return item
}

// statementLie is a lie of the authenticator about its statement, with a client that keeps it whatever was asked for.
func statementLie(is string, lie attestation.Misbehaviour) Lie {
	return Lie{Is: is, Device: virtualauth.Misbehaviour{Attestation: lie}, Client: client.Misbehaviour{KeepAttestation: true}}
}
