package journeys

import (
	"context"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/go-rod/rod/lib/input"
	. "github.com/onsi/ginkgo/v2"
	"github.com/onsi/gomega"
	gomegatypes "github.com/onsi/gomega/types"

	"github.com/passkeylab/passkeylab/harness/browser"
	"github.com/passkeylab/passkeylab/harness/page"
	"github.com/passkeylab/passkeylab/harness/page/axe"
)

// This file holds the words for what people need who see, hear or point otherwise.

// stepsOf are the stops of the wizard's steps as somebody first meets them: no dialog, and nothing that was refused.
func stepsOf(stops []stop) []stop {
	step := regexp.MustCompile(`^[SK]\d+[ai]?$`)
	return slices.DeleteFunc(stops, func(at stop) bool { return at.step == page.S0 || !step.MatchString(at.name) })
}

// stopsNamed are the stops of these names.
func stopsNamed(names ...string) []stop {
	return slices.DeleteFunc(tour(), func(at stop) bool { return !slices.Contains(names, at.name) })
}

// stepTitle is the title of a document that shows a step of the wizard.
var stepTitle = regexp.MustCompile(`^(.+), step ([1-9]) of ([1-9]), Larkspur$`)

// findsTheStepTold finds the focus on the heading, and the heading and the step's number in the title (WCAG 2.2, 2.4.2, 2.4.3).
func (p *Person) findsTheStepTold() {
	GinkgoHelper()
	p.findsFocusOnHeading()
	p.does("finds the step in the title", func(ctx context.Context) error {
		screen, err := page.Read(ctx, p.Page)
		if err != nil {
			return err
		}
		parts := stepTitle.FindStringSubmatch(screen.Title)
		if parts == nil || parts[1] != screen.Heading || parts[2] > parts[3] {
			return &Unexpected{What: "the title", Expected: screen.Heading + ", step n of m, Larkspur", Got: screen.Title}
		}
		return nil
	})
}

// listens hears the live regions of the document that is open.
func (p *Person) listens() {
	GinkgoHelper()
	p.does("listens to what the page announces", func(ctx context.Context) error { return page.Listen(ctx, p.Page) })
}

// hears finds that the page has announced just this since she listens, each once and none of it as an alert. Of a longer
// announcement its beginning is enough.
func (p *Person) hears(texts ...string) {
	GinkgoHelper()
	p.comesToFind("the page has announced "+quoted(texts)+", each once", func(ctx context.Context) (any, error) {
		heard, err := page.Heard(ctx, p.Page)
		return heard, err
	}, gomega.HaveExactElements(announcements(texts)...))
}

func announcements(texts []string) []any {
	all := make([]any, len(texts))
	for i, text := range texts {
		all[i] = gomega.And(gomega.HaveField("Role", "status"), gomega.HaveField("Text", gomega.HavePrefix(text)))
	}
	return all
}

// findsLive finds elements of a role in the accessibility tree, all of them as live as that.
func (p *Person) findsLive(role, live string) {
	GinkgoHelper()
	p.does(fmt.Sprintf("finds each %s to be %s", role, live), func(ctx context.Context) error {
		all, err := p.Page.Accessible(ctx, role)
		if err != nil {
			return err
		}
		return holds("the live regions of role "+role, all, gomega.And(gomega.Not(gomega.BeEmpty()), gomega.HaveEach(
			gomega.HaveField("Properties", gomega.HaveKeyWithValue("live", live)))))
	})
}

// findsAlerted finds one alert, whose heading is that, and which says more.
func (p *Person) findsAlerted(heading string, more ...string) {
	GinkgoHelper()
	p.does("finds an alert headed "+heading, func(ctx context.Context) error {
		alerts, err := p.Page.AllByRole(ctx, "alert", "")
		if err != nil {
			return err
		}
		if err := holds("the alerts", alerts, gomega.HaveLen(1)); err != nil {
			return err
		}
		said, err := alerts[0].Context(ctx).Eval(`() => [this.querySelector('h1')?.innerText || '', this.innerText.replace(/\s+/g, ' ')]`)
		if err != nil {
			return err
		}
		if err := holds("the alert's heading", said.Value.Get("0").Str(), gomega.Equal(heading)); err != nil {
			return err
		}
		return holds("the alert", said.Value.Get("1").Str(), containAll(more))
	})
}

