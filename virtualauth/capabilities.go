package virtualauth

import (
	"slices"

	"github.com/passkeylab/passkeylab/virtualauth/ctap2"
	"github.com/passkeylab/passkeylab/virtualauth/pinuv"
)

// This file derives from a Model what it supports. getInfo tells it and the commands hold to it: nothing is said twice.

// The defaults and bounds of PINs and retries (CTAP 2.3 §6.5.1, §6.5.2.2, §6.5.3.1).
const (
	defaultMinPINLength = 4  // code points
	maxPINBytes         = 63 // bytes of UTF-8, and hence the most code points
	defaultPINRetries   = 8
	defaultUVRetries    = 5
)

// orDefault returns value, or otherwise where it is zero or less.
func orDefault(value, otherwise int) int {
	if value <= 0 {
		return otherwise
	}
	return value
}

func (p PINModel) minLength() int { return max(p.MinLength, defaultMinPINLength) }
func (p PINModel) maxLength() int { return min(orDefault(p.MaxLength, maxPINBytes), maxPINBytes) }
func (p PINModel) retries() int   { return orDefault(p.Retries, defaultPINRetries) }

func (m Model) uvRetries() int { return orDefault(m.UVRetries, defaultUVRetries) }

// protocols are the PIN/UV auth protocols, best first; none where nothing needs them.
func (m Model) protocols() []pinuv.Protocol {
	if m.PIN.Protocols != nil {
		return m.PIN.Protocols
	}
	if m.PIN.Supported || m.UVTokens || m.needsKeyAgreement() {
		return []pinuv.Protocol{pinuv.Two, pinuv.One}
	}
	return nil
}

// needsKeyAgreement reports whether an extension encrypts with a shared secret (CTAP 2.3 §12.7, §12.8).
func (m Model) needsKeyAgreement() bool {
	return m.extends(ctap2.ExtensionHMACSecret) || m.extends(ctap2.ExtensionHMACSecretMC)
}

// tokens reports whether there are tokens with permissions: the option pinUvAuthToken.
func (m Model) tokens() bool { return m.PIN.Supported && !m.PIN.LegacyTokens || m.UVTokens }

// builtInUV reports whether it has built-in user verification, set up or not.
func (m Model) builtInUV() bool { return m.Verification != VerificationMissing || m.Fingerprints > 0 }

// uvTokens reports whether built-in verification issues tokens.
func (m Model) uvTokens() bool { return m.tokens() && m.builtInUV() }

// countsUV reports whether failed built-in verifications are counted.
func (m Model) countsUV() bool { return m.builtInUV() && (m.PIN.Supported || m.UVTokens) }

// knownVersions are the versions that an authenticator of this package can claim, oldest first (CTAP 2.3 §6.4).
var knownVersions = []string{"U2F_V2", "FIDO_2_0", "FIDO_2_1", "FIDO_2_2", "FIDO_2_3"}

// speaks reports whether it claims one of these versions.
func (m Model) speaks(versions ...string) bool {
	return slices.ContainsFunc(m.versions(), func(v string) bool { return slices.Contains(versions, v) })
}

// since20 reports whether it claims CTAP2 at all; an old U2F key does not.
func (m Model) since20() bool { return m.speaks(knownVersions[1:]...) }

// since21 reports whether it claims CTAP 2.1 or a later version.
func (m Model) since21() bool { return m.speaks(knownVersions[2:]...) }

// permissions are those that a token can be given at all, by PIN and by built-in verification (CTAP 2.3 §6.5.5.7.2,
// §6.5.5.7.3, permission steps).
func (m Model) permissions() (byPIN, byUV pinuv.Permissions) {
	for _, p := range []struct {
		permission pinuv.Permissions
		byPIN      bool
		byUV       bool
	}{
		{pinuv.MC, !m.PIN.NoCeremonies, true},
		{pinuv.GA, !m.PIN.NoCeremonies, true},
		{pinuv.CM, m.CredentialManagement, m.CredentialManagement},
		{pinuv.BE, m.Fingerprints > 0, m.Fingerprints > 0 && m.UVEnroll},
		{pinuv.LBW, keepsBlobs(m), keepsBlobs(m)},
		{pinuv.ACFG, m.Config.exists(), m.Config.exists() && m.UVConfig},
		{pinuv.PCMR, m.PersistentTokens, m.PersistentTokens},
	} {
		if p.byPIN {
			byPIN |= p.permission
		}
		if p.byUV {
			byUV |= p.permission
		}
	}
	return byPIN, byUV
}

// exists reports whether there is authenticatorConfig at all: the option authnrCfg.
func (c ConfigModel) exists() bool {
	return c.ToggleAlwaysUV || c.SetMinPINLength || c.Enterprise || c.LongTouchForReset || len(c.VendorCommands) > 0
}

// The state of an authenticator, as its options tell it. The caller of each holds the mutex.

// pinSet reports whether a PIN is set: the option clientPin is true.
func (a *Authenticator) pinSet() bool { return a.settings.PINHash != nil }

// uvReady reports whether built-in verification is set up: the option uv is true.
func (a *Authenticator) uvReady() bool {
	if hasSensor(a.model) {
		return len(a.storage.Fingers) > 0
	}
	return a.model.Verification == VerificationReady
}

// protected reports whether the authenticator is protected by some form of user verification (CTAP 2.3 §6.1.2).
func (a *Authenticator) protected() bool { return a.pinSet() || a.uvReady() }

// alwaysUV is the option alwaysUv.
func (a *Authenticator) alwaysUV() bool { return a.model.AlwaysVerify != a.settings.AlwaysUVToggled }

// minPINLength is in code points; it only ever goes up.
func (a *Authenticator) minPINLength() int {
	return max(a.settings.MinPINLength, a.model.PIN.minLength())
}

// complexPINs reports whether the complexity policy applies.
func (a *Authenticator) complexPINs() bool {
	return a.model.PIN.Complex != nil && (a.model.PIN.AlwaysComplex || a.settings.PINComplexity)
}

// pinRetries is how many wrong PINs are left.
func (a *Authenticator) pinRetries() int { return max(a.model.PIN.retries()-a.settings.PINFailures, 0) }

// uvRetries is how many failed built-in verifications are left.
func (a *Authenticator) uvRetries() int { return max(a.model.uvRetries()-a.settings.UVFailures, 0) }

// read calls a question about the state under the mutex.
func (a *Authenticator) read(question func(*Authenticator) bool) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return question(a)
}
