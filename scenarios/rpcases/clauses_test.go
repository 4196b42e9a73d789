package rpcases_test

import (
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/passkeylab/passkeylab/scenarios/rpcases"
)

// The algorithms of WebAuthn L3 have 29 and 25 steps. A clause of theirs without one sends its reader searching.
func TestEveryClauseOfAnAlgorithmNamesItsStep(t *testing.T) {
	last := map[string]int{"7.1": 29, "7.2": 25}
	step := regexp.MustCompile(`^[0-9]+( to [0-9]+)?$`)
	seen := map[string]bool{}
	for _, c := range rpcases.Cases() {
		most, algorithm := last[c.Clause.Section]
		if c.Clause.Spec != "WebAuthn" || !algorithm {
			continue
		}
		seen[c.Clause.Section] = true
		if !step.MatchString(c.Clause.Step) {
			t.Errorf("%s: %s names no step", c.ID, c.Clause)
			continue
		}
		for _, number := range strings.Split(c.Clause.Step, " to ") {
			if n, err := strconv.Atoi(number); err != nil || n < 1 || n > most {
				t.Errorf("%s: %s has %d steps, and none of number %s", c.ID, c.Clause.Section, most, number)
			}
		}
	}
	if len(seen) != len(last) {
		t.Errorf("only %v were looked at", seen)
	}
}
