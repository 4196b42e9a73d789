package browser_test

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/passkeylab/passkeylab/harness/browser"
)

// relatives returns the processes that belong to a browser: those of its group, and those that have its folder as home.
func relatives(group int, home string) []string {
	var out []string
	folders, _ := filepath.Glob("/proc/[0-9]*")
	for _, folder := range folders {
		stat, _ := os.ReadFile(filepath.Join(folder, "stat"))
		_, rest, _ := strings.Cut(string(stat), ") ")
		fields := strings.Fields(rest)
		environ, _ := os.ReadFile(filepath.Join(folder, "environ"))
		if len(fields) > 2 && fields[0] != "Z" && fields[2] == strconv.Itoa(group) || strings.Contains(string(environ), "HOME="+home) {
			out = append(out, filepath.Base(folder))
		}
	}
	return out
}

func TestNothingIsLeftBehind(t *testing.T) {
	for _, way := range []struct {
		name, mode string
		end        func(*exec.Cmd) error
	}{
		{"killed", "wait", func(c *exec.Cmd) error { return c.Process.Signal(syscall.SIGKILL) }},
		{"interrupted", "wait", func(c *exec.Cmd) error { return c.Process.Signal(os.Interrupt) }},
		{"panic", "panic", func(*exec.Cmd) error { return nil }},
	} {
		t.Run(way.name, func(t *testing.T) {
			t.Parallel()
			dir, err := os.MkdirTemp("", "pkl")
			if err != nil {
				t.Fatal(err)
			}
			defer os.RemoveAll(dir)
			cmd := again(way.mode, dir)
			out, err := cmd.StdoutPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			var group int
			var folder string
			line, _ := bufio.NewReader(out).ReadString('\n')
			if _, err := fmt.Sscan(line, &group, &folder); err != nil {
				t.Fatalf("the child said %q: %v", line, err)
			}
			home := filepath.Dir(folder)
			if way.mode == "wait" && len(relatives(group, home)) < 4 {
				t.Fatalf("a running browser has processes, found %v", relatives(group, home))
			}
			if err := way.end(cmd); err != nil {
				t.Fatal(err)
			}
			if err := cmd.Wait(); err == nil {
				t.Fatal("the child ended well, it should have died")
			}
			eventually(t, "the processes are gone", func() bool { return len(relatives(group, home)) == 0 })
			eventually(t, "the folder is gone", func() bool {
				left, err := os.ReadDir(dir)
				return err == nil && len(left) == 0
			})
		})
	}
}

func TestCloseLeavesNothing(t *testing.T) {
	dir, err := os.MkdirTemp("", "pkl")
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(dir)
	before := runtime.NumGoroutine()
	b, err := browser.Launch(limit(t), browser.Options{Dir: dir, Path: os.Getenv("PASSKEYLAB_BROWSER_PATH")})
	if err != nil {
		t.Fatal(err)
	}
	c, err := b.NewContext(limit(t), browser.ContextOptions{})
	if err != nil {
		t.Fatal(err)
	}
	p, err := c.NewPage(limit(t))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.SpySignals(limit(t)); err != nil {
		t.Fatal(err)
	}
	faults, err := p.Faults(limit(t))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := faults.Add(limit(t), browser.Fault{URL: "*", Kind: browser.Drop}); err != nil {
		t.Fatal(err)
	}
	group, home := b.PID(), filepath.Dir(b.Folder())
	for range 2 {
		if err := b.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if left := relatives(group, home); len(left) > 0 {
		t.Errorf("processes left: %v", left)
	}
	if left, _ := os.ReadDir(dir); len(left) > 0 {
		t.Errorf("files left: %v", left)
	}
	if err := c.Close(); err != nil {
		t.Error("closing a context after its browser:", err)
	}
	eventually(t, "the goroutines ended", func() bool { return runtime.NumGoroutine() <= before })
	if _, err := c.NewPage(limit(t)); err == nil {
		t.Error("a closed browser opened a page")
	}
}

func TestLaunchSaysWhatIsWrong(t *testing.T) {
	dir := t.TempDir()
	dies := filepath.Join(dir, "dies")
	if err := os.WriteFile(dies, []byte("#!/bin/sh\necho 'error while loading shared libraries: libnss3.so' >&2\nexit 7\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	odd := filepath.Join(dir, "odd")
	if err := os.WriteFile(odd, []byte("#!/no/such/interpreter\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name, path string
		says       []string
	}{
		{"missing", filepath.Join(dir, "none"), []string{"no Chromium found", "apt-get install chromium", "PASSKEYLAB_BROWSER_PATH"}},
		{"dies", dies, []string{"ended at once with status 7", "libnss3.so", "install the libraries"}},
		{"no interpreter", odd, []string{"not found or lacks its interpreter"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := browser.Launch(limit(t), browser.Options{Path: c.path, Dir: dir})
			if err == nil {
				t.Fatal("it started")
			}
			for _, words := range c.says {
				if !strings.Contains(err.Error(), words) {
					t.Errorf("%q is missing in: %v", words, err)
				}
			}
			var missing *browser.NotInstalled
			var launch *browser.LaunchError
			if !errors.As(err, &missing) && !errors.As(err, &launch) {
				t.Errorf("untyped: %T", err)
			}
			if left, _ := filepath.Glob(filepath.Join(dir, "passkeylab-*")); len(left) > 0 {
				t.Errorf("left behind: %v", left)
			}
		})
	}
}

func TestVersionAndDifferences(t *testing.T) {
	v := shared.Version()
	if !strings.HasPrefix(v.Product, "Chrome/") || v.Revision == "" || !strings.Contains(v.String(), v.Product) {
		t.Errorf("version %+v", v)
	}
	found, err := shared.Differences(limit(t))
	if err != nil {
		t.Fatal(err)
	}
	if strings.HasPrefix(v.Product, "Chrome/156.") && len(found) > 0 {
		t.Errorf("Chromium 156 differs from itself: %q", found)
	}
}
