package tpmstore

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-tpm/tpm2"

	"github.com/passkeylab/passkeylab/virtualauth/cose"
	"github.com/passkeylab/passkeylab/virtualauth/keystore"
)

var stateSecret = []byte("sixteen bytes or more")

// keptIn returns a backend that keeps its state below a directory.
func keptIn(kind, dir string) Backend {
	if kind == "simulator" {
		return Simulator{StateFile: filepath.Join(dir, "tpm"), Secret: stateSecret}
	}
	return Swtpm{StateDir: dir, Secret: stateSecret}
}

func overEachKept(t *testing.T, test func(t *testing.T, kind string)) {
	for _, kind := range []string{"simulator", "swtpm"} {
		t.Run(kind, func(t *testing.T) { test(t, kind) })
	}
}

func TestKeysLoadAgainAfterARestart(t *testing.T) {
	overEachKept(t, func(t *testing.T, kind string) {
		dir := t.TempDir()
		store, _ := opened(t, keptIn(kind, dir), Config{})
		handle, key := created(t, store, cose.ES256)
		hidden, err := store.CreateSecret(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		mac, err := store.HMAC(t.Context(), hidden, []byte("salt"))
		if err != nil {
			t.Fatal(err)
		}
		attestation, err := store.AttestationKey(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for range 2 {
			if err := store.Close(); err != nil {
				t.Fatal(err)
			}
			store, _ = opened(t, keptIn(kind, dir), Config{})
			mustSign(t, store, handle, key)
			if again, err := store.HMAC(t.Context(), hidden, []byte("salt")); err != nil || !bytes.Equal(again, mac) {
				t.Errorf("HMAC is %x, was %x; %v", again, mac, err)
			}
			if again, err := store.AttestationKey(t.Context()); err != nil || !bytes.Equal(again.Encode(), attestation.Encode()) {
				t.Errorf("the attestation key became another, %v", err)
			}
		}
	})
}

func TestAForgottenTPMIsAnother(t *testing.T) {
	overEach(t, func(t *testing.T, backend Backend) {
		store, _ := opened(t, backend, Config{})
		handle, _ := created(t, store, cose.ES256)
		if err := store.Close(); err != nil {
			t.Fatal(err)
		}
		store, _ = opened(t, backend, Config{})
		if _, err := store.Sign(t.Context(), handle, nil); !errors.Is(err, keystore.ErrUnknownHandle) {
			t.Errorf("Sign: %v, want ErrUnknownHandle", err)
		}
	})
}

func TestKeptStateIsPrivate(t *testing.T) {
	overEachKept(t, func(t *testing.T, kind string) {
		dir := t.TempDir()
		store, _ := opened(t, keptIn(kind, dir), Config{})
		if err := store.Close(); err != nil {
			t.Fatal(err)
		}
		files, err := os.ReadDir(dir)
		if err != nil {
			t.Fatal(err)
		}
		kept := 0
		for _, file := range files {
			info, err := file.Info()
			if err != nil {
				t.Fatal(err)
			}
			if info.Size() == 0 {
				continue // swtpm's lock
			}
			kept++
			if info.Mode() != 0o600 {
				t.Errorf("%s has mode %v, want 0600", file.Name(), info.Mode())
			}
		}
		if kept != 1 {
			t.Errorf("%d files, want 1: %v", kept, files)
		}
	})
}

func TestStateOpensWithItsSecretOnly(t *testing.T) {
	overEachKept(t, func(t *testing.T, kind string) {
		dir := t.TempDir()
		store, _ := opened(t, keptIn(kind, dir), Config{})
		handle, key := created(t, store, cose.ES256)
		if err := store.Close(); err != nil {
			t.Fatal(err)
		}
		for _, c := range []struct {
			secret string
			want   error
		}{{"", ErrWeakSecret}, {"fifteen bytes..", ErrWeakSecret}, {"sixteen bytes or less", ErrState}} {
			backend := keptIn(kind, dir)
			switch b := backend.(type) {
			case Simulator:
				b.Secret = []byte(c.secret)
				backend = b
			case Swtpm:
				b.Secret = []byte(c.secret)
				backend = b
			}
			if other, err := Open(t.Context(), backend, Config{}); !errors.Is(err, c.want) {
				t.Errorf("Open with the secret %q: %v, want %v", c.secret, err, c.want)
				if err == nil {
					other.Close()
				}
			}
		}
		store, _ = opened(t, keptIn(kind, dir), Config{})
		mustSign(t, store, handle, key)
	})
}

// A child is this test binary in another process, which makes keys and then dies as the test wants it.
const childVariable = "TPMSTORE_TEST_CHILD"

// TestMain lets the binary be such a child.
func TestMain(m *testing.M) {
	if kind, dir, is := strings.Cut(os.Getenv(childVariable), " "); is {
		child(kind, dir)
	}
	os.Exit(m.Run())
}

// child prints the handle of a stored key, and is killed in the middle of the transaction that signs with a second one,
// whose handle nobody has stored.
func child(kind, dir string) {
	var backend Backend = Socket{Network: "unix", Address: dir}
	if kind != "socket" {
		backend = keptIn(kind, dir)
	}
	p := &tap{Backend: backend, seen: map[tpm2.TPMCC]int{}}
	ctx := context.Background()
	store, err := Open(ctx, p, Config{})
	exitOn(err)
	handle, key, err := store.Create(ctx, cose.ES256)
	exitOn(err)
	fmt.Printf("%x %x\n", handle, key.Encode())
	lost, _, err := store.Create(ctx, cose.ES256)
	exitOn(err)
	p.hook(false, func(code tpm2.TPMCC) error {
		if code != tpm2.TPMCCSign {
			return nil
		}
		if l, is := p.link.(*swtpmLink); is { // swtpm is busy when its client dies
			_, err := tpm2.CreatePrimary{
				PrimaryHandle: tpm2.TPMRHOwner, InPublic: tpm2.New2B(tpm2.RSASRKTemplate),
			}.Execute(dying{l})
			return err
		}
		return kill()
	})
	_, err = store.Sign(ctx, lost, nil)
	exitOn(errors.Join(err, errors.New("the child lives")))
}

// dying is a link whose client dies as soon as it has sent a command.
type dying struct{ *swtpmLink }

func (d dying) Send(command []byte) ([]byte, error) {
	_, err := d.Write(command)
	return nil, errors.Join(err, kill())
}

// kill kills this process.
func kill() error { return syscall.Kill(os.Getpid(), syscall.SIGKILL) }

func exitOn(err error) {
	if err != nil {
		fmt.Println(err)
		os.Exit(3)
	}
}

// killed runs a child to its end and returns the key that it stored.
func killed(t *testing.T, kind, dir string) (keystore.Handle, cose.Key) {
	t.Helper()
	command := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^$")
	command.Env = append(os.Environ(), childVariable+"="+kind+" "+dir)
	output, err := command.Output()
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.ExitCode() != -1 {
		t.Fatalf("the child was not killed: %v\n%s", err, output)
	}
	var handle, encoded string
	if _, err := fmt.Sscan(string(output), &handle, &encoded); err != nil {
		t.Fatalf("%v in %q", err, output)
	}
	key, _, err := cose.Parse(unhex(t, encoded))
	if err != nil {
		t.Fatal(err)
	}
	return unhex(t, handle), key
}

func unhex(t *testing.T, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.ReplaceAll(s, " ", ""))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestAKilledProcessLosesNoStoredKey(t *testing.T) {
	overEachKept(t, func(t *testing.T, kind string) {
		probe, _ := opened(t, keptIn(kind, t.TempDir()), Config{}) // skips where there is none
		if err := probe.Close(); err != nil {
			t.Fatal(err)
		}
		dir := t.TempDir()
		handle, key := killed(t, kind, dir)
		store, _ := opened(t, keptIn(kind, dir), Config{})
		mustSign(t, store, handle, key)
	})
}

func TestTwoStoresDoNotShareAStateDirectory(t *testing.T) {
	dir := t.TempDir()
	store, _ := opened(t, keptIn("swtpm", dir), Config{})
	handle, key := created(t, store, cose.ES256)
	ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	if _, err := Open(ctx, keptIn("swtpm", dir), Config{}); !errors.Is(err, ErrStateInUse) {
		t.Errorf("the second Open: %v, want ErrStateInUse", err)
	}
	mustSign(t, store, handle, key)
}
