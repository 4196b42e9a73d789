package cose

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"errors"
	"fmt"
	"math/big"

	"filippo.io/mldsa"
	"github.com/cloudflare/circl/sign/ed448"
	"github.com/decred/dcrd/dcrec/secp256k1/v4"
	"github.com/fxamacker/cbor/v2"
)

// Errors of New and Parse; test for them with errors.Is.
var (
	// ErrUnsupported says that the key type, curve or algorithm is none of those in this package, or that they do not
	// belong together.
	ErrUnsupported = errors.New("cose: unsupported key")
	// ErrMalformed says that the bytes are not a COSE_Key in CTAP2 canonical CBOR, or that its numbers make no key.
	ErrMalformed = errors.New("cose: malformed key")
)

// Key is a credential public key: an algorithm and the key it is used with. The zero Key is no key.
type Key struct {
	algorithm Algorithm
	public    crypto.PublicKey
}

// New returns the Key for a public key:
//
//	*ecdsa.PublicKey     on P-256 for ES256 and ESP256, P-384 for ES384 and ESP384, P-521 for ES512 and ESP512
//	*secp256k1.PublicKey for ES256K (github.com/decred/dcrd/dcrec/secp256k1/v4)
//	ed25519.PublicKey    for EdDSA and Ed25519
//	ed448.PublicKey      for Ed448 (github.com/cloudflare/circl/sign/ed448)
//	*rsa.PublicKey       for RS256 to RS512 and PS256 to PS512
//	*mldsa.PublicKey     of its parameter set for MLDSA44, MLDSA65 and MLDSA87 (filippo.io/mldsa)
//
// It fails with ErrUnsupported for any other pair, and with ErrMalformed for numbers that make no key.
func New(algorithm Algorithm, public crypto.PublicKey) (Key, error) {
	kind, err := kindOf(public)
	if kind.keyType == 0 || kind != schemes[algorithm].kind {
		return Key{}, fmt.Errorf("%w: %v with a %T", ErrUnsupported, algorithm, public)
	}
	if err != nil {
		return Key{}, fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	return Key{algorithm, public}, nil
}

// Algorithm returns the algorithm that the key is used with; zero for the zero Key.
func (k Key) Algorithm() Algorithm { return k.algorithm }

// Public returns the key as one of the types that New takes; nil for the zero Key.
func (k Key) Public() crypto.PublicKey { return k.public }

// wireKey is the COSE_Key map while its meaning is still open: the labels -1 to -3 mean different things for each key
// type (RFC 9053 §7, RFC 8230 §4, RFC 9964 §3), so they stay raw until labels 1 and 3 were read.
type wireKey struct {
	Type      int             `cbor:"1,keyasint,omitempty"`
	Algorithm Algorithm       `cbor:"3,keyasint,omitempty"`
	Minus1    cbor.RawMessage `cbor:"-1,keyasint,omitempty"` // curve, RSA modulus n, or AKP public key
	Minus2    cbor.RawMessage `cbor:"-2,keyasint,omitempty"` // x, or RSA exponent e
	Minus3    cbor.RawMessage `cbor:"-3,keyasint,omitempty"` // y
}

// Encode returns the COSE_Key as CTAP2 canonical CBOR (WebAuthn L3 §6.5.1.1): the labels 1, 3, -1, -2, -3 in this order,
// without optional ones, integers big endian, coordinates at full length. The zero Key encodes to nil.
//
//	ES256  ESP256    {1: 2, 3: -7 or -9,   -1: 1, -2: x (32 bytes), -3: y (32 bytes)}    77 bytes
//	ES384  ESP384    {1: 2, 3: -35 or -51, -1: 2, -2: x (48 bytes), -3: y (48 bytes)}   110 bytes
//	ES512  ESP512    {1: 2, 3: -36 or -52, -1: 3, -2: x (66 bytes), -3: y (66 bytes)}   146 bytes
//	ES256K           {1: 2, 3: -47,        -1: 8, -2: x (32 bytes), -3: y (32 bytes)}    78 bytes
//	EdDSA  Ed25519   {1: 1, 3: -8 or -19,  -1: 6, -2: A (32 bytes)}                      42 bytes
//	Ed448            {1: 1, 3: -53,        -1: 7, -2: A (57 bytes)}                      68 bytes
//	RS256 to RS512   {1: 3, 3: -257 …,     -1: n, -2: e (no leading zero)}              272 bytes with 2048 bits
//	PS256 to PS512   {1: 3, 3: -37 …,      -1: n, -2: e (no leading zero)}              271 bytes with 2048 bits
//	ML-DSA-44        {1: 7, 3: -48,        -1: ρ ‖ t1 (1312 bytes)}                    1322 bytes
//	ML-DSA-65        {1: 7, 3: -49,        -1: ρ ‖ t1 (1952 bytes)}                    1962 bytes
//	ML-DSA-87        {1: 7, 3: -50,        -1: ρ ‖ t1 (2592 bytes)}                    2602 bytes
func (k Key) Encode() []byte {
	kind := schemes[k.algorithm].kind
	wire := wireKey{Type: kind.keyType, Algorithm: k.algorithm}
	switch p := k.public.(type) {
	case *ecdsa.PublicKey:
		point, err := p.Bytes() // New has seen that it is on the curve
		if err != nil {
			return nil
		}
		wire.setPoint(kind, point)
	case *secp256k1.PublicKey:
		wire.setPoint(kind, p.SerializeUncompressed())
	case ed25519.PublicKey:
		wire.Minus1, wire.Minus2 = raw(kind.curve), raw([]byte(p))
	case ed448.PublicKey:
		wire.Minus1, wire.Minus2 = raw(kind.curve), raw([]byte(p))
	case *rsa.PublicKey:
		wire.Minus1, wire.Minus2 = raw(p.N.Bytes()), raw(big.NewInt(int64(p.E)).Bytes())
	case *mldsa.PublicKey:
		wire.Minus1 = raw(p.Bytes())
	default:
		return nil
	}
	return raw(wire)
}

// setPoint takes an uncompressed point, 0x04 ‖ x ‖ y.
func (w *wireKey) setPoint(k kind, point []byte) {
	w.Minus1, w.Minus2, w.Minus3 = raw(k.curve), raw(point[1:1+k.length]), raw(point[1+k.length:])
}
