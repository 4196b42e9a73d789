package phone_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/passkeylab/passkeylab/virtualauth/authdata"
	"github.com/passkeylab/passkeylab/virtualauth/ctap2"
	"github.com/passkeylab/passkeylab/virtualauth/phone"
	"github.com/passkeylab/passkeylab/virtualauth/provider"
)

// row is one row of the table of failures on phones: what is so, who holds it, and what everybody sees.
type row struct {
	number int
	says   string
	phone  func(*phone.Settings) // from an Android; nil leaves it
	iphone bool
	ceremony
	// before lets a passkey be there already, in the provider named.
	before string
	// exclude puts that passkey on the exclude list.
	exclude bool

	sees  seen         // the browser
	shows phone.Screen // the phone, at some time
	last  phone.Screen // and at the end
	saved string       // where the passkey is
	stray bool         // and it never reached the computer
	class phone.ErrorClass
	never phone.Screen   // what the phone does not show
	unset authdata.Flags // what is not in the passkey's flags
}

// does is a person with a script.
func does(text string) ceremony { return ceremony{person: scripted("", text)} }

// wants is a person who wants a provider.
func wants(key string) ceremony { return ceremony{person: scripted(key, "")} }

func scripted(key, text string) phone.Person {
	script, err := phone.ParseScript(text)
	if err != nil {
		panic(err)
	}
	return phone.Person{Provider: key, Script: script}
}

// set changes the organisation's app on an Android.
func app(change func(*phone.Provider)) func(*phone.Settings) {
	return func(s *phone.Settings) { change(s.Find(larkspur)) }
}

// prefersApp makes the organisation's app the one that is offered first.
func prefersApp(change func(*phone.Settings)) func(*phone.Settings) {
	return func(s *phone.Settings) {
		s.Preferred = larkspur
		if change != nil {
			change(s)
		}
	}
}

