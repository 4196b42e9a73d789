package journeys

import (
	"context"
	"net/http"
	"time"

	. "github.com/onsi/ginkgo/v2"
	"github.com/onsi/gomega"

	"github.com/passkeylab/passkeylab/harness/browser"
	"github.com/passkeylab/passkeylab/harness/browser/webauthn"
	"github.com/passkeylab/passkeylab/harness/client"
	"github.com/passkeylab/passkeylab/harness/config"
	"github.com/passkeylab/passkeylab/harness/page"
	"github.com/passkeylab/passkeylab/rp"
	"github.com/passkeylab/passkeylab/virtualauth/authdata"
	"github.com/passkeylab/passkeylab/virtualauth/provider"
)

var _ = Describe("An answer that gets lost", func() {
	Journey("RP-01", "is looked up: the passkey was stored, so she names it, and nobody tells her device to forget it", Over(config.DevTools), Essential,
		Given{Context: onAndroid()}, func(mia *Person) {
			device := mia.plugsIn(webauthn.Platform())
			signals := mia.spiesOnSignals()
			lost := mia.meetsNetworkFault(browser.Fault{Method: http.MethodPost, URL: "*/verify", Kind: browser.LoseReply, Times: 1})
			mia.isSignedIn()
			mia.startsAdding(inTheApp)
			mia.walksTo(android, page.S7)
			before := len(signals.Calls())
			mia.presses("I understand")
			mia.sees(page.S10)
			mia.finds("one answer was lost", lost.Hits(), gomega.Equal(1))
			mia.finds("no signal was sent meanwhile", signals.Calls()[before:], gomega.BeEmpty())
			stored := mia.findsStored(1)[0]
			mia.finds("the device holds the same passkey", mia.heldOn(device, 1)[0].CredentialID, gomega.Equal(stored.ID))
			mia.finishes()
			mia.finds("its card is there", mia.theCard().Name, gomega.Equal(stored.Name))
			mia.finds("the device was never told to forget a passkey", signals.Count("signalUnknownCredential"), gomega.Equal(0))
			mia.heldOn(device, 1)
			mia.finds("nothing counts as refused", mia.refused(), gomega.BeEmpty())
		})

	Journey("RP-02", "is looked up: the passkey never arrived, so she learns how to remove it, and does, and adds it again", Over(config.Bridge), Regular,
		Given{Policy: onlyTheApp(), Context: onAndroid()}, func(mia *Person) {
			app := provider.LarkspurIDAndroid()
			mia.phoneSavesIn(app)
			signals := mia.spiesOnSignals()
			dropped := mia.meetsNetworkFault(browser.Fault{Method: http.MethodPost, URL: "*/verify", Kind: browser.Drop, Times: 1})
			mia.isSignedIn()
			mia.startsAdding(inTheApp)
			mia.walksTo(android, page.S7)
			mia.presses("I understand")
			mia.finds("the code says that it was saved and not registered", mia.sees(page.E12).Code, gomega.Equal(string(rp.CodeSavedNotRegistered)))
			mia.finds("one request was lost", dropped.Hits(), gomega.Equal(1))
			mia.reads("Your phone has one we don't", "It was not added here", "Delete that passkey on your phone: in Larkspur ID open your account")
			mia.findsStored(0)
			mia.findsHeld(app, 1)
			mia.finds("the challenge is dead", mia.registrations(), gomega.ConsistOf(gomega.HaveField("Open()", false)))
			mia.finds("nothing told the phone to forget it", signals.Count("signalUnknownCredential"), gomega.Equal(0))
			mia.removesItFrom(app)
			mia.presses("I've removed it, try again")
			mia.understands()
			mia.finishes()
			mia.findsStoredIn(app)
		})

	Journey("RP-03", "to the question for options is told where she stands: she presses again, and no ceremony was begun before", Over(config.Bridge), Regular,
		Given{Policy: onlyTheApp(), Context: onAndroid()}, func(mia *Person) {
			app := provider.LarkspurIDAndroid()
			mia.phoneSavesIn(app)
			calls := mia.spiesOnCeremonies()
			mia.isSignedIn()
			mia.startsAdding(inTheApp)
			mia.walksTo(android, page.S7)
			met := mia.meetsNetworkFaults(
				browser.Fault{Method: http.MethodPost, URL: "*/options", Kind: browser.Answer, Status: http.StatusServiceUnavailable, Times: 1},
				browser.Fault{Method: http.MethodPost, URL: "*/options", Kind: browser.Drop, Times: 1},
			)
			for _, lost := range [][]int{{1, 0}, {1, 1}} {
				mia.presses("I understand")
				mia.comesToFind("the question was lost", func(context.Context) (any, error) { return hits(met), nil }, gomega.Equal(lost))
				mia.reads("Setup could not start, because the server did not answer. Nothing was created. Try again.")
				mia.sees(page.S7)
			}
			mia.finds("no ceremony was begun", mia.registrations(), gomega.BeEmpty())
			mia.finds("the browser was not asked for anything", calls.Count("create"), gomega.Equal(0))
			mia.findsNotAsked(app)
			mia.presses("I understand")
			mia.finishes()
			mia.finds("it took one ceremony", mia.registrations(), gomega.HaveLen(1))
			mia.findsStoredIn(app)
		})
})

