package virtualauth_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/passkeylab/passkeylab/virtualauth"
	"github.com/passkeylab/passkeylab/virtualauth/cose"
	"github.com/passkeylab/passkeylab/virtualauth/ctap2"
	"github.com/passkeylab/passkeylab/virtualauth/pinuv"
)

func TestModelsThatMakeNoSenseAreNamed(t *testing.T) {
	missing, withPIN := virtualauth.VerificationMissing, virtualauth.PINModel{Supported: true}
	legacy := virtualauth.PINModel{Supported: true, LegacyTokens: true}
	toggle := virtualauth.ConfigModel{ToggleAlwaysUV: true}
	old := mandatory
	old.Extensions = []string{"hmac-secret"}
	old.Versions = []string{"FIDO_2_0", "FIDO_2_1"}
	for _, c := range []struct {
		field string
		model virtualauth.Model
	}{
		{"Versions", old},
		{"Versions", virtualauth.Model{Versions: []string{"FIDO_2_3"}}},
		{"Versions", virtualauth.Model{Versions: []string{"FIDO_2_0", "FIDO_9_9"}}},
		{"Versions", virtualauth.Model{Versions: []string{"FIDO_2_0", "FIDO_2_0"}}},
		{"Versions", virtualauth.Model{Versions: []string{"FIDO_2_0", "FIDO_2_1_PRE"}}},
		{"Versions", virtualauth.Model{Versions: []string{"FIDO_2_0", "U2F_V2"}, Algorithms: []cose.Algorithm{cose.EdDSA}}},
		{"MaxMessageSize", virtualauth.Model{MaxMessageSize: 1023}},
		{"TransportsForReset", virtualauth.Model{Transports: []string{"usb"}, TransportsForReset: []string{"nfc"}}},
		{"AlwaysDiscoverable", virtualauth.Model{AlwaysDiscoverable: true, NonDiscoverableOnly: true}},
		{"PIN.Protocols", virtualauth.Model{PIN: virtualauth.PINModel{Supported: true, Protocols: []pinuv.Protocol{3}}}},
		{"PIN.Protocols", virtualauth.Model{PIN: virtualauth.PINModel{Supported: true, Protocols: []pinuv.Protocol{1, 1}}}},
		{"PIN.MaxLength", virtualauth.Model{PIN: virtualauth.PINModel{Supported: true, MaxLength: 7}}},
		{"PIN.MinLength", virtualauth.Model{PIN: virtualauth.PINModel{Supported: true, MinLength: 20, MaxLength: 10}}},
		{"UVTokens", virtualauth.Model{UVTokens: true, PIN: legacy}},
		{"Fingerprints", virtualauth.Model{Fingerprints: 5, UVTokens: true}},
		{"Fingerprints", virtualauth.Model{Fingerprints: 5, PIN: legacy}},
		{"Fingerprints", virtualauth.Model{Fingerprints: 5, Prototypes: true}},
		{"CredentialManagement", virtualauth.Model{CredentialManagement: true}},
		{"CredentialManagement", virtualauth.Model{CredentialManagement: true, Verification: missing}},
		{"CredentialManagement", virtualauth.Model{CredentialManagement: true, PIN: legacy}},
		{"CredentialManagement", virtualauth.Model{CredentialManagement: true, Prototypes: true}},
		{"LargeBlobs", virtualauth.Model{LargeBlobs: 2048}},
		{"Config", virtualauth.Model{Config: toggle}},
		{"Config", virtualauth.Model{Config: toggle, UVTokens: true}},
		{"Config", virtualauth.Model{Config: toggle, PIN: legacy}},
		{"Extensions", virtualauth.Model{Extensions: []string{"hmac-secret-mc"}}},
		{"Extensions", virtualauth.Model{Extensions: []string{"credBlob"}}},
		{"Extensions", virtualauth.Model{Extensions: []string{"credProtect", "credBlob"}, NonDiscoverableOnly: true}},
		{"Extensions", virtualauth.Model{Extensions: []string{"largeBlobKey"}}},
		{"Extensions", virtualauth.Model{Extensions: []string{"largeBlobKey", "largeBlob"}, LargeBlobs: 1024, PIN: withPIN}},
		{"Extensions", virtualauth.Model{Extensions: []string{"largeBlobKey"}, LargeBlobs: 1024, PIN: withPIN, NonDiscoverableOnly: true}},
		{"Extensions", virtualauth.Model{Extensions: []string{"minPinLength"}, PIN: withPIN}},
		{"Extensions", virtualauth.Model{Extensions: []string{"pinComplexityPolicy"}, PIN: withPIN}},
	} {
		world := virtualauth.World{Clock: &clock{}, Rand: seeded(1), Store: &shelf{values: map[string][]byte{}}}
		_, opening := virtualauth.Open(t.Context(), c.model, world)
		world.Store = nil
		a := virtualauth.New(c.model, world)
		_, exchanging := a.Exchange(t.Context(), []byte{byte(ctap2.CommandGetInfo)})
		_, _, u2f := a.U2F(t.Context(), u2fVersion, 0, nil)
		for _, err := range []error{opening, exchanging, u2f} {
			var wrong *virtualauth.ModelError
			if !errors.As(err, &wrong) || wrong.Field != c.field || wrong.Needs == "" {
				t.Errorf("%+v: got %v, want a *ModelError about %s", c.model, err, c.field)
			}
		}
	}
}

