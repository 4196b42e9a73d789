package cose

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"errors"
	"fmt"

	"filippo.io/mldsa"
	"github.com/cloudflare/circl/sign/ed448"
	"github.com/decred/dcrd/dcrec/secp256k1/v4"
)

// kind is a family of keys that algorithms share. The zero kind is none.
type kind struct {
	keyType int // label 1 of the COSE_Key
	curve   int // its label -1 in EC2 and OKP keys; zero in others
	length  int // bytes of each coordinate of an EC2 key, of the whole key of OKP and AKP; zero for RSA
}

// Values of label 1 (IANA's "COSE Key Types").
const (
	keyTypeOKP = 1
	keyTypeEC2 = 2
	keyTypeRSA = 3
	keyTypeAKP = 7
)

// The kinds of keys, with IANA's "COSE Elliptic Curves". Never written.
var (
	p256         = kind{keyTypeEC2, 1, 32}
	p384         = kind{keyTypeEC2, 2, 48}
	p521         = kind{keyTypeEC2, 3, 66}
	koblitz256   = kind{keyTypeEC2, 8, 32} // secp256k1
	edwards25519 = kind{keyTypeOKP, 6, ed25519.PublicKeySize}
	edwards448   = kind{keyTypeOKP, 7, ed448.PublicKeySize}
	rsaKey       = kind{keyTypeRSA, 0, 0}
	lattice44    = kind{keyTypeAKP, 0, mldsa.MLDSA44PublicKeySize}
	lattice65    = kind{keyTypeAKP, 0, mldsa.MLDSA65PublicKeySize}
	lattice87    = kind{keyTypeAKP, 0, mldsa.MLDSA87PublicKeySize}
)

// nist returns the standard library's curve of a kind, nil for kinds that are not on one.
func (k kind) nist() elliptic.Curve {
	switch k {
	case p256:
		return elliptic.P256()
	case p384:
		return elliptic.P384()
	case p521:
		return elliptic.P521()
	}
	return nil
}

// kindOf returns the kind of a public key, the zero kind when it is of none, and an error when its numbers make no key.
func kindOf(public crypto.PublicKey) (kind, error) {
	switch p := public.(type) {
	case *ecdsa.PublicKey:
		return kindOfPoint(p)
	case *secp256k1.PublicKey:
		if p == nil {
			return kind{}, nil
		}
		return koblitz256, require(p.IsOnCurve(), "secp256k1 key off the curve")
	case ed25519.PublicKey:
		return edwards25519, requireLength(len(p), edwards25519)
	case ed448.PublicKey:
		return edwards448, requireLength(len(p), edwards448)
	case *rsa.PublicKey:
		if p == nil {
			return kind{}, nil
		}
		return rsaKey, checkRSA(p)
	case *mldsa.PublicKey:
		if p == nil || p.Equal(&mldsa.PublicKey{}) { // Parameters panics on the zero key
			return kind{}, nil
		}
		return kind{keyTypeAKP, 0, p.Parameters().PublicKeySize()}, nil
	}
	return kind{}, nil
}

func kindOfPoint(p *ecdsa.PublicKey) (kind, error) {
	if p == nil {
		return kind{}, nil
	}
	for _, k := range [...]kind{p256, p384, p521} {
		if p.Curve == k.nist() {
			return k, checkPoint(p)
		}
	}
	return kind{}, nil
}

func checkPoint(p *ecdsa.PublicKey) error {
	//lint:ignore SA1019 Bytes panics without coordinates, and only these fields tell
	if p.X == nil || p.Y == nil {
		return errors.New("EC2 key without a point")
	}
	_, err := p.Bytes() // fails off the curve
	return err
}

const minModulusBits, maxModulusBits = 2048, 8192

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

func require(holds bool, otherwise string) error {
	if !holds {
		return errors.New(otherwise)
	}
	return nil
}

func requireLength(length int, k kind) error {
	return require(length == k.length, fmt.Sprintf("key of %d bytes, want %d", length, k.length))
}
