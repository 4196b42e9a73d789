package web

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// sentence finds what looks like words that a person reads: two words, or one that begins with a capital.
var sentence = regexp.MustCompile(`\pL{2,}[,.:]? \pL+|^\p{Lu}\p{Ll}+$`)

// forPrograms are calls whose texts go to programmers, logs and browsers rather than to readers.
var forPrograms = regexp.MustCompile(`^(errors\.New|fmt\.Errorf|badRequest|slog\.\w+|\w+(\.\w+)*\.log\.\w+|(w|r|v|h|s)(\.\w+)*\.(Header|Get|Set|Cookie|LogAttrs)|\w+\.Header\.Get|h\.Set|strings\.\w+)$`)

// notSpoken are values that look like words and are names: of headers, browsers, scripts, files, encodings and Graph's
// kinds of things.
var notSpoken = regexp.MustCompile(`^(GET|POST) /|^(Edge|Opera|Firefox|Chrome|Chromium|Safari|Samsung Internet|SamsungBrowser|Edg|Google Chrome|CriOS|Android|Arab|Hebr|Syrc|Thaa|Nkoo|Adlm|Allow|Org|App|Accept|Origin|User|Other|Member|Guest)$` +
	`|default-src|publickey-credentials|font-src|charset=utf-8|^SELECT |^M%d `)

// wordsInGo finds the string literals of a file that a person would read.
func wordsInGo(t *testing.T, name string, source any) []string {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), name, source, 0)
	if err != nil {
		t.Fatal(err)
	}
	placeholders := map[ast.Node]bool{}
	var found []string
	ast.Inspect(file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.ImportSpec:
			return false
		case *ast.Field:
			return n.Tag == nil
		case *ast.CallExpr:
			if forPrograms.MatchString(dotted(n.Fun)) {
				return false
			}
			// The names of placeholders stand before their values.
			if name := dotted(n.Fun); strings.HasSuffix(name, ".T") || strings.HasSuffix(name, ".N") {
				for _, argument := range n.Args[1:] {
					placeholders[argument] = true
				}
			}
		case *ast.BasicLit:
			text, err := strconv.Unquote(n.Value)
			if n.Kind == token.STRING && err == nil && sentence.MatchString(text) && !notSpoken.MatchString(text) && !placeholders[n] {
				found = append(found, text)
			}
		}
		return true
	})
	return found
}

// dotted writes a function's name as the source does.
func dotted(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.Ident:
		return e.Name
	case *ast.SelectorExpr:
		return dotted(e.X) + "." + e.Sel.Name
	case *ast.CallExpr:
		return dotted(e.Fun)
	}
	return ""
}

func TestGoCodeHoldsNoWords(t *testing.T) {
	files, err := filepath.Glob("*.go")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		for _, words := range wordsInGo(t, file, nil) {
			t.Errorf("%s: %q stands in the code; put it into locales/", file, words)
		}
	}
	planted := `package web
func f(v *visit) { v.log.Error("request failed"); _ = v.tongue.T("a.b", "Name", "Hello"); v.leave(flash{Toast: "Passkey deleted", Focus: "Done"}) }`
	if found := wordsInGo(t, "planted.go", planted); !slices.Equal(found, []string{"Passkey deleted", "Done"}) {
		t.Errorf("the search finds %q", found)
	}
}

var (
	scriptComment = regexp.MustCompile(`(?m)(^|\s)//.*$`)
	scriptString  = regexp.MustCompile("\"(?:[^\"\\\\\n]|\\\\.)*\"|'(?:[^'\\\\\n]|\\\\.)*'|`(?:[^`\\\\]|\\\\.)*`")
	// notRead are strings of a script that are no text: selectors, names of the web platform's objects, MIME types.
	notRead = regexp.MustCompile(`[\[\]#>=/]|^.(Accept|Content-Type|AbortError|UnknownError|S\d|GET|POST).$|^.use strict.$`)
)

// wordsInScript finds the strings of a script that a person would read.
func wordsInScript(source string) []string {
	var found []string
	for _, literal := range scriptString.FindAllString(scriptComment.ReplaceAllString(source, ""), -1) {
		if text := literal[1 : len(literal)-1]; sentence.MatchString(text) && !notRead.MatchString(literal) {
			found = append(found, text)
		}
	}
	return found
}

func TestTheScriptHoldsNoWords(t *testing.T) {
	files, err := filepath.Glob("static/*.js")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	for _, file := range files {
		source, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, words := range wordsInScript(string(source)) {
			t.Errorf("%s: %q stands in the script; put it into locales/", file, words)
		}
	}
	if found := wordsInScript("say(status, \"Try again\"); // a \"quoted comment\"\nfind(\"form [data-x]\"); toast(`Saved ok`); say(x, 'Done')"); !slices.Equal(found, []string{"Try again", "Saved ok", "Done"}) {
		t.Errorf("the search finds %q", found)
	}
}
