package virtualauth

import (
	"context"

	"github.com/passkeylab/passkeylab/virtualauth/attestation"
	"github.com/passkeylab/passkeylab/virtualauth/ctap2"
)

// getInfo is authenticatorGetInfo (CTAP 2.2 §6.4): what the model claims. Nothing is claimed that makeCredential and
// getAssertion do not hold to.
func (a *Authenticator) getInfo(context.Context) (*ctap2.GetInfoResponse, error) {
	m := a.model
	info := &ctap2.GetInfoResponse{
		Versions:             m.versions(),
		AAGUID:               m.AAGUID,
		Options:              m.options(),
		MaxMessageSize:       uint(m.maxMessageSize()),
		MaxCredentialsInList: uint(max(m.MaxCredentialsInList, 0)),
		Transports:           m.Transports,
		FirmwareVersion:      m.FirmwareVersion,
	}
	for _, algorithm := range m.algorithms() {
		info.Algorithms = append(info.Algorithms, ctap2.Parameters{Algorithm: algorithm, Type: ctap2.PublicKey})
	}
	if f := m.attestation(); f != attestation.FormatNone { // every authenticator can say nothing; none is not listed
		info.AttestationFormats = []string{string(f)}
	}
	if m.MaxDiscoverable > 0 {
		a.mu.Lock()
		left := uint(max(m.MaxDiscoverable-a.vault.discoverable(), 0))
		a.mu.Unlock()
		info.RemainingDiscoverable = &left
	}
	return info, nil
}

// options are the option ids of CTAP 2.2 §6.4.
func (m Model) options() map[string]bool {
	options := map[string]bool{"rk": !m.NonDiscoverableOnly, "up": true, "plat": m.Attachment == Platform}
	if m.Verification != VerificationMissing {
		options["uv"] = m.Verification == VerificationReady
	}
	if m.AlwaysVerify {
		options["alwaysUv"] = true // and makeCredUvNotRqd must then be absent (CTAP 2.2 §7.2)
	} else {
		options["makeCredUvNotRqd"] = true
	}
	return options
}
