package rpcases

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/passkeylab/passkeylab/harness/conformance"
	"github.com/passkeylab/passkeylab/reports"
)

// run is what was found: each finding is a result that failed, and each route one that tells how many mutants of it were tried.
func (f *fuzzing) run(ctx context.Context) reports.Run {
	took := f.Suite.Now().Sub(f.began)
	run := reports.Run{
		Seed: f.Seed, Started: f.began, Duration: took, Edition: f.Profile.Edition(), Interrupted: ctx.Err() != nil,
		Versions: map[string]string{"profile": string(f.Profile)}, Notes: f.notes(took),
	}
	for _, one := range f.routes {
		for _, found := range f.found {
			if found.route == one {
				run.Results = append(run.Results, f.result(found))
			}
		}
		run.Results = append(run.Results, f.routeResult(one))
	}
	if f.stopped != nil {
		run.Results = append(run.Results, f.stopResult())
	}
	return run
}

// notes count the mutants, and say what to do next.
func (f *fuzzing) notes(took time.Duration) []string {
	came := map[verdict]int{}
	for _, one := range f.routes {
		for v, n := range one.came {
			came[v] += n
		}
	}
	text := fmt.Sprintf("%d mutants in %s, %.0f a second, %d at a time: %d refused, %d accepted that mean the same as the honest message, %d that show a finding",
		f.made, took.Round(time.Second/10), float64(f.made)/max(took.Seconds(), 0.001), max(1, f.Parallel), came[wasRefused], came[wasAccepted], came[wasFault])
	if n := came[wasUnsaid]; n > 0 {
		text += fmt.Sprintf(", %d that cannot be put to such a server", n)
	}
	notes := []string{text + "."}
	if slices.ContainsFunc(f.found, func(found *finding) bool { return found.err != nil }) {
		notes = append(notes, "The line beside reproduce plays a finding again and prints every exchange with a curl line.")
	}
	if len(f.found) >= f.Most {
		notes = append(notes, fmt.Sprintf("It ended after %d findings; there may be more.", f.Most))
	}
	return notes
}

// routeResult tells what became of a route's mutants beside the findings.
func (f *fuzzing) routeResult(one *route) reports.Result {
	result := reports.Result{
		ID: fuzzID + "/" + one.name, Title: "every mutant of " + one.says + " that is no finding is refused without a trace, or means the same",
		Group: fuzzID, Labels: one.words(one.families...), Priority: string(conformance.Must), State: reports.Passed, Clauses: []string{one.clause().String()},
		Observations: []string{fmt.Sprintf("%d mutants: %d refused, %d accepted that mean the same, %d that show a finding.", one.made, one.came[wasRefused], one.came[wasAccepted], one.came[wasFault])},
	}
	switch {
	case one.why != "":
		result.State, result.Reason, result.Observations = reports.Skipped, one.why, nil
	case one.made == 0:
		result.State, result.Reason, result.Observations = reports.Skipped, "there was no time for it", nil
	}
	return result
}

// stopResult tells what ended the run before its time.
func (f *fuzzing) stopResult() reports.Result {
	o := f.stopped
	result := reports.Result{
		ID: fuzzID + "/stopped", Title: "the server goes on giving honest ceremonies", Group: fuzzID, Priority: string(conformance.Must), State: reports.Inconclusive,
		Clauses: []string{o.route.clause().String()},
		Reason: fmt.Sprintf("%v; so that it ended after %d mutants. If the server is down, one of the last mutants may have ended it: %s, which was tried last",
			o.err, f.made, o.mutant()),
	}
	if o.trial != nil {
		result.Exchanges = o.trial.Reported()
	}
	return result
}

// id names a finding. What must be refused, and what must not change, is named by that, so that it is the same finding in
// every run and with every seed; where a server breaks, by where.
func (found *finding) id() string {
	wrong := found.fault()
	if wrong == nil {
		return found.recalled
	}
	id := fuzzID + "/" + found.route.name + "/" + wrong.slug
	if !wrong.Broke {
		return id
	}
	outcome, _, _ := strings.Cut(wrong.Got, ",")
	outcome, _, _ = strings.Cut(outcome, ":")
	where := []string{outcome}
	for _, e := range found.recipe {
		where = append(where, e.Path+" "+e.Op)
	}
	slices.Sort(where[1:])
	sum := sha256.Sum256([]byte(strings.Join(where, "|")))
	return id + "-" + hex.EncodeToString(sum[:4])
}

// result is one finding for a report, or one that is gone, or a mutant that shows nothing.
func (f *fuzzing) result(found *finding) reports.Result {
	one, m := found.route, found.mutant()
	result := reports.Result{
		ID: found.id(), Title: fmt.Sprintf("%s with %s [%s]", one.says, m.Recipe.Says(), m), Group: fuzzID, Labels: one.words(found.families()...),
		Priority: string(conformance.Must), State: reports.Passed, Clauses: []string{one.clause().String()}, Observations: f.seenHow(found),
	}
	if result.ID == "" {
		result.ID = fuzzID + "/" + one.name
	}
	if f.Reproduce != nil {
		result.Reproduce = f.Reproduce(m)
	}
	if found.trial != nil {
		result.Exchanges = found.trial.Reported()
	}
	wrong := found.fault()
	switch once := new(onlyOnce); {
	case wrong == nil && found.err != nil:
		result.State, result.Reason = reports.Inconclusive, found.err.Error()
		return result
	case wrong == nil && one.why != "":
		result.State, result.Reason = reports.Skipped, one.why
		return result
	case wrong == nil:
		return result
	case errors.As(found.err, &once):
		result.State, result.Reason = reports.Inconclusive, once.Error()
	default:
		result.State = reports.Failed
	}
	result.Clauses, result.Fix = []string{wrong.clause.String()}, fixFor(wrong.clause)
	if wrong.Broke {
		result.Fix = "Answer what cannot be decoded or verified with 4xx, wherever in the message it stands, and let no error or panic of a decoder end the request."
	}
	result.Failure = &reports.Failure{Step: wrong.What, Expected: wrong.Want, Got: wrong.Got, Message: wrong.Error()}
	return result
}

// seenHow tells how a finding was come by.
func (f *fuzzing) seenHow(found *finding) []string {
	var all []string
	if found.err == nil && found.recalled == "" {
		return []string{map[verdict]string{
			wasRefused: "It was refused, and left nothing behind.", wasAccepted: "It was accepted, and means the same as the honest message.",
			wasUnsaid: "It cannot be put to such a server.",
		}[found.is]}
	}
	if found.recalled != "" && found.err != nil {
		all = append(all, "It is known from the run that this one is compared with.")
	}
	if found.first >= 0 {
		all = append(all, fmt.Sprintf("Mutant %d of seed %d showed it first.", found.first, f.Seed))
	}
	if found.times > 1 {
		all = append(all, fmt.Sprintf("%d mutants showed it.", found.times))
	}
	return all
}

// families are those of a recipe's edits.
func (found *finding) families() []string {
	var all []string
	for _, s := range found.route.samples {
		for _, place := range s.tree.Places() {
			for _, e := range found.recipe {
				if e.Path == place.Path {
					all = append(all, familyOf(place, e.Op))
				}
			}
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}
