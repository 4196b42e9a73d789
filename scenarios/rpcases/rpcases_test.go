package rpcases_test

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
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

// reference opens the suite against our own relying party.
func reference(t *testing.T) *rpcases.Suite {
	t.Helper()
	suite, err := rpcases.Reference(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := suite.Close(); err != nil {
			t.Error(err)
		}
	})
	return suite
}

// Our own relying party keeps its own suite under every profile: nothing fails but what is known to, and nothing is inconclusive.
func TestTheReferencePasses(t *testing.T) {
	for _, profile := range conformance.Profiles() {
		t.Run(string(profile), func(t *testing.T) {
			suite := reference(t)
			has, err := suite.Probe(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			runner := suite.Runner()
			runner.Profile, runner.Parallel, runner.Has, runner.Expected = profile, 2, has, rpcases.ReferenceFailures(profile)
			finding, err := runner.Run(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if len(finding.Unused) > 0 {
				t.Errorf("these do not fail any more: %v", finding.Unused)
			}
			for _, result := range finding.Run.Results {
				if result.State.Bad() {
					t.Errorf("%s: %s: %s %+v", result.ID, result.State, result.Reason, result.Failure)
				}
				if result.State == reports.Advised || result.State == reports.Skipped {
					t.Logf("%s: %s: %s %q", result.ID, result.State, result.Reason, result.Observations)
				}
			}
		})
	}
}

// stubborn is a relying party that gives options to everybody and has one answer to all results.
func stubborn(t *testing.T, status int, answer string) *rpcases.Suite {
	t.Helper()
	challenges := 0
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		challenges++
		challenge := base64.RawURLEncoding.EncodeToString(fmt.Appendf(nil, "challenge number %16d", challenges))
		switch {
		case !strings.HasSuffix(r.URL.Path, "/options"):
			w.WriteHeader(status)
			fmt.Fprint(w, answer)
		case strings.HasPrefix(r.URL.Path, "/attestation"):
			fmt.Fprintf(w, `{"status":"ok","errorMessage":"","challenge":%q,"rp":{"id":"localhost","name":"x"},"user":{"id":"AAAA","name":"a","displayName":"A"},
				"pubKeyCredParams":[{"type":"public-key","alg":-7}],"authenticatorSelection":{"residentKey":"required"}}`, challenge)
		default:
			fmt.Fprintf(w, `{"status":"ok","errorMessage":"","challenge":%q,"rpId":"localhost"}`, challenge)
		}
	})
	server, err := subject.FIDOServer{Base: "http://localhost"}.InProcess(handler)
	if err != nil {
		t.Fatal(err)
	}
	return &rpcases.Suite{RP: server}
}

// run leaves out what is only about options: such a server gives them honestly.
func run(t *testing.T, suite *rpcases.Suite) reports.Totals {
	t.Helper()
	runner := suite.Runner()
	runner.Cases = slices.DeleteFunc(runner.Cases, func(c rpcases.Case) bool { return c.Group() == "api" })
	finding, err := runner.Run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return reports.Count(finding.Run)
}

func TestARelyingPartyThatRefusesEverythingPassesNothing(t *testing.T) {
	totals := run(t, stubborn(t, http.StatusBadRequest, `{"status":"failed","errorMessage":"no"}`))
	if totals.Passed > 0 || totals.Advised > 0 || totals.Inconclusive == 0 {
		t.Errorf("%+v", totals)
	}
}

// Whoever accepts everything passes only what is to be accepted. Half of the cases are about that or do not concern such a server.
func TestARelyingPartyThatAcceptsEverythingFails(t *testing.T) {
	runner := stubborn(t, http.StatusOK, `{"status":"ok","errorMessage":""}`).Runner()
	finding, err := runner.Run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	refusal := regexp.MustCompile(`\b(is|are) refused( at registration| at sign-in)?$`)
	says := map[string]string{}
	for _, c := range runner.Cases {
		says[c.ID] = c.Says
	}
	for _, result := range finding.Run.Results {
		if result.State == reports.Passed && refusal.MatchString(says[result.ID]) {
			t.Errorf("%s passes: %s", result.ID, says[result.ID])
		}
	}
	if totals := reports.Count(finding.Run); (totals.Failed+totals.Advised)*2 < totals.All-totals.Skipped || totals.Inconclusive > 0 {
		t.Errorf("%+v", totals)
	}
}

// A server that crashes on what it should refuse has not refused it.
func TestARelyingPartyThatBreaksPassesNothing(t *testing.T) {
	totals := run(t, stubborn(t, http.StatusInternalServerError, `<html>oops</html>`))
	if totals.Passed > 0 || totals.Advised > 0 {
		t.Errorf("%+v", totals)
	}
}

// Who frames the relying party cannot be guessed, and a case that guessed would break.
func TestAFramedVariantMustSayWhoFramesIt(t *testing.T) {
	suite := reference(t)
	suite.Policies[rpcases.Framed] = rpcases.Policy{CrossOrigin: "accept"}
	has, err := suite.Probe(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if why := has.Missing([]conformance.Capability{rpcases.Configured(rpcases.Framed)}); !strings.Contains(why, "policy.topOrigins") {
		t.Errorf("missing: %q", why)
	}
}
