package journeys

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2"
	"github.com/onsi/gomega"

	"github.com/passkeylab/passkeylab/harness/browser"
	"github.com/passkeylab/passkeylab/harness/lab"
	"github.com/passkeylab/passkeylab/harness/page"
	"github.com/passkeylab/passkeylab/rp"
	"github.com/passkeylab/passkeylab/virtualauth/provider"
)

// This file holds the words for a relying party that fails, ends and begins again.

// waitsForThePhone walks to the ceremony with a provider that does not answer for now, and finds it asking.
func (p *Person) waitsForThePhone(in provider.Provider) {
	GinkgoHelper()
	p.startsAdding(inTheApp)
	p.walksTo(android, page.S7)
	p.looksAway(in)
	p.presses("I understand")
	p.isAskedOnThePhone(in)
	p.sees(page.S8)
}

// meetsNetworkFaults disturbs the page's network by several rules at once, the oldest first.
func (p *Person) meetsNetworkFaults(faults ...browser.Fault) []*browser.Rule {
	GinkgoHelper()
	var rules []*browser.Rule
	p.does(fmt.Sprintf("will meet %d network faults", len(faults)), func(ctx context.Context) error {
		disturbed, err := p.Page.Faults(ctx)
		if err != nil {
			return err
		}
		for _, fault := range faults {
			rule, err := disturbed.Add(ctx, fault)
			if err != nil {
				return err
			}
			rules = append(rules, rule)
		}
		return nil
	})
	return rules
}

// hits are how many requests met each of the rules.
func hits(rules []*browser.Rule) []int {
	met := make([]int, len(rules))
	for i, rule := range rules {
		met[i] = rule.Hits()
	}
	return met
}

// serverRestarts ends the relying party and starts it again; change, unless nil, is what an operator changes between.
func (p *Person) serverRestarts(how string, change func(*rp.Config)) {
	GinkgoHelper()
	p.inside("the process")
	p.does("meets a server that restarts"+how, func(ctx context.Context) error { return p.Restart(ctx, change) })
}

// serverGoesDown ends the relying party.
func (p *Person) serverGoesDown() {
	GinkgoHelper()
	p.inside("the process")
	p.does("meets a server that goes down", func(context.Context) error { return p.GoDown() })
}

// serverComesUp starts it again.
func (p *Person) serverComesUp() {
	GinkgoHelper()
	p.does("meets the server up again", func(ctx context.Context) error { return p.ComeUp(ctx, nil) })
}

// sessionEnds ends every session of the person, as signing out everywhere on another device does.
func (p *Person) sessionEnds() {
	GinkgoHelper()
	party := p.inside("the sessions")
	p.does("is signed out everywhere, on another device", func(ctx context.Context) error {
		live, err := party.Sessions(ctx, p.Account.ID)
		if err != nil || len(live) == 0 {
			return fmt.Errorf("find a session to sign out with: %w", err)
		}
		return party.SignOutEverywhere(ctx, live[0].ID)
	})
}

// signsInAgain confirms, after a session has ended, that it is her.
func (p *Person) signsInAgain() {
	GinkgoHelper()
	p.finds("the code says that the session has ended", p.sees(page.E6).Code, gomega.Equal(string(rp.CodeSessionExpired)))
	p.reads("Please confirm it's you again", "Your steps are kept")
	p.pressesHook(page.Primary)
	p.sees(page.SignIn)
	p.does("signs in again with password and one-time code", func(ctx context.Context) error {
		code, err := p.Stage.Code(ctx)
		if err != nil {
			return err
		}
		return page.SignInWithPassword(ctx, p.Page, p.Account.UserName, p.Account.Password, code)
	})
}

// namesCannotBeSaved makes the relying party unable to change names, or able again.
func (p *Person) namesCannotBeSaved(fail bool) {
	GinkgoHelper()
	p.inside("the database")
	text := "meets a full disk"
	if !fail {
		text = "has room on the disk again"
	}
	p.does(text, func(ctx context.Context) error { return p.FailNames(ctx, fail) })
}

