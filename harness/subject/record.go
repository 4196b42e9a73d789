package subject

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/passkeylab/passkeylab/harness/conformance"
)

// Recorded is a relying party whose exchanges are kept by a trial. Its visitors leave when the trial ends.
func Recorded(server RelyingParty, t *conformance.Trial) RelyingParty { return recording{server, t} }

type recording struct {
	RelyingParty
	trial *conformance.Trial
}

// Visit implements RelyingParty.
func (r recording) Visit() Visitor {
	visitor := r.RelyingParty.Visit()
	if holds, ok := visitor.(interface{ leave() error }); ok {
		r.trial.Cleanup(func() { _ = holds.leave() }) // a window that does not close ends with the browser, and that is told
	}
	return recordingVisitor{visitor, r}
}

type recordingVisitor struct {
	Visitor
	recording
}

// Do implements Visitor.
func (v recordingVisitor) Do(ctx context.Context, request Request) Answer {
	began := time.Now()
	answer := v.Visitor.Do(ctx, request)
	if answer.Outcome == Inexpressible && answer.Steps == nil {
		return answer // nothing was exchanged
	}
	steps := answer.Steps
	if steps == nil {
		step := Step{Purpose: request.Purpose, Method: orElse(request.Method, "POST"), URL: string(request.Endpoint), Body: request.Body, Answered: answer.Body, Answer: &answer}
		if located, ok := v.RelyingParty.(interface{ address(Request) string }); ok {
			step.URL = located.address(request)
		}
		steps = []Step{step}
	}
	for _, step := range steps {
		v.trial.Record(step.exchange(began))
		began = began.Add(step.Answer.Took)
	}
	return answer
}

// exchange is a step as the record has it.
func (s Step) exchange(at time.Time) conformance.Exchange {
	e := conformance.Exchange{
		At: at, Took: s.Answer.Took, Purpose: s.Purpose, Method: s.Method, URL: s.URL,
		Sent: conformance.Message{Head: lines(s.Answer.Sent), Body: s.Body},
		Got:  conformance.Message{Head: append(lines(s.Answer.Header), s.Seen...), Body: s.Answered}, Status: s.Answer.statusLine(), Outcome: string(s.Answer.Outcome),
	}
	if s.Method == onPage && s.Answer.Status == 0 {
		e.Status = "as the page shows"
	}
	if s.Answer.Err != nil {
		e.Problem = s.Answer.Err.Error()
	}
	return e
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

// onPage is the method of an exchange that was a page's and no request of ours.
const onPage = "PAGE"

// Curl is the line that sends a recorded exchange again, for a shell; empty for what only a page can do.
func Curl(e conformance.Exchange) string {
	if e.Method == onPage {
		return ""
	}
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
