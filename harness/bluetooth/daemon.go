package bluetooth

import (
	"bufio"
	"context"
	"crypto/rand"
	_ "embed"
	"encoding/hex"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/godbus/dbus/v5"
)

//go:embed guard.sh
var guardScript string

// cleaning is the longest time that the guard gets to end the daemon and remove its folder.
const cleaning = 10 * time.Second

// longestHome bounds the length of the folder's path: dbus-daemon takes no path of a socket that is longer than 99 bytes.
const longestHome = 99 - len("/bus")

// configuration is the bus' own: nobody but the user who started it (and root) may connect, and those may do anything.
const configuration = `<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <listen>%s</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow own="*"/>
    <allow send_destination="*"/>
    <allow receive_sender="*"/>
  </policy>
</busconfig>`

// daemon is the running guard.sh with the dbus-daemon below it.
type daemon struct {
	path    string // of the program
	home    string // folder of the bus, removed by the guard
	address string // of the bus, as D-Bus writes it
	cmd     *exec.Cmd
	leash   *os.File // the guard's standard input: closing it is the order to clean up

	ready  chan struct{} // closed when the daemon listens
	exited chan struct{} // closed when the daemon ended
	pid    atomic.Int64  // of the daemon; 0 until the guard told it
	status int           // its exit status, valid once exited is closed

	words   words
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

// startDaemon starts the guard, which starts the daemon at path, and waits until it listens. Nothing is left behind when
// it fails.
func startDaemon(ctx context.Context, path, dir string) (*daemon, error) {
	home := newHome(dir)
	d := &daemon{path: path, home: home, status: -1, ready: make(chan struct{}), exited: make(chan struct{})}
	d.address = "unix:path=" + dbus.EscapeBusAddressValue(filepath.Join(home, "bus"))
	var listen strings.Builder
	if err := xml.EscapeText(&listen, []byte(d.address)); err != nil {
		return nil, fmt.Errorf("bluetooth: write the configuration of the bus: %w", err)
	}
	if err := d.start(fmt.Sprintf(configuration, listen.String())); err != nil {
		return nil, fmt.Errorf("bluetooth: start the guard: %w", err)
	}
	select {
	case <-d.ready:
		return d, nil
	case <-d.exited:
		_ = d.close()
		return nil, d.failure(nil)
	case <-ctx.Done():
		_ = d.close()
		return nil, &DaemonError{Path: path, Status: -1, Stderr: d.words.last(), Cause: fmt.Errorf("it did not listen in time: %w", context.Cause(ctx))}
	}
}

// start starts the guard with a pipe for each of its three streams.
func (d *daemon) start(conf string) error {
	var ends [6]*os.File
	for i := 0; i < len(ends); i += 2 {
		r, w, err := os.Pipe()
		if err != nil {
			closeAll(ends[:i])
			return err
		}
		ends[i], ends[i+1] = r, w
	}
	order, leash, news, tell, words, stderr := ends[0], ends[1], ends[2], ends[3], ends[4], ends[5]
	d.cmd = exec.Command("/bin/sh", "-c", guardScript, "passkeylab-bus", d.home, conf,
		d.path, "--config-file="+filepath.Join(d.home, "bus.conf"), "--nofork", "--nopidfile", "--nosyslog", "--print-address=1")
	d.cmd.Dir, d.cmd.Stdin, d.cmd.Stdout, d.cmd.Stderr, d.cmd.ExtraFiles = "/", order, stderr, stderr, []*os.File{tell}
	if err := d.cmd.Start(); err != nil {
		closeAll(ends[:])
		return err
	}
	closeAll([]*os.File{order, tell, stderr}) // the guard's ends
	d.leash = leash
	d.readers.Go(func() { d.readNews(news) })
	d.readers.Go(func() { d.words.readFrom(words) })
	return nil
}

func closed(c chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}

func closeAll(files []*os.File) {
	for _, f := range files {
		_ = f.Close()
	}
}

// readNews reads what the guard and the daemon tell, until both are gone.
func (d *daemon) readNews(r io.ReadCloser) {
	defer r.Close()
	defer close(d.exited)
	listens := false
	for lines := bufio.NewScanner(r); lines.Scan(); {
		word, rest, _ := strings.Cut(lines.Text(), " ")
		switch {
		case word == "pid":
			if n, err := strconv.Atoi(rest); err == nil {
				d.pid.Store(int64(n))
			}
		case word == "exited":
			if n, err := strconv.Atoi(rest); err == nil {
				d.status = n
			}
		case strings.HasPrefix(word, "unix:"):
			listens = true
		}
		if listens && d.pid.Load() != 0 && !closed(d.ready) { // the two may come in either order
			close(d.ready)
		}
	}
}

// failure says how the daemon ended, once it has.
func (d *daemon) failure(cause error) error {
	return &DaemonError{Path: d.path, Status: d.status, Stderr: d.words.last(), Cause: cause}
}

// close ends the daemon and waits until its folder is removed. It may be called often.
func (d *daemon) close() error {
	d.once.Do(func() { d.err = d.clean() })
	return d.err
}

func (d *daemon) clean() error {
	_ = d.leash.Close()
	ended := make(chan error, 1)
	go func() { ended <- d.cmd.Wait() }()
	var errs []error
	select {
	case <-ended:
	case <-time.After(cleaning):
		errs = append(errs, d.cmd.Process.Kill())
		<-ended
	}
	// The guard did its work unless somebody killed it: what it left behind does the same, but let us wait for it no longer
	// than for the guard.
	select {
	case <-d.exited:
	case <-time.After(cleaning):
		errs = append(errs, d.kill())
	}
	if _, err := os.Lstat(d.home); err == nil {
		errs = append(errs, os.RemoveAll(d.home))
	}
	d.readers.Wait()
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("bluetooth: end %s (process %d) and remove %s: %w", d.path, d.pid.Load(), d.home, err)
	}
	return nil
}

// kill ends the daemon itself. While exited is open the daemon is alive, or its parent has not yet looked at its end: so the
// process id is still its own.
func (d *daemon) kill() error {
	pid := int(d.pid.Load())
	if pid == 0 {
		return errors.New("the daemon does not end, and its process id is not known")
	}
	process, err := os.FindProcess(pid)
	if err != nil {
		return err
	}
	return process.Kill()
}

// words keeps the last lines of a stream.
type words struct {
	mu    sync.Mutex
	lines []string
}

// wordsKept is how many lines are kept.
const wordsKept = 12

func (w *words) readFrom(r io.ReadCloser) {
	defer r.Close()
	for lines := bufio.NewScanner(r); lines.Scan(); {
		w.mu.Lock()
		w.lines = append(w.lines, lines.Text())
		w.lines = w.lines[max(0, len(w.lines)-wordsKept):]
		w.mu.Unlock()
	}
}

func (w *words) last() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return append([]string(nil), w.lines...)
}
