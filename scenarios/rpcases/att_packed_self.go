package rpcases

import (
	"context"
	"fmt"

	"github.com/passkeylab/passkeylab/harness/client"
	"github.com/passkeylab/passkeylab/harness/conformance"
	"github.com/passkeylab/passkeylab/virtualauth"
	"github.com/passkeylab/passkeylab/virtualauth/attestation"
	"github.com/passkeylab/passkeylab/virtualauth/authdata"
	"github.com/passkeylab/passkeylab/virtualauth/cose"
)

// attestationSelf is about packed self attestation (WebAuthn L3 §8.2): the statement is signed with the credential's own key.
func attestationSelf() []Case {
	syntax, self := l3("8.2", "packed-syntax"), l3("8.2", "packed-self")
	return []Case{
		{
			ID: "att/self/honest", Aliases: []string{"S-FPS-001"}, Level: must, Clause: reg("22", "statement"),
			Says: "a self attestation is accepted when attestation was asked for",
			Run:  selfAttesting(selfWith(Lie{Is: "a self attestation", Message: seenFormat(attestation.FormatPacked)}).Accepted),
		},
		{
			ID: "att/self/signature", Aliases: []string{"S-FPS-002"}, Level: must, Clause: self,
			Says: "a self attestation whose signature does not verify is refused",
			Run:  selfAttesting(selfWith(statementLie("a spoilt signature", attestation.Misbehaviour{BadSignature: true})).Refused),
		},
		{
			ID: "att/self/empty", Aliases: []string{"S-FPS-004"}, Level: must, Clause: syntax,
			Says: "an empty packed statement is refused",
			Run:  selfAttesting(selfWith(statementLie("an empty statement", attestation.Misbehaviour{Body: []byte{0xa0}})).Refused),
		},
		{
			ID: "att/self/no-algorithm", Aliases: []string{"S-FPS-005"}, Level: must, Clause: syntax,
			Says: "a packed statement without alg is refused",
			Run:  selfAttesting(selfWith(statementLie("no alg", attestation.Misbehaviour{Omit: []string{"alg"}})).Refused),
		},
		{
			ID: "att/self/algorithm-of-another-kind", Aliases: []string{"S-FPS-006"}, Level: must, Clause: syntax,
			Says: "a packed statement whose alg is no integer is refused",
			Run:  selfAttesting(selfWith(otherKinds("alg", kindInteger, statementWith("alg"))...).Swept),
		},
		{
			ID: "att/self/no-signature", Aliases: []string{"S-FPS-007"}, Level: must, Clause: syntax,
			Says: "a packed statement without sig is refused",
			Run:  selfAttesting(selfWith(statementLie("no sig", attestation.Misbehaviour{Omit: []string{"sig"}})).Refused),
		},
		{
			ID: "att/self/signature-of-another-kind", Aliases: []string{"S-FPS-008"}, Level: must, Clause: syntax,
			Says: "a packed statement whose sig is no byte string is refused",
			Run:  selfAttesting(selfWith(otherKinds("sig", kindBytes, statementWith("sig"))...).Swept),
		},
		{
			ID: "att/self/empty-signature", Aliases: []string{"S-FPS-009"}, Level: must, Clause: self,
			Says: "a packed statement whose sig is empty is refused",
			Run:  selfAttesting(selfWith(statementLie("an empty sig", attestation.Misbehaviour{Set: map[string]any{"sig": []byte{}}})).Refused),
		},
		{
			ID: "att/self/algorithm-of-another", Aliases: []string{"S-FPS-010"}, Level: must, Clause: self, Needs: needs(cose.ES256),
			Says: "a self attestation whose alg is not that of the key is refused",
			Run: selfAttesting(selfBy(cose.ES256,
				statementLie("alg of EdDSA for a key of ES256", attestation.Misbehaviour{Algorithm: cose.EdDSA}),
				statementLie("alg of RS256 for a key of ES256", attestation.Misbehaviour{Algorithm: cose.RS256}),
				statementLie("alg of ESP256 for a key of ES256, under which the signature is valid, too", attestation.Misbehaviour{Algorithm: cose.ESP256}),
			).Refused),
		},
		{
			ID: "att/self/signed-data", Aliases: []string{"S-FPS-011"}, Level: must, Clause: self,
			Says: "a self attestation over the client data hash alone, authenticator data alone, or both in the wrong order, is refused",
			Run: selfAttesting(selfWith(
				statementLie("a signature over the hash", attestation.Misbehaviour{Signed: attestation.OnlyTheHash}),
				statementLie("a signature over authenticator data", attestation.Misbehaviour{Signed: attestation.OnlyAuthData}),
				statementLie("a signature over the hash and authenticator data behind it", attestation.Misbehaviour{Signed: attestation.TheHashFirst}),
			).Refused),
		},
		{
			ID: "att/self/altered-afterwards", Aliases: []string{"S-FPS-012"}, Level: must, Clause: self,
			Says: "a self attestation is refused when AAGUID, flags, counter or credential id were changed after it was made",
			Run:  selfAttesting(selfWith(alteredAfterwards()...).Refused),
		},
		{
			ID: "att/self/by-another-key", Aliases: []string{"S-FPS-013"}, Level: must, Clause: self, Needs: needs(cose.ES256),
			Says: "a self attestation by another key of the same kind is refused",
			Run:  selfAttesting(selfBy(cose.ES256, statementLie("a signature by nobody's key", attestation.Misbehaviour{OtherKey: true})).Refused),
		},
		{
			ID: "att/self/model-allowed", Aliases: []string{"S-FPS-014"}, CVEs: []string{"CVE-2026-6856"}, Level: policy, Clause: reg("24", "self-acceptable"),
			Needs: []conformance.Capability{Configured(OnlyLabModels)},
			Says:  "a self attestation that claims to be of an allowed model is refused where only that model is allowed",
			Run:   in(OnlyLabModels, provesNothing),
			Fix:   "Believe an AAGUID only when a statement with a trusted chain has signed it.",
		},
		{
			ID: "att/self/where-refused", Aliases: []string{"S-FPS-015"}, Level: policy, Clause: reg("24", "self-acceptable"),
			Needs: []conformance.Capability{Configured(AttestationRequired)},
			Says:  "a self attestation is refused where attestation must lead to a root",
			Run:   in(AttestationRequired, provesNothing),
		},
		{
			ID: "att/self/ecdaa", Aliases: []string{"S-FPS-016"}, Level: should, Clause: syntax,
			Says: "a packed statement with an ecdaaKeyId, which is gone, is refused",
			Run: selfAttesting(selfWith(statementLie("an ecdaaKeyId", attestation.Misbehaviour{
				Set: map[string]any{"ecdaaKeyId": make([]byte, 32)},
			})).Refused),
		},
		{
			ID: "att/self/unknown-member", Aliases: []string{"S-FPS-017"}, Level: policy, Clause: syntax,
			Says: "a packed statement with a member more is decided on",
			Run: selfAttesting(selfWith(statementLie("a member example", attestation.Misbehaviour{
				Set: map[string]any{"example": true},
			})).Observed),
		},
	}
}

