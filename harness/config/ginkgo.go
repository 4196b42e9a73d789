package config

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/onsi/ginkgo/v2/types"
)

// CommandLine is what a person typed to Ginkgo, as far as a test process can know it.
type CommandLine struct {
	typed map[string]bool
}

// alwaysForwarded are flags that the ginkgo command passes to each test process whether or not a person typed them: it
// fills in the seed, the time that is left of its one hour, and the grace period.
func alwaysForwarded(name string) bool {
	return name == "seed" || name == "timeout" || name == "grace-period"
}

// ReadCommandLine finds out which of Ginkgo's flags a person typed. fs is the parsed flag.CommandLine. parent is the
// command line of the process that started this one, or nil where that cannot be known: see [ParentArgs].
func ReadCommandLine(fs *flag.FlagSet, parent []string) CommandLine {
	given := map[string]string{}
	fs.Visit(func(f *flag.Flag) {
		if name, ours := strings.CutPrefix(f.Name, "ginkgo."); ours {
			given[name] = f.Value.String()
		}
	})
	// Only the ginkgo command sets these; without them a person started the test itself and typed all that is set.
	_, byGinkgo := given["parallel.total"]
	c := CommandLine{typed: map[string]bool{}}
	for name, value := range given {
		c.typed[name] = !byGinkgo || !alwaysForwarded(name) || typedToParent(parent, name, value)
	}
	return c
}

// Typed reports whether a person gave a flag, by Ginkgo's name for it without "ginkgo.": "label-filter".
func (c CommandLine) Typed(name string) bool { return c.typed[name] }

// typedToParent looks for the flag in the ginkgo command's own arguments. Where those are not known, a seed counts as
// typed, because all processes must agree on it; a time counts as typed unless it is about what ginkgo's own hour leaves.
func typedToParent(parent []string, name, value string) bool {
	if parent == nil {
		left, err := time.ParseDuration(value)
		nearTheHour := err == nil && left > 50*time.Minute && left <= time.Hour
		return name == "seed" || name == "timeout" && !nearTheHour
	}
	for _, argument := range parent {
		if argument == "--" {
			return false // what follows is for the suite
		}
		flagName, _, _ := strings.Cut(strings.TrimLeft(argument, "-"), "=")
		if strings.HasPrefix(argument, "-") && strings.TrimPrefix(flagName, "ginkgo.") == name {
			return true
		}
	}
	return false
}

// ParentArgs reads the command line of the process that started this one; nil where the system does not show it.
func ParentArgs() []string {
	content, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", os.Getppid()))
	if err != nil || len(content) == 0 {
		return nil
	}
	return strings.Split(strings.TrimSuffix(string(content), "\x00"), "\x00")
}

// Apply puts the settings into Ginkgo's configuration, but for what a person typed to Ginkgo: that wins, and Settings says
// so afterwards. Give the result to RunSpecs:
//
//	suite, reporter := GinkgoConfiguration()
//	c.Apply(&suite, config.ReadCommandLine(flag.CommandLine, config.ParentArgs()))
//	RunSpecs(t, "journeys", suite, reporter)
//
// Reports are written by package reports, so Ginkgo's reporter has nothing to be told.
func (c *Config) Apply(suite *types.SuiteConfig, line CommandLine) {
	c.applyFilters(suite, line)
	if line.Typed("timeout") {
		c.Suite.Timeout = suite.Timeout
		c.override("suite.timeout", suite.Timeout, "ginkgo --timeout")
	} else {
		suite.Timeout = c.Suite.Timeout
	}
	switch {
	case line.Typed("seed"):
		c.Suite.Seed = suite.RandomSeed
		c.override("suite.seed", suite.RandomSeed, "ginkgo --seed")
	case c.Suite.Seed == 0:
		c.Suite.Seed = suite.RandomSeed
		c.override("suite.seed", suite.RandomSeed, "drawn for this run")
	default:
		suite.RandomSeed = c.Suite.Seed
	}
	if line.Typed("fail-fast") {
		c.Suite.FailFast = suite.FailFast
		c.override("suite.fail_fast", suite.FailFast, "ginkgo --fail-fast")
	} else {
		suite.FailFast = c.Suite.FailFast
	}
	if suite.ParallelTotal > 1 || line.Typed("parallel.total") {
		c.Suite.Procs = suite.ParallelTotal
		c.override("suite.procs", suite.ParallelTotal, "ginkgo --procs")
	}
}

// applyFilters decides which journeys run. A focus on the command line replaces the file's focus and skip together: a
// person who asks for one journey by name wants that one.
func (c *Config) applyFilters(suite *types.SuiteConfig, line CommandLine) {
	if line.Typed("label-filter") {
		c.Suite.LabelFilter = suite.LabelFilter
		c.override("suite.label_filter", suite.LabelFilter, "ginkgo --label-filter")
	} else {
		suite.LabelFilter = c.Suite.LabelFilter
	}
	if line.Typed("focus") || line.Typed("skip") || line.Typed("focus-file") {
		c.Suite.Focus = strings.Join(suite.FocusStrings, "|")
		c.Suite.Skip = strings.Join(suite.SkipStrings, "|")
		c.override("suite.focus", c.Suite.Focus, "ginkgo --focus, --skip, --focus-file")
		c.override("suite.skip", c.Suite.Skip, "ginkgo --focus, --skip, --focus-file")
		return
	}
	if c.Suite.Focus != "" {
		suite.FocusStrings = []string{c.Suite.Focus}
	}
	if c.Suite.Skip != "" {
		suite.SkipStrings = []string{c.Suite.Skip}
	}
}

// override notes that Ginkgo's command line decided a key.
func (c *Config) override(key string, value any, from string) {
	for i := range c.settings {
		if c.settings[i].Key == key {
			c.settings[i].Value, c.settings[i].From = show(value), from
		}
	}
}
