package main

import (
	"bufio"
	"errors"
	"io"
	"os"
	"slices"

	"github.com/passkeylab/passkeylab/harness/conformance"
	"github.com/passkeylab/passkeylab/reports"
)

// exitKnown is for a run in which something is bad, and all of it as it was in the baseline.
const exitKnown = 3

// readBaseline reads the run to compare with, without the cases that this run does not select; nil for none.
func (o *checkRPOptions) readBaseline() (*reports.Run, error) {
	if !slices.Contains([]string{"bad", "all"}, o.exchanges) {
		return nil, usage("--exchanges %s: write bad or all", o.exchanges)
	}
	if o.baseline == "" {
		return nil, nil
	}
	if o.replay != "" {
		return nil, usage("--replay shows one case, and --baseline compares a run; give one of them")
	}
	if _, err := os.Stat(o.baseline); errors.Is(err, os.ErrNotExist) {
		return nil, usage("--baseline %s: there is no such file; a run with --json writes one", o.baseline)
	}
	run, err := readRun(o.baseline)
	if err != nil {
		return nil, &exit{code: exitUsage, cause: err}
	}
	if run.Suite != "rp" {
		return nil, usage("--baseline %s is a run of the suite %q; it must be one of check rp", o.baseline, run.Suite)
	}
	if err := o.checkSort(run); err != nil {
		return nil, err
	}
	only, err := conformance.ParsePatterns(o.only)
	if err != nil {
		return nil, &exit{code: exitUsage, cause: err}
	}
	run.Results = slices.DeleteFunc(run.Results, func(r reports.Result) bool { return !selected(r, only) })
	return &run, nil
}

// selected says whether patterns would choose the case of a result; without a pattern, all.
func selected(r reports.Result, only []conformance.Pattern) bool {
	of := conformance.Case[struct{}]{ID: r.ID, Tags: r.Labels}
	return len(only) == 0 || slices.ContainsFunc(only, of.Is)
}

// reportCheck writes the files and the summary, and decides the exit code.
func (a app) reportCheck(run reports.Run, o checkRPOptions) error {
	if o.exchanges == "bad" {
		run = reports.WithoutGoodExchanges(run)
	}
	if o.scrubbed != nil {
		run = o.scrubbed(run)
	}
	writers := []struct {
		path  string
		write func(io.Writer) error
	}{
		{o.json, func(w io.Writer) error { return reports.JSON(w, run) }},
		{o.junit, func(w io.Writer) error { return reports.JUnit(w, run) }},
		{o.html, func(w io.Writer) error { return reports.HTML(w, run, reports.Assets{}) }},
	}
	var written []string
	var failed error // the summary is told all the same: it may be all that is left of a long run
	for _, one := range writers {
		if err := writeReport(one.path, one.write); err != nil {
			failed = errors.Join(failed, err)
		} else if one.path != "" {
			written = append(written, one.path)
		}
	}
	if o.replay == "" {
		out := bufio.NewWriter(a.out)
		failed = errors.Join(failed, reports.Summary(out, run, written), out.Flush())
	}
	if failed != nil {
		return failed
	}
	if code := checkExit(run); code != exitGood {
		return &exit{code: code}
	}
	return nil
}

// checkExit is that of the run itself; where everything bad is as in the baseline, it is exitKnown.
func checkExit(run reports.Run) int {
	code := reports.Judge(run).Exit
	worse := func(c reports.Change) bool { return c.Is != "" && c.Is.Bad() }
	if code != exitBad || run.Since == nil || len(run.Unused) > 0 || run.Interrupted || slices.ContainsFunc(run.Since.Changes, worse) {
		return code
	}
	return exitKnown
}
