package phone

import (
	"slices"
	"strings"
)

// View is what the phone shows at one moment, as plain data: enough to draw it, and to tap it. It shares no memory with the
// phone.
type View struct {
	// Revision goes up by at least one with every change of what is shown.
	Revision uint64 `json:"revision"`
	// State is where the ceremony stands; P0 without one.
	State State `json:"state"`
	// Screen says which screen it is.
	Screen Screen `json:"screen"`
	// Skin is how the phone looks.
	Skin OS `json:"skin"`
	// Title and Text are the screen's words.
	Title string `json:"title"`
	Text  string `json:"text"`
	// Entries are rows to choose from: providers, accounts, passkeys, pages of Settings.
	Entries []Entry `json:"entries,omitempty"`
	// Controls are all else that can be tapped.
	Controls []Control `json:"controls,omitempty"`
	// Busy says that the phone works and the screen shows it, by a spinner.
	Busy bool `json:"busy,omitempty"`
	// Error is the class of the error that is shown; 0 without one.
	Error ErrorClass `json:"error,omitempty"`
	// Status is the bar at the top.
	Status StatusBar `json:"status"`
}

// Entry is a row to choose. It is tapped by its ID, like a Control.
type Entry struct {
	ID string `json:"id"`
	// Label is its name, Detail the smaller line below, which may be empty.
	Label  string `json:"label"`
	Detail string `json:"detail,omitempty"`
	// Count is how many passkeys a provider holds; -1 where the row is about something else.
	Count int `json:"count"`
	// Selected says that the row is chosen already, or that its switch is on.
	Selected bool `json:"selected,omitempty"`
	// Off says that the row is shown greyed: a provider that is switched off.
	Off bool `json:"off,omitempty"`
	// Kind is KindChoice or KindToggle.
	Kind Kind `json:"kind"`
}

// Control is something to tap, or to type into.
type Control struct {
	ID    string `json:"id"`
	Label string `json:"label"`
	Kind  Kind   `json:"kind"`
	// Role says what it means: Agree goes on, Decline gives up. At most one of each on a screen.
	Role Role `json:"role,omitempty"`
	// On is the state of a toggle.
	On bool `json:"on,omitempty"`
}

// Kind is what sort of control something is.
type Kind string

// The kinds.
const (
	KindButton Kind = "button"
	KindLink   Kind = "link"
	KindToggle Kind = "toggle"
	KindChoice Kind = "choice"
	// KindSensor is the fingerprint sensor, or the look into the camera.
	KindSensor Kind = "sensor"
	// KindSecret is a field for the PIN, KindText one for a text that may be seen, KindPassword one for a text that may not. Enter
	// fills them in and sends them off.
	KindSecret   Kind = "secret"
	KindText     Kind = "text"
	KindPassword Kind = "password"
)

// Typed reports whether something is typed into the control.
func (k Kind) Typed() bool { return k == KindSecret || k == KindText || k == KindPassword }

// Role is what a control means for the ceremony.
type Role string

// The roles. The zero Role is a side path.
const (
	Agree   Role = "agree"
	Decline Role = "decline"
)

// StatusBar is the bar at the top of the screen.
type StatusBar struct {
	// Time is the phone's clock, "15:04" in UTC.
	Time string `json:"time"`
	// Bluetooth and Network say that there is some.
	Bluetooth bool `json:"bluetooth"`
	Network   bool `json:"network"`
	// Battery is in percent.
	Battery int `json:"battery"`
	// Work says that the work profile is in front.
	Work bool `json:"work,omitempty"`
}

// Screen names a screen.
type Screen string

// The screens of a ceremony, in the order in which they come.
const (
	ScreenHome             Screen = "home"
	ScreenCamera           Screen = "camera"
	ScreenCameraPermission Screen = "camera-permission"
	ScreenScannerText      Screen = "scanner-text"
	ScreenScannerUnknown   Screen = "scanner-unknown"
	ScreenChip             Screen = "chip"
	ScreenComputer         Screen = "confirm-computer"
	ScreenNoLock           Screen = "no-screen-lock"
	ScreenBluetooth        Screen = "bluetooth-off"
	ScreenNearby           Screen = "nearby-permission"
	ScreenNearbyDenied     Screen = "nearby-denied"
	ScreenConnecting       Screen = "connecting"
	ScreenConnected        Screen = "connected"
	ScreenSheet            Screen = "sheet"
	ScreenOptions          Screen = "more-options"
	ScreenOtherDevice      Screen = "another-device"
	ScreenUnlock           Screen = "unlock-provider"
	ScreenProvider         Screen = "confirm-provider"
	ScreenVerify           Screen = "verify"
	ScreenPIN              Screen = "pin"
	ScreenLockedOut        Screen = "locked-out"
	ScreenDuplicate        Screen = "duplicate"
	ScreenNoPasskeys       Screen = "no-passkeys"
	ScreenWorking          Screen = "working"
	ScreenSaved            Screen = "saved"
	ScreenSignedIn         Screen = "signed-in"
	ScreenExcluded         Screen = "excluded"
	ScreenError            Screen = "error"
)

