package main

import (
	"encoding/base64"
	"errors"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/passkeylab/passkeylab/harness/config"
	"github.com/passkeylab/passkeylab/rp/store"
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

func TestFiguresAreToldByTheirMedianAndSpread(t *testing.T) {
	for _, test := range []struct {
		values measured
		want   string
	}{
		{measured{3}, "median      3.00   (3.00 to 3.00)"},
		{measured{9, 1, 2}, "median      2.00   (1.00 to 9.00)"},
		{measured{4, 1, 2, 9}, "median      3.00   (1.00 to 9.00)"},
	} {
		if got := test.values.String(); got != test.want {
			t.Errorf("%v: %q, want %q", []float64(test.values), got, test.want)
		}
	}
	for _, test := range []struct {
		ratio aimed
		ends  string
	}{
		{aimed{values: measured{2}, most: 2}, "aim: at most 2.0: reached"},
		{aimed{values: measured{2.1}, most: 2}, "aim: at most 2.0: missed"},
		{aimed{values: measured{0.7}, least: 0.7}, "aim: at least 0.7: reached"},
		{aimed{values: measured{0.6}, least: 0.7}, "aim: at least 0.7: missed"},
		{aimed{values: measured{5}}, "(5.00 to 5.00)"},
	} {
		if got := test.ratio.String(); !strings.HasSuffix(got, test.ends) {
			t.Errorf("%q does not end with %q", got, test.ends)
		}
	}
}

// The crowd is as large as is asked for, whoever is its last member.
func TestACrowdHasAsManyPasskeysAsWereAskedFor(t *testing.T) {
	for _, passkeys := range []int{0, 1, 2, 3, 55, 56, 1000} {
		key := base64.RawURLEncoding.EncodeToString([]byte{1})
		db, err := openFilled(t.Context(), filepath.Join(t.TempDir(), "rp.db"), benchedOptions{stored: passkeys, publicKey: key})
		if err != nil {
			t.Fatal(err)
		}
		var stored, owners int
		err = db.Read(t.Context(), func(q store.Querier) error {
			return q.QueryRow("SELECT count(*), count(DISTINCT user_id) FROM credentials").Scan(&stored, &owners)
		})
		if err = errors.Join(err, db.Close()); err != nil || stored != passkeys || owners != crowdOf(passkeys) {
			t.Errorf("%v; %d passkeys of %d people, want %d of %d", err, stored, owners, passkeys, crowdOf(passkeys))
		}
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
