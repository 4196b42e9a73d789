package rpcases_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/passkeylab/passkeylab/harness/conformance"
	"github.com/passkeylab/passkeylab/harness/mutate"
	"github.com/passkeylab/passkeylab/harness/subject"
	"github.com/passkeylab/passkeylab/reports"
	"github.com/passkeylab/passkeylab/scenarios/rpcases"
)

// fuzz is a run of mutants that ends at the first finding.
func fuzz(t *testing.T, suite *rpcases.Suite, count int, only ...string) rpcases.Fuzz {
	t.Helper()
	has, err := suite.Probe(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	patterns, err := conformance.ParsePatterns(only)
	if err != nil {
		t.Fatal(err)
	}
	return rpcases.Fuzz{Suite: suite, Has: has, Seed: 3, Count: count, Only: patterns, Most: 1}
}

// fuzzed makes mutants.
func fuzzed(t *testing.T, f rpcases.Fuzz) reports.Run {
	t.Helper()
	run, err := f.Run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return run
}

// Nothing is found where there is nothing to find, on any route.
func TestTheReferenceWithstandsMutants(t *testing.T) {
	f := fuzz(t, reference(t), 100)
	f.Parallel = 2
	run := fuzzed(t, f)
	if len(run.Results) != 5 || !strings.HasPrefix(run.Notes[0], "100 mutants in ") {
		t.Errorf("%d results, %q", len(run.Results), run.Notes)
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

// planted is a defect that cannot be seen in our relying party, and what is to be found of it.
type planted struct {
	after                  func(subject.Request, subject.Answer) subject.Answer
	only, id, recipe, want string
}

// plant returns defects, each of which only one part of the oracle sees: what must be refused, what must not break, and each of
// the things that a refusal must leave as they are.
func plant(t *testing.T) map[string]planted {
	origin, err := url.Parse(reference(t).RP.Origin())
	if err != nil {
		t.Fatal(err)
	}
	ours := sha256.Sum256([]byte(origin.Hostname()))
	var mu sync.Mutex
	locked := map[string]bool{} // by passkey: several accounts are tried at a time
	refused := subject.Answer{Outcome: subject.Refused, Status: http.StatusBadRequest}
	signIn := func(request subject.Request) bool { return request.Endpoint == subject.RequestResult }
	unknown := func(request subject.Request) bool { return bytes.Contains(request.Body, []byte(`"unknown`)) }
	return map[string]planted{
		"the RP ID is not compared": {after: func(request subject.Request, honest subject.Answer) subject.Answer {
			if _, data := sent(request); signIn(request) && len(data) >= 37 && !bytes.Equal(data[:32], ours[:]) {
				return accepted
			}
			return honest
		}, only: "signed-sign-in", id: "fuzz/signed-sign-in/rp-id-hash", recipe: "authenticatorData", want: "a refusal, because"},
		"the UP flag is not looked at": {after: func(request subject.Request, honest subject.Answer) subject.Answer {
			if _, data := sent(request); signIn(request) && len(data) >= 37 && bytes.Equal(data[:32], ours[:]) && data[32]&1 == 0 {
				return accepted
			}
			return honest
		}, only: "signed-sign-in/authdata", id: "fuzz/signed-sign-in/user-present", recipe: "authenticatorData", want: "UP flag is clear"},
		"deep nesting is a crash": {after: func(request subject.Request, honest subject.Answer) subject.Answer {
			if bytes.Contains(request.Body, []byte("[[[[[[[[")) {
				return subject.Answer{Outcome: subject.ServerError, Status: 500}
			}
			return honest
		}, only: "registration", id: "fuzz/registration/broke-", recipe: " nest 7", want: "a decision"},
		"a refused sign-in locks the account": {after: func(request subject.Request, honest subject.Answer) subject.Answer {
			mu.Lock()
			defer mu.Unlock()
			var passkey struct{ ID string }
			switch _ = json.Unmarshal(request.Body, &passkey); {
			case signIn(request) && honest.Outcome != subject.Accepted:
				locked[passkey.ID] = true
			case signIn(request) && locked[passkey.ID]:
				return refused
			}
			return honest
		}, only: "sign-in/der", id: "fuzz/sign-in/next-sign-in", recipe: "response/signature", want: "that the account's passkey works as before"},
		"what is called refused is stored and listed": {after: func(request subject.Request, honest subject.Answer) subject.Answer {
			if request.Endpoint == subject.CreationResult && unknown(request) {
				return refused
			}
			return honest
		}, only: "registration/json", id: "fuzz/registration/listed", recipe: " add ", want: "only the credential that was registered before"},
		"what is called refused is stored and not listed": {after: func(request subject.Request, honest subject.Answer) subject.Answer {
			if request.Endpoint == subject.CreationResult && unknown(request) {
				return refused
			}
			delete(honest.Members, "excludeCredentials")
			return honest
		}, only: "registration/json", id: "fuzz/registration/usable", recipe: " add ", want: "a refusal"},
	}
}

// Each planted defect is found within a small budget, is shrunk to one edit, and is shown again by its recipe.
func TestPlantedDefectsAreFoundAndShrunk(t *testing.T) {
	for name, test := range plant(t) {
		t.Run(name, func(t *testing.T) {
			suite := reference(t)
			suite.RP = lax{suite.RP, test.after}
			f := fuzz(t, suite, 500, test.only)
			run := fuzzed(t, f)
			result := run.Results[0]
			if result.State != reports.Failed || !strings.HasPrefix(result.ID, test.id) || !strings.Contains(result.Title, test.recipe) ||
				!strings.Contains(result.Failure.Expected, test.want) {
				t.Fatalf("%s: %s %s %+v %s", result.ID, result.State, result.Title, result.Failure, result.Reason)
			}
			if strings.Contains(result.Title, ";") {
				t.Errorf("it was not shrunk: %s", result.Title)
			}
			if len(result.Exchanges) == 0 || result.Fix == "" || !slices.Contains(result.Labels, test.only) {
				t.Errorf("it does not tell enough: %d exchanges, fix %q, %q", len(result.Exchanges), result.Fix, result.Labels)
			}
			replay(t, suite, result)
			recalled(t, f, run)
		})
	}
}

// mutantOf is the mutant in a finding's title.
func mutantOf(t *testing.T, found reports.Result) rpcases.FuzzMutant {
	t.Helper()
	_, text, _ := strings.Cut(found.Title, " [")
	m, err := rpcases.ParseFuzzMutant(strings.TrimSuffix(text, "]"))
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// replay plays a finding again by its recipe.
func replay(t *testing.T, suite *rpcases.Suite, found reports.Result) {
	t.Helper()
	suite.Run = "" // another run, which knows nothing of the first
	f := fuzz(t, suite, 0)
	f.Seed = 99
	_, result, err := f.Replay(t.Context(), mutantOf(t, found))
	if err != nil || result.State != reports.Failed || result.ID != found.ID {
		t.Errorf("%v %s %s, want %s", err, result.ID, result.State, found.ID)
	}
}

// recalled runs again with what was found: it is known where it is still so, and repaired by the reference.
func recalled(t *testing.T, f rpcases.Fuzz, before reports.Run) {
	t.Helper()
	f.Seed, f.Count, f.Known = 4, 1, before.Results
	known := 0
	f.Progress = func(p rpcases.FuzzProgress) { known = max(known, p.Known) }
	f.Most = 2
	if since := reports.Compare(before, fuzzed(t, f)); known != 1 || since.StillBad != 1 || len(since.Of(reports.ChangeNew)) > 0 {
		t.Errorf("%d known, %s", known, since.Phrase())
	}
	repaired := fuzz(t, reference(t), 1)
	repaired.Known, repaired.Only = before.Results, f.Only
	if since := reports.Compare(before, fuzzed(t, repaired)); len(since.Of(reports.ChangeRepaired)) != 1 || len(since.Of(reports.ChangeGone)) > 0 {
		t.Errorf("%s %+v", since.Phrase(), since.Changes)
	}
}

// Mutant n is the same however many run at a time, and so is what comes of all of them.
func TestTheSameMutantsAreMadeAndFoundHoweverManyRunAtATime(t *testing.T) {
	var before []string
	for _, parallel := range []int{1, 3} {
		suite := reference(t)
		suite.RP = lax{suite.RP, func(request subject.Request, honest subject.Answer) subject.Answer {
			if request.Endpoint == subject.RequestResult {
				return accepted
			}
			return honest
		}}
		f := fuzz(t, suite, 40, "auth")
		f.Parallel, f.Most = parallel, 5
		run := fuzzed(t, f)
		var found []string
		for _, result := range run.Results {
			found = append(found, strings.Join(append(result.Observations, string(result.State), result.ID, result.Title), "\n"))
		}
		if before != nil && !slices.Equal(found, before) {
			t.Errorf("one at a time:\n%q\nthree at a time:\n%q", before, found)
		}
		before = found
		var number int
		if _, err := fmt.Sscanf(run.Results[0].Observations[0], "Mutant %d of seed 3 showed it first.", &number); err != nil || run.Results[0].State != reports.Failed {
			t.Fatalf("%v: %+v", err, run.Results[0])
		}
		m, err := f.Mutant(t.Context(), number)
		shrunk := mutantOf(t, run.Results[0])
		if err != nil || m.Route != shrunk.Route || !slices.ContainsFunc(m.Recipe, func(e mutate.Edit) bool {
			return e.Path == shrunk.Recipe[0].Path && e.Op == shrunk.Recipe[0].Op
		}) {
			t.Errorf("%v: mutant %d is %s, and was shrunk to %s", err, number, m, shrunk)
		}
	}
}

func TestOnlyWhatIsSelectedIsChanged(t *testing.T) {
	suite := reference(t)
	for only, path := range map[string]string{
		"certified/x509": "/x5c/", "cose": "/publicKey", "sign-in/der": "response/signature", "signed-sign-in/authdata": "authenticatorData",
		"self-attested/json": "", "registration/cbor": "response/attestationObject", "fuzz/registration/authdata": "/auth",
	} {
		f := fuzz(t, suite, 0, only)
		for n := range 20 {
			m, err := f.Mutant(t.Context(), n)
			if err != nil {
				t.Fatal(err)
			}
			for _, e := range m.Recipe {
				if !strings.Contains(e.Path, path) {
					t.Errorf("%s: mutant %d is %s", only, n, m)
				}
			}
		}
	}
	// Each family of each route is one that its honest message has.
	for _, name := range rpcases.FuzzNames() {
		if m, err := fuzz(t, suite, 0, name).Mutant(t.Context(), 0); err != nil {
			t.Errorf("%s: %v %v", name, m, err)
		}
	}
	for only, want := range map[string]string{"cosse": "did you mean cose?", "sign-in/x509": "selects nothing that --fuzz changes", "reg/client-data/*": "Write a ceremony (sign-in, "} {
		if err := fuzz(t, suite, 0, only).Check(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", only, err)
		}
	}
}

// What shows once, and not on a new account, is no proof, and says so.
func TestALimitOnAttemptsIsNoFailure(t *testing.T) {
	suite := reference(t)
	attempts := 0
	suite.RP = lax{suite.RP, func(request subject.Request, honest subject.Answer) subject.Answer {
		switch {
		case request.Endpoint == subject.CreationResult:
			attempts = 0
		case request.Endpoint == subject.RequestResult && honest.Outcome != subject.Accepted:
			attempts++
		case request.Endpoint == subject.RequestResult && attempts > 3:
			return subject.Answer{Outcome: subject.Refused, Status: http.StatusTooManyRequests}
		}
		return honest
	}}
	result := fuzzed(t, fuzz(t, suite, 60, "sign-in/der")).Results[0]
	if result.State != reports.Inconclusive || !strings.Contains(result.Reason, "after 3 others on the same account") {
		t.Errorf("%s %s %q %+v", result.ID, result.State, result.Reason, result.Failure)
	}
}

// A server that a mutant ends takes no finding with it.
func TestWhatWasFoundOutlivesTheServer(t *testing.T) {
	suite := reference(t)
	down := false
	suite.RP = lax{suite.RP, func(request subject.Request, honest subject.Answer) subject.Answer {
		if down {
			return subject.Answer{Outcome: subject.Unreachable, Err: errors.New("connection refused")}
		}
		if bytes.Contains(request.Body, []byte("[[[[[[[[")) {
			down = true
			return subject.Answer{Outcome: subject.Reset, Err: errors.New("reset")}
		}
		return honest
	}}
	f := fuzz(t, suite, 500, "registration/json")
	f.Most = 0
	run := fuzzed(t, f)
	found, last := run.Results[0], run.Results[len(run.Results)-1]
	if !strings.HasPrefix(found.ID, "fuzz/registration/broke-") || found.State != reports.Failed || !strings.Contains(found.Title, "nest") {
		t.Errorf("%s %s %s", found.ID, found.State, found.Title)
	}
	if last.ID != "fuzz/stopped" || last.State != reports.Inconclusive || !strings.Contains(last.Reason, "connection refused") {
		t.Errorf("%s %s %s", last.ID, last.State, last.Reason)
	}
}

// What cannot be put to a server ends nothing.
func TestWhatCannotBeSaidIsCounted(t *testing.T) {
	suite := reference(t)
	suite.RP = lax{suite.RP, func(request subject.Request, honest subject.Answer) subject.Answer {
		if !json.Valid(request.Body) {
			return subject.Answer{Outcome: subject.Inexpressible, Err: errors.New("no JSON")}
		}
		return honest
	}}
	run := fuzzed(t, fuzz(t, suite, 60, "sign-in/json"))
	if run.Results[0].State != reports.Passed || !strings.Contains(run.Notes[0], " that cannot be put to such a server") {
		t.Errorf("%+v %q", run.Results[0], run.Notes)
	}
}

// A mutant is written with the counter that it needs, and read back.
func TestAMutantIsWrittenAndReadBack(t *testing.T) {
	for _, text := range []string{"sign-in: response/signature flip 3", "sign-in@39: response/authenticatorData/signCount flip 27"} {
		m, err := rpcases.ParseFuzzMutant(text)
		if err != nil || m.String() != text {
			t.Errorf("%q is read as %q (%v)", text, m, err)
		}
	}
	for text, says := range map[string]string{
		"sign-in@: response/signature flip 3":     `"" is no counter`,
		"sign-in@0: response/signature flip 3":    `"0" is no counter`,
		"sign-in@9999: response/signature flip 3": "from 1 to 1000",
		"signin@2: response/signature flip 3":     `there is no route "signin"`,
		"sign-in":                                 "is no mutant",
	} {
		if _, err := rpcases.ParseFuzzMutant(text); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%q: %v, want %q", text, err, says)
		}
	}
}
