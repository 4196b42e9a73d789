package journeys

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/go-rod/rod/lib/proto"
	. "github.com/onsi/ginkgo/v2"

	"github.com/passkeylab/passkeylab/harness/browser"
	"github.com/passkeylab/passkeylab/harness/client"
	"github.com/passkeylab/passkeylab/harness/lab"
	"github.com/passkeylab/passkeylab/harness/page"
	"github.com/passkeylab/passkeylab/rp"
	"github.com/passkeylab/passkeylab/rp/policy"
	"github.com/passkeylab/passkeylab/virtualauth/provider"
)

// The tour comes by every screen that the pages know, in as few steps of a browser as there can be: what leads to a screen
// happens over the API, in the window's own session, and the window opens the screen alone. Each stop has an account of its own,
// so that none depends on another, and any part of the tour can be taken.
//
//	Journey("AX-07", "…", Over(config.Bridge), Regular, touring(browser.ContextOptions{Dark: true}), func(mia *Person) {
//		mia.tours(tour(), func(at stop) { … })
//	})

// stop is one state of one screen, such as S10 with a name that will not do.
type stop struct {
	name  string    // unique, and fit for the name of a file
	step  page.Step // as the page tells it
	shows page.Part // what tells this state from others of the screen; empty: nothing does
	reach func(context.Context, *guide) error
}

// tour is every stop.
func tour() []stop {
	return slices.Concat(outsideStops(), infoStops(), wizardStops(), ceremonyStops(), problemStops(), wrongPlaceStops(), adminStops())
}

// touring is what the tour needs to be given, in any window: timers that let the waiting screens stay, and say all that they ever say.
func touring(window browser.ContextOptions) Given {
	return Given{Context: window, Timers: rp.Timers{StillWaiting: time.Millisecond, CheckOutcome: 2 * time.Minute, AppWait: time.Millisecond}}
}

// tours comes by stops, in their order, and calls look at each. Between two stops nothing is kept but cookies of the window that
// belong to no session: a language or a theme that was chosen before stays.
func (p *Person) tours(stops []stop, look func(at stop)) {
	GinkgoHelper()
	p.inside("policy, clock and store")
	g := &guide{Person: p}
	p.survey = true
	for _, at := range stops {
		p.does("comes to "+at.name, func(ctx context.Context) error { return g.leads(ctx, at) })
		look(at)
	}
	p.does("ends the tour", g.leave)
	if slices.ContainsFunc(stops, func(at stop) bool { return at.step == page.S9 }) {
		p.mayLeaveStray(provider.Bitwarden().Name, "the tour leaves the screen that checks, and the browser may give its request up")
	}
}

// guide leads the person from stop to stop.
type guide struct {
	*Person
	who     lab.Account  // signed in at this stop
	visitor *lab.Visitor // its session is the window's
	faults  *browser.Faults
	undo    []func(context.Context) error
	guests  int
}

func (g *guide) leads(ctx context.Context, to stop) error {
	if err := g.leave(ctx); err != nil {
		return err
	}
	// What answers the page now asks her, and she does not look: no page that waits for autofill goes on by itself.
	g.Handset.Attach(lab.CrossPlatform)
	g.Handset.Choose(provider.OnePassword()).Owner.Feels(lab.Waits)
	if err := g.welcome(ctx); err != nil {
		return err
	}
	if err := to.reach(ctx, g); err != nil {
		return fmt.Errorf("%s: %w", to.name, err)
	}
	if _, err := page.Await(ctx, g.Page, to.step); err != nil {
		return fmt.Errorf("%s: %w", to.name, err)
	}
	if to.shows == "" {
		return nil
	}
	return page.AwaitPart(ctx, g.Page, to.shows)
}

// leave undoes what the last stop did to the world.
func (g *guide) leave(ctx context.Context) error {
	var errs []error
	for _, undo := range slices.Backward(g.undo) {
		errs = append(errs, undo(ctx))
	}
	g.undo = nil
	return errors.Join(errs...)
}

// welcome signs a new account in, over the API and in the window. The window shows the page of before until it is led on.
func (g *guide) welcome(ctx context.Context) (err error) {
	g.guests++
	if g.who, err = g.AddAccount(ctx, fmt.Sprintf("mia-%d", g.guests), "Mia"); err != nil {
		return err
	}
	return g.signsIn(ctx)
}

// signsIn gives the account another session.
func (g *guide) signsIn(ctx context.Context) (err error) {
	if g.visitor, err = g.Visitor(); err != nil {
		return err
	}
	if err := g.visitor.SignIn(ctx, g.who); err != nil {
		return err
	}
	return g.Lend(ctx, g.visitor)
}

// goesOut leaves the window without a session, and returns a visitor who has none either.
func (g *guide) goesOut(ctx context.Context) (*lab.Visitor, error) {
	if err := (proto.NetworkDeleteCookies{Name: "account", URL: g.Origin}).Call(g.Page.Rod.Context(ctx)); err != nil {
		return nil, err
	}
	return g.Visitor()
}

// shows opens an address of the site in the window.
func (g *guide) shows(ctx context.Context, path string) error {
	return g.Page.Goto(ctx, g.Origin+path)
}

// accepts changes the policy until the next stop.
func (g *guide) accepts(ctx context.Context, accepted policy.Policy) error {
	before := g.RP.Policy()
	g.undo = append(g.undo, func(ctx context.Context) error { return g.RP.SetPolicy(ctx, before) })
	return g.RP.SetPolicy(ctx, accepted)
}

// disturbs disturbs the window's network until the next stop.
func (g *guide) disturbs(ctx context.Context, fault browser.Fault) (err error) {
	if g.faults == nil {
		if g.faults, err = g.Page.Faults(ctx); err != nil {
			return err
		}
	}
	rule, err := g.faults.Add(ctx, fault)
	g.undo = append(g.undo, rule.Remove)
	return err
}

// posts sends a form over the API; the answer, a redirect's end, must be good.
func (g *guide) posts(ctx context.Context, path string, form url.Values) error {
	reply, err := g.visitor.Post(ctx, path, form)
	return good(reply, err)
}

// sends sends JSON over the API; its answer must be none of the server's faults.
func (g *guide) sends(ctx context.Context, path, body string) error {
	reply, err := g.visitor.PostJSON(ctx, path, []byte(body))
	if err == nil && reply.Status >= http.StatusInternalServerError {
		return good(reply, nil)
	}
	return err
}

func good(reply *lab.Reply, err error) error {
	if err == nil && reply.Status >= http.StatusBadRequest {
		err = fmt.Errorf("%w: %s", lab.ErrRefused, reply)
	}
	return err
}

// deviceOf is a client that answers with a provider, at once.
func (g *guide) deviceOf(in provider.Provider) *client.Client {
	return &client.Client{Origin: g.Origin, Device: g.Handset.Has(in).Authenticator, Attachment: in.Model.Attachment.String(), Transports: in.Model.Transports}
}

// holds registers a passkey of a provider in the row of S1 that is named.
func (g *guide) holds(ctx context.Context, method string, in provider.Provider) error {
	g.visitor.Phone = "Android"
	return g.visitor.Register(ctx, method, g.deviceOf(in))
}
