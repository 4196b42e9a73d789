package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/passkeylab/passkeylab/harness/config"
	"github.com/passkeylab/passkeylab/reports"
)

// ginkgoLog is where Ginkgo's own output goes, beside the reports.
const ginkgoLog = "ginkgo.log"

// journeysOptions are the flags of passkeylab journeys.
type journeysOptions struct {
	settings settings
	ginkgo   ginkgoFlags
}

func (a app) journeysCommand() *cobra.Command {
	var o journeysOptions
	cmd := &cobra.Command{
		Use:   "journeys",
		Short: "Play the journeys, and tell each one as it ends",
		Long: `journeys plays the journeys of scenarios/journeys in real browsers. It prints a line as each one ends, failures at once with
the step that failed and where the evidence lies, and at the end a summary and the paths of the reports. What Ginkgo prints
itself goes to ginkgo.log beside the reports; -v shows it.

Ctrl-C ends the journeys under way and still writes the reports; a second one leaves out the clean-up, a third one kills.

Exit codes: Ginkgo's, 0 all is well and 1 something failed or nothing ran; 2 wrong flags or settings; 130 interrupted.`,
		Example: `  passkeylab journeys                                    all of them
  passkeylab journeys --label-filter=essential           the most important ones
  passkeylab journeys --label-filter=id:WP-01            one of them
  passkeylab journeys --procs=1 --set browser.mode=headed --focus='wrong provider'
  passkeylab journeys --seed=1795420424                  again in the order of an earlier run`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return a.journeys(cmd.Context(), o) },
	}
	o.settings.register(cmd)
	o.ginkgo.register(cmd.Flags())
	return cmd
}

func (g *ginkgoFlags) register(flags *pflag.FlagSet) {
	flags.IntVar(&g.procs, "procs", 0, "play `n` journeys side by side (default: suite.procs, else one a core and at most 4)")
	flags.StringVar(&g.labelFilter, "label-filter", "", "Ginkgo label `filter`, for example essential, id:WP-01, group:DEL && driver:bridge")
	flags.StringVar(&g.focus, "focus", "", "only journeys whose name matches this `regexp`")
	flags.StringVar(&g.skip, "skip", "", "not the journeys whose name matches this `regexp`")
	flags.Int64Var(&g.seed, "seed", 0, "order and random choices of an earlier run")
	flags.StringVar(&g.timeout, "timeout", "", "the whole suite fails after this `time`, for example 20m")
	flags.BoolVar(&g.failFast, "fail-fast", false, "stop at the first failure")
	flags.BoolVarP(&g.verbose, "verbose", "v", false, "show what Ginkgo prints")
}

// journeys plays the suite, tells it live, and ends with the summary.
func (a app) journeys(ctx context.Context, o journeysOptions) error {
	loaded, err := o.settings.load()
	if err != nil {
		return err
	}
	if o.ginkgo.procs < 0 {
		return usage("--procs %d: give a number of at least 1", o.ginkgo.procs)
	}
	if o.ginkgo.timeout != "" {
		if _, err := time.ParseDuration(o.ginkgo.timeout); err != nil {
			return usage("--timeout %s: give a time with its unit, for example 20m", o.ginkgo.timeout)
		}
	}
	if err := forgetReports(loaded); err != nil {
		return err
	}
	logPath := filepath.Join(loaded.Reports.Dir, ginkgoLog)
	logFile, err := os.Create(logPath)
	if err != nil {
		return fmt.Errorf("keep Ginkgo's output: %w", err)
	}
	defer logFile.Close()
	output := io.Writer(logFile)
	if o.ginkgo.verbose {
		output = io.MultiWriter(logFile, a.out)
	}
	procs := procsOf(o.ginkgo.procs, loaded.Suite.Procs, runtime.NumCPU())
	teller := newTeller(a.out, loaded.Root)
	teller.begin(procs)
	code, err := suiteRun{
		root: loaded.Root, flags: o.ginkgo.arguments(procs), env: o.settings.environment(loaded),
		output: output, hear: teller.hear,
	}.play(ctx)
	teller.end()
	if err != nil {
		var wrong *exit
		if errors.As(err, &wrong) {
			return err
		}
		fmt.Fprintln(a.err, "passkeylab:", err) // news that was lost does not hide the result
	}
	if err := a.conclude(loaded, teller, code, logPath); err != nil {
		return err
	}
	if code != exitGood {
		return &exit{code: code}
	}
	return nil
}

// forgetReports removes the reports of an earlier run, which would otherwise be taken for this one's when the suite cannot
// even be built.
func forgetReports(c *config.Config) error {
	if err := os.MkdirAll(c.Reports.Dir, 0o755); err != nil {
		return fmt.Errorf("make the folder of the reports: %w", err)
	}
	for _, path := range reportPaths(c) {
		if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
			return fmt.Errorf("remove the report of an earlier run: %w", err)
		}
	}
	return nil
}

// reportPaths are the reports that a run writes.
func reportPaths(c *config.Config) []string {
	var paths []string
	for _, path := range []string{c.Reports.JUnit, c.Reports.HTML, c.Reports.JSON} {
		if path != "" {
			paths = append(paths, path)
		}
	}
	return paths
}

// conclude prints the summary and the paths of what was written. Without a report, Ginkgo's own output says why.
func (a app) conclude(c *config.Config, t *teller, code int, logPath string) error {
	var written []string
	for _, path := range reportPaths(c) {
		if _, err := os.Stat(path); err == nil {
			written = append(written, relative(c.Root, path))
		}
	}
	if c.Reports.JSON != "" {
		if run, err := readRun(c.Reports.JSON); err == nil {
			fmt.Fprintln(a.out)
			if err := reports.Summary(a.out, run, written); err != nil {
				return fmt.Errorf("print the summary: %w", err)
			}
			return a.explain(t, code, logPath)
		}
	}
	fmt.Fprintf(a.out, "\n%s\n", t.tally())
	for _, path := range written {
		fmt.Fprintln(a.out, path)
	}
	return a.explain(t, code, logPath)
}

// explain says why a run was bad in which no journey was.
func (a app) explain(t *teller, code int, logPath string) error {
	switch {
	case code == exitGood || t.bad > 0:
		return nil
	case t.empty:
		fmt.Fprintln(a.out, "\nNo journey matches label filter, focus and skip. Labels look like id:WP-01, group:WP, driver:bridge and essential.")
		return nil
	}
	return a.showLog(logPath)
}

// showLog prints the end of Ginkgo's output: the run went wrong in a way that no journey told.
func (a app) showLog(path string) error {
	const most = 16 << 10
	file, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("show Ginkgo's output: %w", err)
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return fmt.Errorf("show Ginkgo's output: %w", err)
	}
	start := max(0, info.Size()-most)
	fmt.Fprintf(a.out, "\nNo journey failed, and yet the run did. The end of what Ginkgo said (all of it: %s):\n\n", path)
	_, err = io.Copy(a.out, io.NewSectionReader(file, start, info.Size()-start))
	if err != nil {
		return fmt.Errorf("show Ginkgo's output: %w", err)
	}
	return nil
}

// relative shows a path the short way when it lies in the checkout.
func relative(root, path string) string {
	if short, err := filepath.Rel(root, path); err == nil && filepath.IsLocal(short) {
		return short
	}
	return path
}
