package journeys

import (
	"fmt"
	"net/http"
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2"
	"github.com/onsi/gomega"

	"github.com/passkeylab/passkeylab/harness/config"
	"github.com/passkeylab/passkeylab/harness/page"
	"github.com/passkeylab/passkeylab/rp"
	"github.com/passkeylab/passkeylab/rp/policy"
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

var _ = Describe("A temporary pass", func() {
	// passUse is how long a pass that can be used once counts as a proof.
	const passUse = 10 * time.Minute

	Journey("MFA-03", "lets her add a passkey until ten minutes after its use, and a second later it is refused as stale", Over(config.Bridge), Regular,
		Given{Context: onAndroid()}, func(mia *Person) {
			app, google := provider.LarkspurIDAndroid(), provider.GooglePasswordManager()
			mia.hasAStaleProof()
			mia.phoneSavesIn(app)
			pass := mia.isGivenAPass("that can be used once", rp.PassRequest{UsableOnce: true})
			mia.isAskedToProve(inTheApp)
			mia.reads("One-time code or temporary pass")
			mia.confirmsWith("the pass", pass)
			mia.sees(page.S3)
			mia.findsAudited(rp.ActionPassUsed, "")
			mia.walksTo(android, page.S7)
			mia.letsPass(passUse - time.Second)
			mia.presses("I understand")
			mia.finishes()
			mia.findsStored(1)
			mia.findsHeld(app, 1)

			pass = mia.isGivenAPass("like the first", rp.PassRequest{UsableOnce: true})
			mia.letsPass(fresh)
			mia.isAskedToProve(inTheApp)
			mia.confirmsWith("the new pass", pass)
			mia.sees(page.S3)
			mia.walksTo(android, page.S7)
			mia.letsPass(passUse / 2)
			mia.looksAway(google)
			mia.presses("I understand")
			mia.isAskedOnThePhone(google)
			mia.letsPass(passUse/2 + time.Second)
			mia.touches(google)
			mia.finds("the code says that the proof is stale", mia.sees(page.E6).Code, gomega.Equal(string(rp.CodeProofStale)))
			mia.reads("Please confirm it's you again", "Your steps are kept")
			mia.finds("only the first is stored", mia.findsStored(1)[0].ID, gomega.Equal(mia.findsHeld(app, 1)[0].ID))
			mia.findsHeld(google, 1)
			mia.finds("what is left on the phone will be recognised", mia.refused(), gomega.ConsistOf(gomega.HaveField("Reason", rp.CodeProofStale)))
			mia.findsAudited(rp.ActionPasskeyRefused, rp.CodeProofStale)
			mia.pressesHook(page.Primary)
			mia.proves()
			mia.sees(page.S7)
		})

	Journey("MFA-04", "is refused as used when it can be used once and has been, and proves nothing", Over(config.Bridge), Regular,
		Given{Context: onAndroid()}, func(mia *Person) {
			app := provider.LarkspurIDAndroid()
			mia.phoneSavesIn(app)
			mia.hasAStaleProof()
			pass := mia.isGivenAPass("that can be used once", rp.PassRequest{UsableOnce: true})
			mia.isAskedToProve(inTheApp)
			mia.confirmsWith("the pass", pass)
			mia.sees(page.S3)
			mia.letsPass(passUse)
			mia.opensSecurityInfo()
			mia.isAskedToProve(inTheApp)
			mia.confirmsWith("the same pass again", pass)
			mia.reads("That pass could be used once, and has been")
			mia.finds("the code says that it was used", mia.sees(page.S2a).Code, gomega.Equal(string(rp.CodePassUsed)))
			mia.findsAudited(rp.ActionProofRefused, rp.CodePassUsed)
			mia.finds("it counted as a proof once", mia.proofs(), gomega.Equal(1))
			mia.proves()
			mia.sees(page.S3)
			mia.findsStored(0)
			mia.findsHeld(app, 0)
		})

	Journey("MFA-05", "is told apart when it cannot be used yet, when its time is over, and when it is wrong", Over(config.Bridge), Regular,
		Given{Policy: policy.Policy{TemporaryAccessPass: policy.Pass{MinimumLifetimeInMinutes: 10}}, Context: onAndroid()}, func(mia *Person) {
			const early, over = "it cannot be used yet", "its time is over"
			app := provider.LarkspurIDAndroid()
			mia.phoneSavesIn(app)
			mia.hasAStaleProof()
			begins := mia.Clock.Now().Add(10 * time.Minute)
			pass := mia.isGivenAPass("from ten minutes on, for another ten", rp.PassRequest{StartsAt: begins, Lifetime: 10 * time.Minute})
			mia.isAskedToProve(inTheApp)
			mia.confirmsWith("the pass, too early", pass)
			mia.reads(early)
			mia.doesNotRead(over, "tries left")
			mia.findsAudited(rp.ActionProofRefused, rp.CodePassNotYetValid)

			mia.letsPass(10 * time.Minute)
			mia.confirmsWith("the pass, in its time", pass)
			mia.sees(page.S3)

			mia.letsPass(10 * time.Minute)
			mia.opensSecurityInfo()
			mia.isAskedToProve(inTheApp)
			mia.confirmsWith("the pass, too late", pass)
			mia.reads(over)
			mia.doesNotRead(early, "tries left")
			mia.findsAudited(rp.ActionProofRefused, rp.CodePassExpired)

			mia.confirmsWith("a pass that nobody gave her", "AAAABBBB")
			mia.reads("4 tries left")
			mia.doesNotRead(early, over)
			mia.finds("it counted as a proof once", mia.proofs(), gomega.Equal(1))
			mia.findsStored(0)
			mia.findsHeld(app, 0)
		})
})

var _ = Describe("The proof page", func() {
	Journey("MFA-06", "locks after five wrong codes and says for how long, to the right code as well", Over(config.Bridge), Regular,
		Given{Context: onAndroid()}, func(mia *Person) {
			app := provider.LarkspurIDAndroid()
			mia.phoneSavesIn(app)
			mia.hasAStaleProof()
			mia.isAskedToProve(inTheApp)
			for _, left := range []string{"4 tries left", "3 tries left", "2 tries left", "1 try left"} {
				mia.confirmsWith("a wrong code", mia.wrongCode())
				mia.reads("That code is not right", left)
			}
			mia.confirmsWith("the fifth wrong code", mia.wrongCode())
			mia.reads("Too many wrong codes", "Try again in 5 minutes")
			mia.findsAudited(rp.ActionLocked, rp.CodeLocked)

			mia.pressesHook(page.Back)
			mia.sees(page.S2)
			mia.pressesHook(page.Primary)
			mia.proves()
			mia.reads("Too many wrong codes", "Try again in ")
			mia.finds("the code says that the sixth, a right one, was refused as well", mia.sees(page.S2a).Code, gomega.Equal(string(rp.CodeLocked)))
			mia.finds("nothing was proved", mia.proofs(), gomega.Equal(0))

			mia.letsPass(5 * time.Minute)
			mia.pressesHook(page.Back)
			mia.sees(page.S2)
			mia.pressesHook(page.Primary)
			mia.proves()
			mia.sees(page.S3)
			mia.finds("now it was", mia.proofs(), gomega.Equal(1))
			mia.findsStored(0)
			mia.findsHeld(app, 0)
		})

	Journey("MFA-07", "is left with Cancel: she is back on Security info, and no run remains", Over(config.Bridge), Regular,
		Given{Context: onAndroid()}, func(mia *Person) {
			app := provider.LarkspurIDAndroid()
			mia.phoneSavesIn(app)
			mia.hasAStaleProof()
			mia.isAskedToProve(inTheApp)
			left := mia.sees(page.S2a).URL
			mia.finds("a run was open", mia.openRuns(), gomega.HaveLen(1))
			mia.pressesHook(page.Cancel)
			mia.sees(page.S0)
			mia.findsFocus("Add sign-in method")
			mia.finds("no run remains", mia.openRuns(), gomega.BeEmpty())
			mia.finds("nothing was proved", mia.proofs(), gomega.Equal(0))
			mia.opens(strings.TrimPrefix(left, mia.Origin), page.S0)
			mia.finds("no ceremony was begun", mia.ceremonies(), gomega.BeEmpty())
			mia.findsStored(0)
			mia.findsHeld(app, 0)
		})
})

var _ = Describe("A proof that was given just in time", func() {
	// The options come at the last second of the proof; how long the passkey may take then is bounded by the challenge.
	const atOptions = fresh - time.Second

	Journey("MFA-11", "lets the passkey be stored at nine minutes, and at ten its challenge has expired", Over(config.API), Regular,
		Given{}, func(mia *Person) {
			google := provider.GooglePasswordManager()
			for _, c := range []struct {
				name string
				at   time.Duration
				want int
			}{
				{"ada", 9 * time.Minute, http.StatusCreated},
				{"zoe", 10*time.Minute - time.Second, http.StatusCreated},
			} {
				who := mia.signsSomebodyUp(c.name)
				visitor := mia.standsBeforeAndWaits(who, atOptions)
				made := mia.createsWith(mia.clientOf(google), mia.asksForOptions(visitor))
				mia.letsPass(c.at - atOptions)
				mia.finds(fmt.Sprintf("%s after the proof it is stored", c.at), mia.verifies(visitor, made).Status, gomega.Equal(c.want))
				mia.finds("it is "+c.name+"'s", mia.storedOf(who), gomega.HaveLen(1))
			}
			visitor := mia.standsBeforeAndWaits(mia.Account, atOptions)
			made := mia.createsWith(mia.clientOf(google), mia.asksForOptions(visitor))
			mia.letsPass(10*time.Minute - atOptions)
			reply := mia.verifies(visitor, made)
			mia.finds("ten minutes after the proof it is gone", reply.Status, gomega.Equal(http.StatusGone))
			mia.finds("the code says that the challenge has expired", reply.Code(), gomega.Equal(string(rp.CodeChallengeExpired)))
			mia.findsStored(0)
			mia.findsHeld(google, 3)
			mia.finds("what is left on the phone will be recognised", mia.refused(), gomega.ConsistOf(gomega.HaveField("Reason", rp.CodeChallengeExpired)))
		})
})

var _ = Describe("A proof on a server whose clock is set back", func() {
	Journey("MFA-12", "is never extended: what was stale stays stale, and what was fresh gets no second more", Over(config.Bridge), Regular,
		Given{Context: onAndroid()}, func(mia *Person) {
			app := provider.LarkspurIDAndroid()
			mia.phoneSavesIn(app)
			mia.hasAStaleProof()
			mia.isAskedToProve(inTheApp)
			mia.clockGoesBack(4 * time.Minute)
			mia.reloads()
			mia.sees(page.S2a)
			mia.opensSecurityInfo()
			mia.isAskedToProve(inTheApp)
			mia.serverRestarts(", with its clock still behind", nil)
			mia.opensSecurityInfo()
			mia.isAskedToProve(inTheApp)
			mia.finds("nothing was proved", mia.proofs(), gomega.Equal(0))

			mia.proves()
			mia.walksTo(android, page.S7)
			mia.letsPass(3 * time.Minute)
			mia.reloads() // a virtual clock is moved only as often as somebody looks at it
			mia.sees(page.S7)
			mia.clockGoesBack(2 * time.Minute)
			mia.reloads()
			mia.sees(page.S7)
			mia.letsPass(2*time.Minute + time.Second)
			mia.presses("I understand")
			mia.sees(page.S2a)
			mia.finds("no ceremony was begun", mia.registrations(), gomega.BeEmpty())
			mia.findsNotAsked(app)
			mia.proves()
			mia.sees(page.S7)
			mia.letsPass(fresh - time.Second)
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
