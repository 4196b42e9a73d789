package journeys

import (
	"time"

	. "github.com/onsi/ginkgo/v2"
	"github.com/onsi/gomega"

	"github.com/passkeylab/passkeylab/harness/config"
	"github.com/passkeylab/passkeylab/harness/page"
	"github.com/passkeylab/passkeylab/rp"
)

// What OWASP ASVS asks of passwords and sessions, and no scenario of the product specification tells.
var _ = Describe("The account", func() {
	const owl = "an owl in the elm tree"

	Journey("ACC-01", "changes her password: the old one is worth nothing, the browser elsewhere is signed out, and she is told", Over(config.Bridge), Regular,
		Given{}, func(mia *Person) {
			elsewhere := mia.signsInAsVisitor()
			mia.isSignedIn()
			old := mia.Account.Password
			mia.pressesHook(page.ChangePassword)
			mia.sees(page.NewPassword)
			mia.changesPassword("her password and another one", old, owl)
			mia.sees(page.S0)
			mia.findsToast("Password changed. All other browsers and apps are signed out.")
			mia.finds("the other session has ended", mia.stillIn(elsewhere), gomega.BeFalse())
			mia.finds("her own goes on", mia.sessions(), gomega.HaveLen(1))
			mia.finds("the old password lets nobody in", mia.triesPassword(old), gomega.BeFalse())
			mia.finds("the new one does", mia.triesPassword(owl), gomega.BeTrue())
			mia.opens("/outbox", page.Outbox)
			mia.reads("Your password was changed", "If this was not you")
			mia.findsNotified(rp.ActionPasswordChanged)
			mia.findsAudited(rp.ActionPasswordChanged, "")
			mia.findsAudited(rp.ActionSessionRevoked, "")
		})

	Journey("ACC-02", "wants passwords that others would try first, and is told why not; guessing the present one ends in a wait", Over(config.Bridge), Regular,
		Given{}, func(mia *Person) {
			mia.isSignedIn()
			mia.opens(passwordPath, page.NewPassword)
			mia.changesPassword("a password that many people have", mia.Account.Password, "Iloveyou1")
			mia.reads("Very many people use this password")
			mia.changesPassword("one that is made of where she works", mia.Account.Password, "Larkspur-2031!")
			mia.reads("made of words that anybody would try first")
			mia.does("types a good one", mia.typing(mia.Account.Password, owl))
			mia.findsPasswordShown(false)
			mia.pressesHook(page.ShowNewPassword)
			mia.findsPasswordShown(true)
			mia.pressesHook(page.ShowNewPassword)
			mia.findsPasswordShown(false)
			for _, left := range []string{"4 tries", "3 tries", "2 tries", "1 try"} {
				mia.changesPassword("a present password that is wrong", "not the one", owl)
				mia.reads("You have " + left + " left")
			}
			mia.changesPassword("a present password that is wrong", "not the one", owl)
			mia.reads("Too many wrong passwords", "Try again in 5 minutes")
			mia.findsAudited(rp.ActionPasswordRefused, rp.CodeWrongCredentials)
			mia.findsAudited(rp.ActionLocked, rp.CodeLocked)
			mia.finds("nothing was changed", mia.triesPassword(mia.Account.Password), gomega.BeTrue())
			mia.finds("and nothing told", mia.noticesOf(rp.ActionPasswordChanged), gomega.BeEmpty())
		})

	Journey("ACC-03", "looks where she is signed in, and signs the browser out that she left behind, once she has proved that it is her", Over(config.Bridge), Regular,
		Given{}, func(mia *Person) {
			elsewhere := mia.signsInAsVisitor()
			left := mia.refs()
			mia.isSignedIn()
			mia.letsPass(6 * time.Minute)
			mia.pressesHook(page.SessionsLink)
			mia.sees(page.Sessions)
			mia.reads("Where you are signed in", "This browser")
			mia.pressesHook(page.EndSession)
			mia.proves()
			mia.sees(page.Sessions)
			mia.finds("until then the other one goes on", mia.stillIn(elsewhere), gomega.BeTrue())
			mia.pressesHook(page.EndSession)
			mia.findsToast("Signed out there")
			mia.finds("the other session has ended", mia.stillIn(elsewhere), gomega.BeFalse())
			mia.finds("her own goes on", mia.refs(), gomega.And(gomega.HaveLen(1), gomega.Not(gomega.ContainElements(left))))
			mia.findsAudited(rp.ActionSessionRevoked, "")
		})

	Journey("ACC-04", "signs out in one tab: the other shows nothing of hers any more, and cannot be brought back to show it", Over(config.Bridge), Regular,
		Given{}, func(mia *Person) {
			mia.isSignedIn()
			other := mia.opensAnotherTab()
			other.opens("/security-info/sessions", page.Sessions)
			other.reads("This browser", mia.Account.DisplayName)
			mia.pressesHook(page.SignOut)
			mia.sees(page.SignIn)
			other.reads("You are signed out", "so this page was emptied")
			other.doesNotRead("This browser", mia.Account.DisplayName)
			other.follows("Open it again")
			other.sees(page.SignIn)
			mia.finds("the server has no session of hers", mia.sessions(), gomega.BeEmpty())
		})
})