var rows = []row{
	{number: 1, says: "below Android 14 the app is not offered", phone: func(s *phone.Settings) { s.Version = 13 }, ceremony: wants(larkspur),
		sees: success, last: phone.ScreenSaved, saved: google},
	{number: 1, says: "below iOS 17 the app is not offered", iphone: true, phone: func(s *phone.Settings) { s.Version = 16 },
		ceremony: wants("Larkspur ID (iOS)"), sees: success, last: phone.ScreenSaved, saved: "Apple Passwords"},
	{number: 2, says: "an app that is not installed is not in the list", phone: app(func(p *phone.Provider) { p.Missing = true }), ceremony: wants(larkspur),
		sees: success, shows: phone.ScreenOptions, last: phone.ScreenSaved, saved: google},
	{number: 3, says: "a provider that is switched off is under the other password managers", phone: app(func(p *phone.Provider) { p.Off = true }),
		ceremony: wants(larkspur), sees: success, shows: phone.ScreenOptions, last: phone.ScreenSaved, saved: google},
	{number: 3, says: "and is switched on from there", phone: app(func(p *phone.Provider) { p.Off = true }),
		ceremony: ceremony{person: scripted(larkspur, "at P11: tap more-options\nat P12: tap off-larkspur-id--android\nat settings-passwords: tap switch-larkspur-id--android")},
		sees:     success, shows: phone.ScreenSettingsPasswords, last: phone.ScreenSaved, saved: larkspur},
	{number: 4, says: "a maker without a list of providers leaves the app out", phone: func(s *phone.Settings) { s.Version, s.NoProviderList = 14, true },
		ceremony: wants(larkspur), sees: success, last: phone.ScreenSaved, saved: google},
	{number: 6, says: "without permission the camera reads nothing", phone: func(s *phone.Settings) { s.CameraDenied = true }, ceremony: does("at P2: decline"),
		sees: timedOut, shows: phone.ScreenCameraPermission, last: phone.ScreenHome},
	{number: 6, says: "a scanner that does not know the code shows its text", phone: func(s *phone.Settings) { s.Camera = phone.ThirdPartyScanner },
		sees: timedOut, shows: phone.ScreenScannerText, last: phone.ScreenHome},
	{number: 7, says: "the scanner inside the app does not read it", iphone: true, phone: func(s *phone.Settings) { s.Camera = phone.InAppScanner },
		sees: timedOut, shows: phone.ScreenScannerUnknown, last: phone.ScreenHome},
	{number: 8, says: "the user ignores the chip", ceremony: does("at P3: ignore"), sees: timedOut, shows: phone.ScreenChip, last: phone.ScreenHome},
	{number: 9, says: "a malformed code is not valid", ceremony: ceremony{text: func(code string) string { return code[:len(code)-3] + "x" }},
		sees: timedOut, last: phone.ScreenError, class: phone.BadQR},
	{number: 9, says: "a code of another request leads nowhere", ceremony: ceremony{spinner: true, text: another},
		phone: func(s *phone.Settings) { s.QRLife = -1 },
		sees:  timedOut, shows: phone.ScreenConnecting, last: phone.ScreenError, class: phone.UnexpectedEnd},
	{number: 10, says: "the dialog is closed before the phone connects", ceremony: ceremony{gone: true, spinner: true},
		sees: timedOut, shows: phone.ScreenConnecting, last: phone.ScreenError, class: phone.UnexpectedEnd},
	{number: 11, says: "the user does not allow the computer", ceremony: does("at P5: decline"), sees: timedOut, shows: phone.ScreenComputer, last: phone.ScreenHome},
	{number: 12, says: "a screen lock is set when the phone asks for it", phone: func(s *phone.Settings) { s.NoScreenLock = true },
		sees: success, shows: phone.ScreenSettingsLock, last: phone.ScreenSaved, saved: google},
	{number: 12, says: "no screen lock is set", phone: func(s *phone.Settings) { s.NoScreenLock = true }, ceremony: does("at P6: decline"),
		sees: timedOut, shows: phone.ScreenNoLock, last: phone.ScreenHome, class: phone.NoScreenLock},
	{number: 12, says: "the phone waits for a screen lock in vain", phone: func(s *phone.Settings) { s.NoScreenLock = true }, ceremony: does("at P6: ignore"),
		sees: timedOut, shows: phone.ScreenNoLock, last: phone.ScreenHome},
	{number: 13, says: "Bluetooth is off and the user refuses", phone: func(s *phone.Settings) { s.Bluetooth = phone.SwitchedOff }, ceremony: does("at P7: decline"),
		sees: timedOut, shows: phone.ScreenBluetooth, last: phone.ScreenHome},
	{number: 13, says: "Bluetooth is off and the user turns it on", phone: func(s *phone.Settings) { s.Bluetooth = phone.SwitchedOff },
		sees: success, shows: phone.ScreenBluetooth, last: phone.ScreenSaved, saved: google},
	{number: 14, says: "nearby devices are refused", phone: func(s *phone.Settings) { s.Nearby = phone.NotAsked },
		ceremony: does("at nearby-permission: decline\nat nearby-denied: decline"),
		sees:     timedOut, shows: phone.ScreenNearbyDenied, last: phone.ScreenHome, class: phone.NoBluetoothPermission},
	{number: 14, says: "nearby devices are allowed in Settings", phone: func(s *phone.Settings) { s.Nearby = phone.Denied },
		sees: success, shows: phone.ScreenSettingsNearby, last: phone.ScreenSaved, saved: google},
	{number: 15, says: "without Bluetooth the computer shows no code", ceremony: ceremony{dark: true}, sees: timedOut, shows: phone.ScreenCamera, last: phone.ScreenHome},
	{number: 16, says: "where Bluetooth is banned the computer shows no code", ceremony: ceremony{dark: true}, sees: timedOut, shows: phone.ScreenCamera, last: phone.ScreenHome},
	{number: 17, says: "the phone is offline", phone: func(s *phone.Settings) { s.Network = phone.Offline },
		sees: timedOut, shows: phone.ScreenConnecting, last: phone.ScreenError, class: phone.TunnelFailed},
	{number: 18, says: "the tunnel server is blocked", phone: func(s *phone.Settings) { s.Network = phone.TunnelBlocked },
		sees: timedOut, last: phone.ScreenError, class: phone.TunnelFailed},
	{number: 18, says: "the tunnel server is intercepted", phone: func(s *phone.Settings) { s.Network = phone.Intercepted },
		sees: timedOut, last: phone.ScreenError, class: phone.TunnelFailed},
	{number: 18, says: "the handshake fails", phone: func(s *phone.Settings) { s.Misbehave.SpoilTag = 1 },
		sees: notAllowed, last: phone.ScreenError, class: phone.UnexpectedEnd},
	{number: 19, says: "the computer does not hear the phone", phone: func(s *phone.Settings) { s.Far = true }, ceremony: ceremony{spinner: true},
		sees: timedOut, shows: phone.ScreenConnecting, last: phone.ScreenError, class: phone.UnexpectedEnd},
	{number: 20, says: "the link drops while the user chooses", phone: func(s *phone.Settings) { s.DropAt = phone.P11 },
		sees: notAllowed, last: phone.ScreenError, class: phone.EndWhileProcessing},
	{number: 20, says: "the link drops as soon as it is there", phone: func(s *phone.Settings) { s.DropAt = phone.P9 },
		sees: notAllowed, last: phone.ScreenError, class: phone.UnexpectedEnd},
	{number: 21, says: "the passkey is on the exclude list", before: google, exclude: true,
		sees: invalidState, shows: phone.ScreenExcluded, last: phone.ScreenExcluded, saved: google},
	{number: 21, says: "a provider that ignores the exclude list makes another one", before: google, exclude: true,
		phone: func(s *phone.Settings) { s.Find(google).IgnoresExclude = true }, sees: success, last: phone.ScreenSaved, saved: google},
	{number: 22, says: "the app holds an unregistered one", before: larkspur, phone: prefersApp(nil),
		sees: notAllowed, shows: phone.ScreenDuplicate, last: phone.ScreenHome, saved: larkspur},
	{number: 23, says: "the user cancels the sheet", ceremony: does("at P11: decline"), sees: notAllowed, shows: phone.ScreenSheet, last: phone.ScreenHome},
	{number: 24, says: "the wrong provider is chosen", phone: prefersApp(nil), ceremony: wants(google), sees: success, last: phone.ScreenSaved, saved: google},
	{number: 25, says: "only the wrong provider is switched on", phone: app(func(p *phone.Provider) { p.Off = true }),
		sees: success, shows: phone.ScreenSheet, last: phone.ScreenSaved, saved: google},
	{number: 26, says: "another device is asked for and none is there", ceremony: does("at P11: tap more-options\nat P12: tap another-device\nat another-device: decline"),
		sees: notAllowed, shows: phone.ScreenOtherDevice, last: phone.ScreenHome},
	{number: 26, says: "a security key is held to the phone",
		phone: func(s *phone.Settings) {
			s.Providers = append(s.Providers, phone.Provider{Provider: provider.USBSecurityKey()})
		},
		ceremony: does("at P11: tap more-options\nat P12: tap another-device"),
		sees:     success, shows: phone.ScreenOtherDevice, last: phone.ScreenSaved, saved: "USB security key"},
	{number: 27, says: "the vault is locked and stays so", phone: prefersApp(app(func(p *phone.Provider) { p.Vault = phone.VaultLocked })), ceremony: does("at unlock-provider: ignore"),
		sees: timedOut, shows: phone.ScreenUnlock, last: phone.ScreenError, class: phone.EndWhileProcessing},
	{number: 27, says: "the app is signed out and the user gives up", phone: prefersApp(app(func(p *phone.Provider) { p.Vault = phone.SignedOut })), ceremony: does("at unlock-provider: decline"),
		sees: notAllowed, shows: phone.ScreenUnlock, last: phone.ScreenHome},
	{number: 27, says: "the vault is unlocked in time", phone: prefersApp(app(func(p *phone.Provider) { p.Vault = phone.VaultLocked })),
		sees: success, shows: phone.ScreenUnlock, last: phone.ScreenSaved, saved: larkspur},
	{number: 28, says: "the finger is not recognised and the PIN is", phone: func(s *phone.Settings) { s.BiometricFailures = 5 },
		sees: success, shows: phone.ScreenPIN, last: phone.ScreenSaved, saved: google},
	{number: 29, says: "biometrics are locked and the PIN is wrong", phone: func(s *phone.Settings) { s.Biometrics = phone.LockedOut }, ceremony: ceremony{person: phone.Person{PIN: "0000"}},
		sees: notAllowed, shows: phone.ScreenLockedOut, last: phone.ScreenHome},
	{number: 30, says: "without a finger the PIN is asked for straight away", phone: func(s *phone.Settings) { s.Biometrics = phone.NotEnrolled },
		sees: success, shows: phone.ScreenPIN, last: phone.ScreenSaved, saved: google},
	{number: 31, says: "a provider verifies nobody and says that it did", phone: prefersApp(app(func(p *phone.Provider) { p.UV = phone.ClaimsUV })),
		sees: success, last: phone.ScreenSaved, saved: larkspur, never: phone.ScreenVerify},
	{number: 32, says: "a provider verifies nobody and admits it", phone: prefersApp(app(func(p *phone.Provider) { p.UV = phone.OmitsUV })),
		sees: success, last: phone.ScreenSaved, saved: larkspur, unset: authdata.UV, never: phone.ScreenVerify},
	{number: 33, says: "the storage fails", phone: prefersApp(app(func(p *phone.Provider) { p.Broken = true })),
		sees: notAllowed, last: phone.ScreenError, class: phone.Internal},
	{number: 34, says: "the older passkey is replaced", before: google, sees: success, last: phone.ScreenSaved, saved: google},
	{number: 35, says: "the phone dies after saving", phone: func(s *phone.Settings) { s.Interrupt = phone.Interruption{At: phone.P16, Kind: phone.PhoneDies} },
		sees: notAllowed, last: phone.ScreenDead, saved: google, stray: true},
	{number: 35, says: "the link drops after saving", phone: func(s *phone.Settings) { s.DropAt = phone.P15 },
		sees: notAllowed, last: phone.ScreenError, class: phone.EndWhileProcessing, saved: google, stray: true},
	{number: 36, says: "the phone says saved, whatever the server makes of it", sees: success, shows: phone.ScreenSaved, last: phone.ScreenSaved, saved: google},
	{number: 37, says: "the camera of the personal profile saves there", phone: withWork, sees: success, last: phone.ScreenSaved, saved: google},
	{number: 38, says: "a call is not ended", phone: func(s *phone.Settings) { s.Interrupt = phone.Interruption{At: phone.P14, Kind: phone.Call} },
		ceremony: does("at call: ignore"), sees: timedOut, shows: phone.ScreenCall, last: phone.ScreenCall, class: phone.EndWhileProcessing},
	{number: 38, says: "a call is ended in time", phone: func(s *phone.Settings) { s.Interrupt = phone.Interruption{At: phone.P14, Kind: phone.Call} },
		sees: success, shows: phone.ScreenCall, last: phone.ScreenSaved, saved: google},
	{number: 38, says: "the screen goes off for good", phone: func(s *phone.Settings) { s.Interrupt = phone.Interruption{At: phone.P11, Kind: phone.ScreenGoesOff} },
		ceremony: does("at off: ignore"), sees: timedOut, shows: phone.ScreenOff, last: phone.ScreenOff, class: phone.EndWhileProcessing},
	{number: 38, says: "the app is killed", phone: func(s *phone.Settings) {
		s.Interrupt = phone.Interruption{At: phone.P13, Kind: phone.AppKilled}
		s.Preferred = larkspur
		s.TwoSteps = true
	},
		sees: notAllowed, last: phone.ScreenHome},
	{number: 38, says: "the user swipes the app away", ceremony: does("at P11: kill"), sees: notAllowed, last: phone.ScreenHome},
}

