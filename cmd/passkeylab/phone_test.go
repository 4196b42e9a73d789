package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"image"
	"image/png"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/makiuchi-d/gozxing"
	"github.com/makiuchi-d/gozxing/qrcode"

	"github.com/passkeylab/passkeylab/harness/bluetooth"
	"github.com/passkeylab/passkeylab/harness/browser"
	"github.com/passkeylab/passkeylab/harness/dialog"
	"github.com/passkeylab/passkeylab/harness/page"
	"github.com/passkeylab/passkeylab/virtualauth/hybrid"
	"github.com/passkeylab/passkeylab/virtualauth/phone/camera"
)

// inHand is passkeylab phone, run in this process.
type inHand struct {
	*testing.T
	printed, failed *output
	url             string
	stop            func() int // ends it and returns the exit code
}

// needsBluetooth skips a test where there can be no software Bluetooth.
func needsBluetooth(t *testing.T) {
	t.Helper()
	bus, err := bluetooth.Start(t.Context(), bluetooth.Options{})
	if err != nil {
		t.Skipf("no software Bluetooth: %v", err)
	}
	if err := bus.Close(); err != nil {
		t.Fatal(err)
	}
}

func holdPhone(t *testing.T, flags ...string) *inHand {
	t.Helper()
	h := &inHand{T: t, printed: &output{}, failed: &output{}}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan int, 1)
	go func() {
		ended <- app{in: strings.NewReader(""), out: h.printed, err: h.failed}.run(ctx, append([]string{"phone", "--listen=127.0.0.1:0"}, flags...))
	}()
	code := -1
	h.stop = func() int {
		cancel()
		select {
		case code = <-ended:
			ended <- code
		case <-time.After(30 * time.Second):
			t.Error("the phone did not stop")
		}
		return code
	}
	t.Cleanup(func() { h.stop() })
	found := regexp.MustCompile(`is at (http://localhost:\d+/phone/)`)
	if !h.within(time.Minute, func() bool { return strings.Contains(h.printed.String(), "spki-list") || h.failed.String() != "" }) || h.failed.String() != "" {
		t.Fatalf("it does not run:\n%s%s", h.printed, h.failed)
	}
	h.url = found.FindStringSubmatch(h.printed.String())[1]
	return h
}

// within looks every 20 milliseconds.
func (h *inHand) within(limit time.Duration, holds func() bool) bool {
	ctx, cancel := context.WithTimeout(h.Context(), limit)
	defer cancel()
	for !holds() {
		select {
		case <-ctx.Done():
			return holds()
		case <-time.After(20 * time.Millisecond):
		}
	}
	return true
}

// says waits until something is printed.
func (h *inHand) says(words string) {
	h.Helper()
	if !h.within(time.Minute, func() bool { return strings.Contains(h.printed.String(), words) }) {
		h.Fatalf("it never says %q:\n%s%s", words, h.printed, h.failed)
	}
}

// printedLine runs the line that was printed in a shell whose chromium tells how it was called.
func (h *inHand) printedLine() (args, env []string) {
	h.Helper()
	line := regexp.MustCompile(`(?m)^env .*chromium.*$`).FindString(h.printed.String())
	dir := h.TempDir()
	script := "#!/bin/sh\nenv | grep ^DBUS_ >" + dir + "/env\nprintf '%s\\n' \"$@\" >" + dir + "/args\n"
	if err := os.WriteFile(filepath.Join(dir, "chromium"), []byte(script), 0o755); err != nil {
		h.Fatal(err)
	}
	cmd := exec.CommandContext(h.Context(), "sh", "-c", line)
	cmd.Env = append(os.Environ(), "PATH="+dir+":"+os.Getenv("PATH"))
	if output, err := cmd.CombinedOutput(); err != nil {
		h.Fatalf("%s: %v\n%s", line, err, output)
	}
	lines := func(name string) []string {
		return strings.Split(strings.TrimSpace(read(h.T, filepath.Join(dir, name))), "\n")
	}
	return lines("args"), lines("env")
}

// launched starts a browser that is ended with the test.
func (h *inHand) launched(o browser.Options) *browser.Browser {
	h.Helper()
	b, err := browser.Launch(h.Context(), o)
	if missing := new(browser.NotInstalled); errors.As(err, &missing) {
		h.Skip(err)
	}
	if err != nil {
		h.Fatal(err)
	}
	h.Cleanup(func() {
		if err := b.Close(); err != nil {
			h.Error(err)
		}
	})
	return b
}

func (h *inHand) tab(b *browser.Browser, size browser.Size) *browser.Page {
	h.Helper()
	person, err := b.NewContext(h.Context(), browser.ContextOptions{Viewport: size})
	if err != nil {
		h.Fatal(err)
	}
	p, err := person.NewPage(h.Context())
	if err != nil {
		h.Fatal(err)
	}
	return p
}

