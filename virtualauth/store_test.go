package virtualauth_test

import (
	"context"
	"errors"
	"io"
	"maps"
	"path/filepath"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/passkeylab/passkeylab/virtualauth"
	"github.com/passkeylab/passkeylab/virtualauth/ctap2"
	"github.com/passkeylab/passkeylab/virtualauth/keystore"
	"github.com/passkeylab/passkeylab/virtualauth/pinuv"
	"github.com/passkeylab/passkeylab/virtualauth/vaultfile"
)

var _ virtualauth.Store = (*vaultfile.File)(nil)

// shelf is a Store in memory that can be told to fail.
type shelf struct {
	values  map[string][]byte
	failing error
	saves   int
}

func (s *shelf) Load(context.Context) (map[string][]byte, error) {
	return maps.Clone(s.values), s.failing
}

func (s *shelf) Save(_ context.Context, changes map[string][]byte) error {
	if s.failing != nil {
		return s.failing
	}
	s.saves++
	for name, value := range changes {
		if value == nil {
			delete(s.values, name)
		} else {
			s.values[name] = value
		}
	}
	return nil
}

// durable is a stage whose authenticator can be started again. Its keys outlive it, as those of a TPM do.
type durable struct {
	*stage
	model virtualauth.Model
	world virtualauth.World
}

func newDurable(t *testing.T, model virtualauth.Model, store virtualauth.Store) *durable {
	d := &durable{stage: newStage(t, model), model: model}
	random := seeded(9)
	d.world = virtualauth.World{
		User: d.person, Clock: d.clock, Rand: random, Store: store, Keys: &counted{Software: keystore.NewSoftware(random)},
	}
	d.restart()
	return d
}

func (d *durable) restart() {
	d.t.Helper()
	a, err := virtualauth.Open(d.t.Context(), d.model, d.world)
	if err != nil {
		d.t.Fatal(err)
	}
	d.Authenticator = a
}

// moves are all ways in which a credential changes for good. Each is prepared, and then done, with one of ada's here.
var moves = []struct {
	name    string
	prepare func(d *durable) (do func() error)
}{
	{"another credential is made", func(d *durable) func() error {
		return func() error {
			_, err := ctap2.MakeCredential(d.t.Context(), d, registration("bea"))
			return err
		}
	}},
	{"her credential is replaced", func(d *durable) func() error {
		return func() error {
			_, err := ctap2.MakeCredential(d.t.Context(), d, registration("ada"))
			return err
		}
	}},
	{"she signs in", func(d *durable) func() error {
		return func() error {
			_, err := ctap2.GetAssertion(d.t.Context(), d, authentication())
			return err
		}
	}},
	{"it is backed up", func(d *durable) func() error {
		return func() error { return d.SetBackedUp(d.Credentials()[0].ID, true) }
	}},
	{"it is deleted by its owner", func(d *durable) func() error {
		return func() error { return d.Delete(d.Credentials()[0].ID) }
	}},
	{"it is deleted by a platform", func(d *durable) func() error {
		token := d.token(pinuv.CM, "")
		return func() error {
			_, err := d.manage(token, ctap2.DeleteCredential, ofCredential(d.Credentials()[0].ID))
			return err
		}
	}},
	{"it is renamed", func(d *durable) func() error {
		token, parameters := d.token(pinuv.CM, ""), ofCredential(d.Credentials()[0].ID)
		parameters.User = &ctap2.User{ID: d.Credentials()[0].UserHandle, Name: "lovelace"}
		return func() error {
			_, err := d.manage(token, ctap2.UpdateUserInformation, parameters)
			return err
		}
	}},
	{"its large blob is written", func(d *durable) func() error {
		return func() error {
			_, err := ctap2.GetAssertion(d.t.Context(), d, assertion(d.Credentials()[0].ID, inputs(d.t, map[string]any{
				"largeBlob": map[string]any{"write": []byte("compressed"), "originalSize": 99},
			})))
			return err
		}
	}},
	{"another is imported", func(d *durable) func() error {
		from := newStage(d.t, eligible)
		portable, err := from.Export(d.t.Context(), from.register("cea").id)
		portable.ID = []byte("imported")
		return func() error { return errors.Join(err, d.Import(d.t.Context(), portable)) }
	}},
	{"it is reset", func(d *durable) func() error {
		return func() error { return ctap2.Reset(d.t.Context(), d) }
	}},
}

var (
	eligible = virtualauth.Model{Backup: virtualauth.NotBackedUpYet}
	// manifold is eligible, with all that the moves need.
	manifold = virtualauth.Model{
		Backup: virtualauth.NotBackedUpYet, PIN: virtualauth.PINModel{Supported: true}, CredentialManagement: true,
		Extensions: []string{"largeBlob", "hmac-secret"}, Storage: virtualauth.StorageModel{LargeBlobForAll: true},
	}
)

