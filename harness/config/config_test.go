package config

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"
)

// world is a folder like a checkout: go.mod at its root, ginkgo.yaml with the given content, and a package two levels down
// in which the loader starts.
func world(t *testing.T, content string) (root, dir string) {
	t.Helper()
	root = t.TempDir()
	dir = filepath.Join(root, "scenarios", "journeys")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(root, "go.mod"), "module example.test\n")
	if content != "" {
		write(t, filepath.Join(root, FileName), content)
	}
	return root, dir
}

func write(t *testing.T, path, content string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
}

func flagsOf(t *testing.T, pairs ...string) *Flags {
	t.Helper()
	flags := &Flags{}
	for _, pair := range pairs {
		name, value, _ := strings.Cut(pair, "=")
		if err := flags.Set(name, value); err != nil {
			t.Fatal(err)
		}
	}
	return flags
}

func TestDefaultsStandWhenNobodySaysAnything(t *testing.T) {
	root, dir := world(t, "")
	c, err := Load(Options{Dir: dir, Env: []string{"HOME=/x"}})
	if err != nil {
		t.Fatal(err)
	}
	want := Config{
		Suite:    Suite{Timeout: 45 * time.Minute, StepTimeout: 30 * time.Second},
		Browser:  Browser{Mode: Headless},
		Drivers:  Drivers{Enabled: []Driver{DevTools, Bridge, API, Hybrid}, Required: []Driver{}},
		Evidence: Evidence{Screenshots: ScreenshotsAlways, Dir: filepath.Join(root, "reports/out/evidence")},
		Reports: Reports{Dir: filepath.Join(root, "reports/out"), JUnit: filepath.Join(root, "reports/out/junit.xml"),
			HTML: filepath.Join(root, "reports/out/report.html"), JSON: filepath.Join(root, "reports/out/run.json")},
		RP:    RP{Policy: PolicyOpen},
		Check: Check{Target: TargetReference, Profile: "l3"},
		Root:  root,
	}
	for _, setting := range c.Settings() {
		if setting.From != SourceDefault {
			t.Errorf("%s comes from %q, want the default", setting.Key, setting.From)
		}
	}
	c.settings = nil
	if !reflect.DeepEqual(*c, want) {
		t.Errorf("got  %+v\nwant %+v", *c, want)
	}
}

// The file in the checkout documents the defaults, so it must hold every key and change none of them.
func TestTheFileInTheCheckoutHoldsEveryKeyWithItsDefault(t *testing.T) {
	plain, err := Load(Options{Dir: t.TempDir(), Env: []string{}})
	if err != nil {
		t.Fatal(err)
	}
	c, err := Load(Options{Env: []string{}})
	if err != nil {
		t.Fatal(err)
	}
	if filepath.Base(c.File) != FileName {
		t.Fatalf("the checkout's file was not found above this package: %q", c.File)
	}
	for i, setting := range c.Settings() {
		if !strings.HasPrefix(setting.From, c.File+":") {
			t.Errorf("%s is missing in %s", setting.Key, c.File)
		}
		got, want := strings.ReplaceAll(setting.Value, c.Root, ""), strings.ReplaceAll(plain.Settings()[i].Value, plain.Root, "")
		if got != want {
			t.Errorf("%s is %q in the file and %q by default", setting.Key, got, want)
		}
	}
}

func TestEachLayerIsStrongerThanTheOneBelow(t *testing.T) {
	_, dir := world(t, "browser:\n  mode: headed\n  path: from-file\nsuite:\n  procs: 2\n  label_filter: a\n")
	env := []string{"PASSKEYLAB_BROWSER_PATH=from-env", "PASSKEYLAB_SUITE_PROCS=3"}
	c, err := Load(Options{Dir: dir, Env: env, Flags: flagsOf(t, "suite.procs=4")})
	if err != nil {
		t.Fatal(err)
	}
	if c.Browser.Mode != Headed || c.Browser.Path != "from-env" || c.Suite.Procs != 4 || c.Suite.LabelFilter != "a" {
		t.Errorf("got %+v %+v", c.Browser, c.Suite)
	}
	for key, want := range map[string]string{
		"browser.mode":       FileName + ":2",
		"browser.path":       "environment PASSKEYLAB_BROWSER_PATH",
		"suite.procs":        "flag -suite.procs",
		"suite.label_filter": FileName + ":6",
		"suite.timeout":      SourceDefault,
	} {
		if got := c.From(key); !strings.HasSuffix(got, want) {
			t.Errorf("%s comes from %q, want %q", key, got, want)
		}
	}
}

