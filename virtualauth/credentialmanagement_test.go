package virtualauth_test

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fxamacker/cbor/v2"

	"github.com/passkeylab/passkeylab/virtualauth"
	"github.com/passkeylab/passkeylab/virtualauth/ctap2"
	"github.com/passkeylab/passkeylab/virtualauth/pinuv"
)

// readers are the tokens with which credentials can be listed.
var readers = []struct {
	rows        string
	permissions pinuv.Permissions
}{{"A-CM-001 A-CM-002 A-CM-003 A-CM-007 A-CM-008", pinuv.CM}, {"A-CM-004 A-CM-005 A-CM-006 A-CM-009", pinuv.PCMR}}

func TestListingCredentials(t *testing.T) {
	for _, reader := range readers {
		t.Run(reader.rows, func(t *testing.T) {
			s := newStage(t, securityKey())
			ids := map[string][]byte{}
			for _, rp := range []string{"a.example", "b.example"} {
				for _, user := range []string{"ada", "bea"} {
					ids[rp+" "+user] = s.enrolled(rp, user)
				}
			}
			k := s.token(reader.permissions, "")
			for hash, rpID := range s.relyingParties(k) {
				if sum := sha256.Sum256([]byte(rpID)); hash != string(sum[:]) {
					t.Errorf("the hash of %s is %x", rpID, hash)
				}
				for user, c := range s.credentialsOf(k, rpID) {
					if !bytes.Equal(c.Credential.ID, ids[rpID+" "+user]) || c.CredProtect != ctap2.UVOptional || c.LargeBlobKey != nil || *c.ThirdPartyPayment {
						t.Errorf("%s at %s: %+v", user, rpID, c)
					}
					var public map[int]any
					if err := cbor.Unmarshal(c.PublicKey, &public); err != nil || public[3] != int64(-7) {
						t.Errorf("%s at %s: public key %x, %v", user, rpID, c.PublicKey, err)
					}
					delete(ids, rpID+" "+user)
				}
			}
			if len(ids) > 0 {
				t.Errorf("not listed: %v", ids)
			}
		})
	}
}

// relyingParties enumerates them: hash to RP ID.
func (s *stage) relyingParties(k uvToken) map[string]string {
	s.t.Helper()
	found := map[string]string{}
	r, err := s.manage(k, ctap2.EnumerateRPsBegin, nil)
	if errors.Is(err, ctap2.NoCredentials) {
		return found
	}
	s.must("enumerateRPsBegin", err)
	for total := r.TotalRPs; ; {
		found[string(r.RPIDHash)] = r.RP.ID
		if r.RP.Name != "Login" {
			s.t.Errorf("the relying party is called %q", r.RP.Name)
		}
		if len(found) == int(total) {
			break
		}
		r, err = s.manage(noToken, ctap2.EnumerateRPsGetNextRP, nil)
		s.must("enumerateRPsGetNextRP", err)
		if r.TotalRPs != 0 {
			s.t.Error("the total was told again")
		}
	}
	_, err = s.manage(noToken, ctap2.EnumerateRPsGetNextRP, nil)
	s.expect("A-CM-030: one more relying party", err, ctap2.NotAllowed)
	return found
}

// credentialsOf enumerates those of one relying party, by user name.
func (s *stage) credentialsOf(k uvToken, rpID string) map[string]*ctap2.CredentialManagementResponse {
	s.t.Helper()
	found := map[string]*ctap2.CredentialManagementResponse{}
	r, err := s.manage(k, ctap2.EnumerateCredentialsBegin, ofRP(rpID))
	if errors.Is(err, ctap2.NoCredentials) {
		return found
	}
	s.must("enumerateCredentialsBegin", err)
	for total := r.TotalCredentials; ; {
		found[r.User.Name] = r
		if len(found) == int(total) {
			break
		}
		r, err = s.manage(noToken, ctap2.EnumerateCredentialsGetNextCredential, nil)
		s.must("enumerateCredentialsGetNextCredential", err)
		if r.TotalCredentials != 0 {
			s.t.Error("the total was told again")
		}
	}
	_, err = s.manage(noToken, ctap2.EnumerateCredentialsGetNextCredential, nil)
	s.expect("A-CM-030: one more credential", err, ctap2.NotAllowed)
	return found
}

