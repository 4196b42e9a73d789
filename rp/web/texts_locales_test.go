package web

import (
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/nicksnyder/go-i18n/v2/i18n"
	"go.yaml.in/yaml/v3"
	"golang.org/x/text/feature/plural"
	"golang.org/x/text/language"

	"github.com/passkeylab/passkeylab/rp"
)

// shipped are the languages that people can choose.
var shipped = []string{"en", "ar", "de", "ja"}

// messagesOf reads a locale file: key → plural form → text; a message without forms has the one "other".
func messagesOf(t *testing.T, tag string) map[string]map[string]string {
	t.Helper()
	raw, err := localeFiles.ReadFile("locales/" + tag + ".yaml")
	if err != nil {
		t.Fatal(err)
	}
	var tree map[string]any
	if err := yaml.Unmarshal(raw, &tree); err != nil {
		t.Fatal(err)
	}
	found := map[string]map[string]string{}
	var walk func(prefix string, node map[string]any)
	walk = func(prefix string, node map[string]any) {
		for name, value := range node {
			switch value := value.(type) {
			case map[string]any:
				if _, plural := value["other"]; !plural {
					walk(prefix+name+".", value)
					continue
				}
				found[prefix+name] = map[string]string{}
				for form, text := range value {
					found[prefix+name][form] = fmt.Sprint(text)
				}
			default:
				found[prefix+name] = map[string]string{"other": fmt.Sprint(value)}
			}
		}
	}
	walk("", tree)
	return found
}

// placeholdersOf are the names that a message uses, over all of its forms. Paths of settings are not among them: a
// language may need more of them, or fewer.
func placeholdersOf(forms map[string]string) []string {
	names := map[string]bool{}
	for _, text := range forms {
		for _, found := range regexp.MustCompile(`{{[^}]*?\.(\w+)|{([a-z]+)}`).FindAllStringSubmatch(text, -1) {
			names[found[1]+found[2]] = true
		}
	}
	delete(names, "OS")
	return slices.Sorted(maps.Keys(names))
}

func TestEveryLanguageHasTheKeysAndPlaceholdersOfEnglish(t *testing.T) {
	english := messagesOf(t, "en")
	for _, tag := range shipped[1:] {
		own := messagesOf(t, tag)
		for key, forms := range english {
			if own[key] == nil {
				t.Errorf("%s lacks %s", tag, key)
				continue
			}
			if got, want := placeholdersOf(own[key]), placeholdersOf(forms); !slices.Equal(got, want) {
				t.Errorf("%s: %s uses the placeholders %q, English %q", tag, key, got, want)
			}
			if (len(forms) > 1) != (len(own[key]) > 1) && tag != "ja" {
				t.Errorf("%s: %s has the forms %q, English %q", tag, key, slices.Sorted(maps.Keys(own[key])), slices.Sorted(maps.Keys(forms)))
			}
		}
		for key := range own {
			if english[key] == nil {
				t.Errorf("%s has %s, which English has not", tag, key)
			}
		}
	}
}

// TestEveryTextIsTranslated finds texts that were copied. What is the same in both languages is listed.
func TestEveryTextIsTranslated(t *testing.T) {
	same := map[string]string{
		"de": "action.details problem.e2_details info.passkeys info.provider_unknown rename.label name.label add.any_name site.language_name " +
			"info.created_name phone.android keykind.usb keykind.nfc save.picture_app save.picture_more date.both info.used_with date.month_4 date.month_8 " +
			"date.month_9 date.month_11 turnon.ios17 site.title_plain info.count add.app_name admin.token admin.state_label sessions.unknown",
		"ar": "phone.android keykind.usb keykind.nfc save.picture_app save.picture_more date.both",
		"ja": "phone.android keykind.usb keykind.nfc save.picture_app save.picture_more turnon.ios17",
	}
	english := messagesOf(t, "en")
	for tag, list := range same {
		for key, forms := range messagesOf(t, tag) {
			if forms["other"] == english[key]["other"] && !slices.Contains(strings.Fields(list), key) {
				t.Errorf("%s: %s is English: %q", tag, key, forms["other"])
			}
		}
	}
}

