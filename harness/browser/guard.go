package browser

import (
	"bufio"
	"context"
	"crypto/rand"
	_ "embed"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"
)

//go:embed guard.sh
var guardScript string

// cleaning is the longest time that the guard gets to end the browser and remove its folder.
const cleaning = 30 * time.Second

// longestHome bounds the length of the folder's path: the browser keeps a Unix socket below it, whose path must fit into
// 107 bytes together with "/org.chromium.Chromium.XXXXXX/SingletonSocket".
const longestHome = 60

// guard is the running guard.sh with the browser below it.
type guard struct {
	cmd    *exec.Cmd
	leash  *os.File // the guard's standard input: closing it is the order to clean up
	home   string   // folder of the browser, removed by the guard
	stderr *tail    // last lines that the browser wrote

	exited chan struct{} // closed when the browser ended by itself
	status int           // its exit status, valid once exited is closed

	readers sync.WaitGroup
	once    sync.Once
	err     error
}

// newHome returns the path of a folder that does not exist yet, in dir (the system's temporary folder when empty).
func newHome(dir string) string {
	if dir == "" {
		dir = os.TempDir()
	}
	var random [6]byte
	_, _ = rand.Read(random[:]) // never fails, says its documentation
	name := "passkeylab-" + hex.EncodeToString(random[:])
	home := filepath.Join(dir, name)
	if absolute, err := filepath.Abs(home); err == nil {
		home = absolute
	}
	if len(home) > longestHome {
		home = filepath.Join("/tmp", name)
	}
	return home
}

// startGuard starts the guard, which starts the command. The folder home must not exist. Nothing is left behind when it fails.
func startGuard(home string, command, env []string) (*guard, error) {
	var open []*os.File
	fail := func(err error) (*guard, error) {
		for _, f := range open {
			_ = f.Close()
		}
		return nil, fmt.Errorf("browser: start the guard: %w", err)
	}
	pipe := func() (r, w *os.File, err error) {
		r, w, err = os.Pipe()
		if err == nil {
			open = append(open, r, w)
		}
		return r, w, err
	}
	order, leash, err := pipe()
	if err != nil {
		return fail(err)
	}
	news, tell, err := pipe()
	if err != nil {
		return fail(err)
	}
	words, stderr, err := pipe()
	if err != nil {
		return fail(err)
	}
	cmd := exec.Command("/bin/sh", append([]string{"-c", guardScript, "passkeylab-guard", home}, command...)...)
	cmd.Dir, cmd.Env = "/", env
	cmd.Stdin, cmd.Stdout, cmd.Stderr, cmd.ExtraFiles = order, stderr, stderr, []*os.File{tell}
	ownGroup(cmd)
	if err := cmd.Start(); err != nil {
		return fail(err)
	}
	for _, f := range []*os.File{order, tell, stderr} {
		_ = f.Close() // the guard's ends
	}
	g := &guard{cmd: cmd, leash: leash, home: home, stderr: newTail(), exited: make(chan struct{})}
	g.readers.Go(func() { g.readNews(news) })
	g.readers.Go(func() { g.stderr.readFrom(words) })
	return g, nil
}

// readNews waits for the guard to say that the browser ended.
func (g *guard) readNews(r io.ReadCloser) {
	defer r.Close()
	defer close(g.exited)
	line, _ := bufio.NewReader(r).ReadString('\n')
	g.status = -1
	if status, ok := strings.CutPrefix(strings.TrimSpace(line), "exited "); ok {
		if n, err := strconv.Atoi(status); err == nil {
			g.status = n
		}
	}
}

// close ends the browser, waits until all its processes are gone and its folder is removed. It may be called often.
func (g *guard) close() error {
	g.once.Do(func() { g.err = g.clean() })
	return g.err
}

func (g *guard) clean() error {
	_ = g.leash.Close()
	ended := make(chan error, 1)
	go func() { ended <- g.cmd.Wait() }()
	select {
	case <-ended:
	case <-time.After(cleaning):
		_ = killGroup(g.cmd.Process.Pid)
		<-ended
	}
	// The guard did its work unless somebody killed it: look, and do what is left to do.
	var errs []error
	if _, err := os.Lstat(g.home); err == nil {
		errs = append(errs, killGroup(g.cmd.Process.Pid), os.RemoveAll(g.home))
	}
	g.readers.Wait()
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("browser: remove %s: %w", g.home, err)
	}
	return nil
}

// tail keeps the last lines of a stream, shows each to its listeners and finds the first that starts with a prefix.
type tail struct {
	mu        sync.Mutex
	lines     []string
	url       chan string // receives the DevTools address, once
	next      int
	listeners map[int]func(line string)
}

// tailLines is how many lines a tail keeps; tailWidth how many bytes of each.
const (
	tailLines = 60
	tailWidth = 400
)

// listening stands before the address in the line that Chromium writes when its DevTools port is open.
const listening = "DevTools listening on "

func newTail() *tail { return &tail{url: make(chan string, 1), listeners: map[int]func(string){}} }

// listen registers a listener for the lines that follow, until stop is called. It gets them whole.
func (t *tail) listen(hear func(line string)) (stop func()) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.next++
	id := t.next
	t.listeners[id] = hear
	return func() {
		t.mu.Lock()
		defer t.mu.Unlock()
		delete(t.listeners, id)
	}
}

func (t *tail) readFrom(r io.ReadCloser) {
	defer r.Close()
	lines := bufio.NewReaderSize(r, 4096)
	for {
		line, err := lines.ReadString('\n')
		if line = strings.TrimSpace(line); line != "" {
			t.add(line)
		}
		if err != nil {
			return
		}
	}
}

func (t *tail) add(line string) {
	if address, ok := strings.CutPrefix(line, listening); ok {
		select {
		case t.url <- address:
		default: // a browser says it once; more is ignored
		}
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, hear := range t.listeners {
		hear(line)
	}
	if len(line) > tailWidth {
		line = line[:tailWidth] + "…"
	}
	if len(t.lines) == tailLines {
		t.lines = t.lines[1:]
	}
	t.lines = append(t.lines, line)
}

// last returns up to n of the newest lines, without complaints about a missing D-Bus, of which a container has dozens.
func (t *tail) last(n int) []string {
	t.mu.Lock()
	defer t.mu.Unlock()
	var out []string
	for i := len(t.lines) - 1; i >= 0 && len(out) < n; i-- {
		if !strings.Contains(t.lines[i], ":dbus/") {
			out = append([]string{t.lines[i]}, out...)
		}
	}
	return out
}

// address waits until the browser says where its DevTools port is.
func (g *guard) address(ctx context.Context) (string, error) {
	select {
	case url := <-g.stderr.url:
		return url, nil
	case <-g.exited:
		return "", &exitError{Status: g.status}
	case <-ctx.Done():
		return "", fmt.Errorf("it did not open its DevTools port in time: %w", context.Cause(ctx))
	}
}

// exitError says that the browser ended before it was asked to.
type exitError struct{ Status int }

func (e *exitError) Error() string {
	switch e.Status {
	case 126:
		return "the browser's file is not executable"
	case 127:
		return "the browser's file was not found or lacks its interpreter"
	case -1:
		return "the guard could not start the browser"
	}
	return fmt.Sprintf("the browser ended at once with status %d", e.Status)
}
