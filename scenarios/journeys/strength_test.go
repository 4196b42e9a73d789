package journeys

import (
	"time"

	. "github.com/onsi/ginkgo/v2"
	"github.com/onsi/gomega"

	"github.com/passkeylab/passkeylab/harness/config"
	"github.com/passkeylab/passkeylab/harness/page"
	"github.com/passkeylab/passkeylab/rp"
	"github.com/passkeylab/passkeylab/rp/policy"
	"github.com/passkeylab/passkeylab/virtualauth/provider"
)

// provesWithPasskeys is the policy of an organisation where only a passkey proves that somebody may add another one, and, if
// passes do as well, a temporary pass.
func provesWithPasskeys(passes bool) policy.Policy {
	strength := policy.Strength{ID: policy.StrengthPhishingResistant, IsTemporaryAccessPassAccepted: passes}
	return policy.Policy{AuthenticationStrengths: policy.Strengths{RegisterSecurityInfo: strength}}
}

var _ = Describe("A proof that must be strong", func() {
	app := provider.LarkspurIDAndroid()

	Journey("MFA-08", "has only a code where a passkey is asked for: the right code is not enough, and she reads that another method is needed", Over(config.Bridge), Regular,
		Given{Policy: provesWithPasskeys(false), Context: onAndroid()}, func(mia *Person) {
			mia.phoneSavesIn(app)
			mia.isSignedIn()
			mia.startsAdding(inTheApp)
			mia.sees(page.S2)
			mia.pressesHook(page.Primary)
			mia.proves()
			mia.reads("Another method is needed")
			screen := mia.sees(page.S2a)
			mia.finds("the screen carries the code of the refusal", screen.Code, gomega.BeEquivalentTo(rp.CodeMethodTooWeak))
			mia.findsAudited(rp.ActionProofRefused, rp.CodeMethodTooWeak)
			mia.findsNoCeremony()
			mia.findsNotAsked(app)
			// The run does not let her past the question by its addresses either.
			mia.opens("/security-info/add/"+mia.theRun().ID+"/save-in", page.S2a)

			mia.policyBecomes("any proof again", policy.Policy{})
			mia.proves()
			mia.sees(page.S3)
		})

	Journey("MFA-09", "has no passkey where only a passkey proves enough: a temporary pass does as well, and the passkey that she adds proves the next time", Over(config.Bridge), Regular,
		Given{Policy: provesWithPasskeys(true), Context: onAndroid()}, func(mia *Person) {
			mia.phoneSavesIn(app)
			pass := mia.isGivenAPass("that can be used once", rp.PassRequest{UsableOnce: true})
			mia.isSignedIn()
			mia.startsAdding(inTheApp)
			mia.walksPastTheReason()
			mia.proves()
			mia.reads("Another method is needed")
			mia.confirmsWith("the temporary pass", pass)
			mia.sees(page.S3)
			mia.walksTo(android, page.S7)
			mia.understands()
			mia.finishes()
			mia.findsStoredIn(app)

			mia.letsPass(11 * time.Minute)
			mia.startsAdding(anyPasskey)
			mia.walksPastTheReason()
			mia.confirmsWith("the pass once more, which was for one use", pass)
			mia.reads("That pass could be used once")
			mia.pressesHook(page.ProveByPasskey)
			mia.sees(page.S7)
			mia.finds("the passkey was used", mia.row(mia.findsStored(1)[0]).LastUsedAt, gomega.BeTemporally("==", mia.Clock.Now()))
		})
})

// walksPastTheReason goes from the screen that says why to the one that asks for the proof.
func (p *Person) walksPastTheReason() {
	GinkgoHelper()
	p.sees(page.S2)
	p.pressesHook(page.Primary)
	p.sees(page.S2a)
}
