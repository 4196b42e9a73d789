package lab

import (
	"context"
	"crypto/rand"
	"fmt"
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

	stage *Stage
	film  film
}

// Camera is the phone's eye on the browser's window: it reads the first code that is shown there.
func (r *Reach) Camera() phone.CameraSource {
	return func(ctx context.Context) (string, error) {
		text, err := camera.Scan(ctx, r.Dialog.Video())
		if err != nil {
			return "", fmt.Errorf("lab: look at the browser's window: %w", err)
		}
		r.stage.Trace.Scanned(text)
		return text, nil
	}
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
	r := &Reach{stage: s, film: film{news: make(chan struct{}, 1)}}
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
		Keys:  func(string) (keystore.KeyStore, error) { return keys, nil },
		Equip: func(_ string, world *virtualauth.World) { world.Authority = s.authority },
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