// selfWith are registrations with self attestation, with lies about it; selfBy are those by a key for one algorithm.
func selfWith(lies ...Lie) Registration {
	return Registration{Ask: Ask{Attestation: "direct"}, Model: attestingItself, Lies: lies}
}

func selfBy(algorithm cose.Algorithm, lies ...Lie) Registration {
	return Registration{Ask: Ask{Attestation: "direct"}, Model: models(attestingItself, only(algorithm)), Lies: lies}
}

// attestingItself attests by the credential's own key, and does not tell its model.
func attestingItself(m *virtualauth.Model) { m.Attestation = attestation.FormatPacked }

// statementWith are lies that give a member of the statement an item of another kind. Nothing signs statements.
func statementWith(member string) func(item []byte) Lie {
	return func(item []byte) Lie {
		return Lie{Message: editStatement(func(s []cborPair) []cborPair { return withPair(s, cborText(member), item) })}
	}
}

// alteredAfterwards are lies about authenticator data that a statement has signed already.
func alteredAfterwards() []Lie {
	lies := []Lie{
		{Is: "another AAGUID", Client: client.Misbehaviour{AAGUID: otherAAGUID}},
		{Is: "another UV flag", Client: client.Misbehaviour{FlipFlags: authdata.UV}},
		{Is: "another counter", Client: client.Misbehaviour{SignCount: new(uint32(7))}},
		{Is: "another credential id", Client: client.Misbehaviour{CredentialID: []byte("an id that nobody has signed....")}},
	}
	for i := range lies {
		lies[i].Client.KeepAttestation = true
		lies[i].Is = fmt.Sprintf("%s than was signed", lies[i].Is)
	}
	return lies
}

// selfAttesting skips a case about self attestation where the relying party says that it accepts none.
func selfAttesting(run Run) Run {
	return func(ctx context.Context, b *Bench) error {
		if b.Policy.SelfAttestation == "refuse" {
			return conformance.Skip("the relying party says that it accepts no self attestation (policy.selfAttestation)")
		}
		return run(ctx, b)
	}
}

// provesNothing registers a device of the allowed model with its chain, and then one that only says that it is one.
func provesNothing(ctx context.Context, b *Bench) error {
	twin := Registration{Ask: Ask{Attestation: "direct"}, Model: chainAttested}
	return twin.unlike(models(attestingItself, ofModel(LabAAGUID)), Lie{Is: "a self attestation of the same model", Client: client.Misbehaviour{KeepAttestation: true}})(ctx, b)
}

// unlike wants a registration by another model of device to be refused, beside the twin.
func (r Registration) unlike(model Model, lie Lie) Run { return r.unlikeIn(r.Equip, model, lie) }

// unlikeIn is unlike with a device in another world.
func (r Registration) unlikeIn(equip Equip, model Model, lie Lie) Run {
	return func(ctx context.Context, b *Bench) error {
		if err := r.control(ctx, b); err != nil {
			return err
		}
		p := b.Person(model, equip)
		if _, err := p.tells(ctx, r.Ask, lie, (*Bench).MustRefuse); err != nil {
			return err
		}
		return r.nothingLeft(ctx, p, lie)
	}
}
