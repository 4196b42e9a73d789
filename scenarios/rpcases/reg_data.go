package rpcases

import (
	"github.com/google/uuid"

	"github.com/passkeylab/passkeylab/harness/client"
	"github.com/passkeylab/passkeylab/harness/conformance"
	"github.com/passkeylab/passkeylab/virtualauth"
	"github.com/passkeylab/passkeylab/virtualauth/attestation"
	"github.com/passkeylab/passkeylab/virtualauth/cose"
)

// registrationData is about authenticator data and the key of a registration (WebAuthn L3 §7.1 steps 13 to 26). Statements are
// of format none, so that no signature hides a check that is missing.
func registrationData() []Case {
	return []Case{
		{
			ID: "reg/data/rp-id-hash", Aliases: []string{"S-ADA-050"}, Level: must, Clause: reg("14", "rp-id-hash"),
			Says: "authenticator data for another RP ID is refused at registration",
			Run:  Registration{Lie: Lie{Is: "the RP ID hash of another site", Device: virtualauth.Misbehaviour{WrongRPIDHash: true}}}.Refused,
		},
		{
			ID: "reg/data/user-absent", Aliases: []string{"S-ADA-019"}, CVEs: []string{"CVE-2021-38299"}, Level: must, Clause: reg("15", "user-present"),
			Says: "a registration without user presence is refused",
			Run:  Registration{Lie: Lie{Is: "UP clear", Device: virtualauth.Misbehaviour{OmitUP: true}}}.Refused,
		},
		{
			ID: "reg/data/user-unverified", Aliases: []string{"S-ENR-016"}, Level: must, Clause: reg("16", "user-verified"),
			Says: "a registration without user verification is refused when the options required it",
			Run: Registration{
				Ask: Ask{UserVerification: "required"}, Lie: Lie{Is: "UV clear", Device: virtualauth.Misbehaviour{OmitUV: true}},
			}.Refused,
		},
		{
			ID: "reg/data/backed-up-but-not-eligible", Aliases: []string{"S-BKP-001"}, Level: must, Clause: reg("17", "backup-flags"),
			Says: "a credential that is backed up and must not be is refused",
			Run:  Registration{Lie: Lie{Is: "BS set and BE clear", Device: virtualauth.Misbehaviour{BSWithoutBE: true}}}.Refused,
		},
		{
			ID: "reg/data/algorithm-not-offered", Aliases: []string{"S-KEY-018"}, CVEs: []string{"CVE-2026-8830"}, Level: must, Clause: reg("20", "algorithm"),
			Says: "a key of an algorithm that the options did not offer is refused",
			Run: Registration{Lie: Lie{
				Is: "a key for ES256K", Client: client.Misbehaviour{Algorithms: []cose.Algorithm{cose.ES256K}},
			}, Model: withES256K}.Refused,
		},
		{
			ID: "reg/data/model-not-allowed", Aliases: []string{"S-ADA-052"}, Level: policy, Clause: reg("24", "model-allowed"),
			Needs: []conformance.Capability{Configured(OnlyLabModels)},
			Says:  "an authenticator whose model is not on the list is refused where there is a list",
			Run: in(OnlyLabModels, Registration{
				Ask: Ask{Attestation: "direct"}, Model: labModel, Lie: Lie{Is: "another AAGUID", Device: virtualauth.Misbehaviour{AAGUID: &otherAAGUID}},
			}.Refused),
		},
	}
}

// labModel is of the model that OnlyLabModels allows, and attests to itself.
func labModel(m *virtualauth.Model) { m.AAGUID, m.Attestation = LabAAGUID, attestation.FormatPacked }

// otherAAGUID is that of no model.
var otherAAGUID = uuid.MustParse("0f0e0d0c-0b0a-4908-8706-050403020100")

// withES256K adds an algorithm that hardly anybody offers, as the last choice.
func withES256K(m *virtualauth.Model) { m.Algorithms = append(m.Algorithms, cose.ES256K) }
