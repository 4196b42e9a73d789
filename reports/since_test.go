package reports_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/passkeylab/passkeylab/reports"
)

func one(state reports.State, expected, got string) reports.Result {
	r := reports.Result{ID: "a/a", State: state, Expected: expected}
	if got != "" {
		r.Failure = &reports.Failure{Expected: "a refusal", Got: got}
	}
	return r
}

func TestWhatChangedSinceTheBaseline(t *testing.T) {
	passed, failed, advised := one(reports.Passed, "", ""), one(reports.Failed, "", "acceptance"), one(reports.Advised, "", "")
	known := one(reports.Advised, "our issue 12", "acceptance")
	skipped, unproved := one(reports.Skipped, "", ""), one(reports.Inconclusive, "", "")
	for name, test := range map[string]struct {
		was, is []reports.Result
		want    string
	}{
		"it passes still":                        {[]reports.Result{passed}, []reports.Result{passed}, ""},
		"it fails still":                         {[]reports.Result{failed}, []reports.Result{failed}, "still bad"},
		"it fails now":                           {[]reports.Result{passed}, []reports.Result{failed}, "new"},
		"it was advised and fails":               {[]reports.Result{advised}, []reports.Result{failed}, "new"},
		"it was skipped and fails":               {[]reports.Result{skipped}, []reports.Result{failed}, "new"},
		"it was expected to fail and is not now": {[]reports.Result{known}, []reports.Result{failed}, "new"},
		"it was not there and fails":             {nil, []reports.Result{failed}, "new"},
		"it was not there and passes":            {nil, []reports.Result{passed}, "added"},
		"it is not there any more":               {[]reports.Result{failed}, nil, "gone"},
		"it is repaired":                         {[]reports.Result{failed}, []reports.Result{passed}, "repaired"},
		"it is repaired, with advice":            {[]reports.Result{failed}, []reports.Result{advised}, "repaired"},
		"what was expected to fail is repaired":  {[]reports.Result{known}, []reports.Result{passed}, "repaired"},
		"it fails and is expected to now":        {[]reports.Result{failed}, []reports.Result{known}, "changed"},
		"it is expected to fail still":           {[]reports.Result{known}, []reports.Result{known}, ""},
		"it failed and is skipped":               {[]reports.Result{failed}, []reports.Result{skipped}, "changed"},
		"it passed and is skipped":               {[]reports.Result{passed}, []reports.Result{skipped}, "changed"},
		"it failed and proves nothing":           {[]reports.Result{failed}, []reports.Result{unproved}, "changed"},
		"it is given advice":                     {[]reports.Result{passed}, []reports.Result{advised}, "changed"},
		"it fails in another way":                {[]reports.Result{failed}, []reports.Result{one(reports.Failed, "", "a crash")}, "changed"},
		"it fails, only the numbers differ":      {[]reports.Result{one(reports.Failed, "", "HTTP 200 for 17")}, []reports.Result{one(reports.Failed, "", "HTTP 200 for 4")}, "still bad"},
		"one of its repetitions fails":           {[]reports.Result{passed}, []reports.Result{passed, failed, passed}, "new"},
		"the same one of its repetitions fails":  {[]reports.Result{failed, passed}, []reports.Result{passed, failed}, "still bad"},
	} {
		since := reports.Compare(reports.Run{Results: test.was}, reports.Run{Results: test.is})
		got := ""
		for _, c := range since.Changes {
			got += string(c.Kind)
		}
		if got == "" && since.StillBad > 0 {
			got = "still bad"
		}
		if got != test.want || len(since.Changes)+since.Same != 1 {
			t.Errorf("%s: got %q, want %q; %+v", name, got, test.want, since)
		}
	}
}

func TestRunsThatDifferAreComparedWithCare(t *testing.T) {
	a := reports.Run{Subject: "staging", Edition: "L3", Tool: "1", Versions: map[string]string{"profile": "l3"}}
	b := reports.Run{Subject: "production", Edition: "L3", Tool: "2", Versions: map[string]string{"profile": "fido"}}
	a.Interrupted = true
	since := reports.Compare(a, b)
	if want := []string{"subject", "profile", "tool", "stopped"}; len(since.Doubts) != len(want) {
		t.Errorf("got %q", since.Doubts)
	}
	b.Since = since
	var out strings.Builder
	if err := reports.Summary(&out, b, nil); err != nil || !strings.Contains(out.String(), `careful: another subject: "staging" then, "production" now`) {
		t.Errorf("%v %s", err, out.String())
	}
}

// A baseline that has nothing to do with a run would fill the screen.
func TestTheSummaryListsTheFirstChanges(t *testing.T) {
	var run, before reports.Run
	for i := range 30 {
		before.Results = append(before.Results, reports.Result{ID: fmt.Sprintf("a/%d", i), State: reports.Passed})
	}
	run.Since = reports.Compare(before, run)
	var out strings.Builder
	if err := reports.Summary(&out, run, nil); err != nil || strings.Count(out.String(), "  gone ") != 21 || !strings.Contains(out.String(), "and 10 more") {
		t.Errorf("%v %s", err, out.String())
	}
}
