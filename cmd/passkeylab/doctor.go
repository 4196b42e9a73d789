package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/passkeylab/passkeylab/harness/browser"
	"github.com/passkeylab/passkeylab/harness/config"
)

// condition is how one check ended.
type condition string

// The conditions; only missing makes a run impossible.
const (
	good    condition = "ok"
	note    condition = "note"
	missing condition = "MISSING"
)

// finding is one thing that doctor looked at.
type finding struct {
	name      string
	condition condition
	detail    string
	fix       string // what to do; empty when nothing is to be done
}

func (a app) doctorCommand() *cobra.Command {
	var s settings
	var hybrid bool
	cmd := &cobra.Command{
		Use:   "doctor",
		Short: "Check what a run needs, and say how to get what is missing",
		Long: `doctor looks at everything that a run of the journeys needs: the Go release, programs, headers and fonts; the browser and its
sandbox, the message bus and both TPMs in software, each of which it starts once; a display where browser.mode is headed;
ports on this machine, and a writable folder for temporary files. With --hybrid it also raises the whole stage of a journey
with a phone once: browser, Bluetooth, tunnel and phone. For what is missing it prints what to do. Then it prints the
settings of ginkgo.yaml, and where each came from.

Exit codes: 0 everything is there, 1 something is missing, 2 wrong flags or settings.`,
		Example: `  passkeylab doctor
  passkeylab doctor --hybrid
  passkeylab doctor --set browser.path=/opt/chromium/chrome`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return a.doctor(cmd.Context(), s, hybrid) },
	}
	s.register(cmd)
	cmd.Flags().BoolVar(&hybrid, "hybrid", false, "also start all that a journey over the hybrid transport needs, together")
	return cmd
}

func (a app) doctor(ctx context.Context, s settings, hybrid bool) error {
	loaded, err := s.load()
	if err != nil {
		return err
	}
	findings := []finding{examineGo(ctx, loaded.Root)}
	findings = append(findings, examinePackages(ctx, loaded)...)
	browser := examineBrowser(ctx, loaded)
	findings = append(findings, browser, examineSandbox(browser, os.Geteuid() == 0), examineDisplay(loaded.Browser.Mode, os.Getenv("DISPLAY")),
		examineDBus(ctx), examineSimulator(ctx), examineSwtpm(ctx), examineLoopback(ctx), examinePort(ctx), examineTemp())
	if hybrid {
		findings = append(findings, examineHybrid(ctx, loaded))
	}
	bad := 0
	for _, f := range findings {
		fmt.Fprintf(a.out, "%-8s %-17s %s\n", f.condition, f.name, f.detail)
		if f.fix != "" {
			fmt.Fprintf(a.out, "%-8s %-17s → %s\n", "", "", f.fix)
		}
		if f.condition == missing {
			bad++
		}
	}
	fmt.Fprintln(a.out, "\nsettings:")
	if err := loaded.Print(a.out); err != nil {
		return err
	}
	if bad > 0 {
		return &exit{code: exitBad, cause: fmt.Errorf("%s missing", count(bad, "thing is", "things are"))}
	}
	return nil
}

// examineGo compares the Go release with the one that go.mod asks for. The go command itself fetches a newer one where that
// is allowed, so what it says in the checkout is what a run will use.
func examineGo(ctx context.Context, root string) finding {
	f := finding{name: "Go"}
	version := exec.CommandContext(ctx, "go", "version")
	version.Dir = root
	output, err := version.CombinedOutput()
	f.detail = strings.TrimPrefix(oneLine(string(output)), "go version ")
	switch {
	case errors.Is(err, exec.ErrNotFound):
		f.condition, f.detail, f.fix = missing, "there is no go command", "install Go from https://go.dev/dl and put its bin folder on PATH"
	case err != nil:
		f.condition, f.fix = missing, "go.mod asks for a newer Go; install it from https://go.dev/dl"
	default:
		f.condition = good
	}
	return f
}

// examinePackages asks the installer what it would install: what is needed is declared there, once. Programs that doctor
// starts are looked at more closely elsewhere.
func examinePackages(ctx context.Context, c *config.Config) []finding {
	script := filepath.Join(c.Root, "deploy", "deps.sh")
	list := exec.CommandContext(ctx, "bash", script, "--list")
	list.Env = append(os.Environ(), "PASSKEYLAB_BROWSER_PATH=")
	output, err := list.Output()
	if err != nil {
		return []finding{{name: "packages", condition: note, detail: fmt.Sprintf("cannot ask %s: %v", script, err), fix: "run doctor in a checkout of passkeylab"}}
	}
	return packagesOf(string(output))
}

