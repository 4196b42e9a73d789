package virtualauth_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/passkeylab/passkeylab/virtualauth"
	"github.com/passkeylab/passkeylab/virtualauth/attestation"
	"github.com/passkeylab/passkeylab/virtualauth/cose"
	"github.com/passkeylab/passkeylab/virtualauth/ctap2"
	"github.com/passkeylab/passkeylab/virtualauth/keystore"
)

// reborn moves one credential of a stage to a new authenticator whose person is user.
func reborn(s *stage, user virtualauth.User, id []byte) *virtualauth.Authenticator {
	s.t.Helper()
	portable, err := s.Export(s.t.Context(), id)
	if err != nil {
		s.t.Fatal(err)
	}
	other := virtualauth.New(s.Model(), virtualauth.World{User: user, Clock: s.clock, Rand: seeded(2)})
	if err := other.Import(s.t.Context(), portable); err != nil {
		s.t.Fatal(err)
	}
	return other
}

func TestGetInfoTellsTheModel(t *testing.T) {
	aaguid := uuid.MustParse("dd868f11-004c-544f-b49b-35dacdd504e4")
	es256 := []ctap2.Parameters{{Algorithm: cose.ES256, Type: ctap2.PublicKey}}
	versions := []string{"FIDO_2_0"}
	for _, c := range []struct {
		name  string
		model virtualauth.Model
		want  ctap2.GetInfoResponse
	}{
		{"the zero model", virtualauth.Model{}, ctap2.GetInfoResponse{
			Versions: versions, MaxMessageSize: 7609,
			Options: map[string]bool{"rk": true, "up": true, "uv": true, "plat": false, "makeCredUvNotRqd": true},
		}},
		{"a platform", virtualauth.Model{
			AAGUID: aaguid, Attachment: virtualauth.Platform, Transports: []string{"internal"}, AlwaysVerify: true, MaxMessageSize: 2048, FirmwareVersion: 7,
		}, ctap2.GetInfoResponse{
			Versions: versions, AAGUID: aaguid, MaxMessageSize: 2048,
			Options: map[string]bool{"rk": true, "up": true, "uv": true, "plat": true, "alwaysUv": true},
		}},
		{"a simple key", virtualauth.Model{
			Versions: []string{"FIDO_2_0"}, NonDiscoverableOnly: true, Verification: virtualauth.VerificationMissing, MaxCredentialsInList: 8,
			Attestation: attestation.FormatPacked, Algorithms: []cose.Algorithm{cose.EdDSA},
		}, ctap2.GetInfoResponse{
			Versions: versions, MaxMessageSize: 7609,
			Options: map[string]bool{"rk": false, "up": true, "plat": false, "makeCredUvNotRqd": true},
		}},
		{"a newer key that verifies nobody", virtualauth.Model{
			NonDiscoverableOnly: true, Verification: virtualauth.VerificationMissing, MaxCredentialsInList: 8, FirmwareVersion: 7,
			Attestation: attestation.FormatPacked, Transports: []string{"usb"}, Extensions: []string{"hmac-secret"}, MaxDiscoverable: 7,
		}, ctap2.GetInfoResponse{
			Versions: []string{"FIDO_2_0", "FIDO_2_1", "FIDO_2_3"}, MaxMessageSize: 7609, MaxCredentialsInList: 8, MaxCredentialIDLength: 32,
			Extensions: []string{"hmac-secret"}, PINUVAuthProtocols: []uint{2, 1}, Algorithms: es256, Transports: []string{"usb"},
			FirmwareVersion: 7, AttestationFormats: []string{"packed"},
			Options: map[string]bool{"rk": false, "up": true, "plat": false, "makeCredUvNotRqd": true},
		}},
		{"fingers not enrolled", virtualauth.Model{Verification: virtualauth.VerificationNotSetUp}, ctap2.GetInfoResponse{
			Versions: versions, MaxMessageSize: 7609,
			Options: map[string]bool{"rk": true, "up": true, "uv": false, "plat": false, "makeCredUvNotRqd": true},
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := ctap2.GetInfo(t.Context(), newStage(t, c.model))
			if err != nil || !reflect.DeepEqual(*got, c.want) {
				t.Errorf("%v\n got %+v\nwant %+v", err, *got, c.want)
			}
		})
	}
}

func TestAModelWithoutRoomRefusesDiscoverableCredentials(t *testing.T) {
	s := newStage(t, virtualauth.Model{NonDiscoverableOnly: true})
	if _, err := ctap2.MakeCredential(t.Context(), s, registration("ada")); s.statusOf(err) != ctap2.UnsupportedOption {
		t.Errorf("got %v, want UNSUPPORTED_OPTION", err)
	}
}