func TestCountingCredentials(t *testing.T) {
	model := securityKey()
	model.MaxDiscoverable = 3
	s := newStage(t, model)
	k := s.token(pinuv.CM, "")
	for n := range uint(4) {
		r, err := s.manage(k, ctap2.GetCredsMetadata, nil)
		s.must("getCredsMetadata", err)
		if *r.Existing != n || *r.MaxRemaining != 3-n {
			t.Errorf("A-CM-001: %d and %d with %d credentials", *r.Existing, *r.MaxRemaining, n)
		}
		if n < 3 {
			s.Import(t.Context(), s.portable(fmt.Sprint("user ", n))) // without a command that would end the token's use
		}
	}
	unlimited := newStage(t, securityKey())
	r, err := unlimited.manage(unlimited.token(pinuv.CM, ""), ctap2.GetCredsMetadata, nil)
	if err != nil || *r.Existing != 0 || *r.MaxRemaining == 0 {
		t.Errorf("without a limit: %+v, %v", r, err)
	}
}

// portable is a credential made elsewhere.
func (s *stage) portable(user string) virtualauth.Portable {
	s.t.Helper()
	elsewhere := newStage(s.t, eligible)
	elsewhere.Misbehave.CredentialID = []byte("id of " + user)
	p, err := elsewhere.Export(s.t.Context(), elsewhere.register(user).id)
	s.must("export", err)
	return p
}