// startedOnce are the packages whose programs doctor starts: what is there may still not run.
var startedOnce = []string{"chromium", "dbus-daemon", "swtpm"}

// packagesOf reads the installer's lines: state, package and reason, separated by tabs.
func packagesOf(list string) []finding {
	var findings []finding
	for line := range strings.Lines(list) {
		parts := strings.Split(strings.TrimRight(line, "\n"), "\t")
		if len(parts) != 3 || slices.Contains(startedOnce, parts[1]) {
			continue
		}
		f := finding{name: parts[1], condition: good, detail: parts[2]}
		if parts[0] != "ok" {
			f.condition, f.fix = missing, "make deps"
		}
		findings = append(findings, f)
	}
	return findings
}

// examineBrowser starts the browser once: a program that is there may still not run.
func examineBrowser(ctx context.Context, c *config.Config) finding {
	f := finding{name: "browser"}
	started, err := browser.Launch(ctx, browser.Options{Path: c.Browser.Path, Headed: c.Browser.Mode == config.Headed, Timeout: 30 * time.Second})
	if err != nil {
		f.condition, f.detail, f.fix = missing, oneLine(err.Error()), "make deps installs Chromium; or name your own: PASSKEYLAB_BROWSER_PATH, or browser.path in ginkgo.yaml"
		var failed *browser.LaunchError
		if errors.As(err, &failed) && failed.Fix() != "" {
			f.fix = failed.Fix()
		}
		return f
	}
	f.condition, f.detail = good, started.Version().String()
	differences, err := started.Differences(ctx)
	if err = errors.Join(err, started.Close()); err != nil {
		f.condition, f.detail, f.fix = missing, f.detail+", but "+oneLine(err.Error()), "try another release of Chromium"
		return f
	}
	if len(differences) > 0 {
		f.condition = note
		f.detail += fmt.Sprintf("; its WebAuthn automation differs from Chromium %d: %s", knownChromium, strings.Join(differences, "; "))
	}
	return f
}

// examineLoopback checks that a server on this machine can be reached as localhost.
func examineLoopback(ctx context.Context) finding {
	f := finding{name: "loopback"}
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		f.condition, f.detail, f.fix = missing, oneLine(err.Error()), "bring the loopback interface up: ip link set lo up"
		return f
	}
	defer listener.Close()
	addresses, err := net.DefaultResolver.LookupHost(ctx, "localhost")
	if err != nil || !slices.Contains(addresses, "127.0.0.1") {
		f.condition, f.detail, f.fix = missing, "localhost is not 127.0.0.1", "add this line to /etc/hosts: 127.0.0.1 localhost"
		return f
	}
	f.condition, f.detail = good, "localhost is 127.0.0.1, and ports are free there"
	return f
}

// examinePort looks at the port that passkeylab rp uses when nothing else is said.
func examinePort(ctx context.Context) finding {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:8080")
	if err != nil {
		return finding{name: "port 8080", condition: note, detail: "taken by another program", fix: "passkeylab rp --listen=127.0.0.1:0 takes a free one; journeys never use 8080"}
	}
	_ = listener.Close()
	return finding{name: "port 8080", condition: good, detail: "free for passkeylab rp"}
}

// examineTemp writes a file where temporary files go.
func examineTemp() finding {
	f := finding{name: "temporary files"}
	file, err := os.CreateTemp("", "passkeylab-doctor-")
	if err != nil {
		f.condition, f.detail, f.fix = missing, oneLine(err.Error()), "make "+os.TempDir()+" writable, or set TMPDIR to a folder that is"
		return f
	}
	_, err = file.WriteString("passkeylab")
	if err = errors.Join(err, file.Close(), os.Remove(file.Name())); err != nil {
		f.condition, f.detail, f.fix = missing, oneLine(err.Error()), "free some space in "+os.TempDir()+", or set TMPDIR to another folder"
		return f
	}
	f.condition, f.detail = good, os.TempDir()+" is writable"
	return f
}
