package main

import (
	"context"
	"fmt"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/passkeylab/passkeylab/harness/conformance"
	"github.com/passkeylab/passkeylab/reports"
	"github.com/passkeylab/passkeylab/scenarios/rpcases"
)

// fuzzOptions are the flags of check rp that --fuzz heeds, and what was read of them.
type fuzzOptions struct {
	checkRPOptions
	known    *reports.Run // of --baseline; nil for none
	expected []conformance.Expected
}

// fuzzes says that mutants are made, or one is played, in place of cases.
func (o *checkRPOptions) fuzzes() bool { return o.fuzz > 0 || o.mutant != "" }

// checkSort wants a baseline of --fuzz with --fuzz, and one of cases with cases.
func (o *checkRPOptions) checkSort(baseline reports.Run) error {
	fuzzed := slices.ContainsFunc(baseline.Results, func(r reports.Result) bool { return strings.HasPrefix(r.ID, "fuzz/") })
	switch {
	case o.fuzzes() && !fuzzed && len(baseline.Results) > 0:
		return usage("--baseline %s is a run of cases, and --fuzz is compared with a run of --fuzz", o.baseline)
	case !o.fuzzes() && fuzzed:
		return usage("--baseline %s is a run of --fuzz; give --fuzz, too, or a run of cases", o.baseline)
	}
	return nil
}

// fuzzRP makes mutants for a while, or plays one of them again.
func (a app) fuzzRP(ctx context.Context, suite *rpcases.Suite, o fuzzOptions) error {
	given := o.seed
	fuzz, err := o.read(suite)
	if err != nil {
		return err
	}
	if fuzz.Has, err = suite.Probe(ctx); err != nil {
		return fmt.Errorf("%s: %w", suite.RP.Name(), err)
	}
	if o.mutant != "" {
		return a.replayMutant(ctx, fuzz, o, given)
	}
	teller := newFuzzTeller(newConsole(a.err, isTerminal(a.err)))
	fuzz.Progress = teller.hear
	run, err := fuzz.Run(ctx)
	teller.end()
	if err != nil {
		return fmt.Errorf("%s: %w", suite.RP.Name(), err)
	}
	info, _ := debug.ReadBuildInfo()
	run.Suite, run.Subject, run.Tool, run.Command = "rp", suite.RP.Name(), "passkeylab "+versionOf(info), o.fuzzCommand()
	o.expect(run.Results)
	if o.known != nil {
		run.Since = reports.Compare(*o.known, run)
	}
	return a.reportCheck(run, o.checkRPOptions)
}

// read reads the flags.
func (o *fuzzOptions) read(suite *rpcases.Suite) (rpcases.Fuzz, error) {
	f := rpcases.Fuzz{Suite: suite, For: o.fuzz, Parallel: o.parallel, Reproduce: o.mutantCommand}
	switch {
	case o.replay != "":
		return f, usage("--replay is about a case; a mutant of --fuzz is played again by --mutant")
	case o.repeat > 1:
		return f, usage("--repeat is about cases; give --fuzz more time")
	case o.mutant != "" && o.baseline != "":
		return f, usage("--mutant shows one mutant, and --baseline compares a run; give one of them")
	}
	if err := o.settle(); err != nil {
		return f, err
	}
	f.Seed, f.Profile = o.seed, conformance.Profile(o.profile)
	var err error
	if f.Only, err = conformance.ParsePatterns(o.only); err == nil {
		err = f.Check()
	}
	if err != nil {
		return f, &exit{code: exitUsage, cause: fmt.Errorf("--only: %w", err)}
	}
	if o.known != nil {
		f.Known = o.known.Results
	}
	return f, nil
}

