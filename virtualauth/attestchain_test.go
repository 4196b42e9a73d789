package virtualauth_test

import (
	"bytes"
	"crypto/x509"
	"encoding/asn1"
	"slices"
	"testing"

	"github.com/fxamacker/cbor/v2"

	"github.com/passkeylab/passkeylab/virtualauth/ctap2"
)

// A-MC-045: the chain leads to the authority's root, each signature in it verified, and the leaf is as WebAuthn L3 §8.2.1 has it.
func TestTheChainOfABasicAttestationVerifies(t *testing.T) {
	s := newStage(t, attestedModel)
	response, err := ctap2.MakeCredential(t.Context(), s, registration("ada"))
	s.must("register", err)
	var statement struct {
		Signature []byte   `cbor:"sig"`
		X5C       [][]byte `cbor:"x5c"`
	}
	s.must("read the statement", cbor.Unmarshal(response.Statement, &statement))
	root, err := authority.Root()
	s.must("the root", err)
	options := x509.VerifyOptions{
		Roots: x509.NewCertPool(), Intermediates: x509.NewCertPool(), CurrentTime: s.clock.Now(),
		KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageAny},
	}
	options.Roots.AddCert(root)
	for _, der := range statement.X5C[1:] {
		certificate, err := x509.ParseCertificate(der)
		s.must("read a certificate", err)
		options.Intermediates.AddCert(certificate)
	}
	leaf, err := x509.ParseCertificate(statement.X5C[0])
	s.must("read the leaf", err)
	if chains, err := leaf.Verify(options); err != nil || len(chains) != 1 || len(chains[0]) != 1+len(statement.X5C) {
		t.Errorf("%d certificates make the chains %v, %v", len(statement.X5C), chains, err)
	}
	s.must("the signature", leaf.CheckSignature(leaf.SignatureAlgorithm, slices.Concat(response.AuthData, dataHash[:]), statement.Signature))
	id, told := aaguidOf(leaf)
	if want := attestedModel.AAGUID; leaf.Version != 3 || leaf.IsCA || !leaf.BasicConstraintsValid || !told || !bytes.Equal(id, want[:]) {
		t.Errorf("version %d, CA %v, AAGUID %x", leaf.Version, leaf.IsCA, id)
	}
	if n := leaf.Subject; len(n.Country) != 1 || len(n.Organization) != 1 || n.CommonName == "" || !slices.Equal(n.OrganizationalUnit, []string{"Authenticator Attestation"}) {
		t.Errorf("subject %v", n)
	}
}

// aaguidOf reads the extension id-fido-gen-ce-aaguid: an octet string of 16 bytes.
func aaguidOf(leaf *x509.Certificate) ([]byte, bool) {
	for _, e := range leaf.Extensions {
		if e.Id.String() == "1.3.6.1.4.1.45724.1.1.4" {
			var id []byte
			rest, err := asn1.Unmarshal(e.Value, &id)
			return id, err == nil && len(rest) == 0 && !e.Critical
		}
	}
	return nil, false
}
