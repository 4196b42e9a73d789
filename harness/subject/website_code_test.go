package subject

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/passkeylab/passkeylab/rp"
)

const someSecret = "JBSWY3DPEHPK3PXP"

// A code is used once: who needs another one of the same secret in the same half minute waits for the next.
func TestAOneTimeCodeIsUsedOnce(t *testing.T) {
	instant := time.Unix(30*1000+29, 990_000_000) // ten milliseconds before the next step
	looks := 0
	c := codes{now: func() time.Time {
		if looks++; looks > 3 {
			return instant.Add(20 * time.Millisecond)
		}
		return instant
	}}
	code := func(at time.Time) string {
		text, err := rp.OneTimeCode(someSecret, at)
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
	for i, want := range []string{code(instant), code(instant.Add(20 * time.Millisecond))} {
		got, err := c.next(t.Context(), someSecret)
		if err != nil || got != want {
			t.Errorf("code %d is %q (%v), want %q", i, got, err, want)
		}
		if i == 0 {
			if _, err := c.next(t.Context(), "KRSXG5CTMVRXEZLU"); err != nil {
				t.Errorf("another secret waits: %v", err)
			}
		}
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
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
