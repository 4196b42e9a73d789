package phone_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/passkeylab/passkeylab/virtualauth/ctap2"
	"github.com/passkeylab/passkeylab/virtualauth/phone"
)

const aScript = `
at p11: tap Save another way   # the state in either case
at P12: tap Bitwarden

at P14: wait 1m30s
at pin: type 0000
at call: ignore
at P16: die
`

func TestAScriptIsReadAndWritten(t *testing.T) {
	script, err := phone.ParseScript(aScript)
	if err != nil {
		t.Fatal(err)
	}
	want := phone.Script{
		{At: "P11", Do: phone.TapOn, Text: "Save another way"}, {At: "P12", Do: phone.TapOn, Text: "Bitwarden"},
		{At: "P14", Do: phone.Wait, For: 90 * time.Second}, {At: "pin", Do: phone.Type, Text: "0000"},
		{At: "call", Do: phone.Ignore}, {At: "P16", Do: phone.Die},
	}
	same := func(a, b phone.Step) bool { return a.At == b.At && a.Do == b.Do && a.Text == b.Text && a.For == b.For }
	if !slices.EqualFunc(script, want, same) {
		t.Errorf("read %+v", script)
	}
	again, err := phone.ParseScript(script.String())
	if err != nil || !slices.EqualFunc(again, want, same) {
		t.Errorf("read again %+v, %v", again, err)
	}
}

func TestScriptsThatCannotBeReadNameTheLine(t *testing.T) {
	for name, text := range map[string]string{
		"no place":              "decline",
		"no colon":              "at P7 decline",
		"no such state":         "at P18: decline",
		"no such screen":        "at nowhere: decline",
		"no such deed":          "at P7: dance",
		"a tap on nothing":      "at P7: tap",
		"a wait of no time":     "at P7: wait soon",
		"a wait that goes back": "at P7: wait -1s",
		"too much said":         "at P7: decline twice",
	} {
		t.Run(name, func(t *testing.T) {
			var bad *phone.ScriptError
			if _, err := phone.ParseScript("at P5: decline\n" + text); !errors.As(err, &bad) || bad.Line != 2 {
				t.Errorf("%q: %v", text, err)
			}
		})
	}
}

func FuzzParseScript(f *testing.F) {
	f.Add(aScript)
	f.Add("at P7: wait 1h # x\nat sheet: tap a: b")
	f.Add("at : tap")
	f.Fuzz(func(t *testing.T, text string) {
		script, err := phone.ParseScript(text)
		if err != nil {
			var bad *phone.ScriptError
			if !errors.As(err, &bad) || bad.Line < 1 {
				t.Fatalf("not a *ScriptError: %v", err)
			}
			return
		}
		again, err := phone.ParseScript(script.String())
		if err != nil || again.String() != script.String() {
			t.Fatalf("%q does not survive: %q, %v", script.String(), again.String(), err)
		}
	})
}

func TestWaitingGoesByThePhonesClock(t *testing.T) {
	s := newStage(t, android(nil))
	go func() {
		s.clock.Timer(s.Context())
		s.clock.Move(time.Minute)
	}()
	begun := s.clock.Now()
	if _, err := s.creates(scripted("", "at P11: wait 1m"), create("ada")); err != nil {
		t.Fatal(err)
	}
	if waited := s.clock.Now().Sub(begun); waited != time.Minute {
		t.Errorf("waited %v", waited)
	}
}

func TestAPersonWhoTapsWhatIsNotThereFails(t *testing.T) {
	s := newStage(t, android(nil))
	for _, text := range []string{"at P11: tap Nothing of the sort", "at P11: type 0000"} {
		var missing *phone.StepError
		err := scripted("", text).With(t.Context(), s.Phone, func(ctx context.Context) error {
			_, err := ctap2.MakeCredential(ctx, s.SameDevice(), create("ada"))
			return err
		})
		if !errors.As(err, &missing) || missing.Screen != phone.ScreenSheet {
			t.Errorf("%s: %v", text, err)
		}
	}
}

func TestThePhoneRepeatsItself(t *testing.T) {
	first, second := performance(t), performance(t)
	if !slices.EqualFunc(first, second, func(a, b phone.Event) bool {
		return a.What == b.What && a.State == b.State && a.Control == b.Control && a.View.Screen == b.View.Screen && slices.Equal(a.Bytes, b.Bytes)
	}) {
		t.Error("two runs with the same randomness differ")
	}
}

// performance is what happened in two ceremonies, without what depends on who is faster: the person, who taps notices away.
func performance(t *testing.T) []phone.Event {
	s := newStage(t, android(nil))
	if _, err := s.creates(phone.Person{Provider: larkspur}, create("ada")); err != nil {
		t.Fatal(err)
	}
	if _, err := s.signsIn(phone.Person{}, get()); err != nil {
		t.Fatal(err)
	}
	return slices.DeleteFunc(s.Trace(), func(e phone.Event) bool {
		return e.Ceremony == 0 || e.View.Screen == phone.ScreenSaved || e.View.Screen == phone.ScreenSignedIn
	})
}
