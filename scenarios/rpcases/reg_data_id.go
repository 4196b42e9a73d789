package rpcases

import (
	"fmt"

	"github.com/passkeylab/passkeylab/virtualauth"
)

// registrationID is about the length of credential ids (WebAuthn L3 §4, §7.1 step 25).
func registrationID() []Case {
	return []Case{
		{
			ID: "reg/credential-id/empty", Aliases: []string{"S-ADA-039"}, Level: should, Clause: l3("4", "credential-id"),
			Says: "an empty credential id is refused",
			Run:  Registration{Lie: Lie{Is: "an empty credential id", Device: virtualauth.Misbehaviour{CredentialID: []byte{}}}}.Refused,
		},
		{
			ID: "reg/credential-id/15-bytes", Aliases: []string{"S-ADA-040"}, Level: policy, Clause: l3("4", "credential-id"),
			Says: "a credential id that is one byte too short is decided on",
			Run:  Registration{Lie: idOf(15)}.Observed,
		},
		{
			ID: "reg/credential-id/16-bytes", Aliases: []string{"S-ADA-041"}, Level: must, Clause: l3("4", "credential-id"),
			Says: "the shortest credential id, 16 bytes, is accepted and signs in",
			Run:  Registration{Lie: idOf(16)}.Accepted,
		},
		{
			ID: "reg/credential-id/1023-bytes", Aliases: []string{"S-ADA-042"}, Level: must, Clause: reg("25", "credential-id-length"),
			Says: "the longest credential id, 1023 bytes, is accepted and signs in",
			Run:  Registration{Lie: idOf(1023)}.Accepted,
		},
		{
			ID: "reg/credential-id/1024-bytes", Aliases: []string{"S-ADA-043"}, Level: should, Clause: reg("25", "credential-id-length"),
			Says: "a credential id that is one byte too long is refused",
			Run:  Registration{Lie: idOf(1024)}.Refused,
		},
		{
			ID: "reg/credential-id/65535-bytes", Aliases: []string{"S-ADA-044"}, Level: should, Clause: reg("25", "credential-id-length"),
			Says: "the longest credential id that can be written, 65535 bytes, is refused",
			Run:  Registration{Lie: idOf(65535)}.Refused,
		},
	}
}

func idOf(length int) Lie {
	return Lie{Is: fmt.Sprintf("a credential id of %d bytes", length), Device: virtualauth.Misbehaviour{CredentialIDLength: length}}
}
