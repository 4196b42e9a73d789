package dialog_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/passkeylab/passkeylab/harness/browser"
	"github.com/passkeylab/passkeylab/harness/dialog"
	"github.com/passkeylab/passkeylab/virtualauth/phone/camera"
)

// onEachScreen runs a test without an X server, and with one.
func onEachScreen(t *testing.T, test func(t *testing.T, setup dialog.Setup)) {
	t.Run("without an X server", func(t *testing.T) { test(t, dialog.Setup{}) })
	t.Run("with an X server", func(t *testing.T) { test(t, dialog.Setup{Display: xServer(t)}) })
}

// xServer starts an X server that ends with the test.
func xServer(t *testing.T) string {
	t.Helper()
	path, err := exec.LookPath("Xvfb")
	if err != nil {
		t.Skip("Xvfb is not installed; apt-get install xvfb")
	}
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	server := exec.Command(path, "-displayfd", "3", "-screen", "0", "1400x1000x24", "-nolisten", "tcp")
	server.ExtraFiles = []*os.File{w}
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	_ = w.Close()
	t.Cleanup(func() {
		_ = server.Process.Signal(syscall.SIGTERM) // it removes its socket and lock
		_ = server.Wait()
	})
	number, err := bufio.NewReader(r).ReadString('\n')
	if err != nil {
		t.Fatal("Xvfb told no display:", err)
	}
	return ":" + strings.TrimSpace(number)
}

// scan returns the text of the code that the dialog shows.
func (d *desk) scan() string {
	d.t.Helper()
	text, err := camera.Scan(limit(d.t), d.window.Video())
	if err != nil {
		d.t.Fatal(err)
	}
	return text
}

// awaits waits for a step and returns the state.
func (d *desk) awaits(step dialog.Step) dialog.State {
	d.t.Helper()
	state, err := d.window.AwaitState(limit(d.t), step)
	if err != nil {
		d.t.Fatal(err)
	}
	return state
}

// press presses a button.
func (d *desk) press(button string) {
	d.t.Helper()
	if err := d.window.Press(limit(d.t), button); err != nil {
		d.t.Fatal(err)
	}
}

// roles returns the role of each button by its label.
func roles(s dialog.State) map[string]dialog.Role {
	found := map[string]dialog.Role{}
	for _, b := range s.Buttons {
		found[b.Label] = b.Role
	}
	return found
}

func TestTheCodeIsReadAndCancelEndsTheCeremony(t *testing.T) {
	onEachScreen(t, func(t *testing.T, setup dialog.Setup) {
		d := newDesk(t, setup, browser.Options{})
		p := d.page()
		d.page() // covers the first one on an X display
		var codes []string
		for range 3 { // at once after each other: the code must never be that of the dialog before
			create(t, p, toTheCode)
			state := d.awaits(dialog.QRCode)
			codes = append(codes, d.scan())
			if !state.Shown || state.Title != "Passkeys" || len(state.Texts) != 2 {
				t.Errorf("the sheet of the code: %+v", state)
			}
			if r := roles(state); len(r) != 2 || r["Cancel"] != dialog.Cancel || r["Back"] != dialog.Aside {
				t.Errorf("its buttons: %v", state.Buttons)
			}
			d.press(string(dialog.Cancel))
			if name := ended(t, p); name != "NotAllowedError" {
				t.Errorf("the page learned %q", name)
			}
			if state := d.awaits(dialog.Closed); state.Shown {
				t.Errorf("after Cancel: %+v", state)
			}
		}
		slices.Sort(codes)
		if len(slices.Compact(slices.Clone(codes))) != 3 {
			t.Errorf("the codes of three ceremonies: %q", codes)
		}
	})
}

func TestThePageClosesTheDialogByAborting(t *testing.T) {
	d := newDesk(t, dialog.Setup{}, browser.Options{})
	p := d.page()
	create(t, p, toTheCode)
	d.awaits(dialog.QRCode)
	run(t, p, `() => { abort.abort() }`)
	if name := ended(t, p); name != "AbortError" {
		t.Errorf("the page learned %q", name)
	}
	d.awaits(dialog.Closed)
	picture, err := d.window.Pixels(limit(t))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := camera.Decode(picture); !errors.Is(err, camera.ErrNoCode) {
		t.Errorf("the code is still there: %v", err)
	}
}

