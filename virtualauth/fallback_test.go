package virtualauth_test

import (
	"errors"
	"maps"
	"reflect"
	"testing"

	"github.com/passkeylab/passkeylab/virtualauth"
	"github.com/passkeylab/passkeylab/virtualauth/cose"
	"github.com/passkeylab/passkeylab/virtualauth/ctap2"
	"github.com/passkeylab/passkeylab/virtualauth/keystore"
)

// mixed is a model with an algorithm that its main key store lacks.
var mixed = virtualauth.Model{Algorithms: []cose.Algorithm{cose.ES256, cose.EdDSA}, SoftwareFallback: true}

// sealedFallback is what another process makes of the same secret.
func sealedFallback() keystore.KeyStore { return keystore.NewSealed(seeded(11), [32]byte{7}) }

// newMixed is a stage with a credential of ada's in the main key store, and one of bea's in the fallback.
func newMixed(t *testing.T) (d *durable, store *shelf, ada, bea view) {
	t.Helper()
	store = &shelf{values: map[string][]byte{}}
	d = &durable{stage: newStage(t, mixed), model: mixed}
	d.world = virtualauth.World{
		User: d.person, Clock: d.clock, Rand: seeded(9), Store: store, Keys: newOnlyES256(), Fallback: sealedFallback(),
	}
	d.restart()
	ada = d.register("ada")
	made, err := d.registerAt(rpID, "bea", verified, with(cose.EdDSA))
	d.must("register bea", err)
	return d, store, ada, d.view(made.AuthData)
}

func TestKeysOfTheFallbackSurviveARestart(t *testing.T) {
	d, _, ada, bea := newMixed(t)
	want := d.Credentials()
	d.world.Fallback = sealedFallback()
	d.restart()
	if got := d.Credentials(); !reflect.DeepEqual(got, want) {
		t.Errorf("\n got %+v\nwant %+v", got, want)
	}
	for name, v := range map[string]view{"ada": ada, "bea": bea} {
		response, err := ctap2.GetAssertion(t.Context(), d, assertion(v.id, nil))
		d.must("sign in as "+name, err)
		if err := v.verifyAssertion(response); err != nil {
			t.Errorf("signing in as %s: %v", name, err)
		}
	}
}

// A fallback in memory beside a store would lose what it makes, and nobody would have asked for that.
func TestAFallbackThatIsNotGivenIsNotInventedBesideAStore(t *testing.T) {
	d, store, _, _ := newMixed(t)
	before := maps.Clone(store.values)
	given := d.world.Fallback
	d.world.Fallback = nil
	var missing *virtualauth.WorldError
	if a, err := virtualauth.Open(t.Context(), mixed, d.world); !errors.As(err, &missing) || missing.Missing != "Fallback" || a != nil {
		t.Errorf("got %v, %v", a, err)
	}
	if !reflect.DeepEqual(store.values, before) {
		t.Error("the store was written to")
	}
	d.world.Store = nil // nothing durable is promised
	if _, err := virtualauth.New(mixed, d.world).Exchange(t.Context(), []byte{byte(ctap2.CommandGetInfo)}); err != nil {
		t.Errorf("without a store: %v", err)
	}
	d.world.Store, d.world.Fallback = store, given
	d.restart()
}

func TestAModelThatLosesItsFallbackSaysWhatIsLeftOut(t *testing.T) {
	d, store, ada, _ := newMixed(t)
	plain := mixed
	plain.SoftwareFallback = false
	a, err := virtualauth.Open(t.Context(), plain, d.world)
	var failed *virtualauth.OpenError
	if !errors.As(err, &failed) || !errors.Is(err, keystore.ErrUnknownHandle) || len(failed.Lost) != 1 || failed.Lost[0].Credential.UserName != "bea" {
		t.Fatalf("got %v", err)
	}
	d.Authenticator = a
	if err := ada.verifyAssertion(d.signIn()); err != nil {
		t.Error(err)
	}
	if len(store.values) != 3 { // and the settings
		t.Errorf("the store holds %d values", len(store.values))
	}
	d.restart()
	if got := d.Credentials(); len(got) != 2 || got[1].UserName != "bea" {
		t.Errorf("with the fallback again: %+v", got)
	}
}
