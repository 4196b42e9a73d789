package rpcases

import (
	"slices"

	"github.com/passkeylab/passkeylab/harness/conformance"
	"github.com/passkeylab/passkeylab/virtualauth/attestation"
)

// attestationApple is about statements of format apple (WebAuthn L3 §8.8): no signature, but a certificate for the credential
// that was issued for this one registration.
func attestationApple() []Case {
	type lie = attestation.Misbehaviour
	phone := statements(attestation.FormatApple)
	takes := []conformance.Capability{Attests, Takes(attestation.FormatApple)}
	return slices.Concat(
		[]Case{{
			ID: "att/apple/valid", Aliases: []string{"S-FAP-001"}, Level: optional, Clause: l3("8.8", "apple-valid"),
			Needs: []conformance.Capability{Attests}, Says: "a certificate for the credential with the nonce of this registration is accepted",
			Run: valid(attestation.FormatApple, phone),
		}},
		phone.refusals(attestation.FormatApple, "8.8", must, []row{
			{
				"nonce", "S-FAP-002", "nonce", "a certificate that was issued for another registration is refused",
				[]Lie{
					stating("another nonce", lie{WrongNonce: true}), stating("the nonce of other authenticator data", lie{Signed: attestation.OtherAuthData}),
					stating("the nonce of the client data hash alone", lie{Signed: attestation.OnlyTheHash}),
				},
			},
			{"nonce-missing", "S-FAP-003", "nonce", "a certificate without a nonce is refused", []Lie{stating("no nonce", lie{OmitNonce: true})}},
			{"another-key", "S-FAP-004", "key", "a certificate for another key than the credential's is refused", []Lie{stating("a certificate for another key", lie{OtherLeafKey: true})}},
			{"certificates", "S-FAP-005", "syntax", "a statement without certificates is refused", misplaced("x5c", []any{}, nil, []byte{1}, "x")},
		}),
		[]Case{
			{
				ID: "att/apple/unknown-root", Aliases: []string{"S-FAP-006"}, Level: policy, Clause: reg("24", "trust-path"),
				Needs: append(takes, TrustsLab), Says: "a credential of Apple's form whose chain leads to no known root is dealt with as the relying party says", Run: fromNowhere(phone),
			},
			{
				ID: "att/apple/more-members", Aliases: []string{"S-FAP-007"}, Level: policy, Clause: l3("8.8", "apple-syntax"),
				Needs: takes, Says: "a statement with the members alg and sig, which the format does not have, is decided on",
				Run: phone.telling(stating("alg and sig", lie{Set: map[string]any{"alg": -7, "sig": []byte{1, 2, 3}}})).Observed,
			},
		},
	)
}
