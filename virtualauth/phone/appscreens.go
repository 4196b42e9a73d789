package phone

import "encoding/hex"

// welcome is the app before anybody is signed in.
func (a *app) welcome() screen {
	return screen{
		id: ScreenAppWelcome, title: a.name, text: a.said("Add your work account to create a passkey here."),
		controls: []Control{agree("app-add-account", "Add work account"), decline("app-close", "Close")},
	}
}

// said is what went wrong before, once, or else a text.
func (a *app) said(otherwise string) string {
	text := a.notice
	if a.notice = ""; text == "" {
		text = otherwise
	}
	return text
}

// field is a screen with one field to fill in.
func (a *app) field(id Screen, title string, c Control) screen {
	c.Role = Agree
	return screen{id: id, title: title, text: a.name, controls: []Control{c, decline("app-back", "Back")}}
}

// accountScreen is the app with somebody signed in: her passkeys, and a button for another.
func (a *app) accountScreen(who account) screen {
	name := who.displayName
	if name == "" {
		name = who.userName
	}
	s := screen{
		id: ScreenAppAccount, title: name, text: a.said(a.name),
		controls: []Control{agree("app-create", "Create a passkey"), link("app-sign-out", "Sign out"), decline("app-close", "Close")},
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, c := range a.credentials(a.key) {
		if c.RPID == a.service.RPID() {
			s.entries = append(s.entries, Entry{ID: passkeyRow + hex.EncodeToString(c.ID), Label: c.UserName, Detail: "Passkey on this phone", Count: -1, Kind: KindChoice})
		}
	}
	return s
}
