package vaultfile_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"strings"
	"testing"

	"github.com/passkeylab/passkeylab/virtualauth/vaultfile"
)

// values are what a file holds, written as text.
type values map[string]string

func options(t testing.TB) vaultfile.Options {
	return vaultfile.Options{
		Path: filepath.Join(t.TempDir(), "vault"), Key: bytes.Repeat([]byte{7}, 32), Rand: rand.NewChaCha8([32]byte{1}),
	}
}

func open(t testing.TB, o vaultfile.Options) *vaultfile.File {
	t.Helper()
	f, err := vaultfile.Open(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.Close() })
	return f
}

func shut(t testing.TB, f *vaultfile.File) {
	t.Helper()
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
}

// save changes values; a name with the value "-" is forgotten.
func save(t testing.TB, f *vaultfile.File, changes values) {
	t.Helper()
	raw := map[string][]byte{}
	for name, value := range changes {
		if raw[name] = []byte(value); value == "-" {
			raw[name] = nil
		}
	}
	if err := f.Save(t.Context(), raw); err != nil {
		t.Fatal(err)
	}
}

func load(t testing.TB, f *vaultfile.File) values {
	t.Helper()
	raw, err := f.Load(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	all := values{}
	for name, value := range raw {
		if value == nil {
			t.Errorf("%s is there and nil", name)
		}
		all[name] = string(value)
	}
	return all
}

func expect(t testing.TB, f *vaultfile.File, want values) {
	t.Helper()
	if got := load(t, f); !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func read(t testing.TB, path string) []byte {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func write(t testing.TB, path string, data []byte) {
	t.Helper()
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestValuesSurvive(t *testing.T) {
	for _, c := range []struct {
		name   string
		secret func(*vaultfile.Options)
	}{
		{"under a key", func(*vaultfile.Options) {}},
		{"under a passphrase", func(o *vaultfile.Options) { o.Key, o.Passphrase = nil, "correct horse" }},
	} {
		t.Run(c.name, func(t *testing.T) {
			o := options(t)
			c.secret(&o)
			f := open(t, o)
			expect(t, f, values{})
			save(t, f, values{"a": "1", "b": "2", "empty": ""})
			save(t, f, values{"a": "3", "b": "-", "never there": "-"})
			save(t, f, nil)
			want := values{"a": "3", "empty": ""}
			expect(t, f, want)
			shut(t, f)
			shut(t, f)
			f = open(t, o)
			expect(t, f, want)
			save(t, f, values{"c": "4"})
			shut(t, f)
			expect(t, open(t, o), values{"a": "3", "empty": "", "c": "4"})
		})
	}
}

func TestOnlyTheOwnerMayReadIt(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("Windows has no such permission bits")
	}
	o := options(t)
	shut(t, open(t, o))
	if err := os.Chmod(o.Path, 0o644); err != nil {
		t.Fatal(err)
	}
	write(t, o.Path+".new", nil) // one left behind by a killed process
	if err := os.Chmod(o.Path+".new", 0o644); err != nil {
		t.Fatal(err)
	}
	f := open(t, o)
	fill(t, f)
	entries, err := os.ReadDir(filepath.Dir(o.Path))
	if err != nil || len(entries) != 2 {
		t.Fatalf("%v, files %v", err, entries)
	}
	for _, e := range entries {
		if info, err := e.Info(); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v, %v", e.Name(), info.Mode(), err)
		}
	}
}

func TestNothingIsReadableInTheFile(t *testing.T) {
	o := options(t)
	f := open(t, o)
	save(t, f, values{"credential of ada": "private key"})
	for _, secret := range []string{"ada", "private key", string(o.Key)} {
		if bytes.Contains(read(t, o.Path), []byte(secret)) {
			t.Errorf("the file shows %q", secret)
		}
	}
}

func TestWrongOptionsAndFilesAreNamed(t *testing.T) {
	good := options(t)
	f := open(t, good)
	save(t, f, values{"a": "1"})
	shut(t, f)
	other := func(edit func(*vaultfile.Options)) vaultfile.Options {
		o := good
		edit(&o)
		return o
	}
	held := options(t)
	open(t, held)
	headless := options(t)
	write(t, headless.Path, []byte("#!/bin/sh"))
	empty := options(t)
	write(t, empty.Path, nil)
	for _, c := range []struct {
		name string
		o    vaultfile.Options
		want error
	}{
		{"no path", other(func(o *vaultfile.Options) { o.Path = "" }), vaultfile.ErrOptions},
		{"no randomness", other(func(o *vaultfile.Options) { o.Rand = nil }), vaultfile.ErrOptions},
		{"neither key nor passphrase", other(func(o *vaultfile.Options) { o.Key = nil }), vaultfile.ErrOptions},
		{"both", other(func(o *vaultfile.Options) { o.Passphrase = "x" }), vaultfile.ErrOptions},
		{"a short key", other(func(o *vaultfile.Options) { o.Key = o.Key[1:] }), vaultfile.ErrOptions},
		{"another key", other(func(o *vaultfile.Options) { o.Key = make([]byte, 32) }), vaultfile.ErrWrongKey},
		{"a passphrase instead", other(func(o *vaultfile.Options) { o.Key, o.Passphrase = nil, "x" }), vaultfile.ErrWrongKey},
		{"open elsewhere", held, vaultfile.ErrLocked},
		{"no vault file", headless, vaultfile.ErrNoHeader},
		{"an empty file", empty, vaultfile.ErrNoHeader},
		{"no such folder", other(func(o *vaultfile.Options) { o.Path = filepath.Join(o.Path+".d", "vault") }), fs.ErrNotExist},
		{"randomness that ends", other(func(o *vaultfile.Options) { o.Path, o.Rand = o.Path+"2", strings.NewReader("short") }), errShort},
	} {
		t.Run(c.name, func(t *testing.T) {
			if f, err := vaultfile.Open(c.o); !errors.Is(err, c.want) {
				t.Errorf("got %v, %v, want %v", f, err, c.want)
			}
		})
	}
	expect(t, open(t, good), values{"a": "1"}) // and none of them has locked or changed it
}

func TestAClosedFileSaysSo(t *testing.T) {
	f := open(t, options(t))
	stopped, stop := context.WithCancel(t.Context())
	stop()
	if err := f.Save(stopped, map[string][]byte{"a": {1}}); !errors.Is(err, context.Canceled) {
		t.Errorf("save after the end of the context: %v", err)
	}
	expect(t, f, values{})
	shut(t, f)
	if _, err := f.Load(t.Context()); !errors.Is(err, fs.ErrClosed) {
		t.Errorf("load: %v", err)
	}
	if err := f.Save(t.Context(), map[string][]byte{"a": {1}}); !errors.Is(err, fs.ErrClosed) {
		t.Errorf("save: %v", err)
	}
}

// fill saves one name so often that the log is written anew at least once, and returns how often.
func fill(t testing.TB, f *vaultfile.File) int {
	t.Helper()
	const often = 200
	for i := range often {
		save(t, f, values{"big": fmt.Sprintf("%d %s", i, strings.Repeat("x", 1000))})
	}
	return often
}

func TestTheLogStaysShort(t *testing.T) {
	o := options(t)
	f := open(t, o)
	save(t, f, values{"small": "1"})
	often := fill(t, f)
	if size := len(read(t, o.Path)); size > 100_000 {
		t.Errorf("the file has %d bytes after %d kB were saved", size, often)
	}
	if got := load(t, f); got["small"] != "1" || !strings.HasPrefix(got["big"], fmt.Sprint(often-1)) {
		t.Errorf("got %.40q", got)
	}
	shut(t, f)
	if got := load(t, open(t, o)); got["small"] != "1" || !strings.HasPrefix(got["big"], fmt.Sprint(often-1)) {
		t.Errorf("after opening it again: %.40q", got)
	}
}

// The same randomness and the same saves give the same file, so that a recorded run can be compared byte by byte.
func TestTheSameSavesGiveTheSameBytes(t *testing.T) {
	run := func() []byte {
		o := options(t)
		f := open(t, o)
		save(t, f, values{"a": "1", "b": "2", "c": "3", "d": "4"})
		fill(t, f)
		return read(t, o.Path)
	}
	if !bytes.Equal(run(), run()) {
		t.Error("two runs differ")
	}
}