// emptyPage serves a page that a passkey can be made on.
func emptyPage(t *testing.T) string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		_, _ = w.Write([]byte("<!doctype html><title>Empty</title>"))
	}))
	t.Cleanup(server.Close)
	return strings.Replace(server.URL, "127.0.0.1", "localhost", 1)
}

const createPasskey = `(window.made = navigator.credentials.create({publicKey: {
	rp: {name: "Larkspur"}, user: {id: new Uint8Array(16), name: "ada", displayName: "Ada"}, challenge: new Uint8Array(32),
	pubKeyCredParams: [{type: "public-key", alg: -7}], hints: ["hybrid"],
	authenticatorSelection: {residentKey: "required", userVerification: "required", authenticatorAttachment: "cross-platform"},
}}).then((c) => c.authenticatorAttachment, (e) => String(e)), true)`

// do fails the test at once when something did not work.
func (h *inHand) do(err error) {
	h.Helper()
	if err != nil {
		h.Fatalf("%v\nthe phone says:\n%s%s", err, h.printed, h.failed)
	}
}

// TestAPersonSavesAPasskeyByHand does what the command is for: a Chromium started with the printed line shows its code; a
// screenshot of it is held before the camera on the phone's page, in another Chromium, and the phone is tapped there.
func TestAPersonSavesAPasskeyByHand(t *testing.T) {
	needsBluetooth(t)
	h := holdPhone(t)
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()

	args, env := h.printedLine()
	profile := strings.TrimPrefix(args[0], "--user-data-dir=")
	if profile == args[0] {
		t.Fatalf("the line names no profile: %q", args)
	}
	desktop := h.launched(dialog.Setup{}.Options(browser.Options{Args: args[1:], Env: env}))
	window, err := dialog.Open(ctx, desktop, dialog.Setup{})
	h.do(err)
	defer window.Close()
	computer := h.tab(desktop, browser.Size{})
	h.do(computer.Goto(ctx, emptyPage(t)))
	glass := h.tab(h.launched(browser.Options{}), browser.Size{Width: 400, Height: 900})
	_, err = page.OpenPhone(ctx, glass, h.url)
	h.do(err)

	var begun bool
	h.do(computer.Evaluate(ctx, createPasskey, &begun))
	file := filepath.Join(t.TempDir(), "screenshot.png")
	h.do(os.WriteFile(file, screenshot(ctx, h, window), 0o600))
	h.do(page.HoldPicture(ctx, glass, file))
	for _, step := range []struct {
		shows page.PhoneScreen
		tap   string
	}{
		{page.PhoneChip, "Use passkey"}, {page.PhoneComputer, "Allow"}, {page.PhoneSheet, "Save another way"},
		{page.PhoneOptions, "Larkspur ID (Android)"}, {page.PhoneProvider, "Use once"}, {page.PhoneVerify, "Use screen lock"},
	} {
		_, err := page.AwaitPhone(ctx, glass, step.shows)
		h.do(err)
		h.do(page.TapPhone(ctx, glass, step.tap))
	}
	_, err = page.AwaitPhone(ctx, glass, page.PhonePIN)
	h.do(err)
	h.do(page.EnterPIN(ctx, glass, "2580"))
	saved, err := page.AwaitPhone(ctx, glass, page.PhoneSaved)
	h.do(err)
	if !strings.Contains(saved.Text, "Larkspur ID") {
		t.Errorf("%s", saved)
	}
	var attachment string
	h.do(computer.Evaluate(ctx, `window.made`, &attachment))
	if attachment != "cross-platform" {
		t.Errorf("the page learned %q", attachment)
	}
	h.says("A passkey for localhost was saved in Larkspur ID (Android).")
	if problems := glass.Problems(); len(problems) != 0 {
		t.Errorf("the phone's page has problems: %q", problems)
	}

	if code := h.stop(); code != exitGood || h.failed.String() != "" {
		t.Errorf("exit code %d, %q", code, h.failed)
	}
	if _, err := os.Stat(profile); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the profile stays behind: %v", err)
	}
}

// screenshot is a picture of the window with the code, as a person makes it who sees that it is there.
func screenshot(ctx context.Context, h *inHand, window *dialog.Window) []byte {
	h.Helper()
	var last image.Image
	video := window.Video()
	_, err := camera.Scan(ctx, func(ctx context.Context) (image.Image, error) {
		picture, err := video(ctx)
		last = picture
		return picture, err
	})
	h.do(err)
	var out bytes.Buffer
	h.do(png.Encode(&out, last))
	return out.Bytes()
}

