package journeys

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"

	. "github.com/onsi/ginkgo/v2"
	"github.com/onsi/gomega"

	"github.com/passkeylab/passkeylab/harness/browser"
	"github.com/passkeylab/passkeylab/harness/page"
	"github.com/passkeylab/passkeylab/virtualauth/phone"
	"github.com/passkeylab/passkeylab/virtualauth/provider"
)

// This file holds the words about a phone with a screen, settings and a connection of its own: they need the driver hybrid.

// handheld is the phone with a screen in her hand.
func (p *Person) handheld() *besideTheComputer {
	GinkgoHelper()
	held, ok := p.phone.(*besideTheComputer)
	if !ok {
		p.fail(p.ctx, "takes the phone up", errors.New("this word needs a phone with a screen: tell the journey over hybrid"))
	}
	return held
}

// phoneIs changes something about the phone, in words that follow "has a phone that".
func (p *Person) phoneIs(how string, change func(*phone.Settings)) {
	GinkgoHelper()
	it := p.handheld().phone
	p.does("has a phone that "+how, func(context.Context) error { return it.Change(change) })
}

// will says what she does on the phone at a place, in words that follow "will". It replaces what she meant to do before.
func (p *Person) will(what string, script ...phone.Step) {
	GinkgoHelper()
	held := p.handheld()
	p.does("will "+what, func(context.Context) error {
		held.mu.Lock()
		defer held.mu.Unlock()
		held.person.Script = script
		return nil
	})
}

// willSignInAs makes her choose an account where the phone asks which.
func (p *Person) willSignInAs(userName string) {
	GinkgoHelper()
	held := p.handheld()
	p.does("will choose the account of "+userName+" on the phone", func(context.Context) error {
		held.mu.Lock()
		defer held.mu.Unlock()
		held.person.Account = userName
		return nil
	})
}

// tapsOnThePhone taps what has that label, herself.
func (p *Person) tapsOnThePhone(label string) {
	GinkgoHelper()
	held := p.handheld()
	p.does(fmt.Sprintf("taps %q on the phone", label), func(ctx context.Context) error { return held.tap(ctx, label) })
}

// seesOnThePhone waits until the phone shows a screen, and returns it.
func (p *Person) seesOnThePhone(screen phone.Screen) phone.View {
	GinkgoHelper()
	it := p.handheld().phone
	var view phone.View
	p.does(fmt.Sprintf("sees the phone's screen %s", screen), func(ctx context.Context) error {
		for view = it.View(); view.Screen != screen; {
			last := view
			var err error
			if view, err = it.Await(ctx, view.Revision); err != nil {
				return &Unexpected{What: "the phone", Expected: "the screen " + string(screen), Got: fmt.Sprintf("%s %q", last.Screen, last.Title)}
			}
		}
		return nil
	})
	return view
}

// findsShown finds that the phone has shown these screens, in this order, with others between them. What it showed before
// does not count: each phone is new.
func (p *Person) findsShown(screens ...phone.Screen) {
	GinkgoHelper()
	p.comesToFind(fmt.Sprintf("the phone has shown %v", screens), func(context.Context) (any, error) {
		left := screens
		for _, shown := range p.shown() {
			if len(left) > 0 && shown.Screen == left[0] {
				left = left[1:]
			}
		}
		return left, nil
	}, gomega.BeEmpty())
}

// findsNeverShown finds that the phone has shown none of these screens.
func (p *Person) findsNeverShown(screens ...phone.Screen) {
	GinkgoHelper()
	var found []phone.Screen
	for _, shown := range p.shown() {
		if slices.Contains(screens, shown.Screen) {
			found = append(found, shown.Screen)
		}
	}
	p.finds(fmt.Sprintf("the phone has shown none of %v", screens), found, gomega.BeEmpty())
}

