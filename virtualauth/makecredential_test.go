package virtualauth_test

import (
	"bytes"
	"fmt"
	"slices"
	"testing"

	"github.com/fxamacker/cbor/v2"

	"github.com/passkeylab/passkeylab/virtualauth"
	"github.com/passkeylab/passkeylab/virtualauth/attestation"
	"github.com/passkeylab/passkeylab/virtualauth/authdata"
	"github.com/passkeylab/passkeylab/virtualauth/cose"
	"github.com/passkeylab/passkeylab/virtualauth/ctap2"
)

// option is an option key of a request: absent, false or true.
type option *bool

var options = []option{nil, new(false), new(true)}

func is(o option) bool { return o != nil && *o }

func word(o option) string {
	if o == nil {
		return "absent"
	}
	return fmt.Sprint(*o)
}

var people = []struct {
	name    string
	consent virtualauth.Consent
}{
	{"agrees", agrees}, {"only touches", onlyTouches}, {"refuses", refuses}, {"is late", isLate}, {"is away", isAway},
}

var verifiers = []struct {
	name  string
	model virtualauth.Model
}{
	{"verification", virtualauth.Model{}},
	{"verification always", virtualauth.Model{AlwaysVerify: true}},
	{"verification not set up", virtualauth.Model{Verification: virtualauth.VerificationNotSetUp}},
	{"no verification", virtualauth.Model{Verification: virtualauth.VerificationMissing}},
	{"always, but not set up", virtualauth.Model{AlwaysVerify: true, Verification: virtualauth.VerificationNotSetUp}},
}

// makeSituation is everything that decides about makeCredential.
type makeSituation struct {
	rk, uv, up option
	exclude    string // "nothing", "a credential of another RP", "her credential"
	consent    virtualauth.Consent
	model      virtualauth.Model
}

// verifies reports whether the person is to be verified.
func (m makeSituation) verifies() bool { return is(m.uv) || m.model.AlwaysVerify }

// expected is the rule of CTAP 2.3 §6.1.2 in the order of its steps.
func (m makeSituation) expected() ctap2.Status {
	ready := m.model.Verification == virtualauth.VerificationReady
	switch {
	case m.up != nil && !*m.up:
		return ctap2.InvalidOption
	case is(m.uv) && !ready:
		return ctap2.InvalidOption
	case m.model.AlwaysVerify && !ready:
		return ctap2.OperationDenied
	case is(m.rk) && ready && !m.verifies(): // makeCredUvNotRqd frees only others
		return ctap2.OperationDenied
	case m.consent.Late && m.exclude == "her credential":
		return ctap2.CredentialExcluded
	case m.consent.Late:
		return ctap2.UserActionTimeout
	case !m.consent.Present, m.verifies() && !m.consent.Verified:
		return ctap2.OperationDenied
	case m.exclude == "her credential":
		return ctap2.CredentialExcluded
	}
	return ctap2.OK
}

// MC-037, MC-039, MC-040, MC-041, MC-054, MC-057, MC-058, MC-059, MC-066, MC-068, MC-085.
func TestMakeCredentialMatrix(t *testing.T) {
	for _, verifier := range verifiers {
		for _, someone := range people {
			for _, exclude := range []string{"nothing", "a credential of another RP", "her credential"} {
				t.Run(verifier.name+", she "+someone.name+", excluded is "+exclude, func(t *testing.T) {
					for _, rk := range options {
						for _, uv := range options {
							for _, up := range options {
								checkMake(t, makeSituation{rk, uv, up, exclude, someone.consent, verifier.model})
							}
						}
					}
				})
			}
		}
	}
}

