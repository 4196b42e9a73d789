package journeys

import (
	"context"
	"net/http"
	"net/url"

	. "github.com/onsi/ginkgo/v2"
	"github.com/onsi/gomega"

	"github.com/passkeylab/passkeylab/harness/client"
	"github.com/passkeylab/passkeylab/harness/config"
	"github.com/passkeylab/passkeylab/harness/lab"
	"github.com/passkeylab/passkeylab/harness/page"
	"github.com/passkeylab/passkeylab/virtualauth/provider"
)

var _ = Describe("Security", func() {
	Journey("SEC-01", "cannot answer another session's challenge", Over(config.API), Regular, Given{}, func(mia *Person) {
		first, second := mia.startsARun(), mia.startsARun()
		credential := mia.answers(first)
		mia.asksForOptions(second)
		reply := mia.verifies(second, credential)
		mia.finds("the answer is a refusal", reply.Status, gomega.BeElementOf(http.StatusUnprocessableEntity, http.StatusConflict, http.StatusNotFound))
		mia.findsStored(0)
	})

	Journey("SEC-02", "posts a valid answer for her own account in somebody else's run: neither account changes", Over(config.API), Essential, Given{}, func(mia *Person) {
		hers := mia.startsARun()
		credential := mia.answers(hers)
		var zoe lab.Account
		other := mia.visits()
		mia.does("zoe signs up, signs in and starts adding a passkey", func(ctx context.Context) error {
			var err error
			if zoe, err = mia.AddAccount(ctx, "zoe", "Zoe"); err != nil {
				return err
			}
			if err = other.SignIn(ctx, zoe); err != nil {
				return err
			}
			if err = other.StartRun(ctx, "passkey"); err != nil {
				return err
			}
			return other.WalkToCeremony(ctx)
		})
		mia.asksForOptions(other)
		reply := mia.verifies(other, credential)
		mia.finds("the answer is a refusal", reply.Status, gomega.BeNumerically(">=", 400))
		mia.finds("the answer is no fault of the server", reply.Status, gomega.BeNumerically("<", 500))
		mia.findsStored(0)
		mia.finds("zoe has no passkey either", mia.storedOf(zoe), gomega.BeEmpty())
	})

	Journey("SEC-03", "is protected from changes that come from another site", Over(config.API), Regular, Given{}, func(mia *Person) {
		mia.hasPasskeyIn(provider.LarkspurIDAndroid())
		stored := mia.findsStored(1)[0]
		visitor := mia.signsInAsVisitor()
		for _, path := range []string{
			"/security-info/passkeys/" + stored.Key() + "/delete", "/security-info/passkeys/" + stored.Key() + "/rename",
			"/security-info/add", "/sign-in", "/sign-in/options", "/sign-out", "/security-info/prove",
		} {
			for _, header := range []http.Header{
				{"Sec-Fetch-Site": {"cross-site"}}, {"Sec-Fetch-Site": {"same-site"}}, {"Origin": {"https://evil.example"}},
			} {
				header.Set("Content-Type", "application/x-www-form-urlencoded")
				reply := mia.sends(visitor, path, header, "name=stolen")
				mia.finds(path+" answers 403", reply.Status, gomega.Equal(http.StatusForbidden))
			}
		}
		mia.finds("the passkey is as it was", mia.findsStored(1)[0], gomega.Equal(stored))
	})

	Journey("SEC-04", "names a passkey like an attack: it is shown as text, and invisible characters are refused", Over(config.Bridge), Regular,
		Given{Context: onAndroid()}, func(mia *Person) {
			const attack = `<img src=x onerror=alert(1)>`
			inApp := provider.LarkspurIDAndroid()
			mia.phoneSavesIn(inApp)
			mia.isSignedIn()
			mia.startsAdding(inTheApp)
			mia.walksTo(android, page.S7)
			mia.presses("I understand")
			mia.namesIt("Key \u202egnp.exe")
			mia.sees(page.S10)
			mia.reads("Leave out line breaks and invisible control characters")
			mia.namesIt(attack)
			mia.sees(page.S11)
			mia.pressesHook(page.Primary)
			mia.sees(page.S0)
			mia.findsListed(attack)
			mia.does("finds no image made of the name", func(ctx context.Context) error {
				count, err := mia.Page.Rod.Context(ctx).Eval(`() => document.querySelectorAll('img[src="x"]').length`)
				if err != nil {
					return err
				}
				return holds("images of the attack", count.Value.Int(), gomega.BeZero())
			})
			mia.finds("the store has the name as it was typed", mia.findsStored(1)[0].Name, gomega.Equal(attack))
		})

	Journey("SEC-05", "cannot rename or delete with somebody else's credential id", Over(config.API), Regular, Given{}, func(mia *Person) {
		mia.hasPasskeyIn(provider.LarkspurIDAndroid())
		before := mia.findsStored(1)[0]
		stranger := mia.visitsAs("zoe")
		for _, action := range []string{"rename", "delete"} {
			var reply *lab.Reply
			mia.does("zoe tries to "+action+" it", func(ctx context.Context) error {
				var err error
				reply, err = stranger.PostForJSON(ctx, "/security-info/passkeys/"+before.Key()+"/"+action, url.Values{"name": {"Mine now"}})
				return err
			})
			mia.finds("the answer is 404", reply.Status, gomega.Equal(http.StatusNotFound))
		}
		mia.finds("the passkey is as it was", mia.findsStored(1)[0], gomega.Equal(before))
	})
})

