package journeys

import (
	"testing"

	"github.com/passkeylab/passkeylab/harness/dialog"
	"github.com/passkeylab/passkeylab/harness/lab"
	"github.com/passkeylab/passkeylab/reports"
	"github.com/passkeylab/passkeylab/virtualauth/phone"
)

func TestAFrameSaysWhatIsNewInIt(t *testing.T) {
	home := phone.View{Screen: phone.ScreenHome, Title: "Home"}
	saved := phone.View{Screen: phone.ScreenSaved, Title: "Passkey saved", Controls: []phone.Control{{ID: "ok", Label: "OK", Kind: phone.KindButton}}}
	pin := phone.View{Screen: phone.ScreenPIN, Title: "Screen lock", Controls: []phone.Control{{ID: "pin", Label: "PIN", Kind: phone.KindSecret}}}
	sheet := phone.View{Screen: phone.ScreenSheet, Title: "Create a passkey?", Entries: []phone.Entry{{ID: "a", Label: "Larkspur ID", Detail: "No passkeys"}}}
	for want, c := range map[string]struct{ frame, before lab.Frame }{
		"the phone shows its home screen":                                 {frame: lab.Frame{Phone: home}},
		"the browser shows a code":                                        {frame: lab.Frame{Phone: home, Dialog: dialog.QRCode}, before: lab.Frame{Phone: home}},
		"the phone shows “Create a passkey?”, and she taps “Larkspur ID”": {frame: lab.Frame{Phone: sheet, Tapped: "a"}},
		"the phone shows “Screen lock”, and she enters it":                {frame: lab.Frame{Phone: pin, Tapped: "pin"}},
		"the browser closes its dialog, and she taps “OK” on the phone":   {frame: lab.Frame{Phone: saved, Tapped: "ok", Dialog: dialog.Closed}, before: lab.Frame{Phone: saved, Dialog: dialog.CableV2Connected}},
		"the phone shows “Passkey saved”":                                 {frame: lab.Frame{Phone: saved, Dialog: dialog.Closed}, before: lab.Frame{Phone: pin, Dialog: dialog.Closed}},
		"the browser shows its KeyAlreadyRegistered":                      {frame: lab.Frame{Dialog: dialog.KeyAlreadyRegistered}},
	} {
		if got := happened(c.frame, c.before); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

func TestAScreenThatWasPhotographedIsShownByItsPicture(t *testing.T) {
	view := func(title string, picture *reports.Picture) reports.Step {
		return reports.Step{Views: []reports.View{{Name: reports.ViewPhone, Title: title, Picture: picture, Controls: []reports.Control{{Label: "OK", Tapped: picture != nil}}}}}
	}
	first, second := &reports.Picture{Path: "1.jpg"}, &reports.Picture{Path: "2.jpg"}
	steps := []reports.Step{view("Saved", nil), view("Saved", first), view("Home", nil), view("Saved", nil), view("Saved", second), view("Saved", nil)}
	showThePage(steps)
	for i, want := range []*reports.Picture{first, first, nil, first, second, second} {
		if got := steps[i].Views[0].Picture; got != want {
			t.Errorf("step %d: %+v, want %+v", i+1, got, want)
		}
	}
	if steps[0].Views[0].Controls[0].Tapped {
		t.Error("what was tapped later is tapped already")
	}
}
