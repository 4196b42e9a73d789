package phone

import (
	"encoding/hex"
	"fmt"
)

// This file is the Settings app of the phone. Its pages come over whatever the phone shows; a ceremony that waits underneath
// looks again when something has changed.

// open puts a page over the one that is shown.
func open(page cover) func(*Phone) error {
	return func(p *Phone) error {
		p.covers = append(p.covers, page)
		return nil
	}
}

// page is a screen of Settings: with a way back, which is what an agreeable user takes once nothing is left to be set right.
func page(id Screen, title string) screen {
	return screen{id: id, title: title, controls: []Control{agree("settings-back", "Back")}}.on("settings-back", uncover)
}

// fix adds a button that sets something right, before which nobody agreeable goes back.
func (s screen) fix(id, label string, act func(*Settings)) screen {
	s.controls = []Control{agree(id, label), {ID: "settings-back", Label: "Back", Kind: KindButton, Role: Decline}}
	return s.on(id, setting(act))
}

// setting changes the settings from within the phone.
func setting(change func(*Settings)) func(*Phone) error {
	return func(p *Phone) error {
		s := p.settings.clone()
		change(&s)
		return p.adopt(s)
	}
}

// settingsCover is the list of pages.
func settingsCover(p *Phone) screen {
	s, words := page(ScreenSettings, "Settings"), p.settings.words()
	for _, e := range []struct {
		id, label string
		page      cover
	}{
		{"settings-passwords", words.passwords, passwordsPage},
		{"settings-bluetooth", "Bluetooth", bluetoothPage},
		{"settings-network", words.network, networkPage},
		{"settings-nearby", words.nearby, nearbyPage},
		{"settings-camera", words.camera, cameraPage},
		{"settings-lock", words.lock, lockPage},
	} {
		if e.label == "" { // this system has no such page
			continue
		}
		s.entries = append(s.entries, Entry{ID: e.id, Label: e.label, Count: -1, Kind: KindChoice})
		s = s.on(e.id, open(e.page))
	}
	return s
}

// passwordsPage switches providers on and off, and chooses the preferred one.
func passwordsPage(p *Phone) screen {
	words := p.settings.words()
	s := page(ScreenSettingsPasswords, words.passwords)
	if p.settings.NoProviderList {
		s.text = "This phone has no list of providers: only its own can be used."
	}
	for _, e := range p.settings.Providers {
		if !p.settings.listed(e) {
			continue
		}
		key := e.Key()
		s.entries = append(s.entries,
			Entry{ID: "switch-" + slug(key), Label: e.Name, Detail: words.use, Count: p.count(key, ""), Selected: !e.Off, Off: e.Off, Kind: KindToggle},
			Entry{ID: "passkeys-" + slug(key), Label: e.Name + ": passkeys", Count: p.count(key, ""), Kind: KindChoice})
		s = s.on("switch-"+slug(key), setting(func(s *Settings) { s.Find(key).Off = !s.Find(key).Off }))
		s = s.on("passkeys-"+slug(key), open(passkeysPage(key)))
		if p.settings.OS == AndroidOS && !e.Off {
			s.entries = append(s.entries, Entry{ID: "prefer-" + slug(key), Label: e.Name + ": preferred", Count: -1, Selected: p.settings.Preferred == key, Kind: KindChoice})
			s = s.on("prefer-"+slug(key), setting(func(s *Settings) { s.Preferred = key }))
		}
	}
	return s
}

// passkeysPage lists the passkeys of one provider.
func passkeysPage(key string) cover {
	return func(p *Phone) screen {
		s := page(ScreenSettingsPasskeys, key)
		for _, c := range p.credentials(key) {
			id := "delete-" + hex.EncodeToString(c.ID)
			s.entries = append(s.entries, Entry{ID: id, Label: c.UserName, Detail: c.RPID, Count: -1, Kind: KindChoice})
			s = s.on(id, open(deletePage(key, c.ID, c.UserName+" at "+c.RPID)))
		}
		if len(s.entries) == 0 {
			s.text = "No passkeys."
		}
		return s
	}
}

// deletePage asks before it deletes a passkey.
func deletePage(key string, id []byte, account string) cover {
	return func(*Phone) screen {
		return screen{
			id: ScreenSettingsDelete, title: "Delete this passkey?",
			text:     fmt.Sprintf("You will no longer be able to sign in with it: %s.", account),
			controls: []Control{agree("delete", "Delete"), decline("keep", "Cancel")},
		}.on("keep", uncover).on("delete", func(p *Phone) error {
			if device := p.devices[key]; device != nil {
				if err := device.Delete(id); err != nil {
					return err
				}
			}
			return uncover(p)
		})
	}
}

func bluetoothPage(p *Phone) screen {
	s := page(ScreenSettingsBluetooth, "Bluetooth")
	if p.settings.Bluetooth == On {
		return s.toggle("bluetooth-switch", "Bluetooth", true, func(s *Settings) { s.Bluetooth = SwitchedOff })
	}
	return s.fix("bluetooth-on", "Turn on", func(s *Settings) { s.Bluetooth = On })
}

func networkPage(p *Phone) screen {
	words := p.settings.words()
	s := page(ScreenSettingsNetwork, words.network)
	if p.settings.Network == Offline {
		return s.fix("network-on", words.offAgain, func(s *Settings) { s.Network = Online })
	}
	return s.toggle("network-switch", words.airplane, false, func(s *Settings) { s.Network = Offline })
}

func nearbyPage(p *Phone) screen {
	s := page(ScreenSettingsNearby, "Nearby devices")
	if p.settings.Nearby == Granted {
		return s.toggle("nearby-switch", "Allow", true, func(s *Settings) { s.Nearby = Denied })
	}
	return s.fix("nearby-allow", "Allow", func(s *Settings) { s.Nearby = Granted })
}

func cameraPage(p *Phone) screen {
	s := page(ScreenSettingsCamera, p.settings.words().camera)
	if p.settings.CameraDenied {
		return s.fix("camera-allow", "Allow", func(s *Settings) { s.CameraDenied = false })
	}
	return s.toggle("camera-switch", "Allow", true, func(s *Settings) { s.CameraDenied = true })
}

func lockPage(p *Phone) screen {
	words := p.settings.words()
	s := page(ScreenSettingsLock, words.lock)
	if p.settings.NoScreenLock {
		return s.fix("set-screen-lock", words.setLock, func(s *Settings) { s.NoScreenLock = false })
	}
	return s.toggle("lock-switch", words.locked, true, func(s *Settings) { s.NoScreenLock = true })
}

// toggle adds a switch to a page where nothing has to be set right.
func (s screen) toggle(id, label string, on bool, act func(*Settings)) screen {
	s.controls = append(s.controls, Control{ID: id, Label: label, Kind: KindToggle, On: on})
	return s.on(id, setting(act))
}
