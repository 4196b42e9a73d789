package attestation

import (
	"bytes"
	"crypto"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/hex"

	"github.com/passkeylab/passkeylab/virtualauth/cose"
)

// TPM certifies that a key lives in a TPM. It is what a keystore.Certifier does, with the credential's handle filled in.
type TPM struct {
	// AttestationKey returns the public half of the key that certifies others (the AIK).
	AttestationKey func() (cose.Key, error)
	// Certify lets the TPM certify the credential's key with TPM2_Certify and extraData in it.
	Certify func(extraData []byte) (Certification, error)
}

// Certification is what a TPM says about one of its keys (WebAuthn L3 §8.3).
type Certification struct {
	// Attest is the TPMS_ATTEST structure without a size prefix: "certInfo".
	Attest []byte
	// Public is the TPMT_PUBLIC structure of the certified key without a size prefix: "pubArea".
	Public []byte
	// Signature is the attestation key's over Attest, in the form of WebAuthn L3 §6.5.5: "sig".
	Signature []byte
}

// Object identifiers of the Trusted Computing Group (TPM 2.0 EK Credential Profile §3.2.9; WebAuthn L3 §8.3.1).
var (
	oidTPMManufacturer = asn1.ObjectIdentifier{2, 23, 133, 2, 1}
	oidTPMModel        = asn1.ObjectIdentifier{2, 23, 133, 2, 2}
	oidTPMVersion      = asn1.ObjectIdentifier{2, 23, 133, 2, 3}
	oidAIKCertificate  = asn1.ObjectIdentifier{2, 23, 133, 8, 3} // tcg-kp-AIKCertificate

	oidSubjectAltName = asn1.ObjectIdentifier{2, 5, 29, 17}
)

const (
	// testManufacturer is the id that the FIDO Alliance's own tests use; the TCG has given it to nobody.
	testManufacturer = "id:FFFFF1D0"

	directoryName = 4 // GeneralName, RFC 5280 §4.2.1.6
)

// tpm lets the TPM certify the credential's key, and its attestation key have a certificate (WebAuthn L3 §8.3):
//
//	{"ver": "2.0", "alg": the AIK's, "x5c": [AIK, issuer], "sig": over certInfo, "certInfo": bytes, "pubArea": bytes}
//
// extraData of certInfo is the hash of authenticator data ‖ client data hash, by the hash of "alg".
func tpm(s Subject) (members, error) {
	if s.TPM == nil {
		return nil, ErrNoTPM
	}
	if s.Authority == nil {
		return nil, ErrNoAuthority
	}
	public, err := s.TPM.AttestationKey()
	if err != nil {
		return nil, err
	}
	hash := public.Algorithm().Hash()
	if !hash.Available() {
		return nil, ErrUnsuitableKey
	}
	certification, err := s.TPM.Certify(s.nonce(s.nonceHash(hash), s.signed()))
	if err != nil {
		return nil, err
	}
	aik := attestationKey{public.Algorithm(), lentKey{public.Public()}}
	if s.lies {
		if aik, certification, err = s.forge(aik, certification); err != nil {
			return nil, err
		}
	}
	label := "aik " + hex.EncodeToString(KeyIdentifier(aik.Public())) + s.Credential.AAGUID.String() + s.Serial
	by, err := s.certified(s.aikProfile(), label, aik)
	if err != nil {
		return nil, err
	}
	return tpmBy(s, by, certification)
}

// tpmBy makes the statement of a certification.
func tpmBy(s Subject, by *issuer, c Certification) (members, error) {
	done := func([]byte) ([]byte, error) { return c.Signature, nil }
	signature, err := s.signature(done, by.key.Public(), c.Attest)
	if err != nil {
		return nil, err
	}
	return members{
		"ver": "2.0", "alg": s.claimed(by.key.algorithm), "x5c": s.x5c(by),
		"sig": signature, "certInfo": c.Attest, "pubArea": c.Public,
	}, nil
}

// nonceHash is the hash that extraData is made with.
func (s Subject) nonceHash(honest crypto.Hash) crypto.Hash {
	if s.Misbehave.NonceHash != 0 {
		return s.Misbehave.NonceHash
	}
	return honest
}

// aikProfile is the certificate of a TPM's attestation key (WebAuthn L3 §8.3.1): no subject, the TPM in the subject
// alternative name, which is critical therefore, and the usage of such keys.
func (s Subject) aikProfile() profile {
	p := profile{format: FormatTPM, aaguid: true}
	if s.Misbehave.AIKSubject {
		p.subject = s.device("AIK")
	}
	if !s.Misbehave.OmitAIKUsage {
		p.usages = []asn1.ObjectIdentifier{oidAIKCertificate}
	}
	if !s.Misbehave.OmitSAN {
		p.extensions = []pkix.Extension{{Id: oidSubjectAltName, Critical: true, Value: s.tpmName()}}
	}
	return p
}

// tpmName is a GeneralNames with one directory name: manufacturer, model and version.
func (s Subject) tpmName() []byte {
	manufacturer, model, version := testManufacturer, "passkeylab", "id:00010000"
	if s.Misbehave.Manufacturer != nil {
		manufacturer = *s.Misbehave.Manufacturer
	}
	if s.Misbehave.OmitTPMModel {
		model = ""
	}
	if s.Misbehave.OmitTPMVersion {
		version = ""
	}
	name := encodeName([]attribute{{oidTPMManufacturer, manufacturer}, {oidTPMModel, model}, {oidTPMVersion, version}})
	if s.Misbehave.JoinTPMName {
		name = joinName(name)
	}
	return mustDER([]asn1.RawValue{{Class: asn1.ClassContextSpecific, Tag: directoryName, IsCompound: true, Bytes: name}})
}

// forge alters a certification and signs it with a key of the authority's, to which it then gives the AIK's certificate: a real
// attestation key would never sign that. What no lie alters stays as the TPM said it.
func (s Subject) forge(aik attestationKey, honest Certification) (attestationKey, Certification, error) {
	info, err := parseCertifyInfo(honest.Attest)
	if err != nil {
		return aik, honest, err
	}
	forged := Certification{Public: honest.Public}
	if s.Misbehave.Public != nil {
		forged.Public = s.Misbehave.Public(forged.Public)
		info.name = nameOf(forged.Public)
	}
	if s.Misbehave.Name != nil {
		info.name = s.Misbehave.Name(info.name)
	}
	if s.Misbehave.Magic != 0 {
		info.magic = s.Misbehave.Magic
	}
	if s.Misbehave.Type != 0 {
		info.kind = s.Misbehave.Type
	}
	edit := func(info []byte) []byte { return info }
	if s.Misbehave.CertInfo != nil {
		edit = s.Misbehave.CertInfo
	}
	algorithm := cose.ES256
	if s.Misbehave.OldAIK {
		algorithm = cose.RS1
	} else if bytes.Equal(edit(info.encode()), honest.Attest) && bytes.Equal(forged.Public, honest.Public) {
		return aik, honest, nil
	}
	if aik, err = s.Authority.key("forged aik", algorithm); err != nil {
		return aik, honest, err
	}
	info.extraData = s.nonce(aik.algorithm.Hash(), s.signed()) // by its own hash, which need not be the TPM's
	forged.Attest = edit(info.encode())
	forged.Signature, err = aik.sign(forged.Attest)
	return aik, forged, err
}
