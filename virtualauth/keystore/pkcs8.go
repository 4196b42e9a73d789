package keystore

import (
	"bytes"
	"crypto"
	"crypto/x509/pkix"
	"encoding/asn1"
	"errors"
	"fmt"

	mldsax509 "filippo.io/mldsa/x509"
	"github.com/cloudflare/circl/sign/ed448"
	"github.com/decred/dcrd/dcrec/secp256k1/v4"
)

// Private keys travel as PKCS #8 (RFC 5208, RFC 5958). Libraries write those of the NIST curves, of Ed25519 and RSA, and of
// ML-DSA as its seed (RFC 9881 §6, the form without the expanded key); this file writes the other two:
//
//	Ed448      SEQUENCE { 0, SEQUENCE { 1.3.101.113 }, OCTET STRING { OCTET STRING (57 bytes) } }      RFC 8410 §7
//	secp256k1  SEQUENCE { 0, SEQUENCE { 1.2.840.10045.2.1, 1.3.132.0.10 }, OCTET STRING { SEQUENCE {   RFC 5915 §3
//	               1, OCTET STRING (32 bytes), [0] 1.3.132.0.10 OPTIONAL, [1] BIT STRING (point) OPTIONAL } } }

var (
	oidECPublicKey = asn1.ObjectIdentifier{1, 2, 840, 10045, 2, 1}
	oidSecp256k1   = asn1.ObjectIdentifier{1, 3, 132, 0, 10}
	oidEd448       = asn1.ObjectIdentifier{1, 3, 101, 113}
)

// oneAsymmetricKey is RFC 5958 §2 without what may follow.
type oneAsymmetricKey struct {
	Version    int
	Algorithm  pkix.AlgorithmIdentifier
	PrivateKey []byte
}

// ecPrivateKey is RFC 5915 §3.
type ecPrivateKey struct {
	Version    int
	PrivateKey []byte
	Parameters asn1.ObjectIdentifier `asn1:"optional,explicit,tag:0"`
	PublicKey  asn1.BitString        `asn1:"optional,explicit,tag:1"`
}

func marshalPKCS8(private crypto.Signer) ([]byte, error) {
	switch key := private.(type) {
	case ed448.PrivateKey:
		seed, err := asn1.Marshal(key.Seed())
		if err != nil {
			return nil, err
		}
		return asn1.Marshal(oneAsymmetricKey{Algorithm: pkix.AlgorithmIdentifier{Algorithm: oidEd448}, PrivateKey: seed})
	case koblitzKey:
		return key.marshalPKCS8()
	}
	return mldsax509.MarshalPKCS8PrivateKey(private)
}

func (k koblitzKey) marshalPKCS8() ([]byte, error) {
	curve, err := asn1.Marshal(oidSecp256k1)
	if err != nil {
		return nil, err
	}
	point := k.PubKey().SerializeUncompressed()
	inner, err := asn1.Marshal(ecPrivateKey{
		Version: 1, PrivateKey: k.Serialize(),
		PublicKey: asn1.BitString{Bytes: point, BitLength: 8 * len(point)},
	})
	if err != nil {
		return nil, err
	}
	return asn1.Marshal(oneAsymmetricKey{
		Algorithm:  pkix.AlgorithmIdentifier{Algorithm: oidECPublicKey, Parameters: asn1.RawValue{FullBytes: curve}},
		PrivateKey: inner,
	})
}

func parsePKCS8(der []byte) (crypto.Signer, error) {
	var outer oneAsymmetricKey
	rest, err := asn1.Unmarshal(der, &outer)
	if err != nil {
		return nil, err
	}
	if len(rest) > 0 {
		return nil, fmt.Errorf("%d bytes behind the private key", len(rest))
	}
	switch {
	case outer.Algorithm.Algorithm.Equal(oidEd448):
		return parseEd448(outer)
	case outer.Algorithm.Algorithm.Equal(oidECPublicKey) && outer.onSecp256k1():
		return parseKoblitz(outer.PrivateKey)
	}
	parsed, err := mldsax509.ParsePKCS8PrivateKey(der)
	if err != nil {
		return nil, err
	}
	private, able := parsed.(crypto.Signer)
	if !able {
		return nil, fmt.Errorf("a %T cannot sign", parsed)
	}
	return private, nil
}

func (k oneAsymmetricKey) onSecp256k1() bool {
	var curve asn1.ObjectIdentifier
	rest, err := asn1.Unmarshal(k.Algorithm.Parameters.FullBytes, &curve)
	return err == nil && len(rest) == 0 && curve.Equal(oidSecp256k1)
}

func parseEd448(outer oneAsymmetricKey) (crypto.Signer, error) {
	var seed []byte
	rest, err := asn1.Unmarshal(outer.PrivateKey, &seed)
	if err != nil {
		return nil, fmt.Errorf("Ed448 key: %w", err)
	}
	if len(rest) > 0 || len(seed) != ed448.SeedSize || len(outer.Algorithm.Parameters.FullBytes) > 0 {
		return nil, fmt.Errorf("Ed448 key of %d bytes with %d behind it, or with parameters", len(seed), len(rest))
	}
	return ed448.NewKeyFromSeed(seed), nil
}

func parseKoblitz(der []byte) (crypto.Signer, error) {
	var inner ecPrivateKey
	rest, err := asn1.Unmarshal(der, &inner)
	if err != nil {
		return nil, fmt.Errorf("secp256k1 key: %w", err)
	}
	if len(rest) > 0 || inner.Version != 1 || len(inner.PrivateKey) != secp256k1.PrivKeyBytesLen {
		return nil, fmt.Errorf("secp256k1 key of version %d with %d bytes and %d behind them", inner.Version, len(inner.PrivateKey), len(rest))
	}
	if inner.Parameters != nil && !inner.Parameters.Equal(oidSecp256k1) {
		return nil, fmt.Errorf("secp256k1 key on curve %v", inner.Parameters)
	}
	var scalar secp256k1.ModNScalar
	if overflows := scalar.SetByteSlice(inner.PrivateKey); overflows || scalar.IsZero() {
		return nil, errors.New("secp256k1 key out of range")
	}
	key := koblitzKey{secp256k1.NewPrivateKey(&scalar)}
	if p := inner.PublicKey.Bytes; p != nil && !bytes.Equal(p, key.PubKey().SerializeUncompressed()) && !bytes.Equal(p, key.PubKey().SerializeCompressed()) {
		return nil, errors.New("secp256k1 key with another public key")
	}
	return key, nil
}
