package lab

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
)

func TestMain(m *testing.M) {
	if os.Getenv(childMode) != "" {
		os.Exit(child())
	}
	os.Exit(m.Run())
}

// childMode is set in the environment of a copy of this test binary that raises a stage and waits to be killed.
const childMode = "PASSKEYLAB_TEST_STAGE"

const raised = "raised"

func child() int {
	l := &Lab{options: Options{}.withDefaults(), dir: os.Getenv(childMode)}
	if _, err := l.Raise(context.Background(), StageOptions{ID: "killed-01", Hybrid: true}); err != nil {
		fmt.Println(err)
		return 1
	}
	fmt.Println(raised)
	select {}
}

// TestAKilledProgramLeavesNoStageBehind kills a program with a browser, a bus and a phone: what outlives it cleans up.
func TestAKilledProgramLeavesNoStageBehind(t *testing.T) {
	l := bare(t)
	t.Cleanup(func() { closes(t, l) })
	watch := watchLeftovers(t, l)
	program := exec.CommandContext(t.Context(), os.Args[0])
	program.Env = append(os.Environ(), childMode+"="+l.dir) // the databases of a lab with a browser are in the browser's folder
	out, err := program.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := program.Start(); err != nil {
		t.Fatal(err)
	}
	line, _ := bufio.NewReader(out).ReadString('\n')
	if strings.TrimSpace(line) != raised || len(processesOf(t, watch.folder)) < 3 {
		t.Fatalf("the child says %q, and %v run", line, processesOf(t, watch.folder))
	}
	if err := program.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	var exit *exec.ExitError
	if err := program.Wait(); !errors.As(err, &exit) {
		t.Fatalf("the child ended well (%v), it should have died", err)
	}
	eventually(t, "the processes are gone", func() bool { return len(processesOf(t, watch.folder)) == 0 })
	eventually(t, "the files are gone", func() bool { left, err := os.ReadDir(watch.folder); return err == nil && len(left) == 0 })
	watch.nothingLeft(t)
}
