package web

import (
	"embed"
	"errors"
	"fmt"
	"maps"
	"strings"
	"time"

	"github.com/nicksnyder/go-i18n/v2/i18n"
	"go.yaml.in/yaml/v3"
	"golang.org/x/text/language"
)

//go:embed locales
var localeFiles embed.FS

// texts is every message in every language, with the words that all of them may use.
type texts struct {
	bundle  *i18n.Bundle
	matcher language.Matcher
	tags    []language.Tag
	words   map[string]any
}

// commonWords are the placeholders that every message may use.
type commonWords struct{ Org, App string }

// loadTexts reads the embedded locale files. English is the language of last resort.
func loadTexts(words commonWords) (*texts, error) {
	bundle := i18n.NewBundle(language.English)
	bundle.RegisterUnmarshalFunc("yaml", yaml.Unmarshal)
	entries, err := localeFiles.ReadDir("locales")
	if err != nil {
		return nil, err
	}
	for _, entry := range entries {
		if _, err := bundle.LoadMessageFileFS(localeFiles, "locales/"+entry.Name()); err != nil {
			return nil, fmt.Errorf("%s: %w", entry.Name(), err)
		}
	}
	tags := bundle.LanguageTags()
	return &texts{bundle: bundle, matcher: language.NewMatcher(tags), tags: tags,
		words: map[string]any{"Org": words.Org, "App": words.App}}, nil
}

// speak returns the texts in the best language for the wishes, most wanted first: the lng parameter, then the
// browser's Accept-Language.
func (t *texts) speak(wishes ...string) *tongue {
	_, index := language.MatchStrings(t.matcher, wishes...)
	tag := t.tags[index]
	return &tongue{texts: t, tag: tag, localizer: i18n.NewLocalizer(t.bundle, tag.String())}
}

// tongue is the texts in one language.
type tongue struct {
	texts     *texts
	tag       language.Tag
	localizer *i18n.Localizer
}

// Lang returns the language for the lang attribute.
func (t *tongue) Lang() string { return t.tag.String() }

// Dir returns the writing direction for the dir attribute, by the language's script.
func (t *tongue) Dir() string {
	script, _ := t.tag.Script()
	switch script.String() {
	case "Arab", "Hebr", "Syrc", "Thaa", "Nkoo", "Adlm":
		return "rtl"
	}
	return "ltr"
}

// T returns the message of a key. Placeholders follow in pairs: name, value.
func (t *tongue) T(key string, pairs ...any) string { return t.message(key, nil, pairs) }

// N returns the message of a key in the plural form for the count, which the message may use as PluralCount.
func (t *tongue) N(key string, count int, pairs ...any) string {
	return t.message(key, count, append(pairs, "PluralCount", count))
}

// Lines returns a message that is a list, one item a line.
func (t *tongue) Lines(key string, pairs ...any) []string {
	return strings.Split(strings.TrimSpace(t.T(key, pairs...)), "\n")
}

// Has reports whether the key has a message.
func (t *tongue) Has(key string) bool {
	_, err := t.localizer.Localize(&i18n.LocalizeConfig{MessageID: key, TemplateData: t.texts.words})
	var missing *i18n.MessageNotFoundErr
	return !errors.As(err, &missing)
}

// missingMark stands before a key that has no message, so that a page shows it and a test can find it.
const missingMark = "⟦"

func (t *tongue) message(key string, count any, pairs []any) string {
	data := maps.Clone(t.texts.words)
	for i := 0; i+1 < len(pairs); i += 2 {
		data[fmt.Sprint(pairs[i])] = pairs[i+1]
	}
	text, err := t.localizer.Localize(&i18n.LocalizeConfig{MessageID: key, TemplateData: data, PluralCount: count})
	if err != nil || strings.Contains(text, "<no value>") {
		return missingMark + key + "⟧"
	}
	return text
}

// Date returns a day as the language writes it.
func (t *tongue) Date(at time.Time) string {
	at = at.UTC()
	return t.T("date.long", "Month", t.T(fmt.Sprintf("date.month_%d", at.Month())), "Day", at.Day(), "Year", at.Year())
}

// Ago returns how many days, months or years lie between two instants.
func (t *tongue) Ago(at, now time.Time) string {
	const day = 24 * time.Hour
	days := int(now.UTC().Truncate(day).Sub(at.UTC().Truncate(day)) / day)
	switch {
	case days <= 0:
		return t.T("date.today")
	case days == 1:
		return t.T("date.yesterday")
	case days < 60:
		return t.N("date.days", days)
	case days < 730:
		return t.N("date.months", days/30)
	default:
		return t.N("date.years", days/365)
	}
}

// Wait returns a length of time in words, rounded up to whole minutes above one.
func (t *tongue) Wait(d time.Duration) string {
	if d > time.Minute {
		return t.N("date.minutes_word", int((d+time.Minute-1)/time.Minute))
	}
	return t.N("date.seconds_word", max(1, int((d+time.Second-1)/time.Second)))
}
