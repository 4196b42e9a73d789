package conformance

import (
	"context"
	"strings"
)

// Case is one thing that is true of every subject that keeps the specification. S is what a case works on: a stage that is
// set up for this one trial, and taken down after it.
type Case[S any] struct {
	// ID is a path of words, never reused: "reg/client-data/type-of-an-assertion". Its first word is the group.
	ID string
	// Aliases are other ids that it answers to, such as those of the fact sheets that it covers: "S-CDJ-005".
	Aliases []string
	// Says is what it proves, one sentence in its own words, without full stop.
	Says string
	// Clause is where that is written.
	Clause Clause
	// Level is how much the clause demands.
	Level Level
	// Fix says in one sentence what to do about a failure; empty leaves it to the clause.
	Fix string
	// Tags are words to select by, besides the id.
	Tags []string
	// CVEs are published vulnerabilities, and issues of projects, in which a subject got it wrong: "CVE-2021-38299".
	CVEs []string
	// Needs are capabilities without which it is skipped.
	Needs []Capability
	// Run puts it to the test; the package comment says what its errors mean.
	Run func(ctx context.Context, subject S) error
}

// Group is the first word of the id.
func (c Case[S]) Group() string {
	group, _, _ := strings.Cut(c.ID, "/")
	return group
}

// Level is how much a clause demands.
type Level string

// The levels.
const (
	Must     Level = "must"     // Must: whoever does otherwise breaks the specification.
	Should   Level = "should"   // Should: recommended.
	Policy   Level = "policy"   // Policy: the subject decides; it is held to what it says that it decided.
	Robust   Level = "robust"   // Robust: no clause, but it must not break.
	Interop  Level = "interop"  // Interop: what the profile fido wants and newer text does not.
	Optional Level = "optional" // Optional: a feature that not every subject has; with it, it must be right.
)

// Capability is something that not every subject has.
type Capability string

// Capabilities are those that a subject has, and why it lacks others.
type Capabilities struct {
	has     map[Capability]bool
	lacking map[Capability]string
}

// Add says that the subject has a capability.
func (c *Capabilities) Add(all ...Capability) {
	if c.has == nil {
		c.has = map[Capability]bool{}
	}
	for _, one := range all {
		c.has[one] = true
		delete(c.lacking, one)
	}
}

// Lack says why the subject lacks a capability, in words for a report: "the server does not offer ES384".
func (c *Capabilities) Lack(one Capability, why string) {
	if c.lacking == nil {
		c.lacking = map[Capability]string{}
	}
	delete(c.has, one)
	c.lacking[one] = why
}

// Has reports whether the subject has a capability.
func (c Capabilities) Has(one Capability) bool { return c.has[one] }

// Missing returns why a case with these needs cannot run, "" when it can.
func (c Capabilities) Missing(needs []Capability) string {
	for _, one := range needs {
		if c.has[one] {
			continue
		}
		if why := c.lacking[one]; why != "" {
			return why
		}
		return "the subject does not have: " + string(one)
	}
	return ""
}
