package journeys

import (
	"time"

	"github.com/google/uuid"
	. "github.com/onsi/ginkgo/v2"
	"github.com/onsi/gomega"

	"github.com/passkeylab/passkeylab/harness/browser/webauthn"
	"github.com/passkeylab/passkeylab/harness/config"
	"github.com/passkeylab/passkeylab/harness/lab"
	"github.com/passkeylab/passkeylab/harness/page"
	"github.com/passkeylab/passkeylab/rp"
	"github.com/passkeylab/passkeylab/virtualauth/phone"
	"github.com/passkeylab/passkeylab/virtualauth/provider"
)

var _ = Describe("Registering a passkey", func() {
	Journey("REG-01", "adds a passkey with an Android phone beside the computer: nothing is stored before the phone answers, and then a card named after the app is there", Over(config.Bridge, config.Hybrid).Cannot(config.DevTools, oneAAGUID), Essential,
		Given{Policy: onlyTheApp()}, func(mia *Person) {
			app := provider.LarkspurIDAndroid()
			mia.sitsAtAComputer()
			mia.tapsItsPage()
			mia.looksAway(app)
			calls := mia.spiesOnCeremonies()
			mia.isSignedIn()
			mia.reads("Sign in without a password")
			mia.startsAdding(inTheApp)
			mia.finds("she comes to the app's screen without another proof", mia.sees(page.S3).Title, gomega.ContainSubstring("step 2 of 8"))
			mia.reads("Get Larkspur ID on your phone", "Needs Android 14 or later", "Needs iOS 17 or later", "Or scan this")
			mia.goesOn(page.S4, "step 3 of 8")
			mia.reads("Which phone will you use?", "My phone is older than this")
			mia.picks(android, page.S5a)
			mia.reads("Turn on Larkspur ID in Settings", "Passwords & accounts")
			mia.goesOn(page.S6, "step 5 of 8")
			mia.reads("Bluetooth is on", "Both are online", "The camera of your phone, or the scanner inside Larkspur ID.")
			mia.goesOn(page.S7, "step 6 of 8")
			mia.reads("Save it in Larkspur ID", "“Save another way” or “More options”", "“iPhone, iPad, or Android device”")
			mia.finds("no ceremony has begun yet", mia.ceremonies(), gomega.BeEmpty())
			mia.presses("I understand")
			waiting := mia.sees(page.S8)
			mia.finds("the address is that of the waiting screen", waiting.URL, gomega.HaveSuffix("/waiting"))
			mia.finds("the focus is on the heading", waiting.Focus, gomega.Equal("Follow the steps on your phone"))
			mia.reads("Waiting for your phone", "minutes left", "Start again", "Use a different way", "Cancel")
			mia.scans()
			mia.isAskedOnThePhone(app)
			mia.findsBrowserAsked(calls, lab.CrossPlatform, "hybrid")
			mia.finds("one ceremony waits", mia.registrations(), gomega.ConsistOf(gomega.HaveField("Open()", true)))
			mia.findsStored(0)
			mia.findsHeld(app, 0)
			mia.touches(app)
			mia.finishes()
			mia.finds("it was stored as what it is", mia.row(mia.findsStoredIn(app)), gomega.And(
				gomega.HaveField("Attachment", lab.CrossPlatform), gomega.HaveField("UVInitialized", true), gomega.HaveField("BackupEligible", false),
				gomega.HaveField("Transports", gomega.ContainElement("hybrid")),
			))
			mia.findsNewCard("Larkspur ID on Android")
			mia.findsAudited(rp.ActionPasskeyAdded, "")
			mia.findsNotified(rp.ActionPasskeyAdded)
		})

	Journey("REG-02", "adds a passkey with an iPhone, whose own camera the page names", Over(config.Bridge, config.Hybrid).Cannot(config.DevTools, oneAAGUID), Essential,
		Given{Policy: onlyTheApp()}, func(mia *Person) {
			app := provider.LarkspurIDIOS()
			mia.hasAnIPhone(17)
			mia.sitsAtAComputer()
			mia.tapsItsPage()
			mia.phoneSavesIn(app)
			mia.isSignedIn()
			mia.startsAdding(inTheApp)
			mia.goesOn(page.S4, "step 3 of 8")
			mia.picks(iPhone, page.S5i)
			mia.goesOn(page.S6, "step 5 of 8")
			mia.reads("The camera of your iPhone or iPad. The scanner inside Larkspur ID cannot read this code.")
			mia.goesOn(page.S7, "step 6 of 8")
			mia.understands()
			mia.finishes()
			mia.finds("it was stored as what it is", mia.row(mia.findsStoredIn(app)), gomega.And(
				gomega.HaveField("Attachment", lab.CrossPlatform), gomega.HaveField("UVInitialized", true),
			))
			mia.findsNewCard("Larkspur ID on iPhone")
		})

	Journey("REG-03", "adds a passkey in the phone's own browser, with no code to scan and no Bluetooth", Over(config.Bridge), Essential,
		Given{Policy: onlyTheApp(), Context: onAndroid()}, func(mia *Person) {
			app := provider.LarkspurIDAndroid()
			mia.phoneSavesIn(app)
			calls := mia.spiesOnCeremonies()
			mia.isSignedIn()
			mia.startsAdding(inTheApp)
			mia.finds("the wizard is shorter here", mia.sees(page.S3).Title, gomega.ContainSubstring("step 2 of 6"))
			mia.reads("Get Larkspur ID on this phone", "Needs Android 14 or later")
			mia.doesNotRead("scan", "Bluetooth", "iOS")
			mia.goesOn(page.S5a, "step 3 of 6")
			mia.reads("Not an Android phone?")
			mia.doesNotRead("scan", "Bluetooth")
			mia.goesOn(page.S7, "step 4 of 6")
			mia.doesNotRead("scan", "Bluetooth", "this computer")
			mia.presses("I understand")
			mia.finishes()
			mia.neverOpened("which-phone", "get-ready")
			mia.findsBrowserAsked(calls, lab.Platform, "client-device")
			stored := mia.findsStored(1)[0]
			held := mia.findsHeld(app, 1)[0]
			mia.finds("the store and the phone speak of the same passkey", stored.ID, gomega.Equal(held.ID))
			mia.finds("it was stored as what it is", mia.row(stored), gomega.And(
				gomega.HaveField("AAGUID", app.Model.AAGUID), gomega.HaveField("Attachment", lab.Platform),
				gomega.HaveField("UVInitialized", true), gomega.HaveField("BackupEligible", false), gomega.HaveField("LastUsedAt", time.Time{}),
			))
			mia.finds("its card is named after the app, made today and never used", mia.theCard(), gomega.And(
				gomega.HaveField("Name", "Larkspur ID on Android"), gomega.HaveField("Provider", "Larkspur ID"),
				gomega.HaveField("Created", gomega.ContainSubstring("today")), gomega.HaveField("LastUsed", "Never used"),
				gomega.HaveField("Lives", "On this device only"),
			))
			mia.findsAudited(rp.ActionPasskeyAdded, "")
			mia.findsNotified(rp.ActionPasskeyAdded)
		})

	Journey("REG-04", "adds a USB security key with a PIN, which is listed as a security key", Over(config.DevTools), Essential,
		Given{}, func(mia *Person) {
			key := mia.plugsIn(webauthn.SecurityKey())
			calls := mia.spiesOnCeremonies()
			mia.isSignedIn()
			mia.startsAdding(securityKey)
			mia.finds("the wizard has five steps", mia.sees(page.K1).Title, gomega.ContainSubstring("step 2 of 5"))
			mia.picks("USB", page.K2)
			mia.reads("Have your key ready", "Enter the key's PIN")
			mia.presses("Next")
			mia.finishes()
			mia.findsBrowserAsked(calls, lab.CrossPlatform, "security-key")
			stored := mia.findsStored(1)[0]
			mia.finds("the key holds the same passkey", mia.heldOn(key, 1)[0].CredentialID, gomega.Equal(stored.ID))
			card := mia.theCard()
			mia.finds("its card is that of a security key", card, gomega.And(
				gomega.HaveField("Name", "Security key"), gomega.HaveField("Lives", "On this security key only"),
				gomega.HaveField("Text", gomega.ContainSubstring("Security key")),
			))
			mia.finds("it was stored as a key on USB", mia.row(stored), gomega.And(
				gomega.HaveField("Transports", []string{"usb"}), gomega.HaveField("Attachment", lab.CrossPlatform),
				gomega.HaveField("UVInitialized", true), gomega.HaveField("AAGUID", uuid.Nil), gomega.HaveField("Name", "Security key"),
			))
		})

	Journey("REG-05", "does not have the app on the phone yet: links lead to both stores, and the wizard goes on all the same", Over(config.Bridge), Regular,
		Given{Policy: onlyTheApp()}, func(mia *Person) {
			mia.phoneDefaultsTo(provider.GooglePasswordManager())
			mia.sitsAtAComputer()
			mia.isSignedIn()
			mia.startsAdding(inTheApp)
			mia.sees(page.S3)
			mia.reads("Get it from your phone's app store", "Already installed? Just go on.")
			mia.findsLink("Larkspur ID for Android", "https://")
			mia.findsLink("Larkspur ID for iPhone and iPad", "https://")
			mia.goesOn(page.S4, "Which phone will you use?")
			mia.findsStored(0)
		})

	Journey("REG-06", "reads how to switch the app on for the phone that she picked, and for no other", Over(config.Bridge), Regular,
		Given{}, func(mia *Person) {
			mia.sitsAtAComputer()
			mia.isSignedIn()
			mia.startsAdding(inTheApp)
			mia.goesOn(page.S4, "Which phone will you use?")
			mia.picks(android, page.S5a)
			mia.reads("Passwords & accounts", "additional or preferred services")
			mia.doesNotRead("iOS", "iPhone", "AutoFill & Passwords", "Password Options")
			mia.pressesHook(page.Back)
			mia.sees(page.S4)
			mia.picks(iPhone, page.S5i)
			mia.reads("iOS 18", "AutoFill & Passwords", "iOS 17", "Password Options")
			mia.doesNotRead("Android", "Passwords & accounts", "additional or preferred services")
			mia.findsStored(0)
			mia.finds("the run is one for an iPhone now", mia.runs(), gomega.ConsistOf(gomega.And(
				gomega.HaveField("Flow", rp.FlowIOS), gomega.HaveField("PhoneOS", rp.IOS),
			)))
		})

	Journey("REG-07", "reads where the setting is on iOS 18 and where on iOS 17, one after the other", Over(config.Bridge), Regular,
		Given{Policy: onlyTheApp()}, func(mia *Person) {
			mia.sitsAtAComputer()
			mia.isSignedIn()
			mia.startsAdding(inTheApp)
			mia.goesOn(page.S4, "Which phone will you use?")
			mia.picks(iPhone, page.S5i)
			mia.findsInOrder("iOS 18 and later", "Open Settings, then General.", "Open AutoFill & Passwords.", "Switch on AutoFill, then select Larkspur ID.",
				"iOS 17", "Open Settings, then Passwords.", "Open Password Options.", "Switch on AutoFill, then select Larkspur ID.")
		})

	Journey("REG-08", "double-clicks I understand and starts one ceremony", Over(config.Bridge), Regular,
		Given{Policy: onlyTheApp(), Context: onAndroid()}, func(mia *Person) {
			app := provider.LarkspurIDAndroid()
			mia.looksAway(app)
			calls := mia.spiesOnCeremonies()
			mia.isSignedIn()
			mia.startsAdding(inTheApp)
			mia.walksTo(android, page.S7)
			mia.pressesTwice("I understand")
			mia.sees(page.S8)
			mia.isAskedOnThePhone(app)
			mia.touches(app)
			mia.finishes()
			mia.finds("the browser was asked once", calls.Count("create"), gomega.Equal(1))
			mia.finds("one ceremony was issued", mia.registrations(), gomega.HaveLen(1))
			mia.findsStored(1)
			mia.findsHeld(app, 1)
		})
})