// TestManagementRequestsAreJudged holds single requests against two relying parties with one credential each.
func TestManagementRequestsAreJudged(t *testing.T) {
	known := func(s *stage) ctap2.CredentialManagementParameters {
		return ofCredential(s.enrolled("a.example", "cia"))
	}
	renaming := func(s *stage, user ctap2.User) ctap2.CredentialManagementParameters {
		p := known(s)
		p.User = &user
		return p
	}
	raw := func(hexadecimal string) func(*stage) *ctap2.CredentialManagementRequest {
		return func(s *stage) *ctap2.CredentialManagementRequest {
			return s.managed(s.token(pinuv.CM, ""), ctap2.EnumerateCredentialsBegin, cbor.RawMessage(unhex(hexadecimal)))
		}
	}
	send := func(sub ctap2.CredentialManagementSubCommand, parameters any, edit func(*ctap2.CredentialManagementRequest)) func(*stage) *ctap2.CredentialManagementRequest {
		return func(s *stage) *ctap2.CredentialManagementRequest {
			r := s.managed(s.token(pinuv.CM, ""), sub, parameters)
			if edit != nil {
				edit(r)
			}
			return r
		}
	}
	// late makes its credential first, because that ends the use of a token.
	late := func(sub ctap2.CredentialManagementSubCommand, parameters func(*stage) ctap2.CredentialManagementParameters, permissions pinuv.Permissions, rpID string) func(*stage) *ctap2.CredentialManagementRequest {
		return func(s *stage) *ctap2.CredentialManagementRequest {
			p := parameters(s)
			return s.managed(s.token(permissions, rpID), sub, p)
		}
	}
	ofA := func(*stage) ctap2.CredentialManagementParameters { return ofRP("a.example") }
	none := func(*stage) ctap2.CredentialManagementParameters { return ctap2.CredentialManagementParameters{} }
	unknown := func(*stage) ctap2.CredentialManagementParameters { return ofCredential([]byte("no such id")) }
	cia := ctap2.User{ID: []byte("id of cia"), Name: "c"}

	for _, c := range []struct {
		row, name string
		request   func(*stage) *ctap2.CredentialManagementRequest
		want      ctap2.Status
	}{
		{"A-CM-012", "no sub-command", send(0, nil, func(r *ctap2.CredentialManagementRequest) { r.SubCommand = nil }), ctap2.MissingParameter},
		{"A-CM-013", "sub-command 0", send(0, nil, nil), ctap2.InvalidSubcommand},
		{"A-CM-013", "sub-command 8", send(8, nil, nil), ctap2.InvalidSubcommand},
		{"A-CM-013", "sub-command 255", send(255, nil, nil), ctap2.InvalidSubcommand},
		{"A-CM-013", "sub-command 257", send(257, nil, nil), ctap2.InvalidSubcommand},
		{"A-CM-014", "no MAC", send(ctap2.GetCredsMetadata, nil, func(r *ctap2.CredentialManagementRequest) { r.PINUVAuthParam = nil }), ctap2.PUATRequired},
		{"A-CM-015", "no protocol", send(ctap2.GetCredsMetadata, nil, func(r *ctap2.CredentialManagementRequest) { r.PINUVAuthProtocol = nil }), ctap2.MissingParameter},
		{"A-CM-016", "an unknown protocol", send(ctap2.GetCredsMetadata, nil, func(r *ctap2.CredentialManagementRequest) { r.PINUVAuthProtocol = new(uint(3)) }), ctap2.InvalidParameter},
		{"A-CM-017", "a wrong MAC", send(ctap2.GetCredsMetadata, nil, func(r *ctap2.CredentialManagementRequest) { r.PINUVAuthParam[0] ^= 1 }), ctap2.PINAuthInvalid},
		{"A-CM-018", "a wrong MAC", send(ctap2.EnumerateRPsBegin, nil, func(r *ctap2.CredentialManagementRequest) { r.PINUVAuthParam[31] ^= 1 }), ctap2.PINAuthInvalid},
		{"A-CM-019", "parameters that the MAC is not for", send(ctap2.EnumerateCredentialsBegin, ofRP("b.example"), func(r *ctap2.CredentialManagementRequest) { r.Parameters = encoded(t, ofRP("a.example")) }), ctap2.PINAuthInvalid},
		{"A-CM-020", "counting with a token for one relying party", late(ctap2.GetCredsMetadata, none, pinuv.CM, "a.example"), ctap2.PINAuthInvalid},
		{"A-CM-021", "listing with a token for one relying party", late(ctap2.EnumerateRPsBegin, none, pinuv.CM, "a.example"), ctap2.PINAuthInvalid},
		{"A-CM-022", "credentials with a token for another", late(ctap2.EnumerateCredentialsBegin, ofA, pinuv.CM, "b.example"), ctap2.PINAuthInvalid},
		{"A-CM-022", "credentials with its own token", late(ctap2.EnumerateCredentialsBegin, ofA, pinuv.CM, "a.example"), ctap2.OK},
		{"A-CM-024", "an unknown relying party", send(ctap2.EnumerateCredentialsBegin, ofRP("c.example"), nil), ctap2.NoCredentials},
		{"A-CM-025", "no hash", send(ctap2.EnumerateCredentialsBegin, nil, nil), ctap2.MissingParameter},
		{"A-CM-025", "a hash of 31 bytes", send(ctap2.EnumerateCredentialsBegin, ctap2.CredentialManagementParameters{RPIDHash: make([]byte, 31)}, nil), ctap2.NoCredentials},
		{"A-CM-025", "a text instead of the hash", raw("a1 01 6161"), ctap2.UnexpectedType},
		{"", "a list instead of the parameters", raw("80"), ctap2.UnexpectedType},
		{"A-CM-026", "the next relying party, and no first", send(ctap2.EnumerateRPsGetNextRP, nil, nil), ctap2.NotAllowed},
		{"A-CM-027", "the next credential, and no first", send(ctap2.EnumerateCredentialsGetNextCredential, nil, nil), ctap2.NotAllowed},
		{"A-CM-034", "deleting what is not there", send(ctap2.DeleteCredential, ofCredential([]byte("no such id")), nil), ctap2.NoCredentials},
		{"A-CM-034", "the same with a token for one relying party", late(ctap2.DeleteCredential, unknown, pinuv.CM, "a.example"), ctap2.NoCredentials},
		{"A-CM-035", "deleting nothing", send(ctap2.DeleteCredential, nil, nil), ctap2.MissingParameter},
		{"", "deleting something of no type", send(ctap2.DeleteCredential, ctap2.CredentialManagementParameters{Credential: &ctap2.Descriptor{ID: []byte{1}}}, nil), ctap2.MissingParameter},
		{"", "deleting something of another type", late(ctap2.DeleteCredential, func(s *stage) ctap2.CredentialManagementParameters {
			p := known(s)
			p.Credential.Type = "private-key"
			return p
		}, pinuv.CM, ""), ctap2.NoCredentials},
		{"A-CM-036", "deleting with a token for another", late(ctap2.DeleteCredential, known, pinuv.CM, "b.example"), ctap2.PINAuthInvalid},
		{"", "deleting with a token that may only read", late(ctap2.DeleteCredential, known, pinuv.PCMR, ""), ctap2.PINAuthInvalid},
		{"", "deleting with its own token", late(ctap2.DeleteCredential, known, pinuv.CM, "a.example"), ctap2.OK},
		{"", "a token without the permission", late(ctap2.DeleteCredential, known, pinuv.BE, ""), ctap2.PINAuthInvalid},
		{"A-CM-037", "another user handle", late(ctap2.UpdateUserInformation, func(s *stage) ctap2.CredentialManagementParameters {
			return renaming(s, ctap2.User{ID: []byte("bea")})
		}, pinuv.CM, ""), ctap2.InvalidParameter},
		{"A-CM-038", "renaming what is not there", send(ctap2.UpdateUserInformation, ctap2.CredentialManagementParameters{
			Credential: &ctap2.Descriptor{ID: []byte{1}, Type: ctap2.PublicKey}, User: &cia}, nil), ctap2.NoCredentials},
		{"", "no new name", late(ctap2.UpdateUserInformation, known, pinuv.CM, ""), ctap2.MissingParameter},
		{"", "a user without a handle", late(ctap2.UpdateUserInformation, func(s *stage) ctap2.CredentialManagementParameters {
			return renaming(s, ctap2.User{Name: "c"})
		}, pinuv.CM, ""), ctap2.MissingParameter},
		{"A-CM-036", "renaming with a token for another", late(ctap2.UpdateUserInformation, func(s *stage) ctap2.CredentialManagementParameters {
			return renaming(s, cia)
		}, pinuv.CM, "b.example"), ctap2.PINAuthInvalid},
	} {
		t.Run(c.row+" "+c.name, func(t *testing.T) {
			s := newStage(t, securityKey())
			s.enrolled("a.example", "ada")
			s.enrolled("b.example", "bea")
			_, err := ctap2.CredentialManagement(t.Context(), s, c.request(s))
			s.expect(c.name, err, c.want)
		})
	}
}

