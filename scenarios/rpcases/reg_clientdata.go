package rpcases

import "github.com/passkeylab/passkeylab/harness/client"

// registrationClientData is about the client data of a registration (WebAuthn L3 §5.8.1, §7.1 steps 5 to 11).
func registrationClientData() []Case {
	return []Case{
		{
			ID: "reg/client-data/type-of-an-assertion", Aliases: []string{"S-CDJ-005"}, Level: must, Clause: reg("7", "type"),
			Says: "client data of an assertion is refused at registration",
			Run:  Registration{Lie: Lie{Is: "client data of type webauthn.get", Client: client.Misbehaviour{Type: "webauthn.get"}}}.Refused,
		},
		{
			ID: "reg/client-data/type-of-another-kind", Aliases: []string{"S-CDJ-002"}, Level: must, Clause: reg("7", "type"),
			Says: "client data whose type is no string is refused at registration",
			Run:  Registration{Lies: wrongClientTypes("type")}.Refused,
		},
		{
			ID: "reg/client-data/challenge-of-another", Aliases: []string{"S-CDJ-010"}, Level: must, Clause: reg("8", "challenge"),
			Says: "a challenge that the options did not have is refused at registration",
			Run:  Registration{Lie: Lie{Is: "a challenge of 32 other bytes", Client: client.Misbehaviour{Challenge: make([]byte, 32)}}}.Refused,
		},
		{
			ID: "reg/client-data/origin-of-another-site", Aliases: []string{"S-CDJ-014"}, Level: must, Clause: reg("9", "origin"),
			Says: "the origin of another site is refused at registration",
			Run:  Registration{Lie: Lie{Is: "the origin of another site", Client: client.Misbehaviour{Origin: "https://phishing.example"}}}.Refused,
		},
		{
			ID: "reg/client-data/token-binding-no-object", Aliases: []string{"S-CDJ-015"}, Level: interop, Clause: l3("5.8.1", "token-binding"),
			Says: "a tokenBinding that is no object is refused under FIDO's profile, and ignored otherwise",
			Run:  byProfile(tokenBindingText.Refused, tokenBindingText.Accepted),
		},
		{
			ID: "reg/client-data/white-space-behind", Aliases: []string{"S-CDJ-049.r"}, Level: must, Clause: reg("6", "json"),
			Says: "white space behind the client data is JSON, and accepted at registration",
			Run: Registration{Lie: Lie{Is: "client data that ends in a line break", Client: rawClientData(func(honest []byte) []byte {
				return append(honest, '\n')
			})}}.Accepted,
		},
		{
			ID: "reg/client-data/framed", Aliases: []string{"S-CDJ-071.r"}, Level: policy, Clause: reg("10", "cross-origin"),
			Says: "a registration in a frame of another origin is treated as the relying party says that it is",
			Run: byPolicy(func(p Policy) string { return p.CrossOrigin }, framedRegistration.Refused, framedRegistration.Accepted,
				framedRegistration.Observed),
		},
	}
}

var (
	tokenBindingText = Registration{Lie: Lie{
		Is: "a tokenBinding that is a string", Client: editClientData(func(d *ClientData) { d.Set("tokenBinding", "supported") }),
	}}
	framedRegistration = Registration{Lie: Lie{Is: "crossOrigin true", Client: client.Misbehaviour{CrossOrigin: true}}}
)
