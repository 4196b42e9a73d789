package virtualauth_test

import (
	"bytes"
	"errors"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/passkeylab/passkeylab/virtualauth"
	"github.com/passkeylab/passkeylab/virtualauth/attestation"
	"github.com/passkeylab/passkeylab/virtualauth/authdata"
	"github.com/passkeylab/passkeylab/virtualauth/cose"
	"github.com/passkeylab/passkeylab/virtualauth/ctap2"
)

// story is one registration and what followed, as a relying party would judge it.
type story struct {
	*stage
	model    virtualauth.Model
	response *ctap2.MakeCredentialResponse
	made     view
	honest   *ctap2.GetAssertionResponse // before the lie
	got      *ctap2.GetAssertionResponse // under the lie
	used     view
}

// lie is one misbehaviour with the one claim that it makes false. The claim must hold for an honest authenticator.
type lie struct {
	name  string
	lie   virtualauth.Misbehaviour
	model virtualauth.Model
	claim func(*story) error
}

// always is a story's claim about both authenticator data.
func always(what string, holds func(v view) bool) func(*story) error {
	return func(s *story) error {
		if !holds(s.made) || !holds(s.used) {
			return errors.New(what)
		}
		return nil
	}
}

func claim(what string, holds func(*story) bool) func(*story) error {
	return func(s *story) error {
		if !holds(s) {
			return errors.New(what)
		}
		return nil
	}
}