// TestNobodyHasToTap lets a person tap by herself, on a phone that looks at the window of a Chromium that the command started.
func TestNobodyHasToTap(t *testing.T) {
	needsBluetooth(t)
	script := filepath.Join(t.TempDir(), "mia.txt")
	if err := os.WriteFile(script, []byte("at P11: tap Bitwarden\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	maker := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/make.js" {
			w.Header().Set("Content-Type", "text/javascript")
			_, _ = w.Write([]byte(createPasskey))
			return
		}
		w.Header().Set("Content-Type", "text/html")
		_, _ = w.Write([]byte(`<!doctype html><title>Make</title><script src="/make.js"></script>`))
	}))
	defer maker.Close()
	h := holdPhone(t, "--chromium", "--scan=browser", "--script="+script, "--os=ios", "--provider=Apple Passwords", "--provider=Bitwarden",
		"--open="+strings.Replace(maker.URL, "127.0.0.1", "localhost", 1))
	h.says("A passkey for localhost was saved in Bitwarden.")
	if code := h.stop(); code != exitGood || h.failed.String() != "" {
		t.Errorf("exit code %d, %q", code, h.failed)
	}
}

// pictures are files with a code, and without.
func pictures(t *testing.T) (code, blank []byte) {
	t.Helper()
	offer, err := (&hybrid.Desktop{Hint: hybrid.HintMakeCredential, Rand: rand.Reader, Now: time.Now}).Invite()
	if err != nil {
		t.Fatal(err)
	}
	drawn, err := qrcode.NewQRCodeWriter().Encode(offer.QR.String(), gozxing.BarcodeFormat_QR_CODE, 400, 400, nil)
	if err != nil {
		t.Fatal(err)
	}
	var with, without bytes.Buffer
	if err := errors.Join(png.Encode(&with, drawn), png.Encode(&without, image.NewGray(image.Rect(0, 0, 200, 200)))); err != nil {
		t.Fatal(err)
	}
	return with.Bytes(), without.Bytes()
}

// shows waits until the phone shows a screen.
func (h *inHand) shows(screen page.PhoneScreen) {
	h.Helper()
	var got string
	if !h.within(15*time.Second, func() bool {
		response, err := http.Get(h.url + "view")
		if err != nil {
			return false
		}
		defer response.Body.Close()
		body, _ := io.ReadAll(response.Body)
		got = string(body)
		return strings.Contains(got, `"screen":"`+string(screen)+`"`)
	}) {
		h.Fatalf("the phone never shows %s, but %s", screen, got)
	}
}

// A file that the phone looks at may come later, and be no picture of a code at first.
func TestThePhoneLooksAtAFile(t *testing.T) {
	needsBluetooth(t)
	code, blank := pictures(t)
	file := filepath.Join(t.TempDir(), "code.png")
	h := holdPhone(t, "--scan="+file)
	h.do(os.WriteFile(file, blank, 0o600))
	h.says("The phone looks, and sees no code: ")
	h.do(os.WriteFile(file, code, 0o600))
	h.shows(page.PhoneChip)
	if code := h.stop(); code != exitGood || h.failed.String() != "" {
		t.Errorf("exit code %d, %q", code, h.failed)
	}
	if text := h.printed.String(); strings.Contains(text, "no such file") {
		t.Errorf("a file that was not there yet is told about:\n%s", text)
	}
}

// The clipboard is read by the desktop's programs; one without a picture is waited for.
func TestThePhoneLooksAtTheClipboard(t *testing.T) {
	needsBluetooth(t)
	code, _ := pictures(t)
	dir := t.TempDir()
	h := &inHand{T: t}
	h.do(os.WriteFile(filepath.Join(dir, "wl-paste"), []byte("#!/bin/sh\nexec cat "+dir+"/pasted\n"), 0o755))
	t.Setenv("PATH", dir+":"+os.Getenv("PATH"))
	h = holdPhone(t, "--scan=clipboard")
	h.shows(page.PhoneHome)
	h.do(os.WriteFile(filepath.Join(dir, "pasted"), code, 0o600))
	h.shows(page.PhoneChip)
	if code := h.stop(); code != exitGood || h.failed.String() != "" {
		t.Errorf("exit code %d, %q", code, h.failed)
	}
}

// phoneShown runs a line of the README in an empty folder, at any port.
func phoneShown(t *testing.T, line string) {
	needsBluetooth(t)
	t.Chdir(t.TempDir())
	_, flags, _ := strings.Cut(line, " phone ")
	h := holdPhone(t, strings.Fields(flags)...)
	h.says("Ada's iPhone is at ")
	if code := h.stop(); code != exitGood || h.failed.String() != "" {
		t.Errorf("exit code %d, %q", code, h.failed)
	}
	if _, err := os.Stat("iphone/secret"); err != nil {
		t.Error(err)
	}
}
