package virtualauth

import (
	"slices"

	"github.com/passkeylab/passkeylab/virtualauth/cose"
	"github.com/passkeylab/passkeylab/virtualauth/ctap2"
	"github.com/passkeylab/passkeylab/virtualauth/pinuv"
)

// ModelError says that a Model asks for something that could never work, so that no authenticator can be honest about it.
type ModelError struct {
	// Field is the name of the field that asks for it, such as "PIN.MaxLength".
	Field string
	// Needs is what would have to be otherwise.
	Needs string
}

// Error names the field and what it needs.
func (e *ModelError) Error() string { return "virtualauth: Model." + e.Field + " needs " + e.Needs }

// check finds what makes no sense. A feature without what it stands on is an error, a *ModelError, because whoever asks for it
// expects it; a field that only says how something is, such as UVConfig, says nothing where that thing is missing.
func (m Model) check() error {
	for _, rules := range [][]modelRule{m.versionRules(), m.verificationRules(), m.commandRules(), m.extensionRules()} {
		for _, rule := range rules {
			if rule.asked && !rule.possible {
				return &ModelError{Field: rule.field, Needs: rule.needs}
			}
		}
	}
	return nil
}

// modelRule is one thing that a model can ask for, and whether it can be had.
type modelRule struct {
	field           string
	asked, possible bool
	needs           string
}

func (m Model) versionRules() []modelRule {
	missing := m.lacks()
	return []modelRule{
		{"Versions", true, subset(m.versions(), knownVersions) && distinct(m.versions()), "versions that there are, each once"},
		{"Versions", m.speaks(versions21...), missing == "", missing + ", as CTAP 2.1 §9 demands of FIDO_2_1 and later versions"},
		{"Versions", m.speaks(prototypes), m.Prototypes, "Prototypes, which is what FIDO_2_1_PRE stands for"},
		{"Versions", m.speaks(u2fVersion), slices.Contains(m.algorithms(), cose.ES256), "ES256 among Algorithms: U2F_V2 has no other"},
		{"MaxMessageSize", m.MaxMessageSize != 0, m.MaxMessageSize >= leastMaxMessageSize, "1024 bytes at least"},
		{"TransportsForReset", m.Transports != nil, subset(m.TransportsForReset, m.Transports), "none but Transports"},
		{"AlwaysDiscoverable", m.AlwaysDiscoverable, !m.NonDiscoverableOnly, "room for discoverable credentials: not NonDiscoverableOnly"},
	}
}

func (m Model) verificationRules() []modelRule {
	p := m.PIN
	return []modelRule{
		{"PIN.Protocols", true, subset(p.Protocols, []pinuv.Protocol{pinuv.One, pinuv.Two}) && distinct(p.Protocols), "one and two, each at most once"},
		{"PIN.MaxLength", p.MaxLength != 0, p.MaxLength >= leastMaxPINLength, "8 code points at least"},
		{"PIN.MinLength", true, p.minLength() <= p.maxLength(), "to be no more than PIN.MaxLength"},
		{"UVTokens", m.UVTokens && m.builtInUV(), !p.Supported || !p.LegacyTokens, "not PIN.LegacyTokens: tokens have permissions or have not"},
		{"Fingerprints", enrols(m), m.pinTokens(), "PIN.Supported without LegacyTokens: nobody could enrol the first finger"},
		{"Fingerprints", enrolsByPrototype(m), p.Supported, "PIN.Supported: nobody could enrol the first finger"},
	}
}

func (m Model) commandRules() []modelRule {
	const tokens = "tokens with permissions: PIN.Supported without LegacyTokens, or UVTokens"
	return []modelRule{
		{"CredentialManagement", manages(m), m.tokens(), tokens},
		{"CredentialManagement", managesByPrototype(m), m.PIN.Supported || m.tokens(), "PIN.Supported, or UVTokens"},
		{"LargeBlobs", keepsBlobs(m) && m.verifies(), m.tokens(), tokens + ": whoever is verified could not write them"},
		{"Config", hasConfig(m) && m.verifies(), m.pinTokens() || m.uvConfigures(), "PIN.Supported without LegacyTokens, or UVTokens with UVConfig"},
	}
}

func (m Model) extensionRules() (rules []modelRule) {
	for _, r := range []struct {
		identifier string
		possible   bool
		needs      string
	}{
		{ctap2.ExtensionHMACSecretMC, m.extends(ctap2.ExtensionHMACSecret), "hmac-secret"},
		{ctap2.ExtensionCredBlob, m.extends(ctap2.ExtensionCredProtect), "credProtect"},
		{ctap2.ExtensionCredBlob, !m.NonDiscoverableOnly, "discoverable credentials"},
		{ctap2.ExtensionLargeBlobKey, keepsBlobs(m), "LargeBlobs, and not largeBlob"},
		{ctap2.ExtensionLargeBlobKey, !m.NonDiscoverableOnly, "discoverable credentials"},
		{ctap2.ExtensionMinPINLength, m.setsMinPINLength(), "PIN.Supported and Config.SetMinPINLength, which says who may learn it"},
		{ctap2.ExtensionPINComplexityPolicy, m.setsMinPINLength(), "PIN.Supported and Config.SetMinPINLength, which says who may learn it"},
	} {
		rules = append(rules, modelRule{"Extensions", m.extends(r.identifier), r.possible, r.needs + " for " + r.identifier})
	}
	return rules
}

// subset reports whether all are some of others.
func subset[T comparable](all, others []T) bool {
	return !slices.ContainsFunc(all, func(one T) bool { return !slices.Contains(others, one) })
}

// distinct reports whether no two are the same.
func distinct[T comparable](all []T) bool {
	for i, one := range all {
		if slices.Contains(all[:i], one) {
			return false
		}
	}
	return true
}
