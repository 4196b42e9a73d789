package attest

import (
	"crypto/x509"
	"encoding/asn1"
	"errors"
	"fmt"
	"slices"

	"github.com/go-webauthn/webauthn/protocol"
)

// errNoCertificates says that a statement has no list of certificates.
var errNoCertificates = errors.New("x5c is not a list of at least one certificate")

// certificates parses x5c, the leaf first.
func certificates(statement map[string]any) ([]*x509.Certificate, error) {
	list, _ := statement["x5c"].([]any)
	if len(list) == 0 {
		return nil, errNoCertificates
	}
	chain := make([]*x509.Certificate, len(list))
	for i, entry := range list {
		der, ok := entry.([]byte)
		if !ok {
			return nil, fmt.Errorf("x5c[%d] is no byte string", i)
		}
		var err error
		if chain[i], err = x509.ParseCertificate(der); err != nil {
			return nil, fmt.Errorf("x5c[%d]: %w", i, err)
		}
	}
	return chain, nil
}

// Chain returns the certificates in x5c of a statement, the leaf first, of which nothing has been verified; those of a compound
// one are the certificates of its parts, in their order. It is nil when there are none, when one of them cannot be read, and for
// format android-safetynet, which has them elsewhere.
func Chain(object protocol.AttestationObject) []*x509.Certificate {
	statements := []map[string]any{object.AttStatement}
	for _, part := range object.SubStatements {
		statements = append(statements, part.AttStatement)
	}
	var all []*x509.Certificate
	for _, statement := range statements {
		if statement["x5c"] == nil {
			continue
		}
		chain, err := certificates(statement)
		if err != nil {
			return nil
		}
		all = append(all, chain...)
	}
	return all
}

// subjectAlternativeName is 2.5.29.17.
var subjectAlternativeName = asn1.ObjectIdentifier{2, 5, 29, 17}

// trust verifies that a chain leads to a root of the format, or that its leaf is one (WebAuthn L3 §7.1 step 24), at the
// verifier's time. Extended key usages are not judged: attestation certificates are not those of web servers.
func (v Verifier) trust(format protocol.AttestationFormat, chain []*x509.Certificate) error {
	leaf := *chain[0]
	if format == protocol.AttestationFormatTPM {
		// It is critical and names the TPM in a form that crypto/x509 does not read; go-webauthn has read it
		// (WebAuthn L3 §8.3.1).
		leaf.UnhandledCriticalExtensions = slices.DeleteFunc(slices.Clone(leaf.UnhandledCriticalExtensions),
			func(id asn1.ObjectIdentifier) bool { return id.Equal(subjectAlternativeName) })
	}
	intermediates := x509.NewCertPool()
	for _, certificate := range chain[1:] {
		intermediates.AddCert(certificate)
	}
	_, err := leaf.Verify(x509.VerifyOptions{
		Roots: v.Roots.of(format), Intermediates: intermediates, CurrentTime: v.Now(),
		KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageAny},
	})
	return err
}
