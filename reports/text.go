package reports

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"unicode"
)

// ansi matches terminal escape sequences, which libraries put into their messages and which no report can show.
var ansi = regexp.MustCompile("\x1b(?:\\[[0-9;?]*[ -/]*[@-~]|\\][^\x07\x1b]*(?:\x07|\x1b\\\\)|[@-Z\\\\-_])")

// legal removes terminal colours and replaces what XML 1.0 §2.2 does not allow, broken UTF-8 included, by U+FFFD.
func legal(text string) string {
	text = ansi.ReplaceAllString(text, "")
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\t', r == '\n', r == '\r':
			return r
		case r < 0x20, r >= 0xD800 && r <= 0xDFFF, r == 0xFFFE, r == 0xFFFF:
			return unicode.ReplacementChar
		}
		return r
	}, text)
}

// slug turns a name into lower-case words joined by hyphens.
func slug(name string) string {
	words := strings.FieldsFunc(strings.ToLower(name), func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r)
	})
	return strings.Join(words, "-")
}

// versions are in the order of their names; those that nobody knew are left out.
func versions(run Run) []Field {
	var fields []Field
	for _, name := range slices.Sorted(maps.Keys(run.Versions)) {
		if version := run.Versions[name]; version != "" {
			fields = append(fields, Field{name, version})
		}
	}
	return fields
}

// headline says in one sentence why a result is not good.
func headline(result Result) string {
	f := result.Failure
	switch {
	case f == nil:
		return firstOf(result.Reason, "no message was recorded")
	case f.Expected != "" && f.Got != "":
		return prefixed(f.Step, "expected "+f.Expected+", got "+f.Got)
	}
	return prefixed(f.Step, firstOf(f.Message, result.Reason, "no message was recorded"))
}

func prefixed(step, text string) string {
	if step == "" {
		return text
	}
	return "at “" + step + "”: " + text
}

// failureLines is the whole story of a bad result, for text outputs.
func failureLines(result Result) []string {
	var lines []string
	add := func(name, value string) {
		if value != "" {
			lines = append(lines, fmt.Sprintf("%-11s%s", name+":", strings.ReplaceAll(value, "\n", "\n           ")))
		}
	}
	if f := result.Failure; f != nil {
		add("step", f.Step)
		add("expected", f.Expected)
		add("got", f.Got)
		add("page", pageLine(f.Page))
		if !f.saysItAll() {
			add("message", f.Message)
		}
		add("where", f.Location)
	}
	add("reason", result.Reason)
	if result.Fix != "" { // of a case: journeys are repaired by reading them
		add("clause", strings.Join(result.Clauses, ", "))
		add("fix", result.Fix)
	}
	add("known as", strings.Join(result.CVEs, ", "))
	for _, path := range bestEvidence(result) {
		add("evidence", path)
	}
	add("reproduce", result.Reproduce)
	return lines
}

// saysItAll reports whether Expected and Got leave nothing for Message to add.
func (f *Failure) saysItAll() bool {
	return f.Expected != "" && f.Got != "" &&
		(strings.Contains(f.Expected+f.Got, f.Message) || strings.Contains(f.Message, f.Expected) && strings.Contains(f.Message, f.Got))
}

// pageLine tells what a page showed: “Wrong place” (E2, policy.provider_not_allowed) at https://….
func pageLine(page *PageView) string {
	if page == nil {
		return ""
	}
	var marks []string
	for _, mark := range []string{page.Step, page.Code} {
		if mark != "" {
			marks = append(marks, mark)
		}
	}
	var parts []string
	if name := firstOf(page.Heading, page.Title); name != "" {
		parts = append(parts, "“"+name+"”")
	}
	if len(marks) > 0 {
		parts = append(parts, "("+strings.Join(marks, ", ")+")")
	}
	if page.URL != "" {
		parts = append(parts, "at "+page.URL)
	}
	return strings.Join(parts, " ")
}

// evidence lists every file that belongs to a result, each once: first what its failure names.
func evidence(result Result) []string {
	var paths []string
	if result.Failure != nil {
		paths = appendNew(paths, result.Failure.Evidence...)
	}
	for _, step := range result.Steps {
		for _, picture := range step.pictures() {
			paths = appendNew(paths, picture.Path)
		}
	}
	for _, picture := range result.Pictures {
		paths = appendNew(paths, picture.Path)
	}
	for _, attachment := range result.Attachments {
		paths = appendNew(paths, attachment.Path)
	}
	return paths
}

