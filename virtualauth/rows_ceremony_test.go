package virtualauth_test

import (
	"bytes"
	"fmt"
	"slices"
	"testing"

	"github.com/passkeylab/passkeylab/virtualauth"
	"github.com/passkeylab/passkeylab/virtualauth/ctap2"
	"github.com/passkeylab/passkeylab/virtualauth/pinuv"
)

// probes sends a zero-length pinUvAuthParam to both ceremonies and wants the same status, and the same question, from each.
func (p *platform) probes(want ctap2.Status) {
	p.t.Helper()
	create, sign := registration("ada"), authentication()
	create.PINUVAuthParam, create.PINUVAuthProtocol = ctap2.Bytes{}, uint(p.protocol)
	sign.PINUVAuthParam, sign.PINUVAuthProtocol = ctap2.Bytes{}, uint(p.protocol)
	p.person.Reasons()
	_, err := ctap2.MakeCredential(p.t.Context(), p, create)
	p.expect("makeCredential", err, want)
	_, err = ctap2.GetAssertion(p.t.Context(), p, sign)
	p.expect("getAssertion", err, want)
	if got := p.person.Reasons(); !slices.Equal(got, []virtualauth.Reason{virtualauth.ToSelect, virtualauth.ToSelect}) {
		p.t.Errorf("asked %q", got)
	}
}

