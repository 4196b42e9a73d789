package reports

import (
	"encoding/xml"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"
)

// JUnit writes the run as JUnit XML in the shape that CI servers read in practice: testsuites, one testsuite for each
// group, one testcase for each result, whose id, driver, labels and evidence are properties of the testcase. The name of a
// testcase has the driver in it, because one journey may be told over several.
//
// A failed result is a failure. An aborted or inconclusive one is an error: it tells about the run, not about the
// subject. An advised one passes, and its advice is in system-out. Everything but the properties of a testcase is
// inside the junit-10 schema of Jenkins; see [JUnitStrict] for a reader that enforces that schema.
func JUnit(w io.Writer, run Run) error { return writeJUnit(w, run, false) }

// JUnitStrict writes the same as [JUnit], valid against junit-10 to the letter. That schema knows no properties of a
// testcase, so they move to the head of system-out, one "[[PROPERTY|name=value]]" a line, as several readers accept.
func JUnitStrict(w io.Writer, run Run) error { return writeJUnit(w, run, true) }

type junitSuites struct {
	XMLName  xml.Name     `xml:"testsuites"`
	Name     string       `xml:"name,attr"`
	Tests    int          `xml:"tests,attr"`
	Failures int          `xml:"failures,attr"`
	Errors   int          `xml:"errors,attr"`
	Time     string       `xml:"time,attr"`
	Suites   []junitSuite `xml:"testsuite"`
}

type junitSuite struct {
	Name       string          `xml:"name,attr"`
	Tests      int             `xml:"tests,attr"`
	Failures   int             `xml:"failures,attr"`
	Errors     int             `xml:"errors,attr"`
	Skipped    int             `xml:"skipped,attr"`
	Time       string          `xml:"time,attr"`
	Timestamp  string          `xml:"timestamp,attr,omitempty"`
	Hostname   string          `xml:"hostname,attr"`
	Package    string          `xml:"package,attr,omitempty"`
	Properties *junitPropertys `xml:"properties"`
	Cases      []junitCase     `xml:"testcase"`
}

type junitPropertys struct {
	Property []junitProperty `xml:"property"`
}

type junitProperty struct {
	Name  string `xml:"name,attr"`
	Value string `xml:"value,attr"`
}

type junitCase struct {
	ClassName  string          `xml:"classname,attr"`
	Name       string          `xml:"name,attr"`
	Time       string          `xml:"time,attr"`
	Properties *junitPropertys `xml:"properties"`
	Skipped    *junitProblem   `xml:"skipped"`
	Error      *junitProblem   `xml:"error"`
	Failure    *junitProblem   `xml:"failure"`
	Out        *junitText      `xml:"system-out"`
	Err        *junitText      `xml:"system-err"`
}

type junitProblem struct {
	Message string `xml:"message,attr"`
	Type    string `xml:"type,attr,omitempty"`
	Text    string `xml:",cdata"`
}

type junitText struct {
	Text string `xml:",cdata"`
}

func writeJUnit(w io.Writer, run Run, strict bool) error {
	totals := Count(run)
	top := junitSuites{
		Name:     legal(run.Suite),
		Tests:    totals.All,
		Failures: totals.Failed,
		Errors:   totals.Aborted + totals.Inconclusive,
		Time:     seconds(run.Duration),
	}
	for _, group := range groups(run.Results) {
		top.Suites = append(top.Suites, suiteOf(run, group, strict))
	}
	if _, err := io.WriteString(w, xml.Header); err != nil {
		return fmt.Errorf("reports: write JUnit: %w", err)
	}
	encoder := xml.NewEncoder(w)
	encoder.Indent("", "  ")
	if err := encoder.Encode(top); err != nil {
		return fmt.Errorf("reports: write JUnit: %w", err)
	}
	if _, err := io.WriteString(w, "\n"); err != nil {
		return fmt.Errorf("reports: write JUnit: %w", err)
	}
	return nil
}

// group is the results of one chapter.
type group struct {
	name    string
	results []Result
}

// groups splits results by their Group, in the order in which groups first appear.
func groups(results []Result) []group {
	var list []group
	for _, result := range results {
		i := slices.IndexFunc(list, func(g group) bool { return g.name == result.Group })
		if i < 0 {
			list = append(list, group{name: result.Group})
			i = len(list) - 1
		}
		list[i].results = append(list[i].results, result)
	}
	return list
}

