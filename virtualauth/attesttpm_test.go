package virtualauth_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/go-webauthn/webauthn/protocol"

	"github.com/passkeylab/passkeylab/virtualauth"
	"github.com/passkeylab/passkeylab/virtualauth/attestation"
	"github.com/passkeylab/passkeylab/virtualauth/cose"
	"github.com/passkeylab/passkeylab/virtualauth/ctap2"
	"github.com/passkeylab/passkeylab/virtualauth/keystore/tpmstore"
)

// inTPM is a stage whose keys are in a TPM simulator.
func inTPM(t *testing.T, model virtualauth.Model, attestationKey cose.Algorithm) *stage {
	t.Helper()
	store, err := tpmstore.Open(t.Context(), tpmstore.Simulator{}, tpmstore.Config{AttestationKey: attestationKey})
	if errors.Is(err, tpmstore.ErrNoSimulator) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	})
	s := newStage(t, model)
	s.Authenticator = virtualauth.New(model, virtualauth.World{User: s.person, Clock: s.clock, Rand: seeded(1), Keys: store, Authority: authority})
	return s
}

// TestATPMAttests: what a TPM says by TPM2_Certify is trusted through metadata, whichever keys it has; and what is said in its
// stead is not.
func TestATPMAttests(t *testing.T) {
	for _, aik := range []cose.Algorithm{cose.ES256, cose.RS256} {
		for _, algorithm := range []cose.Algorithm{cose.ES256, cose.RS256} {
			for _, format := range []attestation.Format{attestation.FormatTPM, attestation.FormatCompound} {
				t.Run(fmt.Sprintf("%s of %v by %v", format, algorithm, aik), func(t *testing.T) {
					model := attestedModel
					model.Attestation, model.Algorithms = format, []cose.Algorithm{cose.ES256, cose.RS256}
					s := inTPM(t, model, aik)
					types := []attestation.Type{attestation.Basic, attestation.AttCA}
					choose := func(r *ctap2.MakeCredentialRequest) { r.Parameters[0].Algorithm = algorithm }
					response, err := judged(t, s, types, choose)
					if err != nil || response.Format != string(format) {
						t.Fatalf("%q: %v", response.Format, err)
					}
					s.Misbehave.Attestation.Magic = 1
					_, err = judged(t, s, types, choose)
					var refusal *protocol.Error
					if !errors.As(err, &refusal) || !strings.Contains(refusal.Details, "Magic is not set") {
						t.Errorf("under a lie: %v", err)
					}
				})
			}
		}
	}
}
