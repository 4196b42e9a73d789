package keystoretest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/passkeylab/passkeylab/virtualauth/cose"
	"github.com/passkeylab/passkeylab/virtualauth/keystore"
)

// honoursContext gives every operation a context that has ended.
func honoursContext(t *testing.T, store keystore.KeyStore, algorithm cose.Algorithm) {
	handle, key := create(t, store, algorithm)
	secret := createSecret(t, store)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	uses := map[string]func() error{
		"Create":       func() error { _, _, err := store.Create(ctx, algorithm); return err },
		"Sign":         func() error { _, err := store.Sign(ctx, handle, nil); return err },
		"CreateSecret": func() error { _, err := store.CreateSecret(ctx); return err },
		"HMAC":         func() error { _, err := store.HMAC(ctx, secret, nil); return err },
	}
	if exporter, able := store.(keystore.Exporter); able {
		uses["Export"] = func() error { _, err := exporter.Export(ctx, handle); return err }
	}
	if importer, able := store.(keystore.Importer); able {
		uses["Import"] = func() error { _, _, err := importer.Import(ctx, algorithm, nil); return err }
	}
	if certifier, able := store.(keystore.Certifier); able {
		uses["AttestationKey"] = func() error { _, err := certifier.AttestationKey(ctx); return err }
		uses["Certify"] = func() error { _, err := certifier.Certify(ctx, handle, nil); return err }
	}
	if exporter, able := store.(keystore.SecretExporter); able {
		uses["ExportSecret"] = func() error { _, err := exporter.ExportSecret(ctx, secret); return err }
	}
	if importer, able := store.(keystore.SecretImporter); able {
		uses["ImportSecret"] = func() error { _, err := importer.ImportSecret(ctx, nil); return err }
	}
	if checker, able := store.(keystore.Checker); able {
		uses["Check"] = func() error { return checker.Check(ctx, handle) }
	}
	for name, use := range uses {
		if err := use(); !errors.Is(err, context.Canceled) {
			t.Errorf("%s when the context has ended: %v, want context.Canceled", name, err)
		}
	}
	signsFor(t, store, handle, key)
	if err := store.Delete(ctx, handle); err != nil {
		t.Errorf("Delete when the context has ended: %v", err)
	}
	refuses(t, store, handle, "the deleted key")
}

const crowd = 64

// concurs has many live the whole life of a key and of a secret at the same time.
func concurs(t *testing.T, store keystore.KeyStore, algorithm cose.Algorithm) {
	shared, key := create(t, store, algorithm)
	start := make(chan struct{})
	var workers sync.WaitGroup
	for i := range crowd {
		workers.Go(func() {
			<-start
			if err := live(t.Context(), store, algorithm); err != nil {
				t.Error(err)
			}
			message := fmt.Appendf(nil, "message %d", i)
			signature, err := store.Sign(t.Context(), shared, message)
			if err == nil {
				err = Verify(key, message, signature)
			}
			if err != nil {
				t.Errorf("with the shared key: %v", err)
			}
		})
	}
	close(start)
	workers.Wait()
}

func live(ctx context.Context, store keystore.KeyStore, algorithm cose.Algorithm) error {
	handle, key, err := store.Create(ctx, algorithm)
	if err != nil {
		return err
	}
	secret, err := store.CreateSecret(ctx)
	if err != nil {
		return err
	}
	before, err := store.HMAC(ctx, secret, []byte("message"))
	if err != nil {
		return err
	}
	signature, err := store.Sign(ctx, handle, []byte("message"))
	if err != nil {
		return err
	}
	after, err := store.HMAC(ctx, secret, []byte("message"))
	if err != nil || !bytes.Equal(before, after) {
		return fmt.Errorf("HMAC gave %x and then %x: %w", before, after, err)
	}
	return errors.Join(Verify(key, []byte("message"), signature), store.Delete(ctx, handle), store.Delete(ctx, secret))
}

func survives(t *testing.T, s Subject) {
	if s.Reopen == nil {
		t.Skip("the handles of this store do not survive a restart")
	}
	store := s.New(t)
	secret := createSecret(t, store)
	before := code(t, store, secret, []byte("message"))
	handles, keys := make([]keystore.Handle, len(s.Algorithms)), make([]cose.Key, len(s.Algorithms))
	for i, algorithm := range s.Algorithms {
		handles[i], keys[i] = create(t, store, algorithm)
	}
	store = s.Reopen(t, store)
	for i := range handles {
		signsFor(t, store, handles[i], keys[i])
	}
	if after := code(t, store, secret, []byte("message")); !bytes.Equal(before, after) {
		t.Errorf("the secret gave %x and after the restart %x", before, after)
	}
	if err := store.Delete(t.Context(), handles[0]); err != nil {
		t.Errorf("Delete after the restart: %v", err)
	}
	refuses(t, store, handles[0], "a key deleted after the restart")
	handle, key := create(t, store, s.Algorithms[0])
	signsFor(t, store, handle, key)
}

func fails(t *testing.T, s Subject) {
	if s.Broken == nil {
		t.Skip("nothing around this store can fail")
	}
	store := s.Broken(t)
	handle, _, err := store.Create(t.Context(), s.Algorithms[0])
	isPlainFailure(t, "Create", handle, err)
	handle, err = store.CreateSecret(t.Context())
	isPlainFailure(t, "CreateSecret", handle, err)
}

// isPlainFailure fails unless err is one, and none that callers take for an answer.
func isPlainFailure(t *testing.T, operation string, handle keystore.Handle, err error) {
	t.Helper()
	if err == nil || handle != nil || errors.Is(err, keystore.ErrUnsupportedAlgorithm) || errors.Is(err, keystore.ErrUnknownHandle) {
		t.Errorf("%s of a broken store: %x, %v", operation, handle, err)
	}
}
