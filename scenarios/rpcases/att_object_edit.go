package rpcases

import (
	"encoding/binary"
	"errors"
	"fmt"
	"slices"

	"github.com/fxamacker/cbor/v2"
)

// This file writes CBOR (RFC 8949) item by item, because what a lie wants is what no encoder writes.

// Major types (RFC 8949 §3.1).
const (
	majorUnsigned = iota
	majorNegative
	majorBytes
	majorText
	majorArray
	majorMap
	majorTag
	majorSimple
)

// cborHead is the beginning of an item with its argument in the shortest form.
func cborHead(major byte, argument uint64) []byte {
	switch {
	case argument < 24:
		return []byte{major<<5 | byte(argument)}
	case argument < 1<<8:
		return []byte{major<<5 | 24, byte(argument)}
	case argument < 1<<16:
		return binary.BigEndian.AppendUint16([]byte{major<<5 | 25}, uint16(argument))
	case argument < 1<<32:
		return binary.BigEndian.AppendUint32([]byte{major<<5 | 26}, uint32(argument))
	}
	return binary.BigEndian.AppendUint64([]byte{major<<5 | 27}, argument)
}

func cborText(s string) []byte  { return append(cborHead(majorText, uint64(len(s))), s...) }
func cborBytes(b []byte) []byte { return append(cborHead(majorBytes, uint64(len(b))), b...) }

func cborInt(n int64) []byte {
	if n < 0 {
		return cborHead(majorNegative, uint64(-1-n))
	}
	return cborHead(majorUnsigned, uint64(n))
}

// cborPair is one entry of a map, key and value as items.
type cborPair struct{ key, value []byte }

// cborMap is a map with its pairs in the order given.
func cborMap(pairs []cborPair) []byte {
	item := cborHead(majorMap, uint64(len(pairs)))
	for _, p := range pairs {
		item = slices.Concat(item, p.key, p.value)
	}
	return item
}

// cborPairs takes a map of at most 23 pairs apart.
func cborPairs(item []byte) ([]cborPair, error) {
	if len(item) == 0 || item[0]>>5 != majorMap || item[0]&0x1f > 23 {
		return nil, fmt.Errorf("no short CBOR map: %x", item)
	}
	var pairs []cborPair
	rest := item[1:]
	for range item[0] & 0x1f {
		var key, value cbor.RawMessage
		var err error
		if rest, err = cbor.UnmarshalFirst(rest, &key); err == nil {
			rest, err = cbor.UnmarshalFirst(rest, &value)
		}
		if err != nil {
			return nil, fmt.Errorf("a CBOR map: %w", err)
		}
		pairs = append(pairs, cborPair{key, value})
	}
	return pairs, nil
}

// cborArray is an array of items.
func cborArray(items [][]byte) []byte {
	return slices.Concat(cborHead(majorArray, uint64(len(items))), slices.Concat(items...))
}

// cborItems takes an array of at most 23 items apart; nil when it is none.
func cborItems(array []byte) [][]byte {
	if len(array) == 0 || array[0]>>5 != majorArray || array[0]&0x1f > 23 {
		return nil
	}
	var items [][]byte
	rest := array[1:]
	for range array[0] & 0x1f {
		var item cbor.RawMessage
		var err error
		if rest, err = cbor.UnmarshalFirst(rest, &item); err != nil {
			return nil
		}
		items = append(items, item)
	}
	return items
}

// withPair gives the pair of a key another value, or adds it at the end.
func withPair(pairs []cborPair, key, value []byte) []cborPair {
	changed := slices.Clone(pairs)
	for i := range changed {
		if slices.Equal(changed[i].key, key) {
			changed[i].value = value
			return changed
		}
	}
	return append(changed, cborPair{key, value})
}

// withoutPair removes the pair of a key.
func withoutPair(pairs []cborPair, key []byte) []cborPair {
	return slices.DeleteFunc(slices.Clone(pairs), func(p cborPair) bool { return slices.Equal(p.key, key) })
}

// pairValue returns the value of a key, nil for none.
func pairValue(pairs []cborPair, key []byte) []byte {
	for _, p := range pairs {
		if slices.Equal(p.key, key) {
			return p.value
		}
	}
	return nil
}

// cborKind is what CBOR calls the type of an item.
type cborKind string

// The kinds.
const (
	kindInteger cborKind = "an integer"
	kindBytes   cborKind = "a byte string"
	kindText    cborKind = "a text string"
	kindArray   cborKind = "an array"
	kindMap     cborKind = "a map"
	kindTag     cborKind = "a tagged integer"
	kindBool    cborKind = "true"
	kindNull    cborKind = "null"
	kindNothing cborKind = "undefined"
	kindFloat   cborKind = "a float"
)

// cborSamples have an item of each kind, in the order in which they are tried.
var cborSamples = []struct {
	kind cborKind
	item []byte
}{
	{kindNull, []byte{0xf6}}, {kindNothing, []byte{0xf7}}, {kindBool, []byte{0xf5}}, {kindInteger, []byte{0x18, 42}},
	{kindFloat, []byte{0xf9, 0x3e, 0x00}}, {kindText, []byte{0x61, 'x'}}, {kindBytes, []byte{0x41, 'x'}}, {kindArray, []byte{0x80}},
	{kindMap, []byte{0xa0}}, {kindTag, []byte{0xc2, 0x41, 42}},
}

// otherKinds are lies that put an item of each other kind where one of the right kind should stand.
func otherKinds(what string, right cborKind, lie func(item []byte) Lie) []Lie {
	var lies []Lie
	for _, sample := range cborSamples {
		if sample.kind == right {
			continue
		}
		told := lie(sample.item)
		told.Is = fmt.Sprintf("%s that is %s", what, sample.kind)
		lies = append(lies, told)
	}
	return lies
}

// rawObject is a lie about the bytes of the attestation object.
func rawObject(edit func(honest []byte) []byte) func(*Message) error {
	return func(m *Message) error {
		m.SetBytes("response.attestationObject", edit(m.Bytes("response.attestationObject")))
		return nil
	}
}

// editObject is a lie about the members of the attestation object (WebAuthn L3 §6.5.4), which are written in the order given.
func editObject(edit func([]cborPair) []cborPair) func(*Message) error {
	return func(m *Message) error {
		pairs, err := cborPairs(m.Bytes("response.attestationObject"))
		if err != nil {
			return fmt.Errorf("attestation object: %w", err)
		}
		m.SetBytes("response.attestationObject", cborMap(edit(pairs)))
		return nil
	}
}

// editStatement is a lie about the members of the attestation statement, which no signature covers.
func editStatement(edit func([]cborPair) []cborPair) func(*Message) error {
	return func(m *Message) (err error) {
		return errors.Join(editObject(func(object []cborPair) []cborPair {
			var statement []cborPair
			if statement, err = cborPairs(pairValue(object, keyStatement)); err != nil {
				return object
			}
			return withPair(object, keyStatement, cborMap(edit(statement)))
		})(m), err)
	}
}

// Keys of an attestation object.
var (
	keyFormat    = cborText("fmt")
	keyStatement = cborText("attStmt")
	keyAuthData  = cborText("authData")
)
