package tpmstore

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime/debug"
	"testing"
)

var (
	stateSalt = bytes.Repeat([]byte{1}, saltLength)
	atRest    = state{root: [32]byte{2}, memory: []byte("memory")}
)

func sealed(t testing.TB) []byte {
	t.Helper()
	b, err := seal(stateSecret, stateSalt, atRest)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestAStateIsSealedAndUnsealed(t *testing.T) {
	got, err := unseal(stateSecret, sealed(t))
	if err != nil || got.root != atRest.root || !bytes.Equal(got.memory, atRest.memory) {
		t.Errorf("got %+v, %v", got, err)
	}
	if bytes.Contains(sealed(t), atRest.memory) {
		t.Error("the memory is not encrypted")
	}
}

func TestADamagedStateIsRefused(t *testing.T) {
	good := sealed(t)
	for i := range good {
		damaged := bytes.Clone(good)
		damaged[i] ^= 0x80
		if _, err := unseal(stateSecret, damaged); !errors.Is(err, ErrState) {
			t.Errorf("byte %d flipped: %v, want ErrState", i, err)
		}
		if _, err := unseal(stateSecret, good[:i]); !errors.Is(err, ErrState) {
			t.Errorf("cut after %d bytes: %v, want ErrState", i, err)
		}
	}
	empty, err := seal(stateSecret, stateSalt, state{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := unseal(stateSecret, empty); !errors.Is(err, ErrState) {
		t.Errorf("a state without memory: %v, want ErrState", err)
	}
}

// A state that this simulator cannot have written is recognised before it does harm.
func TestAStateOfAnotherSimulatorIsRefused(t *testing.T) {
	for name, s := range map[string]state{
		"memory of another size":     atRest,
		"memory of no TPM that fits": {root: [32]byte{2}},
	} {
		path := filepath.Join(t.TempDir(), "tpm")
		store, _ := opened(t, Simulator{StateFile: path, Secret: stateSecret}, Config{})
		if err := store.Close(); err != nil {
			t.Fatal(err)
		}
		file, err := openState(path, stateSecret)
		if err != nil {
			t.Fatal(err)
		}
		if s.memory == nil {
			s.memory = file.state.memory // whole, but with another storage root key
		}
		if err := file.writeSalted(stateSalt, s); err != nil {
			t.Fatal(err)
		}
		before, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := Open(t.Context(), Simulator{StateFile: path, Secret: stateSecret}, Config{}); !errors.Is(err, ErrState) {
			t.Errorf("%s: Open: %v, want ErrState", name, err)
		}
		if after, err := os.ReadFile(path); err != nil || !bytes.Equal(before, after) {
			t.Errorf("%s: the file was changed, %v", name, err)
		}
	}
	opened(t, Simulator{}, Config{}) // the simulator is free again
}

func TestAnotherTPMsFileIsNotReplaced(t *testing.T) {
	path := filepath.Join(t.TempDir(), "tpm")
	file, err := openState(path, stateSecret)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte("another's"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := file.writeSalted(stateSalt, atRest); !errors.Is(err, fs.ErrExist) {
		t.Errorf("write: %v, want fs.ErrExist", err)
	}
	if content, err := os.ReadFile(path); err != nil || string(content) != "another's" {
		t.Errorf("the file is %q, %v", content, err)
	}
	left, err := os.ReadDir(filepath.Dir(path))
	if err != nil || len(left) != 1 {
		t.Errorf("files left: %v, %v", left, err)
	}
}

func TestStateThatCannotBeReadOrWrittenIsAnError(t *testing.T) {
	dir := t.TempDir()
	if _, err := openState(dir, stateSecret); err == nil {
		t.Error("a directory was read")
	}
	probe, _ := opened(t, Simulator{}, Config{})
	if err := probe.Close(); err != nil {
		t.Fatal(err)
	}
	missing := Simulator{StateFile: filepath.Join(dir, "missing", "tpm"), Secret: stateSecret}
	if _, err := Open(t.Context(), missing, Config{}); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("Open: %v, want fs.ErrNotExist", err)
	}
	opened(t, Simulator{}, Config{}) // the simulator is free again
}

func TestTheVersionOfTheSimulatorIsThatOfTheModule(t *testing.T) {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		t.Fatal("the test was built without modules")
	}
	for _, dependency := range info.Deps {
		if dependency.Path == "github.com/google/go-tpm-tools" {
			if dependency.Version != simulatorVersion {
				t.Errorf("go.mod has %s, and states are bound to %s", dependency.Version, simulatorVersion)
			}
			return
		}
	}
	t.Skip(ErrNoSimulator)
}

func FuzzUnseal(f *testing.F) {
	f.Add([]byte(nil))
	f.Add([]byte(stateMagic))
	f.Add(sealed(f))
	f.Fuzz(func(t *testing.T, data []byte) {
		if _, err := unseal(stateSecret, data); err != nil && !errors.Is(err, ErrState) {
			t.Errorf("untyped error %v", err)
		}
	})
}
