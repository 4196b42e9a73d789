package reports

import "time"

// Exit codes that [Judge] gives.
const (
	ExitOK          = 0   // ExitOK: everything that ran passed, and something ran.
	ExitFailed      = 1   // ExitFailed: at least one result failed, aborted or was inconclusive, or an expected failure did not happen.
	ExitNothing     = 2   // ExitNothing: nothing ran, so nothing was shown.
	ExitInterrupted = 130 // ExitInterrupted: the run was stopped before its end and what had run was good.
)

// Totals counts the results of a run by state.
type Totals struct {
	All, Passed, Failed, Skipped, Inconclusive, Advised, Aborted int

	Time time.Duration // Time is the sum of all durations, more than the run's own when processes ran in parallel.
}

// Count counts the results of the run. A state that is not known counts as Aborted, never as good news.
func Count(run Run) Totals {
	var t Totals
	for _, result := range run.Results {
		t.All++
		t.Time += result.Duration
		switch result.State {
		case Passed:
			t.Passed++
		case Failed:
			t.Failed++
		case Skipped:
			t.Skipped++
		case Inconclusive:
			t.Inconclusive++
		case Advised:
			t.Advised++
		default:
			t.Aborted++
		}
	}
	return t
}

// Of returns the count of one state.
func (t Totals) Of(state State) int {
	switch state {
	case Passed:
		return t.Passed
	case Failed:
		return t.Failed
	case Skipped:
		return t.Skipped
	case Inconclusive:
		return t.Inconclusive
	case Advised:
		return t.Advised
	case Aborted:
		return t.Aborted
	}
	return 0
}

// Ran counts the results that were not skipped.
func (t Totals) Ran() int { return t.All - t.Skipped }

// Bad counts the results that fail a run.
func (t Totals) Bad() int { return t.Failed + t.Aborted + t.Inconclusive }

// Bad says whether a result in this state fails the run: everything but passed, advised and skipped.
func (s State) Bad() bool { return s != Passed && s != Advised && s != Skipped }

// Verdict is what a whole run comes to.
type Verdict struct {
	OK     bool   // OK is true only when ExitCode is ExitOK.
	Exit   int    // Exit is the code for the process to exit with.
	Phrase string // Phrase says it in a few words, for headings.
}

// Judge says what a run comes to, whatever it was compared with. The worst news wins: a failure is worse than an interruption, and an interruption
// is worse than nothing having run. A run whose every result was skipped shows nothing and is not a success.
func Judge(run Run) Verdict {
	totals := Count(run)
	switch {
	case totals.Bad() > 0:
		return Verdict{Exit: ExitFailed, Phrase: badPhrase(run, totals)}
	case len(run.Unused) > 0:
		return Verdict{Exit: ExitFailed, Phrase: count(len(run.Unused), "expected failure", "expected failures") + " did not happen"}
	case run.Interrupted:
		return Verdict{Exit: ExitInterrupted, Phrase: "Stopped before the end"}
	case totals.Ran() == 0:
		return Verdict{Exit: ExitNothing, Phrase: "Nothing ran"}
	case totals.Advised > 0:
		return Verdict{OK: true, Phrase: "Passed, with advice"}
	}
	return Verdict{OK: true, Phrase: "All passed"}
}

func badPhrase(run Run, t Totals) string {
	one, many := run.noun()
	switch {
	case t.Failed > 0:
		return count(t.Bad(), one+" needs", many+" need") + " a look"
	case t.Aborted > 0:
		return count(t.Bad(), one, many) + " did not finish"
	}
	return count(t.Bad(), one, many) + " proved nothing"
}

// noun is what the results of the run are called: those of the suites of cases are cases, all others journeys.
func (r Run) noun() (one, many string) {
	if r.cases() {
		return "case", "cases"
	}
	return "journey", "journeys"
}

func (r Run) cases() bool { return r.Suite == "rp" || r.Suite == "authenticator" }
