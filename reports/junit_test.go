package reports_test

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/passkeylab/passkeylab/reports"
)

// element is the rule for one element of the schema. Attributes map to the pattern of their values; those whose name
// ends in "!" are required. Children must keep the order of the list when ordered is set.
type element struct {
	attributes map[string]string
	children   []string
	ordered    bool
	text       bool
}

const (
	anyText = `(?s).*`
	number  = `[0-9]+`
	time3   = `[0-9]+\.[0-9]{3}`
)

// junit10 is the shape of Jenkins' junit-10 schema, with the order that the older schemas ask for on top of it.
func junit10() map[string]element {
	problem := element{attributes: map[string]string{"message": anyText, "type": anyText}, text: true}
	return map[string]element{
		"testsuites": {
			attributes: map[string]string{"name": anyText, "tests": number, "failures": number, "errors": number, "time": time3},
			children:   []string{"testsuite"}, ordered: true,
		},
		"testsuite": {
			attributes: map[string]string{
				"name!": `.+`, "tests!": number, "failures!": number, "errors!": number, "skipped": number, "time": time3,
				"timestamp": `\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d`, "hostname": `.+`, "package": anyText,
			},
			children: []string{"properties", "testcase", "system-out", "system-err"}, ordered: true,
		},
		"testcase": {
			attributes: map[string]string{"name!": `(?s).+`, "classname": `[\pL\pN.-]+`, "time": time3},
			children:   []string{"skipped", "error", "failure", "system-out", "system-err"}, ordered: true,
		},
		"properties": {children: []string{"property"}},
		"property":   {attributes: map[string]string{"name!": `.+`, "value!": anyText}},
		"skipped":    problem, "error": problem, "failure": problem,
		"system-out": {text: true}, "system-err": {text: true},
	}
}

// withCaseProperties is junit10 with the properties of a testcase that CI servers read in practice.
func withCaseProperties() map[string]element {
	schema := junit10()
	testcase := schema["testcase"]
	testcase.children = append([]string{"properties"}, testcase.children...)
	schema["testcase"] = testcase
	return schema
}

// validate checks a document against a schema and its totals against what it holds.
func validate(document []byte, schema map[string]element) error {
	type open struct {
		name     string
		position int
		seen     map[string]int
	}
	stack := []open{{name: ""}}
	decoder := xml.NewDecoder(bytes.NewReader(document))
	for {
		token, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		top := &stack[len(stack)-1]
		switch token := token.(type) {
		case xml.StartElement:
			name := token.Name.Local
			if top.name == "" && name != "testsuites" {
				return fmt.Errorf("the root is %s", name)
			}
			if parent, ok := schema[top.name]; ok {
				position := slices.Index(parent.children, name)
				if position < 0 {
					return fmt.Errorf("%s is not allowed in %s", name, top.name)
				}
				if parent.ordered && position < top.position {
					return fmt.Errorf("%s comes too late in %s", name, top.name)
				}
				top.position = position
				if top.seen[name]++; top.seen[name] > 1 && !slices.Contains([]string{"testsuite", "testcase", "property"}, name) {
					return fmt.Errorf("%s has more than one %s", top.name, name)
				}
			}
			if err := checkAttributes(token, schema[name].attributes); err != nil {
				return err
			}
			stack = append(stack, open{name: name, seen: map[string]int{}})
		case xml.EndElement:
			stack = stack[:len(stack)-1]
		case xml.CharData:
			if rule, ok := schema[top.name]; ok && !rule.text && len(bytes.TrimSpace(token)) > 0 {
				return fmt.Errorf("text in %s", top.name)
			}
		}
	}
}

func checkAttributes(start xml.StartElement, rules map[string]string) error {
	seen := map[string]bool{}
	for _, attribute := range start.Attr {
		name := attribute.Name.Local
		pattern, ok := rules[name]
		if !ok {
			pattern, ok = rules[name+"!"]
		}
		if !ok {
			return fmt.Errorf("%s has no attribute %s", start.Name.Local, name)
		}
		if !regexp.MustCompile(`^(?:` + pattern + `)$`).MatchString(attribute.Value) {
			return fmt.Errorf("%s of %s is %q", name, start.Name.Local, attribute.Value)
		}
		seen[name] = true
	}
	for name := range rules {
		if required, ok := strings.CutSuffix(name, "!"); ok && !seen[required] {
			return fmt.Errorf("%s lacks %s", start.Name.Local, required)
		}
	}
	return nil
}

