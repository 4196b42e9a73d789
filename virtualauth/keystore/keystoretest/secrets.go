package keystoretest

import (
	"bytes"
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

// codes holds HMAC to what can be seen from outside: nobody can compute it again, because secrets never leave a store.
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

func deletesSecrets(t *testing.T, store keystore.KeyStore) {
	handle, other := createSecret(t, store), createSecret(t, store)
	if err := store.Delete(t.Context(), handle); err != nil {
		t.Fatalf("Delete: %v", err)
	}
	if _, err := store.HMAC(t.Context(), handle, nil); !errors.Is(err, keystore.ErrUnknownHandle) {
		t.Errorf("HMAC with a deleted secret: %v, want ErrUnknownHandle", err)
	}
	if err := store.Delete(t.Context(), handle); !errors.Is(err, keystore.ErrUnknownHandle) {
		t.Errorf("second Delete: %v, want ErrUnknownHandle", err)
	}
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
	if certifier, able := store.(keystore.Certifier); able {
		if _, err := certifier.Certify(t.Context(), secret, nil); !errors.Is(err, keystore.ErrUnknownHandle) {
			t.Errorf("Certify of a secret: %v, want ErrUnknownHandle", err)
		}
	}
}
