package main

import (
	"context"
	"errors"
	"os"
	"runtime"

	"github.com/passkeylab/passkeylab/harness/bluetooth"
	"github.com/passkeylab/passkeylab/harness/config"
	"github.com/passkeylab/passkeylab/harness/lab"
	"github.com/passkeylab/passkeylab/virtualauth/keystore/tpmstore"
)

// examineSandbox says whether the browser that was started confines its pages: it does whenever it runs for anybody but root.
func examineSandbox(started finding, root bool) finding {
	f := finding{name: "sandbox"}
	switch {
	case root:
		f.condition, f.detail = note, "off: Chromium refuses to confine pages when it runs as root"
		f.fix = "nothing is lost in a container; to run with the sandbox, run as another user"
	case started.condition == missing:
		f.condition, f.detail = note, "nobody knows before the browser starts"
	default:
		f.condition, f.detail = good, "on: the browser confines its pages"
	}
	return f
}

// examineDisplay says whether a browser could show its windows.
func examineDisplay(mode config.Mode, display string) finding {
	f := finding{name: "display", condition: good}
	switch {
	case mode != config.Headed:
		f.detail = "none is needed: browser.mode is " + string(mode)
	case runtime.GOOS != "linux":
		f.detail = "that of the system"
	case display == "":
		f.condition, f.detail = missing, "browser.mode is headed, and DISPLAY names no X display"
		f.fix = "run within a desktop, or under xvfb-run of the package xvfb; or leave browser.mode headless, which needs none"
	default:
		f.detail = "the X display " + display
	}
	return f
}

// examineDBus starts a private message bus once and takes the name org.bluez on it, as each journey with a phone does.
func examineDBus(ctx context.Context) finding {
	f := finding{name: "D-Bus"}
	bus, err := bluetooth.Start(ctx, bluetooth.Options{})
	if err == nil {
		err = bus.Close()
	}
	var elsewhere *bluetooth.Unsupported
	var lacking *bluetooth.NotInstalled
	switch {
	case err == nil:
		f.condition, f.detail = good, "a private bus carries org.bluez, on which a browser hears a phone in software"
	case errors.As(err, &elsewhere):
		f.condition, f.detail, f.fix = note, "a browser on "+elsewhere.OS+" cannot hear a phone in software", "run on Linux for the journeys with a phone; the others run here"
	case errors.As(err, &lacking):
		f.condition, f.detail, f.fix = missing, "there is no "+lacking.Daemon, "make deps installs the package "+lacking.Package
	default:
		f.condition, f.detail, f.fix = missing, oneLine(err.Error()), "install the package dbus-daemon again, and make sure that "+os.TempDir()+" may hold sockets"
	}
	return f
}

// examineSimulator opens the TPM in which phones keep their keys.
func examineSimulator(ctx context.Context) finding {
	f := finding{name: "TPM simulator"}
	f.judge(ctx, tpmstore.Simulator{}, "opens: the phones of the journeys keep their keys in it")
	if f.condition == missing {
		f.fix = "make deps installs gcc and the headers that it is compiled with; then build again, with CGO_ENABLED=1"
	}
	return f
}

// examineSwtpm starts the second TPM in software.
func examineSwtpm(ctx context.Context) finding {
	f := finding{name: "swtpm"}
	f.judge(ctx, tpmstore.Swtpm{}, "starts: a second TPM in software, in which keys must live as well")
	if f.condition == missing {
		f.fix = "make deps installs the package swtpm; if it is there, make sure that " + os.TempDir() + " is writable"
	}
	return f
}

// judge opens a TPM once, and notes how that ended.
func (f *finding) judge(ctx context.Context, tpm tpmstore.Backend, well string) {
	store, err := tpmstore.Open(ctx, tpm, tpmstore.Config{})
	if err == nil {
		err = store.Close()
	}
	f.condition, f.detail = good, well
	if err != nil {
		f.condition, f.detail = missing, oneLine(err.Error())
	}
}

// examineHybrid raises the stage of a journey with a phone once: the parts may all be there and not come together.
func examineHybrid(ctx context.Context, c *config.Config) finding {
	f := finding{name: "hybrid"}
	l, err := lab.Open(ctx, lab.Options{BrowserPath: c.Browser.Path, Headed: c.Browser.Mode == config.Headed})
	if l != nil {
		defer l.Close()
	}
	var stage *lab.Stage
	if err == nil {
		stage, err = l.Raise(ctx, lab.StageOptions{ID: "doctor", Hybrid: true})
	}
	if stage != nil {
		err = errors.Join(err, stage.Close())
	}
	var elsewhere *bluetooth.Unsupported
	switch {
	case err == nil:
		f.condition, f.detail = good, "a browser, its dialog, Bluetooth, a tunnel and a phone start together"
	case errors.As(err, &elsewhere):
		f.condition, f.detail, f.fix = note, "not on "+elsewhere.OS, "run on Linux for the journeys with a phone; the others run here"
	default:
		f.condition, f.detail, f.fix = missing, oneLine(err.Error()), "see to what is MISSING above; if nothing is, this browser's dialog is not the one of Chromium 156"
	}
	return f
}