func TestTheDialogFollowsTheAdapter(t *testing.T) {
	onEachScreen(t, func(t *testing.T, setup dialog.Setup) {
		d := newDesk(t, setup, browser.Options{})
		p := d.page()
		d.bus.Adapter.Power(false)
		if err := d.bus.AwaitHeard(limit(t)); err != nil {
			t.Fatal(err)
		}
		create(t, p, toTheCode)
		state := d.awaits(dialog.BlePowerOnAutomatic)
		if r := roles(state); r["Turn on"] != dialog.Accept || r["Cancel"] != dialog.Cancel || state.Title != "Turn on Bluetooth?" {
			t.Errorf("the sheet: %+v", state)
		}
		d.bus.Adapter.Power(true)
		d.awaits(dialog.QRCode)
		d.scan()
	})
}

func TestTheListOfDevicesIsWalkedThroughByLabelAndRole(t *testing.T) {
	d := newDesk(t, dialog.Setup{}, browser.Options{})
	p := d.page()
	create(t, p, toTheChoice)
	state := d.awaits(dialog.MechanismSelection)
	if r := roles(state); r["Use a phone or tablet"] != dialog.Choice || r["USB security key"] != dialog.Choice {
		t.Errorf("the list: %+v", state)
	}
	d.press("use a phone or TABLET")
	d.awaits(dialog.QRCode)
	d.press(string(dialog.Aside))
	d.awaits(dialog.MechanismSelection)
	d.press("USB security key")
	d.awaits(dialog.UsbInsertAndActivate)
	d.press("Cancel")
	if name := ended(t, p); name != "NotAllowedError" {
		t.Errorf("the page learned %q", name)
	}
	var steps []dialog.Step
	for _, moment := range d.window.Steps() {
		steps = append(steps, moment.Step)
	}
	want := []dialog.Step{dialog.MechanismSelection, dialog.QRCode, dialog.MechanismSelection, dialog.UsbInsertAndActivate, dialog.Closed}
	if !slices.Equal(steps, want) {
		t.Errorf("the steps: %v", steps)
	}
}

func TestWhatIsNotThereIsSaid(t *testing.T) {
	d := newDesk(t, dialog.Setup{}, browser.Options{})
	if _, err := d.window.Pixels(limit(t)); !errors.Is(err, dialog.ErrNoWindow) {
		t.Errorf("pixels without a window: %v", err)
	}
	brief := func() context.Context {
		ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
		t.Cleanup(cancel)
		return ctx
	}
	var noButton *dialog.ButtonError
	if err := d.window.Press(brief(), "Cancel"); !errors.As(err, &noButton) || !errors.Is(err, context.DeadlineExceeded) ||
		!strings.Contains(err.Error(), "no dialog is shown") {
		t.Errorf("press without a dialog: %v", err)
	}
	p := d.page()
	create(t, p, toTheCode)
	d.awaits(dialog.QRCode)
	if err := d.window.Press(brief(), "Continue"); !errors.As(err, &noButton) || !strings.Contains(err.Error(), `"Back" (aside), "Cancel" (cancel)`) {
		t.Errorf("press a button that is not there: %v", err)
	}
	var noStep *dialog.StepError
	if _, err := d.window.AwaitState(brief(), dialog.CableV2Connected, dialog.CableV2Error); !errors.As(err, &noStep) ||
		noStep.State.Step != dialog.QRCode || noStep.State.Title != "Passkeys" {
		t.Errorf("wait for a step that does not come: %v", err)
	}
	second := d.page()
	create(t, second, toTheCode)
	ctx := limit(t)
	for {
		_, err := d.window.State(ctx)
		if errors.Is(err, dialog.ErrSeveralDialogs) {
			break
		}
		if err != nil || ctx.Err() != nil {
			t.Fatalf("two dialogs: %v", err)
		}
	}
	if _, err := d.window.Picture(limit(t)); !errors.Is(err, dialog.ErrSeveralDialogs) {
		t.Errorf("a picture of two dialogs: %v", err)
	}
}

func TestTwoBrowsersDoNotMix(t *testing.T) {
	first, second := newDesk(t, dialog.Setup{}, browser.Options{}), newDesk(t, dialog.Setup{}, browser.Options{})
	one, two := first.page(), second.page()
	create(t, one, toTheCode)
	create(t, two, toTheCode)
	if a, b := first.scan(), second.scan(); a == b {
		t.Errorf("both show %s", a)
	}
	first.press("Cancel")
	if name := ended(t, one); name != "NotAllowedError" {
		t.Errorf("the first page learned %q", name)
	}
	if state, err := second.window.State(limit(t)); err != nil || !state.Shown {
		t.Errorf("the second dialog: %+v, %v", state, err)
	}
}

