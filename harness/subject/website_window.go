package subject

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/go-rod/rod"
	"github.com/go-rod/rod/lib/proto"

	"github.com/passkeylab/passkeylab/harness/browser"
)

// window is the page that a visitor of a website has open.
type window struct {
	page *browser.Page
	// patience is how long something on the page is waited for.
	patience time.Duration
	// before is how many requests of the page are of no interest any more.
	before int
}

// newWindow opens one in an incognito context of its own.
func (w *website) newWindow(ctx context.Context) (*window, error) {
	b, err := w.stage.open(ctx)
	if err != nil {
		return nil, err
	}
	person, err := b.NewContext(ctx, browser.ContextOptions{})
	if err != nil {
		return nil, err
	}
	page, err := w.furnish(ctx, person)
	if err != nil {
		return nil, errors.Join(err, person.Close())
	}
	return &window{page: page, patience: w.limits.Time}, nil
}

// furnish gives a context the cookies, a page and its headers that every visitor has.
func (w *website) furnish(ctx context.Context, person *browser.Context) (*browser.Page, error) {
	for _, cookie := range w.given {
		if err := person.SetCookie(ctx, w.base.String(), cookie.Name, cookie.Value); err != nil {
			return nil, err
		}
	}
	page, err := person.NewPage(ctx)
	if err != nil || len(w.header) == 0 {
		return page, err
	}
	return page, page.SendHeaders(ctx, w.header)
}

// close closes the window and forgets its cookies; nil is no window.
func (w *window) close() error {
	if w == nil {
		return nil
	}
	return w.page.Context().Close()
}

// lookAgain is how long passes between two looks at a page.
const lookAgain = 15 * time.Millisecond

// seen finds the elements of a selector that a person can see.
const seen = `const seen = (selector) => [...document.querySelectorAll(selector)].filter((e) => e.checkVisibility({visibilityProperty: true}));`

// look evaluates an expression, in which seen can be called, until the page has an answer: a page that is leaving has none.
func (w *window) look(ctx context.Context, expression string, result any) error {
	again := time.NewTicker(lookAgain)
	defer again.Stop()
	for {
		once, cancel := context.WithTimeout(ctx, 2*time.Second) // a navigation may leave a look without an answer
		err := w.page.Evaluate(once, "(() => {"+seen+"return "+expression+"})()", result)
		cancel()
		if script := (*browser.ScriptError)(nil); err == nil || errors.As(err, &script) {
			return err
		}
		select {
		case <-again.C:
		case <-ctx.Done():
			return errors.Join(context.Cause(ctx), err)
		}
	}
}

// await waits until the page holds something, at most as long as its patience; held returns whether it does.
func (w *window) await(ctx context.Context, held func(context.Context) (bool, error)) (ok bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, w.patience)
	defer cancel()
	again := time.NewTicker(lookAgain)
	defer again.Stop()
	for {
		if ok, err = held(ctx); ok || err != nil {
			if ctx.Err() != nil && errors.Is(err, context.DeadlineExceeded) {
				return false, nil
			}
			return ok, err
		}
		select {
		case <-again.C:
		case <-ctx.Done():
			return false, nil
		}
	}
}

// one waits until exactly one element of a selector can be seen.
func (w *window) one(ctx context.Context, selector string) error {
	count := 0
	ok, err := w.await(ctx, func(ctx context.Context) (bool, error) {
		err := w.look(ctx, "seen("+quoted(selector)+").length", &count)
		return count == 1, err
	})
	switch {
	case err != nil || ok:
		return w.explain(selector, err)
	case count > 1:
		return fmt.Errorf("%s finds %d elements that can be seen; say which is meant. %s", selector, count, w.tells(ctx))
	}
	return fmt.Errorf("%s finds nothing that can be seen within %s. %s", selector, w.patience, w.tells(ctx))
}

// explain says which selector is no CSS.
func (w *window) explain(selector string, err error) error {
	if script := (*browser.ScriptError)(nil); errors.As(err, &script) && script.Name == "SyntaxError" {
		return fmt.Errorf("%q is no selector of CSS", selector)
	}
	return err
}

