package subject

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/passkeylab/passkeylab/rp"
)

const someSecret = "JBSWY3DPEHPK3PXP"

// A code is used once, and not when it is nearly over: who needs another one waits for the next.
func TestAOneTimeCodeIsUsedOnce(t *testing.T) {
	step := time.Unix(30*1000, 0)
	code := func(at time.Time) string {
		text, err := rp.OneTimeCode(someSecret, at)
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
	var instant time.Time
	looks := 0
	c := codes{now: func() time.Time { // it looks once, and after it waited once more
		if looks++; looks%2 == 0 {
			instant = instant.Add(20 * time.Millisecond)
		}
		return instant
	}}
	next := func(secret string, from time.Time) string {
		t.Helper()
		instant, looks = from, 0
		got, err := c.next(t.Context(), secret)
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	nearly := step.Add(30*time.Second - 10*time.Millisecond)
	if got := next(someSecret, step.Add(time.Second)); got != code(step) || looks != 1 {
		t.Errorf("the first code is %q after %d looks, want %q", got, looks, code(step))
	}
	if got := next("KRSXG5CTMVRXEZLU", step.Add(time.Second)); looks != 1 {
		t.Errorf("another secret waits for %q", got)
	}
	if got := next(someSecret, nearly); got != code(step.Add(30*time.Second)) || looks != 2 {
		t.Errorf("the second code is %q after %d looks, want %q", got, looks, code(step.Add(30*time.Second)))
	}
	if got := next("MFRGGZDFMZTWQ2LK", nearly); looks != 2 {
		t.Errorf("a code that is nearly over is given: %q", got)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	instant, looks = step.Add(31*time.Second), 0
	if _, err := c.next(ended, someSecret); !errors.Is(err, context.Canceled) {
		t.Errorf("who stops waiting gets %v", err)
	}
}

// What was kept while an account was made is the user's in every browser, and nobody else's.
func TestWhatAnAccountKeepsIsItsUsers(t *testing.T) {
	site := &website{tour: &tour{}}
	one, other := &websiteVisitor{site: site}, &websiteVisitor{site: site}
	one.keep("secret", "of ada", "ada", true)
	one.keep("secret", "of bob", "bob", true)
	one.keep("seen", "here", "ada", false)
	for _, c := range []struct {
		visitor         *websiteVisitor
		user, name, got string
	}{{one, "ada", "secret", "of ada"}, {other, "ada", "secret", "of ada"}, {other, "bob", "secret", "of bob"}, {other, "eve", "secret", ""}, {one, "bob", "seen", "here"}, {other, "ada", "seen", ""}} {
		got, _ := c.visitor.values(t.Context(), map[string]any{"username": c.user}).find(rootKept, []string{c.name})
		if text, _ := got.(string); text != c.got {
			t.Errorf("%s of %s is %q, want %q", c.name, c.user, got, c.got)
		}
	}
}
