package journeys

import (
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"
	. "github.com/onsi/ginkgo/v2"
	"github.com/onsi/gomega"
	"golang.org/x/text/unicode/norm"

	"github.com/passkeylab/passkeylab/harness/config"
	"github.com/passkeylab/passkeylab/harness/page"
	"github.com/passkeylab/passkeylab/rp/policy"
	"github.com/passkeylab/passkeylab/virtualauth/provider"
)

var _ = Describe("Languages", func() {
	Journey("L10-01", "comes by every screen in German: no English is left on any, and no button clips its text, be it wide or narrow", Over(config.Bridge), Regular,
		touring(inLanguage("de-DE")), func(mia *Person) {
			english, err := foreign("en", "de")
			mia.finds("the texts of both languages are known", err, gomega.BeNil())
			var left, clipped []string
			mia.tours(tour(), func(at stop) {
				mia.isIn("de")
				left = append(left, mia.readsTexts(at.name, english.has)...)
				clipped = append(clipped, mia.findsFitting(at.name)...)
			})
			mia.finds("no English is left, and nothing is clipped", append(left, clipped...), gomega.BeEmpty())
		})

	Journey("L10-04", "comes by every screen in the pseudo-locale: no text is written into a page, and texts two fifths longer have room", Over(config.Bridge), Regular,
		touring(inLanguage("en-XA")), func(mia *Person) {
			var written, clipped []string
			mia.tours(tour(), func(at stop) {
				mia.isIn("en-XA")
				written = append(written, mia.readsTexts(at.name, func(text string) bool { return !isMarked(text) })...)
				clipped = append(clipped, mia.findsFitting(at.name)...)
			})
			mia.finds("every text comes from a locale file, and nothing is clipped", append(written, clipped...), gomega.BeEmpty())
		})

	Journey("L10-02", "walks the wizard in Arabic: every screen runs from right to left, and a Latin name with brackets reads right", Over(config.Bridge), Regular,
		Given{Context: inLanguage("ar-EG")}, func(mia *Person) {
			const latin = "Phone (2)"
			app := provider.LarkspurIDAndroid()
			mia.phoneSavesIn(app)
			mia.sitsAtAComputer()
			mia.isSignedIn()
			mia.findsLanguage("ar", "rtl")
			mia.walksMirrored("rtl")
			mia.namesIt(latin)
			mia.sees(page.S11)
			mia.findsLaidOut("rtl")
			mia.findsItReads(latin)
			mia.pressesThe(page.Primary, page.S0)
			mia.findsLaidOut("rtl")
			mia.findsListed(latin)
			mia.findsItReads(latin)
			mia.findsItReads("Larkspur ID")
			mia.presses("حذف \u2068" + latin + "\u2069")
			mia.findsDialog("هل تريد حذف \u2068" + latin + "\u2069؟")
			mia.findsItReads(latin)
			mia.finds("the passkey has the name as it was typed, without any mark", mia.findsStored(1)[0].Name, gomega.Equal(latin))
			mia.findsHeld(app, 1)
		})

	Journey("L10-03", "names a passkey in Japanese with 64 characters as people count them, and is refused the 65th", Over(config.Bridge), Regular,
		Given{Policy: onlyTheApp(), Context: inLanguage("ja-JP")}, func(mia *Person) {
			// A syllable with its mark, a family and a flag are one character each for who reads them, and up to seven for a program.
			longest := strings.Repeat("ハ\u309a", 20) + strings.Repeat("か\u3099", 20) + strings.Repeat("👨‍👩‍👧‍👦", 12) + strings.Repeat("🇯🇵", 12)
			app := provider.LarkspurIDAndroid()
			mia.phoneSavesIn(app)
			mia.sitsAtAComputer()
			mia.isSignedIn()
			mia.findsLanguage("ja", "ltr")
			mia.walksMirrored("ltr")
			mia.reads("1～64 文字")
			mia.namesIt(longest + "一")
			mia.reads("64 文字以内で入力してください。")
			mia.finds("it keeps the default name meanwhile", mia.findsStored(1)[0].Name, gomega.Equal("Larkspur ID（Android）"))
			mia.namesIt(longest)
			mia.sees(page.S11)
			mia.pressesThe(page.Primary, page.S0)
			mia.finds("the name is kept whole, in composed letters", mia.findsStored(1)[0].Name, gomega.Equal(norm.NFC.String(longest)))
			mia.findsListed(norm.NFC.String(longest))
			mia.findsLaidOut("ltr")
			mia.findsHeld(app, 1)
		})

	Journey("L10-05", "reads on her passkey's card the day that it was where she lives, as her language writes it", Over(config.Bridge), Regular,
		Given{}, func(mia *Person) {
			app := provider.LarkspurIDAndroid()
			mia.letsPass(untilTomorrowInTokyo(mia.Clock.Now()))
			mia.hasPasskeyIn(app)
			born := mia.row(mia.findsStored(1)[0]).CreatedAt
			mia.isSignedIn()
			seen := map[string]bool{}
			for _, reader := range []struct{ tag, zone string }{
				{"en", "America/New_York"}, {"de", "Europe/Berlin"}, {"ar", "Africa/Cairo"}, {"ja", "Asia/Tokyo"}, {"en", "Asia/Tokyo"},
			} {
				mia.livesIn(reader.zone)
				mia.readsIn(reader.tag)
				seen[mia.findsDay(reader.tag, reader.zone, born)] = true
			}
			mia.finds("the two who read English lived in different days", seen, gomega.HaveLen(5))
			mia.findsHeld(app, 1)
		})

	Journey("L10-06", "chooses a language by the address: it stays, an unknown one changes nothing, and her profile's comes before it", Over(config.Bridge), Regular,
		Given{Context: inLanguage("ja-JP")}, func(mia *Person) {
			mia.opens("/sign-in", page.SignIn)
			mia.findsLanguage("ja", "ltr")
			mia.opens("/sign-in?lng=xx", page.SignIn)
			mia.findsLanguage("ja", "ltr")
			mia.opens("/sign-in?lng=ar", page.SignIn)
			mia.findsLanguage("ar", "rtl")
			mia.opens("/sign-in", page.SignIn)
			mia.findsLanguage("ar", "rtl")
			mia.opens("/sign-in?lng=xx", page.SignIn)
			mia.findsLanguage("ar", "rtl")
			mia.signsInWithPassword()
			mia.findsLanguage("ar", "rtl")
			mia.readsIn("de")
			mia.findsLanguage("de", "ltr")
			mia.opensSecurityInfo()
			mia.findsLanguage("de", "ltr")
			mia.reads("Ohne Passwort anmelden")
			mia.presses("English")
			mia.sees(page.S0)
			mia.findsLanguage("en", "ltr")
			mia.readsIn("ar")
			mia.findsLanguage("en", "ltr")
			mia.findsStored(0)
		})

	Journey("L10-07", "reads how many passkeys she has in words that agree with 0, 1, 2, 5 and 10 of them, in every language", Over(config.Bridge), Regular,
		Given{}, func(mia *Person) {
			mia.isSignedIn()
			mia.findsCounted(map[string]string{"en": "Sign in without a password", "de": "Ohne Passwort anmelden",
				"ar": "تسجيل الدخول من دون كلمة مرور", "ja": "パスワードなしでサインイン"})
			all := append(provider.All(), provider.Unknown(uuid.MustParse("0f0e0d0c-0b0a-4908-8706-050403020100")))
			given := 0
			for _, c := range []struct {
				count int
				reads map[string]string
			}{
				{1, map[string]string{"en": "1 passkey", "de": "1 Passkey", "ar": "مفتاح مرور واحد", "ja": "パスキー 1 個"}},
				{2, map[string]string{"en": "2 passkeys", "de": "2 Passkeys", "ar": "مفتاحا مرور", "ja": "パスキー 2 個"}},
				{5, map[string]string{"en": "5 passkeys", "de": "5 Passkeys", "ar": "5 مفاتيح مرور", "ja": "パスキー 5 個"}},
				{10, map[string]string{"en": "10 passkeys", "de": "10 Passkeys", "ar": "10 مفاتيح مرور", "ja": "パスキー 10 個"}},
			} {
				for ; given < c.count; given++ {
					mia.hasPasskeyIn(all[given])
				}
				mia.findsStored(c.count)
				mia.findsCounted(c.reads)
			}
			mia.readsIn("ar")
			mia.reads("لديك 10 مفاتيح مرور، وهو الحد الأقصى.")
			mia.readsIn("ja")
			mia.reads("パスキーが上限の 10 個に達しています。")
			for _, one := range all {
				mia.findsHeld(one, 1)
			}
		})

	Journey("L10-08", "meets every problem that the wizard can end in, and each language explains each in words of its own", Over(config.API), Regular,
		Given{}, func(mia *Person) {
			for _, problem := range problems() {
				visitor := mia.signsInAsVisitor()
				visitor.Phone = problem.phone()
				mia.policyBecomes("everything", policy.Policy{})
				mia.beginsAgain(visitor, problem.method())
				mia.findsExplained(visitor, problem.code, problem.meet(mia, visitor))
				mia.finds(string(problem.code)+" was raised", mia.Codes(), gomega.ContainElement(problem.code))
			}
			mia.finds("nothing was stored but the one passkey that was taken twice", mia.stored(), gomega.HaveLen(1))
			mia.meetsTheRest()
			mia.leavesStray(passwordManager().Name, "responses that do not verify leave no trace of the passkey that they speak of")
		})
})

