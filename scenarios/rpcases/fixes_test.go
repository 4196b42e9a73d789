package rpcases_test

import (
	"strings"
	"testing"

	"github.com/passkeylab/passkeylab/scenarios/rpcases"
)

// Whoever fails a case is told what to do, in one sentence.
func TestEveryCaseSaysHowToFixIt(t *testing.T) {
	for _, c := range rpcases.Cases() {
		if !strings.HasSuffix(c.Fix, ".") || strings.Count(c.Fix, ". ") > 0 {
			t.Errorf("%s (%s): %q is not one sentence; write Case.Fix, or a line for its clause in fixes.go", c.ID, c.Clause, c.Fix)
		}
	}
}

// A line for a demand that no case has would be one with a typing mistake.
func TestEveryDemandWithAFixIsThatOfACase(t *testing.T) {
	demands := map[string]bool{}
	for _, c := range rpcases.Cases() {
		demands[c.Clause.Key()] = true
	}
	for _, key := range rpcases.FixedDemands() {
		if !demands[key] {
			t.Errorf("%s is the demand of no case", key)
		}
	}
}
