package virtualauth_test

import (
	"bytes"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/passkeylab/passkeylab/virtualauth"
	"github.com/passkeylab/passkeylab/virtualauth/ctap2"
	"github.com/passkeylab/passkeylab/virtualauth/pinuv"
)

// trick is one misbehaviour of an extension or a managing command, with the one claim that it makes false. The claim must
// hold for an honest authenticator.
type trick struct {
	name  string
	lie   virtualauth.Misbehaviour
	claim func(s *stage) error
}

var tricks = []trick{
	{"IgnoreCredProtect", virtualauth.Misbehaviour{IgnoreCredProtect: true}, func(s *stage) error {
		s.enrolled(rpID, "ada", verified, withInputs(s.t, map[string]any{"credProtect": 3}))
		if _, err := ctap2.GetAssertion(s.t.Context(), s, assertion(nil, nil)); !errors.Is(err, ctap2.NoCredentials) {
			return errors.New("it signs for a user who was not verified")
		}
		return nil
	}},
	{"ClaimCredProtect", virtualauth.Misbehaviour{ClaimCredProtect: ctap2.UVRequired}, func(s *stage) error {
		made, err := s.registerAt(rpID, "ada", verified, withInputs(s.t, map[string]any{"credProtect": 1}))
		s.must("register", err)
		if s.signed(made.AuthData)["credProtect"] != uint64(1) {
			return errors.New("it tells of another policy")
		}
		return nil
	}},
	{"ForeignCredBlob", virtualauth.Misbehaviour{ForeignCredBlob: true}, func(s *stage) error {
		ada := s.enrolled(rpID, "ada", verified, withInputs(s.t, map[string]any{"credBlob": []byte("of ada")}))
		bea := s.enrolled(rpID, "bea", verified, withInputs(s.t, map[string]any{"credBlob": []byte("of bea")}))
		used, err := ctap2.GetAssertion(s.t.Context(), s, assertion(ada, inputs(s.t, map[string]any{"credBlob": true})))
		s.must("sign in", err)
		if !same(s.signed(used.AuthData)["credBlob"], []byte("of ada")) {
			s.must("delete the other", s.Delete(bea))
			used, err = ctap2.GetAssertion(s.t.Context(), s, assertion(ada, inputs(s.t, map[string]any{"credBlob": true})))
			s.must("sign in", err)
			return fmt.Errorf("the blob of somebody else, and then %s", s.signed(used.AuthData)["credBlob"])
		}
		return nil
	}},
	{"SameLargeBlobKey", virtualauth.Misbehaviour{SameLargeBlobKey: true}, func(s *stage) error {
		asking := withInputs(s.t, map[string]any{"largeBlobKey": true})
		ada, err := s.registerAt(rpID, "ada", verified, asking)
		s.must("register", err)
		bea, err := s.registerAt(rpID, "bea", verified, asking)
		s.must("register", err)
		if bytes.Equal(ada.LargeBlobKey, bea.LargeBlobKey) {
			return errors.New("one key for two credentials")
		}
		return nil
	}},
	{"PlainSecret", virtualauth.Misbehaviour{PlainSecret: true}, func(s *stage) error {
		id := s.enrolled(rpID, "ada", verified, withInputs(s.t, map[string]any{"hmac-secret": true}))
		p := s.agreed(pinuv.One)
		used, err := ctap2.GetAssertion(s.t.Context(), s, assertion(id, inputs(s.t, map[string]any{"hmac-secret": p.ask(s.t, salt1)})))
		s.must("sign in", err)
		output := s.signed(used.AuthData)["hmac-secret"].([]byte)
		s.Misbehave = virtualauth.Misbehaviour{}
		if bytes.Equal(output, s.secrets(p, id, false, salt1)[0]) {
			return errors.New("everybody can read the output")
		}
		return nil
	}},
	{"ConstantSecret", virtualauth.Misbehaviour{ConstantSecret: true}, func(s *stage) error {
		id := s.enrolled(rpID, "ada", verified, withInputs(s.t, map[string]any{"hmac-secret": true}))
		if out := s.secrets(s.agreed(pinuv.Two), id, false, salt1, salt2); bytes.Equal(out[0], out[1]) {
			return errors.New("the same for two salts")
		}
		return nil
	}},
	{"SwapSecrets", virtualauth.Misbehaviour{SwapSecrets: true}, func(s *stage) error {
		id := s.enrolled(rpID, "ada", verified, withInputs(s.t, map[string]any{"hmac-secret": true}))
		p := s.agreed(pinuv.Two)
		if both := s.secrets(p, id, false, salt1, salt2); !bytes.Equal(both[0], s.secrets(p, id, false, salt1)[0]) {
			return errors.New("the first output is not that of the first salt")
		}
		return nil
	}},
	{"IgnoreUVForSecret", virtualauth.Misbehaviour{IgnoreUVForSecret: true}, func(s *stage) error {
		id := s.enrolled(rpID, "ada", verified, withInputs(s.t, map[string]any{"hmac-secret": true}))
		p := s.agreed(pinuv.Two)
		if bytes.Equal(s.secrets(p, id, true, salt1)[0], s.secrets(p, id, false, salt1)[0]) {
			return errors.New("the same with verification and without")
		}
		return nil
	}},
	{"OmitExtensions", virtualauth.Misbehaviour{OmitExtensions: true}, func(s *stage) error {
		made, err := s.registerAt(rpID, "ada", verified, withInputs(s.t, map[string]any{"credProtect": 2, "largeBlobKey": true}))
		s.must("register", err)
		if s.signed(made.AuthData) == nil || made.LargeBlobKey == nil {
			return errors.New("no outputs")
		}
		return nil
	}},
	{"UnaskedExtension", virtualauth.Misbehaviour{UnaskedExtension: "appid"}, func(s *stage) error {
		made, err := s.registerAt(rpID, "ada", verified)
		s.must("register", err)
		used, err := ctap2.GetAssertion(s.t.Context(), s, assertion(nil, nil))
		s.must("sign in", err)
		if s.signed(made.AuthData)["appid"] == true && s.signed(used.AuthData)["appid"] == true {
			return errors.New("outputs that nobody asked for")
		}
		return nil
	}},
	{"SkipBlobIntegrity", virtualauth.Misbehaviour{SkipBlobIntegrity: true}, func(s *stage) error {
		k := s.token(pinuv.LBW, "")
		_, err := s.blobs(fragment(k, make([]byte, 17), 0, new(uint(17))))
		if !errors.Is(err, ctap2.IntegrityFailure) || bytes.Equal(s.array(), make([]byte, 17)) {
			return errors.New("an array with a wrong hash was stored")
		}
		return nil
	}},
	{"ManageWithoutToken", virtualauth.Misbehaviour{ManageWithoutToken: true}, func(s *stage) error {
		id := s.enrolled(rpID, "ada", verified)
		request := s.managed(noToken, ctap2.EnumerateRPsBegin, nil)
		_, without := ctap2.CredentialManagement(s.t.Context(), s, request)
		request.PINUVAuthProtocol = new(uint(9)) // there is none of this number
		_, withNonsense := ctap2.CredentialManagement(s.t.Context(), s, request)
		if !errors.Is(without, ctap2.PUATRequired) || !errors.Is(withNonsense, ctap2.PUATRequired) {
			return errors.New("anybody can list credentials")
		}
		if _, err := s.manage(noToken, ctap2.DeleteCredential, ofCredential(id)); err == nil {
			return errors.New("anybody can delete credentials")
		}
		return nil
	}},
	{"KeepEnumerations", virtualauth.Misbehaviour{KeepEnumerations: true}, func(s *stage) error {
		return s.enumerationEnds(func() { s.info() })
	}},
	{"EndlessEnumerations, after an hour", virtualauth.Misbehaviour{EndlessEnumerations: true}, func(s *stage) error {
		return s.enumerationEnds(func() { s.clock.Move(time.Hour) })
	}},
	{"KeepDeleted", virtualauth.Misbehaviour{KeepDeleted: true}, func(s *stage) error {
		id := s.enrolled(rpID, "ada", verified)
		_, err := s.manage(s.token(pinuv.CM, ""), ctap2.DeleteCredential, ofCredential(id))
		s.must("delete", err)
		if len(s.Credentials()) > 0 {
			return errors.New("the credential is still here")
		}
		return nil
	}},
	{"AcceptAnySample", virtualauth.Misbehaviour{AcceptAnySample: true}, func(s *stage) error {
		bad := virtualauth.Consent{Present: true, Finger: "thumb", Sample: ctap2.SamplePoorQuality}
		if _, said, _ := s.samples(s.token(pinuv.BE, ""), bad, isAway); said[0] == ctap2.SampleGood || said[1] == ctap2.SampleGood {
			return errors.New("a smear and nothing at all are good samples")
		}
		return nil
	}},
}

// enumerationEnds is a claim: after this, an enumeration does not go on.
func (s *stage) enumerationEnds(after func()) error {
	s.enrolled("a.example", "ada", verified)
	s.enrolled("b.example", "ada", verified)
	_, err := s.manage(s.token(pinuv.CM, ""), ctap2.EnumerateRPsBegin, nil)
	s.must("begin", err)
	after()
	if _, err := s.manage(noToken, ctap2.EnumerateRPsGetNextRP, nil); !errors.Is(err, ctap2.NotAllowed) {
		return errors.New("the enumeration goes on")
	}
	return nil
}

// TestTricks: the claim holds for an honest authenticator, or it would prove nothing, and not under the lie.
func TestTricks(t *testing.T) {
	for _, c := range tricks {
		t.Run(c.name, func(t *testing.T) {
			model := verifier()
			if c.name == "AcceptAnySample" {
				model = securityKey()
			}
			if err := c.claim(newStage(t, model)); err != nil {
				t.Fatalf("honest, and yet: %v", err)
			}
			s := newStage(t, model)
			s.Misbehave = c.lie
			if c.claim(s) == nil {
				t.Fatal("the lie shows nowhere")
			}
		})
	}
}
