package lab

import (
	"context"
	"errors"
	"net/http"
	"testing"

	"github.com/passkeylab/passkeylab/harness/browser"
	"github.com/passkeylab/passkeylab/harness/client"
	"github.com/passkeylab/passkeylab/harness/page"
	"github.com/passkeylab/passkeylab/virtualauth/phone"
)

// reachWithout is a phone on a stage where nothing lies between it and a computer.
func reachWithout(t *testing.T, l *Lab) *Reach {
	t.Helper()
	s := &Stage{lab: l}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	r := &Reach{stage: s, film: film{
		news: make(chan struct{}, 1), turns: make(chan struct{}, 1),
		pictures: func(context.Context) ([]byte, error) { return nil, errors.New("there is no window") },
	}}
	s.Reach = r
	settings := phone.Android()
	settings.Biometrics = phone.NotEnrolled
	var err error
	r.Phone, err = phone.New(settings, phone.World{Clock: machineClock{}, Rand: Randomness(1, "screen"), Observe: r.film.shows})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestAPageOfThePhoneNeedsABrowser(t *testing.T) {
	if _, err := reachWithout(t, bare(t)).Screen(t.Context()); !errors.Is(err, ErrNoScreen) {
		t.Errorf("without a browser: %v", err)
	}
}

func TestAPersonTapsThePageOfThePhone(t *testing.T) {
	l := bare(t)
	err := l.startBrowser(t.Context())
	t.Cleanup(func() {
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	})
	if missing := new(browser.NotInstalled); errors.As(err, &missing) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	r := reachWithout(t, l)
	shown, err := r.Screen(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if again, err := r.Screen(t.Context()); again != shown || err != nil {
		t.Errorf("a second page (%v)", err)
	}

	c := &client.Client{Origin: "https://login.example", Device: r.Phone.SameDevice()}
	person := phone.Person{Provider: "Larkspur ID (Android)", Fingers: shown}
	if err := person.With(t.Context(), r.Phone, func(ctx context.Context) error {
		_, err := c.Create(ctx, []byte(`{"rp":{"name":"Larkspur","id":"login.example"},"user":{"id":"AAmi","name":"mia","displayName":"Mia"},"challenge":"AA",
			"pubKeyCredParams":[{"type":"public-key","alg":-7}],"authenticatorSelection":{"residentKey":"required","userVerification":"required"}}`))
		return err
	}); err != nil {
		t.Fatal(err)
	}
	if held := r.Phone.Passkeys(); len(held) != 1 || held[0].Provider != person.Provider {
		t.Errorf("the phone holds %+v", held)
	}
	touched := map[phone.Screen]bool{}
	for _, frame := range r.Film(0) {
		if frame.Tapped != "" && len(frame.Glass) == 0 {
			t.Errorf("there is no picture of %q, where she tapped %s", frame.Phone.Title, frame.Tapped)
		}
		touched[frame.Phone.Screen] = touched[frame.Phone.Screen] || frame.Tapped != ""
	}
	for _, screen := range []phone.Screen{phone.ScreenSheet, phone.ScreenOptions, phone.ScreenPIN} {
		if !touched[screen] {
			t.Errorf("she has not tapped on %s", screen)
		}
	}
	tapsTooLate(t, r, shown)
	if err := r.stage.Close(); err != nil {
		t.Error(err)
	}
	if answer, err := http.Get(shown.URL); err == nil {
		_ = answer.Body.Close()
		t.Error("the page is served after its stage has ended")
	}
}

// tapsTooLate taps what is not there any more.
func tapsTooLate(t *testing.T, r *Reach, shown *Screen) {
	t.Helper()
	old := r.Phone.View()
	r.Phone.Interrupt(phone.Call)
	var gone *phone.TapError
	if err := shown.Tap(t.Context(), old, old.Controls[0].ID); !errors.As(err, &gone) {
		t.Errorf("a tap on a screen that is gone: %v", err)
	}
	if v, err := page.AwaitPhone(t.Context(), shown.Page, page.PhoneCall); err != nil {
		t.Errorf("%s (%v)", v, err)
	}
}
