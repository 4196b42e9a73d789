package rpcases

import (
	"github.com/passkeylab/passkeylab/harness/conformance"
	"github.com/passkeylab/passkeylab/virtualauth"
	"github.com/passkeylab/passkeylab/virtualauth/attestation"
)

// clientDataRewritten is about client data that means the same as what was signed and is written otherwise: its bytes are hashed,
// not its meaning (WebAuthn L3 §7.1 step 12, §7.2 steps 20 and 21).
func clientDataRewritten() []Case {
	lie := Lie{Is: "client data that was written anew after it was signed", Message: func(m *Message) error {
		m.SetBytes("response.clientDataJSON", spaced(m.Bytes("response.clientDataJSON")))
		return nil
	}}
	return []Case{
		{
			ID: "reg/client-data/written-anew", Aliases: []string{"S-CDJ-081"}, Level: must, Clause: reg("12", "client-data-hash"), Needs: []conformance.Capability{Attests},
			Says: "an attestation over client data that was written anew afterwards is refused",
			Run: Registration{
				Ask: Ask{Attestation: "direct"}, Model: func(m *virtualauth.Model) { m.Attestation = attestation.FormatPacked }, Lie: lie,
			}.Refused,
		},
		{
			ID: "auth/client-data/written-anew", Aliases: []string{"S-CDJ-080"}, Level: must, Clause: auth("20", "client-data-hash"),
			Says: "an assertion over client data that was written anew afterwards is refused",
			Run:  Authentication{Lie: lie}.Refused,
		},
	}
}
