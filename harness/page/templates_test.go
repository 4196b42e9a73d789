package page

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// Selectors rot when nobody holds them against the pages: every Hook and Field
// constant of this package must be found in the relying party's templates or
// script, and every Step must be a screen that it knows.
func TestEverySelectorStandsInTheTemplates(t *testing.T) {
	pages := sources(t, "../../rp/web/templates/*.html", "../../rp/web/*.go")
	hooks := marks(pages, `data-test="([^"]+)"`)
	ids := marks(pages, ` id="([^"]+)"`)
	for name, value := range constants(t, "Hook") {
		if !hooks.has(value) {
			t.Errorf("%s: no template has data-test=%q", name, value)
		}
	}
	for name, value := range constants(t, "Field") {
		if !ids.has(value) {
			t.Errorf("%s: no template has id=%q", name, value)
		}
	}
}

func TestEveryStepIsAScreen(t *testing.T) {
	screens := sources(t, "../../rp/screens.go", "../../rp/web/*.go")
	for name, value := range constants(t, "Step") {
		if !strings.Contains(screens, strconv.Quote(value)) {
			t.Errorf("%s: the relying party knows no screen %q", name, value)
		}
	}
}

func TestAMissingSelectorIsNoticed(t *testing.T) {
	hooks := marks(`<button data-test="primary"><input data-test="method-{{.Method}}">`, `data-test="([^"]+)"`)
	for value, want := range map[string]bool{"primary": true, "method-app": true, "primar": false, "methods": false, "": false} {
		if got := hooks.has(value); got != want {
			t.Errorf("has(%q) = %v, want %v", value, got, want)
		}
	}
}

// patterns are values as templates write them, with {{…}} for what is filled in.
type patterns []*regexp.Regexp

var filled = regexp.MustCompile(`\\\{\\\{.*?\\\}\\\}`)

func marks(text, expression string) patterns {
	var list patterns
	for _, match := range regexp.MustCompile(expression).FindAllStringSubmatch(text, -1) {
		if strings.HasPrefix(match[1], "{{") {
			continue // filled in whole: the values stand in Go code, as quoted words
		}
		list = append(list, regexp.MustCompile("^"+filled.ReplaceAllString(regexp.QuoteMeta(match[1]), ".+")+"$"))
	}
	return list
}

func (p patterns) has(value string) bool {
	for _, pattern := range p {
		if pattern.MatchString(value) {
			return true
		}
	}
	return false
}

func sources(t *testing.T, globs ...string) string {
	t.Helper()
	var all strings.Builder
	for _, glob := range globs {
		paths, err := filepath.Glob(glob)
		if err != nil || len(paths) == 0 {
			t.Fatalf("nothing matches %s (%v)", glob, err)
		}
		for _, path := range paths {
			data, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			all.Write(data)
		}
	}
	return all.String()
}

// constants returns this package's constants of a type, by name.
func constants(t *testing.T, kind string) map[string]string {
	t.Helper()
	found := map[string]string{}
	paths, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range paths {
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(node ast.Node) bool {
			spec, ok := node.(*ast.ValueSpec)
			if !ok || len(spec.Values) != len(spec.Names) {
				return true
			}
			if named, ok := spec.Type.(*ast.Ident); ok && named.Name == kind {
				for i, name := range spec.Names {
					if literal, ok := spec.Values[i].(*ast.BasicLit); ok {
						value, _ := strconv.Unquote(literal.Value)
						found[name.Name] = value
					}
				}
			}
			return true
		})
	}
	if len(found) == 0 {
		t.Fatalf("no constant of type %s: this test would prove nothing", kind)
	}
	return found
}