// findsErrorAtField finds that a field is marked invalid and described by those words.
func (p *Person) findsErrorAtField(field page.Field, words string) {
	GinkgoHelper()
	p.comesToFind("the field "+string(field)+" is invalid, and described by what is wrong", func(ctx context.Context) (any, error) {
		found, err := p.Page.Rod.Context(ctx).Eval(`id => {
			const field = document.getElementById(id);
			if (!field || field.getAttribute('aria-invalid') !== 'true') return '';
			return (field.getAttribute('aria-describedby') || '').split(' ').map(part => (document.getElementById(part) || {}).innerText || '').join(' ');
		}`, string(field))
		if err != nil {
			return "", err
		}
		return found.Value.Str(), nil
	}, gomega.ContainSubstring(words))
}

// findsGeneric finds that each card on Security info has the generic icon and the generic word for a provider.
func (p *Person) findsGeneric(cards int) {
	GinkgoHelper()
	p.comesToFind(fmt.Sprintf("%d cards have the generic icon", cards), func(ctx context.Context) (any, error) {
		found, err := p.Page.Rod.Context(ctx).Eval(`() => [...document.querySelectorAll('[data-test="card"] .mark use')].map(use => use.getAttribute('href').split('#')[1]).join(' ')`)
		if err != nil {
			return nil, err
		}
		return strings.Fields(found.Value.Str()), nil
	}, gomega.And(gomega.HaveLen(cards), gomega.HaveEach("mark-passkey")))
	p.finds("each names its provider with the generic word", p.cards(), gomega.HaveEach(gomega.HaveField("Provider", "Passkey")))
}

// endpoint fetches one of the addresses that a well-known document gives, as a signed-in person would open it.
func (p *Person) endpoint(visitor *lab.Visitor, document map[string]string, name string) *lab.Reply {
	GinkgoHelper()
	p.finds(name+" is an address of this site", document[name], gomega.HavePrefix(p.Origin+"/"))
	return p.fetches(visitor, strings.TrimPrefix(document[name], p.Origin))
}

// passkeyEndpoints fetches the document that tells password managers where passkeys are added and managed.
func (p *Person) passkeyEndpoints(visitor *lab.Visitor) map[string]string {
	GinkgoHelper()
	const path = "/.well-known/passkey-endpoints"
	reply := p.fetches(visitor, path)
	p.finds("it is there, without a redirect", reply, gomega.And(
		gomega.HaveField("Status", http.StatusOK), gomega.HaveField("Path", path),
	))
	p.finds("it says that it is JSON", reply.Header.Get("Content-Type"), gomega.HavePrefix("application/json"))
	var document map[string]string
	p.does("reads it", func(context.Context) error { return json.Unmarshal(reply.Body, &document) })
	return document
}

// node starts another node of the relying party, with a clock that is ahead by that much, or behind.
func (p *Person) node(ahead time.Duration) *lab.Node {
	GinkgoHelper()
	p.inside("the process")
	var node *lab.Node
	p.does(fmt.Sprintf("meets a second node whose clock differs by %s", ahead), func(ctx context.Context) (err error) {
		node, err = p.AddNode(ctx, ahead)
		return err
	})
	return node
}

// goesThrough sends what a visitor says to a node from now on, as a load balancer may; nil is the first node.
func (p *Person) goesThrough(visitor *lab.Visitor, node *lab.Node) {
	GinkgoHelper()
	text := "is sent to the first node"
	if node != nil {
		text = "is sent to the second node"
	}
	p.does(text, func(context.Context) error { visitor.Through(node); return nil })
}

// somebodyUses makes a stranger ask a node for something, so that it is at work.
func (p *Person) somebodyUses(node *lab.Node) {
	GinkgoHelper()
	stranger := p.visits()
	p.goesThrough(stranger, node)
	p.does("sees a stranger ask there for sign-in options", func(ctx context.Context) error {
		reply, err := stranger.PostJSON(ctx, "/sign-in/options", []byte("{}"))
		if err != nil {
			return err
		}
		return holds("the status", reply.Status, gomega.Equal(http.StatusOK))
	})
}
