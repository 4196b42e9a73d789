package rpcases

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	_ "embed"
	"encoding/pem"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"

	"github.com/google/go-tpm/tpm2"

	"github.com/passkeylab/passkeylab/virtualauth"
	"github.com/passkeylab/passkeylab/virtualauth/cose"
	"github.com/passkeylab/passkeylab/virtualauth/keystore"
)

// rsaKey is a private key for RSA, as public as this file: finding one takes longer than a case may.
//
//go:embed testdata/rsa.pem
var rsaKey []byte

// withTPM gives an authenticator keys that a TPM certifies, by an attestation key for ES256.
func withTPM(w *virtualauth.World) { withAIK(cose.ES256)(w) }

// withAIK is the same with an attestation key for another algorithm.
func withAIK(algorithm cose.Algorithm) Equip {
	return func(w *virtualauth.World) {
		if known, is := w.Keys.(*keys); is {
			w.Keys = &tpmKeys{keys: known, algorithm: algorithm}
		}
	}
}

// tpmKeys stands in for a TPM (TPM 2.0 Part 2): its structures are those of one, its keys are in software. Keys for RSA are all
// the same one.
type tpmKeys struct {
	*keys
	algorithm cose.Algorithm // of the attestation key
}

// Create implements keystore.KeyStore.
func (k *tpmKeys) Create(ctx context.Context, algorithm cose.Algorithm) (keystore.Handle, cose.Key, error) {
	if algorithm == cose.RS256 {
		block, _ := pem.Decode(rsaKey)
		return k.Import(ctx, algorithm, block.Bytes)
	}
	return k.keys.Create(ctx, algorithm)
}

// attestationKey returns the public half of the key that certifies others, and how it signs.
func (k *tpmKeys) attestationKey(ctx context.Context) (public cose.Key, sign func(message []byte) ([]byte, error), err error) {
	if k.algorithm == cose.ES256 {
		store := keystore.NewSoftware(rand.NewChaCha8([32]byte{'T', 'P', 'M'}))
		handle, key, err := store.Create(ctx, k.algorithm)
		return key, func(message []byte) ([]byte, error) { return store.Sign(ctx, handle, message) }, err
	}
	block, _ := pem.Decode(rsaKey)
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return public, nil, fmt.Errorf("rpcases: the key for RSA: %w", err)
	}
	private := parsed.(*rsa.PrivateKey)
	public, err = cose.New(k.algorithm, private.Public())
	return public, func(message []byte) ([]byte, error) {
		return crypto.SignMessage(private, nil, message, k.algorithm.Hash())
	}, err
}

// AttestationKey implements keystore.Certifier.
func (k *tpmKeys) AttestationKey(ctx context.Context) (cose.Key, error) {
	public, _, err := k.attestationKey(ctx)
	return public, err
}

// Certify implements keystore.Certifier, as TPM2_Certify does (TPM 2.0 Part 3 §18.2).
func (k *tpmKeys) Certify(ctx context.Context, handle keystore.Handle, extraData []byte) (c keystore.Certification, err error) {
	encoded, err := k.Export(ctx, handle)
	if err != nil {
		return c, err
	}
	private, err := x509.ParsePKCS8PrivateKey(encoded)
	if err != nil {
		return c, fmt.Errorf("rpcases: no key for a TPM: %w", err)
	}
	area, err := publicArea(private.(crypto.Signer).Public())
	if err != nil {
		return c, err
	}
	c.Public = tpm2.Marshal(area)
	c.Attest = certifyInfo(nameOf(c.Public), extraData)
	_, sign, err := k.attestationKey(ctx)
	if err != nil {
		return c, err
	}
	c.Signature, err = sign(c.Attest)
	return c, err
}

// publicArea is how a TPM describes a public key (TPM 2.0 Part 2 §12.2.4).
func publicArea(public crypto.PublicKey) (*tpm2.TPMTPublic, error) {
	area := &tpm2.TPMTPublic{NameAlg: tpm2.TPMAlgSHA256, ObjectAttributes: tpm2.TPMAObject{
		FixedTPM: true, FixedParent: true, SensitiveDataOrigin: true, UserWithAuth: true, SignEncrypt: true,
	}}
	switch k := public.(type) {
	case *ecdsa.PublicKey:
		point, err := k.Bytes()
		if err != nil || k.Curve != elliptic.P256() {
			return nil, errors.Join(err, errors.New("rpcases: the TPM has no such curve"))
		}
		area.Type = tpm2.TPMAlgECC
		area.Parameters = tpm2.NewTPMUPublicParms(tpm2.TPMAlgECC, &tpm2.TPMSECCParms{CurveID: tpm2.TPMECCNistP256})
		area.Unique = tpm2.NewTPMUPublicID(tpm2.TPMAlgECC, &tpm2.TPMSECCPoint{
			X: tpm2.TPM2BECCParameter{Buffer: point[1:33]}, Y: tpm2.TPM2BECCParameter{Buffer: point[33:]},
		})
	case *rsa.PublicKey:
		area.Type = tpm2.TPMAlgRSA // its exponent is 0, which stands for 65537
		area.Parameters = tpm2.NewTPMUPublicParms(tpm2.TPMAlgRSA, &tpm2.TPMSRSAParms{KeyBits: tpm2.TPMKeyBits(k.N.BitLen())})
		area.Unique = tpm2.NewTPMUPublicID(tpm2.TPMAlgRSA, &tpm2.TPM2BPublicKeyRSA{Buffer: k.N.Bytes()})
	default:
		return nil, fmt.Errorf("rpcases: the TPM has no key of type %T", public)
	}
	return area, nil
}

// nameOf is the name of a key: SHA-256, and that hash of its public area (TPM 2.0 Part 1 §16).
func nameOf(public []byte) []byte {
	sum := sha256.Sum256(public)
	return slices.Concat([]byte{0, byte(tpm2.TPMAlgSHA256)}, sum[:])
}

// certifyInfo is what TPM2_Certify signs (TPM 2.0 Part 2 §10.12.8).
func certifyInfo(name, extraData []byte) []byte {
	return tpm2.Marshal(&tpm2.TPMSAttest{
		Magic: tpm2.TPMGeneratedValue, Type: tpm2.TPMSTAttestCertify,
		QualifiedSigner: tpm2.TPM2BName{Buffer: []byte("signer")}, ExtraData: tpm2.TPM2BData{Buffer: extraData},
		ClockInfo: tpm2.TPMSClockInfo{Clock: 1, ResetCount: 2, RestartCount: 3, Safe: true}, FirmwareVersion: 4,
		Attested: tpm2.NewTPMUAttest(tpm2.TPMSTAttestCertify, &tpm2.TPMSCertifyInfo{
			Name: tpm2.TPM2BName{Buffer: name}, QualifiedName: tpm2.TPM2BName{Buffer: []byte("qualified")},
		}),
	})
}

// editPublic is a lie about the public area, as a structure.
func editPublic(edit func(*tpm2.TPMTPublic)) func([]byte) []byte {
	return func(honest []byte) []byte {
		area, err := tpm2.Unmarshal[tpm2.TPMTPublic](honest)
		if err != nil {
			return honest
		}
		edit(area)
		return tpm2.Marshal(area)
	}
}
