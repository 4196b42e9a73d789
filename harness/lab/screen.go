package lab

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync"
	"time"
	"unicode"

	"github.com/passkeylab/passkeylab/harness/browser"
	"github.com/passkeylab/passkeylab/harness/page"
	"github.com/passkeylab/passkeylab/virtualauth/phone"
	"github.com/passkeylab/passkeylab/virtualauth/phone/screen"
)

// Screen is the page of a stage's phone, open in a window as large as a phone. The window belongs to the browser that all stages
// share, and not to the stage's own, whose one window is where codes are looked for. It implements phone.Fingers: a tap is a
// click on the page. It is safe for concurrent use.
type Screen struct {
	URL  string
	Page *browser.Page

	reach *Reach
	mu    sync.Mutex // nothing is tapped while a picture is taken
}

// phoneSize is the window of a phone's page, in CSS pixels.
var phoneSize = browser.Size{Width: 412, Height: 915}

// ErrNoScreen says that the phone's page cannot be shown, because the lab has no browser for it.
var ErrNoScreen = errors.New("lab: the phone's page needs a browser, and this lab has none")

// Screen serves the phone's page on this machine and opens it, the first time that it is called. Both end with the stage. From
// then on Film has pictures of the page, if the stage keeps pictures. It fails with ErrNoScreen. Unlike what it returns, it is
// for one goroutine at a time.
func (r *Reach) Screen(ctx context.Context) (*Screen, error) {
	if r.screen != nil {
		return r.screen, nil
	}
	s := r.stage
	if s.lab.browser == nil {
		return nil, ErrNoScreen
	}
	address, err := r.serveScreen(ctx)
	if err != nil {
		return nil, fmt.Errorf("lab: serve the phone's page: %w", err)
	}
	window, err := s.lab.browser.NewContext(ctx, browser.ContextOptions{Viewport: phoneSize})
	if err != nil {
		return nil, fmt.Errorf("lab: open the phone's page: %w", err)
	}
	s.closers = append(s.closers, window.Close)
	it := &Screen{URL: address, reach: r}
	if it.Page, err = window.NewPage(ctx); err != nil {
		return nil, fmt.Errorf("lab: open the phone's page: %w", err)
	}
	if _, err := page.OpenPhone(ctx, it.Page, it.URL); err != nil {
		return nil, fmt.Errorf("lab: %w", err)
	}
	s.closers = append(s.closers, r.film.follow(it))
	r.screen = it
	return it, nil
}

// serveScreen serves the page until the stage is closed, and returns its address. The phone's camera looks at the browser.
func (r *Reach) serveScreen(ctx context.Context) (address string, err error) {
	pages, err := screen.New(screen.Options{Phones: []screen.Handset{{
		ID: "phone", Phone: r.Phone, Look: r.Camera(), Sight: "the browser's window", Picture: r.Dialog.Picture,
	}}})
	if err != nil {
		return "", err
	}
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return "", errors.Join(err, pages.Close())
	}
	server := &http.Server{Handler: pages, ReadHeaderTimeout: headerTimeout}
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	r.stage.closers = append(r.stage.closers, func() error {
		err := errors.Join(pages.Close(), server.Close())
		if ended := <-served; !errors.Is(ended, http.ErrServerClosed) {
			err = errors.Join(err, ended)
		}
		return err
	})
	return "http://" + listener.Addr().String() + "/phone/", nil
}

// headerTimeout is how long a browser on this machine may take to send the head of a request.
const headerTimeout = 10 * time.Second

// Tap implements phone.Fingers.
func (s *Screen) Tap(ctx context.Context, v phone.View, control string) error {
	return s.touch(ctx, v, control, func(ctx context.Context) error { return page.TapPhone(ctx, s.Page, control) })
}

// Enter implements phone.Fingers. Digits are tapped on the phone's pad; anything else is typed.
func (s *Screen) Enter(ctx context.Context, v phone.View, control, text string) error {
	enter := page.EnterPIN
	if field, _ := v.Control(control); field.Kind == phone.KindSecret && isPIN(text) {
		enter = page.TapPIN
	}
	return s.touch(ctx, v, control, func(ctx context.Context) error { return enter(ctx, s.Page, text) })
}

func isPIN(text string) bool {
	for _, r := range text {
		if !unicode.IsDigit(r) {
			return false
		}
	}
	return true
}

// Scan opens the camera on the page, and returns when the phone has gone on from the viewfinder: with the code, or without.
func (s *Screen) Scan(ctx context.Context) error {
	if _, err := page.AwaitPhone(ctx, s.Page, page.PhoneHome); err != nil {
		return fmt.Errorf("lab: %w", err)
	}
	if err := s.Tap(ctx, s.reach.Phone.View(), "camera"); err != nil {
		return err
	}
	for v := s.reach.Phone.View(); v.State <= phone.P2; {
		var err error
		if v, err = s.reach.Phone.Await(ctx, v.Revision); err != nil {
			return fmt.Errorf("lab: wait for the camera: %w", err)
		}
	}
	return nil
}

// touch waits until the page shows a view, keeps a picture of it, touches it, and waits until the phone has felt that.
func (s *Screen) touch(ctx context.Context, v phone.View, control string, do func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, feeling)
	defer cancel()
	s.mu.Lock()
	defer s.mu.Unlock()
	now, err := s.shown(ctx)
	if err != nil {
		return err
	}
	if !alike(now, v) {
		return &phone.TapError{Control: control, Screen: now.Screen}
	}
	s.photograph(ctx, now)
	if err := do(ctx); err != nil {
		return fmt.Errorf("lab: tap %s on the phone's page: %w", control, err)
	}
	// It has felt the tap once there is something new to see, so that nobody taps twice.
	if _, err := s.reach.Phone.Await(ctx, now.Revision); err != nil {
		return fmt.Errorf("lab: the phone did not feel the tap on %s: %w", control, err)
	}
	return nil
}

// feeling is the longest time that a tap may take to go through the page.
const feeling = 10 * time.Second

// shown waits until the page shows what the phone shows, and returns that.
func (s *Screen) shown(ctx context.Context) (v phone.View, err error) {
	if !page.Poll(ctx, func() bool {
		v = s.reach.Phone.View()
		seen, err := page.ReadPhone(ctx, s.Page)
		return err == nil && seen.Ready && seen.Revision == v.Revision
	}) {
		return v, fmt.Errorf("lab: the page does not follow the phone to its screen %s: %w", v.Screen, context.Cause(ctx))
	}
	return v, nil
}

// look keeps a picture of what the phone shows now, unless it goes on too fast.
func (s *Screen) look(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, feeling)
	defer cancel()
	s.mu.Lock()
	defer s.mu.Unlock()
	if v, err := s.shown(ctx); err == nil {
		s.photograph(ctx, v)
	}
}

// photograph keeps a picture of the page for the film, if pictures are wanted and the page shows the view before and after. The
// caller holds s.mu.
func (s *Screen) photograph(ctx context.Context, v phone.View) {
	if !s.reach.film.wantsPhone(v) {
		return
	}
	picture, err := s.Page.ScreenshotOf(ctx, string(page.PhoneGlass))
	if err != nil {
		return // a picture that cannot be taken fails nothing
	}
	if seen, err := page.ReadPhone(ctx, s.Page); err == nil && seen.Revision == v.Revision {
		s.reach.film.develop(v, picture)
	}
}