func TestWhatChangesSurvivesARestart(t *testing.T) {
	for _, move := range moves {
		t.Run(move.name, func(t *testing.T) {
			o := vaultfile.Options{Path: filepath.Join(t.TempDir(), "vault"), Key: make([]byte, 32), Rand: seeded(8)}
			file, err := vaultfile.Open(o)
			if err != nil {
				t.Fatal(err)
			}
			d := newDurable(t, manifold, file)
			d.register("ada")
			do, before := move.prepare(d), d.Credentials()
			d.clock.Move(time.Second)
			if err := do(); err != nil {
				t.Fatal(err)
			}
			want := d.Credentials()
			if reflect.DeepEqual(want, before) {
				t.Fatal("nothing has changed: this would prove nothing")
			}
			if err := file.Close(); err != nil { // as the end of a process does
				t.Fatal(err)
			}
			if d.world.Store, err = vaultfile.Open(o); err != nil {
				t.Fatal(err)
			}
			d.restart()
			if got := d.Credentials(); !reflect.DeepEqual(got, want) {
				t.Errorf("\n got %+v\nwant %+v", got, want)
			}
			for _, c := range want {
				request := authentication()
				request.AllowList = []ctap2.Descriptor{{ID: c.ID, Type: ctap2.PublicKey}}
				response, err := ctap2.GetAssertion(t.Context(), d, request)
				if err != nil || d.view(response.AuthData).count != c.SignCount+1 {
					t.Errorf("signing in as %s: %v", c.UserName, err)
				}
			}
		})
	}
}

// A store that fails is a process that is killed just before the record is durable: nothing may be acknowledged, nothing changed,
// and no key left behind.
func TestNothingIsAnsweredThatIsNotStored(t *testing.T) {

	for _, move := range moves {
		t.Run(move.name, func(t *testing.T) {
			store := &shelf{values: map[string][]byte{}}
			d := newDurable(t, manifold, store)
			d.register("ada")
			do, before := move.prepare(d), d.Credentials()
			store.failing = errBroken
			if err := do(); !errors.Is(err, errBroken) {
				t.Errorf("got %v, want the store's own error", err)
			}
			if got := d.Credentials(); !reflect.DeepEqual(got, before) {
				t.Errorf("changed to %+v", got)
			}
			if keys := d.world.Keys.(*counted).keys; keys != 1 {
				t.Errorf("%d keys, want 1", keys)
			}
			store.failing = nil
			d.restart()
			if got := d.Credentials(); !reflect.DeepEqual(got, before) {
				t.Errorf("after a restart %+v", got)
			}
			d.signIn()
		})
	}
}

// The secrets of hmac-secret live in the key store and their handles in the store: what a salt gives stays the same.
func TestSecretsSurviveARestart(t *testing.T) {
	d := newDurable(t, manifold, &shelf{values: map[string][]byte{}})
	id := d.enrolled(rpID, "ada", verified, withInputs(t, map[string]any{"hmac-secret": true}))
	salt := make([]byte, 32)
	first := d.secrets(d.agreed(pinuv.Two), id, false, salt)
	d.restart()
	if again := d.secrets(d.agreed(pinuv.Two), id, false, salt); len(first) != 1 || !reflect.DeepEqual(first, again) {
		t.Errorf("before %x, after %x", first, again)
	}
}

// secretless is a key store that has lost its secrets and kept its keys.
type secretless struct {
	*keystore.Software
	secrets []keystore.Handle
}

func (s *secretless) CreateSecret(ctx context.Context) (keystore.Handle, error) {
	handle, err := s.Software.CreateSecret(ctx)
	s.secrets = append(s.secrets, handle)
	return handle, err
}

func TestACredentialWithoutItsSecretsIsLost(t *testing.T) {
	d := newDurable(t, manifold, &shelf{values: map[string][]byte{}})
	keys := &secretless{Software: keystore.NewSoftware(seeded(10))}
	d.world.Keys = keys
	d.restart()
	d.enrolled(rpID, "ada", verified, withInputs(t, map[string]any{"hmac-secret": true}))
	d.restart()
	if err := keys.Delete(t.Context(), keys.secrets[1]); err != nil {
		t.Fatal(err)
	}
	if _, err := virtualauth.Open(t.Context(), d.model, d.world); !errors.Is(err, keystore.ErrUnknownHandle) {
		t.Errorf("got %v", err)
	}
}

func TestTheOrderOfCreationSurvives(t *testing.T) {
	d := newDurable(t, virtualauth.Model{}, &shelf{values: map[string][]byte{}})
	for _, user := range []string{"ada", "bea", "cea", "dea", "eva"} {
		d.register(user)
		d.restart()
	}
	var got []string
	for _, c := range d.Credentials() {
		got = append(got, c.UserName)
	}
	if want := []string{"ada", "bea", "cea", "dea", "eva"}; !slices.Equal(got, want) {
		t.Errorf("got %q", got)
	}
}

func TestAStoreIsOpenedBeforeItIsUsed(t *testing.T) {
	store := &shelf{values: map[string][]byte{}}
	d := newDurable(t, eligible, store)
	portable, err := d.Export(t.Context(), d.register("ada").id)
	if err != nil {
		t.Fatal(err)
	}
	unopened := virtualauth.New(d.model, d.world)
	if err := ctap2.Selection(t.Context(), unopened); !errors.Is(err, virtualauth.ErrNotOpened) {
		t.Errorf("a request: %v", err)
	}
	if err := unopened.Import(t.Context(), portable); !errors.Is(err, virtualauth.ErrNotOpened) {
		t.Errorf("an import: %v", err)
	}
	store.failing = io.ErrUnexpectedEOF
	if a, err := virtualauth.Open(t.Context(), d.model, d.world); !errors.Is(err, io.ErrUnexpectedEOF) || a != nil {
		t.Errorf("a store that cannot be loaded: %v, %v", a, err)
	}
	d.world.Store = nil
	var missing *virtualauth.WorldError
	if a, err := virtualauth.Open(t.Context(), d.model, d.world); !errors.As(err, &missing) || missing.Missing != "Store" || a != nil {
		t.Errorf("no store: %v, %v", a, err)
	}
}
