package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/passkeylab/passkeylab/harness/config"
	"github.com/passkeylab/passkeylab/reports"
	"github.com/passkeylab/passkeylab/scenarios"
)

// casesOptions are the flags of passkeylab cases.
type casesOptions struct {
	settings settings
	suite    string
	only     []string
	json     bool
}

func (a app) casesCommand() *cobra.Command {
	var o casesOptions
	cmd := &cobra.Command{
		Use:   "cases",
		Short: "List the cases of a suite, each with its state in the last run",
		Long: `cases lists what a suite claims, case by case: id, group, priority, how the last run ended it, the drivers that tell it, and
its sentence. It runs nothing. The state comes from run.json of the last run: passed, failed, skipped (with the reason in
--json) or not run. Over several drivers a failure counts first, then a pass, then a skip; a driver whose state is another
one is listed with it.

--json prints one object: format, suite, run (file and started, when there was one), totals by state, and cases. Each case
has id, sentence, group, priority, state, location (file:line) and drivers, a list of name, state and, when there is one,
reason. Cases of the suite rp have level, clause and aliases instead of priority, location and drivers.

Exit codes: 0 listed (whatever the states), 1 the last run could not be read, 2 wrong flags or settings.`,
		Example: `  passkeylab cases
  passkeylab cases --suite=journeys --only='WP-*,EX-0?'
  passkeylab cases --suite=rp --only='reg/*'
  passkeylab cases --json`,
		Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error { return a.cases(o) },
	}
	o.settings.register(cmd)
	cmd.Flags().StringVar(&o.suite, "suite", "journeys", "the `name` of the suite")
	cmd.Flags().StringSliceVar(&o.only, "only", nil, "only ids that match one of these `patterns`, in which * stands for anything and ? for one character")
	cmd.Flags().BoolVar(&o.json, "json", false, "print JSON instead of a table")
	return cmd
}

func (a app) cases(o casesOptions) error {
	loaded, err := o.settings.load()
	if err != nil {
		return err
	}
	suite, err := scenarios.Find(o.suite)
	if err != nil {
		return usage("--suite: %w", err)
	}
	all, err := suite.Cases()
	if err != nil {
		return err
	}
	chosen, err := choose(all, o.only)
	if err != nil {
		return err
	}
	last, err := lastRun(loaded, suite.Name)
	if err != nil {
		return err
	}
	list := newCaseList(suite.Name, chosen, last)
	if o.json {
		encoder := json.NewEncoder(a.out)
		encoder.SetEscapeHTML(false)
		encoder.SetIndent("", "  ")
		return encoder.Encode(list)
	}
	return a.printCases(list)
}

// choose keeps the cases whose id matches one of the patterns; without a pattern all.
func choose(all []scenarios.Case, patterns []string) ([]scenarios.Case, error) {
	if len(patterns) == 0 {
		return all, nil
	}
	var chosen []scenarios.Case
	for _, one := range all {
		for _, pattern := range patterns {
			matches, err := selects(pattern, one)
			if err != nil {
				return nil, usage("--only %s is no pattern; write it like 'WP-*' or 'EX-0?'", pattern)
			}
			if matches {
				chosen = append(chosen, one)
				break
			}
		}
	}
	if len(chosen) == 0 {
		return nil, usage("--only %s matches no id; they look like %s, and a pattern must match the whole of one", strings.Join(patterns, ","), all[0].ID)
	}
	return chosen, nil
}

// selects matches a pattern with the id of a case, or with one of its aliases. In ids that are paths, * stands for slashes, too.
func selects(pattern string, one scenarios.Case) (bool, error) {
	for _, id := range append([]string{one.ID}, one.Aliases...) {
		flat := strings.NewReplacer("/", "\x00")
		if matches, err := path.Match(flat.Replace(pattern), flat.Replace(id)); err != nil || matches {
			return matches, err
		}
	}
	return false, nil
}

// foundRun is the last run, as far as a list of cases tells it.
type foundRun struct {
	File    string    `json:"file"` // File is run.json, from the checkout's root when it lies there.
	Started time.Time `json:"started"`

	results map[string][]reports.Result // by [reports.Result.Key]
}

// lastRun reads the file of the last run; nil when there is none, or when it was another suite's.
func lastRun(c *config.Config, suite string) (*foundRun, error) {
	if c.Reports.JSON == "" {
		return nil, nil
	}
	if _, err := os.Stat(c.Reports.JSON); errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	run, err := readRun(c.Reports.JSON)
	if err != nil {
		return nil, err
	}
	if run.Suite != suite {
		return nil, nil
	}
	found := &foundRun{File: relative(c.Root, c.Reports.JSON), Started: run.Started, results: map[string][]reports.Result{}}
	for _, result := range run.Results {
		found.results[result.Key()] = append(found.results[result.Key()], result)
	}
	return found, nil
}

// printCases prints the table, and a line with the totals.
func (a app) printCases(list caseList) error {
	table := tabwriter.NewWriter(a.out, 0, 0, 2, ' ', 0)
	header, priority, from := "ID\tGROUP\tPRIORITY\tSTATE\tDRIVERS\tSENTENCE", func(c listedCase) string { return c.Priority }, listedCase.over
	if len(list.Cases) > 0 && list.Cases[0].Clause != "" {
		header = "ID\tGROUP\tLEVEL\tSTATE\tCLAUSE\tSENTENCE"
		priority, from = func(c listedCase) string { return c.Level }, func(c listedCase) string { return c.Clause }
	}
	fmt.Fprintln(table, header)
	for _, one := range list.Cases {
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%s\n", one.ID, one.Group, priority(one), one.State, from(one), one.Sentence)
	}
	if err := table.Flush(); err != nil {
		return fmt.Errorf("print the cases: %w", err)
	}
	last := "there is no run of this suite yet"
	if list.Run != nil {
		last = fmt.Sprintf("the run of %s, %s", list.Run.Started.UTC().Format("2006-01-02 15:04 UTC"), list.Run.File)
	}
	_, err := fmt.Fprintf(a.out, "\n%s: %s (%s)\n", count(len(list.Cases), "case", "cases"), list.Totals, last)
	return err
}
