package subject

import (
	"context"
	"maps"
	"sync"
	"time"

	"github.com/passkeylab/passkeylab/harness/conformance"
	"github.com/passkeylab/passkeylab/rp"
)

// codeStep is how long a one-time code counts (RFC 6238 §4.1, with the usual time step).
const codeStep = 30 * time.Second

// codeTyped is how long it takes to type a code and to send it, at most. Servers may refuse a code as soon as it is over.
const codeTyped = 5 * time.Second

// codes are one-time codes of many secrets, each used once: servers refuse a code the second time (RFC 6238 §5.2).
type codes struct {
	now func() time.Time

	mu   sync.Mutex
	used map[string]int64 // the last step whose code was used, by secret
}

// next is the present code of a secret, or that of the next step when the present one was used or is nearly over; it waits for
// that.
func (c *codes) next(ctx context.Context, secret string) (string, error) {
	for {
		now := c.now()
		step := now.Unix() / int64(codeStep.Seconds())
		begins := time.Unix((step+1)*int64(codeStep.Seconds()), 0) // the next
		if begins.Sub(now) >= codeTyped && c.take(secret, step) {
			return rp.OneTimeCode(secret, now)
		}
		conformance.Allow(ctx, begins.Sub(now)) // the time is not the case's
		if err := pass(ctx, begins.Sub(now)); err != nil {
			return "", err
		}
	}
}

// take is false for a step whose code was used.
func (c *codes) take(secret string, step int64) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.used == nil {
		c.used = map[string]int64{}
	}
	if last, before := c.used[secret]; before && step <= last {
		return false
	}
	c.used[secret] = step
	return true
}

// shared is what was kept of users while their accounts were made: it is theirs in every browser.
type shared struct {
	mu     sync.Mutex
	values map[string]map[string]any // by user name and name
}

func (s *shared) keep(user, name string, value any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.values == nil {
		s.values = map[string]map[string]any{}
	}
	if s.values[user] == nil {
		s.values[user] = map[string]any{}
	}
	s.values[user][name] = value
}

func (s *shared) of(user string) map[string]any {
	s.mu.Lock()
	defer s.mu.Unlock()
	return maps.Clone(s.values[user])
}
