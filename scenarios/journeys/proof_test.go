package journeys

import (
	"time"

	. "github.com/onsi/ginkgo/v2"
	"github.com/onsi/gomega"

	"github.com/passkeylab/passkeylab/harness/config"
	"github.com/passkeylab/passkeylab/harness/page"
	"github.com/passkeylab/passkeylab/rp"
	"github.com/passkeylab/passkeylab/virtualauth/provider"
)

// fresh is how long a proof counts for adding a passkey.
const fresh = 5 * time.Minute

var _ = Describe("A fresh proof", func() {
	Journey("MFA-01", "is asked for when the last one is a second too old, and the wizard goes on where it was", Over(config.Bridge), Essential,
		Given{Policy: onlyTheApp(), Context: onAndroid()}, func(mia *Person) {
			app := provider.LarkspurIDAndroid()
			mia.phoneSavesIn(app)
			mia.isSignedIn()
			mia.letsPass(fresh + time.Second)
			mia.startsAdding(inTheApp)
			mia.sees(page.S2)
			mia.reads("Confirm it's you first", "within the last 5 minutes")
			run := mia.theRun()
			mia.pressesHook(page.Primary)
			mia.proves()
			mia.sees(page.S3)
			mia.finds("it is the run that was begun", mia.theRun().ID, gomega.Equal(run.ID))
			mia.findsAudited(rp.ActionProof, "")
			mia.finds("no ceremony was begun meanwhile", mia.ceremonies(), gomega.BeEmpty())
			mia.walksTo(android, page.S7)
			mia.presses("I understand")
			mia.finishes()
			mia.findsStored(1)
			mia.findsHeld(app, 1)
		})

	Journey("MFA-02", "is not asked for while the last one still counts for a second", Over(config.Bridge), Regular,
		Given{Policy: onlyTheApp(), Context: onAndroid()}, func(mia *Person) {
			app := provider.LarkspurIDAndroid()
			mia.phoneSavesIn(app)
			mia.isSignedIn()
			mia.letsPass(fresh - time.Second)
			mia.startsAdding(inTheApp)
			mia.sees(page.S3)
			mia.walksTo(android, page.S7)
			mia.presses("I understand")
			mia.finishes()
			mia.neverOpened("confirm", "prove")
			mia.findsStored(1)
			mia.findsHeld(app, 1)
		})

	Journey("MFA-10", "is asked for when the last one ran out on the screen before the ceremony, and leads back there", Over(config.Bridge), Regular,
		Given{Policy: onlyTheApp(), Context: onAndroid()}, func(mia *Person) {
			app := provider.LarkspurIDAndroid()
			mia.phoneSavesIn(app)
			mia.isSignedIn()
			mia.startsAdding(inTheApp)
			mia.walksTo(android, page.S7)
			run := mia.theRun()
			mia.letsPass(fresh + time.Second)
			mia.presses("I understand")
			mia.proves()
			mia.sees(page.S7)
			mia.reads("Save it in Larkspur ID")
			mia.finds("it is the same run", mia.theRun().ID, gomega.Equal(run.ID))
			mia.finds("no ceremony was begun with the old proof", mia.registrations(), gomega.BeEmpty())
			mia.findsNotAsked(app)
			mia.presses("I understand")
			mia.finishes()
			mia.findsStored(1)
			mia.findsHeld(app, 1)
		})
})

// theRun returns the person's only run.
func (p *Person) theRun() rp.Run {
	GinkgoHelper()
	runs := p.runs()
	p.finds("there is one run", runs, gomega.HaveLen(1))
	return runs[0]
}
