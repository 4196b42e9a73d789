package journeys

import (
	"context"
	"slices"
	"time"

	. "github.com/onsi/ginkgo/v2"
	"github.com/onsi/gomega"

	"github.com/passkeylab/passkeylab/harness/config"
	"github.com/passkeylab/passkeylab/harness/page"
	"github.com/passkeylab/passkeylab/rp"
	"github.com/passkeylab/passkeylab/virtualauth"
	"github.com/passkeylab/passkeylab/virtualauth/phone"
	"github.com/passkeylab/passkeylab/virtualauth/provider"
)

// overHybridOnly is for journeys about the phone itself, or about what lies between it and the computer.
func overHybridOnly() Drivers {
	return Over(config.Hybrid).Cannot(config.Bridge, noPhoneBetween).Cannot(config.DevTools, noPhoneBetween)
}

// atAComputer is what the journeys with a failing phone are given; short page timers where nothing else ends the wait.
var (
	atAComputer      = Given{Policy: onlyTheApp()}
	atAHastyComputer = Given{Policy: onlyTheApp(), Timers: short}
)

var _ = Describe("A phone that never gets as far as the computer", func() {
	app, google := provider.LarkspurIDAndroid(), provider.GooglePasswordManager()

	Journey("PH-01", "has Bluetooth off and leaves it off: the page lists Bluetooth first, and once it is on she tries again and succeeds", overHybridOnly(), Essential,
		atAHastyComputer, func(mia *Person) {
			mia.phoneSavesIn(app)
			mia.phoneIs("has Bluetooth switched off", func(s *phone.Settings) { s.Bluetooth = phone.SwitchedOff })
			mia.will("not switch it on", phone.Step{At: string(phone.ScreenBluetooth), Do: phone.GiveUp})
			mia.isSignedIn()
			mia.reachesTheCeremony(inTheApp)
			screen := mia.sees(page.E1)
			mia.finds("the screen carries the code of any refusal", screen.Code, gomega.BeEquivalentTo(rp.CodeNotAllowed))
			mia.findsInOrder("Before you try again, check that", "Bluetooth is on, on your phone and on this computer.", "Both are online")
			mia.findsNothingKept(app)
			mia.phoneIs("has Bluetooth on", func(s *phone.Settings) { s.Bluetooth = phone.On })
			mia.triesAgain()
			mia.finishes()
			mia.findsStoredIn(app)
		})

	Journey("PH-05", "has no screen lock and sets none: when the time is over, the one page for every failure says so among its causes", overHybridOnly(), Regular,
		atAHastyComputer, func(mia *Person) {
			mia.phoneSavesIn(app)
			mia.phoneIs("has no screen lock", func(s *phone.Settings) { s.NoScreenLock = true })
			mia.will("not set one", phone.Step{At: string(phone.ScreenNoLock), Do: phone.Ignore})
			mia.isSignedIn()
			mia.reachesTheCeremony(inTheApp)
			mia.seesOnThePhone(phone.ScreenNoLock)
			mia.sees(page.E1)
			mia.reads("Your phone has a screen lock.")
			mia.findsNothingKept(app)
		})

	Journey("PH-07", "has no internet on the phone: when the time is over, the page says to look at that, and nothing is stored", overHybridOnly(), Regular,
		atAHastyComputer, func(mia *Person) {
			mia.phoneSavesIn(app)
			mia.phoneIs("is offline", func(s *phone.Settings) { s.Network = phone.Offline })
			mia.isSignedIn()
			mia.reachesTheCeremony(inTheApp)
			mia.findsSaidOnThePhone("Check that this phone is online")
			mia.sees(page.E1)
			mia.reads("Both are online")
			mia.findsNothingKept(app)
		})

	Journey("PH-08", "is in a network that blocks the tunnel: the page names networks among the causes, and learns no more than from a phone that is offline", overHybridOnly(), Regular,
		atAHastyComputer, func(mia *Person) {
			mia.phoneSavesIn(app)
			mia.phoneIs("is in a network that blocks the tunnel", func(s *phone.Settings) { s.Network = phone.TunnelBlocked })
			calls := mia.spiesOnCeremonies()
			mia.isSignedIn()
			mia.reachesTheCeremony(inTheApp)
			mia.findsSaidOnThePhone("that the network lets passkeys through")
			mia.sees(page.E1)
			mia.reads("no network or company filter blocks the connection between them")
			mia.findsNothingKept(app)
			blocked := mia.findsOutWhatThePageLearned(calls)
			mia.phoneIs("is offline altogether", func(s *phone.Settings) { s.Network = phone.Offline })
			mia.triesAgain()
			mia.finds("a phone without internet tells the page the same", mia.findsOutWhatThePageLearned(calls), gomega.Equal(blocked))
		})

	Journey("PH-10", "holds the phone too far away: when the time is over, the page says to bring it near, and then it works", overHybridOnly(), Regular,
		atAHastyComputer, func(mia *Person) {
			mia.phoneSavesIn(app)
			mia.phoneIs("is too far away", func(s *phone.Settings) { s.Far = true })
			mia.isSignedIn()
			mia.reachesTheCeremony(inTheApp)
			mia.seesOnThePhone(phone.ScreenConnecting)
			mia.sees(page.E1)
			mia.reads("Your phone is near this computer.")
			mia.findsNothingKept(app)
			mia.phoneIs("is near", func(s *phone.Settings) { s.Far = false })
			mia.triesAgain()
			mia.finishes()
			mia.findsStoredIn(app)
		})

	Journey("PH-11", "scans a code that is too old: the phone says so, and a new code works", overHybridOnly(), Regular,
		atAHastyComputer, func(mia *Person) {
			mia.phoneSavesIn(app)
			mia.phoneIs("takes the code for an old one", func(s *phone.Settings) { s.QRLife = time.Nanosecond })
			mia.isSignedIn()
			mia.reachesTheCeremony(inTheApp)
			mia.findsSaidOnThePhone("This code is not valid. Show a new one on the computer.")
			mia.sees(page.E1)
			mia.reads("The code was fresh: a new one is shown each time.")
			mia.findsNothingKept(app)
			mia.phoneIs("takes codes for what they are", func(s *phone.Settings) { s.QRLife = 0 })
			mia.triesAgain()
			mia.finishes()
			mia.findsStoredIn(app)
			mia.finds("there were two ceremonies", mia.registrations(), gomega.HaveLen(2))
		})

	Journey("PH-17", "scans with the scanner inside the app on an iPhone: nothing happens, and both pages say which camera", overHybridOnly(), Regular,
		atAHastyComputer, func(mia *Person) {
			inApp := provider.LarkspurIDIOS()
			mia.hasAnIPhone(18)
			mia.phoneSavesIn(inApp)
			mia.phoneIs("has the scanner inside the app open", func(s *phone.Settings) { s.Camera = phone.InAppScanner })
			mia.isSignedIn()
			mia.startsAdding(inTheApp)
			mia.walksTo(iPhone, page.S6)
			mia.reads("The camera of your iPhone or iPad. The scanner inside Larkspur ID cannot read this code.")
			mia.walksTo(iPhone, page.S7)
			mia.understands()
			mia.findsShown(phone.ScreenScannerUnknown)
			mia.findsNotAsked(inApp)
			mia.sees(page.E1)
			mia.reads("On an iPhone the scanner inside Larkspur ID cannot read the code.")
			mia.findsNothingKept(inApp)
		})

	Journey("PH-02", "has Android 13, which does not offer the app: it is saved elsewhere, and the page says which versions it takes", overHybridOnly(), Regular,
		atAComputer, func(mia *Person) {
			mia.phoneDefaultsTo(google, app)
			mia.phoneIs("runs Android 13", func(s *phone.Settings) { s.Version = 13 })
			mia.isSignedIn()
			mia.reachesTheCeremony(inTheApp)
			mia.sees(page.E2)
			mia.reads("Yours was saved in Google Password Manager", "it needs Android 14, iOS 17 or later")
			mia.findsNeverOffered(app)
			mia.findsStored(0)
			mia.findsRefused(tryOf(mia.findsHeld(google, 1)[0], google, rp.ScopeOtherDevice))
		})
})