// counts is what the totals of a document should be, counted from its testcases.
type counts struct{ tests, failures, errors, skipped int }

func countCases(cases []xmlCase) (c counts) {
	for _, one := range cases {
		c.tests++
		if one.Failure != nil {
			c.failures++
		}
		if one.Error != nil {
			c.errors++
		}
		if one.Skipped != nil {
			c.skipped++
		}
	}
	return c
}

type xmlCase struct {
	Name                    string    `xml:"name,attr"`
	Failure, Error, Skipped *struct{} `xml:"-"`
	Inner                   string    `xml:",innerxml"`
}

func (c *xmlCase) fill() {
	for _, mark := range []struct {
		tag string
		to  **struct{}
	}{{"<failure ", &c.Failure}, {"<error ", &c.Error}, {"<skipped ", &c.Skipped}} {
		if strings.Contains(c.Inner, mark.tag) {
			*mark.to = &struct{}{}
		}
	}
}

func checkTotals(document []byte) error {
	var doc struct {
		Tests    int `xml:"tests,attr"`
		Failures int `xml:"failures,attr"`
		Errors   int `xml:"errors,attr"`
		Suites   []struct {
			Name     string    `xml:"name,attr"`
			Tests    int       `xml:"tests,attr"`
			Failures int       `xml:"failures,attr"`
			Errors   int       `xml:"errors,attr"`
			Skipped  int       `xml:"skipped,attr"`
			Cases    []xmlCase `xml:"testcase"`
		} `xml:"testsuite"`
	}
	if err := xml.Unmarshal(document, &doc); err != nil {
		return err
	}
	var all counts
	for _, suite := range doc.Suites {
		for i := range suite.Cases {
			suite.Cases[i].fill()
		}
		c := countCases(suite.Cases)
		if said := (counts{suite.Tests, suite.Failures, suite.Errors, suite.Skipped}); said != c {
			return fmt.Errorf("suite %s says %+v and holds %+v", suite.Name, said, c)
		}
		all.tests, all.failures, all.errors = all.tests+c.tests, all.failures+c.failures, all.errors+c.errors
	}
	if said := (counts{tests: doc.Tests, failures: doc.Failures, errors: doc.Errors}); said != all {
		return fmt.Errorf("the whole says %+v and holds %+v", said, all)
	}
	return nil
}

func TestJUnitIsValid(t *testing.T) {
	nasty := refused()
	nasty.ID, nasty.Group = "NASTY-01", "<&\"'> ]]> \x00\ufffe\xff"
	nasty.Title = "line\nbreak \x1b[1mbold\x1b[0m ]]> & <tag> \x07\ud7ff"
	nasty.Failure.Message = "]]><![CDATA[ \xc3\x28 \x0b"
	nasty.Duration = -time.Second
	unknown := registered()
	unknown.State = "whatever"
	long := registered()
	long.Duration = 1234567 * time.Second
	runs := map[string]reports.Run{
		"each state": smallRun(),
		"many":       largeRun(60),
		"empty":      {},
		"no names":   {Results: []reports.Result{{}}},
		"nasty":      {Suite: "\x01", Results: []reports.Result{nasty, unknown, long}, Versions: map[string]string{"host": "ci-7"}},
	}
	for name, run := range runs {
		for style, write := range map[string]func(io.Writer, reports.Run) error{"usual": reports.JUnit, "strict": reports.JUnitStrict} {
			t.Run(name+" "+style, func(t *testing.T) {
				schema := withCaseProperties()
				if style == "strict" {
					schema = junit10()
				}
				var b bytes.Buffer
				if err := write(&b, run); err != nil {
					t.Fatal(err)
				}
				if err := validate(b.Bytes(), schema); err != nil {
					t.Errorf("%v in\n%s", err, b.String())
				}
				if err := checkTotals(b.Bytes()); err != nil {
					t.Error(err)
				}
				wellFormed(t, b.Bytes())
			})
		}
	}
}