var lies = []lie{
	{"OmitUP", virtualauth.Misbehaviour{OmitUP: true}, virtualauth.Model{},
		always("UP is clear", func(v view) bool { return v.up })},
	{"OmitUV", virtualauth.Misbehaviour{OmitUV: true}, virtualauth.Model{},
		always("UV is clear", func(v view) bool { return v.uv })},
	{"BSWithoutBE", virtualauth.Misbehaviour{BSWithoutBE: true}, virtualauth.Model{Backup: virtualauth.Synced},
		always("BS without BE", func(v view) bool { return v.be || !v.bs })},
	{"FlipBE", virtualauth.Misbehaviour{FlipBE: true}, virtualauth.Model{Backup: virtualauth.Synced},
		claim("BE changed", func(s *story) bool { return s.made.be == s.used.be })},
	{"FlipBE of a device-bound one", virtualauth.Misbehaviour{FlipBE: true}, virtualauth.Model{},
		claim("BE changed", func(s *story) bool { return s.made.be == s.used.be })},
	{"WrongRPIDHash", virtualauth.Misbehaviour{WrongRPIDHash: true}, virtualauth.Model{},
		always("another RP ID", func(v view) bool { return v.hash == authdata.HashRPID(rpID) })},
	{"FixedCounter", virtualauth.Misbehaviour{FixedCounter: true}, virtualauth.Model{},
		claim("the counter stays", func(s *story) bool { return s.used.count != s.view(s.honest.AuthData).count })},
	{"CounterGoesBack", virtualauth.Misbehaviour{CounterGoesBack: true}, virtualauth.Model{},
		claim("the counter goes back", func(s *story) bool { return s.used.count >= s.view(s.honest.AuthData).count })},
	{"TrailingByte", virtualauth.Misbehaviour{TrailingByte: true}, virtualauth.Model{},
		always("bytes are left over", func(v view) bool { return len(v.rest) == 0 })},
	{"HashedRPID", virtualauth.Misbehaviour{HashedRPID: "https://" + rpID}, virtualauth.Model{},
		always("another RP ID", func(v view) bool { return v.hash == authdata.HashRPID(rpID) })},
	{"SignCount", virtualauth.Misbehaviour{SignCount: new(uint32(1 << 31))}, virtualauth.Model{},
		always("a counter of its own", func(v view) bool { return v.count < 3 })},
	{"FlipFlags of a reserved bit", virtualauth.Misbehaviour{FlipFlags: 1 << 5}, virtualauth.Model{},
		claim("a reserved bit", func(s *story) bool { return s.response.AuthData[32]&s.got.AuthData[32]&0x20 == 0 })},
	{"FlipFlags of ED", virtualauth.Misbehaviour{FlipFlags: authdata.ED}, virtualauth.Model{},
		claim("ED without extensions", func(s *story) bool { _, err := authdata.Parse(s.got.AuthData); return err == nil })},
	{"Extensions", virtualauth.Misbehaviour{Extensions: []byte{0xa1, 0x61, 'x', 0xf5}}, virtualauth.Model{},
		always("extensions", func(v view) bool { return len(v.rest) == 0 })},
	{"AttestAssertions", virtualauth.Misbehaviour{AttestAssertions: true}, virtualauth.Model{},
		claim("a credential in an assertion", func(s *story) bool { return s.used.id == nil })},
	{"AAGUID", virtualauth.Misbehaviour{AAGUID: new(uuid.MustParse("ea9b8d66-4d01-1d21-3ce4-b6b48cb575d4"))}, virtualauth.Model{},
		claim("another AAGUID", func(s *story) bool { return bytes.Equal(s.made.aaguid, s.model.AAGUID[:]) })},
	{"CredentialID", virtualauth.Misbehaviour{CredentialID: []byte("known id")}, virtualauth.Model{},
		claim("an id that is known", func(s *story) bool { return string(s.made.id) != "known id" })},
	{"CredentialIDLength", virtualauth.Misbehaviour{CredentialIDLength: 1024}, virtualauth.Model{},
		claim("an id beyond 1023 bytes", func(s *story) bool { return len(s.made.id) <= 1023 })},
	{"Algorithm", virtualauth.Misbehaviour{Algorithm: cose.EdDSA}, virtualauth.Model{},
		claim("another algorithm", func(s *story) bool { return s.made.key[3] == int64(cose.ES256) })},
	{"PublicKey", virtualauth.Misbehaviour{PublicKey: []byte{0xa1, 0x03, 0x26}}, virtualauth.Model{},
		claim("no such key", func(s *story) bool { return s.made.verifyAssertion(s.got) == nil })},
	{"OmitCredential", virtualauth.Misbehaviour{OmitCredential: true}, virtualauth.Model{},
		claim("no credential", func(s *story) bool { return s.made.id != nil })},
	{"Attestation.Format", virtualauth.Misbehaviour{Attestation: attestation.Misbehaviour{Format: "tpm"}}, virtualauth.Model{Attestation: attestation.FormatPacked},
		func(s *story) error { return checkStatement(s.made, s.response) }},
	{"Attestation.Algorithm", virtualauth.Misbehaviour{Attestation: attestation.Misbehaviour{Algorithm: cose.RS256}}, virtualauth.Model{Attestation: attestation.FormatPacked},
		func(s *story) error { return checkStatement(s.made, s.response) }},
	{"Attestation.BadSignature", virtualauth.Misbehaviour{Attestation: attestation.Misbehaviour{BadSignature: true}}, virtualauth.Model{Attestation: attestation.FormatPacked},
		func(s *story) error { return checkStatement(s.made, s.response) }},
	{"BadSignature", virtualauth.Misbehaviour{BadSignature: true}, virtualauth.Model{},
		func(s *story) error { return s.made.verifyAssertion(s.got) }},
	{"TruncateSignature", virtualauth.Misbehaviour{TruncateSignature: true}, virtualauth.Model{},
		func(s *story) error { return s.made.verifyAssertion(s.got) }},
	{"TrailSignature", virtualauth.Misbehaviour{TrailSignature: true}, virtualauth.Model{},
		func(s *story) error { return s.made.verifyAssertion(s.got) }},
	{"RawSignature", virtualauth.Misbehaviour{RawSignature: true}, virtualauth.Model{},
		func(s *story) error { return s.made.verifyAssertion(s.got) }},
	{"RepeatSignature", virtualauth.Misbehaviour{RepeatSignature: true}, virtualauth.Model{},
		claim("the signature of before", func(s *story) bool { return !bytes.Equal(s.got.Signature, s.honest.Signature) })},
	{"SignAuthDataOnly", virtualauth.Misbehaviour{SignAuthDataOnly: true}, virtualauth.Model{},
		claim("the client data hash is not signed", func(s *story) bool { return s.made.verify(s.got.AuthData, s.got.Signature) != nil })},
	{"AlterSigned", virtualauth.Misbehaviour{AlterSigned: true}, virtualauth.Model{},
		func(s *story) error { return s.made.verifyAssertion(s.got) }},
	{"AnswerID", virtualauth.Misbehaviour{AnswerID: []byte("another id")}, virtualauth.Model{},
		claim("another id", func(s *story) bool { return bytes.Equal(s.got.Credential.ID, s.made.id) })},
	{"OmitUser", virtualauth.Misbehaviour{OmitUser: true}, virtualauth.Model{},
		claim("no user", func(s *story) bool { return s.got.User != nil })},
	{"UserHandle", virtualauth.Misbehaviour{UserHandle: []byte("bea")}, virtualauth.Model{},
		claim("another user", func(s *story) bool { return string(s.got.User.ID) == "id of ada" })},
	{"LeakNames", virtualauth.Misbehaviour{LeakNames: true}, virtualauth.Model{},
		claim("names of a lone account", func(s *story) bool { return s.got.User.Name == "" && s.got.User.DisplayName == "" })},
}

