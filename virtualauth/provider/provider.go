// Package provider is the catalogue of passkey providers by name: the apps, systems and keys in which people save passkeys,
// each as a virtualauth.Model with its AAGUID and its habits.
//
// The habits are those that a relying party can notice: whether passkeys sync (BE and BS), whether the counter counts,
// how the provider is reached, and what it does when an account has a passkey already. Attestation is what the provider
// offers; what of it, AAGUID included, reaches the relying party is for the client to decide (WebAuthn L3 §5.4.7). None of the
// providers has what CTAP 2.1 §9 demands, so their getInfo claims FIDO_2_0 and tells no transports: these are known to the
// client that reaches them.
//
// All are the providers by the names that people know. Devices are authenticators by what they can: keys with a PIN, with a
// fingerprint reader, of the time of U2F, with little room, and the platform authenticator of a laptop.
package provider

import (
	"fmt"
	"slices"
	"strings"

	"github.com/google/uuid"

	"github.com/passkeylab/passkeylab/virtualauth"
	"github.com/passkeylab/passkeylab/virtualauth/cose"
	"github.com/passkeylab/passkeylab/virtualauth/ctap2"
)

// Provider is a passkey provider.
type Provider struct {
	// Name is what people call it.
	Name string
	// Model is what its authenticators claim and do.
	Model virtualauth.Model
}

// AAGUIDs of the catalogue. Those of Larkspur ID and of the USB security key are this module's own; the others are the
// providers' published ones, used to show names.
var (
	aaguidLarkspurAndroid = uuid.MustParse("dd868f11-004c-544f-b49b-35dacdd504e4")
	aaguidLarkspurIOS     = uuid.MustParse("6cc1c3db-69b4-3b8b-b322-c395e1f5fa0b")
	aaguidGoogle          = uuid.MustParse("ea9b8d66-4d01-1d21-3ce4-b6b48cb575d4")
	aaguidSamsung         = uuid.MustParse("53414d53-554e-4700-0000-000000000000")
	aaguidApple           = uuid.MustParse("fbfc3007-154e-4ecc-8c0b-6e020557d7bd")
	aaguidOnePassword     = uuid.MustParse("bada5566-a7aa-401f-bd96-45619a55120d")
	aaguidBitwarden       = uuid.MustParse("d548826e-79b4-db40-a3d8-11116f7e8349")
	aaguidWindowsHello    = uuid.MustParse("08987058-cadc-4b81-b6e1-30de50dcbe96")
	aaguidSecurityKey     = uuid.MustParse("7d2fa1c6-93b5-4e08-8a41-c05e6f1b29d3")
)

// onPhone is what passkey providers on phones have in common: part of the phone, reached over hybrid from elsewhere, always
// behind the phone's unlock, and every passkey discoverable.
func onPhone(aaguid uuid.UUID) virtualauth.Model {
	return virtualauth.Model{
		AAGUID:             aaguid,
		Attachment:         virtualauth.Platform,
		Transports:         []string{"hybrid", "internal"},
		AlwaysVerify:       true,
		AlwaysDiscoverable: true,
		Display:            true,
		Extensions:         []string{ctap2.ExtensionPRF},
	}
}

// synced is a provider on phones whose passkeys are backed up and hence not counted.
func synced(aaguid uuid.UUID) virtualauth.Model {
	m := onPhone(aaguid)
	m.Backup, m.ZeroCounter = virtualauth.Synced, true
	return m
}

// larkspurID is the organisation's own app: device-bound, one passkey an account, and it says so when there is one.
func larkspurID(aaguid uuid.UUID) virtualauth.Model {
	m := onPhone(aaguid)
	m.DuplicateUser = virtualauth.Refuse
	return m
}

// LarkspurIDAndroid is the organisation's app on Android.
func LarkspurIDAndroid() Provider {
	return Provider{Name: "Larkspur ID (Android)", Model: larkspurID(aaguidLarkspurAndroid)}
}

