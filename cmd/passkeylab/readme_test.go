package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/passkeylab/passkeylab/harness/config"
)

const (
	checkout = "../.."
	readme   = checkout + "/README.md"
)

// Every command that the README shows is run here, or by the test that is named beside it.
var shown = map[string]func(t *testing.T, line string){
	"make scenarios":                                dryMake,
	"go run ./cmd/passkeylab rp":                    elsewhere(TestTheRelyingPartyIsServedAndStopsCleanly),
	`make scenarios ARGS="--label-filter=id:WP-01"`: dryMake,
	"go run ./cmd/passkeylab journeys --label-filter='group:DEL && !driver:devtools'":      playShown,
	"go run ./cmd/passkeylab journeys --focus='wrong' --procs=1 --set browser.mode=headed": playShown,
	"go run ./cmd/passkeylab cases":                                                        elsewhere(TestScripts),
	"go run ./cmd/passkeylab cases --suite=journeys --only='WP-*' --json":                  elsewhere(TestScripts),
	"go run ./cmd/passkeylab report":                                                       elsewhere(TestScripts),
	`make scenarios ARGS="--label-filter=driver:hybrid"`:                                   dryMake,
	"go run ./cmd/passkeylab journeys --label-filter='id:PH-01' --set browser.mode=headed": playShown,
	"go run ./cmd/passkeylab doctor --hybrid":                                              elsewhere(TestDoctorSaysSomethingAboutEachNeed),
	"go run ./cmd/passkeylab rp codes":                                                     elsewhere(TestScripts),
	"go run ./cmd/passkeylab tunnel":                                                       elsewhere(TestTheTunnelServerIsServedAndStopsCleanly),
	".ci/run":                                                                              parseScript,
	"PASSKEYLAB_DRIVERS_REQUIRED=devtools,bridge,api make scenarios":                       dryMake,
	"go run ./cmd/passkeylab phone":                                                        elsewhere(TestAPersonSavesAPasskeyByHand),
	"go run ./cmd/passkeylab phone --os=ios --state=iphone --scan=code.png":                phoneShown,
	"go run ./cmd/passkeylab phone --rp=http://localhost:8080":                             elsewhere(TestThePhonesAppMakesAPasskeyBesideTheRelyingParty),
	"make help":            runShown,
	"make test":            dryMake,
	"make bench":           dryMake,
	"go doc ./virtualauth": manualShown,
	"go tool ginkgo run -p ./scenarios/journeys":                         planShown,
	"go tool ginkgo run --label-filter='id:REG-04' ./scenarios/journeys": planShown,

	"go run ./cmd/passkeylab check rp --target=reference":                                                                                  elsewhere(TestScripts),
	"go run ./cmd/passkeylab check rp --target=reference --replay=reg/client-data/type-of-an-assertion":                                    elsewhere(TestScripts),
	"go run ./cmd/passkeylab cases --suite=rp --only='reg/*'":                                                                              elsewhere(TestScripts),
	"go run ./cmd/passkeylab check rp --target=reference --html=reports/out/rp.html --json=reports/out/rp.json --junit=reports/out/rp.xml": elsewhere(TestScripts),
	"go run ./cmd/passkeylab check rp --target=reference --fuzz=2s":                                                                        elsewhere(TestScripts),
	"go run ./cmd/passkeylab check rp --sample-website >website.yaml":                                                                      elsewhere(TestScripts),
	"go run ./cmd/passkeylab check rp --target=website.yaml --only='auth/*'":                                                               elsewhere(TestAWebsiteIsJudgedInARealBrowser),
	"go tool ginkgo run ./scenarios/rpconformance":                                                                                         conformancePlanned,
}

func TestEveryCommandInTheReadmeIsRunSomewhere(t *testing.T) {
	lines := commandsOf(read(t, readme))
	if len(lines) == 0 {
		t.Fatal("the README shows no command; this test would see nothing")
	}
	for _, line := range lines {
		t.Run(line, func(t *testing.T) {
			check, known := shown[line]
			if !known {
				t.Fatal("nobody runs this command of the README; add it to the table of this test")
			}
			check(t, line)
		})
	}
	for line := range shown {
		if !slices.Contains(lines, line) {
			t.Errorf("the README no longer shows %q; remove it from the table of this test", line)
		}
	}
}

