package main

import (
	"context"
	"fmt"
	"runtime/debug"
	"strings"
	"time"

	"github.com/passkeylab/passkeylab/harness/mutate"
	"github.com/passkeylab/passkeylab/scenarios/rpcases"
)

// fuzzRP makes mutants for a while, or plays one of them again.
func (a app) fuzzRP(ctx context.Context, suite *rpcases.Suite, o checkRPOptions) error {
	if o.baseline != "" || o.replay != "" || len(o.only) > 0 {
		return usage("--fuzz and --mutant go beyond the cases; --only, --replay and --baseline are about them")
	}
	route, recipe, err := o.mutantToPlay()
	if err != nil {
		return err
	}
	has, err := suite.Probe(ctx)
	if err != nil {
		return fmt.Errorf("%s: %w", suite.RP.Name(), err)
	}
	screen := newConsole(a.err, isTerminal(a.err))
	fuzz := rpcases.Fuzz{
		Suite: suite, Has: has, Seed: o.seed, For: o.fuzz, Reproduce: o.mutantCommand,
		Progress: func(p rpcases.FuzzProgress) { tellFuzz(screen, p) },
	}
	if o.mutant != "" {
		trial, result, err := fuzz.Replay(ctx, route, recipe)
		if err != nil {
			return fmt.Errorf("%s: %w", suite.RP.Name(), err)
		}
		a.printTrial(trial, result)
		if result.State.Bad() {
			return &exit{code: exitBad}
		}
		return nil
	}
	run, err := fuzz.Run(ctx)
	if screen.terminal {
		screen.show("")
	}
	if err != nil {
		return fmt.Errorf("%s: %w", suite.RP.Name(), err)
	}
	info, _ := debug.ReadBuildInfo()
	run.Suite, run.Subject, run.Tool = "rp", suite.RP.Name(), "passkeylab "+versionOf(info)
	run.Command = fmt.Sprintf("passkeylab check rp --target=%s --seed=%d --fuzz=%s", shellQuoted(o.target), o.seed, o.fuzz)
	return a.reportCheck(run, o)
}

// mutantToPlay reads --mutant.
func (o *checkRPOptions) mutantToPlay() (route string, recipe mutate.Recipe, err error) {
	if o.mutant == "" {
		return "", nil, nil
	}
	route, text, found := strings.Cut(o.mutant, ":")
	if !found {
		return "", nil, usage("--mutant %s: write it as a finding names it, for example: sign-in: response/signature flip 0", o.mutant)
	}
	if recipe, err = mutate.ParseRecipe(text); err != nil {
		return "", nil, &exit{code: exitUsage, cause: fmt.Errorf("--mutant: %w", err)}
	}
	return route, recipe, nil
}

// mutantCommand is the line that plays one mutant again.
func (o *checkRPOptions) mutantCommand(route string, recipe mutate.Recipe) string {
	return fmt.Sprintf("passkeylab check rp --target=%s --mutant=%s", shellQuoted(o.target), shellQuoted(route+": "+recipe.String()))
}

// tellFuzz tells what was found, and on a terminal how far it has come.
func tellFuzz(screen *console, p rpcases.FuzzProgress) {
	if p.News != "" {
		screen.print("found        " + p.News + "\n")
	}
	line := fmt.Sprintf("%s, %d found; %s left\n", count(p.Mutants, "mutant", "mutants"), p.Found, p.Left.Round(time.Second))
	if screen.terminal {
		screen.show(line)
	} else if int(p.Elapsed.Seconds())%10 == 0 {
		screen.print(line)
	}
}
