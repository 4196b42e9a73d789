package journeys

import (
	"context"
	"fmt"

	. "github.com/onsi/ginkgo/v2"
	"github.com/onsi/gomega"

	"github.com/passkeylab/passkeylab/harness/lab"
	"github.com/passkeylab/passkeylab/harness/page"
	"github.com/passkeylab/passkeylab/rp"
)

// This file holds the words for what a journey finds on its three places: the
// page, the relying party's store, and the authenticator.

// cards returns the passkeys that Security info lists now.
func (p *Person) cards() []page.PasskeyCard {
	GinkgoHelper()
	var cards []page.PasskeyCard
	p.does("looks at the list of passkeys", func(ctx context.Context) error {
		var err error
		cards, err = page.Cards(ctx, p.Page)
		return err
	})
	return cards
}

// findsListed finds that Security info lists passkeys with exactly these names, in any order.
func (p *Person) findsListed(names ...string) {
	GinkgoHelper()
	p.comesToFind(fmt.Sprintf("Security info lists %q", names), func(ctx context.Context) (any, error) {
		cards, err := page.Cards(ctx, p.Page)
		listed := make([]string, len(cards))
		for i, card := range cards {
			listed[i] = card.Name
		}
		return listed, err
	}, gomega.ConsistOf(names))
}

// stored returns the stored passkeys, oldest first: with their rows in the
// store, or, at rp.url, as Security info lists them.
func (p *Person) stored() []lab.Passkey { return p.storedOf(p.Account) }

// storedOf returns somebody's stored passkeys.
func (p *Person) storedOf(who lab.Account) []lab.Passkey {
	GinkgoHelper()
	stored, err := p.Passkeys(p.ctx, who)
	if err != nil {
		p.fail(p.ctx, "reads the stored passkeys of "+who.DisplayName, err)
	}
	return stored
}

// row returns a stored passkey's row in the store.
func (p *Person) row(of lab.Passkey) rp.Credential {
	GinkgoHelper()
	p.inside("the store's rows")
	return *of.Row
}

// findsStored finds how many passkeys are stored, and returns them.
func (p *Person) findsStored(count int) []lab.Passkey {
	GinkgoHelper()
	stored := p.stored()
	p.finds(fmt.Sprintf("%d passkeys are stored", count), stored, gomega.HaveLen(count))
	return stored
}

// refused returns the refused tries that the store remembers, newest first.
func (p *Person) refused() []rp.RefusedTry {
	GinkgoHelper()
	return read(p, "the store's refused tries", func(ctx context.Context, party *rp.RelyingParty) ([]rp.RefusedTry, error) {
		return party.RefusedTries(ctx, p.Account.ID)
	})
}

// ceremonies returns the ceremonies that the store remembers, oldest first.
func (p *Person) ceremonies() []rp.Ceremony {
	GinkgoHelper()
	return read(p, "the store's ceremonies", func(ctx context.Context, party *rp.RelyingParty) ([]rp.Ceremony, error) {
		return party.Ceremonies(ctx, p.Account.ID)
	})
}

// registrations returns the registration ceremonies among them.
func (p *Person) registrations() []rp.Ceremony {
	GinkgoHelper()
	var list []rp.Ceremony
	for _, ceremony := range p.ceremonies() {
		if ceremony.Kind == rp.KindCreate {
			list = append(list, ceremony)
		}
	}
	return list
}

// runs returns the person's wizard runs, oldest first.
func (p *Person) runs() []rp.Run {
	GinkgoHelper()
	return read(p, "the store's runs", func(ctx context.Context, party *rp.RelyingParty) ([]rp.Run, error) {
		return party.Runs(ctx, p.Account.ID)
	})
}

// audit returns what the audit log has about a user, or, without an id, about everybody.
func (p *Person) audit(userID string) []rp.AuditEvent {
	GinkgoHelper()
	return read(p, "the audit log", func(ctx context.Context, party *rp.RelyingParty) ([]rp.AuditEvent, error) {
		return party.AuditEvents(ctx, userID)
	})
}

// findsAudited finds an audit event with the action and, unless empty, the code.
func (p *Person) findsAudited(action rp.Action, code rp.Code) {
	GinkgoHelper()
	events := p.audit(p.Account.ID)
	p.finds(fmt.Sprintf("the audit log has %s %s", action, code), events, gomega.ContainElement(gomega.And(
		gomega.HaveField("Action", action), gomega.HaveField("Code", code),
	)))
}

// findsNotified finds a notice of that kind in the outbox.
func (p *Person) findsNotified(kind rp.Action) {
	GinkgoHelper()
	p.finds(fmt.Sprintf("a notice of %s was sent", kind), p.noticesOf(kind), gomega.Not(gomega.BeEmpty()))
}

// read fetches something from behind the pages of our own relying party. It is
// no step of its own: what is found about it is.
func read[T any](p *Person, what string, from func(context.Context, *rp.RelyingParty) (T, error)) T {
	GinkgoHelper()
	value, err := from(p.ctx, p.inside(what))
	if err != nil {
		p.fail(p.ctx, "reads "+what, err)
	}
	return value
}
