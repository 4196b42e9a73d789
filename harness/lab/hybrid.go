package lab

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/passkeylab/passkeylab/harness/bluetooth"
	"github.com/passkeylab/passkeylab/harness/browser"
	"github.com/passkeylab/passkeylab/harness/dialog"
	"github.com/passkeylab/passkeylab/virtualauth"
	"github.com/passkeylab/passkeylab/virtualauth/hybrid/tunnel"
	"github.com/passkeylab/passkeylab/virtualauth/keystore"
	"github.com/passkeylab/passkeylab/virtualauth/phone"
	"github.com/passkeylab/passkeylab/virtualauth/phone/camera"
)

// Reach is all that lies between a computer and a phone on a stage, and the phone itself: the software Bluetooth of the
// computer, the tunnel server, the browser's own dialog with the code, and the phone that reads it. The browser is one of the
// stage's own, in which neither the bridge nor a DevTools authenticator is active.
type Reach struct {
	Phone  *phone.Phone
	Bus    *bluetooth.Bus
	Tunnel *tunnel.Server
	Dialog *dialog.Window

	stage  *Stage
	film   film
	read   readCodes
	screen *Screen // nil as long as nobody has asked for it
}

// Camera is the phone's eye on the browser's window: it reads the first code that a dialog shows there. One that was read in an
// earlier dialog is passed over, and so is a foreign one, because a window that is drawn late may still show what was there
// before: that dialog, or a page with a code of its own.
func (r *Reach) Camera() phone.CameraSource {
	return func(ctx context.Context) (string, error) {
		text, err := firstCode(ctx, r.Dialog.Video(), func(text string) bool { return r.read.current(text, r.dialogsClosed()) })
		if err != nil {
			return "", fmt.Errorf("lab: look at the browser's window: %w", err)
		}
		r.stage.Trace.Scanned(text)
		return text, nil
	}
}

// firstCode reads the first code that is wanted. Its error tells of the last foreign code, too.
func firstCode(ctx context.Context, video camera.Source, wanted func(text string) bool) (string, error) {
	var foreign *camera.ForeignError
	for {
		text, err := camera.Scan(ctx, video)
		switch {
		case err == nil && wanted(text):
			return text, nil
		case err == nil || errors.As(err, &foreign):
		case foreign != nil:
			return "", errors.Join(err, foreign)
		default:
			return "", err
		}
	}
}

// dialogsClosed is how many dialogs the browser has closed.
func (r *Reach) dialogsClosed() (n int) {
	for _, moment := range r.Dialog.Steps() {
		if moment.Step == dialog.Closed {
			n++
		}
	}
	return n
}

// readCodes are the codes that were read, and how many dialogs had been closed before. The zero value is ready for use.
type readCodes struct {
	mu   sync.Mutex
	when map[string]int
}

// current notes a code, and reports whether no dialog was closed since it was read first: each dialog shows a code of its own.
func (c *readCodes) current(text string, closed int) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	first, known := c.when[text]
	if !known {
		if c.when == nil {
			c.when = map[string]int{}
		}
		c.when[text], first = closed, closed
	}
	return first == closed
}

// HybridReady says whether stages with StageOptions.Hybrid can be raised here, or why not and what to do about it: a
// *bluetooth.Unsupported, a *bluetooth.NotInstalled, tpmstore.ErrNoSimulator and others.
func (l *Lab) HybridReady(ctx context.Context) error {
	if _, err := l.Keys(ctx); err != nil {
		return err
	}
	bus, err := bluetooth.Start(ctx, bluetooth.Options{})
	if err != nil {
		return fmt.Errorf("lab: start a software Bluetooth: %w", err)
	}
	return bus.Close()
}

// openReach gives the person a browser of their own, a phone, and what lies between.
func (s *Stage) openReach(ctx context.Context, o StageOptions) error {
	keys, err := s.lab.Keys(ctx)
	if err != nil {
		return err
	}
	r := &Reach{stage: s, film: film{news: make(chan struct{}, 1), turns: make(chan struct{}, 1)}}
	s.Reach = r
	if r.Bus, err = bluetooth.Start(ctx, bluetooth.Options{Observe: s.observeBus}); err != nil {
		return err
	}
	s.closers = append(s.closers, r.Bus.Close)
	// Tunnel ids and certificates need no seed: nothing that a journey sees depends on them.
	if r.Tunnel, err = tunnel.Start(context.WithoutCancel(ctx), tunnel.Options{Rand: rand.Reader, Log: s.lab.options.Log}); err != nil {
		return err
	}
	s.closers = append(s.closers, r.Tunnel.Close)
	if err := s.openOwnBrowser(ctx, o); err != nil {
		return err
	}
	r.Phone, err = phone.New(phone.Settings{}, phone.World{
		Clock: machineClock{}, Rand: s.random, Network: r.Tunnel.Network(), Air: r.Bus.Radio, Observe: s.observePhone,
		Service: s.services(),
		Keys:    func(string) (keystore.KeyStore, error) { return keys, nil },
		Equip:   func(_ string, world *virtualauth.World) { world.Authority = s.authority },
	})
	if err != nil {
		return err
	}
	r.film.shows(phone.Event{At: time.Now(), What: phone.Shown, View: r.Phone.View()})
	return nil
}

// openOwnBrowser starts a browser on the stage's bus, and opens its window.
func (s *Stage) openOwnBrowser(ctx context.Context, o StageOptions) error {
	r := s.Reach
	setup := dialog.Setup{}
	if s.lab.options.Headed {
		setup.Display = dialog.Inherit
	}
	own, err := browser.Launch(ctx, setup.Options(browser.Options{
		Path: s.lab.options.BrowserPath, Headed: s.lab.options.Headed, Log: s.lab.options.Log,
		Args: r.Tunnel.BrowserFlags(), Env: r.Bus.Env(),
	}))
	if err != nil {
		return err
	}
	s.closers = append(s.closers, own.Close)
	if r.Dialog, err = dialog.Open(ctx, own, setup); err != nil {
		return err
	}
	s.closers = append(s.closers, r.Dialog.Close, r.film.roll(r.Dialog, o.Pictures))
	return s.openPage(ctx, own, o)
}

// machineClock is the time of a phone: it reads codes that an unmodified browser dated by the machine's clock.
type machineClock struct{}

func (machineClock) Now() time.Time                         { return time.Now() }
func (machineClock) After(d time.Duration) <-chan time.Time { return time.After(d) }