// untilTomorrowInTokyo is how long it takes until it is tomorrow in Tokyo already and still today in New York and Cairo: half past
// three in the afternoon, in UTC.
func untilTomorrowInTokyo(now time.Time) time.Duration {
	at := time.Date(now.Year(), now.Month(), now.Day(), 15, 30, 0, 0, time.UTC)
	if at.Before(now) {
		at = at.AddDate(0, 0, 1)
	}
	return at.Sub(now)
}

// walksMirrored adds a passkey in the app, on a phone beside the computer, up to the screen that asks for its name. It goes by
// marks, not by words, and looks at the layout of each screen.
func (p *Person) walksMirrored(dir string) {
	GinkgoHelper()
	p.findsLaidOut(dir)
	p.pressesThe(page.Add, page.S1)
	p.findsLaidOut(dir)
	p.pressesHook(page.MethodApp)
	p.pressesThe(page.Primary, page.S3)
	p.findsLaidOut(dir)
	p.pressesThe(page.Primary, page.S4)
	p.findsLaidOut(dir)
	p.pressesThe(page.PhoneAndroid, page.S5a)
	for _, next := range []page.Step{page.S6, page.S7, page.S10} {
		p.findsLaidOut(dir)
		p.pressesThe(page.Primary, next)
	}
	p.findsLaidOut(dir)
}

// findsCounted finds, in each language, a text on Security info beside its passkeys.
func (p *Person) findsCounted(byLanguage map[string]string) {
	GinkgoHelper()
	for _, tag := range []string{"en", "de", "ar", "ja"} {
		p.readsIn(tag)
		p.findsBesideTheList(fmt.Sprintf("the list says “%s”", byLanguage[tag]), byLanguage[tag])
	}
}
