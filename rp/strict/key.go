package strict

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"encoding/hex"
	"errors"
	"fmt"
	"math"
	"math/big"
	"slices"

	"github.com/fxamacker/cbor/v2"
)

// Errors of this package; test for them with errors.Is.
var (
	// ErrForm says that the bytes are no COSE_Key with exactly the members that its algorithm requires.
	ErrForm = errors.New("strict: not a COSE_Key of the required form")
	// ErrUnknown says that the algorithm is none that this package knows.
	ErrUnknown = errors.New("strict: unknown algorithm")
	// ErrWeak says that the numbers make no key, or one that is not safe to verify with.
	ErrWeak = errors.New("strict: no safe key")
)

// Labels of a COSE_Key (RFC 9052 §7.1, RFC 9053 §7.1 and §7.2, RFC 8230 §4).
const (
	labelType      = 1
	labelAlgorithm = 3
	labelMinus1    = -1 // crv, or the RSA modulus
	labelMinus2    = -2 // x, or the RSA exponent
	labelMinus3    = -3 // y
)

// key is a COSE_Key while its algorithm-specific members are raw.
type key map[int64]cbor.RawMessage

// scheme is what an algorithm demands of its keys.
type scheme struct {
	keyType, curve int64 // curve is 0 where there is none
	labels         []int64
	check          func(key) error
}

// Members of a key, by its type.
var (
	elliptic2 = []int64{labelMinus3, labelMinus2, labelMinus1, labelType, labelAlgorithm}
	octetPair = []int64{labelMinus2, labelMinus1, labelType, labelAlgorithm}
	rsaPair   = octetPair
)

// schemes are the algorithms that go-webauthn verifies and options may offer, but for ES256K and ML-DSA (WebAuthn L3 §5.8.5).
// Never written after the program has started.
var schemes = map[int64]scheme{
	-7:  {2, 1, elliptic2, pointOn(elliptic.P256())},
	-9:  {2, 1, elliptic2, pointOn(elliptic.P256())},
	-35: {2, 2, elliptic2, pointOn(elliptic.P384())},
	-51: {2, 2, elliptic2, pointOn(elliptic.P384())},
	-36: {2, 3, elliptic2, pointOn(elliptic.P521())},
	-52: {2, 3, elliptic2, pointOn(elliptic.P521())},

	-8:  {1, 6, octetPair, checkEd25519},
	-19: {1, 6, octetPair, checkEd25519},

	-257: {3, 0, rsaPair, checkRSA}, -258: {3, 0, rsaPair, checkRSA}, -259: {3, 0, rsaPair, checkRSA},
	-37: {3, 0, rsaPair, checkRSA}, -38: {3, 0, rsaPair, checkRSA}, -39: {3, 0, rsaPair, checkRSA},
}

// decoder is immutable once made and safe for concurrent use.
var decoder = func() cbor.DecMode {
	mode, err := cbor.DecOptions{
		DupMapKey: cbor.DupMapKeyEnforcedAPF, IndefLength: cbor.IndefLengthForbidden, TagsMd: cbor.TagsForbidden, MaxNestedLevels: 8,
	}.DecMode()
	if err != nil {
		panic(err) // constant options: right on every run or wrong on every run
	}
	return mode
}()

// CheckKey judges an encoded credential public key. Its errors are ErrForm, ErrUnknown and ErrWeak, with what was wrong.
func CheckKey(encoded []byte) error {
	var k key
	if err := decoder.Unmarshal(encoded, &k); err != nil {
		return fmt.Errorf("%w: %w", ErrForm, err)
	}
	var algorithm, keyType int64
	if err := errors.Join(k.read(labelAlgorithm, &algorithm), k.read(labelType, &keyType)); err != nil {
		return err
	}
	s, known := schemes[algorithm]
	if !known {
		return fmt.Errorf("%w %d", ErrUnknown, algorithm)
	}
	if keyType != s.keyType {
		return fmt.Errorf("%w: key type %d for algorithm %d", ErrForm, keyType, algorithm)
	}
	for label := range k {
		if !slices.Contains(s.labels, label) {
			return fmt.Errorf("%w: the member %d is not one of algorithm %d", ErrForm, label, algorithm)
		}
	}
	if s.curve != 0 {
		var curve int64
		if err := k.read(labelMinus1, &curve); err != nil {
			return err
		}
		if curve != s.curve {
			return fmt.Errorf("%w: curve %d for algorithm %d", ErrForm, curve, algorithm)
		}
	}
	return s.check(k)
}