func TestNoCredentialsToList(t *testing.T) {
	s := newStage(t, securityKey())
	s.enrolled("a.example", "ada", func(r *ctap2.MakeCredentialRequest) { r.Options = nil }) // not discoverable: not managed
	k := s.token(pinuv.CM, "")
	_, err := s.manage(k, ctap2.EnumerateRPsBegin, nil)
	s.expect("A-CM-023", err, ctap2.NoCredentials)
	_, err = s.manage(k, ctap2.EnumerateCredentialsBegin, ofRP("a.example"))
	s.expect("A-CM-024", err, ctap2.NoCredentials)
	_, err = s.manage(k, ctap2.DeleteCredential, ofCredential(s.Credentials()[0].ID))
	s.expect("A-CM-034", err, ctap2.NoCredentials)
}

// TestAnEnumerationIsDropped by whatever is not its next step.
func TestAnEnumerationIsDropped(t *testing.T) {
	next := map[ctap2.CredentialManagementSubCommand]ctap2.CredentialManagementSubCommand{
		ctap2.EnumerateRPsBegin:         ctap2.EnumerateRPsGetNextRP,
		ctap2.EnumerateCredentialsBegin: ctap2.EnumerateCredentialsGetNextCredential,
	}
	for _, c := range []struct {
		row, name string
		between   func(s *stage, k uvToken, begun ctap2.CredentialManagementSubCommand)
		want      ctap2.Status
	}{
		{"A-CM-003 A-CM-008", "nothing", func(*stage, uvToken, ctap2.CredentialManagementSubCommand) {}, ctap2.OK},
		{"", "half a minute", func(s *stage, _ uvToken, _ ctap2.CredentialManagementSubCommand) { s.clock.Move(30 * time.Second) }, ctap2.OK},
		{"A-CM-029", "more than that", func(s *stage, _ uvToken, _ ctap2.CredentialManagementSubCommand) { s.clock.Move(31 * time.Second) }, ctap2.NotAllowed},
		{"A-CM-028", "another command", func(s *stage, _ uvToken, _ ctap2.CredentialManagementSubCommand) {
			_, err := ctap2.GetInfo(s.t.Context(), s)
			s.must("getInfo", err)
		}, ctap2.NotAllowed},
		{"", "another sub-command", func(s *stage, k uvToken, _ ctap2.CredentialManagementSubCommand) {
			_, err := s.manage(k, ctap2.GetCredsMetadata, nil)
			s.must("getCredsMetadata", err)
		}, ctap2.NotAllowed},
		{"A-CM-031", "the next step of the other enumeration", func(s *stage, _ uvToken, begun ctap2.CredentialManagementSubCommand) {
			for other, step := range next {
				if other != begun {
					_, err := s.manage(noToken, step, nil)
					s.expect("the other's step", err, ctap2.NotAllowed)
				}
			}
		}, ctap2.NotAllowed},
		{"", "a power cycle", func(s *stage, _ uvToken, _ ctap2.CredentialManagementSubCommand) { s.PowerCycle() }, ctap2.NotAllowed},
		{"", "a new token", func(s *stage, _ uvToken, _ ctap2.CredentialManagementSubCommand) { s.token(pinuv.CM, "") }, ctap2.NotAllowed},
	} {
		for begin, step := range next {
			t.Run(c.row+" "+begin.String()+", then "+c.name, func(t *testing.T) {
				s := newStage(t, securityKey())
				for _, rp := range []string{"a.example", "b.example"} {
					s.enrolled(rp, "ada")
					s.enrolled(rp, "bea")
				}
				k := s.token(pinuv.CM, "")
				_, err := s.manage(k, begin, ofRP("a.example"))
				s.must("begin", err)
				c.between(s, k, begin)
				_, err = s.manage(noToken, step, nil)
				s.expect(c.name, err, c.want)
			})
		}
	}
}

