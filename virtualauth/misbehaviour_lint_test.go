package virtualauth_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"strings"
	"testing"
)

// TestEveryMisbehaviourIsReadAndTested walks the package's source. A lie that no honest line reads tests nothing, and one that
// no test sets may have stopped working; both have happened to good test suites.
func TestEveryMisbehaviourIsReadAndTested(t *testing.T) {
	sources := parse(t)
	fields := misbehaviours(t, sources["misbehaviour.go"])
	if len(fields) < 20 {
		t.Fatalf("found %d misbehaviours: the walk itself is broken", len(fields))
	}
	read, tested := map[string]int{}, map[string]int{}
	for name, file := range sources {
		if strings.HasSuffix(name, "_test.go") {
			ast.Inspect(file, countSet(tested))
		} else {
			ast.Inspect(file, countRead(read))
		}
	}
	for _, f := range fields {
		name := f.Names[0].Name
		if read[name] == 0 {
			t.Errorf("%s is read by no honest code", name)
		}
		if tested[name] == 0 {
			t.Errorf("%s is set by no test", name)
		}
		doc := f.Doc.Text()
		if !strings.HasPrefix(doc, name+" ") {
			t.Errorf("the comment of %s does not start with its name", name)
		}
		if !strings.Contains(doc, "WebAuthn L3 §") && !strings.Contains(doc, "CTAP 2.2 §") && !strings.Contains(doc, "CTAP 2.3 §") {
			t.Errorf("the comment of %s cites no clause", name)
		}
	}
}

// parse reads all Go files of the package, by name.
func parse(t *testing.T) map[string]*ast.File {
	t.Helper()
	entries, err := os.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	sources := map[string]*ast.File{}
	for _, e := range entries {
		if !strings.HasSuffix(e.Name(), ".go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), e.Name(), nil, parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		sources[e.Name()] = file
	}
	return sources
}

// misbehaviours are the fields of the struct Misbehaviour.
func misbehaviours(t *testing.T, file *ast.File) (fields []*ast.Field) {
	t.Helper()
	ast.Inspect(file, func(n ast.Node) bool {
		if spec, is := n.(*ast.TypeSpec); is && spec.Name.Name == "Misbehaviour" {
			for _, f := range spec.Type.(*ast.StructType).Fields.List {
				if len(f.Names) != 1 {
					t.Fatalf("fields %v share one comment", f.Names)
				}
				fields = append(fields, f)
			}
		}
		return true
	})
	return fields
}

// countRead counts selectors of the form x.Misbehave.Field.
func countRead(read map[string]int) func(ast.Node) bool {
	return func(n ast.Node) bool {
		if field, is := n.(*ast.SelectorExpr); is {
			if of, is := field.X.(*ast.SelectorExpr); is && of.Sel.Name == "Misbehave" {
				read[field.Sel.Name]++
			}
		}
		return true
	}
}

// countSet counts the keys of Misbehaviour literals, and assignments to x.Misbehave.Field.
func countSet(set map[string]int) func(ast.Node) bool {
	return func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.CompositeLit:
			if typ, is := n.Type.(*ast.SelectorExpr); is && typ.Sel.Name == "Misbehaviour" {
				for _, element := range n.Elts {
					if pair, is := element.(*ast.KeyValueExpr); is {
						set[pair.Key.(*ast.Ident).Name]++
					}
				}
			}
		case *ast.AssignStmt:
			for _, left := range n.Lhs {
				ast.Inspect(left, countRead(set))
			}
		}
		return true
	}
}
