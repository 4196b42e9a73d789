package conformance

import "strings"

// Clause is a place in a specification. Numbers of steps drift between editions, so a clause carries its edition, and a slug
// of our own that stays.
type Clause struct {
	// Spec and Edition name the text: "WebAuthn" and "L3".
	Spec, Edition string
	// Section is its number, "7.1"; Step that of the step of its algorithm, "16" or "25 to 27", "" for none.
	Section, Step string
	// Slug is our word for the demand, the same in every edition: "user-verified".
	Slug string
}

// String is how a report cites it: "WebAuthn L3 §7.1 step 16".
func (c Clause) String() string {
	if c == (Clause{}) {
		return ""
	}
	var s strings.Builder
	s.WriteString(c.Spec)
	if c.Edition != "" {
		s.WriteString(" " + c.Edition)
	}
	if c.Section != "" {
		s.WriteString(" §" + c.Section)
	}
	if c.Step != "" {
		s.WriteString(" step " + c.Step)
	}
	return s.String()
}

// Key names the demand whatever the edition: "WebAuthn/user-verified".
func (c Clause) Key() string { return c.Spec + "/" + c.Slug }