// another stands for what the same computer showed for another request; check replaces it.
func another(code string) string { return code }

// withWork gives the employer a half of the phone.
func withWork(s *phone.Settings) {
	s.Providers = append(s.Providers, phone.Provider{Provider: provider.LarkspurIDAndroid(), Profile: phone.Work})
}

func TestEveryFailureOfAPhoneIsConfigured(t *testing.T) {
	for _, r := range rows {
		t.Run(fmt.Sprintf("%d %s", r.number, r.says), func(t *testing.T) { r.check(t) })
	}
}

func (r row) check(t *testing.T) {
	settings := phone.Android()
	if r.iphone {
		settings = phone.IPhone()
	}
	l := newLab(t, settings)
	if r.before != "" {
		if _, err := l.creates(phone.Person{Provider: r.before}, create("ada")); err != nil {
			t.Fatal(err)
		}
	}
	if r.phone != nil {
		if err := l.Change(r.phone); err != nil {
			t.Fatal(err)
		}
	}
	before := l.Passkeys()
	if r.exclude {
		r.request = create("ada")
		r.request.ExcludeList = []ctap2.Descriptor{{ID: before[0].ID, Type: ctap2.PublicKey}}
	}
	if r.text != nil && r.spinner {
		offer, err := l.desktop.Invite()
		if err != nil {
			t.Fatal(err)
		}
		r.text = func(string) string { return offer.QR.String() }
	}
	f, o := l.runs(r.ceremony)
	if f.seen != r.sees {
		t.Errorf("the browser sees %v (%v), not %v", f.seen, f.err, r.sees)
	}
	if r.shows != "" && !l.saw(r.shows) {
		t.Errorf("the phone never showed %s; it showed %v", r.shows, l.shown())
	}
	if r.never != "" && l.saw(r.never) {
		t.Errorf("the phone showed %s: %v", r.never, l.shown())
	}
	if r.number == 19 && l.adverts.Load() != 0 {
		t.Errorf("%d adverts reached somebody", l.adverts.Load())
	}
	if got := o.Last.Screen; got != r.last {
		t.Errorf("at the end the phone shows %s, not %s; %v", got, r.last, o.Err)
	}
	if o.Class != r.class {
		t.Errorf("error class %d, not %d: %v", o.Class, r.class, o.Err)
	}
	if o.Strayed() != r.stray {
		t.Errorf("strayed %v, not %v: %+v", o.Strayed(), r.stray, o)
	}
	r.checkSaved(t, l, f, o, before)
}

