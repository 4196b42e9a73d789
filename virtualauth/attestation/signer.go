package attestation

import (
	"crypto/x509"
	"fmt"
	"math/big"

	"github.com/passkeylab/passkeylab/virtualauth/cose"
)

// Signer is a key of an authority's with its certificates.
type Signer struct {
	// Chain are certificates in DER, the signer's first, without the root.
	Chain [][]byte
	// Sign makes an ES256 signature in the form that its user wants.
	Sign func(message []byte) (signature []byte, err error)
}

// U2FSigner returns who attests registrations by U2F itself (FIDO U2F Raw Message Formats §4.3): the key and the certificate
// that format fido-u2f has for models without an AAGUID. Its signatures are in DER.
func (a *Authority) U2FSigner() (Signer, error) {
	s := Subject{Authority: a}
	by, err := s.u2fAttester()
	if err != nil {
		return Signer{}, err
	}
	return Signer{Chain: s.x5c(by), Sign: by.key.sign}, nil
}

// MetadataSigner returns who signs metadata in the name of a host: a certificate below an intermediate below MetadataRoot. Its
// signatures are as JSON Web Signatures want them: r ‖ s, 64 bytes (RFC 7518 §3.4).
// Of the lies it knows those about certificates and chains, and BadSignature.
func (a *Authority) MetadataSigner(host string, lies Misbehaviour) (Signer, error) {
	s := Subject{Authority: a, Misbehave: lies, lies: true}
	by, err := s.issuingAuthority().intermediate("test metadata root", "metadata CA", nil)
	if err != nil {
		return Signer{}, err
	}
	key, err := a.key("metadata signer "+host, cose.ES256)
	if err != nil {
		return Signer{}, err
	}
	p := profile{subject: []attribute{{oidCountry, ourCountry}, {oidOrganization, ourOrganization}, {oidCommonName, host}}, hosts: []string{host}}
	signer, err := s.sealed(p, key, by)
	if err != nil {
		return Signer{}, err
	}
	return Signer{Chain: s.x5c(signer), Sign: func(input []byte) ([]byte, error) {
		signature, err := key.sign(input)
		if err != nil {
			return nil, err
		}
		return rawSignature(s.spoiled(signature, key.Public()), key.Public()), nil
	}}, nil
}

// MetadataRevocation returns a revocation list (RFC 5280 §5) that names the certificate which MetadataSigner has for a host, signed
// by who issued it; or, for no host, that of this issuer, signed by MetadataRoot. It is as long valid as the authority.
func (a *Authority) MetadataRevocation(host string) (*x509.RevocationList, error) {
	by, err := a.intermediate("test metadata root", "metadata CA", nil)
	if err != nil {
		return nil, err
	}
	revoked := by.certificate
	if host == "" {
		by = by.root
	} else {
		signer, err := a.MetadataSigner(host, Misbehaviour{})
		if err != nil {
			return nil, err
		}
		if revoked, err = x509.ParseCertificate(signer.Chain[0]); err != nil {
			return nil, fmt.Errorf("attestation: revoke the certificate of %s: %w", host, err)
		}
	}
	der, err := x509.CreateRevocationList(nil, &x509.RevocationList{ // no randomness: deterministic
		Number: big.NewInt(1), ThisUpdate: a.start, NextUpdate: a.start.AddDate(years, 0, 0),
		RevokedCertificateEntries: []x509.RevocationListEntry{{SerialNumber: revoked.SerialNumber, RevocationTime: a.start}},
	}, by.certificate, by.key.Signer)
	if err != nil {
		return nil, fmt.Errorf("attestation: revoke %s: %w", revoked.Subject, err)
	}
	return x509.ParseRevocationList(der)
}
