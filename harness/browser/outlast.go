package browser

import (
	"context"
	"errors"
	"time"

	"github.com/go-rod/rod/lib/cdp"
)

const (
	// answerTime is how long the first try of a call may take: three times what a picture takes on a machine that is not busy,
	// since a navigation that leaves it without an answer leaves it so for ever. Each further one may take four times as long
	// as the one before, on a machine that may be busy.
	answerTime  = 300 * time.Millisecond
	overtakings = 3                          // how many navigations may leave one call without an answer
	refusals    = answerTime * (1 + 4 + 4*4) // how long refusals are outlasted: as long as silence
	lookAgain   = 20 * time.Millisecond      // between a refusal and the next try
	repairTime  = answerTime * 5             // how long a repair may take
)

// outlast calls try until a navigation no longer gets in its way. A try that the browser refuses is repeated shortly after,
// one that gets no answer is repeated once repair has been called, and anything else, or too much of either, is returned.
func outlast(ctx context.Context, try, repair func(context.Context) error) error {
	refused, cancel := context.WithTimeout(ctx, refusals)
	defer cancel()
	patience := answerTime
	for silent := 0; ; {
		err := within(ctx, patience, try)
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
		patience *= 4
		if err := within(ctx, repairTime, repair); err != nil {
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
