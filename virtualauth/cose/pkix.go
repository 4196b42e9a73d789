package cose

import (
	"crypto/x509/pkix"
	"encoding/asn1"
	"errors"
	"fmt"

	mldsax509 "filippo.io/mldsa/x509"
	"github.com/cloudflare/circl/sign/ed448"
	"github.com/decred/dcrd/dcrec/secp256k1/v4"
)

// Object identifiers of the keys that no library here encodes.
var (
	oidECPublicKey = asn1.ObjectIdentifier{1, 2, 840, 10045, 2, 1} // RFC 5480 §2.1.1
	oidSecp256k1   = asn1.ObjectIdentifier{1, 3, 132, 0, 10}       // SEC 2 §A.2
	oidEd448       = asn1.ObjectIdentifier{1, 3, 101, 113}         // RFC 8410 §3
)

// subjectPublicKeyInfo is RFC 5280 §4.1.
type subjectPublicKeyInfo struct {
	Algorithm pkix.AlgorithmIdentifier
	PublicKey asn1.BitString
}

// MarshalPKIX returns the key as a DER SubjectPublicKeyInfo, as getPublicKey of WebAuthn L3 §5.2.1.1 does. It fails for the
// zero Key only.
func (k Key) MarshalPKIX() ([]byte, error) {
	switch p := k.public.(type) {
	case nil:
		return nil, errors.New("cose: the zero key has no SubjectPublicKeyInfo")
	case *secp256k1.PublicKey:
		curve, err := asn1.Marshal(oidSecp256k1)
		if err != nil {
			return nil, fmt.Errorf("cose: marshal a curve: %w", err)
		}
		return marshalPKIX(pkix.AlgorithmIdentifier{Algorithm: oidECPublicKey, Parameters: asn1.RawValue{FullBytes: curve}}, p.SerializeUncompressed())
	case ed448.PublicKey:
		return marshalPKIX(pkix.AlgorithmIdentifier{Algorithm: oidEd448}, p)
	default:
		return mldsax509.MarshalPKIXPublicKey(p)
	}
}

func marshalPKIX(algorithm pkix.AlgorithmIdentifier, public []byte) ([]byte, error) {
	return asn1.Marshal(subjectPublicKeyInfo{algorithm, asn1.BitString{Bytes: public, BitLength: 8 * len(public)}})
}
