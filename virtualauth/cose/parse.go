package cose

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"errors"
	"fmt"
	"math"
	"math/big"

	"filippo.io/mldsa"
	"github.com/cloudflare/circl/sign/ed448"
	"github.com/decred/dcrd/dcrec/secp256k1/v4"
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
// when the bytes are not what Encode would write for the key, and with ErrUnsupported for keys of other kinds and for
// algorithms on a curve that WebAuthn L3 §5.8.5 does not let them have.
func Parse(data []byte) (key Key, rest []byte, err error) {
	var wire wireKey
	rest, err = decoder.UnmarshalFirst(data, &wire)
	if err != nil {
		return Key{}, nil, fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	kind := schemes[wire.Algorithm].kind
	if kind.keyType == 0 || kind.keyType != wire.Type {
		return Key{}, nil, fmt.Errorf("%w: key type %d for %v", ErrUnsupported, wire.Type, wire.Algorithm)
	}
	public, err := wire.public(kind)
	if err != nil {
		return Key{}, nil, err
	}
	if key, err = New(wire.Algorithm, public); err != nil {
		return Key{}, nil, err
	}
	if !bytes.Equal(key.Encode(), data[:len(data)-len(rest)]) {
		return Key{}, nil, fmt.Errorf("%w: not in canonical form", ErrMalformed)
	}
	return key, rest, nil
}

// public reads the labels that the kind's key type has.
func (w wireKey) public(k kind) (crypto.PublicKey, error) {
	switch k.keyType {
	case keyTypeEC2:
		return w.ec2(k)
	case keyTypeOKP:
		return w.okp(k)
	case keyTypeAKP:
		return w.akp(k)
	}
	return w.rsa()
}

func (w wireKey) ec2(k kind) (crypto.PublicKey, error) {
	x, errX := byteString(w.Minus2)
	y, errY := byteString(w.Minus3)
	if err := errors.Join(w.onCurve(k), errX, errY); err != nil {
		return nil, fmt.Errorf("EC2 key: %w", err)
	}
	point := append(append([]byte{4}, x...), y...)
	var public crypto.PublicKey
	var err error
	if k == koblitz256 {
		public, err = secp256k1.ParsePubKey(point)
	} else {
		public, err = ecdsa.ParseUncompressedPublicKey(k.nist(), point)
	}
	if err != nil {
		return nil, fmt.Errorf("%w: EC2 key: %w", ErrMalformed, err)
	}
	return public, nil
}

func (w wireKey) okp(k kind) (crypto.PublicKey, error) {
	x, err := byteString(w.Minus2)
	if err := errors.Join(w.onCurve(k), err); err != nil {
		return nil, fmt.Errorf("OKP key: %w", err)
	}
	if k == edwards448 {
		return ed448.PublicKey(x), nil
	}
	return ed25519.PublicKey(x), nil
}

// onCurve holds label -1 against the curve of a kind.
func (w wireKey) onCurve(k kind) error {
	curve, err := number(w.Minus1)
	if err == nil && curve != k.curve {
		err = fmt.Errorf("%w: curve %d for %v", ErrUnsupported, curve, w.Algorithm)
	}
	return err
}

func (w wireKey) akp(k kind) (crypto.PublicKey, error) {
	encoded, err := byteString(w.Minus1)
	if err != nil {
		return nil, fmt.Errorf("AKP key: %w", err)
	}
	public, err := mldsa.NewPublicKey(k.parameters(), encoded)
	if err != nil {
		return nil, fmt.Errorf("%w: AKP key: %w", ErrMalformed, err)
	}
	return public, nil
}

// parameters returns the parameter set of an AKP kind.
func (k kind) parameters() mldsa.Parameters {
	switch k {
	case lattice44:
		return mldsa.MLDSA44()
	case lattice65:
		return mldsa.MLDSA65()
	}
	return mldsa.MLDSA87()
}

func (w wireKey) rsa() (crypto.PublicKey, error) {
	n, errN := byteString(w.Minus1)
	e, errE := byteString(w.Minus2)
	if err := errors.Join(errN, errE); err != nil {
		return nil, fmt.Errorf("RSA key: %w", err)
	}
	exponent := new(big.Int).SetBytes(e)
	if !exponent.IsInt64() || exponent.Int64() > math.MaxInt32 {
		return nil, fmt.Errorf("%w: RSA exponent of %d bits", ErrUnsupported, exponent.BitLen())
	}
	return &rsa.PublicKey{N: new(big.Int).SetBytes(n), E: int(exponent.Int64())}, nil
}

func number(raw cbor.RawMessage) (n int, err error) {
	err = field(raw, &n)
	return n, err
}

// byteString also takes an array of small integers, as the decoder does: Parse compares with the canonical form in the end.
func byteString(raw cbor.RawMessage) (b []byte, err error) {
	err = field(raw, &b)
	return b, err
}

func field(raw cbor.RawMessage, value any) error {
	if len(raw) == 0 {
		return fmt.Errorf("%w: a label is missing", ErrMalformed)
	}
	if err := decoder.Unmarshal(raw, value); err != nil {
		return fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	return nil
}
