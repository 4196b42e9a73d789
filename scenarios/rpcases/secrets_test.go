package rpcases_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/passkeylab/passkeylab/harness/conformance"
	"github.com/passkeylab/passkeylab/reports"
	"github.com/passkeylab/passkeylab/scenarios/rpcases"
)

// A server that refuses everybody, and says in what words it was asked.
func TestAReportCarriesNoSecretsOff(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		http.SetCookie(w, &http.Cookie{Name: "sid", Value: "session-of-somebody", HttpOnly: true})
		w.WriteHeader(http.StatusForbidden)
		_ = json.NewEncoder(w).Encode(map[string]string{"status": "failed", "errorMessage": "I do not know " + r.Header.Get("Authorization")})
	}))
	defer server.Close()
	t.Setenv("PASSKEYLAB_TEST_TOKEN", "the-token-of-staging")
	path := write(t, t.TempDir(), "target.yaml", "base: "+server.URL+
		"\nheaders: {Authorization: \"Bearer ${env.PASSKEYLAB_TEST_TOKEN}\", X-Api-Key: key-of-ours}\ncookies: {tenant: lab-of-ours}\n")
	target, err := rpcases.ReadTarget(path)
	if err != nil {
		t.Fatal(err)
	}
	suite, err := target.Open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer suite.Close()
	runner := suite.Runner()
	if runner.Only, err = conformance.ParsePatterns([]string{"S-CDJ-005"}); err != nil {
		t.Fatal(err)
	}
	finding, err := runner.Run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	text := func(run reports.Run) string {
		var b strings.Builder
		if err := reports.JSON(&b, run); err != nil {
			t.Fatal(err)
		}
		return b.String()
	}
	before, after := text(finding.Run), text(suite.Scrubbed(finding.Run))
	for _, secret := range []string{"the-token-of-staging", "key-of-ours", "lab-of-ours", "session-of-somebody"} {
		if !strings.Contains(before, secret) {
			t.Errorf("%s was never told, so that nothing can hide it", secret)
		}
		if strings.Contains(after, secret) {
			t.Errorf("%s is in the report:\n%s", secret, after)
		}
	}
	for _, kept := range []string{"Authorization: (hidden)", "X-Api-Key: (hidden)", "tenant=(hidden)", "sid=(hidden); HttpOnly", "I do not know Bearer ${env.PASSKEYLAB_TEST_TOKEN}"} {
		if !strings.Contains(after, kept) {
			t.Errorf("%q is not in the report:\n%s", kept, after)
		}
	}
	if text(finding.Run) != before {
		t.Error("the run itself was changed")
	}
}
