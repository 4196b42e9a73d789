package attestation_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestEveryMisbehaviourIsReadOnceAndTested walks the source of this package and of metadata: a lie is read at one honest line,
// told by a test, and its comment begins with its name and cites the clause.
func TestEveryMisbehaviourIsReadOnceAndTested(t *testing.T) {
	clause := regexp.MustCompile(`(WebAuthn L3|RFC \d+|FIDO [A-Z][A-Za-z ]+[0-9.]*) §`)
	for dir, atLeast := range map[string]int{".": 60, "metadata": 8} {
		fields, read, told := []*ast.Field{}, map[string]int{}, map[string]int{}
		for name, file := range parse(t, dir) {
			if strings.HasSuffix(name, "_test.go") {
				ast.Inspect(file, countTold(told))
				continue
			}
			ast.Inspect(file, countRead(read))
			fields = append(fields, misbehaviours(file)...)
		}
		if len(fields) < atLeast {
			t.Fatalf("%s: found %d misbehaviours: the walk itself is broken", dir, len(fields))
		}
		for _, f := range fields {
			name, doc := f.Names[0].Name, strings.Join(strings.Fields(f.Doc.Text()), " ")
			if read[name] == 0 || read[name] > 3 { // more than 1: looked at before it is used, in one place
				t.Errorf("%s: %s is read at %d places", dir, name, read[name])
			}
			if told[name] == 0 {
				t.Errorf("%s: %s is told by no test", dir, name)
			}
			if !strings.HasPrefix(doc, name+" ") || !clause.MatchString(doc) {
				t.Errorf("%s: the comment of %s does not begin with its name, or cites no clause: %s", dir, name, doc)
			}
		}
	}
}

func parse(t *testing.T, dir string) map[string]*ast.File {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	files := map[string]*ast.File{}
	for _, name := range names {
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		files[name] = file
	}
	return files
}

// misbehaviours are the fields of the struct Misbehaviour.
func misbehaviours(file *ast.File) (fields []*ast.Field) {
	ast.Inspect(file, func(n ast.Node) bool {
		if spec, is := n.(*ast.TypeSpec); is && spec.Name.Name == "Misbehaviour" {
			fields = spec.Type.(*ast.StructType).Fields.List
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

// countTold counts the keys of Misbehaviour literals, also under this package's short name for them.
func countTold(told map[string]int) func(ast.Node) bool {
	return func(n ast.Node) bool {
		literal, is := n.(*ast.CompositeLit)
		if !is {
			return true
		}
		typ := ""
		switch of := literal.Type.(type) {
		case *ast.SelectorExpr:
			typ = of.Sel.Name
		case *ast.Ident:
			typ = of.Name
		}
		for _, element := range literal.Elts {
			if pair, is := element.(*ast.KeyValueExpr); is && (typ == "Misbehaviour" || typ == "lying") {
				told[pair.Key.(*ast.Ident).Name]++
			}
		}
		return true
	}
}
