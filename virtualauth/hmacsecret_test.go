package virtualauth_test

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"slices"
	"testing"

	"github.com/fxamacker/cbor/v2"

	"github.com/passkeylab/passkeylab/virtualauth"
	"github.com/passkeylab/passkeylab/virtualauth/ctap2"
	"github.com/passkeylab/passkeylab/virtualauth/keystore"
	"github.com/passkeylab/passkeylab/virtualauth/pinuv"
)

// agreement is the platform's end of hmac-secret: one key agreement.
type agreement struct {
	*pinuv.Secret
	key []byte
}

// agreed makes a key agreement with the authenticator.
func (s *stage) agreed(protocol pinuv.Protocol) agreement {
	s.t.Helper()
	key, secret := s.platform(protocol).agree()
	return agreement{secret, key}
}

// ask is the input that asks for these salts.
func (p agreement) ask(t testing.TB, salts ...[]byte) ctap2.HMACSecretInput {
	t.Helper()
	encrypted, err := p.Encrypt(slices.Concat(salts...))
	if err != nil {
		t.Fatal(err)
	}
	return ctap2.HMACSecretInput{
		KeyAgreement: p.key, SaltEnc: encrypted, SaltAuth: p.Authenticate(encrypted), PINUVAuthProtocol: uint(p.Protocol()),
	}
}

// open decrypts an output into one result for each salt.
func (p agreement) open(t testing.TB, output any) [][]byte {
	t.Helper()
	encrypted, is := output.([]byte)
	if !is {
		t.Fatalf("the output is %v", output)
	}
	results, err := p.Decrypt(encrypted)
	if err != nil || len(results) != 32 && len(results) != 64 {
		t.Fatalf("results %x, %v", results, err)
	}
	return slices.Collect(slices.Chunk(results, 32))
}

// secrets evaluates salts by an assertion, for a credential or for any.
func (s *stage) secrets(p agreement, id []byte, verified bool, salts ...[]byte) [][]byte {
	s.t.Helper()
	request := assertion(id, inputs(s.t, map[string]any{"hmac-secret": p.ask(s.t, salts...)}))
	request.Options = &ctap2.Options{UserVerification: &verified}
	response, err := ctap2.GetAssertion(s.t.Context(), s, request)
	s.must("evaluate", err)
	return p.open(s.t, s.signed(response.AuthData)["hmac-secret"])
}

// verifier is securityKey with verification of its own that needs no fingers.
func verifier() virtualauth.Model {
	model := securityKey()
	model.Verification, model.Fingerprints = virtualauth.VerificationReady, 0
	return model
}

// unverified edits a registration to a credential made without verification, which only those can be that are not
// discoverable.
func unverified(r *ctap2.MakeCredentialRequest) { r.Options = nil }

// verified edits a registration.
func verified(r *ctap2.MakeCredentialRequest) {
	r.Options = &ctap2.Options{ResidentKey: new(true), UserVerification: new(true)}
}

var salt1, salt2 = bytes.Repeat([]byte{1}, 32), bytes.Repeat([]byte{2}, 32)

func TestSecretsOfSalts(t *testing.T) {
	for _, protocol := range []pinuv.Protocol{pinuv.One, pinuv.Two} {
		t.Run(fmt.Sprint("protocol ", protocol), func(t *testing.T) {
			s := newStage(t, verifier())
			making := withInputs(t, map[string]any{"hmac-secret": true})
			ada, bea := s.enrolled(rpID, "ada", making, unverified), s.enrolled(rpID, "bea", making, unverified)
			p := s.agreed(protocol)
			one := s.secrets(p, ada, false, salt1)
			both := s.secrets(p, ada, false, salt1, salt2)
			turned := s.secrets(p, ada, false, salt2, salt1)
			if len(one) != 1 || !bytes.Equal(one[0], both[0]) || bytes.Equal(both[0], both[1]) ||
				!bytes.Equal(both[0], turned[1]) || !bytes.Equal(both[1], turned[0]) {
				t.Errorf("A-EXT-002 A-EXT-008: %x, %x, %x", one, both, turned)
			}
			if with := s.secrets(p, ada, true, salt1); bytes.Equal(with[0], one[0]) {
				t.Error("A-EXT-003 A-EXT-009: the same secret with verification and without")
			}
			if other := s.secrets(p, bea, false, salt1); bytes.Equal(other[0], one[0]) {
				t.Error("A-EXT-027: two credentials with the same secret")
			}
			s.PowerCycle()
			if again := s.secrets(s.agreed(protocol), ada, false, salt1); !bytes.Equal(again[0], one[0]) {
				t.Error("A-EXT-026: another secret after a power cycle")
			}
		})
	}
}

