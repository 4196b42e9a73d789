package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime/debug"
	"slices"
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
	rate        float64
	seed        int64
	caseTimeout time.Duration
	explain     bool
	json, junit string
	html        string
	baseline    string
	fuzz        time.Duration
	mutant      string
	exchanges   string

	scrubbed func(reports.Run) reports.Run // takes what is secret out of a run, once the target is open
}

func (a app) checkRPCommand() *cobra.Command {
	var o checkRPOptions
	var sample, website bool
	var trust, trustAt string
	cmd := &cobra.Command{
		Use:   "rp",
		Short: "Judge a relying party",
		Long: `rp holds the cases of every relying party against a server with the REST API of FIDO's server tests (/attestation/options,
/attestation/result, /assertion/options, /assertion/result). The target is described in a YAML file, of which only base is
needed:

  name: Our staging server
  base: https://staging.example/fido
  origin: https://staging.example
  policy: {counter: refuse, crossOrigin: refuse}
  expected: [{id: "reg/client-data/*", reason: known until the next release}]

A server with another shape is described under application in the same file: the calls that make an account, give options
and take responses, as templates. --sample-target prints a file with every key and a comment; --explain-target prints what
would be asked, without asking.

A website can be judged by its pages, too, in a real browser whose passkeys are ours: under website stand the steps of people by
CSS selectors. --sample-website prints such a file, with every key and a comment. What a browser cannot be made to say is skipped
with the reason.

Cases about attestation need a server that trusts this suite; without it they are skipped. --export-trust writes what such a
server is given into a folder: the root, the signed lists of metadata and their revocation lists. --serve-trust serves the same
over HTTP while the check runs, for a server that fetches its metadata; the address that it prints lists all of it, and what each
is for. Without --target it serves until it is interrupted, so that the server can be started meanwhile.

--target=reference judges passkeylab's own relying party, in this process.

A case that fails tells what was wanted and what was got. A case whose honest twin was not accepted is inconclusive: it
proved nothing. Under the profiles fido and l3, what the text merely recommends is advice.

--baseline compares with the JSON of an earlier run: what is new (bad now and not then), repaired, changed, added and gone.
It excuses nothing: what is bad fails the run, and only its exit code says whether all of it was bad before in the same way.
To live with a failure, expect it in the target; a failure that is expected and does not happen fails the run, too.

A server that asks to be asked later, by HTTP 429 or by 503 with Retry-After, is waited for, and what it put off is asked again:
up to limits.patience of the target altogether, ten minutes when it does not say. What is put off beyond that is inconclusive.
--rate asks more slowly from the start. One that gives no answer in ten cases in a row ends the run.

--fuzz goes beyond the list: honest registrations and sign-ins are changed by their structure, --parallel of them at a time.
What means something else must be refused, nothing may break the server, and a refusal must leave nothing behind: the counter
stays, the refused credential is not listed and signs nobody in, and the account's own passkey works as before. What is found is
shrunk to the smallest change, and --mutant plays it again with every exchange and a curl line. Under --fuzz, --only selects by
ceremony, by encoding, or by both:

  ceremonies  sign-in, signed-sign-in (the signature fits), registration (no attestation), self-attested, certified (with a
              certificate); reg and auth are all registrations and all sign-ins
  encodings   json, cbor (attestation objects), authdata, cose (public keys), der (signatures), x509 (certificates)
  both        certified/x509, reg/cose, 'auth/*'

The same seed and selection make the same mutants, however many run at a time. A finding has the same id whatever the seed;
--baseline plays the findings of an earlier --fuzz first, and tells them as known or repaired.

The reports leave out what is secret: values of cookies, of authorization, of the headers that the target adds and of the
environment variables that it names. --replay prints them on the terminal, because its curl lines need them.

Exit codes: 0 nothing failed, nothing was inconclusive, something ran and every expected failure happened; 1 otherwise, and
where the target cannot be judged at all, because it is not there or refuses an honest client; 2 wrong flags or target, or
nothing ran; 3 something is bad, and all of it as in the baseline; 130 interrupted, and nothing was bad until then.`,
		Example: `  passkeylab check rp --target=reference
  passkeylab check rp --target=target.yaml --profile=l3-recommended --junit=junit.xml --json=run.json
  passkeylab check rp --target=target.yaml --only='reg/*,S-CDJ-027'
  passkeylab check rp --target=target.yaml --baseline=run.json --json=run.json
  passkeylab check rp --target=target.yaml --serve-trust=:8099
  passkeylab check rp --target=target.yaml --fuzz=60s --parallel=4 --json=fuzz.json
  passkeylab check rp --target=target.yaml --fuzz=60s --only=cose,certified/x509 --baseline=fuzz.json
  passkeylab check rp --target=target.yaml --replay=reg/client-data/type-of-an-assertion`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			switch {
			case sample:
				_, err := io.WriteString(a.out, rpcases.SampleTarget)
				return err
			case website:
				_, err := io.WriteString(a.out, rpcases.SampleWebsite)
				return err
			case o.explain:
				return a.explainTarget(o.target)
			case trust != "":
				return a.exportTrust(cmd.Context(), trust)
			}
			if o.target != "" || trustAt == "" {
				if err := o.check(cmd); err != nil {
					return err
				}
			}
			check := func(ctx context.Context) error { return a.checkRP(ctx, o) }
			if trustAt == "" {
				return check(cmd.Context())
			}
			if o.target == "" {
				check = untilEnd
			}
			return a.serveTrust(cmd.Context(), trustAt, check)
		},
	}
	f := cmd.Flags()
	f.StringVar(&o.target, "target", "", "the YAML `file` that describes the target, or reference")
	f.BoolVar(&o.explain, "explain-target", false, "print what would be asked of the target, and what its answers would mean, without asking")
	f.BoolVar(&sample, "sample-target", false, "print a target's file with every key and a comment")
	f.BoolVar(&website, "sample-website", false, "print the file of a target that is judged by its pages, with every key and a comment")
	f.StringVar(&trust, "export-trust", "", "write the root and the metadata that a target must trust into this `folder`")
	f.StringVar(&trustAt, "serve-trust", "", "serve the same over HTTP at this `address` while the check runs: host:port, or :port for this machine alone")
	f.StringVar(&o.profile, "profile", string(conformance.L3), "the `book` to judge by: fido, l3 or l3-recommended")
	f.StringSliceVar(&o.only, "only", nil, "only cases whose id, alias or tag matches one of these `patterns`, in which * stands for anything; with --fuzz, what to change")
	f.StringVar(&o.replay, "replay", "", "run one case by its `id` and print every exchange, each with a curl line")
	f.IntVar(&o.repeat, "repeat", 1, "how `often` each case runs; one that does not always end the same way is told")
	f.IntVar(&o.parallel, "parallel", 1, "how many cases, or mutants, run at a time")
	f.Float64Var(&o.rate, "rate", 0, "at most this many requests a second; 0 asks as fast as the server answers, or as limits.pause of the target says")
	f.Int64Var(&o.seed, "seed", 0, "the seed of all randomness; 0 draws one")
	f.DurationVar(&o.caseTimeout, "case-timeout", 0, "the longest `time` for one case: a minute when 0, or five where a browser is between")
	f.StringVar(&o.json, "json", "", "write what was found to this `file` (run.json)")
	f.StringVar(&o.junit, "junit", "", "write JUnit to this `file`")
	f.StringVar(&o.html, "html", "", "write the HTML report to this `file`")
	f.StringVar(&o.baseline, "baseline", "", "compare with an earlier run, a `file` that --json wrote")
	f.DurationVar(&o.fuzz, "fuzz", 0, "change honest ceremonies at random for this `time`, in place of the cases")
	f.StringVar(&o.mutant, "mutant", "", "play one `mutant` of --fuzz again: \"sign-in: response/signature flip 0\" as a finding names it, or its number, with the seed of its run")
	f.StringVar(&o.exchanges, "exchanges", "bad", "whose requests and answers the reports keep: those of `bad` and advised cases, or of all")
	return cmd
}