// claimant is one small model on a stage, and a platform that tries what it claims. It has a PIN if it can have one.
type claimant struct {
	*platform
	info *ctap2.GetInfoResponse
}

// smallModels are all combinations of what tokens and commands hang on. Those that make no sense are among them.
func smallModels(try func(virtualauth.Model)) {
	flag := []bool{false, true}
	for _, verification := range []virtualauth.Verification{virtualauth.VerificationReady, virtualauth.VerificationMissing} {
		for _, p := range []virtualauth.PINModel{{}, {Supported: true}, {Supported: true, LegacyTokens: true}} {
			for _, config := range []virtualauth.ConfigModel{{}, {SetMinPINLength: true}, {ToggleAlwaysUV: true}} {
				for bits := range 1 << 6 {
					has := func(bit int) bool { return flag[bits>>bit&1] }
					m := virtualauth.Model{
						Verification: verification, PIN: p, Config: config, UVTokens: has(0), UVConfig: has(1), UVEnroll: has(1),
						CredentialManagement: has(2), PersistentTokens: has(3), LargeBlobs: map[bool]int{true: 1024}[has(4)],
					}
					if has(5) {
						m.Extensions = []string{"credProtect", "hmac-secret"}
					}
					try(m)
				}
			}
		}
	}
}

// any gets a token by PIN or else by built-in verification; nil means that none can be had.
func (c claimant) any(permissions pinuv.Permissions) []byte {
	if !c.agrees() {
		return nil
	}
	w := wanted{permissions: permissions}
	if permissions&(pinuv.MC|pinuv.GA) != 0 {
		w.rpID = rpID
	}
	if token, err := c.tokenByPIN(pin, w); err == nil {
		return token
	}
	token, err := c.tokenByUV(w)
	if err != nil {
		return nil
	}
	return token
}

// agrees reports whether it agrees on keys, without which there is no asking for tokens.
func (c claimant) agrees() bool {
	_, err := c.call(ctap2.GetKeyAgreement, ctap2.ClientPINRequest{})
	return err == nil
}

// issues reports whether built-in verification issues a token with a permission.
func (c claimant) issues(permission pinuv.Permissions) bool {
	if !c.agrees() {
		return false
	}
	_, err := c.tokenByUV(wanted{permissions: permission})
	return err == nil
}

func (c claimant) manages(permission pinuv.Permissions) bool {
	token := c.any(permission)
	if token == nil {
		return false
	}
	_, err := c.manage(uvToken{uint(c.protocol), token}, ctap2.GetCredsMetadata, nil)
	return err == nil
}

func (c claimant) configures(sub ctap2.ConfigSubCommand) bool {
	var token []byte
	if c.info.Options["uv"] || c.info.Options["clientPin"] {
		if token = c.any(pinuv.ACFG); token == nil {
			return false
		}
	}
	return c.config(token, sub, nil) == nil
}

func (c claimant) writesBlobs() bool {
	r := &ctap2.LargeBlobsRequest{Set: arrayOf(40), Offset: new(uint(0)), Length: new(uint(40))}
	if c.info.Options["uv"] || c.info.Options["clientPin"] {
		token := c.any(pinuv.LBW)
		if token == nil {
			return false
		}
		r.PINUVAuthProtocol, r.PINUVAuthParam = new(uint(c.protocol)), c.protocol.Authenticate(token, r.Message())
	}
	_, err := c.blobs(r)
	return err == nil
}

