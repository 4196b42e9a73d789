package journeys

import (
	"context"
	"net/http"
	"time"

	"github.com/google/uuid"
	. "github.com/onsi/ginkgo/v2"
	"github.com/onsi/gomega"

	"github.com/passkeylab/passkeylab/harness/browser/webauthn"
	"github.com/passkeylab/passkeylab/harness/client"
	"github.com/passkeylab/passkeylab/harness/config"
	"github.com/passkeylab/passkeylab/harness/page"
	"github.com/passkeylab/passkeylab/rp"
	"github.com/passkeylab/passkeylab/rp/policy"
	"github.com/passkeylab/passkeylab/virtualauth/provider"
)

var _ = Describe("Saving in the wrong provider", func() {
	app, google, samsung := provider.LarkspurIDAndroid(), provider.GooglePasswordManager(), provider.SamsungPass()
	onPhone := Given{Policy: onlyTheApp(), Context: onAndroid()}

	Journey("WP-01", "is told that it was saved in Google Password Manager; nothing is stored, and the try is remembered", Over(config.Bridge, config.Hybrid).Cannot(config.DevTools, oneAAGUID), Essential,
		onPhone, func(mia *Person) {
			mia.isSignedIn()
			screen := mia.savesInTheWrongPlace(google)
			mia.finds("the screen carries the code of the refusal", screen.Code, gomega.BeEquivalentTo(rp.CodeProviderNotAllowed))
			mia.reads("Saved in the wrong place", "Yours was saved in Google Password Manager", "It was not added here and cannot sign you in")
			mia.findsStored(0)
			stray := mia.findsHeld(google, 1)[0]
			mia.findsRefused(tryOf(stray, google, mia.phone.Scope()))
			mia.findsAudited(rp.ActionPasskeyRefused, rp.CodeProviderNotAllowed)
		})

	Journey("WP-02", "removes the stray and tries again in the app: it is stored, by a new challenge, and only once", Over(config.Bridge, config.Hybrid).Cannot(config.DevTools, oneAAGUID), Essential,
		onPhone, func(mia *Person) {
			mia.tapsItsPage()
			mia.isSignedIn()
			mia.savesInTheWrongPlace(google)
			mia.removesItFrom(google)
			mia.presses("I've removed it, try again")
			mia.sees(page.S7)
			mia.reads("Last time it went to Google Password Manager.")
			mia.phoneSavesIn(app)
			mia.understands()
			mia.finishes()
			mia.findsStoredIn(app)
			mia.findsHeld(google, 0)
			ceremonies := mia.registrations()
			mia.finds("there were two ceremonies, the first refused and the second not", ceremonies, gomega.HaveExactElements(
				gomega.HaveField("ServerCode", rp.CodeProviderNotAllowed), gomega.HaveField("ServerCode", rp.Code("")),
			))
			mia.finds("the second has a challenge of its own", ceremonies[1].ChallengeHash, gomega.Not(gomega.Equal(ceremonies[0].ChallengeHash)))
			mia.finds("both belong to the one run, which counts two attempts", mia.runs(), gomega.ConsistOf(gomega.HaveField("Attempt", 2)))
		})

	Journey("WP-03", "leaves the stray where it is and tries again in the app: it is stored all the same", Over(config.Bridge, config.Hybrid).Cannot(config.DevTools, oneAAGUID), Essential,
		onPhone, func(mia *Person) {
			mia.isSignedIn()
			mia.savesInTheWrongPlace(google)
			mia.triesAgainIn(app)
			mia.finishes()
			mia.findsStoredIn(app)
			stray := mia.findsHeld(google, 1)[0]
			mia.findsRefused(tryOf(stray, google, mia.phone.Scope()))
			mia.finds("the stray was not excluded from the second try", mia.registrations()[1].ExcludeIDs, gomega.BeEmpty())
		})

	Journey("WP-04", "signs in with the stray and reads that it was never added, where it is, and what else to use", Over(config.Bridge, config.Hybrid).Cannot(config.DevTools, oneAAGUID), Essential,
		onPhone, func(mia *Person) {
			mia.isSignedIn()
			mia.savesInTheWrongPlace(google)
			mia.presses("Do this later")
			mia.sees(page.S0)
			mia.signsOut()
			mia.phoneSavesIn(google)
			mia.usesAPasskey()
			mia.sees(page.Stray)
			mia.reads("This passkey was never added", "This one was saved in Google Password Manager and was never added to your account",
				"Remove it from Google Password Manager")
			mia.findsStored(0)
			mia.findsHeld(google, 1)
			mia.finds("the audit log has the refused sign-in", mia.audit(""), gomega.ContainElement(gomega.And(
				gomega.HaveField("Action", rp.ActionSignInRefused), gomega.HaveField("Code", rp.CodeSignInStray),
			)))
			mia.follows("Sign in another way")
			mia.sees(page.SignIn)
			mia.opens("/security-info", page.SignIn)
			mia.signsInWithPassword()
		})

	Journey("WP-05", "goes on without looking on a phone that suggests Samsung Pass, and reads how to remove it there", Over(config.Bridge, config.Hybrid).Cannot(config.DevTools, oneAAGUID), Regular,
		onPhone, func(mia *Person) {
			mia.phoneDefaultsTo(samsung, app)
			mia.isSignedIn()
			mia.startsAdding(inTheApp)
			mia.walksTo(android, page.S7)
			mia.understands()
			mia.sees(page.E2)
			mia.reads("Yours was saved in Samsung Pass")
			mia.findsInOrder("Remove the passkey from Samsung Pass", "Security and privacy, then Samsung Pass", "Delete and confirm", "Try again")
			mia.doesNotRead("Google")
			mia.findsStored(0)
			stray := mia.findsHeld(samsung, 1)[0]
			mia.findsHeld(app, 0)
			mia.findsRefused(tryOf(stray, samsung, mia.phone.Scope()))
		})

	Journey("WP-06", "chooses Apple Passwords on an iPhone, and reads how to remove it there", Over(config.Bridge, config.Hybrid).Cannot(config.DevTools, oneAAGUID), Regular,
		Given{Policy: onlyTheApp()}, func(mia *Person) {
			apple := provider.ApplePasswords()
			mia.hasAnIPhone(18)
			mia.sitsAtAComputer()
			mia.phoneSavesIn(apple)
			mia.isSignedIn()
			mia.startsAdding(inTheApp)
			mia.walksTo(iPhone, page.S7)
			mia.understands()
			mia.sees(page.E2)
			mia.reads("Yours was saved in Apple Passwords")
			mia.findsInOrder("Remove the passkey from Apple Passwords", "Open the Passwords app. On iOS 17 open Settings, then Passwords.", "Choose Edit, delete the passkey and confirm.", "Try again")
			mia.doesNotRead("Android phones", "Google", "Samsung")
			mia.findsStored(0)
			mia.findsRefused(tryOf(mia.findsHeld(apple, 1)[0], apple, rp.ScopeOtherDevice))
		})

	Journey("WP-07", "saves in a provider that nobody knows: it is called another password manager, and the details have its AAGUID", Over(config.Bridge), Regular,
		onPhone, func(mia *Person) {
			stranger := provider.Unknown(uuid.MustParse("5a3c1b7e-9d24-4f68-8a0b-c1d2e3f40516"))
			mia.isSignedIn()
			mia.savesInTheWrongPlace(stranger)
			mia.reads("Yours was saved in another password manager")
			mia.findsNoProviderNamed()
			mia.doesNotRead(stranger.Model.AAGUID.String())
			mia.pressesHook(page.ProblemDetails)
			mia.reads(stranger.Model.AAGUID.String())
			mia.findsStored(0)
			stray := mia.findsHeld(stranger, 1)[0]
			mia.findsRefused(tryOf(stray, stranger, rp.ScopeThisDevice))
		})

	Journey("WP-08", "saves in a provider that does not say which it is: no provider is named", Over(config.Bridge), Regular,
		onPhone, func(mia *Person) {
			silent := provider.Undisclosed()
			mia.isSignedIn()
			mia.savesInTheWrongPlace(silent)
			mia.reads("Yours was saved in another password manager", "Remove the passkey where it was saved")
			mia.findsNoProviderNamed()
			mia.findsStored(0)
			stray := mia.findsHeld(silent, 1)[0]
			mia.findsRefused(tryOf(stray, silent, rp.ScopeThisDevice))
		})

	Journey("WP-09", "saves on this very device: the browser is told once that this passkey is unknown, and drops it", Over(config.DevTools), Regular,
		onPhone, func(mia *Person) {
			authenticator := mia.plugsIn(webauthn.Platform())
			spy := mia.spiesOnSignals()
			mia.isSignedIn()
			mia.startsAdding(inTheApp)
			mia.walksTo(android, page.S7)
			mia.understands()
			mia.sees(page.E2)
			mia.findsStored(0)
			try := mia.refused()
			mia.finds("one refused try is remembered, on this device", try, gomega.ConsistOf(gomega.HaveField("Scope", rp.ScopeThisDevice)))
			signals := unknownSignals(spy)
			mia.finds("the browser was told once", signals, gomega.HaveLen(1))
			mia.finds("the signal names the relying party", signals[0].RPID, gomega.Equal(mia.RPID()))
			mia.finds("the signal names the refused passkey", signals[0].names(try[0].CredentialIDHash), gomega.BeTrue())
			mia.comesToFind("the virtual authenticator has dropped it", func(ctx context.Context) (any, error) {
				return authenticator.Credentials(ctx)
			}, gomega.BeEmpty())
			mia.reloads()
			mia.sees(page.E2)
			mia.finds("the browser was not told again", unknownSignals(spy), gomega.HaveLen(1))
			mia.reads("Remove the passkey from")
			mia.findsNoRemovalClaimed()
		})

	Journey("WP-10", "saves on another device: the phone still holds the stray, no signal is sent, and the page claims no removal", Over(config.Bridge, config.Hybrid), Regular,
		Given{Policy: onlyTheApp()}, func(mia *Person) {
			mia.sitsAtAComputer()
			spy := mia.spiesOnSignals()
			mia.isSignedIn()
			mia.savesInTheWrongPlace(google)
			stray := mia.findsHeld(google, 1)[0]
			mia.findsRefused(tryOf(stray, google, rp.ScopeOtherDevice))
			mia.findsStored(0)
			mia.finds("no signal about an unknown passkey was sent", unknownSignals(spy), gomega.BeEmpty())
			mia.reads("Remove the passkey from Google Password Manager")
			mia.findsNoRemovalClaimed()
		})

	Journey("WP-11", "saves in the wrong place with a browser that has no Signal API: no error, and the steps are there", Over(config.DevTools), Regular,
		Given{Policy: onlyTheApp(), Context: onAndroid(), Setup: withoutSignals}, func(mia *Person) {
			authenticator := mia.plugsIn(webauthn.Platform())
			mia.isSignedIn()
			mia.does("has a browser without the Signal API", func(ctx context.Context) error {
				var kind string
				if err := mia.Page.Evaluate(ctx, "typeof PublicKeyCredential.signalUnknownCredential", &kind); err != nil {
					return err
				}
				return holds("the type of signalUnknownCredential", kind, gomega.Equal("undefined"))
			})
			mia.startsAdding(inTheApp)
			mia.walksTo(android, page.S7)
			mia.understands()
			mia.sees(page.E2)
			mia.findsInOrder("Saved in the wrong place", "Remove the passkey from", "Delete that entry and confirm")
			mia.finds("nothing was thrown in the page", mia.Page.Exceptions(), gomega.BeEmpty())
			mia.comesToFind("the virtual authenticator keeps its passkey", func(ctx context.Context) (any, error) {
				return authenticator.Credentials(ctx)
			}, gomega.HaveLen(1))
			mia.findsStored(0)
			mia.finds("the try is remembered", mia.refused(), gomega.HaveLen(1))
		})

	Journey("WP-12", "tries again five minutes after proving it is her: proof is asked once, then where to save", Over(config.Bridge), Regular,
		onPhone, func(mia *Person) {
			mia.isSignedIn()
			mia.savesInTheWrongPlace(google)
			mia.letsPass(5 * time.Minute)
			mia.presses("I've removed it, try again")
			mia.proves()
			mia.phoneSavesIn(app)
			mia.understands()
			mia.finishes()
			mia.findsStoredIn(app)
			mia.finds("the audit log has the refusal, then one proof, then the passkey", actions(mia.audit(mia.Account.ID)), gomega.HaveExactElements(
				rp.ActionSignUp, rp.ActionSignIn, rp.ActionPasskeyRefused, rp.ActionProof, rp.ActionPasskeyAdded,
			))
		})

	Journey("WP-13", "ends in the wrong place three times: the third time brings advice to switch it off, or to use another way", Over(config.Bridge), Regular,
		Given{Policy: onlyTheApp()}, func(mia *Person) {
			const advice = "It keeps going to the wrong place?"
			mia.sitsAtAComputer()
			mia.isSignedIn()
			mia.savesInTheWrongPlace(google)
			mia.doesNotRead(advice)
			mia.triesAgainIn(google)
			mia.sees(page.E2)
			mia.doesNotRead(advice)
			mia.triesAgainIn(google)
			mia.sees(page.E2)
			mia.reads(advice, "Turn the other password manager off in your phone's settings for a minute", "Open this page in your phone's own browser", "Or create it inside Larkspur ID itself")
			mia.findsStored(0)
			mia.finds("three refused tries are remembered", mia.refused(), gomega.HaveLen(3))
			mia.findsHeld(google, 1)
			mia.presses("Create it inside Larkspur ID instead")
			mia.sees(page.V1)
		})

	Journey("WP-14", "touches the sensor at once: it is saved in the place that the phone named first, and the page explains that", Over(config.Bridge, config.Hybrid).Cannot(config.DevTools, oneAAGUID), Regular,
		onPhone, func(mia *Person) {
			mia.phoneDefaultsTo(google, app)
			mia.isSignedIn()
			mia.startsAdding(inTheApp)
			mia.walksTo(android, page.S7)
			mia.reads("Don't touch the fingerprint sensor until Larkspur ID is the one named.")
			mia.understands()
			mia.sees(page.E2)
			mia.reads("Yours was saved in Google Password Manager", "touching the fingerprint sensor at once saves in whichever place is named first")
			mia.findsStored(0)
			mia.findsHeld(app, 0)
			mia.findsRefused(tryOf(mia.findsHeld(google, 1)[0], google, mia.phone.Scope()))
		})

	Journey("WP-15", "has only the wrong provider switched on: the first step leads to the setting, and from there the wizard goes on", Over(config.Bridge), Regular,
		onPhone, func(mia *Person) {
			mia.phoneDefaultsTo(google)
			mia.isSignedIn()
			mia.savesInTheWrongPlace(google)
			mia.findsInOrder("What to do now", "Check that Larkspur ID is switched on in your phone's settings", "Remove the passkey from")
			mia.follows("Check that Larkspur ID is switched on in your phone's settings")
			mia.sees(page.S5a)
			mia.reads("Turn on Larkspur ID in Settings")
			mia.presses("Continue")
			mia.sees(page.S7)
			mia.reads("Last time it went to Google Password Manager.")
			mia.phoneSavesIn(app)
			mia.understands()
			mia.finishes()
			mia.findsStoredIn(app)
			mia.findsHeld(google, 1)
		})

	Journey("WP-16", "has a phone browser that ignores the provider she chose: the second time the page says so", Over(config.Bridge).Cannot(config.Hybrid, readsNoCode).Cannot(config.DevTools, oneAAGUID), Regular,
		onPhone, func(mia *Person) {
			const advice = "Some phone browsers ignore the password manager that you chose"
			mia.phoneDefaultsTo(google, app)
			mia.isSignedIn()
			mia.savesInTheWrongPlace(google)
			mia.doesNotRead(advice)
			mia.triesAgainIn(google)
			mia.sees(page.E2)
			mia.reads(advice, "Try the phone's main browser, or add the passkey from a computer.")
			mia.findsStored(0)
			mia.findsHeld(app, 0)
			mia.findsHeld(google, 1)
			mia.finds("two refused tries are remembered", mia.refused(), gomega.HaveLen(2))
		})

	Journey("WP-17", "saves a passkey that syncs where only those are accepted that stay: that is the reason she reads", Over(config.Bridge, config.Hybrid), Regular,
		Given{Policy: policy.Policy{PasskeyTypes: policy.TypeDeviceBound}, Context: onAndroid()}, func(mia *Person) {
			mia.isSignedIn()
			mia.phoneSavesIn(google)
			mia.startsAdding(inTheApp)
			mia.walksTo(android, page.S7)
			mia.understands()
			screen := mia.sees(page.E2b)
			mia.finds("the screen carries the code of the refusal", screen.Code, gomega.BeEquivalentTo(rp.CodeSyncedNotAllowed))
			mia.reads("This passkey syncs", "accepts only passkeys that stay on one device", "saved in Google Password Manager, which copies it to others")
			mia.findsInOrder("Remove the passkey from Google Password Manager", "Try again")
			mia.findsStored(0)
			stray := mia.findsHeld(google, 1)[0]
			mia.finds("the phone's passkey does sync", stray.BackupEligible, gomega.BeTrue())
			mia.finds("the refused try has the reason", mia.refused(), gomega.ConsistOf(gomega.And(
				gomega.HaveField("Reason", rp.CodeSyncedNotAllowed), gomega.HaveField("AAGUID", google.Model.AAGUID),
			)))
			mia.triesAgainIn(app)
			mia.finishes()
			mia.findsStoredIn(app)
		})

	Journey("WP-18", "uses a blocked provider and is refused, then another one and is accepted", Over(config.Bridge), Regular,
		Given{Policy: policy.BlockList(google.Model.AAGUID), Context: onAndroid()}, func(mia *Person) {
			mia.isSignedIn()
			mia.savesInTheWrongPlace(google)
			mia.findsStored(0)
			stray := mia.findsHeld(google, 1)[0]
			mia.findsRefused(tryOf(stray, google, rp.ScopeThisDevice))
			mia.triesAgainIn(samsung)
			mia.finishes()
			mia.findsStoredIn(samsung)
		})

	Journey("WP-19", "cannot pass with a permitted AAGUID in the unsigned copy: what is signed decides", Over(config.API), Regular,
		Given{Policy: onlyTheApp()}, func(mia *Person) {
			visitor := mia.addsOverTheAPI("app")
			reply := mia.verifies(visitor, mia.makesOneWith(visitor, google, client.Misbehaviour{OuterAAGUID: app.Model.AAGUID}))
			mia.finds("it is refused", reply.Status, gomega.Equal(http.StatusForbidden))
			mia.finds("the code says why", reply.Code(), gomega.BeEquivalentTo(rp.CodeProviderNotAllowed))
			mia.finds("the answer names the provider that was signed", string(reply.Body), gomega.And(
				gomega.ContainSubstring(google.Name), gomega.ContainSubstring(google.Model.AAGUID.String()),
			))
			mia.findsStored(0)
			stray := mia.findsHeld(google, 1)[0]
			mia.findsRefused(tryOf(stray, google, rp.ScopeThisDevice))
			// The other way round: a permitted model is not refused for what the unsigned copy says.
			visitor = mia.addsOverTheAPI("app")
			reply = mia.verifies(visitor, mia.makesOneWith(visitor, app, client.Misbehaviour{OuterAAGUID: google.Model.AAGUID}))
			mia.finds("it is accepted", reply.Status, gomega.Equal(http.StatusCreated))
			mia.findsStoredIn(app)
		})

	Journey("WP-20", "leaves the removal for later: Security info reminds her how, until she dismisses it", Over(config.Bridge), Regular,
		onPhone, func(mia *Person) {
			mia.isSignedIn()
			mia.savesInTheWrongPlace(google)
			mia.presses("Do this later")
			mia.sees(page.S0)
			mia.findsInOrder("A passkey is left in Google Password Manager", "then Google Password Manager.", "Choose Delete next to the passkey and confirm.")
			mia.reloads()
			mia.sees(page.S0)
			mia.reads("A passkey is left in Google Password Manager")
			mia.presses("Dismiss reminder")
			mia.noLongerReads("A passkey is left")
			mia.reloads()
			mia.sees(page.S0)
			mia.doesNotRead("A passkey is left", google.Name)
			stray := mia.findsHeld(google, 1)[0]
			mia.findsRefused(gomega.And(tryOf(stray, google, rp.ScopeThisDevice), gomega.HaveField("Dismissed", true)))
			mia.findsStored(0)
		})
})

// actions are what audit events record, in their order.
func actions(events []rp.AuditEvent) []rp.Action {
	list := make([]rp.Action, len(events))
	for i, event := range events {
		list[i] = event.Action
	}
	return list
}