func (a app) checkRP(ctx context.Context, o checkRPOptions) (err error) {
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
	defer stop()
	baseline, err := o.readBaseline()
	if err != nil {
		return err
	}
	suite, expected, err := openTarget(ctx, o)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, suite.Close()) }()
	o.scrubbed = suite.Scrubbed
	if err := o.pace(suite); err != nil {
		return err
	}
	teller := newCheckTeller(a.err)
	if suite.Pace != nil {
		suite.Pace.Tell = teller.waits
	}
	if o.fuzzes() {
		return a.fuzzRP(ctx, suite, fuzzOptions{o, baseline, expected})
	}
	runner, err := o.runner(suite)
	if err != nil {
		return err
	}
	runner.Expected = expected
	if o.replay != "" {
		runner.Expected = nil
	}
	if runner.Has, err = suite.Probe(ctx); ctx.Err() != nil {
		return &exit{code: exitInterrupted, cause: fmt.Errorf("%s: interrupted before the first case", suite.RP.Name())}
	} else if err != nil {
		return fmt.Errorf("%s: %w", suite.RP.Name(), err)
	}
	if o.replay != "" {
		runner.Ended = func(t *conformance.Trial, result reports.Result) { a.printTrial(t, result) }
	} else {
		runner.Progress = teller.hear
	}
	finding, err := runner.Run(ctx)
	teller.end()
	if err != nil {
		return &exit{code: exitUsage, cause: err}
	}
	run := finding.Run
	info, _ := debug.ReadBuildInfo()
	run.Suite, run.Subject, run.Tool, run.Command = "rp", suite.RP.Name(), "passkeylab "+versionOf(info), o.command("")
	run.Versions = map[string]string{"profile": string(runner.Profile)}
	if note := waitedFor(suite); note != "" {
		run.Notes = append(run.Notes, note)
	}
	if baseline != nil {
		run.Since = reports.Compare(*baseline, run)
	}
	return a.reportCheck(run, o)
}

