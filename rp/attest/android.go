package attest

import (
	"bytes"
	"crypto/x509"
	"encoding/asn1"
	"errors"
	"fmt"
	"slices"

	"github.com/go-webauthn/webauthn/protocol/webauthncose"
)

// androidKey is the extension of WebAuthn L3 §8.4.1, 1.3.6.1.4.1.11129.2.1.17.
var androidKey = asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 11129, 2, 1, 17}

// keyDescription is the extension's value as far as it is read (Android's KeyDescription schema).
type keyDescription struct {
	AttestationVersion       int
	AttestationSecurityLevel asn1.Enumerated
	KeyMintVersion           int
	KeyMintSecurityLevel     asn1.Enumerated
	AttestationChallenge     []byte
	UniqueID                 []byte
	SoftwareEnforced         asn1.RawValue
	HardwareEnforced         asn1.RawValue // teeEnforced
}

// Tags of AuthorizationList.
const (
	tagPurpose         = 1
	tagAllApplications = 600
	tagOrigin          = 702
)

// Values of Keymaster (KM_PURPOSE_SIGN, KM_ORIGIN_GENERATED).
const (
	purposeSign     = 2
	originGenerated = 0
)

// readAndroidKey reads alg, sig and x5c.
func readAndroidKey(e *evidence) error {
	algorithm, ok := e.object.AttStatement["alg"].(int64)
	if !ok {
		return errors.New("alg is no integer")
	}
	if e.signature, ok = e.object.AttStatement["sig"].([]byte); !ok {
		return errors.New("sig is no byte string")
	}
	e.algorithm = webauthncose.COSEAlgorithmIdentifier(algorithm)
	return readChain(e)
}

// checkAndroidSignature verifies sig by the leaf's key.
func checkAndroidSignature(e *evidence) error {
	algorithm := webauthncose.SigAlgFromCOSEAlg(e.algorithm)
	if algorithm == x509.UnknownSignatureAlgorithm {
		return fmt.Errorf("algorithm %d is not supported", e.algorithm)
	}
	return e.chain[0].CheckSignature(algorithm, e.signed(), e.signature)
}

func readDescription(e *evidence) error {
	value, err := extension(e.chain[0], androidKey)
	if err != nil {
		return err
	}
	rest, err := asn1.Unmarshal(value, &e.description)
	if err == nil && len(rest) > 0 {
		err = fmt.Errorf("%d bytes behind the key description", len(rest))
	}
	return err
}

func checkAndroidChallenge(e *evidence) error {
	if !bytes.Equal(e.description.AttestationChallenge, e.clientDataHash) {
		return errors.New("attestationChallenge is not the client data hash")
	}
	return nil
}

// checkAndroidScope refuses keys that every app may use: a credential belongs to one RP ID.
func checkAndroidScope(e *evidence) error {
	for _, list := range []asn1.RawValue{e.description.SoftwareEnforced, e.description.HardwareEnforced} {
		if _, found, err := member(list, tagAllApplications); err != nil || found {
			return errors.Join(err, errors.New("allApplications is present, or the list cannot be read"))
		}
	}
	return nil
}

// checkAndroidOrigin wants a key that was generated inside the hardware: only its list counts, as for a relying party that
// accepts keys of a trusted execution environment alone.
func checkAndroidOrigin(e *evidence) error {
	value, found, err := member(e.description.HardwareEnforced, tagOrigin)
	if err != nil || !found {
		return errors.Join(err, errors.New("the hardware-enforced list has no origin"))
	}
	var origin int
	if rest, err := asn1.Unmarshal(value, &origin); err != nil || len(rest) > 0 || origin != originGenerated {
		return errors.Join(err, fmt.Errorf("origin %d is not GENERATED", origin))
	}
	return nil
}

// checkAndroidPurpose wants a key that may sign. The member is a set: keys that may verify too are not refused.
func checkAndroidPurpose(e *evidence) error {
	value, found, err := member(e.description.HardwareEnforced, tagPurpose)
	if err != nil || !found {
		return errors.Join(err, errors.New("the hardware-enforced list has no purpose"))
	}
	var purposes []int
	if rest, err := asn1.UnmarshalWithParams(value, &purposes, "set"); err != nil || len(rest) > 0 || !slices.Contains(purposes, purposeSign) {
		return errors.Join(err, fmt.Errorf("purposes %v do not contain SIGN", purposes))
	}
	return nil
}

// member finds the content of an explicitly tagged member of an authorization list, whatever other members surround it.
func member(list asn1.RawValue, tag int) (value []byte, found bool, err error) {
	if list.Class != asn1.ClassUniversal || list.Tag != asn1.TagSequence || !list.IsCompound {
		return nil, false, errors.New("the authorization list is no sequence")
	}
	for rest := list.Bytes; len(rest) > 0; {
		var element asn1.RawValue
		if rest, err = asn1.Unmarshal(rest, &element); err != nil {
			return nil, false, err
		}
		if element.Class == asn1.ClassContextSpecific && element.Tag == tag {
			return element.Bytes, true, nil
		}
	}
	return nil, false, nil
}

// extension returns the value of a certificate's extension.
func extension(certificate *x509.Certificate, id asn1.ObjectIdentifier) ([]byte, error) {
	for _, e := range certificate.Extensions {
		if e.Id.Equal(id) {
			return e.Value, nil
		}
	}
	return nil, fmt.Errorf("the certificate has no extension %v", id)
}
