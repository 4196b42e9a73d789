package cose

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"errors"
	"fmt"
	"math/big"

	"github.com/fxamacker/cbor/v2"
)

// Errors of New and Parse; test for them with errors.Is.
var (
	// ErrUnsupported says that the key type, curve or algorithm is none of those in this package.
	ErrUnsupported = errors.New("cose: unsupported key")
	// ErrMalformed says that the bytes are not a COSE_Key in CTAP2 canonical CBOR, or that its numbers make no key.
	ErrMalformed = errors.New("cose: malformed key")
)

// Labels and values of COSE_Key maps (RFC 9052 §7.1, RFC 9053 §7).
const (
	keyTypeOKP, keyTypeEC2, keyTypeRSA = 1, 2, 3
	curveP256, curveEd25519            = 1, 6
	coordinateLength                   = 32 // bytes, of P-256 and of Ed25519 alike
	minModulusBits, maxModulusBits     = 2048, 8192
)

// Key is a credential public key: an algorithm and the key it is used with. The zero Key is no key.
type Key struct {
	algorithm Algorithm
	public    crypto.PublicKey
}

// New returns the Key for a public key of the standard library: *ecdsa.PublicKey on P-256 for ES256, ed25519.PublicKey
// for EdDSA, *rsa.PublicKey for RS256. It fails with ErrUnsupported for any other pair, and with ErrMalformed for
// numbers that make no key.
func New(algorithm Algorithm, public crypto.PublicKey) (Key, error) {
	var err error
	switch p := public.(type) {
	case *ecdsa.PublicKey:
		if algorithm == ES256 && p != nil && p.Curve == elliptic.P256() {
			return checked(Key{algorithm, public}, checkPoint(p))
		}
	case ed25519.PublicKey:
		if algorithm == EdDSA {
			if len(p) != ed25519.PublicKeySize {
				err = fmt.Errorf("Ed25519 key of %d bytes, want %d", len(p), ed25519.PublicKeySize)
			}
			return checked(Key{algorithm, public}, err)
		}
	case *rsa.PublicKey:
		if algorithm == RS256 && p != nil {
			return checked(Key{algorithm, public}, checkRSA(p))
		}
	}
	return Key{}, fmt.Errorf("%w: %v with a %T", ErrUnsupported, algorithm, public)
}

// checked returns the key, or why its numbers make none.
func checked(key Key, err error) (Key, error) {
	if err != nil {
		return Key{}, fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	return key, nil
}

func checkPoint(p *ecdsa.PublicKey) error {
	//lint:ignore SA1019 Bytes panics without coordinates, and only these fields tell
	if p.X == nil || p.Y == nil {
		return errors.New("P-256 key without a point")
	}
	_, err := p.Bytes() // fails off the curve
	return err
}

func checkRSA(p *rsa.PublicKey) error {
	if p.N == nil {
		return errors.New("RSA key without a modulus")
	}
	if bits := p.N.BitLen(); bits < minModulusBits || bits > maxModulusBits {
		return fmt.Errorf("RSA modulus of %d bits, want %d to %d", bits, minModulusBits, maxModulusBits)
	}
	if p.E < 3 || p.E%2 == 0 {
		return fmt.Errorf("RSA exponent %d", p.E)
	}
	return nil
}

// Algorithm returns the algorithm that the key is used with; zero for the zero Key.
func (k Key) Algorithm() Algorithm { return k.algorithm }

// Public returns the key as the standard library's type; nil for the zero Key.
func (k Key) Public() crypto.PublicKey { return k.public }

// wireKey is the COSE_Key map while its meaning is still open: the labels -1 to -3 mean different things for each key
// type, so they stay raw until label 1 was read.
type wireKey struct {
	Type      int             `cbor:"1,keyasint,omitempty"`
	Algorithm Algorithm       `cbor:"3,keyasint,omitempty"`
	Minus1    cbor.RawMessage `cbor:"-1,keyasint,omitempty"` // curve, or RSA modulus n
	Minus2    cbor.RawMessage `cbor:"-2,keyasint,omitempty"` // x, or RSA exponent e
	Minus3    cbor.RawMessage `cbor:"-3,keyasint,omitempty"` // y
}

// Encode returns the COSE_Key as CTAP2 canonical CBOR (WebAuthn L3 §6.5.1.1): the labels 1, 3, -1, -2, -3 in this order,
// without optional ones, integers big endian, coordinates at full length. The zero Key encodes to nil.
//
//	ES256  {1: 2, 3: -7,   -1: 1, -2: x (32 bytes), -3: y (32 bytes)}
//	EdDSA  {1: 1, 3: -8,   -1: 6, -2: x (32 bytes)}
//	RS256  {1: 3, 3: -257, -1: n, -2: e (no leading zero)}
func (k Key) Encode() []byte {
	wire := wireKey{Algorithm: k.algorithm}
	switch p := k.public.(type) {
	case *ecdsa.PublicKey:
		point, err := p.Bytes() // 0x04 ‖ x ‖ y; New has seen that it is on the curve
		if err != nil {
			return nil
		}
		wire.Type, wire.Minus1 = keyTypeEC2, raw(curveP256)
		wire.Minus2, wire.Minus3 = raw(point[1:1+coordinateLength]), raw(point[1+coordinateLength:])
	case ed25519.PublicKey:
		wire.Type, wire.Minus1, wire.Minus2 = keyTypeOKP, raw(curveEd25519), raw([]byte(p))
	case *rsa.PublicKey:
		wire.Type, wire.Minus1, wire.Minus2 = keyTypeRSA, raw(p.N.Bytes()), raw(big.NewInt(int64(p.E)).Bytes())
	default:
		return nil
	}
	return raw(wire)
}
