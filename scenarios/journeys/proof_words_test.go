package journeys

import (
	"context"
	"fmt"
	"time"

	. "github.com/onsi/ginkgo/v2"

	"github.com/passkeylab/passkeylab/harness/lab"
	"github.com/passkeylab/passkeylab/harness/page"
	"github.com/passkeylab/passkeylab/rp"
)

// This file holds the words for proving that it is her.

// isGivenAPass makes an administrator give the person a temporary pass, and returns its text.
func (p *Person) isGivenAPass(about string, want rp.PassRequest) string {
	GinkgoHelper()
	party := p.inside("the passes")
	var text string
	p.does("is given a temporary pass "+about, func(ctx context.Context) (err error) {
		text, _, err = party.IssuePass(ctx, p.Account.ID, want)
		p.Trace.Decoder.Redactor.Add(text)
		return err
	})
	return text
}

// confirmsWith answers the proof page with what somebody gave her: a pass, or a code that may be wrong.
func (p *Person) confirmsWith(what, text string) {
	GinkgoHelper()
	p.sees(page.S2a)
	p.does("confirms with "+what, func(ctx context.Context) error { return page.Prove(ctx, p.Page, text) })
}

// isAskedToProve goes from the choice of a method over the screen that explains why to the proof page.
func (p *Person) isAskedToProve(method string) {
	GinkgoHelper()
	p.startsAdding(method)
	p.sees(page.S2)
	p.pressesHook(page.Primary)
	p.sees(page.S2a)
}

// hasAStaleProof is signed in, and the proof no longer counts for adding a passkey.
func (p *Person) hasAStaleProof() {
	GinkgoHelper()
	p.isSignedIn()
	p.letsPass(fresh + time.Second)
}

// wrongCode returns a code that is not the person's at the moment.
func (p *Person) wrongCode() string {
	GinkgoHelper()
	var code string
	p.does("makes up a code", func(ctx context.Context) error {
		right, err := p.Stage.Code(ctx)
		if err != nil {
			return err
		}
		last := (right[len(right)-1]-'0'+5)%10 + '0'
		code = right[:len(right)-1] + string(rune(last))
		return nil
	})
	return code
}

// clockGoesBack sets the relying party's clock back, as somebody does who corrects it.
func (p *Person) clockGoesBack(d time.Duration) {
	GinkgoHelper()
	p.inside("the clock")
	p.does(fmt.Sprintf("meets a server whose clock is set back by %s", d), func(context.Context) error { return p.Clock.Advance(-d) })
}

// proofs counts how often the audit log has that the person proved it is her.
func (p *Person) proofs() (count int) {
	GinkgoHelper()
	for _, event := range p.audit(p.Account.ID) {
		if event.Action == rp.ActionProof {
			count++
		}
	}
	return count
}

// standsBeforeAndWaits signs somebody in and lets time pass since that proof, with a run that stands before its ceremony.
func (p *Person) standsBeforeAndWaits(who lab.Account, since time.Duration) *lab.Visitor {
	GinkgoHelper()
	visitor := p.standsBeforeCreating(who, "passkey")
	p.letsPass(since)
	return visitor
}