// wellFormed asks a second parser, where there is one.
func wellFormed(t *testing.T, document []byte) {
	t.Helper()
	path, err := exec.LookPath("xmllint")
	if err != nil {
		return
	}
	command := exec.Command(path, "--noout", "-")
	command.Stdin = bytes.NewReader(document)
	if out, err := command.CombinedOutput(); err != nil {
		t.Errorf("xmllint: %v\n%s", err, out)
	}
}

// The validator itself must be able to say no.
func TestValidatorRefuses(t *testing.T) {
	for name, document := range map[string]string{
		"other root":       `<testsuite name="a" tests="0" failures="0" errors="0"/>`,
		"unknown child":    `<testsuites><testsuite name="a" tests="0" failures="0" errors="0"><junk/></testsuite></testsuites>`,
		"wrong order":      `<testsuites><testsuite name="a" tests="1" failures="0" errors="0"><testcase name="x"/><properties/></testsuite></testsuites>`,
		"missing count":    `<testsuites><testsuite name="a" tests="0" failures="0"/></testsuites>`,
		"bad time":         `<testsuites time="1,5s"/>`,
		"zone in time":     `<testsuites><testsuite name="a" tests="0" failures="0" errors="0" timestamp="2026-03-02T09:30:00Z"/></testsuites>`,
		"case properties":  `<testsuites><testsuite name="a" tests="1" failures="0" errors="0"><testcase name="x"><properties/></testcase></testsuite></testsuites>`,
		"two failures":     `<testsuites><testsuite name="a" tests="1" failures="1" errors="0"><testcase name="x"><failure/><failure/></testcase></testsuite></testsuites>`,
		"text in suite":    `<testsuites><testsuite name="a" tests="0" failures="0" errors="0">hello</testsuite></testsuites>`,
		"illegal XML char": "<testsuites name=\"\x01\"/>",
	} {
		if err := validate([]byte(document), junit10()); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
	wrong := `<testsuites tests="1" failures="0" errors="0"><testsuite name="a" tests="1" failures="0" errors="0" skipped="0"><testcase name="x"><failure message="no"/></testcase></testsuite></testsuites>`
	if checkTotals([]byte(wrong)) == nil {
		t.Error("wrong totals: accepted")
	}
}

func TestJUnitStates(t *testing.T) {
	for state, want := range map[reports.State]string{
		reports.Passed: "", reports.Advised: "", reports.Skipped: "skipped", reports.Failed: "failure",
		reports.Aborted: "error", reports.Inconclusive: "error", "unheard of": "error",
	} {
		var b bytes.Buffer
		run := reports.Run{Results: []reports.Result{{ID: "X", State: state, Reason: "because"}}}
		if err := reports.JUnit(&b, run); err != nil {
			t.Fatal(err)
		}
		for _, tag := range []string{"skipped", "failure", "error"} {
			if got := strings.Contains(b.String(), "<"+tag+" "); got != (tag == want) {
				t.Errorf("%s: element %s present: %s", state, tag, strconv.FormatBool(got))
			}
		}
		if want != "" && !strings.Contains(b.String(), `message="because"`) {
			t.Errorf("%s: the reason is missing in\n%s", state, b.String())
		}
	}
}

func FuzzJUnit(f *testing.F) {
	f.Add("WP-01", "title", "group", "message", int64(5))
	f.Add("", "\x00\x1b[31m", "]]>", "<![CDATA[", int64(-1))
	f.Fuzz(func(t *testing.T, id, title, group, message string, took int64) {
		run := reports.Run{Suite: group, Results: []reports.Result{{
			ID: id, Title: title, Group: group, State: reports.Failed, Duration: time.Duration(took),
			Failure: &reports.Failure{Message: message}, Steps: []reports.Step{{Text: message}}, Reproduce: title,
		}}}
		var b bytes.Buffer
		if err := reports.JUnit(&b, run); err != nil {
			t.Fatal(err)
		}
		decoder := xml.NewDecoder(&b)
		for {
			if _, err := decoder.Token(); errors.Is(err, io.EOF) {
				break
			} else if err != nil {
				t.Fatal(err)
			}
		}
	})
}
