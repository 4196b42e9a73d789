package browser

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/go-rod/rod"
	"github.com/go-rod/rod/lib/proto"
)

// Size is a width and a height in CSS pixels.
type Size struct{ Width, Height int }

// ContextOptions describe a person's computer or phone. The zero value is a desktop of 1280 by 800 in light mode, in the
// browser's own language and time zone.
type ContextOptions struct {
	Viewport      Size          // zero: 1280 by 800, or the screen of the phone
	Mobile        Mobile        // empty: a desktop
	Dark          bool          // prefers-color-scheme: dark
	ReducedMotion bool          // prefers-reduced-motion: reduce
	ForcedColours bool          // forced-colors: active, the few colours of a contrast theme
	Scale         float64       // device pixels a CSS pixel; zero: 1, or 2 of a phone. 4 at a fourth of the size is 400 percent zoom
	Locale        string        // BCP 47, "de-DE": navigator.language, Accept-Language and Intl
	Timezone      string        // IANA name, "Europe/Berlin"
	Patience      time.Duration // how long ByRole waits for an element; zero: 10 seconds
}

func (o ContextOptions) withDefaults() ContextOptions {
	if o.Viewport == (Size{}) {
		o.Viewport = o.Mobile.screen()
	}
	if o.Patience == 0 {
		o.Patience = patience
	}
	return o
}

// patience is the default of ContextOptions.Patience.
const patience = 10 * time.Second

// smallestWindow has room for the browser's own dialogs, which a smaller one would cut off. What the page sees is the viewport.
var smallestWindow = Size{Width: 500, Height: 640}

// Context is an incognito browser context: cookies, storage and windows of one person. It is safe for concurrent use.
type Context struct {
	browser *Browser
	id      proto.BrowserBrowserContextID
	options ContextOptions

	mu    sync.Mutex
	pages map[*Page]struct{}
	ended bool
}

// NewContext makes a browser context. The context argument bounds this call only; Close ends the browser context.
func (b *Browser) NewContext(ctx context.Context, o ContextOptions) (*Context, error) {
	o = o.withDefaults()
	made, err := proto.TargetCreateBrowserContext{DisposeOnDetach: true}.Call(b.rod.Context(ctx))
	if err != nil {
		return nil, fmt.Errorf("browser: new context: %w", err)
	}
	return &Context{browser: b, id: made.BrowserContextID, options: o, pages: map[*Page]struct{}{}}, nil
}

// Browser returns the browser of the context.
func (c *Context) Browser() *Browser { return c.browser }

// NewPage opens a page in a window of its own, which therefore has the focus whatever other windows there are
// (navigator.credentials.create refuses without). The context argument bounds this call only; Close ends the page.
func (c *Context) NewPage(ctx context.Context) (*Page, error) {
	owner := c.browser.rod.Context(ctx)
	width, height := max(c.options.Viewport.Width, smallestWindow.Width), max(c.options.Viewport.Height, smallestWindow.Height)
	target, err := proto.TargetCreateTarget{
		URL: "about:blank", BrowserContextID: c.id, NewWindow: true, Width: &width, Height: &height,
	}.Call(owner)
	if err != nil {
		return nil, fmt.Errorf("browser: new page: %w", err)
	}
	p, err := c.join(ctx, target.TargetID)
	if err != nil {
		_, _ = proto.TargetCloseTarget{TargetID: target.TargetID}.Call(c.browser.rod)
		return nil, fmt.Errorf("browser: new page: %w", err)
	}
	return p, nil
}

// join attaches to a target of this context and makes it behave as the options say.
func (c *Context) join(ctx context.Context, target proto.TargetTargetID) (*Page, error) {
	life, end := context.WithCancelCause(c.browser.ctx)
	abort := context.AfterFunc(ctx, func() { end(context.Cause(ctx)) })
	owner := c.browser.rod.Context(life)
	owner.BrowserContextID = c.id
	page, err := owner.PageFromTarget(target)
	if err != nil {
		end(err)
		return nil, err
	}
	p := &Page{Rod: page, owner: c, end: end, options: c.options}
	p.record.start()
	p.stops = append(p.stops, c.browser.Listen(page.SessionID, p.record.hear))
	if err := c.prepare(page.Context(ctx)); err != nil {
		p.forget()
		return nil, err
	}
	if !abort() {
		p.forget()
		return nil, context.Cause(ctx)
	}
	if !c.keep(p) {
		p.forget()
		return nil, ErrClosed
	}
	return p, nil
}

// keep remembers the page, so that it ends with the context; false when the context has ended already.
func (c *Context) keep(p *Page) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.ended {
		return false
	}
	c.pages[p] = struct{}{}
	return true
}

// prepare turns on what is recorded and what is emulated, before the page loads anything.
func (c *Context) prepare(page *rod.Page) error {
	calls := []interface{ Call(proto.Client) error }{
		proto.RuntimeEnable{}, proto.NetworkEnable{}, proto.LogEnable{}, proto.InspectorEnable{},
	}
	calls = append(calls, emulation(c.options, c.browser.version)...)
	for _, call := range calls {
		if err := call.Call(page); err != nil {
			return fmt.Errorf("%T: %w", call, err)
		}
	}
	return nil
}

// Close closes all pages of the context and forgets its cookies and storage. It may be called often.
func (c *Context) Close() error {
	c.mu.Lock()
	ended := c.ended
	c.ended = true
	pages := c.pages
	c.pages = nil
	c.mu.Unlock()
	if ended {
		return nil
	}
	for p := range pages {
		p.forget()
	}
	if c.browser.ctx.Err() != nil {
		return nil // gone with the browser
	}
	ctx, cancel := context.WithTimeout(c.browser.ctx, closing)
	defer cancel()
	if err := (proto.TargetDisposeBrowserContext{BrowserContextID: c.id}).Call(c.browser.rod.Context(ctx)); err != nil {
		return fmt.Errorf("browser: close context: %w", err)
	}
	return nil
}

// closing is the longest time that closing a page or context may take: Close has no context, so that a deferred Close works
// after the test's context ended.
const closing = 10 * time.Second
