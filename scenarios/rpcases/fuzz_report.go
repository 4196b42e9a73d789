package rpcases

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"

	"github.com/passkeylab/passkeylab/harness/conformance"
	"github.com/passkeylab/passkeylab/reports"
)

// run is what was found: each fault is a result that failed, and each route one that passed where nothing was found.
func (f *fuzzing) run(ctx context.Context) reports.Run {
	run := reports.Run{
		Seed: f.Seed, Started: f.began, Duration: f.Suite.Now().Sub(f.began), Edition: conformance.L3.Edition(),
		Interrupted: ctx.Err() != nil, Notes: []string{fmt.Sprintf("%d mutants were made.", f.made)},
	}
	if len(f.found) >= f.Most {
		run.Notes = append(run.Notes, fmt.Sprintf("It ended after %d findings; there may be more.", f.Most))
	}
	for _, one := range f.routes {
		bad := 0
		for _, found := range f.found {
			if found.route == one {
				run.Results = append(run.Results, f.result(found))
				bad++
			}
		}
		if bad > 0 {
			continue
		}
		result := reports.Result{
			ID: "fuzz/" + one.name, Title: "no mutant of " + one.says + " is accepted, breaks the server or changes the account", Group: "fuzz",
			Priority: string(conformance.Must), State: reports.Passed, Clauses: []string{one.clause.String()},
			Observations: []string{fmt.Sprintf("%d mutants: %d refused, %d accepted, all of which may be.", one.made, one.refused, one.accepted)},
		}
		if one.why != "" {
			result.State, result.Reason, result.Observations = reports.Skipped, one.why, nil
		} else if one.made == 0 {
			result.State, result.Reason, result.Observations = reports.Skipped, "there was no time for it", nil
		}
		run.Results = append(run.Results, result)
	}
	return run
}

// result is one fault for a report. Its id is the same whenever the same recipe shows it.
func (f *fuzzing) result(found *fault) reports.Result {
	one := found.route
	sum := sha256.Sum256([]byte(found.recipe.String()))
	result := reports.Result{
		ID: "fuzz/" + one.name + "/" + hex.EncodeToString(sum[:4]), Title: one.says + " changed by: " + found.recipe.String(), Group: "fuzz",
		Priority: string(conformance.Must), State: reports.Passed, Clauses: []string{one.clause.String()}, Fix: fixFor(one.clause),
	}
	if f.Reproduce != nil {
		result.Reproduce = f.Reproduce(one.name, found.recipe)
	}
	if found.times > 1 {
		result.Observations = append(result.Observations, fmt.Sprintf("%d mutants showed it.", found.times))
	}
	if found.trial != nil {
		result.Exchanges = found.trial.Reported()
	}
	var mismatch *conformance.Mismatch
	switch {
	case errors.As(found.err, &mismatch):
		result.State = reports.Failed
		result.Failure = &reports.Failure{Step: mismatch.What, Expected: mismatch.Want, Got: mismatch.Got, Message: mismatch.Error()}
	case found.err != nil:
		result.State, result.Reason = reports.Inconclusive, found.err.Error()
	}
	return result
}