// tell registers ada, signs in honestly once, and signs in again, lying throughout except in between.
func tell(t *testing.T, model virtualauth.Model, m virtualauth.Misbehaviour) *story {
	t.Helper()
	s := &story{stage: newStage(t, model), model: model}
	s.Misbehave = m
	var err error
	if s.response, err = ctap2.MakeCredential(t.Context(), s, registration("ada")); err != nil {
		t.Fatal(err)
	}
	s.made = s.view(s.response.AuthData)
	s.Misbehave = virtualauth.Misbehaviour{}
	s.honest = s.signIn()
	s.Misbehave = m
	s.got = s.signIn()
	s.used = s.view(s.got.AuthData)
	return s
}

// TestLiesInResponses: the claim holds for an honest authenticator, or it would prove nothing, and not under the lie.
func TestLiesInResponses(t *testing.T) {
	for _, l := range lies {
		t.Run(l.name, func(t *testing.T) {
			if err := l.claim(tell(t, l.model, virtualauth.Misbehaviour{})); err != nil {
				t.Fatalf("honest, and yet: %v", err)
			}
			if l.claim(tell(t, l.model, l.lie)) == nil {
				t.Fatal("the lie shows nowhere")
			}
		})
	}
}

// TestSignaturesStayGood: a lie inside authenticator data must not be betrayed by its signature.
func TestSignaturesStayGood(t *testing.T) {
	for _, l := range lies {
		switch l.name {
		case "PublicKey", "OmitCredential", // nothing to verify with
			"BadSignature", "TruncateSignature", "TrailSignature", "RawSignature", "RepeatSignature", "SignAuthDataOnly", "AlterSigned":
			continue
		}
		t.Run(l.name, func(t *testing.T) {
			s := tell(t, l.model, l.lie)
			if err := s.made.verifyAssertion(s.got); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestIgnoreExcludeList(t *testing.T) {
	for _, lying := range []bool{false, true} {
		s := newStage(t, virtualauth.Model{})
		request := registration("ada")
		request.ExcludeList = []ctap2.Descriptor{{ID: s.register("ada").id, Type: ctap2.PublicKey}}
		s.Misbehave = virtualauth.Misbehaviour{IgnoreExcludeList: lying}
		_, err := ctap2.MakeCredential(t.Context(), s, request)
		if want := map[bool]ctap2.Status{false: ctap2.CredentialExcluded, true: ctap2.OK}[lying]; s.statusOf(err) != want {
			t.Errorf("lying %v: got %v, want %v", lying, err, want)
		}
		if got := len(s.Credentials()); got != 1 { // the new one takes the place of the old one
			t.Errorf("lying %v: %d credentials", lying, got)
		}
	}
}

func TestLiesAboutConsent(t *testing.T) {
	for _, c := range []struct {
		name    string
		lie     virtualauth.Misbehaviour
		exclude bool
		consent virtualauth.Consent
		honest  ctap2.Status
		lying   ctap2.Status
	}{
		{"RevealExcluded", virtualauth.Misbehaviour{RevealExcluded: true}, true, refuses, ctap2.OperationDenied, ctap2.CredentialExcluded},
		{"SkipConsent", virtualauth.Misbehaviour{SkipConsent: true}, false, refuses, ctap2.OperationDenied, ctap2.OK},
	} {
		for _, lying := range []bool{false, true} {
			s := newStage(t, virtualauth.Model{})
			request := registration("bea")
			id := s.register("ada").id
			if c.exclude {
				request.ExcludeList = []ctap2.Descriptor{{ID: id, Type: ctap2.PublicKey}}
			}
			s.person.Reasons()
			s.person.consent = c.consent
			want := c.honest
			if lying {
				s.Misbehave, want = c.lie, c.lying
			}
			_, err := ctap2.MakeCredential(t.Context(), s, request)
			if got := s.statusOf(err); got != want {
				t.Errorf("%s, lying %v: got %v, want %v", c.name, lying, got, want)
			}
			if asked := len(s.person.Reasons()) > 0; asked == lying {
				t.Errorf("%s, lying %v: asked %v", c.name, lying, asked)
			}
		}
	}
}

func TestIgnoreAllowList(t *testing.T) {
	for _, lying := range []bool{false, true} {
		s := newStage(t, virtualauth.Model{})
		s.register("ada")
		request := authentication()
		request.AllowList = []ctap2.Descriptor{{ID: []byte("no such id"), Type: ctap2.PublicKey}}
		s.Misbehave = virtualauth.Misbehaviour{IgnoreAllowList: lying}
		_, err := ctap2.GetAssertion(t.Context(), s, request)
		if want := map[bool]ctap2.Status{false: ctap2.NoCredentials, true: ctap2.OK}[lying]; s.statusOf(err) != want {
			t.Errorf("lying %v: got %v, want %v", lying, err, want)
		}
	}
}

func TestClaimUV(t *testing.T) {
	for _, lying := range []bool{false, true} {
		s := newStage(t, virtualauth.Model{Verification: virtualauth.VerificationMissing})
		request := registration("ada")
		request.Options.UserVerification = nil
		s.Misbehave = virtualauth.Misbehaviour{ClaimUV: lying}
		response, err := ctap2.MakeCredential(t.Context(), s, request)
		if err != nil {
			t.Fatal(err)
		}
		if got := s.view(response.AuthData).uv; got != lying {
			t.Errorf("lying %v: UV is %v", lying, got)
		}
	}
}

func TestKeepAssertions(t *testing.T) {
	for _, lying := range []bool{false, true} {
		s := newStage(t, virtualauth.Model{})
		s.three()
		s.signIn()
		s.clock.Move(time.Hour)
		s.Misbehave = virtualauth.Misbehaviour{KeepAssertions: lying}
		_, err := ctap2.GetNextAssertion(t.Context(), s)
		if want := map[bool]ctap2.Status{false: ctap2.NotAllowed, true: ctap2.OK}[lying]; s.statusOf(err) != want {
			t.Errorf("lying %v: got %v, want %v", lying, err, want)
		}
	}
}

// A credential id given twice replaces the first: an authenticator cannot hold two under one name.
func TestAnIDGivenTwice(t *testing.T) {
	s := newStage(t, virtualauth.Model{})
	s.Misbehave.CredentialID = []byte("one id")
	s.register("ada")
	s.register("bea")
	if all := s.Credentials(); len(all) != 1 || all[0].UserName != "bea" {
		t.Errorf("remaining: %+v", all)
	}
	if string(s.signIn().User.ID) != "id of bea" {
		t.Error("the first one still signs in")
	}
}
