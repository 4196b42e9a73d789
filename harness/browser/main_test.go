package browser_test

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/passkeylab/passkeylab/harness/browser"
)

// shared is the one browser of this package's tests; each test has contexts of its own.
var shared *browser.Browser

func TestMain(m *testing.M) {
	if os.Getenv(childMode) != "" {
		os.Exit(child())
	}
	os.Exit(run(m))
}

func run(m *testing.M) int {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	b, err := browser.Launch(ctx, browser.Options{Path: os.Getenv("PASSKEYLAB_BROWSER_PATH")})
	if err != nil {
		fmt.Fprintln(os.Stderr, "these tests need a real browser:", err)
		return 1
	}
	shared = b
	code := m.Run()
	if err := b.Close(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return code
}

// childMode is set in the environment of a copy of this test binary that launches a browser and waits to be killed.
const childMode = "PASSKEYLAB_TEST_CHILD"

// child launches a browser, says where it is, and does as the mode tells it.
func child() int {
	b, err := browser.Launch(context.Background(), browser.Options{
		Path: os.Getenv("PASSKEYLAB_BROWSER_PATH"), Dir: os.Getenv("PASSKEYLAB_TEST_DIR"),
		Log: slog.New(slog.NewTextHandler(os.Stderr, nil)),
	})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	fmt.Println(b.PID(), b.Folder())
	if os.Getenv(childMode) == "panic" {
		panic("on purpose")
	}
	select {}
}

// again returns a command that runs this test binary as a child.
func again(mode, dir string) *exec.Cmd {
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), childMode+"="+mode, "PASSKEYLAB_TEST_DIR="+dir)
	return cmd
}

// limit returns a context that ends a minute from now at the latest, and with the test.
func limit(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	t.Cleanup(cancel)
	return ctx
}

// open returns a new page of a new context.
func open(t *testing.T, o browser.ContextOptions) *browser.Page {
	t.Helper()
	c, err := shared.NewContext(limit(t), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	})
	p, err := c.NewPage(limit(t))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// eventually polls until what holds is true.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	bound := time.After(30 * time.Second)
	for !holds() {
		select {
		case <-tick.C:
		case <-bound:
			t.Fatalf("did not happen in 30 s: %s", what)
		}
	}
}
