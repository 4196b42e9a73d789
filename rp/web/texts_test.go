package web

import (
	"html"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"

	"go.yaml.in/yaml/v3"

	"github.com/passkeylab/passkeylab/rp"
)

func testTexts(t testing.TB) *texts {
	t.Helper()
	all, err := loadTexts(commonWords{Org: "Larkspur", App: "Larkspur ID"})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// keysInFile are the message keys of a locale file.
func keysInFile(t *testing.T, name string) map[string]bool {
	t.Helper()
	raw, err := localeFiles.ReadFile("locales/" + name)
	if err != nil {
		t.Fatal(err)
	}
	var tree map[string]any
	if err := yaml.Unmarshal(raw, &tree); err != nil {
		t.Fatal(err)
	}
	keys := map[string]bool{}
	var walk func(prefix string, node map[string]any)
	walk = func(prefix string, node map[string]any) {
		for name, value := range node {
			inner, ok := value.(map[string]any)
			if _, plural := inner["other"]; !ok || plural {
				keys[prefix+name] = true
				continue
			}
			walk(prefix+name+".", inner)
		}
	}
	walk("", tree)
	return keys
}

// source is every template and every Go file that is not a test.
func source(t *testing.T) string {
	t.Helper()
	var all strings.Builder
	for _, pattern := range []string{"*.go", "templates/*.html"} {
		files, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			if strings.HasSuffix(file, "_test.go") {
				continue
			}
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			all.Write(text)
		}
	}
	return all.String()
}

// keyShape is what a message key looks like in quotes.
var keyShape = regexp.MustCompile(`"([a-z]+\.[a-z0-9_-]+(?:\.[a-z-]+)?)"`)

func TestEveryKeyHasItsText(t *testing.T) {
	keys := keysInFile(t, "en.yaml")
	groups := map[string]bool{}
	for key := range keys {
		group, _, _ := strings.Cut(key, ".")
		groups[group] = true
	}
	for _, found := range keyShape.FindAllStringSubmatch(source(t), -1) {
		key := found[1]
		group, _, _ := strings.Cut(key, ".")
		if groups[group] && !keys[key] && !strings.HasSuffix(key, "_") && !strings.HasSuffix(key, ".html") && !strings.HasSuffix(key, ".svg") && !strings.HasSuffix(key, ".css") && !strings.HasSuffix(key, ".js") {
			if slices.ContainsFunc(prefixesUsed, func(p string) bool { return key == p }) {
				continue
			}
			t.Errorf("%q has no text", key)
		}
	}
	for _, key := range []string{rp.ProblemEmpty, rp.ProblemTooLong, rp.ProblemTooShort, rp.ProblemDuplicate, rp.ProblemForbidden, rp.ProblemInvalid, rp.HintSwitchOff, rp.HintOtherFlow, rp.HintInApp, rp.HintBrowser} {
		if !keys[key] {
			t.Errorf("%q of package rp has no text", key)
		}
	}
}

// prefixesUsed are beginnings of keys that code completes.
var prefixesUsed = []string{"waiting.title", "waiting.body", "date.month"}

// TestNoTextIsLeftOver finds texts that nothing uses any more.
func TestNoTextIsLeftOver(t *testing.T) {
	text := source(t)
	built := regexp.MustCompile(`^(date\.month_\d+|help\.(q|a)_|help\.existing_(see|do)_\d|problem\.e\d+[a-d]?_|waiting\.|remove\.|outbox\.|error\.|signin_problem\.|admin\.|field\.|hint\.)`)
	for key := range keysInFile(t, "en.yaml") {
		if !built.MatchString(key) && !strings.Contains(text, `"`+key+`"`) {
			t.Errorf("%q is used nowhere", key)
		}
	}
}

func TestRemovalStepsOfEveryProvider(t *testing.T) {
	s := newSite(t)
	v := &visit{Server: s.Server, tongue: s.texts.speak("en")}
	for key := range keysInFile(t, "en.yaml") {
		if strings.HasPrefix(key, "remove.") && len(v.removalSteps([]string{key})) == 0 {
			t.Errorf("%q is empty", key)
		}
	}
	raw, err := os.ReadFile("../providers.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range regexp.MustCompile(`remove\.[a-z0-9-]+\.[a-z]+`).FindAllString(string(raw), -1) {
		for _, step := range v.removalSteps([]string{key}) {
			if strings.Contains(step, missingMark) || step == "" {
				t.Errorf("%q has no text", key)
			}
		}
	}
}

var (
	comment   = regexp.MustCompile(`(?s){{/\*.*?\*/}}`)
	action    = regexp.MustCompile(`(?s){{.*?}}`)
	tag       = regexp.MustCompile(`(?s)<[^>]*>|data-[a-z]+=""`)
	spoken    = regexp.MustCompile(`(?:aria-label|title|alt|placeholder|aria-description)="([^"]*)"`)
	doctype   = regexp.MustCompile(`(?i)<!doctype html>`)
	hasLetter = func(s string) bool { return strings.IndexFunc(s, unicode.IsLetter) >= 0 }
)

// TestTemplatesHoldNoWords: all that a person reads comes from the locale files.
func TestTemplatesHoldNoWords(t *testing.T) {
	files, err := fs.Glob(templateFiles, "templates/*.html")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	for _, file := range files {
		raw, err := templateFiles.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, stray := range strayWords(string(raw)) {
			t.Errorf("%s: %q stands in the template; put it into locales/", file, stray)
		}
	}
	if found := strayWords(`<p aria-label="Hello">{{.T "x"}} World</p>`); len(found) != 2 {
		t.Errorf("the search finds %q, want both words", found)
	}
}

func strayWords(template string) []string {
	text := action.ReplaceAllString(comment.ReplaceAllString(doctype.ReplaceAllString(template, ""), ""), "")
	var stray []string
	for _, found := range spoken.FindAllStringSubmatch(text, -1) {
		if hasLetter(found[1]) {
			stray = append(stray, found[1])
		}
	}
	for line := range strings.Lines(html.UnescapeString(tag.ReplaceAllString(text, "\n"))) {
		if hasLetter(line) {
			stray = append(stray, strings.TrimSpace(line))
		}
	}
	return stray
}

func TestAMissingTextShows(t *testing.T) {
	en := testTexts(t).speak("en")
	if got := en.T("info.nothing"); !strings.HasPrefix(got, missingMark) {
		t.Errorf("a missing text is shown as %q", got)
	}
	if got := en.T("info.rename_name"); !strings.HasPrefix(got, missingMark) {
		t.Errorf("a text without its placeholder is shown as %q", got)
	}
}
