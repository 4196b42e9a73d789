package journeys

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2"
	"github.com/onsi/gomega"
	gomegatypes "github.com/onsi/gomega/types"

	"github.com/passkeylab/passkeylab/harness/browser"
	"github.com/passkeylab/passkeylab/harness/config"
	"github.com/passkeylab/passkeylab/harness/lab"
	"github.com/passkeylab/passkeylab/harness/page"
	"github.com/passkeylab/passkeylab/reports"
	"github.com/passkeylab/passkeylab/rp"
)

// Person is who a journey is about. Every method is a step that the report
// shows, waits for what it needs, and fails the journey with what the page
// showed when it does not come true.
type Person struct {
	*Telling
	*lab.Stage
	Page *browser.Page // the window in front of them; nil in journeys without a browser
	ctx  context.Context
}

func newTelling(one variant, priority Priority) *Telling {
	return &Telling{place: one.place(), ledger: &ledger{}, result: reports.Result{
		ID: one.id, Title: one.says, Driver: string(one.driver), Priority: string(priority),
		Reproduce: reproduce(house.config.Suite.Seed, one.filter()), Cannot: one.cannot,
	}}
}

// enter raises the stage that the journey was given and puts its person on it.
func (t *Telling) enter(ctx SpecContext, given Given) *Person {
	GinkgoHelper()
	driver := config.Driver(t.result.Driver)
	if err := house.forget(t.place); err != nil {
		t.fail(ctx, "the evidence of the last run is removed", err)
	}
	if what := given.inside(); what != "" && house.config.RP.URL != "" {
		t.skip(needsInside(what))
	}
	accepted, err := house.policy(given.Policy)
	if err != nil {
		t.fail(ctx, "the policy is read", err)
	}
	stage, err := house.lab.Raise(ctx, lab.StageOptions{
		ID: t.place, URL: house.config.RP.URL, Policy: accepted, Timers: given.Timers,
		Limits: given.Limits, Models: given.Models, RootsListed: given.RootsListed, Person: given.Person,
		Window: given.Context, NoBrowser: driver == config.API, NoBridge: driver != config.Bridge,
		Hybrid: driver == config.Hybrid, Pictures: house.pictures(false),
	})
	if stage != nil {
		DeferCleanup(func() error {
			t.collect(stage)
			return stage.Close()
		})
	}
	if err != nil {
		t.fail(ctx, "the stage is raised", err)
	}
	if stage.Page != nil {
		t.scene = &window{journey: t.place, page: stage.Page, reach: stage.Reach}
		if given.Setup != nil {
			if err := given.Setup(stage.Page); err != nil {
				t.fail(ctx, "the page is prepared", err)
			}
		}
		if t.calls, err = stage.Page.SpyCeremonies(ctx); err != nil {
			t.fail(ctx, "the page is watched", err)
		}
	}
	if t.phone, err = takeUp(stage); err != nil {
		t.fail(ctx, "the phone is taken up", err)
	}
	return &Person{Telling: t, Stage: stage, Page: stage.Page, ctx: ctx}
}

// leaves ends the telling: what the stores disagree on and what the browser complained about is held against the journey.
func (p *Person) leaves() {
	GinkgoHelper()
	p.agrees()
	if p.Page == nil {
		return
	}
	if thrown := p.Page.Exceptions(); len(thrown) > 0 {
		p.fail(p.ctx, "the page runs without an uncaught exception", fmt.Errorf("uncaught in the page: %s", thrown[0].Text))
	}
}

// inside returns our own relying party, whose store, policy and clock are what
// a journey sees and moves behind the pages. At rp.url there is no such thing:
// the rest of the journey is withheld there.
func (p *Person) inside(what string) *rp.RelyingParty {
	GinkgoHelper()
	if p.RP == nil {
		p.skip(needsInside(what))
	}
	return p.RP
}

func needsInside(what string) string {
	return fmt.Sprintf("needs %s of our own relying party; at rp.url only what the site shows can be judged", what)
}