// checkSaved looks where the passkey is, and what is in it.
func (r row) checkSaved(t *testing.T, l *lab, f found, o phone.Outcome, before []phone.Passkey) {
	var in []string
	for _, k := range l.Passkeys() {
		in = append(in, k.Provider)
	}
	if r.saved == "" && len(in) > 0 || r.saved != "" && !slices.Equal(in, []string{r.saved}) {
		t.Errorf("passkeys in %q, not in %q", in, r.saved)
	}
	if f.response == nil {
		return
	}
	data, err := authdata.Parse(f.response.AuthData)
	if err != nil {
		t.Fatal(err)
	}
	if want := authdata.UP | authdata.UV | authdata.AT; data.Flags&want != want&^r.unset {
		t.Errorf("flags %v, without %v", data.Flags, r.unset)
	}
	if len(before) > 0 && slices.ContainsFunc(l.Passkeys(), func(k phone.Passkey) bool { return slices.Equal(k.ID, before[0].ID) }) {
		t.Error("the older passkey is still there")
	}
	if len(l.Strays("other.test", nil)) != 0 || len(l.Strays("login.larkspur.test", nil)) != 1 || len(l.Strays("login.larkspur.test", [][]byte{o.CredentialID})) != 0 {
		t.Error("what a server refuses is not among the strays, or what it knows is")
	}
}

// shown are the screens of the latest ceremony.
func (s *stage) shown() (all []phone.Screen) {
	number := s.outcome().Number
	for _, e := range s.Trace() {
		if e.Ceremony == number && e.What == phone.Shown {
			all = append(all, e.View.Screen)
		}
	}
	return all
}
