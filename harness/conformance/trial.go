package conformance

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"sync"

	"github.com/passkeylab/passkeylab/reports"
)

// Trial is one run of one case: what the case may draw on, and where it says what it saw. It is safe for use by several
// goroutines.
type Trial struct {
	// CaseID is the case's; Profile the book that it is judged by.
	CaseID  string
	Profile Profile
	// Has are the subject's capabilities.
	Has Capabilities
	// Rand is the only randomness that a case uses: the same seed and case give the same bytes.
	Rand io.Reader
	// Keep is how many bytes of each recorded message are kept.
	Keep int

	mu           sync.Mutex
	exchanges    []Exchange
	left         int // exchanges that were not kept
	observations []string
	advice       []string
	cleanups     []func()
}

// NewTrial returns a trial of something that is no case, such as a probe.
func NewTrial(id string, seed int64) *Trial {
	return &Trial{CaseID: id, Profile: L3, Rand: randomness(seed, id, 0)}
}

// Cleanup registers what must happen when the trial ends: closing a browser's window. The last comes first.
func (t *Trial) Cleanup(f func()) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.cleanups = append(t.cleanups, f)
}

// End does what Cleanup registered. A Runner ends its trials itself.
func (t *Trial) End() {
	t.mu.Lock()
	cleanups := t.cleanups
	t.cleanups = nil
	t.mu.Unlock()
	for _, f := range slices.Backward(cleanups) {
		f()
	}
}

// Observe notes something that is worth telling and no failure: what the server said, how a lax reading was resolved.
func (t *Trial) Observe(format string, values ...any) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.observations = append(t.observations, clip(fmt.Sprintf(format, values...), 2000))
}

// Advise notes something that could be better: a case that would have passed is then advised.
func (t *Trial) Advise(format string, values ...any) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.advice = append(t.advice, clip(fmt.Sprintf(format, values...), 2000))
}

// Record keeps an exchange with the subject, with its bodies bounded by Keep.
func (t *Trial) Record(e Exchange) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.exchanges) >= maxExchanges {
		t.left++
		return
	}
	keep := t.Keep
	if keep <= 0 {
		keep = DefaultKeep
	}
	e.Sent, e.Got = e.Sent.bounded(keep), e.Got.bounded(keep)
	e.Number = len(t.exchanges) + 1
	t.exchanges = append(t.exchanges, e)
}

// Exchanges returns what was recorded so far.
func (t *Trial) Exchanges() []Exchange {
	t.mu.Lock()
	defer t.mu.Unlock()
	return append([]Exchange(nil), t.exchanges...)
}

// Reported are the exchanges as a report has them, two messages each.
func (t *Trial) Reported() []reports.Exchange {
	var all []reports.Exchange
	for _, e := range t.Exchanges() {
		all = append(all, e.report()...)
	}
	return all
}

// lockedRand lets goroutines of one trial share its randomness.
type lockedRand struct {
	mu sync.Mutex
	r  *rand.ChaCha8
}

// Read implements io.Reader; it never fails.
func (l *lockedRand) Read(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.r.Read(p)
}

// randomness is that of one repetition of one case under a seed.
func randomness(seed int64, id string, repetition int) io.Reader {
	h := sha256.New()
	var numbers [16]byte
	binary.BigEndian.PutUint64(numbers[:8], uint64(seed))
	binary.BigEndian.PutUint64(numbers[8:], uint64(repetition))
	h.Write(numbers[:])
	io.WriteString(h, id)
	return &lockedRand{r: rand.NewChaCha8([32]byte(h.Sum(nil)))}
}

// Stirred is randomness that follows from other randomness and from words: what runs twice against a subject that remembers
// must not come with the same keys again.
func Stirred(r io.Reader, words string) io.Reader {
	h := sha256.New()
	_, _ = io.CopyN(h, r, 32) // randomness of a trial never ends
	io.WriteString(h, words)
	return &lockedRand{r: rand.NewChaCha8([32]byte(h.Sum(nil)))}
}

func clip(text string, most int) string {
	if len(text) <= most {
		return text
	}
	return text[:most] + "…"
}
