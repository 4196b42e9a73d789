package phone_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/passkeylab/passkeylab/virtualauth/phone"
)

// opened is a phone with its Settings open.
func opened(t *testing.T, s phone.Settings) *stage {
	t.Helper()
	st := newStage(t, s)
	st.OpenSettings()
	return st
}

func labels(v phone.View) (list []string) {
	for _, e := range v.Entries {
		list = append(list, e.Label)
	}
	return list
}

func TestSettingsAreInTheWordsOfTheSystem(t *testing.T) {
	ios17, android11 := phone.IPhone(), phone.Android()
	ios17.Version, android11.Version = 17, 11
	for name, c := range map[string]struct {
		settings phone.Settings
		want     string
	}{
		"Android 15": {phone.Android(), "Passwords, passkeys & accounts; Bluetooth; Network & internet; Nearby devices; Camera; Screen lock"},
		"Android 11": {android11, "Passwords, passkeys & accounts; Bluetooth; Network & internet; Camera; Screen lock"},
		"iOS 18":     {phone.IPhone(), "AutoFill & Passwords; Bluetooth; Airplane Mode; Camera; Face ID & Passcode"},
		"iOS 17":     {ios17, "Passwords; Bluetooth; Airplane Mode; Camera; Face ID & Passcode"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := strings.Join(labels(opened(t, c.settings).View()), "; "); got != c.want {
				t.Errorf("got %s\nwant %s", got, c.want)
			}
		})
	}
}

// On every page of an iPhone's Settings, whatever is switched on or off, nothing is said in Android's words.
func TestNoPageOfAnIPhonesSettingsSpeaksAndroid(t *testing.T) {
	broken := phone.IPhone()
	broken.Bluetooth, broken.Network, broken.CameraDenied, broken.NoScreenLock = phone.SwitchedOff, phone.Offline, true, true
	for name, s := range map[string]phone.Settings{"all is well": phone.IPhone(), "nothing works": broken} {
		t.Run(name, func(t *testing.T) {
			p := opened(t, s)
			for _, entry := range p.View().Entries {
				if err := p.Tap(entry.ID); err != nil {
					t.Fatal(err)
				}
				page := p.View()
				if page.Title != entry.Label {
					t.Errorf("%s leads to %s", entry.Label, page.Title)
				}
				said := fmt.Sprint(page.Title, page.Text, page.Controls, page.Entries)
				for _, foreign := range []string{"Nearby", "internet", "creen lock", "irplane mode", "accounts", "Use this provider"} {
					if strings.Contains(said, foreign) {
						t.Errorf("%s says %q: %s", entry.Label, foreign, said)
					}
				}
				if err := p.Tap("settings-back"); err != nil {
					t.Fatal(err)
				}
			}
			if !slices.Contains(labels(p.View()), "Bluetooth") {
				t.Error("that was not the list of pages")
			}
		})
	}
}
