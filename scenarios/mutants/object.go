package mutants

import (
	"errors"
	"slices"
	"strings"

	"github.com/fxamacker/cbor/v2"
)

// attestationObject is the CBOR of a registration (WebAuthn L3 §6.5.4).
type attestationObject struct {
	raw       []byte
	format    string
	statement cbor.RawMessage
	authData  []byte
	rest      []byte
}

// formats are the attestation statement formats that are verified here (WebAuthn L3 §8).
func formats() []string {
	return []string{"none", "packed", "tpm", "android-key", "android-safetynet", "fido-u2f", "apple", "compound"}
}

// objectSteps are §7.1 steps 13 and 21, and the form of the object.
func objectSteps() []Step {
	return []Step{
		reads("reg/object/read", readObject),
		{Name: "reg/object/end", Clause: registering.clause("13", "", "attestation-object"), check: func(a *attempt) error {
			return unless(len(a.object.rest) == 0, "%d bytes behind the attestation object", len(a.object.rest))
		}},
		{Name: "reg/object/repeats", Clause: rfc("8949", "5.6", "duplicate-keys"), check: func(a *attempt) error {
			return unless(!repeats(a.object.raw), "the attestation object has a member twice")
		}},
		reads("reg/data/parse", func(a *attempt) (err error) {
			a.data, err = parseAuthData(a.object.authData, registering)
			if err == nil && !a.data.attested {
				err = errors.New("there is no attested credential data")
			}
			return err
		}),
	}
}

func readObject(a *attempt) error {
	o := &a.object
	var err error
	if o.raw, o.rest, err = firstItem(a.envelope.attestationObject); err != nil {
		return errors.New("the attestation object is no CBOR")
	}
	var members map[string]cbor.RawMessage
	if decoding.Unmarshal(o.raw, &members) != nil || members == nil {
		return errors.New("the attestation object is no map with keys of text")
	}
	if !isText(members["fmt"]) || decoding.Unmarshal(members["fmt"], &o.format) != nil {
		return errors.New("fmt is no text")
	}
	if !isBytes(members["authData"]) || decoding.Unmarshal(members["authData"], &o.authData) != nil {
		return errors.New("authData is no byte string")
	}
	o.statement = members["attStmt"]
	return unless(len(o.statement) > 0, "attStmt is missing")
}

// Major types of CBOR (RFC 8949 §3.1), which the library would convert into each other.
func isText(item cbor.RawMessage) bool  { return len(item) > 0 && item[0]>>5 == 3 }
func isBytes(item cbor.RawMessage) bool { return len(item) > 0 && item[0]>>5 == 2 }
func isArray(item cbor.RawMessage) bool { return len(item) > 0 && item[0]>>5 == 4 }
func isMap(item cbor.RawMessage) bool   { return len(item) > 0 && item[0]>>5 == 5 }
func isNumber(item cbor.RawMessage) bool {
	return len(item) > 0 && item[0]>>5 <= 1
}

// formatSteps are §7.1 steps 21 and 22: the statement is held against the steps of its format.
func formatSteps() []Step {
	return []Step{
		{Name: "reg/statement/format", Clause: registering.clause("21", "", "format"), Also: or(l3("8.1", "format-identifier")), check: func(a *attempt) error {
			return unless(slices.Contains(formats(), a.object.format), "the format %q is not supported", a.object.format)
		}},
		reads("reg/statement/verify", func(a *attempt) error {
			a.statement = &statement{format: a.object.format, raw: a.object.statement}
			return a.rp.follow(a.rp.statement, a)
		}),
	}
}

// statementSteps are the verification procedures of all formats.
func statementSteps() []Step {
	return slices.Concat(noneSteps(), packedSteps(), tpmSteps(), androidKeySteps(), safetyNetSteps(), u2fSteps(), appleSteps(), compoundSteps())
}

// of makes a check one of a format's own.
func of(format string, check func(*attempt, *statement) error) func(*attempt) error {
	return func(a *attempt) error {
		if a.statement.format != format {
			return nil
		}
		return check(a, a.statement)
	}
}

// noneSteps are §8.7.
func noneSteps() []Step {
	return []Step{{Name: "none/empty", Clause: l3("8.7", "empty-statement"), check: of("none", func(_ *attempt, s *statement) error {
		return unless(isMap(s.raw) && s.raw[0]&0x1f == 0, "a statement of format none is not empty")
	})}}
}

// compoundSteps are §8.9.
func compoundSteps() []Step {
	return []Step{
		reads("compound/read", of("compound", readParts)),
		{Name: "compound/count", Clause: l3("8.9", "compound-two-parts"), check: of("compound", func(_ *attempt, s *statement) error {
			return unless(len(s.parts) >= 2, "a compound statement has %d parts", len(s.parts))
		})},
		{Name: "compound/nested", Clause: l3("8.9", "compound-nested"), check: of("compound", func(_ *attempt, s *statement) error {
			for _, part := range s.parts {
				if part.format == "compound" || part.format == "none" {
					return errors.New("a part of a compound statement is " + part.format)
				}
			}
			return nil
		})},
		{Name: "compound/parts", Clause: l3("8.9", "compound-sufficient"), check: of("compound", func(a *attempt, s *statement) error {
			return verifyParts(a, s.parts)
		})},
	}
}

func readParts(_ *attempt, s *statement) error {
	var list []map[string]cbor.RawMessage
	if !isArray(s.raw) || decoding.Unmarshal(s.raw, &list) != nil {
		return errors.New("a compound statement is a list of statements")
	}
	for _, one := range list {
		part := &statement{raw: one["attStmt"]}
		if !isText(one["fmt"]) || decoding.Unmarshal(one["fmt"], &part.format) != nil || len(part.raw) == 0 {
			return errors.New("a part of a compound statement lacks fmt or attStmt")
		}
		s.parts = append(s.parts, part)
	}
	return nil
}

func verifyParts(a *attempt, parts []*statement) error {
	whole := a.statement
	defer func() { a.statement = whole }()
	for _, part := range parts {
		if !slices.Contains(formats(), part.format) {
			return errors.New("the format of a part is not supported: " + strings.ToValidUTF8(part.format, "?"))
		}
		if part.format == "compound" { // reached only where nesting is overlooked
			continue
		}
		a.statement = part
		if err := a.rp.follow(a.rp.statement, a); err != nil {
			return err
		}
	}
	return nil
}
