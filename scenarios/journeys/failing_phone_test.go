package journeys

import (
	"context"
	"time"

	. "github.com/onsi/ginkgo/v2"
	"github.com/onsi/gomega"

	"github.com/passkeylab/passkeylab/harness/browser/webauthn"
	"github.com/passkeylab/passkeylab/harness/config"
	"github.com/passkeylab/passkeylab/harness/page"
	"github.com/passkeylab/passkeylab/rp"
)

// short are page timers for journeys in which nothing ever comes from the phone: the page gives up after five seconds, where
// Chromium would hold a call over hybrid for three minutes.
var short = rp.Timers{Timeout: 5 * time.Second, PageGrace: time.Millisecond}

var _ = Describe("A device that never answers", func() {
	Journey("PH-21", "never touches the device: the page waits as long as it said, and then shows the one page for every failure", Over(config.DevTools), Regular,
		Given{Timers: short}, func(mia *Person) {
			device := mia.plugsIn(webauthn.Platform())
			mia.takesTheHandOff(device)
			calls := mia.spiesOnCeremonies()
			mia.isSignedIn()
			mia.reachesTheCeremony(anyPasskey)
			mia.sees(page.S8)
			mia.reads("Waiting for your passkey")
			screen := mia.sees(page.E1)
			mia.finds("the page had waited until its time was over", time.Since(calls.Calls()[0].Time), gomega.BeNumerically(">=", short.Timeout))
			mia.finds("the screen carries the code of any refusal", screen.Code, gomega.BeEquivalentTo(rp.CodeNotAllowed))
			mia.reads("Setup did not finish", "it took too long")
			mia.findsDeadChallenge("NotAllowedError", "timer")
			mia.findsStored(0)
			mia.heldOn(device, 0)
			mia.does("is ready to touch the device", func(ctx context.Context) error { return device.SetPresence(ctx, true) })
			mia.presses("Try again")
			mia.understands()
			mia.finishes()
			mia.findsStored(1)
			mia.heldOn(device, 1)
		})
})
