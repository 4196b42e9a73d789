package vaultfile

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"testing"
)

func testOptions(t testing.TB) Options {
	return Options{Path: filepath.Join(t.TempDir(), "vault"), Key: bytes.Repeat([]byte{7}, keyLength), Rand: rand.NewChaCha8([32]byte{1})}
}

func opened(t testing.TB, o Options) *File {
	t.Helper()
	f, err := Open(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.Close() })
	return f
}

// A disk that fails is played by a file that is closed behind the package's back.
func TestAFailedWriteBreaksTheFileUntilItIsOpenedAgain(t *testing.T) {
	o := testOptions(t)
	f := opened(t, o)
	good, bad := map[string][]byte{"a": {1}}, map[string][]byte{"b": {2}}
	if err := f.Save(t.Context(), good); err != nil {
		t.Fatal(err)
	}
	if err := f.log.Close(); err != nil {
		t.Fatal(err)
	}
	if err := f.Save(t.Context(), bad); !errors.Is(err, os.ErrClosed) {
		t.Errorf("a write that fails: %v", err)
	}
	if err := f.Save(t.Context(), bad); !errors.Is(err, ErrBroken) {
		t.Errorf("the next one: %v", err)
	}
	_ = f.Close()
	if got, err := opened(t, o).Load(t.Context()); err != nil || !reflect.DeepEqual(got, good) {
		t.Errorf("opened again: %v, %v", got, err)
	}
}

func TestAFileThatCannotBeWrittenAnewIsStillWrittenTo(t *testing.T) {
	o := testOptions(t)
	f := opened(t, o)
	if err := os.MkdirAll(filepath.Join(o.Path+".new", "in the way"), 0o700); err != nil {
		t.Fatal(err)
	}
	last := []byte("last")
	for i := range 3 {
		value := map[string][]byte{"a": bytes.Repeat([]byte{byte(i)}, 2*spare)}
		if err := f.Save(t.Context(), value); err != nil {
			t.Fatal(err)
		}
	}
	if err := f.Save(t.Context(), map[string][]byte{"a": last}); err != nil {
		t.Fatal(err)
	}
	if err := os.RemoveAll(o.Path + ".new"); err != nil {
		t.Fatal(err)
	}
	_ = f.Close()
	f = opened(t, o)
	if got, err := f.Load(t.Context()); err != nil || !bytes.Equal(got["a"], last) {
		t.Errorf("%v, %v", got, err)
	}
	if err := f.Save(t.Context(), map[string][]byte{"b": nil}); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(o.Path); err != nil || info.Size() > spare {
		t.Errorf("with nothing in the way it is written anew: %v, %v", info.Size(), err)
	}
}

