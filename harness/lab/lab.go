package lab

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"

	"github.com/passkeylab/passkeylab/harness/browser"
	"github.com/passkeylab/passkeylab/harness/browser/bridge"
)

// Options says how a lab is opened. The zero value is a headless browser from
// the usual places.
type Options struct {
	BrowserPath string       // empty looks in the usual places
	Headed      bool         // show the windows
	Seed        int64        // of everything that is random on every stage
	Log         *slog.Logger // nil discards
}

func (o Options) withDefaults() Options {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return o
}

// Lab is one browser process and its bridge. Stages stand on it.
type Lab struct {
	options     Options
	browser     *browser.Browser
	bridge      *bridge.Bridge
	differences []string
	dir         string // databases of the stages
	vault       vault  // the keys of phones
}

// Open starts the browser and the bridge. Without a browser it returns a lab
// that can only raise stages without one, and the reason as the error.
func Open(ctx context.Context, o Options) (*Lab, error) {
	l := &Lab{options: o.withDefaults()}
	launched := l.startBrowser(ctx)
	if launched != nil {
		launched = errors.Join(launched, l.closeBrowser())
	}
	if err := l.makeFolder(); err != nil {
		return nil, errors.Join(launched, err)
	}
	return l, launched
}

// makeFolder makes the folder of the databases: in that of the browser, which
// is removed even when this process is killed, or a temporary one without it.
func (l *Lab) makeFolder() (err error) {
	if l.browser != nil {
		l.dir = filepath.Join(l.browser.Folder(), "stages")
		err = os.MkdirAll(l.dir, 0o700)
	} else {
		l.dir, err = os.MkdirTemp("", "passkeylab-")
	}
	if err != nil {
		return fmt.Errorf("lab: make a folder for databases: %w", err)
	}
	return nil
}

func (l *Lab) startBrowser(ctx context.Context) (err error) {
	l.browser, err = browser.Launch(ctx, browser.Options{Path: l.options.BrowserPath, Headed: l.options.Headed, Log: l.options.Log})
	if err != nil {
		return fmt.Errorf("lab: start the browser: %w", err)
	}
	if l.differences, err = l.browser.Differences(ctx); err != nil {
		return fmt.Errorf("lab: ask the browser for its protocol: %w", err)
	}
	if l.bridge, err = bridge.Install(ctx, l.browser); err != nil {
		return fmt.Errorf("lab: install the bridge: %w", err)
	}
	return nil
}

// Version names the browser, or is empty when there is none.
func (l *Lab) Version() string {
	if l.browser == nil {
		return ""
	}
	return l.browser.Version().String()
}

// Differences lists how the browser's WebAuthn automation differs from the
// known one, in sentences. A difference is news, not a failure.
func (l *Lab) Differences() []string { return l.differences }

// Close ends the browser and removes what the lab kept on disk.
func (l *Lab) Close() error {
	return errors.Join(os.RemoveAll(l.dir), l.closeBrowser(), l.vault.close())
}

func (l *Lab) closeBrowser() error {
	var errs []error
	if l.bridge != nil {
		errs = append(errs, l.bridge.Close())
		l.bridge = nil
	}
	if l.browser != nil {
		errs = append(errs, l.browser.Close())
		l.browser = nil
	}
	return errors.Join(errs...)
}