// TestEachStepHasItsOwnTime: half a minute from the one before.
func TestEachStepHasItsOwnTime(t *testing.T) {
	s := newStage(t, securityKey())
	for _, user := range []string{"ada", "bea", "cia", "dea"} {
		s.enrolled(rpID, user)
	}
	k := s.token(pinuv.CM, "")
	_, err := s.manage(k, ctap2.EnumerateCredentialsBegin, ofRP(rpID))
	s.must("begin", err)
	for range 3 {
		s.clock.Move(20 * time.Second)
		_, err = s.manage(noToken, ctap2.EnumerateCredentialsGetNextCredential, nil)
		s.must("next", err)
	}
}

// TestAnEnumerationEndsWithItsToken, which lives ten minutes at most. The persistent one lives on.
func TestAnEnumerationEndsWithItsToken(t *testing.T) {
	for _, reader := range readers {
		s := newStage(t, securityKey())
		for n := range 30 {
			s.enrolled(rpID, fmt.Sprint("user ", n))
		}
		_, err := s.manage(s.token(reader.permissions, ""), ctap2.EnumerateCredentialsBegin, ofRP(rpID))
		s.must("begin", err)
		for step := 1; step < 30; step++ {
			s.clock.Move(29 * time.Second)
			_, err = s.manage(noToken, ctap2.EnumerateCredentialsGetNextCredential, nil)
			want := ctap2.OK
			if reader.permissions == pinuv.CM && step*29 > 600 {
				want = ctap2.NotAllowed
			}
			s.expect(fmt.Sprint("step ", step), err, want)
		}
	}
}

// TestPersistentTokens read and do nothing else (A-TOK-042). They outlive power cycles, and end with the PIN that they were made by.
func TestPersistentTokens(t *testing.T) {
	for name, c := range map[string]struct {
		then func(s *stage)
		want ctap2.Status
	}{
		"nothing":       {func(*stage) {}, ctap2.OK},
		"a power cycle": {func(s *stage) { s.PowerCycle() }, ctap2.OK},
		"an hour":       {func(s *stage) { s.clock.Move(time.Hour) }, ctap2.OK},
		"another token": {func(s *stage) { s.token(pinuv.GA, rpID) }, ctap2.OK},
		"a new PIN": {func(s *stage) {
			s.must("change the PIN", s.platform(pinuv.Two).changePIN(thePIN, "1248"))
		}, ctap2.PINAuthInvalid},
		"a reset": {func(s *stage) {
			s.must("reset", ctap2.Reset(s.t.Context(), s))
			s.enrolled(rpID, "bea")
		}, ctap2.PINAuthInvalid},
	} {
		t.Run(name, func(t *testing.T) {
			s := newStage(t, securityKey())
			s.enrolled(rpID, "ada")
			id := s.enrolled(rpID, "bea")
			k := s.token(pinuv.PCMR, "")
			c.then(s)
			_, err := s.manage(k, ctap2.EnumerateCredentialsBegin, ofRP(rpID))
			s.expect("list", err, c.want)
			if err == nil {
				_, err = s.manage(noToken, ctap2.EnumerateCredentialsGetNextCredential, nil)
				s.must("go on", err)
			}
			_, err = s.manage(k, ctap2.DeleteCredential, ofCredential(id))
			s.expect("delete", err, ctap2.PINAuthInvalid)
		})
	}
}