func TestSecretsAtRegistration(t *testing.T) {
	for _, protocol := range []pinuv.Protocol{pinuv.One, pinuv.Two} {
		for _, withUV := range []bool{true, false} {
			t.Run(fmt.Sprint("protocol ", protocol, ", verified ", withUV), func(t *testing.T) {
				s := newStage(t, verifier())
				p := s.agreed(protocol)
				var firsts [][]byte
				for _, user := range []string{"ada", "bea"} {
					how := unverified
					if withUV {
						how = verified
					}
					made, err := s.registerAt(rpID, user, how, withInputs(t, map[string]any{
						"hmac-secret": true, "hmac-secret-mc": p.ask(t, salt1, salt2),
					}))
					s.must("register", err)
					at := p.open(t, s.signed(made.AuthData)["hmac-secret-mc"])
					id := s.view(made.AuthData).id
					if later := s.secrets(p, id, withUV, salt1); !bytes.Equal(at[0], later[0]) {
						t.Errorf("A-EXT-014: %x, then %x", at[0], later[0])
					}
					if later := s.secrets(p, id, withUV, salt2, salt1); !bytes.Equal(at[0], later[1]) || !bytes.Equal(at[1], later[0]) {
						t.Errorf("A-EXT-015: %x, then %x", at, later)
					}
					if later := s.secrets(p, id, !withUV, salt1); bytes.Equal(at[0], later[0]) {
						t.Error("A-EXT-013: the same with verification and without")
					}
					firsts = append(firsts, at[0])
				}
				if bytes.Equal(firsts[0], firsts[1]) {
					t.Error("A-EXT-015: the same for two credentials")
				}
			})
		}
	}
}

// TestSaltsAreJudged, in assertions and, where the row says so, at registration.
func TestSaltsAreJudged(t *testing.T) {
	short := func(n int) func(agreement, *ctap2.HMACSecretInput) {
		return func(p agreement, in *ctap2.HMACSecretInput) { *in = p.ask(t, make([]byte, n)) }
	}
	for _, c := range []struct {
		row, name string
		edit      func(p agreement, in *ctap2.HMACSecretInput)
		want      ctap2.Status
	}{
		{"", "as it should be", func(agreement, *ctap2.HMACSecretInput) {}, ctap2.OK},
		{"A-EXT-005 A-EXT-011 A-EXT-018 A-EXT-022", "the first salt is short", short(16), ctap2.InvalidParameter},
		{"A-EXT-006 A-EXT-012 A-EXT-019 A-EXT-022", "the second salt is short", short(48), ctap2.InvalidParameter},
		{"A-EXT-022", "no salt", short(0), ctap2.InvalidParameter},
		{"A-EXT-022", "three salts", short(96), ctap2.InvalidParameter},
		{"", "half a block", func(p agreement, in *ctap2.HMACSecretInput) {
			in.SaltEnc = in.SaltEnc[:len(in.SaltEnc)-8]
			in.SaltAuth = p.Authenticate(in.SaltEnc)
		}, ctap2.InvalidParameter},
		{"A-EXT-020", "a wrong MAC", func(_ agreement, in *ctap2.HMACSecretInput) { in.SaltAuth[0] ^= 1 }, ctap2.PINAuthInvalid},
		{"A-EXT-021", "no key", func(_ agreement, in *ctap2.HMACSecretInput) { in.KeyAgreement = nil }, ctap2.MissingParameter},
		{"A-EXT-021", "no salts at all", func(_ agreement, in *ctap2.HMACSecretInput) { in.SaltEnc = nil }, ctap2.MissingParameter},
		{"A-EXT-021", "no MAC", func(_ agreement, in *ctap2.HMACSecretInput) { in.SaltAuth = nil }, ctap2.MissingParameter},
		{"A-EXT-017", "a key that is none", func(_ agreement, in *ctap2.HMACSecretInput) { in.KeyAgreement = []byte{0xa0} }, ctap2.InvalidParameter},
		{"A-EXT-017", "an unknown protocol", func(_ agreement, in *ctap2.HMACSecretInput) { in.PINUVAuthProtocol = 3 }, ctap2.InvalidParameter},
		{"A-EXT-025", "the other protocol", func(p agreement, in *ctap2.HMACSecretInput) { in.PINUVAuthProtocol = 3 - in.PINUVAuthProtocol }, ctap2.PINAuthInvalid},
	} {
		for _, protocol := range []pinuv.Protocol{pinuv.One, pinuv.Two} {
			t.Run(fmt.Sprint(c.row, " ", c.name, ", protocol ", protocol), func(t *testing.T) {
				s := newStage(t, verifier())
				id := s.enrolled(rpID, "ada", unverified, withInputs(t, map[string]any{"hmac-secret": true}))
				p := s.agreed(protocol)
				in := p.ask(t, salt1)
				c.edit(p, &in)
				raw := encodedSalts(t, in)
				_, err := ctap2.GetAssertion(t.Context(), s, assertion(id, map[string]cbor.RawMessage{"hmac-secret": raw}))
				s.expect("assertion", err, c.want)
				before := len(s.Credentials())
				_, err = s.registerAt(rpID, "bea", unverified, func(r *ctap2.MakeCredentialRequest) {
					r.Extensions = map[string]cbor.RawMessage{"hmac-secret": {0xf5}, "hmac-secret-mc": raw}
				})
				s.expect("registration", err, c.want)
				if made := len(s.Credentials()) - before; (made == 1) != (c.want == ctap2.OK) {
					t.Errorf("%d credentials were made", made)
				}
			})
		}
	}
}

