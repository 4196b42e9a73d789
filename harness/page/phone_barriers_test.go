package page_test

import (
	"errors"
	"testing"

	"github.com/passkeylab/passkeylab/harness/browser"
	"github.com/passkeylab/passkeylab/harness/page"
	"github.com/passkeylab/passkeylab/harness/page/axe"
	"github.com/passkeylab/passkeylab/virtualauth/phone"
)

// A phone that is simulated is used by people too: its page keeps WCAG 2.2 AA in the look of both systems and in both themes.
func TestThePageOfAPhoneHasNoBarrier(t *testing.T) {
	b, err := browser.Launch(t.Context(), browser.Options{})
	if missing := new(browser.NotInstalled); errors.As(err, &missing) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	for name, settings := range map[string]phone.Settings{"Android": phone.Android(), "iPhone": phone.IPhone()} {
		t.Run(name, func(t *testing.T) {
			h := holdOne(t, b, settings)
			h.scan(page.PhoneHome)
			for _, tap := range []struct {
				control string
				shows   page.PhoneScreen
			}{
				{"settings", page.PhoneSettings}, {"settings-bluetooth", "settings-bluetooth"},
				{"settings-back", page.PhoneSettings}, {"settings-passwords", page.PhonePasswords},
				{"settings-back", page.PhoneSettings}, {"settings-back", page.PhoneHome},
			} {
				h.offers(tap.control)
				if err := page.TapPhone(h.Context(), h.Page, tap.control); err != nil {
					t.Fatal(err)
				}
				h.scan(tap.shows)
			}
			asked := make(chan struct{})
			go func() {
				defer close(asked)
				_, _ = h.phone.Answer(h.Context(), createRequest(h)) // it ends with the phone, below
			}()
			h.scan(page.PhoneSheet)
			h.phone.Interrupt(phone.Call)
			h.scan(page.PhoneCall)
			h.phone.Interrupt(phone.PhoneDies)
			h.scan("dead")
			<-asked
		})
	}
}

// scan looks for barriers on what the phone shows, in both themes.
func (h *held) scan(screens ...page.PhoneScreen) {
	h.Helper()
	v, err := page.AwaitPhone(h.Context(), h.Page, screens...)
	if err != nil {
		h.Fatal(err)
	}
	window := h.Emulated()
	for _, window.Dark = range []bool{false, true} {
		if err := h.Emulate(h.Context(), window); err != nil {
			h.Fatal(err)
		}
		found, err := axe.Run(h.Context(), h.Page)
		if err != nil {
			h.Fatal(err)
		}
		for _, barrier := range found {
			h.Errorf("%s, dark %t: %s", v.Screen, window.Dark, barrier)
		}
	}
}
