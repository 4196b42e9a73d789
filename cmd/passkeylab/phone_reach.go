package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/passkeylab/passkeylab/harness/bluetooth"
	"github.com/passkeylab/passkeylab/harness/browser"
	"github.com/passkeylab/passkeylab/harness/dialog"
	"github.com/passkeylab/passkeylab/harness/orgapp"
	"github.com/passkeylab/passkeylab/virtualauth"
	"github.com/passkeylab/passkeylab/virtualauth/hybrid/tunnel"
	"github.com/passkeylab/passkeylab/virtualauth/keystore"
	"github.com/passkeylab/passkeylab/virtualauth/phone"
	"github.com/passkeylab/passkeylab/virtualauth/phone/camera"
	"github.com/passkeylab/passkeylab/virtualauth/phone/screen"
)

// holding is the phone in somebody's hand, and all that lies between it and a browser.
type holding struct {
	options     phoneOptions
	console     *console
	log         *slog.Logger
	browserPath string // empty: look in the usual places

	party   *orgapp.Party // nil without --rp
	phone   *phone.Phone
	bus     *bluetooth.Bus
	tunnel  *tunnel.Server
	browser *browser.Browser // nil without --chromium
	window  *dialog.Window
	profile string // folder for the profile of the user's Chromium
	kept    string // where passkeys are, in words

	closers []func() error
}

// wallClock is the machine's clock: codes are dated by it.
type wallClock struct{ systemClock }

// After is time.After.
func (wallClock) After(d time.Duration) <-chan time.Time { return time.After(d) }

// open starts everything that s needs.
func (h *holding) open(ctx context.Context, s phone.Settings) error {
	own, err := openBelongings(ctx, h.options.state)
	if own != nil {
		h.closers = append(h.closers, own.close)
	}
	if err != nil {
		return err
	}
	if err := h.openAir(ctx); err != nil {
		return err
	}
	world := phone.World{
		Clock: wallClock{}, Rand: rand.Reader, Network: h.tunnel.Network(), Air: h.bus.Radio,
		Keys: func(string) (keystore.KeyStore, error) { return own.keys, nil },
	}
	if own.dir != "" {
		world.Store = func(provider string) (virtualauth.Store, error) { return own.vault(provider) }
	}
	if h.party != nil {
		world.Service = h.party.Services()
	}
	if h.phone, err = phone.New(s, world); err != nil {
		return err
	}
	if h.party != nil && len(h.phone.Apps()) == 0 {
		return usage("--rp is for %s, which cannot be opened on this phone: %v with %s; add --provider='%s', on Android 14 or iOS 17 at least", orgapp.Name, s.OS, providersOf(s), appFor(s.OS).Name)
	}
	h.kept = own.described()
	if h.options.chromium {
		return h.openChromium(ctx)
	}
	return nil
}

// openAir starts the software Bluetooth and the tunnel server, and makes a folder for a browser's profile.
func (h *holding) openAir(ctx context.Context) (err error) {
	if h.bus, err = bluetooth.Start(ctx, bluetooth.Options{}); err != nil {
		return err
	}
	h.closers = append(h.closers, h.bus.Close)
	if h.tunnel, err = tunnel.Start(context.WithoutCancel(ctx), tunnel.Options{Rand: rand.Reader, Log: h.log}); err != nil {
		return err
	}
	h.closers = append(h.closers, h.tunnel.Close)
	if h.options.state != "" {
		h.profile, err = filepath.Abs(filepath.Join(h.options.state, "chromium"))
		return err
	}
	if h.profile, err = os.MkdirTemp("", "passkeylab-phone-"); err != nil {
		return fmt.Errorf("make a folder for Chromium's profile: %w", err)
	}
	h.closers = append(h.closers, h.forgetProfile)
	return nil
}

// forgetProfile removes the folder of the user's Chromium, who may have it open still: that is told, and no failure.
func (h *holding) forgetProfile() error {
	if err := os.RemoveAll(h.profile); err != nil {
		h.console.print(fmt.Sprintf("Chromium still uses its profile; remove %s when it has ended.\n", h.profile))
	}
	return nil
}

// openChromium starts a Chromium that reaches the phone, and opens a window in it.
func (h *holding) openChromium(ctx context.Context) error {
	setup := dialog.Setup{}
	if h.options.headed {
		setup.Display = dialog.Inherit
	}
	var err error
	h.browser, err = browser.Launch(ctx, setup.Options(browser.Options{
		Path: h.browserPath, Log: h.log, Args: h.tunnel.BrowserFlags(), Env: h.bus.Env(),
	}))
	if err != nil {
		return err
	}
	h.closers = append(h.closers, h.browser.Close)
	if h.window, err = dialog.Open(ctx, h.browser, setup); err != nil {
		return err
	}
	h.closers = append(h.closers, h.window.Close)
	person, err := h.browser.NewContext(ctx, browser.ContextOptions{})
	if err != nil {
		return err
	}
	page, err := person.NewPage(ctx)
	if err != nil || h.options.open == "" {
		return err
	}
	if err := page.Goto(ctx, h.options.open); err != nil {
		return fmt.Errorf("--open %s: %w", h.options.open, err)
	}
	return nil
}

// handset is the phone for its page. Its camera looks at the window of the Chromium that was started, if there is one.
func (h *holding) handset() screen.Handset {
	shown := screen.Handset{ID: handsetID, Phone: h.phone}
	if h.window != nil {
		shown.Look, shown.Picture, shown.Sight = h.lookAtWindow, h.window.Picture, "the window of the lab’s Chromium"
	}
	return shown
}

// lookAtWindow is the text of the code that the window shows.
func (h *holding) lookAtWindow(ctx context.Context) (string, error) {
	return camera.Scan(ctx, h.window.Video())
}

// decodePicture is the text of the code in a picture.
func decodePicture(r io.ReadSeeker) (string, error) {
	picture, err := camera.Read(r)
	if err != nil {
		return "", err
	}
	return camera.Decode(picture)
}

// line is the command line, for a shell, of a Chromium that reaches the phone.
func (h *holding) line() string {
	words := []string{"env"}
	for _, variable := range h.bus.Env() {
		words = append(words, assigned(variable))
	}
	program := h.browserPath
	if program == "" {
		program = "chromium"
	}
	words = append(words, shellQuoted(program), assigned("--user-data-dir="+h.profile), "--no-first-run", "--no-default-browser-check", "--password-store=basic")
	if os.Geteuid() == 0 {
		words = append(words, "--no-sandbox") // Chromium refuses to start as root with its sandbox
	}
	for _, flag := range h.tunnel.BrowserFlags() {
		words = append(words, assigned(flag))
	}
	return strings.Join(words, " ")
}

// assigned quotes the value of a NAME=value for a shell.
func assigned(word string) string {
	name, value, _ := strings.Cut(word, "=")
	return name + "=" + shellQuoted(value)
}

// shellQuoted quotes a word for a shell, if it must be.
func shellQuoted(word string) string {
	plain := func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("-_./:=@%+", r)
	}
	if word != "" && strings.IndexFunc(word, func(r rune) bool { return !plain(r) }) < 0 {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}

// close ends everything, the last first.
func (h *holding) close() error {
	var errs []error
	for i := len(h.closers) - 1; i >= 0; i-- {
		errs = append(errs, h.closers[i]())
	}
	h.closers = nil
	return errors.Join(errs...)
}
