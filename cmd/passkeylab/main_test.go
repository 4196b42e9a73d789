package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// buildDir is for what tests build; TestMain makes and removes it.
var buildDir string

// built runs the tests with a folder for what they build.
type built struct{ tests *testing.M }

// Run implements testscript's TestingM.
func (b built) Run() int {
	dir, err := os.MkdirTemp("", "passkeylab-test-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	buildDir = dir
	return b.tests.Run()
}

func TestMain(m *testing.M) {
	testscript.Main(built{m}, map[string]func(){
		"passkeylab": main,
		"fakeginkgo": fakeGinkgo,
	})
}

func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir: filepath.Join("testdata", "script"),
		Setup: func(env *testscript.Env) error {
			root, err := filepath.Abs(filepath.Join("..", ".."))
			if err != nil {
				return err
			}
			env.Setenv("CHECKOUT", root)
			env.Setenv("HOME", env.WorkDir)
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"toolbox": toolbox,
			"await":   await,
			"serving": serving,
		},
		RequireUniqueNames: true,
		Deadline:           time.Now().Add(2 * time.Minute), // a command that should refuse and serves instead would never end
	})
}

// toolbox FOLDER TOOL... makes a folder in which only these programs of the system are found.
func toolbox(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: toolbox folder tool...")
	}
	dir := ts.MkAbs(args[0])
	ts.Check(os.MkdirAll(dir, 0o755))
	for _, tool := range args[1:] {
		path, err := exec.LookPath(tool)
		ts.Check(err)
		ts.Check(os.Symlink(path, filepath.Join(dir, tool)))
	}
}

// await FILE waits, at most ten seconds, until a file is there.
func await(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: await file")
	}
	if !eventually(func() bool { _, err := os.Stat(ts.MkAbs(args[0])); return err == nil }) {
		ts.Fatalf("%s never came", args[0])
	}
}

// eventually looks every ten milliseconds, at most ten seconds.
func eventually(holds func() bool) bool {
	limit := time.NewTimer(10 * time.Second)
	defer limit.Stop()
	look := time.NewTicker(10 * time.Millisecond)
	defer look.Stop()
	for {
		if holds() {
			return true
		}
		select {
		case <-limit.C:
			return holds()
		case <-look.C:
		}
	}
}

// output is a writer that may be read while it is written.
type output struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}

// Every command's help is a text that can be read aloud: what it does, exit codes where they matter, examples that call it.
func TestEveryCommandHasHelpWithExamples(t *testing.T) {
	root, _ := app{}.root()
	names := []string{}
	for _, cmd := range root.Commands() {
		names = append(names, cmd.Name())
		path := strings.TrimSpace(cmd.CommandPath())
		if cmd.Short == "" || strings.HasSuffix(cmd.Short, ".") || len(cmd.Long) < 80 || !strings.Contains(cmd.Example, path) {
			t.Errorf("%s: help is missing a part: %q", path, cmd.Short)
		}
		for line := range strings.Lines(cmd.Long) {
			if len([]rune(line)) > 126 {
				t.Errorf("%s: a line of the help is too long for a terminal: %s", path, line)
			}
		}
	}
	if got := fmt.Sprint(names); got != "[bench cases check doctor journeys phone report rp tunnel version]" {
		t.Errorf("commands are %s", got)
	}
}
