package browser

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"

	"github.com/go-rod/rod"
	"github.com/go-rod/rod/lib/proto"
)

// Page is one page in a window of its own. What happens in it is recorded: see Console, Exceptions, Requests and Problems.
// It is safe for concurrent use as far as rod's page is.
type Page struct {
	Rod *rod.Page // for everything that this package does not offer; lives until Close: use Rod.Context(ctx) to bound calls

	owner  *Context
	end    context.CancelCauseFunc
	record record

	mu      sync.Mutex
	options ContextOptions // what is emulated now
	stops   []func()       // what ends with the page
}

// Context returns the browser context of the page.
func (p *Page) Context() *Context { return p.owner }

// Close closes the page without asking it. It may be called often.
func (p *Page) Close() error {
	if p.Rod.GetContext().Err() != nil {
		p.forget()
		return nil
	}
	ctx, cancel := context.WithTimeout(p.owner.browser.ctx, closing)
	defer cancel()
	_, err := proto.TargetCloseTarget{TargetID: p.Rod.TargetID}.Call(p.owner.browser.rod.Context(ctx))
	p.forget()
	if err != nil {
		return fmt.Errorf("browser: close page: %w", err)
	}
	return nil
}

// forget ends everything on our side that belongs to the page.
func (p *Page) forget() {
	p.mu.Lock()
	stops := p.stops
	p.stops = nil
	p.mu.Unlock()
	for i := len(stops) - 1; i >= 0; i-- {
		stops[i]()
	}
	p.end(ErrClosed)
	p.owner.browser.rod.RemoveState(p.Rod.TargetID)
	p.owner.mu.Lock()
	defer p.owner.mu.Unlock()
	delete(p.owner.pages, p)
}

// onClose registers what must end with the page. The returned function ends it now.
func (p *Page) onClose(stop func()) func() {
	once := sync.OnceFunc(stop)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.stops = append(p.stops, once)
	return once
}

// Goto opens a URL and waits until the document is parsed and its scripts ran (the load event).
func (p *Page) Goto(ctx context.Context, url string) error {
	page := p.Rod.Context(ctx)
	if err := page.Navigate(url); err != nil {
		return fmt.Errorf("browser: open %s: %w", RedactURL(url), err)
	}
	if err := page.WaitLoad(); err != nil {
		return fmt.Errorf("browser: load %s: %w", RedactURL(url), err)
	}
	return nil
}

// URL returns the address of the page, redacted as RedactURL does.
func (p *Page) URL(ctx context.Context) (string, error) {
	info, err := proto.TargetGetTargetInfo{TargetID: p.Rod.TargetID}.Call(p.owner.browser.rod.Context(ctx))
	if err != nil {
		return "", fmt.Errorf("browser: ask for the page's address: %w", err)
	}
	return RedactURL(info.TargetInfo.URL), nil
}

// quality is that of JPEG screenshots: readable text at a fifth of the time and a quarter of the size of PNG.
const quality = 80

// longestPicture bounds the height of a full-page screenshot in CSS pixels: the encoder's limit is 65535 device pixels.
const longestPicture = 16000

// Screenshot returns a JPEG of what the window shows.
func (p *Page) Screenshot(ctx context.Context) ([]byte, error) {
	return p.capture(ctx, proto.PageCaptureScreenshot{})
}

// ScreenshotOf returns a JPEG of what the window shows of the first element that a CSS selector finds.
func (p *Page) ScreenshotOf(ctx context.Context, selector string) ([]byte, error) {
	var at proto.PageViewport
	place := fmt.Sprintf(`(() => { const r = document.querySelector(%q).getBoundingClientRect();
		return {x: r.x + scrollX, y: r.y + scrollY, width: r.width, height: r.height, scale: 1}; })()`, selector)
	if err := p.Evaluate(ctx, place, &at); err != nil {
		return nil, fmt.Errorf("browser: picture of %s: %w", selector, err)
	}
	return p.capture(ctx, proto.PageCaptureScreenshot{Clip: &at})
}

// ScreenshotFull returns a JPEG of the whole document, up to 16000 pixels high.
func (p *Page) ScreenshotFull(ctx context.Context) ([]byte, error) {
	m, err := proto.PageGetLayoutMetrics{}.Call(p.Rod.Context(ctx))
	if err != nil {
		return nil, fmt.Errorf("browser: measure the page: %w", err)
	}
	size := m.CSSContentSize
	if size == nil {
		return nil, errors.New("browser: measure the page: the browser told no content size")
	}
	return p.capture(ctx, proto.PageCaptureScreenshot{CaptureBeyondViewport: true, Clip: &proto.PageViewport{
		Width: size.Width, Height: min(size.Height, longestPicture), Scale: 1,
	}})
}