// TestACredentialDeletedByItsOwner while a client lists credentials is passed over.
func TestACredentialDeletedByItsOwner(t *testing.T) {
	s := newStage(t, securityKey())
	oldest, middle := s.enrolled(rpID, "ada"), s.enrolled(rpID, "bea")
	s.enrolled(rpID, "cia")
	_, err := s.manage(s.token(pinuv.CM, ""), ctap2.EnumerateCredentialsBegin, ofRP(rpID))
	s.must("begin", err)
	s.must("delete", s.Delete(middle))
	next, err := s.manage(noToken, ctap2.EnumerateCredentialsGetNextCredential, nil)
	if err != nil || !bytes.Equal(next.Credential.ID, oldest) {
		t.Errorf("got %+v, %v", next, err)
	}
}

// TestWhatItsOwnerChangesWhileRelyingPartiesAreListed: one whose last credential goes is passed over, one that comes is not
// listed, and the total is that of the beginning.
func TestWhatItsOwnerChangesWhileRelyingPartiesAreListed(t *testing.T) {
	s := newStage(t, securityKey())
	ids := map[string][]byte{}
	for _, rp := range []string{"a.example", "b.example", "c.example", "d.example"} {
		ids[rp] = s.enrolled(rp, "ada")
	}
	s.enrolled("c.example", "bea")
	r, err := s.manage(s.token(pinuv.CM, ""), ctap2.EnumerateRPsBegin, nil)
	s.must("begin", err)
	if r.RP.ID != "d.example" || r.TotalRPs != 4 {
		t.Errorf("the first of %d is %s", r.TotalRPs, r.RP.ID)
	}
	for _, rp := range []string{"d.example", "b.example", "c.example"} { // there is another credential of c.example
		s.must("delete", s.Delete(ids[rp]))
	}
	s.must("import", s.Import(t.Context(), s.portable("cia"))) // of login.example
	for _, want := range []string{"c.example", "a.example"} {
		r, err = s.manage(noToken, ctap2.EnumerateRPsGetNextRP, nil)
		if err != nil || r.RP.ID != want {
			t.Fatalf("got %+v, %v, want %s", r, err, want)
		}
	}
	_, err = s.manage(noToken, ctap2.EnumerateRPsGetNextRP, nil)
	s.expect("after the last", err, ctap2.NotAllowed)
}

// TestDeletingCredentials walks over three relying parties with three credentials each and deletes one of them.
func TestDeletingCredentials(t *testing.T) {
	rps, users := []string{"a.example", "b.example", "c.example"}, []string{"ada", "bea", "cia"}
	for _, gone := range users {
		t.Run("A-CM-011 A-CM-032 A-CM-033 "+gone, func(t *testing.T) {
			s := newStage(t, securityKey())
			ids := map[string][]byte{}
			for _, rp := range rps {
				for _, user := range users {
					ids[rp+user] = s.enrolled(rp, user)
				}
			}
			k := s.token(pinuv.CM, "")
			_, err := s.manage(k, ctap2.DeleteCredential, ofCredential(ids["b.example"+gone]))
			s.must("delete", err)
			for _, rpID := range s.relyingParties(k) {
				found := s.credentialsOf(k, rpID)
				if _, listed := found[gone]; len(found) != 3 && rpID != "b.example" || listed == (rpID == "b.example") {
					t.Errorf("%s has %d credentials, hers is listed: %t", rpID, len(found), listed)
				}
			}
			r, err := s.manage(k, ctap2.GetCredsMetadata, nil)
			if err != nil || *r.Existing != 8 {
				t.Errorf("%d credentials are left, %v", *r.Existing, err)
			}
			_, err = ctap2.GetAssertion(t.Context(), s, &ctap2.GetAssertionRequest{
				RPID: "b.example", ClientDataHash: dataHash[:],
				AllowList: []ctap2.Descriptor{{ID: ids["b.example"+gone], Type: ctap2.PublicKey}},
			})
			s.expect("sign in with it", err, ctap2.NoCredentials)
		})
	}
}

