package tpmstore

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-tpm/tpm2/transport"

	"github.com/passkeylab/passkeylab/virtualauth/cose"
)

func TestOpenSaysWhichDeviceIsMissing(t *testing.T) {
	path := filepath.Join(t.TempDir(), "tpmrm0")
	if _, err := Open(t.Context(), Device{Path: path}, Config{}); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("Open: %v, want os.ErrNotExist", err)
	}
}

func TestARealDeviceKeepsKeys(t *testing.T) {
	store, err := Open(t.Context(), Device{}, Config{})
	if errors.Is(err, os.ErrNotExist) || errors.Is(err, os.ErrPermission) || errors.Is(err, errors.ErrUnsupported) {
		t.Skipf("no TPM that this user may use: %v", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	handle, key := created(t, store, cose.ES256)
	mustSign(t, store, handle, key)
}

// closer counts how often it was closed.
type closer struct {
	transport.TPM
	closed int
}

func (c *closer) Close() error { c.closed++; return nil }

func TestATransportIsClosedWithTheStoreIfItCanBe(t *testing.T) {
	l, err := Swtpm{}.open(t.Context())
	if errors.Is(err, ErrNoSwtpm) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	for name, given := range map[string]transport.TPM{"closer": &closer{TPM: l}, "bare": struct{ transport.TPM }{l}} {
		store, err := Open(t.Context(), Transport{TPM: given, Exclusive: true}, Config{})
		if err != nil {
			t.Fatal(err)
		}
		handle, key := created(t, store, cose.ES256)
		mustSign(t, store, handle, key)
		for range 2 {
			if err := store.Close(); err != nil {
				t.Error(err)
			}
		}
		if c, can := given.(*closer); can && c.closed != 1 {
			t.Errorf("%s: closed %d times", name, c.closed)
		}
		if left, err := transients(l); err != nil || len(left) != 0 {
			t.Errorf("%s: left %x, %v", name, left, err)
		}
	}
}

// flaky fails one command, and works again.
type flaky struct {
	transport.TPM
	fail bool
}

func (f *flaky) Send(command []byte) ([]byte, error) {
	if f.fail {
		f.fail = false
		return nil, errors.New("broken on purpose")
	}
	return f.TPM.Send(command)
}

func TestATransportThatFailedOnceIsUsedAgain(t *testing.T) {
	l, err := Swtpm{}.open(t.Context())
	if errors.Is(err, ErrNoSwtpm) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	given := &flaky{TPM: l}
	store, err := Open(t.Context(), Transport{TPM: given, Exclusive: true}, Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	handle, key := created(t, store, cose.ES256)
	within(t, store, func(*machine) error { given.fail = true; return nil })
	mustSign(t, store, handle, key)
}

func TestADeviceThatIsNoTPMIsAnError(t *testing.T) {
	if _, err := Open(t.Context(), Device{Path: os.DevNull}, Config{}); err == nil {
		t.Errorf("%s was opened as a TPM", os.DevNull)
	}
}
