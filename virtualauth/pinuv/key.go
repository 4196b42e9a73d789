package pinuv

import (
	"crypto/ecdh"
	"crypto/elliptic"
	"fmt"
	"io"
	"slices"

	"github.com/passkeylab/passkeylab/virtualauth/ctap2"
	"github.com/passkeylab/passkeylab/virtualauth/internal/derive"
)

// wireKey is a key agreement key (CTAP 2.3 §6.5.6, getPublicKey): a COSE_Key map with these five labels.
//
//	{1: 2, 3: -25, -1: 1, -2: x (32 bytes), -3: y (32 bytes)}
//
// Algorithm -25 is ECDH-ES + HKDF-256, which is not what the protocols do; the number is theirs all the same.
type wireKey struct {
	Type      int         `cbor:"1,keyasint"`
	Algorithm int         `cbor:"3,keyasint"`
	Curve     int         `cbor:"-1,keyasint"`
	X         ctap2.Bytes `cbor:"-2,keyasint"`
	Y         ctap2.Bytes `cbor:"-3,keyasint"`
}

const (
	keyTypeEC2       = 2
	keyAlgorithm     = -25
	curveP256        = 1
	coordinateLength = 32 // bytes
)

// newKey derives a key of 48 bytes that it draws.
func newKey(random io.Reader) (*ecdh.PrivateKey, error) {
	wide := make([]byte, 48)
	if _, err := io.ReadFull(random, wide); err != nil {
		return nil, fmt.Errorf("pinuv: draw a key agreement key: %w", err)
	}
	private, err := ecdh.P256().NewPrivateKey(derive.Scalar(wide, elliptic.P256().Params().N))
	if err != nil {
		return nil, fmt.Errorf("pinuv: derive a key agreement key: %w", err)
	}
	return private, nil
}

// encodeKey returns the COSE_Key map of a public key as CTAP2 canonical CBOR.
func encodeKey(public *ecdh.PublicKey) []byte {
	point := public.Bytes() // 0x04 ‖ x ‖ y
	return encodeWire(wireKey{
		Type: keyTypeEC2, Algorithm: keyAlgorithm, Curve: curveP256,
		X: point[1 : 1+coordinateLength], Y: point[1+coordinateLength:],
	})
}

// encodeWire encodes five members that cannot fail to encode.
func encodeWire(wire wireKey) []byte {
	encoded, err := ctap2.Marshal(wire)
	if err != nil {
		return nil
	}
	return encoded
}

// parseKey reads a key agreement key, and refuses whatever is no point of P-256 other than infinity with ErrMalformedKey. It
// does not insist on the algorithm: some platforms leave it out or write -7 there, and nothing hangs on it.
func parseKey(encoded []byte) (*ecdh.PublicKey, error) {
	var wire wireKey
	if err := ctap2.Unmarshal(encoded, &wire); err != nil {
		return nil, fmt.Errorf("%w: %v", ErrMalformedKey, err) // not wrapped: it would be taken for another status
	}
	if wire.Type != keyTypeEC2 || wire.Curve != curveP256 {
		return nil, fmt.Errorf("%w: key type %d on curve %d", ErrMalformedKey, wire.Type, wire.Curve)
	}
	if len(wire.X) != coordinateLength || len(wire.Y) != coordinateLength {
		return nil, fmt.Errorf("%w: coordinates of %d and %d bytes", ErrMalformedKey, len(wire.X), len(wire.Y))
	}
	public, err := ecdh.P256().NewPublicKey(slices.Concat([]byte{4}, wire.X, wire.Y))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrMalformedKey, err)
	}
	return public, nil
}
