package walk

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
)

var (
	sequences = flag.Int("walk.sequences", 400, "how many walks there are")
	seed      = flag.Uint64("walk.seed", 20260727, "of which walks there are")
	only      = flag.Int("walk.only", -1, "the number of the one walk to repeat, of those of the seed")
	length    = flag.Int("walk.length", 16, "how many events a walk has before it goes home")
	shorten   = flag.Bool("walk.shorten", true, "look for the shortest walk that fails, which takes as long as some hundred walks")
	first     = flag.Bool("walk.first", false, "stop all walks at the first finding")
	replay    = flag.String("walk.replay", "", "the events of one walk, separated by semicolons; walks by //")
)

// inOneHouse is how many walks share a database: a new one costs as much as a few walks, and a large one is slow.
const inOneHouse = 100

func TestWalks(t *testing.T) {
	known := &texts{}
	if *replay != "" {
		again(t, known, strings.Split(*replay, "//"))
		return
	}
	from, to := 0, *sequences
	if *only >= 0 {
		from, to = *only, *only+1
	}
	for begin := from; begin < to; begin += inOneHouse {
		t.Run(fmt.Sprintf("from %d", begin), func(t *testing.T) {
			t.Parallel()
			walkInOneHouse(t, known, begin, min(to, begin+inOneHouse))
		})
	}
}

// walkInOneHouse walks the walks with these numbers, until one finds something.
func walkInOneHouse(t *testing.T, known *texts, from, to int) {
	h := newHouse(t, known)
	defer h.close(t)
	for n := from; n < to && !(*first && known.found.Load()); n++ {
		done, found := h.run(nil, rand.New(rand.NewPCG(*seed, uint64(n))), n)
		if found != nil {
			known.found.Store(true)
			tell(t, h, n, done, found)
			return
		}
	}
}

// again repeats walks that were told as text.
func again(t *testing.T, known *texts, walks []string) {
	h := newHouse(t, known)
	defer h.close(t)
	for _, walk := range walks {
		var events []string
		for _, event := range strings.Split(walk, ";") {
			events = append(events, strings.TrimSpace(event))
		}
		if _, found := h.run(events, nil, 0); found != nil {
			t.Fatalf("%s\nafter: %s", found.what, strings.Join(events, "; "))
		}
	}
}

// tell shortens a walk that failed, and says how to repeat it.
func tell(t *testing.T, h *house, n int, done []string, found *broken) {
	t.Helper()
	done = withoutHome(done)
	short := done
	if *shorten {
		short, found = h.shrink(done, found)
	}
	command := strings.Join(short, "; ")
	if found.other != nil {
		command = strings.Join(withoutHome(found.other), "; ") + " // " + command
	}
	t.Errorf("%s\n\nseed %d, walk %d: %d events, shortened to %d.\nRepeat: go test ./scenarios/walk -run 'TestWalks$' -count=1 -walk.replay=%s\nWhole: go test ./scenarios/walk -run 'TestWalks$' -count=1 -walk.seed=%d -walk.only=%d -walk.length=%d",
		found.what, *seed, n, len(done), len(short), quote(command), *seed, n, *length)
}

// withoutHome leaves out the events of the way home, which every walk finds by itself.
func withoutHome(done []string) []string {
	for i, event := range done {
		if strings.HasPrefix(event, "(") {
			return done[:i]
		}
	}
	return done
}

// shrink leaves out events while the walk still finds something, first many at a time.
func (h *house) shrink(events []string, found *broken) ([]string, *broken) {
	for size := len(events); size >= 1; {
		shorter := false
		for from := 0; from+size <= len(events); {
			fewer := append(append([]string(nil), events[:from]...), events[from+size:]...)
			if _, again := h.run(fewer, nil, 0); again != nil && again.kind() == found.kind() {
				events, found, shorter = fewer, again, true
				continue
			}
			from++
		}
		if !shorter || size > len(events) {
			size = min(size/2, len(events))
		}
	}
	return events, found
}

// kind is what a finding begins with, so that a shorter walk is not one that finds something else.
func (b *broken) kind() string {
	words := strings.Fields(b.what)
	return strings.Join(words[:min(3, len(words))], " ")
}

func quote(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }
