package rpcases

import (
	"fmt"

	"github.com/passkeylab/passkeylab/virtualauth"
	"github.com/passkeylab/passkeylab/virtualauth/authdata"
)

// authenticationLayout is about the layout of authenticator data at sign-in (WebAuthn L3 §6.1): what its flags announce is
// there, and nothing else is. Signatures fit.
func authenticationLayout() []Case {
	layout, extensions := l3("6.1", "authenticator-data"), l3("6.1", "extension-data")
	return []Case{
		{
			ID: "auth/layout/left-over", Aliases: []string{"S-ADA-001"}, Level: must, Clause: layout,
			Says: "bytes left over behind authenticator data are refused at sign-in",
			Run: Authentication{Lies: []Lie{
				signedData("a byte behind authenticator data", appending([]byte{0})),
				signedData("32 bytes behind authenticator data", appending(make([]byte, 32))),
			}}.Refused,
		},
		{
			ID: "auth/layout/cut", Aliases: []string{"S-ADA-035.a"}, Level: must, Clause: layout,
			Says: "authenticator data that ends within its 37 bytes is refused at sign-in",
			Run:  Authentication{Lies: signedCuts(attestedAt)}.Swept,
		},
		{
			ID: "auth/layout/with-credential", Aliases: []string{"S-ADA-026"}, Level: policy, Clause: l3("6.3.3", "assertion-data"),
			Says: "an assertion with attested credential data is decided on",
			Run:  Authentication{Lie: Lie{Is: "attested credential data", Device: virtualauth.Misbehaviour{AttestAssertions: true}}}.Observed,
		},
		{
			ID: "auth/layout/credential-announced-only", Aliases: []string{"S-ADA-027"}, Level: must, Clause: layout,
			Says: "an AT flag without attested credential data is refused at sign-in",
			Run:  Authentication{Lie: signedData("AT set and no credential", flipFlags(authdata.AT))}.Refused,
		},
		{
			ID: "auth/extension-data/asked-for", Aliases: []string{"S-ADA-010"}, Level: must, Clause: auth("23", "extensions"),
			Says: "an assertion with an extension output that was asked for is accepted",
			Run:  Authentication{Ask: Ask{Extensions: exampleExtension}, Lie: exampleOutput}.Accepted,
		},
		{
			ID: "auth/extension-data/announced-only", Aliases: []string{"S-ADA-028.a"}, Level: must, Clause: extensions,
			Says: "an ED flag without extension data is refused at sign-in",
			Run:  Authentication{Lie: signedData("ED set and no extensions", flipFlags(authdata.ED))}.Refused,
		},
		{
			ID: "auth/extension-data/not-announced", Aliases: []string{"S-ADA-029.a"}, Level: must, Clause: extensions,
			Says: "extension data behind a clear ED flag is refused at sign-in",
			Run:  Authentication{Lie: signedData("ED clear in front of extensions", appending(exampleMap))}.Refused,
		},
		{
			ID: "auth/extension-data/no-map", Aliases: []string{"S-ADA-030.a"}, Level: must, Clause: extensions,
			Says: "extension data that is no CBOR map is refused at sign-in",
			Run: Authentication{Lies: otherKinds("extension data", kindMap, func(item []byte) Lie {
				return signedData("", extended(item))
			})}.Swept,
		},
		{
			ID: "auth/extension-data/empty", Aliases: []string{"S-ADA-031.a"}, Level: policy, Clause: extensions,
			Says: "empty extension data is decided on at sign-in",
			Run:  Authentication{Lie: signedData("extensions that are an empty map", extended([]byte{0xa0}))}.Observed,
		},
		{
			ID: "auth/extension-data/number-for-identifier", Aliases: []string{"S-ADA-032.a"}, Level: should, Clause: l3("9.5", "extension-output"),
			Says: "extension data whose identifiers are no texts is refused at sign-in",
			Run: Authentication{Lies: []Lie{
				signedData("an extension whose identifier is a number", extended(numberedMap)),
				signedData("an extension whose identifier is a byte string", extended(byteKeyedMap)),
			}}.Refused,
		},
		{
			ID: "auth/extension-data/twice", Aliases: []string{"S-ADA-033.a"}, Level: must, Clause: extensions,
			Says: "two maps of extension data are refused at sign-in",
			Run:  Authentication{Lie: signedData("two maps of extensions", extended(append(append([]byte{}, exampleMap...), exampleMap...)))}.Refused,
		},
		{
			ID: "auth/extension-data/indefinite", Aliases: []string{"S-ADA-034.a"}, Level: policy, Clause: extensions,
			Says: "extension data of indefinite length is decided on at sign-in",
			Run:  Authentication{Lie: signedData("extensions of indefinite length", extended(endlessMap))}.Observed,
		},
	}
}

// signedData is a lie about authenticator data that is signed.
func signedData(is string, edit func([]byte) []byte) Lie {
	return Lie{Is: is, Device: virtualauth.Misbehaviour{EditAuthData: edit}}
}

func signedCuts(to int) []Lie {
	var lies []Lie
	for n := range to {
		lies = append(lies, signedData(fmt.Sprintf("authenticator data that ends after %d bytes", n), cutTo(n)))
	}
	return lies
}
