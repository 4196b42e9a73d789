package cose

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"errors"
	"fmt"
	"math"
	"math/big"

	"github.com/fxamacker/cbor/v2"
)

// The codec of this package. Both modes are immutable once made and safe for concurrent use.
var (
	encoder = must(cbor.CTAP2EncOptions().EncMode())
	decoder = must(cbor.DecOptions{
		DupMapKey:       cbor.DupMapKeyEnforcedAPF,
		IndefLength:     cbor.IndefLengthForbidden,
		TagsMd:          cbor.TagsForbidden,
		MaxNestedLevels: 4,
	}.DecMode())
)

// must makes a mode of constant options; they are either right on every run or wrong on every run.
func must[M any](mode M, err error) M {
	if err != nil {
		panic(err)
	}
	return mode
}

// raw encodes a value that cannot fail to encode: integers, byte strings and wireKey.
func raw(v any) []byte {
	b, err := encoder.Marshal(v)
	if err != nil {
		return nil
	}
	return b
}

// Parse reads the COSE_Key at the start of data and returns what follows it, because in attested credential data
// (WebAuthn L3 §6.5.1) the key has no length field and extensions may stand right behind it. It fails with ErrMalformed
// when the bytes are not what Encode would write for the key, and with ErrUnsupported for keys of other kinds.
func Parse(data []byte) (key Key, rest []byte, err error) {
	var wire wireKey
	rest, err = decoder.UnmarshalFirst(data, &wire)
	if err != nil {
		return Key{}, nil, fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	switch wire.Type {
	case keyTypeEC2:
		key, err = wire.ec2()
	case keyTypeOKP:
		key, err = wire.okp()
	case keyTypeRSA:
		key, err = wire.rsa()
	default:
		return Key{}, nil, fmt.Errorf("%w: key type %d", ErrUnsupported, wire.Type)
	}
	if err != nil {
		return Key{}, nil, err
	}
	if !bytes.Equal(key.Encode(), data[:len(data)-len(rest)]) {
		return Key{}, nil, fmt.Errorf("%w: not in canonical form", ErrMalformed)
	}
	return key, rest, nil
}

func (w wireKey) ec2() (Key, error) {
	curve, errCurve := number(w.Minus1)
	x, errX := byteString(w.Minus2)
	y, errY := byteString(w.Minus3)
	if err := errors.Join(errCurve, errX, errY); err != nil {
		return Key{}, fmt.Errorf("%w: EC2 key: %w", ErrMalformed, err)
	}
	if curve != curveP256 {
		return Key{}, fmt.Errorf("%w: EC2 curve %d", ErrUnsupported, curve)
	}
	point := append(append([]byte{4}, x...), y...)
	public, err := ecdsa.ParseUncompressedPublicKey(elliptic.P256(), point)
	if err != nil {
		return Key{}, fmt.Errorf("%w: EC2 key: %w", ErrMalformed, err)
	}
	return New(w.Algorithm, public)
}

func (w wireKey) okp() (Key, error) {
	curve, errCurve := number(w.Minus1)
	x, errX := byteString(w.Minus2)
	if err := errors.Join(errCurve, errX); err != nil {
		return Key{}, fmt.Errorf("%w: OKP key: %w", ErrMalformed, err)
	}
	if curve != curveEd25519 {
		return Key{}, fmt.Errorf("%w: OKP curve %d", ErrUnsupported, curve)
	}
	return New(w.Algorithm, ed25519.PublicKey(x))
}

func (w wireKey) rsa() (Key, error) {
	n, errN := byteString(w.Minus1)
	e, errE := byteString(w.Minus2)
	if err := errors.Join(errN, errE); err != nil {
		return Key{}, fmt.Errorf("%w: RSA key: %w", ErrMalformed, err)
	}
	exponent := new(big.Int).SetBytes(e)
	if !exponent.IsInt64() || exponent.Int64() > math.MaxInt32 {
		return Key{}, fmt.Errorf("%w: RSA exponent of %d bits", ErrUnsupported, exponent.BitLen())
	}
	return New(w.Algorithm, &rsa.PublicKey{N: new(big.Int).SetBytes(n), E: int(exponent.Int64())})
}

func number(raw cbor.RawMessage) (n int, err error) {
	if len(raw) == 0 {
		return 0, errors.New("a label is missing")
	}
	err = decoder.Unmarshal(raw, &n)
	return n, err
}

// byteString also takes an array of small integers, as the decoder does: Parse compares with the canonical form in the end.
func byteString(raw cbor.RawMessage) (b []byte, err error) {
	if len(raw) == 0 {
		return nil, errors.New("a label is missing")
	}
	err = decoder.Unmarshal(raw, &b)
	return b, err
}
