package journeys

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"

	. "github.com/onsi/ginkgo/v2"
	"github.com/onsi/gomega"
	gomegatypes "github.com/onsi/gomega/types"

	"github.com/passkeylab/passkeylab/harness/client"
	"github.com/passkeylab/passkeylab/harness/lab"
	"github.com/passkeylab/passkeylab/harness/page"
	"github.com/passkeylab/passkeylab/rp"
	"github.com/passkeylab/passkeylab/virtualauth"
	"github.com/passkeylab/passkeylab/virtualauth/provider"
)

// This file holds the words about attacks that a browser sees, and about what tells her of them.

// meetsASite makes another site be there, which answers each address with one document, and returns its origin. Its host is
// one that browsers find on this machine: below localhost (RFC 6761 §6.3).
func (p *Person) meetsASite(host, document string) (origin string) {
	GinkgoHelper()
	p.does("meets the site of somebody else at "+host, func(context.Context) error {
		site := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/html; charset=utf-8")
			_, _ = w.Write([]byte(document)) // a browser that has gone needs no document
		}))
		DeferCleanup(site.Close)
		at, err := url.Parse(site.URL)
		origin = "http://" + host + ":" + at.Port()
		return err
	})
	return origin
}

// goesTo opens an address that is not of our site.
func (p *Person) goesTo(address string) {
	GinkgoHelper()
	p.does("goes to "+address, func(ctx context.Context) error { return p.Page.Goto(ctx, address+"/") })
}

// findsFrameBlocked finds that the browser asked for a page in a frame and was told not to show it.
func (p *Person) findsFrameBlocked() {
	GinkgoHelper()
	p.comesToFind("the browser refuses to show the frame, by our policy", func(context.Context) (any, error) {
		var said []string
		for _, message := range p.Page.Console() {
			said = append(said, message.Text)
		}
		return said, nil
	}, gomega.ContainElement(gomega.And(gomega.ContainSubstring(p.Origin), gomega.ContainSubstring("frame-ancestors 'none'"))))
}

// asksTheBrowser has the page that is open ask the browser for a passkey of an RP ID, and returns the error that comes of it.
func (p *Person) asksTheBrowser(rpID string) (failure string) {
	GinkgoHelper()
	p.does("the page asks for a passkey of "+rpID, func(ctx context.Context) error {
		return p.Page.Evaluate(ctx, fmt.Sprintf(`navigator.credentials.get({ publicKey: {
			rpId: %q, challenge: new Uint8Array(32), userVerification: "required", timeout: 1000,
		} }).then(() => "signed", (error) => error.name + ": " + error.message)`, rpID), &failure)
	})
	return failure
}

// renames gives a passkey another name, through its dialog.
func (p *Person) renames(name, to string) {
	GinkgoHelper()
	p.presses("Rename " + name)
	p.does(fmt.Sprintf("renames it to %q", to), func(ctx context.Context) error { return page.RenameTo(ctx, p.Page, to) })
	p.pressesHook(page.DialogConfirm)
	p.findsListed(to)
}

// deletesInGerman deletes a passkey on a page that speaks German.
func (p *Person) deletesInGerman(name string) {
	GinkgoHelper()
	p.presses(name + " löschen")
	p.pressesHook(page.DialogConfirm)
	p.findsListed()
}

// notices are the notices that were sent to her, newest first.
func (p *Person) notices() []rp.Notice {
	GinkgoHelper()
	return read(p, "the outbox", func(ctx context.Context, party *rp.RelyingParty) ([]rp.Notice, error) {
		return party.Notices(ctx, p.Account.ID)
	})
}

// findsToldOf finds what was done with a passkey in the outbox, in these words, and in the audit log as her own deed.
func (p *Person) findsToldOf(action rp.Action, what lab.Passkey, words ...string) {
	GinkgoHelper()
	p.opens("/outbox", "outbox")
	p.reads(words...)
	p.findsNotified(action)
	tail := what.Key()[len(what.Key())-8:]
	p.finds(fmt.Sprintf("the audit log has %s once, with actor, target and code", action), p.audit(p.Account.ID), containOnce(gomega.And(
		gomega.HaveField("Action", action), gomega.HaveField("Actor", p.Account.ID), gomega.HaveField("Target", tail),
		gomega.HaveField("Code", rp.Code("")), gomega.HaveField("RequestID", gomega.Not(gomega.BeEmpty())),
	)))
}

// containOnce matches a list with exactly one element that matches.
func containOnce(element gomegatypes.GomegaMatcher) gomegatypes.GomegaMatcher {
	var found []any
	return gomega.And(gomega.ContainElement(element, &found), gomega.WithTransform(func(any) int { return len(found) }, gomega.Equal(1)))
}

// stillIn reports whether a visitor is still signed in.
func (p *Person) stillIn(visitor *lab.Visitor) (in bool) {
	GinkgoHelper()
	p.does("looks whether the other browser is still signed in", func(ctx context.Context) error {
		reply, err := visitor.Get(ctx, "/security-info")
		if err != nil {
			return err
		}
		in = reply.Path == "/security-info"
		return nil
	})
	return in
}

// sessions are her live sessions.
func (p *Person) sessions() []rp.Session {
	GinkgoHelper()
	return read(p, "the store's sessions", func(ctx context.Context, party *rp.RelyingParty) ([]rp.Session, error) {
		return party.Sessions(ctx, p.Account.ID)
	})
}

// extensionLies makes what the extension answers for a provider wrong as told, from now on.
func (p *Person) extensionLies(in provider.Provider, lie virtualauth.Misbehaviour) {
	GinkgoHelper()
	p.does("has an extension that answers for "+in.Name, func(context.Context) error {
		p.Handset.Has(in).Authenticator.Misbehave = lie
		return nil
	})
}

// postsDirectly makes a passkey of a provider and posts it without a browser; it returns the code of the answer.
func (p *Person) postsDirectly(in provider.Provider) string {
	GinkgoHelper()
	run := p.startsARun()
	var credential []byte
	options := p.asksForOptions(run)
	p.does("makes a credential without the browser", func(ctx context.Context) error {
		c := &client.Client{Origin: p.Origin, Device: p.unattended(in), Attachment: lab.Platform, Transports: in.Model.Transports}
		var err error
		credential, err = c.Create(ctx, options)
		return err
	})
	return p.verifies(run, credential).Code()
}
