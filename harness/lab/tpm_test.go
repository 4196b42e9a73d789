package lab

import (
	"errors"
	"os/exec"
	"testing"

	"github.com/passkeylab/passkeylab/harness/client"
	"github.com/passkeylab/passkeylab/rp/policy"
	"github.com/passkeylab/passkeylab/virtualauth"
	"github.com/passkeylab/passkeylab/virtualauth/attestation"
	"github.com/passkeylab/passkeylab/virtualauth/keystore/tpmstore"
)

// TestAPasskeyInATPMIsAttestedByIt registers a passkey whose key is in a TPM; the relying party verifies what the TPM has
// certified, up to the root of the stage's authority.
func TestAPasskeyInATPMIsAttestedByIt(t *testing.T) {
	keys, err := tpmstore.Open(t.Context(), tpmstore.Swtpm{}, tpmstore.Config{})
	if errors.Is(err, exec.ErrNotFound) {
		t.Skipf("there is no TPM to hold the key: %v (on Debian and Ubuntu: make deps, or apt-get install swtpm)", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := keys.Close(); err != nil {
			t.Error(err)
		}
	})
	stage, err := bare(t).Raise(t.Context(), StageOptions{ID: "bare-06", NoBrowser: true, Policy: policy.Policy{Attestation: policy.AttestationDirect}})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := stage.Close(); err != nil {
			t.Error(err)
		}
	}()
	device := virtualauth.New(virtualauth.Model{Attestation: attestation.FormatTPM}, virtualauth.World{
		Keys: keys, Clock: stage.Clock, Rand: stage.random, Authority: stage.authority,
	})
	visitor, err := stage.Visitor()
	if err != nil {
		t.Fatal(err)
	}
	if err := visitor.SignIn(t.Context(), stage.Account); err != nil {
		t.Fatal(err)
	}
	if err := visitor.Register(t.Context(), "security-key", &client.Client{Origin: stage.Origin, Device: device}); err != nil {
		t.Fatal(err)
	}
	stored, err := stage.RP.Credentials(t.Context(), stage.Account.ID)
	if err != nil || len(stored) != 1 || !stored[0].Attested || stored[0].AttestationFormat != "tpm" {
		t.Errorf("stored %+v (%v), want one passkey, attested by a TPM", stored, err)
	}
}