// TestProviderNamesAreNeverTranslated: a person must find on the phone the name that the page says.
func TestProviderNamesAreNeverTranslated(t *testing.T) {
	names := []string{"Google Password Manager", "Samsung Pass", "Apple Passwords", "1Password", "Bitwarden", "JavaScript", "FIDO2", "Chrome", "Safari"}
	found := 0
	for key, forms := range messagesOf(t, "en") {
		for _, name := range names {
			if !strings.Contains(forms["other"], name) {
				continue
			}
			found++
			for _, tag := range shipped[1:] {
				if own := messagesOf(t, tag)[key]["other"]; !strings.Contains(own, name) {
					t.Errorf("%s: %s does not say %s: %q", tag, key, name, own)
				}
			}
		}
	}
	if found < len(names) {
		t.Errorf("only %d of the names stand in English", found)
	}
}

// formsOf are the plural forms that a language has for whole numbers, by the tables of CLDR in golang.org/x/text.
func formsOf(tag language.Tag) []string {
	names := map[plural.Form]string{plural.Zero: "zero", plural.One: "one", plural.Two: "two", plural.Few: "few", plural.Many: "many", plural.Other: "other"}
	found := map[string]bool{"other": true}
	for n := range 1000 {
		found[names[plural.Cardinal.MatchPlural(tag, n, 0, 0, 0, 0)]] = true
	}
	return slices.Sorted(maps.Keys(found))
}

func TestPluralFormsAreThoseOfTheLanguage(t *testing.T) {
	english := messagesOf(t, "en")
	for _, tag := range shipped {
		want := formsOf(language.MustParse(tag))
		for key, forms := range messagesOf(t, tag) {
			if len(english[key]) == 1 {
				continue
			}
			if got := slices.Sorted(maps.Keys(forms)); !slices.Equal(got, want) {
				t.Errorf("%s: %s has the forms %q, want %q", tag, key, got, want)
			}
		}
	}
}

func TestCountsAgree(t *testing.T) {
	all := testTexts(t)
	for tag, want := range map[string][5]string{
		"en":    {"0 passkeys", "1 passkey", "2 passkeys", "5 passkeys", "10 passkeys"},
		"de":    {"0 Passkeys", "1 Passkey", "2 Passkeys", "5 Passkeys", "10 Passkeys"},
		"ja":    {"パスキー 0 個", "パスキー 1 個", "パスキー 2 個", "パスキー 5 個", "パスキー 10 個"},
		"ar":    {"لا توجد مفاتيح مرور", "مفتاح مرور واحد", "مفتاحا مرور", "5 مفاتيح مرور", "10 مفاتيح مرور"},
		"en-XA": {"[0 ƥȧşşķḗẏş ẋẋẋẋ]", "[1 ƥȧşşķḗẏ ẋẋẋ]", "[2 ƥȧşşķḗẏş ẋẋẋẋ]", "[5 ƥȧşşķḗẏş ẋẋẋẋ]", "[10 ƥȧşşķḗẏş ẋẋẋẋ]"},
	} {
		for i, count := range []int{0, 1, 2, 5, 10} {
			if got := all.speak(tag).N("info.count", count); got != want[i] {
				t.Errorf("%s %d: %q, want %q", tag, count, got, want[i])
			}
		}
	}
	for tag, want := range map[string]string{"en": "12,345", "de": "12.345", "ja": "12,345", "ar": "12,345"} {
		if got := all.speak(tag).Number(12345); got != want {
			t.Errorf("%s: 12345 is written %q, want %q", tag, got, want)
		}
	}
	if got := all.speak("ar").N("info.count", 11); got != "11 مفتاح مرور" {
		t.Errorf("ar 11: %q", got)
	}
}

