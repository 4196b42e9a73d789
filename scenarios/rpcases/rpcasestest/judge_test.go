package rpcasestest_test

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/passkeylab/passkeylab/harness/subject"
	"github.com/passkeylab/passkeylab/scenarios/rpcases"
	"github.com/passkeylab/passkeylab/scenarios/rpcases/rpcasestest"
)

func TestTheReferenceIsJudgedByOneCall(t *testing.T) {
	suite, err := rpcases.Reference(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	rpcasestest.Judging{Only: []string{"reg/client-data/*", "auth/*"}}.Judge(t, suite)
}

// A test that fails cannot be had inside of one that passes, so a module of a stranger's runs it: with this one as it is here,
// and nothing of its own but the test.
func TestAStrangersModuleJudgesItsServer(t *testing.T) {
	if testing.Short() {
		t.Skip("it builds a module of its own")
	}
	root, err := filepath.Abs("../../..")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	source, err := os.ReadFile("testdata/stranger.go.txt")
	if err != nil {
		t.Fatal(err)
	}
	sums, err := os.ReadFile(filepath.Join(root, "go.sum"))
	if err != nil {
		t.Fatal(err)
	}
	ours, err := os.ReadFile(filepath.Join(root, "go.mod"))
	if err != nil {
		t.Fatal(err)
	}
	_, requirements, _ := strings.Cut(string(ours), "\ngo ")
	module := "module stranger.example/login\n\ngo " + strings.ReplaceAll(requirements, "\ntool (", "\n// tool (") +
		"\nrequire github.com/passkeylab/passkeylab v0.0.0\nreplace github.com/passkeylab/passkeylab => " + root + "\n"
	for name, content := range map[string][]byte{"stranger_test.go": source, "go.mod": []byte(withoutTools(module)), "go.sum": sums} {
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	test := exec.CommandContext(t.Context(), "go", "test", "-mod=mod", "-vet=off", "-run", "TestGullible", ".")
	test.Dir = dir
	test.Env = append(os.Environ(), "GOPROXY=off", "GOFLAGS=")
	output, err := test.CombinedOutput()
	if err == nil {
		t.Fatalf("a server that accepts everything passed:\n%s", output)
	}
	for _, want := range []string{
		"--- FAIL: TestGullible/reg/client-data/type-of-an-assertion", "want a refusal", "clause: WebAuthn L3 §7.1 step 7", "fix: Compare the type member",
		"> POST https://login.example/attestation/result", "expected to fail, and nothing did: reg/client-data/unexpected-* (our issue 13)",
	} {
		if !strings.Contains(string(output), want) {
			t.Errorf("no %q in\n%.6000s", want, output)
		}
	}
	if strings.Contains(string(output), "--- FAIL: TestGullible/reg/client-data/challenge-of-another (") {
		t.Errorf("what was expected to fail failed the test:\n%s", output)
	}
}

// withoutTools removes the block of tools, which only the module that has them may name.
func withoutTools(module string) string {
	before, rest, found := strings.Cut(module, "// tool (")
	if !found {
		return module
	}
	_, after, _ := strings.Cut(rest, "\n)")
	return before + after
}

// A relying party with nobody to be found is not judged at all.
func TestWhatIsJudgedMustBeThere(t *testing.T) {
	var challenges atomic.Int64
	handler := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		challenge := base64.RawURLEncoding.EncodeToString(fmt.Appendf(nil, "challenge number %16d", challenges.Add(1)))
		fmt.Fprintf(w, `{"status":"ok","challenge":%q}`, challenge)
	})
	server, err := subject.FIDOServer{Base: "https://login.example"}.InProcess(handler)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := (&rpcases.Suite{RP: server}).Probe(t.Context()); err == nil {
		t.Error("a server that gives no options was judged")
	}
}
