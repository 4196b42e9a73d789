package reports

import (
	"fmt"
	"io"
	"strings"
)

// Summary writes the last screen of a console run: the failures one by one, each with the line that reproduces it, then
// what was skipped and why, the totals, and the paths of the reports, in the order given. It uses no colours and no
// terminal codes, so that it reads the same in a CI log.
func Summary(w io.Writer, run Run, paths []string) error {
	var b strings.Builder
	writeBad(&b, run)
	writeSkips(&b, run)
	writeTotals(&b, run)
	for _, note := range run.Notes {
		fmt.Fprintf(&b, "note: %s\n", oneLine(note, 400))
	}
	writeSince(&b, run.Since)
	if len(paths) > 0 {
		b.WriteString("\nReports:\n")
		for _, path := range paths {
			fmt.Fprintf(&b, "  %s\n", path)
		}
	}
	if _, err := io.WriteString(w, legal(b.String())); err != nil {
		return fmt.Errorf("reports: write summary: %w", err)
	}
	return nil
}

func writeBad(b *strings.Builder, run Run) {
	for _, state := range States() {
		if !state.Bad() {
			continue
		}
		for _, result := range run.Results {
			if shownState(result.State) != state {
				continue
			}
			fmt.Fprintf(b, "%s %s  %s\n", strings.ToUpper(string(state)), result.name(), result.Title)
			for _, line := range failureLines(result) {
				fmt.Fprintf(b, "  %s\n", strings.ReplaceAll(line, "\n", "\n  "))
			}
			b.WriteString("\n")
		}
	}
}

// shownState is the state itself, or Aborted for one that is not known.
func shownState(state State) State {
	if !state.known() {
		return Aborted
	}
	return state
}

// writeSkips groups what was skipped by reason, since many journeys share one.
func writeSkips(b *strings.Builder, run Run) {
	var reasons []string
	ids := map[string][]string{}
	for _, result := range run.Results {
		if result.State == Skipped {
			reason := firstOf(result.Reason, "no reason was given")
			reasons = appendNew(reasons, reason)
			ids[reason] = append(ids[reason], result.name())
		}
	}
	for _, reason := range reasons {
		fmt.Fprintf(b, "skipped %s: %s\n", few(ids[reason]), oneLine(reason, 200))
	}
	if len(reasons) > 0 {
		b.WriteString("\n")
	}
}

// few lists the first dozen and counts the others.
func few(ids []string) string {
	if len(ids) <= 12 {
		return strings.Join(ids, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(ids[:12], ", "), len(ids)-12)
}

func writeTotals(b *strings.Builder, run Run) {
	verdict, totals := Judge(run), Count(run)
	fmt.Fprintf(b, "%s: %s in %s", verdict.Phrase, run.size(totals), short(run.Duration))
	separator := " – "
	for _, state := range States() {
		if n := totals.Of(state); n > 0 {
			fmt.Fprintf(b, "%s%d %s", separator, n, state)
			separator = ", "
		}
	}
	if run.Interrupted {
		b.WriteString("\nit was stopped before the end; what is missing was never run")
	}
	fmt.Fprintf(b, "\nseed %d", run.Seed)
	for _, version := range versions(run) {
		fmt.Fprintf(b, ", %s %s", version.Name, strings.TrimPrefix(version.Value, version.Name))
	}
	b.WriteString("\n")
	if run.cases() { // a verdict on somebody says on whom, by what book, and by whom
		fmt.Fprintf(b, "subject: %s\nedition: %s\ntool: %s\n", run.Subject, run.Edition, run.Tool)
	}
}

// size is how much ran: "2 cases", or "6 runs of 2 cases" where they were repeated.
func (r Run) size(totals Totals) string {
	one, many := r.noun()
	repeated, ids := false, map[string]bool{}
	for _, result := range r.Results {
		repeated = repeated || result.Repetition > 0
		ids[result.Key()] = true
	}
	if repeated {
		return count(totals.All, "run", "runs") + " of " + count(len(ids), one, many)
	}
	return count(totals.All, one, many)
}
