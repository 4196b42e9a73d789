package scenarios

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// automated are the scenarios of the product specification that exist as
// journeys so far. A journey that vanishes, or is declared twice, is noticed here.
const automated = `
REG-01 REG-02 REG-03 REG-04 REG-05 REG-06 REG-07 REG-08 REG-09 REG-10 REG-11 REG-12 REG-13 REG-14 REG-15 REG-16 REG-17 REG-18 REG-19 REG-20 REG-21 REG-22 REG-23 REG-24 REG-25
WP-01 WP-02 WP-03 WP-04 WP-05 WP-06 WP-07 WP-08 WP-09 WP-10 WP-11 WP-12 WP-13 WP-14 WP-15 WP-16 WP-17 WP-18 WP-19 WP-20
EX-01 EX-02 EX-03 EX-04 EX-05 EX-06 EX-07 EX-08 EX-09 EX-10 EX-11 EX-12 EX-13 EX-14
DEL-01 DEL-02 DEL-03 DEL-04 DEL-05 DEL-06 DEL-07 DEL-08 DEL-09 DEL-10 DEL-11 DEL-12 DEL-13 DEL-14 DEL-15 DEL-16
SI-01 SI-02 SI-03 SI-04 SI-05 SI-06 SI-07 SI-08 SI-09 SI-10 SI-11 SI-12 SI-13 SI-14
MFA-01 MFA-02 MFA-03 MFA-04 MFA-05 MFA-06 MFA-07 MFA-08 MFA-09 MFA-10 MFA-11 MFA-12
POL-01 POL-02 POL-03 POL-04 POL-05 POL-06 POL-07 POL-08 POL-09 POL-10 POL-11 POL-12 POL-13 POL-14
PH-01 PH-02 PH-03 PH-04 PH-05 PH-06 PH-07 PH-08 PH-09 PH-10 PH-11 PH-12 PH-13 PH-14 PH-15 PH-16 PH-17 PH-18 PH-19 PH-20 PH-21
RP-01 RP-02 RP-03 RP-04 RP-05 RP-06 RP-07 RP-08 RP-09 RP-10 RP-11 RP-12 RP-13 RP-14 RP-15
AX-01 AX-02 AX-03 AX-04 AX-05 AX-06 AX-07 AX-08 AX-09 AX-10 AX-11 AX-12
L10-01 L10-02 L10-03 L10-04 L10-05 L10-06 L10-07 L10-08
SEC-01 SEC-02 SEC-03 SEC-04 SEC-05 SEC-06 SEC-07 SEC-08 SEC-09 SEC-10 SEC-11 SEC-12 SEC-13 SEC-14 SEC-15 SEC-16
GAL-01 GAL-02 GAL-03`

func TestEveryScenarioIsOneJourney(t *testing.T) {
	declared := declarations(t)
	for _, id := range strings.Fields(automated) {
		if declared[id] != 1 {
			t.Errorf("%s is declared %d times, want once", id, declared[id])
		}
		delete(declared, id)
	}
	for id := range declared {
		t.Errorf("%s is declared but not in the list above", id)
	}
}

// declarations counts the journeys that the files of package journeys declare, by
// id, and checks the form of ids and sentences.
func declarations(t *testing.T) map[string]int {
	t.Helper()
	form := regexp.MustCompile(`^[A-Z][A-Z0-9]+-\d\d$`)
	counted := map[string]int{}
	paths, err := filepath.Glob("journeys/*_test.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range paths {
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(node ast.Node) bool {
			call, ok := node.(*ast.CallExpr)
			if !ok {
				return true
			}
			if name, ok := call.Fun.(*ast.Ident); !ok || name.Name != "Journey" {
				return true
			}
			id, says := literal(call.Args[0]), literal(call.Args[1])
			counted[id]++
			if !form.MatchString(id) {
				t.Errorf("%s: the id %q is not that of a scenario", path, id)
			}
			if says == "" || strings.HasSuffix(says, ".") || strings.Contains(says, id) {
				t.Errorf("%s: %s says %q, want a sentence without its id and full stop", path, id, says)
			}
			return true
		})
	}
	return counted
}

func literal(e ast.Expr) string {
	basic, ok := e.(*ast.BasicLit)
	if !ok {
		return ""
	}
	text, err := strconv.Unquote(basic.Value)
	if err != nil {
		return ""
	}
	return text
}