// does tells a step. Journeys use it for what the vocabulary has no word for.
func (p *Person) does(text string, do func(context.Context) error) {
	GinkgoHelper()
	// At rp.url a step may first have to wait for the next one-time code.
	ctx, cancel := context.WithTimeout(p.ctx, house.config.Suite.StepTimeout+p.CodeWait())
	defer cancel()
	p.step(ctx, text, do)
}

// finds tells an expectation about a value that is final.
func (p *Person) finds(what string, actual any, matcher gomegatypes.GomegaMatcher) {
	GinkgoHelper()
	p.does("finds that "+what, func(context.Context) error { return holds(what, actual, matcher) })
}

// comesToFind tells an expectation about a value that may need a moment.
func (p *Person) comesToFind(what string, read func(context.Context) (any, error), matcher gomegatypes.GomegaMatcher) {
	GinkgoHelper()
	p.does("finds that "+what, func(ctx context.Context) error {
		var last error
		page.Poll(ctx, func() bool {
			actual, err := read(ctx)
			if err == nil {
				err = holds(what, actual, matcher)
			}
			if err == nil || last == nil || ctx.Err() == nil { // running out of time is no news: what was found until then is
				last = err
			}
			return err == nil
		})
		return last
	})
}

// ---- time and people

// letsPass lets time pass on the relying party's clock; nobody waits for it.
func (p *Person) letsPass(d time.Duration) {
	GinkgoHelper()
	p.inside("the clock")
	p.does(fmt.Sprintf("lets %s pass", d), func(context.Context) error { return p.Clock.Advance(d) })
}

// isSignedIn puts a fresh sign-in into the window, without walking the
// sign-in page, and opens Security info.
func (p *Person) isSignedIn() {
	GinkgoHelper()
	p.does("is signed in and has just proved it is them", func(ctx context.Context) error {
		if err := p.Stage.SignIn(ctx); err != nil {
			return err
		}
		return p.open(ctx, "/security-info", page.S0)
	})
}

// signsInWithPassword walks the sign-in page with password and one-time code, to Security info.
func (p *Person) signsInWithPassword() {
	GinkgoHelper()
	p.comesInWithPassword(page.S0)
}

// comesInWithPassword signs in with password and one-time code and finds a screen.
func (p *Person) comesInWithPassword(to page.Step) {
	GinkgoHelper()
	p.opens("/sign-in", page.SignIn)
	p.does("signs in with password and one-time code", func(ctx context.Context) error {
		code, err := p.Stage.Code(ctx)
		if err != nil {
			return err
		}
		return page.SignInWithPassword(ctx, p.Page, p.Account.UserName, p.Account.Password, code)
	})
	p.sees(to)
}

// proves answers the proof page with a one-time code.
func (p *Person) proves() {
	GinkgoHelper()
	p.sees(page.S2a)
	p.does("proves it is them with a one-time code", func(ctx context.Context) error {
		code, err := p.Stage.Code(ctx)
		if err != nil {
			return err
		}
		return page.Prove(ctx, p.Page, code)
	})
}

// ---- getting around

func (p *Person) open(ctx context.Context, path string, step page.Step) error {
	if err := p.Page.Goto(ctx, p.Origin+path); err != nil {
		return err
	}
	_, err := page.Await(ctx, p.Page, step)
	return err
}

// opens goes to an address of the site and finds a screen there.
func (p *Person) opens(path string, step page.Step) {
	GinkgoHelper()
	p.does("opens "+path, func(ctx context.Context) error { return p.open(ctx, path, step) })
}

// opensSecurityInfo goes to Security info.
func (p *Person) opensSecurityInfo() {
	GinkgoHelper()
	p.opens("/security-info", page.S0)
}

