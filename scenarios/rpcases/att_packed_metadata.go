package rpcases

import (
	"slices"

	"github.com/google/uuid"

	"github.com/passkeylab/passkeylab/harness/conformance"
	"github.com/passkeylab/passkeylab/virtualauth"
	"github.com/passkeylab/passkeylab/virtualauth/attestation"
	"github.com/passkeylab/passkeylab/virtualauth/cose"
)

// attestationModels is about packed statements held against the metadata of their model (WebAuthn L3 §7.1 steps 23 and 24, FIDO
// Metadata Statement 3.1.1 §4). They need a relying party that has the suite's metadata.
func attestationModels() []Case {
	anchors := reg("23", "trust-anchors")
	return inMetadata([]Case{
		{
			ID: "att/model/large-numbers", Aliases: []string{"S-FPF-005"}, Level: optional, Clause: mds("authenticatorGetInfo", "large-numbers"),
			Says: "a model whose metadata has numbers of 64 bits is accepted",
			Run:  packedWith(Lie{Is: "a chain of a model with numbers above 2^53", Message: seenCertificates(2)}).Accepted,
			Fix:  "Read numbers of metadata as integers, or not at all: numbers of JSON may be larger than 2^53.",
		},
		{
			ID: "att/model/certificate-listed", Aliases: []string{"S-FPF-003"}, Level: must, Clause: reg("24", "trust-path"),
			Says: "a statement whose certificate is itself the anchor of its model is accepted",
			Run:  Registration{Ask: Ask{Attestation: "direct"}, Model: models(chainAttested, ofModel(pinnedAAGUID)), Lie: Lie{Is: "a certificate that is listed"}}.Accepted,
		},
		{
			ID: "att/model/anchor-of-another", Aliases: []string{"S-FPF-043"}, Level: policy, Clause: anchors,
			Says: "a chain to a root that is trusted for another model is refused",
			Run: Registration{Ask: Ask{Attestation: "direct"}, Model: models(chainAttested, ofModel(foreignAAGUID)), Equip: madeBy(anotherMaker())}.unlikeIn(
				madeBy(nil), models(chainAttested, ofModel(foreignAAGUID)), Lie{Is: "a chain to the root of another model"}),
			Fix: "Take the trust anchors from the metadata of the model that authenticator data names, and from no other.",
		},
		{
			ID: "att/model/only-self", Aliases: []string{"S-FPS-003"}, Level: interop, Clause: mds("attestationTypes", "attestation-types"),
			Says: "a statement with certificates is refused for a model that only attests to itself",
			Run: Registration{Ask: Ask{Attestation: "direct"}, Model: models(attestingItself, only(cose.ES256), ofModel(selfAAGUID))}.unlike(
				models(chainAttested, ofModel(selfAAGUID)), Lie{Is: "a chain of a model that has none"}),
			Needs: needs(cose.ES256),
		},
		{
			ID: "att/model/algorithm-of-key", Aliases: []string{"S-KEY-013"}, Level: interop, Clause: mds("authenticationAlgorithms", "authentication-algorithms"),
			Says: "a self attestation by an algorithm that the model does not have is refused",
			Run: Registration{Ask: Ask{Attestation: "direct"}, Model: models(attestingItself, only(cose.ES256), ofModel(selfAAGUID))}.unlike(
				models(attestingItself, only(cose.EdDSA), ofModel(selfAAGUID)), Lie{Is: "a self attestation for EdDSA"}),
			Needs: needs(cose.ES256, cose.EdDSA),
		},
		{
			ID: "att/model/algorithm-of-certificate", Aliases: []string{"S-FPF-012"}, Level: interop, Clause: mds("authenticationAlgorithms", "authentication-algorithms"),
			Says: "a statement by a certificate for an algorithm that the model does not have is refused",
			Run:  packedWith().unlike(func(m *virtualauth.Model) { chainAttested(m); m.AttestationKey = cose.ES384 }, Lie{Is: "a certificate with a key for ES384"}),
		},
	})
}

// inMetadata runs cases where the suite's metadata is known.
func inMetadata(cases []Case) []Case {
	for i := range cases {
		cases[i].Needs = slices.Concat(cases[i].Needs, []conformance.Capability{Configured(LabMetadata), Attests})
		cases[i].Run = in(LabMetadata, cases[i].Run)
	}
	return cases
}

// mds is a member of metadata statements.
func mds(member, slug string) conformance.Clause {
	return conformance.Clause{Spec: "FIDO Metadata Statement", Edition: "3.1.1", Section: "4", Step: member, Slug: slug}
}

// ofModel tells a model.
func ofModel(aaguid uuid.UUID) Model {
	return func(m *virtualauth.Model) { m.AAGUID = aaguid }
}

// madeBy gives an authenticator certificates of another authority; nil leaves it the suite's.
func madeBy(authority *attestation.Authority) Equip {
	return func(w *virtualauth.World) {
		if authority != nil {
			w.Authority = authority
		}
	}
}
