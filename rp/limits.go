package rp

import (
	"sync"
	"time"
)

// Limits bound how many responses that fail may be posted in a minute. Zero fields get the default in the comment; a
// negative one sets no limit.
type Limits struct {
	// Browser is for one browser, by its session or its sign-in binding: 30.
	Browser int
	// Network is for all sign-ins from one network, by Client.IPPrefix: 600.
	Network int
}

func (l Limits) withDefaults() Limits {
	if l.Browser == 0 {
		l.Browser = 30
	}
	if l.Network == 0 {
		l.Network = 600
	}
	return l
}

const (
	limitWindow = time.Minute
	// maxWindows bounds the limiter's memory; at that many, what is over is forgotten.
	maxWindows = 10_000
)

// limiter counts failures in windows of a minute. What it knows ends with the process: a restart forgives.
type limiter struct {
	mu      sync.Mutex
	windows map[string]window
}

type window struct {
	end    time.Time
	failed int
}

// allowance is a subject of the limiter and its limit.
type allowance struct {
	subject string
	most    int
}

// blockedUntil returns when a response of all these subjects may be posted again, zero when now.
func (l *limiter) blockedUntil(now time.Time, all ...allowance) (until time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, one := range all {
		w := l.windows[one.subject]
		if one.most > 0 && w.failed >= one.most && now.Before(w.end) && w.end.After(until) {
			until = w.end
		}
	}
	return until
}

// count notes one failure of all these subjects.
func (l *limiter) count(now time.Time, all ...allowance) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.windows == nil {
		l.windows = map[string]window{}
	}
	if len(l.windows) >= maxWindows {
		for subject, w := range l.windows {
			if !now.Before(w.end) {
				delete(l.windows, subject)
			}
		}
	}
	for _, one := range all {
		w := l.windows[one.subject]
		if !now.Before(w.end) {
			w = window{end: now.Add(limitWindow)}
		}
		w.failed++
		l.windows[one.subject] = w
	}
}

func (rp *RelyingParty) sessionAllowance(sessionID string) allowance {
	return allowance{"session:" + sessionID, rp.limits.Browser}
}

func (rp *RelyingParty) signInAllowances(binding, network string) []allowance {
	all := []allowance{{"sign-in:" + binding, rp.limits.Browser}}
	if network != "" {
		all = append(all, allowance{"network:" + network, rp.limits.Network})
	}
	return all
}

// limitedRefusal is the answer while one of the subjects is over its limit, nil otherwise.
func (rp *RelyingParty) limitedRefusal(all ...allowance) *Refusal {
	until := rp.limiter.blockedUntil(rp.Now(), all...)
	if until.IsZero() {
		return nil
	}
	refusal := refuse(CodeRateLimited, nil)
	refusal.RetryAt = until
	return refusal
}

// countFailedVerify counts a response that was refused for what it is, not for what the policy or the session says.
func (rp *RelyingParty) countFailedVerify(refusal *Refusal, all ...allowance) {
	switch refusal.Code {
	case CodeVerificationFailed, CodeAttestationInvalid, CodeUVRequired, CodeAlgNotAllowed, CodeChallengeUsed, CodeChallengeExpired,
		CodeDuplicateCredential, CodeSignInFailed, CodeSignInUnknown, CodeSignInStray, CodeSignInBlocked:
		rp.limiter.count(rp.Now(), all...)
	}
}