// read decodes a member, which must be there.
func (k key) read(label int64, into any) error {
	raw, there := k[label]
	if !there {
		return fmt.Errorf("%w: the member %d is missing", ErrForm, label)
	}
	if err := decoder.Unmarshal(raw, into); err != nil {
		return fmt.Errorf("%w: the member %d: %w", ErrForm, label, err)
	}
	return nil
}

// bytes reads a member that is a byte string.
func (k key) bytes(label int64) (b []byte, err error) {
	if raw := k[label]; len(raw) > 0 && major(raw) != majorBytes { // the decoder also takes arrays
		return nil, fmt.Errorf("%w: the member %d is no byte string", ErrForm, label)
	}
	err = k.read(label, &b)
	return b, err
}

// pointOn wants a point of a curve, with coordinates at full length (RFC 9053 §7.1.1, WebAuthn L3 §5.8.5).
func pointOn(curve elliptic.Curve) func(key) error {
	length := (curve.Params().BitSize + 7) / 8
	return func(k key) error {
		x, errX := k.bytes(labelMinus2)
		y, errY := k.bytes(labelMinus3)
		if err := errors.Join(errX, errY); err != nil {
			return err
		}
		if len(x) != length || len(y) != length {
			return fmt.Errorf("%w: coordinates of %d and %d bytes, want %d", ErrForm, len(x), len(y), length)
		}
		if _, err := ecdsa.ParseUncompressedPublicKey(curve, slices.Concat([]byte{4}, x, y)); err != nil {
			return fmt.Errorf("%w: %w", ErrWeak, err)
		}
		return nil
	}
}

// smallOrder are the y coordinates of the points whose order divides eight, with those that are written with p added to them;
// the sign of x is masked.
var smallOrder = []string{
	"0000000000000000000000000000000000000000000000000000000000000000",
	"0100000000000000000000000000000000000000000000000000000000000000",
	"26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
	"c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
	"ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
	"edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
	"eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
}

func checkEd25519(k key) error {
	point, err := k.bytes(labelMinus2)
	if err != nil {
		return err
	}
	if len(point) != ed25519.PublicKeySize {
		return fmt.Errorf("%w: a point of %d bytes, want %d", ErrForm, len(point), ed25519.PublicKeySize)
	}
	y := slices.Clone(point)
	y[len(y)-1] &= 0x7f
	if slices.Contains(smallOrder, hex.EncodeToString(y)) {
		return fmt.Errorf("%w: a point of small order", ErrWeak)
	}
	return nil
}

// Limits of RSA keys. Larger ones cost more to verify with than they are worth.
const minModulusBits, maxModulusBits = 2048, 8192

func checkRSA(k key) error {
	modulus, errN := k.bytes(labelMinus1)
	exponent, errE := k.bytes(labelMinus2)
	if err := errors.Join(errN, errE); err != nil {
		return err
	}
	n, e := new(big.Int).SetBytes(modulus), new(big.Int).SetBytes(exponent)
	switch {
	case n.BitLen() < minModulusBits || n.BitLen() > maxModulusBits:
		return fmt.Errorf("%w: an RSA modulus of %d bits, want %d to %d", ErrWeak, n.BitLen(), minModulusBits, maxModulusBits)
	case n.Bit(0) == 0:
		return fmt.Errorf("%w: an even RSA modulus", ErrWeak)
	case !e.IsInt64() || e.Int64() > math.MaxInt32 || e.Int64() < 3 || e.Bit(0) == 0:
		return fmt.Errorf("%w: the RSA exponent %v, want an odd one from 3 to %d", ErrWeak, e, math.MaxInt32)
	}
	return nil
}