// replayMutant plays the mutant of --mutant, which is written as a finding names it or is a number. given is the seed that the
// command line had.
func (a app) replayMutant(ctx context.Context, fuzz rpcases.Fuzz, o fuzzOptions, given int64) error {
	m, err := rpcases.ParseFuzzMutant(o.mutant)
	if number, notOne := strconv.Atoi(o.mutant); notOne == nil {
		if given == 0 || number < 0 {
			return usage("--mutant %s: a number means a mutant of one seed; give the --seed of its run, and its --only", o.mutant)
		}
		m, err = fuzz.Mutant(ctx, number)
	}
	if err != nil {
		return &exit{code: exitUsage, cause: fmt.Errorf("--mutant: %w", err)}
	}
	trial, result, err := fuzz.Replay(ctx, m)
	if err != nil {
		return fmt.Errorf("%s: %w", fuzz.Suite.RP.Name(), err)
	}
	a.printTrial(trial, result)
	if result.State.Bad() {
		return &exit{code: exitBad}
	}
	return nil
}

// expect turns findings that the target expects into advice. One that did not happen is no news: chance may have missed it.
func (o *fuzzOptions) expect(results []reports.Result) {
	for i := range results {
		for _, e := range o.expected {
			if results[i].State == reports.Failed && selected(results[i], []conformance.Pattern{e.Pattern}) {
				results[i].State, results[i].Expected = reports.Advised, e.Reason
			}
		}
	}
}

// fuzzCommand is the line that makes the same mutants again.
func (o *fuzzOptions) fuzzCommand() string {
	line := fmt.Sprintf("passkeylab check rp --target=%s --profile=%s --seed=%d --fuzz=%s --parallel=%d", shellQuoted(o.target), o.profile, o.seed, o.fuzz, o.parallel)
	for _, pattern := range o.only {
		line += " --only=" + shellQuoted(pattern)
	}
	return line
}

// mutantCommand is the line that plays one mutant again.
func (o *fuzzOptions) mutantCommand(m rpcases.FuzzMutant) string {
	return fmt.Sprintf("passkeylab check rp --target=%s --profile=%s --mutant=%s", shellQuoted(o.target), o.profile, shellQuoted(m.String()))
}

// fuzzTeller tells each finding, and how far a run has come: again and again on a terminal, now and then in a log.
type fuzzTeller struct {
	screen *console
	told   time.Duration // when it was told last
}

func newFuzzTeller(screen *console) *fuzzTeller { return &fuzzTeller{screen: screen} }

// hear takes one piece of news.
func (t *fuzzTeller) hear(p rpcases.FuzzProgress) {
	if p.News != nil {
		t.screen.print(newsOf(*p.News, p.Again))
	}
	quiet := quietForLog
	if t.screen.terminal {
		quiet = quietForTerminal
	}
	if p.Elapsed-t.told < quiet {
		return
	}
	t.told = p.Elapsed
	line := count(p.Mutants, "mutant", "mutants")
	if seconds := p.Elapsed.Seconds(); seconds > 1 {
		line += fmt.Sprintf(" (%.0f a second)", float64(p.Mutants)/seconds)
	}
	line += ", " + count(p.Found, "finding", "findings")
	if p.Known > 0 {
		line += fmt.Sprintf(" (%d known)", p.Known)
	}
	line += fmt.Sprintf("; %s left\n", p.Left.Round(time.Second))
	if t.screen.terminal {
		t.screen.show(line)
	} else {
		t.screen.print(line)
	}
}

// newsOf is a finding in a line or two.
func newsOf(r reports.Result, known bool) string {
	word := string(r.State)
	switch {
	case known && r.State == reports.Passed:
		return fmt.Sprintf("%-12s %s: %s does not show it any more\n", "repaired", r.ID, r.Title)
	case known:
		word = "known"
	}
	text := fmt.Sprintf("%-12s %s: %s\n", word, r.ID, r.Title)
	if r.Failure != nil {
		text += fmt.Sprintf("%-12s want %s; got %s\n", "", r.Failure.Expected, r.Failure.Got)
	}
	return text
}

// end takes the line off the terminal.
func (t *fuzzTeller) end() {
	if t.screen.terminal {
		t.screen.show("")
	}
}
