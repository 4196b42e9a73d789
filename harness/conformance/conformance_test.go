package conformance_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"reflect"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/passkeylab/passkeylab/harness/conformance"
	"github.com/passkeylab/passkeylab/reports"
)

// stage is what the cases of this test work on.
type stage struct{ *conformance.Trial }

type testCase = conformance.Case[stage]

var clause = conformance.Clause{Spec: "Spec", Edition: "E", Section: "1", Step: "2", Slug: "x"}

func caseOf(id string, level conformance.Level, run func(context.Context, stage) error) testCase {
	return testCase{ID: id, Says: "it holds", Clause: clause, Level: level, Run: run}
}

func returning(err error) func(context.Context, stage) error {
	return func(context.Context, stage) error { return err }
}

func runner(cases ...testCase) conformance.Runner[stage] {
	return conformance.Runner[stage]{Cases: cases, Open: func(_ context.Context, t *conformance.Trial) (stage, error) { return stage{t}, nil }}
}

func finding(t *testing.T, r conformance.Runner[stage]) conformance.Finding {
	t.Helper()
	f, err := r.Run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func patterns(t *testing.T, texts ...string) []conformance.Pattern {
	t.Helper()
	all, err := conformance.ParsePatterns(texts)
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func TestWhatAnErrorComesTo(t *testing.T) {
	mismatch := &conformance.Mismatch{What: "a", Want: "b", Got: "c"}
	broke := &conformance.Mismatch{What: "a", Want: "b", Got: "c", Broke: true}
	all := []conformance.Level{conformance.Must, conformance.Should, conformance.Policy, conformance.Robust, conformance.Interop, conformance.Optional}
	// The letters are the verdicts under fido, l3 and l3-recommended: Failed, Advised.
	for level, want := range map[conformance.Level]string{
		conformance.Must: "FFF", conformance.Should: "AAF", conformance.Policy: "FFF", conformance.Robust: "AAF", conformance.Interop: "FAA", conformance.Optional: "FFF",
	} {
		got := ""
		for _, profile := range conformance.Profiles() {
			got += strings.ToUpper(string(conformance.Judge(profile, level, fmt.Errorf("wrapped: %w", mismatch)))[:1])
		}
		if got != want {
			t.Errorf("a mismatch at level %s is %s, want %s", level, got, want)
		}
	}
	for name, test := range map[string]struct {
		err  error
		want conformance.Verdict
	}{
		"nothing":                          {nil, conformance.Passed},
		"a subject that broke":             {broke, conformance.Failed},
		"a case that does not concern it":  {conformance.Skip("no %d", 1), conformance.WasSkipped},
		"an error of the tool":             {io.ErrUnexpectedEOF, conformance.WasInconclusive},
		"a control that was refused":       {conformance.Control("control", mismatch), conformance.WasInconclusive},
		"a control that the subject broke": {conformance.Control("control", broke), conformance.WasInconclusive},
		"a control that was skipped":       {conformance.Control("control", conformance.Skip("no")), conformance.WasSkipped},
		"a control that held":              {conformance.Control("control", nil), conformance.Passed},
	} {
		for _, profile := range conformance.Profiles() {
			for _, level := range all {
				if got := conformance.Judge(profile, level, test.err); got != test.want {
					t.Errorf("%s is %s at level %s under %s, want %s", name, got, level, profile, test.want)
				}
			}
		}
	}
}

func TestAResultTellsWhatHappened(t *testing.T) {
	failing := caseOf("g/fails", conformance.Must, func(_ context.Context, s stage) error {
		s.Observe("it said %q", "no")
		s.Record(conformance.Exchange{
			Method: "POST", URL: "/x", Purpose: "the lie", Status: "200 OK", Outcome: "accepted",
			Sent: conformance.Message{Body: []byte(strings.Repeat("x", 100))}, Got: conformance.Message{Body: []byte("{}"), Head: []string{"A: b", "C: " + strings.Repeat("d", 100), "E: f"}},
		})
		return &conformance.Mismatch{What: "a lie", Want: "a refusal", Got: "acceptance"}
	})
	failing.Aliases, failing.CVEs, failing.Fix = []string{"S-1"}, []string{"CVE-1"}, "Check it."
	r := runner(
		failing,
		caseOf("g/advised", conformance.Must, func(_ context.Context, s stage) error { s.Advise("be kinder"); return nil }),
		caseOf("g/lenient", conformance.Should, returning(&conformance.Mismatch{What: "a", Want: "b", Got: "c"})),
		caseOf("g/panics", conformance.Must, func(context.Context, stage) error { panic("oops") }),
		caseOf("g/skipped", conformance.Must, returning(conformance.Skip("it has none"))),
	)
	r.Keep, r.Reproduce = 10, func(id string) string { return "run " + id }
	f := finding(t, r)
	var states []string
	for _, result := range f.Run.Results {
		states = append(states, string(result.State))
	}
	if want := []string{"failed", "advised", "advised", "inconclusive", "skipped"}; !slices.Equal(states, want) {
		t.Fatalf("got %v, want %v", states, want)
	}
	got := f.Run.Results[0]
	if got.Failure.Expected != "a refusal" || got.Failure.Got != "acceptance" || got.Failure.Step != "a lie" || got.Group != "g" || got.Reproduce != "run g/fails" ||
		got.Clauses[0] != "Spec E §1 step 2" || got.CVEs[0] != "CVE-1" || got.Fix != "Check it." || got.Labels[0] != "S-1" || got.Observations[0] != `it said "no"` {
		t.Errorf("%+v", got)
	}
	sent, answered := got.Exchanges[0], got.Exchanges[1]
	if sent.Length != 100 || sent.Text != "xxxxxxxxxx…" || sent.Title != "POST /x" || sent.Purpose != "the lie" || answered.Title != "200 OK (accepted)" || !slices.Equal(answered.Head, []string{"A: b", "… and 2 more"}) {
		t.Errorf("%+v", got.Exchanges)
	}
	if lenient := f.Run.Results[2]; lenient.Failure != nil || !strings.Contains(lenient.Observations[0], "want b, got c") {
		t.Errorf("%+v", lenient)
	}
	if !strings.Contains(f.Run.Results[3].Reason, "oops") || f.Run.Results[4].Reason != "it has none" || f.OK() {
		t.Errorf("%+v", f.Run.Results)
	}
}

func TestCapabilities(t *testing.T) {
	var has conformance.Capabilities
	has.Add("wings")
	has.Lack("gills", "it never lived in water")
	ran := map[string]bool{}
	make := func(id string, needs ...conformance.Capability) testCase {
		c := caseOf(id, conformance.Must, func(_ context.Context, s stage) error { ran[s.CaseID] = true; return nil })
		c.Needs = needs
		return c
	}
	r := runner(make("a/flies", "wings"), make("a/dives", "wings", "gills"), make("a/thinks", "a brain"))
	r.Has = has
	results := finding(t, r).Run.Results
	if !ran["a/flies"] || len(ran) != 1 || results[1].Reason != "it never lived in water" || results[2].Reason != "the subject does not have: a brain" {
		t.Errorf("ran %v, %+v", ran, results)
	}
	has.Add("gills")
	if has.Missing([]conformance.Capability{"gills"}) != "" {
		t.Error("what was added is missing still")
	}
}

func TestSelection(t *testing.T) {
	cases := []testCase{caseOf("reg/a/one", "must", nil), caseOf("reg/b", "must", nil), caseOf("auth/a/one", "must", nil)}
	cases[1].Aliases, cases[2].Tags = []string{"S-ENR-001"}, []string{"slow"}
	for pattern, want := range map[string]string{
		"reg/*": "reg/a/one reg/b", "*/one": "reg/a/one auth/a/one", "S-ENR-00?": "reg/b", "slow": "auth/a/one", "reg/b": "reg/b", "r.g/b": "",
		"reg": "", "*": "reg/a/one reg/b auth/a/one", "REG/B": "",
	} {
		var got []string
		chosen, err := conformance.Choose(cases, patterns(t, pattern))
		for _, c := range chosen {
			got = append(got, c.ID)
		}
		if strings.Join(got, " ") != want || (err != nil) != (want == "") {
			t.Errorf("%s: %v %v", pattern, got, err)
		}
	}
	if _, err := conformance.ParsePattern(" "); err == nil {
		t.Error("an empty pattern was taken")
	}
}

func TestTheSameSeedGivesTheSameRandomness(t *testing.T) {
	draw := func(seed int64, parallel int) map[string]string {
		var mu sync.Mutex
		drawn := map[string]string{}
		read := func(_ context.Context, s stage) error {
			b := make([]byte, 8)
			io.ReadFull(s.Rand, b)
			mu.Lock()
			defer mu.Unlock()
			drawn[s.CaseID] += fmt.Sprintf("%x ", b)
			return nil
		}
		r := runner(caseOf("a/a", "must", read), caseOf("a/b", "must", read))
		r.Seed, r.Parallel, r.Repeat = seed, parallel, 1
		finding(t, r)
		return drawn
	}
	one, again, other := draw(7, 1), draw(7, 2), draw(8, 1)
	if fmt.Sprint(one) != fmt.Sprint(again) || one["a/a"] == one["a/b"] || one["a/a"] == other["a/a"] {
		t.Errorf("%v %v %v", one, again, other)
	}
}

func TestRepetitionsDifferAndAreAllTold(t *testing.T) {
	seen := map[string]bool{}
	r := runner(caseOf("a/a", "must", func(_ context.Context, s stage) error {
		b := make([]byte, 8)
		io.ReadFull(s.Rand, b)
		seen[string(b)] = true
		return nil
	}))
	r.Repeat = 3
	if f := finding(t, r); len(f.Run.Results) != 3 || len(seen) != 3 || f.Run.Results[2].Repetition != 3 || len(f.Run.Notes) > 0 {
		t.Errorf("%+v, %d draws", f.Run, len(seen))
	}
}

func TestWhatEndsOtherwiseFromTimeToTimeIsTold(t *testing.T) {
	tries := 0
	r := runner(caseOf("a/flaky", "must", func(context.Context, stage) error {
		if tries++; tries == 2 {
			return &conformance.Mismatch{What: "a", Want: "b", Got: "c"}
		}
		return nil
	}), caseOf("a/steady", "must", returning(nil)))
	r.Repeat = 3
	want := []string{"It did not end the same way every time: a/flaky (1 failed, 2 passed)."}
	if f := finding(t, r); !slices.Equal(f.Run.Notes, want) {
		t.Errorf("%q", f.Run.Notes)
	}
}

func TestExpectedFailures(t *testing.T) {
	failing := caseOf("a/fails", "must", returning(&conformance.Mismatch{}))
	failing.Aliases = []string{"S-1"}
	r := runner(failing, caseOf("a/passes", "must", returning(nil)))
	for _, pattern := range patterns(t, "S-1", "a/passes") {
		r.Expected = append(r.Expected, conformance.Expected{Pattern: pattern, Reason: "known"})
	}
	f := finding(t, r)
	if f.Run.Results[0].State != reports.Advised || !slices.Equal(f.Unused, []string{"a/passes"}) || f.OK() || len(f.Run.Notes) != 1 {
		t.Errorf("%+v %v", f.Run.Results[0], f.Unused)
	}
	r.Expected = r.Expected[:1]
	if f := finding(t, r); !f.OK() {
		t.Errorf("%+v", f)
	}
	// What was left out of the run had no chance to fail; what does not exist never has one.
	r.Only = patterns(t, "a/passes")
	if f := finding(t, r); !f.OK() {
		t.Errorf("%+v", f)
	}
	// Where one of its cases was left out, that one may be what fails.
	r.Expected[0].Pattern = patterns(t, "a/*")[0]
	if f := finding(t, r); !f.OK() {
		t.Errorf("%+v", f)
	}
	r.Expected = append(r.Expected, conformance.Expected{Pattern: patterns(t, "a/fials")[0], Reason: "known"})
	if f := finding(t, r); f.OK() || !slices.Equal(f.Run.Unused, []string{"a/fials"}) {
		t.Errorf("%+v", f)
	}
}

// What another framework runs case by case comes to the same as a run.
func TestCasesThatAreTriedOneByOneComeToTheSame(t *testing.T) {
	r := runner(caseOf("a/fails", "must", returning(&conformance.Mismatch{What: "x"})), caseOf("a/passes", "must", returning(nil)))
	r.Expected = []conformance.Expected{{Pattern: patterns(t, "a/passes")[0], Reason: "known"}, {Pattern: patterns(t, "a/f*")[0], Reason: "known, too"}}
	now := time.Unix(0, 0)
	r.Now = func() time.Time { return now }
	var results []reports.Result
	for _, c := range r.Cases {
		results = append(results, r.Try(t.Context(), c))
	}
	if got, want := r.Conclude(results, now), finding(t, r); !reflect.DeepEqual(got, want) || len(want.Unused) != 1 {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}

func TestATrialIsBounded(t *testing.T) {
	r := runner(caseOf("a/hangs", "must", func(ctx context.Context, _ stage) error { <-ctx.Done(); return ctx.Err() }))
	r.CaseTimeout = time.Millisecond
	if got := finding(t, r).Run.Results[0]; got.State != reports.Inconclusive || !strings.Contains(got.Reason, "longer than 1ms") {
		t.Errorf("%+v", got)
	}
	// What broke when the case's own time ran out was broken off from here; what the subject decided stands.
	for want, mismatch := range map[reports.State]*conformance.Mismatch{
		reports.Inconclusive: {What: "a lie", Want: "a refusal", Got: "timed out", Broke: true},
		reports.Failed:       {What: "a lie", Want: "a refusal", Got: "accepted"},
	} {
		r := runner(caseOf("a/slow", "must", func(ctx context.Context, _ stage) error { <-ctx.Done(); return mismatch }))
		r.CaseTimeout = time.Millisecond
		if got := finding(t, r).Run.Results[0]; got.State != want {
			t.Errorf("want %s: %+v", want, got)
		}
	}
}

func TestAnInterruptedRunAccusesNobody(t *testing.T) {
	for name, cutShort := range map[string]error{
		"a server that seems to hang": &conformance.Mismatch{What: "a lie", Want: "a refusal", Got: "timed out", Broke: true},
		"a count that is too low":     &conformance.Mismatch{What: "two at once", Want: "one", Got: "none"},
		"anything else":               errors.New("no answer"),
		"what looks good":             nil,
	} {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			r := runner(caseOf("a/first", "must", returning(nil)), caseOf("a/second", "must", func(context.Context, stage) error { cancel(); return cutShort }),
				caseOf("a/third", "must", returning(nil)))
			var ended []reports.Result
			r.Ended = func(_ *conformance.Trial, result reports.Result) { ended = append(ended, result) }
			r.Expected = []conformance.Expected{{Pattern: patterns(t, "a/*")[0], Reason: "known"}}
			f, err := r.Run(ctx)
			if err != nil || !f.Run.Interrupted || len(f.Run.Results) != 1 || reports.Judge(f.Run).Exit != reports.ExitInterrupted {
				t.Errorf("%v %+v", err, f)
			}
			if len(ended) != 2 || ended[1].State != reports.Inconclusive {
				t.Errorf("%+v", ended)
			}
		})
	}
}

func TestTheStageIsSetAndTakenDown(t *testing.T) {
	var open atomic.Int32
	r := runner(caseOf("a/panics", "must", func(context.Context, stage) error { panic("oops") }), caseOf("a/passes", "must", returning(nil)))
	set := r.Open
	r.Open = func(ctx context.Context, trial *conformance.Trial) (stage, error) {
		open.Add(1)
		return set(ctx, trial)
	}
	r.Close = func(stage) error { open.Add(-1); return errors.New("stuck") }
	f := finding(t, r)
	if open.Load() != 0 || f.Run.Results[1].State != reports.Inconclusive {
		t.Errorf("%d open, %+v", open.Load(), f.Run.Results[1])
	}
	r.Open = func(context.Context, *conformance.Trial) (stage, error) { return stage{}, errors.New("no stage") }
	if f := finding(t, r); f.Run.Results[0].State != reports.Inconclusive {
		t.Errorf("%+v", f.Run.Results[0])
	}
}

func TestProgress(t *testing.T) {
	now := time.Unix(0, 0)
	var told []conformance.Progress
	r := runner(caseOf("a/a", "must", returning(nil)), caseOf("a/b", "must", returning(nil)))
	r.Now = func() time.Time { now = now.Add(time.Second); return now }
	r.Progress = func(p conformance.Progress) { told = append(told, p) }
	finding(t, r)
	if len(told) != 4 || told[0].Verdict != "" || told[1].Done != 1 || told[1].Total != 2 || told[1].Left == 0 || told[3].Left != 0 || told[3].Verdict != conformance.Passed {
		t.Errorf("%+v", told)
	}
}

func TestCheckFindsMalformedCases(t *testing.T) {
	good := caseOf("a/b", "must", returning(nil))
	if problems := conformance.Check([]testCase{good}); len(problems) > 0 {
		t.Error(problems)
	}
	for name, spoil := range map[string]func(*testCase){
		"id": func(c *testCase) { c.ID = "A" }, "sentence": func(c *testCase) { c.Says = "It ends." }, "clause": func(c *testCase) { c.Clause.Slug = "" },
		"level": func(c *testCase) { c.Level = "" }, "function": func(c *testCase) { c.Run = nil },
	} {
		bad := good
		spoil(&bad)
		if len(conformance.Check([]testCase{bad})) != 1 {
			t.Errorf("a case with a bad %s passed", name)
		}
	}
	if len(conformance.Check([]testCase{good, good})) != 1 {
		t.Error("an id was used twice")
	}
}

func TestClauses(t *testing.T) {
	if got := clause.String() + " " + clause.Key() + (conformance.Clause{}).String(); got != "Spec E §1 step 2 Spec/x" {
		t.Error(got)
	}
}
