package reports_test

import (
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/passkeylab/passkeylab/reports"
)

func TestMerge(t *testing.T) {
	one, two := smallRun(), smallRun()
	one.Results, two.Results = one.Results[:2], two.Results[2:]
	two.Started = one.Started.Add(10 * time.Second)
	two.Interrupted = true

	merged := reports.Merge(one, two)
	if len(merged.Results) != len(smallRun().Results) || !merged.Interrupted {
		t.Errorf("got %d results, interrupted %v", len(merged.Results), merged.Interrupted)
	}
	if merged.Suite != "journeys" || merged.Command != one.Command || len(merged.Notes) != 1 {
		t.Errorf("what both runs agree on was not kept: %+v", merged)
	}
	if want := two.Duration + 10*time.Second; merged.Started != one.Started || merged.Duration != want {
		t.Errorf("began %v and took %v, want %v and %v", merged.Started, merged.Duration, one.Started, want)
	}
	if !slices.IsSortedFunc(merged.Results, func(a, b reports.Result) int { return a.Started.Compare(b.Started) }) {
		t.Error("results are not in the order in which they began")
	}
}

func TestMergeTellsDifferences(t *testing.T) {
	one, two := smallRun(), smallRun()
	two.Suite, two.Seed = "rpconformance", 7
	two.Versions = map[string]string{"browser": "Chromium 157", "tpm": "swtpm"}
	merged := reports.Merge(one, two)
	if merged.Suite != "journeys + rpconformance" {
		t.Errorf("suite is %q", merged.Suite)
	}
	if got, want := merged.Versions["browser"], "Chromium 156.0.7710.0 | Chromium 157"; got != want {
		t.Errorf("browser is %q, want %q", got, want)
	}
	notes := strings.Join(merged.Notes, "\n")
	for _, want := range []string{"different seeds", "different versions of browser"} {
		if !strings.Contains(notes, want) {
			t.Errorf("no note says %q:\n%s", want, notes)
		}
	}
	if want := 2 * len(smallRun().Results); len(merged.Results) != want {
		t.Errorf("a repeated id lost a result: %d of %d", len(merged.Results), want)
	}
}

func TestMergeOfOneOrNone(t *testing.T) {
	if got := reports.Merge(); !reflect.DeepEqual(got, reports.Run{}) {
		t.Errorf("nothing merged to %+v", got)
	}
	late := reports.Run{Suite: "b"}
	if got := reports.Merge(late, smallRun()); got.Started != began {
		t.Errorf("a run that never began moved the start to %v", got.Started)
	}
}
