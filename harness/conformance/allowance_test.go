package conformance_test

import (
	"context"
	"testing"
	"time"

	"github.com/passkeylab/passkeylab/harness/conformance"
	"github.com/passkeylab/passkeylab/reports"
)

// timed runs one case that has almost no time of its own.
func timed(t *testing.T, run func(ctx context.Context) error) reports.Result {
	t.Helper()
	r := conformance.Runner[struct{}]{
		Open:        func(context.Context, *conformance.Trial) (struct{}, error) { return struct{}{}, nil },
		CaseTimeout: time.Millisecond,
	}
	return r.Try(t.Context(), conformance.Case[struct{}]{
		ID: "a/waits", Says: "it waits", Level: conformance.Must, Run: func(ctx context.Context, _ struct{}) error { return run(ctx) },
	})
}

func TestTimeThatACaseIsAllowedIsNotItsOwn(t *testing.T) {
	result := timed(t, func(ctx context.Context) error {
		conformance.Allow(ctx, time.Hour)
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(20 * time.Millisecond): // longer than the case has by itself
			return nil
		}
	})
	if result.State != reports.Passed {
		t.Errorf("%s: %s", result.State, result.Reason)
	}
}

func TestAnAnswerThatTheEndOfACaseCutOffIsNoFailure(t *testing.T) {
	for name, test := range map[string]struct {
		mismatch conformance.Mismatch
		want     reports.State
	}{
		"no answer in time":               {conformance.Mismatch{What: "it", Want: "an answer", Got: "none", Broke: true}, reports.Inconclusive},
		"a wrong answer that came before": {conformance.Mismatch{What: "it", Want: "no", Got: "yes"}, reports.Failed},
	} {
		t.Run(name, func(t *testing.T) {
			result := timed(t, func(ctx context.Context) error {
				<-ctx.Done()
				return &test.mismatch
			})
			if result.State != test.want {
				t.Errorf("%s: %s", result.State, result.Reason)
			}
		})
	}
}
