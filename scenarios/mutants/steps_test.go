package mutants_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/passkeylab/passkeylab/scenarios/mutants"
)

var stepName = regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*(/[a-z0-9]+(-[a-z0-9]+)*)+$`)

func TestStepsAndMutantsHaveNamesOfTheirOwnAndClauses(t *testing.T) {
	steps, seen := map[string]bool{}, map[string]bool{}
	for _, s := range mutants.Steps() {
		if !stepName.MatchString(s.Name) || steps[s.Name] {
			t.Errorf("%q is no name of a step, or is one twice", s.Name)
		}
		steps[s.Name] = true
	}
	for _, m := range mutants.Mutants() {
		if seen[m.Name] || !steps[m.Without] || m.Clause.Slug == "" || m.Clause.String() == "" {
			t.Errorf("%+v: its name is there twice, its step is none, or its clause says nothing", m)
		}
		seen[m.Name] = true
	}
	if len(seen) < 150 {
		t.Errorf("%d mutants, and there were more", len(seen))
	}
}

// Nothing in this package opens a port: a mutant is reached through its handler, in this process, or through a listener that a
// test opens on this machine.
func TestMutantsListenToNothing(t *testing.T) {
	files, err := filepath.Glob("*.go")
	if err != nil || len(files) < 10 {
		t.Fatal(files, err)
	}
	looked := 0
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		content, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, content, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		looked++
		ast.Inspect(file, func(n ast.Node) bool {
			call, ok := n.(*ast.SelectorExpr)
			if ok && (strings.HasPrefix(call.Sel.Name, "Listen") || call.Sel.Name == "Serve" || call.Sel.Name == "ServeTLS" || call.Sel.Name == "NewServer") {
				t.Errorf("%s: %s opens a port", name, call.Sel.Name)
			}
			return true
		})
	}
	if looked < 10 {
		t.Errorf("only %d files were looked at", looked)
	}
}
