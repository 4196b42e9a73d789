package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime/debug"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/passkeylab/passkeylab/harness/conformance"
	"github.com/passkeylab/passkeylab/reports"
	"github.com/passkeylab/passkeylab/scenarios/rpcases"
)

// referenceTarget is the name of our own relying party, in this process.
const referenceTarget = "reference"

// checkRPOptions are the flags of passkeylab check rp.
type checkRPOptions struct {
	target      string
	profile     string
	only        []string
	replay      string
	repeat      int
	parallel    int
	seed        int64
	caseTimeout time.Duration
	json, junit string
	html        string
}

func (a app) checkRPCommand() *cobra.Command {
	var o checkRPOptions
	cmd := &cobra.Command{
		Use:   "rp",
		Short: "Judge a relying party that has FIDO's REST API",
		Long: `rp holds the cases of every relying party against a server with the REST API of FIDO's server tests (/attestation/options,
/attestation/result, /assertion/options, /assertion/result). The target is described in a YAML file, of which only base is
needed:

  name: Our staging server
  base: https://staging.example/fido
  origin: https://staging.example
  policy: {counter: refuse, crossOrigin: refuse}
  expected: [{id: "reg/client-data/*", reason: known until the next release}]

--target=reference judges passkeylab's own relying party, in this process.

A case that fails tells what was wanted and what was got. A case whose honest twin was not accepted is inconclusive: it
proved nothing. Under the profiles fido and l3, what the text merely recommends is advice.

Exit codes: 0 nothing failed, nothing was inconclusive, something ran and every expected failure happened; 1 otherwise;
2 wrong flags or target, or nothing ran; 130 interrupted.`,
		Example: `  passkeylab check rp --target=reference
  passkeylab check rp --target=target.yaml --profile=l3-recommended --junit=junit.xml --json=run.json
  passkeylab check rp --target=target.yaml --only='reg/*,S-CDJ-027'
  passkeylab check rp --target=target.yaml --replay=reg/client-data/type-of-an-assertion`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return a.checkRP(cmd.Context(), o) },
	}
	f := cmd.Flags()
	f.StringVar(&o.target, "target", "", "the YAML `file` that describes the target, or reference")
	f.StringVar(&o.profile, "profile", string(conformance.L3), "the `book` to judge by: fido, l3 or l3-recommended")
	f.StringSliceVar(&o.only, "only", nil, "only cases whose id, alias or tag matches one of these `patterns`, in which * stands for anything")
	f.StringVar(&o.replay, "replay", "", "run one case by its `id` and print every exchange, each with a curl line")
	f.IntVar(&o.repeat, "repeat", 1, "how often each case runs")
	f.IntVar(&o.parallel, "parallel", 1, "how many cases run at a time")
	f.Int64Var(&o.seed, "seed", 0, "the seed of all randomness; 0 draws one")
	f.DurationVar(&o.caseTimeout, "case-timeout", time.Minute, "the longest `time` for one case")
	f.StringVar(&o.json, "json", "", "write what was found to this `file` (run.json)")
	f.StringVar(&o.junit, "junit", "", "write JUnit to this `file`")
	f.StringVar(&o.html, "html", "", "write the HTML report to this `file`")
	return cmd
}

func (a app) checkRP(ctx context.Context, o checkRPOptions) (err error) {
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
	defer stop()
	suite, expected, err := openTarget(ctx, o.target)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, suite.Close()) }()
	runner, err := o.runner(suite)
	if err != nil {
		return err
	}
	runner.Expected = expected
	if o.replay != "" {
		runner.Expected = nil
	}
	if runner.Has, err = suite.Probe(ctx); err != nil {
		return fmt.Errorf("%s: %w", suite.RP.Name(), err)
	}
	runner.Progress = a.checkProgress(o.replay == "")
	if o.replay != "" {
		runner.Ended = func(t *conformance.Trial, result reports.Result) { a.printTrial(t, result) }
	}
	finding, err := runner.Run(ctx)
	if err != nil {
		return &exit{code: exitUsage, cause: err}
	}
	run := &finding.Run
	info, _ := debug.ReadBuildInfo()
	run.Suite, run.Subject, run.Tool, run.Command = "rp", suite.RP.Name(), "passkeylab "+versionOf(info), o.command("")
	run.Versions = map[string]string{"profile": string(runner.Profile)}
	return a.reportCheck(finding, o)
}

// openTarget opens what --target names.
func openTarget(ctx context.Context, name string) (*rpcases.Suite, []conformance.Expected, error) {
	switch name {
	case "":
		return nil, nil, usage("--target is missing; name the YAML file that describes the server, or --target=reference")
	case referenceTarget:
		suite, err := rpcases.Reference(ctx)
		return suite, nil, err
	}
	target, err := rpcases.ReadTarget(name)
	if err != nil {
		return nil, nil, &exit{code: exitUsage, cause: err}
	}
	expected, err := target.Failures()
	if err != nil {
		return nil, nil, &exit{code: exitUsage, cause: err}
	}
	suite, err := target.Open(ctx)
	if err != nil {
		return nil, nil, &exit{code: exitUsage, cause: fmt.Errorf("%s: %w", name, err)}
	}
	return suite, expected, nil
}

