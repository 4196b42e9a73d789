package journeys

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	. "github.com/onsi/ginkgo/v2"
	"github.com/onsi/ginkgo/v2/types"

	"github.com/passkeylab/passkeylab/reports"
	"github.com/passkeylab/passkeylab/rp"
)

// Every refusal of the relying party must be told by some journey: a code that none raises is either dead or untested. Each
// result lists the codes that its stage heard; when every journey was run, those that are on no list fail the run by name.

// judgeCodes adds to a run in which every journey was played a result that says whether each code was raised, and returns an
// error if one was not.
func (h *House) judgeCodes(report Report, run *reports.Run) error {
	if h.config.RP.URL != "" || !whole(report) {
		return nil
	}
	result := reports.Result{
		ID: "suite/codes", Title: "every refusal code is raised by a journey", Group: "Suite", State: reports.Passed,
		Started: report.StartTime, Codes: raised(run.Results),
	}
	var err error
	if left := unraised(run.Results); len(left) > 0 {
		err = fmt.Errorf("no journey raises %s", strings.Join(left, ", "))
		result.State, result.Failure = reports.Failed, &reports.Failure{Expected: fmt.Sprintf("all %d codes", len(rp.Codes())), Got: fmt.Sprintf("%d of them", len(result.Codes)), Message: err.Error()}
	}
	run.Results = append(run.Results, result)
	return err
}

// whole reports whether every journey was played to its end: none was filtered out, withheld or broken off, and the run was not
// a dry one, in which nothing is played.
func whole(report Report) bool {
	if report.SuiteConfig.DryRun {
		return false
	}
	played := 0
	for _, spec := range report.SpecReports {
		if spec.LeafNodeType != types.NodeTypeIt {
			continue
		}
		if !spec.State.Is(types.SpecStatePassed | types.SpecStateFailed) {
			return false
		}
		played++
	}
	return played > 0 && len(report.SpecialSuiteFailureReasons) == 0
}

// raised are the codes that any of the results heard, sorted.
func raised(results []reports.Result) []string {
	var codes []string
	for _, result := range results {
		codes = append(codes, result.Codes...)
	}
	slices.Sort(codes)
	return slices.Compact(codes)
}

// unraised are the codes that none of the results heard, sorted.
func unraised(results []reports.Result) []string {
	known := raised(results)
	var left []string
	for _, code := range rp.Codes() {
		if !slices.Contains(known, string(code)) {
			left = append(left, string(code))
		}
	}
	slices.Sort(left)
	return left
}

func TestCodesThatNoJourneyRaisesAreNamed(t *testing.T) {
	var all []string
	for _, code := range rp.Codes() {
		all = append(all, string(code))
	}
	slices.Sort(all)
	results := []reports.Result{{Codes: all[:10]}, {Codes: all[5 : len(all)-1]}}
	if left := unraised(results); !slices.Equal(left, all[len(all)-1:]) {
		t.Errorf("left are %q, want %q", left, all[len(all)-1:])
	}
	if left := unraised(append(results, reports.Result{Codes: all[len(all)-1:]})); len(left) > 0 {
		t.Errorf("left are %q, want none", left)
	}
	if got := raised(results); len(got) != len(all)-1 {
		t.Errorf("%d codes are raised, want each once", len(got))
	}
}

func TestOnlyAWholeRunIsJudgedByItsCodes(t *testing.T) {
	it := func(state types.SpecState) types.SpecReport {
		return types.SpecReport{LeafNodeType: types.NodeTypeIt, State: state}
	}
	for _, c := range []struct {
		name   string
		report Report
		want   bool
	}{
		{"all journeys ended", Report{SpecReports: types.SpecReports{{LeafNodeType: types.NodeTypeBeforeSuite}, it(types.SpecStatePassed), it(types.SpecStateFailed)}}, true},
		{"nothing ran", Report{}, false},
		{"one was left out or withheld", Report{SpecReports: types.SpecReports{it(types.SpecStatePassed), it(types.SpecStateSkipped)}}, false},
		{"one was broken off", Report{SpecReports: types.SpecReports{it(types.SpecStatePassed), it(types.SpecStateInterrupted)}}, false},
		{"none was played at all", Report{SuiteConfig: types.SuiteConfig{DryRun: true}, SpecReports: types.SpecReports{it(types.SpecStatePassed)}}, false},
		{"the suite was", Report{SpecReports: types.SpecReports{it(types.SpecStatePassed)}, SpecialSuiteFailureReasons: []string{"Interrupted by User"}}, false},
	} {
		if got := whole(c.report); got != c.want {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
}