// commandsOf returns the lines of all sh blocks.
func commandsOf(markdown string) []string {
	var lines []string
	inside := false
	for line := range strings.Lines(markdown) {
		line = strings.TrimSpace(line)
		switch {
		case line == "```sh":
			inside = true
		case strings.HasPrefix(line, "```"):
			inside = false
		case inside && line != "" && !strings.HasPrefix(line, "#"):
			lines = append(lines, line)
		}
	}
	return lines
}

func read(t *testing.T, path string) string {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

// shell runs a line as a reader would type it, in the checkout's root.
func shell(t *testing.T, line string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "bash", "-euo", "pipefail", "-c", line)
	cmd.Dir = checkout
	cmd.Env = append(os.Environ(), "MAKEFLAGS=", "MAKELEVEL=")
	output, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v\n%s", line, err, output)
	}
	return string(output)
}

func runShown(t *testing.T, line string) {
	if output := strings.Join(strings.Fields(shell(t, line)), " "); !strings.Contains(output, "scenarios run all journeys") {
		t.Errorf("got:\n%s", output)
	}
}

func manualShown(t *testing.T, line string) {
	if output := shell(t, line); !strings.Contains(output, "§6.1   makeCredential") {
		t.Errorf("the manual does not list what is implemented:\n%s", output)
	}
}

// dryMake asks make what it would do: these targets run this very test.
func dryMake(t *testing.T, line string) {
	output := shell(t, strings.Replace(line, "make ", "make -n ", 1))
	if !strings.Contains(output, ".bin/passkeylab") {
		t.Errorf("make would not run passkeylab:\n%s", output)
	}
	if _, arguments, found := strings.Cut(line, "ARGS="); found && !strings.Contains(output, strings.Trim(arguments, `"`)) {
		t.Errorf("make would not pass on %s:\n%s", arguments, output)
	}
}

func parseScript(t *testing.T, line string) { shell(t, "test -x "+line+" && bash -n "+line) }

// elsewhere names the test that runs the command for real; the compiler checks that it exists.
func elsewhere(func(*testing.T)) func(*testing.T, string) { return func(*testing.T, string) {} }

