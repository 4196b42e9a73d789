package attestation

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/pem"
	"fmt"
	"math/big"
	"slices"

	"github.com/passkeylab/passkeylab/virtualauth/cose"
)

// profile is what the attestation certificates of one format have of their own.
type profile struct {
	format     Format
	subject    []attribute
	aaguid     bool // whether id-fido-gen-ce-aaguid belongs into it
	fromRoot   bool // whether the root issues it, since the format has no room for an intermediate
	hosts      []string
	extensions []pkix.Extension
	usages     []asn1.ObjectIdentifier
	finish     func(*x509.Certificate) // what else, at last; may be nil
}

// device returns the subject of a certificate that names a model (WebAuthn L3 §8.2.1).
func (s Subject) device(what string) []attribute {
	name := []attribute{
		{oidCountry, ourCountry}, {oidOrganization, ourOrganization}, {oidUnit, ourUnit},
		{oidCommonName, "passkeylab " + what + " " + s.Credential.AAGUID.String()},
	}
	for i, lie := range []*string{s.Misbehave.Country, s.Misbehave.Organization, s.Misbehave.Unit, s.Misbehave.CommonName} {
		if lie != nil {
			name[i].value = *lie
		}
	}
	return name
}

// attester makes, or remembers, the key and the certificate by which a model, or a single device, attests in one format.
func (s Subject) attester(p profile) (*issuer, error) {
	label := fmt.Sprintf("%s attestation key %d %s %q", p.format, s.keyAlgorithm(), s.Credential.AAGUID, s.Serial)
	key, err := s.Authority.key(label, s.keyAlgorithm())
	if err != nil {
		return nil, err
	}
	return s.certified(p, label, key)
}

// keyAlgorithm is that of attestation keys that the authority makes.
func (s Subject) keyAlgorithm() cose.Algorithm {
	if s.Misbehave.P384 {
		return cose.ES384
	}
	if s.Misbehave.RSAKey {
		return cose.RS256
	}
	if s.KeyAlgorithm == 0 {
		return cose.ES256
	}
	return s.KeyAlgorithm
}

// certified makes the certificate of a key, or remembers that of a label; without one nothing is remembered, nor is what a lie
// may have changed.
func (s Subject) certified(p profile, label string, key attestationKey) (*issuer, error) {
	by, err := s.issuerOf(p)
	if err != nil {
		return nil, err
	}
	certify := func() (*issuer, error) { return s.sealed(p, key, by) }
	if label == "" || s.lies {
		return certify()
	}
	return s.Authority.once(label, certify)
}

// issuerOf is who issues the certificates of a format.
func (s Subject) issuerOf(p profile) (*issuer, error) {
	authority := s.issuingAuthority()
	if p.fromRoot {
		return authority.root("test root")
	}
	parent, err := authority.intermediate("test root", string(p.format)+" CA", s.spoiledIntermediate())
	if err != nil || !s.Misbehave.PathTooLong {
		return parent, err
	}
	return authority.below(parent, string(p.format)+" CA below", nil)
}

// issuingAuthority is who issues: the one that is asked, or another of the same name.
func (s Subject) issuingAuthority() *Authority {
	if s.Misbehave.ForeignRoot {
		return s.Authority.stranger()
	}
	return s.Authority
}

// spoiledIntermediate edits the intermediate's certificate; nil when it is honest.
func (s Subject) spoiledIntermediate() func(*x509.Certificate) {
	switch {
	case s.Misbehave.ExpiredIntermediate:
		return func(t *x509.Certificate) {
			t.NotBefore, t.NotAfter = t.NotBefore.AddDate(-2, 0, 0), t.NotBefore.AddDate(-1, 0, 0)
		}
	case s.Misbehave.NotCAIntermediate:
		return func(t *x509.Certificate) { t.IsCA, t.KeyUsage, t.MaxPathLenZero = false, 0, false }
	}
	return nil
}

// sealed makes the certificate of a key.
func (s Subject) sealed(p profile, key attestationKey, by *issuer) (*issuer, error) {
	template := s.template(p, key.Public())
	signer := *by
	if s.Misbehave.SelfSigned {
		signer = issuer{certificate: template, key: key}
	}
	if s.Misbehave.ForgedLeaf {
		stray, err := s.Authority.key("forger", cose.ES256)
		if err != nil {
			return nil, err
		}
		signer.key = stray
	}
	certificate, err := issue(template, &signer, key.Public())
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrUnsuitableKey, err)
	}
	if certificate, err = s.reissued(certificate, signer.key); err != nil {
		return nil, err
	}
	made := &issuer{certificate: certificate, key: key, root: by}
	if by.root != nil {
		made.root, made.above = by.root, append([]*issuer{by}, by.above...)
	}
	return made, nil
}

// template is the certificate before it is signed.
func (s Subject) template(p profile, public crypto.PublicKey) *x509.Certificate {
	t := s.Authority.template(encodeName(p.subject), public)
	t.DNSNames, t.UnknownExtKeyUsage = p.hosts, p.usages
	t.ExtraExtensions = slices.Concat(s.fidoExtensions(p), p.extensions)
	if p.finish != nil {
		p.finish(t)
	}
	if s.Misbehave.Expired {
		t.NotBefore, t.NotAfter = t.NotBefore.AddDate(-2, 0, 0), t.NotBefore.AddDate(-1, 0, 0)
	}
	if s.Misbehave.NotYetValid {
		t.NotBefore = t.NotAfter.AddDate(-1, 0, 0)
	}
	if s.Misbehave.CA {
		asAuthority(t, -1)
	}
	if s.Misbehave.OmitBasicConstraints {
		t.BasicConstraintsValid = false
	}
	if host := s.Misbehave.RevocationHost; host != "" {
		t.OCSPServer, t.CRLDistributionPoints = []string{host + "/ocsp"}, []string{host + "/crl"}
	}
	if s.Misbehave.UnknownCritical {
		unknown := asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 45724, 99}
		t.ExtraExtensions = append(t.ExtraExtensions, pkix.Extension{Id: unknown, Critical: true, Value: asn1.NullBytes})
	}
	return t
}