// Every key can be set in every layer, to a value that is not its default, under exactly its own name.
func TestEveryKeyInEveryLayer(t *testing.T) {
	values := map[string]string{
		"suite.label_filter": "essential && !slow", "suite.focus": "wrong.*provider", "suite.skip": "^slow", "suite.timeout": "1h30m0s",
		"suite.step_timeout": "2s", "suite.procs": "4", "suite.seed": "42", "suite.fail_fast": "true",
		"browser.path": "/opt/chromium", "browser.mode": "headed",
		"drivers.enabled": "bridge,api", "drivers.required": "bridge",
		"evidence.screenshots": "never",
		"reports.dir":          "/out", "reports.junit": "j.xml", "reports.html": "none", "reports.json": "r.json",
		"rp.url": "https://login.example.com", "rp.policy": "approved-app",
		"check.target": "/etc/target.yaml", "check.profile": "fido",
	}
	var file strings.Builder
	var env, flags []string
	section := ""
	for _, key := range Keys() {
		value, there := values[key.Name]
		if !there {
			t.Fatalf("this test has no value for %s", key.Name)
		}
		head, word, _ := strings.Cut(key.Name, ".")
		if head != section {
			section = head
			file.WriteString(head + ":\n")
		}
		if key.kind == "list" {
			file.WriteString("  " + word + ": [" + value + "]\n")
		} else {
			file.WriteString("  " + word + ": " + value + "\n")
		}
		env = append(env, key.Env+"="+value)
		flags = append(flags, key.Name+"="+value)
	}
	_, with := world(t, file.String())
	_, without := world(t, "")
	for name, options := range map[string]Options{
		"file":        {Dir: with, Env: []string{}},
		"environment": {Dir: without, Env: env},
		"flags":       {Dir: without, Env: []string{}, Flags: flagsOf(t, flags...)},
	} {
		t.Run(name, func(t *testing.T) {
			c, err := Load(options)
			if err != nil {
				t.Fatal(err)
			}
			for _, setting := range c.Settings() {
				if setting.Value != values[setting.Key] || setting.From == SourceDefault {
					t.Errorf("%s is %q from %q, want %q", setting.Key, setting.Value, setting.From, values[setting.Key])
				}
			}
			if c.Suite.Timeout != 90*time.Minute || c.Suite.Seed != 42 || !c.Suite.FailFast || c.Suite.Procs != 4 ||
				!reflect.DeepEqual(c.Drivers.Enabled, []Driver{Bridge, API}) || !c.Drivers.Needs(Bridge) || c.Drivers.Has(DevTools) ||
				c.Reports.HTML != "" || c.Reports.JUnit != "/out/j.xml" || c.RP.Policy != PolicyApprovedApp {
				t.Errorf("the fields do not hold the values: %+v", c)
			}
		})
	}
}

func TestUnknownKeysAreNamedWithTheNearestRightOne(t *testing.T) {
	tests := []struct {
		name, file string
		env        []string
		key        string
		where      string
		nearest    string
	}{
		{name: "letter missing", file: "browser:\n  pth: x\n", key: "browser.pth", where: ":2", nearest: "browser.path"},
		{name: "hyphen for underscore", file: "suite:\n  step-timeout: 1s\n", key: "suite.step-timeout", where: ":2", nearest: "suite.step_timeout"},
		{name: "camel case", file: "suite:\n  labelFilter: x\n", key: "suite.labelFilter", where: ":2", nearest: "suite.label_filter"},
		{name: "section misspelt", file: "\nbrowsers:\n  path: x\n", key: "browsers", where: ":2", nearest: "browser"},
		{name: "key at the top", file: "headless: true\nscreenshots: never\n", key: "screenshots", where: ":2", nearest: "evidence.screenshots"},
		{name: "right word, wrong section", file: "browser:\n  screenshots: never\n", key: "browser.screenshots", where: ":2", nearest: "evidence.screenshots"},
		{name: "nothing like it", file: "browser:\n  wallpaper_of_the_day: x\n", key: "browser.wallpaper_of_the_day", where: ":2"},
		{name: "environment", env: []string{"PASSKEYLAB_BROWSER_PAHT=x"}, key: "PASSKEYLAB_BROWSER_PAHT", where: "environment", nearest: "PASSKEYLAB_BROWSER_PATH"},
		{name: "environment without section", env: []string{"PASSKEYLAB_SEED=1"}, key: "PASSKEYLAB_SEED", where: "environment", nearest: "PASSKEYLAB_SUITE_SEED"},
		{name: "environment file", env: []string{"PASSKEYLAB_CONFIGS=1"}, key: "PASSKEYLAB_CONFIGS", where: "environment", nearest: "PASSKEYLAB_CONFIG"},
		{name: "merge key", file: "suite: &s\n  procs: 1\nbrowser:\n  <<: *s\n", key: "browser.<<", where: ":4"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, dir := world(t, test.file)
			_, err := Load(Options{Dir: dir, Env: append([]string{}, test.env...)})
			for _, problem := range problemsOf(err) {
				var unknown *UnknownKeyError
				if errors.As(problem, &unknown) && unknown.Key == test.key {
					if !strings.HasSuffix(unknown.Where, test.where) || unknown.Nearest != test.nearest {
						t.Errorf("got %q, want it to stand at %q and the nearest to be %q", unknown, test.where, test.nearest)
					}
					if !strings.Contains(unknown.Error(), test.nearest) || !strings.Contains(unknown.Error(), test.key) {
						t.Errorf("the message hides the key or the nearest one: %s", unknown)
					}
					return
				}
			}
			t.Fatalf("the unknown key %s was not reported: %v", test.key, err)
		})
	}
}

