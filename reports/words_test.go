package reports

import (
	"testing"
	"time"
	"unicode/utf8"
)

func TestShort(t *testing.T) {
	for d, want := range map[time.Duration]string{
		-time.Second: "0 ms", 0: "0 ms", 400 * time.Microsecond: "0 ms", 999 * time.Millisecond: "999 ms",
		999700 * time.Microsecond: "1.0 s", 1240 * time.Millisecond: "1.2 s", 59940 * time.Millisecond: "59.9 s",
		59960 * time.Millisecond: "1 min 00 s", 3*time.Minute + 7*time.Second: "3 min 07 s",
		time.Hour - time.Millisecond: "1 h 00 min", 62 * time.Minute: "1 h 02 min",
	} {
		if got := short(d); got != want {
			t.Errorf("short(%v) is %q, want %q", d, got, want)
		}
	}
}

func TestLegal(t *testing.T) {
	for in, want := range map[string]string{
		"plain\ttext\n":           "plain\ttext\n",
		"\x1b[1;31mred\x1b[0m":    "red",
		"\x1b]0;title\x07rest":    "rest",
		"a\x00b":                  "a\ufffdb",
		"broken \xff":             "broken \ufffd",
		"\ufffe":                  "\ufffd",
		"emoji \U0001F511 stays.": "emoji \U0001F511 stays.",
	} {
		if got := legal(in); got != want {
			t.Errorf("legal(%q) is %q, want %q", in, got, want)
		}
	}
}

func TestOneLineAndClipKeepRunesWhole(t *testing.T) {
	if got := oneLine("  one\n two  three ", 100); got != "one two three" {
		t.Errorf("got %q", got)
	}
	if got := oneLine("ééééé", 3); got != "éé…" {
		t.Errorf("got %q", got)
	}
	if got := clip("éééé", 3); !utf8.ValidString(got) {
		t.Errorf("got %q", got)
	}
}

func TestSlugAndClassName(t *testing.T) {
	if got := className("journeys", "Wrong provider (E2)"); got != "journeys.wrong-provider-e2" {
		t.Errorf("got %q", got)
	}
	if got := className("", "…"); got != "suite" {
		t.Errorf("got %q", got)
	}
}
