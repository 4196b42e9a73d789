package rpcases

import (
	"context"
	"fmt"
	"slices"

	"github.com/passkeylab/passkeylab/harness/conformance"
	"github.com/passkeylab/passkeylab/harness/subject"
	"github.com/passkeylab/passkeylab/virtualauth"
	"github.com/passkeylab/passkeylab/virtualauth/attestation"
	"github.com/passkeylab/passkeylab/virtualauth/cose"
)

// This file is what the sections about statement formats (WebAuthn L3 §8) share. Each asks for direct attestation, and is
// skipped where the server does not ask for it, or refuses the format as such: no relying party must know them all.

// Takes is a relying party that accepts honest statements of a format. For most formats that takes trust in the suite's own
// authority as well.
func Takes(format attestation.Format) conformance.Capability {
	return conformance.Capability("statements of the format " + string(format))
}

// probeFormats finds out which formats are accepted, by one honest registration with each.
func (s *Suite) probeFormats(ctx context.Context, b *Bench, has *conformance.Capabilities) {
	for _, format := range attestation.Formats() {
		r := statements(format)
		p := b.Person(r.Model, r.Equip)
		answer, err := p.Registers(ctx, r.Ask, r.honest())
		switch {
		case err != nil:
			has.Lack(Takes(format), fmt.Sprintf("an honest registration with a statement of the format %s came to nothing: %v", format, err))
		case answer.Outcome == subject.Accepted:
			has.Add(Takes(format))
		default:
			has.Lack(Takes(format), fmt.Sprintf("the server does not take honest statements of the format %s: %s", format, answer))
		}
	}
}

// statements is an honest registration with a statement of a format. Its key is for ES256, which all formats can speak of, whatever
// the relying party prefers; only packed leaves it the choice.
func statements(format attestation.Format, more ...Model) Registration {
	return Registration{Ask: Ask{Attestation: "direct"}, Statement: format, Equip: withTPM, Model: func(m *virtualauth.Model) {
		m.AAGUID, m.Attestation = LabAAGUID, format
		if format != attestation.FormatPacked && format != attestation.FormatNone {
			m.Algorithms = []cose.Algorithm{cose.ES256}
		}
		for _, change := range more {
			change(m)
		}
	}}
}

// telling is r with lies in it.
func (r Registration) telling(lies ...Lie) Registration {
	r.Lies = lies
	return r
}

// stating is a lie of a statement, which is signed again after it.
func stating(is string, lie attestation.Misbehaviour) Lie {
	return Lie{Is: is, Device: virtualauth.Misbehaviour{Attestation: lie}}
}

// misplaced are lies about one member of a statement: that it is absent, and each of the given wrong values.
func misplaced(member string, wrong ...any) []Lie {
	lies := []Lie{stating("no "+member, attestation.Misbehaviour{Omit: []string{member}})}
	for _, value := range wrong {
		lies = append(lies, stating(fmt.Sprintf("%s that is %s", member, describeCBOR(value)), attestation.Misbehaviour{Set: map[string]any{member: value}}))
	}
	return lies
}

// describeCBOR says what a wrong value is.
func describeCBOR(value any) string {
	switch v := value.(type) {
	case nil:
		return "null"
	case string:
		return fmt.Sprintf("the text %q", v)
	case []byte:
		return fmt.Sprintf("%d bytes", len(v))
	case []any:
		return fmt.Sprintf("an array of %d", len(v))
	case map[string]any:
		return "a map"
	}
	return fmt.Sprint(value)
}

// row is one case of a section: what must be refused, once the honest statement of the section was accepted.
type row struct {
	// id is the last word of the case's, sheet its fact sheet, slug our word for the demand.
	id, sheet, slug string
	says            string
	lies            []Lie
}

// refusals makes the cases of a section.
func (r Registration) refusals(format attestation.Format, section string, level conformance.Level, rows []row) []Case {
	var cases []Case
	for _, row := range rows {
		cases = append(cases, Case{
			ID: "att/" + string(format) + "/" + row.id, Aliases: []string{row.sheet}, Level: level, Clause: l3(section, string(format)+"-"+row.slug),
			Needs: []conformance.Capability{Attests, Takes(format)}, Says: row.says, Run: r.telling(row.lies...).Refused,
		})
	}
	return cases
}

// valid wants the honest statement to be accepted by a server that says that it takes the format (Policy.Formats). For all
// others it is their own business: which formats there are to be is left to each relying party (WebAuthn L3 §7.1 step 21).
func valid(format attestation.Format, honest Registration) Run {
	return func(ctx context.Context, b *Bench) error {
		p := b.Person(honest.Model, honest.Equip)
		answer, err := p.Registers(ctx, honest.Ask, honest.honest())
		if err != nil {
			return conformance.Control("registration with an honest statement", err)
		}
		if answer.Outcome.Refuses() && !slices.Contains(b.Policy.Formats, string(format)) {
			return conformance.Skip("the server refuses honest statements of the format %s, and does not say that it takes them (policy.formats): %s", format, answer)
		}
		if err := b.MustAccept("registration with an honest statement", answer); err != nil {
			return err
		}
		if answer, err = p.SignsIn(ctx, Ask{}, Lie{}); err != nil {
			return conformance.Control("signing in afterwards", err)
		}
		return b.MustAccept("signing in afterwards", answer)
	}
}

// fromNowhere is what becomes of chains that lead to no root that the relying party knows: it says so by its policy.
func fromNowhere(r Registration) Run {
	r = r.telling(stating("a chain from a root that nobody knows", attestation.Misbehaviour{ForeignRoot: true}))
	return byPolicy(func(p Policy) string { return p.UnknownRoots }, r.Refused, r.Accepted, r.Observed)
}

// decideFormats is what the reference relying party decided about statements.
func (p *Policy) decideFormats() {
	p.UnknownRoots, p.UnlistedTPMs, p.SHA1 = "refuse", "refuse", "accept"
	for _, format := range attestation.Formats() {
		p.Formats = append(p.Formats, string(format))
	}
}
