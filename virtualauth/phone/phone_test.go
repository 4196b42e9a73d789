package phone_test

import (
	"context"
	"errors"
	"testing"

	"github.com/passkeylab/passkeylab/virtualauth/ctap2"
	"github.com/passkeylab/passkeylab/virtualauth/phone"
)

func TestAnAgreeablePersonSavesInThePreferredProviderAndSignsInWithIt(t *testing.T) {
	for name, settings := range map[string]phone.Settings{
		"Android 15": android(nil), "Android 14": android(func(s *phone.Settings) { s.Version = 14 }), "iPhone": phone.IPhone(),
	} {
		t.Run(name, func(t *testing.T) {
			s := newStage(t, settings)
			if _, err := s.creates(phone.Person{}, create("ada")); err != nil {
				t.Fatal(err)
			}
			o := s.outcome()
			if want := settings.Providers[0].Key(); o.SavedIn != want || !o.Sent || o.Strayed() || o.State != phone.P16 || o.Last.Screen != phone.ScreenSaved {
				t.Errorf("saved in %q, outcome %+v", o.SavedIn, o)
			}
			answer, err := s.signsIn(phone.Person{}, get())
			if err != nil {
				t.Fatal(err)
			}
			if !answer.UserSelected {
				t.Error("the answer does not say that the user has selected the account")
			}
		})
	}
}

func TestAPersonPicksTheProviderThatSheWants(t *testing.T) {
	for name, settings := range map[string]phone.Settings{
		"Android 15": android(nil), "Android 14": android(func(s *phone.Settings) { s.Version = 14 }), "iPhone": phone.IPhone(),
	} {
		t.Run(name, func(t *testing.T) {
			s := newStage(t, settings)
			want := settings.Providers[1].Key()
			if _, err := s.creates(phone.Person{Provider: want}, create("ada")); err != nil {
				t.Fatal(err)
			}
			if got := s.outcome().SavedIn; got != want {
				t.Errorf("saved in %q, not in %q", got, want)
			}
		})
	}
}

func TestThePhoneIsBusyWithOneCeremonyAtATime(t *testing.T) {
	s := newStage(t, android(nil))
	var second error
	script := phone.Script{{At: "P11", Do: phone.Wait, Until: func(ctx context.Context) error {
		_, second = s.PointCamera(ctx, phone.Text("x"))
		return nil
	}}}
	if _, err := s.creates(phone.Person{Script: script}, create("ada")); err != nil {
		t.Fatal(err)
	}
	if !errors.Is(second, phone.ErrBusy) {
		t.Errorf("a second ceremony: %v", second)
	}
}

func TestNoPasskeysIsSaidOnThePhoneAndToTheComputer(t *testing.T) {
	s := newStage(t, android(nil))
	for name, r := range map[string]*ctap2.GetAssertionRequest{"without a list": get(), "with an unknown id": get([]byte("unknown"))} {
		t.Run(name, func(t *testing.T) {
			if _, err := s.signsIn(phone.Person{}, r); !errors.Is(err, ctap2.NoCredentials) {
				t.Errorf("answer %v", err)
			}
			if !s.saw(phone.ScreenNoPasskeys) {
				t.Error("the phone did not say so")
			}
		})
	}
}

// saw reports whether the latest ceremony showed a screen.
func (s *stage) saw(screen phone.Screen) bool {
	number := s.outcome().Number
	for _, e := range s.Trace() {
		if e.Ceremony == number && e.What == phone.Shown && e.View.Screen == screen {
			return true
		}
	}
	return false
}
