package mutants

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"errors"
	"fmt"
	"math/big"
	"slices"

	"github.com/fxamacker/cbor/v2"

	"github.com/passkeylab/passkeylab/virtualauth/cose"
)

// Labels of COSE_Key (RFC 9052 §7, RFC 9053 §7, RFC 8230 §4).
const (
	labelKind      = 1
	labelAlgorithm = 3
	labelCurve     = -1
	labelX         = -2
	labelY         = -3
	labelD         = -4
	labelN         = -1
	labelE         = -2
)

// Kinds of keys, and curves.
const (
	kindOKP = 1
	kindEC2 = 2
	kindRSA = 3

	curveEd25519 = 6
)

// publicKey is a credential's (WebAuthn L3 §5.8.5, §6.5.1.1).
type publicKey struct {
	raw       []byte
	members   map[int64]cbor.RawMessage
	kind      int64
	algorithm cose.Algorithm
	curve     int64
	// x and y are a point's coordinates, x alone an Edwards point; n and e are RSA's.
	x, y, n, e []byte
	public     crypto.PublicKey
}

// shape is what the keys of an algorithm are like.
type shape struct {
	kind, curve int64
	ec          elliptic.Curve
	hash        crypto.Hash
	pss         bool
}

// shapes are the algorithms that can be verified.
var shapes = map[cose.Algorithm]shape{
	cose.ES256:   {kind: kindEC2, curve: 1, ec: elliptic.P256(), hash: crypto.SHA256},
	cose.ES384:   {kind: kindEC2, curve: 2, ec: elliptic.P384(), hash: crypto.SHA384},
	cose.ES512:   {kind: kindEC2, curve: 3, ec: elliptic.P521(), hash: crypto.SHA512},
	cose.ESP256:  {kind: kindEC2, curve: 1, ec: elliptic.P256(), hash: crypto.SHA256},
	cose.ESP384:  {kind: kindEC2, curve: 2, ec: elliptic.P384(), hash: crypto.SHA384},
	cose.ESP512:  {kind: kindEC2, curve: 3, ec: elliptic.P521(), hash: crypto.SHA512},
	cose.EdDSA:   {kind: kindOKP, curve: curveEd25519},
	cose.Ed25519: {kind: kindOKP, curve: curveEd25519},
	cose.RS256:   {kind: kindRSA, hash: crypto.SHA256},
	cose.RS384:   {kind: kindRSA, hash: crypto.SHA384},
	cose.RS512:   {kind: kindRSA, hash: crypto.SHA512},
	cose.PS256:   {kind: kindRSA, hash: crypto.SHA256, pss: true},
	cose.PS384:   {kind: kindRSA, hash: crypto.SHA384, pss: true},
	cose.PS512:   {kind: kindRSA, hash: crypto.SHA512, pss: true},
	cose.RS1:     {kind: kindRSA, hash: crypto.SHA1},
}

// readKey reads the members that there are; steps say which are wrong.
func readKey(a *attempt) error {
	k := &a.key
	k.raw = a.data.key
	if decoding.Unmarshal(k.raw, &k.members) != nil {
		return errors.New("the credential public key is no map with numbers as keys")
	}
	var algorithm int64
	if decoding.Unmarshal(k.members[labelAlgorithm], &algorithm) != nil || decoding.Unmarshal(k.members[labelKind], &k.kind) != nil {
		return errors.New("the credential public key has no kty or no alg")
	}
	k.algorithm = cose.Algorithm(algorithm)
	bytesOf := func(label int64) []byte {
		var value []byte
		_ = decoding.Unmarshal(k.members[label], &value) // no bytes: empty
		return value
	}
	if k.kind == kindRSA {
		k.n, k.e = bytesOf(labelN), bytesOf(labelE)
	} else {
		_ = decoding.Unmarshal(k.members[labelCurve], &k.curve)
		k.x, k.y = bytesOf(labelX), bytesOf(labelY)
	}
	return nil
}

