package rpcases

import (
	"encoding/base64"
	"fmt"
	"slices"

	"github.com/passkeylab/passkeylab/harness/conformance"
	"github.com/passkeylab/passkeylab/virtualauth"
	"github.com/passkeylab/passkeylab/virtualauth/ctap2"
)

// extensions is about the outputs of extensions (WebAuthn L3 §9, §10; §7.1 step 28, §7.2 step 23): a relying party may ignore
// them all, and must be ready for any.
func extensions() []Case {
	return slices.Concat(unaskedOutputs(), missingOutputs(), malformedOutputs(), appIDs())
}

// unaskedOutputs are outputs that nobody asked for.
func unaskedOutputs() []Case {
	atRegistration, atSignIn := reg("28", "extensions-unasked"), auth("23", "extensions-unasked")
	return []Case{
		{
			ID: "reg/extensions/unasked-by-the-client", Aliases: []string{"S-EXT-001"}, Level: should, Clause: atRegistration,
			Says: "a registration with credProps that nobody asked for is accepted",
			Run:  Registration{Lie: output("credProps that nobody asked for", "credProps", map[string]any{"rk": true})}.Accepted,
		},
		{
			ID: "auth/extensions/unasked-and-unknown", Aliases: []string{"S-EXT-002"}, Level: should, Clause: atSignIn,
			Says: "an assertion with the output of an extension that nobody knows is accepted",
			Run:  Authentication{Lie: output("the output of an unknown extension", "example.unknown", map[string]any{"a": []int{1}})}.Accepted,
		},
		{
			ID: "reg/extensions/unasked-by-the-authenticator", Aliases: []string{"S-EXT-003"}, Level: should, Clause: atRegistration,
			Says: "a registration whose authenticator data has a credProtect that nobody asked for is accepted",
			Run:  Registration{Lie: signedOutputs("credProtect that nobody asked for", map[string]any{"credProtect": 2})}.Accepted,
		},
		{
			ID: "auth/extensions/payment", Aliases: []string{"S-EXT-017"}, Level: robust, Clause: atSignIn,
			Says: "an assertion with outputs of payments, which nobody asked for, is accepted",
			Run: Authentication{Lie: output("outputs of a payment", "payment", map[string]any{
				"browserBoundSignature": map[string]any{"signature": base64.RawURLEncoding.EncodeToString(make([]byte, 64))},
			})}.Accepted,
		},
	}
}

// output is an output of the client, which nobody signs; signedOutputs are all those of the authenticator.
func output(is, extension string, value any) Lie {
	return Lie{Is: is, Message: set("clientExtensionResults."+extension, value)}
}

func signedOutputs(is string, outputs map[string]any) Lie {
	encoded, err := ctap2.Marshal(outputs)
	if err != nil {
		panic(fmt.Sprintf("rpcases: outputs that are no CBOR: %v", err)) // a mistake in a case
	}
	return Lie{Is: is, Device: virtualauth.Misbehaviour{Extensions: encoded}}
}

