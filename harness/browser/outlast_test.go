package browser

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"

	"github.com/go-rod/rod/lib/cdp"
)

// TestOutlast plays what the browser answers to one call after another while a page is replaced.
func TestOutlast(t *testing.T) {
	silence := func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }
	broken := errors.New("the connection is gone")
	answer := func(err error) func(context.Context) error { return func(context.Context) error { return err } }
	refusal := answer(cdp.ErrNotAttachedToActivePage)
	good := answer(nil)
	type call = func(context.Context) error
	for name, c := range map[string]struct {
		tries, repairs []call // the last one answers for ever
		want           error
		tried, mended  int // 0: not looked at
	}{
		"at once":                       {tries: []call{good}, tried: 1},
		"refused, then answered":        {tries: []call{refusal, refusal, refusal, refusal, refusal, good}, tried: 6},
		"refused for ever":              {tries: []call{refusal}, want: cdp.ErrNotAttachedToActivePage},
		"no answer, then one":           {tries: []call{silence, good}, repairs: []call{good}, tried: 2, mended: 1},
		"no answer, refused, answered":  {tries: []call{silence, refusal, silence, good}, repairs: []call{good}, tried: 4, mended: 2},
		"never an answer":               {tries: []call{silence}, repairs: []call{good}, want: context.DeadlineExceeded, tried: 3, mended: 2},
		"broken":                        {tries: []call{answer(broken)}, want: broken, tried: 1},
		"the repair is overtaken":       {tries: []call{silence, good}, repairs: []call{refusal}, tried: 2, mended: 1},
		"the repair finds it is broken": {tries: []call{silence}, repairs: []call{answer(broken)}, want: broken, tried: 1, mended: 1},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				tried, mended := 0, 0
				next := func(calls []call, n *int) call {
					return func(ctx context.Context) error {
						*n++
						return calls[min(*n, len(calls))-1](ctx)
					}
				}
				err := outlast(t.Context(), next(c.tries, &tried), next(c.repairs, &mended))
				if !errors.Is(err, c.want) {
					t.Errorf("got %v, want %v", err, c.want)
				}
				if c.tried != 0 && tried != c.tried {
					t.Errorf("tried %d times, want %d", tried, c.tried)
				}
				if mended != c.mended {
					t.Errorf("repaired %d times, want %d", mended, c.mended)
				}
			})
		})
	}
}

// TestOutlastGivesUpWithItsCaller ends the caller's context while the browser refuses, and while it is silent.
func TestOutlastGivesUpWithItsCaller(t *testing.T) {
	for name, try := range map[string]func(context.Context) error{
		"refused": func(context.Context) error { return cdp.ErrNotAttachedToActivePage },
		"silent":  func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithTimeout(t.Context(), answerTime/2)
				defer cancel()
				calls := 0
				err := outlast(ctx, func(ctx context.Context) error { calls++; return try(ctx) }, func(context.Context) error {
					t.Error("repaired for a caller that has gone")
					return nil
				})
				if err == nil || ctx.Err() == nil {
					t.Errorf("got %v while the caller's context says %v", err, ctx.Err())
				}
				if calls == 0 {
					t.Error("never tried")
				}
			})
		})
	}
}
