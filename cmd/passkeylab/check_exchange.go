package main

import (
	"fmt"
	"io"
	"time"

	"github.com/passkeylab/passkeylab/harness/conformance"
	"github.com/passkeylab/passkeylab/harness/subject"
)

// printExchange prints one exchange with the curl line that sends it again. A challenge works once: the line shows what was
// sent, and earns another refusal.
func printExchange(out io.Writer, e conformance.Exchange) {
	fmt.Fprintf(out, "%d. %s %s (%s)\n", e.Number, e.Method, e.URL, e.Purpose)
	for _, line := range e.Sent.Head {
		fmt.Fprintf(out, "   > %s\n", line)
	}
	fmt.Fprintf(out, "   > %s\n", e.Sent.Text())
	fmt.Fprintf(out, "   < %s, %s, %s\n", e.Status, e.Outcome, e.Took.Round(time.Microsecond))
	for _, line := range e.Got.Head {
		fmt.Fprintf(out, "   < %s\n", line)
	}
	fmt.Fprintf(out, "   < %s\n", e.Got.Text())
	if e.Problem != "" {
		fmt.Fprintf(out, "   ! %s\n", e.Problem)
	}
	fmt.Fprintf(out, "   %s\n\n", subject.Curl(e))
}
