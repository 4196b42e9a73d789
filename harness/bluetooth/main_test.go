package bluetooth_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/passkeylab/passkeylab/harness/bluetooth"
)

func TestMain(m *testing.M) {
	if os.Getenv(childDir) != "" {
		os.Exit(child())
	}
	if runtime.GOOS != "linux" {
		fmt.Println("skipped: a browser looks for BlueZ on Linux only")
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// childDir is set in the environment of a copy of this test binary that starts a bus in that folder and waits to be killed.
const childDir = "PASSKEYLAB_TEST_BUS_DIR"

func child() int {
	b, err := bluetooth.Start(context.Background(), bluetooth.Options{Dir: os.Getenv(childDir)})
	if err != nil {
		fmt.Println(err)
		return 1
	}
	fmt.Println(b.Address())
	select {}
}

// again returns a command that runs this test binary as a child, which leads a session of its own as one in a terminal does.
func again(dir string) *exec.Cmd {
	cmd := exec.Command("setsid", os.Args[0]) // replaces itself: the process group has the child's number
	cmd.Env = append(os.Environ(), childDir+"="+dir)
	return cmd
}

// limit returns a context that ends a minute from now at the latest, and with the test.
func limit(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	t.Cleanup(cancel)
	return ctx
}

// start starts a bus that ends with the test.
func start(t *testing.T, o bluetooth.Options) *bluetooth.Bus {
	t.Helper()
	if o.Dir == "" {
		o.Dir = shortDir(t)
	}
	b, err := bluetooth.Start(limit(t), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := b.Close(); err != nil {
			t.Error(err)
		}
		left, err := os.ReadDir(o.Dir)
		if err != nil || len(left) > 0 {
			t.Errorf("the bus left %v behind (%v)", left, err)
		}
	})
	return b
}

// shortDir is a folder that ends with the test. That of the testing package has the test's name in its path, which is too long
// for a socket.
func shortDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "pkl")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return dir
}

// diary collects the events of a bus.
type diary struct {
	mu     sync.Mutex
	events []bluetooth.Event
}

func (d *diary) observe(e bluetooth.Event) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.events = append(d.events, e)
}

// titles are those of the events of the given kinds, in order.
func (d *diary) titles(kinds ...bluetooth.Kind) []string {
	d.mu.Lock()
	defer d.mu.Unlock()
	titles := []string{}
	for _, e := range d.events {
		if slices.Contains(kinds, e.Kind) {
			titles = append(titles, e.Title)
		}
	}
	return titles
}

// has is true when an event of that kind and title was seen.
func (d *diary) has(kind bluetooth.Kind, title string) bool {
	return slices.Contains(d.titles(kind), title)
}

// count says how often a method was called.
func (d *diary) count(method string) int {
	n := 0
	for _, title := range d.titles(bluetooth.Called) {
		if title == method {
			n++
		}
	}
	return n
}

// clock ends adverts when it is told to.
type clock struct {
	mu      sync.Mutex
	now     time.Time
	pending map[*func()]time.Time
}

func newClock() *clock {
	return &clock{now: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC), pending: map[*func()]time.Time{}}
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) AfterFunc(d time.Duration, f func()) func() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	key := &f
	c.pending[key] = c.now.Add(d)
	return func() bool {
		c.mu.Lock()
		defer c.mu.Unlock()
		_, waits := c.pending[key]
		delete(c.pending, key)
		return waits
	}
}

// waiting is how many timers run.
func (c *clock) waiting() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.pending)
}

// advance lets time pass, and calls what was to be called meanwhile.
func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	c.now = c.now.Add(d)
	var due []func()
	for f, at := range c.pending {
		if !at.After(c.now) {
			due = append(due, *f)
			delete(c.pending, f)
		}
	}
	c.mu.Unlock()
	for _, f := range due {
		f()
	}
}

// eventually polls until what holds is true.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
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