func TestResetAndSelection(t *testing.T) {
	afterPowerOn := func(d time.Duration) func(*stage) { return func(s *stage) { s.clock.Move(d) } }
	for _, c := range []struct {
		name    string
		model   virtualauth.Model
		before  func(*stage)
		consent virtualauth.Consent
		want    ctap2.Status
	}{
		{"agreed", virtualauth.Model{}, afterPowerOn(10 * time.Second), agrees, ctap2.OK},
		{"too late after power-up", virtualauth.Model{}, afterPowerOn(10*time.Second + 1), agrees, ctap2.NotAllowed},
		{"after a power cycle", virtualauth.Model{}, func(s *stage) { s.clock.Move(time.Hour); s.PowerCycle() }, agrees, ctap2.OK},
		{"with a display, at any time", virtualauth.Model{Display: true}, afterPowerOn(time.Hour), agrees, ctap2.OK},
		{"refused", virtualauth.Model{}, nil, refuses, ctap2.OperationDenied},
		{"not answered", virtualauth.Model{}, nil, isLate, ctap2.UserActionTimeout},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newStage(t, c.model)
			s.register("ada")
			s.person.Reasons()
			s.person.consent = c.consent
			if c.before != nil {
				c.before(s)
			}
			err := ctap2.Reset(t.Context(), s)
			if got := s.statusOf(err); got != c.want {
				t.Errorf("got %v, want %v", got, c.want)
			}
			if got, asked := s.person.Reasons(), c.want != ctap2.NotAllowed; asked && !slices.Equal(got, []virtualauth.Reason{virtualauth.ToReset}) {
				t.Errorf("asked %q", got)
			}
			if left := len(s.Credentials()); (left == 0) != (c.want == ctap2.OK) {
				t.Errorf("%d credentials left", left)
			}
		})
	}
	for consent, want := range map[virtualauth.Consent]ctap2.Status{
		onlyTouches: ctap2.OK, refuses: ctap2.OperationDenied, isLate: ctap2.UserActionTimeout, isAway: ctap2.OperationDenied,
	} {
		s := newStage(t, mandatory)
		s.person.consent = consent
		if got := s.statusOf(ctap2.Selection(t.Context(), s)); got != want {
			t.Errorf("selection with %+v: %v, want %v", consent, got, want)
		}
	}
}

func TestTheSameSeedGivesTheSameEverything(t *testing.T) {
	run := func() []byte {
		s := newStage(t, virtualauth.Model{Attestation: attestation.FormatPacked})
		response, err := ctap2.MakeCredential(t.Context(), s, registration("ada"))
		if err != nil {
			t.Fatal(err)
		}
		return bytes.Join([][]byte{response.AuthData, response.Statement, s.signIn().Signature}, nil)
	}
	if !bytes.Equal(run(), run()) {
		t.Error("two runs with the same seed differ")
	}
}

func TestACredentialMovesToAnotherAuthenticator(t *testing.T) {
	s := newStage(t, virtualauth.Model{Backup: virtualauth.Synced})
	made := s.register("ada")
	s.signIn()
	s.clock.Move(time.Minute)
	other := &stage{Authenticator: reborn(s, s.person, made.id), t: t, clock: s.clock, person: s.person}
	if got, want := other.Credentials(), s.Credentials(); !reflect.DeepEqual(got, want) {
		t.Errorf("moved\n got %+v\nwant %+v", got, want)
	}
	response := other.signIn()
	if err := made.verifyAssertion(response); err != nil || string(response.User.ID) != "id of ada" {
		t.Errorf("signing in with the moved credential: %v, %+v", err, response.User)
	}
	portable, err := s.Export(t.Context(), made.id)
	if err != nil {
		t.Fatal(err)
	}
	if err := other.Import(t.Context(), portable); !errors.Is(err, virtualauth.ErrCredentialExists) {
		t.Errorf("importing it twice: %v", err)
	}
	portable.ID, portable.PrivateKey = []byte("new"), []byte("junk")
	if err := other.Import(t.Context(), portable); !errors.Is(err, keystore.ErrMalformedKey) || len(other.Credentials()) != 1 {
		t.Errorf("importing junk: %v", err)
	}
}

// sealed hides everything of a key store but the KeyStore.
type sealed struct{ keystore.KeyStore }