func checkMake(t *testing.T, m makeSituation) {
	t.Helper()
	where := fmt.Sprintf("rk %s, uv %s, up %s", word(m.rk), word(m.uv), word(m.up))
	s := newStage(t, m.model)
	hers, elsewhere := s.plant(rpID, "ada"), s.plant("other.example", "ada")
	request := registration("bea")
	request.Options = &ctap2.Options{ResidentKey: m.rk, UserVerification: m.uv, UserPresence: m.up}
	switch m.exclude {
	case "her credential":
		request.ExcludeList = []ctap2.Descriptor{{ID: []byte("no such id"), Type: ctap2.PublicKey}, {ID: hers, Type: ctap2.PublicKey}}
	case "a credential of another RP":
		request.ExcludeList = []ctap2.Descriptor{{ID: elsewhere, Type: ctap2.PublicKey}}
	}
	s.person.consent = m.consent
	response, err := ctap2.MakeCredential(t.Context(), s, request)
	if got, want := s.statusOf(err), m.expected(); got != want {
		t.Errorf("%s: got %v, want %v", where, got, want)
		return
	}
	if err != nil {
		if len(s.Credentials()) != 2 {
			t.Errorf("%s: a refused request left a credential", where)
		}
		return
	}
	v := s.view(response.AuthData)
	if !v.up || v.uv != m.verifies() || v.be || v.bs || v.count != 0 || len(v.rest) != 0 || v.hash != authdata.HashRPID(rpID) {
		t.Errorf("%s: authenticator data %+v", where, v)
	}
	made := s.Credentials()[2]
	if !bytes.Equal(made.ID, v.id) || made.Discoverable != is(m.rk) || made.UserName != "bea" || string(made.UserHandle) != "id of bea" {
		t.Errorf("%s: remembered as %+v", where, made)
	}
}

// plant imports a device-bound, discoverable credential without any ceremony, edited, and returns its id.
func (s *stage) plant(rp, user string, edits ...func(*virtualauth.Portable)) []byte {
	s.t.Helper()
	from := newStage(s.t, eligible)
	request := registration(user)
	request.RP.ID = rp
	if _, err := ctap2.MakeCredential(s.t.Context(), from, request); err != nil {
		s.t.Fatal(err)
	}
	portable, err := from.Export(s.t.Context(), from.Credentials()[0].ID)
	if err != nil {
		s.t.Fatal(err)
	}
	portable.ID, portable.BackupEligible = []byte("the passkey of "+user+" at "+rp), false
	for _, edit := range edits {
		edit(&portable)
	}
	if err := s.Import(s.t.Context(), portable); err != nil {
		s.t.Fatal(err)
	}
	return portable.ID
}

func TestThePersonIsToldWhy(t *testing.T) {
	s := newStage(t, virtualauth.Model{})
	made := s.register("ada")
	request := registration("ada")
	request.ExcludeList = []ctap2.Descriptor{{ID: made.id, Type: ctap2.PublicKey}}
	_, _ = ctap2.MakeCredential(t.Context(), s, request)
	s.signIn()
	account := virtualauth.Account{UserName: "ada", DisplayName: "Ms ada"}
	known := virtualauth.Account{UserName: "ada", DisplayName: "Ms ada", CredentialID: made.id}
	want := []virtualauth.Prompt{
		{Reason: virtualauth.ToCreate, RPID: rpID, RPName: "Login", Accounts: []virtualauth.Account{account}, Verify: true},
		{Reason: virtualauth.ToShowExcluded, RPID: rpID, RPName: "Login", Accounts: []virtualauth.Account{known}, Verify: true},
		{Reason: virtualauth.ToSignIn, RPID: rpID, RPName: "Login", Accounts: []virtualauth.Account{known}, Verify: true},
	}
	if got := s.person.asked; fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("asked\n got %v\nwant %v", got, want)
	}
}

