package rpcases

import "github.com/passkeylab/passkeylab/virtualauth"

// authenticationCounter is about the signature counter (WebAuthn L3 §7.2 step 22, §6.1.1).
func authenticationCounter() []Case {
	return []Case{
		{
			ID: "auth/counter/not-poisoned", Aliases: []string{"S-CNT-013"}, Level: must, Clause: auth("22", "counter"),
			Says: "the counter of an assertion with a bad signature is not kept: the next honest one, which is lower, is accepted",
			Run: Authentication{Lie: Lie{
				Is: "a spoilt signature and a counter of four thousand million", Device: virtualauth.Misbehaviour{BadSignature: true, SignCount: new(uint32(4_000_000_000))},
			}}.Refused,
		},
		{
			ID: "auth/counter/always-zero", Aliases: []string{"S-CNT-001"}, Level: must, Clause: auth("22", "counter"),
			Says: "an authenticator whose counter stays zero signs in again and again",
			Run:  Authentication{Model: func(m *virtualauth.Model) { m.ZeroCounter = true }, Lie: Lie{Is: "a counter of zero again"}}.Accepted,
		},
	}
}
