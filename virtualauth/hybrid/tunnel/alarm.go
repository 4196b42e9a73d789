package tunnel

import (
	"context"
	"sync"
	"time"
)

// alarm rings once when nobody has set it anew for some time. The zero alarm never rings.
type alarm struct {
	clock Clock
	after time.Duration
	ring  func()

	mu   sync.Mutex
	stop func() bool
}

// set starts the time, or starts it again.
func (a *alarm) set() {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.stop != nil {
		a.stop()
	}
	a.stop = a.clock.AfterFunc(a.after, a.ring)
}

// off keeps it from ringing. One that rings this very moment cannot be kept.
func (a *alarm) off() {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.stop != nil {
		a.stop()
		a.stop = nil
	}
}

// pause waits; it is false when ctx ended first.
func pause(ctx context.Context, clock Clock, d time.Duration) bool {
	if d <= 0 {
		return true
	}
	passed := make(chan struct{})
	stop := clock.AfterFunc(d, func() { close(passed) })
	defer stop()
	select {
	case <-passed:
		return true
	case <-ctx.Done():
		return false
	}
}

// within is a context that ends with ctx, or when d has passed on the clock.
func within(ctx context.Context, clock Clock, d time.Duration) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(ctx)
	stop := clock.AfterFunc(d, cancel)
	return ctx, func() { stop(); cancel() }
}
