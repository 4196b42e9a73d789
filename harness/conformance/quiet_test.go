package conformance_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/passkeylab/passkeylab/harness/conformance"
)

// A subject that is gone is not waited for in hundreds of cases.
func TestARunGivesUpOnASubjectThatIsSilent(t *testing.T) {
	gone := errors.New("gone")
	for name, c := range map[string]struct {
		answers func(i int) (silent, asked bool)
		ran     int
	}{
		"it falls silent":                {func(i int) (bool, bool) { return i >= 5, true }, 15},
		"it answers now and then":        {func(i int) (bool, bool) { return i%10 != 9, true }, 60},
		"cases that ask nothing between": {func(i int) (bool, bool) { return i%2 == 0, i%2 == 0 }, 19},
		"it is silent at the very end":   {func(i int) (bool, bool) { return i >= 50, true }, 60},
	} {
		t.Run(name, func(t *testing.T) {
			var cases []testCase
			for i := range 60 {
				cases = append(cases, caseOf(fmt.Sprintf("a/case-%02d", i), conformance.Must, func(context.Context, stage) error { return conformance.Control("ask", gone) }))
			}
			r, tried := runner(cases...), 0
			r.Silent = func(*conformance.Trial) (silent, asked bool) {
				tried++
				return c.answers(tried - 1)
			}
			f := finding(t, r)
			if len(f.Run.Results) != c.ran {
				t.Errorf("%d cases ran, want %d", len(f.Run.Results), c.ran)
			}
			if stopped := c.ran < 60; f.Run.Interrupted != stopped || strings.Contains(strings.Join(f.Run.Notes, " "), "Given up: the subject did not answer in 10 cases in a row") != stopped {
				t.Errorf("interrupted %v, notes %q", f.Run.Interrupted, f.Run.Notes)
			}
		})
	}
}
