package journeys

import (
	"time"

	"github.com/go-rod/rod/lib/input"
	. "github.com/onsi/ginkgo/v2"
	"github.com/onsi/gomega"

	"github.com/passkeylab/passkeylab/harness/browser"
	"github.com/passkeylab/passkeylab/harness/config"
	"github.com/passkeylab/passkeylab/harness/page"
	"github.com/passkeylab/passkeylab/rp"
	"github.com/passkeylab/passkeylab/virtualauth/provider"
)

var _ = Describe("Accessibility", func() {
	Journey("AX-02", "finds the focus on the heading of each new step, and in the title which one it is of how many", Over(config.Bridge), Regular,
		touring(browser.ContextOptions{}), func(mia *Person) {
			mia.tours(stepsOf(tour()), func(stop) { mia.findsTheStepTold() })
		})

	Journey("AX-03", "hears each change of the waiting screen once, and politely", Over(config.Bridge), Regular,
		Given{Timers: rp.Timers{StillWaiting: 3 * time.Second}}, func(mia *Person) {
			inApp := provider.LarkspurIDAndroid()
			mia.sitsAtAComputer()
			mia.looksAway(inApp)
			mia.isSignedIn()
			mia.startsAdding(inTheApp)
			mia.walksTo(android, page.S7)
			mia.listens()
			mia.presses("I understand")
			mia.sees(page.S8)
			mia.hears("Waiting for your phone", "Still waiting.")
			mia.findsFocusOnHeading()
			mia.findsLive("status", "polite")
			mia.touches(inApp)
			mia.finishes()
			mia.findsStored(1)
			mia.findsHeld(inApp, 1)
		})

	Journey("AX-04", "is told at once, by an alert whose heading says it, that the passkey was saved in the wrong place", Over(config.Bridge), Regular,
		Given{Policy: onlyTheApp()}, func(mia *Person) {
			google := provider.GooglePasswordManager()
			mia.sitsAtAComputer()
			mia.phoneSavesIn(google)
			mia.isSignedIn()
			mia.startsAdding(inTheApp)
			mia.walksTo(android, page.S7)
			mia.presses("I understand")
			mia.sees(page.E2)
			mia.findsAlerted("Saved in the wrong place", "Google Password Manager")
			mia.findsFocusOnHeading()
			mia.findsLive("alert", "assertive")
			mia.findsStored(0)
			mia.findsHeld(google, 1)
			mia.findsAudited(rp.ActionPasskeyRefused, rp.CodeProviderNotAllowed)
		})

	Journey("AX-05", "opens the dialog for deleting: it has a name, says what will happen, keeps the focus within, and gives it back", Over(config.Bridge), Regular,
		Given{}, func(mia *Person) {
			inApp := provider.LarkspurIDAndroid()
			mia.hasPasskeyIn(inApp)
			mia.isSignedIn()
			name := mia.cardOf(inApp).Name
			mia.tabsTo("Delete " + name)
			mia.types(input.Enter)
			mia.findsModal("Delete "+name+"?", "Larkspur ID", "sign in")
			mia.findsFocus("Cancel")
			mia.findsTabsWithin("Add another first", "Cancel", "Delete passkey")
			mia.types(input.Escape)
			mia.findsNoDialog()
			mia.findsFocus("Delete " + name)
			mia.findsStored(1)
			mia.types(input.Enter)
			mia.tabsTo("Delete passkey")
			mia.types(input.Enter)
			mia.findsToast("Passkey deleted")
			mia.findsStored(0)
			mia.findsHeld(inApp, 1)
		})

	Journey("AX-06", "meets each button of each card by a name of its own, with the passkey's name in it", Over(config.Bridge), Regular,
		Given{}, func(mia *Person) {
			for _, in := range []provider.Provider{provider.LarkspurIDAndroid(), provider.GooglePasswordManager(), provider.USBSecurityKey()} {
				mia.hasPasskeyIn(in)
			}
			mia.isSignedIn()
			mia.findsStored(3)
			mia.findsOwnNames("Rename ", "Delete ")
		})

	Journey("AX-07", "comes by every screen in light and in dark, and a scan by the rules of WCAG 2.2 AA finds no barrier", Over(config.Bridge), Regular,
		touring(browser.ContextOptions{}), func(mia *Person) {
			var barriers []string
			mia.tours(tour(), func(at stop) { barriers = append(barriers, mia.scansForBarriers(at.name)...) })
			mia.findsNothingWrong("no screen has a barrier", barriers)
		})

	Journey("AX-08", "comes by every screen at 320 pixels, at 400 percent zoom and with text set wide: nothing scrolls sideways or is cut off", Over(config.Bridge), Regular,
		touring(browser.ContextOptions{Viewport: browser.Size{Width: 320, Height: 568}}), func(mia *Person) {
			var faults []string
			mia.tours(tour(), func(at stop) { faults = append(faults, mia.looksThroughNarrowWindows(at.name)...) })
			mia.findsNothingWrong("everything fits", faults)
		})

	Journey("AX-09", "is told a minute before her proof ends, renews it, and goes on where she was", Over(config.Bridge), Regular,
		Given{}, func(mia *Person) {
			inApp := provider.LarkspurIDAndroid()
			mia.sitsAtAComputer()
			mia.phoneSavesIn(inApp)
			mia.isSignedIn()
			mia.startsAdding(inTheApp)
			mia.walksTo(android, page.S6)
			run := mia.theRun()
			mia.letsPass(fresh - time.Minute - time.Second)
			mia.reloads()
			mia.sees(page.S6)
			mia.listens()
			mia.hears("For your safety we will soon ask you to confirm it's you. Stay here")
			mia.findsFocusOnHeading()
			mia.letsPass(30 * time.Second)
			mia.follows("Stay here")
			mia.proves()
			mia.sees(page.S6)
			mia.findsAudited(rp.ActionProof, "")
			mia.finds("it is the same run, on the same step, with the same phone", mia.theRun(), gomega.And(
				gomega.HaveField("ID", run.ID), gomega.HaveField("Screen", rp.S6), gomega.HaveField("PhoneOS", rp.Android)))
			mia.letsPass(fresh - time.Second)
			mia.walksTo(android, page.S7)
			mia.presses("I understand")
			mia.finishes()
			mia.findsStored(1)
			mia.findsHeld(inApp, 1)
		})

	Journey("AX-10", "has asked for less motion, and nothing turns or pulses while she waits", Over(config.Bridge), Regular,
		touring(browser.ContextOptions{}), func(mia *Person) {
			mia.tours(stopsNamed("S8", "S9"), func(stop) {
				mia.findsMotion(browser.ContextOptions{}, gomega.Not(gomega.BeEmpty()))
				mia.findsMotion(browser.ContextOptions{ReducedMotion: true}, gomega.BeEmpty())
			})
		})

	Journey("AX-11", "gives the passkey no name: the field says that it is wrong and why, and has the focus", Over(config.Bridge), Regular,
		Given{}, func(mia *Person) {
			inApp := provider.LarkspurIDAndroid()
			mia.sitsAtAComputer()
			mia.phoneSavesIn(inApp)
			mia.isSignedIn()
			mia.startsAdding(inTheApp)
			mia.walksTo(android, page.S7)
			mia.presses("I understand")
			mia.namesIt(" ")
			mia.findsWrongField("Name", "Fill this in")
			mia.namesIt("My phone")
			mia.sees(page.S11)
			mia.finds("the store has the name", mia.findsStored(1)[0].Name, gomega.Equal("My phone"))
			mia.findsHeld(inApp, 1)
		})

	Journey("AX-12", "has few colours: focus, icons, borders and what is chosen can be made out on every screen", Over(config.Bridge), Regular,
		touring(browser.ContextOptions{ForcedColours: true}), func(mia *Person) {
			var faults []string
			mia.tours(tour(), func(at stop) { faults = append(faults, mia.looksThroughFewColours(at.name)...) })
			mia.findsNothingWrong("everything can be made out", faults)
		})
})
