package provider

import (
	"strings"
	"unicode/utf8"

	"github.com/google/uuid"

	"github.com/passkeylab/passkeylab/virtualauth"
	"github.com/passkeylab/passkeylab/virtualauth/cose"
	"github.com/passkeylab/passkeylab/virtualauth/ctap2"
	"github.com/passkeylab/passkeylab/virtualauth/pinuv"
)

// AAGUIDs of the devices: this module's own, but for the U2F key, which had none yet.
var (
	aaguidPINKey         = uuid.MustParse("2b7c0e94-5f1d-4a83-9c66-0d4e8b13a7f2")
	aaguidFingerprintKey = uuid.MustParse("c41f86d3-7a2e-4b95-8e07-91b5d2f06c38")
	aaguidLaptop         = uuid.MustParse("86e3a5b1-0c9f-4d72-b1d8-3f7ac9e25410")
	aaguidSmallKey       = uuid.MustParse("f0917d2c-3e64-48ab-a5f3-6c82be4d197e")
)

// What FIDO's registry calls the methods of built-in verification (FIDO Registry §3.1).
const (
	fingerprintInternal = 0x00000002
	faceprintInternal   = 0x00000010
)

// EnterpriseRPID is the relying party to whom the makers of the full keys give enterprise attestation of type 1, once it is
// enabled (CTAP 2.3 §7.1).
const EnterpriseRPID = "enterprise.example"

// vendorCommand is the one number that the full keys' vendorPrototype takes.
const vendorCommand = 0x706b6c_0000_0001

// hasTwoCharacters is the PIN complexity policy of the full keys, once it is switched on: not one character again and again.
func hasTwoCharacters(pin string) bool {
	first, _ := utf8.DecodeRuneInString(pin)
	return strings.Trim(pin, string(first)) != ""
}

// fullKey is a roaming key with all that CTAP 2.3 has, but for the way in which it verifies its user.
func fullKey(aaguid uuid.UUID) virtualauth.Model {
	return virtualauth.Model{
		AAGUID:               aaguid,
		Versions:             []string{"U2F_V2", "FIDO_2_0", "FIDO_2_1", "FIDO_2_2", "FIDO_2_3"},
		Algorithms:           []cose.Algorithm{cose.ES256, cose.EdDSA},
		Attachment:           virtualauth.Roaming,
		Transports:           []string{"nfc", "usb"},
		Verification:         virtualauth.VerificationMissing,
		Attestation:          "packed",
		MaxDiscoverable:      100,
		MaxCredentialsInList: 8,
		MaxMessageSize:       1536,
		FirmwareVersion:      1,
		PIN: virtualauth.PINModel{
			Supported: true, Complex: hasTwoCharacters, ComplexURL: "https://keys.example/pins",
		},
		Config: virtualauth.ConfigModel{
			ToggleAlwaysUV: true, SetMinPINLength: true, MaxRPIDs: 2, LongTouchForReset: true,
			Enterprise: true, EnterpriseRPIDs: []string{EnterpriseRPID}, VendorCommands: []uint64{vendorCommand},
		},
		Extensions: []string{
			ctap2.ExtensionCredBlob, ctap2.ExtensionCredProtect, ctap2.ExtensionHMACSecret, ctap2.ExtensionHMACSecretMC,
			ctap2.ExtensionLargeBlobKey, ctap2.ExtensionMinPINLength, ctap2.ExtensionPINComplexityPolicy,
			ctap2.ExtensionThirdPartyPayment,
		},
		CredentialManagement: true,
		PersistentTokens:     true,
		LargeBlobs:           4096,
	}
}

// PINSecurityKey is a security key with a button and no other sensor: a PIN verifies its user. No PIN is set at first.
func PINSecurityKey() Provider {
	return Provider{Name: "Security key with PIN", Model: fullKey(aaguidPINKey)}
}

// FingerprintSecurityKey is a security key that takes five fingers, and a PIN when it recognises none. At first neither is
// set up.
func FingerprintSecurityKey() Provider {
	m := fullKey(aaguidFingerprintKey)
	m.Verification, m.UVModality = virtualauth.VerificationNotSetUp, fingerprintInternal
	m.Fingerprints, m.PreferredUVAttempts = 5, 3
	m.UVTokens, m.UVConfig, m.UVEnroll = true, true, true
	return Provider{Name: "Security key with fingerprint", Model: m}
}

// U2FKey is a second factor of the years before CTAP2: it knows nothing but CTAP1, keeps no credentials itself, and verifies
// nobody.
func U2FKey() Provider {
	return Provider{Name: "U2F key", Model: virtualauth.Model{
		Versions:            []string{"U2F_V2"},
		Attachment:          virtualauth.Roaming,
		Transports:          []string{"usb"},
		Verification:        virtualauth.VerificationMissing,
		NonDiscoverableOnly: true,
	}}
}

// Laptop is the platform authenticator of a laptop with a camera: its own unlock verifies the user, who sees on the screen what
// she agrees to. Device-bound.
func Laptop() Provider {
	return Provider{Name: "Laptop", Model: virtualauth.Model{
		AAGUID:             aaguidLaptop,
		Versions:           []string{"FIDO_2_0", "FIDO_2_1", "FIDO_2_2"},
		Algorithms:         []cose.Algorithm{cose.ES256, cose.RS256},
		Attachment:         virtualauth.Platform,
		Transports:         []string{"internal"},
		AlwaysVerify:       true,
		AlwaysDiscoverable: true,
		Display:            true,
		Attestation:        "packed",
		UVModality:         faceprintInternal,
		UVTokens:           true,

		CredentialManagement: true,
		Extensions: []string{
			ctap2.ExtensionCredProtect, ctap2.ExtensionHMACSecret, ctap2.ExtensionHMACSecretMC, ctap2.ExtensionLargeBlob,
			ctap2.ExtensionThirdPartyPayment,
		},
	}}
}

// SmallSecurityKey has as little of everything as CTAP allows: messages of 1024 bytes, one entry in a list, one algorithm, two
// passkeys, PIN/UV auth protocol one, and the tokens of CTAP 2.0.
func SmallSecurityKey() Provider {
	return Provider{Name: "Small security key", Model: virtualauth.Model{
		AAGUID:               aaguidSmallKey,
		Versions:             []string{"FIDO_2_0"},
		Algorithms:           []cose.Algorithm{cose.ES256},
		Attachment:           virtualauth.Roaming,
		Transports:           []string{"usb"},
		Verification:         virtualauth.VerificationMissing,
		Attestation:          "packed",
		MaxDiscoverable:      2,
		MaxCredentialsInList: 1,
		MaxMessageSize:       1024,
		VerifyToCreate:       true,
		PIN:                  virtualauth.PINModel{Supported: true, Protocols: []pinuv.Protocol{pinuv.One}, LegacyTokens: true},
		Extensions:           []string{ctap2.ExtensionHMACSecret},
	}}
}

// Devices returns the authenticators that are no provider on a phone and known by what they can, in the order of this file.
func Devices() []Provider {
	return []Provider{PINSecurityKey(), FingerprintSecurityKey(), U2FKey(), Laptop(), SmallSecurityKey()}
}
