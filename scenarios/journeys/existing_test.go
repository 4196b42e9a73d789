package journeys

import (
	"context"
	"net/http"
	"strings"

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

var _ = Describe("A passkey that is there already", func() {
	app, google, onePassword := provider.LarkspurIDAndroid(), provider.GooglePasswordManager(), provider.OnePassword()
	onPhone := Given{Policy: onlyTheApp(), Context: onAndroid()}
	anyProvider := Given{Context: onAndroid()}

	Journey("EX-01", "adds the app again on the same phone: the phone says it is there already, and nothing is added", Over(config.Bridge, config.Hybrid), Essential,
		onPhone, func(mia *Person) {
			mia.hasPasskeyIn(app)
			before := mia.findsStored(1)
			held := mia.findsHeld(app, 1)
			mia.isSignedIn()
			mia.reachesTheCeremony(inTheApp)
			screen := mia.sees(page.E3)
			mia.finds("the screen carries the code of the refusal", screen.Code, gomega.BeEquivalentTo(rp.CodeAlreadyRegistered))
			mia.reads("You already have a passkey here", "No new one was made")
			mia.findsAskedLast(app, virtualauth.ToShowExcluded)
			mia.findsUnchanged(before)
			mia.finds("the app holds what it held", mia.findsHeld(app, 1), gomega.Equal(held))
			mia.finds("the excluded passkeys are those that are stored", latest(mia.registrations()).ExcludeIDs, gomega.Equal([][]byte{before[0].ID}))
			mia.findsRefused()
			mia.opensSecurityInfo()
			mia.findsListed(before[0].Name)
		})

	Journey("EX-02", "meets a passkey that only the app knows: the page lists that cause, and after deleting it there adding works", Over(config.Bridge, config.Hybrid), Essential,
		onPhone, func(mia *Person) {
			left := mia.leavesOneOnThePhone(app)
			mia.isSignedIn()
			mia.phoneSavesIn(app)
			mia.reachesTheCeremony(inTheApp)
			screen := mia.sees(page.E1)
			mia.finds("the screen carries the code of the refusal", screen.Code, gomega.BeEquivalentTo(rp.CodeNotAllowed))
			mia.findsAskedLast(app, virtualauth.ToExplainDuplicate)
			mia.findsInOrder("Larkspur ID does not already hold a passkey for this account", "delete it in the app", "Delete passkey")
			mia.findsStored(0)
			mia.finds("the app holds what it held", mia.findsHeld(app, 1)[0].ID, gomega.Equal(left.ID))
			mia.removesItFrom(app)
			mia.presses("Try again")
			mia.understands()
			mia.finishes()
			stored := mia.findsStoredIn(app)
			mia.finds("it is a new one", stored.ID, gomega.Not(gomega.Equal(left.ID)))
		})

	Journey("EX-03", "has a passkey here but reset the phone: deletes the row, adds again, and exactly one remains", Over(config.Bridge, config.Hybrid), Essential,
		onPhone, func(mia *Person) {
			mia.hasPasskeyIn(app)
			lost := mia.findsStored(1)[0]
			mia.resetsThePhone(app)
			mia.isSignedIn()
			mia.deletes(lost.Name)
			mia.findsStored(0)
			mia.opensSecurityInfo()
			mia.addsAPasskey(inTheApp, android)
			stored := mia.findsStoredIn(app)
			mia.finds("it is a new one", stored.ID, gomega.Not(gomega.Equal(lost.ID)))
			mia.findsListed(stored.Name)
		})

	Journey("EX-04", "adds again on a device whose own authenticator has one: the browser says so, and the page explains", Over(config.DevTools), Regular,
		anyProvider, func(mia *Person) {
			authenticator := mia.plugsIn(webauthn.Platform())
			mia.meetsItself(authenticator, inTheApp)
		})

	Journey("EX-05", "adds a security key again: the browser says so, and the page explains", Over(config.DevTools), Regular,
		Given{}, func(mia *Person) {
			authenticator := mia.plugsIn(webauthn.SecurityKey())
			mia.meetsItself(authenticator, securityKey)
		})

	Journey("EX-06", "does not let the phone tell that it has one: the page learns nothing of it", Over(config.Bridge), Regular,
		onPhone, func(mia *Person) {
			mia.hasPasskeyIn(app)
			before := mia.findsStored(1)
			mia.isSignedIn()
			mia.phoneSavesIn(app)
			mia.willDecline(app)
			mia.reachesTheCeremony(inTheApp)
			screen := mia.sees(page.E1)
			mia.finds("the screen carries the code of any refusal", screen.Code, gomega.BeEquivalentTo(rp.CodeNotAllowed))
			mia.findsAskedLast(app, virtualauth.ToShowExcluded)
			mia.doesNotRead("You already have a passkey here")
			mia.finds("the store knows only that it was not allowed", latest(mia.registrations()).ClientErrorName, gomega.Equal("NotAllowedError"))
			mia.findsUnchanged(before)
			mia.findsHeld(app, 1)
		})

	Journey("EX-07", "goes from there to her passkeys: the list has the focus, and nobody claims to know which one it was", Over(config.Bridge), Regular,
		anyProvider, func(mia *Person) {
			mia.hasPasskeyIn(app)
			mia.hasPasskeyIn(google)
			before := mia.findsStored(2)
			mia.isSignedIn()
			mia.phoneSavesIn(app)
			mia.reachesTheCeremony(inTheApp)
			mia.sees(page.E3)
			mia.doesNotRead(before[0].Name, before[1].Name, google.Name)
			mia.presses("Show my passkeys")
			screen := mia.sees(page.S0)
			mia.finds("the focus is on the list's heading", screen.Focus, gomega.Equal("Passkeys"))
			mia.findsListed(before[0].Name, before[1].Name)
			mia.findsUnchanged(before)
		})

	Journey("EX-08", "adds the app on a second phone: both are stored, and their cards differ", Over(config.Bridge), Regular,
		onPhone, func(mia *Person) {
			second := onSecondPhone(app)
			mia.hasPasskeyIn(app)
			first := mia.findsStored(1)[0]
			mia.isSignedIn()
			mia.phoneSavesIn(second)
			mia.addsAPasskey(inTheApp, android)
			stored := mia.findsStored(2)
			mia.finds("the first is as it was", stored[0], gomega.Equal(first))
			mia.finds("the second is the one on the second phone", stored[1].ID, gomega.Equal(mia.findsHeld(second, 1)[0].ID))
			mia.findsHeld(app, 1)
			cards := mia.cards()
			mia.finds("there are two cards", cards, gomega.HaveLen(2))
			mia.finds("their names differ", cards[0].Name, gomega.Not(gomega.Equal(cards[1].Name)))
			for _, card := range cards {
				mia.finds("no card says that it may have been replaced: "+card.Name, card.Text, gomega.Not(gomega.ContainSubstring("may have replaced")))
			}
		})

	Journey("EX-09", "adds again in a provider that keeps one passkey an account: it honours the exclude list, and nothing is overwritten", Over(config.Bridge), Regular,
		anyProvider, func(mia *Person) {
			mia.finds("the provider's habit is to overwrite", google.Model.DuplicateUser, gomega.Equal(virtualauth.Overwrite))
			mia.hasPasskeyIn(google)
			before := mia.findsStored(1)
			held := mia.findsHeld(google, 1)
			mia.isSignedIn()
			mia.phoneSavesIn(google)
			mia.reachesTheCeremony(anyPasskey)
			mia.sees(page.E3)
			mia.findsUnchanged(before)
			mia.finds("the provider holds what it held", mia.findsHeld(google, 1), gomega.Equal(held))
		})

	Journey("EX-10", "adds again in a provider that ignores the exclude list and overwrites: the older card says that it may have been replaced", Over(config.Bridge), Regular,
		anyProvider, func(mia *Person) {
			mia.hasPasskeyIn(google)
			mia.hasPasskeyIn(app)
			before := mia.findsStored(2)
			mia.isSignedIn()
			mia.phoneSavesIn(google)
			mia.Handset.Has(google).Authenticator.Misbehave.IgnoreExcludeList = true
			mia.addsAPasskey(anyPasskey, android)
			stored := mia.findsStored(3)
			held := mia.findsHeld(google, 1)[0]
			mia.finds("the new row is what the provider holds now", stored[2].ID, gomega.Equal(held.ID))
			mia.finds("the older one of that provider stays", stored[0].ID, gomega.Equal(before[0].ID))
			for _, card := range mia.cards() {
				older := card.Credential != "" && strings.HasSuffix(stored[0].Key(), card.Credential)
				hint := gomega.ContainSubstring("may have replaced this one")
				if older {
					mia.finds("the older card of that provider has the hint", card.Text, hint)
				} else {
					mia.finds("another card has no hint: "+card.Name, card.Text, gomega.Not(hint))
				}
			}
			mia.finds("the older row is marked", mia.row(stored[0]).ReplacedHint, gomega.BeTrue())
		})

	Journey("EX-11", "posts a passkey whose id is stored for her already: it is refused, and there is no second row", Over(config.API), Regular,
		Given{}, func(mia *Person) {
			mia.hasPasskeyIn(app)
			before := mia.findsStored(1)
			mia.Handset.Has(onePassword).Authenticator.Misbehave.CredentialID = before[0].ID
			mia.leavesCopy(before[0].ID)
			visitor := mia.addsOverTheAPI("passkey")
			reply := mia.verifies(visitor, mia.makesOneWith(visitor, onePassword, client.Misbehaviour{}))
			mia.finds("it is refused as a conflict", reply.Status, gomega.Equal(http.StatusConflict))
			mia.finds("the code says why", reply.Code(), gomega.BeEquivalentTo(rp.CodeDuplicateCredential))
			mia.findsUnchanged(before)
			mia.findsRefused()
			mia.findsAudited(rp.ActionPasskeyRefused, rp.CodeDuplicateCredential)
		})

	Journey("EX-12", "posts a passkey whose id belongs to somebody else: the answer is that of any broken response", Over(config.API), Regular,
		Given{}, func(mia *Person) {
			otto := mia.neighbour("otto", "Otto")
			ottos := onSecondPhone(app)
			theirs := mia.addsOverTheAPIAs(otto, "app")
			mia.finds("Otto's passkey is stored", mia.verifies(theirs, mia.makesOneWith(theirs, ottos, client.Misbehaviour{})).Status, gomega.Equal(http.StatusCreated))
			before := mia.storedOf(otto)
			mia.finds("Otto has one passkey", before, gomega.HaveLen(1))

			mia.Handset.Has(onePassword).Authenticator.Misbehave.CredentialID = before[0].ID
			mia.leavesCopy(before[0].ID)
			mia.leavesStray(google.Name, "what was broken about the response leaves nothing to remember it by")
			visitor := mia.addsOverTheAPI("passkey")
			reply := mia.verifies(visitor, mia.makesOneWith(visitor, onePassword, client.Misbehaviour{}))
			mia.finds("it is refused", reply.Status, gomega.Equal(http.StatusUnprocessableEntity))
			mia.finds("the code is the general one", reply.Code(), gomega.BeEquivalentTo(rp.CodeVerificationFailed))

			broken := mia.addsOverTheAPI("passkey")
			control := mia.verifies(broken, mia.makesOneWith(broken, google, client.Misbehaviour{SpoilRPIDHash: true}))
			mia.finds("a broken response gets the very same answer", sameRun(control, broken), gomega.And(
				gomega.Not(gomega.BeEmpty()), gomega.Equal(sameRun(reply, visitor)),
			))
			mia.findsStored(0)
			mia.finds("Otto's passkey is as it was", mia.storedOf(otto), gomega.Equal(before))
			mia.findsRefused()
		})

	Journey("EX-14", "has a passkey that the organisation no longer accepts: its card says so and offers the app, which she adds", Over(config.Bridge), Regular,
		anyProvider, func(mia *Person) {
			mia.hasPasskeyIn(google)
			before := mia.findsStored(1)
			mia.isSignedIn()
			mia.finds("its card is like any other", mia.theCard().Status, gomega.Equal("active"))
			mia.policyBecomes("only the app", onlyTheApp())
			mia.opensSecurityInfo()
			mia.finds("its card is blocked", mia.theCard(), gomega.And(
				gomega.HaveField("Status", "blockedByPolicy"),
				gomega.HaveField("Text", gomega.ContainSubstring("Blocked by your organisation")),
				gomega.HaveField("Text", gomega.ContainSubstring("no longer accepts passkeys from this provider, so this one cannot sign you in")),
			))
			mia.findsUnchanged(before)
			mia.follows("Add one in Larkspur ID")
			mia.sees(page.S1)
			mia.picks(inTheApp, page.S3)
			mia.phoneSavesIn(app)
			mia.walksTo(android, page.S7)
			mia.understands()
			mia.finishes()
			stored := mia.findsStored(2)
			mia.finds("the new one is the app's", stored[1].ID, gomega.Equal(mia.findsHeld(app, 1)[0].ID))
			mia.finds("one card is blocked, the other is not", mia.cards(), gomega.ConsistOf(
				gomega.HaveField("Status", "blockedByPolicy"), gomega.HaveField("Status", "active"),
			))
			mia.findsHeld(google, 1)
		})

	Journey("EX-13", "finds a note on her old passkeys when her sign-in name has changed, follows it, and the note is gone", Over(config.Bridge), Regular,
		Given{Policy: onlyTheApp(), Context: onAndroid()}, func(mia *Person) {
			const note = "It still shows your old sign-in name, mia. To change that, delete it and add it again."
			app, second := provider.LarkspurIDAndroid(), onSecondPhone(provider.LarkspurIDAndroid())
			mia.hasPasskeyIn(app)
			spy := mia.spiesOnSignals()
			mia.isSignedIn()
			mia.doesNotRead("your old sign-in name")
			mia.isRenamed("mia.larsen")
			mia.opensSecurityInfo()
			mia.comesToFind("the browser was told the new name", func(context.Context) (any, error) {
				return detailsTold(spy), nil
			}, gomega.Equal("mia.larsen"))
			mia.finds("its card has the note", mia.theCard().Text, gomega.ContainSubstring(note))
			old := mia.findsStored(1)[0]

			mia.phoneSavesIn(second)
			mia.addsAPasskey(inTheApp, android)
			mia.finds("the old one has the note still", mia.cardOf(app).Text, gomega.ContainSubstring(note))
			mia.finds("the new one has none", mia.cardOf(second).Text, gomega.Not(gomega.ContainSubstring("old sign-in name")))
			mia.finds("the new one is kept under the new name", mia.findsHeld(second, 1)[0].UserName, gomega.Equal("mia.larsen"))

			mia.deletes(old.Name)
			mia.removesItFrom(app)
			mia.phoneSavesIn(app)
			mia.addsAPasskey(inTheApp, android)
			mia.doesNotRead("your old sign-in name")
			mia.finds("the phone has it under the new name", mia.findsHeld(app, 1)[0].UserName, gomega.Equal("mia.larsen"))
			mia.findsStored(2)
		})
})

// meetsItself adds a passkey twice to the authenticator in the window, and finds that the second time nothing happens
// but the page saying so.
func (p *Person) meetsItself(authenticator *webauthn.Authenticator, method string) {
	GinkgoHelper()
	spy := p.spiesOnCeremonies()
	p.isSignedIn()
	p.addsAPasskey(method, android)
	before := p.findsStored(1)
	p.reachesTheCeremony(method)
	p.sees(page.E3)
	p.reads("You already have a passkey here")
	p.finds("the browser made one and refused the other", outcomes(spy, "create"), gomega.HaveExactElements("ok", "InvalidStateError"))
	p.findsUnchanged(before)
	p.comesToFind("the authenticator holds the one that is stored", func(ctx context.Context) (any, error) {
		return authenticator.Credentials(ctx)
	}, gomega.ConsistOf(gomega.HaveField("CredentialID", before[0].ID)))
}
