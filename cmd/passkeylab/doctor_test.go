package main

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/passkeylab/passkeylab/harness/config"
	"github.com/passkeylab/passkeylab/virtualauth/keystore/tpmstore"
)

func TestDoctorReadsTheInstallersList(t *testing.T) {
	findings := packagesOf("ok\tswtpm\ta TPM\nok\tgcc\tcompiles\nmissing\tlibssl-dev\theaders\nok\tchromium\tthe browser\nmissing\tdbus-daemon\tthe bus\nnoise\n")
	if len(findings) != 2 || findings[0].condition != good || findings[1] != (finding{"libssl-dev", missing, "headers", "make deps"}) {
		t.Errorf("got %+v", findings)
	}
}

// TestDoctorStartsTheMessageBus has doctor look where a daemon is, and where none is.
func TestDoctorStartsTheMessageBus(t *testing.T) {
	if runtime.GOOS != "linux" {
		if f := examineDBus(t.Context()); f.condition != note || f.fix == "" {
			t.Errorf("elsewhere: %+v", f)
		}
		return
	}
	if _, err := exec.LookPath("dbus-daemon"); err == nil {
		if f := examineDBus(t.Context()); f.condition != good || f.fix != "" {
			t.Errorf("with a daemon: %+v", f)
		}
	}
	path, dir := os.Getenv("PATH"), t.TempDir()
	t.Setenv("PATH", dir)
	if f := examineDBus(t.Context()); f.condition != missing || f.detail != "there is no dbus-daemon" || f.fix != "make deps installs the package dbus-daemon" {
		t.Errorf("without a daemon: %+v", f)
	}
	broken := "#!/bin/sh\necho no bus today >&2\nexit 3\n"
	if err := os.WriteFile(filepath.Join(dir, "dbus-daemon"), []byte(broken), 0o755); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", dir+string(os.PathListSeparator)+path)
	if f := examineDBus(t.Context()); f.condition != missing || !strings.Contains(f.detail, "no bus today") || f.fix == "" {
		t.Errorf("with a daemon that dies: %+v", f)
	}
}

func TestDoctorTellsOfSandboxAndDisplay(t *testing.T) {
	starts, fails := finding{condition: good}, finding{condition: missing}
	for _, row := range []struct {
		says string
		got  finding
		want condition
		fix  bool
	}{
		{"an ordinary user's browser confines its pages", examineSandbox(starts, false), good, false},
		{"root's does not", examineSandbox(starts, true), note, true},
		{"nobody knows of one that does not start", examineSandbox(fails, false), note, false},
		{"a headless browser needs no display", examineDisplay(config.Headless, ""), good, false},
	} {
		if row.got.condition != row.want || (row.got.fix != "") != row.fix || row.got.detail == "" {
			t.Errorf("%s: %+v", row.says, row.got)
		}
	}
	if runtime.GOOS == "linux" {
		if f := examineDisplay(config.Headed, ""); f.condition != missing || !strings.Contains(f.fix, "xvfb-run") {
			t.Errorf("without a display: %+v", f)
		}
		if f := examineDisplay(config.Headed, ":77"); f.condition != good || !strings.Contains(f.detail, ":77") {
			t.Errorf("with a display: %+v", f)
		}
	}
}

func TestDoctorStartsTheTPMs(t *testing.T) {
	switch f := examineSimulator(t.Context()); f.condition {
	case good:
	case missing:
		if _, err := tpmstore.Open(t.Context(), tpmstore.Simulator{}, tpmstore.Config{}); !errors.Is(err, tpmstore.ErrNoSimulator) || !strings.Contains(f.fix, "CGO_ENABLED=1") {
			t.Errorf("%+v, although: %v", f, err)
		}
	default:
		t.Errorf("%+v", f)
	}
	if _, err := exec.LookPath("swtpm"); err == nil {
		if f := examineSwtpm(t.Context()); f.condition != good || f.fix != "" {
			t.Errorf("with swtpm: %+v", f)
		}
	}
	t.Setenv("PATH", t.TempDir())
	if f := examineSwtpm(t.Context()); f.condition != missing || !strings.Contains(f.detail, "swtpm is not installed") || !strings.Contains(f.fix, "make deps") {
		t.Errorf("without swtpm: %+v", f)
	}
}

// doctor runs for real: whatever this machine has, it says something about each need and fails exactly when one is missing.
func TestDoctorSaysSomethingAboutEachNeed(t *testing.T) {
	var out, failed output
	code := app{out: &out, err: &failed}.run(t.Context(), []string{"doctor", "--hybrid"})
	for _, want := range []string{"Go ", "D-Bus ", "sandbox ", "display ", "TPM simulator ", "swtpm ", "hybrid ", "gcc ", "libssl-dev ", "fonts-noto-core ", "browser ", "loopback ", "port 8080 ", "temporary files ", "suite.procs ", "rp.policy "} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("nothing about %s:\n%s", want, &out)
		}
	}
	if lacks := strings.Contains(out.String(), string(missing)); lacks != (code == exitBad) || lacks != strings.Contains(failed.String(), "missing") {
		t.Errorf("exit code %d, %q:\n%s", code, &failed, &out)
	}
}
