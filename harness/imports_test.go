package harness

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"slices"
	"sort"
	"strings"
	"testing"
)

const module = "github.com/passkeylab/passkeylab/"

// everything stands for all packages.
const everything = "*"

// mayImport is the table of the architecture: a package, and the packages of ours that its non-test files may import. A
// package that is not in the table inherits the row of the nearest package above it. An entry ending in /... allows a
// package and all below it; packages may always import what is below themselves.
var mayImport = map[string][]string{
	"virtualauth":                   {"virtualauth/ctap2", "virtualauth/cxf", "virtualauth/cose", "virtualauth/authdata", "virtualauth/attestation", "virtualauth/pinuv", "virtualauth/keystore"},
	"virtualauth/ctap2":             {"virtualauth/cose"},
	"virtualauth/cose":              {},
	"virtualauth/authdata":          {"virtualauth/cose"},
	"virtualauth/attestation":       {"virtualauth/cose", "virtualauth/authdata", "virtualauth/internal/derive"},
	"virtualauth/pinuv":             {"virtualauth/ctap2", "virtualauth/internal/derive"},
	"virtualauth/keystore":          {"virtualauth/cose", "virtualauth/internal/derive"},
	"virtualauth/internal/derive":   {},
	"virtualauth/keystore/tpmstore": {"virtualauth/keystore", "virtualauth/cose"},
	"virtualauth/ctaphid":           {},
	"virtualauth/apdu":              {},
	"virtualauth/hybrid":            {"virtualauth/ctap2", "virtualauth/internal/derive"},
	"virtualauth/vaultfile":         {},
	"virtualauth/cxf":               {},
	"virtualauth/provider":          {"virtualauth", "virtualauth/ctap2", "virtualauth/cose", "virtualauth/pinuv", "virtualauth/keystore"},
	"virtualauth/phone":             {"virtualauth", "virtualauth/ctap2", "virtualauth/hybrid", "virtualauth/provider", "virtualauth/keystore", "virtualauth/phone/camera"},
	"virtualauth/phone/camera":      {},
	"virtualauth/phone/screen":      {"virtualauth/phone"},

	"rp":           {"rp/store", "rp/policy", "rp/mds", "rp/attest", "rp/passwords", "rp/strict"},
	"rp/attest":    {},
	"rp/passwords": {},
	"rp/store":     {},
	"rp/strict":    {},
	"rp/policy":    {},
	"rp/web":       {"rp", "rp/policy"},
	"rp/mds":       {},
	"rp/fidoapi":   {"rp"},

	"harness":             {},
	"harness/config":      {},
	"harness/progress":    {},
	"harness/browser":     {"virtualauth", "virtualauth/ctap2", "harness/client", "harness/trace"},
	"harness/bluetooth":   {"virtualauth/hybrid", "harness/trace"},
	"harness/dialog":      {"harness/browser", "harness/trace", "virtualauth/phone/camera"},
	"harness/page":        {"harness/browser", "harness/trace"},
	"harness/client":      {"virtualauth/ctap2", "virtualauth/cose", "virtualauth/authdata", "virtualauth/pinuv", "harness/trace"},
	"harness/conformance": {"reports", "harness/trace"},
	"harness/mutate":      {},
	"harness/subject":     {"harness/conformance", "harness/client", "harness/browser", "harness/page", "rp", "rp/fidoapi", "rp/store", "rp/policy", "rp/attest", "rp/mds", "virtualauth/...", "harness/trace"},
	"harness/orgapp":      {"virtualauth/...", "rp", "rp/web", "harness/client"},
	"harness/trace":       {"virtualauth/ctap2", "reports"}, // it hands reports plain data, which has reports' own types
	"harness/lab":         {"virtualauth/...", "rp/...", "reports", "harness/..."},

	"scenarios/journeys":        {"harness/...", "reports", "rp/policy", "virtualauth/provider", "virtualauth/phone"},
	"scenarios/rpcases":         {"harness/conformance", "harness/mutate", "harness/client", "harness/subject", "virtualauth/...", "reports"},
	"scenarios/authcases":       {"harness/conformance", "harness/client", "harness/subject", "virtualauth/..."},
	"scenarios/rpconformance":   {"scenarios/...", "harness/...", "reports"},
	"scenarios/authconformance": {"scenarios/...", "harness/..."},
	"scenarios/mutants":         {"scenarios/...", "harness/...", "rp/...", "virtualauth/...", "reports"},

	"reports": {},
	"cmd":     {everything},
}

