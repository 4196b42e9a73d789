package phone

import (
	"fmt"
	"slices"
	"time"

	"github.com/passkeylab/passkeylab/virtualauth"
	"github.com/passkeylab/passkeylab/virtualauth/hybrid"
	"github.com/passkeylab/passkeylab/virtualauth/provider"
)

// Settings is what is so about the phone: its facts and its switches. The zero Settings is an Android 15 phone that can do
// everything and has no provider; Android and IPhone return phones as people have them. Change it at any time by Phone.Change.
type Settings struct {
	// Name is what its owner calls it; empty means "Phone".
	Name string
	OS   OS
	// Version is that of the OS; 0 means 15 for Android and 18 for iOS.
	Version int

	// Providers are the passkey providers on it, in the order in which lists show them. Each name is there once a profile.
	Providers []Provider
	// Preferred is the Key of the provider that the sheet offers first on Android; empty means LastUsed, and without one the
	// first that is switched on.
	Preferred string
	// LastUsed is the Key of the provider that saved the latest passkey. The phone sets it.
	LastUsed string
	// NoProviderList says that the maker left out the list in which providers are switched on and off (some Android 14
	// phones): only what is built in can be used.
	NoProviderList bool
	// BrowserIgnoresProviders says that the browser on this phone knows the built-in provider only; it matters to Answer.
	BrowserIgnoresProviders bool
	// Profile is the one in front, whose camera looks and whose providers save.
	Profile Profile

	Camera       Camera
	CameraDenied bool // the camera may not be used
	// Nearby is the permission for nearby devices; iOS and Android before 12 do not have it.
	Nearby    Permission
	Bluetooth Switch
	Network   Network
	// DropAt is the state at which the connection to a computer breaks, P8 to P16; P0 means never. It happens once.
	DropAt State
	// Far says that the phone is out of the computer's reach: its adverts reach nobody.
	Far bool

	// NoScreenLock says that none is set. Setting one in the phone's Settings sets it to false.
	NoScreenLock bool
	// PIN opens the screen lock; empty means DefaultPIN.
	PIN        string
	Biometrics Biometrics
	// BiometricFailures is how many of the next attempts are not recognised. The phone counts it down.
	BiometricFailures int

	// UVBeforeConnect unlocks before the phone connects (P14 before P8) instead of after the request has arrived.
	UVBeforeConnect bool
	// TwoSteps keeps the provider sheet and the verification apart (P11, P14) where Android 15 would merge them.
	TwoSteps bool
	// ListedOnly says that the phone's software is so old that it cannot sign in without a list of credentials.
	ListedOnly bool
	// QRLife is how old a code may be; 0 means DefaultQRLife, and negative that the phone does not look.
	QRLife time.Duration
	// ConnectLimit is how long it waits at P8; 0 means DefaultConnectLimit.
	ConnectLimit time.Duration

	// Interrupt is something that comes in between.
	Interrupt Interruption
	// Misbehave are lies that the phone tells on its way to the computer.
	Misbehave hybrid.PhoneMisbehaviour
}

// Defaults of Settings.
const (
	DefaultPIN          = "2580"
	DefaultQRLife       = 10 * time.Minute
	DefaultConnectLimit = time.Minute
)

// Provider is a passkey provider on the phone. The zero values of all but the catalogue's entry are those of an app that is
// installed, switched on, unlocked and honest.
type Provider struct {
	// Provider is the entry of the catalogue. Its Model counts when the provider comes onto the phone, and not again.
	provider.Provider
	// Profile is where it is installed.
	Profile Profile
	// BuiltIn says that it came with the phone: old systems offer it too.
	BuiltIn bool
	// Missing says that it is not installed.
	Missing bool
	// Off says that it is switched off in the phone's Settings.
	Off bool
	// Vault says whether its user has to open it first. The phone sets it to VaultOpen when she does.
	Vault Vault
	// UV is what it makes of user verification.
	UV UV
	// IgnoresExclude says that it makes another passkey beside one of the exclude list.
	IgnoresExclude bool
	// Broken says that its storage fails: what it should save, it cannot.
	Broken bool
	// Unattested says that the service which vouches for its app is down or busy: what is made inside the app comes without an
	// attestation statement.
	Unattested bool
	// Misbehave are lies that its authenticator tells.
	Misbehave virtualauth.Misbehaviour
}

// Key is how Settings and outcomes name a provider: its name, and " (work)" behind it in the work profile.
func (p Provider) Key() string {
	if p.Profile == Work {
		return p.Name + " (work)"
	}
	return p.Name
}

