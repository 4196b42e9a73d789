package rpcases_test

import (
	"crypto/x509"
	"encoding/pem"
	"testing"
	"time"

	"github.com/passkeylab/passkeylab/harness/subject"
	"github.com/passkeylab/passkeylab/scenarios/rpcases"
	"github.com/passkeylab/passkeylab/virtualauth/attestation/metadata"
)

// A relying party that is given the files believes in them: its metadata is read, and a case of trust passes.
func TestARelyingPartyCanBeGivenTheTrustFiles(t *testing.T) {
	files, err := rpcases.TrustFiles(t.Context(), time.Now())
	if err != nil {
		t.Fatal(err)
	}
	given := map[string][]byte{}
	for _, file := range files {
		if given[file.Name] != nil || file.Use == "" || len(file.Content) == 0 {
			t.Errorf("%q: %q, %d bytes", file.Name, file.Use, len(file.Content))
		}
		given[file.Name] = file.Content
	}
	certificate := func(name string) *x509.Certificate {
		block, _ := pem.Decode(given[name])
		if block == nil {
			t.Fatalf("%s is no PEM", name)
		}
		parsed, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			t.Fatal(err)
		}
		return parsed
	}
	listed, err := subject.Reference{BLOB: subject.SignedMetadata{
		Token: given["lab-metadata.jwt"], Root: certificate("metadata-root.pem"), Signer: metadata.Host,
	}}.Open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := listed.Close(); err != nil {
			t.Error(err)
		}
	})
	roots := x509.NewCertPool()
	roots.AddCert(certificate("attestation-root.pem"))
	if _, err := certificate("attestation-root.pem").Verify(x509.VerifyOptions{Roots: roots}); err != nil {
		t.Error(err)
	}
	if len(given) < 4 {
		t.Errorf("only %d files", len(given))
	}
}