// keySteps are §7.1 step 20 and what a key must be.
func keySteps() []Step {
	return []Step{
		reads("reg/key/parse", readKey),
		{Name: "reg/key/tag", Clause: l3("6.5.1", "canonical-key"), check: func(a *attempt) error {
			return unless(isMap(a.key.raw), "the credential public key has a tag")
		}},
		{Name: "reg/key/offered", Clause: registering.clause("20", "", "algorithm"), check: func(a *attempt) error {
			return unless(slices.Contains(a.rp.settings.Algorithms, a.key.algorithm), "algorithm %d was not offered", a.key.algorithm)
		}, lax: []laxity{{name: "known", check: func(a *attempt) error {
			_, known := shapes[a.key.algorithm]
			return unless(known, "algorithm %d is not known", a.key.algorithm)
		}}}},
		{Name: "reg/key/repeats", Clause: l3("6.5.1", "canonical-key"), check: func(a *attempt) error {
			return unless(!repeats(a.key.raw), "the credential public key has a member twice")
		}},
		{Name: "reg/key/kind", Clause: l3("5.8.5", "algorithm-curve"), Also: or(l3("6.5.1", "credential-public-key")), check: func(a *attempt) error {
			shape, known := shapes[a.key.algorithm]
			return unless(!known || a.key.kind == shape.kind, "a key of kind %d is not one for algorithm %d", a.key.kind, a.key.algorithm)
		}},
		{Name: "reg/key/curve", Clause: l3("5.8.5", "algorithm-curve"), Also: or(l3("6.5.1", "credential-public-key")), check: func(a *attempt) error {
			shape, known := shapes[a.key.algorithm]
			return unless(!known || a.key.kind == kindRSA || a.key.curve == shape.curve, "curve %d is not that of algorithm %d", a.key.curve, a.key.algorithm)
		}},
		{Name: "reg/key/length", Clause: rfc("9053", "7.1.1", "coordinate-length"), Also: or(l3("5.8.5", "uncompressed"), l3("6.5.1", "credential-public-key")), check: checkLength},
		{Name: "reg/key/members", Clause: l3("6.5.1", "credential-public-key"), check: checkKeyMembers},
		{Name: "reg/key/point", Clause: l3("5.8.5", "point-on-curve"), Also: or(rfc("8032", "5.1.3", "point-order")), check: checkPoint},
		{Name: "reg/key/rsa-modulus", Clause: rfc("8230", "4", "rsa-modulus"), check: func(a *attempt) error {
			bits := new(big.Int).SetBytes(a.key.n).BitLen()
			return unless(a.key.kind != kindRSA || bits >= 1024 && bits <= 8192, "a modulus of %d bits", bits)
		}},
		{Name: "reg/key/rsa-exponent", Clause: rfc("8017", "3.1", "rsa-exponent"), check: func(a *attempt) error {
			e := new(big.Int).SetBytes(a.key.e)
			return unless(a.key.kind != kindRSA || e.IsInt64() && e.Bit(0) == 1 && e.Int64() > 2 && e.Int64() < 1<<31, "the exponent is %v", e)
		}},
		reads("reg/key/use", useKey),
	}
}

// checkLength wants coordinates of the full length of their field, or an Edwards point of 32 bytes.
func checkLength(a *attempt) error {
	k, s := &a.key, shapes[a.key.algorithm]
	switch k.kind {
	case kindEC2:
		if s.ec == nil {
			return nil
		}
		length := (s.ec.Params().BitSize + 7) / 8
		return unless(len(k.x) == length && len(k.y) == length, "coordinates of %d and %d bytes", len(k.x), len(k.y))
	case kindOKP:
		return unless(len(k.x) == ed25519.PublicKeySize, "a point of %d bytes", len(k.x))
	}
	return nil
}

