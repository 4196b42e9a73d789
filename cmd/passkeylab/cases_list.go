package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/passkeylab/passkeylab/reports"
	"github.com/passkeylab/passkeylab/scenarios"
)

// caseState is what a list says of how a case ended in the last run.
type caseState string

const (
	casePassed  caseState = "passed"
	caseFailed  caseState = "failed" // also what proved nothing or could not be finished
	caseSkipped caseState = "skipped"
	caseNotRun  caseState = "not run"
)

// caseStates are in the order in which they count when a case has several.
var caseStates = [...]caseState{caseFailed, casePassed, caseSkipped, caseNotRun}

// caseList is what passkeylab cases --json prints.
type caseList struct {
	Format string       `json:"format"` // Format is "passkeylab-cases/1".
	Suite  string       `json:"suite"`
	Run    *foundRun    `json:"run,omitempty"` // Run is where the states come from.
	Totals caseTotals   `json:"totals"`
	Cases  []listedCase `json:"cases"`
}

// caseTotals are how many cases are in each state.
type caseTotals struct {
	Passed  int `json:"passed"`
	Failed  int `json:"failed"`
	Skipped int `json:"skipped"`
	NotRun  int `json:"notRun"`
}

// String tells the totals in a few words.
func (t caseTotals) String() string {
	return fmt.Sprintf("%d passed, %d failed, %d skipped, %d not run", t.Passed, t.Failed, t.Skipped, t.NotRun)
}

// listedCase is a case with its state.
type listedCase struct {
	ID       string         `json:"id"`
	Sentence string         `json:"sentence"`
	Group    string         `json:"group"`
	Priority string         `json:"priority,omitempty"`
	Level    string         `json:"level,omitempty"`
	Clause   string         `json:"clause,omitempty"`
	Aliases  []string       `json:"aliases,omitempty"`
	State    caseState      `json:"state"`
	Location string         `json:"location,omitempty"`
	Drivers  []listedDriver `json:"drivers,omitempty"`
}

// listedDriver is how a case ended over one driver.
type listedDriver struct {
	Name   string    `json:"name"`
	State  caseState `json:"state"`
	Reason string    `json:"reason,omitempty"` // Reason says why it was skipped.
}

// newCaseList joins cases with what a run found of them; run may be nil.
func newCaseList(suite string, cases []scenarios.Case, run *foundRun) caseList {
	list := caseList{Format: "passkeylab-cases/1", Suite: suite, Run: run}
	for _, one := range cases {
		listed := listedCase{
			ID: one.ID, Sentence: one.Sentence, Group: one.Group, Priority: one.Priority, Level: one.Level, Clause: one.Clause, Aliases: one.Aliases,
			State: caseNotRun, Location: one.Location,
		}
		if len(one.Drivers) == 0 {
			listed.State = run.over(one.ID, "").State
		}
		for _, name := range one.Drivers {
			driver := run.over(one.ID, name)
			listed.State = weightier(listed.State, driver.State)
			listed.Drivers = append(listed.Drivers, driver)
		}
		list.Totals.add(listed.State)
		list.Cases = append(list.Cases, listed)
	}
	return list
}

func (t *caseTotals) add(state caseState) {
	*map[caseState]*int{casePassed: &t.Passed, caseFailed: &t.Failed, caseSkipped: &t.Skipped, caseNotRun: &t.NotRun}[state]++
}

// over is how a case ended over a driver. What was repeated failed if one of its tries did.
func (r *foundRun) over(id, driver string) listedDriver {
	listed := listedDriver{Name: driver, State: caseNotRun}
	if r == nil {
		return listed
	}
	for _, result := range r.results[reports.Result{ID: id, Driver: driver}.Key()] {
		listed.State = weightier(listed.State, caseStateOf(result.State))
		if listed.State == caseSkipped {
			listed.Reason = result.Reason
		}
	}
	if listed.State != caseSkipped {
		listed.Reason = ""
	}
	return listed
}

func caseStateOf(state reports.State) caseState {
	switch {
	case state.Bad():
		return caseFailed
	case state == reports.Skipped:
		return caseSkipped
	}
	return casePassed
}

func weightier(a, b caseState) caseState {
	if slices.Index(caseStates[:], b) < slices.Index(caseStates[:], a) {
		return b
	}
	return a
}

// over names the drivers of a case, and the state of those that ended otherwise than the case as a whole.
func (c listedCase) over() string {
	var names []string
	for _, driver := range c.Drivers {
		if driver.State != c.State {
			driver.Name += " (" + string(driver.State) + ")"
		}
		names = append(names, driver.Name)
	}
	return strings.Join(names, ", ")
}