var _ = Describe("Unlocking the phone", func() {
	app := provider.LarkspurIDAndroid()

	Journey("REG-09", "is not recognised twice and uses the screen lock: the passkey is stored, and she counts as verified", overHybridOnly(), Regular,
		atAComputer, func(mia *Person) {
			mia.phoneSavesIn(app)
			mia.phoneIs("does not know her finger twice", func(s *phone.Settings) { s.TwoSteps, s.BiometricFailures = true, 2 })
			finger := phone.Step{At: string(phone.ScreenVerify), Do: phone.TapOn, Text: "Touch the sensor"}
			mia.will("try her finger twice, and then the screen lock", finger, finger,
				phone.Step{At: string(phone.ScreenVerify), Do: phone.TapOn, Text: "Use screen lock"})
			mia.isSignedIn()
			mia.addsAPasskey(inTheApp, android)
			mia.findsShown(phone.ScreenVerify, phone.ScreenVerify, phone.ScreenVerify, phone.ScreenPIN, phone.ScreenSaved)
			mia.finds("she counts as verified", mia.row(mia.findsStoredIn(app)).UVInitialized, gomega.BeTrue())
		})

	Journey("REG-10", "has no face or finger enrolled: the phone asks for the PIN at once, and the passkey is stored", overHybridOnly(), Regular,
		atAComputer, func(mia *Person) {
			mia.phoneSavesIn(app)
			mia.tapsItsPage()
			mia.phoneIs("knows no face and no finger", func(s *phone.Settings) { s.Biometrics = phone.NotEnrolled })
			mia.isSignedIn()
			mia.addsAPasskey(inTheApp, android)
			mia.findsShown(phone.ScreenPIN, phone.ScreenSaved)
			mia.findsNeverShown(phone.ScreenVerify)
			mia.finds("she counts as verified", mia.row(mia.findsStoredIn(app)).UVInitialized, gomega.BeTrue())
		})
})

