package virtualauth_test

import (
	"bytes"
	"context"
	"errors"
	"reflect"
	"testing"
	"time"

	"github.com/passkeylab/passkeylab/virtualauth"
	"github.com/passkeylab/passkeylab/virtualauth/cose"
	"github.com/passkeylab/passkeylab/virtualauth/ctap2"
	"github.com/passkeylab/passkeylab/virtualauth/cxf"
	"github.com/passkeylab/passkeylab/virtualauth/keystore"
	"github.com/passkeylab/passkeylab/virtualauth/pinuv"
)

// manager is a credential manager: synced, with all algorithms and what extensions keep.
var manager = virtualauth.Model{
	Backup: virtualauth.Synced, ZeroCounter: true, Algorithms: []cose.Algorithm{cose.ES256, cose.EdDSA, cose.RS256},
	PIN: virtualauth.PINModel{Supported: true}, Extensions: []string{"hmac-secret", "credProtect", "credBlob", "largeBlob", "thirdPartyPayment"},
}

// handOver exports an account, writes it, reads it, and imports it into a new authenticator.
func handOver(t *testing.T, from *stage, model virtualauth.Model) (to *stage, stayed []virtualauth.Stayed) {
	t.Helper()
	account, stayed := from.ExportAccount(t.Context())
	account.ID, account.UserName = []byte("account"), "ada"
	document, err := cxf.Encode(&cxf.Header{
		ExporterRPID: "manager.example", Timestamp: from.clock.Now(), Accounts: []cxf.Account{account},
	})
	if err != nil {
		t.Fatal(err)
	}
	read, err := cxf.Parse(document)
	if err != nil {
		t.Fatal(err)
	}
	to = newStage(t, model)
	to.Authenticator = virtualauth.New(model, virtualauth.World{User: to.person, Clock: to.clock, Rand: seeded(2)})
	if refused := to.ImportAccount(t.Context(), read.Accounts[0]); refused != nil {
		t.Fatalf("refused %+v", refused)
	}
	return to, stayed
}

// with edits a registration to one with an algorithm.
func with(algorithm cose.Algorithm) func(*ctap2.MakeCredentialRequest) {
	return func(r *ctap2.MakeCredentialRequest) {
		r.Parameters = []ctap2.Parameters{{Algorithm: algorithm, Type: ctap2.PublicKey}}
	}
}

func TestPasskeysMoveToAnotherManager(t *testing.T) {
	for _, algorithm := range manager.Algorithms {
		t.Run(algorithm.String(), func(t *testing.T) {
			from := newStage(t, manager)
			made, err := from.registerAt(rpID, "ada", verified, with(algorithm), withInputs(t, map[string]any{
				"hmac-secret": true, "credBlob": []byte("blob"), "largeBlob": map[string]any{"support": "required"}, "thirdPartyPayment": true,
			}))
			from.must("register", err)
			v := from.view(made.AuthData)
			_, err = ctap2.GetAssertion(t.Context(), from, assertion(v.id, inputs(t, map[string]any{
				"largeBlob": map[string]any{"write": []byte("compressed"), "originalSize": 99},
			})))
			from.must("write a large blob", err)
			salt := make([]byte, 32)
			secret := from.secrets(from.agreed(pinuv.Two), v.id, true, salt)

			to, stayed := handOver(t, from, manager)
			if stayed != nil {
				t.Errorf("stayed: %+v", stayed)
			}
			want, got := from.Credentials()[0], to.Credentials()[0]
			want.RPName, want.LastUsedAt, want.NeverCounts = "", time.Time{}, true // which the format has no room for, or adds
			if !reflect.DeepEqual(got, want) {
				t.Errorf("\n got %+v\nwant %+v", got, want)
			}
			if err := v.verifyAssertion(to.signIn()); err != nil {
				t.Errorf("signing in with the moved passkey: %v", err)
			}
			if again := to.secrets(to.agreed(pinuv.Two), v.id, true, salt); !reflect.DeepEqual(secret, again) {
				t.Errorf("the secret of a salt was %x and is %x", secret, again)
			}
		})
	}
}

// A relying party has seen zero, and a manager must not begin to count (CXF 1.0, passkey).
func TestAnImportedPasskeyNeverCounts(t *testing.T) {
	from := newStage(t, eligible)
	from.register("ada")
	to, _ := handOver(t, from, eligible)
	to.signIn()
	if v := to.view(to.signIn().AuthData); v.count != 0 {
		t.Errorf("the counter is %d", v.count)
	}
	if _, stayed := to.ExportAccount(t.Context()); stayed != nil {
		t.Errorf("it cannot move on: %+v", stayed)
	}
}

func TestWhatStays(t *testing.T) {
	for name, c := range map[string]struct {
		model   virtualauth.Model
		prepare func(*stage)
		account error // in the Credential Exchange Format
		all     error // as a Portable
	}{
		"a passkey that has not counted": {eligible, func(s *stage) { s.register("ada") }, nil, nil},
		"a passkey that has counted":     {eligible, func(s *stage) { s.register("ada"); s.signIn() }, virtualauth.ErrCounted, nil},
		"one that is not discoverable": {eligible, func(s *stage) {
			_, err := s.registerAt(rpID, "ada", notDiscoverable)
			s.must("register", err)
		}, virtualauth.ErrNotDiscoverable, nil},
		"a device-bound one": {virtualauth.Model{}, func(s *stage) { s.register("ada") }, virtualauth.ErrDeviceBound, virtualauth.ErrDeviceBound},
	} {
		t.Run(name, func(t *testing.T) {
			s := newStage(t, c.model)
			c.prepare(s)
			account, stayed := s.ExportAccount(t.Context())
			expectOne(t, len(account.Items), stayed, c.account)
			all, stayed := s.ExportAll(t.Context())
			expectOne(t, len(all), stayed, c.all)
		})
	}
}

