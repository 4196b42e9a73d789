package virtualauth

import (
	"github.com/passkeylab/passkeylab/virtualauth/ctap2"
	"github.com/passkeylab/passkeylab/virtualauth/pinuv"
)

// This file derives from a Model what it supports. getInfo tells it and the commands hold to it: nothing is said twice.

// The defaults and bounds of PINs and retries (CTAP 2.3 §6.5.1, §6.5.2.2, §6.5.3.1).
const (
	defaultMinPINLength = 4  // code points
	leastMaxPINLength   = 8  // code points
	maxPINBytes         = 63 // bytes of UTF-8, and hence the most code points
	defaultPINRetries   = 8
	defaultUVRetries    = 5
	maxUVRetries        = 25
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
func (p PINModel) retries() int {
	return min(orDefault(p.Retries, defaultPINRetries), defaultPINRetries)
}

func (m Model) uvRetries() int { return min(orDefault(m.UVRetries, defaultUVRetries), maxUVRetries) }

// protocols are the PIN/UV auth protocols, best first; none where nothing needs them.
func (m Model) protocols() []pinuv.Protocol {
	switch {
	case !m.PIN.Supported && !m.tokens() && !m.needsKeyAgreement():
		return nil
	case len(m.PIN.Protocols) > 0:
		return m.PIN.Protocols
	}
	return []pinuv.Protocol{pinuv.Two, pinuv.One}
}

// needsKeyAgreement reports whether an extension encrypts with a shared secret (CTAP 2.3 §12.7, §12.8).
func (m Model) needsKeyAgreement() bool {
	return m.extends(ctap2.ExtensionHMACSecret) || m.extends(ctap2.ExtensionHMACSecretMC)
}

// tokens reports whether there are tokens with permissions: the option pinUvAuthToken.
func (m Model) tokens() bool { return m.pinTokens() || m.UVTokens && m.builtInUV() }

// pinTokens reports whether a PIN has them issued.
func (m Model) pinTokens() bool { return m.PIN.Supported && !m.PIN.LegacyTokens }

// builtInUV reports whether it has built-in user verification, set up or not.
func (m Model) builtInUV() bool { return m.Verification != VerificationMissing || m.Fingerprints > 0 }

// uvTokens reports whether built-in verification issues tokens.
func (m Model) uvTokens() bool { return m.tokens() && m.builtInUV() }

// verifies reports whether it has a way to verify its user, set up or not.
func (m Model) verifies() bool { return m.PIN.Supported || m.builtInUV() }

// countsUV reports whether failed built-in verifications are counted.
func (m Model) countsUV() bool { return m.builtInUV() && (m.PIN.Supported || m.UVTokens) }

// persists reports whether there are persistent tokens: the option perCredMgmtRO.
func (m Model) persists() bool { return m.PersistentTokens && manages(m) && m.tokens() }

// uvConfigures reports whether built-in verification authorizes authenticatorConfig: the option uvAcfg.
func (m Model) uvConfigures() bool { return m.UVConfig && m.uvTokens() && hasConfig(m) }

// uvEnrols reports whether built-in verification authorizes bioEnrollment: the option uvBioEnroll.
func (m Model) uvEnrols() bool { return m.UVEnroll && m.uvTokens() && enrols(m) }

// setsMinPINLength reports whether there are a sub-command setMinPINLength, and PINs for it: the option of that name.
func (m Model) setsMinPINLength() bool { return m.Config.SetMinPINLength && m.PIN.Supported }

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
		{pinuv.BE, hasSensor(m), m.uvEnrols()},
		{pinuv.LBW, keepsBlobs(m), keepsBlobs(m)},
		{pinuv.ACFG, hasConfig(m), m.uvConfigures()},
		{pinuv.PCMR, m.persists(), m.persists()},
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
