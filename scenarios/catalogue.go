package scenarios

import (
	"fmt"
	"strings"
)

// Case is one case of a suite, as lists show it.
type Case struct {
	ID       string   // ID is the stable id, for example "WP-01".
	Sentence string   // Sentence is what it proves, in the case's own words, without id and full stop.
	Group    string   // Group is the chapter of the specification, for example "WP".
	Priority string   // Priority is "essential" or "regular".
	Drivers  []string // Drivers are the ways to the authenticator that tell it, the plainest first.
	Location string   // Location is file:line of its declaration, from the checkout's root; empty where the id is enough.
	Level    string   // Level is how much the clause demands; empty for journeys, which have a priority.
	Clause   string   // Clause is what it comes from, for example "WebAuthn L3 §7.1 step 16"; empty for journeys.
	Aliases  []string // Aliases are other ids that it answers to.
}

// Suite is a named set of cases.
type Suite struct {
	Name  string                 // Name is what it is asked for by, for example "journeys".
	Cases func() ([]Case, error) // Cases lists them in the order of their specification.
}

// Suites are all suites.
func Suites() []Suite {
	return []Suite{
		{Name: "journeys", Cases: Journeys},
		{Name: "rp", Cases: RelyingParties},
	}
}

// UnknownSuiteError says that there is no suite of that name.
type UnknownSuiteError struct {
	Name  string
	Known []string // Known are the names of those that exist.
}

// Error names the suites that exist.
func (e *UnknownSuiteError) Error() string {
	return fmt.Sprintf("there is no suite %q; what exists: %s", e.Name, strings.Join(e.Known, ", "))
}

// Find returns the suite of a name, or an [UnknownSuiteError].
func Find(name string) (Suite, error) {
	unknown := &UnknownSuiteError{Name: name}
	for _, suite := range Suites() {
		if suite.Name == name {
			return suite, nil
		}
		unknown.Known = append(unknown.Known, suite.Name)
	}
	return Suite{}, unknown
}
