package journeys

import (
	"context"
	"fmt"

	. "github.com/onsi/ginkgo/v2"
	"github.com/onsi/gomega"

	"github.com/passkeylab/passkeylab/harness/page"
	"github.com/passkeylab/passkeylab/rp"
	"github.com/passkeylab/passkeylab/virtualauth"
	"github.com/passkeylab/passkeylab/virtualauth/provider"
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

// stored returns the passkeys in the relying party's store, oldest first.
func (p *Person) stored() []rp.Credential {
	GinkgoHelper()
	return read(p, "the store's passkeys", func(ctx context.Context) ([]rp.Credential, error) {
		return p.RP.Credentials(ctx, p.Account.ID)
	})
}

// findsStored finds how many passkeys the store holds, and returns them.
func (p *Person) findsStored(count int) []rp.Credential {
	GinkgoHelper()
	stored := p.stored()
	p.finds(fmt.Sprintf("the store holds %d passkeys", count), stored, gomega.HaveLen(count))
	return stored
}

// refused returns the refused tries that the store remembers, newest first.
func (p *Person) refused() []rp.RefusedTry {
	GinkgoHelper()
	return read(p, "the store's refused tries", func(ctx context.Context) ([]rp.RefusedTry, error) {
		return p.RP.RefusedTries(ctx, p.Account.ID)
	})
}

// ceremonies returns the ceremonies that the store remembers, oldest first.
func (p *Person) ceremonies() []rp.Ceremony {
	GinkgoHelper()
	return read(p, "the store's ceremonies", func(ctx context.Context) ([]rp.Ceremony, error) {
		return p.RP.Ceremonies(ctx, p.Account.ID)
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
	return read(p, "the store's runs", func(ctx context.Context) ([]rp.Run, error) { return p.RP.Runs(ctx, p.Account.ID) })
}

// audited finds an audit event with the action and, unless empty, the code.
func (p *Person) findsAudited(action rp.Action, code rp.Code) {
	GinkgoHelper()
	events := read(p, "the audit log", func(ctx context.Context) ([]rp.AuditEvent, error) {
		return p.RP.AuditEvents(ctx, p.Account.ID)
	})
	p.finds(fmt.Sprintf("the audit log has %s %s", action, code), events, gomega.ContainElement(gomega.And(
		gomega.HaveField("Action", action), gomega.HaveField("Code", code),
	)))
}

// findsNotified finds a notice of that kind in the outbox.
func (p *Person) findsNotified(kind rp.Action) {
	GinkgoHelper()
	notices := read(p, "the outbox", func(ctx context.Context) ([]rp.Notice, error) { return p.RP.Notices(ctx, p.Account.ID) })
	p.finds(fmt.Sprintf("a notice of %s was sent", kind), notices, gomega.ContainElement(gomega.HaveField("Kind", kind)))
}

// findsHeld finds how many passkeys a provider on the handset holds, and returns them.
func (p *Person) findsHeld(in provider.Provider, count int) []virtualauth.Credential {
	GinkgoHelper()
	held := p.Handset.Has(in).Authenticator.Credentials()
	p.finds(fmt.Sprintf("%s holds %d passkeys", in.Name, count), held, gomega.HaveLen(count))
	return held
}

// read fetches something from the store. It is no step of its own: what is
// found about it is.
func read[T any](p *Person, what string, from func(context.Context) (T, error)) T {
	GinkgoHelper()
	value, err := from(p.ctx)
	if err != nil {
		p.fail(p.ctx, "reads "+what, err)
	}
	return value
}
