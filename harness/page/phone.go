package page

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/go-rod/rod"
	"github.com/go-rod/rod/lib/proto"

	"github.com/passkeylab/passkeylab/harness/browser"
)

// PhonePart is a selector of the page of a simulated phone.
type PhonePart string

// The parts of the page of a phone.
const (
	PhoneGlass   PhonePart = "#screen"          // what the phone shows
	PhoneControl PhonePart = "[data-control]"   // each thing to tap
	PhoneSecret  PhonePart = "#secret"          // the field for the PIN
	PhoneKey     PhonePart = "[data-key=%q]"    // a key of the pad for the PIN
	PhoneEnter   PhonePart = "[data-send]"      // the key that sends the PIN off
	PhoneNote    PhonePart = "[data-note]"      // what went wrong
	PhonePicture PhonePart = "#picture"         // the field for a picture of a code
	PhoneCode    PhonePart = "#code"            // the field for the text of a code
	PhoneHold    PhonePart = "[data-camera]"    // the forms that hold something before the camera
	PhoneHappens PhonePart = "[data-happen=%q]" // the buttons that let something happen
)

// PhoneScreen names what a phone shows, as its data-screen says.
type PhoneScreen string

// The screens that journeys speak of.
const (
	PhoneHome       PhoneScreen = "home"
	PhoneCamera     PhoneScreen = "camera"
	PhoneChip       PhoneScreen = "chip"
	PhoneComputer   PhoneScreen = "confirm-computer"
	PhoneNoLock     PhoneScreen = "no-screen-lock"
	PhoneBluetooth  PhoneScreen = "bluetooth-off"
	PhoneNearby     PhoneScreen = "nearby-permission"
	PhoneConnecting PhoneScreen = "connecting"
	PhoneConnected  PhoneScreen = "connected"
	PhoneSheet      PhoneScreen = "sheet"
	PhoneOptions    PhoneScreen = "more-options"
	PhoneProvider   PhoneScreen = "confirm-provider"
	PhoneVerify     PhoneScreen = "verify"
	PhonePIN        PhoneScreen = "pin"
	PhoneSaved      PhoneScreen = "saved"
	PhoneSignedIn   PhoneScreen = "signed-in"
	PhoneExcluded   PhoneScreen = "excluded"
	PhoneError      PhoneScreen = "error"
	PhoneCall       PhoneScreen = "call"
	PhoneOff        PhoneScreen = "off"
	PhoneSettings   PhoneScreen = "settings"
	PhonePasswords  PhoneScreen = "settings-passwords"
	PhonePasskeys   PhoneScreen = "settings-passkeys"
	PhoneDelete     PhoneScreen = "settings-delete"
)

// PhoneTap is one thing that can be tapped on a phone's page.
type PhoneTap struct {
	ID    string `json:"id"`    // as data-control gives it
	Label string `json:"label"` // the words on it, without the smaller ones
	On    bool   `json:"on"`    // of a switch or a row: it is on, or chosen
}

// PhoneView is what the page of a phone shows at one moment.
type PhoneView struct {
	// Revision goes up with every change of what the phone shows; 0 where no phone is shown.
	Revision uint64 `json:"revision"`

	Screen PhoneScreen `json:"screen"`
	State  string      `json:"state"` // "P7"
	Skin   string      `json:"skin"`  // android or ios
	Title  string      `json:"title"`
	Text   string      `json:"text"`
	Note   string      `json:"note"` // what went wrong, beside the phone
	Focus  string      `json:"focus"`
	Busy   bool        `json:"busy"`
	Taps   []PhoneTap  `json:"taps"`
	Ready  bool        `json:"ready"` // the document is loaded and its script has run
}

// String says what the phone shows in one line.
func (v PhoneView) String() string {
	var taps []string
	for _, t := range v.Taps {
		taps = append(taps, fmt.Sprintf("%q", t.Label))
	}
	return fmt.Sprintf("phone at %s, screen %s %q %q with %s", orNone(v.State), orNone(string(v.Screen)), v.Title, v.Text, orNone(strings.Join(taps, ", ")))
}

const readPhone = `(glass, control, note) => {
  const fold = text => (text || '').replace(/\s+/g, ' ').trim();
  const at = document.querySelector(glass), shown = document.querySelector(note), focus = document.activeElement;
  if (!at) return '{}';
  const words = element => fold((element.querySelector('bdi') || element).innerText || (element.labels && element.labels[0] || {}).innerText);
  return JSON.stringify({
    revision: Number(at.dataset.revision), screen: at.dataset.screen, state: at.dataset.state, skin: at.dataset.skin, title: at.dataset.title, text: at.dataset.text,
    busy: 'busy' in at.dataset, note: shown && !shown.hidden ? fold(shown.innerText) : '',
    focus: focus ? fold(focus.dataset.control || focus.id || focus.innerText || focus.tagName) : '',
    taps: [...at.querySelectorAll(control)].map(each => ({id: each.dataset.control, label: words(each),
      on: each.getAttribute('aria-checked') === 'true' || each.getAttribute('aria-pressed') === 'true'})),
    ready: document.readyState === 'complete' && document.documentElement.classList.contains('script'),
  });
}`

// ReadPhone returns what the page of a phone shows now.
func ReadPhone(ctx context.Context, p *browser.Page) (PhoneView, error) {
	value, err := p.Rod.Context(ctx).Eval(readPhone, string(PhoneGlass), string(PhoneControl), string(PhoneNote))
	if err != nil {
		return PhoneView{}, fmt.Errorf("page: read the phone: %w", err)
	}
	var v PhoneView
	if err := json.Unmarshal([]byte(value.Value.Str()), &v); err != nil {
		return PhoneView{}, fmt.Errorf("page: read the phone: %w", err)
	}
	return v, nil
}

