package main

import (
	"fmt"
	"runtime"
	"time"
)

// contestant does one operation over and over.
type contestant struct {
	name string
	do   func() error
}

// result is what one operation takes at its best.
type result struct {
	time               time.Duration
	bytes, allocations float64
}

// race lets all take turns and returns the best of each by name. The garbage collector starts each turn with a clean slate, so
// that nobody pays for what another has left behind.
func race(entrants []contestant, rounds int, slice time.Duration) (map[string]result, error) {
	best := map[string]result{}
	for range rounds {
		for _, c := range entrants {
			runtime.GC()
			r, err := turn(c, slice)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", c.name, err)
			}
			if old, there := best[c.name]; !there || r.time < old.time {
				best[c.name] = r
			}
		}
	}
	return best, nil
}

// turn times operations in batches until the slice is over; the best batch counts.
func turn(c contestant, slice time.Duration) (best result, err error) {
	const batch = 16
	var before, after runtime.MemStats
	for end := time.Now().Add(slice); time.Now().Before(end); {
		begun := time.Now()
		for range batch {
			if err := c.do(); err != nil {
				return result{}, err
			}
		}
		if took := time.Since(begun) / batch; best.time == 0 || took < best.time {
			best.time = took
		}
	}
	runtime.ReadMemStats(&before)
	for range batch {
		if err := c.do(); err != nil {
			return result{}, err
		}
	}
	runtime.ReadMemStats(&after)
	best.bytes = float64(after.TotalAlloc-before.TotalAlloc) / batch
	best.allocations = float64(after.Mallocs-before.Mallocs) / batch
	return best, nil
}
