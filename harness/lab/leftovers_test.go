package lab

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"runtime/pprof"
	"strconv"
	"strings"
	"testing"

	"github.com/passkeylab/passkeylab/harness/dialog"
	"github.com/passkeylab/passkeylab/virtualauth/phone"
)

// leftovers looks for what a stage leaves behind: goroutines, and files and processes below the folder for temporary files that
// the test has to itself.
type leftovers struct {
	folder     string
	goroutines int
}

// watchLeftovers begins to watch. The TPM belongs to the lab and outlives its stages, so it is opened before.
func watchLeftovers(t *testing.T, l *Lab) leftovers {
	t.Helper()
	if _, err := l.Keys(t.Context()); err != nil {
		t.Fatal(err)
	}
	folder, err := os.MkdirTemp("", "pkl") // that of the testing package is too long a path for a socket
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(folder) })
	t.Setenv("TMPDIR", folder)
	return leftovers{folder: folder, goroutines: runtime.NumGoroutine()}
}

// nothingLeft waits until all is gone.
func (w leftovers) nothingLeft(t *testing.T) {
	t.Helper()
	if left, err := os.ReadDir(w.folder); err != nil || len(left) > 0 {
		t.Errorf("files left: %v (%v)", left, err)
	}
	if ids := processesOf(t, w.folder); len(ids) > 0 {
		t.Errorf("processes left: %v", ids)
	}
	defer func() {
		if t.Failed() {
			var stacks bytes.Buffer
			_ = pprof.Lookup("goroutine").WriteTo(&stacks, 1)
			t.Log(stacks.String())
		}
	}()
	eventually(t, "the goroutines ended", func() bool { return runtime.NumGoroutine() <= w.goroutines })
}

// processesOf returns the living processes that have a folder in their command line or their environment.
func processesOf(t *testing.T, folder string) (ids []int) {
	t.Helper()
	for _, what := range []string{"cmdline", "environ"} {
		files, err := filepath.Glob("/proc/[0-9]*/" + what)
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			text, _ := os.ReadFile(file) // it may have ended meanwhile
			id, _ := strconv.Atoi(filepath.Base(filepath.Dir(file)))
			if strings.Contains(string(text), folder) && id != os.Getpid() {
				ids = append(ids, id)
			}
		}
	}
	return ids
}

// closes closes a lab.
func closes(t *testing.T, l *Lab) {
	t.Helper()
	if err := l.Close(); err != nil {
		t.Error(err)
	}
}

// browserKilled kills the browser while the phone asks its owner. The stage is of no use after that.
func browserKilled(t *testing.T, s *Stage) {
	before := len(s.Reach.Phone.Passkeys())
	asks(t, s)
	came := scans(t, s, idle("P11"))
	shows(t, s, phone.ScreenSheet)
	for _, id := range processesOf(t, s.Context.Browser().Folder()) {
		if id == s.Context.Browser().PID() {
			continue // that is the guard, whose work is still to be done
		}
		if process, err := os.FindProcess(id); err == nil {
			_ = process.Kill() // it may have ended with the ones before
		}
	}
	outcome := <-came
	if outcome.Class != phone.EndWhileProcessing || outcome.Last.Screen != phone.ScreenError {
		t.Errorf("the phone ended with %v", outcome.Err)
	}
	holds(t, s, before, "")
	if _, err := s.Reach.Dialog.AwaitState(bound(t), dialog.Closed); !errors.Is(err, dialog.ErrClosed) {
		t.Errorf("the dialog says %v, want that its browser is gone", err)
	}
}
