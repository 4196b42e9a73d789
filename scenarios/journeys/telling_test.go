package journeys

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/onsi/ginkgo/v2"
	"github.com/onsi/gomega/format"
	"github.com/onsi/gomega/types"

	"github.com/passkeylab/passkeylab/harness/browser"
	"github.com/passkeylab/passkeylab/harness/trace"
	"github.com/passkeylab/passkeylab/reports"
)

// Telling records a journey as it is told: its steps, their pictures, and, if
// it fails, which step failed, what was expected and what the page showed.
type Telling struct {
	place   string // the unique name of its stage and of its folder of evidence
	result  reports.Result
	secrets *trace.Redactor // of the stage; nil before there is one knows the patterns only
	scene   scene
	phone   hand         // in the person's hand; nil before there is a stage
	calls   *browser.Spy // of navigator.credentials in the first window; nil without a browser
	ledger  *ledger      // of what happened outside the relying party
	survey  bool         // it comes by many screens for another reason than to tell of each: pictures and messages would hide that
	hush    int          // depth of steps within steps: only the outermost is told
}

// scene is what a telling looks at: it may be absent before a stage stands.
type scene interface {
	// picture takes a screenshot and returns where it lies, or nil when evidence is not wanted now.
	picture(ctx context.Context, name string) *reports.Picture
	// view says what the page shows, or nil when there is no page.
	view(ctx context.Context) *reports.PageView
	// beside are the steps that browser and phone took by themselves since the last call; develop fills them in.
	beside() []reports.Step
	// develop returns all steps of the journey with what browser and phone showed.
	develop(steps []reports.Step) []reports.Step
}

// Unexpected is an expectation that did not hold.
type Unexpected struct {
	What     string
	Expected string
	Got      string
}

func (e *Unexpected) Error() string {
	return fmt.Sprintf("%s: expected %s, got %s", e.What, e.Expected, e.Got)
}

// step tells one step and fails the journey, at the caller's line, when it
// does not come true. A step told inside another belongs to the outer one.
func (t *Telling) step(ctx context.Context, text string, do func(context.Context) error) {
	ginkgo.GinkgoHelper()
	if t.hush > 0 {
		if err := do(ctx); err != nil {
			t.fail(ctx, text, err)
		}
		return
	}
	started := time.Now()
	t.result.Steps = append(t.result.Steps, reports.Step{Text: text, At: started, State: reports.Failed})
	index := len(t.result.Steps) - 1
	t.hush++
	err := do(ctx)
	t.hush--
	took := time.Since(started)
	if t.scene != nil {
		t.result.Steps = append(t.result.Steps, t.scene.beside()...)
	}
	told := &t.result.Steps[index]
	told.Duration = took
	if err != nil {
		t.fail(ctx, text, err)
		return
	}
	told.State = reports.Passed
	if shown, ok := t.phone.(shower); ok {
		told.Views = append(told.Views, shown.Shows())
	}
	if t.scene != nil && !t.survey {
		told.Screenshot = t.scene.picture(ctx, fmt.Sprintf("%02d", index+1))
	}
}

// fail ends the journey with a message that can be understood at night: which
// step, what was expected, what the page showed, where the evidence is.
func (t *Telling) fail(ctx context.Context, text string, err error) {
	ginkgo.GinkgoHelper()
	failure := &reports.Failure{Step: text, Message: err.Error()}
	var unexpected *Unexpected
	if errors.As(err, &unexpected) {
		failure.Expected, failure.Got = unexpected.Expected, unexpected.Got
	}
	if t.scene != nil {
		// The journey's own context may be what ended: evidence gets a short one of its own.
		evidence, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
		defer cancel()
		failure.Page = t.scene.view(evidence)
		if picture := t.scene.picture(evidence, failurePicture); picture != nil {
			failure.Evidence = append(failure.Evidence, picture.Path)
			t.result.Pictures = append(t.result.Pictures, *picture)
		}
	}
	t.result.Failure = failure
	ginkgo.Fail(message(failure))
}

func message(f *reports.Failure) string {
	var b strings.Builder
	fmt.Fprintf(&b, "step:     %s\n", f.Step)
	if f.Expected != "" {
		fmt.Fprintf(&b, "expected: %s\ngot:      %s\n", f.Expected, f.Got)
	}
	if f.Expected == "" || !strings.Contains(f.Message, f.Expected) {
		fmt.Fprintf(&b, "error:    %s\n", f.Message)
	}
	if f.Page != nil {
		fmt.Fprintf(&b, "page:     %s %q at %s", orNone(f.Page.Step), f.Page.Heading, f.Page.URL)
		if f.Page.Code != "" {
			fmt.Fprintf(&b, " (code %s)", f.Page.Code)
		}
		b.WriteByte('\n')
	}
	for _, path := range f.Evidence {
		fmt.Fprintf(&b, "evidence: %s\n", path)
	}
	return strings.TrimRight(b.String(), "\n")
}

func orNone(s string) string {
	if s == "" {
		return "(no step)"
	}
	return s
}

// holds applies a matcher and returns an *Unexpected when it does not hold.
func holds(what string, actual any, matcher types.GomegaMatcher) error {
	ok, err := matcher.Match(actual)
	if err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	if ok {
		return nil
	}
	expected := matcher.FailureMessage(actual)
	got := strings.TrimSpace(format.Object(actual, 1))
	// The matcher's message repeats the actual value before its own words: the words are what is expected.
	if _, words, found := strings.Cut(expected, "\nto "); found {
		expected = "to " + words
	}
	return &Unexpected{What: what, Expected: strings.Join(strings.Fields(expected), " "), Got: brief(strings.Join(strings.Fields(got), " "))}
}

// failurePicture is the name of the picture taken when a step failed.
const failurePicture = "failure"

// longestGot is how much of a value a message shows: the text of a whole page
// stands in the picture beside it.
const longestGot = 400

// brief shortens a value from the middle, where a page's text matters least.
func brief(text string) string {
	letters := []rune(text)
	if len(letters) <= longestGot {
		return text
	}
	half := longestGot / 2
	return string(letters[:half]) + " … " + string(letters[len(letters)-half:])
}
