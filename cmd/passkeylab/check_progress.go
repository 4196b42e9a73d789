package main

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/passkeylab/passkeylab/harness/conformance"
)

// checkTeller tells how far a run of cases has come: a line for each finding that is bad, and the counts, which are drawn
// again and again on a terminal, and are a line now and then in a log.
type checkTeller struct {
	screen *console
	counts map[conformance.Verdict]int
	told   time.Duration // when the counts were told last
}

// quietFor is how long a log hears nothing, and a terminal shows the same.
const (
	quietForLog      = 5 * time.Second
	quietForTerminal = 100 * time.Millisecond
)

func newCheckTeller(out io.Writer) *checkTeller {
	return &checkTeller{screen: newConsole(out, isTerminal(out)), counts: map[conformance.Verdict]int{}}
}

// hear takes one piece of news.
func (t *checkTeller) hear(p conformance.Progress) {
	if p.Verdict == "" {
		return
	}
	t.counts[p.Verdict]++
	if p.Verdict == conformance.Failed || p.Verdict == conformance.WasInconclusive {
		t.screen.print(fmt.Sprintf("%-12s %s: %s\n", p.Verdict, p.ID, p.Says))
	}
	quiet := quietForLog
	if t.screen.terminal {
		quiet = quietForTerminal
	}
	if p.Elapsed-t.told < quiet && p.Done < p.Total {
		return
	}
	t.told = p.Elapsed
	if line := t.line(p); t.screen.terminal && p.Done < p.Total {
		t.screen.show(line)
	} else {
		t.screen.show("")
		t.screen.print(line)
	}
}

// waits tells that the server asks to be asked later.
func (t *checkTeller) waits(wait time.Duration) {
	t.screen.print(fmt.Sprintf("the server asks to wait %s\n", wait.Round(time.Second)))
}

// end takes the line of a run that was interrupted off the terminal.
func (t *checkTeller) end() {
	if t.screen.terminal {
		t.screen.show("")
	}
}

// line is for example "312 of 835 (37 %): 300 passed, 2 failed, 10 skipped; 6s left".
func (t *checkTeller) line(p conformance.Progress) string {
	var counts []string
	for _, v := range []conformance.Verdict{
		conformance.Passed, conformance.Failed, conformance.WasInconclusive, conformance.Advised, conformance.WasSkipped,
	} {
		if t.counts[v] > 0 {
			counts = append(counts, fmt.Sprintf("%d %s", t.counts[v], v))
		}
	}
	line := fmt.Sprintf("%d of %d (%d %%): %s", p.Done, p.Total, 100*p.Done/max(1, p.Total), strings.Join(counts, ", "))
	if p.Done < p.Total {
		line += fmt.Sprintf("; %s left", max(time.Second, p.Left.Round(time.Second)))
	}
	return line + "\n"
}