// runner reads the flags into a runner.
func (o *checkRPOptions) runner(suite *rpcases.Suite) (conformance.Runner[*rpcases.Bench], error) {
	runner := suite.Runner()
	runner.Profile = conformance.Profile(o.profile)
	if !slices.Contains(conformance.Profiles(), runner.Profile) {
		return runner, usage("--profile %s: there is no such profile; those that exist: %v", o.profile, conformance.Profiles())
	}
	patterns := o.only
	if o.replay != "" {
		patterns = []string{o.replay}
	}
	var err error
	if runner.Only, err = conformance.ParsePatterns(patterns); err != nil {
		return runner, &exit{code: exitUsage, cause: err}
	}
	if _, err := conformance.Choose(runner.Cases, runner.Only); err != nil {
		return runner, &exit{code: exitUsage, cause: err}
	}
	if o.seed == 0 {
		o.seed = time.Now().UnixNano() >> 16 & 0xffff_ffff
	}
	runner.Seed, runner.Repeat, runner.Parallel, runner.CaseTimeout = o.seed, o.repeat, o.parallel, o.caseTimeout
	runner.Reproduce = o.command
	return runner, nil
}

// command is the line that runs all of it again, or one case.
func (o *checkRPOptions) command(id string) string {
	line := fmt.Sprintf("passkeylab check rp --target=%s --profile=%s --seed=%d", o.target, o.profile, o.seed)
	if id != "" {
		return line + " --replay=" + id
	}
	for _, pattern := range o.only {
		line += " --only='" + pattern + "'"
	}
	return line
}

// reportCheck writes the files and the summary, and decides the exit code.
func (a app) reportCheck(finding conformance.Finding, o checkRPOptions) error {
	run := finding.Run
	writers := []struct {
		path  string
		write func(io.Writer) error
	}{
		{o.json, func(w io.Writer) error { return reports.JSON(w, run) }},
		{o.junit, func(w io.Writer) error { return reports.JUnit(w, run) }},
		{o.html, func(w io.Writer) error { return reports.HTML(w, run, reports.Assets{}) }},
	}
	var written []string
	for _, one := range writers {
		if err := writeReport(one.path, one.write); err != nil {
			return err
		}
		if one.path != "" {
			written = append(written, one.path)
		}
	}
	if o.replay == "" {
		out := bufio.NewWriter(a.out)
		if err := errors.Join(reports.Summary(out, run, written), out.Flush()); err != nil {
			return err
		}
	}
	for _, pattern := range finding.Unused {
		fmt.Fprintf(a.err, "passkeylab: expected to fail, and nothing did: %s\n", pattern)
	}
	code := reports.Judge(run).Exit
	if code == exitGood && !finding.OK() {
		code = exitBad
	}
	if code == exitGood {
		return nil
	}
	return &exit{code: code}
}

// checkProgress tells how far it has come: a line for each finding that is no pass, and now and then the counts.
func (a app) checkProgress(wanted bool) func(conformance.Progress) {
	if !wanted {
		return nil
	}
	counts := map[conformance.Verdict]int{}
	told := time.Duration(0)
	return func(p conformance.Progress) {
		if p.Verdict == "" {
			return
		}
		counts[p.Verdict]++
		if p.Verdict == conformance.Failed || p.Verdict == conformance.WasInconclusive {
			fmt.Fprintf(a.err, "%-12s %s: %s\n", p.Verdict, p.ID, p.Says)
		}
		if p.Elapsed-told < 2*time.Second && p.Done < p.Total {
			return
		}
		told = p.Elapsed
		line := fmt.Sprintf("%d of %d", p.Done, p.Total)
		for _, v := range []conformance.Verdict{conformance.Passed, conformance.Failed, conformance.Advised, conformance.WasSkipped, conformance.WasInconclusive} {
			if counts[v] > 0 {
				line += fmt.Sprintf(", %d %s", counts[v], v)
			}
		}
		if p.Done < p.Total {
			line += fmt.Sprintf("; %s left", p.Left.Round(time.Second))
		}
		fmt.Fprintln(a.err, line)
	}
}

// printTrial prints the whole exchange of one case.
func (a app) printTrial(t *conformance.Trial, result reports.Result) {
	out := bufio.NewWriter(a.out)
	defer out.Flush()
	fmt.Fprintf(out, "%s: %s\n%s\n%s\n\n", result.ID, result.State, result.Title, strings.Join(result.Clauses, ", "))
	for _, e := range t.Exchanges() {
		printExchange(out, e)
	}
	if result.Failure != nil {
		fmt.Fprintf(out, "%s\n  want %s\n  got  %s\n", result.Failure.Step, result.Failure.Expected, result.Failure.Got)
	}
	if result.Reason != "" {
		fmt.Fprintf(out, "reason: %s\n", result.Reason)
	}
	for _, observation := range result.Observations {
		fmt.Fprintf(out, "observed: %s\n", observation)
	}
}
