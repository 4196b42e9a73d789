package attestation_test

import (
	"crypto/x509"
	"strings"
	"testing"

	"github.com/fxamacker/cbor/v2"
	"github.com/google/uuid"

	"github.com/passkeylab/passkeylab/virtualauth/attestation"
	"github.com/passkeylab/passkeylab/virtualauth/attestation/metadata"
	"github.com/passkeylab/passkeylab/virtualauth/cose"
)

// chainOf are the certificates of a statement.
func (s *stage) chainOf(made attestation.Statement) []*x509.Certificate {
	s.t.Helper()
	var statement struct {
		X5C [][]byte `cbor:"x5c"`
	}
	if err := cbor.Unmarshal(made.Body, &statement); err != nil {
		s.t.Fatal(err)
	}
	chain, err := certificates(statement.X5C)
	if err != nil {
		s.t.Fatal(err)
	}
	return chain
}

// TestMetadataDecidesWhatIsTrusted: the same good statement, judged by go-webauthn with what metadata may say about its model
// (S-FPF-003, S-FPS-003, S-FPF-043, S-TRU-002, S-TRU-008, S-TRU-019, S-TRU-020).
func TestMetadataDecidesWhatIsTrusted(t *testing.T) {
	s := newStage(t, cose.ES256)
	s.Type = attestation.Basic
	made := s.make(attestation.FormatPacked)
	chain := s.chainOf(made)
	foreign, err := attestation.NewAuthority([]byte("elsewhere"), start).Root()
	if err != nil {
		t.Fatal(err)
	}
	revoked := []metadata.StatusReport{
		{Status: "FIDO_CERTIFIED_L1", EffectiveDate: "2024-02-01"}, {Status: "REVOKED", EffectiveDate: "2024-06-01"},
	}
	for _, c := range []struct {
		name string
		edit func(*metadata.Model)
		why  string // empty when accepted
	}{
		{"the root", func(*metadata.Model) {}, ""},
		{"the intermediate is the anchor", func(m *metadata.Model) { m.Roots = chain[1:] }, ""},
		{"the certificate itself is the anchor", func(m *metadata.Model) { m.Roots = chain[:1] }, ""},
		{"another root", func(m *metadata.Model) { m.Roots = []*x509.Certificate{foreign} }, chainRefused},
		{"only self attestation", func(m *metadata.Model) { m.AttestationTypes = []attestation.Type{attestation.Self} }, "is not known to be used"},
		{"another format", func(m *metadata.Model) { m.GetInfo.AttestationFormats = []string{"tpm"} }, "format 'packed' is not known"},
		{"another algorithm", func(m *metadata.Model) { m.GetInfo.Algorithms = m.GetInfo.Algorithms[1:2] }, "is not known to be supported"},
		{"revoked", func(m *metadata.Model) { m.Status = revoked }, "REVOKED"},
		{"another model", func(m *metadata.Model) { m.GetInfo.AAGUID = metadata.AAGUID(uuid.Max) }, "has no registered metadata"},
	} {
		model := s.model(attestation.FormatPacked)
		c.edit(&model)
		err := s.gowebauthn(made, s.provider(model))
		if c.why == "" && err != nil || c.why != "" && (err == nil || !strings.Contains(reason(err), c.why)) {
			t.Errorf("%s: %s\nwant %q", c.name, reason(err), c.why)
		}
	}
}