// encodedSalts encodes an input in which an empty byte string is present: Marshal would leave it out.
func encodedSalts(t testing.TB, in ctap2.HMACSecretInput) cbor.RawMessage {
	t.Helper()
	members := map[int]any{}
	if in.KeyAgreement != nil {
		members[1] = in.KeyAgreement
	}
	if in.SaltEnc != nil {
		members[2] = []byte(in.SaltEnc)
	}
	if in.SaltAuth != nil {
		members[3] = []byte(in.SaltAuth)
	}
	members[4] = in.PINUVAuthProtocol
	return encoded(t, members)
}

func TestSecretsWhereThereAreNone(t *testing.T) {
	s := newStage(t, verifier())
	p := s.agreed(pinuv.One)
	asking := inputs(t, map[string]any{"hmac-secret": p.ask(t, salt1)})
	made, err := s.registerAt(rpID, "ada", unverified)
	s.must("register", err)
	without := s.view(made.AuthData).id
	used, err := ctap2.GetAssertion(t.Context(), s, assertion(without, asking))
	s.must("sign in", err)
	if s.signed(used.AuthData) != nil {
		t.Errorf("A-EXT-024: a credential made without hmac-secret says %v", s.signed(used.AuthData))
	}
	silent := assertion(without, asking)
	silent.Options = &ctap2.Options{UserPresence: new(false)}
	_, err = ctap2.GetAssertion(t.Context(), s, silent)
	s.expect("A-EXT-023", err, ctap2.UnsupportedOption)
	for name, beside := range map[string]any{"nothing": nil, "false": false, "a text": "yes"} {
		values := map[string]any{"hmac-secret-mc": p.ask(t, salt1)}
		want := ctap2.MissingParameter
		if beside != nil {
			values["hmac-secret"] = beside
		}
		if name == "a text" {
			want = ctap2.UnexpectedType
		}
		_, err := s.registerAt(rpID, "bea", unverified, withInputs(t, values))
		s.expect("A-EXT-016, beside it "+name, err, want)
	}
	_, err = s.registerAt(rpID, "bea", unverified, withInputs(t, map[string]any{"hmac-secret": true, "hmac-secret-mc": true}))
	s.expect("A-EXT-017", err, ctap2.UnexpectedType)
	noProtocol := p.ask(t, salt1)
	noProtocol.PINUVAuthProtocol = 0 // protocol one is meant
	id := s.enrolled(rpID, "cia", unverified, withInputs(t, map[string]any{"hmac-secret": true}))
	used, err = ctap2.GetAssertion(t.Context(), s, assertion(id, inputs(t, map[string]any{"hmac-secret": noProtocol})))
	s.must("without a protocol", err)
	p.open(t, s.signed(used.AuthData)["hmac-secret"])
}

