package virtualauth_test

import (
	"bytes"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/passkeylab/passkeylab/virtualauth"
	"github.com/passkeylab/passkeylab/virtualauth/authdata"
	"github.com/passkeylab/passkeylab/virtualauth/ctap2"
)

// getSituation is everything that decides about getAssertion.
type getSituation struct {
	uv, up       option
	discoverable bool
	allow        string // "nothing", "strangers", "a credential of another RP", "her credential"
	consent      virtualauth.Consent
	model        virtualauth.Model
}

func (g getSituation) present() bool  { return g.up == nil || *g.up }
func (g getSituation) verifies() bool { return is(g.uv) || g.model.AlwaysVerify && g.present() }

// expected is the rule of CTAP 2.3 §6.2.2 in the order of its steps.
func (g getSituation) expected() ctap2.Status {
	ready := g.model.Verification == virtualauth.VerificationReady
	found := g.allow == "her credential" || g.allow == "nothing" && g.discoverable
	switch {
	case is(g.uv) && !ready:
		return ctap2.InvalidOption
	case g.model.AlwaysVerify && g.present() && !ready:
		return ctap2.OperationDenied
	case !found:
		return ctap2.NoCredentials
	case !g.present() && !g.verifies():
		return ctap2.OK
	case g.consent.Late:
		return ctap2.UserActionTimeout
	case !g.consent.Present, g.verifies() && !g.consent.Verified:
		return ctap2.OperationDenied
	}
	return ctap2.OK
}

// reasons is why the person must have been asked: always before a site learns anything, unless it wants no presence.
func (g getSituation) reasons() []virtualauth.Reason {
	switch status := g.expected(); {
	case status == ctap2.InvalidOption, g.model.AlwaysVerify && g.model.Verification != virtualauth.VerificationReady && g.present():
		return nil
	case status == ctap2.NoCredentials && g.present():
		return []virtualauth.Reason{virtualauth.ToExplainNone}
	case status == ctap2.NoCredentials, !g.present() && !g.verifies():
		return nil
	}
	return []virtualauth.Reason{virtualauth.ToSignIn}
}

// GA-009, GA-010, GA-011, GA-017, GA-019, GA-023, GA-031, GA-032, GA-033, GA-041, GA-042, GA-045, GA-057, GA-058, GA-060.
func TestGetAssertionMatrix(t *testing.T) {
	for _, verifier := range verifiers {
		for _, someone := range people {
			for _, allow := range []string{"nothing", "strangers", "a credential of another RP", "her credential"} {
				t.Run(verifier.name+", she "+someone.name+", allowed is "+allow, func(t *testing.T) {
					for _, discoverable := range []bool{false, true} {
						for _, uv := range options {
							for _, up := range options {
								checkGet(t, getSituation{uv, up, discoverable, allow, someone.consent, verifier.model})
							}
						}
					}
				})
			}
		}
	}
}

// plantAll plants her credential, discoverable or not, and one of the same user at another RP.
func (s *stage) plantAll(g getSituation) (hers, elsewhere []byte) {
	hers = s.plant(rpID, "ada", func(p *virtualauth.Portable) { p.Discoverable = g.discoverable })
	return hers, s.plant("other.example", "ada")
}

