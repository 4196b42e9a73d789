package rpcases

import (
	"github.com/passkeylab/passkeylab/harness/conformance"
	"github.com/passkeylab/passkeylab/virtualauth/attestation"
)

// attestationChain is about the trust path of packed attestation (WebAuthn L3 §7.1 steps 23 and 24, RFC 5280 §6): certificates
// that are right by themselves and lead to no trusted root. What becomes of them is the relying party's decision, and who says
// that it trusts the suite's authority has decided.
func attestationChain() []Case {
	path := reg("24", "trust-path")
	return append(trustCases([]Case{
		{
			ID: "att/chain/leaf-expired", Aliases: []string{"S-FPF-010"}, Clause: path,
			Says: "a certificate that has expired is refused",
			Run:  packedWith(statementLie("an expired certificate", attestation.Misbehaviour{Expired: true})).Refused,
		},
		{
			ID: "att/chain/leaf-not-yet-valid", Aliases: []string{"S-FPF-011"}, Clause: path,
			Says: "a certificate that is not valid yet is refused",
			Run:  packedWith(statementLie("a certificate that is not valid yet", attestation.Misbehaviour{NotYetValid: true})).Refused,
		},
		{
			ID: "att/chain/forged", Aliases: []string{"S-FPF-013"}, Clause: path,
			Says: "a certificate that its issuer has not signed is refused",
			Run:  packedWith(statementLie("a certificate signed by nobody", attestation.Misbehaviour{ForgedLeaf: true})).Refused,
		},
		{
			ID: "att/chain/intermediate-expired", Aliases: []string{"S-FPF-016"}, Clause: path,
			Says: "a chain whose intermediate has expired is refused",
			Run:  packedWith(statementLie("an expired intermediate", attestation.Misbehaviour{ExpiredIntermediate: true})).Refused,
		},
		{
			ID: "att/chain/intermediate-no-authority", Aliases: []string{"S-FPF-038"}, Clause: path,
			Says: "a chain whose intermediate may not issue certificates is refused",
			Run:  packedWith(statementLie("an intermediate that is no authority", attestation.Misbehaviour{NotCAIntermediate: true})).Refused,
		},
		{
			ID: "att/chain/path-too-long", Aliases: []string{"S-FPF-039"}, Clause: path,
			Says: "a chain that is longer than an authority in it allows is refused",
			Run:  packedWith(statementLie("an authority below one that allows none", attestation.Misbehaviour{PathTooLong: true})).Refused,
		},
		{
			ID: "att/chain/root-of-the-same-name", Aliases: []string{"S-FPF-040"}, Clause: path,
			Says: "a chain to another root of the same name is refused",
			Run:  packedWith(statementLie("another root of the same name", attestation.Misbehaviour{ForeignRoot: true})).Refused,
		},
		{
			ID: "att/chain/root-of-its-own", Aliases: []string{"S-FPF-041"}, Clause: path,
			Says: "a chain that brings a root of its own is refused",
			Run:  packedWith(statementLie("a foreign chain with its root", attestation.Misbehaviour{ForeignRoot: true, RootInChain: true})).Refused,
			Fix:  "Never take trust anchors from the statement.",
		},
		{
			ID: "att/chain/self-signed", Aliases: []string{"S-FPF-042"}, Clause: path,
			Says: "a certificate that vouches for itself is refused",
			Run:  packedWith(statementLie("a certificate that signs itself", attestation.Misbehaviour{SelfSigned: true})).Refused,
		},
	}), packedCases([]Case{
		{
			ID: "att/chain/with-root", Aliases: []string{"S-FPF-014"}, Level: interop, Clause: l3("8.2", "root-in-chain"),
			Needs: []conformance.Capability{TrustsLab},
			Says:  "a chain with its trusted root is refused under FIDO's profile, and decided on otherwise",
			Run:   byProfile(chainWithRoot.Refused, chainWithRoot.Observed),
		},
		{
			ID: "att/chain/leaf-twice", Aliases: []string{"S-FPF-036"}, Level: policy, Clause: path,
			Says: "a chain with the first certificate twice is decided on",
			Run:  packedWith(statementLie("the certificate twice", attestation.Misbehaviour{RepeatLeaf: true})).Observed,
		},
		{
			ID: "att/chain/with-another", Aliases: []string{"S-FPF-037"}, Level: policy, Clause: path,
			Says: "a chain with a certificate that does not belong to it is decided on",
			Run:  packedWith(statementLie("one certificate more", attestation.Misbehaviour{ExtraCertificate: true})).Observed,
		},
		{
			ID: "att/chain/model-unlisted", Aliases: []string{"S-FPF-048"}, Level: policy, Clause: reg("23", "trust-anchors"),
			Says: "a chain to a trusted root, of a model that no metadata names, is decided on",
			Run:  packedWith().beside(Registration{Ask: Ask{Attestation: "direct"}, Model: models(chainAttested, ofModel(otherAAGUID)), Lie: Lie{Is: "a model that nobody knows"}}),
		},
	})...)
}

// trustCases are those in which only the way to a trusted root is wrong.
func trustCases(cases []Case) []Case {
	for i := range cases {
		cases[i].Level = policy
		cases[i].Needs = append(cases[i].Needs, TrustsLab)
	}
	return packedCases(cases)
}

var chainWithRoot = packedWith(statementLie("the root behind its chain", attestation.Misbehaviour{RootInChain: true}))