// given is a store whose secrets are given, or which fails.
type given struct {
	*keystore.Software
	credRandom   []byte
	secrets      int // there are now
	failAt       int // the number of the secret that cannot be made; 0 for none
	broken       error
	stuck        error // of Delete, for keys, or else for secrets
	stuckSecrets bool
}

func (g *given) CreateSecret(context.Context) (keystore.Handle, error) {
	if g.secrets++; g.secrets == g.failAt {
		g.secrets--
		return nil, g.broken
	}
	return keystore.Handle("given"), nil
}

func (g *given) HMAC(_ context.Context, handle keystore.Handle, message []byte) ([]byte, error) {
	if g.broken != nil && g.failAt == 0 {
		return nil, g.broken
	}
	mac := hmac.New(sha256.New, g.credRandom)
	mac.Write(message)
	return mac.Sum(nil), nil
}

func (g *given) Delete(ctx context.Context, handle keystore.Handle) error {
	secret := string(handle) == "given"
	if g.stuck != nil && secret == g.stuckSecrets {
		return g.stuck
	}
	if secret {
		g.secrets--
		return nil
	}
	return g.Software.Delete(ctx, handle)
}

// staged puts a store under a stage.
func (g *given) staged(t testing.TB) *stage {
	s := newStage(t, verifier())
	g.Software = keystore.NewSoftware(seeded(2))
	s.Authenticator = virtualauth.New(verifier(), virtualauth.World{User: s.person, Clock: s.clock, Rand: seeded(3), Keys: g})
	return s
}

// TestVectorsOfPRF recomputes the test vectors of WebAuthn L3 §16.17.1.2. Its inputs are derived there as
// SHA-256("WebAuthn PRF test vectors" ‖ index); its outputs are quoted.
func TestVectorsOfPRF(t *testing.T) {
	seed := []byte("WebAuthn PRF test vectors")
	credRandom := sha256.Sum256(append(seed, 6))
	salt := func(index byte) []byte {
		hash := sha256.Sum256(slices.Concat([]byte("WebAuthn PRF\x00"), seed, []byte{index}))
		return hash[:]
	}
	s := (&given{credRandom: credRandom[:]}).staged(t)
	id := s.enrolled(rpID, "ada", unverified, withInputs(t, map[string]any{"hmac-secret": true}))
	for _, protocol := range []pinuv.Protocol{pinuv.One, pinuv.Two} {
		got := s.secrets(s.agreed(protocol), id, false, salt(2), salt(3))
		for i, want := range []string{
			"3c33e07d202c3b029cc21f1722767021bf27d595933b3d2b6a1b9d5dddc77fae",
			"a62a8773b19cda90d7ed4ef72a80a804320dbd3997e2f663805ad1fd3293d50b",
		} {
			if hex.EncodeToString(got[i]) != want {
				t.Errorf("A-EXT-028: protocol %d, output %d is %x, want %s", protocol, i+1, got[i], want)
			}
		}
	}
}

