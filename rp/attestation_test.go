package rp_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"math/big"
	"testing"
	"time"

	"github.com/passkeylab/passkeylab/rp"
	"github.com/passkeylab/passkeylab/rp/attest"
	"github.com/passkeylab/passkeylab/rp/policy"
)

// maker is a certificate authority of one maker of authenticators.
type maker struct {
	t    *testing.T
	key  *ecdsa.PrivateKey
	root *x509.Certificate
}

func newMaker(t *testing.T) *maker {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	m := &maker{t: t, key: key}
	m.root = m.issue(&x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "Root"}, NotBefore: time.Unix(0, 0), NotAfter: time.Unix(1<<33, 0),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}, nil, key)
	return m
}

func (m *maker) issue(template, parent *x509.Certificate, key *ecdsa.PrivateKey) *x509.Certificate {
	m.t.Helper()
	if parent == nil {
		parent = template
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, key.Public(), m.key)
	if err != nil {
		m.t.Fatal(err)
	}
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		m.t.Fatal(err)
	}
	return certificate
}

func (m *maker) pool() *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(m.root)
	return pool
}

// apple makes statements of WebAuthn L3 §8.8.
func (m *maker) apple(p *parts, key *ecdsa.PrivateKey, authData, clientDataHash []byte) {
	nonce := sha256.Sum256(append(append([]byte{}, authData...), clientDataHash...))
	value, err := asn1.Marshal(struct {
		Nonce []byte `asn1:"tag:1,explicit"`
	}{nonce[:]})
	if err != nil {
		m.t.Fatal(err)
	}
	leaf := m.issue(&x509.Certificate{
		SerialNumber: big.NewInt(2), NotBefore: time.Unix(0, 0), NotAfter: time.Unix(1<<33, 0),
		ExtraExtensions: []pkix.Extension{{Id: asn1.ObjectIdentifier{1, 2, 840, 113635, 100, 8, 2}, Value: value}},
	}, m.root, key)
	p.format, p.statement = "apple", map[string]any{"x5c": [][]byte{leaf.Raw}}
}

func direct(roots attest.Roots) func(*rp.Config) {
	return func(c *rp.Config) {
		c.Policy, c.AttestationRoots = policy.Policy{Attestation: policy.AttestationDirect}, roots
	}
}

// Two relying parties in one process trust different makers, and each passkey is marked by whether its statement leads to a
// root (WebAuthn L3 §7.1 steps 22 to 24).
func TestAttestationRootsAreEachRelyingPartysOwn(t *testing.T) {
	trusted, other := newMaker(t), newMaker(t)
	d := newDevice(appAndroid)
	d.attest = trusted.apple
	for name, c := range map[string]struct {
		roots attest.Roots
		code  rp.Code
	}{
		"the maker's":  {attest.Roots{Apple: trusted.pool()}, ""},
		"another's":    {attest.Roots{Apple: other.pool()}, rp.CodeAttestationInvalid},
		"none":         {attest.Roots{}, rp.CodeAttestationInvalid}, // Apple's own root holds then
		"other format": {attest.Roots{Packed: trusted.pool()}, rp.CodeAttestationInvalid},
	} {
		t.Run(name, func(t *testing.T) {
			p := newLab(t, direct(c.roots)).signedIn("mia")
			run := p.anywhere()
			_, body := d.create(t, optionsJSON(t, p.begin(run)))
			_, err := p.finish(run, body)
			if c.code != "" {
				wantRefused(t, err, c.code)
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if got := p.credentials()[0]; !got.Attested || got.AttestationFormat != "apple" {
				t.Errorf("stored as %q, attested %v", got.AttestationFormat, got.Attested)
			}
		})
	}
}

// Self attestation verifies and proves no model.
func TestSelfAttestationIsNotAttested(t *testing.T) {
	p := newLab(t, direct(attest.All(newMaker(t).pool()))).signedIn("mia")
	d := newDevice(appAndroid)
	d.attest = func(p *parts, key *ecdsa.PrivateKey, authData, clientDataHash []byte) {
		digest := sha256.Sum256(append(append([]byte{}, authData...), clientDataHash...))
		signature, err := ecdsa.SignASN1(rand.Reader, key, digest[:])
		if err != nil {
			t.Fatal(err)
		}
		p.format, p.statement = "packed", map[string]any{"alg": -7, "sig": signature}
	}
	p.register(d)
	if got := p.credentials()[0]; got.Attested || got.AttestationFormat != "packed" {
		t.Errorf("stored as %q, attested %v", got.AttestationFormat, got.Attested)
	}
}