// fidoExtensions are those of WebAuthn L3 §8.2.1 and §8.2.2: octet strings inside the extension's own octet string.
func (s Subject) fidoExtensions(p profile) (extensions []pkix.Extension) {
	if p.aaguid && !s.Misbehave.OmitAAGUID {
		value := s.Credential.AAGUID[:]
		if s.Misbehave.AAGUID != nil {
			value = s.Misbehave.AAGUID
		}
		der := mustDER(value)
		if s.Misbehave.BareAAGUID {
			der = s.Credential.AAGUID[:]
		}
		extensions = append(extensions, pkix.Extension{Id: oidAAGUID, Critical: s.Misbehave.CriticalAAGUID, Value: der})
	}
	serial := s.Serial
	if s.Misbehave.RevealSerial {
		serial = "0000000001"
	}
	if serial != "" {
		extensions = append(extensions, pkix.Extension{
			Id: oidSerialNumber, Critical: s.Misbehave.CriticalSerial, Value: mustDER([]byte(serial)),
		})
	}
	return extensions
}

// x5c returns a statement's certificates: that of the attestation key and those above it, without the root.
func (s Subject) x5c(by *issuer) [][]byte {
	chain := [][]byte{s.encodeLeaf(by.certificate.Raw)}
	if s.Misbehave.RepeatLeaf {
		chain = append(chain, by.certificate.Raw)
	}
	for _, authority := range by.above {
		if !s.Misbehave.OmitIntermediate {
			chain = append(chain, authority.certificate.Raw)
		}
	}
	if s.Misbehave.RootInChain {
		chain = append(chain, by.root.certificate.Raw)
	}
	if s.Misbehave.ExtraCertificate {
		if other, err := s.Authority.MetadataRoot(); err == nil {
			chain = append(chain, other.Raw)
		}
	}
	if s.Misbehave.ReverseChain {
		slices.Reverse(chain)
	}
	return chain
}

func (s Subject) encodeLeaf(der []byte) []byte {
	switch s.Misbehave.Leaf {
	case Truncated:
		return der[:len(der)-1]
	case Trailing:
		return append(slices.Clone(der), 0)
	case PEM:
		return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	}
	return der
}

// toBeSigned is TBSCertificate (RFC 5280 §4.1), as far as reissued needs to look inside.
type toBeSigned struct {
	Version                              int `asn1:"optional,explicit,default:0,tag:0"`
	Serial                               *big.Int
	Algorithm                            pkix.AlgorithmIdentifier
	Issuer, Validity, Subject, PublicKey asn1.RawValue
	Extensions                           []pkix.Extension `asn1:"omitempty,optional,explicit,tag:3"`
}

// reissued signs a certificate once more, if it is to be one that the standard library would not make.
func (s Subject) reissued(honest *x509.Certificate, key attestationKey) (*x509.Certificate, error) {
	version1, hash := s.Misbehave.Version1, crypto.SHA256
	if s.Misbehave.SHA1 {
		hash = crypto.SHA1
	}
	if !version1 && hash == crypto.SHA256 {
		return honest, nil
	}
	var tbs toBeSigned
	if _, err := asn1.Unmarshal(honest.RawTBSCertificate, &tbs); err != nil {
		return nil, err
	}
	if version1 {
		tbs.Version, tbs.Extensions = 0, nil
	}
	if hash == crypto.SHA1 {
		tbs.Algorithm.Algorithm = asn1.ObjectIdentifier{1, 2, 840, 10045, 4, 1} // ecdsa-with-SHA1
	}
	raw := mustDER(tbs)
	signature, err := key.Sign(nil, digestOf(hash, raw), hash)
	if err != nil {
		return nil, err
	}
	return x509.ParseCertificate(mustDER(struct {
		TBS       asn1.RawValue
		Algorithm pkix.AlgorithmIdentifier
		Signature asn1.BitString
	}{asn1.RawValue{FullBytes: raw}, tbs.Algorithm, asn1.BitString{Bytes: signature, BitLength: 8 * len(signature)}}))
}

func digestOf(hash crypto.Hash, message []byte) []byte {
	if hash == crypto.SHA1 {
		sum := sha1.Sum(message)
		return sum[:]
	}
	sum := sha256.Sum256(message)
	return sum[:]
}

// rawSignature turns an ECDSA signature from DER into r ‖ s; other signatures stay as they are.
func rawSignature(signature []byte, public crypto.PublicKey) []byte {
	key, is := public.(*ecdsa.PublicKey)
	var parsed struct{ R, S *big.Int }
	if _, err := asn1.Unmarshal(signature, &parsed); !is || err != nil {
		return signature
	}
	length := (key.Params().BitSize + 7) / 8
	return append(parsed.R.FillBytes(make([]byte, length)), parsed.S.FillBytes(make([]byte, length))...)
}
