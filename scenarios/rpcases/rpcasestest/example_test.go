package rpcasestest_test

import (
	"net/http"
	"testing"

	"github.com/passkeylab/passkeylab/harness/conformance"
	"github.com/passkeylab/passkeylab/harness/subject"
	"github.com/passkeylab/passkeylab/scenarios/rpcases"
	"github.com/passkeylab/passkeylab/scenarios/rpcases/rpcasestest"
)

// newServer is the relying party: your own handler, with the REST API of FIDO's server tests.
func newServer() http.Handler { return http.NotFoundHandler() }

func ExampleJudge() {
	// In a _test.go file of yours this is func TestPasskeys(t *testing.T).
	_ = func(t *testing.T) {
		server, err := subject.FIDOServer{Base: "https://login.example"}.InProcess(newServer())
		if err != nil {
			t.Fatal(err)
		}
		rpcasestest.Judge(t, &rpcases.Suite{RP: server})
	}
}

// A server that runs elsewhere is described in a file. What is known to fail is expected, so that the test tells when it is
// repaired.
func ExampleJudging_Judge() {
	_ = func(t *testing.T) {
		target, err := rpcases.ReadTarget("testdata/target.yaml")
		if err != nil {
			t.Fatal(err)
		}
		suite, err := target.Open(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		rpcasestest.Judging{
			Profile:  conformance.L3Recommended,
			Only:     []string{"reg/*", "auth/*"},
			Expected: map[string]string{"auth/counter/*": "our issue 12"},
		}.Judge(t, suite)
	}
}
