package rpcases

import (
	"fmt"

	"github.com/passkeylab/passkeylab/virtualauth"
	"github.com/passkeylab/passkeylab/virtualauth/authdata"
)

// registrationLayout is about the layout of authenticator data at registration (WebAuthn L3 §6.1, §6.5.1): what its flags
// announce is there, and nothing else is.
func registrationLayout() []Case {
	layout, attested := l3("6.1", "authenticator-data"), l3("6.5.1", "attested-credential-data")
	return []Case{
		{
			ID: "reg/layout/missing", Aliases: []string{"S-ADA-012"}, Level: must, Clause: reg("13", "attestation-object"),
			Says: "an attestation object without authData is refused",
			Run: Registration{Lie: Lie{Is: "no authData", Message: editObject(func(o []cborPair) []cborPair {
				return withoutPair(o, keyAuthData)
			})}}.Refused,
		},
		{
			ID: "reg/layout/no-byte-string", Aliases: []string{"S-ADA-013"}, Level: must, Clause: l3("6.5.4", "attestation-object"),
			Says: "an attestation object whose authData is no byte string is refused",
			Run:  Registration{Lies: otherKinds("authData", kindBytes, objectWith(keyAuthData))}.Swept,
		},
		{
			ID: "reg/layout/empty", Aliases: []string{"S-ADA-014"}, Level: must, Clause: layout,
			Says: "empty authenticator data is refused",
			Run:  Registration{Lie: dataLie("empty authenticator data", cutTo(0))}.Refused,
		},
		{
			ID: "reg/layout/credential-not-announced", Aliases: []string{"S-ADA-015"}, Level: must, Clause: layout,
			Says: "attested credential data behind a clear AT flag is refused",
			Run:  Registration{Lie: dataLie("AT clear in front of a credential", flipFlags(authdata.AT))}.Refused,
		},
		{
			ID: "reg/layout/no-credential", Aliases: []string{"S-ADA-016"}, Level: must, Clause: layout,
			Says: "a registration without attested credential data is refused",
			Run:  Registration{Lie: dataLie("AT clear and no credential", inTurn(flipFlags(authdata.AT), cutTo(attestedAt)))}.Refused,
		},
		{
			ID: "reg/layout/credential-announced-only", Aliases: []string{"S-ADA-017"}, Level: must, Clause: layout,
			Says: "an AT flag without attested credential data is refused",
			Run:  Registration{Lie: dataLie("AT set and no credential", cutTo(attestedAt))}.Refused,
		},
		{
			ID: "reg/layout/left-over", Aliases: []string{"S-ADA-018"}, Level: must, Clause: layout,
			Says: "bytes left over behind the credential are refused",
			Run: Registration{Lies: []Lie{
				dataLie("a byte behind the credential", appending([]byte{0})), dataLie("32 bytes behind the credential", appending(make([]byte, 32))),
			}}.Refused,
		},
		{
			ID: "reg/layout/cut", Aliases: []string{"S-ADA-035.r"}, Level: must, Clause: layout,
			Says: "authenticator data that ends within its first 37 bytes is refused",
			Run:  Registration{Lies: cuts(0, attestedAt, 1)}.Swept,
		},
		{
			ID: "reg/layout/cut-in-credential", Aliases: []string{"S-ADA-036"}, Level: must, Clause: attested,
			Says: "authenticator data that ends within AAGUID, credential id or public key is refused",
			Run:  Registration{Model: only(-7), Lies: cuts(attestedAt, idAt+16+77, 3)}.Swept,
		},
		{
			ID: "reg/layout/id-too-long-for-data", Aliases: []string{"S-ADA-037"}, Level: must, Clause: attested,
			Says: "a credential id that is announced to be longer than what is there is refused",
			Run:  Registration{Lie: dataLie("a length of the credential id of 1000", announcing(1000))}.Refused,
		},
		{
			ID: "reg/layout/longest-id-announced", Aliases: []string{"S-ADA-038"}, CVEs: []string{"CVE-2021-40818", "CVE-2022-27240", "CVE-2023-49208"},
			Level: must, Clause: attested,
			Says: "a credential id that is announced to have 65535 bytes, in short data, is refused",
			Run:  Registration{Lie: dataLie("a length of the credential id of 65535", announcing(0xffff))}.Refused,
		},
	}
}

