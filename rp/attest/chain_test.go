package attest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"math/big"
	"testing"
	"time"

	"github.com/go-webauthn/webauthn/protocol"
)

// The certificate of a TPM's attestation key has no subject and names the TPM in a critical alternative name, which
// crypto/x509 does not know (WebAuthn L3 §8.3.1). Other critical extensions still count, and other formats get no such grace.
func TestCertificateOfAnAttestationKey(t *testing.T) {
	now := time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC)
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	name, err := asn1.Marshal(pkix.Name{CommonName: "TPM"}.ToRDNSequence())
	if err != nil {
		t.Fatal(err)
	}
	directory, err := asn1.Marshal([]asn1.RawValue{{Class: asn1.ClassContextSpecific, Tag: 4, IsCompound: true, Bytes: name}})
	if err != nil {
		t.Fatal(err)
	}
	root := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "Root"}, NotBefore: now, NotAfter: now.AddDate(1, 0, 0),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	san := pkix.Extension{Id: subjectAlternativeName, Critical: true, Value: directory}
	strange := pkix.Extension{Id: asn1.ObjectIdentifier{1, 2, 3, 4}, Critical: true, Value: []byte{5, 0}}
	issue := func(template, parent *x509.Certificate) *x509.Certificate {
		der, err := x509.CreateCertificate(rand.Reader, template, parent, key.Public(), key)
		if err != nil {
			t.Fatal(err)
		}
		certificate, err := x509.ParseCertificate(der)
		if err != nil {
			t.Fatal(err)
		}
		return certificate
	}
	leaf := &x509.Certificate{SerialNumber: big.NewInt(2), NotBefore: now, NotAfter: now.AddDate(1, 0, 0), ExtraExtensions: []pkix.Extension{san}}
	odd := *leaf
	odd.ExtraExtensions = []pkix.Extension{san, strange}
	ca := issue(root, root)
	pool := x509.NewCertPool()
	pool.AddCert(ca)
	v := Verifier{Roots: All(pool), Now: func() time.Time { return now.Add(time.Hour) }}
	for _, c := range []struct {
		name   string
		format protocol.AttestationFormat
		leaf   *x509.Certificate
		ok     bool
	}{
		{"tpm", protocol.AttestationFormatTPM, issue(leaf, ca), true},
		{"tpm with a strange extension", protocol.AttestationFormatTPM, issue(&odd, ca), false},
		{"packed", protocol.AttestationFormatPacked, issue(leaf, ca), false},
	} {
		if err := v.trust(c.format, []*x509.Certificate{c.leaf}); (err == nil) != c.ok {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}
