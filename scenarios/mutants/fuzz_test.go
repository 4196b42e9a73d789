package mutants_test

import (
	"strings"
	"testing"

	"github.com/passkeylab/passkeylab/harness/conformance"
	"github.com/passkeylab/passkeylab/reports"
	"github.com/passkeylab/passkeylab/scenarios/mutants"
	"github.com/passkeylab/passkeylab/scenarios/rpcases"
)

// fuzz is a run of mutated ceremonies against a relying party that lacks a step; "" is the honest one.
func (s stage) fuzz(t *testing.T, without string, count int, only ...string) rpcases.Fuzz {
	t.Helper()
	var lacking mutants.Mutant
	for _, m := range mutants.Mutants() {
		if m.Name == without {
			lacking = m
		}
	}
	if lacking.Name != without {
		t.Fatalf("there is no mutant %s", without)
	}
	suite, err := s.Suite(lacking, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := suite.Close(); err != nil {
			t.Error(err)
		}
	})
	patterns, err := conformance.ParsePatterns(only)
	if err != nil {
		t.Fatal(err)
	}
	return rpcases.Fuzz{Suite: suite, Has: s.has, Seed: 5, Count: count, Only: patterns, Parallel: 2, Most: 1}
}

// What changes at random finds the lack of a check in every encoding, and shrinks what it finds to one edit.
func TestTheFuzzerHasTeethInEveryEncoding(t *testing.T) {
	s := setStage(t)
	for _, test := range []struct{ without, only, id string }{
		{"reg/client-data/type", "registration/json", "fuzz/registration/type"},
		{"reg/client-data/challenge", "registration/json", "fuzz/registration/challenge"},
		{"auth/client-data/type", "signed-sign-in/json", "fuzz/signed-sign-in/type"},
		{"auth/client-data/origin", "signed-sign-in/json", "fuzz/signed-sign-in/origin"},
		{"reg/data/rp-id-hash", "registration/authdata", "fuzz/registration/rp-id-hash"},
		{"reg/data/attested", "registration/authdata", "fuzz/registration/no-credential"},
		{"auth/data/user-present", "signed-sign-in/authdata", "fuzz/signed-sign-in/user-present"},
		{"auth/data/backup-flags", "signed-sign-in/authdata", "fuzz/signed-sign-in/backup-flags"},
		{"reg/statement/format", "registration/cbor", "fuzz/registration/format"},
		{"reg/key/offered", "registration/cose", "fuzz/registration/key-algorithm"},
		{"reg/key/curve", "registration/cose", "fuzz/registration/key-curve"},
		{"auth/signature", "sign-in/der", "fuzz/sign-in/signature"},
		{"packed/self-signature", "self-attested/der", "fuzz/self-attested/signature"},
		{"packed/signature", "certified/der", "fuzz/certified/signature"},
		{"reg/trust/chain", "certified/x509", "fuzz/certified/certificate"},
		{"auth/store/after-verification", "sign-in/authdata", "fuzz/sign-in/"},
	} {
		t.Run(test.without+" by "+test.only, func(t *testing.T) {
			run, err := s.fuzz(t, test.without, 1000, test.only).Run(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			found := run.Results[0]
			if found.State != reports.Failed || !strings.HasPrefix(found.ID, test.id) {
				t.Fatalf("%s: %s: %s %+v %s; %s", found.ID, found.State, found.Title, found.Failure, found.Reason, run.Notes[0])
			}
			if strings.Contains(found.Title, ";") {
				t.Errorf("it was not shrunk: %s", found.Title)
			}
			t.Logf("%s: %s", found.ID, found.Title)
		})
	}
}

// Whoever lacks nothing is found nothing against.
func TestTheFuzzerFindsNothingWhereNothingLacks(t *testing.T) {
	run, err := setStage(t).fuzz(t, "", 200).Run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, result := range run.Results {
		t.Log(result.ID, result.Observations)
		if result.State != reports.Passed {
			t.Errorf("%s: %s: %s %+v %s", result.ID, result.State, result.Title, result.Failure, result.Reason)
		}
	}
}

// A counter that was stored before the signature was verified shows in both directions: one that was raised locks the owner out,
// and one that was lowered lets a copy of the passkey in.
func TestACounterThatARefusedSignInChangedIsNoticed(t *testing.T) {
	s := setStage(t)
	for recipe, slug := range map[string]string{"signCount fill 0": "counter", "signCount fill 1": "next-sign-in"} {
		for without, want := range map[string]reports.State{"auth/store/after-verification": reports.Failed, "": reports.Passed} {
			m, err := rpcases.ParseFuzzMutant("sign-in: response/authenticatorData/" + recipe)
			if err != nil {
				t.Fatal(err)
			}
			_, result, err := s.fuzz(t, without, 0).Replay(t.Context(), m)
			if err != nil || result.State != want || want == reports.Failed && result.ID != "fuzz/sign-in/"+slug {
				t.Errorf("%s without %q: %v %s %s %+v", recipe, without, err, result.ID, result.State, result.Failure)
			}
		}
	}
}
