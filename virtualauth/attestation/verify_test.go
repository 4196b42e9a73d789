package attestation_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	_ "crypto/sha1"
	_ "crypto/sha512"
	"crypto/x509"
	"encoding/asn1"
	"errors"
	"fmt"
	"math/big"
	"slices"
	"time"

	"github.com/fxamacker/cbor/v2"
	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/protocol/webauthncose"
)

// This file and the others named verify_…_test.go are a relying party's verification procedures, written from WebAuthn L3 §8
// alone, one function a step. They share nothing with the code that makes statements, and go-webauthn's parsers of
// authenticator data and COSE keys stand in for ours.

// judge verifies statements. Its zero value trusts nothing.
type judge struct {
	root *x509.Certificate
	now  time.Time
	// fido adds what FIDO's conformance tests ask for beyond WebAuthn.
	fido bool
	// lenient tolerates what the W3C's own vectors lack: a known TPM manufacturer.
	lenient bool
	// enterprise says that it asked for enterprise attestation.
	enterprise bool
}

// step names a step of a verification procedure.
type step string

// refused is why a statement was refused: the step that did not pass.
type refused struct {
	step step
	why  string
}

func (r *refused) Error() string { return string(r.step) + ": " + r.why }

func refuse(s step, format string, args ...any) error {
	return &refused{s, fmt.Sprintf(format, args...)}
}

// evidence is what the verification procedures start from (WebAuthn L3 §6.5.2, verification procedure inputs).
type evidence struct {
	format   string
	stmt     cbor.RawMessage
	authData []byte
	hash     []byte // of the client data

	data      protocol.AuthenticatorData
	public    crypto.PublicKey
	algorithm int64
}

// read parses authenticator data and the credential public key in it.
func read(format string, stmt cbor.RawMessage, authData, hash []byte) (*evidence, error) {
	e := &evidence{format: format, stmt: stmt, authData: authData, hash: hash}
	if err := e.data.Unmarshal(authData); err != nil {
		return nil, err
	}
	parsed, err := webauthncose.ParsePublicKey(e.data.AttData.CredentialPublicKey)
	if err != nil {
		return nil, err
	}
	switch k := parsed.(type) {
	case webauthncose.EC2PublicKeyData:
		curves := map[int64]elliptic.Curve{1: elliptic.P256(), 2: elliptic.P384(), 3: elliptic.P521()}
		e.algorithm = k.Algorithm
		e.public, err = ecdsa.ParseUncompressedPublicKey(curves[k.Curve], slices.Concat([]byte{4}, k.XCoord, k.YCoord))
	case webauthncose.OKPPublicKeyData:
		e.algorithm, e.public = k.Algorithm, ed25519.PublicKey(k.XCoord)
	case webauthncose.RSAPublicKeyData:
		e.algorithm = k.Algorithm
		e.public = &rsa.PublicKey{N: new(big.Int).SetBytes(k.Modulus), E: int(new(big.Int).SetBytes(k.Exponent).Int64())}
	default:
		err = fmt.Errorf("a %T", parsed)
	}
	return e, err
}

// procedures are those of WebAuthn L3 §8, by format.
func (j judge) procedure(format string) func(*evidence) error {
	return map[string]func(*evidence) error{
		"none": j.none, "packed": j.packed, "tpm": j.tpm, "android-key": j.androidKey,
		"android-safetynet": j.safetyNet, "fido-u2f": j.fidoU2F, "apple": j.apple, "compound": j.compound,
	}[format]
}

const stepFormat step = "7.1: format is known"

// verify runs the verification procedure of the format.
func (j judge) verify(e *evidence) error {
	procedure := j.procedure(e.format)
	if procedure == nil {
		return refuse(stepFormat, "%q", e.format)
	}
	return procedure(e)
}

const stepNone step = "8.7: the statement is an empty map"

func (j judge) none(e *evidence) error {
	if len(e.stmt) != 1 || e.stmt[0] != 0xa0 {
		return refuse(stepNone, "%x", []byte(e.stmt))
	}
	return nil
}