// element is the one that one has waited for, or that is hidden behind nothing.
func (w *window) element(ctx context.Context, selector string) (*rod.Element, error) {
	if err := w.one(ctx, selector); err != nil {
		return nil, err
	}
	page := w.page.Rod.Context(ctx).Timeout(w.patience)
	return page.ElementByJS(rod.Eval("(selector) => {"+seen+"return seen(selector)[0]}", selector).ByObject())
}

// press clicks an element, with the mouse.
func (w *window) press(ctx context.Context, selector string) error {
	element, err := w.element(ctx, selector)
	if err != nil {
		return err
	}
	if err := element.Click(proto.InputMouseButtonLeft, 1); err != nil {
		return fmt.Errorf("%s cannot be pressed: %w. %s", selector, err, w.tells(ctx))
	}
	return nil
}

// fill types a text into a field in the place of what is there, or chooses the option of that text.
func (w *window) fill(ctx context.Context, selector, text string) error {
	element, err := w.element(ctx, selector)
	if err != nil {
		return err
	}
	tag, err := element.Property("tagName")
	if err != nil {
		return err
	}
	if strings.EqualFold(tag.String(), "select") {
		err = element.Select([]string{text}, true, rod.SelectorTypeText)
	} else if err = element.SelectAllText(); err == nil {
		err = element.Input(text)
	}
	if err != nil {
		return fmt.Errorf("%s cannot be filled in: %w. %s", selector, err, w.tells(ctx))
	}
	return nil
}

// read is the text of an element, or the value of a field.
func (w *window) read(ctx context.Context, selector string) (text string, err error) {
	if err := w.one(ctx, selector); err != nil {
		return "", err
	}
	err = w.look(ctx, "((e) => (e?.value ?? e?.innerText ?? '').trim())(seen("+quoted(selector)+")[0])", &text)
	return text, err
}

// sighting is what a page shows of two sights.
type sighting struct {
	accepted, refused bool
	// words are those of what shows a refusal.
	words string
}

// sights looks at both sights of a ceremony at once.
func (w *window) sights(ctx context.Context, c *ceremony) (sighting, error) {
	var found struct {
		Path  string   `json:"path"`
		Texts []string `json:"texts"` // null for what cannot be seen
		Shown []bool   `json:"shown"`
	}
	selectors, err := json.Marshal([]string{c.accepted.See, c.refused.See})
	if err != nil {
		return sighting{}, err
	}
	err = w.look(ctx, `((all) => ({path: location.pathname, shown: all.map((s) => !s || seen(s).length > 0), texts: all.map((s) => s && seen(s)[0]?.innerText || "")}))(`+
		string(selectors)+")", &found)
	if err != nil {
		return sighting{}, w.explain(c.accepted.See+" or "+c.refused.See, err)
	}
	there := func(i int, s sight) bool { return found.Shown[i] && (s.at == nil || s.at.MatchString(found.Path)) }
	return sighting{accepted: there(0, c.accepted), refused: there(1, c.refused), words: clip(oneLine(found.Texts[1]))}, nil
}

// tells is what the page shows, for who wonders why it is another one than expected.
func (w *window) tells(ctx context.Context) string {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*time.Second)
	defer cancel()
	var page struct{ Path, Title, Text string }
	if err := w.look(ctx, `({Path: location.pathname, Title: document.title, Text: document.body?.innerText.slice(0, 400) ?? ""})`, &page); err != nil {
		return "The page cannot be looked at."
	}
	return fmt.Sprintf("The page %s (%s) says: %s", page.Path, page.Title, clip(oneLine(page.Text)))
}

func oneLine(text string) string { return strings.Join(strings.Fields(text), " ") }

// quoted is a text as JavaScript.
func quoted(text string) string {
	encoded, err := json.Marshal(text)
	if err != nil { // a string is always JSON
		return `""`
	}
	return string(encoded)
}