// bestEvidence is what the failure itself names or else, since it is where people look first, the pictures of the last step
// that has any.
func bestEvidence(result Result) []string {
	if result.Failure != nil && len(result.Failure.Evidence) > 0 {
		return result.Failure.Evidence
	}
	for _, step := range slices.Backward(result.Steps) {
		var paths []string
		for _, picture := range step.pictures() {
			paths = append(paths, picture.Path)
		}
		if len(paths) > 0 {
			return paths
		}
	}
	return nil
}

// outLines are the steps, ceremonies and observations of a result as a log.
func outLines(result Result) []string {
	var lines []string
	for i, step := range result.Steps {
		line := fmt.Sprintf("%2d. %s %s", i+1, mark(step.State), step.Text)
		if step.Duration > 0 {
			line += " (" + short(step.Duration) + ")"
		}
		if step.Note != "" {
			line += " – " + step.Note
		}
		lines = append(lines, line)
		for _, view := range step.looks() {
			if words := view.words(); words != "" {
				lines = append(lines, "      "+view.Name+": "+words)
			}
		}
	}
	for _, ceremony := range result.Ceremonies {
		lines = append(lines, "ceremony: "+ceremonyLine(ceremony))
		if revealed := ceremony.RevealedToPage; revealed != nil {
			lines = append(lines, "revealed to the page: "+revealed.line())
		}
	}
	for _, observation := range result.Observations {
		lines = append(lines, "observed: "+observation)
	}
	return append(lines, talkLines(result)...)
}

// talkLines are what a bad result's case and its subject said to each other.
func talkLines(result Result) []string {
	if !result.State.Bad() {
		return nil
	}
	var lines []string
	for _, e := range result.Exchanges {
		mark := map[string]string{"request": "> ", "response": "< "}[e.Direction]
		line := mark + e.Title
		if e.Purpose != "" {
			line += " (" + e.Purpose + ")"
		}
		lines = append(lines, line)
		for _, text := range append(slices.Clone(e.Head), e.Text, e.Problem) {
			if text != "" {
				lines = append(lines, mark+"  "+clip(text, 4000))
			}
		}
	}
	return lines
}

// badLines are the errors of console and network.
func badLines(result Result) []string {
	var lines []string
	for _, entry := range result.Console {
		if entry.Bad() {
			lines = append(lines, strings.TrimSpace("console "+entry.Level+": "+entry.Text+" "+entry.Source))
		}
	}
	for _, entry := range result.Network {
		if entry.Bad() {
			lines = append(lines, fmt.Sprintf("network: %s %s %s", entry.Method, entry.URL, networkOutcome(entry)))
		}
	}
	return lines
}

func networkOutcome(entry NetworkEntry) string {
	if entry.Error != "" {
		return entry.Error
	}
	if entry.Status == 0 {
		return "no response"
	}
	return fmt.Sprint(entry.Status)
}

// ceremonyLine is for example: registration with Google Password Manager, UP UV BE BS AT, attestation none: refused.
func ceremonyLine(c Ceremony) string {
	line := c.Kind
	if a := c.Authenticator; a != nil {
		if a.Provider != "" {
			line += " with " + a.Provider
		}
		var set []string
		for _, flag := range a.Flags {
			if flag.Set {
				set = append(set, flag.Name)
			}
		}
		line += ", flags " + firstOf(strings.Join(set, " "), "none")
	}
	if c.Attestation != nil {
		line += ", attestation " + c.Attestation.Format
	}
	if c.Outcome != "" {
		line += ": " + c.Outcome
	}
	return line
}

// mark is one character for the state of a step.
func mark(state State) string {
	switch state {
	case Passed, "":
		return "✓"
	case Skipped:
		return "–"
	case Advised:
		return "!"
	case Inconclusive:
		return "?"
	}
	return "✗"
}

// line is all of it but the time: NotAllowedError “The operation timed out.” or OK, cross-platform, hybrid internal, AAGUID ea9b….
func (r Revealed) line() string {
	parts := []string{firstOf(r.Outcome, "nothing yet")}
	if r.Message != "" {
		parts[0] += " “" + r.Message + "”"
	}
	if r.Attachment != "" {
		parts = append(parts, r.Attachment)
	}
	if len(r.Transports) > 0 {
		parts = append(parts, strings.Join(r.Transports, " "))
	}
	if r.AAGUID != "" {
		parts = append(parts, "AAGUID "+r.AAGUID)
	}
	return strings.Join(parts, ", ")
}
