package journeys

import (
	"context"
	"encoding/json"

	. "github.com/onsi/ginkgo/v2"
	"github.com/onsi/gomega"

	"github.com/passkeylab/passkeylab/harness/browser/webauthn"
	"github.com/passkeylab/passkeylab/harness/client"
	"github.com/passkeylab/passkeylab/harness/config"
	"github.com/passkeylab/passkeylab/harness/page"
	"github.com/passkeylab/passkeylab/rp"
	"github.com/passkeylab/passkeylab/virtualauth"
	"github.com/passkeylab/passkeylab/virtualauth/provider"
)

var _ = Describe("Security in the browser", func() {
	Journey("SEC-06", "visits a site that frames the pages: the browser shows none of them, and no framed site makes a passkey for this one", Over(config.Bridge), Regular,
		Given{}, func(mia *Person) {
			mia.isSignedIn()
			foreign := mia.meetsASite("frames.localhost", frameOf(mia.Origin+"/security-info"))
			mia.goesTo(foreign)
			mia.findsFrameBlocked()

			framed := mia.meetsASite(mia.RPID(), creatingPage)
			mia.goesTo(mia.meetsASite("frames.localhost", frameOf(framed)))
			mia.comesToFind("creating in the frame fails, because the frame may not", func(ctx context.Context) (any, error) {
				var heard string
				err := mia.Page.Evaluate(ctx, `window.heard ?? ""`, &heard)
				return heard, err
			}, gomega.And(gomega.HavePrefix("NotAllowedError"), gomega.ContainSubstring("publickey-credentials-create")))

			for _, lie := range []client.Misbehaviour{{CrossOrigin: true}, {CrossOrigin: true, TopOrigin: foreign}, {Origin: framed, CrossOrigin: true, TopOrigin: foreign}} {
				run := mia.startsARun()
				reply := mia.verifies(run, mia.crafts(mia.asksForOptions(run), provider.GooglePasswordManager(), lie))
				mia.finds("a passkey from within a frame is refused", reply.Code(), gomega.BeEquivalentTo(rp.CodeVerificationFailed))
			}
			mia.leavesStray(provider.GooglePasswordManager().Name, "a response from within a frame is not believed, and so not remembered")
			mia.findsStored(0)
		})

	Journey("SEC-07", "is lured to a look-alike of the site: the browser has no passkey for it, and what a broken browser would send the server refuses",
		Over(config.DevTools).Cannot(config.Bridge, "The browser would leave the choice to the extension, and this is about the browser's own."), Regular,
		Given{}, func(mia *Person) {
			device := mia.hasPasskeyOnThisDevice(webauthn.Platform())
			before := mia.heldBy(device)
			lookAlike := mia.meetsASite("sec-o7.localhost", "<!doctype html><title>Larkspur</title><h1>Sign in</h1>")
			mia.goesTo(lookAlike)
			mia.finds("asked for the real site's passkey, the browser refuses", mia.asksTheBrowser(mia.RPID()), gomega.HavePrefix("SecurityError"))
			mia.finds("asked for any of its own, the browser has none", mia.asksTheBrowser("sec-o7.localhost"), gomega.HavePrefix("NotAllowedError"))
			mia.finds("the passkey was not used", mia.heldBy(device), gomega.HaveField("SignCount", before.SignCount))

			in := provider.LarkspurIDAndroid()
			mia.hasPasskeyIn(in)
			mia.findsSignInAnswered(in, client.Misbehaviour{Origin: lookAlike}, 422)
			mia.findsAudited(rp.ActionSignInRefused, rp.CodeSignInFailed)
			mia.findsSignInAnswered(in, client.Misbehaviour{}, 200)
		})

	Journey("SEC-10", "adds, renames and deletes a passkey: each is told out of band in her language, and the audit log has who, what and the outcome",
		Over(config.Bridge, config.Hybrid), Regular, Given{Context: onAndroid()}, func(mia *Person) {
			inApp := provider.LarkspurIDAndroid()
			mia.phoneSavesIn(inApp)
			mia.isSignedIn()
			mia.addsAPasskey(inTheApp, android)
			added := mia.findsStored(1)[0]
			mia.findsToldOf(rp.ActionPasskeyAdded, added, "A passkey was added", "“"+added.Name+"” was added to your account")
			mia.opensSecurityInfo()
			mia.renames(added.Name, "The blue one")
			mia.findsToldOf(rp.ActionPasskeyRenamed, added, "A passkey was renamed", "“The blue one”")
			mia.pressesHook("language-de")
			mia.comesToFind("the page speaks German", func(ctx context.Context) (tag any, err error) {
				return tag, mia.Page.Evaluate(ctx, `document.documentElement.lang`, &tag)
			}, gomega.Equal("de"))
			mia.opensSecurityInfo()
			mia.deletesInGerman("The blue one")
			mia.findsStored(0)
			mia.findsToldOf(rp.ActionPasskeyDeleted, added, "Ein Passkey wurde gelöscht", "„The blue one“ wurde")
			mia.finds("nothing else was told", mia.notices(), gomega.HaveLen(3))
		})

	Journey("SEC-12", "signs out everywhere: every session ends, and her passkeys stay and sign her in", Over(config.Bridge, config.Hybrid), Regular,
		Given{Context: onAndroid()}, func(mia *Person) {
			inApp := provider.LarkspurIDAndroid()
			mia.hasPasskeyIn(inApp)
			before := mia.findsStored(1)[0]
			elsewhere := mia.signsInAsVisitor()
			mia.isSignedIn()
			mia.follows("Lost a device? Sign out everywhere")
			mia.reads("Your passkeys stay")
			mia.pressesHook(page.Cancel)
			mia.sees(page.S0)
			mia.finds("she changed her mind: the other session lives", mia.stillIn(elsewhere), gomega.BeTrue())
			mia.follows("Lost a device? Sign out everywhere")
			mia.pressesHook(page.Primary)
			mia.sees(page.SignIn)
			mia.finds("the other session has ended", mia.stillIn(elsewhere), gomega.BeFalse())
			mia.opens("/security-info", page.SignIn)
			mia.finds("the server has no session of hers", mia.sessions(), gomega.BeEmpty())
			mia.findsAudited(rp.ActionSignOutAll, "")
			mia.finds("the passkey is as it was", mia.findsStored(1)[0], gomega.Equal(before))
			mia.findsHeld(inApp, 1)
			mia.phoneSavesIn(inApp)
			mia.usesAPasskey()
			mia.sees(page.S0)
		})

	Journey("SEC-16", "has a browser extension that answers in the browser's place: what it makes is judged like any other passkey", Over(config.Bridge).
		Cannot(config.Hybrid, "The browser itself answers there.").Cannot(config.DevTools, "The browser itself answers there."), Regular,
		Given{Policy: onlyTheApp(), Context: onAndroid()}, func(mia *Person) {
			inApp, google := provider.LarkspurIDAndroid(), provider.GooglePasswordManager()
			mia.isSignedIn()
			screen := mia.savesInTheWrongPlace(google)
			mia.finds("a model that is not allowed gets the same code as over the API", screen.Code, gomega.BeEquivalentTo(mia.postsDirectly(google)))
			mia.opensSecurityInfo()
			mia.extensionLies(inApp, virtualauth.Misbehaviour{OmitUV: true})
			mia.phoneSavesIn(inApp)
			mia.startsAdding(inTheApp)
			mia.walksTo(android, page.S7)
			mia.understands()
			screen = mia.sees(page.E10)
			mia.finds("a user who was not verified is refused", screen.Code, gomega.BeEquivalentTo(rp.CodeUVRequired))
			mia.findsStored(0)
			mia.extensionLies(inApp, virtualauth.Misbehaviour{})
			mia.removesItFrom(inApp)
			mia.opensSecurityInfo()
			mia.addsAPasskey(inTheApp, android)
			mia.findsStored(1)
		})
})

// frameOf is a page that frames another one, and keeps what that one tells it.
func frameOf(address string) string {
	quoted, err := json.Marshal(address)
	if err != nil { // a string always has JSON
		panic(err)
	}
	return `<!doctype html><title>A game</title><script>
addEventListener("message", (told) => { window.heard = told.data; });
const frame = document.createElement("iframe");
frame.src = ` + string(quoted) + `;
document.documentElement.append(frame);
</script>`
}

// creatingPage is a page that makes a passkey for its own host at once, and tells whoever frames it what came of it.
const creatingPage = `<!doctype html><title>Framed</title><script>
navigator.credentials.create({ publicKey: {
  rp: { id: location.hostname, name: "Larkspur" }, user: { id: new Uint8Array(16), name: "mia", displayName: "Mia" },
  challenge: new Uint8Array(32), pubKeyCredParams: [{ type: "public-key", alg: -7 }], timeout: 5000,
} }).then(() => "created", (error) => error.name + ": " + error.message).then((told) => parent.postMessage(told, "*"));
</script>`
