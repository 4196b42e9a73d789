package page

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/passkeylab/passkeylab/harness/browser"
)

// patience bounds every wait for the page. It is generous because a journey
// waits only as long as it must: a wait that ends here is a failure.
const patience = 15 * time.Second

// beat is how often a wait looks again.
const beat = 25 * time.Millisecond

// Screen is what the page shows at one moment, in the words that a failure
// message needs.
type Screen struct {
	Step    Step
	Code    string // data-code of an error screen
	Flow    string
	Attempt string
	Title   string // of the document
	Heading string // the h1
	URL     string
	Focus   string // accessible text or tag of the element that has the focus
	Text    string // of the whole page, white space folded: dialogs and messages stand outside main
	Ready   bool   // the document is loaded and its script has run
}

// String says what the page shows in one line.
func (s Screen) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "screen %s", orNone(string(s.Step)))
	if s.Code != "" {
		fmt.Fprintf(&b, " (%s)", s.Code)
	}
	fmt.Fprintf(&b, " %q at %s", s.Heading, s.URL)
	return b.String()
}

func orNone(s string) string {
	if s == "" {
		return "(none)"
	}
	return s
}

const readScreen = `() => {
  const main = document.querySelector('main') || document.body;
  const focus = document.activeElement;
  const fold = text => (text || '').replace(/\s+/g, ' ').trim();
  const data = main ? main.dataset : {};
  return {
    step: data.step || '', code: data.code || '', flow: data.flow || '', attempt: data.attempt || '',
    title: document.title, url: location.href,
    heading: [...document.querySelectorAll('h1')].filter(h => h.checkVisibility()).map(h => fold(h.innerText)).find(text => text) || '',
    focus: focus ? fold(focus.getAttribute('aria-label') || focus.innerText || focus.tagName).slice(0, 120) : '',
    text: fold(document.body ? document.body.innerText : ''),
    ready: document.readyState === 'complete',
  };
}`

// Read returns what the page shows now. While a navigation is under way there
// may be no document to read: that is the zero Screen and the error.
func Read(ctx context.Context, p *browser.Page) (Screen, error) {
	value, err := p.Rod.Context(ctx).Eval(readScreen)
	if err != nil {
		return Screen{}, fmt.Errorf("page: read screen: %w", err)
	}
	v := value.Value
	return Screen{
		Step: Step(v.Get("step").Str()), Code: v.Get("code").Str(), Flow: v.Get("flow").Str(), Attempt: v.Get("attempt").Str(),
		Title: v.Get("title").Str(), Heading: v.Get("heading").Str(), URL: v.Get("url").Str(),
		Focus: v.Get("focus").Str(), Text: v.Get("text").Str(), Ready: v.Get("ready").Bool(),
	}, nil
}

// WrongScreen says that the page did not come to show what was awaited.
type WrongScreen struct {
	Want []Step
	Got  Screen
}

func (e *WrongScreen) Error() string {
	want := make([]string, len(e.Want))
	for i, step := range e.Want {
		want[i] = string(step)
	}
	return fmt.Sprintf("expected screen %s, the page showed %s", strings.Join(want, " or "), e.Got)
}

// Await waits until the page shows one of the steps and is loaded.
// Its error is a *WrongScreen.
func Await(ctx context.Context, p *browser.Page, steps ...Step) (Screen, error) {
	var last Screen
	shown := Poll(ctx, func() bool {
		screen, err := Read(ctx, p)
		if err != nil {
			return false
		}
		last = screen
		return screen.Ready && slices.Contains(steps, screen.Step)
	})
	if !shown {
		return last, &WrongScreen{Want: steps, Got: last}
	}
	return last, nil
}

// Poll asks until the answer is yes, the context ends, or patience is over,
// and returns the last answer.
func Poll(ctx context.Context, yes func() bool) bool {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	ticker := time.NewTicker(beat)
	defer ticker.Stop()
	for {
		if yes() {
			return true
		}
		select {
		case <-ctx.Done():
			return false
		case <-ticker.C:
		}
	}
}

// AwaitLeft waits until the page shows another step than from, loaded.
func AwaitLeft(ctx context.Context, p *browser.Page, from Step) (Screen, error) {
	var last Screen
	if Poll(ctx, func() bool {
		screen, err := Read(ctx, p)
		if err != nil {
			return false
		}
		last = screen
		return screen.Ready && screen.Step != "" && screen.Step != from
	}) {
		return last, nil
	}
	return last, &StillHere{Screen: last}
}

// StillHere says that the page did not move on.
type StillHere struct{ Screen Screen }

func (e *StillHere) Error() string {
	return "expected the page to move on, it still showed " + e.Screen.String()
}

// Settled waits until the page shows any step, loaded.
func Settled(ctx context.Context, p *browser.Page) (Screen, error) {
	return AwaitLeft(ctx, p, "")
}
