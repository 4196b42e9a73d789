package virtualauth

import (
	"slices"

	"github.com/passkeylab/passkeylab/virtualauth/ctap2"
	"github.com/passkeylab/passkeylab/virtualauth/pinuv"
)

// This file says what the versions of CTAP in getInfo stand for: features that they demand, and members that they brought.

// prototypes is the version of keys that had credential management and fingerprints before CTAP 2.1 was done.
const prototypes = "FIDO_2_1_PRE"

// The versions that an authenticator of this package can claim, by what they are good for (CTAP 2.3 §6.4). Never written after
// the program has started.
var (
	versions23 = []string{"FIDO_2_3"}
	versions22 = append([]string{"FIDO_2_2"}, versions23...)
	versions21 = append([]string{"FIDO_2_1"}, versions22...)
	versions20 = append([]string{"FIDO_2_0", prototypes}, versions21...)
	// knownVersions are all of them, oldest first.
	knownVersions = append([]string{u2fVersion}, versions20...)
)

// versions are those that the model names, or else the newest that it is entitled to and those before.
func (m Model) versions() []string {
	switch {
	case len(m.Versions) > 0:
		return m.Versions
	case m.lacks() == "":
		return []string{"FIDO_2_0", "FIDO_2_1", "FIDO_2_3"}
	}
	return []string{"FIDO_2_0"}
}

// lacks names what the model lacks of the features that CTAP 2.1 §9 and CTAP 2.3 §9 demand of whoever claims them; it is empty
// when nothing is missing.
func (m Model) lacks() string {
	for _, feature := range []struct {
		demanded, there bool
		name            string
	}{
		{true, m.extends(ctap2.ExtensionHMACSecret), "the extension hmac-secret"},
		{!m.NonDiscoverableOnly, m.verifies(), "a PIN or built-in user verification, without which nothing is discoverable"},
		{!m.NonDiscoverableOnly, manages(m), "CredentialManagement"},
		{m.verifies(), m.extends(ctap2.ExtensionCredProtect), "the extension credProtect"},
		{m.verifies(), m.tokens(), "tokens with permissions: PIN without LegacyTokens, or UVTokens"},
		{len(m.protocols()) > 0, slices.Contains(m.protocols(), pinuv.Two), "PIN/UV auth protocol two"},
		{m.setsMinPINLength(), m.extends(ctap2.ExtensionMinPINLength), "the extension minPinLength, which Config.SetMinPINLength is for"},
	} {
		if feature.demanded && !feature.there {
			return feature.name
		}
	}
	return ""
}

// speaks reports whether it claims one of these versions.
func (m Model) speaks(versions ...string) bool {
	return slices.ContainsFunc(m.versions(), func(v string) bool { return slices.Contains(versions, v) })
}

// since20 reports whether it claims CTAP2 at all; an old U2F key does not.
func (m Model) since20() bool { return m.speaks(versions20...) }

// since21 reports whether it claims CTAP 2.1 or a later version.
func (m Model) since21() bool { return m.speaks(versions21...) }

// dateBack takes out of getInfo the members that came with versions later than the model's (CTAP 2.3 §6.4).
func (m Model) dateBack(info *ctap2.GetInfoResponse) {
	if !m.since21() {
		*info = ctap2.GetInfoResponse{
			Versions: info.Versions, Extensions: info.Extensions, AAGUID: info.AAGUID, Options: info.Options,
			MaxMessageSize: info.MaxMessageSize, PINUVAuthProtocols: info.PINUVAuthProtocols,
		}
	}
	if !m.speaks(versions22...) {
		info.AttestationFormats, info.UVCountSinceLastPINEntry, info.LongTouchForReset = nil, nil, nil
		info.EncIdentifier, info.TransportsForReset = nil, nil
		info.PINComplexityPolicy, info.PINComplexityPolicyURL, info.MaxPINLength = nil, nil, 0
	}
	if !m.speaks(versions23...) {
		info.EncCredStoreState, info.ConfigCommands = nil, nil
	}
}
