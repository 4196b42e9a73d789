package journeys

import (
	"context"
	"fmt"

	. "github.com/onsi/ginkgo/v2"

	"github.com/passkeylab/passkeylab/harness/browser"
	"github.com/passkeylab/passkeylab/harness/browser/webauthn"
	"github.com/passkeylab/passkeylab/harness/lab"
	"github.com/passkeylab/passkeylab/harness/page"
	"github.com/passkeylab/passkeylab/reports"
	"github.com/passkeylab/passkeylab/rp/policy"
	"github.com/passkeylab/passkeylab/virtualauth/provider"
)

// This file holds the words for what is there before a journey begins, and for
// what the harness does to the world around it.

// onlyTheApp is the policy of an organisation that accepts its own app alone.
func onlyTheApp() policy.Policy {
	return policy.AllowList(provider.LarkspurIDAndroid().Model.AAGUID, provider.LarkspurIDIOS().Model.AAGUID)
}

// onAndroid is a browser on an Android phone, where the wizard is flow C.
func onAndroid() browser.ContextOptions { return browser.ContextOptions{Mobile: browser.Android} }

// hasPasskeyIn makes a passkey of a provider be there: stored here, held there.
func (p *Person) hasPasskeyIn(in provider.Provider) {
	GinkgoHelper()
	device := p.unattended(in)
	p.does("has a passkey in "+in.Name, func(ctx context.Context) error { return p.Stage.GiveIn(ctx, in, device) })
}

// policyBecomes changes what the organisation accepts, from now on.
func (p *Person) policyBecomes(what string, accepted policy.Policy) {
	GinkgoHelper()
	party := p.inside("the policy")
	p.does("has an organisation that from now on accepts "+what, func(ctx context.Context) error { return party.SetPolicy(ctx, accepted) })
}

// plugsIn gives the window a DevTools virtual authenticator.
func (p *Person) plugsIn(o webauthn.Options) *webauthn.Authenticator {
	GinkgoHelper()
	var authenticator *webauthn.Authenticator
	p.does(fmt.Sprintf("has a virtual authenticator (%s)", o.Transport), func(ctx context.Context) error {
		environment, err := webauthn.Enable(ctx, p.Page.Rod)
		if err != nil {
			return err
		}
		authenticator, err = environment.Add(ctx, o)
		p.ledger.plugged = append(p.ledger.plugged, authenticator)
		return err
	})
	return authenticator
}

// spiesOnSignals watches the page's calls of the Signal API, from the next document on.
func (p *Person) spiesOnSignals() *browser.Spy {
	GinkgoHelper()
	var spy *browser.Spy
	p.does("is watched for Signal API calls", func(ctx context.Context) error {
		var err error
		spy, err = p.Page.SpySignals(ctx)
		return err
	})
	return spy
}

// spiesOnCeremonies returns who watches the first window's calls of navigator.credentials, from the beginning.
func (p *Person) spiesOnCeremonies() *browser.Spy {
	GinkgoHelper()
	p.does("is watched for calls of navigator.credentials", func(context.Context) error { return nil })
	return p.calls
}

// meetsNetworkFault disturbs the page's network until the rule is removed or used up.
func (p *Person) meetsNetworkFault(fault browser.Fault) *browser.Rule {
	GinkgoHelper()
	var rule *browser.Rule
	p.does("will meet a network fault at "+fault.URL, func(ctx context.Context) error {
		faults, err := p.Page.Faults(ctx)
		if err != nil {
			return err
		}
		rule, err = faults.Add(ctx, fault)
		return err
	})
	return rule
}

// opensAnotherTab opens a second window of the same browser, with the same
// cookies, and returns the person in front of it. The first one stays open.
func (p *Person) opensAnotherTab() *Person {
	GinkgoHelper()
	twin := &Person{Telling: p.Telling, Stage: p.Stage, ctx: p.ctx}
	p.does("opens another tab", func(ctx context.Context) error {
		var err error
		twin.Page, err = p.Context.NewPage(ctx)
		return err
	})
	return twin
}

// visits returns a visitor without a browser, for what is said over the JSON API.
func (p *Person) visits() *lab.Visitor {
	GinkgoHelper()
	var visitor *lab.Visitor
	p.does("speaks to the API directly", func(context.Context) error {
		var err error
		visitor, err = p.Stage.Visitor()
		return err
	})
	return visitor
}

// addsAPasskey walks the whole wizard from Security info back to it, with the
// passkey's default name.
func (p *Person) addsAPasskey(method, phone string) {
	GinkgoHelper()
	p.startsAdding(method)
	p.walksTo(phone, page.S7, page.K2)
	p.pressesHook(page.Primary)
	p.scans()
	p.finishes()
}

// collect puts what the stage recorded into the telling.
func (t *Telling) collect(stage *lab.Stage) {
	t.secrets = stage.Trace.Decoder.Redactor
	stage.Trace.Fill(&t.result)
	t.result.SavedIn = t.phone.SavedIn()
	for _, code := range stage.Codes() {
		t.result.Codes = append(t.result.Codes, string(code))
	}
	t.result.Ceremonies = revealed(t.result.Ceremonies, t.calls)
	if t.survey && t.result.Failure == nil {
		t.result.Ceremonies = nil
		return
	}
	if stage.Page == nil || t.scene == nil {
		return
	}
	if t.result.Failure == nil {
		ctx, cancel := context.WithTimeout(context.Background(), house.config.Suite.StepTimeout)
		defer cancel()
		t.result.Ended = t.scene.view(ctx)
	}
	t.result.Steps = t.scene.develop(append(t.result.Steps, t.scene.beside()...))
	for _, message := range stage.Page.Console() {
		t.result.Console = append(t.result.Console, reports.ConsoleEntry{At: message.Time, Level: message.Level, Text: message.Text, Source: message.Where})
	}
	for _, thrown := range stage.Page.Exceptions() {
		t.result.Console = append(t.result.Console, reports.ConsoleEntry{At: thrown.Time, Level: "exception", Text: thrown.Text, Source: thrown.Where})
	}
	for _, request := range stage.Page.Requests() {
		t.result.Network = append(t.result.Network, reports.NetworkEntry{
			At: request.Time, Method: request.Method, URL: request.URL, Status: request.Status,
			Duration: request.Duration, Kind: request.Kind, Error: request.Failure,
		})
	}
}
