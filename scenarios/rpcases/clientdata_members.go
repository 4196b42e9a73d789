package rpcases

import (
	"strings"

	"github.com/passkeylab/passkeylab/harness/client"
)

// Where client data is judged, step by step.
var (
	atText        = steps("5", "8", "utf-8")
	atJSON        = steps("6", "9", "json")
	atType        = steps("7", "10", "type")
	atChallenge   = steps("8", "11", "challenge")
	atOrigin      = steps("9", "12", "origin")
	atCrossOrigin = steps("10", "13", "cross-origin")
	atTopOrigin   = steps("11", "14", "top-origin")
	atMembers     = alike(l3("5.8.1", "client-data-members"))
)

// clientDataMembers is about members of client data that are missing, empty, or something else than they should be (WebAuthn L3
// §5.8.1).
func clientDataMembers() []Case {
	return inBoth([]told{
		{
			reg: "reg/client-data/type-missing", auth: "auth/client-data/type-missing", sheets: [2]string{"S-CDJ-001", "S-CDJ-018"}, level: must, at: atType,
			says: "client data without type is refused", want: refused, lies: []Lie{withoutMember("type")},
		},
		{
			reg: "reg/client-data/type-of-another-kind", auth: "auth/client-data/type-of-another-kind", sheets: [2]string{"S-CDJ-002", "S-CDJ-019"}, level: must, at: atType,
			says: "client data whose type is no string is refused", want: refused, lies: wrongClientTypes("type"),
		},
		{
			reg: "reg/client-data/type-empty", auth: "auth/client-data/type-empty", sheets: [2]string{"S-CDJ-003", "S-CDJ-020"}, level: must, at: atType,
			says: "client data whose type is empty is refused", want: refused, lies: []Lie{withMember("type", "")},
		},
		{
			reg: "reg/client-data/type-unknown", auth: "auth/client-data/type-unknown", sheets: [2]string{"S-CDJ-004", "S-CDJ-021"}, level: must, at: atType,
			says: "client data of a type that nobody knows is refused", want: refused, lies: []Lie{withMember("type", "webauthn.renew")},
		},
		{
			reg: "reg/client-data/type-of-an-assertion", sheets: [2]string{"S-CDJ-005"}, level: must, at: atType,
			says: "client data of an assertion is refused", want: refused, lies: []Lie{withMember("type", "webauthn.get")},
		},
		{
			auth: "auth/client-data/type-of-a-registration", sheets: [2]string{1: "S-CDJ-022"}, level: must, at: atType,
			says: "client data of a registration is refused", want: refused, lies: []Lie{withMember("type", "webauthn.create")},
		},
		{
			reg: "reg/client-data/type-of-a-payment", auth: "auth/client-data/type-of-a-payment", sheet: "S-CDJ-037", level: must, at: atType,
			says: "client data of a payment is refused", want: refused, lies: []Lie{withMember("type", "payment.get")},
		},
		{
			reg: "reg/client-data/type-in-capitals", auth: "auth/client-data/type-in-capitals", sheet: "S-CDJ-038", level: must, at: atType,
			says: "a type that is right but for capital letters is refused", want: refused, lies: editsOf("type", edit{"in capital letters", strings.ToUpper}, edit{"with a capital letter", capitalised}),
		},
		{
			reg: "reg/client-data/type-with-blanks", auth: "auth/client-data/type-with-blanks", sheet: "S-CDJ-039", level: must, at: atType,
			says: "a type with a blank or a zero byte before or behind it is refused", want: refused,
			lies: editsOf("type", affix(" ", ""), affix("", " "), affix("\x00", ""), affix("", "\x00")),
		},
		{
			reg: "reg/client-data/challenge-missing", auth: "auth/client-data/challenge-missing", sheets: [2]string{"S-CDJ-006", "S-CDJ-023"}, level: must, at: atChallenge,
			says: "client data without challenge is refused", want: refused, lies: []Lie{withoutMember("challenge")},
		},
		{
			reg: "reg/client-data/challenge-of-another-kind", auth: "auth/client-data/challenge-of-another-kind", sheets: [2]string{"S-CDJ-007", "S-CDJ-024"}, level: must,
			at:   atChallenge,
			says: "client data whose challenge is no string is refused", want: refused, lies: wrongClientTypes("challenge"),
		},
		{
			reg: "reg/client-data/challenge-empty", auth: "auth/client-data/challenge-empty", sheets: [2]string{"S-CDJ-008", "S-CDJ-025"}, level: must, at: atChallenge,
			says: "client data whose challenge is empty is refused", want: refused, lies: []Lie{withMember("challenge", "")},
		},
		{
			reg: "reg/client-data/challenge-not-base64url", auth: "auth/client-data/challenge-not-base64url", sheets: [2]string{"S-CDJ-009", "S-CDJ-026"}, level: must,
			at:   atChallenge,
			says: "a challenge with signs that base64url does not have is refused", want: refused,
			lies: editsOf("challenge", affix("*", ""), affix("", "!"), affix("", " "), affix("é", "")),
		},
		{
			reg: "reg/client-data/challenge-of-another", auth: "auth/client-data/challenge-of-another", sheets: [2]string{"S-CDJ-010", "S-CDJ-027"}, level: must, at: atChallenge,
			says: "a challenge that the options did not have is refused", want: refused,
			lies: []Lie{{Is: "a challenge of 32 other bytes", Client: client.Misbehaviour{Challenge: []byte(strings.Repeat("x", 32))}}},
		},
		{
			reg: "reg/client-data/origin-missing", auth: "auth/client-data/origin-missing", sheets: [2]string{"S-CDJ-011", "S-CDJ-028"}, level: must, at: atOrigin,
			says: "client data without origin is refused", want: refused, lies: []Lie{withoutMember("origin")},
		},
		{
			reg: "reg/client-data/origin-of-another-kind", auth: "auth/client-data/origin-of-another-kind", sheets: [2]string{"S-CDJ-012", "S-CDJ-029"}, level: must, at: atOrigin,
			says: "client data whose origin is no string is refused", want: refused, lies: wrongClientTypes("origin"),
		},
		{
			reg: "reg/client-data/origin-empty", auth: "auth/client-data/origin-empty", sheets: [2]string{"S-CDJ-013", "S-CDJ-030"}, level: must, at: atOrigin,
			says: "client data whose origin is empty is refused", want: refused, lies: []Lie{withMember("origin", "")},
		},
		{
			reg: "reg/client-data/origin-of-another-site", auth: "auth/client-data/origin-of-another-site", sheets: [2]string{"S-CDJ-014", "S-CDJ-031"}, level: must, at: atOrigin,
			says: "the origin of another site is refused", want: refused, lies: []Lie{{Is: "the origin of another site", Client: client.Misbehaviour{Origin: "https://phishing.example"}}},
		},
		{
			reg: "reg/client-data/token-binding-no-object", auth: "auth/client-data/token-binding-no-object", sheets: [2]string{"S-CDJ-015", "S-CDJ-032"}, level: interop,
			at:   atTokenBinding,
			says: "a tokenBinding that is no object is refused under FIDO's profile, and ignored otherwise,", want: refusedByFIDO, lies: []Lie{withMember("tokenBinding", "supported")},
		},
		{
			reg: "reg/client-data/token-binding-without-status", auth: "auth/client-data/token-binding-without-status", sheets: [2]string{"S-CDJ-016", "S-CDJ-033"},
			level: interop, at: atTokenBinding,
			says: "a tokenBinding without status is refused under FIDO's profile, and ignored otherwise,", want: refusedByFIDO,
			lies: []Lie{withMember("tokenBinding", map[string]any{"id": "AAAA"})},
		},
		{
			reg: "reg/client-data/token-binding-of-unknown-status", auth: "auth/client-data/token-binding-of-unknown-status", sheets: [2]string{"S-CDJ-017", "S-CDJ-034"},
			level: interop, at: atTokenBinding,
			says: "a tokenBinding whose status is unknown is refused under FIDO's profile, and ignored otherwise,", want: refusedByFIDO,
			lies: []Lie{withMember("tokenBinding", map[string]any{"status": "perhaps"})},
		},
		{
			reg: "reg/client-data/token-binding-supported", sheets: [2]string{"S-CDJ-035"}, level: interop, at: atTokenBinding,
			says: "a tokenBinding of an older browser, which says supported, is no reason to refuse", want: accepted,
			lies: []Lie{withMember("tokenBinding", map[string]any{"status": "supported"})},
		},
		{
			reg: "reg/client-data/token-binding-present-without-id", sheets: [2]string{"S-CDJ-036"}, level: interop, at: atTokenBinding,
			says: "a tokenBinding that is present and has no id is decided on", want: observed,
			lies: []Lie{withMember("tokenBinding", map[string]any{"status": "present"})},
		},
	})
}

var atTokenBinding = alike(l3("5.8.1", "token-binding"))