var _ = Describe("A phone that needs something first", func() {
	app, google := provider.LarkspurIDAndroid(), provider.GooglePasswordManager()

	Journey("PH-03", "finds the app switched off, under other password managers; she switches it on and saves there", overHybridOnly(), Regular,
		atAComputer, func(mia *Person) {
			mia.phoneDefaultsTo(google, app)
			mia.tapsItsPage()
			mia.phoneIs("has the app switched off", func(s *phone.Settings) { s.Find(app.Name).Off = true })
			mia.looksAway(app)
			mia.isSignedIn()
			mia.reachesTheCeremony(inTheApp)
			mia.seesOnThePhone(phone.ScreenSheet)
			mia.tapsOnThePhone("Save another way")
			options := mia.seesOnThePhone(phone.ScreenOptions)
			mia.finds("the app is under other password managers", options.Entries, gomega.ContainElement(gomega.And(
				gomega.HaveField("Label", app.Name), gomega.HaveField("Detail", "Other password managers"), gomega.HaveField("Off", true),
			)))
			mia.tapsOnThePhone(app.Name)
			mia.seesOnThePhone(phone.ScreenSettingsPasswords)
			mia.tapsOnThePhone(app.Name)
			mia.tapsOnThePhone("Back")
			mia.touches(app)
			mia.finishes()
			mia.findsStoredIn(app)
			mia.findsHeld(google, 0)
		})

	Journey("PH-04", "has no screen lock, sets one when the phone asks, and goes on where she was", overHybridOnly(), Regular,
		atAComputer, func(mia *Person) {
			mia.phoneSavesIn(app)
			mia.phoneIs("has no screen lock", func(s *phone.Settings) { s.NoScreenLock = true })
			mia.isSignedIn()
			mia.reachesTheCeremony(inTheApp)
			mia.finishes()
			mia.findsStoredIn(app)
			mia.findsShown(phone.ScreenNoLock, phone.ScreenSettingsLock, phone.ScreenSaved)
		})

	Journey("PH-06", "has refused the phone nearby devices, allows them in Settings when asked, and goes on where she was", overHybridOnly(), Regular,
		atAComputer, func(mia *Person) {
			mia.phoneSavesIn(app)
			mia.phoneIs("may not see nearby devices", func(s *phone.Settings) { s.Nearby = phone.Denied })
			mia.isSignedIn()
			mia.reachesTheCeremony(inTheApp)
			mia.finishes()
			mia.findsStoredIn(app)
			mia.findsShown(phone.ScreenNearbyDenied, phone.ScreenSettingsNearby, phone.ScreenSaved)
		})

	Journey("PH-09", "has the phone in another network than the computer, and it works all the same", overHybridOnly(), Regular,
		atAComputer, func(mia *Person) {
			mia.phoneSavesIn(app)
			mia.isSignedIn()
			mia.startsAdding(inTheApp)
			mia.walksTo(android, page.S6)
			mia.reads("They need not be on the same network.")
			mia.walksTo(android, page.S7)
			mia.understands()
			mia.finishes()
			mia.findsStoredIn(app)
			mia.findsMetInTheTunnel()
		})

	Journey("PH-13", "has the fingerprint locked and the PIN wrong: the one page for every failure; with the right PIN it works", overHybridOnly(), Regular,
		atAComputer, func(mia *Person) {
			mia.phoneSavesIn(app)
			mia.phoneIs("takes no fingerprint any more", func(s *phone.Settings) { s.Biometrics = phone.LockedOut })
			mia.will("type a wrong PIN five times", slices.Repeat([]phone.Step{{At: string(phone.ScreenPIN), Do: phone.Type, Text: "0000"}}, 5)...)
			mia.isSignedIn()
			mia.reachesTheCeremony(inTheApp)
			mia.sees(page.E1)
			mia.findsShown(phone.ScreenPIN, phone.ScreenLockedOut)
			mia.findsNothingKept(app)
			mia.will("type the right PIN")
			mia.triesAgain()
			mia.finishes()
			mia.findsStoredIn(app)
			mia.finds("it was verified", mia.row(mia.findsStored(1)[0]).UVInitialized, gomega.BeTrue())
		})

	Journey("PH-14", "gets a call while the phone asks for her finger, ends it in time, and goes on", overHybridOnly(), Regular,
		atAComputer, func(mia *Person) {
			mia.phoneSavesIn(app)
			mia.phoneIs("is called just then", func(s *phone.Settings) {
				s.TwoSteps, s.Interrupt = true, phone.Interruption{At: phone.P14, Kind: phone.Call}
			})
			mia.isSignedIn()
			mia.reachesTheCeremony(inTheApp)
			mia.finishes()
			mia.findsStoredIn(app)
			mia.findsShown(phone.ScreenCall, phone.ScreenSaved)
		})

	Journey("PH-19", "has a phone that unlocks before it connects, and one that unlocks afterwards: both orders succeed", overHybridOnly(), Regular,
		Given{}, func(mia *Person) {
			mia.isSignedIn()
			for _, order := range []struct {
				in    provider.Provider
				first bool
				says  string
			}{{google, true, "unlocks before it connects"}, {app, false, "unlocks when it is asked"}} {
				mia.phoneSavesIn(order.in)
				mia.phoneIs(order.says, func(s *phone.Settings) { s.UVBeforeConnect = order.first })
				mia.opensSecurityInfo()
				mia.reachesTheCeremony(inTheApp)
				mia.finishes()
				mia.findsHeld(order.in, 1)
				mia.finds("it "+order.says, mia.unlockedBeforeItConnected(), gomega.Equal(order.first))
			}
			mia.findsStored(2)
		})

	Journey("PH-20", "finds the app locked, unlocks it in time, and saves there", overHybridOnly(), Regular,
		atAComputer, func(mia *Person) {
			mia.phoneSavesIn(app)
			mia.phoneIs("has the app locked", func(s *phone.Settings) { s.Find(app.Name).Vault = phone.VaultLocked })
			mia.isSignedIn()
			mia.reachesTheCeremony(inTheApp)
			mia.finishes()
			mia.findsStoredIn(app)
			mia.findsShown(phone.ScreenUnlock, phone.ScreenSaved)
		})
})

