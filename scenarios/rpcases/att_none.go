package rpcases

import (
	"context"
	"fmt"

	"github.com/passkeylab/passkeylab/harness/client"
	"github.com/passkeylab/passkeylab/harness/conformance"
	"github.com/passkeylab/passkeylab/harness/subject"
	"github.com/passkeylab/passkeylab/virtualauth/attestation"
)

// attestationNone is about the format none (WebAuthn L3 §8.7) and about what a relying party makes of it (§7.1 step 24).
func attestationNone() []Case {
	empty := l3("8.7", "empty-statement")
	return []Case{
		{
			ID: "att/none/empty", Aliases: []string{"S-FNO-001"}, Level: must, Clause: empty,
			Says: "an empty statement of format none is accepted when no attestation was asked for",
			Run:  Registration{Ask: Ask{Attestation: "none"}, Lie: Lie{Is: "an empty statement", Message: seenFormat(attestation.FormatNone)}}.Accepted,
		},
		{
			ID: "att/none/self-unasked", Aliases: []string{"S-FNO-002"}, Level: must, Clause: reg("22", "statement"),
			Says: "a self attestation is accepted though no attestation was asked for",
			Run: selfAttesting(Registration{
				Ask: Ask{Attestation: "none"}, Model: attestingItself, Lie: Lie{Is: "a self attestation", Message: seenFormat(attestation.FormatPacked)},
			}.Accepted),
		},
		{
			ID: "att/none/packed-inside", Aliases: []string{"S-FNO-003"}, Level: must, Clause: empty,
			Says: "a packed statement under the name none is refused",
			Run: selfAttesting(Registration{
				Ask: Ask{Attestation: "none"}, Model: attestingItself, Lie: statementLie("the format none for a packed statement", attestation.Misbehaviour{Format: attestation.FormatNone}),
			}.Refused),
		},
		{
			ID: "att/none/member", Aliases: []string{"S-FNO-004"}, Level: must, Clause: empty,
			Says: "a statement of format none that says something is refused",
			Run:  Registration{Lie: objectLie("a member in attStmt", keyStatement, cborMap([]cborPair{{cborText("example"), []byte{0xf5}}}))}.Refused,
		},
		{
			ID: "att/none/no-map", Aliases: []string{"S-FNO-005"}, Level: must, Clause: empty,
			Says: "a statement of format none that is null or an array is refused",
			Run: Registration{Lies: []Lie{
				objectLie("attStmt that is null", keyStatement, []byte{0xf6}), objectLie("attStmt that is an empty array", keyStatement, []byte{0x80}),
				objectLie("attStmt that is an array of a map", keyStatement, []byte{0x81, 0xa0}),
			}}.Refused,
		},
		{
			ID: "att/none/model-told", Aliases: []string{"S-FNO-006"}, Level: must, Clause: empty,
			Says: "an AAGUID beside a statement of format none is accepted",
			Run:  Registration{Ask: Ask{Attestation: "none"}, Lie: Lie{Is: "an AAGUID", Client: client.Misbehaviour{AAGUID: otherAAGUID}}}.Accepted,
		},
		{
			ID: "att/none/where-required", Aliases: []string{"S-FNO-007"}, CVEs: []string{"CVE-2025-12150"}, Level: policy, Clause: reg("24", "none-acceptable"),
			Needs: []conformance.Capability{Configured(AttestationRequired)},
			Says:  "no attestation is refused where attestation is required",
			Run: in(AttestationRequired, Registration{
				Ask: Ask{Attestation: "direct"}, Model: chainAttested, Lie: Lie{Is: "no attestation", Client: client.Misbehaviour{HideAttestation: true}},
			}.Refused),
			Fix: "Decide by the statement that was verified, and refuse format none where your policy demands one.",
		},
		{
			ID: "att/none/where-asked", Aliases: []string{"S-FNO-008"}, Level: policy, Clause: reg("24", "none-acceptable"),
			Says: "no attestation is treated as the relying party says when it asked for attestation",
			Run:  noAttestation("direct"),
		},
		{
			ID: "att/none/where-enterprise", Aliases: []string{"S-FNO-009"}, Level: policy, Clause: reg("24", "none-acceptable"),
			Says: "no attestation is treated as the relying party says when it asked for enterprise attestation",
			Run:  noAttestation("enterprise"),
		},
	}
}

// noAttestation is a registration without attestation though it was asked for. Its twin was not asked.
func noAttestation(conveyance string) Run {
	judged := func(judge func(*Bench, string, subject.Answer) error) Run {
		return func(ctx context.Context, b *Bench) error {
			if err := (Registration{}).control(ctx, b); err != nil {
				return err
			}
			what := "registration without attestation, where it was asked for as " + conveyance
			answer, err := b.Person(nil).Registers(ctx, Ask{Attestation: conveyance}, Lie{Is: "no attestation", Message: seenFormat(attestation.FormatNone)})
			if err != nil {
				return conformance.Control(what, err)
			}
			return judge(b, what, answer)
		}
	}
	return byPolicy(func(p Policy) string { return p.NoAttestation }, judged((*Bench).MustRefuse), judged((*Bench).MustAccept), judged((*Bench).MustDecide))
}

// seenFormat lets a response pass whose statement is of a format.
func seenFormat(want attestation.Format) func(*Message) error {
	return func(m *Message) error {
		var got string
		if err := m.EditAttestation(func(o *AttestationObject) { got = o.Format }); err != nil {
			return err
		}
		if got != string(want) {
			return fmt.Errorf("%w: a statement of format %q", errNotTold, got)
		}
		return nil
	}
}
