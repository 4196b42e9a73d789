package mutants_test

import (
	"flag"
	"os"
	"slices"
	"testing"

	"github.com/passkeylab/passkeylab/harness/conformance"
	"github.com/passkeylab/passkeylab/reports"
	"github.com/passkeylab/passkeylab/scenarios/mutants"
	"github.com/passkeylab/passkeylab/scenarios/rpcases"
)

var matrix = flag.Bool("mutants.matrix", false, "hold every case against every mutant, and print the matrix")

// open is how many mutants may escape every case that cites their clause; it only ever goes down.
const open = 0

// stage is a laboratory that is configured as the reference is, and the reference.
type stage struct {
	*mutants.Laboratory
	reference *rpcases.Suite
	has       conformance.Capabilities
}

func setStage(t *testing.T) stage {
	t.Helper()
	reference, err := rpcases.Reference(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := reference.Close(); err != nil {
			t.Error(err)
		}
	})
	has, err := reference.Probe(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	l, err := mutants.NewLaboratory(t.Context(), reference, has)
	if err != nil {
		t.Fatal(err)
	}
	return stage{l, reference, has}
}

// Why the two differ.
const (
	tokenBinding = "tokenBinding is only reserved since WebAuthn L3, and ignored here; the library behind the reference still reads it"
	algorithms   = "no clause of WebAuthn L3 holds algorithms against metadata, and here only its anchors are heeded"
)

// differences are cases in which the honest relying party here comes to another verdict than the reference, and why.
var differences = map[string]string{
	"reg/client-data/token-binding-no-object":          tokenBinding,
	"auth/client-data/token-binding-no-object":         tokenBinding,
	"reg/client-data/token-binding-without-status":     tokenBinding,
	"auth/client-data/token-binding-without-status":    tokenBinding,
	"reg/client-data/token-binding-of-unknown-status":  tokenBinding,
	"auth/client-data/token-binding-of-unknown-status": tokenBinding,
	"att/model/algorithm-of-key":                       algorithms,
	"att/model/algorithm-of-certificate":               algorithms,
}

// lacking is what the honest relying party here is not made for: being given a challenge; the W3C's vectors are put to its steps in
// vectors_internal_test.go.
func lacking() []conformance.Capability { return []conformance.Capability{rpcases.Example} }

// Two relying parties that share no code are of one opinion in every case.
func TestTheHonestRelyingPartyIsOfTheReferencesOpinion(t *testing.T) {
	s := setStage(t)
	runner := s.reference.Runner()
	runner.Profile, runner.Has, runner.Parallel = s.Profile, s.has, 2
	finding, err := runner.Run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	ours, err := s.Honest(t.Context(), rpcases.Cases())
	if err != nil {
		t.Fatal(err)
	}
	cases := rpcases.Cases()
	for i, theirs := range finding.Run.Results {
		reason := differences[theirs.ID]
		if ours[i].State == reports.Skipped && slices.ContainsFunc(cases[i].Needs, func(need conformance.Capability) bool { return slices.Contains(lacking(), need) }) {
			continue
		}
		switch same := ours[i].ID == theirs.ID && ours[i].State == theirs.State; {
		case !same && reason == "":
			t.Errorf("%s: %s here, %s by the reference: %s %q %+v", theirs.ID, ours[i].State, theirs.State, ours[i].Reason, ours[i].Observations, ours[i].Failure)
		case same && reason != "":
			t.Logf("%s: no longer another verdict; strike it off the list of differences", theirs.ID)
		}
	}
}

// Every mutant is caught by a case that cites its clause, but for those that are still open.
func TestMutantsAreCaught(t *testing.T) {
	s := setStage(t)
	found, err := s.Hold(t.Context(), rpcases.Cases(), mutants.Mutants(), *matrix)
	if err != nil {
		t.Fatal(err)
	}
	if *matrix {
		if err := found.Print(os.Stdout); err != nil {
			t.Fatal(err)
		}
	}
	if escaped := found.Open(); len(escaped) > open {
		t.Errorf("%d mutants escape, and %d may:", len(escaped), open)
		for _, row := range escaped {
			t.Errorf("  %s (%s, %s)", row.Name, row.Clause, row.Clause.Slug)
		}
	}
}
