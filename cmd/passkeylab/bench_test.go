package main

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/passkeylab/passkeylab/harness/config"
)

func TestQuantilesAreTimesThatWereMeasured(t *testing.T) {
	times := []time.Duration{1, 2, 3, 4, 5, 6, 7, 8, 9, 10}
	for percent, want := range map[int]time.Duration{0: 1, 10: 1, 50: 5, 90: 9, 91: 10, 100: 10} {
		if got := quantile(times, percent); got != want {
			t.Errorf("%d%%: %d, want %d", percent, got, want)
		}
	}
	if got := quantile(times[:1], 90); got != 1 {
		t.Errorf("of one: %d", got)
	}
}

// What bench times is a real ceremony over hybrid, several in one browser: a code of the one before is not read again.
func TestBenchTimesCeremoniesOverHybrid(t *testing.T) {
	loaded, err := config.Load(config.Options{})
	if err != nil {
		t.Fatal(err)
	}
	var out output
	if err := (app{out: &out}).benchHybrid(t.Context(), loaded, 2); err != nil {
		t.Fatal(err)
	}
	text := out.String()
	if _, why, lacks := strings.Cut(text, "no ceremony over hybrid: "); lacks {
		t.Skip(why)
	}
	lines := slices.Collect(strings.Lines(text))
	if len(lines) != 8 || !strings.HasPrefix(lines[0], "one registration over hybrid ") || !strings.HasPrefix(lines[4], "one sign-in over hybrid ") ||
		strings.Count(text, "(2 rounds)") != 8 || strings.Contains(text, " -") {
		t.Errorf("got:\n%s", text)
	}
}
