package main

import (
	"bufio"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/passkeylab/passkeylab/harness/conformance"
	"github.com/passkeylab/passkeylab/harness/subject"
	"github.com/passkeylab/passkeylab/reports"
)

// printTrial prints the whole exchange of one case, what came of it, and what to do.
func (a app) printTrial(t *conformance.Trial, result reports.Result) {
	out := bufio.NewWriter(a.out)
	defer out.Flush()
	fmt.Fprintf(out, "%s: %s\n%s\n%s (%s)\n\n", result.ID, result.State, result.Title, strings.Join(result.Clauses, ", "), result.Priority)
	for _, e := range t.Exchanges() {
		printExchange(out, e)
	}
	if result.Failure != nil {
		fmt.Fprintf(out, "%s\n  want %s\n  got  %s\n", result.Failure.Step, result.Failure.Expected, result.Failure.Got)
	}
	if result.Reason != "" {
		fmt.Fprintf(out, "reason: %s\n", result.Reason)
	}
	for _, observation := range result.Observations {
		fmt.Fprintf(out, "observed: %s\n", observation)
	}
	if result.State.Bad() && result.Fix != "" {
		fmt.Fprintf(out, "fix: %s\n", result.Fix)
	}
	if len(result.CVEs) > 0 {
		fmt.Fprintf(out, "seen elsewhere: %s\n", strings.Join(result.CVEs, ", "))
	}
	fmt.Fprintf(out, "again: %s\n", result.Reproduce)
}

// printExchange prints one exchange with the curl line that sends it again. A challenge works once: the line shows what was
// sent, and earns another refusal.
func printExchange(out io.Writer, e conformance.Exchange) {
	fmt.Fprintf(out, "%d. %s %s (%s)\n", e.Number, e.Method, e.URL, e.Purpose)
	for _, line := range e.Sent.Head {
		fmt.Fprintf(out, "   > %s\n", line)
	}
	if text := e.Sent.Text(); text != "" {
		fmt.Fprintf(out, "   > %s\n", text)
	}
	fmt.Fprintf(out, "   < %s, %s, %s\n", e.Status, e.Outcome, e.Took.Round(time.Microsecond))
	for _, line := range e.Got.Head {
		fmt.Fprintf(out, "   < %s\n", line)
	}
	fmt.Fprintf(out, "   < %s\n", e.Got.Text())
	if e.Problem != "" {
		fmt.Fprintf(out, "   ! %s\n", e.Problem)
	}
	if line := subject.Curl(e); line != "" {
		fmt.Fprintf(out, "   %s\n", line)
	}
	fmt.Fprintln(out)
}
