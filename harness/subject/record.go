package subject

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/passkeylab/passkeylab/harness/conformance"
)

// Recorded is a relying party whose exchanges are kept by a trial.
func Recorded(server RelyingParty, t *conformance.Trial) RelyingParty { return recording{server, t} }

type recording struct {
	RelyingParty
	trial *conformance.Trial
}

// Visit implements RelyingParty.
func (r recording) Visit() Visitor { return recordingVisitor{r.RelyingParty.Visit(), r} }

type recordingVisitor struct {
	Visitor
	recording
}

// Do implements Visitor.
func (v recordingVisitor) Do(ctx context.Context, request Request) Answer {
	began := time.Now()
	answer := v.Visitor.Do(ctx, request)
	e := conformance.Exchange{
		At: began, Took: answer.Took, Purpose: request.Purpose, Method: orElse(request.Method, "POST"), URL: string(request.Endpoint),
		Sent: conformance.Message{Head: lines(answer.Sent), Body: request.Body},
		Got:  conformance.Message{Head: lines(answer.Header), Body: answer.Body}, Status: answer.statusLine(), Outcome: string(answer.Outcome),
	}
	if located, ok := v.RelyingParty.(interface{ address(Request) string }); ok {
		e.URL = located.address(request)
	}
	if answer.Err != nil {
		e.Problem = answer.Err.Error()
	}
	v.trial.Record(e)
	return answer
}

// address is where a request goes.
func (s *fidoServer) address(request Request) string {
	if request.Path != "" {
		return s.base.Scheme + "://" + s.base.Host + request.Path
	}
	return s.urls[request.Endpoint]
}

// Name tells apart the two embedded ones.
func (v recordingVisitor) Name() string { return v.RelyingParty.Name() }

func lines(header map[string][]string) []string {
	var all []string
	for name, values := range header {
		for _, value := range values {
			all = append(all, name+": "+value)
		}
	}
	slices.Sort(all)
	return all
}

func orElse(text, otherwise string) string {
	if text == "" {
		return otherwise
	}
	return text
}

// Curl is the line that sends a recorded exchange again, for a shell.
func Curl(e conformance.Exchange) string {
	var s strings.Builder
	s.WriteString("curl -sS -i -X " + e.Method)
	for _, line := range e.Sent.Head {
		s.WriteString(" -H " + shellQuote(line))
	}
	if len(e.Sent.Body) > 0 {
		s.WriteString(" --data-binary " + shellQuote(string(e.Sent.Body)))
	}
	s.WriteString(" " + shellQuote(e.URL))
	return s.String()
}

func shellQuote(text string) string { return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'" }
