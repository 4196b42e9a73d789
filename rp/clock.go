package rp

import (
	"sync"
	"time"

	"github.com/passkeylab/passkeylab/rp/store"
)

// maxSkew is how much two clocks may differ and still count as one that is a little wrong. What the store has from
// further ahead was written by a clock that was broken, and is not followed.
const maxSkew = 15 * time.Minute

// guard is the one clock by which everything expires. It never goes back and never stands still: when somebody sets the
// machine's clock back, time passes on from where it was, so nothing that is fresh stays so for longer, nothing is
// unlocked sooner, and nothing that has expired is valid again.
type guard struct {
	clock Clock

	mu     sync.Mutex
	read   time.Time // the latest reading of clock
	latest time.Time // what the guard showed then
}

// raw is what the clock itself shows. One-time codes are compared by it, as the phone that makes them has no other one.
func (g *guard) raw() time.Time { return g.clock.Now() }

func (g *guard) now() time.Time {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.look()
	return g.latest
}

// look takes a reading. How much time has passed since the last one is told by the monotonic clock where there is one.
func (g *guard) look() {
	reading := g.clock.Now()
	if !g.read.IsZero() {
		g.latest = g.latest.Add(max(0, reading.Sub(g.read)))
	}
	g.read = reading
	if shown := time.Unix(0, reading.UnixNano()).UTC(); shown.After(g.latest) {
		g.latest = shown
	}
}

// follow moves the guard on to an instant that another process has seen, or this one before it was started again.
func (g *guard) follow(seen time.Time) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.look()
	if seen.After(g.latest) && seen.Sub(g.latest) <= maxSkew {
		g.latest = seen
	}
}

// tickEvery is how far time must have moved for a write to note it.
const tickEvery = time.Second

// catchUp follows the latest instant in the store, so that processes that share it share one clock: that of the one that
// is furthest ahead. They do from the first time on that both have used it: how long the store was idle before, nobody
// can tell.
func (rp *RelyingParty) catchUp(q store.Querier) error {
	seen, err := latestSeen(q)
	if err == nil {
		rp.clock.follow(seen)
	}
	return err
}

func latestSeen(q store.Querier) (seen time.Time, err error) {
	err = q.QueryRow("SELECT latest FROM clock").Scan(instant{&seen})
	return seen, err
}

// clockRow is the instant in the store as one transaction sees it. Only functions of write use it, which run one after the
// other: the row is read once for all that share a transaction.
type clockRow struct {
	transaction uint64
	seen        time.Time
}

// catchUpWriting is catchUp within a write.
func (rp *RelyingParty) catchUpWriting(tx *store.Tx) error {
	if rp.shared.transaction == tx.Number() {
		return nil
	}
	seen, err := latestSeen(tx)
	if err == nil {
		rp.shared = clockRow{transaction: tx.Number(), seen: seen}
		rp.clock.follow(seen)
	}
	return err
}

// tick notes the time in the store for the others, at the end of a write.
func (rp *RelyingParty) tick(tx *store.Tx) error {
	now := rp.Now()
	if now.Sub(rp.shared.seen) < tickEvery && rp.shared.seen.Sub(now) <= maxSkew {
		return nil
	}
	_, err := tx.Exec("UPDATE clock SET latest = ?", store.Nanos(now))
	if err == nil {
		rp.shared.seen = now
	}
	return err
}
