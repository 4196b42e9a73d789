package rp_test

import (
	crand "crypto/rand"
	"net/http"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/passkeylab/passkeylab/rp"
	"github.com/passkeylab/passkeylab/rp/store"
)

// node starts another relying party on the same database, with a clock of its own.
func (l *lab) node(own rp.Clock) *rp.RelyingParty {
	l.t.Helper()
	party, err := rp.New(rp.Config{Origin: testOrigin, Organisation: "Larkspur", App: "Larkspur ID", Store: l.store, Clock: own, Rand: crand.Reader})
	if err != nil {
		l.t.Fatal(err)
	}
	return party
}

// ahead is a clock that shows something else than another one.
type ahead struct {
	*clock
	by time.Duration
}

func (c ahead) Now() time.Time { return c.clock.Now().Add(c.by) }

// MFA-12: after the machine's clock was set back, time passes on from where it was.
func TestTimePassesOnWhenTheClockGoesBack(t *testing.T) {
	l := newLab(t)
	begin := l.Now()
	for _, step := range []struct{ move, shows time.Duration }{
		{3 * time.Minute, 3 * time.Minute},
		{-2 * time.Minute, 3 * time.Minute},
		{time.Minute, 4 * time.Minute},
		{0, 4 * time.Minute},
		{-time.Hour, 4 * time.Minute},
		{time.Second, 4*time.Minute + time.Second},
		{24 * time.Hour, 24*time.Hour + 4*time.Minute + time.Second},
	} {
		l.clock.add(step.move)
		if got := l.Now().Sub(begin); got != step.shows {
			t.Errorf("moved by %s, shows %s, want %s", step.move, got, step.shows)
		}
	}
}

// RP-13: processes that share a store share a clock, that of the one which is furthest ahead.
func TestProcessesShareOneClock(t *testing.T) {
	for name, c := range map[string]struct{ other, first, second time.Duration }{
		"the other is behind":        {-10 * time.Minute, 0, 0},
		"the other is ahead":         {10 * time.Minute, 10 * time.Minute, 10 * time.Minute},
		"the other is wrong ahead":   {time.Hour, 0, time.Hour},
		"the other is wrong, behind": {-time.Hour, 0, -time.Hour},
		"at the end of what is skew": {15 * time.Minute, 15 * time.Minute, 15 * time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			l := newLab(t)
			begin := l.clock.Now()
			l.signedIn("mia")
			other := l.node(ahead{l.clock, c.other})
			for _, party := range []*rp.RelyingParty{other, l.RelyingParty, other} { // each writes, each sees what the others wrote
				if err := party.SetPolicy(l.ctx, party.Policy()); err != nil {
					t.Fatal(err)
				}
			}
			check := func(when string, since time.Duration) {
				t.Helper()
				first, second := l.Now().Sub(begin)-since, other.Now().Sub(begin)-since
				if first != c.first || second != c.second {
					t.Errorf("%s: the first shows %s and the second %s, want %s and %s", when, first, second, c.first, c.second)
				}
			}
			check("at once", 0)
			l.clock.add(6 * time.Minute)
			check("later", 6*time.Minute)
		})
	}
}

// RP-13: whichever process verifies, a challenge lives as long.
func TestAChallengeLivesAsLongOnEveryNode(t *testing.T) {
	for name, skew := range map[string]time.Duration{"behind": -10 * time.Minute, "ahead": 10 * time.Minute} {
		t.Run(name, func(t *testing.T) {
			l := newLab(t)
			other := l.node(ahead{l.clock, skew})
			for _, party := range []*rp.RelyingParty{l.RelyingParty, other} { // both are at work
				if err := party.SetPolicy(l.ctx, party.Policy()); err != nil {
					t.Fatal(err)
				}
			}
			for left, status := range map[time.Duration]int{time.Second: http.StatusCreated, 0: http.StatusGone} {
				p := l.signedIn("mia-" + left.String())
				run := p.start(rp.Start{Method: rp.AddPasskey})
				options := must(p.BeginRegistration(p.ctx, p.session.ID, run.ID))
				_, body := newDevice(appAndroid).create(t, optionsJSON(t, options))
				l.clock.add(l.Timers().ChallengeLife() - left)
				_, err := other.FinishRegistration(p.ctx, p.session.ID, run.ID, body)
				if got := statusOf(err); got != status {
					t.Errorf("%s before the end: %d, want %d (%v)", left, got, status, err)
				}
				l.clock.add(time.Minute) // for the next one-time code
			}
		})
	}
}

func statusOf(err error) int {
	switch refusal := rp.AsRefusal(err); {
	case err == nil:
		return http.StatusCreated
	case refusal != nil:
		return refusal.Code.Status()
	}
	return 0
}

// A store that was written by a clock far ahead does not keep everybody else there.
func TestABrokenClockIsNotFollowedAfterARestart(t *testing.T) {
	path := filepath.Join(t.TempDir(), "rp.db")
	right := &clock{now: time.Date(2031, 5, 6, 9, 0, 0, 0, time.UTC)}
	for _, c := range []struct{ by, shows time.Duration }{{48 * time.Hour, 48 * time.Hour}, {0, 0}, {0, 0}} {
		db, err := store.Open(t.Context(), path, store.Options{})
		if err != nil {
			t.Fatal(err)
		}
		party := must(rp.New(rp.Config{Origin: testOrigin, Organisation: "x", App: "y", Store: db, Clock: ahead{right, c.by}, Rand: crand.Reader}))
		if err := party.SetPolicy(t.Context(), party.Policy()); err != nil {
			t.Fatal(err)
		}
		if got := party.Now().Sub(right.Now()); got != c.shows {
			t.Errorf("shows %s ahead, want %s", got, c.shows)
		}
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// The row that processes share is read once for all who share a transaction, and in each transaction.
func TestSharedClockIsReadInEachTransaction(t *testing.T) {
	var reads atomic.Int64
	db, err := store.Open(t.Context(), filepath.Join(t.TempDir(), "rp.db"), store.Options{Trace: func(statement string) {
		if statement == "SELECT latest FROM clock" {
			reads.Add(1)
		}
	}})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	l := newLab(t, func(c *rp.Config) { c.Store = db })
	begun := reads.Load()
	for range 3 {
		if err := l.SetPolicy(l.ctx, l.Policy()); err != nil {
			t.Fatal(err)
		}
	}
	if got := reads.Load() - begun; got != 3 {
		t.Errorf("three writes, one after the other, read the shared clock %d times", got)
	}
}