var _ = Describe("Naming a new passkey", func() {
	Journey("REG-11", "accepts the name that is offered: the provider and the phone's family", Over(config.Bridge), Regular,
		Given{Context: onAndroid()}, func(mia *Person) {
			google := provider.GooglePasswordManager()
			mia.phoneSavesIn(google)
			mia.isSignedIn()
			mia.startsAdding(inTheApp)
			mia.walksTo(android, page.S7)
			mia.presses("I understand")
			mia.sees(page.S10)
			mia.findsTyped("Name", "Google Password Manager on Android")
			mia.presses("Keep this name")
			mia.sees(page.S11)
			mia.reads("Passkey added", "Google Password Manager on Android")
			mia.pressesHook(page.Primary)
			mia.findsListed("Google Password Manager on Android")
			mia.findsHeld(google, 1)
			mia.finds("it counts as a default name", mia.row(mia.findsStored(1)[0]), gomega.And(
				gomega.HaveField("Name", "Google Password Manager on Android"), gomega.HaveField("NamedByUser", false),
			))
		})

	Journey("REG-12", "types a name with spaces around it, which is trimmed and otherwise kept exactly", Over(config.Bridge), Regular,
		Given{Context: onAndroid()}, func(mia *Person) {
			const name = "Mia's <b>phone</b> & Söhne ☎"
			google := provider.GooglePasswordManager()
			mia.phoneSavesIn(google)
			mia.isSignedIn()
			mia.startsAdding(inTheApp)
			mia.walksTo(android, page.S7)
			mia.presses("I understand")
			mia.namesIt("   " + name + "  ")
			mia.sees(page.S11)
			mia.reads(name)
			mia.pressesHook(page.Primary)
			mia.findsListed(name)
			mia.findsHeld(google, 1)
			stored := mia.findsStored(1)[0]
			mia.finds("it is stored exactly", stored.Name, gomega.Equal(name))
			mia.finds("it counts as a name of hers", mia.row(stored).NamedByUser, gomega.BeTrue())
		})

	Journey("REG-13", "closes the tab instead of naming it, and finds the passkey with its default name", Over(config.Bridge), Regular,
		Given{Policy: onlyTheApp(), Context: onAndroid()}, func(mia *Person) {
			app := provider.LarkspurIDAndroid()
			mia.phoneSavesIn(app)
			mia.isSignedIn()
			mia.startsAdding(inTheApp)
			mia.walksTo(android, page.S7)
			mia.presses("I understand")
			mia.sees(page.S10)
			mia.movesToANewTab()
			mia.finds("it was stored with its default name", mia.row(mia.findsStored(1)[0]), gomega.And(
				gomega.HaveField("Name", "Larkspur ID on Android"), gomega.HaveField("NamedByUser", false),
			))
			mia.opensSecurityInfo()
			mia.findsListed("Larkspur ID on Android")
			mia.findsHeld(app, 1)
		})
})

