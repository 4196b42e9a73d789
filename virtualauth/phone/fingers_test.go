package phone_test

import (
	"context"
	"testing"

	"github.com/passkeylab/passkeylab/virtualauth/phone"
)

// gloves touch a phone for somebody, and find the first time that it has gone on.
type gloves struct {
	*phone.Phone
	late            bool
	tapped, entered []string
}

func (g *gloves) Tap(_ context.Context, v phone.View, control string) error {
	if !g.late {
		g.late = true
		if err := g.Change(func(*phone.Settings) {}); err != nil { // something new to look at
			return err
		}
		return &phone.TapError{Control: control, Screen: v.Screen}
	}
	g.tapped = append(g.tapped, control)
	return g.Phone.Tap(control)
}

func (g *gloves) Enter(_ context.Context, _ phone.View, control, text string) error {
	g.entered = append(g.entered, text)
	return g.Phone.Enter(control, text)
}

func TestAPersonTouchesThePhoneWithHerFingersAlone(t *testing.T) {
	s := newStage(t, android(func(s *phone.Settings) { s.Biometrics = phone.NotEnrolled }))
	g := &gloves{Phone: s.Phone}
	script := phone.Script{{At: "P11", Do: phone.TapOn, Text: "Save another way"}, {At: string(phone.ScreenPIN), Do: phone.Type, Text: "0000"}}
	if _, err := s.creates(phone.Person{Provider: larkspur, Script: script, Fingers: g}, create("ada")); err != nil {
		t.Fatal(err)
	}
	// The first tap came too late, and with it the step of the script; she has looked again, and chosen all the same.
	if got := s.outcome().SavedIn; got != larkspur {
		t.Errorf("saved in %q", got)
	}
	touched := 0
	for _, e := range s.Trace() {
		if e.What == phone.Tapped {
			touched++
		}
	}
	if touched == 0 || touched != len(g.tapped)+len(g.entered) {
		t.Errorf("the phone felt %d touches, the fingers made %d and %d", touched, len(g.tapped), len(g.entered))
	}
	if len(g.entered) != 2 || g.entered[0] != "0000" {
		t.Errorf("entered %q: not the wrong PIN and then the right one", g.entered)
	}
}

func TestAPhoneWhoseAppIsSwipedAwayAfterwardsIsIdle(t *testing.T) {
	s := newStage(t, android(nil))
	leave := phone.Script{{At: string(phone.ScreenSaved), Do: phone.Ignore}}
	if _, err := s.creates(phone.Person{Script: leave}, create("ada")); err != nil {
		t.Fatal(err)
	}
	if v := s.View(); v.Screen != phone.ScreenSaved || v.State != phone.P16 {
		t.Fatalf("it shows %s in %s before", v.Screen, v.State)
	}
	s.Interrupt(phone.AppKilled)
	if v := s.View(); v.Screen != phone.ScreenHome || v.State != phone.P0 {
		t.Errorf("it shows %s in %s", v.Screen, v.State)
	}
}