// strangers are the two halves that never meet, not even in a test: a bug that they shared would cancel out.
var strangers = [2]string{"virtualauth", "rp"}

// edge is one import of one of our packages by another.
type edge struct {
	from, to string
	test     bool // from a _test.go file
}

// broken says which rule an edge breaks; empty when it breaks none.
func broken(table map[string][]string, e edge) string {
	for i, half := range strangers {
		if within(e.from, half) && within(e.to, strangers[1-i]) {
			return fmt.Sprintf("%s imports %s: what makes a credential shares no code with what checks it, tests included", e.from, e.to)
		}
	}
	if e.test || within(e.to, e.from) {
		return ""
	}
	row, found := rowOf(table, e.from)
	if !found {
		return fmt.Sprintf("%s has no row in the table of imports; add it to the architecture and to this test", e.from)
	}
	for _, allowed := range table[row] {
		tree, isTree := strings.CutSuffix(allowed, "/...")
		if allowed == everything || allowed == e.to || isTree && within(e.to, tree) || splitOf(table, e.to, allowed) {
			return ""
		}
	}
	// Parts of one package that was split are one package still.
	if target, _ := rowOf(table, e.to); target == row {
		return ""
	}
	return fmt.Sprintf("%s imports %s; its row allows only %s", e.from, e.to, strings.Join(table[row], ", "))
}

// rowOf finds the row that holds for a package: its own, or the nearest one above it.
func rowOf(table map[string][]string, pkg string) (string, bool) {
	for {
		if _, found := table[pkg]; found {
			return pkg, true
		}
		slash := strings.LastIndexByte(pkg, '/')
		if slash < 0 {
			return "", false
		}
		pkg = pkg[:slash]
	}
}

// splitOf is true when pkg is a part of an allowed package that was split: it has no row of its own.
func splitOf(table map[string][]string, pkg, allowed string) bool {
	row, found := rowOf(table, pkg)
	return found && row == allowed && row != pkg
}

// within is true for a package and everything below it.
func within(pkg, tree string) bool { return pkg == tree || strings.HasPrefix(pkg, tree+"/") }

// listed is what go list says about one package.
type listed struct {
	ImportPath                         string
	Imports, TestImports, XTestImports []string
}

// edgesOf reads go list's stream of packages into the edges between ours.
func edgesOf(stream io.Reader) ([]edge, error) {
	var edges []edge
	decoder := json.NewDecoder(stream)
	for {
		var pkg listed
		err := decoder.Decode(&pkg)
		if errors.Is(err, io.EOF) {
			return edges, nil
		}
		if err != nil {
			return nil, fmt.Errorf("read what go list says: %w", err)
		}
		from := strings.TrimPrefix(pkg.ImportPath, module)
		for _, imports := range []struct {
			paths []string
			test  bool
		}{{pkg.Imports, false}, {pkg.TestImports, true}, {pkg.XTestImports, true}} {
			for _, path := range imports.paths {
				if to, ours := strings.CutPrefix(path, module); ours && to != from {
					edges = append(edges, edge{from: from, to: to, test: imports.test})
				}
			}
		}
	}
}

// check returns the broken rules of all edges, sorted, each once.
func check(table map[string][]string, edges []edge) []string {
	var rules []string
	for _, e := range edges {
		if rule := broken(table, e); rule != "" {
			rules = append(rules, rule)
		}
	}
	sort.Strings(rules)
	return slices.Compact(rules)
}

func TestPackagesImportOnlyWhatTheArchitectureAllows(t *testing.T) {
	var failure bytes.Buffer
	list := exec.CommandContext(t.Context(), "go", "list", "-e", "-json=ImportPath,Imports,TestImports,XTestImports", module+"...")
	list.Stderr = &failure
	output, err := list.Output()
	if err != nil {
		t.Fatalf("go list: %v\n%s", err, failure.String())
	}
	edges, err := edgesOf(bytes.NewReader(output))
	if err != nil {
		t.Fatal(err)
	}
	if len(edges) == 0 {
		t.Fatal("go list shows no import between our packages; this test would see nothing")
	}
	for _, rule := range check(mayImport, edges) {
		t.Error(rule)
	}
}

