package phone_test

import (
	"testing"

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