var _ = Describe("Leaving the wizard half-way", func() {
	Journey("REG-14", "presses the browser's Back while the phone waits: the call is aborted and nothing is stored", Over(config.Bridge), Regular,
		Given{Policy: onlyTheApp(), Context: onAndroid()}, func(mia *Person) {
			app := provider.LarkspurIDAndroid()
			mia.looksAway(app)
			calls := mia.spiesOnCeremonies()
			mia.isSignedIn()
			mia.startsAdding(inTheApp)
			mia.walksTo(android, page.S7)
			mia.presses("I understand")
			mia.sees(page.S8)
			mia.isAskedOnThePhone(app)
			mia.goesBack()
			mia.finds("the address is that of the screen before", mia.sees(page.S7).URL, gomega.HaveSuffix("/save-in"))
			mia.findsBrokenOff(calls, "AbortError")
			mia.touches(app)
			mia.findsHeld(app, 0)
			mia.findsStored(0)
			mia.presses("I understand")
			mia.finishes()
			mia.findsStored(1)
			mia.findsHeld(app, 1)
		})

	Journey("REG-15", "reloads the Settings screen and finds it again, with Android still picked", Over(config.Bridge), Regular,
		Given{}, func(mia *Person) {
			mia.sitsAtAComputer()
			mia.isSignedIn()
			mia.startsAdding(inTheApp)
			mia.goesOn(page.S4, "Which phone will you use?")
			mia.picks(android, page.S5a)
			mia.reloads()
			mia.sees(page.S5a)
			mia.reads("Passwords & accounts")
			mia.pressesHook(page.Back)
			mia.sees(page.S4)
			mia.findsPicked(android)
			mia.finds("it is the same run, for Android", mia.runs(), gomega.ConsistOf(gomega.HaveField("PhoneOS", rp.Android)))
			mia.finds("no ceremony has begun", mia.ceremonies(), gomega.BeEmpty())
		})

	Journey("REG-16", "reloads while the phone waits, is told of the interruption, and gets a new challenge", Over(config.Bridge), Regular,
		Given{Policy: onlyTheApp(), Context: onAndroid()}, func(mia *Person) {
			app := provider.LarkspurIDAndroid()
			mia.looksAway(app)
			mia.isSignedIn()
			mia.startsAdding(inTheApp)
			mia.walksTo(android, page.S7)
			mia.presses("I understand")
			mia.sees(page.S8)
			mia.isAskedOnThePhone(app)
			mia.reloads()
			mia.sees(page.S7)
			mia.reads("Setup was interrupted")
			mia.findsDeadChallenge("interrupted", "AbortError")
			mia.touches(app)
			mia.findsHeld(app, 0)
			mia.presses("I understand")
			mia.finishes()
			both := mia.registrations()
			mia.finds("there were two ceremonies", both, gomega.HaveLen(2))
			mia.finds("the second had another challenge", both[1].ChallengeHash, gomega.Not(gomega.Equal(both[0].ChallengeHash)))
			mia.finds("the second was the one that counted", both[1].ServerCode, gomega.BeEmpty())
			mia.findsStored(1)
			mia.findsHeld(app, 1)
		})

	Journey("REG-17", "cancels before anything is at stake and is back on Security info at once, with the focus on Add", Over(config.Bridge), Regular,
		Given{}, func(mia *Person) {
			mia.sitsAtAComputer()
			mia.isSignedIn()
			mia.startsAdding(inTheApp)
			mia.sees(page.S3)
			mia.pressesHook(page.Cancel)
			mia.sees(page.S0)
			mia.findsFocus("Add sign-in method")
			mia.findsStored(0)
			mia.finds("no ceremony exists", mia.ceremonies(), gomega.BeEmpty())
			mia.finds("the run is closed", mia.runs(), gomega.ConsistOf(gomega.HaveField("ClosedAt.IsZero()", false)))
		})
})