func checkGet(t *testing.T, g getSituation) {
	t.Helper()
	where := fmt.Sprintf("discoverable %v, uv %s, up %s", g.discoverable, word(g.uv), word(g.up))
	s := newStage(t, g.model)
	hers, elsewhere := s.plantAll(g)
	request := authentication()
	request.Options = &ctap2.Options{UserVerification: g.uv, UserPresence: g.up}
	switch g.allow {
	case "strangers":
		request.AllowList = []ctap2.Descriptor{{ID: []byte("no such id"), Type: ctap2.PublicKey}}
	case "a credential of another RP":
		request.AllowList = []ctap2.Descriptor{{ID: elsewhere, Type: ctap2.PublicKey}}
	case "her credential":
		request.AllowList = []ctap2.Descriptor{{ID: []byte("no such id"), Type: ctap2.PublicKey}, {ID: hers, Type: ctap2.PublicKey}, {ID: hers, Type: "gold"}}
	}
	s.person.consent = g.consent
	response, err := ctap2.GetAssertion(t.Context(), s, request)
	if got, want := s.statusOf(err), g.expected(); got != want {
		t.Errorf("%s: got %v, want %v", where, got, want)
		return
	}
	if got := s.person.Reasons(); !slices.Equal(got, g.reasons()) {
		t.Errorf("%s: asked %q, want %q", where, got, g.reasons())
	}
	if err != nil {
		return
	}
	v := s.view(response.AuthData)
	if v.up != g.present() || v.uv != g.verifies() || v.count != 1 || v.id != nil || len(v.rest) != 0 || v.hash != authdata.HashRPID(rpID) {
		t.Errorf("%s: authenticator data %+v", where, v)
	}
	if !bytes.Equal(response.Credential.ID, hers) || (response.User != nil) != g.discoverable || response.Count != 0 || response.UserSelected {
		t.Errorf("%s: response %+v", where, response)
	}
	if u := response.User; u != nil && (string(u.ID) != "id of ada" || u.Name != "" || u.DisplayName != "") {
		t.Errorf("%s: user %+v, want her handle alone", where, u)
	}
}

// three registers three accounts, a second apart.
func (s *stage) three() {
	for _, user := range []string{"ada", "bea", "cleo"} {
		s.register(user)
		s.clock.Move(time.Second)
	}
}

// GA-018, GA-021, GA-024, GA-025, GNA-003, GNA-008, GNA-009, GNA-012.
func TestSeveralAccountsComeNewestFirst(t *testing.T) {
	for _, verified := range []bool{false, true} {
		s := newStage(t, virtualauth.Model{})
		views := map[string]view{}
		for _, user := range []string{"ada", "bea", "cleo"} {
			views["id of "+user] = s.register(user)
		}
		request := authentication()
		request.Options.UserVerification = &verified
		response, err := ctap2.GetAssertion(t.Context(), s, request)
		for i, user := range []string{"cleo", "bea", "ada"} {
			if i > 0 {
				response, err = ctap2.GetNextAssertion(t.Context(), s)
			}
			if err != nil {
				t.Fatalf("assertion %d: %v", i, err)
			}
			want := ctap2.User{ID: []byte("id of " + user)}
			if verified {
				want.Name, want.DisplayName = user, "Ms "+user
			}
			if fmt.Sprint(*response.User) != fmt.Sprint(want) || (response.Count == 3) != (i == 0) || response.UserSelected {
				t.Errorf("verified %v, assertion %d: %+v of %+v", verified, i, response.User, response)
			}
			if err := views[string(response.User.ID)].verifyAssertion(response); err != nil {
				t.Errorf("assertion %d: %v", i, err)
			}
			if v := s.view(response.AuthData); !v.up || v.uv != verified {
				t.Errorf("assertion %d: UP %v, UV %v", i, v.up, v.uv)
			}
		}
		if _, err := ctap2.GetNextAssertion(t.Context(), s); s.statusOf(err) != ctap2.NotAllowed {
			t.Errorf("one assertion too many: %v", err)
		}
		if got := len(s.person.Reasons()); got != 4 {
			t.Errorf("she was asked %d times for three registrations and one sign-in", got)
		}
	}
}

