package journeys

import (
	"fmt"
	"time"

	"github.com/google/uuid"
	. "github.com/onsi/ginkgo/v2"
	"github.com/onsi/gomega"

	"github.com/passkeylab/passkeylab/harness/browser/webauthn"
	"github.com/passkeylab/passkeylab/harness/client"
	"github.com/passkeylab/passkeylab/harness/config"
	"github.com/passkeylab/passkeylab/harness/lab"
	"github.com/passkeylab/passkeylab/harness/page"
	"github.com/passkeylab/passkeylab/rp"
	"github.com/passkeylab/passkeylab/rp/policy"
	"github.com/passkeylab/passkeylab/virtualauth/provider"
)

// noKeyBeside is why hybrid tells no journey with a security key.
const noKeyBeside = "It reaches a phone, and this is about a key that is plugged into the computer."

var _ = Describe("A policy about who adds, and how", func() {
	app := provider.LarkspurIDAndroid()

	Journey("POL-01", "must prove the model of a new passkey: the app over a code is sent into the app itself, and a certified key is accepted", Over(config.Bridge).Cannot(config.Hybrid, noKeyBeside), Essential,
		Given{Policy: attestedOnly()}, func(mia *Person) {
			key := lab.CertifiedKey()
			mia.sitsAtAComputer()
			mia.phoneSavesIn(key)
			mia.isSignedIn()
			mia.startsAdding(inTheApp)
			screen := mia.sees(page.E5c)
			mia.finds("the screen carries the code of the refusal", screen.Code, gomega.BeEquivalentTo(rp.CodeAttestationBlocksFlow))
			mia.findsInOrder("Create it inside Larkspur ID", "works only from inside it", "Open Larkspur ID on your phone", "Create a passkey", "How to do that")
			mia.findsNoCeremony()
			mia.findsNotAsked(key)
			mia.follows("Use a security key")
			mia.sees(page.S1)
			mia.picks(securityKey, page.K1)
			mia.walksTo("", page.K2)
			mia.pressesHook(page.Primary)
			mia.finishes()
			row := mia.row(mia.findsStoredIn(key))
			mia.finds("it is attested, packed", row, gomega.And(gomega.HaveField("Attested", true), gomega.HaveField("AttestationFormat", "packed")))
			mia.finds("the administrator is told so", mia.adminReads(), gomega.ConsistOf(adminsPasskey{AAGUID: key.Model.AAGUID.String(), Level: "attested"}))
		})

	Journey("POL-02", "may not add passkeys herself: she reads so beside each method, and the passkey that she has can be used, renamed and deleted", Over(config.Bridge, config.Hybrid), Regular,
		Given{Context: onAndroid()}, func(mia *Person) {
			mia.hasPasskeyIn(app)
			mia.policyBecomes("only what its administrator adds", adminsAddPasskeys())
			mia.findsSignInWorks(app)
			mia.reads("Your admin adds passkeys for you.")
			mia.pressesAdd(page.S1)
			mia.reads("Your admin adds passkeys for you.")
			mia.findsNoRowToChoose()
			mia.opensSecurityInfo()
			mia.renames(mia.theCard().Name, "Still mine")
			mia.findsListed("Still mine")
			mia.deletes("Still mine")
			mia.findsToast("Passkey deleted")
			mia.findsStored(0)
		})

	Journey("POL-03", "is in a group that may have passkeys and in one that may not: the exclusion wins, until she leaves that group", Over(config.Bridge), Regular,
		Given{
			Policy: policy.Policy{IncludeTargets: groups("staff"), ExcludeTargets: groups("interns")},
			Person: rp.Membership{Groups: []string{"staff", "interns"}}, Context: onAndroid(),
		}, func(mia *Person) {
			mia.phoneSavesIn(app)
			mia.isSignedIn()
			screen := mia.pressesAdd(page.E5a)
			mia.finds("the screen carries the code of the refusal", screen.Code, gomega.BeEquivalentTo(rp.CodeUserExcluded))
			mia.reads("Not available for your account", "Ask your admin")
			mia.findsNoCeremony()
			mia.findsStored(0)
			mia.belongsTo("staff")
			mia.opensSecurityInfo()
			mia.addsAPasskey(inTheApp, android)
			mia.findsStoredIn(app)
		})

	Journey("POL-04", "is a guest: Security info and Add send her to her home organisation", Over(config.Bridge), Regular,
		Given{Person: rp.Membership{Guest: true}}, func(mia *Person) {
			mia.isSignedIn()
			mia.reads("Guests add passkeys in their home organisation.")
			screen := mia.pressesAdd(page.E5d)
			mia.finds("the screen carries the code of the refusal", screen.Code, gomega.BeEquivalentTo(rp.CodeGuest))
			mia.findsInOrder("Use your home organisation", "You are a guest at Larkspur", "Sign in at your own organisation.")
			mia.pressesHook(page.Primary)
			mia.sees(page.S0)
			mia.findsStored(0)
			mia.findsNoCeremony()
		})

	Journey("POL-11", "has ten passkeys: Add says that this is the limit, before any ceremony", Over(config.Bridge), Regular,
		Given{Context: onAndroid()}, func(mia *Person) {
			mia.hasPasskeysOn(10, app)
			before := mia.registrations()
			mia.isSignedIn()
			screen := mia.pressesAdd(page.E4)
			mia.finds("the screen carries the code of the refusal", screen.Code, gomega.BeEquivalentTo(rp.CodeLimitReached))
			mia.reads("You have 10 of 10 passkeys.", "Delete a passkey that you no longer use.")
			mia.finds("no other ceremony was begun", mia.registrations(), gomega.HaveLen(len(before)))
			mia.findsStored(10)
			mia.opensSecurityInfo()
			mia.deletes(mia.cards()[0].Name)
			mia.findsToast("Passkey deleted")
			mia.pressesAdd(page.S1)
		})

	Journey("POL-12", "has nine passkeys and finishes two more at the same moment: exactly one is kept", Over(config.API), Regular,
		Given{}, func(mia *Person) {
			mia.hasPasskeysOn(9, app)
			visitors, responses := make([]*lab.Visitor, 2), make([][]byte, 2)
			for i, in := range []provider.Provider{onPhone(9, app), onPhone(10, app)} {
				visitors[i] = mia.addsOverTheAPI("app")
				responses[i] = mia.makesOneWith(visitors[i], in, client.Misbehaviour{})
			}
			replies := mia.race(visitors, responses)
			mia.finds("exactly one is accepted, and the other one is over the limit", verdicts(replies), gomega.ConsistOf(
				"201", fmt.Sprintf("409 %s", rp.CodeLimitReached),
			))
			mia.findsStored(10)
			mia.findsRefused(gomega.HaveField("Reason", rp.CodeLimitReached))
		})

	Journey("POL-13", "has put the question for a passkey off three times: now there is no other way than to add one", Over(config.Bridge), Regular,
		Given{Context: onAndroid(), Policy: policy.Policy{RegistrationCampaign: policy.Campaign{
			State: policy.StateEnabled, SnoozeDurationInDays: 1, EnforceRegistrationAfterAllowedSnoozes: true,
		}}}, func(mia *Person) {
			mia.phoneSavesIn(app)
			for _, left := range []string{"put this off 3 more times", "put this off 2 more times", "put this off 1 more time."} {
				mia.comesInWithPassword(page.F1)
				mia.putsItOff(left)
				mia.signsOut()
				mia.letsPass(25 * time.Hour)
			}
			mia.comesInWithPassword(page.F1)
			mia.reads("You have put this off as often as you can.")
			mia.doesNotRead("Not now")
			mia.opens("/security-info", page.F1)
			mia.follows("Next")
			mia.sees(page.S1)
			mia.picks(inTheApp, page.S3)
			mia.walksTo(android, page.S7)
			mia.understands()
			mia.finishes()
			mia.findsStoredIn(app)
			mia.signsOut()
			mia.comesInWithPassword(page.S0)
		})
})

