package rpcases

import (
	"context"
	"fmt"

	"github.com/passkeylab/passkeylab/harness/conformance"
	"github.com/passkeylab/passkeylab/harness/subject"
	"github.com/passkeylab/passkeylab/virtualauth"
	"github.com/passkeylab/passkeylab/virtualauth/attestation"
)

// mdsService is a section of FIDO's Metadata Service.
func mdsService(section, slug string) conformance.Clause {
	return conformance.Clause{Spec: "FIDO MDS", Edition: "3.1.1", Section: section, Slug: slug}
}

// metadataTrust is about what follows from metadata (FIDO Metadata Service 3.1.1, WebAuthn L3 §7.1 steps 23 and 24). Each model
// attests truly: only what the lists say of it, or which list says it, makes the difference.
func metadataTrust() []Case {
	needs := []conformance.Capability{Attests, Configured(MetadataRequired)}
	row := func(id, sheet, says string, level conformance.Level, clause conformance.Clause, run Run) Case {
		return Case{ID: "meta/" + id, Aliases: []string{sheet}, Level: level, Clause: clause, Needs: needs, Says: says, Run: in(MetadataRequired, run)}
	}
	refused := func(id, sheet, says string, clause conformance.Clause, models ...byte) Case {
		return row(id, sheet, says, must, clause, modelsJudged((*Bench).MustRefuse, models...))
	}
	return []Case{
		row("status/certified", "S-TRU-001", "a certified model is accepted", must, mdsService("3.1.4", "status"), modelsJudged((*Bench).MustAccept, certifiedModel)),
		refused("status/compromised", "S-TRU-002", "a model whose keys, attestation or user verification are broken is refused", mdsService("3.1.4", "status"),
			bypassedModel, attestationKeyModel, remoteKeyModel, physicalKeyModel),
		refused("status/revoked", "S-TRU-008", "a model that was revoked is refused", mdsService("3.1.4", "status"), revokedModel),
		row("status/uncertified", "S-TRU-009", "models that have an update, or are not certified, are decided on", policy, mdsService("3.1.4", "status"),
			modelsJudged((*Bench).MustDecide, updatableModel, uncertifiedModel, submittedModel)),
		row("status/mended", "S-TRU-010", "a model that was broken and certified again is decided on", policy, mdsService("3.1.4", "status-history"),
			modelsJudged((*Bench).MustDecide, mendedModel)),
		row("status/unknown", "S-TRU-017", "a status that nobody knows yet does not speak against a certified model", should, mdsService("3.1.4", "status"),
			modelsJudged((*Bench).MustAccept, futureModel)),
		refused("status/this-batch", "S-TRU-002", "a model is refused whose attestation keys were stolen from the batch that attests", mdsService("3.1.3", "batch"),
			thisBatchModel, thisCertificateModel),
		row("status/this-root", "S-TRU-002", "a model is refused whose attestation keys were stolen from all that lead to the root of the statement, which does not bring it",
			should, mdsService("3.1.3", "batch"), modelsJudged((*Bench).MustRefuse, thisRootModel)),
		row("status/another-batch", "S-TRU-011", "a model is accepted whose attestation keys were stolen from another batch than the one that attests", should,
			mdsService("3.1.3", "batch"), modelsJudged((*Bench).MustAccept, otherBatchModel, otherCertificateModel)),
		refused("list/bad-signature", "S-TRU-003", "a model is refused that only a list with a bad signature knows", mdsService("3.2", "signature"), badSignatureModel),
		refused("list/chain", "S-TRU-004", "a model is refused that only a list knows whose chain does not verify", mdsService("3.2", "chain"), foreignListModel, gapInListModel, expiredListModel),
		row("list/stale", "S-TRU-013", "a model that only a list knows whose next update is overdue is decided on", policy, mdsService("3.2", "next-update"),
			modelsJudged((*Bench).MustDecide, staleListModel)),
		refused("list/algorithm", "S-TRU-014", "a model is refused that only a list knows which nobody has signed, or anybody could have", mdsService("3.2", "signature"),
			noneListModel, macListModel),
		refused("list/chain-elsewhere", "S-TRU-015", "a model is refused that only a list knows which points to another host for its chain", mdsService("3.2", "chain"), elsewhereListModel),
		refused("list/another-signer", "S-TRU-016", "a model is refused that only a list knows which another host has signed", mdsService("3.2", "chain"), otherHostListModel),
		refused("list/revoked-issuer", "S-TRU-005", "a model is refused that only a list knows whose signer's issuer was revoked", mdsService("3.2", "chain"), revokedIssuerModel),
		refused("list/revoked-signer", "S-TRU-006", "a model is refused that only a list knows whose signer was revoked", mdsService("3.2", "chain"), revokedSignerModel),
		refused("list/rolled-back", "S-TRU-012", "a model is refused that only an older list knows which came in the place of a newer one", mdsService("3.2", "number"), rolledBackModel),
		row("anchor", "S-TRU-019", "a model is accepted whose entry names the issuer of its certificate, or that certificate itself, as its anchor", should,
			reg("23", "trust-anchors"), modelsJudged((*Bench).MustAccept, byIntermediateModel, byLeafModel)),
		row("unlisted", "S-FPF-048", "a chain to a root that other models have, of a model that no list names, is refused where only listed models are taken", policy,
			reg("24", "trust-path"), modelsJudged((*Bench).MustRefuse, unlistedModel)),
		row("self-made-chain", "S-TRU-020", "a chain that somebody made for a known model is refused", must, reg("24", "trust-path"),
			modelRegistration(certifiedModel).telling(
				stating("a certificate that vouches for itself", attestation.Misbehaviour{SelfSigned: true}),
				stating("a chain from another root of the same name", attestation.Misbehaviour{ForeignRoot: true}),
			).Refused),
		{
			ID: "meta/unknown-root", Aliases: []string{"S-TRU-021"}, Level: policy, Clause: reg("24", "trust-path"), Needs: []conformance.Capability{Attests, TrustsLab},
			Says: "a chain that leads to no known root is dealt with as the relying party says, where attestation is not required",
			Run:  fromNowhere(statements(attestation.FormatPacked, func(m *virtualauth.Model) { m.AttestationType = attestation.Basic })),
		},
		{
			ID: "meta/another-type", Aliases: []string{"S-TRU-022"}, Level: should, Clause: reg("24", "trust-path"),
			Needs: []conformance.Capability{Attests, Takes(attestation.FormatPacked)},
			Says:  "a model may attest by its certificate in one registration and by the credential's own key in the next", Run: anotherType,
		},
	}
}

