package reports

import "time"

// Run is everything that one run of one suite, or several merged runs, found.
type Run struct {
	Suite    string            `json:"suite"`              // Suite is what ran, for example "journeys".
	Subject  string            `json:"subject,omitempty"`  // Subject is what was under test, for example "reference RP".
	Tool     string            `json:"tool"`               // Tool is the program that ran it, with its version.
	Edition  string            `json:"edition,omitempty"`  // Edition is the specification that was tested against.
	Seed     int64             `json:"seed"`               // Seed reproduces the order and the randomness of the run.
	Started  time.Time         `json:"started"`            // Started is when the run began.
	Duration time.Duration     `json:"durationNs"`         // Duration is the wall-clock length of the run, in nanoseconds in JSON.
	Versions map[string]string `json:"versions,omitempty"` // Versions are those of browser, go, passkeylab and whatever else matters.
	Notes    []string          `json:"notes,omitempty"`    // Notes are things worth knowing about the whole run, such as a browser that differs from the known one.
	Command  string            `json:"command,omitempty"`  // Command is the line that started the run.

	// Interrupted says that the run was ended before its time (Ctrl-C, a time limit): what is missing was never run.
	Interrupted bool     `json:"interrupted,omitempty"`
	Unused      []string `json:"unused,omitempty"` // Unused are patterns of failures that were expected and did not happen; they fail a run.
	Since       *Since   `json:"since,omitempty"`  // Since is how it differs from an earlier run, when it was compared with one.
	Results     []Result `json:"results"`          // Results has one entry for each journey or case, in the order in which they ran.
}

// State is how one journey or case ended.
type State string

// The states. Only Passed and Advised are good news; Skipped is no news; the other three fail a run.
const (
	Passed       State = "passed"       // Passed: what was claimed was seen.
	Failed       State = "failed"       // Failed: something else was seen than was claimed.
	Skipped      State = "skipped"      // Skipped: not run, with a reason in words.
	Inconclusive State = "inconclusive" // Inconclusive: the honest control did not hold, so nothing was proved.
	Advised      State = "advised"      // Advised: passed, with advice that the subject is free to ignore.
	Aborted      State = "aborted"      // Aborted: the tool could not finish: set-up, a panic, an interruption.
)

// States lists every state, worst first: the order in which reports present them.
func States() []State {
	return []State{Failed, Aborted, Inconclusive, Advised, Passed, Skipped}
}

// Result is what one journey or case found.
type Result struct {
	ID       string   `json:"id"`                 // ID is the stable id, for example "WP-01" or a path of words.
	Title    string   `json:"title"`              // Title is the sentence that the journey claims.
	Group    string   `json:"group,omitempty"`    // Group is the chapter it belongs to, for example "Wrong provider".
	Labels   []string `json:"labels,omitempty"`   // Labels are those it can be selected by.
	Priority string   `json:"priority,omitempty"` // Priority is for example "essential".
	Driver   string   `json:"driver,omitempty"`   // Driver is the way to the authenticator: "devtools", "bridge", "api", "hybrid".
	Journey  string   `json:"journey,omitempty"`  // Journey is the family that it is compared with over other drivers; ID when empty.
	Location string   `json:"location,omitempty"` // Location is file:line of the journey.

	Repetition int `json:"repetition,omitempty"` // Repetition counts from 1 what ran several times; 0 for what ran once.

	State    State         `json:"state"`
	Reason   string        `json:"reason,omitempty"`  // Reason says why it was skipped, or inconclusive.
	Started  time.Time     `json:"started,omitzero"`  // Started is when it began; zero when it never did.
	Duration time.Duration `json:"durationNs"`        // Duration is how long it took, in nanoseconds in JSON.
	Process  int           `json:"process,omitempty"` // Process is the number of the parallel process that ran it, from 1.

	Steps        []Step         `json:"steps,omitempty"`
	Failure      *Failure       `json:"failure,omitempty"`      // Failure is set when State is Failed or Aborted, and may be when Inconclusive.
	Pictures     []Picture      `json:"pictures,omitempty"`     // Pictures belong to the journey and to no step.
	Shots        []Shot         `json:"shots,omitempty"`        // Shots are for the gallery, which alone shows them.
	Attachments  []Attachment   `json:"attachments,omitempty"`  // Attachments are files beside the report.
	Console      []ConsoleEntry `json:"console,omitempty"`      // Console is what the page's console said.
	Network      []NetworkEntry `json:"network,omitempty"`      // Network is what the page asked for.
	Ceremonies   []Ceremony     `json:"ceremonies,omitempty"`   // Ceremonies are the registrations and authentications, decoded.
	Ended        *PageView      `json:"ended,omitempty"`        // Ended is what the page showed at the end.
	SavedIn      []string       `json:"savedIn,omitempty"`      // SavedIn names the providers that hold a passkey of it at the end, strays included.
	Codes        []string       `json:"codes,omitempty"`        // Codes are the refusal codes that the relying party spoke of, sorted.
	Cannot       []Inability    `json:"cannot,omitempty"`       // Cannot lists the drivers that cannot express it.
	Observations []string       `json:"observations,omitempty"` // Observations are worth telling and no failure.
	Clauses      []string       `json:"clauses,omitempty"`      // Clauses are those of the specification that it tests.
	CVEs         []string       `json:"cves,omitempty"`         // CVEs are published vulnerabilities of this kind, or issues of projects.
	Fix          string         `json:"fix,omitempty"`          // Fix is one sentence on what to do about a failure.
	Expected     string         `json:"expected,omitempty"`     // Expected says why it was known that it would fail; it did, and counts as advised.
	Exchanges    []Exchange     `json:"exchanges,omitempty"`    // Exchanges are what a case and its subject said to each other, in order.
	Reproduce    string         `json:"reproduce,omitempty"`    // Reproduce is the one line that runs it alone, again.
}

