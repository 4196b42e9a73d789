package mutants_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/passkeylab/passkeylab/harness/subject"
	"github.com/passkeylab/passkeylab/reports"
	"github.com/passkeylab/passkeylab/scenarios/rpcases"
)

// domain is where both of them are.
const domain = "login.extreme.example"

// credulous is a relying party that gives options to everybody, remembers what it is told, and accepts it.
type credulous struct {
	mu    sync.Mutex
	count int
	asked string              // the user name of the newest options
	ids   map[string][]string // by user name
}

func (c *credulous) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c.mu.Lock()
	defer c.mu.Unlock()
	var in struct {
		UserName         string `json:"username"`
		ID               string `json:"id"`
		UserVerification string `json:"userVerification"`
		Selection        struct {
			RequireResidentKey bool   `json:"requireResidentKey"`
			UserVerification   string `json:"userVerification"`
		} `json:"authenticatorSelection"`
	}
	_ = json.NewDecoder(r.Body).Decode(&in) // whatever it is
	members := map[string]any{"status": "ok", "errorMessage": ""}
	if strings.HasSuffix(r.URL.Path, "/options") {
		c.count++
		c.asked = in.UserName
		members["challenge"] = base64.RawURLEncoding.EncodeToString(fmt.Appendf(nil, "this is the challenge %10d", c.count))
	}
	listed := []map[string]string{}
	for _, id := range c.ids[c.asked] {
		listed = append(listed, map[string]string{"type": "public-key", "id": id})
	}
	switch r.URL.Path {
	case "/attestation/options":
		members["rp"], members["user"] = map[string]string{"id": domain, "name": "x"}, map[string]string{"id": fmt.Sprintf("user%04d", c.count), "name": "a", "displayName": "A"}
		members["pubKeyCredParams"], members["excludeCredentials"] = []map[string]any{{"type": "public-key", "alg": -7}, {"type": "public-key", "alg": -8}, {"type": "public-key", "alg": -257}}, listed
		residentKey := map[bool]string{true: "required", false: "discouraged"}[in.Selection.RequireResidentKey]
		members["authenticatorSelection"] = map[string]any{"residentKey": residentKey, "userVerification": in.Selection.UserVerification}
		members["attestation"] = "direct"
	case "/attestation/result":
		c.ids[c.asked] = append(c.ids[c.asked], in.ID)
	case "/assertion/options":
		members["rpId"], members["allowCredentials"], members["userVerification"] = domain, listed, in.UserVerification
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(members) // whoever asked is gone
}

// against runs cases one after the other against a handler.
func against(t *testing.T, s stage, handler http.Handler, cases []rpcases.Case) []reports.Result {
	t.Helper()
	rp, err := subject.FIDOServer{Base: "https://" + domain}.InProcess(handler)
	if err != nil {
		t.Fatal(err)
	}
	suite := &rpcases.Suite{RP: rp, Policy: s.reference.Policy, Policies: s.reference.Policies, Variants: map[rpcases.Variant]subject.RelyingParty{}}
	for v := range s.reference.Variants {
		suite.Variants[v] = rp
	}
	runner := suite.Runner()
	runner.Cases, runner.Profile, runner.Has = cases, s.Profile, s.has
	finding, err := runner.Run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return finding.Run.Results
}

// Whoever refuses everything, options included, has not earned a single "passed".
func TestWhoRefusesEverythingPassesNothing(t *testing.T) {
	s := setStage(t)
	refuses := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusBadRequest)
		fmt.Fprint(w, `{"status":"failed","errorMessage":"no"}`)
	})
	results := against(t, s, refuses, rpcases.Cases())
	totals := reports.Count(reports.Run{Results: results})
	t.Logf("refuses everything: %d cases, %d passed, %d advised, %d failed, %d inconclusive, %d skipped", totals.All, totals.Passed, totals.Advised, totals.Failed,
		totals.Inconclusive, totals.Skipped)
	for _, r := range results {
		if r.State == reports.Passed || r.State == reports.Advised {
			t.Errorf("%s: %s", r.ID, r.State)
		}
	}
}

// Whoever accepts everything fails nearly every case in which somebody must be refused.
func TestWhoAcceptsEverythingFailsNearlyAll(t *testing.T) {
	s := setStage(t)
	all := rpcases.Cases()
	honest, err := s.Honest(t.Context(), all)
	if err != nil {
		t.Fatal(err)
	}
	results := against(t, s, &credulous{ids: map[string][]string{}}, all)
	totals := reports.Count(reports.Run{Results: results})
	refusing, failed := 0, 0
	for i, h := range honest {
		if len(h.Refused) == 0 || h.State.Bad() || results[i].State == reports.Skipped {
			continue
		}
		refusing++
		if results[i].State == reports.Failed {
			failed++
			continue
		}
		t.Logf("not failed: %s: %s %s", h.ID, results[i].State, results[i].Reason)
	}
	t.Logf("accepts everything: %d of %d cases that refuse somebody fail; of all %d: %d passed, %d advised, %d failed, %d inconclusive, %d skipped", failed, refusing,
		totals.All, totals.Passed, totals.Advised, totals.Failed, totals.Inconclusive, totals.Skipped)
	if failed*100 < refusing*nearlyAll || refusing == 0 {
		t.Errorf("%d of %d, and %d %% are wanted", failed, refusing, nearlyAll)
	}
}

// nearlyAll is the floor in percent. The rest are cases about a policy, in which any decision will do.
const nearlyAll = 90
