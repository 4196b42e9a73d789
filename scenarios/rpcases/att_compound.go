package rpcases

import (
	"fmt"
	"slices"
	"strconv"

	"github.com/fxamacker/cbor/v2"

	"github.com/passkeylab/passkeylab/harness/conformance"
	"github.com/passkeylab/passkeylab/virtualauth"
	"github.com/passkeylab/passkeylab/virtualauth/attestation"
	"github.com/passkeylab/passkeylab/virtualauth/ctap2"
)

// attestationCompound is about statements of format compound (WebAuthn L3 §8.9). Its parts sign authenticator data and client
// data hash, each for itself, and nothing signs the list: it may be changed afterwards.
func attestationCompound() []Case {
	type lie = attestation.Misbehaviour
	two := statements(attestation.FormatCompound)
	self := statements(attestation.FormatCompound, func(m *virtualauth.Model) {
		m.Compound = []attestation.Format{attestation.FormatPacked, attestation.FormatPacked}
	})
	takes := []conformance.Capability{Attests, Takes(attestation.FormatCompound)}
	return slices.Concat(
		[]Case{{
			ID: "att/compound/valid", Aliases: []string{"S-FCO-001"}, Level: optional, Clause: l3("8.9", "compound-valid"),
			Needs: []conformance.Capability{Attests}, Says: "two statements about one credential, of a TPM and by the credential's own key, are accepted",
			Run: valid(attestation.FormatCompound, two),
		}},
		two.refusals(attestation.FormatCompound, "8.9", must, []row{
			{"one-part", "S-FCO-002", "two-parts", "a compound of one statement is refused", []Lie{stating("one statement alone", lie{Formats: []attestation.Format{attestation.FormatPacked}})}},
			{"no-part", "S-FCO-003", "two-parts", "a compound of no statement is refused", []Lie{stating("no statement", lie{Formats: []attestation.Format{}})}},
			{
				"nested", "S-FCO-004", "nested", "a compound within a compound is refused",
				[]Lie{
					arranged("a compound within it", func(parts []part) any { return []any{parts[0], withinEachOther(parts)} }),
					arranged("two compounds within it", func(parts []part) any { return []any{withinEachOther(parts), withinEachOther(parts)} }),
				},
			},
			{
				"map", "S-FCO-006", "syntax", "a compound that is no array is refused",
				[]Lie{
					arranged("a map in place of the array", func(parts []part) any {
						named := map[string]part{}
						for i, p := range parts {
							named[strconv.Itoa(i)] = p
						}
						return named
					}),
					arranged("the first statement in place of the array", func(parts []part) any { return parts[0] }),
					arranged("null in place of the array", func([]part) any { return nil }),
				},
			},
			{
				"part-incomplete", "S-FCO-007", "syntax", "a compound with a part that lacks its format, or its statement, is refused",
				[]Lie{
					arranged("a part without fmt", func(parts []part) any { return []any{parts[0], lacking(parts[1], "fmt")} }),
					arranged("a part without attStmt", func(parts []part) any { return []any{parts[0], lacking(parts[1], "attStmt")} }),
					arranged("a part that is null", func(parts []part) any { return []any{parts[0], nil} }),
				},
			},
		}),
		[]Case{
			{
				ID: "att/compound/part-invalid", Aliases: []string{"S-FCO-005"}, Level: policy, Clause: l3("8.9", "compound-sufficient"),
				Needs: takes, Says: "a compound in which one statement verifies and one does not is decided on",
				Run: two.telling(stating("a bad signature in its last part", lie{SpoilLast: true})).Observed,
			},
			{
				ID: "att/compound/thousand-parts", Aliases: []string{"S-FCO-008"}, Level: robust, Clause: l3("8.9", "compound-cost"),
				Needs: takes, Says: "a compound of a thousand statements is decided on, and the next registration works",
				Run: self.telling(arranged("a thousand statements", func(parts []part) any { return slices.Repeat(parts, 1000/len(parts)) })).Observed,
			},
		},
	)
}

// part is one statement within a compound.
type part = map[string]cbor.RawMessage

func lacking(p part, member string) part {
	rest := part{}
	for name, value := range p {
		if name != member {
			rest[name] = value
		}
	}
	return rest
}

func withinEachOther(parts []part) any {
	return map[string]any{"fmt": attestation.FormatCompound, "attStmt": parts}
}

// arranged is a lie about the list: what stands in its place.
func arranged(is string, arrange func([]part) any) Lie {
	return Lie{Is: is, Message: func(m *Message) (failed error) {
		err := m.EditAttestation(func(object *AttestationObject) {
			var parts []part
			if failed = cbor.Unmarshal(object.Statement, &parts); failed == nil && len(parts) < 2 {
				failed = fmt.Errorf("a compound of %d parts", len(parts))
			}
			if failed == nil {
				object.Statement, failed = ctap2.Marshal(arrange(parts))
			}
		})
		if err != nil {
			return err
		}
		return failed
	}}
}
