package webauthn

// Protocol is what an authenticator speaks.
type Protocol string

// The protocols. U2F authenticators cannot verify a user or keep discoverable credentials.
const (
	CTAP2 Protocol = "ctap2"
	U2F   Protocol = "u2f"
)

// Version is the edition of CTAP2.
type Version string

// The editions; the default is CTAP20. Large blobs, credBlob and minPinLength need CTAP21 at least.
const (
	CTAP20 Version = "ctap2_0"
	CTAP21 Version = "ctap2_1"
	CTAP22 Version = "ctap2_2"
)

// Transport is how an authenticator is connected. Internal makes a platform authenticator, all others a roaming one.
type Transport string

// The transports. The page sees Cable and Hybrid as "ble" and "hybrid", SmartCard as "nfc" and "smart-card".
const (
	USB       Transport = "usb"
	NFC       Transport = "nfc"
	BLE       Transport = "ble"
	Cable     Transport = "cable"
	Hybrid    Transport = "hybrid"
	SmartCard Transport = "smart-card"
	Internal  Transport = "internal"
)

// Options describe a virtual authenticator. A nil switch is the browser's default, given beside it; an empty Protocol means
// CTAP2 and an empty Transport means Internal.
type Options struct {
	Protocol                    Protocol  `json:"protocol"`
	CTAP2Version                Version   `json:"ctap2Version,omitempty"` // default ctap2_0
	Transport                   Transport `json:"transport"`
	HasResidentKey              *bool     `json:"hasResidentKey,omitempty"`              // discoverable credentials; default false
	HasUserVerification         *bool     `json:"hasUserVerification,omitempty"`         // default false
	HasLargeBlob                *bool     `json:"hasLargeBlob,omitempty"`                // needs HasResidentKey and CTAP21; default false
	HasCredBlob                 *bool     `json:"hasCredBlob,omitempty"`                 // needs CTAP21, brings credProtect; default false
	HasMinPinLength             *bool     `json:"hasMinPinLength,omitempty"`             // needs CTAP21; default false
	HasPRF                      *bool     `json:"hasPrf,omitempty"`                      // default false
	HasHMACSecret               *bool     `json:"hasHmacSecret,omitempty"`               // default false
	HasHMACSecretMC             *bool     `json:"hasHmacSecretMc,omitempty"`             // default false
	HasCMTGKey                  *bool     `json:"hasCmtgKey,omitempty"`                  // default false
	AutomaticPresenceSimulation *bool     `json:"automaticPresenceSimulation,omitempty"` // the user touches at once; default true
	IsUserVerified              *bool     `json:"isUserVerified,omitempty"`              // verification succeeds; default false
	DefaultBackupEligibility    *bool     `json:"defaultBackupEligibility,omitempty"`    // BE of new credentials; default false
	DefaultBackupState          *bool     `json:"defaultBackupState,omitempty"`          // BS of new credentials; default false
}

// Platform returns the options of a device's own authenticator that keeps synced passkeys and whose user always agrees.
func Platform() Options {
	yes := true
	return Options{
		Protocol: CTAP2, CTAP2Version: CTAP22, Transport: Internal,
		HasResidentKey: &yes, HasUserVerification: &yes, IsUserVerified: &yes,
		DefaultBackupEligibility: &yes, DefaultBackupState: &yes,
	}
}

// SecurityKey returns the options of a USB key with a PIN that its user knows: discoverable, never backed up.
func SecurityKey() Options {
	yes := true
	return Options{
		Protocol: CTAP2, CTAP2Version: CTAP21, Transport: USB,
		HasResidentKey: &yes, HasUserVerification: &yes, IsUserVerified: &yes,
	}
}

// Credential is what a virtual authenticator keeps. Byte fields travel as base64, which encoding/json does by itself.
type Credential struct {
	CredentialID                   []byte   `json:"credentialId"`
	IsResidentCredential           bool     `json:"isResidentCredential"`
	RPID                           string   `json:"rpId,omitempty"` // required to add
	PrivateKey                     []byte   `json:"privateKey"`     // PKCS #8: P-256, RSA-2048, Ed25519 or ML-DSA
	UserHandle                     []byte   `json:"userHandle,omitempty"`
	SignCount                      int64    `json:"signCount"` // 0 to 4294967295; -1: no counter, assertions say 0
	LargeBlob                      []byte   `json:"largeBlob,omitempty"`
	BackupEligibility              *bool    `json:"backupEligibility,omitempty"` // nil: the authenticator's default
	BackupState                    *bool    `json:"backupState,omitempty"`       // nil: the authenticator's default
	UserName                       string   `json:"userName,omitempty"`
	UserDisplayName                string   `json:"userDisplayName,omitempty"`
	CMTGKeys                       [][]byte `json:"cmtgKeys,omitempty"`
	ActiveCMTGKeyIndex             *int     `json:"activeCmtgKeyIndex,omitempty"`
	GenerateCMTGKeyOnNextOperation *bool    `json:"generateCmtgKeyOnNextOperation,omitempty"`
}

// Properties are what SetCredentialProperties changes; nil leaves as it is.
type Properties struct {
	BackupEligibility              *bool
	BackupState                    *bool // BS without BE is accepted: an illegal combination for negative tests
	SignCount                      *int64
	ActiveCMTGKeyIndex             *int
	GenerateCMTGKeyOnNextOperation *bool
}

// Overrides spoil the answers of an authenticator from now on. What is false is honest again.
type Overrides struct {
	BogusSignature bool // the signature is one zero byte
	BadUV          bool // the flag UV is cleared
	BadUP          bool // the flag UP is cleared
}
