package attestation_test

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/binary"
	"slices"
	"strings"

	"github.com/google/go-tpm/tpm2"
)

// tpmSyntax is the statement of WebAuthn L3 §8.3.
type tpmSyntax struct {
	Version   string   `cbor:"ver"`
	Algorithm *int64   `cbor:"alg"`
	X5C       [][]byte `cbor:"x5c"`
	Signature []byte   `cbor:"sig"`
	CertInfo  []byte   `cbor:"certInfo"`
	PubArea   []byte   `cbor:"pubArea"`
}

const (
	stepTPMSyntax       step = "8.3: syntax"
	stepTPMVersion      step = "8.3: version 2.0"
	stepTPMPublic       step = "8.3: pubArea is the credential's key"
	stepTPMCertInfo     step = "8.3: certInfo is a TPMS_ATTEST"
	stepTPMMagic        step = "8.3: magic"
	stepTPMType         step = "8.3: type"
	stepTPMExtraData    step = "8.3: extraData"
	stepTPMName         step = "8.3: name of pubArea"
	stepTPMSignature    step = "8.3: signature"
	stepAIKVersion      step = "8.3.1: version 3"
	stepAIKSubject      step = "8.3.1: subject is empty"
	stepAIKName         step = "8.3.1: subject alternative name"
	stepAIKManufacturer step = "8.3.1: manufacturer is listed"
	stepAIKUsage        step = "8.3.1: extended key usage"
	stepAIKBasic        step = "8.3.1: basic constraints say no CA"
)

// tpm is WebAuthn L3 §8.3, verification procedure.
func (j judge) tpm(e *evidence) error {
	var s tpmSyntax
	if err := strict.Unmarshal(e.stmt, &s); err != nil || s.Algorithm == nil || s.Signature == nil || s.CertInfo == nil || s.PubArea == nil {
		return refuse(stepTPMSyntax, "%v", err)
	}
	if s.Version != "2.0" {
		return refuse(stepTPMVersion, "%q", s.Version)
	}
	chain, err := certificates(s.X5C)
	if err != nil {
		return err
	}
	leaf := chain[0]
	return steps(
		func() error { return tpmPublic(e, s.PubArea) },
		func() error { return tpmCertInfo(e, s) },
		func() error { return tpmSignature(s, leaf) },
		func() error { return aikFields(leaf) },
		func() error { return j.aikName(leaf) },
		func() error { return aikUsage(leaf) },
		func() error { return aikConstraints(leaf) },
		func() error { return aaguidExtension(leaf, e.data.AttData.AAGUID, j.lenient) },
		func() error { return j.trust(chain, asn1.ObjectIdentifier{2, 5, 29, 17}) })
}

// tpmPublic compares the key in pubArea, all of which must be a TPMT_PUBLIC, with the credential's.
func tpmPublic(e *evidence, pubArea []byte) error {
	public, err := tpm2.Unmarshal[tpm2.TPMTPublic](pubArea)
	if err != nil || !bytes.Equal(tpm2.Marshal(public), pubArea) {
		return refuse(stepTPMPublic, "%v", err)
	}
	key, err := keyOf(public)
	if err != nil || !sameKey(key, e.public) {
		return refuse(stepTPMPublic, "%v", err)
	}
	return nil
}

func keyOf(public *tpm2.TPMTPublic) (crypto.PublicKey, error) {
	if public.Type == tpm2.TPMAlgRSA {
		parameters, err := public.Parameters.RSADetail()
		if err != nil {
			return nil, err
		}
		unique, err := public.Unique.RSA()
		if err != nil {
			return nil, err
		}
		return tpm2.RSAPub(parameters, unique)
	}
	parameters, err := public.Parameters.ECCDetail()
	if err != nil {
		return nil, err
	}
	unique, err := public.Unique.ECC()
	if err != nil {
		return nil, err
	}
	curve, err := parameters.CurveID.Curve()
	if err != nil {
		return nil, err
	}
	return ecdsa.ParseUncompressedPublicKey(curve, slices.Concat([]byte{4}, unique.X.Buffer, unique.Y.Buffer))
}

