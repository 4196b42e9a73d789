package scenarios

import (
	"cmp"
	"embed"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"slices"
	"strconv"
	"strings"
)

// told are the files that declare the journeys. They are tests, which no program contains otherwise.
//
//go:embed journeys/*_test.go
var told embed.FS

// chapters are the groups of the product specification, in its order. Journeys of other groups come after them.
const chapters = "REG WP EX DEL SI MFA POL PH RP AX L10 SEC"

// Journeys lists the journeys of package journeys: one case an id, in the order of the product specification.
func Journeys() ([]Case, error) { return journeysIn(told) }

// journeysIn reads the declarations out of the Go files in the folder journeys.
func journeysIn(files fs.FS) ([]Case, error) {
	source, err := parse(files)
	if err != nil {
		return nil, fmt.Errorf("scenarios: list the journeys: %w", err)
	}
	var cases []Case
	for _, file := range source.files {
		for node := range ast.Preorder(file) {
			call, ok := node.(*ast.CallExpr)
			if !ok || !isName(call.Fun, "Journey") {
				continue
			}
			one, err := source.declared(call)
			if err != nil {
				return nil, fmt.Errorf("scenarios: list the journeys: %s: %w", source.place(call), err)
			}
			cases = append(cases, one)
		}
	}
	order := strings.Fields(chapters)
	place := func(c Case) int {
		if at := slices.Index(order, c.Group); at >= 0 {
			return at
		}
		return len(order)
	}
	slices.SortStableFunc(cases, func(a, b Case) int {
		return cmp.Or(place(a)-place(b), strings.Compare(a.ID, b.ID))
	})
	return cases, nil
}

// source are the parsed files, and the functions in them by name.
type source struct {
	set       *token.FileSet
	files     []*ast.File
	functions map[string]*ast.FuncDecl
}

func parse(files fs.FS) (*source, error) {
	s := &source{set: token.NewFileSet(), functions: map[string]*ast.FuncDecl{}}
	names, err := fs.Glob(files, "journeys/*_test.go")
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		text, err := fs.ReadFile(files, name)
		if err != nil {
			return nil, err
		}
		file, err := parser.ParseFile(s.set, path.Join("scenarios", name), text, parser.SkipObjectResolution)
		if err != nil {
			return nil, err
		}
		s.files = append(s.files, file)
		for _, declaration := range file.Decls {
			if function, ok := declaration.(*ast.FuncDecl); ok && function.Recv == nil {
				s.functions[function.Name.Name] = function
			}
		}
	}
	return s, nil
}

// place is file:line of a node.
func (s *source) place(node ast.Node) string {
	at := s.set.Position(node.Pos())
	return at.Filename + ":" + strconv.Itoa(at.Line)
}

// declared reads one call of Journey: id, sentence, drivers, priority, and two arguments that no list shows.
func (s *source) declared(call *ast.CallExpr) (Case, error) {
	if len(call.Args) != 6 {
		return Case{}, fmt.Errorf("the call has %d arguments, want 6", len(call.Args))
	}
	id, err := text(call.Args[0])
	if err != nil {
		return Case{}, fmt.Errorf("the id: %w", err)
	}
	sentence, err := text(call.Args[1])
	if err != nil {
		return Case{}, fmt.Errorf("%s: the sentence: %w", id, err)
	}
	drivers, err := s.drivers(call.Args[2])
	if err != nil {
		return Case{}, fmt.Errorf("%s: the drivers: %w", id, err)
	}
	priority, ok := call.Args[3].(*ast.Ident)
	if !ok || priority.Name != "Essential" && priority.Name != "Regular" {
		return Case{}, fmt.Errorf("%s: the priority is neither Essential nor Regular", id)
	}
	group, _, _ := strings.Cut(id, "-")
	return Case{
		ID: id, Sentence: sentence, Group: group, Priority: strings.ToLower(priority.Name), Drivers: drivers, Location: s.place(call),
	}, nil
}

// drivers reads Over(config.API), what Cannot adds to it, or a function that returns such a thing.
func (s *source) drivers(e ast.Expr) ([]string, error) {
	call, ok := e.(*ast.CallExpr)
	if !ok {
		return nil, fmt.Errorf("write them as Over(…), or as a function that returns it")
	}
	switch f := call.Fun.(type) {
	case *ast.SelectorExpr: // Over(…).Cannot(…)
		if f.Sel.Name == "Cannot" {
			return s.drivers(f.X)
		}
	case *ast.Ident:
		if f.Name == "Over" {
			return named(call.Args)
		}
		if function, known := s.functions[f.Name]; known {
			if value := returned(function); value != nil {
				return s.drivers(value)
			}
		}
	}
	return nil, fmt.Errorf("write them as Over(…), or as a function that returns it")
}

// named are the drivers of Over: config.DevTools is "devtools".
func named(arguments []ast.Expr) ([]string, error) {
	var names []string
	for _, argument := range arguments {
		constant, ok := argument.(*ast.SelectorExpr)
		if !ok || !isName(constant.X, "config") {
			return nil, fmt.Errorf("name each by its constant in package config")
		}
		names = append(names, strings.ToLower(constant.Sel.Name))
	}
	if len(names) == 0 {
		return nil, fmt.Errorf("there is none")
	}
	return names, nil
}

// returned is the value of a function whose body is one return, nil for any other.
func returned(f *ast.FuncDecl) ast.Expr {
	if f.Body == nil || len(f.Body.List) != 1 {
		return nil
	}
	statement, ok := f.Body.List[0].(*ast.ReturnStmt)
	if !ok || len(statement.Results) != 1 {
		return nil
	}
	return statement.Results[0]
}

func isName(e ast.Expr, name string) bool {
	identifier, ok := e.(*ast.Ident)
	return ok && identifier.Name == name
}

// text is the value of a string literal.
func text(e ast.Expr) (string, error) {
	literal, ok := e.(*ast.BasicLit)
	if !ok || literal.Kind != token.STRING {
		return "", fmt.Errorf("write it as one string literal")
	}
	return strconv.Unquote(literal.Value)
}