var _ = Describe("Registering beside other passkeys", func() {
	Journey("REG-18", "adds the app while two other providers hold a passkey: both are on the exclude list", Over(config.Bridge), Regular,
		Given{Context: onAndroid()}, func(mia *Person) {
			app := provider.LarkspurIDAndroid()
			mia.hasPasskeyIn(provider.GooglePasswordManager())
			mia.hasPasskeyIn(provider.SamsungPass())
			before := mia.findsStored(2)
			mia.phoneSavesIn(app)
			mia.isSignedIn()
			mia.addsAPasskey(inTheApp, android)
			both := gomega.ConsistOf(before[0].ID, before[1].ID)
			mia.finds("the phone was told of both", mia.excludedOnThePhone(), both)
			mia.findsStored(3)
			mia.findsHeld(app, 1)
			mia.findsHeld(provider.GooglePasswordManager(), 1)
			mia.findsHeld(provider.SamsungPass(), 1)
			mia.finds("the server's options excluded both", latest(mia.registrations()).ExcludeIDs, both)
		})

	Journey("REG-22", "adds the tenth passkey, after which there is room for no more", Over(config.Bridge), Regular,
		Given{}, func(mia *Person) {
			tenth := provider.Unknown(uuid.MustParse("0f0e0d0c-0b0a-4908-8706-050403020100"))
			for _, one := range provider.All() {
				mia.hasPasskeyIn(one)
			}
			mia.findsStored(9)
			mia.phoneSavesIn(tenth)
			mia.isSignedIn()
			mia.addsAPasskey(anyPasskey, android)
			mia.findsStored(10)
			mia.findsHeld(tenth, 1)
			mia.finds("all ten are listed", mia.cards(), gomega.HaveLen(10))
			mia.reads("You have 10 passkeys, which is the limit")
			mia.pressesHook(page.Add)
			mia.finds("the reason is told", mia.sees(page.E4).Code, gomega.Equal(string(rp.CodeLimitReached)))
			mia.reads("You have reached the limit", "10 of 10")
			mia.finds("no run was started for an eleventh", mia.openRuns(), gomega.BeEmpty())
		})
})

