package rpcases

import "github.com/passkeylab/passkeylab/virtualauth"

// authenticationSignature is about the signature of an assertion (WebAuthn L3 §7.2 steps 20 and 21).
func authenticationSignature() []Case {
	return []Case{
		{
			ID: "auth/signature/does-not-verify", Aliases: []string{"S-ENA-021"}, Level: must, Clause: auth("21", "signature"),
			Says: "a signature that does not verify is refused",
			Run:  Authentication{Lie: Lie{Is: "a spoilt signature", Device: virtualauth.Misbehaviour{BadSignature: true}}}.Refused,
		},
	}
}