// signsInAsVisitor returns a signed-in visitor of the person's own account.
func (p *Person) signsInAsVisitor() *lab.Visitor {
	GinkgoHelper()
	visitor := p.visits()
	p.does("signs in over the API", func(ctx context.Context) error { return visitor.SignIn(ctx, p.Account) })
	return visitor
}

// startsARun returns a signed-in visitor that stands before the ceremony.
func (p *Person) startsARun() *lab.Visitor {
	GinkgoHelper()
	visitor := p.signsInAsVisitor()
	p.does("walks to the ceremony over the API", func(ctx context.Context) error {
		if err := visitor.StartRun(ctx, "passkey"); err != nil {
			return err
		}
		return visitor.WalkToCeremony(ctx)
	})
	return visitor
}

// asksForOptions asks for creation options and returns them.
func (p *Person) asksForOptions(visitor *lab.Visitor) []byte {
	GinkgoHelper()
	var options []byte
	p.does("asks for creation options", func(ctx context.Context) error {
		reply, found, err := visitor.Options(ctx)
		if err != nil {
			return err
		}
		options = found
		return holds("the status", reply.Status, gomega.Equal(http.StatusOK))
	})
	return options
}

// answers asks for creation options and makes a credential for them, honestly,
// with a provider that no journey has used yet.
func (p *Person) answers(visitor *lab.Visitor) []byte {
	GinkgoHelper()
	return p.makes(p.asksForOptions(visitor), client.Misbehaviour{})
}

// makes makes a credential for options with a client that lies as told.
func (p *Person) makes(options []byte, lie client.Misbehaviour) []byte {
	GinkgoHelper()
	var credential []byte
	p.does("makes a credential", func(ctx context.Context) error {
		google := provider.GooglePasswordManager()
		c := &client.Client{
			Origin: p.Origin, Device: p.unattended(google), Attachment: lab.Platform,
			Transports: google.Model.Transports, Misbehave: lie,
		}
		var err error
		credential, err = c.Create(ctx, options)
		return err
	})
	return credential
}

// verifies posts a credential to a visitor's run.
func (p *Person) verifies(visitor *lab.Visitor, credential []byte) *lab.Reply {
	GinkgoHelper()
	var reply *lab.Reply
	p.does("posts the credential", func(ctx context.Context) error {
		var err error
		reply, err = visitor.Verify(ctx, credential)
		return err
	})
	return reply
}

// sends posts a body with headers of the journey's choice.
func (p *Person) sends(visitor *lab.Visitor, path string, header http.Header, body string) *lab.Reply {
	GinkgoHelper()
	var reply *lab.Reply
	p.does("posts to "+path, func(ctx context.Context) error {
		var err error
		reply, err = visitor.Do(ctx, http.MethodPost, path, header, []byte(body))
		return err
	})
	return reply
}