func problemsOf(err error) []error {
	var joined interface{ Unwrap() []error }
	if errors.As(err, &joined) {
		return joined.Unwrap()
	}
	return []error{err}
}

func TestValuesThatCannotBeUsedAreNamedWithTheAllowedOnes(t *testing.T) {
	tests := []struct{ name, file, env, key, want string }{
		{"word", "browser:\n  mode: visible\n", "", "browser.mode", "headless or headed"},
		{"three words", "evidence:\n  screenshots: sometimes\n", "", "evidence.screenshots", "always, failure or never"},
		{"yes for a word", "evidence:\n  screenshots: true\n", "", "evidence.screenshots", "always, failure or never"},
		{"list for a word", "browser:\n  mode: [headless]\n", "", "browser.mode", "headless or headed"},
		{"section for a word", "browser:\n  mode:\n    kind: headless\n", "", "browser.mode", "headless or headed"},
		{"number", "suite:\n  procs: many\n", "", "suite.procs", "a whole number from 0 to 64"},
		{"number too big", "", "PASSKEYLAB_SUITE_PROCS=65", "suite.procs", "a whole number from 0 to 64"},
		{"number below", "suite:\n  seed: -1\n", "", "suite.seed", "a whole number of at least 0"},
		{"fraction", "suite:\n  procs: 1.5\n", "", "suite.procs", "a whole number from 0 to 64"},
		{"time without unit", "suite:\n  timeout: 90\n", "", "suite.timeout", "a time with its unit"},
		{"time too short", "suite:\n  step_timeout: 1ms\n", "", "suite.step_timeout", "at least 100ms"},
		{"negative time", "", "PASSKEYLAB_SUITE_TIMEOUT=-5m", "suite.timeout", "at least 1s"},
		{"bool", "suite:\n  fail_fast: often\n", "", "suite.fail_fast", "true or false"},
		{"bool in words", "", "PASSKEYLAB_SUITE_FAIL_FAST=yes", "suite.fail_fast", "true or false"},
		{"driver", "drivers:\n  enabled: [devtools, bridges]\n", "", "drivers.enabled", "a list of devtools, bridge, api, hybrid"},
		{"driver twice", "drivers:\n  enabled: [api, api]\n", "", "drivers.enabled", "names each driver once"},
		{"list of lists", "drivers:\n  enabled: [[api]]\n", "", "drivers.enabled", "a list of devtools"},
		{"driver required but not enabled", "drivers:\n  enabled: [api]\n  required: [bridge]\n", "", "drivers.required", "drivers.enabled"},
		{"label filter", "suite:\n  label_filter: \"(a\"\n", "", "suite.label_filter", "label filter"},
		{"regexp", "suite:\n  focus: \"(\"\n", "", "suite.focus", "regular expression"},
		{"text given a yes", "suite:\n  focus: true\n", "", "suite.focus", "text"},
		{"url without scheme", "rp:\n  url: login.example.com\n", "", "rp.url", "an address such as"},
		{"url of a file", "rp:\n  url: file:///etc/passwd\n", "", "rp.url", "an address such as"},
		{"url with password", "rp:\n  url: https://a:b@example.com\n", "", "rp.url", "an address such as"},
		{"policy misspelt", "rp:\n  policy: approvedapp\n", "", "rp.policy", "open, approved-app, attested or the path of a policy file"},
		{"target misspelt", "check:\n  target: refrence\n", "", "check.target", "reference or the path of a target's YAML file"},
		{"profile", "check:\n  profile: l4\n", "", "check.profile", "fido"},
		{"empty folder", "", "PASSKEYLAB_REPORTS_DIR=", "reports.dir", "the path of a folder"},
		{"report that is a folder", "reports:\n  junit: out/\n", "", "reports.junit", "a file name, or none"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, dir := world(t, test.file)
			env := []string{}
			if test.env != "" {
				env = append(env, test.env)
			}
			_, err := Load(Options{Dir: dir, Env: env})
			var wrong *ValueError
			if !errors.As(err, &wrong) {
				t.Fatalf("got %v, want a ValueError", err)
			}
			if wrong.Key != test.key || !strings.Contains(wrong.Want, test.want) || wrong.Where == "" {
				t.Errorf("got %q, want key %s and %q", wrong, test.key, test.want)
			}
			if !strings.Contains(wrong.Error(), wrong.Key) || !strings.Contains(wrong.Error(), wrong.Want) {
				t.Errorf("the message hides the key or the allowed values: %s", wrong)
			}
		})
	}
}