// checkKeyMembers wants the members that the algorithm needs and no other.
func checkKeyMembers(a *attempt) error {
	wanted := map[int64][]int64{
		kindEC2: {labelKind, labelAlgorithm, labelCurve, labelX, labelY}, kindOKP: {labelKind, labelAlgorithm, labelCurve, labelX},
		kindRSA: {labelKind, labelAlgorithm, labelN, labelE},
	}[a.key.kind]
	for label := range a.key.members {
		if !slices.Contains(wanted, label) {
			return fmt.Errorf("a key of this kind has no member %d", label)
		}
	}
	return nil
}

// checkPoint wants a point of the curve; of Ed25519 one that is no multiple of a small order.
func checkPoint(a *attempt) error {
	k, s := &a.key, shapes[a.key.algorithm]
	switch {
	case k.kind == kindEC2 && s.ec != nil:
		_, err := k.point(s.ec)
		return err
	case k.kind == kindOKP:
		return unless(!smallOrder(k.x), "a point of small order")
	}
	return nil
}

// point is the key as a point of a curve, whatever the length of its coordinates.
func (k *publicKey) point(curve elliptic.Curve) (*ecdsa.PublicKey, error) {
	length := (curve.Params().BitSize + 7) / 8
	encoded := []byte{4}
	for _, coordinate := range [][]byte{k.x, k.y} {
		short := bytes.TrimLeft(coordinate, "\x00")
		if len(short) > length {
			return nil, errors.New("a coordinate is too long")
		}
		encoded = append(encoded, make([]byte, length-len(short))...)
		encoded = append(encoded, short...)
	}
	return ecdsa.ParseUncompressedPublicKey(curve, encoded)
}

// smallOrder reports whether an encoded Edwards point is one of the eight whose order divides the cofactor, in any of their
// encodings (RFC 8032 §5.1; y is 0, 1, -1 or one of the two of order eight, or one of these plus p).
func smallOrder(x []byte) bool {
	if len(x) != 32 {
		return false
	}
	y := slices.Clone(x)
	y[31] &= 0x7f
	slices.Reverse(y)
	value := new(big.Int).SetBytes(y)
	p := new(big.Int).Sub(new(big.Int).Lsh(big.NewInt(1), 255), big.NewInt(19))
	value.Mod(value, p)
	eighth, _ := new(big.Int).SetString("7a03ac9277fdc74ec6cc392cfa53202a0f67100d760b3cba4fd84d3d706a17c7", 16)
	for _, small := range []*big.Int{
		new(big.Int), big.NewInt(1), new(big.Int).Sub(p, big.NewInt(1)), eighth, new(big.Int).Sub(p, eighth),
	} {
		if value.Cmp(small) == 0 {
			return true
		}
	}
	return false
}

// useKey makes of the key what verifies with it. A relying party that does not look whether it can be used keeps one that
// verifies nothing.
func useKey(a *attempt) error {
	k := &a.key
	switch {
	case k.kind == kindRSA && len(k.n) > 0 && len(k.e) > 0:
		k.public = &rsa.PublicKey{N: new(big.Int).SetBytes(k.n), E: int(new(big.Int).SetBytes(k.e).Int64())}
	case k.kind == kindOKP && len(k.x) > 0:
		k.public = ed25519.PublicKey(k.x)
	case k.kind == kindEC2:
		if curve := shapes[k.algorithm].ec; curve != nil {
			if point, err := k.point(curve); err == nil {
				k.public = point
			}
		}
	}
	return nil
}

// equals compares the key with that of a certificate.
func (k publicKey) equals(other crypto.PublicKey) bool {
	switch public := other.(type) {
	case *ecdsa.PublicKey:
		point, err := public.Bytes()
		return err == nil && k.kind == kindEC2 && bytes.Equal(point, slices.Concat([]byte{4}, k.x, k.y))
	case *rsa.PublicKey:
		return k.kind == kindRSA && public.N.Cmp(new(big.Int).SetBytes(k.n)) == 0 && big.NewInt(int64(public.E)).Cmp(new(big.Int).SetBytes(k.e)) == 0
	case ed25519.PublicKey:
		return k.kind == kindOKP && bytes.Equal(public, k.x)
	}
	return false
}