// TestSecondPasskeyOfAnAccount is about the same account again, without an exclude list: MC-048, MC-100, MC-101, GA-028.
func TestSecondPasskeyOfAnAccount(t *testing.T) {
	for _, c := range []struct {
		name    string
		model   virtualauth.Model
		edit    func(*ctap2.MakeCredentialRequest)
		want    ctap2.Status
		remain  int
		reasons []virtualauth.Reason
	}{
		{"overwrites", virtualauth.Model{}, nil, ctap2.OK, 1, []virtualauth.Reason{virtualauth.ToCreate}},
		{"refuses", virtualauth.Model{DuplicateUser: virtualauth.Refuse}, nil, ctap2.OperationDenied, 1, []virtualauth.Reason{virtualauth.ToExplainDuplicate}},
		{"keeps both", virtualauth.Model{DuplicateUser: virtualauth.KeepBoth}, nil, ctap2.OK, 2, []virtualauth.Reason{virtualauth.ToCreate}},
		{"another RP is another account", virtualauth.Model{DuplicateUser: virtualauth.Refuse},
			func(r *ctap2.MakeCredentialRequest) { r.RP.ID = "other.example" }, ctap2.OK, 2, []virtualauth.Reason{virtualauth.ToCreate}},
		{"another user handle is another account", virtualauth.Model{},
			func(r *ctap2.MakeCredentialRequest) { r.User.ID = []byte{9} }, ctap2.OK, 2, []virtualauth.Reason{virtualauth.ToCreate}},
		{"one that is not discoverable replaces nothing", virtualauth.Model{},
			func(r *ctap2.MakeCredentialRequest) { r.Options.ResidentKey = nil }, ctap2.OK, 2, []virtualauth.Reason{virtualauth.ToCreate}},
		{"unless everything is discoverable", virtualauth.Model{AlwaysDiscoverable: true},
			func(r *ctap2.MakeCredentialRequest) { r.Options.ResidentKey = nil }, ctap2.OK, 1, []virtualauth.Reason{virtualauth.ToCreate}},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newStage(t, c.model)
			first := s.register("ada")
			s.person.Reasons()
			request := registration("ada")
			if c.edit != nil {
				c.edit(request)
			}
			_, err := ctap2.MakeCredential(t.Context(), s, request)
			if got := s.statusOf(err); got != c.want {
				t.Errorf("got %v, want %v", got, c.want)
			}
			if got := s.person.Reasons(); !slices.Equal(got, c.reasons) {
				t.Errorf("asked %q, want %q", got, c.reasons)
			}
			all := s.Credentials()
			firstRemains := bytes.Equal(all[0].ID, first.id)
			if len(all) != c.remain || firstRemains == (c.want == ctap2.OK && c.remain == 1) {
				t.Errorf("%d credentials remain, the first among them: %v", len(all), firstRemains)
			}
		})
	}
}

// A refusing app takes the account again once its passkey was deleted there.
func TestAfterDeletingTheDuplicateItWorks(t *testing.T) {
	s := newStage(t, virtualauth.Model{DuplicateUser: virtualauth.Refuse})
	if err := s.Delete(s.register("ada").id); err != nil {
		t.Fatal(err)
	}
	s.register("ada")
}

// MC-049, INF-035.
func TestRoomForDiscoverableCredentials(t *testing.T) {
	model := mandatory
	model.MaxDiscoverable = 2
	s := newStage(t, model)
	remaining := func() uint {
		info, err := ctap2.GetInfo(t.Context(), s)
		if err != nil {
			t.Fatal(err)
		}
		return *info.RemainingDiscoverable
	}
	if got := remaining(); got != 2 {
		t.Errorf("%d remain of 2", got)
	}
	s.register("ada")
	s.register("bea")
	_, err := ctap2.MakeCredential(t.Context(), s, registration("cleo"))
	if got := s.statusOf(err); got != ctap2.KeyStoreFull || remaining() != 0 {
		t.Errorf("the third: %v with %d remaining", got, remaining())
	}
	s.register("ada") // takes the place of her first
	other := registration("cleo")
	other.Options.ResidentKey = nil
	if _, err := ctap2.MakeCredential(t.Context(), s, other); err != nil {
		t.Errorf("one that is not discoverable needs no room: %v", err)
	}
	if err := s.Delete(s.Credentials()[0].ID); err != nil {
		t.Fatal(err)
	}
	s.register("cleo")
}

// MC-029, MC-030, MC-042, MC-043, MC-044, MC-046.
func TestAlgorithmsAndStatements(t *testing.T) {
	all := []cose.Algorithm{cose.ES256, cose.EdDSA, cose.RS256}
	for _, algorithm := range all {
		for _, own := range []attestation.Format{"", attestation.FormatPacked} {
			for _, preferred := range [][]string{nil, {"none"}, {"tpm", "packed", "none"}, {"tpm"}} {
				t.Run(fmt.Sprintf("%v, makes %q, preferred %q", algorithm, own, preferred), func(t *testing.T) {
					s := newStage(t, virtualauth.Model{Algorithms: all, Attestation: own})
					request := registration("ada")
					request.Parameters[0].Algorithm = algorithm
					request.AttestationFormats = preferred
					response, err := ctap2.MakeCredential(t.Context(), s, request)
					if err != nil {
						t.Fatal(err)
					}
					v := s.view(response.AuthData)
					want := "packed"
					if own == "" || slices.Equal(preferred, []string{"none"}) || slices.Contains(preferred, "none") && own == "" {
						want = "none"
					}
					if response.Format != want {
						t.Fatalf("got format %q, want %q", response.Format, want)
					}
					if err := checkStatement(v, response); err != nil {
						t.Error(err)
					}
					if err := v.verifyAssertion(s.signIn()); err != nil {
						t.Error(err)
					}
				})
			}
		}
	}
}

