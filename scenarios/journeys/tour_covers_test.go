package journeys

import (
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/passkeylab/passkeylab/harness/page"
)

// screensOf are the screens that each template draws.
var screensOf = map[string][]page.Step{
	"admin-sign-in": {page.AdminSignIn}, "admin-policy": {page.AdminPolicy}, "admin-document": {page.AdminDocument}, "admin-outbox": {page.AdminOutbox},
	"campaign": {page.F1}, "ceremony": {page.S7, page.K2, page.S8, page.S9}, "choose": {page.S1}, "confirm": {page.S2},
	"done": {page.S11}, "error": {page.HTTPError}, "faq": {page.Help}, "get-app": {page.S3}, "get-ready": {page.S6}, "in-app": {page.V1}, "look-in-app": {page.V2},
	"key-kind": {page.K1}, "name": {page.S10}, "outbox": {page.Outbox}, "password": {page.NewPassword}, "sessions": {page.Sessions}, "passkey-delete": {page.Delete}, "passkey-rename": {page.Rename},
	"problem": {page.E1, page.E2, page.E2b, page.E3, page.E4, page.E5a, page.E5b, page.E5c, page.E5d, page.E6, page.E7, page.E8, page.E9,
		page.E10, page.E11, page.E12},
	"prove": {page.S2a}, "security-info": {page.S0}, "sign-in": {page.SignIn},
	"sign-in-problem":     {page.Unknown, page.Stray, page.Blocked, page.Failed},
	"sign-out-everywhere": {page.SignOutEverywhere}, "sign-up": {page.SignUp}, "sign-up-code": {page.SignUpCode},
	"turn-on": {page.S5a, page.S5i}, "which-phone": {page.S4},
}

// unvisited are the templates that the tour leaves out, and why.
var unvisited = map[string]string{
	"base":  "is the frame of every page",
	"parts": "is what pages have in common",
}

// A screen that the tour does not come by is one that nobody looks at in Arabic, in the dark or on a small phone.
func TestTheTourComesByEveryScreen(t *testing.T) {
	readsTheSource(t)
	visited := map[page.Step]bool{}
	names := map[string]bool{}
	for _, at := range tour() {
		if names[at.name] || !regexp.MustCompile(`^[A-Za-z0-9-]+$`).MatchString(at.name) {
			t.Errorf("the stop %q has a name that another one has, or that is not fit for a file", at.name)
		}
		names[at.name], visited[at.step] = true, true
	}
	for _, name := range templates(t) {
		steps, known := screensOf[name]
		switch reason, left := unvisited[name]; {
		case left && reason == "" || left == known:
			t.Errorf("%s.html: say in screensOf what it draws, or in unvisited why the tour leaves it out", name)
		case known && len(steps) == 0:
			t.Errorf("%s.html draws no screen", name)
		}
		for _, step := range steps {
			if !visited[step] {
				t.Errorf("no stop of the tour is %s, which %s.html draws", step, name)
			}
		}
	}
	drawn := slices.Concat(slices.Collect(maps.Values(screensOf))...)
	for _, step := range screens(t) {
		if !slices.Contains(drawn, step) {
			t.Errorf("the relying party has a screen %s: say in screensOf which template draws it", step)
		}
	}
}

func templates(t *testing.T) []string {
	t.Helper()
	paths, err := filepath.Glob("../../rp/web/templates/*.html")
	if err != nil || len(paths) == 0 {
		t.Fatalf("there are no templates (%v)", err)
	}
	names := make([]string, len(paths))
	for i, path := range paths {
		names[i] = strings.TrimSuffix(filepath.Base(path), ".html")
	}
	return names
}

// screens are the ids of screens that the relying party's core declares.
func screens(t *testing.T) []page.Step {
	t.Helper()
	source, err := os.ReadFile("../../rp/screens.go")
	if err != nil {
		t.Fatal(err)
	}
	var steps []page.Step
	for _, match := range regexp.MustCompile(`(?m)^\t?(?:const )?\w+ +Screen += "([^"]+)"`).FindAllStringSubmatch(string(source), -1) {
		steps = append(steps, page.Step(match[1]))
	}
	if len(steps) < 30 {
		t.Fatalf("found only %d screens: this test would prove little", len(steps))
	}
	return steps
}

// readsTheSource skips a test of what is written in the relying party's files where those are not: a journeys program that was
// built may run anywhere.
func readsTheSource(t *testing.T) {
	t.Helper()
	if _, err := os.Stat("../../rp/screens.go"); err != nil {
		t.Skipf("needs the source of the relying party; run it in a checkout, in its own folder: %v", err)
	}
}