var _ = Describe("A policy about which passkeys", func() {
	app, google, samsung := provider.LarkspurIDAndroid(), provider.GooglePasswordManager(), provider.SamsungPass()

	Journey("POL-05", "adds a USB key under a list of models: without attestation its model is hidden and it is refused, with it the model decides", Over(config.DevTools), Regular,
		Given{Policy: policy.AllowList(chromiumKey), RootsListed: true}, func(mia *Person) {
			authenticator := mia.plugsIn(webauthn.SecurityKey())
			mia.isSignedIn()
			mia.reachesTheCeremony(securityKey)
			mia.sees(page.E2)
			mia.findsRefused(triedWith(uuid.Nil, rp.CodeProviderNotAllowed))
			mia.heldOn(authenticator, 1)

			listed, other := policy.AllowList(chromiumKey), policy.AllowList(app.Model.AAGUID)
			listed.Attestation, other.Attestation = policy.AttestationDirect, policy.AttestationDirect
			mia.policyBecomes("other models, and asks for them", other)
			mia.removesAllFrom(authenticator)
			mia.presses("I've removed it, try again")
			mia.sees(page.K2)
			mia.pressesHook(page.Primary)
			mia.sees(page.E2)
			mia.findsRefused(triedWith(uuid.Nil, rp.CodeProviderNotAllowed), triedWith(chromiumKey, rp.CodeProviderNotAllowed))
			mia.findsStored(0)

			mia.policyBecomes("this model, and asks for it", listed)
			mia.removesAllFrom(authenticator)
			mia.presses("I've removed it, try again")
			mia.sees(page.K2)
			mia.pressesHook(page.Primary)
			mia.finishes()
			mia.finds("it is of the model", mia.row(mia.findsStored(1)[0]).AAGUID, gomega.Equal(chromiumKey))
		})

	Journey("POL-06", "has a passkey whose model is taken off the list: it signs nobody in until the model is listed again", Over(config.Bridge, config.Hybrid), Regular,
		Given{Context: onAndroid(), Policy: policy.AllowList(google.Model.AAGUID)}, func(mia *Person) {
			mia.hasPasskeyIn(google)
			before := mia.findsStored(1)[0]
			mia.policyBecomes("another model alone", onlyTheApp())
			mia.findsSignInRefused(google, before)
			mia.signsInWithPassword()
			mia.finds("its card says that it is blocked", mia.theCard().Status, gomega.Equal("blockedByPolicy"))
			mia.signsOut()
			mia.policyBecomes("the model again", policy.AllowList(google.Model.AAGUID))
			mia.findsSignInWorks(google)
			mia.finds("its card says nothing of it any more", mia.theCard().Status, gomega.Equal("active"))
		})

	Journey("POL-07", "has a passkey that proved nothing when attestation is switched on: it goes on signing in, and no other one like it can be added", Over(config.Bridge, config.Hybrid), Regular,
		Given{Context: onAndroid()}, func(mia *Person) {
			mia.hasPasskeyIn(app)
			mia.finds("it is not attested", mia.row(mia.findsStored(1)[0]).Attested, gomega.BeFalse())
			mia.policyBecomes("only what proves its model", attestedOnly())
			mia.findsSignInWorks(app)
			mia.finds("its card says nothing of the policy", mia.theCard().Status, gomega.Equal("active"))
			mia.startsAdding(inTheApp)
			mia.sees(page.E5c)
		})

	Journey("POL-08", "meets one profile of two fully and is accepted; half of each is not enough", Over(config.Bridge, config.Hybrid), Regular,
		Given{Context: onAndroid(), Policy: policy.Policy{PasskeyProfiles: []policy.Profile{
			{ID: "synced", PasskeyTypes: policy.TypeSynced, KeyRestrictions: policy.AllowList(samsung.Model.AAGUID, app.Model.AAGUID).KeyRestrictions},
			{ID: "bound", PasskeyTypes: policy.TypeDeviceBound, KeyRestrictions: policy.AllowList(google.Model.AAGUID).KeyRestrictions},
		}}}, func(mia *Person) {
			// The app's passkeys stay on their device: a model of the first profile, a type of the second. Google's sync: the reverse.
			for _, half := range []provider.Provider{app, google} {
				mia.phoneSavesIn(half)
				mia.isSignedIn()
				mia.reachesTheCeremony(inTheApp)
				mia.sees(page.E2, page.E2b)
				mia.findsHeld(half, 1)
				mia.findsStored(0)
			}
			mia.finds("both are remembered as refused", mia.refused(), gomega.HaveLen(2))
			mia.phoneSavesIn(samsung)
			mia.opensSecurityInfo()
			mia.reachesTheCeremony(inTheApp)
			mia.finishes()
			mia.findsStoredIn(samsung)
		})

	Journey("POL-09", "has a passkey that syncs when these are no longer accepted: it signs nobody in until they are again", Over(config.Bridge, config.Hybrid), Regular,
		Given{Context: onAndroid()}, func(mia *Person) {
			mia.hasPasskeyIn(google)
			before := mia.findsStored(1)[0]
			mia.policyBecomes("only passkeys that stay on their device", policy.Policy{PasskeyTypes: policy.TypeDeviceBound})
			mia.findsSignInRefused(google, before)
			mia.signsInWithPassword()
			mia.finds("its card says that it is blocked", mia.theCard().Status, gomega.Equal("blockedByPolicy"))
			mia.signsOut()
			mia.policyBecomes("those that sync again", policy.Policy{PasskeyTypes: policy.TypeBoth})
			mia.findsSignInWorks(google)
		})

	Journey("POL-10", "is on the phone when the policy narrows: what she makes there is judged by the new one", Over(config.Bridge, config.Hybrid), Regular,
		Given{Context: onAndroid()}, func(mia *Person) {
			mia.looksAway(google)
			mia.isSignedIn()
			mia.reachesTheCeremony(inTheApp)
			mia.sees(page.S8)
			mia.policyBecomes("only the app", onlyTheApp())
			mia.touches(google)
			mia.sees(page.E2)
			mia.reads("Yours was saved in Google Password Manager")
			mia.findsStored(0)
			mia.findsRefused(tryOf(mia.findsHeld(google, 1)[0], google, mia.phone.Scope()))
		})
})
