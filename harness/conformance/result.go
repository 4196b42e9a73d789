package conformance

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/passkeylab/passkeylab/reports"
)

// result is what a report says of one trial.
func (c Case[S]) result(t *Trial, err error) *reports.Result {
	t.mu.Lock()
	defer t.mu.Unlock()
	verdict := Judge(t.Profile, c.Level, err)
	if verdict == Passed && len(t.advice) > 0 {
		verdict = Advised
	}
	result := &reports.Result{
		ID: c.ID, Title: c.Says, Group: c.Group(), Labels: slices.Concat(c.Aliases, c.Tags), Priority: string(c.Level), State: verdict.State(),
		Clauses: []string{c.Clause.String()}, CVEs: c.CVEs, Fix: c.Fix, Observations: slices.Concat(t.advice, t.observations),
	}
	for _, e := range t.exchanges {
		result.Exchanges = append(result.Exchanges, e.report()...)
	}
	if err == nil {
		return result
	}
	var mismatch *Mismatch
	if errors.As(err, &mismatch) {
		result.Failure = &reports.Failure{Step: mismatch.What, Expected: mismatch.Want, Got: mismatch.Got, Message: err.Error()}
	}
	switch verdict {
	case WasSkipped, WasInconclusive:
		result.Reason = err.Error()
	case Advised: // advice has no failure: it tells what it saw
		result.Observations = append([]string{err.Error()}, result.Observations...)
		result.Failure = nil
	}
	return result
}

// unsteady tells of each case that was repeated and did not end the same way every time.
func unsteady(results []reports.Result) []string {
	var ids, notes []string
	ended := map[string][]reports.Result{}
	for _, result := range results {
		if ended[result.ID] == nil {
			ids = append(ids, result.ID)
		}
		ended[result.ID] = append(ended[result.ID], result)
	}
	for _, id := range ids {
		totals := reports.Count(reports.Run{Results: ended[id]})
		var parts []string
		for _, state := range reports.States() {
			if n := totals.Of(state); n > 0 {
				parts = append(parts, fmt.Sprintf("%d %s", n, state))
			}
		}
		if len(parts) > 1 {
			notes = append(notes, fmt.Sprintf("It did not end the same way every time: %s (%s).", id, strings.Join(parts, ", ")))
		}
	}
	return notes
}

// news tells somebody how far a run has come.
type news struct {
	total int
	began time.Time
	now   func() time.Time
	tell  func(Progress)

	mu   sync.Mutex
	done int
}

func (n *news) begins(id, says string) { n.say(id, says, "") }

func (n *news) ends(id, says string, verdict Verdict) { n.say(id, says, verdict) }

func (n *news) say(id, says string, verdict Verdict) {
	if n.tell == nil {
		return
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if verdict != "" {
		n.done++
	}
	p := Progress{Done: n.done, Total: n.total, ID: id, Says: says, Verdict: verdict, Elapsed: n.now().Sub(n.began)}
	if n.done > 0 {
		p.Left = p.Elapsed / time.Duration(n.done) * time.Duration(n.total-n.done)
	}
	n.tell(p)
}
