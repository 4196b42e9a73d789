package journeys

import (
	"context"
	"fmt"
	"slices"

	. "github.com/onsi/ginkgo/v2"
	"github.com/onsi/gomega"

	"github.com/passkeylab/passkeylab/harness/lab"
	"github.com/passkeylab/passkeylab/reports"
	"github.com/passkeylab/passkeylab/rp"
	"github.com/passkeylab/passkeylab/virtualauth"
	"github.com/passkeylab/passkeylab/virtualauth/ctap2"
	"github.com/passkeylab/passkeylab/virtualauth/provider"
)

// This file holds the words about the phone in the person's hand that mean the same over each driver, and what a driver must
// do for them.

// hand is the phone in her hand, as one driver has it. A provider that is not on the phone yet is put there by the first word
// that names it; the first one of all is the one that the phone suggests.
type hand interface {
	// Held are the passkeys that a provider keeps, oldest first.
	Held(in provider.Provider) ([]virtualauth.Credential, error)
	// Remove deletes one of them, in the provider itself.
	Remove(ctx context.Context, in provider.Provider, id []byte) error
	// Unattended answers for a provider at once, as if she had agreed: for what is there before a journey begins.
	Unattended(in provider.Provider) (ctap2.Transport, error)
	// Choose makes the person pick the provider whenever the phone asks where to save, or which passkey to use.
	Choose(in provider.Provider) error
	// Feel says what she does from now on when the provider asks her, also about what it asks already.
	Feel(in provider.Provider, mood lab.Mood) error
	// Asked is what the provider has asked her, oldest first.
	Asked(in provider.Provider) []virtualauth.Prompt
	// Beside puts the phone beside the computer that shows the pages; until then the pages are its own browser's, where the
	// driver has such a thing.
	Beside()
	// IPhone makes the phone an iPhone with that version of iOS; before, it is an Android phone.
	IPhone(version int) error
	// SavedIn names the providers that keep a passkey now, by name.
	SavedIn() []string
	// Scope is where the relying party learns that the passkeys are.
	Scope() rp.DeviceScope
}

// scanner is a hand that meets the browser by the code on its screen.
type scanner interface {
	// Scan takes the phone to the code that the browser shows now, and does there what the person means to do. It returns
	// when the phone has read the code, or with the reason why it cannot.
	Scan(ctx context.Context) error
}

// shower is a hand that holds a phone with a screen: the report shows it beside the page.
type shower interface{ Shows() reports.View }

// scans takes the phone to the code on the computer's screen. Over a driver without a code there is nothing to do.
func (p *Person) scans() {
	GinkgoHelper()
	if phone, ok := p.phone.(scanner); ok {
		p.does("scans the code that the browser shows", phone.Scan)
	}
}

// behindThePage is the phone over the bridge: its providers answer the page's own navigator.credentials.
type behindThePage struct {
	handset *lab.Handset
	beside  bool
}

func (b *behindThePage) Held(in provider.Provider) ([]virtualauth.Credential, error) {
	return b.handset.Has(in).Authenticator.Credentials(), nil
}

func (b *behindThePage) Remove(_ context.Context, in provider.Provider, id []byte) error {
	return b.handset.Has(in).Authenticator.Delete(id)
}

func (b *behindThePage) Unattended(in provider.Provider) (ctap2.Transport, error) {
	return b.handset.Has(in).Authenticator, nil
}

func (b *behindThePage) Choose(in provider.Provider) error {
	b.handset.Choose(in)
	return nil
}

func (b *behindThePage) Feel(in provider.Provider, mood lab.Mood) error {
	b.handset.Has(in).Owner.Feels(mood)
	return nil
}

func (b *behindThePage) Asked(in provider.Provider) []virtualauth.Prompt {
	return b.handset.Has(in).Owner.Asked()
}

func (b *behindThePage) SavedIn() []string {
	var names []string
	for _, pocket := range b.handset.Pockets() {
		if len(pocket.Authenticator.Credentials()) > 0 {
			names = append(names, pocket.Provider.Name)
		}
	}
	slices.Sort(names)
	return names
}

func (b *behindThePage) Beside() {
	b.handset.Attach(lab.CrossPlatform)
	b.beside = true
}

func (b *behindThePage) IPhone(int) error { return nil } // its providers say what it is

func (b *behindThePage) Scope() rp.DeviceScope {
	if b.beside {
		return rp.ScopeOtherDevice
	}
	return rp.ScopeThisDevice
}

// takeUp puts the phone into the person's hand, as the stage has it.
func takeUp(stage *lab.Stage) (hand, error) {
	if stage.Reach == nil {
		return &behindThePage{handset: stage.Handset}, nil
	}
	held, err := hold(stage.Reach.Phone, stage.Reach.Camera())
	if err != nil {
		return nil, err
	}
	DeferCleanup(held.close)
	return held, nil
}

// ---- what she will do

// phoneSavesIn makes a provider the one that answers next on the phone.
func (p *Person) phoneSavesIn(in provider.Provider) {
	GinkgoHelper()
	p.does("will choose "+in.Name+" on the phone", func(context.Context) error { return p.phone.Choose(in) })
}

