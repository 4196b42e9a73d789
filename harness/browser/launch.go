package browser

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/go-rod/rod"
	"github.com/go-rod/rod/lib/cdp"
	"github.com/go-rod/rod/lib/proto"
)

// Options say how to start a browser. The zero value starts the Chromium found in PATH, without a window.
type Options struct {
	Path    string        // of the browser; empty: chromium, chromium-browser or google-chrome from PATH
	Headed  bool          // show windows; needs a display
	Log     *slog.Logger  // nil: silent
	Args    []string      // further arguments for Chromium; FolderArgument in them stands for Browser.Folder
	Env     []string      // further environment, "NAME=value"
	Dir     string        // where the browser's own folder is made; empty: the system's temporary folder
	Timeout time.Duration // for the start; zero: one minute
}

// starting is the default of Options.Timeout: generous, because a busy machine of two cores needs many seconds.
const starting = time.Minute

// FolderArgument is written in Options.Args where the path of Browser.Folder is meant, which nobody knows before the start.
const FolderArgument = "{folder}"

// Browser is one running Chromium. It ends with Close; it is safe for concurrent use.
type Browser struct {
	rod     *rod.Browser
	socket  *socket
	guard   *guard
	log     *slog.Logger
	version Version
	host    string // host:port of the DevTools server

	ctx    context.Context // lives as long as the connection
	cancel context.CancelCauseFunc
	once   sync.Once
	err    error
}

// ErrClosed is the cause of every failure after Close.
var ErrClosed = errors.New("browser: closed")

