package screen

import (
	"github.com/passkeylab/passkeylab/virtualauth/phone"
)

// fixture is one View as the phone makes it, on both systems.
type fixture struct {
	name string
	view phone.View
	read string
	note string
	apps []string
}

func agree(id, label string) phone.Control {
	return phone.Control{ID: id, Label: label, Kind: phone.KindButton, Role: phone.Agree}
}

func decline(id, label string) phone.Control {
	return phone.Control{ID: id, Label: label, Kind: phone.KindButton, Role: phone.Decline}
}

func link(id, label string) phone.Control {
	return phone.Control{ID: id, Label: label, Kind: phone.KindLink}
}

func toggle(id, label string, on bool) phone.Control {
	return phone.Control{ID: id, Label: label, Kind: phone.KindToggle, On: on}
}

func sensor(id, label string) phone.Control {
	return phone.Control{ID: id, Label: label, Kind: phone.KindSensor, Role: phone.Agree}
}

func choice(id, label string, count int) phone.Entry {
	return phone.Entry{ID: id, Label: label, Count: count, Kind: phone.KindChoice}
}

func selected(e phone.Entry) phone.Entry {
	e.Selected = true
	return e
}

func detailed(e phone.Entry, detail string) phone.Entry {
	e.Detail = detail
	return e
}

func typed(id, label string, kind phone.Kind) phone.Control {
	return phone.Control{ID: id, Label: label, Kind: kind, Role: phone.Agree}
}

const code = "FIDO:/0383174205163284716352908123761253187623518765"