// findsModal finds a dialog that shuts out the rest, with a name and a description that has these words.
func (p *Person) findsModal(name string, words ...string) {
	GinkgoHelper()
	p.findsDialog(name)
	p.does("finds the dialog described", func(ctx context.Context) error {
		dialogs, err := p.Page.Accessible(ctx, "dialog")
		if err != nil {
			return err
		}
		return holds("the dialogs", dialogs, gomega.ConsistOf(gomega.And(gomega.HaveField("Name", name),
			gomega.HaveField("Description", containAll(words)), gomega.HaveField("Properties", gomega.HaveKeyWithValue("modal", "true")))))
	})
}

// findsTabsWithin presses Tab more often than there are controls, and finds the focus on these alone, or on the browser itself.
func (p *Person) findsTabsWithin(names ...string) {
	GinkgoHelper()
	p.does("finds that Tab stays among "+quoted(names), func(ctx context.Context) error {
		var met []string
		for range 2*len(names) + 2 {
			if err := p.Page.Rod.Context(ctx).Keyboard.Type(input.Tab); err != nil {
				return err
			}
			stop, err := page.FocusStop(ctx, p.Page)
			if err != nil {
				return err
			}
			if stop.Tag != "body" {
				met = append(met, stop.Name)
			}
		}
		if err := holds("what Tab comes by", met, gomega.HaveEach(gomega.BeElementOf(names))); err != nil {
			return err
		}
		slices.Sort(met)
		slices.Sort(names)
		return holds("what Tab comes by", slices.Compact(met), gomega.Equal(names))
	})
}

// findsOwnNames finds, for each beginning, one button for each card, with the card's name in its own.
func (p *Person) findsOwnNames(beginnings ...string) {
	GinkgoHelper()
	cards := p.cards()
	p.does("finds the buttons of the cards by their names", func(ctx context.Context) error {
		buttons, err := p.Page.Names(ctx, "button")
		if err != nil {
			return err
		}
		for _, beginning := range beginnings {
			var want []string
			for _, card := range cards {
				want = append(want, beginning+card.Name)
			}
			got := slices.DeleteFunc(slices.Clone(buttons), func(name string) bool { return !strings.HasPrefix(name, beginning) })
			if err := holds("the buttons that begin with "+beginning, got, gomega.ConsistOf(want)); err != nil {
				return err
			}
			if len(slices.Compact(slices.Sorted(slices.Values(got)))) != len(cards) {
				return &Unexpected{What: "the buttons", Expected: "a name of its own for each", Got: quoted(got)}
			}
		}
		return nil
	})
}

// findsWrongField finds a field that says that it is wrong, describes why, and has the focus.
func (p *Person) findsWrongField(name, why string) {
	GinkgoHelper()
	p.comesToFind(fmt.Sprintf("the field %q is wrong, because %q, and has the focus", name, why), func(ctx context.Context) (any, error) {
		fields, err := p.Page.Accessible(ctx, "textbox")
		return fields, err
	}, gomega.ContainElement(gomega.And(gomega.HaveField("Name", name), gomega.HaveField("Description", gomega.ContainSubstring(why)),
		gomega.HaveField("Properties", gomega.And(gomega.HaveKeyWithValue("invalid", "true"), gomega.HaveKeyWithValue("focused", "true"))))))
}

// findsMotion finds what moves by itself in a window.
func (p *Person) findsMotion(window browser.ContextOptions, matcher gomegatypes.GomegaMatcher) {
	GinkgoHelper()
	p.does(fmt.Sprintf("asks for less motion: %t", window.ReducedMotion), func(ctx context.Context) error { return p.Page.Emulate(ctx, window) })
	p.comesToFind("the page moves as asked", func(ctx context.Context) (any, error) {
		moving, err := page.Moving(ctx, p.Page)
		return moving, err
	}, matcher)
}

