package virtualauth

import (
	"context"
	"slices"

	"github.com/passkeylab/passkeylab/virtualauth/cose"
	"github.com/passkeylab/passkeylab/virtualauth/ctap2"
)

// getInfo is authenticatorGetInfo (CTAP 2.3 §6.4): what the model claims, and the state of what can be set. Nothing is claimed
// that the commands do not hold to, and no member that is younger than the model. A member that would only state its default
// is left out.
func (a *Authenticator) getInfo(context.Context) (*ctap2.GetInfoResponse, error) {
	m := a.model
	a.mu.Lock()
	defer a.mu.Unlock()
	info := &ctap2.GetInfoResponse{
		Versions:              a.versions(),
		Extensions:            m.extensions(),
		AAGUID:                m.AAGUID,
		Options:               a.options(),
		MaxMessageSize:        uint(m.maxMessageSize()),
		MaxCredentialsInList:  uint(max(m.MaxCredentialsInList, 0)),
		MaxCredentialIDLength: a.maxCredentialIDLength(),
		Transports:            m.Transports,
		FirmwareVersion:       m.FirmwareVersion,
		Certifications:        m.Certifications,
		TransportsForReset:    m.TransportsForReset,
	}
	for _, protocol := range m.protocols() {
		info.PINUVAuthProtocols = append(info.PINUVAuthProtocols, uint(protocol))
	}
	for _, algorithm := range a.algorithms() {
		info.Algorithms = append(info.Algorithms, ctap2.Parameters{Algorithm: algorithm, Type: ctap2.PublicKey})
	}
	info.AttestationFormats = m.attestationFormats()
	if m.MaxDiscoverable > 0 && !m.NonDiscoverableOnly {
		left := uint(max(m.MaxDiscoverable-a.vault.discoverable(), 0))
		info.RemainingDiscoverable = &left
	}
	info.MaxCredBlobLength = uint(m.credBlobLength())
	if keepsBlobs(m) {
		info.MaxLargeBlobArray = m.blobCapacity()
	}
	a.describePIN(info)
	a.describeUV(info)
	a.describeConfig(info)
	err := a.describeState(info)
	m.dateBack(info)
	return info, err
}

// describePIN fills in what getInfo says about PINs.
func (a *Authenticator) describePIN(info *ctap2.GetInfoResponse) {
	p := a.model.PIN
	if !p.Supported {
		return
	}
	forced := a.settings.ForcePINChange
	info.ForcePINChange, info.MinPINLength = &forced, uint(a.minPINLength())
	if p.maxLength() != maxPINBytes {
		info.MaxPINLength = uint(p.maxLength())
	}
	if p.Complex != nil {
		complexity := a.complexPINs()
		info.PINComplexityPolicy = &complexity
		if p.ComplexURL != "" {
			info.PINComplexityPolicyURL = ctap2.Bytes(p.ComplexURL)
		}
	}
}

// describeUV fills in what getInfo says about built-in user verification.
func (a *Authenticator) describeUV(info *ctap2.GetInfoResponse) {
	if !a.model.builtInUV() {
		return
	}
	info.UVModality, info.PreferredUVAttempts = a.model.UVModality, uint(max(a.model.PreferredUVAttempts, 0))
	if a.model.PIN.Supported {
		successes := a.settings.UVSuccesses
		info.UVCountSinceLastPINEntry = &successes
	}
}

// describeConfig fills in what getInfo says about authenticatorConfig.
func (a *Authenticator) describeConfig(info *ctap2.GetInfoResponse) {
	c := a.model.Config
	info.ConfigCommands = a.model.configCommands()
	if a.model.setsMinPINLength() {
		most := uint(max(c.MaxRPIDs, 0))
		info.MaxRPIDsForMinPINLength = &most
	}
	if c.LongTouchForReset {
		long := a.settings.LongTouchForReset
		info.LongTouchForReset = &long
	}
	info.VendorConfigCommands = c.VendorCommands
}

// versions are the protocol versions of the model. U2F_V2 does not go with alwaysUv, because U2F verifies nobody (CTAP 2.3
// §7.2), nor without a key store for its one algorithm.
func (a *Authenticator) versions() []string {
	return slices.DeleteFunc(slices.Clone(a.model.versions()), func(v string) bool {
		return v == u2fVersion && (a.alwaysUV() || !a.usable(cose.ES256))
	})
}

// options are the option ids of CTAP 2.3 §6.4. Absent, false and true say three different things.
func (a *Authenticator) options() map[string]bool {
	m := a.model
	options := map[string]bool{"rk": !m.NonDiscoverableOnly, "up": true, "plat": m.Attachment == Platform}
	for _, o := range []struct {
		id             string
		present, value bool
	}{
		{"uv", m.builtInUV(), a.uvReady()},
		{"clientPin", m.PIN.Supported, a.pinSet()},
		{"pinUvAuthToken", m.tokens(), true},
		{"noMcGaPermissionsWithClientPin", m.PIN.Supported && m.PIN.NoCeremonies, true},
		{"alwaysUv", m.AlwaysVerify || m.Config.ToggleAlwaysUV, a.alwaysUV()},
		// makeCredUvNotRqd must be absent or false beside alwaysUv (CTAP 2.3 §7.2).
		{"makeCredUvNotRqd", !a.alwaysUV() && !m.VerifyToCreate, true},
		{"credMgmt", manages(m), true},
		{"credentialMgmtPreview", managesByPrototype(m), true},
		{"perCredMgmtRO", m.persists(), true},
		{"bioEnroll", enrols(m), a.uvReady()},
		{"userVerificationMgmtPreview", enrolsByPrototype(m), a.uvReady()},
		{"uvBioEnroll", m.uvEnrols(), true},
		{"largeBlobs", keepsBlobs(m), true},
		{"authnrCfg", hasConfig(m), true},
		{"uvAcfg", m.uvConfigures(), true},
		{"setMinPINLength", m.setsMinPINLength(), true},
		{"ep", m.Config.Enterprise, a.settings.EnterpriseAttestation},
	} {
		if o.present {
			options[o.id] = o.value
		}
	}
	return options
}

// algorithms are those of the model for which there is a key store.
func (a *Authenticator) algorithms() (usable []cose.Algorithm) {
	for _, algorithm := range a.model.algorithms() {
		if a.storeFor(algorithm) != nil {
			usable = append(usable, algorithm)
		}
	}
	return usable
}

// maxCredentialIDLength is told where a limit on lists makes it matter (CTAP 2.3 §6.4): a platform splits them by both, and leaves
// out ids that are longer, so an imported one that is must be told.
func (a *Authenticator) maxCredentialIDLength() uint {
	if a.model.MaxCredentialsInList <= 0 {
		return 0
	}
	return uint(max(credentialIDLength, a.vault.longestID))
}
