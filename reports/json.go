package reports

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// format is the word at the head of a stored run, so that any other JSON is refused with a clear message.
const format = "passkeylab-run/1"

// document is the stored shape: the run's own members beside the format.
type document struct {
	Format string `json:"format"`
	Run
}

// JSON writes the run as indented JSON, the form that [Read] reads.
func JSON(w io.Writer, run Run) error {
	if run.Results == nil {
		run.Results = []Result{}
	}
	encoder := json.NewEncoder(w)
	encoder.SetIndent("", "  ")
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(document{Format: format, Run: run}); err != nil {
		return fmt.Errorf("reports: write JSON: %w", err)
	}
	return nil
}

// FormatError says why a file is not a stored run.
type FormatError struct {
	Offset int64  // Offset is where, in bytes, reading stopped; zero when the place does not matter.
	Why    string // Why says what is wrong and what to do.
	Err    error  // Err is the cause, if there is one.
}

// Error implements error.
func (e *FormatError) Error() string {
	text := "reports: read run: " + e.Why
	if e.Offset > 0 {
		text += fmt.Sprintf(" (near byte %d)", e.Offset)
	}
	if e.Err != nil {
		text += ": " + e.Err.Error()
	}
	return text
}

// Unwrap returns the cause.
func (e *FormatError) Unwrap() error { return e.Err }

// Read reads a run that [JSON] wrote. Anything else gives a *[FormatError]: other formats, unknown members,
// unknown states, results without an id, or text after the end. A failure of r itself is returned as it is, wrapped.
func Read(r io.Reader) (Run, error) {
	data, err := io.ReadAll(r)
	if err != nil {
		return Run{}, fmt.Errorf("reports: read run: %w", err)
	}
	if err := checkFormat(data); err != nil {
		return Run{}, err
	}
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.DisallowUnknownFields()
	var doc document
	if err := decoder.Decode(&doc); err != nil {
		return Run{}, &FormatError{Offset: decoder.InputOffset(), Why: "the file does not have the members of a run; was it edited, or written by a newer edition?", Err: err}
	}
	if decoder.More() {
		return Run{}, &FormatError{Offset: decoder.InputOffset(), Why: "there is more text after the end of the run; merge runs with Merge, do not concatenate files"}
	}
	return doc.Run, checkResults(doc.Run)
}

// checkFormat looks at the format alone, so that a file of another kind is told apart from a damaged one.
func checkFormat(data []byte) error {
	if len(bytes.TrimSpace(data)) == 0 {
		return &FormatError{Why: "the file is empty; the run that should have written it did not finish"}
	}
	var head struct {
		Format string `json:"format"`
	}
	if err := json.NewDecoder(bytes.NewReader(data)).Decode(&head); err != nil {
		var syntax *json.SyntaxError
		if errors.As(err, &syntax) {
			return &FormatError{Offset: syntax.Offset, Why: "this is not JSON", Err: err}
		}
		return &FormatError{Why: "the JSON ends early, or is not an object with a format", Err: err}
	}
	switch head.Format {
	case format:
		return nil
	case "":
		return &FormatError{Why: fmt.Sprintf("there is no %q member that says %q, so this is some other JSON", "format", format)}
	}
	return &FormatError{Why: fmt.Sprintf("the format is %q; this edition reads %q", head.Format, format)}
}

func checkResults(run Run) error {
	for i, result := range run.Results {
		if result.ID == "" {
			return &FormatError{Why: fmt.Sprintf("result %d (%q) has no id", i+1, result.Title)}
		}
		if !result.State.known() {
			return &FormatError{Why: fmt.Sprintf("result %s has the unknown state %q; known are %v", result.ID, result.State, States())}
		}
	}
	return nil
}

func (s State) known() bool {
	for _, known := range States() {
		if s == known {
			return true
		}
	}
	return false
}