// tpmCertInfo checks magic, type, extraData and name, in the specification's order.
func tpmCertInfo(e *evidence, s tpmSyntax) error {
	if len(s.CertInfo) < 6 {
		return refuse(stepTPMCertInfo, "%d bytes", len(s.CertInfo))
	}
	if magic := binary.BigEndian.Uint32(s.CertInfo); magic != 0xff544347 {
		return refuse(stepTPMMagic, "%x", magic)
	}
	if kind := binary.BigEndian.Uint16(s.CertInfo[4:]); kind != 0x8017 {
		return refuse(stepTPMType, "%x", kind)
	}
	info, err := tpm2.Unmarshal[tpm2.TPMSAttest](s.CertInfo)
	if err != nil || len(tpm2.Marshal(info)) != len(s.CertInfo) { // not equal bytes: a YESNO of the vectors is neither
		return refuse(stepTPMCertInfo, "%v", err)
	}
	hash := coseHashes[*s.Algorithm]
	if !hash.Available() {
		return refuse(stepTPMExtraData, "algorithm %d", *s.Algorithm)
	}
	h := hash.New()
	h.Write(slices.Concat(e.authData, e.hash))
	if !bytes.Equal(info.ExtraData.Buffer, h.Sum(nil)) {
		return refuse(stepTPMExtraData, "%x", info.ExtraData.Buffer)
	}
	certify, err := info.Attested.Certify()
	if err != nil {
		return refuse(stepTPMCertInfo, "%v", err)
	}
	name := hashByID(s.PubArea[2:4])
	if !name.Available() {
		return refuse(stepTPMName, "name algorithm %x", s.PubArea[2:4])
	}
	n := name.New()
	n.Write(s.PubArea)
	if !bytes.Equal(certify.Name.Buffer, n.Sum(slices.Clone(s.PubArea[2:4]))) {
		return refuse(stepTPMName, "%x", certify.Name.Buffer)
	}
	return nil
}

func hashByID(id []byte) crypto.Hash {
	return map[uint16]crypto.Hash{4: crypto.SHA1, 0xb: crypto.SHA256, 0xc: crypto.SHA384, 0xd: crypto.SHA512}[binary.BigEndian.Uint16(id)]
}

func tpmSignature(s tpmSyntax, leaf *x509.Certificate) error {
	if err := checkSignature(leaf.PublicKey, *s.Algorithm, s.CertInfo, s.Signature); err != nil {
		return refuse(stepTPMSignature, "%v", err)
	}
	return nil
}

func aikFields(leaf *x509.Certificate) error {
	if leaf.Version != 3 {
		return refuse(stepAIKVersion, "%d", leaf.Version)
	}
	if len(leaf.Subject.Names) != 0 {
		return refuse(stepAIKSubject, "%v", leaf.Subject)
	}
	return nil
}

// aikName reads manufacturer, model and version from the directory name of the subject alternative name.
func (j judge) aikName(leaf *x509.Certificate) error {
	var names []asn1.RawValue
	if err := decodeExactly(extension(leaf, 2, 5, 29, 17), &names); err != nil {
		return refuse(stepAIKName, "%v", err)
	}
	found := map[int]string{}
	for _, n := range names {
		var name pkix.RDNSequence
		if n.Class != asn1.ClassContextSpecific || n.Tag != 4 || decodeExactly(n.Bytes, &name) != nil {
			continue
		}
		for _, set := range name {
			for _, a := range set {
				if tcg := (asn1.ObjectIdentifier{2, 23, 133, 2}); len(a.Type) == 5 && a.Type[:4].Equal(tcg) {
					found[a.Type[4]], _ = a.Value.(string)
				}
			}
		}
	}
	if found[1] == "" || found[2] == "" || found[3] == "" || !critical(leaf, 2, 5, 29, 17) {
		return refuse(stepAIKName, "%v", found)
	}
	// Two that are real, and that of FIDO's own tests.
	if !j.lenient && !slices.Contains([]string{"FFFFF1D0", "4D534654", "494E5443"}, strings.TrimPrefix(found[1], "id:")) {
		return refuse(stepAIKManufacturer, "%q", found[1])
	}
	return nil
}

func aikUsage(leaf *x509.Certificate) error {
	if !slices.ContainsFunc(leaf.UnknownExtKeyUsage, asn1.ObjectIdentifier{2, 23, 133, 8, 3}.Equal) {
		return refuse(stepAIKUsage, "%v", leaf.UnknownExtKeyUsage)
	}
	return nil
}

func aikConstraints(leaf *x509.Certificate) error {
	if !leaf.BasicConstraintsValid || leaf.IsCA {
		return refuse(stepAIKBasic, "present %v, CA %v", leaf.BasicConstraintsValid, leaf.IsCA)
	}
	return nil
}
