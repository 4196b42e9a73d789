package web

import (
	"html"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestPseudoTexts(t *testing.T) {
	for text, want := range map[string]string{
		"":                         "",
		"Save":                     "[Şȧṽḗ ẋẋ]",
		"{{.Name}} added":          "[{{.Name}} ȧḓḓḗḓ ẋẋ]",
		"Again {time}.":            "[Ȧɠȧīƞ {time}. ẋẋ]",
		"One\nTwo":                 "[Ǿƞḗ ẋẋ]\n[Ŧẇǿ ẋẋ]",
		"{{.App}}":                 "[{{.App}}]",
		"abcdefghijklmnopqrstuvwx": "[ȧƀƈḓḗƒɠħīĵķŀḿƞǿƥɋřşŧŭṽẇẋ ẋẋẋẋẋẋ ẋẋẋẋ]",
	} {
		if got := pseudo(text); got != want {
			t.Errorf("%q becomes %q, want %q", text, got, want)
		}
	}
	if utf8.RuneCountInString(accentedLetters) != len(plainLetters) {
		t.Error("letters and accented letters do not pair")
	}
}

// free are texts that come from data and not from the locale files: names, ids, codes and the languages' own names.
var free = []string{"Mia Larsen", "English", "Deutsch", "العربية", "日本語", "ES256", "Chromium", "hybrid, internal", "Larkspur ID"}

// unmarked finds texts on a page of the pseudo-locale that no locale file made.
func unmarked(body string) []string {
	body = regexp.MustCompile(`(?s)<head>.*</head>|<option[^>]*>.*?</option>`).ReplaceAllString(body, "")
	var found []string
	check := func(text string) {
		text = strings.TrimSpace(html.UnescapeString(text))
		if !hasLetter(text) || strings.HasPrefix(text, pseudoStart) && strings.HasSuffix(text, pseudoEnd) || slices.Contains(free, text) ||
			regexp.MustCompile(`^[A-Z2-7]{10,}$|^[0-9a-f-]{8,}$|^[A-Za-z0-9_-]{8}$`).MatchString(text) {
			return
		}
		found = append(found, text)
	}
	for _, attribute := range spoken.FindAllStringSubmatch(body, -1) {
		check(attribute[1])
	}
	for _, text := range regexp.MustCompile(`>([^<]+)<`).FindAllStringSubmatch(body, -1) {
		check(text[1])
	}
	return found
}

// TestNoScreenHoldsHardCodedText is L10-04, on what the server renders.
func TestNoScreenHoldsHardCodedText(t *testing.T) {
	s := newSite(t)
	look := func(a *answer) {
		t.Helper()
		if !strings.Contains(a.body, `lang="en-XA"`) {
			t.Errorf("%s is not in the pseudo-locale", a.path)
		}
		for _, text := range unmarked(a.body) {
			t.Errorf("%s: %q comes from no locale file", a.path, text)
		}
	}
	for _, path := range []string{"/sign-in?lng=en-XA", "/sign-up", "/help/faq", "/nowhere"} {
		look(s.get(path))
	}
	look(s.post("/sign-in", "userName", "mia", "password", "wrong", "code", "000000"))
	s.signIn()
	for _, path := range []string{"/security-info", "/security-info/add", "/security-info/prove", "/outbox"} {
		look(s.get(path))
	}
	look(s.register(newDevice(t, appAndroid)))
	info := s.get("/security-info")
	look(info)
	for _, path := range regexp.MustCompile(`action="(/security-info/passkeys/[^"]*)"`).FindAllStringSubmatch(info.body, -1) {
		look(s.get(path[1]))
	}
	for _, method := range []string{"app", "security-key"} {
		walk(s, method, look)
	}
	if found := unmarked(`<p title="Hi">[ok] <b>Hello</b> [a] and [b]</p>`); !slices.Equal(found, []string{"Hi", "Hello"}) {
		t.Errorf("the search finds %q", found)
	}
}

// walk opens every screen of a run up to the ceremony and hands each to look.
func walk(s *site, method string, look func(*answer)) {
	s.t.Helper()
	a := s.follow(s.post("/security-info/add", "method", method))
	for range 8 {
		look(a)
		if a.screen() == "S7" || a.screen() == "K2" {
			return
		}
		next := s.post(a.path, "from", a.screen(), "event", "next", "phone", "android", "key", "usb")
		if next.status != http.StatusSeeOther {
			s.t.Fatalf("%s: %d", a.path, next.status)
		}
		a = s.follow(next)
	}
	s.t.Fatalf("the walk ends on %s", a.screen())
}