// The screens of a provider's own app, once it is opened on the phone.
const (
	ScreenAppWelcome     Screen = "app-welcome"
	ScreenAppUser        Screen = "app-user"
	ScreenAppPassword    Screen = "app-password"
	ScreenAppCode        Screen = "app-code"
	ScreenAppAccount     Screen = "app-account"
	ScreenAppWorking     Screen = "app-working"
	ScreenAppSaved       Screen = "app-saved"
	ScreenAppFailed      Screen = "app-failed"
	ScreenAppDelete      Screen = "app-delete"
	ScreenAppDeleted     Screen = "app-deleted"
	ScreenAppNotReported Screen = "app-not-reported"
)

// ofApp reports whether a screen is one of an app's.
func (s Screen) ofApp() bool { return strings.HasPrefix(string(s), "app-") }

// The screens that come over the others.
const (
	ScreenCall              Screen = "call"
	ScreenOff               Screen = "off"
	ScreenDead              Screen = "dead"
	ScreenSettings          Screen = "settings"
	ScreenSettingsPasswords Screen = "settings-passwords"
	ScreenSettingsPasskeys  Screen = "settings-passkeys"
	ScreenSettingsDelete    Screen = "settings-delete"
	ScreenSettingsBluetooth Screen = "settings-bluetooth"
	ScreenSettingsNearby    Screen = "settings-nearby"
	ScreenSettingsCamera    Screen = "settings-camera"
	ScreenSettingsLock      Screen = "settings-lock"
	ScreenSettingsNetwork   Screen = "settings-network"
)

// screens are all there are, for those who name them. Never written after the program has started.
var screens = []Screen{
	ScreenHome, ScreenCamera, ScreenCameraPermission, ScreenScannerText, ScreenScannerUnknown, ScreenChip,
	ScreenComputer, ScreenNoLock, ScreenBluetooth, ScreenNearby, ScreenNearbyDenied, ScreenConnecting, ScreenConnected,
	ScreenSheet, ScreenOptions, ScreenOtherDevice, ScreenUnlock, ScreenProvider, ScreenVerify, ScreenPIN,
	ScreenLockedOut, ScreenDuplicate, ScreenNoPasskeys, ScreenWorking, ScreenSaved, ScreenSignedIn, ScreenExcluded,
	ScreenError, ScreenAppWelcome, ScreenAppUser, ScreenAppPassword, ScreenAppCode, ScreenAppAccount, ScreenAppWorking,
	ScreenAppSaved, ScreenAppFailed, ScreenAppDelete, ScreenAppDeleted, ScreenAppNotReported, ScreenCall, ScreenOff, ScreenDead, ScreenSettings, ScreenSettingsPasswords, ScreenSettingsPasskeys,
	ScreenSettingsDelete, ScreenSettingsBluetooth, ScreenSettingsNearby, ScreenSettingsCamera, ScreenSettingsLock,
	ScreenSettingsNetwork,
}

// Control returns the control with an id.
func (v View) Control(id string) (Control, bool) {
	i := slices.IndexFunc(v.Controls, func(c Control) bool { return c.ID == id })
	if i < 0 {
		return Control{}, false
	}
	return v.Controls[i], true
}

// Entry returns the row with an id.
func (v View) Entry(id string) (Entry, bool) {
	i := slices.IndexFunc(v.Entries, func(e Entry) bool { return e.ID == id })
	if i < 0 {
		return Entry{}, false
	}
	return v.Entries[i], true
}

// inRole returns the id of the control with a role; empty when there is none.
func (v View) inRole(r Role) string {
	for _, c := range v.Controls {
		if c.Role == r {
			return c.ID
		}
	}
	return ""
}

// labelled returns the id of the first row or control with a label or an id; empty when there is none.
func (v View) labelled(label string) string {
	for _, e := range v.Entries {
		if e.Label == label || e.ID == label {
			return e.ID
		}
	}
	for _, c := range v.Controls {
		if c.Label == label || c.ID == label {
			return c.ID
		}
	}
	return ""
}

// ids are those of everything that can be tapped.
func (v View) ids() (ids []string) {
	for _, e := range v.Entries {
		ids = append(ids, e.ID)
	}
	for _, c := range v.Controls {
		ids = append(ids, c.ID)
	}
	return ids
}
