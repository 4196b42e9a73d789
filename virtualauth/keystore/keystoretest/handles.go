package keystoretest

import (
	"errors"
	"slices"
	"testing"

	"github.com/passkeylab/passkeylab/virtualauth/cose"
	"github.com/passkeylab/passkeylab/virtualauth/keystore"
)

// refuses fails unless every operation calls a handle unknown.
func refuses(t *testing.T, store keystore.KeyStore, handle keystore.Handle, what string) {
	t.Helper()
	uses := map[string]func() error{
		"Sign":   func() error { _, err := store.Sign(t.Context(), handle, nil); return err },
		"HMAC":   func() error { _, err := store.HMAC(t.Context(), handle, nil); return err },
		"Delete": func() error { return store.Delete(t.Context(), handle) },
	}
	if exporter, able := store.(keystore.Exporter); able {
		uses["Export"] = func() error { _, err := exporter.Export(t.Context(), handle); return err }
	}
	if certifier, able := store.(keystore.Certifier); able {
		uses["Certify"] = func() error { _, err := certifier.Certify(t.Context(), handle, nil); return err }
	}
	if checker, able := store.(keystore.Checker); able {
		uses["Check"] = func() error { return checker.Check(t.Context(), handle) }
	}
	if exporter, able := store.(keystore.SecretExporter); able {
		uses["ExportSecret"] = func() error { _, err := exporter.ExportSecret(t.Context(), handle); return err }
	}
	for name, use := range uses {
		if err := use(); !errors.Is(err, keystore.ErrUnknownHandle) {
			t.Errorf("%s with %s: %v, want ErrUnknownHandle", name, what, err)
		}
	}
}

// checks asks a store that can tell whether it has the key or the secret of a handle.
func checks(t *testing.T, store keystore.KeyStore, handle keystore.Handle) {
	t.Helper()
	if checker, able := store.(keystore.Checker); able {
		if err := checker.Check(t.Context(), handle); err != nil {
			t.Errorf("Check of a handle that is in use: %v", err)
		}
	}
}

func refusesNonsense(t *testing.T, store keystore.KeyStore) {
	refuses(t, store, nil, "no handle")
	refuses(t, store, keystore.Handle{}, "an empty handle")
	refuses(t, store, keystore.Handle{1, 2, 3}, "a short handle")
	refuses(t, store, make(keystore.Handle, 4096), "4096 zero bytes")
}

// refusesChanged flips one bit in each byte of a handle, cuts it off everywhere, and makes it longer.
func refusesChanged(t *testing.T, store keystore.KeyStore, algorithm cose.Algorithm) {
	key, public := create(t, store, algorithm)
	secret := createSecret(t, store)
	before := code(t, store, secret, nil)
	for name, handle := range map[string]keystore.Handle{"a key": key, "a secret": secret} {
		for i := range handle {
			flipped := slices.Clone(handle)
			flipped[i] ^= 1 << (i % 8)
			refuses(t, store, flipped, name+"'s handle with a flipped bit")
			refuses(t, store, handle[:i:i], name+"'s handle cut short")
			if t.Failed() {
				t.Fatalf("at byte %d of %d", i, len(handle))
			}
		}
		refuses(t, store, append(slices.Clone(handle), 0), name+"'s handle with a byte behind it")
		refuses(t, store, append(slices.Clone(handle), handle...), name+"'s handle twice")
	}
	signsFor(t, store, key, public)
	if !slices.Equal(before, code(t, store, secret, nil)) {
		t.Error("the secret is another one now")
	}
}

// refusesForeign has the stores one after the other, since not every process can have two of a kind.
func refusesForeign(t *testing.T, s Subject) {
	var key, secret keystore.Handle
	t.Run("one", func(t *testing.T) {
		store := s.New(t)
		key, _ = create(t, store, s.Algorithms[0])
		secret = createSecret(t, store)
	})
	t.Run("another", func(t *testing.T) {
		store := s.New(t)
		refuses(t, store, key, "another store's key")
		refuses(t, store, secret, "another store's secret")
	})
}