// claims are what getInfo can say, each with a try of it.
var claims = []struct {
	name          string
	claimed, true func(claimant) bool
}{
	{"clientPin", func(c claimant) bool { return c.info.Options["clientPin"] },
		func(c claimant) bool {
			_, err := c.call(ctap2.GetPINRetries, ctap2.ClientPINRequest{})
			return err == nil
		}},
	{"pinUvAuthProtocols", func(c claimant) bool { return len(c.info.PINUVAuthProtocols) > 0 },
		func(c claimant) bool {
			_, err := c.call(ctap2.GetKeyAgreement, ctap2.ClientPINRequest{})
			return err == nil
		}},
	{"pinUvAuthToken", func(c claimant) bool { return c.info.Options["pinUvAuthToken"] },
		func(c claimant) bool { return c.any(pinuv.GA) != nil }},
	{"credMgmt", func(c claimant) bool { return c.info.Options["credMgmt"] }, func(c claimant) bool { return c.manages(pinuv.CM) }},
	{"perCredMgmtRO", func(c claimant) bool { return c.info.Options["perCredMgmtRO"] }, func(c claimant) bool { return c.manages(pinuv.PCMR) }},
	{"setMinPINLength", func(c claimant) bool { return c.info.Options["setMinPINLength"] },
		func(c claimant) bool { return c.configures(ctap2.SetMinPINLength) }},
	{"uvAcfg", func(c claimant) bool { return c.info.Options["uvAcfg"] },
		func(c claimant) bool { return c.issues(pinuv.ACFG) }},
	{"uvBioEnroll", func(c claimant) bool { return has(c.info, "uvBioEnroll") },
		func(c claimant) bool { return c.issues(pinuv.BE) }},
	{"largeBlobs", func(c claimant) bool { return c.info.Options["largeBlobs"] }, claimant.writesBlobs},
	{"encIdentifier", func(c claimant) bool { return len(c.info.EncIdentifier) > 0 },
		func(c claimant) bool { return since21(c.info) && c.manages(pinuv.PCMR) }},
	{"FIDO_2_1", func(c claimant) bool { return since21(c.info) },
		func(c claimant) bool { return c.exchange(ctap2.CommandSelection, nil) == ctap2.OK }},
	{"authnrCfg", func(c claimant) bool { return c.info.Options["authnrCfg"] }, // last, because it switches alwaysUv on
		func(c claimant) bool {
			return c.configures(ctap2.SetMinPINLength) || c.configures(ctap2.ToggleAlwaysUV)
		}},
}

// TestWhatIsClaimedWorksAndWhatWorksIsClaimed for every small model that makes sense.
func TestWhatIsClaimedWorksAndWhatWorksIsClaimed(t *testing.T) {
	seen := map[string]int{}
	smallModels(func(m virtualauth.Model) {
		s := newStage(t, m)
		if _, err := ctap2.GetInfo(t.Context(), s); errors.As(err, new(*virtualauth.ModelError)) {
			return
		}
		c := claimant{platform: s.platform(pinuv.Two)}
		if m.PIN.Supported {
			c.expect("setPIN", c.setPIN(pin), ctap2.OK)
		}
		c.info = c.platform.info()
		for _, claim := range claims {
			claimed := claim.claimed(c)
			if holds := claim.true(c); claimed != holds {
				t.Errorf("%s: claimed %v, works %v: %+v", claim.name, claimed, holds, m)
			}
			seen[fmt.Sprint(claim.name, claimed)]++
		}
	})
	for _, claim := range claims {
		if seen[claim.name+"false"] == 0 || seen[claim.name+"true"] == 0 && claim.name != "uvBioEnroll" {
			t.Errorf("%s is never, or always, claimed: %v", claim.name, seen)
		}
	}
}

// U2F is claimed where it works: not without a key store for its one algorithm.
func TestU2FNeedsAKeyStoreForIt(t *testing.T) {
	for _, c := range []struct {
		model virtualauth.Model
		works bool
	}{
		{virtualauth.Model{Algorithms: []cose.Algorithm{cose.EdDSA, cose.ES256}}, false},
		{virtualauth.Model{Algorithms: []cose.Algorithm{cose.EdDSA, cose.ES256}, SoftwareFallback: true}, true},
	} {
		c.model.Versions = u2fModel.Versions
		s := newStage(t, c.model)
		s.Authenticator = virtualauth.New(c.model, virtualauth.World{
			User: s.person, Clock: s.clock, Rand: seeded(1), Keys: onlyEdDSA{newOnlyES256().KeyStore},
		})
		_, status := s.u2f(u2fVersion, 0, nil)
		if told := slices.Contains(s.info().Versions, "U2F_V2"); told != c.works || (status == swOK) != c.works {
			t.Errorf("%+v: told %v, version answers %04x", c.model, told, status)
		}
	}
}

// The prototypes can be named, and are told.
func TestModelsOfThePrototypesSaySo(t *testing.T) {
	m := virtualauth.Model{
		Versions: []string{"FIDO_2_0", "FIDO_2_1_PRE"}, Prototypes: true, CredentialManagement: true, Fingerprints: 5, UVEnroll: true,
		PIN: virtualauth.PINModel{Supported: true, LegacyTokens: true},
	}
	info := newStage(t, m).info()
	if !slices.Equal(info.Versions, m.Versions) || has(info, "uvBioEnroll") || !info.Options["credentialMgmtPreview"] {
		t.Errorf("getInfo is %+v", flat(t, info))
	}
}