// onDevice reports whether it is an app or system on the phone, and not a security key that is held to it.
func (p Provider) onDevice() bool { return p.Model.Attachment == virtualauth.Platform }

// Android returns an Android 15 phone with Google Password Manager, which is preferred, and the organisation's app.
func Android() Settings {
	return Settings{Name: "Ada's Android", OS: AndroidOS, Providers: []Provider{
		{Provider: provider.GooglePasswordManager(), BuiltIn: true},
		{Provider: provider.LarkspurIDAndroid()},
	}}
}

// IPhone returns an iPhone with iOS 18, Apple Passwords and the organisation's app.
func IPhone() Settings {
	return Settings{Name: "Ada's iPhone", OS: IOS, Providers: []Provider{
		{Provider: provider.ApplePasswords(), BuiltIn: true},
		{Provider: provider.LarkspurIDIOS()},
	}}
}

// Find returns the provider with a Key, to be looked at or changed; nil when there is none.
func (s *Settings) Find(key string) *Provider {
	for i := range s.Providers {
		if s.Providers[i].Key() == key {
			return &s.Providers[i]
		}
	}
	return nil
}

// clone shares no memory with s, but for the catalogue's entries, which nobody writes to.
func (s Settings) clone() Settings {
	s.Providers = slices.Clone(s.Providers)
	return s
}

func (s Settings) name() string {
	if s.Name == "" {
		return "Phone"
	}
	return s.Name
}

func (s Settings) version() int {
	switch {
	case s.Version != 0:
		return s.Version
	case s.OS == IOS:
		return 18
	}
	return 15
}

func (s Settings) pin() string {
	if s.PIN == "" {
		return DefaultPIN
	}
	return s.PIN
}

func (s Settings) qrLife() time.Duration {
	if s.QRLife == 0 {
		return DefaultQRLife
	}
	return s.QRLife
}

func (s Settings) connectLimit() time.Duration {
	if s.ConnectLimit <= 0 {
		return DefaultConnectLimit
	}
	return s.ConnectLimit
}

// asksNearby reports whether the system has a permission for nearby devices: Android since 12.
func (s Settings) asksNearby() bool { return s.OS == AndroidOS && s.version() >= 12 }

// thirdParty reports whether providers that are not built in can be used: Android since 14, iOS since 17.
func (s Settings) thirdParty() bool {
	if s.OS == IOS {
		return s.version() >= 17
	}
	return s.version() >= 14 && !s.NoProviderList
}

// merged reports whether sheet and verification are one screen: Android since 15, for a face or finger that it knows.
func (s Settings) merged() bool {
	return s.OS == AndroidOS && s.version() >= 15 && !s.TwoSteps && s.Biometrics == Enrolled
}

// usable reports whether a provider can be offered.
func (s Settings) usable(p Provider) bool {
	return s.listed(p) && !p.Off
}

// listed reports whether a provider is there to be switched on.
func (s Settings) listed(p Provider) bool {
	return p.onDevice() && p.Profile == s.Profile && !p.Missing && (p.BuiltIn || s.thirdParty())
}

// check names what can not be.
func (s Settings) check() error {
	seen := map[string]bool{}
	for i, p := range s.Providers {
		field := fmt.Sprintf("Providers[%d]", i)
		switch {
		case p.Name == "":
			return &SettingsError{Field: field + ".Name", Problem: "empty: take a provider of the catalogue, or name it"}
		case seen[p.Key()]:
			return &SettingsError{Field: field, Problem: fmt.Sprintf("there are two of %q: leave one out, or put it into the other profile", p.Key())}
		}
		seen[p.Key()] = true
	}
	for _, r := range []struct{ field, key string }{{"Preferred", s.Preferred}, {"LastUsed", s.LastUsed}} {
		if r.key != "" && !seen[r.key] {
			return &SettingsError{Field: r.field, Problem: fmt.Sprintf("no provider %q is in Providers", r.key)}
		}
	}
	if s.DropAt != P0 && (s.DropAt < P8 || s.DropAt > P16) {
		return &SettingsError{Field: "DropAt", Problem: fmt.Sprintf("%v: there is a connection from P8 to P16 only", s.DropAt)}
	}
	if s.BiometricFailures < 0 {
		return &SettingsError{Field: "BiometricFailures", Problem: "less than none: count from 0"}
	}
	return nil
}
