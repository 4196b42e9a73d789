package attestation_test

import (
	"crypto/x509"
	"testing"
	"time"

	"github.com/passkeylab/passkeylab/virtualauth/attestation"
)

// A revocation list names the certificate above which it says it stands, and its issuer has signed it.
func TestMetadataRevocationNamesWhoseCertificate(t *testing.T) {
	const host = "mds.passkeylab.test"
	authority := attestation.NewAuthority([]byte("revocation"), time.Date(2024, time.March, 1, 0, 0, 0, 0, time.UTC))
	signer, err := authority.MetadataSigner(host, attestation.Misbehaviour{})
	if err != nil {
		t.Fatal(err)
	}
	root, err := authority.MetadataRoot()
	if err != nil {
		t.Fatal(err)
	}
	chain := []*x509.Certificate{nil, nil, root}
	for i, der := range signer.Chain {
		if chain[i], err = x509.ParseCertificate(der); err != nil {
			t.Fatal(err)
		}
	}
	for i, of := range []string{host, ""} {
		list, err := authority.MetadataRevocation(of)
		if err != nil {
			t.Fatal(err)
		}
		if err := list.CheckSignatureFrom(chain[i+1]); err != nil {
			t.Errorf("of %q: %v", of, err)
		}
		if got := list.RevokedCertificateEntries; len(got) != 1 || got[0].SerialNumber.Cmp(chain[i].SerialNumber) != 0 {
			t.Errorf("of %q: %+v, and not %x", of, got, chain[i].SerialNumber)
		}
	}
}
