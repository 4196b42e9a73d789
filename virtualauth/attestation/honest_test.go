package attestation_test

import (
	"testing"

	"github.com/passkeylab/passkeylab/virtualauth/attestation"
	"github.com/passkeylab/passkeylab/virtualauth/attestation/metadata"
	"github.com/passkeylab/passkeylab/virtualauth/cose"
)

// honest is one way of making a statement.
type honest struct {
	name      string
	format    attestation.Format
	algorithm cose.Algorithm
	prepare   func(*stage)
	// types are what metadata says that the model conveys; nil when go-webauthn, which fixes the roots, cannot judge.
	types []attestation.Type
}

func basic(s *stage)      { s.Type = attestation.Basic }
func enterprise(s *stage) { s.Serial = "48-2C-6A-1E" }
func ours(s *stage)       { s.zeroAAGUID() }

var everyHonest = []honest{
	{"packed, self, ES256", attestation.FormatPacked, cose.ES256, nil, []attestation.Type{attestation.Self}},
	{"packed, self, EdDSA", attestation.FormatPacked, cose.EdDSA, nil, []attestation.Type{attestation.Self}},
	{"packed, self, RS256", attestation.FormatPacked, cose.RS256, nil, []attestation.Type{attestation.Self}},
	{"packed, basic, ES256", attestation.FormatPacked, cose.ES256, basic, []attestation.Type{attestation.Basic}},
	{"packed, basic, EdDSA", attestation.FormatPacked, cose.EdDSA, basic, []attestation.Type{attestation.Basic}},
	{"packed, basic, RS256", attestation.FormatPacked, cose.RS256, basic, []attestation.Type{attestation.Basic}},
	{"packed, basic, attestation key EdDSA", attestation.FormatPacked, cose.ES256, func(s *stage) {
		basic(s)
		s.KeyAlgorithm = cose.EdDSA
	}, []attestation.Type{attestation.Basic}},
	{"packed, basic, attestation key RS256", attestation.FormatPacked, cose.ES256, func(s *stage) {
		basic(s)
		s.KeyAlgorithm = cose.RS256
	}, []attestation.Type{attestation.Basic}},
	{"packed, basic, attestation key ES384", attestation.FormatPacked, cose.ES256, func(s *stage) {
		basic(s)
		s.KeyAlgorithm = cose.ES384
	}, []attestation.Type{attestation.Basic}},
	{"packed, basic, attestation key RS1", attestation.FormatPacked, cose.ES256, func(s *stage) {
		basic(s)
		s.KeyAlgorithm = cose.RS1
	}, []attestation.Type{attestation.Basic}},
	{"packed, enterprise", attestation.FormatPacked, cose.ES256, enterprise, []attestation.Type{attestation.Basic}},
	{"tpm, ES256", attestation.FormatTPM, cose.ES256, nil, []attestation.Type{attestation.AttCA}},
	{"tpm, RS256", attestation.FormatTPM, cose.RS256, nil, []attestation.Type{attestation.AttCA}},
	{"tpm, attestation key RS256", attestation.FormatTPM, cose.ES256, func(s *stage) {
		key, err := s.Credential.Key()
		if err != nil {
			s.t.Fatal(err)
		}
		s.TPM = softTPM(s.t, key, cose.RS256)
	}, []attestation.Type{attestation.AttCA}},
	{"tpm, enterprise", attestation.FormatTPM, cose.ES256, enterprise, []attestation.Type{attestation.AttCA}},
	{"fido-u2f", attestation.FormatFIDOU2F, cose.ES256, ours, []attestation.Type{attestation.Basic}},
	{"compound of packed and tpm", attestation.FormatCompound, cose.ES256, basic, []attestation.Type{attestation.Basic, attestation.AttCA}},
	{"compound, enterprise", attestation.FormatCompound, cose.ES256, enterprise, []attestation.Type{attestation.Basic, attestation.AttCA}},
	{"compound of packed and packed", attestation.FormatCompound, cose.EdDSA, func(s *stage) {
		s.Compound = []attestation.Format{attestation.FormatPacked, attestation.FormatPacked}
	}, []attestation.Type{attestation.Self}},
	{"compound of apple and android-key", attestation.FormatCompound, cose.ES256, func(s *stage) {
		s.Compound = []attestation.Format{attestation.FormatApple, attestation.FormatAndroidKey}
	}, nil},
	{"android-key, ES256", attestation.FormatAndroidKey, cose.ES256, nil, nil},
	{"android-key, RS256", attestation.FormatAndroidKey, cose.RS256, nil, nil},
	{"apple, ES256", attestation.FormatApple, cose.ES256, nil, nil},
	{"apple, EdDSA", attestation.FormatApple, cose.EdDSA, nil, nil},
	{"android-safetynet", attestation.FormatSafetyNet, cose.ES256, nil, nil},
	{"none", attestation.FormatNone, cose.ES256, nil, []attestation.Type{attestation.Self}},
}

func (h honest) stage(t *testing.T) *stage {
	t.Helper()
	s := newStage(t, h.algorithm)
	if h.prepare != nil {
		h.prepare(s)
	}
	return s
}

// models is what metadata says about the stage's authenticator: one model, found by AAGUID or by its certificate.
func (h honest) models(s *stage) metadata.Model {
	m := s.model(attestation.Formats()...)
	m.AttestationTypes = h.types
	if h.format == attestation.FormatFIDOU2F {
		m.GetInfo, m.Certificates = nil, s.leaf(s.make(h.format))
	}
	return m
}

func TestStrangersAcceptHonestStatements(t *testing.T) {
	for _, h := range everyHonest {
		t.Run(h.name, func(t *testing.T) {
			s := h.stage(t)
			made := s.make(h.format)
			if err := s.verdict(made); err != nil {
				t.Errorf("stepwise: %v", err)
			}
			if h.types == nil {
				return
			}
			if err := s.gowebauthn(made, s.provider(h.models(s))); err != nil {
				t.Errorf("go-webauthn: %s", reason(err))
			}
		})
	}
}