// strict is a decoder that tolerates no member twice and none that the syntax does not have.
var strict = func() cbor.DecMode {
	mode, err := cbor.DecOptions{DupMapKey: cbor.DupMapKeyEnforcedAPF, ExtraReturnErrors: cbor.ExtraDecErrorUnknownField}.DecMode()
	if err != nil {
		panic(err)
	}
	return mode
}()

// steps runs one step after the other and stops at the first that refuses.
func steps(all ...func() error) error {
	for _, s := range all {
		if err := s(); err != nil {
			return err
		}
	}
	return nil
}

const (
	stepCertificates step = "x5c is certificates in DER"
	stepTrust        step = "7.1: the trust path leads to the root"
)

// certificates parses x5c.
func certificates(x5c [][]byte) (chain []*x509.Certificate, err error) {
	if len(x5c) == 0 {
		return nil, refuse(stepCertificates, "none")
	}
	for i, der := range x5c {
		c, err := x509.ParseCertificate(der)
		if err != nil {
			return nil, refuse(stepCertificates, "%d: %v", i, err)
		}
		chain = append(chain, c)
	}
	return chain, nil
}

// trust checks the path from a leaf to the root; critical names an extension that the caller has understood.
func (j judge) trust(chain []*x509.Certificate, critical ...asn1.ObjectIdentifier) error {
	leaf := *chain[0]
	leaf.UnhandledCriticalExtensions = slices.DeleteFunc(slices.Clone(leaf.UnhandledCriticalExtensions), func(id asn1.ObjectIdentifier) bool {
		return slices.ContainsFunc(critical, id.Equal)
	})
	roots, intermediates := x509.NewCertPool(), x509.NewCertPool()
	roots.AddCert(j.root)
	for _, c := range chain[1:] {
		intermediates.AddCert(c)
		if j.fido && c.Equal(j.root) {
			return refuse(stepTrust, "the root is in x5c")
		}
	}
	options := x509.VerifyOptions{Roots: roots, Intermediates: intermediates, CurrentTime: j.now, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageAny}}
	if _, err := leaf.Verify(options); err != nil {
		return refuse(stepTrust, "%v", err)
	}
	return nil
}

// coseHashes are the hashes of COSE algorithms.
var coseHashes = map[int64]crypto.Hash{
	-7: crypto.SHA256, -257: crypto.SHA256, -35: crypto.SHA384, -36: crypto.SHA512, -65535: crypto.SHA1, -8: 0,
}

// checkSignature verifies with exactly the algorithm named, and a key of its kind.
func checkSignature(public crypto.PublicKey, algorithm int64, message, signature []byte) error {
	hash, known := coseHashes[algorithm]
	if !known {
		return fmt.Errorf("unknown algorithm %d", algorithm)
	}
	digest := message
	if hash != 0 {
		h := hash.New()
		h.Write(message)
		digest = h.Sum(nil)
	}
	valid := false
	switch k := public.(type) {
	case *ecdsa.PublicKey:
		valid = slices.Contains([]int64{-7, -35, -36}, algorithm) && ecdsa.VerifyASN1(k, digest, signature)
	case *rsa.PublicKey:
		valid = slices.Contains([]int64{-257, -65535}, algorithm) && rsa.VerifyPKCS1v15(k, hash, digest, signature) == nil
	case ed25519.PublicKey:
		valid = algorithm == -8 && ed25519.Verify(k, message, signature)
	}
	if !valid {
		return errors.New("the signature is not valid")
	}
	return nil
}

// extension returns the one with an id, or nil.
func extension(c *x509.Certificate, id ...int) []byte {
	for _, e := range c.Extensions {
		if e.Id.Equal(id) {
			return e.Value
		}
	}
	return nil
}

// critical reports whether an extension is marked so.
func critical(c *x509.Certificate, id ...int) bool {
	for _, e := range c.Extensions {
		if e.Id.Equal(id) {
			return e.Critical
		}
	}
	return false
}

// decodeExactly decodes DER with nothing left over.
func decodeExactly(der []byte, into any) error {
	rest, err := asn1.Unmarshal(der, into)
	if err == nil && len(rest) > 0 {
		err = errors.New("bytes left over")
	}
	return err
}

// sameKey compares public keys.
func sameKey(a, b crypto.PublicKey) bool {
	k, is := a.(interface{ Equal(crypto.PublicKey) bool })
	return is && k.Equal(b)
}