// LarkspurIDIOS is the organisation's app on iOS.
func LarkspurIDIOS() Provider {
	return Provider{Name: "Larkspur ID (iOS)", Model: larkspurID(aaguidLarkspurIOS)}
}

// GooglePasswordManager is Android's usual provider: synced.
func GooglePasswordManager() Provider {
	return Provider{Name: "Google Password Manager", Model: synced(aaguidGoogle)}
}

// SamsungPass is the provider of Samsung's phones: synced.
func SamsungPass() Provider {
	return Provider{Name: "Samsung Pass", Model: synced(aaguidSamsung)}
}

// ApplePasswords is the provider of iOS and macOS: synced.
func ApplePasswords() Provider {
	return Provider{Name: "Apple Passwords", Model: synced(aaguidApple)}
}

// OnePassword is a password manager that keeps several passkeys of one account side by side: synced.
func OnePassword() Provider {
	m := synced(aaguidOnePassword)
	m.DuplicateUser = virtualauth.KeepBoth
	return Provider{Name: "1Password", Model: m}
}

// Bitwarden is a password manager that keeps several passkeys of one account side by side: synced.
func Bitwarden() Provider {
	m := synced(aaguidBitwarden)
	m.DuplicateUser = virtualauth.KeepBoth
	return Provider{Name: "Bitwarden", Model: m}
}

// WindowsHello is the platform authenticator of a Windows computer: device-bound, counting.
func WindowsHello() Provider {
	return Provider{Name: "Windows Hello", Model: virtualauth.Model{
		AAGUID:             aaguidWindowsHello,
		Algorithms:         []cose.Algorithm{cose.ES256, cose.RS256},
		Attachment:         virtualauth.Platform,
		Transports:         []string{"internal"},
		AlwaysVerify:       true,
		AlwaysDiscoverable: true,
		Display:            true,
	}}
}

// USBSecurityKey is a security key with a fingerprint reader and no display: device-bound, counting, room for 25 passkeys,
// packed self attestation.
func USBSecurityKey() Provider {
	return Provider{Name: "USB security key", Model: virtualauth.Model{
		AAGUID:          aaguidSecurityKey,
		Algorithms:      []cose.Algorithm{cose.ES256, cose.EdDSA},
		Attachment:      virtualauth.Roaming,
		Transports:      []string{"usb"},
		Attestation:     "packed", // self attestation (WebAuthn L3 §8.2)
		MaxDiscoverable: 25,
	}}
}

// Undisclosed is a synced provider on a phone that does not say which one it is: an all-zero AAGUID.
func Undisclosed() Provider {
	return Provider{Name: "Undisclosed provider", Model: synced(uuid.Nil)}
}

// Unknown is a synced provider on a phone with an AAGUID that no list has.
func Unknown(aaguid uuid.UUID) Provider {
	return Provider{Name: "Unknown provider " + aaguid.String(), Model: synced(aaguid)}
}

// All returns the providers that have a name of their own, in the order of this file: no Undisclosed and no Unknown.
func All() []Provider {
	return []Provider{
		LarkspurIDAndroid(), LarkspurIDIOS(), GooglePasswordManager(), SamsungPass(), ApplePasswords(), OnePassword(),
		Bitwarden(), WindowsHello(), USBSecurityKey(),
	}
}

// NameError says that the catalogue has no provider of a name.
type NameError struct{ Name string }

// Error names the providers there are.
func (e *NameError) Error() string {
	var names []string
	for _, p := range append(All(), Devices()...) {
		names = append(names, p.Name)
	}
	return fmt.Sprintf("provider: no provider %q; there are: %s", e.Name, strings.Join(names, ", "))
}

// ByName finds a provider of All, or one of Devices, by its name, whatever its case. It fails with *NameError.
func ByName(name string) (Provider, error) {
	all := append(All(), Devices()...)
	i := slices.IndexFunc(all, func(p Provider) bool { return strings.EqualFold(p.Name, strings.TrimSpace(name)) })
	if i < 0 {
		return Provider{}, &NameError{Name: name}
	}
	return all[i], nil
}