// registrationExtensionData is about the extension data behind the credential (WebAuthn L3 §6.1, §9.5).
func registrationExtensionData() []Case {
	layout := l3("6.1", "extension-data")
	return []Case{
		{
			ID: "reg/extension-data/asked-for", Aliases: []string{"S-ADA-011"}, Level: must, Clause: reg("28", "extensions"),
			Says: "a self-attested registration with an extension output that was asked for is accepted",
			Run: selfAttesting(Registration{
				Ask: Ask{Attestation: "direct", Extensions: exampleExtension}, Model: attestingItself, Lie: exampleOutput,
			}.Accepted),
		},
		{
			ID: "reg/extension-data/announced-only", Aliases: []string{"S-ADA-028.r"}, Level: must, Clause: layout,
			Says: "an ED flag without extension data is refused at registration",
			Run:  Registration{Lie: dataLie("ED set and no extensions", flipFlags(authdata.ED))}.Refused,
		},
		{
			ID: "reg/extension-data/not-announced", Aliases: []string{"S-ADA-029.r"}, Level: must, Clause: layout,
			Says: "extension data behind a clear ED flag is refused at registration",
			Run:  Registration{Lie: dataLie("ED clear in front of extensions", appending(exampleMap))}.Refused,
		},
		{
			ID: "reg/extension-data/no-map", Aliases: []string{"S-ADA-030.r"}, Level: must, Clause: layout,
			Says: "extension data that is no CBOR map is refused at registration",
			Run:  Registration{Lies: otherKinds("extension data", kindMap, func(item []byte) Lie { return dataLie("", extended(item)) })}.Swept,
		},
		{
			ID: "reg/extension-data/empty", Aliases: []string{"S-ADA-031.r"}, Level: policy, Clause: layout,
			Says: "empty extension data is decided on at registration",
			Run:  Registration{Lie: dataLie("extensions that are an empty map", extended([]byte{0xa0}))}.Observed,
		},
		{
			ID: "reg/extension-data/number-for-identifier", Aliases: []string{"S-ADA-032.r"}, Level: should, Clause: l3("9.5", "extension-output"),
			Says: "extension data whose identifiers are no texts is refused at registration",
			Run: Registration{Lies: []Lie{
				dataLie("an extension whose identifier is a number", extended(numberedMap)),
				dataLie("an extension whose identifier is a byte string", extended(byteKeyedMap)),
			}}.Refused,
		},
		{
			ID: "reg/extension-data/twice", Aliases: []string{"S-ADA-033.r"}, Level: must, Clause: layout,
			Says: "two maps of extension data are refused at registration",
			Run:  Registration{Lie: dataLie("two maps of extensions", extended(append(append([]byte{}, exampleMap...), exampleMap...)))}.Refused,
		},
		{
			ID: "reg/extension-data/indefinite", Aliases: []string{"S-ADA-034.r"}, Level: policy, Clause: layout,
			Says: "extension data of indefinite length is decided on at registration",
			Run:  Registration{Lie: dataLie("extensions of indefinite length", extended(endlessMap))}.Observed,
		},
	}
}

// dataLie is a lie about authenticator data of a registration of format none.
func dataLie(is string, edit func([]byte) []byte) Lie {
	return Lie{Is: is, Message: editAuthData(edit)}
}

// objectWith are lies that give a member of the attestation object another value.
func objectWith(key []byte) func(item []byte) Lie {
	return func(item []byte) Lie {
		return Lie{Message: editObject(func(o []cborPair) []cborPair { return withPair(o, key, item) })}
	}
}

// cuts are lies that end authenticator data early.
func cuts(from, to, step int) []Lie {
	var lies []Lie
	for n := from; n < to; n += step {
		lies = append(lies, dataLie(fmt.Sprintf("authenticator data that ends after %d bytes", n), cutTo(n)))
	}
	return lies
}

// announcing writes another length of the credential id.
func announcing(length uint16) func([]byte) []byte {
	return func(honest []byte) []byte {
		changed := append([]byte{}, honest...)
		changed[lengthAt], changed[lengthAt+1] = byte(length>>8), byte(length)
		return changed
	}
}

// extended sets the ED flag and adds extension data.
func extended(item []byte) func([]byte) []byte {
	return inTurn(flipFlags(authdata.ED), appending(item))
}

// Extension data, for both ceremonies. The extension is one that relying parties can only pass on.
var (
	exampleExtension = map[string]any{"example.extension": true}
	exampleMap       = cborMap([]cborPair{{cborText("example.extension"), []byte{0xf5}}})
	numberedMap      = cborMap([]cborPair{{cborInt(1), []byte{0xf5}}})
	byteKeyedMap     = cborMap([]cborPair{{cborBytes([]byte("example.extension")), []byte{0xf5}}})
	endlessMap       = append(append([]byte{0xbf}, exampleMap[1:]...), 0xff)
	exampleOutput    = Lie{Is: "an extension output", Device: virtualauth.Misbehaviour{Extensions: exampleMap}}
)
