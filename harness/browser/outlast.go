package browser

import (
	"context"
	"errors"
	"time"

	"github.com/go-rod/rod/lib/cdp"
)

const (
	overtakings = 3                        // how many navigations may leave one call without an answer
	answerTime  = 1500 * time.Millisecond  // several times what a picture takes on a busy machine
	refusals    = overtakings * answerTime // how long refusals are outlasted: as long as silence
	lookAgain   = 20 * time.Millisecond    // between a refusal and the next try
)

// outlast calls try until a navigation no longer gets in its way. A try that the browser refuses is repeated shortly after,
// one that gets no answer is repeated once repair has been called, and anything else, or too much of either, is returned.
func outlast(ctx context.Context, try, repair func(context.Context) error) error {
	refused, cancel := context.WithTimeout(ctx, refusals)
	defer cancel()
	for silent := 0; ; {
		err := within(ctx, answerTime, try)
		if err == nil || ctx.Err() != nil {
			return err
		}
		switch refusal := (*cdp.Error)(nil); {
		case errors.As(err, &refusal):
			select {
			case <-refused.Done():
				return err
			case <-time.After(lookAgain):
			}
			continue
		case !errors.Is(err, context.DeadlineExceeded):
			return err
		}
		if silent++; silent == overtakings {
			return err
		}
		if err := within(ctx, answerTime, repair); err != nil {
			if refusal := (*cdp.Error)(nil); errors.As(err, &refusal) {
				continue // overtaken again: the next try tells
			}
			return err
		}
	}
}

func within(ctx context.Context, limit time.Duration, call func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	return call(ctx)
}
