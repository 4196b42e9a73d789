package main

import (
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/passkeylab/passkeylab/harness/progress"
)

// teller prints the news of a run: a line for each journey as it ends, the whole story of a failure at once, and on a
// terminal a last line with what is under way.
type teller struct {
	screen *console
	colour bool
	root   string

	mu      sync.Mutex
	total   int
	ended   int
	bad     int
	skipped int
	empty   bool     // the plan chose no journey at all
	current []string // ids under way, in the order in which they began
	started time.Time
	now     func() time.Time
}

func newTeller(out io.Writer, root string) *teller {
	terminal := isTerminal(out)
	return &teller{
		screen: newConsole(out, terminal), colour: terminal && os.Getenv("NO_COLOR") == "",
		root: root, now: time.Now,
	}
}

// begin says what happens before the first journey can: on a new machine the build takes its time.
func (t *teller) begin(procs int) {
	t.started = t.now()
	t.screen.print(fmt.Sprintf("building the journeys, then playing them in %s\n", count(procs, "process", "processes")))
}

// hear prints one piece of news.
func (t *teller) hear(event progress.Event) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.total = max(t.total, event.Total)
	switch event.Event {
	case progress.Plan:
		t.empty = event.Total == 0
		t.screen.print(count(event.Total, "journey", "journeys") + "\n")
	case progress.Start:
		t.current = append(t.current, event.ID)
	case progress.End:
		if i := slices.Index(t.current, event.ID); i >= 0 {
			t.current = slices.Delete(t.current, i, i+1)
		}
		t.ended++
		t.screen.print(t.line(event))
	}
	t.drawCurrent()
}

// line is what is told when a journey has ended.
func (t *teller) line(event progress.Event) string {
	word, colour := "ok  ", "32"
	switch {
	case event.State.Bad():
		t.bad++
		word, colour = "FAIL", "31;1"
	case event.State == progress.Skipped || event.State == progress.Pending:
		t.skipped++
		word, colour = "skip", "33"
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s %-7s %s … %.1f s\n", t.place(), t.paint(colour, word), event.ID, event.Title, event.Seconds)
	switch {
	case event.State.Bad():
		t.failure(&b, event)
	case word == "skip" && event.Message != "":
		fmt.Fprintf(&b, "%s%s\n", indent, oneLine(event.Message))
	}
	return b.String()
}

// place is "[12/81]"; without a plan just "[12]".
func (t *teller) place() string {
	if t.total == 0 {
		return fmt.Sprintf("[%d]", t.ended)
	}
	total := fmt.Sprint(t.total)
	return fmt.Sprintf("[%*d/%s]", len(total), t.ended, total)
}

// indent stands before the lines that belong to the journey above.
const indent = "          "

// failure tells the step, the reason, where the evidence lies, and how to see it again.
func (t *teller) failure(b *strings.Builder, event progress.Event) {
	part := func(name, text string) {
		if text = strings.TrimSpace(text); text == "" {
			return
		}
		for i, line := range strings.Split(text, "\n") {
			if i > 0 {
				name = ""
			}
			fmt.Fprintf(b, "%s%-9s %s\n", indent, name, strings.TrimRight(line, " "))
		}
	}
	part("step", event.Step)
	part("reason", inBrief(event.Message))
	if event.Evidence != "" {
		part("evidence", relative(t.root, event.Evidence))
	}
	part("again", event.Rerun)
}

// drawCurrent shows on a terminal which journeys are under way.
func (t *teller) drawCurrent() {
	if !t.screen.terminal {
		return
	}
	if len(t.current) == 0 {
		t.screen.show("")
		return
	}
	t.screen.show(fmt.Sprintf("%s under way: %s\n", t.place(), strings.Join(t.current, ", ")))
}

// end removes the line of what is under way.
func (t *teller) end() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.current = nil
	t.drawCurrent()
}

// tally is the summary when there is no report to take it from.
func (t *teller) tally() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.ended == 0 {
		return "no journey was played"
	}
	return fmt.Sprintf("%s in %s: %d ok, %d failed, %d skipped", count(t.ended, "journey", "journeys"),
		t.now().Sub(t.started).Round(time.Second), t.ended-t.bad-t.skipped, t.bad, t.skipped)
}

func (t *teller) paint(colour, text string) string {
	if !t.colour {
		return text
	}
	return "\x1b[" + colour + "m" + text + "\x1b[0m"
}

// inBrief keeps the beginning of a long reason: the whole of it stands in the summary and in the reports.
func inBrief(text string) string {
	const limit = 400
	if letters := []rune(text); len(letters) > limit {
		return strings.TrimSpace(string(letters[:limit])) + " …"
	}
	return text
}

func oneLine(text string) string { return strings.Join(strings.Fields(text), " ") }

// count writes "1 journey", "2 journeys".
func count(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}
