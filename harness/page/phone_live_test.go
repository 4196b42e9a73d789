package page_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-rod/rod/lib/input"

	"github.com/passkeylab/passkeylab/harness/browser"
	"github.com/passkeylab/passkeylab/harness/page"
	"github.com/passkeylab/passkeylab/virtualauth/cose"
	"github.com/passkeylab/passkeylab/virtualauth/ctap2"
	"github.com/passkeylab/passkeylab/virtualauth/phone"
	"github.com/passkeylab/passkeylab/virtualauth/phone/screen"
)

// still is a clock that stands.
type still struct{}

func (still) Now() time.Time                       { return time.Date(2026, 5, 4, 9, 30, 0, 0, time.UTC) }
func (still) After(time.Duration) <-chan time.Time { return nil }

// held is a phone, and its page in a real browser.
type held struct {
	*testing.T
	*browser.Page
	phone *phone.Phone
	stop  func() // ends the phone's server
}

func hold(t *testing.T, b *browser.Browser) *held {
	t.Helper()
	return holdOne(t, b, phone.Android())
}

func holdOne(t *testing.T, b *browser.Browser, settings phone.Settings) *held {
	t.Helper()
	p, err := phone.New(settings, phone.World{Clock: still{}, Rand: rand.NewChaCha8([32]byte{1})})
	if err != nil {
		t.Fatal(err)
	}
	pages, err := screen.New(screen.Options{Phones: []screen.Handset{{ID: "ada", Phone: p}}})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(pages)
	stop := func() {
		_ = pages.Close()
		server.CloseClientConnections()
		server.Close()
	}
	t.Cleanup(stop)
	person, err := b.NewContext(t.Context(), browser.ContextOptions{Viewport: browser.Size{Width: 400, Height: 900}})
	if err != nil {
		t.Fatal(err)
	}
	tab, err := person.NewPage(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	h := &held{T: t, Page: tab, phone: p, stop: stop}
	if _, err := page.OpenPhone(t.Context(), tab, server.URL); err != nil {
		t.Fatal(err)
	}
	return h
}

func (h *held) shows(screens ...page.PhoneScreen) page.PhoneView {
	h.Helper()
	v, err := page.AwaitPhone(h.Context(), h.Page, screens...)
	if err != nil {
		h.Fatal(err)
	}
	return v
}

func (h *held) Context() context.Context { return h.T.Context() }

// press presses a key of the keyboard.
func (h *held) press(keys ...input.Key) {
	h.Helper()
	if err := h.Rod.Context(h.Context()).Keyboard.Type(keys...); err != nil {
		h.Fatal(err)
	}
}

// focus moves on by the keyboard until something has the focus, as ReadPhone names it.
func (h *held) focus(want string) {
	h.Helper()
	for range 12 {
		v, err := page.ReadPhone(h.Context(), h.Page)
		if err != nil {
			h.Fatal(err)
		}
		if v.Focus == want {
			stop, err := page.FocusStop(h.Context(), h.Page)
			if err != nil || !stop.Visible {
				h.Errorf("the focus on %s cannot be seen: %+v (%v)", want, stop, err)
			}
			return
		}
		h.press(input.Tab)
	}
	h.Fatalf("no way to %s by the keyboard", want)
}

// offers waits until there is something to tap.
func (h *held) offers(id string) {
	h.Helper()
	var v page.PhoneView
	if !page.Poll(h.Context(), func() bool {
		var err error
		v, err = page.ReadPhone(h.Context(), h.Page)
		return err == nil && slices.ContainsFunc(v.Taps, func(t page.PhoneTap) bool { return t.ID == id })
	}) {
		h.Errorf("there is no %s on %s", id, v)
	}
}

func (h *held) said(want string) {
	h.Helper()
	var text string
	if !page.Poll(h.Context(), func() bool {
		return h.Evaluate(h.Context(), `document.querySelector("#said").textContent`, &text) == nil && text == want
	}) {
		h.Errorf("it is said %q, want %q", text, want)
	}
}

// TestThePageOfAPhone runs in one browser, which is dear to start.
func TestThePageOfAPhone(t *testing.T) {
	b, err := browser.Launch(t.Context(), browser.Options{})
	if missing := new(browser.NotInstalled); errors.As(err, &missing) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	for name, test := range map[string]func(*held){
		"it follows the phone and says so": followed,
		"it is used by the keyboard alone": byKeyboard,
		"it is tapped, and typed into":     tapped,
		"it reads what is pasted":          pasted,
		"it says when the phone has gone":  gone,
	} {
		t.Run(name, func(t *testing.T) {
			h := hold(t, b)
			test(h)
			if problems := h.Problems(); len(problems) != 0 && name != "it says when the phone has gone" {
				t.Errorf("problems: %q", problems)
			}
		})
	}
}

func followed(h *held) {
	h.phone.Interrupt(phone.Call)
	if v := h.shows(page.PhoneCall); v.Title != "Incoming call" || v.Skin != "android" || len(v.Taps) != 1 {
		h.Errorf("%s", v)
	}
	h.said("Grace") // the heading has the focus, and is read by that
	var title string
	if err := h.Evaluate(h.Context(), `document.title`, &title); err != nil || title != "Incoming call – Ada's Android" {
		h.Errorf("title %q (%v)", title, err)
	}
	// Somebody who is elsewhere on the page stays there, and is told everything.
	if err := h.Evaluate(h.Context(), `(document.querySelector("#code").focus(), true)`, new(bool)); err != nil {
		h.Fatal(err)
	}
	h.phone.Interrupt(phone.PhoneDies)
	h.said("No power")
	if v := h.shows("dead"); v.Focus != "code" {
		h.Errorf("the focus was taken away, to %q", v.Focus)
	}
}

func byKeyboard(h *held) {
	h.focus("settings")
	h.press(input.Enter)
	if v := h.shows(page.PhoneSettings); v.Focus != "Settings" {
		h.Errorf("the focus is on %q, and not on the heading", v.Focus)
	}
	h.focus("settings-bluetooth")
	h.press(input.Enter)
	h.shows("settings-bluetooth")
	h.focus("bluetooth-switch")
	h.press(input.Space)
	if v := h.shows("settings-bluetooth"); !page.Poll(h.Context(), func() bool { return h.phone.Settings().Bluetooth == phone.SwitchedOff }) {
		h.Errorf("%s", v)
	}
	h.offers("bluetooth-on") // once the page has drawn that it is off
	h.focus("bluetooth-on")
	h.press(input.Enter)
	if !page.Poll(h.Context(), func() bool {
		v, err := page.ReadPhone(h.Context(), h.Page)
		return err == nil && len(v.Taps) == 2 && v.Taps[1].On
	}) {
		h.Error("the switch is not on")
	}
	h.focus("settings-back")
	h.press(input.Enter)
	h.shows(page.PhoneSettings)
	h.focus("settings-passwords")
	h.press(input.Enter)
	h.shows(page.PhonePasswords)
	const google = "switch-google-password-manager"
	h.focus(google)
	h.press(input.Space)
	if v, ok := h.turnedOff(google); !ok || v.Focus != google {
		h.Errorf("after the switch was turned the focus is on %q", v.Focus)
	}
}

// turnedOff waits until a switch is off.
func (h *held) turnedOff(id string) (v page.PhoneView, off bool) {
	h.Helper()
	off = page.Poll(h.Context(), func() bool {
		var err error
		v, err = page.ReadPhone(h.Context(), h.Page)
		return err == nil && slices.ContainsFunc(v.Taps, func(t page.PhoneTap) bool { return t.ID == id && !t.On })
	})
	return v, off
}

func tapped(h *held) {
	if err := h.phone.Change(func(s *phone.Settings) { s.Biometrics, s.Version = phone.NotEnrolled, 14 }); err != nil {
		h.Fatal(err)
	}
	answered := make(chan error, 1)
	go func() { _, err := h.phone.Answer(h.Context(), createRequest(h)); answered <- err }()
	h.shows(page.PhoneSheet)
	for _, label := range []string{"Save another way", "Larkspur ID (Android)"} {
		if err := page.TapPhone(h.Context(), h.Page, label); err != nil {
			h.Fatal(err)
		}
	}
	h.shows(page.PhoneProvider)
	if err := page.TapPhone(h.Context(), h.Page, "Set as default"); err != nil {
		h.Fatal(err)
	}
	h.shows(page.PhonePIN)
	// The pad and the field are one.
	if err := h.Evaluate(h.Context(), `(["9", "9", "delete", "1"].forEach(key => document.querySelector('[data-key="' + key + '"]').click()), document.querySelector("#secret").value)`, new(string)); err != nil {
		h.Fatal(err)
	}
	if value, err := page.ValueOf(h.Context(), h.Page, "secret"); err != nil || value != "91" {
		h.Errorf("the pad types %q (%v)", value, err)
	}
	if err := page.EnterPIN(h.Context(), h.Page, "0000"); err != nil {
		h.Fatal(err)
	}
	h.said("Wrong PIN. Try again.")
	if v := h.shows(page.PhonePIN); v.Focus != "pin" {
		h.Errorf("the focus is on %q, and not on the field", v.Focus)
	}
	h.press(input.Digit2, input.Digit5, input.Digit8, input.Digit0, input.Enter)
	h.shows(page.PhoneSaved)
	if err := <-answered; err != nil {
		h.Error(err)
	}
	var absent *page.NoTap
	ctx, cancel := context.WithTimeout(h.Context(), 100*time.Millisecond)
	defer cancel()
	if err := page.TapPhone(ctx, h.Page, "Nothing"); !errors.As(err, &absent) || !strings.Contains(err.Error(), `"OK"`) {
		h.Errorf("%v", err)
	}
}

func pasted(h *held) {
	const paste = `(() => { const data = new DataTransfer(); data.setData("text/plain", %s);
		document.body.dispatchEvent(new ClipboardEvent("paste", {clipboardData: data, bubbles: true})); return true; })()`
	if err := h.Evaluate(h.Context(), strings.Replace(paste, "%s", `"FIDO:/12"`, 1), new(bool)); err != nil {
		h.Fatal(err)
	}
	h.shows(page.PhoneChip)
	if err := page.TapPhone(h.Context(), h.Page, "Close"); err != nil {
		h.Fatal(err)
	}
	h.shows(page.PhoneHome)
	if err := page.HoldCode(h.Context(), h.Page, "FIDO:/13"); err != nil {
		h.Fatal(err)
	}
	h.shows(page.PhoneChip)
	if err := page.LetHappen(h.Context(), h.Page, "kill"); err != nil {
		h.Fatal(err)
	}
	h.shows(page.PhoneHome)
}

func gone(h *held) {
	h.stop()
	if !page.Poll(h.Context(), func() bool {
		v, err := page.ReadPhone(h.Context(), h.Page)
		return err == nil && strings.Contains(v.Note, "does not answer")
	}) {
		h.Error("nobody is told")
	}
}

// createRequest asks for a passkey, as the browser on the phone does.
func createRequest(h *held) []byte {
	h.Helper()
	yes := true
	body, err := ctap2.Marshal(&ctap2.MakeCredentialRequest{
		ClientDataHash: make([]byte, 32), RP: ctap2.RelyingParty{ID: "larkspur.example", Name: "Larkspur"},
		User:       ctap2.User{ID: []byte("ada"), Name: "ada", DisplayName: "Ada"},
		Parameters: []ctap2.Parameters{{Algorithm: cose.ES256, Type: ctap2.PublicKey}},
		Options:    &ctap2.Options{ResidentKey: &yes, UserVerification: &yes},
	})
	if err != nil {
		h.Fatal(err)
	}
	return append([]byte{byte(ctap2.CommandMakeCredential)}, body...)
}