// explainTarget prints what would be asked of a target.
func (a app) explainTarget(name string) error {
	if name == "" || name == referenceTarget {
		return usage("--explain-target explains a file; name it with --target")
	}
	target, err := rpcases.ReadTarget(name)
	if err != nil {
		return &exit{code: exitUsage, cause: err}
	}
	return target.Explain(a.out)
}

// openTarget opens what --target names, with the failures that are known of it.
func openTarget(ctx context.Context, o checkRPOptions) (*rpcases.Suite, []conformance.Expected, error) {
	name := o.target
	switch name {
	case "":
		return nil, nil, usage("--target is missing; name the YAML file that describes the server, or --target=reference")
	case referenceTarget:
		suite, err := rpcases.Reference(ctx)
		return suite, rpcases.ReferenceFailures(conformance.Profile(o.profile)), err
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

// settle checks the profile, and draws a seed where none was given.
func (o *checkRPOptions) settle() error {
	if !slices.Contains(conformance.Profiles(), conformance.Profile(o.profile)) {
		return usage("--profile %s: there is no such profile; those that exist: %v", o.profile, conformance.Profiles())
	}
	if o.seed == 0 {
		o.seed = time.Now().UnixNano() >> 16 & 0xffff_ffff
	}
	return nil
}

// runner reads the flags into a runner.
func (o *checkRPOptions) runner(suite *rpcases.Suite) (conformance.Runner[*rpcases.Bench], error) {
	runner := suite.Runner()
	if err := o.settle(); err != nil {
		return runner, err
	}
	runner.Profile = conformance.Profile(o.profile)
	var err error
	if runner.Only, err = o.selection(runner.Cases); err != nil {
		return runner, err
	}
	runner.Seed, runner.Repeat, runner.Parallel = o.seed, o.repeat, o.parallel
	if o.caseTimeout > 0 {
		runner.CaseTimeout = o.caseTimeout
	}
	runner.Reproduce = o.command
	return runner, nil
}

// command is the line that runs all of it again, or one case.
func (o *checkRPOptions) command(id string) string {
	line := fmt.Sprintf("passkeylab check rp --target=%s --profile=%s --seed=%d", shellQuoted(o.target), o.profile, o.seed)
	if o.rate > 0 {
		line += fmt.Sprintf(" --rate=%v", o.rate)
	}
	if id != "" {
		return line + " --replay=" + shellQuoted(id)
	}
	for _, pattern := range o.only {
		line += " --only=" + shellQuoted(pattern)
	}
	if o.repeat > 1 {
		line += fmt.Sprintf(" --repeat=%d", o.repeat)
	}
	return line
}