// TestAMessageCanSelect: words may depend on a placeholder, besides a count.
func TestAMessageCanSelect(t *testing.T) {
	all := testTexts(t)
	text := `{{if eq .Kind "key"}}{{.PluralCount}} key{{else}}{{.PluralCount}} phone{{end}}`
	if err := all.bundle.AddMessages(language.English, &i18n.Message{ID: "test.select", One: text, Other: strings.NewReplacer("key{{", "keys{{", "phone{{", "phones{{").Replace(text)}); err != nil {
		t.Fatal(err)
	}
	en := all.speak("en")
	for _, c := range []struct {
		kind  string
		count int
		want  string
	}{{"key", 1, "1 key"}, {"key", 2, "2 keys"}, {"phone", 1, "1 phone"}, {"phone", 1200, "1,200 phones"}} {
		if got := en.N("test.select", c.count, "Kind", c.kind); got != c.want {
			t.Errorf("%s %d: %q, want %q", c.kind, c.count, got, c.want)
		}
	}
}

// TestNamesHoldTheWordsThatAreSeen is WCAG 2.2 success criterion 2.5.3: who speaks the word on a button reaches it.
func TestNamesHoldTheWordsThatAreSeen(t *testing.T) {
	all := testTexts(t)
	for _, tag := range shipped {
		for _, pair := range [][2]string{{"action.rename", "info.rename_name"}, {"action.delete", "info.delete_name"}, {"action.details", "info.details_name"},
			{"action.delete", "info.pass_delete"}} {
			word, whole := all.speak(tag).T(pair[0]), all.speak(tag).T(pair[1], "Name", "X")
			if !strings.Contains(strings.ToLower(whole), strings.ToLower(word)) {
				t.Errorf("%s: the button %q is named %q", tag, word, whole)
			}
		}
	}
}

// TestEveryCodeHasTextInEveryLanguage is L10-08.
func TestEveryCodeHasTextInEveryLanguage(t *testing.T) {
	s := newSite(t)
	english := map[rp.Code]string{}
	for _, tag := range append(slices.Clone(shipped), pseudoLocale.String()) {
		for _, code := range rp.Codes() {
			for _, provider := range []string{"", "Samsung Pass"} {
				v := s.newVisit(httptest.NewRecorder(), httptest.NewRequestWithContext(s.ctx, http.MethodGet, testOrigin+"/?lng="+tag, nil), route{})
				refusal := &rp.Refusal{Code: code, Provider: provider, ProviderKnown: provider != "", Limit: 10, Stray: rp.StrayPossible}
				title := v.titleOf(refusal)
				if tag == "en" {
					english[code] = title
				} else if title == english[code] {
					t.Errorf("%s: the title of %s is English", tag, code)
				}
				shown := fmt.Sprint(title, v.problemPage(refusal, nil).Body, v.problemPage(refusal, nil).Steps, v.problemPage(refusal, nil).Checklist)
				if strings.Contains(shown, missingMark) || strings.Contains(shown, "<no value>") {
					t.Errorf("%s: %s lacks a text: %s", tag, code, shown)
				}
			}
		}
	}
}

func TestPathsOfSettingsInEveryLanguage(t *testing.T) {
	all := testTexts(t)
	paths, err := loadSettingPaths()
	if err != nil {
		t.Fatal(err)
	}
	for system, settings := range paths.Paths {
		for setting, byLanguage := range settings {
			for _, tag := range shipped {
				if len(byLanguage[tag]) == 0 || slices.Contains(byLanguage[tag], "") {
					t.Errorf("%s.%s has no %s", system, setting, tag)
				}
				if len(byLanguage[tag]) != len(byLanguage["en"]) {
					t.Errorf("%s.%s has %d screens in %s and %d in English", system, setting, len(byLanguage[tag]), tag, len(byLanguage["en"]))
				}
			}
		}
	}
	for tag, want := range map[string]string{
		"en": "Android: Settings, Passwords & accounts. iPhone: Settings, General, AutoFill & Passwords.",
		"de": "Android: Einstellungen > Passwörter & Konten. iPhone: Einstellungen > Allgemein > Automatisch ausfüllen & Passwörter.",
	} {
		if got := all.speak(tag).T("help.wrong_steps"); !strings.Contains(got, want) {
			t.Errorf("%s: %q does not contain %q", tag, got, want)
		}
	}
	if _, err := (settingPath{screens: []string{"Settings"}}).Screen(2); err == nil {
		t.Error("a screen that a path does not have is no error")
	}
}
