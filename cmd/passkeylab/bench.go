package main

import (
	"context"
	"fmt"
	"io"
	"runtime"
	"slices"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"github.com/passkeylab/passkeylab/harness/config"
	"github.com/passkeylab/passkeylab/harness/progress"
)

// benchOptions are the flags of passkeylab bench.
type benchOptions struct {
	settings    settings
	journey     string
	rounds      int
	ceremonies  int
	checkRounds int
	procs       []int
	labelFilter string
	rp          rpBenchOptions
}

func (a app) benchCommand() *cobra.Command {
	var o benchOptions
	cmd := &cobra.Command{
		Use:   "bench",
		Short: "Time the relying party, one registration, ceremonies over hybrid, and the whole suite",
		Long: `bench measures the relying party over loopback: sign-ins and registrations a second by clients that run at the same time,
the processor time that one costs it, by that of verifying the same response and nothing else, and by that of doing so behind
net/http, what waiting for the disk
costs, and whether many stored passkeys change how long one person waits. Those that are compared take turns, and each
figure is the median of the turns with the lowest and the highest.

It times the cases of check rp against our own relying party: all of them, how many a second, and what one costs beside
the bare exchanges.

It measures how long one full registration takes, from the first page to the passkey on the Security info page; how long
a page waits for a phone over the hybrid transport, from its call to the promise that resolves, and where that time goes; and
the wall-clock time of the whole suite with 1, 2 and 4 processes. It judges nothing: a slow machine is no failure, but a
journey or ceremony that fails is, because its time would mean nothing.

Exit codes: 0 measured, 1 a journey failed, 2 wrong flags or settings.`,
		Example: `  passkeylab bench
  passkeylab bench --procs=1,2 --label-filter=essential
  passkeylab bench --rp-rounds=0 --rounds=0 --procs=0       only the ceremonies over hybrid
  passkeylab bench --ceremonies=0 --rounds=0 --procs=0      only the relying party`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return a.bench(cmd.Context(), o) },
	}
	o.settings.register(cmd)
	cmd.Flags().StringVar(&o.journey, "journey", "REG-04", "the `id` of the journey that is timed alone")
	cmd.Flags().IntVar(&o.rounds, "rounds", 5, "how often that one is played; 0: not at all")
	cmd.Flags().IntVar(&o.checkRounds, "check-rounds", 3, "how often the cases of check rp are timed; 0: not at all")
	cmd.Flags().IntVar(&o.ceremonies, "ceremonies", 10, "how many registrations and sign-ins over hybrid are timed; 0: none")
	cmd.Flags().IntSliceVar(&o.procs, "procs", []int{1, 2, 4}, "the numbers of processes that the suite is played with; 0: not at all")
	cmd.Flags().StringVar(&o.labelFilter, "label-filter", "", "Ginkgo label `filter` for the suite; empty plays all of it")
	o.rp.register(cmd.Flags())
	cmd.AddCommand(a.benchedCommand())
	return cmd
}

func (a app) bench(ctx context.Context, o benchOptions) error {
	loaded, err := o.settings.load()
	if err != nil {
		return err
	}
	if slices.Min(append([]int{o.rounds, o.ceremonies, o.checkRounds}, o.procs...)) < 0 {
		return usage("--rounds, --ceremonies, --check-rounds and --procs are numbers of at least 0")
	}
	if o.rp.wrong() {
		return usage("--rp-rounds, --sign-ins, --registrations and --stored are numbers of at least 0, --clients of at least 1")
	}
	fmt.Fprintf(a.out, "%s, %s, %d cores\n", runtime.Version(), runtime.GOARCH, runtime.NumCPU())
	if err := a.benchRP(ctx, o.rp); err != nil {
		return err
	}
	if err := a.benchCheck(ctx, o.checkRounds); err != nil {
		return err
	}
	if err := a.benchJourney(ctx, o, loaded); err != nil {
		return err
	}
	if err := a.benchHybrid(ctx, loaded, o.ceremonies); err != nil {
		return err
	}
	for _, procs := range o.procs {
		if procs == 0 {
			continue
		}
		played, err := a.timed(ctx, o, loaded, ginkgoFlags{labelFilter: o.labelFilter}, procs)
		if err != nil {
			return err
		}
		fmt.Fprintf(a.out, "%-28s %6.1f s   %.2f journeys/s   (%s, the build not counted)\n", "the suite, "+count(procs, "process", "processes"),
			played.wall.Seconds(), float64(len(played.each))/played.wall.Seconds(), count(len(played.each), "journey", "journeys"))
	}
	return nil
}