// Inability says why a driver cannot express a journey.
type Inability struct {
	Driver string `json:"driver"`
	Reason string `json:"reason"` // Reason is a sentence for the reader.
}

// Step is one thing that a person did or saw.
type Step struct {
	Text       string        `json:"text"`
	At         time.Time     `json:"at,omitzero"`          // At is when the step began.
	Duration   time.Duration `json:"durationNs,omitempty"` // Duration is zero when it was not measured.
	State      State         `json:"state,omitempty"`      // State is Passed when empty.
	Screenshot *Picture      `json:"screenshot,omitempty"` // Screenshot is what the page showed after it.
	Views      []View        `json:"views,omitempty"`      // Views are what everything in sight showed after it, side by side.
	Note       string        `json:"note,omitempty"`       // Note is a remark below the step.
}

// Failure says what went wrong in the words of the person who will read it.
type Failure struct {
	Step     string    `json:"step,omitempty"`     // Step is the text of the step that failed.
	Expected string    `json:"expected,omitempty"` // Expected is what should have been.
	Got      string    `json:"got,omitempty"`      // Got is what was.
	Page     *PageView `json:"page,omitempty"`     // Page is what the browser showed at that moment.
	Message  string    `json:"message"`            // Message is the complete text of the failure.
	Location string    `json:"location,omitempty"` // Location is file:line of the assertion.
	Evidence []string  `json:"evidence,omitempty"` // Evidence are paths beside the report: picture, page source, trace.
}

// PageView is what a page showed, in a few words.
type PageView struct {
	URL     string `json:"url,omitempty"`
	Title   string `json:"title,omitempty"`   // Title is the document's title.
	Heading string `json:"heading,omitempty"` // Heading is the text of its h1.
	Step    string `json:"step,omitempty"`    // Step is data-step of main, for example "S7".
	Code    string `json:"code,omitempty"`    // Code is data-code, for example "policy.provider_not_allowed".
}

// Picture is an image beside the report. Its Path is relative to the folder of the report and uses slashes.
type Picture struct {
	Path      string `json:"path"`
	Caption   string `json:"caption,omitempty"`
	MediaType string `json:"mediaType,omitempty"` // MediaType is image/jpeg when empty.
	Width     int    `json:"width,omitempty"`     // Width is in pixels; zero when unknown.
	Height    int    `json:"height,omitempty"`    // Height is in pixels; zero when unknown.
}

// Attachment is any other file beside the report. Its Path is relative to the folder of the report and uses slashes.
type Attachment struct {
	Name      string `json:"name"`
	Path      string `json:"path"`
	MediaType string `json:"mediaType,omitempty"`
}

// ConsoleEntry is one line of the page's console, or an uncaught exception.
type ConsoleEntry struct {
	At     time.Time `json:"at,omitzero"`
	Level  string    `json:"level"` // Level is "log", "info", "warning", "error" or "exception".
	Text   string    `json:"text"`
	Source string    `json:"source,omitempty"` // Source is url:line:column.
}

// NetworkEntry is one request of the page.
type NetworkEntry struct {
	At        time.Time     `json:"at,omitzero"`
	Method    string        `json:"method"`
	URL       string        `json:"url"`
	Status    int           `json:"status,omitempty"` // Status is zero when no response came.
	Duration  time.Duration `json:"durationNs,omitempty"`
	Kind      string        `json:"kind,omitempty"`      // Kind is the browser's word: document, fetch, script, stylesheet, image.
	Error     string        `json:"error,omitempty"`     // Error says why no response came.
	RequestID string        `json:"requestID,omitempty"` // RequestID is the relying party's own, to find it in the server log.
	Body      string        `json:"body,omitempty"`      // Body is the redacted response body, when it was kept.
}

// Bad says whether the request failed: no response, or a status of 400 or more.
func (n NetworkEntry) Bad() bool { return n.Error != "" || n.Status >= 400 }

// Bad says whether the entry is an error or an uncaught exception.
func (c ConsoleEntry) Bad() bool { return c.Level == "error" || c.Level == "exception" }
