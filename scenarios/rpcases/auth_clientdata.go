package rpcases

import "github.com/passkeylab/passkeylab/harness/client"

// authenticationClientData is about the client data of an assertion (WebAuthn L3 §5.8.1, §7.2 steps 8 to 14).
func authenticationClientData() []Case {
	return []Case{
		{
			ID: "auth/client-data/type-of-a-registration", Aliases: []string{"S-CDJ-022"}, Level: must, Clause: auth("10", "type"),
			Says: "client data of a registration is refused at sign-in",
			Run:  Authentication{Lie: Lie{Is: "client data of type webauthn.create", Client: client.Misbehaviour{Type: "webauthn.create"}}}.Refused,
		},
		{
			ID: "auth/client-data/challenge-of-another", Aliases: []string{"S-CDJ-027"}, Level: must, Clause: auth("11", "challenge"),
			Says: "a challenge that the options did not have is refused at sign-in",
			Run:  Authentication{Lie: Lie{Is: "a challenge of 32 other bytes", Client: client.Misbehaviour{Challenge: make([]byte, 32)}}}.Refused,
		},
		{
			ID: "auth/client-data/origin-of-another-site", Aliases: []string{"S-CDJ-031"}, Level: must, Clause: auth("12", "origin"),
			Says: "the origin of another site is refused at sign-in",
			Run:  Authentication{Lie: Lie{Is: "the origin of another site", Client: client.Misbehaviour{Origin: "https://phishing.example"}}}.Refused,
		},
	}
}
