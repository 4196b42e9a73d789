package attestation

import (
	"fmt"
	"slices"

	"github.com/fxamacker/cbor/v2"
)

// compound puts several statements about one credential side by side (WebAuthn L3 §8.9):
//
//	[{"fmt": "packed", "attStmt": {…}}, {"fmt": "tpm", "attStmt": {…}}]
//
// A lie about members or certificates is told in every part of it.
func (s Subject) compound() ([]byte, error) {
	formats := s.Compound
	if formats == nil {
		formats = []Format{FormatPacked, FormatTPM}
	}
	if slices.Contains(formats, FormatCompound) {
		return nil, &Error{Format: "compound in compound"}
	}
	if s.Misbehave.Formats != nil {
		formats = s.Misbehave.Formats
	}
	type part struct {
		Format    Format          `cbor:"fmt"`
		Statement cbor.RawMessage `cbor:"attStmt"`
	}
	inner := s
	inner.Misbehave.Formats = nil // a compound inside is made of honest parts
	parts := make([]part, 0, len(formats))
	for i, f := range formats {
		if s.Misbehave.SpoilLast && i == len(formats)-1 {
			inner.Misbehave.BadSignature = true
		}
		body, err := inner.body(f)
		if err != nil {
			return nil, fmt.Errorf("attestation: part of compound: %w", err)
		}
		parts = append(parts, part{f, body})
	}
	return encoder.Marshal(parts)
}