// OpenPhone opens the page of a phone and waits until it follows the phone.
func OpenPhone(ctx context.Context, p *browser.Page, url string) (PhoneView, error) {
	if err := p.Goto(ctx, url); err != nil {
		return PhoneView{}, fmt.Errorf("page: open the phone: %w", err)
	}
	return awaitPhone(ctx, p, nil, func(v PhoneView) bool { return v.Ready })
}

// WrongPhoneScreen says that the phone did not come to show what was awaited.
type WrongPhoneScreen struct {
	Want []PhoneScreen // empty: any
	Got  PhoneView
}

// Error tells both.
func (e *WrongPhoneScreen) Error() string {
	return fmt.Sprintf("expected the phone to show %v, the page showed %s", e.Want, e.Got)
}

// AwaitPhone waits until the phone shows one of the screens, with something to tap where there ever is. Its error is a
// *WrongPhoneScreen.
func AwaitPhone(ctx context.Context, p *browser.Page, screens ...PhoneScreen) (PhoneView, error) {
	return awaitPhone(ctx, p, screens, func(v PhoneView) bool { return slices.Contains(screens, v.Screen) && len(v.Taps) > 0 })
}

func awaitPhone(ctx context.Context, p *browser.Page, want []PhoneScreen, shown func(PhoneView) bool) (PhoneView, error) {
	var last PhoneView
	if Poll(ctx, func() bool {
		v, err := ReadPhone(ctx, p)
		if err != nil {
			return false
		}
		last = v
		return v.Ready && shown(v)
	}) {
		return last, nil
	}
	return last, &WrongPhoneScreen{Want: want, Got: last}
}

// NoTap says that nothing on the phone has a label.
type NoTap struct {
	Label string
	Got   PhoneView
}

// Error tells what can be tapped.
func (e *NoTap) Error() string {
	return fmt.Sprintf("nothing on the phone says %q; %s", e.Label, e.Got)
}

// TapPhone taps what has a label, or a data-control, once it is there.
func TapPhone(ctx context.Context, p *browser.Page, label string) error {
	var last PhoneView
	id := ""
	if !Poll(ctx, func() bool {
		v, err := ReadPhone(ctx, p)
		if err != nil || !v.Ready {
			return false
		}
		last = v
		at := slices.IndexFunc(v.Taps, func(t PhoneTap) bool { return t.Label == label || t.ID == label })
		if at >= 0 {
			id = v.Taps[at].ID
		}
		return at >= 0
	}) {
		return fmt.Errorf("page: tap: %w", &NoTap{Label: label, Got: last})
	}
	return clickPhone(ctx, p, fmt.Sprintf("%s [data-control=%q]", PhoneGlass, id))
}

// EnterPIN types the PIN into the phone's field and sends it off by its key.
func EnterPIN(ctx context.Context, p *browser.Page, pin string) error {
	if err := fillIn(ctx, p, string(PhoneSecret), pin); err != nil {
		return err
	}
	return clickPhone(ctx, p, string(PhoneEnter))
}

// TapPIN taps the PIN, digit by digit, on the phone's pad and sends it off by its key.
func TapPIN(ctx context.Context, p *browser.Page, pin string) error {
	for _, digit := range pin {
		if err := clickPhone(ctx, p, fmt.Sprintf(string(PhoneKey), string(digit))); err != nil {
			return err
		}
	}
	return clickPhone(ctx, p, string(PhoneEnter))
}

// HoldCode holds the text of a code before the phone's camera.
func HoldCode(ctx context.Context, p *browser.Page, text string) error {
	if err := fillIn(ctx, p, string(PhoneCode), text); err != nil {
		return err
	}
	return clickPhone(ctx, p, fmt.Sprintf("%s:has(%s) button", PhoneHold, PhoneCode))
}

// HoldPicture holds a picture, by the path of its file, before the phone's camera.
func HoldPicture(ctx context.Context, p *browser.Page, path string) error {
	field, err := visible(ctx, p, string(PhonePicture))
	if err != nil {
		return fmt.Errorf("page: hold a picture: %w", err)
	}
	if err := field.Context(ctx).SetFiles([]string{path}); err != nil {
		return fmt.Errorf("page: hold a picture: %w", err)
	}
	return clickPhone(ctx, p, fmt.Sprintf("%s:has(%s) button", PhoneHold, PhonePicture))
}

// LetHappen presses a button beside the phone: call, off, kill or die.
func LetHappen(ctx context.Context, p *browser.Page, what string) error {
	return clickPhone(ctx, p, fmt.Sprintf(string(PhoneHappens), what))
}

// clickPhone clicks what a selector finds. The screen may be drawn anew between the look and the click: then it looks again.
func clickPhone(ctx context.Context, p *browser.Page, selector string) error {
	var found *rod.Element
	if !Poll(ctx, func() bool {
		element, err := look(ctx, p, selector)
		if err != nil || element == nil || element.Context(ctx).Hover() != nil {
			return false
		}
		found = element
		return true
	}) {
		v, _ := ReadPhone(ctx, p)
		return fmt.Errorf("page: press %s: %w", selector, &NoTap{Label: selector, Got: v})
	}
	if err := found.Page().Context(ctx).Mouse.Click(proto.InputMouseButtonLeft, 1); err != nil {
		return fmt.Errorf("page: press %s: %w", selector, err)
	}
	return nil
}
