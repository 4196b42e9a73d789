package rpcases

// authenticationEnvelope is about the JSON of an authentication response (WebAuthn L3 §5.1).
func authenticationEnvelope() []Case {
	return []Case{
		{
			ID: "auth/envelope/honest", Aliases: []string{"S-ENA-001"}, Level: must, Clause: auth("", "whole"),
			Says: "an honest assertion is accepted, and the next one, too",
			Run:  Authentication{Lie: Lie{Is: "nothing unusual"}}.Accepted,
		},
		{
			ID: "auth/envelope/signature-missing", Aliases: []string{"S-ENA-017"}, Level: must, Clause: l3("5.2.2", "signature"),
			Says: "an assertion without signature is refused",
			Run:  Authentication{Lie: Lie{Is: "no signature", Message: without("response.signature")}}.Refused,
		},
		{
			ID: "auth/envelope/user-handle-null", Aliases: []string{"S-ENA-023"}, Level: must, Clause: l3("5.2.2", "user-handle"),
			Says: "a user handle that is null is accepted where the user name was given",
			Run:  Authentication{Lie: Lie{Is: "userHandle null", Message: set("response.userHandle", nil)}}.Accepted,
		},
	}
}
