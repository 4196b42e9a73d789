package rpcases

import (
	"context"
	"errors"
	"fmt"

	"github.com/passkeylab/passkeylab/harness/conformance"
	"github.com/passkeylab/passkeylab/harness/subject"
)

// Run is what a case does.
type Run = func(ctx context.Context, b *Bench) error

// byProfile is a case that FIDO's profile and the others want different things of.
func byProfile(fido, l3 Run) Run {
	return func(ctx context.Context, b *Bench) error {
		if b.Profile == conformance.FIDO {
			return fido(ctx, b)
		}
		return l3(ctx, b)
	}
}

// byPolicy is a case about something that the relying party decides. setting is what its policy says; anything but "refuse" and
// "accept" leaves it to be observed.
func byPolicy(setting func(Policy) string, refused, accepted, observed Run) Run {
	return func(ctx context.Context, b *Bench) error {
		switch setting(b.Policy) {
		case "refuse":
			return refused(ctx, b)
		case "accept":
			return accepted(ctx, b)
		}
		return observed(ctx, b)
	}
}

// MustRefuse is nil when the answer is a refusal. What the server said is observed; a refusal that is not clean is advice.
func (b *Bench) MustRefuse(what string, a subject.Answer) error {
	b.said(what, a)
	if broke := b.broke(what, "a refusal", a); broke != nil {
		return broke
	}
	if a.Outcome.Refuses() || a.Outcome == subject.ServerError {
		return nil
	}
	return &conformance.Mismatch{What: what, Want: "a refusal", Got: a.String()}
}

// MustAccept is nil when the answer is an acceptance.
func (b *Bench) MustAccept(what string, a subject.Answer) error {
	if broke := b.broke(what, "acceptance", a); broke != nil {
		return broke
	}
	if a.Outcome != subject.Accepted {
		return &conformance.Mismatch{What: what, Want: "acceptance", Got: a.String()}
	}
	return nil
}

// MustDecide is nil when the answer is a decision, whichever; which one is observed.
func (b *Bench) MustDecide(what string, a subject.Answer) error {
	if broke := b.broke(what, "a decision", a); broke != nil {
		return broke
	}
	b.Observe("%s: %s", what, a)
	return nil
}

// broke is a mismatch when the server did not decide. A 5xx with the API's own JSON says what was decided: it is bad style, which
// only the strictest profile calls broken.
func (b *Bench) broke(what, want string, a subject.Answer) error {
	if a.Outcome == subject.ServerError && says(a, "failed") && b.Profile != conformance.L3Recommended {
		b.Advise("%s: refused by a server error (HTTP %d); a client's mistake is 4xx", what, a.Status)
		return nil
	}
	if a.Outcome == subject.BareRefusal {
		b.Advise("%s: refused with HTTP %d and without the API's JSON", what, a.Status)
	}
	if a.Outcome == subject.Inexpressible {
		return unsaid(a)
	}
	if err := unasked(what, a); err != nil {
		return err
	}
	if a.Outcome.Broke() {
		return &conformance.Mismatch{What: what, Want: want, Got: a.String(), Broke: true}
	}
	return nil
}

// unasked is why a request proved nothing: it did not come to the server's ears.
func unasked(what string, a subject.Answer) error {
	switch a.Outcome {
	case subject.Unreachable:
		return &conformance.Inconclusive{Step: what, Err: fmt.Errorf("the server cannot be reached: %w", a.Err)}
	case subject.Throttled:
		return &conformance.Inconclusive{Step: what, Err: a.Err}
	}
	return nil
}

// heard makes a case inconclusive in which the server put a request off for too long, whatever the case made of it.
func heard(run Run) Run {
	return func(ctx context.Context, b *Bench) error {
		err := run(ctx, b)
		for _, e := range b.Exchanges() {
			if e.Outcome == string(subject.Throttled) {
				return &conformance.Inconclusive{Step: e.Purpose, Err: errors.New(e.Problem)}
			}
		}
		return err
	}
}

func says(a subject.Answer, status string) bool { return string(a.Members["status"]) == `"`+status+`"` }

// said observes the server's own words: they tell whether it refused for the reason of the case.
func (b *Bench) said(what string, a subject.Answer) {
	if a.Message != "" && a.Outcome != subject.Accepted {
		b.Observe("%s: the server said %q", what, a.Message)
	}
}