// TestRenamingAUser shows in enumerations, and to those who watch the state of the store (CTAP 2.3 §6.4, encCredStoreState).
func TestRenamingAUser(t *testing.T) {
	s := newStage(t, securityKey())
	id := s.enrolled(rpID, "ada")
	persistent := s.token(pinuv.PCMR, "")
	states := map[[16]byte]bool{}
	k := s.token(pinuv.CM, "")
	for _, c := range []struct {
		row  string
		user ctap2.User
	}{
		{"A-CM-010", ctap2.User{ID: []byte("id of ada"), Name: "lovelace", DisplayName: "Lady Lovelace"}},
		{"A-CM-039", ctap2.User{ID: []byte("id of ada"), DisplayName: "Ada"}},
		{"A-CM-039", ctap2.User{ID: []byte("id of ada")}},
	} {
		parameters := ofCredential(id)
		parameters.User = &c.user
		_, err := s.manage(k, ctap2.UpdateUserInformation, parameters)
		s.must(c.row, err)
		got := s.credentialsOf(k, rpID)[c.user.Name]
		states[reveal(t, persistent.value, s.info().EncCredStoreState, "encCredStoreState")] = true
		if got == nil || got.User.DisplayName != c.user.DisplayName || !slices.Equal(got.User.ID, c.user.ID) {
			t.Errorf("%s: got %+v, want %+v", c.row, got, c.user)
		}
	}
	if len(states) != 3 {
		t.Errorf("three changes show as %d states of the store", len(states))
	}
}

// TestWhatIsToldOfACredential shows what extensions left with it.
func TestWhatIsToldOfACredential(t *testing.T) {
	s := newStage(t, securityKey())
	var keys [][]byte
	for level := range ctap2.CredProtect(4) {
		made, err := s.registerAt(rpID, fmt.Sprint("user ", uint(level)), func(r *ctap2.MakeCredentialRequest) {
			r.Extensions = inputs(t, map[string]any{"largeBlobKey": true, "thirdPartyPayment": level == 3})
			if level > 0 {
				r.Extensions["credProtect"] = encoded(t, level)
			}
		})
		s.must("register", err)
		keys = append(keys, made.LargeBlobKey)
	}
	for user, c := range s.credentialsOf(s.token(pinuv.CM, ""), rpID) {
		var level uint
		fmt.Sscanf(user, "user %d", &level)
		if want := ctap2.CredProtect(max(level, 1)); c.CredProtect != want {
			t.Errorf("A-EXT-032: %s has policy %v, want %v", user, c.CredProtect, want)
		}
		if len(c.LargeBlobKey) != 32 || !bytes.Equal(c.LargeBlobKey, keys[level]) {
			t.Errorf("A-CM-042: %s has large-blob key %x, want %x", user, c.LargeBlobKey, keys[level])
		}
		if *c.ThirdPartyPayment != (level == 3) {
			t.Errorf("A-CM-043: %s is for payments: %t", user, *c.ThirdPartyPayment)
		}
	}
}

// TestShortenedNames (CTAP 2.3 §6.8.7): the hash is that of the whole RP ID all the same.
func TestShortenedNames(t *testing.T) {
	model := securityKey()
	model.Storage = virtualauth.StorageModel{MaxRPIDLength: 1, MaxNameLength: 1} // raised to what is the least
	long := "a" + strings.Repeat("é", 40)                                        // byte 64 is in the middle of a character
	for rpID, want := range map[string]string{
		"a.example":                                    "a.example",
		strings.Repeat("a", 24) + ".example":           strings.Repeat("a", 24) + ".example",
		strings.Repeat("a", 25) + ".example":           "…" + strings.Repeat("a", 21) + ".example",
		"https://" + strings.Repeat("a", 30) + ".test": "https:…" + strings.Repeat("a", 18) + ".test",
		strings.Repeat("s", 30) + ":rest":              strings.Repeat("s", 30) + ":",
		strings.Repeat("s", 40) + ":rest":              strings.Repeat("s", 32),
		strings.Repeat("s", 28) + ":rest":              strings.Repeat("s", 28) + ":…",
	} {
		s := newStage(t, model)
		s.enrolled(rpID, "ada", func(r *ctap2.MakeCredentialRequest) { r.User.Name, r.User.DisplayName = long, "Ada" })
		k := s.token(pinuv.CM, "")
		for hash, got := range s.relyingParties(k) {
			if sum := sha256.Sum256([]byte(rpID)); got != want || hash != string(sum[:]) {
				t.Errorf("A-CM-041: %s became %s, want %s; hash %x", rpID, got, want, hash)
			}
		}
		for name := range s.credentialsOf(k, rpID) {
			if name != long[:63] {
				t.Errorf("the name became %s", name)
			}
		}
	}
}