func TestAllMistakesAreToldAtOnce(t *testing.T) {
	_, dir := world(t, "browser:\n  mod: headed\n  mode: loud\nsuite:\n  procs: x\n")
	_, err := Load(Options{Dir: dir, Env: []string{"PASSKEYLAB_RP_POLICY=stopped", "PASSKEYLAB_NONSENSE=1"}, Flags: flagsOf(t, "suite.seed=dice")})
	if got := len(problemsOf(err)); got != 6 {
		t.Errorf("got %d problems, want 6:\n%v", got, err)
	}
}

func TestFilesThatAreNoConfiguration(t *testing.T) {
	tests := []struct {
		name, content, reason string
		line                  int
	}{
		{"not yaml", "suite: [", "this is not YAML", 0},
		{"a list", "- a\n", "made of sections", 1},
		{"text", "hello\n", "made of sections", 1},
		{"two documents", "suite: {}\n---\nsuite: {}\n", "one YAML document", 2},
		{"section is text", "suite:\n\nbrowser: chrome\n", "browser is a section", 3},
		{"key twice", "suite:\n  procs: 1\n  procs: 2\n", "suite.procs stands here again", 3},
		{"section twice", "suite:\n  procs: 1\nsuite:\n  seed: 2\n", "suite stands here again", 3},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, dir := world(t, test.content)
			_, err := Load(Options{Dir: dir, Env: []string{}})
			var wrong *FileError
			if !errors.As(err, &wrong) {
				t.Fatalf("got %v, want a FileError", err)
			}
			if !strings.Contains(wrong.Reason, test.reason) || test.line > 0 && wrong.Line != test.line {
				t.Errorf("got %q on line %d, want %q on line %d", wrong.Reason, wrong.Line, test.reason, test.line)
			}
		})
	}
}

func TestEmptyPlacesKeepTheDefault(t *testing.T) {
	for _, content := range []string{"\n", "# only a comment\n", "---\n", "suite:\nbrowser:\n", "suite:\n  timeout:\nbrowser: {}\n", "suite:\n  timeout: ~\n"} {
		_, dir := world(t, content)
		c, err := Load(Options{Dir: dir, Env: []string{}})
		if err != nil || c.Suite.Timeout != 45*time.Minute {
			t.Errorf("%q: got %v, %v", content, c, err)
		}
	}
}