// INF-042, GNA-004, GNA-005, GNA-007, GNA-011.
func TestWhatEndsTheRemainingAssertions(t *testing.T) {
	info := func(s *stage) { _, _ = ctap2.GetInfo(s.t.Context(), s) }
	for _, c := range []struct {
		name string
		then func(*stage)
		want ctap2.Status
	}{
		{"nothing", func(*stage) {}, ctap2.OK},
		{"30 seconds", func(s *stage) { s.clock.Move(30 * time.Second) }, ctap2.OK},
		{"more than 30 seconds", func(s *stage) { s.clock.Move(30*time.Second + 1) }, ctap2.NotAllowed},
		{"each one starts the time anew", func(s *stage) {
			s.clock.Move(29 * time.Second)
			_, _ = ctap2.GetNextAssertion(s.t.Context(), s)
			s.clock.Move(29 * time.Second)
		}, ctap2.OK},
		{"getInfo", info, ctap2.NotAllowed},
		{"selection", func(s *stage) { _ = ctap2.Selection(s.t.Context(), s) }, ctap2.NotAllowed},
		{"a failed getAssertion", func(s *stage) { s.exchange(ctap2.CommandGetAssertion, fields{}) }, ctap2.NotAllowed},
		{"an unknown command changes nothing", func(s *stage) { s.exchange(0x77, nil) }, ctap2.OK},
		{"a power cycle", (*stage).PowerCycle, ctap2.NotAllowed},
		{"a deleted credential", func(s *stage) { _ = s.Delete(s.Credentials()[1].ID) }, ctap2.NoCredentials},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newStage(t, mandatory)
			s.three()
			s.signIn()
			c.then(s)
			_, err := ctap2.GetNextAssertion(t.Context(), s)
			if got := s.statusOf(err); got != c.want {
				t.Errorf("got %v, want %v", got, c.want)
			}
		})
	}
}

// GA-059, GNA-002.
func TestAllowingSeveralGivesOne(t *testing.T) {
	s := newStage(t, virtualauth.Model{})
	s.three()
	request := authentication()
	for _, c := range s.Credentials() {
		request.AllowList = append(request.AllowList, ctap2.Descriptor{ID: c.ID, Type: ctap2.PublicKey})
	}
	response, err := ctap2.GetAssertion(t.Context(), s, request)
	if err != nil || response.Count != 0 || response.User.Name != "" {
		t.Errorf("got %+v, %v", response, err)
	}
	if _, err := ctap2.GetNextAssertion(t.Context(), s); s.statusOf(err) != ctap2.NotAllowed {
		t.Errorf("the next one: %v", err)
	}
}

// GA-026.
func TestOnADisplayShePicksTheAccount(t *testing.T) {
	s := newStage(t, virtualauth.Model{Display: true})
	s.three()
	s.person.consent = virtualauth.Consent{Present: true, Verified: true, Account: 2}
	response := s.signIn()
	if string(response.User.ID) != "id of ada" || !response.UserSelected || response.Count != 0 || response.User.Name != "" {
		t.Errorf("got %+v of %+v", response.User, response)
	}
	if _, err := ctap2.GetNextAssertion(t.Context(), s); s.statusOf(err) != ctap2.NotAllowed {
		t.Errorf("the next one: %v", err)
	}
	s.person.consent.Account = 3
	if _, err := ctap2.GetAssertion(t.Context(), s, authentication()); err == nil {
		t.Error("an account that is not there was chosen")
	}
}

// GA-020.
func TestCounters(t *testing.T) {
	counting, zero := newStage(t, virtualauth.Model{}), newStage(t, virtualauth.Model{ZeroCounter: true})
	for _, s := range []*stage{counting, zero} {
		if v := s.register("ada"); v.count != 0 {
			t.Errorf("the counter starts at %d", v.count)
		}
	}
	for want := range uint32(5) {
		if got := counting.view(counting.signIn().AuthData).count; got != want+1 {
			t.Errorf("assertion %d counts %d", want+1, got)
		}
		if got := zero.view(zero.signIn().AuthData).count; got != 0 {
			t.Errorf("the constant counter is %d", got)
		}
	}
	if got := counting.Credentials()[0].SignCount; got != 5 {
		t.Errorf("the counter is remembered as %d", got)
	}
}

func TestACredentialDeletedWhileSheIsAsked(t *testing.T) {
	s := newStage(t, virtualauth.Model{})
	made := s.register("ada")
	s.person.meanwhile = func() {
		if err := s.Delete(made.id); err != nil {
			t.Error(err)
		}
	}
	if _, err := ctap2.GetAssertion(t.Context(), s, authentication()); s.statusOf(err) != ctap2.NoCredentials {
		t.Errorf("got %v, want NO_CREDENTIALS", err)
	}
}
