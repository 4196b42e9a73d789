package virtualauth_test

import (
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
	"regexp"
	"slices"
	"strings"
	"testing"

	"golang.org/x/tools/go/packages"
)

// deviation is what the lint knows about one field of a struct Misbehaviour.
type deviation struct {
	doc   string
	reads []reading
	set   int // by how many places in tests
}

// reading is one place in honest code that reads a field.
type reading struct {
	at        token.Position
	enclosing ast.Stmt // the nearest statement around it
	pos       token.Pos
}

// clause is how the comment of a lie names what it breaks.
var clause = regexp.MustCompile(`(WebAuthn L3|CTAP 2\.[0-3]|RFC [0-9]+|X\.690|TPM 2\.0|U2F|FIDO [A-Za-z]+)[^.]* §`)

// TestEveryMisbehaviourIsReadAndTested type-checks this package and those below it. A lie that no honest line reads tests nothing,
// one that is read in two places is two lies, and one that no test tells may have stopped working; all of it has happened to
// good test suites. It sees what the names mean, not how they are spelt: whatever has the type Misbehaviour counts.
func TestEveryMisbehaviourIsReadAndTested(t *testing.T) {
	found := map[string]*deviation{}
	loaded := load(t)
	for _, p := range loaded {
		for _, file := range p.Syntax {
			declared(p, file, found)
		}
	}
	if len(found) < 40 {
		t.Fatalf("found %d misbehaviours: the walk itself is broken", len(found))
	}
	seen := map[string]bool{} // files, because a package and its test variant share some
	for _, p := range loaded {
		for _, file := range p.Syntax {
			name := p.Fset.Position(file.Package).Filename
			if !seen[name] {
				seen[name] = true
				used(p, file, strings.HasSuffix(name, "_test.go"), found)
			}
		}
	}
	for field, l := range found {
		l.judge(t, field)
	}
}

// judge reports what is wrong with one field.
func (l *deviation) judge(t *testing.T, field string) {
	name := field[strings.LastIndex(field, ".")+1:]
	if len(l.reads) == 0 {
		t.Errorf("%s is read by no honest code", field)
	} else {
		slices.SortFunc(l.reads, func(a, b reading) int { return int(a.pos - b.pos) })
		for _, other := range l.reads[1:] {
			if first := l.reads[0]; other.pos < first.enclosing.Pos() || other.pos >= first.enclosing.End() {
				t.Errorf("%s is read at %v and again at %v", field, first.at, other.at)
			}
		}
	}
	if l.set == 0 {
		t.Errorf("%s is set by no test", field)
	}
	if !strings.HasPrefix(l.doc, name+" ") {
		t.Errorf("the comment of %s does not start with its name", field)
	}
	if !clause.MatchString(strings.ReplaceAll(l.doc, "\n", " ")) {
		t.Errorf("the comment of %s cites no clause", field)
	}
}

// load type-checks the packages with their tests.
func load(t *testing.T) []*packages.Package {
	t.Helper()
	loaded, err := packages.Load(&packages.Config{
		Mode: packages.NeedName | packages.NeedFiles | packages.NeedSyntax | packages.NeedTypes | packages.NeedTypesInfo |
			packages.NeedImports | packages.NeedExportFile,
		Tests: true,
	}, "./...")
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range loaded {
		for _, problem := range p.Errors {
			t.Fatal(problem)
		}
	}
	return loaded
}

// declared collects the fields of a struct Misbehaviour, or of one whose name ends so.
func declared(p *packages.Package, file *ast.File, found map[string]*deviation) {
	ast.Inspect(file, func(n ast.Node) bool {
		spec, is := n.(*ast.TypeSpec)
		if !is || !strings.HasSuffix(spec.Name.Name, "Misbehaviour") {
			return true
		}
		fields, is := spec.Type.(*ast.StructType)
		if !is {
			return true
		}
		for _, f := range fields.Fields.List {
			for _, name := range f.Names {
				found[fmt.Sprintf("%s.%s.%s", p.Types.Path(), spec.Name.Name, name.Name)] = &deviation{doc: f.Doc.Text()}
			}
		}
		return true
	})
}

// fieldOf names the field that a selector of some Misbehaviour means.
func fieldOf(p *packages.Package, selector *ast.SelectorExpr) string {
	selection := p.TypesInfo.Selections[selector]
	if selection == nil || selection.Kind() != types.FieldVal {
		return ""
	}
	return fieldIn(selection.Recv(), selector.Sel.Name)
}

// fieldIn names a field of a type, if that is a Misbehaviour.
func fieldIn(t types.Type, name string) string {
	if pointer, is := t.Underlying().(*types.Pointer); is {
		t = pointer.Elem()
	}
	named, is := types.Unalias(t).(*types.Named)
	if !is || !strings.HasSuffix(named.Obj().Name(), "Misbehaviour") {
		return ""
	}
	return named.Obj().Pkg().Path() + "." + named.Obj().Name() + "." + name
}

// used counts what a file does with the fields: tests set them, everything else reads them.
func used(p *packages.Package, file *ast.File, test bool, found map[string]*deviation) {
	assigned := map[*ast.SelectorExpr]bool{}
	var around []ast.Node
	ast.Inspect(file, func(n ast.Node) bool {
		if n == nil {
			around = around[:len(around)-1]
			return true
		}
		around = append(around, n)
		switch n := n.(type) {
		case *ast.AssignStmt:
			for _, left := range n.Lhs {
				ast.Inspect(left, func(n ast.Node) bool {
					if selector, is := n.(*ast.SelectorExpr); is {
						assigned[selector] = true
					}
					return true
				})
			}
		case *ast.SelectorExpr:
			l := found[fieldOf(p, n)]
			switch {
			case l == nil:
			case test && assigned[n]:
				l.set++
			case !test && !assigned[n]:
				l.reads = append(l.reads, reading{p.Fset.Position(n.Pos()), nearest(around), n.Pos()})
			}
		case *ast.CompositeLit:
			for _, element := range n.Elts {
				pair, is := element.(*ast.KeyValueExpr)
				if !is || !test {
					continue
				}
				if key, is := pair.Key.(*ast.Ident); is {
					if l := found[fieldIn(p.TypesInfo.TypeOf(n), key.Name)]; l != nil {
						l.set++
					}
				}
			}
		}
		return true
	})
}

// nearest is the innermost statement of a path of nodes that is no block.
func nearest(path []ast.Node) ast.Stmt {
	for _, n := range slices.Backward(path) {
		if _, block := n.(*ast.BlockStmt); block {
			continue
		}
		if statement, is := n.(ast.Stmt); is {
			return statement
		}
	}
	return &ast.EmptyStmt{}
}
