package lab

import (
	"context"
	"fmt"
	"time"

	"github.com/passkeylab/passkeylab/rp"
)

// codeStep is how long a one-time code is the present one (RFC 6238 §4.1).
const codeStep = 30 * time.Second

// codes remembers the 30-second steps whose codes were given out, since each
// counts once (RFC 6238 §5.2).
type codes struct {
	latest int64            // of all accounts
	used   map[string]int64 // by user name
}

func stepOf(t time.Time) int64 { return t.Unix() / int64(codeStep.Seconds()) }

// Code returns a one-time code that the person's account can use now. A code
// counts once, so when one was given out in this 30-second step already, the
// clock moves on to the next step. A clock that cannot be moved is waited for,
// see CodeWait.
func (s *Stage) Code(ctx context.Context) (string, error) { return s.CodeFor(ctx, s.Account) }

// CodeFor is Code for another account.
func (s *Stage) CodeFor(ctx context.Context, account Account) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	next := s.nextStepHere
	if s.RP == nil {
		next = s.nextStepElsewhere
	}
	step, err := next(ctx, account.UserName)
	if err != nil {
		return "", fmt.Errorf("lab: one-time code: %w", err)
	}
	code, err := rp.OneTimeCode(account.TOTPSecret, time.Unix(step*int64(codeStep.Seconds()), 0))
	if err != nil {
		return "", fmt.Errorf("lab: one-time code: %w", err)
	}
	s.Trace.Decoder.Redactor.Add(code)
	return code, nil
}

// nextStepHere moves the clock where the present step was used.
func (s *Stage) nextStepHere(context.Context, string) (int64, error) {
	now := s.Clock.Now()
	if stepOf(now) == s.codes.latest {
		if err := s.Clock.Advance(time.Unix((stepOf(now)+1)*int64(codeStep.Seconds()), 0).Sub(now)); err != nil {
			return 0, err
		}
	}
	s.codes.latest = stepOf(s.Clock.Now())
	return s.codes.latest, nil
}

// nextStepElsewhere takes the present step; when it was used, it waits for the
// next one, since a careful relying party accepts no other.
func (s *Stage) nextStepElsewhere(ctx context.Context, userName string) (int64, error) {
	look := time.NewTicker(codeStep / 100)
	defer look.Stop()
	for s.codeWait(userName) > 0 {
		select {
		case <-look.C:
		case <-ctx.Done():
			return 0, fmt.Errorf("wait for the next one, since each counts once: %w", ctx.Err())
		}
	}
	if s.codes.used == nil {
		s.codes.used = map[string]int64{}
	}
	s.codes.used[userName] = stepOf(s.Clock.Now())
	return s.codes.used[userName], nil
}

func (s *Stage) codeWait(userName string) time.Duration {
	if s.codes.used[userName] == 0 {
		return 0
	}
	usable := time.Unix((s.codes.used[userName]+1)*int64(codeStep.Seconds()), 0)
	return max(0, usable.Sub(s.Clock.Now()))
}

// CodeWait returns how long Code will have to wait at most, for whichever
// account: always zero where the clock can be moved, and 30 seconds at most
// elsewhere. What asks for a code needs that much more patience.
func (s *Stage) CodeWait() time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	var longest time.Duration
	for userName := range s.codes.used {
		longest = max(longest, s.codeWait(userName))
	}
	return longest
}
