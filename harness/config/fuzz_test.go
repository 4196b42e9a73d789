package config

import (
	"os"
	"path/filepath"
	"testing"
	"time"
)

// FuzzFile feeds any bytes as ginkgo.yaml: the loader answers with settings that keep their promises, or with an error;
// it never panics.
func FuzzFile(f *testing.F) {
	for _, seed := range []string{
		"", "suite:\n  procs: 2\n", "suite: &a\n  <<: *a\n", "a: *b", "drivers:\n  enabled: [api, [x]]\n", "? [a, b]\n: c\n",
		"suite:\n  timeout: 9223372036854775807ns\n", "suite:\n  seed: 0x10\n", "- - -", "\xff\xfe", "suite:\n  focus: !!binary aGk=\n", "---\n---\n", "rp:\n  url: \"http://[::1\"\n",
	} {
		f.Add([]byte(seed))
	}
	dir := f.TempDir()
	path := filepath.Join(dir, FileName)
	f.Fuzz(func(t *testing.T, content []byte) {
		if err := os.WriteFile(path, content, 0o600); err != nil {
			t.Fatal(err)
		}
		keepsItsPromises(t, Options{Dir: dir, Env: []string{}})
	})
}

// FuzzEnvironment feeds any variable of ours.
func FuzzEnvironment(f *testing.F) {
	for _, key := range Keys() {
		f.Add(key.Env, key.Default)
		f.Add(key.Env, "\x00")
	}
	f.Add(EnvPrefix, "")
	f.Add("PASSKEYLAB_SUITE", "x")
	f.Add("passkeylab_suite_seed", "1")
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, name, value string) {
		keepsItsPromises(t, Options{Dir: dir, Env: []string{name + "=" + value}})
	})
}

func keepsItsPromises(t *testing.T, options Options) {
	t.Helper()
	c, err := Load(options)
	if err != nil {
		if err.Error() == "" || c != nil {
			t.Fatalf("an error without words, or with settings: %v", c)
		}
		return
	}
	if c.Suite.Timeout < time.Second || c.Suite.StepTimeout < 100*time.Millisecond || c.Suite.Procs < 0 || c.Suite.Procs > 64 || c.Suite.Seed < 0 ||
		!filepath.IsAbs(c.Reports.Dir) || !filepath.IsAbs(c.Evidence.Dir) || len(c.Settings()) != len(Keys()) {
		t.Fatalf("settings outside of what is promised: %+v", c)
	}
	for _, driver := range c.Drivers.Required {
		if !c.Drivers.Has(driver) {
			t.Fatalf("%s is required and not enabled", driver)
		}
	}
}
