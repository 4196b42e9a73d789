package subject

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/passkeylab/passkeylab/harness/conformance"
)

// DefaultPatience is how long a run waits for a server altogether, when nothing else is said.
const DefaultPatience = 10 * time.Minute

// mostRepeats is how often one request is repeated that the server put off.
const mostRepeats = 12

// Pace is how fast a server is asked, and how long is waited where it asks to be asked later: by 429 (Too Many Requests), or by
// 503 (Service Unavailable) with Retry-After. Such an answer says that the request was not processed (RFC 6585 §4, RFC 9110
// §15.6.4), so that it is repeated when the time has come. Everybody who speaks to the server waits: its limit is theirs together.
//
// One Pace serves all relying parties of a target, and several goroutines. The zero value asks as fast as answers come.
type Pace struct {
	// Pause is the least time between the beginnings of two requests.
	Pause time.Duration
	// Patience is how long a run waits for the server altogether: DefaultPatience when 0, not at all when it is negative. What is
	// put off beyond it is Throttled.
	Patience time.Duration
	// Now tells the time, and Wait lets it pass or returns the context's error; nil is the system's clock.
	Now  func() time.Time
	Wait func(ctx context.Context, wait time.Duration) error
	// Tell hears of each wait that the server asks for; nil for nobody.
	Tell func(wait time.Duration)

	mu     sync.Mutex
	next   time.Time // before this nobody asks
	times  int
	waited time.Duration
}

// Waited is how often the server asked to be asked later, and how long it was waited for altogether.
func (p *Pace) Waited() (times int, altogether time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.times, p.waited
}

func (p *Pace) now() time.Time {
	if p.Now == nil {
		return time.Now()
	}
	return p.Now()
}

func (p *Pace) patience() time.Duration {
	if p.Patience == 0 {
		return DefaultPatience
	}
	return max(p.Patience, 0)
}

// turn returns when the next request may begin. The time until then is not the case's.
func (p *Pace) turn(ctx context.Context) error {
	for {
		p.mu.Lock()
		now := p.now()
		left := p.next.Sub(now)
		if left <= 0 {
			p.next = now.Add(p.Pause)
			p.mu.Unlock()
			return nil
		}
		p.mu.Unlock()
		conformance.Allow(ctx, left)
		wait := p.Wait
		if wait == nil {
			wait = pass
		}
		if err := wait(ctx, left); err != nil {
			return err
		}
	}
}

// pass lets time pass.
func pass(ctx context.Context, wait time.Duration) error {
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// putOff lets nobody ask for a while, since the server wants it. Its error says why that is too long; what several are told at the
// same time is waited for once.
func (p *Pace) putOff(wait time.Duration) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	until := p.now().Add(wait)
	more := until.Sub(p.now())
	if p.next.After(p.now()) {
		more = max(until.Sub(p.next), 0)
	}
	if p.waited+more > p.patience() {
		return &ThrottledError{Wait: wait, Waited: p.waited, Patience: p.patience()}
	}
	p.times++
	p.waited += more
	if until.After(p.next) {
		p.next = until
	}
	if p.Tell != nil && more > 0 {
		p.Tell(wait)
	}
	return nil
}

// ThrottledError says that a server wants to be asked later, and that this is too late.
type ThrottledError struct {
	// Wait is how long it asks to wait, Waited how long it was waited for before, and Patience the most of that.
	Wait, Waited, Patience time.Duration
	// Repeats is how often the request was repeated, where that is the reason.
	Repeats int
}

// Error says what to do, too.
func (e *ThrottledError) Error() string {
	why := fmt.Sprintf("it was waited for %s before, and %s is the most for a run", e.Waited.Round(time.Second), e.Patience)
	if e.Repeats > 0 {
		why = fmt.Sprintf("the request was repeated %d times", e.Repeats)
	}
	return fmt.Sprintf("the server asks to wait %s, and %s; raise the server's limit, or ask more slowly with --rate or limits.pause in the target",
		e.Wait, why)
}

// exchange sends one request when it may, and again when the server put it off, and reads the answer. The outcome is empty when
// there is a whole answer, which is then to be judged.
func (c session) exchange(ctx context.Context, s sent) Answer {
	for repeats := 0; ; repeats++ {
		if err := c.pace.turn(ctx); err != nil {
			return Answer{Outcome: TimedOut, Err: fmt.Errorf("while waiting for the server: %w", err)}
		}
		answer := c.once(ctx, s)
		if answer.Outcome != "" || s.single {
			return answer
		}
		wait, putOff := later(answer, c.pace.now(), repeats)
		if !putOff {
			return answer
		}
		err := c.pace.putOff(wait)
		if repeats == mostRepeats && err == nil {
			err = &ThrottledError{Wait: wait, Repeats: repeats}
		}
		if err != nil {
			answer.Outcome, answer.Err = Throttled, err
			return answer
		}
	}
}

// later reads how long the server wants to be left alone; false when it does not. Where it does not say how long, or says no time
// at all, that is a second, and twice as long with each repeat up to half a minute.
func later(a Answer, now time.Time, repeats int) (wait time.Duration, putOff bool) {
	if a.Status != http.StatusTooManyRequests && a.Status != http.StatusServiceUnavailable {
		return 0, false
	}
	wait, said := retryAfter(a.Header, now)
	if !said && a.Status == http.StatusServiceUnavailable {
		return 0, false // it is broken, and not busy
	}
	if wait <= 0 {
		wait = min(time.Second<<min(repeats, 5), 30*time.Second)
	}
	return wait, true
}

// farOff stands for a time that is longer than anybody waits.
const farOff = 365 * 24 * time.Hour

// retryAfter reads Retry-After (RFC 9110 §10.2.3), seconds or a date, or the name that some servers give it. A date counts from
// the server's own, where there is one: its clock may differ from ours.
func retryAfter(header http.Header, now time.Time) (wait time.Duration, said bool) {
	for _, name := range []string{"Retry-After", "X-Retry-After"} {
		value := header.Get(name)
		seconds, err := strconv.ParseUint(value, 10, 32)
		if err == nil {
			return min(time.Duration(seconds)*time.Second, farOff), true
		}
		if errors.Is(err, strconv.ErrRange) {
			return farOff, true
		}
		if date, err := http.ParseTime(value); err == nil {
			if theirs, err := http.ParseTime(header.Get("Date")); err == nil {
				now = theirs
			}
			return min(date.Sub(now), farOff), true
		}
	}
	return 0, false
}