// TestNoSecretIsLeftBehind when a registration fails or a credential goes.
func TestNoSecretIsLeftBehind(t *testing.T) {
	broken := errors.New("no room for secrets")
	making := withInputs(t, map[string]any{"hmac-secret": true})
	for failAt := range 3 {
		store := &given{failAt: failAt}
		if failAt > 0 {
			store.broken = broken
		}
		s := store.staged(t)
		made, err := s.registerAt(rpID, "ada", unverified, making)
		if failAt > 0 {
			if !errors.Is(err, broken) || store.secrets != 0 || len(s.Credentials()) != 0 {
				t.Errorf("secret %d failed: %v, with %d secrets and %d credentials left", failAt, err, store.secrets, len(s.Credentials()))
			}
			continue
		}
		s.must("register", err)
		if store.secrets != 2 {
			t.Errorf("a credential has %d secrets", store.secrets)
		}
		s.must("delete", s.Delete(s.view(made.AuthData).id))
		if store.secrets != 0 {
			t.Errorf("%d secrets are left of a deleted credential", store.secrets)
		}
	}
	store := &given{}
	s := store.staged(t)
	id := s.enrolled(rpID, "ada", verified, making)
	s.enrolled(rpID, "ada", verified, making) // in its place
	if store.secrets != 2 {
		t.Errorf("%d secrets of a replaced credential", store.secrets-2)
	}
	store.broken = broken
	p := s.agreed(pinuv.Two)
	_, err := ctap2.GetAssertion(t.Context(), s, assertion(nil, inputs(t, map[string]any{"hmac-secret": p.ask(t, salt1)})))
	if !errors.Is(err, broken) {
		t.Errorf("a store that cannot evaluate gives %v", err)
	}
	s.person.consent = agrees
	s.must("reset", ctap2.Reset(t.Context(), s))
	if store.secrets != 0 || bytes.Equal(id, nil) {
		t.Errorf("%d secrets are left after a reset", store.secrets)
	}
}

// fickle is randomness that can end.
type fickle struct {
	io.Reader
	ended bool
}

func (f *fickle) Read(p []byte) (int, error) {
	if f.ended {
		return 0, io.ErrUnexpectedEOF
	}
	return f.Reader.Read(p)
}

// TestRandomnessThatEnds is an error wherever something is drawn, and leaves nothing behind.
func TestRandomnessThatEnds(t *testing.T) {
	random := &fickle{Reader: seeded(3)}
	s := newStage(t, securityKey())
	s.Authenticator = virtualauth.New(securityKey(), virtualauth.World{User: s.person, Clock: s.clock, Rand: random})
	id := s.enrolled(rpID, "ada", unverified, withInputs(t, map[string]any{"hmac-secret": true}))
	p := s.agreed(pinuv.Two)
	enrolling := s.enrolment(s.token(pinuv.BE, ""), ctap2.EnrollBegin, nil)
	random.ended = true
	if _, err := ctap2.BioEnrollment(t.Context(), s, enrolling); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("a template id: %v", err)
	}
	asking := assertion(id, inputs(t, map[string]any{"hmac-secret": p.ask(t, salt1)}))
	if _, err := ctap2.GetAssertion(t.Context(), s, asking); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("the IV of an output: %v", err)
	}
	if len(s.Credentials()) != 1 || len(s.Fingers()) != 0 {
		t.Error("something was left behind")
	}
}

// TestALargeBlobKeyThatCannotBeMade leaves no credential: the last thing that is drawn for one.
func TestALargeBlobKeyThatCannotBeMade(t *testing.T) {
	random := &fickle{Reader: seeded(3)}
	s := newStage(t, securityKey())
	s.Authenticator = virtualauth.New(securityKey(), virtualauth.World{
		User: s.person, Clock: s.clock, Rand: random, Keys: keystore.NewSoftware(seeded(4)),
	})
	s.person.meanwhile = func() { random.Reader = io.LimitReader(seeded(5), 32) } // enough for the credential's id
	_, err := s.registerAt(rpID, "ada", withInputs(t, map[string]any{"largeBlobKey": true}))
	if !errors.Is(err, io.EOF) || len(s.Credentials()) != 0 {
		t.Errorf("%v, with %d credentials", err, len(s.Credentials()))
	}
}

// TestAStoreThatCannotDelete says so, and what can be deleted goes all the same.
func TestAStoreThatCannotDelete(t *testing.T) {
	stuck := errors.New("it stays")
	for left, secrets := range map[int]bool{0: false, 2: true} {
		store := &given{stuckSecrets: secrets}
		s := store.staged(t)
		id := s.enrolled(rpID, "ada", verified, withInputs(t, map[string]any{"hmac-secret": true}))
		k := s.token(pinuv.CM, "")
		store.stuck = stuck
		if _, err := s.manage(k, ctap2.DeleteCredential, ofCredential(id)); !errors.Is(err, stuck) {
			t.Errorf("got %v", err)
		}
		if store.secrets != left {
			t.Errorf("%d secrets are left, want %d", store.secrets, left)
		}
	}
}
