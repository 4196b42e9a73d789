package main

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/passkeylab/passkeylab/reports"
)

// Without a message bus the journeys over hybrid are skipped, with the reason and what to install, and the others run; where
// hybrid is required, they fail.
func TestWithoutAMessageBusJourneysOverHybridAreSkippedUnlessRequired(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("only on Linux is the message bus what hybrid lacks")
	}
	chromium, err := exec.LookPath("chromium")
	if err != nil {
		t.Skipf("without a browser nothing runs over hybrid anyway: %v; make deps installs it", err)
	}
	suite, err := buildSuite()
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("PASSKEYLAB_BROWSER_PATH", chromium)
	t.Setenv("PATH", pathWithout(t, "dbus-daemon"))
	for _, row := range []struct {
		required string
		state    reports.State
		passes   bool
	}{{"", reports.Skipped, true}, {"hybrid", reports.Failed, false}} {
		t.Run("required: "+row.required, func(t *testing.T) {
			dir := t.TempDir()
			play := exec.CommandContext(t.Context(), suite, "-ginkgo.label-filter=driver:hybrid && id:PH-12 || id:RP-04")
			play.Dir = filepath.Join(checkout, suiteFolder)
			play.Env = append(os.Environ(), "PASSKEYLAB_REPORTS_DIR="+dir, "PASSKEYLAB_DRIVERS_REQUIRED="+row.required)
			output, err := play.CombinedOutput()
			var failed *exec.ExitError
			if row.passes != (err == nil) || err != nil && !errors.As(err, &failed) {
				t.Fatalf("the suite ended with %v:\n%s", err, output)
			}
			run, err := readRun(filepath.Join(dir, "run.json"))
			if err != nil {
				t.Fatal(err)
			}
			for _, result := range run.Results {
				why := result.Reason
				if result.Failure != nil {
					why = result.Failure.Message
				}
				switch result.ID {
				case "RP-04":
					if result.State != reports.Passed {
						t.Errorf("RP-04, over the API alone: %s (%s)", result.State, why)
					}
				case "PH-12":
					if result.State != row.state || !strings.Contains(why, "install the package dbus-daemon: apt-get install dbus-daemon") {
						t.Errorf("PH-12: %s (%s)", result.State, why)
					}
				}
			}
			if len(run.Results) != 2 {
				t.Errorf("%d journeys are in the report:\n%s", len(run.Results), output)
			}
		})
	}
}

// pathWithout returns a PATH on which all programs are found but one.
func pathWithout(t *testing.T, missing string) string {
	t.Helper()
	dir := t.TempDir()
	for _, folder := range filepath.SplitList(os.Getenv("PATH")) {
		entries, err := os.ReadDir(folder)
		if err != nil {
			continue // a folder of PATH need not be there
		}
		for _, entry := range entries {
			if entry.Name() == missing {
				continue
			}
			err := os.Symlink(filepath.Join(folder, entry.Name()), filepath.Join(dir, entry.Name()))
			if err != nil && !errors.Is(err, os.ErrExist) {
				t.Fatal(err)
			}
		}
	}
	return dir
}