func TestWhichFileIsRead(t *testing.T) {
	root, dir := world(t, "suite:\n  procs: 1\n")
	other := filepath.Join(root, "other.yaml")
	write(t, other, "suite:\n  procs: 2\n")
	third := filepath.Join(t.TempDir(), "third.yaml")
	write(t, third, "suite:\n  procs: 3\nreports:\n  dir: mine\n")
	named := func(path string) *Flags { return &Flags{file: path} }
	tests := []struct {
		name  string
		env   []string
		flags *Flags
		procs int
	}{
		{"the nearest ginkgo.yaml", nil, nil, 1},
		{"a relative name in the environment, found above", []string{EnvFile + "=other.yaml"}, nil, 2},
		{"an absolute name in the environment", []string{EnvFile + "=" + third}, nil, 3},
		{"the flag is stronger than the environment", []string{EnvFile + "=" + third}, named("other.yaml"), 2},
		{"the last of two in the environment", []string{EnvFile + "=other.yaml", EnvFile + "=" + third}, nil, 3},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			c, err := Load(Options{Dir: dir, Env: append([]string{}, test.env...), Flags: test.flags})
			if err != nil {
				t.Fatal(err)
			}
			if c.Suite.Procs != test.procs || c.Root != root {
				t.Errorf("read %s with procs %d from root %s", c.File, c.Suite.Procs, c.Root)
			}
		})
	}
	t.Run("paths in a file start from its folder", func(t *testing.T) {
		c, err := Load(Options{Dir: dir, Env: []string{EnvFile + "=" + third}})
		if err != nil {
			t.Fatal(err)
		}
		if want := filepath.Join(filepath.Dir(third), "mine"); c.Reports.Dir != want || c.Reports.JUnit != filepath.Join(want, "junit.xml") {
			t.Errorf("reports in %s, %s; want %s", c.Reports.Dir, c.Reports.JUnit, want)
		}
		if want := filepath.Join(filepath.Dir(third), "mine", "evidence"); c.Evidence.Dir != want {
			t.Errorf("evidence in %s, want it beside the reports, %s", c.Evidence.Dir, want)
		}
	})
	for _, name := range []string{"missing.yaml", filepath.Join(root, "missing.yaml"), root} {
		_, err := Load(Options{Dir: dir, Env: []string{}, Flags: named(name)})
		if !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), "-config") {
			t.Errorf("%s: got %v, want an error that says who named it", name, err)
		}
	}
}

func TestPathsAndProgramsAndPolicies(t *testing.T) {
	root, dir := world(t, "browser:\n  path: tools/chromium\nrp:\n  policy: deploy/policy.yaml\n")
	c, err := Load(Options{Dir: dir, Env: []string{"PASSKEYLAB_REPORTS_DIR=../kept"}})
	if err != nil {
		t.Fatal(err)
	}
	if c.Browser.Path != filepath.Join(root, "tools/chromium") || c.RP.Policy != filepath.Join(root, "deploy/policy.yaml") ||
		c.Reports.Dir != filepath.Join(filepath.Dir(root), "kept") {
		t.Errorf("got %q, %q, %q", c.Browser.Path, c.RP.Policy, c.Reports.Dir)
	}
	c, err = Load(Options{Dir: dir, Env: []string{"PASSKEYLAB_BROWSER_PATH=chromium", "PASSKEYLAB_RP_URL=http://localhost:8080/"}})
	if err != nil || c.Browser.Path != "chromium" || c.RP.URL != "http://localhost:8080" {
		t.Errorf("got %q, %q, %v; want a bare name left for PATH and the address without its slash", c.Browser.Path, c.RP.URL, err)
	}
}

func TestPrintShowsEveryKeyItsValueAndItsOrigin(t *testing.T) {
	_, dir := world(t, "suite:\n  procs: 2\n")
	c, err := Load(Options{Dir: dir, Env: []string{"PASSKEYLAB_DRIVERS_REQUIRED=api,bridge"}})
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	if err := c.Print(&out); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	if len(lines) != len(Keys()) {
		t.Errorf("%d lines for %d keys", len(lines), len(Keys()))
	}
	for _, want := range []string{"suite.procs 2 " + filepath.Join(c.Root, FileName) + ":2", `browser.path "" default`, "drivers.required api,bridge environment PASSKEYLAB_DRIVERS_REQUIRED"} {
		found := false
		for _, line := range lines {
			found = found || strings.Join(strings.Fields(line), " ") == want
		}
		if !found {
			t.Errorf("no line %q in\n%s", want, out.String())
		}
	}
}

func TestPrintSaysWhenItCannotWrite(t *testing.T) {
	c, err := Load(Options{Dir: t.TempDir(), Env: []string{}})
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Print(brokenPipe{}); !errors.Is(err, os.ErrClosed) {
		t.Errorf("got %v", err)
	}
}

type brokenPipe struct{}

func (brokenPipe) Write([]byte) (int, error) { return 0, os.ErrClosed }

func TestKeysAreDeclaredWhole(t *testing.T) {
	seen := map[string]bool{}
	for _, key := range Keys() {
		if key.Help == "" {
			t.Errorf("%s has no help", key.Name)
		}
		if seen[key.Env] {
			t.Errorf("two keys share the environment variable %s", key.Env)
		}
		seen[key.Env] = true
	}
	if len(seen) == 0 || seen[EnvFile] || seen[EnvProgress] {
		t.Errorf("%d keys, or a key hides a variable that has another meaning", len(seen))
	}
}
