package rpcases_test

import (
	"context"
	"encoding/json"
	"testing"

	"github.com/passkeylab/passkeylab/harness/conformance"
	"github.com/passkeylab/passkeylab/harness/subject"
	"github.com/passkeylab/passkeylab/scenarios/rpcases"
)

// A refusal is not a crash: what an answer comes to where a refusal, an acceptance or any decision was wanted, under l3 and
// under l3-recommended. p passed, a advised, f failed, i inconclusive.
func TestWhatAnAnswerComesTo(t *testing.T) {
	failed := map[string]json.RawMessage{"status": json.RawMessage(`"failed"`)}
	for name, test := range map[string]struct {
		answer subject.Answer
		want   string
	}{
		"acceptance":            {subject.Answer{Outcome: subject.Accepted}, "fpp fpp"},
		"refusal":               {subject.Answer{Outcome: subject.Refused, Status: 400, Members: failed, Message: "no"}, "pfp pfp"},
		"refusal without JSON":  {subject.Answer{Outcome: subject.BareRefusal, Status: 403}, "afa afa"},
		"5xx that says failed":  {subject.Answer{Outcome: subject.ServerError, Status: 500, Members: failed}, "afa fff"},
		"5xx that says nothing": {subject.Answer{Outcome: subject.ServerError, Status: 500}, "fff fff"},
		"a page":                {subject.Answer{Outcome: subject.NotJSON, Status: 200}, "fff fff"},
		"a redirect":            {subject.Answer{Outcome: subject.Redirected, Status: 302}, "fff fff"},
		"a flood":               {subject.Answer{Outcome: subject.TooLarge, Status: 200}, "fff fff"},
		"silence":               {subject.Answer{Outcome: subject.TimedOut}, "fff fff"},
		"a reset":               {subject.Answer{Outcome: subject.Reset}, "fff fff"},
		"nobody there":          {subject.Answer{Outcome: subject.Unreachable}, "iii iii"},
	} {
		got := ""
		for _, profile := range []conformance.Profile{conformance.L3, conformance.L3Recommended} {
			for _, judge := range []func(*rpcases.Bench, string, subject.Answer) error{
				(*rpcases.Bench).MustRefuse, (*rpcases.Bench).MustAccept, (*rpcases.Bench).MustDecide,
			} {
				got += verdict(t, profile, func(b *rpcases.Bench) error { return judge(b, "it", test.answer) })
			}
			got += " "
		}
		if got != test.want+" " {
			t.Errorf("%s is %q, want %q", name, got, test.want)
		}
	}
}

// verdict runs something as the only case and returns the first letter of its verdict.
func verdict(t *testing.T, profile conformance.Profile, run func(*rpcases.Bench) error) string {
	t.Helper()
	suite := stubborn(t, 200, `{}`)
	runner := suite.Runner()
	runner.Profile = profile
	runner.Cases = []rpcases.Case{{ID: "a/b", Level: conformance.Must, Run: func(_ context.Context, b *rpcases.Bench) error { return run(b) }}}
	finding, err := runner.Run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return string(finding.Run.Results[0].State[:1])
}
