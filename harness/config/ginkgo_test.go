package config

import (
	"flag"
	"testing"
	"time"

	"github.com/onsi/ginkgo/v2/types"
)

// commandLine parses arguments the way a test process does. Ginkgo's own flags are attached to flag.CommandLine, which a
// test must not touch, so the ones that matter are declared again.
func commandLine(t *testing.T, suite *types.SuiteConfig, arguments, parent []string) CommandLine {
	t.Helper()
	fs := flag.NewFlagSet("test", flag.ContinueOnError)
	fs.StringVar(&suite.LabelFilter, "ginkgo.label-filter", "", "")
	fs.Func("ginkgo.focus", "", func(s string) error { suite.FocusStrings = append(suite.FocusStrings, s); return nil })
	fs.Func("ginkgo.skip", "", func(s string) error { suite.SkipStrings = append(suite.SkipStrings, s); return nil })
	fs.Func("ginkgo.focus-file", "", func(s string) error { suite.FocusFiles = append(suite.FocusFiles, s); return nil })
	fs.Int64Var(&suite.RandomSeed, "ginkgo.seed", suite.RandomSeed, "")
	fs.DurationVar(&suite.Timeout, "ginkgo.timeout", time.Hour, "")
	fs.DurationVar(&suite.GracePeriod, "ginkgo.grace-period", 30*time.Second, "")
	fs.BoolVar(&suite.FailFast, "ginkgo.fail-fast", false, "")
	fs.IntVar(&suite.ParallelTotal, "ginkgo.parallel.total", 1, "")
	if err := fs.Parse(arguments); err != nil {
		t.Fatal(err)
	}
	return ReadCommandLine(fs, parent)
}

// forwarded is what the ginkgo command passes to a test process when nothing was typed.
func forwarded(more ...string) []string {
	return append([]string{"--ginkgo.seed=1795420424", "--ginkgo.timeout=59m51.468705776s", "--ginkgo.grace-period=30s", "--ginkgo.parallel.total=1"}, more...)
}

func TestTheSettingsReachGinkgo(t *testing.T) {
	_, dir := world(t, "suite:\n  label_filter: essential\n  focus: one\n  skip: two\n  timeout: 7m\n  seed: 42\n  fail_fast: true\n")
	c, err := Load(Options{Dir: dir, Env: []string{}})
	if err != nil {
		t.Fatal(err)
	}
	suite := types.NewDefaultSuiteConfig()
	c.Apply(&suite, commandLine(t, &suite, forwarded(), []string{"ginkgo", "run", "./scenarios/journeys"}))
	if suite.LabelFilter != "essential" || suite.FocusStrings[0] != "one" || suite.SkipStrings[0] != "two" ||
		suite.Timeout != 7*time.Minute || suite.RandomSeed != 42 || !suite.FailFast {
		t.Errorf("got %+v", suite)
	}
	none, err := types.NewGinkgoFlagSet(types.GinkgoFlags{}, nil, types.GinkgoFlagSections{})
	if err != nil {
		t.Fatal(err)
	}
	if errs := types.VetConfig(none, suite, types.ReporterConfig{}); len(errs) > 0 {
		t.Errorf("Ginkgo refuses the result: %v", errs)
	}
}