// benchJourney plays one journey several times.
func (a app) benchJourney(ctx context.Context, o benchOptions, loaded *config.Config) error {
	var times []time.Duration
	for range o.rounds {
		played, err := a.timed(ctx, o, loaded, ginkgoFlags{labelFilter: "id:" + o.journey}, 1)
		if err != nil {
			return err
		}
		times = append(times, played.each...)
	}
	if len(times) == 0 {
		return nil
	}
	slices.Sort(times)
	fmt.Fprintf(a.out, "%-28s median %6.2f s   fastest %6.2f s   slowest %6.2f s   (%s)\n", "one registration, "+o.journey,
		quantile(times, 50).Seconds(), times[0].Seconds(), times[len(times)-1].Seconds(), count(len(times), "round", "rounds"))
	return nil
}

// timing is what one run took.
type timing struct {
	wall time.Duration   // from the plan to the last end: set-up and build are not in it
	each []time.Duration // of each journey that was played
}

// timed plays the suite once. It writes no reports, so that those of a real run stay.
func (a app) timed(ctx context.Context, o benchOptions, loaded *config.Config, flags ginkgoFlags, procs int) (timing, error) {
	clock := &stopwatch{}
	env := append(o.settings.environment(loaded), benchEnvironment()...)
	code, err := suiteRun{
		root: loaded.Root, flags: flags.arguments(procs), env: env, output: io.Discard, hear: clock.hear,
	}.play(ctx)
	switch {
	case err != nil:
		return timing{}, err
	case code == exitInterrupted:
		return timing{}, &exit{code: code}
	case code != exitGood || len(clock.each) == 0:
		return timing{}, fmt.Errorf("the journeys did not pass, so their time means nothing%s; see what is wrong with: passkeylab journeys %s",
			clock.failures(), quoted(flags.arguments(procs)))
	}
	return timing{wall: clock.last.Sub(clock.first), each: clock.each}, nil
}

// benchEnvironment turns off what costs time and is not the thing measured.
func benchEnvironment() []string {
	return []string{"PASSKEYLAB_EVIDENCE_SCREENSHOTS=never", "PASSKEYLAB_REPORTS_JUNIT=none", "PASSKEYLAB_REPORTS_HTML=none", "PASSKEYLAB_REPORTS_JSON=none"}
}

// quoted writes arguments the way a shell reads them.
func quoted(arguments []string) string {
	text := ""
	for _, argument := range arguments {
		text += fmt.Sprintf("'%s' ", argument)
	}
	return text
}

// stopwatch listens to a run.
type stopwatch struct {
	mu          sync.Mutex
	first, last time.Time
	each        []time.Duration
	failed      []progress.Event
}

// failures names the journeys that failed, each with its step and the line that plays it again.
func (s *stopwatch) failures() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	text := ""
	for _, event := range s.failed {
		text += fmt.Sprintf("; %s failed in the step “%s”, again: %s", event.ID, event.Step, event.Rerun)
	}
	return text
}

func (s *stopwatch) hear(event progress.Event) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	if s.first.IsZero() {
		s.first = now
	}
	if event.Event == progress.End {
		s.last = now
		if event.State == progress.Passed {
			s.each = append(s.each, time.Duration(event.Seconds*float64(time.Second)))
		}
		if event.State == progress.Failed {
			s.failed = append(s.failed, event)
		}
	}
}