func TestTheWindowOfTheDialogIsFoundAmongThoseThatOpenAndClose(t *testing.T) {
	onEachScreen(t, func(t *testing.T, setup dialog.Setup) {
		d := newDesk(t, setup, browser.Options{})
		first, _, third := d.page(), d.page(), d.page()
		if err := first.Close(); err != nil {
			t.Fatal(err)
		}
		create(t, third, toTheCode)
		before := d.scan()
		d.press("Cancel")
		ended(t, third)
		fourth := d.page()
		create(t, fourth, toTheCode)
		if d.scan() == before {
			t.Error("the code is that of another window")
		}
	})
}

func TestTheCodeIsReadInADarkAndInASmallWindow(t *testing.T) {
	for name, arg := range map[string]string{
		"dark": "--force-dark-mode", "with more contrast": "--force-high-contrast", "twice as dense": "--force-device-scale-factor=2",
	} {
		t.Run(name, func(t *testing.T) {
			d := newDesk(t, dialog.Setup{}, browser.Options{Args: []string{arg}})
			create(t, d.page(), toTheCode)
			d.scan()
			picture, err := d.window.Picture(limit(t))
			if err != nil {
				t.Fatal(err)
			}
			shown, err := camera.Read(bytes.NewReader(picture))
			if err != nil {
				t.Fatal(err)
			}
			if _, err := camera.Decode(shown); err != nil {
				t.Errorf("the picture for reports: %v", err)
			}
		})
	}
	t.Run("small", func(t *testing.T) {
		d := newDesk(t, dialog.Setup{}, browser.Options{})
		d.people = d.person(browser.ContextOptions{Viewport: browser.Size{Width: 320, Height: 480}})
		p := d.page()
		if width := run(t, p, `() => String(innerWidth)`); width != "320" {
			t.Errorf("the page is %s pixels wide", width)
		}
		create(t, p, toTheCode)
		d.scan()
	})
}

func TestClosingLeavesNothingAndEndsAllWaiting(t *testing.T) {
	d := newDesk(t, dialog.Setup{}, browser.Options{})
	d.page()
	waits := make(chan error, 2)
	go func() {
		_, err := d.window.AwaitState(context.Background(), dialog.QRCode)
		waits <- err
	}()
	go func() {
		video := d.window.Video()
		for {
			if _, err := video(context.Background()); err != nil {
				waits <- err
				return
			}
		}
	}()
	if err := d.browser.Close(); err != nil {
		t.Fatal(err)
	}
	if err := d.window.Close(); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := <-waits; !errors.Is(err, dialog.ErrClosed) {
			t.Errorf("a wait ended with %v", err)
		}
	}
	if _, err := d.window.State(limit(t)); !errors.Is(err, dialog.ErrClosed) {
		t.Errorf("the state of a closed window: %v", err)
	}
	if err := d.window.Press(limit(t), "Cancel"); !errors.Is(err, dialog.ErrClosed) {
		t.Errorf("press in a closed window: %v", err)
	}
}

func TestOpeningAndClosingLeavesNoGoroutine(t *testing.T) {
	onEachScreen(t, func(t *testing.T, setup dialog.Setup) {
		d := newDesk(t, setup, browser.Options{})
		if err := d.window.Close(); err != nil {
			t.Fatal(err)
		}
		before := runtime.NumGoroutine()
		for range 3 {
			w, err := dialog.Open(limit(t), d.browser, setup)
			if err != nil {
				t.Fatal(err)
			}
			for range 2 {
				if err := w.Close(); err != nil {
					t.Fatal(err)
				}
			}
		}
		ctx := limit(t)
		for runtime.NumGoroutine() > before && ctx.Err() == nil {
			runtime.Gosched() // the libraries' goroutines end a moment after their connections
		}
		if now := runtime.NumGoroutine(); now > before {
			t.Errorf("%d goroutines before, %d after", before, now)
		}
	})
}

func TestABrowserThatWasStartedOtherwiseIsRefused(t *testing.T) {
	b, err := browser.Launch(limit(t), browser.Options{Path: os.Getenv("PASSKEYLAB_BROWSER_PATH")})
	if err != nil {
		t.Fatal(err)
	}
	ends(t, b.Close)
	var lack *dialog.SetupError
	if _, err := dialog.Open(limit(t), b, dialog.Setup{}); !errors.As(err, &lack) {
		t.Errorf("got %v", err)
	}
}