// missingOutputs are about extensions that were asked for and not, or not quite, acted upon.
func missingOutputs() []Case {
	ignored := l3("9", "extensions-ignored")
	asking := func(extension string, input any) Ask { return Ask{Extensions: map[string]any{extension: input}} }
	salt := map[string]any{"first": base64.RawURLEncoding.EncodeToString(make([]byte, 32))}
	return []Case{
		{
			ID: "reg/extensions/cred-props-missing", Aliases: []string{"S-EXT-004"}, Level: must, Clause: ignored,
			Says: "a registration without credProps is accepted though they were asked for",
			Run:  Registration{Ask: asking("credProps", true), Lie: Lie{Is: "no credProps", Message: without("clientExtensionResults.credProps")}}.Accepted,
		},
		{
			ID: "reg/extensions/app-id-exclude", Aliases: []string{"S-EXT-010"}, Level: optional, Clause: l3("10.1.2", "app-id-exclude"),
			Says: "a registration that says that the excluded AppID was heeded is accepted",
			Run: withAppID(func(appID string) Run {
				return Registration{Ask: asking("appidExclude", appID), Lie: output("appidExclude true", "appidExclude", true)}.Accepted
			}),
		},
		{
			ID: "reg/extensions/cred-protect-weaker", Aliases: []string{"S-EXT-011"}, Level: policy, Clause: reg("28", "extensions-processed"),
			Says: "a registration with a weaker credProtect than the one that was to be enforced is decided on",
			Run: Registration{
				Ask: Ask{Extensions: map[string]any{
					"credentialProtectionPolicy": ctap2.UVRequired.String(), "enforceCredentialProtectionPolicy": true,
				}},
				Model: extending(ctap2.ExtensionCredProtect), Lie: Lie{Is: "credProtect of level 1", Device: virtualauth.Misbehaviour{ClaimCredProtect: ctap2.UVOptional}},
			}.Observed,
		},
		{
			ID: "reg/extensions/large-blob-not-supported", Aliases: []string{"S-EXT-012"}, Level: policy, Clause: l3("10.1.5", "large-blob"),
			Says: "a registration without support for large blobs, which was required, is decided on",
			Run: Registration{
				Ask: asking("largeBlob", map[string]any{"support": "required"}), Model: extending(ctap2.ExtensionLargeBlob),
				Lie: output("largeBlob that is not supported", "largeBlob", map[string]any{"supported": false}),
			}.Observed,
		},
		{
			ID: "auth/extensions/large-blob-not-written", Aliases: []string{"S-EXT-013"}, Level: should, Clause: ignored,
			Says: "an assertion that says that a large blob was not written is accepted",
			Run: Authentication{
				Ask: asking("largeBlob", map[string]any{"write": "AAAA"}), Lie: output("largeBlob that was not written", "largeBlob", map[string]any{"written": false}),
			}.Accepted,
		},
		{
			ID: "reg/extensions/prf", Aliases: []string{"S-EXT-014.r"}, Level: should, Clause: ignored,
			Says: "registrations are accepted whether they have a PRF, and a result of it, or none",
			Run: Registration{Ask: asking("prf", map[string]any{}), Lies: []Lie{
				output("prf that is not enabled", "prf", map[string]any{"enabled": false}),
				output("prf with a result", "prf", map[string]any{"enabled": true, "results": salt}),
			}}.Accepted,
		},
		{
			ID: "auth/extensions/prf", Aliases: []string{"S-EXT-014.a"}, Level: should, Clause: ignored,
			Says: "assertions are accepted whether they have a result of a PRF or none",
			Run: Authentication{Ask: asking("prf", map[string]any{"eval": salt}), Lies: []Lie{
				output("prf without a result", "prf", map[string]any{}), output("prf with a result", "prf", map[string]any{"results": salt}),
			}}.Accepted,
		},
	}
}

// extending makes an authenticator that has some extensions.
func extending(all ...string) Model {
	return func(m *virtualauth.Model) { m.Extensions = append(m.Extensions, all...) }
}

