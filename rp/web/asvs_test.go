package web

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// root is where the module's packages are, seen from here.
const root = "../.."

var (
	requirement = regexp.MustCompile(`^\d{1,2}\.(\*|\d{1,2}\.\d{1,2})$`)
	goTest      = regexp.MustCompile(`^([a-z]+(?:/[a-z0-9]+)*)\.((?:Test|Fuzz)\w+)$`)
	journeyID   = regexp.MustCompile(`^[A-Z]+-\d+$`)
)

// testsOf names the tests of a package.
func testsOf(t *testing.T, pkg string) map[string]bool {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(root, pkg, "*_test.go"))
	if err != nil || len(files) == 0 {
		t.Fatalf("%s has no tests: %v", pkg, err)
	}
	found := map[string]bool{}
	for _, name := range files {
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		for _, declaration := range file.Decls {
			if f, is := declaration.(*ast.FuncDecl); is && f.Recv == nil {
				found[f.Name.Name] = true
			}
		}
	}
	return found
}

// journeys is the text of all journeys.
func journeys(t *testing.T) string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(root, "scenarios/journeys/*_test.go"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no journeys: %v", err)
	}
	var all strings.Builder
	for _, name := range files {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		all.Write(text)
	}
	return all.String()
}

// The table of what the site does for OWASP ASVS names a test for all that is said to be met, and each of them exists.
func TestEveryRequirementThatIsMetHasItsTest(t *testing.T) {
	text, err := os.ReadFile("testdata/asvs.txt")
	if err != nil {
		t.Fatal(err)
	}
	told, packages, seen := journeys(t), map[string]map[string]bool{}, map[string]int{}
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		column := strings.Split(line, "|")
		for i := range column {
			column[i] = strings.TrimSpace(column[i])
		}
		if len(column) != 4 || !requirement.MatchString(column[0]) || column[2] == "" {
			t.Errorf("not four columns: %s", line)
			continue
		}
		if seen[column[0]]++; seen[column[0]] > 1 {
			t.Errorf("%s is there twice", column[0])
		}
		names := strings.Fields(column[3])
		switch column[1] {
		case "met":
			if len(names) == 0 {
				t.Errorf("%s is met, and no test proves it", column[0])
			}
		case "built in", "operator", "open", "none":
		default:
			t.Errorf("%s has the state %q", column[0], column[1])
		}
		for _, name := range names {
			found := goTest.FindStringSubmatch(name)
			switch {
			case found != nil:
				if packages[found[1]] == nil {
					packages[found[1]] = testsOf(t, found[1])
				}
				if !packages[found[1]][found[2]] {
					t.Errorf("%s names %s, which does not exist", column[0], name)
				}
			case !journeyID.MatchString(name) || !strings.Contains(told, `Journey("`+name+`"`):
				t.Errorf("%s names %s, which is neither a test nor a journey", column[0], name)
			}
		}
	}
	if len(seen) < 150 {
		t.Errorf("only %d requirements are told", len(seen))
	}
}

// ASVS 7.4.4.
func TestEveryMembersPageOffersToSignOut(t *testing.T) {
	s := newSite(t)
	s.signIn()
	d := newDevice(t, appAndroid)
	s.register(d)
	for _, path := range []string{"/security-info", "/security-info/add", "/security-info/passkeys/" + text64(d.id) + "/rename", "/security-info/passkeys/" + text64(d.id) + "/delete", "/security-info/prove", "/security-info/password", "/security-info/sessions", "/outbox", "/help/faq"} {
		s.open(path).has(`action="/sign-out"`)
	}
}
