package reports_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/passkeylab/passkeylab/reports"
)

func runOf(states ...reports.State) reports.Run {
	var run reports.Run
	for _, state := range states {
		run.Results = append(run.Results, reports.Result{ID: "X", State: state})
	}
	return run
}

func TestJudge(t *testing.T) {
	interrupted := func(run reports.Run) reports.Run { run.Interrupted = true; return run }
	for _, test := range []struct {
		name   string
		run    reports.Run
		ok     bool
		exit   int
		phrase string
	}{
		{"all passed", runOf(reports.Passed, reports.Passed), true, 0, "All passed"},
		{"passed and skipped", runOf(reports.Passed, reports.Skipped), true, 0, "All passed"},
		{"advised", runOf(reports.Passed, reports.Advised), true, 0, "Passed, with advice"},
		{"one failed", runOf(reports.Passed, reports.Failed, reports.Passed), false, 1, "1 journey needs a look"},
		{"failed and aborted", runOf(reports.Failed, reports.Aborted), false, 1, "2 journeys need a look"},
		{"only aborted", runOf(reports.Passed, reports.Aborted), false, 1, "1 journey did not finish"},
		{"only inconclusive", runOf(reports.Passed, reports.Inconclusive, reports.Inconclusive), false, 1, "2 journeys proved nothing"},
		{"unknown state", runOf(reports.Passed, "fine"), false, 1, "1 journey did not finish"},
		{"no state", runOf(""), false, 1, "1 journey did not finish"},
		{"nothing", runOf(), false, 2, "Nothing ran"},
		{"all skipped", runOf(reports.Skipped, reports.Skipped), false, 2, "Nothing ran"},
		{"interrupted", interrupted(runOf(reports.Passed)), false, 130, "Stopped before the end"},
		{"interrupted before anything", interrupted(runOf()), false, 130, "Stopped before the end"},
		{"interrupted and failed", interrupted(runOf(reports.Failed)), false, 1, "1 journey needs a look"},
	} {
		t.Run(test.name, func(t *testing.T) {
			want := reports.Verdict{OK: test.ok, Exit: test.exit, Phrase: test.phrase}
			if got := reports.Judge(test.run); got != want {
				t.Errorf("got %+v, want %+v", got, want)
			}
		})
	}
}

// Every state must be either good, bad or skipped in every place that counts.
func TestCountAndJudgeAgree(t *testing.T) {
	for _, state := range append(reports.States(), "unheard of", "") {
		totals := reports.Count(runOf(state))
		if totals.All != 1 || totals.Bad()+totals.Passed+totals.Advised+totals.Skipped != 1 {
			t.Errorf("%q: %+v does not add up", state, totals)
		}
		if (totals.Bad() == 1) != state.Bad() {
			t.Errorf("%q: Count and State.Bad differ", state)
		}
		if bad := reports.Judge(runOf(reports.Passed, state)).Exit == reports.ExitFailed; bad != state.Bad() {
			t.Errorf("%q: Judge and State.Bad differ", state)
		}
		sum := 0
		for _, known := range reports.States() {
			sum += totals.Of(known)
		}
		if sum != 1 {
			t.Errorf("%q: Of counts it %d times", state, sum)
		}
	}
}

func TestSummaryShowsEveryBadResultWithItsReproduceLine(t *testing.T) {
	run := largeRun(40)
	for i := range run.Results {
		run.Results[i].Reproduce = "run " + run.Results[i].Key() + " again"
	}
	var b bytes.Buffer
	if err := reports.Summary(&b, run, []string{"reports/out/junit.xml"}); err != nil {
		t.Fatal(err)
	}
	for _, result := range run.Results {
		if got := strings.Contains(b.String(), result.Reproduce); got != result.State.Bad() {
			t.Errorf("%s (%s): reproduce line shown: %v", result.ID, result.State, got)
		}
	}
	if strings.ContainsAny(b.String(), "\x1b\x00") {
		t.Error("terminal codes reached the summary")
	}
}

func TestResultsAreCalledWhatTheyAre(t *testing.T) {
	for suite, want := range map[string]string{"journeys": "1 journey needs a look", "rp": "1 case needs a look", "authenticator": "1 case needs a look"} {
		run := reports.Run{Suite: suite, Results: []reports.Result{{ID: "a", State: reports.Failed}}}
		if got := reports.Judge(run).Phrase; got != want {
			t.Errorf("%s: %q, want %q", suite, got, want)
		}
	}
}

// A pattern that nothing matched any more is to be removed: until then the run is no success, whatever passed.
func TestAnExpectedFailureThatDoesNotHappenFailsTheRun(t *testing.T) {
	run := reports.Run{Suite: "rp", Unused: []string{"reg/*"}, Results: []reports.Result{{ID: "a", State: reports.Passed}}}
	if got := reports.Judge(run); got.OK || got.Exit != reports.ExitFailed || got.Phrase != "1 expected failure did not happen" {
		t.Errorf("%+v", got)
	}
}
