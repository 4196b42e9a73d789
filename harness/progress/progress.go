// Package progress carries the news of a running suite from its test processes to the command that started them: which
// journey began, which ended and how.
//
// The wire is a Unix socket and one JSON object a line. The command listens and passes the socket's path in the
// environment; each test process dials it and writes an [Event] as things happen. Without a path there is nobody to tell,
// and a [Client] does nothing, so that a suite runs the same way under plain Ginkgo.
//
// News is a courtesy: a listener that is gone or slow never fails or delays a journey by more than one bounded write.
package progress

// Kind says what an Event tells.
type Kind string

// The kinds of events.
const (
	// Plan comes once, before the first journey, and carries Total.
	Plan Kind = "plan"
	// Start says that a journey began.
	Start Kind = "start"
	// End says that a journey ended, and how.
	End Kind = "end"
)

// State is how a journey ended, in Ginkgo's words.
type State string

// The states that a journey ends in.
const (
	Passed      State = "passed"
	Failed      State = "failed"
	Panicked    State = "panicked"
	TimedOut    State = "timedout"
	Interrupted State = "interrupted"
	Aborted     State = "aborted"
	Skipped     State = "skipped"
	Pending     State = "pending"
)

// Bad reports whether the state makes the run fail.
func (s State) Bad() bool {
	switch s {
	case Failed, Panicked, TimedOut, Interrupted, Aborted:
		return true
	}
	return false
}

// Event is one line on the wire.
type Event struct {
	// Event is the kind of news.
	Event Kind `json:"event"`
	// ID is the journey's id, "WP-01".
	ID string `json:"id,omitempty"`
	// Title is the journey's sentence.
	Title string `json:"title,omitempty"`
	// State is set at the end.
	State State `json:"state,omitempty"`
	// Seconds is how long the journey took, set at the end.
	Seconds float64 `json:"seconds,omitempty"`
	// Step is the step that failed.
	Step string `json:"step,omitempty"`
	// Message says why it failed or was skipped.
	Message string `json:"message,omitempty"`
	// Evidence is the path of what was kept of a failure: a picture, a trace, a folder.
	Evidence string `json:"evidence,omitempty"`
	// Rerun is the command line that runs this journey again the same way.
	Rerun string `json:"rerun,omitempty"`
	// Total is how many journeys will run in all processes together; 0 where that is not known.
	Total int `json:"total,omitempty"`
	// Process is the test process, counted from 1.
	Process int `json:"process,omitempty"`
}