// metadataExcuses are the fact sheets about lists that no longer exist.
func metadataExcuses() []Excuse {
	return []Excuse{{
		"S-TRU-007", "version 2 of the metadata service was shut down, and lists of version 3 contain their statements: there is no hash to compare",
	}}
}

// modelRegistration is an honest registration by a listed model.
func modelRegistration(number byte) Registration {
	return statements(attestation.FormatPacked, func(m *virtualauth.Model) { m.AAGUID, m.AttestationType = modelNumber(number), attestation.Basic })
}

// modelsJudged registers by the certified model, which must be accepted, and then by each of the others.
func modelsJudged(judge func(*Bench, string, subject.Answer) error, models ...byte) Run {
	return func(ctx context.Context, b *Bench) error {
		if err := modelRegistration(certifiedModel).control(ctx, b); err != nil {
			return err
		}
		for _, number := range models {
			r := modelRegistration(number)
			what := fmt.Sprintf("registration by model %d", number)
			answer, err := b.Person(r.Model, r.Equip).Registers(ctx, r.Ask, Lie{})
			if err != nil {
				return conformance.Control(what, err)
			}
			if err := judge(b, what, answer); err != nil {
				return err
			}
		}
		return nil
	}
}

// anotherType registers two authenticators of one model, which attest in different ways.
func anotherType(ctx context.Context, b *Bench) error {
	basic := statements(attestation.FormatPacked, func(m *virtualauth.Model) { m.AttestationType = attestation.Basic })
	p := b.Person(basic.Model, basic.Equip)
	answer, err := p.Registers(ctx, basic.Ask, Lie{})
	if err == nil {
		err = b.MustAccept("registration by the model's certificate", answer)
	}
	if err != nil {
		return conformance.Control("honest control", err)
	}
	self := statements(attestation.FormatPacked)
	p.NewDevice(self.Model, self.Equip)
	if answer, err = p.Registers(ctx, self.Ask, Lie{}); err != nil {
		return conformance.Control("registration by the credential's own key", err)
	}
	return b.MustAccept("registration by the credential's own key", answer)
}
