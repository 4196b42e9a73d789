package attest

import (
	"crypto"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"errors"
	"fmt"
	"math/big"
	"slices"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/protocol/webauthncose"
)

// procedure is the verification procedure of a format: its steps in order, each with the clause it comes from.
type procedure struct {
	kind  Type
	steps []step
}

// step reads or checks one thing. A later step relies on what earlier ones have put into the evidence.
type step struct {
	clause string
	check  func(*evidence) error
}

// procedures are the formats that this package verifies itself. Never written after the program has started.
var procedures = map[protocol.AttestationFormat]procedure{
	protocol.AttestationFormatApple: {AnonCA, []step{
		{"WebAuthn L3 §8.8 (syntax)", readChain},
		{"WebAuthn L3 §8.8 (nonce)", checkAppleNonce},
		{"WebAuthn L3 §8.8 (public key)", checkPublicKey},
	}},
	protocol.AttestationFormatAndroidKey: {Basic, []step{
		{"WebAuthn L3 §8.4 (syntax)", readAndroidKey},
		{"WebAuthn L3 §8.4 (signature)", checkAndroidSignature},
		{"WebAuthn L3 §8.4 (public key)", checkPublicKey},
		{"WebAuthn L3 §8.4.1 (extension data)", readDescription},
		{"WebAuthn L3 §8.4 (attestationChallenge)", checkAndroidChallenge},
		{"WebAuthn L3 §8.4 (allApplications)", checkAndroidScope},
		{"WebAuthn L3 §8.4 (origin)", checkAndroidOrigin},
		{"WebAuthn L3 §8.4 (purpose)", checkAndroidPurpose},
	}},
	protocol.AttestationFormatAndroidSafetyNet: {Basic, []step{
		{"WebAuthn L3 §8.5 (syntax)", readSafetyNet},
		{"WebAuthn L3 §8.5 (response)", checkSafetyNetSignature},
		{"WebAuthn L3 §8.5 (nonce)", checkSafetyNetNonce},
		{"WebAuthn L3 §8.5 (service)", checkSafetyNetService},
		{"WebAuthn L3 §8.5 (integrity)", checkSafetyNetIntegrity},
		{"WebAuthn L3 §8.5 (timestamp)", checkSafetyNetTime},
	}},
}

// evidence is one statement under verification and what has been read of it.
type evidence struct {
	Verifier
	object         protocol.AttestationObject
	clientDataHash []byte
	// chain is the attestation trust path, the leaf first.
	chain []*x509.Certificate
	// algorithm and signature are those of android-key.
	algorithm   webauthncose.COSEAlgorithmIdentifier
	signature   []byte
	description keyDescription
	safetyNet   safetyNet
}

// signed is what statements are about: authenticator data and client data hash.
func (e *evidence) signed() []byte { return slices.Concat(e.object.RawAuthData, e.clientDataHash) }

// nonce is its SHA-256.
func (e *evidence) nonce() []byte {
	sum := sha256.Sum256(e.signed())
	return sum[:]
}

// ours goes through the steps of a procedure and then judges the trust path.
func (v Verifier) ours(p procedure, object protocol.AttestationObject, clientDataHash []byte) (Result, error) {
	e := &evidence{Verifier: v, object: object, clientDataHash: clientDataHash}
	for _, s := range p.steps {
		if err := s.check(e); err != nil {
			return Result{}, &Error{object.Format, s.clause, err}
		}
	}
	if err := v.trust(protocol.AttestationFormat(object.Format), e.chain); err != nil {
		return Result{}, &Error{object.Format, clauseTrust, err}
	}
	return Result{Type: p.kind, Trusted: true}, nil
}

// readChain reads x5c. Members that the syntax does not have are overlooked: Apple's devices have sent "alg".
func readChain(e *evidence) (err error) {
	e.chain, err = certificates(e.object.AttStatement)
	return err
}

// errOtherKey says that the certificate is for another key.
var errOtherKey = errors.New("the certificate's public key is not the credential's")

// checkPublicKey compares the leaf's public key with the credential's.
func checkPublicKey(e *evidence) error {
	key, err := publicKey(e.object.AuthData.AttData.CredentialPublicKey)
	if err != nil {
		return err
	}
	if same, ok := key.(interface{ Equal(crypto.PublicKey) bool }); !ok || !same.Equal(e.chain[0].PublicKey) {
		return errOtherKey
	}
	return nil
}

// publicKey turns a COSE_Key into the form that certificates have.
func publicKey(encoded []byte) (crypto.PublicKey, error) {
	parsed, err := webauthncose.ParsePublicKey(encoded)
	if err != nil {
		return nil, fmt.Errorf("credential public key: %w", err)
	}
	switch key := parsed.(type) {
	case webauthncose.EC2PublicKeyData:
		return key.ToECDSA()
	case webauthncose.RSAPublicKeyData:
		exponent := new(big.Int).SetBytes(key.Exponent)
		return &rsa.PublicKey{N: new(big.Int).SetBytes(key.Modulus), E: int(exponent.Int64())}, nil
	case webauthncose.OKPPublicKeyData:
		return ed25519.PublicKey(key.XCoord), nil
	}
	return nil, fmt.Errorf("credential public key: certificates have no %T", parsed)
}
