package lab

import (
	"errors"
	"sync"
	"time"
)

// Clock is a virtual clock. It stands still until told to move, so proof,
// challenge, lockout and one-time-code lifetimes never make a journey wait.
// At a relying party that runs elsewhere it is the machine's clock instead.
type Clock struct {
	mu   sync.Mutex
	now  time.Time
	wall bool
}

// NewClock returns a clock that stands at start, to the second: what is shown
// to people and what is stored then agree exactly.
func NewClock(start time.Time) *Clock {
	return &Clock{now: start.UTC().Truncate(time.Second)}
}

// WallClock returns the machine's clock, which goes by itself and cannot be moved.
func WallClock() *Clock { return &Clock{wall: true} }

// Now returns the time that the clock shows.
func (c *Clock) Now() time.Time {
	if c.wall {
		return time.Now().UTC()
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

// ErrWallClock says that the machine's clock was asked to move.
var ErrWallClock = errors.New("lab: the machine's clock cannot be moved; only our own relying party runs by a virtual one")

// Advance moves the clock by d. A negative d moves it back, as an operator
// who corrects a wrong clock would. The machine's clock gives ErrWallClock.
func (c *Clock) Advance(d time.Duration) error {
	if c.wall {
		return ErrWallClock
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
	return nil
}