// malformedOutputs are outputs of the wrong type, or far too many.
func malformedOutputs() []Case {
	processed := reg("28", "extensions-processed")
	many := map[string]any{}
	for i := range 1000 {
		many[fmt.Sprintf("example.%04d", i)] = true
	}
	var uvm []Lie
	for _, value := range []any{"garbage", nil, map[string]any{}, []any{[]any{1}}, []any{"a", -1}} {
		uvm = append(uvm, output(fmt.Sprintf("uvm %v", value), "uvm", value))
	}
	return []Case{
		{
			ID: "reg/extensions/cred-props-of-another-type", Aliases: []string{"S-EXT-005"}, Level: policy, Clause: l3("10.1.3", "cred-props"),
			Says: "a registration with credProps of the wrong type is decided on, and nothing breaks",
			Run: Registration{Ask: Ask{Extensions: map[string]any{"credProps": true}}, Lies: []Lie{
				output("credProps that is a string", "credProps", "x"), output("credProps that is an array", "credProps", []any{}),
				output("credProps that is null", "credProps", nil), output("rk that is a string", "credProps", map[string]any{"rk": "true"}),
				output("rk that is a number", "credProps", map[string]any{"rk": 1}),
			}}.Observed,
		},
		{
			ID: "reg/extensions/cred-protect-of-another-type", Aliases: []string{"S-EXT-015"}, Level: policy, Clause: processed,
			Says: "a registration whose authenticator data has a credProtect that is text is decided on, and nothing breaks",
			Run:  Registration{Lie: signedOutputs("credProtect that is text", map[string]any{"credProtect": "userVerificationRequired"})}.Observed,
		},
		{
			ID: "reg/extensions/thousand", Aliases: []string{"S-EXT-016.r"}, Level: robust, Clause: processed,
			Says: "a registration whose authenticator data has a thousand outputs is decided on, and nothing breaks",
			Run:  Registration{Lie: signedOutputs("a thousand outputs", many)}.Observed,
		},
		{
			ID: "auth/extensions/thousand", Aliases: []string{"S-EXT-016.a"}, Level: robust, Clause: auth("23", "extensions-processed"),
			Says: "an assertion whose authenticator data has a thousand outputs is decided on, and nothing breaks",
			Run:  Authentication{Lie: signedOutputs("a thousand outputs", many)}.Observed,
		},
		{
			ID: "auth/extensions/uvm-malformed", Aliases: []string{"S-EXT-018"}, Level: should, Clause: auth("23", "extensions-unasked"),
			Says: "an assertion with garbage for the output of an extension that nobody asked for is accepted",
			Run:  Authentication{Lies: uvm}.Accepted,
		},
	}
}

// appIDs are about credentials of the time before WebAuthn, which are scoped to an AppID. Nobody can register one any more: here
// it is one of an authenticator of that time, and what it signs is for the AppID.
func appIDs() []Case {
	hash := auth("15", "app-id")
	return []Case{
		{
			ID: "auth/extensions/app-id", Aliases: []string{"S-EXT-006"}, Level: optional, Clause: l3("10.1.1", "app-id"),
			Needs: []conformance.Capability{Attests, TrustsLab, Honours(AppID)},
			Says:  "an assertion for the AppID that was asked for, which the client says that it used, is accepted",
			Run:   withAppID(func(appID string) Run { return forAppID(appID, true, claimed(appID)).Accepted }),
		},
		{
			ID: "auth/extensions/app-id-not-used", Aliases: []string{"S-EXT-007"}, Level: must, Clause: hash,
			Says: "an assertion for the AppID that was asked for is refused when the client does not say that it used it",
			Run: withAppID(func(appID string) Run {
				silent := Lie{Is: "the hash of the AppID, and no word of it", Device: virtualauth.Misbehaviour{HashedRPID: appID}, Message: without("clientExtensionResults.appid")}
				denied := Lie{Is: "the hash of the AppID, and appid false", Device: silent.Device, Message: set("clientExtensionResults.appid", false)}
				return forAppID(appID, true, silent, denied).Refused
			}),
		},
		{
			ID: "auth/extensions/app-id-unasked", Aliases: []string{"S-EXT-008"}, Level: must, Clause: hash,
			Says: "an assertion for an AppID that nobody asked for is refused",
			Run:  withAppID(func(appID string) Run { return forAppID(appID, false, claimed(appID)).Refused }),
		},
		{
			ID: "auth/extensions/app-id-of-another-site", Level: must, Clause: hash,
			Says: "an assertion for the AppID of another site is refused, though an AppID was asked for",
			Run: withAppID(func(appID string) Run {
				return forAppID(appID, true, claimed("https://phishing.example/app-id.json")).Refused
			}),
		},
		{
			ID: "auth/extensions/app-id-and-hash-of-the-rp-id", Aliases: []string{"S-EXT-009"}, Level: policy, Clause: l3("10.1.1", "app-id"),
			Says: "an assertion for the RP ID of which the client says that it is for the AppID is decided on",
			Run: withAppID(func(appID string) Run {
				return forAppID(appID, true, output("appid true, and the hash of the RP ID", "appid", true)).Observed
			}),
		},
	}
}
