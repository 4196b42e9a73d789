package lab

import (
	"sync"
	"time"
)

// Clock is a virtual clock. It stands still until told to move, so proof,
// challenge, lockout and one-time-code lifetimes never make a journey wait.
type Clock struct {
	mu  sync.Mutex
	now time.Time
}

// NewClock returns a clock that stands at start, to the second: what is shown
// to people and what is stored then agree exactly.
func NewClock(start time.Time) *Clock {
	return &Clock{now: start.UTC().Truncate(time.Second)}
}

// Now returns the time that the clock shows.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

// Advance moves the clock by d. A negative d moves it back, as an operator
// who corrects a wrong clock would.
func (c *Clock) Advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}