func TestRowsOfCeremonies(t *testing.T) {
	blocked := virtualauth.Model{UVRetries: 2}
	runRows(t, []row{
		{ids: "MC-060 GA-034", says: "a probe without a PIN", model: onlyPIN, run: func(p *platform) { p.probes(ctap2.PINNotSet) }},
		{ids: "MC-061 GA-035", says: "a probe with a PIN", model: onlyPIN, pin: pin, run: func(p *platform) { p.probes(ctap2.PINInvalid) }},
		{ids: "MC-067", says: "a probe that nobody answers", model: onlyPIN, run: func(p *platform) {
			for consent, want := range map[virtualauth.Consent]ctap2.Status{
				isLate: ctap2.UserActionTimeout, refuses: ctap2.OperationDenied, isAway: ctap2.OperationDenied,
			} {
				p.person.consent = consent
				p.probes(want)
			}
		}},
		{ids: "MC-064 GA-039", says: "a MAC where nothing is set up", model: onlyPIN, run: func(p *platform) {
			_, err := p.create(make([]byte, 32), "ada")
			p.expect("create", err, ctap2.PINAuthInvalid)
			_, err = p.assert(make([]byte, 32))
			p.expect("sign in", err, ctap2.PINAuthInvalid)
		}},
		{ids: "MC-065 GA-038", says: "a MAC over another hash, shortened, or random", pin: pin, run: func(p *platform) {
			token := p.must(p.tokenByPIN(pin, wanted{pinuv.MC | pinuv.GA, rpID}))
			right := p.protocol.Authenticate(token, dataHash[:])
			for name, param := range map[string][]byte{
				"another hash": p.protocol.Authenticate(token, make([]byte, 32)), "shortened": right[:len(right)-1],
				"one byte": right[:1], "random": bytes.Repeat([]byte{7}, len(right)), "longer": append(bytes.Clone(right), 0),
			} {
				create, sign := registration("ada"), authentication()
				create.PINUVAuthParam, create.PINUVAuthProtocol = param, uint(p.protocol)
				sign.PINUVAuthParam, sign.PINUVAuthProtocol = param, uint(p.protocol)
				_, err := ctap2.MakeCredential(t.Context(), p, create)
				p.expect(name+" to create", err, ctap2.PINAuthInvalid)
				_, err = ctap2.GetAssertion(t.Context(), p, sign)
				p.expect(name+" to sign in", err, ctap2.PINAuthInvalid)
			}
		}},
		{ids: "MC-081", says: "uv true beside a token means nothing", pin: pin, run: func(p *platform) {
			p.person.consent = onlyTouches // a wrong finger, if anybody asked for one
			response, err := p.create(p.must(p.tokenByPIN(pin, toCreate)), "ada", func(r *ctap2.MakeCredentialRequest) {
				r.Options.UserVerification = new(true)
			})
			p.expect("create", err, ctap2.OK)
			if !p.view(response.AuthData).uv {
				p.t.Error("UV is clear")
			}
		}},
		{ids: "MC-092", says: "built-in verification fails, and there is a PIN", model: blocked, pin: pin, run: func(p *platform) {
			p.person.consent = onlyTouches
			for _, user := range []string{"ada", "bea"} {
				_, err := ctap2.MakeCredential(t.Context(), p, registration(user))
				p.expect("a wrong finger", err, ctap2.PUATRequired)
			}
			p.person.consent = agrees
			p.person.Reasons()
			_, err := ctap2.MakeCredential(t.Context(), p, registration("ada"))
			p.expect("blocked", err, ctap2.PUATRequired)
			_, err = ctap2.GetAssertion(t.Context(), p, authentication())
			p.expect("nothing to sign in with", err, ctap2.NoCredentials)
			if got := p.person.Reasons(); !slices.Equal(got, []virtualauth.Reason{virtualauth.ToExplainNone}) {
				p.t.Errorf("asked %q although verification is blocked", got)
			}
			_, err = p.create(p.must(p.tokenByPIN(pin, toCreate)), "ada")
			p.expect("by PIN", err, ctap2.OK)
			p.expectUV("the right PIN unblocks", ctap2.OK)
		}},
		{ids: "MC-092", says: "built-in verification fails, and no PIN is set", model: blocked, run: func(p *platform) {
			p.person.consent = onlyTouches
			_, err := ctap2.MakeCredential(t.Context(), p, registration("ada"))
			p.expect("the first wrong finger", err, ctap2.OperationDenied)
			_, err = ctap2.MakeCredential(t.Context(), p, registration("ada"))
			p.expect("the last", err, ctap2.PINBlocked)
			p.person.consent = agrees
			_, err = ctap2.MakeCredential(t.Context(), p, registration("ada"))
			p.expect("the right finger", err, ctap2.PINBlocked)
			if got := p.uvRetries(); got != 0 {
				p.t.Errorf("%d retries left", got)
			}
		}},
		{ids: "MC-093", says: "built-in verification, and nobody is there", pin: pin, run: func(p *platform) {
			p.person.consent = isLate
			_, err := ctap2.MakeCredential(t.Context(), p, registration("ada"))
			p.expect("create", err, ctap2.UserActionTimeout)
			if got := p.uvRetries(); got != 5 {
				p.t.Errorf("%d retries left", got)
			}
		}},
		{ids: "MC-037 MC-097 MC-099", says: "an excluded credential, last of many", pin: pin, run: func(p *platform) {
			list := p.strangersAnd(p.register("ada").id)
			exclude := func(r *ctap2.MakeCredentialRequest) { r.ExcludeList = list }
			p.person.Reasons()
			_, err := p.create(p.must(p.tokenByPIN(pin, toCreate)), "bea", exclude)
			p.expect("by PIN", err, ctap2.CredentialExcluded)
			if got := p.person.Reasons(); !slices.Equal(got, []virtualauth.Reason{virtualauth.ToShowExcluded}) {
				p.t.Errorf("asked %q", got)
			}
			token := p.must(p.tokenByUV(toCreate))
			p.person.Reasons()
			_, err = p.create(token, "bea", exclude)
			p.expect("by a token that proves presence", err, ctap2.CredentialExcluded)
			if got := p.person.Reasons(); len(got) != 0 {
				p.t.Errorf("asked %q", got)
			}
		}},
		{ids: "MC-102", says: "RP IDs are compared byte by byte", pin: pin, run: func(p *platform) {
			p.register("ada")
			r := authentication()
			r.RPID = "Login.example"
			_, err := ctap2.GetAssertion(t.Context(), p, r)
			p.expect("sign in", err, ctap2.NoCredentials)
		}},
		{ids: "MC-103", says: "long user names", pin: pin, run: func(p *platform) {
			for _, length := range []int{64, 65, 200} {
				name := string(bytes.Repeat([]byte("é"), length/2))
				r := registration("ada")
				r.User.Name, r.User.DisplayName = name, name
				_, err := ctap2.MakeCredential(t.Context(), p, r)
				p.expect(fmt.Sprint(length), err, ctap2.OK)
			}
		}},
		{ids: "MC-047 GA-022 GA-064", says: "no response keys that nobody asked for", pin: pin, run: func(p *platform) {
			made, err := ctap2.MakeCredential(t.Context(), p, registration("ada"))
			p.expect("create", err, ctap2.OK)
			if got := flat(t, made); len(got) != 3 {
				p.t.Errorf("makeCredential answered %v", got)
			}
			if got := flat(t, p.signIn()); len(got) != 4 { // with the user handle
				p.t.Errorf("getAssertion answered %v", got)
			}
		}},
		{ids: "MC-105 MC-106 MC-107 MC-108 MC-109", says: "authenticator data of a new credential", model: everything, pin: pin, run: func(p *platform) {
			made, err := p.create(p.must(p.tokenByPIN(pin, toCreate)), "ada")
			p.expect("create", err, ctap2.OK)
			v := p.view(made.AuthData)
			if made.AuthData[32] != 0x45 || v.count != 0 || len(v.id) != int(p.info().MaxCredentialIDLength) || len(v.rest) != 0 {
				p.t.Errorf("flags %08b, count %d, id of %d bytes, %d bytes left", made.AuthData[32], v.count, len(v.id), len(v.rest))
			}
			if len(v.key) != 5 || v.key[1] != uint64(2) || v.key[3] != int64(-7) || v.key[-1] != uint64(1) {
				p.t.Errorf("key %v", v.key)
			}
		}},
		{ids: "MC-110", says: "a hundred creations are distinct", pin: pin, run: func(p *platform) {
			ids, keys := map[string]bool{}, map[string]bool{}
			for i := range 100 {
				v := p.register(fmt.Sprint("user ", i))
				ids[string(v.id)], keys[fmt.Sprint(v.key)] = true, true
			}
			if len(ids) != 100 || len(keys) != 100 {
				p.t.Errorf("%d ids, %d keys", len(ids), len(keys))
			}
		}},
		{ids: "GA-024 GA-025 GNA-009", says: "several accounts by a token come with their names", pin: pin, run: func(p *platform) {
			p.three()
			first, err := p.assert(p.must(p.tokenByPIN(pin, toSignIn)))
			p.expect("the first", err, ctap2.OK)
			if first.Count != 3 || first.User.Name != "cleo" {
				p.t.Errorf("%+v of %+v", first.User, first)
			}
			second, err := ctap2.GetNextAssertion(t.Context(), p)
			p.expect("the second", err, ctap2.OK)
			if v := p.view(second.AuthData); !v.uv || !v.up || second.User.Name != "bea" {
				p.t.Errorf("UV %v, UP %v, %+v", v.uv, v.up, second.User)
			}
		}},
		{ids: "GA-026", says: "a display still asks for the account", model: virtualauth.Model{Display: true}, pin: pin, run: func(p *platform) {
			p.three()
			token := p.must(p.tokenByUV(toSignIn))
			p.person.Reasons()
			p.person.consent.Account = 1
			response, err := p.assert(token)
			p.expect("sign in", err, ctap2.OK)
			if got := p.person.Reasons(); len(got) != 1 || string(response.User.ID) != "id of bea" || !response.UserSelected {
				p.t.Errorf("asked %q, got %+v", got, response)
			}
		}},
		{ids: "GA-044 GA-047", says: "an id with a flipped bit, shortened, lengthened", pin: pin, run: func(p *platform) {
			id := p.register("ada").id
			for at := range id {
				flipped := bytes.Clone(id)
				flipped[at] ^= 1
				p.allows(flipped, ctap2.NoCredentials)
			}
			p.allows(id[:31], ctap2.NoCredentials)
			p.allows(append(bytes.Clone(id), 0), ctap2.NoCredentials)
			p.allows(id, ctap2.OK)
		}},
		{ids: "GA-046", says: "a power cycle changes nothing about credentials", pin: pin, run: func(p *platform) {
			p.register("ada")
			p.PowerCycle()
			p.signIn()
		}},
		{ids: "GA-061", says: "nothing to sign in with, and a token that proves presence", pin: pin, run: func(p *platform) {
			token := p.must(p.tokenByUV(toSignIn))
			p.person.Reasons()
			_, err := p.assert(token)
			p.expect("sign in", err, ctap2.NoCredentials)
			if got := p.person.Reasons(); len(got) != 0 {
				p.t.Errorf("asked %q", got)
			}
		}},
		{ids: "GA-065", says: "attestation formats in getAssertion are ignored", pin: pin, run: func(p *platform) {
			p.register("ada")
			request := asFields(t, authentication())
			request[key(8)] = listOf("packed")
			if got := p.exchange(ctap2.CommandGetAssertion, request); got != ctap2.OK {
				p.t.Errorf("got %v", got)
			}
		}},
		{ids: "GA-066 GA-067", says: "the counter goes up, silently or not", pin: pin, run: func(p *platform) {
			p.register("ada")
			last := uint32(0)
			for i := range 100 {
				r := authentication()
				if i%2 == 1 {
					r.Options = &ctap2.Options{UserPresence: new(false)}
				}
				response, err := ctap2.GetAssertion(t.Context(), p, r)
				p.expect("sign in", err, ctap2.OK)
				if got := p.view(response.AuthData).count; got <= last {
					p.t.Fatalf("from %d to %d", last, got)
				} else {
					last = got
				}
			}
		}},
	})
}

