package virtualauth_test

import (
	"fmt"
	"testing"

	"github.com/passkeylab/passkeylab/virtualauth"
	"github.com/passkeylab/passkeylab/virtualauth/pinuv"
)

// row is one fact about what a right authenticator answers; its ids are those of the list of authenticator cases, without the
// "A-" that they all begin with.
type row struct {
	ids, says string
	model     virtualauth.Model
	// pin is set before; empty leaves the authenticator without one.
	pin string
	run func(*platform)
}

// runRows runs each row with both protocols, on an authenticator of its own that takes PINs.
func runRows(t *testing.T, rows []row) {
	for _, r := range rows {
		for _, protocol := range []pinuv.Protocol{pinuv.One, pinuv.Two} {
			t.Run(fmt.Sprintf("%s, protocol %d: %s", r.ids, protocol, r.says), func(t *testing.T) {
				model := r.model
				model.PIN.Supported = true
				p := newStage(t, model).platform(protocol)
				if r.pin != "" {
					if err := p.setPIN(r.pin); err != nil {
						t.Fatal(err)
					}
				}
				r.run(p)
			})
		}
	}
}

// mandatory is a model with what CTAP 2.1 §9 demands, and nothing else.
var mandatory = virtualauth.Model{
	UVTokens: true, CredentialManagement: true, Extensions: []string{"credProtect", "hmac-secret"},
}

// onlyPIN is a model without built-in verification.
var onlyPIN = virtualauth.Model{Verification: virtualauth.VerificationMissing}

// everything is a model that can do all that this package can.
var everything = virtualauth.Model{
	Versions:             []string{"U2F_V2", "FIDO_2_0", "FIDO_2_1", "FIDO_2_2", "FIDO_2_3"},
	Transports:           []string{"usb", "nfc"},
	TransportsForReset:   []string{"usb"},
	MaxDiscoverable:      25,
	MaxCredentialsInList: 8,
	Attestation:          "packed",
	Certifications:       map[string]uint{"FIDO": 1},
	UVModality:           0x02,
	PreferredUVAttempts:  3,
	UVConfig:             true,
	Extensions:           []string{"credProtect", "hmac-secret", "minPinLength"},
	PIN: virtualauth.PINModel{
		Supported: true, MaxLength: 32, Complex: notAllTheSame, ComplexURL: "https://login.example/pins",
	},
	Config: virtualauth.ConfigModel{
		ToggleAlwaysUV: true, SetMinPINLength: true, MaxRPIDs: 2, Enterprise: true, EnterpriseRPIDs: []string{rpID},
		LongTouchForReset: true, VendorCommands: []uint64{7, 1 << 40},
	},
	CredentialManagement: true,
	PersistentTokens:     true,
}

// notAllTheSame is a complexity policy: not one character again and again.
func notAllTheSame(pin string) bool {
	for _, c := range pin {
		if c != []rune(pin)[0] {
			return true
		}
	}
	return false
}
