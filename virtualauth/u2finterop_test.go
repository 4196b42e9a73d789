package virtualauth_test

import (
	"bytes"
	"crypto/sha256"
	"slices"
	"testing"

	"github.com/passkeylab/passkeylab/virtualauth"
	"github.com/passkeylab/passkeylab/virtualauth/cose"
	"github.com/passkeylab/passkeylab/virtualauth/ctap2"
)

// This file is where U2F and CTAP2 meet: either uses what the other has made (CTAP 2.3 §10).

// A-U2F-010: what U2F registered signs in by CTAP2 at an RP ID that is the AppID, and is excluded there.
func TestU2FCredentialsWorkByCTAP2(t *testing.T) {
	s := newStage(t, u2fModel)
	r := s.registerU2F()
	request := &ctap2.GetAssertionRequest{RPID: appID, ClientDataHash: dataHash[:], AllowList: []ctap2.Descriptor{{ID: r.keyHandle, Type: ctap2.PublicKey}}}
	response, err := ctap2.GetAssertion(t.Context(), s, request)
	if err != nil {
		t.Fatal(err)
	}
	v := s.view(response.AuthData)
	if v.hash != application || !v.up || v.uv || v.count != 1 || response.User != nil || !bytes.Equal(response.Credential.ID, r.keyHandle) {
		t.Errorf("asserted %+v of %+v", v, response)
	}
	if err := verifyES256(r.public, append(bytes.Clone(response.AuthData), dataHash[:]...), response.Signature); err != nil {
		t.Error(err)
	}
	request.RPID = rpID
	if _, err := ctap2.GetAssertion(t.Context(), s, request); s.statusOf(err) != ctap2.NoCredentials {
		t.Errorf("another RP ID: %v", err)
	}
	request.RPID, request.AllowList = appID, nil
	if _, err := ctap2.GetAssertion(t.Context(), s, request); s.statusOf(err) != ctap2.NoCredentials {
		t.Errorf("without its id: %v", err)
	}
	for rp, want := range map[string]ctap2.Status{appID: ctap2.CredentialExcluded, rpID: ctap2.OK} {
		create := registration("ada")
		create.RP.ID, create.ExcludeList = rp, []ctap2.Descriptor{{ID: r.keyHandle, Type: ctap2.PublicKey}}
		if _, err := ctap2.MakeCredential(t.Context(), s, create); s.statusOf(err) != want {
			t.Errorf("excluded at %s: got %v, want %v", rp, err, want)
		}
	}
}

// A-U2F-011: what CTAP2 made authenticates by U2F, with the hash of its RP ID, if it is of U2F's one algorithm.
func TestCTAP2CredentialsWorkByU2F(t *testing.T) {
	model := u2fModel
	model.Algorithms = []cose.Algorithm{cose.ES256, cose.EdDSA}
	rpIDHash := sha256.Sum256([]byte(rpID))
	for _, c := range []struct {
		name         string
		algorithm    cose.Algorithm
		discoverable bool
		application  [32]byte
		want         uint16
	}{
		{"not discoverable", cose.ES256, false, rpIDHash, swOK},
		{"discoverable", cose.ES256, true, rpIDHash, swOK},
		{"another application", cose.ES256, false, application, swData},
		{"another algorithm", cose.EdDSA, false, rpIDHash, swData},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newStage(t, model)
			request := registration("ada")
			request.Parameters[0].Algorithm, request.Options.ResidentKey = c.algorithm, &c.discoverable
			made, err := ctap2.MakeCredential(t.Context(), s, request)
			if err != nil {
				t.Fatal(err)
			}
			v := s.view(made.AuthData)
			s.person.Reasons()
			response, status := s.u2f(u2fAuthenticate, enforcePresence, authenticateMessage(c.application[:], v.id))
			if status != c.want {
				t.Fatalf("got %04x, want %04x", status, c.want)
			}
			if asked := s.person.asked; status == swOK && (len(asked) != 1 || asked[0].RPID != rpID || asked[0].Accounts[0].UserName != "ada") {
				t.Errorf("asked %+v", asked)
			}
			if status == swOK {
				if err := v.verify(slices.Concat(c.application[:], response[:5], challenge[:]), response[5:]); err != nil {
					t.Error(err)
				}
			}
		})
	}
}

// An old U2F key knows no command of CTAP2, getInfo included.
func TestAModelThatOnlyKnowsU2F(t *testing.T) {
	s := newStage(t, virtualauth.Model{Versions: []string{"U2F_V2"}})
	s.registerU2F()
	for command := range 256 {
		response, err := s.Exchange(t.Context(), []byte{byte(command)})
		if err != nil || !bytes.Equal(response, []byte{byte(ctap2.InvalidCommand)}) {
			t.Errorf("command %02x: %x, %v", command, response, err)
		}
	}
}

func TestGetInfoTellsOfU2F(t *testing.T) {
	for _, always := range []bool{false, true} {
		model := u2fModel
		model.AlwaysVerify = always
		info, err := ctap2.GetInfo(t.Context(), newStage(t, model))
		if err != nil {
			t.Fatal(err)
		}
		if slices.Contains(info.Versions, "U2F_V2") == always {
			t.Errorf("alwaysUv %v: versions %q", always, info.Versions)
		}
	}
}

// A-U2F-012: what its policy hides from users who are not verified is unknown to U2F, which verifies nobody. What U2F makes
// has no policy, whatever the model gives to others.
func TestU2FAndCredProtect(t *testing.T) {
	model := u2fModel
	model.Extensions = []string{"credProtect"}
	rpIDHash := sha256.Sum256([]byte(rpID))
	for level, want := range map[ctap2.CredProtect]uint16{ctap2.UVOptional: swOK, ctap2.UVOptionalWithCredentialIDList: swOK, ctap2.UVRequired: swData} {
		model.Storage.CredProtect = level
		s := newStage(t, model)
		id := s.register("ada").id
		if _, status := s.u2f(u2fAuthenticate, enforcePresence, authenticateMessage(rpIDHash[:], id)); status != want {
			t.Errorf("policy %v: %04x, want %04x", level, status, want)
		}
		r := s.registerU2F()
		if _, status := s.u2f(u2fAuthenticate, enforcePresence, ours(r.keyHandle)); status != swOK {
			t.Errorf("beside policy %v: %04x", level, status)
		}
	}
}
