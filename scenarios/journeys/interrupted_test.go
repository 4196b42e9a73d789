package journeys

import (
	"net/http"
	"time"

	. "github.com/onsi/ginkgo/v2"
	"github.com/onsi/gomega"

	"github.com/passkeylab/passkeylab/harness/browser"
	"github.com/passkeylab/passkeylab/harness/config"
	"github.com/passkeylab/passkeylab/harness/page"
	"github.com/passkeylab/passkeylab/rp"
	"github.com/passkeylab/passkeylab/virtualauth/provider"
)

var _ = Describe("A run that is interrupted", func() {
	inApp := Given{Policy: onlyTheApp(), Context: onAndroid()}

	Journey("RP-09", "by another one in a second tab says that she continued elsewhere, and the second goes on", Over(config.Bridge), Regular,
		inApp, func(mia *Person) {
			app := provider.LarkspurIDAndroid()
			mia.phoneSavesIn(app)
			mia.isSignedIn()
			mia.startsAdding(inTheApp)
			mia.walksTo(android, page.S5a)
			second := mia.opensAnotherTab()
			second.opensSecurityInfo()
			second.startsAdding(inTheApp)
			second.sees(page.S3)
			mia.pressesHook(page.Primary)
			mia.finds("the code says that another run took over", mia.sees(page.E7).Code, gomega.Equal(string(rp.CodeRunSuperseded)))
			mia.reads("You continued in another tab or window", "Nothing was added here")
			mia.finds("one run is open", mia.openRuns(), gomega.HaveLen(1))
			mia.finds("no ceremony was begun", mia.registrations(), gomega.BeEmpty())
			second.walksTo(android, page.S7)
			second.presses("I understand")
			second.finishes()
			mia.findsStoredIn(app)
			mia.pressesHook(page.Primary)
			mia.sees(page.S1)
		})

	Journey("RP-10", "by a restart of the server while the phone is asked goes on, and by a longer outage begins afresh", Over(config.Bridge), Regular,
		inApp, func(mia *Person) {
			app := provider.LarkspurIDAndroid()
			mia.isSignedIn()
			mia.waitsForThePhone(app)
			mia.serverRestarts("", nil)
			mia.touches(app)
			mia.finishes()
			first := mia.findsStoredIn(app)
			mia.finds("one challenge was issued, and used", mia.registrations(), gomega.ConsistOf(gomega.HaveField("Open()", false)))

			second := onSecondPhone(app)
			mia.waitsForThePhone(second)
			mia.serverGoesDown()
			mia.touches(second)
			mia.reads("Do not delete anything")
			mia.serverComesUp()
			mia.finds("she is still checking", mia.sees(page.S9).Code, gomega.BeEmpty())
			mia.presses("Check again")
			mia.sees(page.E12)
			mia.reads("Your phone has one we don't")
			mia.finds("the first alone is stored", mia.findsStored(1)[0].ID, gomega.Equal(first.ID))
			mia.finds("no challenge is left open", mia.registrations(), gomega.HaveEach(gomega.HaveField("Open()", false)))
			mia.removesItFrom(second)
			mia.presses("I've removed it, try again")
			mia.understands()
			mia.finishes()
			mia.findsStored(2)
			mia.findsHeld(second, 1)
		})

	Journey("RP-11", "by a name that cannot be saved keeps the passkey, and tells so at the field", Over(config.Bridge), Regular,
		inApp, func(mia *Person) {
			app := provider.LarkspurIDAndroid()
			mia.phoneSavesIn(app)
			mia.isSignedIn()
			mia.startsAdding(inTheApp)
			mia.walksTo(android, page.S7)
			mia.understands()
			mia.sees(page.S10)
			kept := mia.findsStoredIn(app)
			mia.namesCannotBeSaved(true)
			mia.namesIt("For work")
			mia.sees(page.S10)
			mia.findsErrorAtField(page.PasskeyName, "The name was not saved. Your passkey is safe and keeps the name “"+kept.Name+"”")
			mia.findsTyped("Name", "For work")
			mia.finds("the passkey is as it was", mia.findsStoredIn(app), gomega.Equal(kept))
			mia.namesCannotBeSaved(false)
			mia.pressesHook(page.Primary)
			mia.sees(page.S11)
			mia.pressesHook(page.Primary)
			mia.finds("its card has the name", mia.theCard().Name, gomega.Equal("For work"))
			mia.finds("and so has the store", mia.findsStoredIn(app).Name, gomega.Equal("For work"))
		})

	Journey("RP-12", "by the end of her session while it checks tells after a new sign-in whether the passkey was stored", Over(config.Bridge), Regular,
		inApp, func(mia *Person) {
			app := provider.LarkspurIDAndroid()
			signals := mia.spiesOnSignals()
			mia.isSignedIn()
			mia.waitsForThePhone(app)
			mia.sessionEnds()
			mia.touches(app)
			mia.signsInAgain()
			mia.sees(page.E12)
			mia.reads("Your phone has one we don't", "It was not added here")
			mia.finds("this device was told to forget it, which it did not", signals.Count("signalUnknownCredential"), gomega.Equal(1))
			mia.findsStored(0)
			mia.findsHeld(app, 1)
			mia.removesItFrom(app)
			mia.presses("I've removed it, try again")

			met := mia.meetsNetworkFaults(
				browser.Fault{Method: http.MethodPost, URL: "*/verify", Kind: browser.LoseReply, Times: 1},
				browser.Fault{Method: http.MethodPost, URL: "*/client-error", Kind: browser.Drop, Times: 3},
			)
			mia.understands()
			mia.reads("Do not delete anything")
			mia.finds("the answer was lost, and the questions after it", hits(met), gomega.Equal([]int{1, 3}))
			mia.sessionEnds()
			mia.presses("Check again")
			mia.signsInAgain()
			mia.finishes()
			mia.findsStoredIn(app)
			mia.finds("nobody told this device to forget that one", signals.Count("signalUnknownCredential"), gomega.Equal(1))
		})
})

