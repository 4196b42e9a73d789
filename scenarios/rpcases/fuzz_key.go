package rpcases

import (
	"bytes"
	"encoding/asn1"
	"encoding/binary"
	"slices"

	"github.com/fxamacker/cbor/v2"

	"github.com/passkeylab/passkeylab/virtualauth/cose"
)

// keyShape is what the keys of an algorithm are like: kty and, but for RSA, crv.
type keyShape struct{ kind, curve int64 }

// keyShapes are those that WebAuthn L3 §5.8.5 and the registry of COSE fix.
var keyShapes = map[cose.Algorithm]keyShape{
	cose.ES256: {2, 1}, cose.ES384: {2, 2}, cose.ES512: {2, 3}, cose.ESP256: {2, 1}, cose.ESP384: {2, 2}, cose.ESP512: {2, 3},
	cose.EdDSA: {1, 6}, cose.Ed25519: {1, 6}, cose.RS256: {3, 0}, cose.RS384: {3, 0}, cose.RS512: {3, 0}, cose.PS256: {3, 0}, cose.PS384: {3, 0}, cose.PS512: {3, 0},
}

// coseKey is a COSE_Key by its labels.
type coseKey map[any]any

// attestedKey is the credential's public key in authenticator data, as far as a lenient server finds one. One with a label twice is
// several keys, of which nobody knows which is meant: it is none here.
func attestedKey(data []byte) (coseKey, bool) {
	if len(data) < 55 {
		return nil, false
	}
	length, rest := int(binary.BigEndian.Uint16(data[53:])), data[55:]
	if len(rest) < length {
		return nil, false
	}
	mode, err := cbor.DecOptions{DupMapKey: cbor.DupMapKeyEnforcedAPF}.DecMode()
	if err != nil {
		return nil, false
	}
	var written coseKey
	if _, err = mode.UnmarshalFirst(rest[length:], &written); err != nil || written == nil {
		return nil, false
	}
	key := coseKey{}
	for label, value := range written {
		label = untagged(label)
		if _, twice := key[label]; twice {
			return nil, false
		}
		key[label] = untagged(value)
	}
	return key, true
}

// untagged is what tags are on: some decoders overlook them.
func untagged(value any) any {
	for {
		tag, is := value.(cbor.Tag)
		if !is {
			return value
		}
		value = tag.Content
	}
}

// number is a member that is a number; false for anything else.
func (k coseKey) number(label int64) (int64, bool) {
	switch value := k.member(label).(type) {
	case uint64:
		return int64(value), value < 1<<63
	case int64:
		return value, true
	}
	return 0, false
}

func (k coseKey) member(label int64) any {
	if label >= 0 {
		return k[uint64(label)]
	}
	return k[label]
}

// brokenKey says why no relying party can take a key that it might verify a signature with; nil when it can, or when that is
// not for sure.
func brokenKey(data []byte, offered []int64) *objection {
	key, found := attestedKey(data)
	if !found {
		return nil
	}
	form := l3("6.5.1", "credential-public-key")
	algorithm, named := key.number(3)
	if !named {
		return &objection{"key-algorithm", "its public key names no algorithm", form}
	}
	if !slices.Contains(offered, algorithm) {
		return &objection{"key-algorithm-offered", "its public key is of an algorithm that was not offered", reg("20", "algorithm")}
	}
	shape, known := keyShapes[cose.Algorithm(algorithm)]
	if !known {
		return nil
	}
	if kind, _ := key.number(1); kind != shape.kind {
		return &objection{"key-type", "its public key is of a type that is not the algorithm's", l3("5.8.5", "algorithm-curve")}
	}
	if curve, _ := key.number(-1); shape.curve != 0 && curve != shape.curve {
		return &objection{"key-curve", "its public key is on a curve that is not the algorithm's", l3("5.8.5", "algorithm-curve")}
	}
	needed := map[int64][]int64{1: {-2}, 2: {-2, -3}, 3: {-1, -2}}[shape.kind]
	for _, label := range needed {
		if value, _ := key.member(label).([]byte); len(value) == 0 {
			return &objection{"key-incomplete", "its public key is not complete", form}
		}
	}
	return nil
}

// otherKey reports whether a certificate has another public key than it had, as far as both can be read.
func otherKey(was, is []byte) bool {
	before, after := publicKeyOf(was), publicKeyOf(is)
	return before != nil && after != nil && !bytes.Equal(before, after)
}

// publicKeyOf is the SubjectPublicKeyInfo of a certificate, nil when there is none to be read.
func publicKeyOf(certificate []byte) []byte {
	var outer struct {
		TBS struct {
			Raw                                       asn1.RawContent
			Version                                   asn1.RawValue `asn1:"optional,tag:0"`
			Serial                                    asn1.RawValue
			Algorithm, Issuer, Validity, Name, Public asn1.RawValue
			Rest                                      []asn1.RawValue `asn1:"optional"`
		}
		Algorithm, Signature asn1.RawValue
	}
	_, _ = asn1.Unmarshal(certificate, &outer) // what could be read of it
	return outer.TBS.Public.FullBytes
}

// anotherCertificate reports whether what an issuer signs of a certificate, or its signature, is another than it was, as far as
// both can be read. How lengths are written does not count: some servers write them anew.
func anotherCertificate(was, is []byte) bool {
	before, beforeSigned, ok := signedPart(was)
	after, afterSigned, okAfter := signedPart(is)
	return ok && okAfter && (!bytes.Equal(before, after) || !bytes.Equal(beforeSigned, afterSigned))
}

// signedPart splits a certificate into what is signed, with its lengths in the shortest form, and the signature.
func signedPart(certificate []byte) (signed, signature []byte, ok bool) {
	whole, _ := berElement(certificate)
	signed, rest, ok := normalDER(whole, 0)
	if !ok {
		return nil, nil, false
	}
	_, rest = berElement(rest) // the algorithm, which the signed part has, too
	bits, _ := berElement(rest)
	if len(bits) < 2 {
		return nil, nil, false
	}
	return signed, lenientSignature(bits[1:]), true
}

// normalDER writes the first TLV of bytes with all lengths in the shortest form; false when it cannot be read.
func normalDER(encoded []byte, depth int) (out, rest []byte, ok bool) {
	const deepest = 64
	if len(encoded) < 2 || encoded[0]&31 == 31 || encoded[1] == 0x80 || depth > deepest {
		return nil, nil, false
	}
	content, rest := berElement(encoded)
	if content == nil {
		return nil, nil, false
	}
	body := bytes.Clone(content)
	if encoded[0]&0x20 != 0 {
		body = nil
		for len(content) > 0 {
			var child []byte
			if child, content, ok = normalDER(content, depth+1); !ok {
				return nil, nil, false
			}
			body = append(body, child...)
		}
	}
	out = append([]byte{encoded[0]}, binary.BigEndian.AppendUint32(nil, uint32(len(body)))...)
	return append(out, body...), rest, true
}
