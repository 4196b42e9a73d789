package web

import (
	"net/http"
	"strings"
	"testing"
	"time"
)

func TestLanguageOfOneWish(t *testing.T) {
	all := testTexts(t)
	for wish, want := range map[string]string{
		"": "en", "en-GB": "en", "xx": "en", "not a language": "en", "de;q=0.5": "de", "de-AT": "de", "ar-EG": "ar", "ja-JP,en;q=0.5": "ja",
		"fr,ja;q=0.2": "ja", "en-XA": "en-XA", "en-AU,en-XA;q=0.1": "en", "he": "en",
	} {
		if got := all.speak(wish).Lang(); got != want {
			t.Errorf("%q speaks %s, want %s", wish, got, want)
		}
	}
	for tag, want := range map[string]string{"en": "ltr", "de": "ltr", "ja": "ltr", "ar": "rtl", "en-XA": "ltr"} {
		if got := all.speak(tag).Dir(); got != want {
			t.Errorf("%s runs %s, want %s", tag, got, want)
		}
	}
}

// TestLanguageOfThePage is L10-06: the profile, then the address, which stays, then the browser.
func TestLanguageOfThePage(t *testing.T) {
	s := newSite(t)
	wants := func(a *answer, lang, dir string) {
		t.Helper()
		a.has(`<html lang="` + lang + `" dir="` + dir + `"`)
		if got := a.header.Get("Content-Language"); got != lang {
			t.Errorf("%s: Content-Language is %q, want %s", a.path, got, lang)
		}
	}
	s.header.Set("Accept-Language", "ja, en;q=0.5")
	wants(s.get("/sign-in"), "ja", "ltr")
	wants(s.get("/sign-in?lng=ar"), "ar", "rtl")
	wants(s.get("/sign-in"), "ar", "rtl")
	wants(s.get("/sign-in?lng=xx"), "ar", "rtl")
	s.signIn()
	wants(s.get("/security-info"), "ar", "rtl")
	s.post("/preferences/language", "language", "de", "return", "/security-info?lng=ar").wants(http.StatusSeeOther, "")
	wants(s.get("/security-info"), "de", "ltr")
	wants(s.get("/security-info?lng=ar"), "de", "ltr")
	s.forgetCookies()
	wants(s.get("/sign-in"), "ja", "ltr")
	s.signIn()
	wants(s.get("/security-info"), "de", "ltr")
}

func TestLanguageSwitch(t *testing.T) {
	s := newSite(t)
	s.get("/sign-in?lng=ar").has(`value="de" lang="de" dir="ltr" aria-pressed="false"`, `value="ar" lang="ar" dir="rtl" aria-pressed="true"`,
		`name="return" value="/sign-in"`).hasNot("en-XA")
	if to := s.post("/preferences/language", "language", "ja", "return", "/help/faq?lng=ar&x=1").header.Get("Location"); to != "/help/faq?x=1" {
		t.Errorf("the switch leads to %s", to)
	}
	s.post("/preferences/language", "language", "xx").wants(http.StatusBadRequest, "error")
	s.get("/help/faq").has(`<html lang="ja"`)
}

// TestDatesByLanguageAndZone is L10-05.
func TestDatesByLanguageAndZone(t *testing.T) {
	at := time.Date(2031, 5, 5, 23, 30, 0, 0, time.UTC)
	now := at.Add(2 * time.Hour)
	for _, c := range []struct{ lang, zone, date, ago string }{
		{"en", "", "May 5, 2031", "yesterday"},
		{"en", "Asia/Tokyo", "May 6, 2031", "today"},
		{"en", "America/New_York", "May 5, 2031", "today"},
		{"en", "Local", "May 5, 2031", "yesterday"},
		{"en", "../../etc/passwd", "May 5, 2031", "yesterday"},
		{"en", "No/Where", "May 5, 2031", "yesterday"},
		{"de", "Europe/Berlin", "6. Mai 2031", "heute"},
		{"ja", "Asia/Tokyo", "2031年5月6日", "今日"},
		{"ar", "Africa/Cairo", "6 مايو 2031", "اليوم"},
	} {
		tongue := testTexts(t).speak(c.lang)
		tongue.in(c.zone)
		if got := tongue.Date(at); got != c.date {
			t.Errorf("%s in %q: %q, want %q", c.lang, c.zone, got, c.date)
		}
		if got := tongue.Ago(at, now); got != c.ago {
			t.Errorf("%s in %q: %q, want %q", c.lang, c.zone, got, c.ago)
		}
	}
}

