package rpcases

import "github.com/passkeylab/passkeylab/virtualauth"

// authenticationData is about the authenticator data of an assertion (WebAuthn L3 §7.2 steps 15 to 19).
func authenticationData() []Case {
	return []Case{
		{
			ID: "auth/data/rp-id-hash", Aliases: []string{"S-ADA-002"}, Level: must, Clause: auth("15", "rp-id-hash"),
			Says: "authenticator data for another RP ID is refused at sign-in",
			Run:  Authentication{Lie: Lie{Is: "the RP ID hash of another site", Device: virtualauth.Misbehaviour{WrongRPIDHash: true}}}.Refused,
		},
		{
			ID: "auth/data/user-absent", Aliases: []string{"S-ADA-020"}, CVEs: []string{"CVE-2021-38299"}, Level: must, Clause: auth("16", "user-present"),
			Says: "an assertion without user presence is refused",
			Run:  Authentication{Lie: Lie{Is: "UP clear", Device: virtualauth.Misbehaviour{OmitUP: true}}}.Refused,
		},
		{
			ID: "auth/data/backup-eligibility-changed", Aliases: []string{"S-BKP-007"}, Level: must, Clause: auth("19", "backup-eligibility"),
			Says: "a credential that turned backup eligible after its registration is refused",
			Run:  Authentication{Lie: Lie{Is: "BE set, which was clear at registration", Device: virtualauth.Misbehaviour{FlipBE: true}}}.Refused,
		},
	}
}