// TestPrototypes of FIDO_2_1_PRE: other numbers and option ids, and tokens that have no permissions yet.
func TestPrototypes(t *testing.T) {
	model := securityKey()
	model.Versions, model.Prototypes, model.PIN.LegacyTokens = []string{"FIDO_2_0", "FIDO_2_1_PRE"}, true, true
	model.LargeBlobs, model.Config, model.Extensions = 0, virtualauth.ConfigModel{}, []string{"hmac-secret", "credProtect"}
	s := newStage(t, model)
	if got := s.info().Versions; !slices.Equal(got, model.Versions) {
		t.Errorf("getInfo names the versions %q", got)
	}
	p := s.platform(pinuv.One)
	s.must("set the PIN", p.setPIN(thePIN))
	value, err := p.legacyToken(thePIN)
	s.must("get a token", err)
	k := uvToken{1, value}
	for _, c := range []struct {
		command ctap2.Command
		request any
		want    ctap2.Status
	}{
		{ctap2.CommandCredentialManagement, s.managed(k, ctap2.GetCredsMetadata, nil), ctap2.InvalidCommand},
		{ctap2.CommandCredentialManagementPrototype, s.managed(k, ctap2.GetCredsMetadata, nil), ctap2.OK},
		{ctap2.CommandCredentialManagementPrototype, s.managed(k, ctap2.EnumerateRPsBegin, nil), ctap2.NoCredentials},
		{ctap2.CommandCredentialManagementPrototype, s.managed(noToken, ctap2.GetCredsMetadata, nil), ctap2.PUATRequired},
		{ctap2.CommandBioEnrollment, s.enrolment(k, ctap2.EnumerateEnrollments, nil), ctap2.InvalidCommand},
		{ctap2.CommandBioEnrollmentPrototype, s.enrolment(k, ctap2.EnumerateEnrollments, nil), ctap2.InvalidOption},
		{ctap2.CommandBioEnrollmentPrototype, s.enrolment(noToken, ctap2.EnrollBegin, nil), ctap2.PUATRequired},
	} {
		request, err := ctap2.EncodeRequest(c.command, c.request)
		s.must("encode", err)
		response, err := s.Exchange(t.Context(), request)
		if err != nil || ctap2.Status(response[0]) != c.want {
			t.Errorf("A-CM-044: %v answers %x, %v, want %v", c.command, response, err, c.want)
		}
	}
	said := s.says("credMgmt") + s.says("credentialMgmtPreview") + s.says("bioEnroll") + s.says("userVerificationMgmtPreview")
	if said != "absenttrueabsentfalse" {
		t.Errorf("A-CM-044: getInfo says %s", said)
	}
	finished := newStage(t, securityKey())
	for _, command := range []byte{0x40, 0x41} {
		response, err := finished.Exchange(t.Context(), []byte{command})
		if err != nil || ctap2.Status(response[0]) != ctap2.InvalidCommand {
			t.Errorf("command 0x%02x answers %x, %v", command, response, err)
		}
	}
}

// TestLongerNamesInAFullStore fit: names are not what fills it.
func TestLongerNamesInAFullStore(t *testing.T) {
	model := securityKey()
	model.MaxDiscoverable = 1
	s := newStage(t, model)
	parameters := ofCredential(s.enrolled(rpID, "ada"))
	parameters.User = &ctap2.User{ID: []byte("id of ada"), Name: strings.Repeat("a", 64), DisplayName: strings.Repeat("A", 64)}
	_, err := s.manage(s.token(pinuv.CM, ""), ctap2.UpdateUserInformation, parameters)
	s.expect("A-CM-040", err, ctap2.OK)
}

func TestModelsWithoutCredentialManagement(t *testing.T) {
	s := newStage(t, virtualauth.Model{})
	_, err := s.manage(noToken, ctap2.GetCredsMetadata, nil)
	s.expect("credential management", err, ctap2.InvalidCommand)
	info, err := ctap2.GetInfo(t.Context(), s)
	s.must("getInfo", err)
	for _, option := range []string{"credMgmt", "perCredMgmtRO", "bioEnroll"} {
		if _, told := info.Options[option]; told {
			t.Errorf("getInfo tells %s", option)
		}
	}
	full := newStage(t, securityKey())
	info, err = ctap2.GetInfo(t.Context(), full)
	if err != nil || !info.Options["credMgmt"] || !info.Options["perCredMgmtRO"] {
		t.Errorf("options %v, %v", info.Options, err)
	}
}
