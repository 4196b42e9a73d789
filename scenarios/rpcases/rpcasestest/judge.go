// Package rpcasestest judges a relying party inside of its own tests: one call, every case a test of its own.
//
//	func TestPasskeys(t *testing.T) {
//		server, err := subject.FIDOServer{Base: "https://login.example"}.InProcess(newServer())
//		if err != nil {
//			t.Fatal(err)
//		}
//		rpcasestest.Judge(t, &rpcases.Suite{RP: server})
//	}
//
// The handler has the REST API of FIDO's server tests; it may be one that exists for the test alone. A server elsewhere is
// dialled (subject.FIDOServer.Dial), or described in a file (rpcases.ReadTarget). A case is run alone as any test is:
//
//	go test -run 'TestPasskeys/reg/client-data/type-of-an-assertion'
package rpcasestest

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/passkeylab/passkeylab/harness/conformance"
	"github.com/passkeylab/passkeylab/reports"
	"github.com/passkeylab/passkeylab/scenarios/rpcases"
)

// Judging says how a relying party is judged. The zero value holds every case against it, under the profile l3.
type Judging struct {
	Profile conformance.Profile
	// Only are patterns of ids, aliases or tags; all cases when empty.
	Only []string
	// Expected are failures that are known: the reason, by a pattern. Each must happen.
	Expected map[string]string
	// Seed decides all random choices.
	Seed int64
}

// Judge holds every case against a relying party. It closes the suite at the end.
func Judge(t *testing.T, suite *rpcases.Suite) {
	t.Helper()
	Judging{}.Judge(t, suite)
}

// Judge does what the function of that name does, in the way that j says. A case that fails or is inconclusive fails its
// test, with everything that was said; one that does not concern the relying party is skipped.
func (j Judging) Judge(t *testing.T, suite *rpcases.Suite) {
	t.Helper()
	defer func() {
		if err := suite.Close(); err != nil {
			t.Error(err)
		}
	}()
	runner, err := j.runner(suite)
	if err != nil {
		t.Fatal(err)
	}
	chosen, err := conformance.Choose(runner.Cases, runner.Only)
	if err != nil {
		t.Fatal(err)
	}
	if runner.Has, err = suite.Probe(t.Context()); err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	var results []reports.Result
	for _, c := range chosen {
		t.Run(c.ID, func(t *testing.T) {
			result := suite.Scrubbed(reports.Run{Results: []reports.Result{runner.Try(t.Context(), c)}}).Results[0]
			results = append(results, result)
			tell(t, result)
		})
	}
	for _, pattern := range runner.Conclude(results, began).Unused {
		t.Errorf("expected to fail, and nothing did: %s (%s)", pattern, j.Expected[pattern])
	}
}

func (j Judging) runner(suite *rpcases.Suite) (conformance.Runner[*rpcases.Bench], error) {
	runner := suite.Runner()
	runner.Profile, runner.Seed = j.Profile, j.Seed
	if j.Profile != "" && !slices.Contains(conformance.Profiles(), j.Profile) {
		return runner, fmt.Errorf("rpcasestest: there is no profile %q; those that exist: %v", j.Profile, conformance.Profiles())
	}
	var err error
	if runner.Only, err = conformance.ParsePatterns(j.Only); err != nil {
		return runner, err
	}
	for _, text := range slices.Sorted(maps.Keys(j.Expected)) {
		pattern, err := conformance.ParsePattern(text)
		if err != nil {
			return runner, err
		}
		runner.Expected = append(runner.Expected, conformance.Expected{Pattern: pattern, Reason: j.Expected[text]})
	}
	return runner, nil
}

// tell ends the test of one case as the case ended.
func tell(t *testing.T, result reports.Result) {
	t.Helper()
	switch {
	case result.State == reports.Skipped:
		t.Skip(result.Reason)
	case result.State.Bad():
		t.Errorf("%s: %s\n%s", result.State, result.Title, Story(result))
	case result.State == reports.Advised:
		t.Logf("%s: %s\n%s", result.State, result.Title, strings.Join(result.Observations, "\n"))
	}
}

// Story is everything that there is to say of a case that is bad: what was wanted and got, the clause, how to fix it, and what
// was said.
func Story(result reports.Result) string {
	var b strings.Builder
	add := func(format string, values ...any) { fmt.Fprintf(&b, format+"\n", values...) }
	if f := result.Failure; f != nil {
		add("%s\n  want %s\n  got  %s", f.Step, f.Expected, f.Got)
	}
	if result.Reason != "" {
		add("reason: %s", result.Reason)
	}
	add("clause: %s", strings.Join(result.Clauses, ", "))
	if result.Fix != "" {
		add("fix: %s", result.Fix)
	}
	if len(result.CVEs) > 0 {
		add("seen elsewhere: %s", strings.Join(result.CVEs, ", "))
	}
	for _, observation := range result.Observations {
		add("observed: %s", observation)
	}
	for _, e := range result.Exchanges {
		mark := map[string]string{"request": ">", "response": "<"}[e.Direction]
		add("%s %s %s\n%s %s", mark, e.Title, e.Purpose, mark, e.Text)
	}
	return b.String()
}