// fixtures are all screens, one view each, and more where a screen has several faces.
func fixtures() []fixture {
	back := agree("settings-back", "Back")
	returning := decline("settings-back", "Back")
	show := func(s phone.Screen, st phone.State, title, text string, controls ...phone.Control) phone.View {
		return phone.View{Screen: s, State: st, Title: title, Text: text, Controls: controls}
	}
	rows := func(v phone.View, entries ...phone.Entry) phone.View {
		v.Entries = entries
		return v
	}
	busy := func(v phone.View) phone.View {
		v.Busy = true
		return v
	}
	class := func(v phone.View, c phone.ErrorClass) phone.View {
		v.Error = c
		return v
	}
	larkspur, google := choice("provider-larkspur-id", "Larkspur ID", 2), choice("provider-google-password-manager", "Google Password Manager", 1)
	off := phone.Entry{ID: "off-bitwarden", Label: "Bitwarden", Detail: "Other password managers", Count: -1, Off: true, Kind: phone.KindChoice}
	provider := func(id, name string, count int, off bool) phone.Entry {
		return phone.Entry{ID: id, Label: name, Detail: "Use this provider", Count: count, Selected: !off, Off: off, Kind: phone.KindToggle}
	}
	close, cancel := decline("camera-close", "Close"), decline("sheet-cancel", "Cancel")
	return []fixture{
		{name: "home", view: show(phone.ScreenHome, phone.P0, "Home", "")},
		{name: "home after a look at nothing", view: show(phone.ScreenHome, phone.P0, "Home", ""), note: "camera: no hybrid code in the picture"},
		{name: "camera", view: busy(show(phone.ScreenCamera, phone.P2, "Camera", "Point at the code.", close))},
		{name: "camera not allowed", view: show(phone.ScreenCameraPermission, phone.P2, "The camera may not be used", "Allow it in Settings.", link("open-settings", "Settings"), close)},
		{name: "a scanner that shows texts", view: show(phone.ScreenScannerText, phone.P2, "Search the web?", code, agree("ok", "OK")), read: code},
		{name: "a scanner of an app", view: show(phone.ScreenScannerUnknown, phone.P2, "Not a code for this app", "Use the camera of the phone for passkeys.", agree("ok", "OK")), read: code},
		{name: "chip", view: show(phone.ScreenChip, phone.P3, "Camera", "", agree("chip", "Use passkey"), close), read: code},
		{name: "allow the computer", view: show(phone.ScreenComputer, phone.P5, "Connect to a computer?", "Allow it to use a passkey of Ada's Android.", agree("computer-allow", "Allow"), decline("computer-cancel", "Cancel"))},
		{name: "allow and remember the computer", view: show(phone.ScreenComputer, phone.P5, "Connect to a computer?", "Allow it to use a passkey of Ada's Android.", agree("computer-allow", "Allow"), decline("computer-cancel", "Cancel"), toggle("remember", "Remember this computer", true))},
		{name: "no screen lock", view: class(show(phone.ScreenNoLock, phone.P6, "Settings needed", phone.NoScreenLock.Words(), agree("open-settings", "Settings"), decline("close", "Cancel")), phone.NoScreenLock)},
		{name: "Bluetooth is off", view: show(phone.ScreenBluetooth, phone.P7, "Turn on Bluetooth?", "It shows that the computer is near.", agree("bluetooth-allow", "Turn on"), decline("bluetooth-refuse", "Cancel"))},
		{name: "nearby devices", view: show(phone.ScreenNearby, phone.P7, "Allow access to nearby devices?", "Passkeys need it to see that the computer is near.", agree("nearby-grant", "Allow"), decline("nearby-refuse", "Don't allow"))},
		{name: "nearby devices refused", view: class(show(phone.ScreenNearbyDenied, phone.P7, "Settings needed", phone.NoBluetoothPermission.Words(), agree("open-settings", "Settings"), decline("close", "Cancel")), phone.NoBluetoothPermission)},
		{name: "connecting", view: busy(show(phone.ScreenConnecting, phone.P8, "Connecting", "Keep the phone near the computer.", decline("connect-cancel", "Cancel")))},
		{name: "connected", view: busy(show(phone.ScreenConnected, phone.P9, "Connected", "Waiting for the computer.", decline("connected-cancel", "Cancel")))},
		{name: "sheet and sensor in one", view: rows(show(phone.ScreenSheet, phone.P11, "Create a passkey for larkspur.example?", "ada@larkspur.example", sensor("sheet-sensor", "Touch the fingerprint sensor"), link("more-options", "Save another way"), cancel), selected(google))},
		{name: "sheet of providers", view: rows(show(phone.ScreenSheet, phone.P11, "Create a passkey for larkspur.example?", "ada@larkspur.example", agree("sheet-continue", "Continue"), link("another-device", "Another device"), cancel), google, selected(larkspur))},
		{name: "sheet of passkeys", view: rows(show(phone.ScreenSheet, phone.P11, "Sign in to larkspur.example?", "", agree("sheet-continue", "Continue"), link("another-device", "Another device"), cancel), selected(detailed(choice("passkey-01", "ada@larkspur.example", -1), "Larkspur ID")), detailed(choice("passkey-02", "ada.with.a.very.long.name@department.larkspur.example", -1), "Google Password Manager"))},
		{name: "sheet without providers", view: show(phone.ScreenSheet, phone.P11, "Create a passkey for larkspur.example?", "No provider is switched on.", link("open-passwords", "Settings"), link("another-device", "Another device"), cancel)},
		{name: "more options", view: rows(show(phone.ScreenOptions, phone.P12, "Save another way", "ada@larkspur.example", link("another-device", "Another device"), decline("options-back", "Back")), google, larkspur, off)},
		{name: "another device", view: show(phone.ScreenOtherDevice, phone.P12, "Use a security key", "Hold the key to the back of this phone.", decline("key-cancel", "Cancel"), sensor("key-security-key", "Hold USB security key to the phone"))},
		{name: "a locked provider", view: show(phone.ScreenUnlock, phone.P13, "Bitwarden is locked", "Unlock to go on.", agree("provider-unlock", "Unlock"), decline("provider-cancel", "Cancel"))},
		{name: "the provider asks", view: show(phone.ScreenProvider, phone.P13, "Larkspur ID", "Continue with Larkspur ID?", agree("provider-continue", "Continue"), decline("provider-cancel", "Cancel"))},
		{name: "the new default", view: show(phone.ScreenProvider, phone.P13, "Use Larkspur ID for all your sign-ins?", "", agree("use-once", "Use once"), phone.Control{ID: "set-default", Label: "Set as default", Kind: phone.KindButton}, decline("provider-cancel", "Cancel"))},
		{name: "verify", view: show(phone.ScreenVerify, phone.P14, "Verify that it is you", "Use your fingerprint.", sensor("sensor", "Touch the sensor"), link("use-pin", "Use screen lock"), decline("verify-cancel", "Cancel"))},
		{name: "PIN", view: show(phone.ScreenPIN, phone.P14, "Screen lock", "Wrong PIN. Try again.", phone.Control{ID: "pin", Label: "PIN", Kind: phone.KindSecret, Role: phone.Agree}, decline("verify-cancel", "Cancel"))},
		{name: "locked out", view: show(phone.ScreenLockedOut, phone.P14, "Too many attempts", "This phone is locked. Try again later.", agree("locked-close", "Close"))},
		{name: "the provider has one already", view: show(phone.ScreenDuplicate, phone.P13, "You already have a passkey", "Larkspur ID holds one for this account.", agree("duplicate-close", "Close"))},
		{name: "no passkeys", view: show(phone.ScreenNoPasskeys, phone.P11, "No passkeys available", "There is no passkey for this website on this phone.", agree("no-passkeys-close", "Close"), link("another-device", "Another device"))},
		{name: "working", view: busy(show(phone.ScreenWorking, phone.P14, "Larkspur ID", "Saving."))},
		{name: "saved", view: show(phone.ScreenSaved, phone.P0, "Passkey saved", "Saved in Larkspur ID.", agree("ok", "OK"))},
		{name: "signed in", view: show(phone.ScreenSignedIn, phone.P0, "Signed in on the computer", "With your passkey in Larkspur ID.", agree("ok", "OK"))},
		{name: "exists already", view: show(phone.ScreenExcluded, phone.P0, "You already have a passkey", "There is a passkey for this account in Larkspur ID.", agree("ok", "OK"))},
		{name: "error", view: class(show(phone.ScreenError, phone.P0, "Something went wrong", phone.BadQR.Words(), agree("ok", "OK")), phone.BadQR)},
		{name: "home with an app", view: show(phone.ScreenHome, phone.P0, "Home", ""), apps: []string{"Larkspur ID (Android)"}},
		{name: "the app before sign-in", view: show(phone.ScreenAppWelcome, phone.P1, "Larkspur ID", "Add your work account to create a passkey here.", agree("app-add-account", "Add work account"), decline("app-close", "Close"))},
		{name: "the app asks who", view: show(phone.ScreenAppUser, phone.P1, "Add your work account", "Larkspur ID", typed("app-user", "User name", phone.KindText), decline("app-back", "Back"))},
		{name: "the app asks for the password", view: show(phone.ScreenAppPassword, phone.P1, "Enter your password", "Larkspur ID", typed("app-password", "Password", phone.KindPassword), decline("app-back", "Back"))},
		{name: "the app asks for a code", view: show(phone.ScreenAppCode, phone.P1, "Enter your one-time code", "Larkspur ID", typed("app-code", "One-time code", phone.KindText), decline("app-back", "Back"))},
		{name: "the app's account", view: rows(show(phone.ScreenAppAccount, phone.P1, "Mia", "Larkspur ID", agree("app-create", "Create a passkey"), link("app-sign-out", "Sign out"), decline("app-close", "Close")), detailed(choice("app-passkey-01", "mia", -1), "Passkey on this phone"))},
		{name: "the app at work", view: busy(show(phone.ScreenAppWorking, phone.P1, "Larkspur ID", "Signing in", decline("app-cancel", "Cancel")))},
		{name: "saved in the app", view: show(phone.ScreenAppSaved, phone.P16, "Passkey saved", "It is in Larkspur ID and in your account. Go back to your computer.", agree("ok", "OK"))},
		{name: "refused in the app", view: show(phone.ScreenAppFailed, phone.P15, "Try again later", "The service that vouches for this app is busy or down. No passkey was kept.", agree("ok", "OK"))},
		{name: "delete in the app", view: show(phone.ScreenAppDelete, phone.P1, "Delete this passkey?", "You can no longer sign in with it. It goes from this phone and from your account.", agree("app-delete", "Delete"), decline("app-keep", "Cancel"))},
		{name: "deleted in the app", view: show(phone.ScreenAppDeleted, phone.P1, "Passkey deleted", "It is gone from this phone and from your account.", agree("ok", "OK"))},
		{name: "deleted in the app alone", view: show(phone.ScreenAppNotReported, phone.P1, "Deleted on this phone only", "Your organisation was not told: This phone is offline. Delete it in Security info, too.", agree("ok", "OK"))},
		{name: "call", view: show(phone.ScreenCall, phone.P8, "Incoming call", "Grace", agree("call-end", "Decline call"))},
		{name: "off", view: show(phone.ScreenOff, phone.P8, "Screen off", "", agree("wake", "Wake the phone"))},
		{name: "dead", view: show(phone.ScreenDead, phone.P0, "No power", "", agree("power", "Switch on"))},
		{name: "settings", view: rows(show(phone.ScreenSettings, phone.P0, "Settings", "", back), choice("settings-passwords", "Passwords, passkeys & accounts", -1), choice("settings-bluetooth", "Bluetooth", -1), choice("settings-network", "Network & internet", -1), choice("settings-nearby", "Nearby devices", -1), choice("settings-camera", "Camera", -1), choice("settings-lock", "Screen lock", -1))},
		{name: "settings of providers", view: rows(show(phone.ScreenSettingsPasswords, phone.P0, "Passwords, passkeys & accounts", "", back),
			provider("switch-google-password-manager", "Google Password Manager", 1, false), choice("passkeys-google-password-manager", "Google Password Manager: passkeys", 1), selected(choice("prefer-google-password-manager", "Google Password Manager: preferred", -1)),
			provider("switch-larkspur-id", "Larkspur ID", 2, false), choice("passkeys-larkspur-id", "Larkspur ID: passkeys", 2), choice("prefer-larkspur-id", "Larkspur ID: preferred", -1),
			provider("switch-bitwarden", "Bitwarden", 0, true), choice("passkeys-bitwarden", "Bitwarden: passkeys", 0))},
		{name: "settings of passkeys", view: rows(show(phone.ScreenSettingsPasskeys, phone.P0, "Larkspur ID", "", back), detailed(choice("delete-01", "ada@larkspur.example", -1), "larkspur.example"), detailed(choice("delete-02", "ada", -1), "example.org"))},
		{name: "no passkeys in settings", view: show(phone.ScreenSettingsPasskeys, phone.P0, "Bitwarden", "No passkeys.", back)},
		{name: "delete a passkey", view: show(phone.ScreenSettingsDelete, phone.P0, "Delete this passkey?", "You will no longer be able to sign in with it: ada at larkspur.example.", agree("delete", "Delete"), decline("keep", "Cancel"))},
		{name: "settings of Bluetooth, off", view: show(phone.ScreenSettingsBluetooth, phone.P7, "Bluetooth", "", agree("bluetooth-on", "Turn on"), returning)},
		{name: "settings of Bluetooth, on", view: show(phone.ScreenSettingsBluetooth, phone.P0, "Bluetooth", "", back, toggle("bluetooth-switch", "Bluetooth", true))},
		{name: "settings of nearby devices", view: show(phone.ScreenSettingsNearby, phone.P0, "Nearby devices", "", back, toggle("nearby-switch", "Allow", true))},
		{name: "settings of the camera", view: show(phone.ScreenSettingsCamera, phone.P0, "Camera", "", agree("camera-allow", "Allow"), returning)},
		{name: "settings of the lock", view: show(phone.ScreenSettingsLock, phone.P0, "Screen lock", "", back, toggle("lock-switch", "Screen lock", true))},
		{name: "settings of the network", view: show(phone.ScreenSettingsNetwork, phone.P0, "Network & internet", "", back, toggle("network-switch", "Airplane mode", false))},
	}
}