// looksAway makes a provider answer next, and the person not touch the phone for now.
func (p *Person) looksAway(in provider.Provider) {
	GinkgoHelper()
	p.phoneSavesIn(in)
	p.feels("does not touch the phone for now", in, lab.Waits)
}

// touches makes the person agree on the phone from now on, also to what waits there.
func (p *Person) touches(in provider.Provider) {
	GinkgoHelper()
	p.feels("touches the phone", in, lab.Agrees)
}

// willDecline makes the person say no whenever the provider asks.
func (p *Person) willDecline(in provider.Provider) {
	GinkgoHelper()
	p.feels("will say no on the phone", in, lab.Declines)
}

func (p *Person) feels(text string, in provider.Provider, mood lab.Mood) {
	GinkgoHelper()
	p.does(text, func(context.Context) error { return p.phone.Feel(in, mood) })
}

// sitsAtAComputer puts the phone beside the computer that shows the pages.
func (p *Person) sitsAtAComputer() {
	GinkgoHelper()
	p.does("sits at a computer with the phone beside it", func(context.Context) error {
		p.phone.Beside()
		return nil
	})
}

// hasAnIPhone makes the phone an iPhone.
func (p *Person) hasAnIPhone(version int) {
	GinkgoHelper()
	p.does(fmt.Sprintf("has an iPhone with iOS %d", version), func(context.Context) error { return p.phone.IPhone(version) })
}

// phoneDefaultsTo puts a provider first on the phone: it answers until the person chooses another one.
func (p *Person) phoneDefaultsTo(in provider.Provider, others ...provider.Provider) {
	GinkgoHelper()
	p.does("has a phone whose default is "+in.Name, func(context.Context) error {
		for _, each := range append([]provider.Provider{in}, others...) {
			if _, err := p.phone.Held(each); err != nil {
				return err
			}
		}
		return nil
	})
}

// ---- what the phone asks and holds

// isAskedOnThePhone finds that a provider has come to ask the person, once, whether to make a passkey.
func (p *Person) isAskedOnThePhone(in provider.Provider) {
	GinkgoHelper()
	p.comesToFind("the phone asks once whether to make a passkey for "+p.Account.UserName, func(context.Context) (any, error) {
		return p.phone.Asked(in), nil
	}, gomega.ConsistOf(gomega.And(
		gomega.HaveField("Reason", virtualauth.ToCreate), gomega.HaveField("RPID", p.RPID()), gomega.HaveField("Verify", true),
		gomega.HaveField("Accounts", gomega.ConsistOf(gomega.HaveField("UserName", p.Account.UserName))),
	)))
}

// findsNotAsked finds that a provider has asked the person nothing.
func (p *Person) findsNotAsked(in provider.Provider) {
	GinkgoHelper()
	p.finds("the phone has not asked her", p.phone.Asked(in), gomega.BeEmpty())
}

// findsAskedLast finds that a provider's latest question to the person was for this reason.
func (p *Person) findsAskedLast(in provider.Provider, reason virtualauth.Reason) {
	GinkgoHelper()
	asked := p.phone.Asked(in)
	p.finds(in.Name+" has asked her", asked, gomega.Not(gomega.BeEmpty()))
	p.finds(fmt.Sprintf("the last question was to %s", reason), asked[len(asked)-1].Reason, gomega.Equal(reason))
}

// held returns the passkeys that a provider on the phone keeps.
func (p *Person) held(in provider.Provider) []virtualauth.Credential {
	GinkgoHelper()
	held, err := p.phone.Held(in)
	if err != nil {
		p.fail(p.ctx, "looks at the passkeys in "+in.Name, err)
	}
	return held
}

// unattended returns a provider on the phone as it answers with nobody to ask.
func (p *Person) unattended(in provider.Provider) ctap2.Transport {
	GinkgoHelper()
	device, err := p.phone.Unattended(in)
	if err != nil {
		p.fail(p.ctx, "uses "+in.Name, err)
	}
	return device
}

// findsHeld finds how many passkeys a provider on the phone holds, and returns them.
func (p *Person) findsHeld(in provider.Provider, count int) []virtualauth.Credential {
	GinkgoHelper()
	held := p.held(in)
	p.finds(fmt.Sprintf("%s holds %d passkeys", in.Name, count), held, gomega.HaveLen(count))
	return held
}

// removesItFrom deletes the one passkey that a provider on the phone holds, in the provider itself.
func (p *Person) removesItFrom(in provider.Provider) {
	GinkgoHelper()
	p.does("removes the passkey from "+in.Name+" on the phone", func(ctx context.Context) error {
		held, err := p.phone.Held(in)
		if err != nil {
			return err
		}
		if err := holds("what "+in.Name+" holds", held, gomega.HaveLen(1)); err != nil {
			return err
		}
		p.ledger.tookOff(held[0].ID)
		return p.phone.Remove(ctx, in, held[0].ID)
	})
}