// playShown runs a command of passkeylab in a checkout whose Ginkgo is a stand-in, so that flags and settings are read for
// real.
func playShown(t *testing.T, line string) {
	root := t.TempDir()
	for path, content := range map[string]string{
		"go.mod": "module example.test\n", "scenarios/journeys/doc.go": "package journeys\n", "bin/go": "#!/bin/sh\nexec fakeginkgo \"$@\"\n",
	} {
		if err := os.MkdirAll(filepath.Join(root, filepath.Dir(path)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(root, path), []byte(content), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("PATH", filepath.Join(root, "bin")+string(os.PathListSeparator)+os.Getenv("PATH"))
	t.Setenv("WORK", root)
	t.Setenv("FAKE", "pass")
	line = strings.Replace(line, "go run ./cmd/passkeylab", "passkeylab", 1)
	if output := shell(t, "cd '"+root+"' && "+line); !strings.Contains(output, "[3/3]") {
		t.Errorf("got:\n%s", output)
	}
}

// planShown asks Ginkgo which journeys the command would play, and plays none. The suite is built once for all commands.
func planShown(t *testing.T, line string) {
	t.Setenv("PASSKEYLAB_REPORTS_DIR", t.TempDir())
	suite, err := buildSuite()
	if err != nil {
		t.Fatal(err)
	}
	line = strings.Replace(line, "./scenarios/journeys", suite, 1)
	line = strings.Replace(line, " -p ", " ", 1) // a dry run cannot be parallel
	output := shell(t, strings.Replace(line, "ginkgo run", "ginkgo run --dry-run --no-color", 1))
	ran := regexp.MustCompile(`Ran (\d+) of (\d+) Specs`).FindStringSubmatch(output)
	if ran == nil || ran[1] == "0" {
		t.Errorf("no journey would be played:\n%s", output)
	}
}

// conformancePlanned asks Ginkgo which cases the command would play; the package's own test plays them.
func conformancePlanned(t *testing.T, line string) {
	t.Setenv("PASSKEYLAB_REPORTS_DIR", t.TempDir())
	output := shell(t, strings.Replace(line, "ginkgo run", "ginkgo run --dry-run --no-color", 1))
	if ran := regexp.MustCompile(`Ran (\d+) of (\d+) Specs`).FindStringSubmatch(output); ran == nil || ran[1] == "0" {
		t.Errorf("no case would be played:\n%s", output)
	}
}

// buildSuite builds the journeys into a folder that TestMain removes.
var buildSuite = sync.OnceValues(func() (string, error) {
	path := filepath.Join(buildDir, "journeys.test")
	build := exec.Command("go", "test", "-c", "-vet=off", "-o", path, "./scenarios/journeys")
	build.Dir = checkout
	if output, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build the journeys: %w\n%s", err, output)
	}
	return path, nil
})

func TestTheReadmesTableHoldsEverySettingWithItsDefault(t *testing.T) {
	text := read(t, readme)
	for _, key := range config.Keys() {
		if row := row(key); !strings.Contains(text, row+"\n") {
			t.Errorf("the README lacks this row:\n%s", row)
		}
	}
	if rows := regexp.MustCompile("(?m)^\\| `").FindAllString(text, -1); len(rows) != len(config.Keys()) {
		t.Errorf("the README's table has %d rows for %d settings", len(rows), len(config.Keys()))
	}
}

func row(key config.Key) string {
	value := ""
	if key.Default != "" {
		value = "`" + key.Default + "`"
	}
	return fmt.Sprintf("| `%s` | %s | %s |", key.Name, value, key.Help)
}

func TestTheReadmesTreeIsTheCheckouts(t *testing.T) {
	text := read(t, readme)
	entries, err := os.ReadDir(checkout)
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		name := entry.Name()
		if !entry.IsDir() || strings.HasPrefix(name, ".") {
			continue
		}
		if !strings.Contains(text, "\n"+name+"/ ") {
			t.Errorf("the README's tree lacks %s/", name)
		}
	}
	for _, link := range regexp.MustCompile(`\]\(([^)]+)\)`).FindAllStringSubmatch(text, -1) {
		if _, err := os.Stat(filepath.Join(checkout, link[1])); err != nil && !strings.Contains(link[1], "://") {
			t.Errorf("the README points to %s, which is not there", link[1])
		}
	}
}

// make help shows every target that is meant for people.
func TestMakeHelpShowsEveryTarget(t *testing.T) {
	help := shell(t, "make")
	for _, phony := range regexp.MustCompile(`(?m)^\.PHONY: (\S+)$`).FindAllStringSubmatch(read(t, checkout+"/Makefile"), -1) {
		if !strings.Contains(help, "\n  "+phony[1]+" ") {
			t.Errorf("make help does not show %s:\n%s", phony[1], help)
		}
	}
}

// Where a browser can reach a phone in software, make requires it: a journey that is skipped there would go unnoticed.
func TestMakeRequiresHybridOnLinuxOnly(t *testing.T) {
	path := os.Getenv("PATH")
	for system, want := range map[string]string{"Linux": "-devtools,bridge,api,hybrid}", "Darwin": "-devtools,bridge,api}"} {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, "uname"), []byte("#!/bin/sh\necho "+system+"\n"), 0o755); err != nil {
			t.Fatal(err)
		}
		t.Setenv("PATH", dir+string(os.PathListSeparator)+path)
		for _, target := range []string{"scenarios", "test"} {
			if output := shell(t, "make -n "+target); !strings.Contains(output, want+" ") {
				t.Errorf("make %s on %s does not require %s:\n%s", target, system, want, output)
			}
		}
	}
}