// findsNothingWrong finds that a tour has found nothing; else it tells all of it.
func (p *Person) findsNothingWrong(what string, faults []string) {
	GinkgoHelper()
	p.does("finds that "+what, func(context.Context) error {
		if len(faults) == 0 {
			return nil
		}
		return &Unexpected{What: "the tour", Expected: "nothing wrong", Got: fmt.Sprintf("%d faults:\n%s", len(faults), strings.Join(faults, "\n"))}
	})
}

// looksAs looks at the screen through several windows, one after the other, and returns what is wrong in any. In the end the
// window is as it was.
func (p *Person) looksAs(ctx context.Context, where string, windows map[string]browser.ContextOptions, look func(context.Context) ([]string, error)) (faults []string, err error) {
	before := p.Page.Emulated()
	for _, name := range slices.Sorted(maps.Keys(windows)) {
		if err := p.Page.Emulate(ctx, windows[name]); err != nil {
			return nil, err
		}
		found, err := look(ctx)
		if err != nil {
			return nil, err
		}
		for _, fault := range found {
			faults = append(faults, where+", "+name+": "+fault)
		}
	}
	return faults, p.Page.Emulate(ctx, before)
}

// themes are the window in both themes.
func themes(window browser.ContextOptions) map[string]browser.ContextOptions {
	light, dark := window, window
	light.Dark, dark.Dark = false, true
	return map[string]browser.ContextOptions{"light": light, "dark": dark}
}

// scansForBarriers looks for barriers on the screen as it is, in both themes, and returns them.
func (p *Person) scansForBarriers(where string) (barriers []string) {
	GinkgoHelper()
	p.does("looks for barriers on "+where, func(ctx context.Context) (err error) {
		barriers, err = p.looksAs(ctx, where, themes(p.Page.Emulated()), func(ctx context.Context) ([]string, error) {
			found, err := axe.Run(ctx, p.Page)
			lines := make([]string, len(found))
			for i, barrier := range found {
				lines[i] = barrier.String()
			}
			return lines, err
		})
		return err
	})
	return barriers
}

// looksThroughNarrowWindows measures the screen in the narrowest windows, and returns what does not fit.
func (p *Person) looksThroughNarrowWindows(where string) (faults []string) {
	GinkgoHelper()
	p.does("looks for what does not fit on "+where, func(ctx context.Context) (err error) {
		small, zoomed := p.Page.Emulated(), p.Page.Emulated()
		zoomed.Viewport, zoomed.Scale = browser.Size{Width: 1280 / 4, Height: 1024 / 4}, 4
		measure := func(ctx context.Context) ([]string, error) { return page.NarrowFaults(ctx, p.Page) }
		if faults, err = p.looksAs(ctx, where, map[string]browser.ContextOptions{"320 pixels": small, "400 percent": zoomed}, measure); err != nil {
			return err
		}
		if err := page.SpaceText(ctx, p.Page); err != nil {
			return err
		}
		spaced, err := p.looksAs(ctx, where, map[string]browser.ContextOptions{"text set wide": small}, measure)
		faults = append(faults, spaced...)
		return err
	})
	return faults
}

// looksThroughFewColours measures the screen in contrast themes, a light and a dark one, and returns what cannot be made out.
func (p *Person) looksThroughFewColours(where string) (faults []string) {
	GinkgoHelper()
	p.does("looks for what cannot be made out on "+where, func(ctx context.Context) (err error) {
		if err := p.Page.Rod.Context(ctx).Keyboard.Type(input.Tab); err != nil { // from now on the focus is the keyboard's
			return err
		}
		faults, err = p.looksAs(ctx, where, themes(p.Page.Emulated()), func(ctx context.Context) ([]string, error) {
			return page.ForcedColourFaults(ctx, p.Page)
		})
		return err
	})
	return faults
}