func TestGinkgosCommandLineWins(t *testing.T) {
	file := "suite:\n  label_filter: essential\n  focus: one\n  skip: two\n  timeout: 7m\n  seed: 42\n  fail_fast: false\n"
	ginkgo := func(typed ...string) []string { return append([]string{"/go/ginkgo", "run"}, typed...) }
	tests := []struct {
		name              string
		arguments, parent []string
		key, value, from  string
	}{
		{"label filter", forwarded("--ginkgo.label-filter=a"), ginkgo("--label-filter=a"), "suite.label_filter", "a", "ginkgo --label-filter"},
		{"timeout", []string{"--ginkgo.timeout=4m59.2s", "--ginkgo.parallel.total=1"}, ginkgo("--timeout=5m"), "suite.timeout", "4m59.2s", "ginkgo --timeout"},
		{"timeout apart", []string{"--ginkgo.timeout=4m59.2s", "--ginkgo.parallel.total=1"}, ginkgo("-timeout", "5m"), "suite.timeout", "4m59.2s", "ginkgo --timeout"},
		{"timeout, parent hidden", []string{"--ginkgo.timeout=4m59.2s", "--ginkgo.parallel.total=1"}, nil, "suite.timeout", "4m59.2s", "ginkgo --timeout"},
		{"seed", forwarded("--ginkgo.seed=7"), ginkgo("--seed=7"), "suite.seed", "7", "ginkgo --seed"},
		{"seed, parent hidden", forwarded("--ginkgo.seed=7"), nil, "suite.seed", "7", "ginkgo --seed"},
		{"fail fast", forwarded("--ginkgo.fail-fast"), ginkgo("--fail-fast"), "suite.fail_fast", "true", "ginkgo --fail-fast"},
		{"focus", forwarded("--ginkgo.focus=x", "--ginkgo.focus=y"), ginkgo("--focus=x", "--focus=y"), "suite.focus", "x|y", "ginkgo --focus, --skip, --focus-file"},
		{"a typed focus drops the file's skip", forwarded("--ginkgo.focus=x"), ginkgo("--focus=x"), "suite.skip", "", "ginkgo --focus, --skip, --focus-file"},
		{"focus file", forwarded("--ginkgo.focus-file=a_test.go:3"), ginkgo("--focus-file=a_test.go:3"), "suite.focus", "", "ginkgo --focus, --skip, --focus-file"},
		{"processes", forwarded("--ginkgo.parallel.total=3"), ginkgo("-p"), "suite.procs", "3", "ginkgo --procs"},
		{"started by hand", []string{"--ginkgo.timeout=9m"}, []string{"bash"}, "suite.timeout", "9m0s", "ginkgo --timeout"},
		{"by go test", []string{"--ginkgo.seed=5"}, []string{"go", "test", "-ginkgo.seed=5"}, "suite.seed", "5", "ginkgo --seed"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, dir := world(t, file)
			c, err := Load(Options{Dir: dir, Env: []string{}})
			if err != nil {
				t.Fatal(err)
			}
			suite := types.NewDefaultSuiteConfig()
			c.Apply(&suite, commandLine(t, &suite, test.arguments, test.parent))
			for _, setting := range c.Settings() {
				if setting.Key == test.key && (setting.Value != test.value || setting.From != test.from) {
					t.Errorf("%s is %q from %q, want %q from %q", test.key, setting.Value, setting.From, test.value, test.from)
				}
			}
		})
	}
}

func TestWhatGinkgoFillsInByItselfDoesNotWin(t *testing.T) {
	_, dir := world(t, "suite:\n  timeout: 7m\n  seed: 42\n")
	for name, parent := range map[string][]string{
		"parent known":                 {"ginkgo", "run", "--procs=2", "./scenarios/journeys"},
		"typed behind the double dash": {"ginkgo", "run", "./scenarios/journeys", "--", "--timeout=1m", "--seed=3"},
	} {
		t.Run(name, func(t *testing.T) {
			c, err := Load(Options{Dir: dir, Env: []string{}})
			if err != nil {
				t.Fatal(err)
			}
			suite := types.NewDefaultSuiteConfig()
			c.Apply(&suite, commandLine(t, &suite, forwarded(), parent))
			if suite.Timeout != 7*time.Minute || suite.RandomSeed != 42 {
				t.Errorf("got %s and seed %d, want the file's 7m and 42", suite.Timeout, suite.RandomSeed)
			}
		})
	}
	t.Run("parent hidden: its hour is recognised", func(t *testing.T) {
		c, err := Load(Options{Dir: dir, Env: []string{}})
		if err != nil {
			t.Fatal(err)
		}
		suite := types.NewDefaultSuiteConfig()
		c.Apply(&suite, commandLine(t, &suite, forwarded(), nil))
		if suite.Timeout != 7*time.Minute {
			t.Errorf("got %s, want the file's 7m", suite.Timeout)
		}
	})
}

func TestASeedThatNobodyChoseIsShown(t *testing.T) {
	c, err := Load(Options{Dir: t.TempDir(), Env: []string{}})
	if err != nil {
		t.Fatal(err)
	}
	suite := types.NewDefaultSuiteConfig()
	c.Apply(&suite, commandLine(t, &suite, forwarded(), []string{"ginkgo", "run"}))
	if c.Suite.Seed != 1795420424 || c.From("suite.seed") != "drawn for this run" {
		t.Errorf("got seed %d from %q", c.Suite.Seed, c.From("suite.seed"))
	}
}

func TestParentArgsSeesTheGoCommandOrNothing(t *testing.T) {
	if args := ParentArgs(); args != nil && args[0] == "" {
		t.Errorf("got %q", args)
	}
}
