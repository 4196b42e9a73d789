package journeys

import (
	"context"
	"fmt"

	. "github.com/onsi/ginkgo/v2"
	"github.com/onsi/gomega"

	"github.com/passkeylab/passkeylab/harness/page"
	"github.com/passkeylab/passkeylab/rp"
)

// This file holds the words about passwords and sessions.

const passwordPath = "/security-info/password"

// changesPassword fills in the page that changes the password, and sends it.
func (p *Person) changesPassword(what, current, wanted string) {
	GinkgoHelper()
	p.Trace.Decoder.Redactor.Add(wanted)
	p.does("types "+what, func(ctx context.Context) error { return page.TypePasswords(ctx, p.Page, current, wanted) })
	p.pressesHook(page.Primary)
}

// typing fills in the page that changes the password, and does not send it.
func (p *Person) typing(current, wanted string) func(context.Context) error {
	return func(ctx context.Context) error { return page.TypePasswords(ctx, p.Page, current, wanted) }
}

// findsPasswordShown finds what she typed as the new password masked or not.
func (p *Person) findsPasswordShown(shown bool) {
	GinkgoHelper()
	p.comesToFind(fmt.Sprintf("the new password can be read: %v", shown), func(ctx context.Context) (any, error) {
		return page.PasswordShown(ctx, p.Page)
	}, gomega.Equal(shown))
}

// triesPassword signs in over the API, and returns whether it was let in.
func (p *Person) triesPassword(password string) (in bool) {
	GinkgoHelper()
	visitor, who := p.visits(), p.Account
	who.Password = password
	p.does("tries to sign in with that password", func(ctx context.Context) error {
		in = visitor.SignIn(ctx, who) == nil
		return nil
	})
	return in
}

// refs are how pages name her live sessions.
func (p *Person) refs() (refs []string) {
	GinkgoHelper()
	for _, session := range p.sessions() {
		refs = append(refs, session.Ref())
	}
	return refs
}

// guessesThePassword posts wrong passwords until no more are taken.
func guessesThePassword(ctx context.Context, g *guide) error {
	for range rp.MaxTries {
		if err := submitting(passwordPath, map[string]string{"currentPassword": "not the one", "newPassword": "an owl in the elm tree"})(ctx, g); err != nil {
			return err
		}
	}
	return nil
}

// isSignedInTwice shows the list of sessions with one elsewhere.
func isSignedInTwice(ctx context.Context, g *guide) error {
	elsewhere, err := g.Visitor()
	if err != nil {
		return err
	}
	if err := elsewhere.SignIn(ctx, g.who); err != nil {
		return err
	}
	return g.shows(ctx, "/security-info/sessions")
}

// isToldOfTheEnd tells the page what the page of a sign-out in another tab tells it.
func isToldOfTheEnd(ctx context.Context, g *guide) error {
	_, err := g.Page.Rod.Context(ctx).Eval(`() => new BroadcastChannel("session-over").postMessage("")`)
	return err
}
