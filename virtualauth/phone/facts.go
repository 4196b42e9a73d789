package phone

// This file has the words that Settings are written in.

// OS is a phone's operating system, and with it how it looks.
type OS int

// The systems.
const (
	AndroidOS OS = iota
	IOS
)

// String returns its name.
func (o OS) String() string {
	if o == IOS {
		return "iOS"
	}
	return "Android"
}

// MarshalText returns "android" or "ios".
func (o OS) MarshalText() ([]byte, error) {
	if o == IOS {
		return []byte("ios"), nil
	}
	return []byte("android"), nil
}

// Profile is one half of a phone that its owner and her employer share.
type Profile int

// The profiles.
const (
	Personal Profile = iota
	Work
)

// Camera is what the user opens to scan.
type Camera int

// The cameras.
const (
	SystemCamera Camera = iota
	// InAppScanner is a scanner inside the organisation's app, which knows its own codes only.
	InAppScanner
	// ThirdPartyScanner shows the text of any code and offers to search for it.
	ThirdPartyScanner
)

// Permission is what the system lets its passkey handler do.
type Permission int

// The permissions.
const (
	Granted Permission = iota
	// NotAsked makes the phone ask at P7.
	NotAsked
	// Denied can only be undone in Settings.
	Denied
)

// Switch is on unless it is off.
type Switch int

// The positions.
const (
	On Switch = iota
	SwitchedOff
)

// Network is what the phone is connected to.
type Network int

// The networks.
const (
	Online Network = iota
	Offline
	// TunnelBlocked lets everything through but the tunnel servers.
	TunnelBlocked
	// Intercepted puts a certificate of its own between the phone and the tunnel server.
	Intercepted
)

// Biometrics is the face or finger that the phone knows.
type Biometrics int

// The states of biometrics.
const (
	// Enrolled is recognised, unless Settings.BiometricFailures says otherwise.
	Enrolled Biometrics = iota
	// LockedOut has failed too often: the PIN is asked for, and opens it again.
	LockedOut
	// NotEnrolled makes the phone ask for the PIN straight away.
	NotEnrolled
)

// Vault is whether a provider is open.
type Vault int

// The states of a vault.
const (
	VaultOpen Vault = iota
	VaultLocked
	// SignedOut is a provider without an account on this phone at the moment.
	SignedOut
)

// UV is what a provider makes of user verification.
type UV int

// What providers do.
const (
	// PerformsUV verifies and says so.
	PerformsUV UV = iota
	// ClaimsUV does not verify, and says that it did. Breaks WebAuthn L3 §6.1, flag UV.
	ClaimsUV
	// OmitsUV does not verify, and admits it, whatever the request asked for.
	OmitsUV
)

// Interruption is something that happens once, when a ceremony comes to a state.
type Interruption struct {
	// At is the state; P0 means never.
	At   State
	Kind InterruptionKind
}

// InterruptionKind is what happens.
type InterruptionKind int

// The kinds of interruption.
const (
	// Call covers the screen until it is dismissed.
	Call InterruptionKind = iota
	// ScreenGoesOff covers the screen until the phone is woken.
	ScreenGoesOff
	// AppKilled ends the ceremony without a word; what was saved stays.
	AppKilled
	// PhoneDies is AppKilled on a phone that has to be switched on again.
	PhoneDies
)