var _ = Describe("A phone that ends in the middle", func() {
	app := provider.LarkspurIDAndroid()

	Journey("PH-12", "says no on the phone: the page shows its one screen for every failure within two seconds", overHybridOnly(), Regular,
		atAComputer, func(mia *Person) {
			mia.phoneSavesIn(app)
			mia.willDecline(app)
			calls := mia.spiesOnCeremonies()
			mia.isSignedIn()
			mia.reachesTheCeremony(inTheApp)
			mia.comesToFind("the page has heard", func(context.Context) (any, error) { return outcomes(calls, "create"), nil }, gomega.ConsistOf("NotAllowedError"))
			heard := time.Now()
			mia.sees(page.E1)
			mia.finds("that took less than two seconds", time.Since(heard), gomega.BeNumerically("<", 2*time.Second))
			mia.findsNothingKept(app)
		})

	Journey("PH-15", "has a phone that dies after saving: the page warns of a leftover, which is in the way until she deletes it", overHybridOnly(), Regular,
		atAComputer, func(mia *Person) {
			mia.phoneSavesIn(app)
			mia.phoneIs("dies after it has saved", func(s *phone.Settings) {
				s.Interrupt = phone.Interruption{At: phone.P16, Kind: phone.PhoneDies}
			})
			mia.isSignedIn()
			mia.reachesTheCeremony(inTheApp)
			mia.sees(page.E1)
			mia.reads("If your phone or key said that it saved a passkey, remove it before you try again.")
			mia.findsStored(0)
			left := mia.findsHeld(app, 1)[0]
			mia.seesOnThePhone(phone.ScreenDead)
			mia.tapsOnThePhone("Switch on")
			mia.triesAgain()
			mia.sees(page.E1)
			mia.findsAskedLast(app, virtualauth.ToExplainDuplicate)
			mia.findsInOrder("Larkspur ID does not already hold a passkey for this account", "delete it in the app")
			mia.removesItFrom(app)
			mia.triesAgain()
			mia.finishes()
			mia.finds("it is a new one", mia.findsStoredIn(app).ID, gomega.Not(gomega.Equal(left.ID)))
		})

	Journey("PH-18", "loses the connection between connected and saved: nothing is stored, and the page learns no more than if she had said no, or the app had failed", overHybridOnly(), Regular,
		atAComputer, func(mia *Person) {
			mia.phoneSavesIn(app)
			calls := mia.spiesOnCeremonies()
			mia.isSignedIn()

			mia.phoneIs("loses the connection while it asks", func(s *phone.Settings) { s.DropAt = phone.P11 })
			mia.reachesTheCeremony(inTheApp)
			mia.sees(page.E1)
			mia.findsNothingKept(app)
			dropped := mia.findsOutWhatThePageLearned(calls)
			mia.finds("the browser calls it what it calls every failure", dropped.Outcome, gomega.Equal("NotAllowedError"))

			mia.phoneIs("has a connection again", func(s *phone.Settings) { s.DropAt = phone.P0 })
			mia.willDecline(app)
			mia.triesAgain()
			mia.sees(page.E1)
			mia.findsNothingKept(app)
			mia.finds("a refusal tells the page the same", mia.findsOutWhatThePageLearned(calls), gomega.Equal(dropped))

			mia.touches(app)
			mia.phoneIs("has an app that cannot save", func(s *phone.Settings) { s.Find(app.Name).Broken = true })
			mia.triesAgain()
			mia.sees(page.E1)
			mia.findsNothingKept(app)
			mia.finds("a broken app tells the page the same", mia.findsOutWhatThePageLearned(calls), gomega.Equal(dropped))
		})

	Journey("PH-16", "saves in the personal profile: signing in from the work profile fails, and the page says where to look", overHybridOnly(), Regular,
		atAComputer, func(mia *Person) {
			mia.phoneSavesIn(app)
			mia.phoneIs("has the app in its work profile as well", func(s *phone.Settings) {
				s.Providers = append(s.Providers, phone.Provider{Provider: app, Profile: phone.Work})
			})
			mia.isSignedIn()
			mia.addsAPasskey(inTheApp, android)
			before := mia.findsStoredIn(app)
			mia.signsOut()
			mia.phoneIs("shows its work profile", func(s *phone.Settings) { s.Profile = phone.Work })
			mia.usesAPasskey()
			mia.reads("No passkey was used", "on a phone with a work profile, each profile keeps its own passkeys")
			mia.findsShown(phone.ScreenNoPasskeys)
			mia.sees(page.SignIn)
			mia.findsStoredAs(before)
			mia.phoneIs("shows its personal profile", func(s *phone.Settings) { s.Profile = phone.Personal })
			mia.pressesPasskey()
			mia.scans()
			mia.sees(page.S0)
		})
})
