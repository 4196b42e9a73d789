package rpcases_test

import (
	"testing"

	"github.com/passkeylab/passkeylab/harness/conformance"
	"github.com/passkeylab/passkeylab/harness/subject"
	"github.com/passkeylab/passkeylab/reports"
	"github.com/passkeylab/passkeylab/scenarios/rpcases"
)

func TestEveryCaseIsWellFormed(t *testing.T) {
	for _, problem := range conformance.Check(rpcases.Cases()) {
		t.Error(problem)
	}
}

// Our own relying party keeps its own suite under every profile.
func TestTheReferencePasses(t *testing.T) {
	for _, profile := range conformance.Profiles() {
		t.Run(string(profile), func(t *testing.T) {
			t.Parallel()
			server, err := subject.Reference{}.Open(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			defer server.Close()
			suite := rpcases.Suite{RP: server}
			runner := suite.Runner()
			runner.Profile, runner.Parallel = profile, 2
			finding, err := runner.Run(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			for _, result := range finding.Run.Results {
				if result.State.Bad() {
					t.Errorf("%s: %s: %s %+v", result.ID, result.State, result.Reason, result.Failure)
				}
				if result.State == reports.Advised {
					t.Logf("%s: %s", result.ID, result.Observations)
				}
			}
		})
	}
}
