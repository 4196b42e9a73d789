package rpcases_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/passkeylab/passkeylab/harness/mutate"
	"github.com/passkeylab/passkeylab/harness/subject"
	"github.com/passkeylab/passkeylab/reports"
	"github.com/passkeylab/passkeylab/scenarios/rpcases"
)

// fuzzed makes mutants for a suite.
func fuzzed(t *testing.T, suite *rpcases.Suite, count int, routes ...string) reports.Run {
	t.Helper()
	has, err := suite.Probe(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	run, err := rpcases.Fuzz{Suite: suite, Has: has, Seed: 3, Count: count, Routes: routes, Most: 1}.Run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return run
}

// Nothing is found where there is nothing to find, on any route.
func TestTheReferenceWithstandsMutants(t *testing.T) {
	run := fuzzed(t, reference(t), 60)
	if len(run.Results) != len(rpcases.FuzzRoutes()) {
		t.Errorf("%d results", len(run.Results))
	}
	for _, result := range run.Results {
		t.Log(result.ID, result.State, result.Reason, result.Observations)
		if result.State != reports.Passed {
			t.Errorf("%s: %s %s: %+v\n%s", result.ID, result.State, result.Title, result.Failure, result.Reason)
		}
	}
}

// lax is our relying party with a defect planted in front of it: what after makes of an answer is what the visitor gets.
type lax struct {
	subject.RelyingParty
	after func(request subject.Request, honest subject.Answer) subject.Answer
}

func (l lax) Visit() subject.Visitor { return laxVisitor{l.RelyingParty.Visit(), l} }

type laxVisitor struct {
	subject.Visitor
	lax lax
}

func (v laxVisitor) Do(ctx context.Context, request subject.Request) subject.Answer {
	return v.lax.after(request, v.Visitor.Do(ctx, request))
}

var accepted = subject.Answer{Outcome: subject.Accepted, Status: http.StatusOK, Members: map[string]json.RawMessage{"status": json.RawMessage(`"ok"`)}}

// sent is what a result endpoint was sent, as a trusting reader sees it.
func sent(request subject.Request) (clientData, authData []byte) {
	var body struct {
		Response struct{ ClientDataJSON, AuthenticatorData string }
	}
	_ = json.Unmarshal(request.Body, &body)
	clientData, _ = base64.RawURLEncoding.DecodeString(body.Response.ClientDataJSON)
	authData, _ = base64.RawURLEncoding.DecodeString(body.Response.AuthenticatorData)
	return clientData, authData
}

// Each planted defect is found within a small budget, is shrunk to one edit, and is shown again by its recipe.
func TestPlantedDefectsAreFoundAndShrunk(t *testing.T) {
	origin, err := url.Parse(reference(t).RP.Origin())
	if err != nil {
		t.Fatal(err)
	}
	ours := sha256.Sum256([]byte(origin.Hostname()))
	var mu sync.Mutex
	poisoned := false
	signIn := func(request subject.Request) bool { return request.Endpoint == subject.RequestResult }
	for name, test := range map[string]struct {
		after             func(subject.Request, subject.Answer) subject.Answer
		route, path, want string
	}{
		"the RP ID is not compared": {func(request subject.Request, honest subject.Answer) subject.Answer {
			if _, data := sent(request); signIn(request) && len(data) >= 37 && !bytes.Equal(data[:32], ours[:]) {
				return accepted
			}
			return honest
		}, "signed-sign-in", "authenticatorData/rpIdHash", "a refusal, because"},
		"the UP flag is not looked at": {func(request subject.Request, honest subject.Answer) subject.Answer {
			if _, data := sent(request); signIn(request) && len(data) >= 37 && bytes.Equal(data[:32], ours[:]) && data[32]&1 == 0 {
				return accepted
			}
			return honest
		}, "signed-sign-in", "authenticatorData/", "UP flag is clear"},
		"deep nesting is a crash": {func(request subject.Request, honest subject.Answer) subject.Answer {
			if bytes.Contains(request.Body, []byte("[[[[[[[[")) {
				return subject.Answer{Outcome: subject.ServerError, Status: 500}
			}
			return honest
		}, "registration", " nest 7", "a decision"},
		"the counter is stored before the signature is verified": {func(request subject.Request, honest subject.Answer) subject.Answer {
			mu.Lock()
			defer mu.Unlock()
			if request.Endpoint == subject.CreationResult {
				poisoned = false // another account
			}
			if _, data := sent(request); signIn(request) {
				if len(data) >= 37 && data[33]|data[34] != 0 {
					poisoned = true
				} else if poisoned && honest.Outcome == subject.Accepted {
					return subject.Answer{Outcome: subject.Refused, Status: 400}
				}
			}
			return honest
		}, "sign-in", "authenticatorData", "that the passkey works as before"},
	} {
		t.Run(name, func(t *testing.T) {
			suite := reference(t)
			suite.RP = lax{suite.RP, test.after}
			run := fuzzed(t, suite, 500, test.route)
			for _, result := range run.Results {
				if result.State != reports.Failed || !strings.Contains(result.Title, test.path) || !strings.Contains(result.Failure.Expected, test.want) {
					continue
				}
				if strings.Contains(result.Title, ";") {
					t.Errorf("it was not shrunk: %s", result.Title)
				}
				if len(result.Exchanges) == 0 {
					t.Error("it does not tell what was said")
				}
				replay(t, suite, result)
				return
			}
			for _, result := range run.Results {
				t.Errorf("%s: %s %+v %s", result.ID, result.Title, result.Failure, result.Reason)
			}
		})
	}
}

// replay plays a finding again by its recipe.
func replay(t *testing.T, suite *rpcases.Suite, found reports.Result) {
	t.Helper()
	_, text, _ := strings.Cut(found.Title, " changed by: ")
	recipe, err := mutate.ParseRecipe(text)
	if err != nil {
		t.Fatal(err)
	}
	suite.Run = "" // another run, which knows nothing of the first
	has, err := suite.Probe(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	_, result, err := rpcases.Fuzz{Suite: suite, Has: has, Seed: 99}.Replay(t.Context(), strings.Split(found.ID, "/")[1], recipe)
	if err != nil || result.State != reports.Failed || result.ID != found.ID {
		t.Errorf("%v %s %s, want %s", err, result.ID, result.State, found.ID)
	}
}