func TestTheCheckerSeesForbiddenEdges(t *testing.T) {
	tests := []struct {
		name string
		edge edge
		bad  bool
	}{
		{"a row allows it", edge{from: "virtualauth/ctap2", to: "virtualauth/cose"}, false},
		{"a row does not", edge{from: "virtualauth/cose", to: "virtualauth/ctap2"}, true},
		{"upwards", edge{from: "harness/client", to: "harness/lab"}, true},
		{"reports look at nobody", edge{from: "reports", to: "harness/trace"}, true},
		{"a tree", edge{from: "harness/lab", to: "rp/web"}, false},
		{"a tree's own root", edge{from: "harness/lab", to: "rp"}, false},
		{"a name that only begins alike", edge{from: "scenarios/rpcases", to: "virtualauthority"}, true},
		{"the command may all", edge{from: "cmd/passkeylab", to: "rp/web"}, false},
		{"journeys do not reach into the relying party", edge{from: "scenarios/journeys", to: "rp/store"}, true},
		{"a part inherits its parent's row", edge{from: "harness/browser/bridge", to: "harness/client"}, false},
		{"and its limits", edge{from: "harness/browser/bridge", to: "rp"}, true},
		{"a part imports its parent", edge{from: "harness/browser/bridge", to: "harness/browser"}, false},
		{"a parent imports its part", edge{from: "harness/browser", to: "harness/browser/webauthn"}, false},
		{"parts of one package", edge{from: "harness/browser/bridge", to: "harness/browser/webauthn"}, false},
		{"a part of an allowed package", edge{from: "harness/page", to: "harness/browser/webauthn"}, false},
		{"a part with a row of its own is not its parent", edge{from: "rp/web", to: "rp/store"}, true},
		{"a stranger", edge{from: "virtualauth/provider", to: "rp/policy"}, true},
		{"the other way", edge{from: "rp", to: "virtualauth"}, true},
		{"a stranger in a test", edge{from: "rp/web", to: "virtualauth/ctap2", test: true}, true},
		{"a test may import anything else", edge{from: "reports", to: "harness/lab", test: true}, false},
		{"no row", edge{from: "tools/gadget", to: "reports"}, true},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if rule := broken(mayImport, test.edge); (rule != "") != test.bad {
				t.Errorf("%+v: %q", test.edge, rule)
			}
		})
	}
}

func TestEdgesAreReadFromGoList(t *testing.T) {
	stream := `{"ImportPath":"` + module + `rp/web","Imports":["fmt","` + module + `rp"],"TestImports":["` + module + `rp/store"],"XTestImports":["` + module + `rp/web"]}` +
		`{"ImportPath":"` + module + `reports","Imports":["io"]}`
	edges, err := edgesOf(strings.NewReader(stream))
	if err != nil {
		t.Fatal(err)
	}
	want := []edge{{from: "rp/web", to: "rp"}, {from: "rp/web", to: "rp/store", test: true}}
	if !slices.Equal(edges, want) {
		t.Errorf("got %+v", edges)
	}
	if rules := check(map[string][]string{"rp/web": {}}, append(edges, edges...)); len(rules) != 1 || !strings.Contains(rules[0], "rp/web imports rp;") {
		t.Errorf("got %q", rules)
	}
	if _, err := edgesOf(strings.NewReader("{")); err == nil {
		t.Error("half an answer was accepted")
	}
}

// A row for a package that no other row can reach, or an entry that names a package without a row, is a typing mistake.
func TestTheTableNamesOnlyItsOwnPackages(t *testing.T) {
	for row, allowed := range mayImport {
		for _, entry := range allowed {
			name := strings.TrimSuffix(entry, "/...")
			if _, found := mayImport[name]; !found && entry != everything && name != "scenarios" {
				t.Errorf("%s may import %s, which has no row", row, entry)
			}
		}
	}
}
