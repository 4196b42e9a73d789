package tpmstore

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/passkeylab/passkeylab/virtualauth/cose"
)

func TestOpenSaysThatSwtpmIsNotInstalled(t *testing.T) {
	if _, err := Open(t.Context(), Swtpm{Program: "no-such-swtpm"}, Config{}); !errors.Is(err, ErrNoSwtpm) {
		t.Errorf("Open: %v, want ErrNoSwtpm", err)
	}
}

// process returns the running swtpm of a store.
func process(t *testing.T, s *Store, p *tap) (pid int, dir string) {
	t.Helper()
	within(t, s, func(*machine) error {
		l := p.link.(*swtpmLink)
		pid, dir = l.process.Process.Pid, l.dir
		return nil
	})
	return pid, dir
}

func TestCloseEndsSwtpmAndForgetsIt(t *testing.T) {
	store, p := opened(t, Swtpm{}, Config{})
	pid, dir := process(t, store, p)
	if err := syscall.Kill(pid, 0); err != nil {
		t.Fatalf("swtpm does not run: %v", err)
	}
	if err := store.Close(); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Kill(pid, 0); !errors.Is(err, syscall.ESRCH) {
		t.Errorf("swtpm still runs: %v", err)
	}
	if _, err := os.Stat(dir); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("its directory is still there: %v", err)
	}
}

func TestTheContextOfOpenDoesNotEndSwtpm(t *testing.T) {
	probe, _ := opened(t, Swtpm{}, Config{})
	if err := probe.Close(); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	store, err := Open(ctx, Swtpm{}, Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	cancel()
	handle, key := created(t, store, cose.ES256)
	mustSign(t, store, handle, key)
}

func TestACancelledOpenStartsNoSwtpm(t *testing.T) {
	probe, _ := opened(t, Swtpm{}, Config{})
	if err := probe.Close(); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Open(ctx, Swtpm{}, Config{}); !errors.Is(err, context.Canceled) {
		t.Errorf("Open: %v, want context.Canceled", err)
	}
}

func TestAProgramThatIsNoTPMIsAnError(t *testing.T) {
	path := filepath.Join(t.TempDir(), "swtpm")
	if err := os.WriteFile(path, []byte("#!/bin/sh\necho no TPM today >&2\nexit 1\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(t.Context(), Swtpm{Program: path}, Config{}); !errors.Is(err, ErrState) {
		t.Errorf("Open: %v, want ErrState", err)
	}
}

func TestAStateDirectoryMayBeRelativeAndHaveAnyName(t *testing.T) {
	t.Chdir(t.TempDir())
	if err := os.Mkdir("state,of a=TPM", 0o700); err != nil {
		t.Fatal(err)
	}
	store, p := opened(t, Swtpm{StateDir: "state,of a=TPM", Secret: stateSecret}, Config{})
	handle, key := created(t, store, cose.ES256)
	if files, err := os.ReadDir("state,of a=TPM"); err != nil || len(files) == 0 {
		t.Errorf("files in the directory: %v, %v", files, err)
	}
	t.Chdir(t.TempDir())
	pid, _ := process(t, store, p)
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	mustSign(t, store, handle, key)
}