// sees waits for one of the screens and returns it.
func (p *Person) sees(steps ...page.Step) page.Screen {
	GinkgoHelper()
	var screen page.Screen
	p.does("sees "+names(steps), func(ctx context.Context) error {
		var err error
		screen, err = page.Await(ctx, p.Page, steps...)
		var wrong *page.WrongScreen
		if errors.As(err, &wrong) {
			return &Unexpected{What: "the screen", Expected: names(steps), Got: wrong.Got.String()}
		}
		return err
	})
	return screen
}

func names(steps []page.Step) string {
	words := make([]string, len(steps))
	for i, step := range steps {
		words[i] = string(step)
	}
	return strings.Join(words, " or ")
}

// reads finds words on the screen, wherever they stand.
func (p *Person) reads(words ...string) {
	GinkgoHelper()
	p.comesToFind("the page says "+quoted(words), func(ctx context.Context) (any, error) {
		screen, err := page.Read(ctx, p.Page)
		return screen.Text, err
	}, containAll(words))
}

// doesNotRead finds that words are nowhere on the screen as it is now.
func (p *Person) doesNotRead(words ...string) {
	GinkgoHelper()
	p.does("does not find on the page "+quoted(words), func(ctx context.Context) error {
		screen, err := page.Read(ctx, p.Page)
		if err != nil {
			return err
		}
		for _, word := range words {
			if err := holds("the page's text", screen.Text, gomega.Not(gomega.ContainSubstring(word))); err != nil {
				return err
			}
		}
		return nil
	})
}

// quoted are words as a sentence has them: “one”, “two”.
func quoted(words []string) string { return "“" + strings.Join(words, "”, “") + "”" }

func containAll(words []string) gomegatypes.GomegaMatcher {
	matchers := make([]gomegatypes.GomegaMatcher, len(words))
	for i, word := range words {
		matchers[i] = gomega.ContainSubstring(word)
	}
	return gomega.And(matchers...)
}

// presses presses a button by its name.
func (p *Person) presses(name string) {
	GinkgoHelper()
	p.does(fmt.Sprintf("presses %q", name), func(ctx context.Context) error { return page.Press(ctx, p.Page, "button", name) })
}

// follows follows a link by its name.
func (p *Person) follows(name string) {
	GinkgoHelper()
	p.does(fmt.Sprintf("follows %q", name), func(ctx context.Context) error { return page.Press(ctx, p.Page, "link", name) })
}

// pressesHook presses a control by its language-free mark.
func (p *Person) pressesHook(hook page.Hook) {
	GinkgoHelper()
	p.does(fmt.Sprintf("presses the %s control", hook), func(ctx context.Context) error { return page.PressHook(ctx, p.Page, hook) })
}

// goesBack presses the browser's Back button.
func (p *Person) goesBack() {
	GinkgoHelper()
	p.does("goes back in the browser", func(ctx context.Context) error { return p.Page.Rod.Context(ctx).NavigateBack() })
}

// reloads reloads the page.
func (p *Person) reloads() {
	GinkgoHelper()
	p.does("reloads the page", func(ctx context.Context) error { return p.Page.Rod.Context(ctx).Reload() })
}

// ---- evidence

// window is the scene of a journey with a browser.
type window struct {
	journey string
	page    *browser.Page
	reach   *lab.Reach      // nil but over hybrid
	places  []*reports.View // of each frame of its film that has a step: the first of that step's views
}

func (w *window) picture(ctx context.Context, name string) *reports.Picture {
	if !house.pictures(name == failurePicture) {
		return nil
	}
	shot, err := w.page.Screenshot(ctx)
	if err != nil {
		return nil
	}
	path, err := house.keep(w.journey, name+".jpg", shot)
	if err != nil {
		return nil
	}
	return &reports.Picture{Path: path, MediaType: "image/jpeg"}
}

func (w *window) view(ctx context.Context) *reports.PageView {
	screen, err := page.Read(ctx, w.page)
	if err != nil {
		return nil
	}
	return &reports.PageView{URL: screen.URL, Title: screen.Title, Heading: screen.Heading, Step: string(screen.Step), Code: screen.Code}
}
