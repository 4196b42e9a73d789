package virtualauth_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/passkeylab/passkeylab/virtualauth"
	"github.com/passkeylab/passkeylab/virtualauth/cose"
	"github.com/passkeylab/passkeylab/virtualauth/ctap2"
	"github.com/passkeylab/passkeylab/virtualauth/keystore"
)

// forgetful is a key store that has lost its first key once it is told to.
type forgetful struct {
	*keystore.Software
	first keystore.Handle
	lost  bool
}

func (f *forgetful) Create(ctx context.Context, algorithm cose.Algorithm) (keystore.Handle, cose.Key, error) {
	handle, key, err := f.Software.Create(ctx, algorithm)
	if f.first == nil {
		f.first = handle
	}
	return handle, key, err
}

func (f *forgetful) Check(ctx context.Context, handle keystore.Handle) error {
	if f.lost && bytes.Equal(handle, f.first) {
		return keystore.ErrUnknownHandle
	}
	return f.Software.Check(ctx, handle)
}

// spoilt is a stage with the credentials of ada, whose key is gone, of bea, whose value is junk, and of cea.
func spoilt(t *testing.T) (d *durable, store *shelf, ids [][]byte) {
	t.Helper()
	store = &shelf{values: map[string][]byte{}}
	d = newDurable(t, virtualauth.Model{}, store)
	keys := &forgetful{Software: keystore.NewSoftware(seeded(10))}
	d.world.Keys = keys
	d.restart()
	for _, user := range []string{"ada", "bea", "cea"} {
		ids = append(ids, d.register(user).id)
	}
	for name := range store.values {
		if strings.HasSuffix(name, fmt.Sprintf("%x", ids[1])) {
			store.values[name] = []byte("junk")
		}
	}
	keys.lost = true
	return d, store, ids
}

func TestWhatCannotBeTakenUpAgainIsNamedAndHarmsNothingElse(t *testing.T) {
	d, store, ids := spoilt(t)
	a, err := virtualauth.Open(t.Context(), d.model, d.world)
	var failed *virtualauth.OpenError
	if !errors.As(err, &failed) || !errors.Is(err, virtualauth.ErrUnreadable) || !errors.Is(err, keystore.ErrUnknownHandle) {
		t.Fatalf("got %v", err)
	}
	if len(failed.Lost) != 2 || failed.Lost[0].Credential.ID != nil || failed.Lost[1].Credential.UserName != "ada" {
		t.Errorf("lost %+v", failed.Lost)
	}
	for _, want := range []string{fmt.Sprintf("%x", ids[1]), "1 more"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q does not say %q", err, want)
		}
	}
	failed.Lost = failed.Lost[1:]
	for _, want := range []string{"ada at login.example", "in memory"} {
		if !strings.Contains(failed.Error(), want) {
			t.Errorf("%q does not say %q", failed, want)
		}
	}
	d.Authenticator = a
	if got := d.Credentials(); len(got) != 1 || got[0].UserName != "cea" {
		t.Errorf("credentials %+v", got)
	}
	d.signIn()
	d.register("dea")
	if len(store.values) != 5 {
		t.Errorf("the store holds %d values, want all 4 credentials and the settings", len(store.values))
	}
	// With its key back, the credential is back in its old place.
	d.world.Keys.(*forgetful).lost = false
	d.Authenticator, err = virtualauth.Open(t.Context(), d.model, d.world)
	if got := d.Credentials(); !errors.Is(err, virtualauth.ErrUnreadable) || len(got) != 3 || got[0].UserName != "ada" || got[2].UserName != "dea" {
		t.Errorf("%v: credentials %+v", err, got)
	}
}

func TestALostCredentialKeepsItsPlace(t *testing.T) {
	d := newDurable(t, virtualauth.Model{}, &shelf{values: map[string][]byte{}})
	keys := &forgetful{Software: keystore.NewSoftware(seeded(10)), lost: true}
	d.world.Keys = keys
	d.restart()
	for _, user := range []string{"ada", "bea", "cea"} {
		d.register(user)
		d.Authenticator, _ = virtualauth.Open(t.Context(), d.model, d.world) // without ada
	}
	keys.lost = false
	for range 20 { // two in one place would come in either order
		d.restart()
		var got []string
		for _, c := range d.Credentials() {
			got = append(got, c.UserName)
		}
		if want := []string{"ada", "bea", "cea"}; !slices.Equal(got, want) {
			t.Fatalf("got %q", got)
		}
	}
}

func TestWhatCannotBeTakenUpAgainCanBeForgotten(t *testing.T) {
	for _, c := range []struct {
		name string
		do   func(d *durable, ids [][]byte) error
		left int
	}{
		{"deleted", func(d *durable, ids [][]byte) error { return errors.Join(d.Delete(ids[0]), d.Delete(ids[1])) }, 1},
		{"reset", func(d *durable, _ [][]byte) error { return ctap2.Reset(d.t.Context(), d) }, 0},
		{"imported anew", func(d *durable, ids [][]byte) error {
			from := newStage(d.t, eligible)
			portable, err := from.Export(d.t.Context(), from.register("cea").id)
			for _, id := range ids[:2] {
				portable.ID = id
				err = errors.Join(err, d.Import(d.t.Context(), portable))
			}
			return err
		}, 3},
	} {
		t.Run(c.name, func(t *testing.T) {
			d, store, ids := spoilt(t)
			d.Authenticator, _ = virtualauth.Open(t.Context(), d.model, d.world) // the test above looks at its error
			if err := c.do(d, ids); err != nil {
				t.Fatal(err)
			}
			if len(store.values) != c.left+1 { // and the settings
				t.Errorf("the store holds %d values, want %d", len(store.values), c.left+1)
			}
			if err := d.Delete([]byte("never there")); !errors.Is(err, virtualauth.ErrUnknownCredential) {
				t.Errorf("deleting what was never there: %v", err)
			}
			again, err := virtualauth.Open(t.Context(), d.model, d.world)
			if err != nil || len(again.Credentials()) != c.left {
				t.Errorf("%v: %d credentials, want %d", err, len(again.Credentials()), c.left)
			}
			_ = d.Delete(ids[0])
			if err := d.Delete(ids[0]); !errors.Is(err, virtualauth.ErrUnknownCredential) {
				t.Errorf("deleting what is gone: %v", err)
			}
		})
	}
}

func TestKeysInMemoryDoNotSurvive(t *testing.T) {
	store := &shelf{values: map[string][]byte{}}
	d := newDurable(t, virtualauth.Model{}, store)
	d.world.Keys = nil // a software store of its own
	d.restart()
	d.register("ada")
	a, err := virtualauth.Open(t.Context(), d.model, d.world)
	if !errors.Is(err, keystore.ErrUnknownHandle) || a == nil || len(a.Credentials()) != 0 {
		t.Errorf("got %v, %v", a, err)
	}
}

func TestAStoredCredentialUnderAnotherNameIsUnreadable(t *testing.T) {
	store := &shelf{values: map[string][]byte{}}
	d := newDurable(t, virtualauth.Model{}, store)
	d.register("ada")
	for name, value := range maps.Clone(store.values) {
		store.values[name+"00"], store.values["something else"] = value, []byte("of somebody else")
	}
	a, err := virtualauth.Open(t.Context(), d.model, d.world)
	var failed *virtualauth.OpenError
	if !errors.As(err, &failed) || len(failed.Lost) != 1 || !errors.Is(err, virtualauth.ErrUnreadable) || len(a.Credentials()) != 1 {
		t.Errorf("got %v", err)
	}
}
