package lab

import (
	"net/http"
	"strings"
	"testing"

	"github.com/passkeylab/passkeylab/rp"
	"github.com/passkeylab/passkeylab/rp/policy"
	"github.com/passkeylab/passkeylab/virtualauth/provider"
)

// attested is a policy that enforces attestation.
func attested() policy.Policy {
	return policy.Policy{AttestationEnforcement: policy.EnforcementRegistrationOnly}
}

func TestTheStagesMetadataDecidesWhatIsAttested(t *testing.T) {
	uncertain := CertifiedKey()
	uncertain.Model.Extensions = nil // no hmac-secret: listed and certified, and still not fit
	for name, c := range map[string]struct {
		models []provider.Provider
		key    provider.Provider
		code   rp.Code
	}{
		"a certified key that is listed by default":          {nil, CertifiedKey(), ""},
		"a key whose model cannot do what is asked for":      {[]provider.Provider{uncertain}, uncertain, rp.CodeAttestationInvalid},
		"a key that attests itself":                          {nil, provider.USBSecurityKey(), rp.CodeAttestationRequired},
		"a listed key under another list than the default's": {[]provider.Provider{CertifiedKey(), provider.PINSecurityKey()}, CertifiedKey(), ""},
	} {
		t.Run(name, func(t *testing.T) {
			stage := onStage(t, StageOptions{ID: "bare-40", NoBrowser: true, Policy: attested(), Models: c.models})
			err := stage.Give(t.Context(), c.key)
			if c.code == "" && err != nil || c.code != "" && (err == nil || !strings.Contains(err.Error(), string(c.code))) {
				t.Fatalf("got %v, want the code %q", err, c.code)
			}
			stored, err := stage.RP.Credentials(t.Context(), stage.Account.ID)
			if err != nil {
				t.Fatal(err)
			}
			if c.code == "" && (len(stored) != 1 || !stored[0].Attested) || c.code != "" && len(stored) != 0 {
				t.Errorf("stored %+v", stored)
			}
		})
	}
}

func TestThePersonHasTheMembershipThatTheStageStates(t *testing.T) {
	stage := onStage(t, StageOptions{ID: "bare-41", NoBrowser: true, Person: rp.Membership{Groups: []string{"sales"}, Guest: true}})
	user, err := stage.RP.User(t.Context(), stage.Account.ID)
	if err != nil || !user.Guest || len(user.Groups) != 1 || user.Groups[0] != "sales" {
		t.Errorf("got %+v, %v", user, err)
	}
}

func TestTheStageHasAnAdministrator(t *testing.T) {
	stage := onStage(t, StageOptions{ID: "bare-42", NoBrowser: true})
	visitor, err := stage.Visitor()
	if err != nil {
		t.Fatal(err)
	}
	reply, err := visitor.Administer(t.Context(), http.MethodGet, "/admin/api/v1.0/users/mia", nil)
	if err != nil || reply.Status != http.StatusOK {
		t.Errorf("got %v, %v", reply, err)
	}
}

// onStage raises a stage that is closed when the test ends.
func onStage(t *testing.T, o StageOptions) *Stage {
	t.Helper()
	stage, err := bare(t).Raise(t.Context(), o)
	t.Cleanup(func() {
		if err := stage.Close(); err != nil {
			t.Error(err)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	return stage
}