var _ = Describe("A registration that comes twice or too late", func() {
	Journey("RP-04", "gets one row and the same answer, however often it is posted", Over(config.API), Essential,
		Given{}, func(mia *Person) {
			google := provider.GooglePasswordManager()
			visitor := mia.standsBeforeCreating(mia.Account, "passkey")
			made := mia.createsWith(mia.clientOf(google), mia.asksForOptions(visitor))
			both := mia.postsAtOnce(visitor, made, made)
			third := mia.verifies(visitor, made)
			for _, reply := range append(both, third) {
				mia.finds("it was stored", reply.Status, gomega.Equal(http.StatusCreated))
				mia.finds("the answer is the same", string(reply.Body), gomega.Equal(string(third.Body)))
			}
			mia.findsStored(1)
			mia.findsHeld(google, 1)
			mia.finds("it was told once", mia.noticesOf(rp.ActionPasskeyAdded), gomega.HaveLen(1))
			mia.finds("nothing counts as refused", mia.refused(), gomega.BeEmpty())
		})

	Journey("RP-05", "is refused when its challenge has expired, not a second earlier, and the challenge is gone", Over(config.API), Regular,
		Given{}, func(mia *Person) {
			google := provider.GooglePasswordManager()
			ada := mia.signsSomebodyUp("ada")
			intime, visitor := mia.standsBeforeCreating(ada, "passkey"), mia.standsBeforeCreating(mia.Account, "passkey")
			options := mia.asksForOptions(visitor)
			late, later := mia.createsWith(mia.clientOf(google), options), mia.createsWith(mia.clientOf(provider.Bitwarden()), options)
			early := mia.createsWith(mia.clientOf(provider.SamsungPass()), mia.asksForOptions(intime))
			mia.letsPass(mia.inside("the clock").Timers().ChallengeLife() - time.Second)
			mia.finds("a second before the end it is stored", mia.verifies(intime, early).Status, gomega.Equal(http.StatusCreated))
			mia.letsPass(time.Second)
			reply := mia.verifies(visitor, late)
			mia.finds("at the end it is gone", reply.Status, gomega.Equal(http.StatusGone))
			mia.finds("the code says why", reply.Code(), gomega.Equal(string(rp.CodeChallengeExpired)))
			mia.finds("the challenge is used up", mia.registrations(), gomega.ConsistOf(gomega.And(
				gomega.HaveField("Open()", false), gomega.HaveField("ServerCode", rp.CodeChallengeExpired),
			)))
			mia.finds("another answer to it is refused as well", mia.verifies(visitor, later).Status, gomega.Equal(http.StatusConflict))
			mia.findsStored(0)
			mia.findsHeld(google, 1)
			mia.finds("what is left on the devices will be recognised", mia.refused(), gomega.ConsistOf(
				gomega.HaveField("AAGUID", google.Model.AAGUID), gomega.HaveField("AAGUID", provider.Bitwarden().Model.AAGUID),
			))
		})

	Journey("RP-06", "is refused when another answer has used its challenge", Over(config.API), Regular,
		Given{}, func(mia *Person) {
			google, bitwarden := provider.GooglePasswordManager(), provider.Bitwarden()
			visitor := mia.standsBeforeCreating(mia.Account, "passkey")
			options := mia.asksForOptions(visitor)
			first, second := mia.createsWith(mia.clientOf(google), options), mia.createsWith(mia.clientOf(bitwarden), options)
			mia.finds("the first is stored", mia.verifies(visitor, first).Status, gomega.Equal(http.StatusCreated))
			reply := mia.verifies(visitor, second)
			mia.finds("the second is in conflict", reply.Status, gomega.Equal(http.StatusConflict))
			mia.finds("the code says why", reply.Code(), gomega.Equal(string(rp.CodeChallengeUsed)))
			mia.findsHeld(bitwarden, 1)
			mia.finds("what the second left will be recognised", mia.refused(), gomega.ConsistOf(gomega.HaveField("AAGUID", bitwarden.Model.AAGUID)))
			mia.finds("the first alone is stored", mia.findsStored(1)[0].ID, gomega.Equal(mia.findsHeld(google, 1)[0].ID))
		})
})

