package journeys

import (
	"time"

	. "github.com/onsi/ginkgo/v2"
	"github.com/onsi/gomega"

	"github.com/passkeylab/passkeylab/harness/config"
	"github.com/passkeylab/passkeylab/harness/page"
	"github.com/passkeylab/passkeylab/rp"
	"github.com/passkeylab/passkeylab/virtualauth/phone"
	"github.com/passkeylab/passkeylab/virtualauth/provider"
)

var _ = Describe("A passkey that the app makes by itself", func() {
	forAndroid, forIPhone := provider.LarkspurIDAndroid(), provider.LarkspurIDIOS()

	Journey("REG-23", "finishes in the app: after Next the page finds the passkey and names it, also while it is looking already", Over(config.Bridge, config.Hybrid), Regular,
		Given{Policy: onlyTheApp()}, func(mia *Person) {
			calls := mia.spiesOnCeremonies()
			mia.isSignedIn()
			mia.startsAdding(inTheAppItself)
			mia.finds("the wizard is shorter here", mia.sees(page.S3).Title, gomega.ContainSubstring("step 2 of 5"))
			mia.goesOn(page.V1, "step 3 of 5")
			mia.reads("Finish in Larkspur ID", "Open Larkspur ID on your phone")
			mia.doesNotRead("scan", "Bluetooth")
			held := mia.takesAPhoneWithTheApp(forAndroid)
			held.opensTheApp()
			held.addsHerAccount()
			held.createsAPasskey()
			mia.goesOn(page.S11, "step 5 of 5")
			mia.reads("Passkey added", "Larkspur ID on Android")
			held.findsStoredByTheApp(1)
			mia.pressesHook(page.Primary)
			mia.findsNewCard("Larkspur ID on Android")

			mia.letsPass(time.Second) // the first one is older than the next run
			mia.startsAdding(inTheAppItself)
			mia.sees(page.S3)
			mia.goesOn(page.V1, "step 3 of 5")
			mia.goesOn(page.V2, "step 4 of 5")
			second := mia.takesAPhoneWithTheApp(forIPhone)
			second.opensTheApp()
			second.addsHerAccount()
			mia.sees(page.V2)
			second.createsAPasskey()
			mia.sees(page.S11)
			mia.reads("Larkspur ID on iPhone")
			second.findsStoredByTheApp(2)
			mia.finds("the browser was never asked for a passkey", calls.Count("create"), gomega.Equal(0))
		})

	Journey("REG-24", "makes nothing in the app: when the page has looked long enough, it cannot see it yet and offers another way, and the way back", Over(config.Bridge), Regular,
		Given{Policy: onlyTheApp(), Timers: rp.Timers{AppPoll: 50 * time.Millisecond, AppWait: 500 * time.Millisecond}}, func(mia *Person) {
			mia.isSignedIn()
			mia.startsAdding(inTheAppItself)
			mia.walksTo(android, page.V1)
			mia.goesOn(page.V2, "step 4 of 5")
			mia.reads("We can't see it yet", "Having trouble?")
			mia.findsFocus("We can't see it yet")
			mia.finds("nothing is stored", mia.findsStored(0), gomega.BeEmpty())
			mia.presses("Check again")
			mia.reads("We can't see it yet")
			mia.pressesHook(page.HavingTrouble)
			mia.pressesHook(page.DifferentWay)
			mia.sees(page.S4)
			mia.pressesHook(page.InsteadInApp)
			mia.sees(page.V1)
			held := mia.takesAPhoneWithTheApp(forAndroid)
			held.opensTheApp()
			held.addsHerAccount()
			held.createsAPasskey()
			mia.pressesHook(page.Primary)
			mia.sees(page.S11)
			held.findsStoredByTheApp(1)
		})

	Journey("DEL-10", "deletes a passkey in the Android app: the row goes too when the app reports it, and stays when the phone is offline", Over(config.Bridge), Regular,
		Given{Policy: onlyTheApp()}, func(mia *Person) {
			held := mia.takesAPhoneWithTheApp(forAndroid)
			held.opensTheApp()
			held.addsHerAccount()
			held.createsAPasskey()
			held.findsStoredByTheApp(1)
			mia.isSignedIn()
			mia.findsListed("Larkspur ID on Android")
			held.deletesThePasskey(phone.ScreenAppDeleted, "gone from this phone and from your account")
			mia.findsStored(0)
			mia.findsAudited(rp.ActionPasskeyDeleted, "")
			mia.findsNotified(rp.ActionPasskeyDeleted)
			mia.opensSecurityInfo()
			mia.findsListed()

			held.createsAPasskey()
			held.network("offline", phone.Offline)
			held.deletesThePasskey(phone.ScreenAppNotReported, "This phone is offline. Delete it in Security info, too.")
			mia.findsStored(1)
			mia.opensSecurityInfo()
			mia.findsListed("Larkspur ID on Android")
			held.network("online again", phone.Online)
			mia.findsStored(1)
		})
})
