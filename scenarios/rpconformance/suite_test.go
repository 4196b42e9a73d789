package rpconformance

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"runtime/debug"
	"strings"
	"testing"

	. "github.com/onsi/ginkgo/v2"
	"github.com/onsi/ginkgo/v2/types"
	. "github.com/onsi/gomega"

	"github.com/passkeylab/passkeylab/harness/config"
	"github.com/passkeylab/passkeylab/harness/conformance"
	"github.com/passkeylab/passkeylab/reports"
	"github.com/passkeylab/passkeylab/scenarios/rpcases"
	"github.com/passkeylab/passkeylab/scenarios/rpcases/rpcasestest"
)

// room is what the cases of this test process share. Ginkgo's tree is built from package-level calls, so the one value has to
// live here; nothing else does.
var room = &struct {
	settings *config.Config
	seed     int64
	suite    *rpcases.Suite
	runner   conformance.Runner[*rpcases.Bench]
}{}

// flags are this suite's own: ginkgo run ./scenarios/rpconformance -- -check.profile=fido
var flags = config.RegisterFlags(flag.CommandLine)

func TestRelyingParty(t *testing.T) {
	RegisterFailHandler(Fail)
	suite, reporter := GinkgoConfiguration()
	settings, err := config.Load(config.Options{Flags: flags})
	if err != nil {
		t.Fatal(err)
	}
	settings.Apply(&suite, config.ReadCommandLine(flag.CommandLine, config.ParentArgs()))
	room.settings, room.seed = settings, suite.RandomSeed
	RunSpecs(t, "rpconformance", suite, reporter)
}

var _ = BeforeSuite(func(ctx SpecContext) {
	var expected []conformance.Expected
	var err error
	room.suite, expected, err = open(ctx, room.settings.Check)
	Expect(err).NotTo(HaveOccurred())
	room.runner = room.suite.Runner()
	room.runner.Expected, room.runner.Seed = expected, room.seed
	room.runner.CaseTimeout = max(room.runner.CaseTimeout, room.settings.Suite.StepTimeout)
	room.runner.Profile = conformance.Profile(room.settings.Check.Profile)
	room.runner.Reproduce = again
	room.runner.Has, err = room.suite.Probe(ctx)
	Expect(err).NotTo(HaveOccurred())
})

var _ = AfterSuite(func() {
	if room.suite != nil {
		Expect(room.suite.Close()).To(Succeed())
	}
})

// entry is under what name a spec leaves its result for the report.
const entry = "result"

var _ = Describe("a relying party", func() {
	for _, c := range rpcases.Cases() {
		labels := []string{"id:" + strings.ReplaceAll(c.ID, "/", "."), "group:" + c.Group(), string(c.Level)}
		labels = append(append(labels, c.Aliases...), c.Tags...)
		It(c.ID+": "+c.Says, Label(labels...), func(ctx SpecContext) {
			result := room.suite.Scrubbed(reports.Run{Results: []reports.Result{room.runner.Try(ctx, c)}}).Results[0]
			encoded, err := json.Marshal(result)
			Expect(err).NotTo(HaveOccurred())
			AddReportEntry(entry, string(encoded), ReportEntryVisibilityNever)
			switch {
			case result.State == reports.Skipped:
				Skip(result.Reason)
			case result.State.Bad():
				Fail(string(result.State) + ": " + result.Title + "\n" + rpcasestest.Story(result) + "again: " + result.Reproduce)
			}
		})
	}
})

var _ = ReportAfterSuite("write the reports", func(report Report) {
	if report.SuiteConfig.DryRun {
		return
	}
	run, err := runOf(report)
	Expect(err).NotTo(HaveOccurred())
	Expect(publish(run, room.settings.Reports)).To(Succeed())
	Expect(run.Unused).To(BeEmpty(), "these were expected to fail, and nothing did")
})

// again is the line that runs one case alone, or all of them.
func again(id string) string {
	line := fmt.Sprintf("passkeylab check rp --target=%s --profile=%s --seed=%d", room.settings.Check.Target, room.settings.Check.Profile, room.seed)
	if id != "" {
		line += " --replay=" + id
	}
	return line
}

// runOf collects what the specs of all processes left.
func runOf(report Report) (reports.Run, error) {
	var results []reports.Result
	for _, spec := range report.SpecReports {
		if spec.State.Is(types.SpecStateInterrupted) {
			continue // it was cut short, which says nothing about the relying party
		}
		for _, left := range spec.ReportEntries {
			if left.Name != entry {
				continue
			}
			text, _ := left.GetRawValue().(string)
			var result reports.Result
			if err := json.Unmarshal([]byte(text), &result); err != nil {
				return reports.Run{}, errors.Join(fmt.Errorf("the result of %s", spec.FullText()), err)
			}
			result.Process = spec.ParallelProcess
			results = append(results, result)
		}
	}
	run := reports.WithoutGoodExchanges(room.runner.Conclude(results, report.StartTime).Run)
	run.Suite, run.Tool, run.Command, run.Duration, run.Interrupted = "rp", tool(), again(""), report.RunTime, interrupted(report)
	run.Versions = map[string]string{"profile": room.settings.Check.Profile}
	if room.suite != nil {
		run.Subject = room.suite.RP.Name()
	}
	return run, nil
}

func interrupted(report Report) bool {
	for _, spec := range report.SpecReports {
		if spec.State.Is(types.SpecStateInterrupted) {
			return true
		}
	}
	return false
}

func tool() string {
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		return "passkeylab rpconformance " + info.Main.Version
	}
	return "passkeylab rpconformance"
}