// strangersAnd is a list of twenty unknown ids and one more.
func (p *platform) strangersAnd(id []byte) (list []ctap2.Descriptor) {
	for i := range 20 {
		list = append(list, ctap2.Descriptor{ID: []byte{byte(i), 1}, Type: ctap2.PublicKey})
	}
	return append(list, ctap2.Descriptor{ID: id, Type: ctap2.PublicKey})
}

// allows signs in with one allowed id.
func (p *platform) allows(id []byte, want ctap2.Status) {
	p.t.Helper()
	r := authentication()
	r.AllowList = []ctap2.Descriptor{{ID: id, Type: ctap2.PublicKey}}
	_, err := ctap2.GetAssertion(p.t.Context(), p, r)
	p.expect(fmt.Sprintf("id %x", id), err, want)
}

// expectUV signs in by built-in verification.
func (p *platform) expectUV(what string, want ctap2.Status) {
	p.t.Helper()
	_, err := ctap2.GetAssertion(p.t.Context(), p, authentication())
	p.expect(what, err, want)
}

func TestRowsOfEnterpriseAttestation(t *testing.T) {
	asks := func(kind uint) func(*ctap2.MakeCredentialRequest) {
		return func(r *ctap2.MakeCredentialRequest) { r.EnterpriseAttestation = &kind }
	}
	enabled := func(p *platform) {
		p.t.Helper()
		p.expect("enable", p.config(p.acfg(), ctap2.EnableEnterpriseAttestation, nil), ctap2.OK)
	}
	elsewhere := everything
	elsewhere.Config.EnterpriseRPIDs = []string{"other.example"}
	for _, c := range []struct {
		ids, says string
		model     virtualauth.Model
		before    func(*platform)
		kind      uint
		want      ctap2.Status
		made      bool
	}{
		{"EPA-002", "type 1 for an RP on the list", everything, enabled, 1, ctap2.OK, true},
		{"EPA-003", "type 2", elsewhere, enabled, 2, ctap2.OK, true},
		{"EPA-005", "type 1 from a consumer device", onlyPIN, nil, 1, ctap2.InvalidParameter, false},
		{"EPA-006", "type 2 from a consumer device", onlyPIN, nil, 2, ctap2.InvalidParameter, false},
		{"EPA-008", "a type that does not exist", everything, enabled, 3, ctap2.InvalidOption, false},
		{"EPA-008", "type 0", everything, enabled, 0, ctap2.InvalidOption, false},
		{"EPA-009", "type 1 for an RP that is not on the list", elsewhere, enabled, 1, ctap2.OK, false},
		{"EPA-010", "before it was enabled", everything, nil, 1, ctap2.InvalidParameter, false},
	} {
		t.Run(c.ids+": "+c.says, func(t *testing.T) {
			p := withPIN(t, c.model, pin)
			if c.before != nil {
				c.before(p)
			}
			response, err := p.create(p.must(p.tokenByPIN(pin, toCreate)), "ada", asks(c.kind))
			p.expect("create", err, c.want)
			if err == nil && response.EnterpriseAttestation != c.made {
				t.Errorf("epAtt is %v, want %v", response.EnterpriseAttestation, c.made)
			}
		})
	}
}

// A device whose own unlock verifies, and which has no PIN to fall back on, does not lock its owner out.
func TestFailuresOfADevicesOwnUnlockAreNotCounted(t *testing.T) {
	s := newStage(t, virtualauth.Model{})
	s.person.consent = onlyTouches
	for range 10 {
		_, err := ctap2.MakeCredential(t.Context(), s, registration("ada"))
		s.expect("a wrong finger", err, ctap2.OperationDenied)
	}
	s.person.consent = agrees
	s.register("ada")
}

// Presence by a token was proven once; a refusing app still explains itself.
func TestADuplicateIsExplainedAlsoToATokenHolder(t *testing.T) {
	p := withPIN(t, virtualauth.Model{DuplicateUser: virtualauth.Refuse}, pin)
	p.register("ada")
	token := p.must(p.tokenByUV(toCreate))
	p.person.Reasons()
	_, err := p.create(token, "ada")
	p.expect("create", err, ctap2.OperationDenied)
	if got := p.person.Reasons(); !slices.Equal(got, []virtualauth.Reason{virtualauth.ToExplainDuplicate}) {
		t.Errorf("asked %q", got)
	}
}
