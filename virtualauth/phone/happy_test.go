package phone_test

import (
	"testing"

	"github.com/passkeylab/passkeylab/virtualauth/ctap2"

	"github.com/passkeylab/passkeylab/virtualauth/phone"
)

func TestAPhoneThatScansSavesAPasskeyForTheComputer(t *testing.T) {
	for name, settings := range map[string]phone.Settings{
		"Android 15": android(nil), "Android 14": android(func(s *phone.Settings) { s.Version = 14 }), "iPhone": phone.IPhone(),
		"unlock before connect": android(func(s *phone.Settings) { s.UVBeforeConnect = true }),
	} {
		t.Run(name, func(t *testing.T) {
			l := newLab(t, settings)
			f, o := l.runs(ceremony{})
			if f.seen != success || o.State != phone.P16 || !o.Sent || o.Strayed() || o.Err != nil || o.SavedIn != settings.Providers[0].Key() {
				t.Errorf("the computer sees %v (%v), outcome %+v", f.seen, f.err, o)
			}
		})
	}
}

func TestEachRequestVerifiesTheUser(t *testing.T) {
	l := newLab(t, android(func(s *phone.Settings) { s.Version = 14 }))
	offer, err := l.desktop.Invite()
	if err != nil {
		t.Fatal(err)
	}
	scanned := make(chan phone.Outcome, 1)
	go func() {
		_ = l.air.Await(t.Context(), 1)
		o, _ := phone.Person{}.Scan(t.Context(), l.Phone, phone.Text(offer.QR.String()))
		scanned <- o
	}()
	found, err := offer.Listen(t.Context(), l.air)
	if err != nil {
		t.Fatal(err)
	}
	link, err := found.Connect(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, account := range []string{"ada", "grace"} {
		if _, err := ctap2.MakeCredential(t.Context(), link, create(account)); err != nil {
			t.Fatal(err)
		}
	}
	_ = link.Close()
	if o := <-scanned; !o.Sent {
		t.Fatalf("%+v", o)
	}
	verified := 0
	for _, screen := range l.shown() {
		if screen == phone.ScreenVerify {
			verified++
		}
	}
	if verified != 2 {
		t.Errorf("the user was verified %d times for 2 requests", verified)
	}
}

func TestTheLastScreenStaysUntilItIsTappedAway(t *testing.T) {
	s := newStage(t, android(nil))
	if _, err := s.Answer(t.Context(), []byte{7}); err != nil {
		t.Fatal(err)
	}
	if v := s.View(); v.Screen != phone.ScreenError || v.State != phone.P10 {
		t.Fatalf("the phone shows %s at %v", v.Screen, v.State)
	}
	s.taps("ok")
	if v := s.View(); v.Screen != phone.ScreenHome || v.State != phone.P0 {
		t.Errorf("the phone shows %s at %v", v.Screen, v.State)
	}
}