var _ = Describe("Where a new passkey lives", func() {
	Journey("REG-19", "registers with an authenticator that backs up, and the card says that the passkey syncs", Over(config.DevTools), Regular,
		Given{}, func(mia *Person) {
			device := mia.plugsIn(webauthn.Platform())
			mia.isSignedIn()
			mia.addsAPasskey(anyPasskey, android)
			stored := mia.findsStored(1)[0]
			mia.finds("the card says that it syncs", mia.theCard().Lives, gomega.Equal("Syncs across your devices"))
			mia.finds("the authenticator holds the same passkey", mia.heldOn(device, 1)[0].CredentialID, gomega.Equal(stored.ID))
			mia.finds("it can be and is backed up", mia.row(stored), gomega.And(gomega.HaveField("BackupEligible", true), gomega.HaveField("BackupState", true)))
		})

	Journey("REG-20", "registers with an authenticator that never backs up, and the card says this device only", Over(config.DevTools), Regular,
		Given{}, func(mia *Person) {
			no := false
			bound := webauthn.Platform()
			bound.DefaultBackupEligibility, bound.DefaultBackupState = &no, &no
			device := mia.plugsIn(bound)
			mia.isSignedIn()
			mia.addsAPasskey(anyPasskey, android)
			stored := mia.findsStored(1)[0]
			mia.finds("the card says this device only", mia.theCard().Lives, gomega.Equal("On this device only"))
			mia.finds("the authenticator holds the same passkey", mia.heldOn(device, 1)[0].CredentialID, gomega.Equal(stored.ID))
			mia.finds("it cannot be backed up", mia.row(stored), gomega.And(gomega.HaveField("BackupEligible", false), gomega.HaveField("BackupState", false)))
		})
})

var _ = Describe("What a registration asks for", func() {
	Journey("REG-25", "is asked for a passkey with a random user id, a fresh challenge, verification and discoverability", Over(config.API), Regular,
		Given{}, func(mia *Person) {
			const asked = 20
			first := mia.readsOptions(mia.standsBeforeCreating(mia.Account, "app"), asked)
			other := mia.signsSomebodyUp("ada")
			second := mia.readsOptions(mia.standsBeforeCreating(other, "passkey"), asked)
			for _, one := range append(first, second...) {
				mia.finds("the options ask for what they must", one, gomega.And(
					gomega.HaveField("Challenge", gomega.HaveLen(32)), gomega.HaveField("User.ID", gomega.HaveLen(32)),
					gomega.HaveField("Selection.UserVerification", "required"),
					gomega.HaveField("Selection.ResidentKey", "required"), gomega.HaveField("Selection.RequireResidentKey", true),
					gomega.HaveField("Attestation", "none"), gomega.HaveField("RP.ID", mia.RPID()), gomega.HaveField("Timeout", 300_000),
				))
			}
			mia.finds("no challenge comes twice", distinct(append(first, second...), challengeOf), gomega.Equal(2*asked))
			mia.finds("a user has one id for all passkeys", distinct(first, userOf), gomega.Equal(1))
			mia.finds("two users have two", distinct(append(first, second...), userOf), gomega.Equal(2))
			mia.finds("the id tells nothing about the person", string(first[0].User.ID), gomega.And(
				gomega.HaveLen(32), gomega.Not(gomega.ContainSubstring(mia.Account.UserName)), gomega.Not(gomega.Equal(mia.Account.ID)),
			))
			mia.findsStored(0)
		})
})
