package journeys

import (
	"context"
	"net/http"

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

var _ = Describe("Signing in", func() {
	Journey("SI-01", "signs in on the device that holds the passkey, and its card says it was used today", Over(config.DevTools), Essential,
		Given{}, func(mia *Person) {
			authenticator := mia.hasPasskeyOnThisDevice(webauthn.Platform())
			mia.finds("it was never used", mia.cards()[0].LastUsed, gomega.ContainSubstring("Never used"))
			mia.signsOutAndLeaves(authenticator)
			mia.pressesPasskey()
			mia.sees(page.S0)
			card := mia.cards()[0]
			mia.finds("it was used today", card.LastUsed, gomega.ContainSubstring("today"))
			stored := mia.row(mia.findsStored(1)[0])
			mia.finds("the store has the time of use", stored.LastUsedAt, gomega.BeTemporally("==", mia.Clock.Now()))
			mia.finds("store and authenticator agree on the counter", mia.heldBy(authenticator).SignCount, gomega.BeEquivalentTo(stored.SignCount))
		})

	Journey("SI-02", "signs in on a computer with the passkey on the phone, and is offered one for this device", Over(config.Bridge, config.Hybrid).Cannot(config.DevTools, noPhoneBetween), Regular,
		Given{}, func(mia *Person) {
			app := provider.LarkspurIDAndroid()
			mia.sitsAtAComputer()
			mia.hasPasskeyIn(app)
			mia.usesAPasskey()
			mia.sees(page.S0)
			mia.reads("Add a passkey on this device?", "You signed in with a passkey from another device")
			mia.finds("the passkey was used", mia.row(mia.findsStored(1)[0]).LastUsedAt, gomega.BeTemporally("==", mia.Clock.Now()))
			mia.follows("Add one here")
			mia.sees(page.S1)
			mia.findsHeld(app, 1)
		})

	Journey("SI-05", "has passkeys of two accounts on one phone: the phone asks which, and the one she chooses opens", Over(config.Hybrid).Cannot(config.Bridge, "The person behind it is never asked which account.").Cannot(config.DevTools, "Its authenticator picks an account by itself."), Regular,
		Given{}, func(mia *Person) {
			app := provider.LarkspurIDAndroid()
			mia.hasPasskeyIn(app)
			otto := mia.neighbour("otto", "Otto")
			ottos := mia.addsOverTheAPIAs(otto, "app")
			mia.finds("Otto's passkey is stored", mia.verifies(ottos, mia.makesOneWith(ottos, app, client.Misbehaviour{})).Status, gomega.Equal(http.StatusCreated))
			mia.findsHeld(app, 2)
			mia.willSignInAs(otto.UserName)
			mia.usesAPasskey()
			mia.sees(page.S0)
			mia.reads("Signed in as Otto")
			mia.signsOut()
			mia.willSignInAs(mia.Account.UserName)
			mia.usesAPasskey()
			mia.sees(page.S0)
			mia.reads("Signed in as Mia")
		})

	Journey("SI-03", "signs in without typing a name: the passkey's user handle finds the account", Over(config.DevTools), Regular,
		Given{}, func(mia *Person) {
			authenticator := mia.hasPasskeyOnThisDevice(webauthn.Platform())
			mia.signsOutAndLeaves(authenticator)
			mia.does("finds the user name field empty", func(ctx context.Context) error {
				typed, err := page.ValueOf(ctx, mia.Page, page.UserName)
				if err != nil {
					return err
				}
				return holds("the user name field", typed, gomega.BeEmpty())
			})
			mia.pressesPasskey()
			mia.sees(page.S0)
			mia.reads("Signed in as " + mia.Account.DisplayName)
			stored := mia.row(mia.findsStored(1)[0])
			mia.finds("the authenticator's user handle is the account's", mia.heldBy(authenticator).UserHandle, gomega.Equal(stored.UserHandle))
			mia.findsAudited(rp.ActionSignIn, "")
		})

	Journey("SI-04", "is offered the passkey by autofill, and it signs in", Over(config.DevTools), Regular,
		Given{}, func(mia *Person) {
			authenticator := mia.hasPasskeyOnThisDevice(webauthn.Platform())
			mia.presses("Sign out")
			// Until the sign-in page is there, the page seen is still the one that she leaves, and it looks like the one she comes to.
			mia.comesToFind("the page asks for autofill, not for a dialog", func(context.Context) (any, error) { return mediations(authenticator.spy), nil }, gomega.ContainElement("conditional"))
			// Chromium's virtual authenticator accepts an autofill request at once, as a person who picks the first entry would.
			mia.sees(page.S0)
			mia.finds("the passkey was used", mia.row(mia.findsStored(1)[0]).LastUsedAt, gomega.BeTemporally("==", mia.Clock.Now()))
		})

	Journey("SI-06", "cannot sign in with a bogus signature, and nothing changes", Over(config.DevTools), Regular,
		Given{}, func(mia *Person) {
			authenticator := mia.hasPasskeyOnThisDevice(webauthn.Platform())
			before := mia.findsStored(1)[0]
			mia.signsOutAndLeaves(authenticator)
			mia.spoils(authenticator, webauthn.Overrides{BogusSignature: true})
			mia.pressesPasskey()
			mia.sees(page.Failed)
			mia.findsStoredAs(before)
			mia.takesTheHandOff(authenticator.Authenticator)
			mia.opens("/security-info", page.SignIn)
			mia.findsAudited(rp.ActionSignInRefused, rp.CodeSignInFailed)
		})

	Journey("SI-07", "cannot sign in without user verification", Over(config.DevTools), Regular,
		Given{}, func(mia *Person) {
			authenticator := mia.hasPasskeyOnThisDevice(webauthn.Platform())
			before := mia.findsStored(1)[0]
			mia.signsOutAndLeaves(authenticator)
			mia.spoils(authenticator, webauthn.Overrides{BadUV: true})
			mia.pressesPasskey()
			mia.sees(page.Failed)
			mia.findsStoredAs(before)
			mia.takesTheHandOff(authenticator.Authenticator)
			mia.opens("/security-info", page.SignIn)
		})

	Journey("SI-08", "is stopped when the passkey's counter goes back, and the audit log says so", Over(config.DevTools), Regular,
		Given{}, func(mia *Person) {
			authenticator := mia.hasPasskeyOnThisDevice(webauthn.SecurityKey())
			mia.signsOutAndLeaves(authenticator)
			mia.pressesPasskey()
			mia.sees(page.S0)
			mia.signsOutAndLeaves(authenticator)
			before := mia.findsStored(1)[0]
			mia.sets(authenticator, 0)
			mia.pressesPasskey()
			mia.sees(page.Failed)
			mia.findsStoredAs(before)
			mia.findsAudited(rp.ActionCounter, "")
			mia.findsAudited(rp.ActionSignInRefused, rp.CodeSignInFailed)
		})

	Journey("SI-10", "uses a passkey that nobody here knows: she reads that it can no longer be used, and only the device that has it is told", Over(config.Bridge, config.Hybrid), Regular,
		Given{Context: onAndroid()}, func(mia *Person) {
			app := provider.LarkspurIDAndroid()
			left := mia.leavesOneOnThePhone(app)
			mia.leavesStray(app.Name, "it was made by a page that never sent it")
			signals := mia.spiesOnSignals()
			mia.phoneSavesIn(app)
			mia.usesAPasskey()
			mia.sees(page.Unknown)
			mia.reads("This passkey can no longer be used", "Your device still keeps a copy", "Sign in another way")
			mia.findsToldIfHere(signals, left)
			mia.findsHeld(app, 1)
			mia.findsStored(0)
			mia.opens("/security-info", page.SignIn)
		})

	Journey("SI-11", "uses a passkey that the policy now blocks: she reads so, is not signed in, and signs in another way", Over(config.Bridge, config.Hybrid), Regular,
		Given{Context: onAndroid()}, func(mia *Person) {
			google := provider.GooglePasswordManager()
			mia.hasPasskeyIn(google)
			before := mia.findsStored(1)[0]
			mia.policyBecomes("only the app", onlyTheApp())
			mia.findsSignInRefused(google, before)
			mia.signsInWithPassword()
		})

	Journey("SI-12", "says no on the phone: the page returns quietly and offers the other ways, and the next time she signs in", Over(config.Bridge, config.Hybrid), Regular,
		Given{Context: onAndroid()}, func(mia *Person) {
			app := provider.LarkspurIDAndroid()
			mia.hasPasskeyIn(app)
			before := mia.findsStored(1)[0]
			mia.willDecline(app)
			mia.usesAPasskey()
			mia.reads("No passkey was used. Try again, or choose another way below.", "Use your password")
			mia.sees(page.SignIn)
			mia.findsStoredAs(before)
			mia.finds("nothing counts as a refused sign-in", actions(mia.audit(mia.Account.ID)), gomega.Not(gomega.ContainElement(rp.ActionSignInRefused)))
			mia.touches(app)
			mia.pressesPasskey()
			mia.scans()
			mia.sees(page.S0)
			mia.finds("the passkey was used", mia.row(mia.findsStored(1)[0]).LastUsedAt, gomega.BeTemporally("==", mia.Clock.Now()))
		})

	// The browser's own authenticator counts from one when it makes a passkey, so the bridge's synced provider is the one
	// that can tell this.
	Journey("SI-09", "keeps signing in with a passkey whose counter is always zero", Over(config.Bridge), Regular,
		Given{Context: onAndroid()}, func(mia *Person) {
			inGoogle := provider.GooglePasswordManager()
			mia.hasPasskeyIn(inGoogle)
			for range 3 {
				mia.usesAPasskey()
				mia.sees(page.S0)
				mia.signsOut()
			}
			mia.finds("the provider's counter is zero", mia.findsHeld(inGoogle, 1)[0].SignCount, gomega.BeZero())
			mia.finds("the store's counter is zero", mia.row(mia.findsStored(1)[0]).SignCount, gomega.BeZero())
		})

	Journey("SI-13", "signs in with a passkey that has been backed up since: its card says that it syncs now", Over(config.DevTools), Regular,
		Given{}, func(mia *Person) {
			authenticator := mia.hasPasskeyOnThisDevice(notBackedUp())
			mia.finds("its card says that it is not backed up", mia.cards()[0].Lives, gomega.Equal("Can sync, not backed up yet"))
			mia.signsOutAndLeaves(authenticator)
			mia.backsUp(authenticator)
			mia.pressesPasskey()
			mia.sees(page.S0)
			mia.finds("its card says that it syncs", mia.cards()[0].Lives, gomega.Equal("Syncs across your devices"))
			mia.finds("the store says so too", mia.row(mia.findsStored(1)[0]), gomega.And(
				gomega.HaveField("BackupEligible", true), gomega.HaveField("BackupState", true),
			))
		})

	Journey("SI-14", "cannot sign in with a passkey that says otherwise than at first whether it may sync", Over(config.API), Regular,
		Given{}, func(mia *Person) {
			for _, in := range []provider.Provider{provider.GooglePasswordManager(), provider.LarkspurIDAndroid()} {
				mia.hasPasskeyIn(in)
			}
			before := mia.findsStored(2)
			for _, in := range []provider.Provider{provider.GooglePasswordManager(), provider.LarkspurIDAndroid()} {
				mia.lies(in, virtualauth.Misbehaviour{FlipBE: true})
				reply := mia.signsInOverTheAPI(in, client.Misbehaviour{})
				mia.finds("it is refused", reply, gomega.And(gomega.HaveField("Status", http.StatusUnprocessableEntity), gomega.HaveField("Code()", gomega.BeEquivalentTo(rp.CodeSignInFailed))))
				mia.findsUnchanged(before)
				mia.lies(in, virtualauth.Misbehaviour{})
			}
			mia.findsAudited(rp.ActionSignInRefused, rp.CodeSignInFailed)
			mia.finds("the same passkey signs in when it says what it said at first", mia.signsInOverTheAPI(provider.GooglePasswordManager(), client.Misbehaviour{}).Status, gomega.Equal(http.StatusOK))
		})
})
