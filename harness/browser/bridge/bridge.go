package bridge

import (
	"context"
	"embed"
	"fmt"
	"io/fs"
	"log/slog"
	"maps"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/go-rod/rod/lib/proto"

	"github.com/passkeylab/passkeylab/harness/browser"
)

// Responder answers the ceremonies of one origin. Options and responses are the JSON forms of WebAuthn L3 §5.1.8 and §5.5;
// the options carry the origin in extensions.remoteDesktopClientOverride, which package client reads. A *client.DOMError
// reaches the page as that DOMException, any other error as NotAllowedError. It may take its time: the context ends when the
// page aborts or goes away. It is called from several goroutines at once.
type Responder interface {
	// Create answers navigator.credentials.create.
	Create(ctx context.Context, optionsJSON []byte) (responseJSON []byte, err error)
	// Get answers navigator.credentials.get.
	Get(ctx context.Context, optionsJSON []byte) (responseJSON []byte, err error)
	// PlatformAuthenticator is the answer to isUserVerifyingPlatformAuthenticatorAvailable.
	PlatformAuthenticator() bool
}

// Bridge is the installed extension. It ends with Close or with the browser; it is safe for concurrent use.
type Bridge struct {
	browser *browser.Browser
	log     *slog.Logger
	id      string // of the extension
	ctx     context.Context
	cancel  context.CancelFunc
	watcher sync.WaitGroup
	asked   sync.WaitGroup // requests under way
	stir    chan struct{}  // something happened to the worker: look
	stops   []func()
	once    sync.Once
	err     error

	mu      sync.Mutex
	routes  map[string]Responder
	pending map[int]context.CancelFunc // requests under way
	worker  worker
	moved   chan struct{} // closed when worker changes
	closed  bool
}

// worker is the DevTools session of the extension's service worker; zero when there is none. When the worker ends, the session
// stays and the next run of the worker appears in it.
type worker struct {
	target  proto.TargetTargetID
	session proto.TargetSessionID
	deaf    func()          // stops listening to the session
	run     int             // counts starts of the worker
	running bool            // a run is under way
	ready   bool            // and it takes answers
	life    context.Context // ends with the run: the browser never replies to what was asked in an ended one
	end     context.CancelFunc
}

//go:embed extension
var extension embed.FS

// Install loads the extension into the browser and connects to it. The context bounds the installation only.
func Install(ctx context.Context, b *browser.Browser) (*Bridge, error) {
	dir, err := unpack(b.Folder())
	if err != nil {
		return nil, fmt.Errorf("bridge: unpack the extension: %w", err)
	}
	var loaded struct {
		ID string `json:"id"`
	}
	// Incognito contexts reach an extension only when it is enabled for them.
	if err := call(ctx, b, command{method: "Extensions.loadUnpacked", args: map[string]any{"path": dir, "enableInIncognito": true}}, &loaded); err != nil {
		return nil, fmt.Errorf("bridge: load the extension: %w", err)
	}
	br := &Bridge{
		browser: b, log: b.Log(), id: loaded.ID, stir: make(chan struct{}, 1),
		routes: map[string]Responder{}, pending: map[int]context.CancelFunc{}, moved: make(chan struct{}),
	}
	br.ctx, br.cancel = context.WithCancel(b.Rod().GetContext())
	br.stops = append(br.stops, b.Listen("", br.hearBrowser))
	joined := make(chan error, 1)
	br.watcher.Go(func() { br.watch(joined) })
	br.look()
	select {
	case err = <-joined:
	case <-ctx.Done():
		err = fmt.Errorf("its service worker did not start: %w", context.Cause(ctx))
	case <-br.ctx.Done():
		err = context.Cause(br.ctx)
	}
	if err != nil {
		_ = br.Close()
		return nil, fmt.Errorf("bridge: connect to the extension: %w", err)
	}
	return br, nil
}

// unpack writes the extension below a folder that goes away with the browser.
func unpack(folder string) (string, error) {
	dir, err := os.MkdirTemp(folder, "bridge")
	if err != nil {
		return "", err
	}
	files, err := fs.Sub(extension, "extension")
	if err != nil {
		return "", err
	}
	return dir, os.CopyFS(dir, files)
}

// Route lets the responder answer all ceremonies of pages of an origin ("http://ada.localhost:8080"), in place of an earlier one.
func (b *Bridge) Route(origin string, r Responder) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.routes[strings.TrimSuffix(origin, "/")] = r
}

// Unroute ends a route. Ceremonies under way are answered by their responder still.
func (b *Bridge) Unroute(origin string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.routes, strings.TrimSuffix(origin, "/"))
}

// origins lists what is routed, for messages.
func (b *Bridge) origins() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.routes) == 0 {
		return "no origin at all"
	}
	return strings.Join(slices.Sorted(maps.Keys(b.routes)), ", ")
}

// removing is the longest time that taking the extension out may take: Close has no context, so that a deferred Close works.
const removing = 10 * time.Second

// Close answers what is under way with NotAllowedError, takes the extension out of the browser and waits for all responders
// to return. It may be called often.
func (b *Bridge) Close() error {
	b.once.Do(func() {
		b.mu.Lock()
		b.closed = true
		for _, cancel := range b.pending {
			cancel()
		}
		b.mu.Unlock()
		ctx, cancel := context.WithTimeout(context.WithoutCancel(b.ctx), removing)
		defer cancel()
		b.drain(ctx)
		b.err = b.uninstall(ctx)
		for _, stop := range b.stops {
			stop()
		}
		b.forget()
		b.cancel()
		b.watcher.Wait()
		b.asked.Wait()
	})
	return b.err
}

// drain waits until every request under way is answered, as long as the browser lives and the context allows.
func (b *Bridge) drain(ctx context.Context) {
	done := make(chan struct{})
	go func() { b.asked.Wait(); close(done) }()
	select {
	case <-done:
	case <-ctx.Done():
	case <-b.ctx.Done():
	}
}

// uninstall takes the extension out of a browser that still lives.
func (b *Bridge) uninstall(ctx context.Context) error {
	err := call(ctx, b.browser, command{method: "Extensions.uninstall", args: map[string]any{"id": b.id}}, nil)
	if err != nil && b.browser.Rod().GetContext().Err() == nil {
		return fmt.Errorf("bridge: remove the extension: %w", err)
	}
	return nil
}