func TestAgoAndWait(t *testing.T) {
	all := testTexts(t)
	now := time.Date(2031, 5, 6, 9, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		lang string
		at   time.Time
		want string
	}{
		{"en", now.Add(time.Hour), "today"}, {"en", now.Add(-10 * time.Hour), "yesterday"}, {"en", now.AddDate(0, 0, -2), "2 days ago"},
		{"en", now.AddDate(0, -3, 0), "2 months ago"}, {"en", now.AddDate(-3, 0, 0), "3 years ago"},
		{"de", now.AddDate(0, 0, -2), "vor 2 Tagen"}, {"ja", now.AddDate(0, 0, -2), "2 日前"}, {"ar", now.AddDate(0, 0, -2), "قبل يومين"},
		{"ar", now.AddDate(0, 0, -14), "قبل 14 يومًا"},
	} {
		if got := all.speak(c.lang).Ago(c.at, now); got != c.want {
			t.Errorf("%s %s: %q, want %q", c.lang, c.at, got, c.want)
		}
	}
	for wait, want := range map[time.Duration]string{0: "1 second", time.Minute: "60 seconds", 61 * time.Second: "2 minutes", 5 * time.Minute: "5 minutes"} {
		if got := all.speak("en").Wait(wait); got != want {
			t.Errorf("%s: %q, want %q", wait, got, want)
		}
	}
}

func TestTheBrowsersZoneReachesTheCards(t *testing.T) {
	s := newSite(t)
	s.clock.add(14 * time.Hour) // 23:00 in UTC, the next day in Tokyo
	s.signIn()
	s.register(newDevice(t, appAndroid))
	s.get("/security-info").has(">May 6, 2031 (today)<")
	told := s.post("/preferences/zone", "zone", "Asia/Tokyo").wants(http.StatusNoContent, "")
	if kept := told.header.Get("Set-Cookie"); !strings.Contains(kept, "zone=Asia/Tokyo;") || !strings.Contains(kept, "HttpOnly") {
		t.Errorf("the zone is kept as %q", kept)
	}
	s.get("/security-info").has(">May 7, 2031 (today)<", `data-zone="Asia/Tokyo"`).hasNot("May 6")
	for _, unknown := range []string{"", "Local", "No/Where", "../../etc/passwd", "Asia/Tokyo; Domain=example.com"} {
		s.post("/preferences/zone", "zone", unknown).wants(http.StatusBadRequest, "")
	}
}

// TestForeignNamesAreIsolated is L10-02: a name that runs the other way does not disturb the sentence around it.
func TestForeignNamesAreIsolated(t *testing.T) {
	all := testTexts(t)
	for _, c := range []struct{ lang, name, want string }{
		{"en", "Phone (2)", "Delete Phone (2)"},
		{"en", "هاتف (2)", "Delete \u2068هاتف (2)\u2069"},
		{"ar", "Phone (2)", "حذف \u2068Phone (2)\u2069"},
		{"ar", "هاتف (2)", "حذف هاتف (2)"},
		{"ar", "(2)", "حذف (2)"},
		{"ja", "Phone", "Phone を削除"},
		{"ar", "Larkspur ID على Android", "حذف \u2067Larkspur ID على Android\u2069"},
		{"en", "Larkspur ID على Android", "Delete \u2066Larkspur ID على Android\u2069"},
	} {
		if got := all.speak(c.lang).T("info.delete_name", "Name", c.name); got != c.want {
			t.Errorf("%s %q: %q, want %q", c.lang, c.name, got, c.want)
		}
	}
	if got := all.speak("ar").T("save.title"); got != "احفظه في \u2068Larkspur ID\u2069" {
		t.Errorf("the app's name is not isolated: %q", got)
	}
}

// A default name in Arabic begins with the provider's in Latin letters, and is an Arabic phrase all the same: it runs as the page
// does. What has one direction keeps its own.
func TestNamesOfTwoDirectionsRunAsThePageDoes(t *testing.T) {
	all := testTexts(t)
	for _, c := range []struct{ lang, name, want string }{
		{"ar", "Larkspur ID على Android", "rtl"}, {"en", "Larkspur ID على Android", "ltr"}, {"ar", "هاتف Android", "rtl"},
		{"ar", "Larkspur ID (2)", "auto"}, {"ar", "هاتف (2)", "auto"}, {"en", "هاتف (2)", "auto"}, {"ja", "Phone", "auto"}, {"ar", "", "auto"},
	} {
		if got := all.speak(c.lang).DirOf(c.name); got != c.want {
			t.Errorf("%s %q: %s, want %s", c.lang, c.name, got, c.want)
		}
	}
	s := newSite(t)
	s.header.Set("Accept-Language", "ar")
	s.signIn()
	page := s.open(s.create(s.ready(), newDevice(t, appAndroid)).next()).wants(200, "S10").has(`dir="rtl" value="Larkspur ID على Android"`)
	s.press(page, "next").wants(200, "S11").has(`<bdi dir="rtl">Larkspur ID على Android</bdi>`)
	s.open("/security-info").wants(200, "S0").has(`<bdi dir="rtl">Larkspur ID على Android</bdi>`, "حذف \u2067Larkspur ID على Android\u2069")
}

func TestCodesInOtherDigitsAreRead(t *testing.T) {
	for name, zero := range map[string]rune{"Arabic": '\u0660', "Persian": '\u06f0', "wide": '\uff10'} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t)
			code := strings.Map(func(r rune) rune { return r - '0' + zero }, s.code())
			if a := s.post("/sign-in", "userName", "mia", "password", testPassword, "code", code); a.status != http.StatusSeeOther {
				t.Errorf("%s is answered with %d", code, a.status)
			}
		})
	}
}
