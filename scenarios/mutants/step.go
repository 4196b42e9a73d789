package mutants

import (
	"fmt"

	"github.com/passkeylab/passkeylab/harness/conformance"
)

// Step is one thing that a relying party checks or does. Every step that has a clause can be left out: that is a [Mutant].
type Step struct {
	// Name is a path of words: "reg/client-data/type".
	Name string
	// Clause is where the step is written; empty for a step that only reads, without which there is nothing to decide on.
	Clause conformance.Clause
	// Also are other places where the same demand is written.
	Also []conformance.Clause
	// check refuses what must not be; nil for a deed, which is done wherever [RP.does] asks for it.
	check func(*attempt) error
	// lax are ways in which the check is known to be made badly.
	lax []laxity
}

// laxity is a check that looks at less than it must.
type laxity struct {
	name  string
	check func(*attempt) error
	// clause is what is broken then, and also where else that is written, where they are not the step's.
	clause conformance.Clause
	also   []conformance.Clause
}

// Mutant is a relying party that lacks one step.
type Mutant struct {
	// Name is a path of words: that of the step, and of how badly it is made.
	Name string
	// Clause is what the mutant breaks: a case that cites it must notice.
	Clause conformance.Clause
	// Also are other places where that is written.
	Also []conformance.Clause
	// Without is the step that is left out.
	Without string
	// Instead is what stands in its place; empty for nothing.
	Instead string
	// Deed says that what is left out is no check: it refuses nobody.
	Deed bool
}

// Mutants lists all of them, in the order of the steps.
func Mutants() []Mutant {
	var all []Mutant
	for _, s := range Steps() {
		if s.Clause == (conformance.Clause{}) {
			continue
		}
		all = append(all, Mutant{Name: s.Name, Clause: s.Clause, Also: s.Also, Without: s.Name, Deed: s.check == nil})
		for _, l := range s.lax {
			clause, also := l.clause, l.also
			if clause == (conformance.Clause{}) {
				clause, also = s.Clause, s.Also
			}
			all = append(all, Mutant{Name: s.Name + "/" + l.name, Clause: clause, Also: also, Without: s.Name, Instead: l.name})
		}
	}
	return all
}

// Steps lists everything that the honest relying party checks and does.
func Steps() []Step {
	var all []Step
	for _, some := range [][]Step{
		optionsDeeds(), answerDeeds(), registrationSteps(), statementSteps(), registrationDeeds(), authenticationSteps(), authenticationDeeds(),
	} {
		all = append(all, some...)
	}
	return all
}

// refusal is why a response was refused, and by which step.
type refusal struct {
	step string
	err  error
}

// Error names the step first.
func (r *refusal) Error() string { return r.step + ": " + r.err.Error() }

// Unwrap returns why.
func (r *refusal) Unwrap() error { return r.err }

// reads is a step that only reads.
func reads(name string, check func(*attempt) error) Step { return Step{Name: name, check: check} }

// unless is an error in words when something that must hold does not.
func unless(holds bool, format string, values ...any) error {
	if holds {
		return nil
	}
	return fmt.Errorf(format, values...)
}

// kind is a ceremony's.
type kind string

// The kinds, which are also the first word of the names of their steps.
const (
	registering    kind = "reg"
	authenticating kind = "auth"
)

// clause is a step of the ceremony's own algorithm: the first number is of WebAuthn L3 §7.1, the second of §7.2.
func (k kind) clause(registration, authentication, slug string) conformance.Clause {
	section, step := "7.1", registration
	if k == authenticating {
		section, step = "7.2", authentication
	}
	return conformance.Clause{Spec: "WebAuthn", Edition: "L3", Section: section, Step: step, Slug: string(k) + "-" + slug}
}

func (k kind) name(path string) string { return string(k) + "/" + path }

// l3 is another section of WebAuthn L3.
func l3(section, slug string) conformance.Clause {
	return conformance.Clause{Spec: "WebAuthn", Edition: "L3", Section: section, Slug: slug}
}

// rfc is a section of an RFC.
func rfc(number, section, slug string) conformance.Clause {
	return conformance.Clause{Spec: "RFC " + number, Section: section, Slug: slug}
}

// or is a list of clauses, for what is written in several places.
func or(all ...conformance.Clause) []conformance.Clause { return all }

// api is the REST API of FIDO's server tests.
func api(slug string) conformance.Clause {
	return conformance.Clause{Spec: "FIDO server API", Slug: slug}
}