func TestKeysThatStayAreNotMoved(t *testing.T) {
	s := newStage(t, eligible)
	id := s.register("ada").id
	portable, err := s.Export(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	a := virtualauth.New(eligible, virtualauth.World{
		Clock: s.clock, Rand: seeded(3), Keys: sealed{keystore.NewSoftware(seeded(4))},
	})
	if err := a.Import(t.Context(), portable); !errors.Is(err, virtualauth.ErrKeysStay) {
		t.Errorf("Import: %v", err)
	}
	if _, err := ctap2.MakeCredential(t.Context(), a, registration("ada")); err != nil {
		t.Errorf("a nil User is agreeable: %v", err)
	}
	if _, err := a.Export(t.Context(), a.Credentials()[0].ID); !errors.Is(err, virtualauth.ErrKeysStay) {
		t.Errorf("Export: %v", err)
	}
}

func TestUnknownCredentialsAreNamedAsSuch(t *testing.T) {
	s := newStage(t, virtualauth.Model{})
	_, exported := s.Export(t.Context(), []byte{1})
	for name, err := range map[string]error{
		"Delete": s.Delete([]byte{1}), "SetBackedUp": s.SetBackedUp([]byte{1}, true), "Export": exported,
	} {
		if !errors.Is(err, virtualauth.ErrUnknownCredential) {
			t.Errorf("%s: %v", name, err)
		}
	}
	id := s.register("ada").id
	if err := s.SetBackedUp(id, true); !errors.Is(err, virtualauth.ErrNotEligible) {
		t.Errorf("SetBackedUp of a device-bound credential: %v", err)
	}
}

func TestCredentialsShareNoMemory(t *testing.T) {
	s := newStage(t, virtualauth.Model{})
	s.register("ada")
	seen := s.Credentials()[0]
	for _, b := range [][]byte{seen.ID, seen.UserHandle, seen.PublicKey} {
		clear(b)
	}
	if again := s.Credentials()[0]; bytes.Equal(again.ID, seen.ID) || string(again.UserHandle) != "id of ada" {
		t.Error("writing to a Credential changed the authenticator's")
	}
}

func TestCredentialsRememberTimes(t *testing.T) {
	s := newStage(t, virtualauth.Model{})
	start := s.clock.Now()
	s.register("ada")
	s.clock.Move(time.Hour)
	s.signIn()
	if c := s.Credentials()[0]; !c.CreatedAt.Equal(start) || !c.LastUsedAt.Equal(start.Add(time.Hour)) {
		t.Errorf("created %v, last used %v", c.CreatedAt, c.LastUsedAt)
	}
}

func TestRequestsAreRemembered(t *testing.T) {
	s := newStage(t, virtualauth.Model{})
	s.register("ada")
	s.exchange(ctap2.CommandGetAssertion, fields{})
	var got []string
	for _, r := range s.Requests() {
		got = append(got, r.Command.String()+" "+r.Status.String())
	}
	if want := []string{"makeCredential OK (0x00)", "getAssertion MISSING_PARAMETER (0x14)"}; !slices.Equal(got, want) {
		t.Errorf("remembered %q, want %q", got, want)
	}
	for range 300 {
		s.exchange(0x77, nil)
	}
	if got := len(s.Requests()); got != 256 {
		t.Errorf("%d requests are remembered, want 256", got)
	}
}

// waiter is a person who decides when the test says so.
type waiter struct{ asked chan virtualauth.Prompt }

func (w waiter) Consent(ctx context.Context, p virtualauth.Prompt) (virtualauth.Consent, error) {
	select {
	case w.asked <- p:
		<-ctx.Done()
	case <-ctx.Done():
	}
	return virtualauth.Consent{}, ctx.Err()
}

func TestTheEndOfTheContextCancels(t *testing.T) {
	user := waiter{asked: make(chan virtualauth.Prompt)}
	a := virtualauth.New(virtualauth.Model{}, virtualauth.World{User: user, Clock: &clock{}, Rand: seeded(1)})
	ctx, cancel := context.WithCancel(t.Context())
	results := make(chan error)
	go func() {
		_, err := ctap2.MakeCredential(ctx, a, registration("ada"))
		results <- err
	}()
	<-user.asked
	if got := a.Credentials(); len(got) != 0 { // and does not block while she is asked
		t.Errorf("credentials %v", got)
	}
	a.PowerCycle()
	gone, leave := context.WithCancel(t.Context())
	leave()
	if err := ctap2.Selection(gone, a); !errors.Is(err, ctap2.KeepAliveCancel) {
		t.Errorf("a second request that does not want to wait for its turn: %v", err)
	}
	cancel()
	if err := <-results; !errors.Is(err, ctap2.KeepAliveCancel) {
		t.Errorf("got %v, want KEEPALIVE_CANCEL", err)
	}
}

func TestManyAtOnce(t *testing.T) {
	s := newStage(t, virtualauth.Model{})
	var workers sync.WaitGroup
	for i := range 8 {
		workers.Go(func() {
			request := registration(fmt.Sprint("user ", i))
			response, err := ctap2.MakeCredential(t.Context(), s, request)
			if err != nil {
				t.Error(err)
				return
			}
			v, err := look(response.AuthData)
			if err != nil {
				t.Error(err)
				return
			}
			sign := authentication()
			sign.AllowList = []ctap2.Descriptor{{ID: v.id, Type: ctap2.PublicKey}}
			assertion, err := ctap2.GetAssertion(t.Context(), s, sign)
			if err == nil {
				err = v.verifyAssertion(assertion)
			}
			if err != nil {
				t.Error(err)
			}
			_, _ = s.Credentials(), s.Requests()
			if i%2 == 0 {
				if err := s.Delete(v.id); err != nil {
					t.Error(err)
				}
			}
		})
	}
	workers.Wait()
	if got := len(s.Credentials()); got != 4 {
		t.Errorf("%d credentials, want 4", got)
	}
}