var _ = Describe("A registration that is not what it claims", func() {
	Journey("RP-07", "is refused with one and the same text, whatever was wrong with it", Over(config.API), Regular,
		Given{}, func(mia *Person) {
			lies := []struct {
				about string
				told  client.Misbehaviour
			}{
				{"the origin", client.Misbehaviour{Origin: "https://larkspur.example"}},
				{"the port of the origin", client.Misbehaviour{Origin: "http://" + mia.RPID() + ":1"}},
				{"the RP ID", client.Misbehaviour{RPID: "larkspur.example"}},
				{"the RP ID hash", client.Misbehaviour{SpoilRPIDHash: true}},
				{"the type", client.Misbehaviour{Type: "webauthn.get"}},
				{"being framed by another origin", client.Misbehaviour{CrossOrigin: true}},
				{"being framed by a named origin", client.Misbehaviour{CrossOrigin: true, TopOrigin: "https://larkspur.example"}},
				{"the challenge", client.Misbehaviour{Challenge: make([]byte, 32)}},
				{"the user's presence", client.Misbehaviour{FlipFlags: authdata.UP}},
			}
			google := provider.GooglePasswordManager()
			visitor := mia.standsBeforeCreating(mia.Account, "passkey")
			var texts []string
			for _, lie := range lies {
				liar := mia.clientOf(google)
				liar.Misbehave = lie.told
				mia.beginsAgain(visitor, "passkey")
				reply := mia.verifies(visitor, mia.createsWith(liar, mia.asksForOptions(visitor)))
				mia.finds("a lie about "+lie.about+" is refused", reply.Status, gomega.Equal(http.StatusUnprocessableEntity))
				texts = append(texts, mia.publicText(reply))
			}
			mia.finds("all got the same text", texts, gomega.HaveEach(texts[0]))
			mia.finds("it is that of a failed verification", texts[0], gomega.ContainSubstring(string(rp.CodeVerificationFailed)))
			mia.findsStored(0)
			mia.finds("none is remembered as a stray: none was authentic", mia.refused(), gomega.BeEmpty())
			mia.findsAudited(rp.ActionPasskeyRefused, rp.CodeVerificationFailed)
			mia.beginsAgain(visitor, "passkey")
			honest := mia.verifies(visitor, mia.createsWith(mia.clientOf(google), mia.asksForOptions(visitor)))
			mia.finds("the honest one after them is stored", honest.Status, gomega.Equal(http.StatusCreated))
			mia.findsStored(1)
		})

	Journey("RP-08", "is refused at once when it is malformed or huge, and does no harm", Over(config.API), Regular,
		Given{}, func(mia *Person) {
			google := provider.GooglePasswordManager()
			visitor := mia.standsBeforeCreating(mia.Account, "passkey")
			for _, bad := range mia.malformed(google) {
				mia.beginsAgain(visitor, "passkey")
				body := bad.body(mia.asksForOptions(visitor))
				started := time.Now()
				reply := mia.verifies(visitor, body)
				took := time.Since(started)
				mia.finds(bad.name+" is refused", reply.Status, gomega.And(gomega.BeNumerically(">=", 400), gomega.BeNumerically("<", 500)))
				mia.finds("that was quick", took, gomega.BeNumerically("<", 2*time.Second))
			}
			mia.findsStored(0)
			mia.finds("none is remembered as a stray", mia.refused(), gomega.BeEmpty())
			mia.beginsAgain(visitor, "passkey")
			honest := mia.verifies(visitor, mia.createsWith(mia.clientOf(google), mia.asksForOptions(visitor)))
			mia.finds("the honest one after them is stored", honest.Status, gomega.Equal(http.StatusCreated))
			mia.findsStored(1)
			mia.finds("the server is well", mia.fetches(visitor, "/healthz").Status, gomega.Equal(http.StatusOK))
		})
})