// capture takes a picture. What a navigation overtakes is either refused (the old page is gone, the new one not yet there) or
// never answered; the latter also leaves the emulated screen changed, so that clicks go astray: each try is bounded, the
// screen is emulated anew, and what the window shows by then is taken.
func (p *Page) capture(ctx context.Context, request proto.PageCaptureScreenshot) ([]byte, error) {
	q := quality
	request.Format, request.Quality = proto.PageCaptureScreenshotFormatJpeg, &q
	var shot *proto.PageCaptureScreenshotResult
	err := outlast(ctx, func(ctx context.Context) (err error) {
		shot, err = p.captureOnce(ctx, request)
		return err
	}, p.emulateAnew)
	if err != nil {
		return nil, fmt.Errorf("browser: take a screenshot: %w", err)
	}
	return shot.Data, nil
}

// emulateAnew gives the page its screen, media and identity once more.
func (p *Page) emulateAnew(ctx context.Context) error {
	for _, call := range emulation(p.Emulated(), p.owner.browser.version) {
		if err := call.Call(p.Rod.Context(ctx)); err != nil {
			return fmt.Errorf("emulate the screen anew: %w", err)
		}
	}
	return nil
}

func (p *Page) captureOnce(ctx context.Context, request proto.PageCaptureScreenshot) (*proto.PageCaptureScreenshotResult, error) {
	if err := p.Evaluate(ctx, maskCodes, nil); err != nil {
		return nil, err
	}
	return request.Call(p.Rod.Context(ctx))
}

// maskCodes shows typed one-time codes as dots, as the browser does with passwords: a picture is kept, a code must not be.
const maskCodes = `(() => {
	for (const field of document.querySelectorAll('[autocomplete~="one-time-code"]')) field.style.webkitTextSecurity = "disc";
})()`

// snapshot copies the document into an inert one, hides what must not be kept, and returns its text.
const snapshot = `(() => {
	if (!document.documentElement) return "";
	const copy = document.implementation.createHTMLDocument("").importNode(document.documentElement, true);
	for (const field of copy.querySelectorAll("input[value]")) {
		if (/^(hidden|password)$/i.test(field.type) || /one-time-code|password/.test(field.autocomplete)) field.setAttribute("value", "redacted");
	}
	return copy.outerHTML;
})()`

// HTML returns the document as it is now, with the values of hidden, password and one-time-code fields replaced by "redacted".
func (p *Page) HTML(ctx context.Context) (string, error) {
	var html string
	if err := p.Evaluate(ctx, snapshot, &html); err != nil {
		return "", fmt.Errorf("browser: take an HTML snapshot: %w", err)
	}
	return html, nil
}

// ScriptError is an exception that an evaluated expression threw.
type ScriptError struct {
	Name, Message string // of the Error or DOMException; Name is empty when something else was thrown
}

// Error is the name and the message.
func (e *ScriptError) Error() string { return e.Name + ": " + e.Message }

// Evaluate evaluates a JavaScript expression in the page as if a person had just touched it, awaits a promise, and stores
// the JSON of the result in the value that result points to (nil: drop it). What the script throws is a *ScriptError.
func (p *Page) Evaluate(ctx context.Context, expression string, result any) error {
	return evaluate(ctx, p.Rod, string(p.Rod.SessionID), evaluation{Expression: expression, Result: result, Gesture: true})
}

// evaluation is one script and where its result goes.
type evaluation struct {
	Expression string
	Result     any
	Gesture    bool
}

// caller is what can send a raw DevTools command: a page or the browser.
type caller interface {
	Call(ctx context.Context, session, method string, params any) ([]byte, error)
}

func evaluate(ctx context.Context, c caller, session string, e evaluation) error {
	data, err := c.Call(ctx, session, "Runtime.evaluate", map[string]any{
		"expression": e.Expression, "awaitPromise": true, "returnByValue": true, "userGesture": e.Gesture,
	})
	if err != nil {
		return err
	}
	var reply struct {
		Result struct {
			Value json.RawMessage `json:"value"`
		} `json:"result"`
		ExceptionDetails *exceptionDetails `json:"exceptionDetails"`
	}
	if err := json.Unmarshal(data, &reply); err != nil {
		return err
	}
	if reply.ExceptionDetails != nil {
		return reply.ExceptionDetails.err()
	}
	if e.Result == nil || len(reply.Result.Value) == 0 {
		return nil
	}
	return json.Unmarshal(reply.Result.Value, e.Result)
}