// A rename that fails leaves two files of which nobody knows the right one.
func TestAFileThatIsHalfReplacedIsBroken(t *testing.T) {
	o := testOptions(t)
	f := opened(t, o)
	if err := f.replace(o.Path + ".never there"); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("got %v", err)
	}
	f.options.Path = filepath.Join(t.TempDir(), "a folder")
	if err := os.MkdirAll(filepath.Join(f.options.Path, "in the way"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := f.rewrite(); err == nil || f.broken == nil {
		t.Errorf("got %v, and broken by %v", err, f.broken)
	}
}

func TestHeadersOfOtherVersionsAreRefused(t *testing.T) {
	o := testOptions(t)
	_ = opened(t, o).Close()
	whole, err := os.ReadFile(o.Path)
	if err != nil {
		t.Fatal(err)
	}
	passphrase := func(memory, passes uint32, threads byte) func([]byte) {
		return func(h []byte) {
			h[atKind], h[atThreads] = keyOfPassphrase, threads
			binary.BigEndian.PutUint32(h[atMemory:], memory)
			binary.BigEndian.PutUint32(h[atPasses:], passes)
		}
	}
	for name, c := range map[string]struct {
		edit func([]byte)
		want error
	}{
		"as it is":             {func([]byte) {}, nil},
		"a later version":      {func(h []byte) { h[atVersion] = 2 }, ErrUnknownFormat},
		"another kind of key":  {func(h []byte) { h[atKind] = 2 }, ErrUnknownFormat},
		"all that is allowed":  {passphrase(maxMemoryKiB, maxPasses, 1), nil},
		"too much memory":      {passphrase(maxMemoryKiB+1, 1, 1), ErrUnknownFormat},
		"too many passes":      {passphrase(8, maxPasses+1, 1), ErrUnknownFormat},
		"no pass":              {passphrase(8, 0, 1), ErrUnknownFormat},
		"no thread":            {passphrase(8, 1, 0), ErrUnknownFormat},
		"another magic number": {func(h []byte) { h[0]++ }, ErrNoHeader},
	} {
		h := bytes.Clone(whole)
		c.edit(h)
		binary.BigEndian.PutUint32(h[atChecksum:], crc32.Checksum(h[:atChecksum], castagnoli))
		if _, err := parseHeader(h); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
}

// What is under a good seal may still be malformed, if another program wrote it.
func TestMalformedContentIsDamage(t *testing.T) {
	for name, content := range map[string]string{
		"nothing": "", "no list": "\xa0", "another key": "\x81\xa1\x03\x01", "a name twice": "\x81\xa2\x01\x61a\x01\x61b",
		"a number for a value": "\x81\xa2\x01\x61a\x02\x05", "bytes behind it": "\x80\x00",
	} {
		if changes, err := parseChanges([]byte(content)); err == nil {
			t.Errorf("%s: %v", name, changes)
		}
	}
	changes, err := parseChanges([]byte("\x82\xa2\x01\x61a\x02\x40\xa2\x01\x61b\x02\xf6"))
	if err != nil || !reflect.DeepEqual(changes, map[string][]byte{"a": {}, "b": nil}) {
		t.Errorf("%v, %v", changes, err)
	}
}

// FuzzOpen opens whatever it is given: that never panics, and what opens holds what it holds when it is opened again.
func FuzzOpen(f *testing.F) {
	o := testOptions(f)
	file := opened(f, o)
	for i := range 4 {
		if err := file.Save(f.Context(), map[string][]byte{fmt.Sprint(i % 3): bytes.Repeat([]byte{byte(i)}, i)}); err != nil {
			f.Fatal(err)
		}
	}
	_ = file.Close()
	whole, err := os.ReadFile(o.Path)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(whole, false)
	f.Add(whole[:len(whole)-3], true)
	f.Add(append(bytes.Clone(whole[:headerLength]), whole[headerLength+60:]...), true)
	f.Fuzz(func(t *testing.T, data []byte, salvage bool) {
		o := testOptions(t)
		o.Salvage = salvage
		if err := os.WriteFile(o.Path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		file, err := Open(o)
		if err != nil {
			return
		}
		first, _ := file.Load(t.Context())
		_ = file.Close()
		o.Salvage = false
		if again, err := opened(t, o).Load(t.Context()); err != nil || !reflect.DeepEqual(first, again) {
			t.Errorf("opened %v, and again %v, %v", first, again, err)
		}
	})
}

// FuzzContent reads whatever stands under a good seal: what is accepted is written and read again unchanged.
func FuzzContent(f *testing.F) {
	f.Add([]byte("\x82\xa2\x01\x61a\x02\x41\x07\xa2\x01\x61b\x02\xf6"))
	f.Add([]byte("\x80"))
	f.Fuzz(func(t *testing.T, content []byte) {
		changes, err := parseChanges(content)
		if err != nil {
			return
		}
		k := keys{sealing: make([]byte, keyLength), nonces: make([]byte, keyLength)}
		frame, err := k.seal(0, changes)
		if err != nil {
			t.Fatal(err)
		}
		again, end, err := k.unseal(frame, 0)
		if err != nil || end != int64(len(frame)) || !reflect.DeepEqual(changes, again) {
			t.Errorf("%v, then %v, %v", changes, again, err)
		}
	})
}