// checkStatement verifies an honest none or packed self statement.
func checkStatement(v view, response *ctap2.MakeCredentialResponse) error {
	if response.Format == "none" {
		if !bytes.Equal(response.Statement, []byte{0xa0}) {
			return fmt.Errorf("none statement %x is not empty", response.Statement)
		}
		return nil
	}
	var statement struct {
		Alg int64    `cbor:"alg"`
		Sig []byte   `cbor:"sig"`
		X5C [][]byte `cbor:"x5c"`
	}
	if err := cbor.Unmarshal(response.Statement, &statement); err != nil {
		return err
	}
	if response.Format != "packed" || statement.Alg != v.key[3] || statement.X5C != nil {
		return fmt.Errorf("statement %q %+v for key algorithm %v", response.Format, statement, v.key[3])
	}
	return v.verify(slices.Concat(response.AuthData, dataHash[:]), statement.Sig)
}

func TestTheRequestDecidesWhichAlgorithmIsBest(t *testing.T) {
	s := newStage(t, virtualauth.Model{Algorithms: []cose.Algorithm{cose.ES256, cose.EdDSA}})
	request := registration("ada")
	request.Parameters = []ctap2.Parameters{
		{Algorithm: cose.RS256, Type: ctap2.PublicKey}, {Algorithm: cose.EdDSA, Type: ctap2.PublicKey}, {Algorithm: cose.ES256, Type: ctap2.PublicKey},
	}
	response, err := ctap2.MakeCredential(t.Context(), s, request)
	if err != nil {
		t.Fatal(err)
	}
	if got := s.view(response.AuthData).key[3]; got != int64(cose.EdDSA) {
		t.Errorf("the key is for algorithm %v, want EdDSA, the first that both know", got)
	}
}

func TestDescriptorsOfUnknownTypesNameNothing(t *testing.T) {
	s := newStage(t, virtualauth.Model{})
	gold := []ctap2.Descriptor{{ID: s.register("ada").id, Type: "gold"}}
	request := registration("bea")
	request.ExcludeList = gold
	if _, err := ctap2.MakeCredential(t.Context(), s, request); err != nil {
		t.Errorf("excluded: %v", err)
	}
	sign := authentication()
	sign.AllowList = gold
	if _, err := ctap2.GetAssertion(t.Context(), s, sign); s.statusOf(err) != ctap2.NoCredentials {
		t.Errorf("allowed: %v, want NO_CREDENTIALS", err)
	}
}

func TestAKeyStoreDecidesAboutItsAlgorithms(t *testing.T) {
	s := newStage(t, virtualauth.Model{Algorithms: []cose.Algorithm{cose.RS1}})
	request := registration("ada")
	request.Parameters[0].Algorithm = cose.RS1
	_, err := ctap2.MakeCredential(t.Context(), s, request)
	if got := s.statusOf(err); got != ctap2.UnsupportedAlgorithm {
		t.Errorf("an algorithm that the model claims and the store lacks: %v", got)
	}
}

func TestBackupFlags(t *testing.T) {
	for _, c := range []struct {
		backup virtualauth.Backup
		be, bs bool
	}{
		{virtualauth.DeviceBound, false, false}, {virtualauth.NotBackedUpYet, true, false}, {virtualauth.Synced, true, true},
	} {
		s := newStage(t, virtualauth.Model{Backup: c.backup})
		made := s.register("ada")
		used := s.view(s.signIn().AuthData)
		if made.be != c.be || made.bs != c.bs || used.be != c.be || used.bs != c.bs {
			t.Errorf("backup %d: made with BE %v BS %v, used with BE %v BS %v", c.backup, made.be, made.bs, used.be, used.bs)
		}
		if err := s.SetBackedUp(made.id, !c.bs); (err == nil) != c.be {
			t.Errorf("backup %d: SetBackedUp: %v", c.backup, err)
		}
		if used = s.view(s.signIn().AuthData); used.be != c.be || used.bs != (c.be && !c.bs) {
			t.Errorf("backup %d, toggled: used with BE %v BS %v", c.backup, used.be, used.bs)
		}
	}
}
