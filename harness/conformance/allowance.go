package conformance

import (
	"context"
	"sync"
	"time"
)

type allowanceKey struct{}

// allowance is the time that one case has, which can be made longer.
type allowance struct {
	mu    sync.Mutex
	ends  time.Time
	timer *time.Timer
}

// withAllowance returns a context that ends after a while, with the cause, unless Allow gives it longer. Call the function to let go
// of it.
func withAllowance(parent context.Context, of time.Duration, cause error) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancelCause(parent)
	a := &allowance{ends: time.Now().Add(of)}
	a.timer = time.AfterFunc(of, func() { cancel(cause) })
	return context.WithValue(ctx, allowanceKey{}, a), func() { a.timer.Stop(); cancel(nil) }
}

// Allow gives the case that runs under a context more time: for what is not its own doing, such as waiting where the subject asks
// to be asked later. Outside of a case, or when its time is over, it does nothing.
func Allow(ctx context.Context, more time.Duration) {
	a, of := ctx.Value(allowanceKey{}).(*allowance)
	if !of || ctx.Err() != nil {
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.ends = a.ends.Add(more)
	a.timer.Reset(time.Until(a.ends))
}
