package journeys

import (
	"context"
	"encoding/json"
	"net/http"
	"time"

	"github.com/go-rod/rod/lib/input"
	. "github.com/onsi/ginkgo/v2"
	"github.com/onsi/gomega"

	"github.com/passkeylab/passkeylab/harness/browser"
	"github.com/passkeylab/passkeylab/harness/browser/webauthn"
	"github.com/passkeylab/passkeylab/harness/config"
	"github.com/passkeylab/passkeylab/harness/page"
	"github.com/passkeylab/passkeylab/rp"
	"github.com/passkeylab/passkeylab/virtualauth/provider"
)

var _ = Describe("Deletion", func() {
	Journey("DEL-01", "deletes one of two passkeys: it signs nobody in any more, and the other still does", Over(config.Bridge, config.Hybrid), Essential,
		Given{Context: onAndroid()}, func(mia *Person) {
			inApp, inGoogle := provider.LarkspurIDAndroid(), provider.GooglePasswordManager()
			mia.hasPasskeyIn(inApp)
			mia.hasPasskeyIn(inGoogle)
			mia.isSignedIn()
			doomed := mia.named(mia.cardOf(inGoogle).Name)
			mia.deletes(doomed.Name)
			mia.findsListed(mia.cardOf(inApp).Name)
			mia.finds("only the other is stored", mia.findsStored(1)[0].ID, gomega.Not(gomega.Equal(doomed.ID)))
			mia.findsHeld(inGoogle, 1)
			mia.signsOut()
			mia.phoneSavesIn(inGoogle)
			mia.usesAPasskey()
			mia.sees(page.Unknown)
			mia.phoneSavesIn(inApp)
			mia.usesAPasskey()
			mia.sees(page.S0)
		})

	Journey("DEL-02", "deletes a same-device passkey: the browser is told exactly what remains and drops it", Over(config.DevTools), Essential,
		Given{}, func(mia *Person) {
			authenticator := mia.plugsIn(webauthn.Platform())
			spy := mia.spiesOnSignals()
			mia.isSignedIn()
			mia.addsAPasskey(anyPasskey, android)
			mia.hasPasskeyIn(provider.LarkspurIDAndroid())
			mia.opensSecurityInfo()
			before := spy.Count("signalAllAcceptedCredentials")
			doomed := mia.stored()[0]
			mia.deletes(doomed.Name)
			remaining := mia.findsStored(1)
			mia.comesToFind("one more list was signalled", func(context.Context) (any, error) {
				return spy.Count("signalAllAcceptedCredentials"), nil
			}, gomega.BeNumerically(">", before))
			mia.finds("the list is exactly what remains", accepted(spy), gomega.ConsistOf(remaining[0].Key()))
			mia.comesToFind("the virtual authenticator has dropped it", func(ctx context.Context) (any, error) {
				return authenticator.Credentials(ctx)
			}, gomega.BeEmpty())
		})

	Journey("DEL-03", "deletes the only passkey: the dialog names the way that remains, and the page starts afresh", Over(config.Bridge), Essential,
		Given{Context: onAndroid()}, func(mia *Person) {
			inApp := provider.LarkspurIDAndroid()
			mia.hasPasskeyIn(inApp)
			mia.isSignedIn()
			mia.asksToDelete(mia.cardOf(inApp).Name)
			mia.reads("This is your only passkey", "password and a one-time code")
			mia.pressesHook(page.DialogConfirm)
			mia.findsToast("Passkey deleted")
			mia.comesToFind("the empty page invites to create one", func(ctx context.Context) (any, error) {
				return page.Shows(ctx, mia.Page, page.Hero), nil
			}, gomega.BeTrue())
			mia.findsStored(0)
		})

	Journey("DEL-04", "presses Escape in the dialog: nothing changes, and the focus returns to that Delete", Over(config.Bridge), Regular,
		Given{Context: onAndroid()}, func(mia *Person) {
			inApp := provider.LarkspurIDAndroid()
			mia.hasPasskeyIn(inApp)
			mia.isSignedIn()
			name := mia.cardOf(inApp).Name
			mia.asksToDelete(name)
			mia.does("presses Escape", func(ctx context.Context) error { return mia.Page.Rod.Context(ctx).Keyboard.Type(input.Escape) })
			mia.findsNoDialog()
			mia.findsFocus("Delete " + name)
			mia.findsStored(1)
		})

	Journey("DEL-05", "cannot delete the last passkey when no other way to sign in remains, and reads why", Over(config.Bridge), Regular,
		Given{Context: onAndroid()}, func(mia *Person) {
			inApp := provider.LarkspurIDAndroid()
			mia.hasPasskeyIn(inApp)
			mia.isSignedIn()
			mia.keepsOnlyPasskeys()
			mia.opensSecurityInfo()
			mia.asksToDelete(mia.cardOf(inApp).Name)
			mia.reads("This is your only way to sign in")
			mia.finds("the confirm button is disabled", mia.enabled(page.DialogConfirm), gomega.BeFalse())
			mia.findsStored(1)
		})

	Journey("DEL-06", "is asked for proof when hers is six minutes old, and then the dialog of the same passkey opens", Over(config.Bridge), Regular,
		Given{Context: onAndroid()}, func(mia *Person) {
			inApp, inGoogle := provider.LarkspurIDAndroid(), provider.GooglePasswordManager()
			mia.hasPasskeyIn(inApp)
			mia.hasPasskeyIn(inGoogle)
			mia.isSignedIn()
			name := mia.cardOf(inGoogle).Name
			mia.letsPass(6 * time.Minute)
			mia.asksToDelete(name)
			mia.pressesHook(page.DialogConfirm)
			mia.proves()
			mia.sees(page.S0)
			mia.findsDialog("Delete " + name + "?")
			mia.findsStored(2)
			mia.pressesHook(page.DialogConfirm)
			mia.findsToast("Passkey deleted")
			mia.findsListed(mia.cardOf(inApp).Name)
		})

	Journey("DEL-07", "deletes the same passkey in two tabs: the second finds it already gone", Over(config.Bridge), Regular,
		Given{Context: onAndroid()}, func(mia *Person) {
			inApp := provider.LarkspurIDAndroid()
			mia.hasPasskeyIn(inApp)
			mia.isSignedIn()
			name := mia.cardOf(inApp).Name
			other := mia.opensAnotherTab()
			other.opensSecurityInfo()
			mia.deletes(name)
			other.asksToDelete(name)
			other.pressesHook(page.DialogConfirm)
			other.findsToast("already deleted")
			other.findsListed()
			mia.findsStored(0)
		})

	Journey("DEL-08", "cannot delete somebody else's passkey, and learns nothing about it", Over(config.API), Regular,
		Given{}, func(mia *Person) {
			mia.hasPasskeyIn(provider.LarkspurIDAndroid())
			theirs := mia.findsStored(1)[0]
			stranger := mia.visitsAs("zoe")
			mia.finds("the answer is 404", mia.posts(stranger, "/security-info/passkeys/"+theirs.Key()+"/delete").Status, gomega.Equal(http.StatusNotFound))
			mia.findsStored(1)
		})

	Journey("DEL-09", "signs in with a deleted passkey that the phone still has, and reads how to remove it", Over(config.Bridge, config.Hybrid), Regular,
		Given{Context: onAndroid()}, func(mia *Person) {
			inApp := provider.LarkspurIDAndroid()
			mia.hasPasskeyIn(inApp)
			mia.isSignedIn()
			mia.deletes(mia.cardOf(inApp).Name)
			mia.signsOut()
			mia.usesAPasskey()
			mia.sees(page.Unknown)
			mia.reads("This passkey can no longer be used", "Remove it")
			mia.findsHeld(inApp, 1)
		})

	Journey("DEL-11", "deletes the passkey of this session: stays signed in, and the next change asks for proof", Over(config.Bridge), Regular,
		Given{Context: onAndroid()}, func(mia *Person) {
			inApp, inGoogle := provider.LarkspurIDAndroid(), provider.GooglePasswordManager()
			mia.hasPasskeyIn(inApp)
			mia.hasPasskeyIn(inGoogle)
			mia.phoneSavesIn(inApp)
			mia.usesAPasskey()
			mia.sees(page.S0)
			name := mia.cardOf(inApp).Name
			mia.asksToDelete(name)
			mia.reads("You signed in with this passkey")
			mia.pressesHook(page.DialogConfirm)
			mia.findsToast("Passkey deleted")
			mia.opensSecurityInfo()
			mia.pressesHook(page.Add)
			mia.sees(page.S1)
			mia.pressesHook(page.MethodApp)
			mia.pressesHook(page.Primary)
			mia.sees(page.S2)
		})

	Journey("DEL-12", "adds a security key again after deleting it here", Over(config.DevTools), Regular,
		Given{}, func(mia *Person) {
			key := mia.plugsIn(webauthn.SecurityKey())
			mia.isSignedIn()
			mia.addsAPasskey(securityKey, android)
			first := mia.findsStored(1)[0]
			mia.deletes(first.Name)
			mia.opensSecurityInfo()
			mia.addsAPasskey(securityKey, android)
			again := mia.findsStored(1)[0]
			mia.finds("it is a new credential", again.ID, gomega.Not(gomega.Equal(first.ID)))
			mia.comesToFind("the key holds the new credential", func(ctx context.Context) (any, error) {
				held, err := key.Credentials(ctx)
				ids := make([][]byte, len(held))
				for i, credential := range held {
					ids[i] = credential.CredentialID
				}
				return ids, err
			}, gomega.ContainElement(again.ID))
		})

	Journey("DEL-13", "keeps the card and is offered a retry when the server cannot delete", Over(config.Bridge), Regular,
		Given{Context: onAndroid()}, func(mia *Person) {
			inApp := provider.LarkspurIDAndroid()
			mia.hasPasskeyIn(inApp)
			mia.isSignedIn()
			name := mia.cardOf(inApp).Name
			mia.meetsNetworkFault(browser.Fault{Method: http.MethodPost, URL: "*/delete", Kind: browser.Answer, Status: http.StatusServiceUnavailable, Times: 1})
			mia.asksToDelete(name)
			mia.pressesHook(page.DialogConfirm)
			mia.reads("The passkey was not deleted")
			mia.findsListed(name)
			mia.findsStored(1)
			mia.pressesHook(page.DialogConfirm)
			mia.findsToast("Passkey deleted")
			mia.findsStored(0)
		})

	Journey("DEL-14", "is told out of band that a passkey was deleted, and the audit log knows", Over(config.Bridge), Regular,
		Given{Context: onAndroid()}, func(mia *Person) {
			inApp := provider.LarkspurIDAndroid()
			mia.hasPasskeyIn(inApp)
			mia.isSignedIn()
			mia.deletes(mia.cardOf(inApp).Name)
			mia.opens("/outbox", "outbox")
			mia.reads("A passkey was deleted")
			mia.findsNotified(rp.ActionPasskeyDeleted)
			mia.findsAudited(rp.ActionPasskeyDeleted, "")
		})

	Journey("DEL-15", "is told when an admin removes a passkey: it is gone after a reload, and it signs nobody in", Over(config.Bridge), Regular,
		Given{Context: onAndroid()}, func(mia *Person) {
			inApp, inGoogle := provider.LarkspurIDAndroid(), provider.GooglePasswordManager()
			mia.hasPasskeyIn(inApp)
			mia.hasPasskeyIn(inGoogle)
			signals := mia.spiesOnSignals()
			mia.isSignedIn()
			doomed, kept := mia.named(mia.cardOf(inGoogle).Name), mia.named(mia.cardOf(inApp).Name)
			mia.findsListed(doomed.Name, kept.Name)
			mia.adminRemoves(doomed)
			mia.reloads()
			mia.findsListed(kept.Name)
			mia.finds("the other is stored as it was", mia.findsStored(1)[0], gomega.Equal(kept))
			mia.findsHeld(inGoogle, 1)
			mia.comesToFind("the browser was told exactly what remains", func(context.Context) (any, error) { return accepted(signals), nil },
				gomega.ConsistOf(kept.Key()))
			mia.findsNotified(rp.ActionPasskeyRemoved)
			mia.finds("the audit log has who did it", mia.audit(mia.Account.ID), gomega.ContainElement(gomega.And(
				gomega.HaveField("Action", rp.ActionPasskeyDeleted), gomega.HaveField("Actor", rp.ActorAdmin),
			)))
			mia.opens("/outbox", "outbox")
			mia.reads(doomed.Name, "Your admin removed")
			mia.opensSecurityInfo()
			mia.signsOut()
			mia.phoneSavesIn(inGoogle)
			mia.usesAPasskey()
			mia.sees(page.Unknown)
			mia.phoneSavesIn(inApp)
			mia.usesAPasskey()
			mia.sees(page.S0)
		})

	Journey("DEL-16", "sees that the list could not be loaded: no signal is sent and nothing can be added", Over(config.Bridge), Regular,
		Given{Context: onAndroid()}, func(mia *Person) {
			mia.hasPasskeyIn(provider.LarkspurIDAndroid())
			passkey := mia.findsStored(1)[0]
			spy := mia.spiesOnSignals()
			mia.isSignedIn()
			sent := spy.Count("signalAllAcceptedCredentials")
			mia.meetsADamagedTable(true)
			mia.opensSecurityInfo()
			mia.reads("Your passkeys could not be loaded")
			mia.finds("Add is disabled", mia.enabled(page.Add), gomega.BeFalse())
			mia.finds("nothing was signalled", spy.Count("signalAllAcceptedCredentials"), gomega.Equal(sent))
			mia.meetsADamagedTable(false)
			mia.presses("Try again")
			mia.findsListed(passkey.Name)
			mia.finds("Add is enabled", mia.enabled(page.Add), gomega.BeTrue())
			mia.findsStored(1)
		})
})

// accepted returns the ids of the latest signalled list.
func accepted(spy *browser.Spy) []string {
	var ids []string
	for _, call := range spy.Calls() {
		if call.Name != "signalAllAcceptedCredentials" {
			continue
		}
		var args []rp.AcceptedCredentials
		if json.Unmarshal(call.Args, &args) == nil && len(args) == 1 {
			ids = args[0].AllAcceptedCredentialIDs
		}
	}
	return ids
}