// expectOne insists on one credential that was exported, or stayed for a reason.
func expectOne(t *testing.T, exported int, stayed []virtualauth.Stayed, why error) {
	t.Helper()
	if why == nil && (exported != 1 || stayed != nil) {
		t.Errorf("exported %d, stayed %+v", exported, stayed)
	}
	if why != nil && (exported != 0 || len(stayed) != 1 || !errors.Is(stayed[0].Err, why) || stayed[0].Credential.UserName != "ada") {
		t.Errorf("exported %d, stayed %+v, want %v", exported, stayed, why)
	}
}

func TestWhatCannotBeImportedIsNamed(t *testing.T) {
	from := newStage(t, manager)
	_, err := from.registerAt(rpID, "ada", verified, with(cose.EdDSA))
	from.must("register", err)
	from.register("bea")
	account, _ := from.ExportAccount(t.Context())
	account.Items = append(account.Items, cxf.Item{Credentials: []cxf.Credential{{Other: []byte(`{"type":"note"}`)}}})
	to := newStage(t, eligible) // ES256 alone
	for i, want := range [][]error{{keystore.ErrMalformedKey}, {keystore.ErrMalformedKey, virtualauth.ErrCredentialExists}} {
		stayed := to.ImportAccount(t.Context(), account)
		if len(stayed) != len(want) || stayed[0].Credential.UserName != "ada" {
			t.Fatalf("import %d: %+v", i, stayed)
		}
		for j := range want {
			if !errors.Is(stayed[j].Err, want[j]) {
				t.Errorf("import %d: %v, want %v", i, stayed[j].Err, want[j])
			}
		}
	}
	if got := to.Credentials(); len(got) != 1 || got[0].UserName != "bea" || got[0].CreatedAt.IsZero() {
		t.Errorf("imported %+v", got)
	}
	account.Items[1].CreatedAt = time.Time{}
	account.Items[1].Credentials[0].Passkey.CredentialID = []byte("another")
	to.ImportAccount(t.Context(), cxf.Account{Items: account.Items[1:2]})
	if got := to.Credentials(); len(got) != 2 || !got[1].CreatedAt.Equal(to.clock.Now()) {
		t.Errorf("a passkey without a time of creation: %+v", got)
	}
}

// keysOnly is a key store whose keys may leave it and whose secrets may not.
type keysOnly struct {
	keystore.KeyStore
	keystore.Exporter
	keystore.Importer
}

func TestSecretsMoveOrTheCredentialStays(t *testing.T) {
	from := newStage(t, manager)
	id := from.enrolled(rpID, "ada", verified, withInputs(t, map[string]any{"hmac-secret": true}))
	portable, err := from.Export(t.Context(), id)
	from.must("export", err)
	soft := keystore.NewSoftware(seeded(4))
	counted := &counted{Software: soft}
	world := virtualauth.World{Clock: from.clock, Rand: seeded(3), Keys: keysOnly{counted, counted, counted}}
	sealed := newStage(t, manager)
	sealed.Authenticator = virtualauth.New(manager, world)
	if err := sealed.Import(t.Context(), portable); !errors.Is(err, virtualauth.ErrKeysStay) {
		t.Errorf("import: %v", err)
	}
	own := sealed.enrolled(rpID, "bea", verified, withInputs(t, map[string]any{"hmac-secret": true}))
	if _, err := sealed.Export(t.Context(), own); !errors.Is(err, virtualauth.ErrKeysStay) {
		t.Errorf("export: %v", err)
	}
	for name, secrets := range map[string]virtualauth.Secrets{
		"the first": {WithUV: []byte{1}, WithoutUV: make([]byte, 32)}, "the second": {WithUV: make([]byte, 32), WithoutUV: []byte{1}},
	} {
		world.Keys = counted
		counted.keys = 0
		portable.Secrets = &secrets
		to := virtualauth.New(manager, world)
		if err := to.Import(t.Context(), portable); !errors.Is(err, keystore.ErrMalformedKey) || len(to.Credentials()) != 0 {
			t.Errorf("%s secret is too short: %v", name, err)
		}
	}
}

func TestSecretsOfASoftwareStoreMove(t *testing.T) {
	ctx := context.Background()
	from, to := keystore.NewSoftware(seeded(1)), keystore.NewSoftware(seeded(2))
	handle, err := from.CreateSecret(ctx)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := from.ExportSecret(ctx, handle)
	if err != nil {
		t.Fatal(err)
	}
	moved, err := to.ImportSecret(ctx, secret)
	if err != nil {
		t.Fatal(err)
	}
	clear(secret) // the store has its own copy
	first, _ := from.HMAC(ctx, handle, []byte("message"))
	second, err := to.HMAC(ctx, moved, []byte("message"))
	if err != nil || !bytes.Equal(first, second) {
		t.Errorf("%v: %x, then %x", err, first, second)
	}
	if _, err := to.ExportSecret(ctx, handle); !errors.Is(err, keystore.ErrUnknownHandle) {
		t.Errorf("a secret of another store: %v", err)
	}
}