// findsNeverOffered finds that no screen of the phone has had a row for a provider.
func (p *Person) findsNeverOffered(in provider.Provider) {
	GinkgoHelper()
	var rows []string
	for _, shown := range p.shown() {
		for _, entry := range shown.Entries {
			if entry.Label == in.Name {
				rows = append(rows, string(shown.Screen))
			}
		}
	}
	p.finds("the phone never offered "+in.Name, rows, gomega.BeEmpty())
}

// shown are the views that the phone has shown, oldest first.
func (p *Person) shown() []phone.View {
	GinkgoHelper()
	var views []phone.View
	for _, event := range p.handheld().phone.Trace() {
		if event.What == phone.Shown {
			views = append(views, event.View)
		}
	}
	return views
}

// findsSaidOnThePhone finds that the phone comes to say something, or has said it: what she taps away is not there for long.
func (p *Person) findsSaidOnThePhone(words string) {
	GinkgoHelper()
	p.comesToFind("the phone has said “"+words+"”", func(context.Context) (any, error) {
		var said []string
		for _, shown := range p.shown() {
			said = append(said, shown.Title+". "+shown.Text)
		}
		return said, nil
	}, gomega.ContainElement(gomega.ContainSubstring(words)))
}

// findsMetInTheTunnel finds that phone and browser exchanged nothing but an advert and what went through the tunnel.
func (p *Person) findsMetInTheTunnel() {
	GinkgoHelper()
	layers := map[string]bool{}
	for _, event := range p.handheld().phone.Trace() {
		if event.What == phone.Hybrid {
			layers[event.Layer] = true
		}
	}
	p.finds("they met by code, advert and tunnel alone", layers, gomega.And(gomega.HaveKey("advert"), gomega.HaveKey("tunnel")))
}

// unlockedBeforeItConnected reports the order in which the phone came to unlocking and to connecting in its latest ceremony.
func (p *Person) unlockedBeforeItConnected() bool {
	GinkgoHelper()
	unlocked := false
	events := p.handheld().phone.Trace()
	latest := slices.MaxFunc(events, func(a, b phone.Event) int { return a.Ceremony - b.Ceremony }).Ceremony
	for _, event := range events {
		if event.Ceremony != latest {
			continue
		}
		switch event.State {
		case phone.P14:
			unlocked = true
		case phone.P8:
			return unlocked
		}
	}
	return false
}

// triesAgain goes from the one page for every failure through another ceremony.
func (p *Person) triesAgain() {
	GinkgoHelper()
	p.does("tries again", func(ctx context.Context) error {
		if err := page.Press(ctx, p.Page, "button", "Try again"); err != nil {
			return err
		}
		_, err := page.AwaitLeft(ctx, p.Page, page.E1)
		return err
	})
	p.walksTo(android, page.S7) // after a second failure the wizard asks to get both devices ready once more
	p.understands()
}

// findsNothingKept finds no trace of a failed ceremony: no row, no refused try, and nothing in the provider.
func (p *Person) findsNothingKept(in provider.Provider) {
	GinkgoHelper()
	p.findsStored(0)
	p.findsRefused()
	p.findsHeld(in, 0)
}

// learned is all that a page comes to know of a ceremony that ended without a passkey.
type learned struct {
	Outcome, Message string // of the browser's call
	Reported         string // what the page told the relying party
	Screen, Code     string
	Text             string // of the page that follows, without its support code
}

// supportCode is what differs on every page.
var supportCode = regexp.MustCompile(`Support code: \S+`)

// findsOutWhatThePageLearned looks at everything that a page, and the relying party through it, came to know of the latest
// ceremony.
func (p *Person) findsOutWhatThePageLearned(calls *browser.Spy) learned {
	GinkgoHelper()
	screen := p.sees(page.E1)
	seen := calls.Calls()
	last := seen[len(seen)-1]
	return learned{
		Outcome: last.Outcome, Message: last.Message, Reported: latest(p.registrations()).ClientErrorName,
		Screen: string(screen.Step), Code: screen.Code, Text: supportCode.ReplaceAllString(screen.Text, ""),
	}
}
