package virtualauth_test

import (
	"slices"
	"testing"

	"github.com/passkeylab/passkeylab/virtualauth/ctap2"
	"github.com/passkeylab/passkeylab/virtualauth/pinuv"
	"github.com/passkeylab/passkeylab/virtualauth/provider"
)

// What an administrator can do with the security keys of the catalogue that claim all of CTAP.
func TestTheFullKeysAreConfigured(t *testing.T) {
	for _, device := range []provider.Provider{provider.PINSecurityKey(), provider.FingerprintSecurityKey()} {
		for name, run := range map[string]func(*platform){
			"enterprise attestation of type 1": vendorFacilitated, "vendorPrototype": vendorPrototype, "PIN complexity": complexPIN,
		} {
			t.Run(device.Name+": "+name, func(t *testing.T) {
				p := newStage(t, device.Model).platform(pinuv.Two)
				p.must(nil, p.setPIN(pin))
				run(p)
			})
		}
	}
}

// createAt registers by PIN at a relying party.
func (p *platform) createAt(rp, pin string, change func(*ctap2.MakeCredentialRequest)) *ctap2.MakeCredentialResponse {
	p.t.Helper()
	token := p.must(p.tokenByPIN(pin, wanted{pinuv.MC, rp}))
	response, err := p.create(token, "ada", func(r *ctap2.MakeCredentialRequest) {
		r.RP.ID = rp
		change(r)
	})
	p.expect("create", err, ctap2.OK)
	return response
}

// The maker of the key chose who gets it.
func vendorFacilitated(p *platform) {
	p.expect("enable", p.config(p.acfg(), ctap2.EnableEnterpriseAttestation, nil), ctap2.OK)
	for rp, chosen := range map[string]bool{provider.EnterpriseRPID: true, rpID: false} {
		response := p.createAt(rp, pin, func(r *ctap2.MakeCredentialRequest) { r.EnterpriseAttestation = new(uint(1)) })
		if response.EnterpriseAttestation != chosen || hasSerial(p.t, response) != chosen {
			p.t.Errorf("%s: epAtt %v, serial number %v", rp, response.EnterpriseAttestation, hasSerial(p.t, response))
		}
	}
}

// getInfo tells the numbers, and no others are taken.
func vendorPrototype(p *platform) {
	told := p.info().VendorConfigCommands
	if len(told) != 1 {
		p.t.Fatalf("told %v", told)
	}
	for number, want := range map[uint64]ctap2.Status{told[0]: ctap2.OK, told[0] + 1: ctap2.InvalidParameter} {
		p.expect("vendorPrototype", p.config(p.acfg(), ctap2.VendorPrototype, ctap2.VendorParameters{Command: &number}), want)
	}
}

// The policy is off at first. Once on, relying parties of the list learn so, and it holds.
func complexPIN(p *platform) {
	const simple = "77777"
	p.must(nil, p.changePIN(pin, simple))
	learns := func(pin string) bool {
		response := p.createAt(rpID, pin, withInputs(p.t, map[string]any{ctap2.ExtensionPINComplexityPolicy: true}))
		value, _ := p.signed(response.AuthData)[ctap2.ExtensionPINComplexityPolicy].(bool)
		return value
	}
	acfg := func(pin string) []byte { return p.must(p.tokenByPIN(pin, wanted{permissions: pinuv.ACFG})) }
	p.expect("name the relying party", p.config(acfg(simple), ctap2.SetMinPINLength, ctap2.MinPINLengthParameters{RPIDs: []string{rpID}}), ctap2.OK)
	if info := p.info(); learns(simple) || *info.PINComplexityPolicy || !slices.Contains(info.Extensions, ctap2.ExtensionPINComplexityPolicy) {
		p.t.Errorf("the policy is on as new: %+v", info)
	}
	p.expect("switch it on", p.config(acfg(simple), ctap2.SetMinPINLength, ctap2.MinPINLengthParameters{PINComplexityPolicy: new(true)}), ctap2.OK)
	p.expect("one character again and again", p.changePIN(simple, "88888"), ctap2.PINPolicyViolation)
	p.expect("two", p.changePIN(simple, "88889"), ctap2.OK)
	if info := p.info(); !learns("88889") || !*info.PINComplexityPolicy || string(info.PINComplexityPolicyURL) == "" {
		p.t.Errorf("the policy is not told: %+v", info)
	}
}