var _ = Describe("The list of providers", func() {
	Journey("RP-14", "may be empty or missing: cards show a generic icon and name, and all works", Over(config.Bridge), Regular,
		Given{Context: onAndroid()}, func(mia *Person) {
			app, google := provider.LarkspurIDAndroid(), provider.GooglePasswordManager()
			mia.hasPasskeyIn(app)
			mia.isSignedIn()
			mia.finds("with the list its card names the app", mia.theCard().Provider, gomega.Equal("Larkspur ID"))
			before := mia.findsStoredIn(app)
			for _, list := range []string{"", "version: 1\n", "version: 1\nproviders: []\n"} {
				mia.serverRestarts(" with "+quoted([]string{list})+" as its list of providers", func(c *rp.Config) { c.Providers = []byte(list) })
				mia.opensSecurityInfo()
				mia.findsGeneric(1)
				mia.findsListed(before.Name)
			}
			mia.phoneSavesIn(google)
			mia.addsAPasskey(anyPasskey, android)
			mia.findsGeneric(2)
			mia.finds("the new one has a generic name", mia.named(mia.cardOf(google).Name).Name, gomega.HavePrefix("Passkey"))
			mia.findsStored(2)
			mia.findsHeld(google, 1)
			mia.deletes(before.Name)
			mia.findsGeneric(1)
			mia.findsStoredIn(google)
		})

	Journey("RP-15", "of password managers learns from one document where passkeys are added and managed", Over(config.API), Regular,
		Given{}, func(mia *Person) {
			stranger := mia.visits()
			document := mia.passkeyEndpoints(stranger)
			mia.finds("it names both places", document, gomega.And(gomega.HaveKey("enroll"), gomega.HaveKey("manage")))
			for _, name := range []string{"enroll", "manage"} {
				mia.finds("a stranger is asked to sign in first", mia.endpoint(stranger, document, name), gomega.And(
					gomega.HaveField("Status", http.StatusOK), gomega.HaveField("Path", "/sign-in"),
				))
			}
			visitor := mia.signsInAsVisitor()
			mia.finds("the document is the same for everybody", mia.passkeyEndpoints(visitor), gomega.Equal(document))
			mia.finds("one is where a passkey is added", mia.endpoint(visitor, document, "enroll"), gomega.And(
				gomega.HaveField("Status", http.StatusOK), gomega.HaveField("Body", gomega.ContainSubstring(`data-step="S1"`)),
			))
			mia.finds("the other is where they are listed", mia.endpoint(visitor, document, "manage"), gomega.And(
				gomega.HaveField("Status", http.StatusOK), gomega.HaveField("Body", gomega.ContainSubstring(`data-step="S0"`)),
			))
		})
})

var _ = Describe("A clock that is wrong", func() {
	Journey("RP-13", "on one of two nodes by ten minutes changes nothing: one clock says when a challenge expires", Over(config.API), Regular,
		Given{}, func(mia *Person) {
			google := provider.GooglePasswordManager()
			life := mia.inside("the clock").Timers().ChallengeLife()
			for _, c := range []struct {
				name  string
				ahead time.Duration
			}{{"behind", -10 * time.Minute}, {"ahead", 10 * time.Minute}} {
				node := mia.node(c.ahead)
				mia.somebodyUses(node)
				who, late := mia.signsSomebodyUp("intime-"+c.name), mia.signsSomebodyUp("late-"+c.name)
				intime, tardy := mia.standsBeforeCreating(who, "passkey"), mia.standsBeforeCreating(late, "passkey")

				early := mia.createsWith(mia.clientOf(google), mia.asksForOptions(intime))
				expired := mia.createsWith(mia.clientOf(google), mia.asksForOptions(tardy))
				mia.letsPass(life - time.Second)
				mia.goesThrough(intime, node)
				mia.finds("a second before the end the other node stores it", mia.verifies(intime, early).Status, gomega.Equal(http.StatusCreated))
				mia.letsPass(time.Second)
				mia.goesThrough(tardy, node)
				reply := mia.verifies(tardy, expired)
				mia.finds("at the end the other node refuses it", reply.Status, gomega.Equal(http.StatusGone))
				mia.finds("the code says that the challenge has expired", reply.Code(), gomega.Equal(string(rp.CodeChallengeExpired)))
				mia.finds("one of the two is stored", []int{len(mia.storedOf(who)), len(mia.storedOf(late))}, gomega.Equal([]int{1, 0}))
			}
			mia.findsHeld(google, 4)
		})
})
