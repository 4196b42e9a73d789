package main

import (
	"context"
	"errors"
	"runtime/debug"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/passkeylab/passkeylab/harness/config"
	"github.com/passkeylab/passkeylab/harness/progress"
)

func TestTheConsoleDrawsItsBlockAgainOnATerminal(t *testing.T) {
	var out output
	screen := newConsole(&out, true)
	screen.show("one\ntwo\n")
	screen.show("one\ntwo\n") // unchanged: nothing is drawn
	screen.print("news\n")
	screen.show("three\n")
	screen.show("")
	want := "one\ntwo\n" + "\x1b[2A\r\x1b[J" + "news\n" + "one\ntwo\n" + "\x1b[2A\r\x1b[J" + "three\n" + "\x1b[1A\r\x1b[J"
	if out.String() != want {
		t.Errorf("got  %q\nwant %q", out.String(), want)
	}
}

func TestTheConsolePrintsItsBlockOnceIntoAFile(t *testing.T) {
	var out output
	screen := newConsole(&out, false)
	screen.show("codes 1\n")
	screen.print("news\n")
	screen.show("codes 2\n")
	if got, want := out.String(), "codes 1\nnews\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if isTerminal(&out) {
		t.Error("a buffer is taken for a terminal")
	}
}

func TestLogLinesGoAboveTheBlockOnATerminal(t *testing.T) {
	var out output
	screen := newConsole(&out, true)
	screen.show("codes\n")
	if n, err := (above{screen}).Write([]byte("warning\n")); n != 8 || err != nil {
		t.Errorf("wrote %d, %v", n, err)
	}
	if !strings.HasSuffix(out.String(), "warning\ncodes\n") {
		t.Errorf("got %q", out.String())
	}
}

func TestTheLogHasWarningsAndOnDemandEverything(t *testing.T) {
	for verbose, want := range map[bool]string{false: "", true: "level=INFO msg=request\n"} {
		var out output
		logger(&out, newConsole(&out, false), verbose).Info("request")
		if _, after, _ := strings.Cut(out.String(), " "); after != want {
			t.Errorf("verbose %v: %q", verbose, out.String())
		}
	}
}

// told is a teller without a terminal whose clock stands still.
func told(events ...progress.Event) string {
	var out output
	teller := newTeller(&out, "/checkout")
	teller.now = func() time.Time { return time.Unix(1, 0) }
	teller.begin(1)
	for _, event := range events {
		teller.hear(event)
	}
	teller.end()
	return out.String() + teller.tally()
}

func TestJourneysAreToldAsTheyEnd(t *testing.T) {
	text := told(
		progress.Event{Event: progress.Start, ID: "WP-01"},
		progress.Event{Event: progress.End, ID: "WP-01", Title: "early", State: progress.Passed, Seconds: 0.96},
		progress.Event{Event: progress.Plan, Total: 12},
		progress.Event{Event: progress.End, ID: "EX-05", Title: "stuck", State: progress.TimedOut, Seconds: 15, Message: "  a\n\tb  ", Evidence: "/elsewhere/x.jpg"},
		progress.Event{Event: progress.End, ID: "MFA-01", Title: "later", State: progress.Pending},
	)
	for _, want := range []string{
		"playing them in 1 process\n",
		"[1] ok   WP-01   early … 1.0 s\n",
		"12 journeys\n",
		"[ 2/12] FAIL EX-05   stuck … 15.0 s\n          reason    a\n                    \tb\n          evidence  /elsewhere/x.jpg\n",
		"[ 3/12] skip MFA-01  later … 0.0 s\n",
		"3 journeys in 0s: 1 ok, 1 failed, 1 skipped",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in:\n%s", want, text)
		}
	}
	if strings.Contains(text, "\x1b") {
		t.Errorf("terminal codes in a file: %q", text)
	}
}

func TestATerminalShowsColoursAndWhatIsUnderWay(t *testing.T) {
	var out output
	teller := newTeller(&out, "/checkout")
	teller.screen.terminal, teller.colour = true, true
	teller.hear(progress.Event{Event: progress.Plan, Total: 2})
	teller.hear(progress.Event{Event: progress.Start, ID: "WP-01"})
	teller.hear(progress.Event{Event: progress.Start, ID: "REG-04"})
	teller.hear(progress.Event{Event: progress.End, ID: "WP-01", Title: "early", State: progress.Passed})
	want := "2 journeys\n[0/2] under way: WP-01\n\x1b[1A\r\x1b[J[0/2] under way: WP-01, REG-04\n\x1b[1A\r\x1b[J" +
		"[1/2] \x1b[32mok  \x1b[0m WP-01   early … 0.0 s\n"
	if !strings.HasPrefix(out.String(), want) {
		t.Errorf("got  %q\nwant %q", out.String(), want)
	}
	teller.end()
	if !strings.HasSuffix(out.String(), "under way: REG-04\n\x1b[1A\r\x1b[J") {
		t.Errorf("the last line stays: %q", out.String())
	}
}

func TestHowManyProcessesPlay(t *testing.T) {
	for _, test := range []struct{ flag, setting, cores, want int }{{3, 2, 8, 3}, {0, 2, 8, 2}, {0, 0, 8, 4}, {0, 0, 2, 2}, {0, 0, 0, 1}} {
		if got := procsOf(test.flag, test.setting, test.cores); got != test.want {
			t.Errorf("%+v: got %d", test, got)
		}
	}
}

// Every setting that bench turns off exists, and its value is allowed: the suite would refuse to start otherwise.
func TestWhatBenchTurnsOffExists(t *testing.T) {
	if _, err := config.Load(config.Options{Dir: t.TempDir(), Env: benchEnvironment()}); err != nil {
		t.Error(err)
	}
}

func TestSignalsArePassedOnAndTheThirdKills(t *testing.T) {
	// A group that does not exist takes every signal; what is under test is that waiting ends with the process only.
	ended := make(chan error, 1)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	go func() { ended <- nil }()
	if code, err := passOn(ctx, 1<<30, nil, ended); err != nil || code != exitGood && code != exitInterrupted {
		t.Errorf("got %d, %v", code, err)
	}
	if _, err := codeOf(syscall.ENOENT); !errors.Is(err, syscall.ENOENT) {
		t.Errorf("got %v", err)
	}
}

func TestTheVersionNamesTheCommit(t *testing.T) {
	setting := func(key, value string) debug.BuildSetting { return debug.BuildSetting{Key: key, Value: value} }
	for want, info := range map[string]*debug.BuildInfo{
		"unknown": nil,
		"(devel)": {},
		"v1.2.0":  {Main: debug.Module{Version: "v1.2.0"}},
		"(devel) 0123456789ab with local changes": {Settings: []debug.BuildSetting{setting("vcs.revision", "0123456789abcdef"), setting("vcs.modified", "true")}},
	} {
		if got := versionOf(info); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}