// Launch starts a browser and connects to it. The context bounds the start only. Errors: *NotInstalled, *LaunchError.
func Launch(ctx context.Context, o Options) (*Browser, error) {
	path, err := find(o.Path)
	if err != nil {
		return nil, err
	}
	if o.Timeout == 0 {
		o.Timeout = starting
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	ctx, cancel := context.WithTimeout(ctx, o.Timeout)
	defer cancel()
	home := newHome(o.Dir)
	command := append([]string{path}, arguments(filepath.Join(home, "profile"), o.Headed, os.Geteuid() == 0, o.Args)...)
	for i := range command {
		command[i] = strings.ReplaceAll(command[i], FolderArgument, filesOf(home))
	}
	g, err := startGuard(home, command, environment(o.Env))
	if err != nil {
		return nil, err
	}
	b := &Browser{guard: g, log: o.Log}
	if err := b.connect(ctx); err != nil {
		_ = b.Close()
		return nil, &LaunchError{Path: path, Stderr: g.stderr.last(12), Cause: err}
	}
	b.log.Info("browser started", "path", path, "product", b.version.Product, "revision", b.version.Revision)
	return b, nil
}

// environment is ours plus extra. The session's D-Bus is kept: a headed browser may need it.
func environment(extra []string) []string {
	env := os.Environ()
	if home, ok := os.LookupEnv("HOME"); ok && os.Getenv("XAUTHORITY") == "" {
		env = append(env, "XAUTHORITY="+filepath.Join(home, ".Xauthority")) // HOME moves, the key of the display does not
	}
	return append(env, extra...)
}

// connect waits for the DevTools port and joins it.
func (b *Browser) connect(ctx context.Context) error {
	address, err := b.guard.address(ctx)
	if err != nil {
		return err
	}
	u, err := url.Parse(address)
	if err != nil {
		return fmt.Errorf("read the DevTools address: %w", err)
	}
	b.host = u.Host
	b.ctx, b.cancel = context.WithCancelCause(context.WithoutCancel(ctx))
	b.socket = &socket{WebSocket: &cdp.WebSocket{}, gone: func(err error) {
		b.cancel(fmt.Errorf("browser: connection lost: %w", err))
	}}
	if err := b.socket.Connect(ctx, address, nil); err != nil {
		return fmt.Errorf("connect to DevTools: %w", err)
	}
	b.rod = rod.New().Context(b.ctx).ControlURL("").NoDefaultDevice().Client(cdp.New().Start(b.socket))
	if err := b.rod.Connect(); err != nil {
		return fmt.Errorf("connect to DevTools: %w", err)
	}
	v, err := proto.BrowserGetVersion{}.Call(b.rod.Context(ctx))
	if err != nil {
		return fmt.Errorf("ask for the version: %w", err)
	}
	b.version = Version{Product: v.Product, Revision: v.Revision, Protocol: v.ProtocolVersion, UserAgent: v.UserAgent}
	return nil
}

// Rod returns the browser as rod sees it, for what this package does not offer. Its life is that of the Browser.
func (b *Browser) Rod() *rod.Browser { return b.rod }

// Log returns the logger that the browser was started with; it is never nil.
func (b *Browser) Log() *slog.Logger { return b.log }

// Listen shows the events of a DevTools session ("" for the browser's own) to hear until stop is called. See Listener.
func (b *Browser) Listen(session proto.TargetSessionID, hear Listener) (stop func()) {
	return b.socket.listen(string(session), hear)
}

// Folder returns a folder for files that the browser must read. It disappears with the browser.
func (b *Browser) Folder() string { return filesOf(b.guard.home) }

// filesOf is the path of Browser.Folder in the folder that the guard makes.
func filesOf(home string) string { return filepath.Join(home, "files") }

// ListenWords shows each line that the browser writes to its standard error or output to hear, until stop is called. It runs
// on the goroutine that reads them: it must be quick.
func (b *Browser) ListenWords(hear func(line string)) (stop func()) {
	return b.guard.stderr.listen(hear)
}

// Endpoint returns the host and port of the DevTools server.
func (b *Browser) Endpoint() string { return b.host }

// PID returns the process id of the guard, which leads the process group of the browser.
func (b *Browser) PID() int { return b.guard.cmd.Process.Pid }

// Done is closed when the browser can no longer be used: it was closed, or it crashed.
func (b *Browser) Done() <-chan struct{} { return b.ctx.Done() }

// Close ends the browser, waits until all its processes are gone and removes its folder. It may be called often.
func (b *Browser) Close() error {
	b.once.Do(func() {
		if b.cancel != nil {
			b.cancel(ErrClosed)
		}
		if b.rod != nil {
			_ = b.socket.WebSocket.Close()
		}
		b.err = b.guard.close()
	})
	return b.err
}

// LaunchError says why the browser did not start.
type LaunchError struct {
	Path   string   // of the browser
	Stderr []string // the last lines that it wrote
	Cause  error
}

// Error tells the cause, the likely fix and the browser's last words.
func (e *LaunchError) Error() string {
	var s strings.Builder
	fmt.Fprintf(&s, "browser: start %s: %v", e.Path, e.Cause)
	if fix := e.Fix(); fix != "" {
		fmt.Fprintf(&s, "\nlikely fix: %s", fix)
	}
	if len(e.Stderr) > 0 {
		s.WriteString("\nits last words:\n\t" + strings.Join(e.Stderr, "\n\t"))
	}
	return s.String()
}

// Unwrap returns the cause.
func (e *LaunchError) Unwrap() error { return e.Cause }

// Fix is the likely remedy, empty when there is no guess. It reads the browser's own words, for which there is no other form.
func (e *LaunchError) Fix() string {
	words := strings.Join(e.Stderr, "\n")
	for _, remedy := range []struct{ sign, fix string }{
		{"without --no-sandbox", "run as another user than root"},
		{"No usable sandbox", "allow unprivileged user namespaces (sysctl kernel.apparmor_restrict_unprivileged_userns=0), " +
			"or run as root in a container"},
		{"error while loading shared libraries", "install the libraries that it names; `apt-get install chromium` brings them all"},
		{"Missing X server", "there is no display: run without Headed, or under xvfb-run"},
		{"No space left on device", "free some disk space in the temporary folder"},
		{"snap", "this Chromium is a snap, which cannot read the temporary folder: install a Debian package of Chromium or Google Chrome"},
		{"Unable to open X display", "there is no display: run without Headed, or under xvfb-run"},
	} {
		if strings.Contains(words, remedy.sign) {
			return remedy.fix
		}
	}
	if strings.HasPrefix(e.Path, "/snap/") {
		return "this Chromium is a snap, which cannot read the temporary folder: install a Debian package of Chromium or Google Chrome"
	}
	if errors.Is(e.Cause, context.DeadlineExceeded) {
		return "the machine may be too busy: allow more time for the start"
	}
	return ""
}
