package keystoretest

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"errors"
	"testing"

	"github.com/passkeylab/passkeylab/virtualauth/cose"
	"github.com/passkeylab/passkeylab/virtualauth/keystore"
)

const codeLength = 32 // bytes of HMAC-SHA-256

func createSecret(t *testing.T, store keystore.KeyStore) keystore.Handle {
	t.Helper()
	handle, err := store.CreateSecret(t.Context())
	if err != nil {
		t.Fatalf("CreateSecret: %v", err)
	}
	if len(handle) == 0 {
		t.Fatal("CreateSecret gave an empty handle")
	}
	return handle
}

func code(t *testing.T, store keystore.KeyStore, handle keystore.Handle, message []byte) []byte {
	t.Helper()
	checks(t, store, handle)
	mac, err := store.HMAC(t.Context(), handle, message)
	if err != nil {
		t.Fatalf("HMAC(%d bytes): %v", len(message), err)
	}
	if len(mac) != codeLength {
		t.Fatalf("HMAC(%d bytes) has %d bytes, want %d", len(message), len(mac), codeLength)
	}
	return mac
}

// codes holds HMAC to what can be seen from outside: where secrets never leave a store, nobody can compute a code again.
func codes(t *testing.T, store keystore.KeyStore) {
	messages := [][]byte{nil, {0}, bytes.Repeat([]byte{1}, 32), bytes.Repeat([]byte{2}, 64), bytes.Repeat([]byte{3}, 5000)}
	seen := map[string]string{}
	for _, name := range []string{"first", "second"} {
		handle := createSecret(t, store)
		for _, message := range messages {
			mac := code(t, store, handle, message)
			if !bytes.Equal(mac, code(t, store, handle, message)) {
				t.Errorf("the %s secret gives two codes for %d bytes", name, len(message))
			}
			if other, taken := seen[string(mac)]; taken {
				t.Errorf("the %s secret gives for %d bytes what the %s gave for others", name, len(message), other)
			}
			seen[string(mac)] = name
		}
	}
}

// movesSecrets computes a code again with the secret that came out, and has another store compute it.
func movesSecrets(t *testing.T, s Subject) {
	store := s.New(t)
	exporter, able := store.(keystore.SecretExporter)
	if !able {
		t.Skipf("%T does not let secrets leave", store)
	}
	handle, message := createSecret(t, store), []byte("message")
	secret, err := exporter.ExportSecret(t.Context(), handle)
	if err != nil {
		t.Fatalf("ExportSecret: %v", err)
	}
	mac := hmac.New(sha256.New, secret)
	mac.Write(message)
	want := mac.Sum(nil)
	if got := code(t, store, handle, message); !bytes.Equal(got, want) {
		t.Errorf("HMAC gave %x, want %x", got, want)
	}
	other := s.New(t)
	importer, able := other.(keystore.SecretImporter)
	if !able {
		t.Skipf("%T takes no secrets", other)
	}
	moved, err := importer.ImportSecret(t.Context(), secret)
	if err != nil {
		t.Fatalf("ImportSecret: %v", err)
	}
	clear(secret) // neither store may have kept it
	if got := code(t, other, moved, message); !bytes.Equal(got, want) {
		t.Errorf("after the move HMAC gave %x, want %x", got, want)
	}
	if got := code(t, store, handle, message); !bytes.Equal(got, want) {
		t.Errorf("HMAC gave %x once the caller changed the secret it had been given, want %x", got, want)
	}
	for _, length := range []int{0, 31, 33} {
		if _, err := importer.ImportSecret(t.Context(), make([]byte, length)); !errors.Is(err, keystore.ErrMalformedKey) {
			t.Errorf("ImportSecret of %d bytes: %v, want ErrMalformedKey", length, err)
		}
	}
}

func deletesSecrets(t *testing.T, store keystore.KeyStore) {
	handle, other := createSecret(t, store), createSecret(t, store)
	if err := store.Delete(t.Context(), handle); err != nil {
		t.Fatalf("Delete: %v", err)
	}
	refuses(t, store, handle, "a deleted secret")
	code(t, store, other, nil)
}

func keepsKindsApart(t *testing.T, store keystore.KeyStore, algorithm cose.Algorithm) {
	key, _ := create(t, store, algorithm)
	secret := createSecret(t, store)
	if mac, err := store.HMAC(t.Context(), key, nil); !errors.Is(err, keystore.ErrUnknownHandle) {
		t.Errorf("HMAC with a key: %x, %v, want ErrUnknownHandle", mac, err)
	}
	if signature, err := store.Sign(t.Context(), secret, nil); !errors.Is(err, keystore.ErrUnknownHandle) {
		t.Errorf("Sign with a secret: %x, %v, want ErrUnknownHandle", signature, err)
	}
	if exporter, able := store.(keystore.Exporter); able {
		if der, err := exporter.Export(t.Context(), secret); !errors.Is(err, keystore.ErrUnknownHandle) {
			t.Errorf("Export of a secret: %x, %v, want ErrUnknownHandle", der, err)
		}
	}
	if exporter, able := store.(keystore.SecretExporter); able {
		if leaked, err := exporter.ExportSecret(t.Context(), key); !errors.Is(err, keystore.ErrUnknownHandle) {
			t.Errorf("ExportSecret of a key: %x, %v, want ErrUnknownHandle", leaked, err)
		}
	}
	if certifier, able := store.(keystore.Certifier); able {
		if _, err := certifier.Certify(t.Context(), secret, nil); !errors.Is(err, keystore.ErrUnknownHandle) {
			t.Errorf("Certify of a secret: %v, want ErrUnknownHandle", err)
		}
	}
}