func suiteOf(run Run, g group, strict bool) junitSuite {
	totals := Count(Run{Results: g.results})
	suite := junitSuite{
		Name:       legal(firstOf(g.name, run.Suite, "suite")),
		Tests:      totals.All,
		Failures:   totals.Failed,
		Errors:     totals.Aborted + totals.Inconclusive,
		Skipped:    totals.Skipped,
		Time:       seconds(totals.Time),
		Hostname:   legal(firstOf(run.Versions["host"], "localhost")),
		Package:    legal(run.Suite),
		Properties: properties(runFields(run)),
	}
	// The older schemas forbid a zone in a timestamp, so it is UTC without one.
	if start := earliest(run.Started, g.results); !start.IsZero() {
		suite.Timestamp = start.UTC().Format("2006-01-02T15:04:05")
	}
	for _, result := range g.results {
		suite.Cases = append(suite.Cases, caseOf(run, result, strict))
	}
	return suite
}

func earliest(fallback time.Time, results []Result) time.Time {
	var first time.Time
	for _, result := range results {
		if !result.Started.IsZero() && (first.IsZero() || result.Started.Before(first)) {
			first = result.Started
		}
	}
	if first.IsZero() {
		return fallback
	}
	return first
}

func caseOf(run Run, result Result, strict bool) junitCase {
	c := junitCase{
		ClassName: className(run.Suite, result.Group),
		Name:      legal(firstOf(strings.TrimSpace(result.name()+" "+result.Title), "unnamed")),
		Time:      seconds(result.Duration),
		Err:       systemText(badLines(result)),
	}
	fields, out := caseFields(result), outLines(result)
	if strict {
		var head []string
		for _, field := range fields {
			if field.Value != "" {
				head = append(head, "[[PROPERTY|"+field.Name+"="+strings.Join(strings.Fields(field.Value), " ")+"]]")
			}
		}
		out = append(head, out...)
	} else {
		c.Properties = properties(fields)
	}
	c.Out = systemText(out)
	switch result.State {
	case Passed, Advised:
	case Skipped:
		c.Skipped = &junitProblem{Message: legal(result.Reason)}
	case Failed:
		c.Failure = problem(result)
	default:
		c.Error = problem(result)
	}
	return c
}

func problem(result Result) *junitProblem {
	return &junitProblem{
		Message: legal(oneLine(headline(result), 300)),
		Type:    string(shownState(result.State)),
		Text:    legal("\n" + strings.Join(failureLines(result), "\n") + "\n"),
	}
}

func runFields(run Run) []Field {
	fields := []Field{
		{"suite", run.Suite}, {"subject", run.Subject}, {"tool", run.Tool}, {"edition", run.Edition},
		{"seed", strconv.FormatInt(run.Seed, 10)}, {"command", run.Command},
	}
	for _, version := range versions(run) {
		fields = append(fields, Field{"version." + version.Name, version.Value})
	}
	for i, note := range run.Notes {
		fields = append(fields, Field{"note." + strconv.Itoa(i+1), note})
	}
	if run.Since != nil {
		fields = append(fields, Field{"since", run.Since.Started.UTC().Format(time.RFC3339) + ": " + run.Since.Phrase()})
	}
	if run.Interrupted {
		fields = append(fields, Field{"interrupted", "true"})
	}
	return fields
}

func caseFields(result Result) []Field {
	fields := []Field{
		{"id", result.ID}, {"journey", result.Journey}, {"driver", result.Driver}, {"priority", result.Priority}, {"state", string(shownState(result.State))},
		{"labels", strings.Join(result.Labels, ",")}, {"location", result.Location}, {"reproduce", result.Reproduce},
	}
	if result.Process > 0 {
		fields = append(fields, Field{"process", strconv.Itoa(result.Process)})
	}
	for _, clause := range result.Clauses {
		fields = append(fields, Field{"clause", clause})
	}
	for _, name := range result.CVEs {
		fields = append(fields, Field{"published", name})
	}
	for _, path := range evidence(result) {
		fields = append(fields, Field{"evidence", path})
	}
	return fields
}

// properties leaves out what is empty and is nil when nothing is left.
func properties(fields []Field) *junitPropertys {
	var list junitPropertys
	for _, field := range fields {
		if field.Value != "" {
			list.Property = append(list.Property, junitProperty{Name: legal(field.Name), Value: legal(field.Value)})
		}
	}
	if len(list.Property) == 0 {
		return nil
	}
	return &list
}

func systemText(lines []string) *junitText {
	if len(lines) == 0 {
		return nil
	}
	return &junitText{Text: legal("\n" + strings.Join(lines, "\n") + "\n")}
}

// className groups cases in the tree that CI servers draw by splitting at dots: "journeys.wrong-provider".
func className(suite, group string) string {
	parts := []string{firstOf(slug(suite), "suite")}
	if name := slug(group); name != "" {
		parts = append(parts, name)
	}
	return strings.Join(parts, ".")
}

// seconds prints a duration with three decimals and no sign, the only form that every schema allows.
func seconds(d time.Duration) string {
	return strconv.FormatFloat(max(d, 0).Seconds(), 'f', 3, 64)
}

func firstOf(values ...string) string {
	for _, value := range values {
		if value != "" {
			return value
		}
	}
	return ""
}
