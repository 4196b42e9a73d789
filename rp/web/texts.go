package web

import (
	"embed"
	"errors"
	"fmt"
	"maps"
	"path"
	"strings"
	"time"

	"github.com/nicksnyder/go-i18n/v2/i18n"
	"go.yaml.in/yaml/v3"
	"golang.org/x/text/language"
	"golang.org/x/text/message"
	"golang.org/x/text/number"
)

//go:embed locales
var localeFiles embed.FS

// texts is every message in every language, with the words that all of them may use.
type texts struct {
	bundle  *i18n.Bundle
	matcher language.Matcher
	// tags are the languages that people can choose, English first; the pseudo-locale is not among them.
	tags       []language.Tag
	localizers map[language.Tag]*i18n.Localizer
	words      map[language.Tag]map[string]any
}

// commonWords are the placeholders that every message may use.
type commonWords struct{ Org, App string }

// loadTexts reads the embedded locale files, makes the pseudo-locale from the English one, and gives each language
// its words. English is the language of last resort.
func loadTexts(words commonWords) (*texts, error) {
	bundle := i18n.NewBundle(language.English)
	bundle.RegisterUnmarshalFunc("yaml", yaml.Unmarshal)
	entries, err := localeFiles.ReadDir("locales")
	if err != nil {
		return nil, err
	}
	for _, entry := range entries {
		if entry.IsDir() {
			continue
		}
		file, err := bundle.LoadMessageFileFS(localeFiles, path.Join("locales", entry.Name()))
		if err != nil {
			return nil, fmt.Errorf("%s: %w", entry.Name(), err)
		}
		if file.Tag == language.English {
			if err := bundle.AddMessages(pseudoLocale, pseudoMessages(file.Messages)...); err != nil {
				return nil, fmt.Errorf("pseudo-locale: %w", err)
			}
		}
	}
	t := &texts{bundle: bundle, localizers: map[language.Tag]*i18n.Localizer{}, words: map[language.Tag]map[string]any{}}
	paths, err := loadSettingPaths()
	if err != nil {
		return nil, err
	}
	for _, tag := range bundle.LanguageTags() {
		if tag != pseudoLocale {
			t.tags = append(t.tags, tag)
		}
		t.localizers[tag] = i18n.NewLocalizer(bundle, tag.String())
		speaker := &tongue{tag: tag}
		t.words[tag] = map[string]any{"Org": speaker.isolate(words.Org), "App": speaker.isolate(words.App), "OS": paths.in(tag)}
	}
	t.matcher = language.NewMatcher(t.tags)
	return t, nil
}

// match finds the language for one wish, a tag or the value of an Accept-Language header. The pseudo-locale is for
// those who ask for exactly it.
func (t *texts) match(wish string) (language.Tag, bool) {
	if wish == pseudoLocale.String() {
		return pseudoLocale, true
	}
	desired, _, err := language.ParseAcceptLanguage(wish)
	if err != nil || len(desired) == 0 {
		return language.Und, false
	}
	_, index, confidence := t.matcher.Match(desired...)
	return t.tags[index], confidence != language.No
}

// speak returns the texts in the language of the first wish that is one of ours, most wanted first, else English.
func (t *texts) speak(wishes ...string) *tongue {
	for _, wish := range wishes {
		if tag, ok := t.match(wish); ok {
			return t.tongue(tag)
		}
	}
	return t.tongue(t.tags[0])
}

func (t *texts) tongue(tag language.Tag) *tongue {
	return &tongue{texts: t, tag: tag, zone: time.UTC, localizer: t.localizers[tag]}
}

// digitsOf returns the tag to format numbers with. Arabic without a region counts in Latin digits in today's CLDR, and
// so in browsers, whose script counts down on the same pages; the older tables of golang.org/x/text do not know that.
func digitsOf(tag language.Tag) language.Tag {
	if base, _ := tag.Base(); base.String() == "ar" {
		return language.MustParse("ar-u-nu-latn")
	}
	return tag
}

// tongue is the texts in one language, for a reader in one time zone. It serves one request.
type tongue struct {
	texts     *texts
	tag       language.Tag
	zone      *time.Location
	localizer *i18n.Localizer
	writes    *message.Printer // numbers; see printer
}

// printer writes numbers. It is made for the first one: most answers have none.
func (t *tongue) printer() *message.Printer {
	if t.writes == nil {
		t.writes = message.NewPrinter(digitsOf(t.tag))
	}
	return t.writes
}

// Lang returns the language for the lang attribute.
func (t *tongue) Lang() string { return t.tag.String() }

// T returns the message of a key. Placeholders follow in pairs: name, value. A message may choose between words by
// a placeholder with {{if eq .Name "value"}}.
func (t *tongue) T(key string, pairs ...any) string { return t.message(key, nil, pairs) }

// N returns the message of a key in the plural form for the count, by the rules of CLDR for the language. The
// message may use the count as PluralCount.
func (t *tongue) N(key string, count int, pairs ...any) string {
	return t.message(key, count, append(pairs, "PluralCount", count))
}

// Lines returns a message that is a list, one item a line.
func (t *tongue) Lines(key string, pairs ...any) []string {
	return strings.Split(strings.TrimSpace(t.T(key, pairs...)), "\n")
}

// Has reports whether the key has a message in this very language.
func (t *tongue) Has(key string) bool {
	_, err := t.localizer.Localize(&i18n.LocalizeConfig{MessageID: key, TemplateData: t.texts.words[t.tag]})
	var missing *i18n.MessageNotFoundErr
	return !errors.As(err, &missing)
}

// Number returns a whole number with the grouping of the language.
func (t *tongue) Number(n int) string { return t.printer().Sprint(number.Decimal(n)) }

// plainNumber returns a number that is never grouped, such as a year.
func (t *tongue) plainNumber(n int) string {
	return t.printer().Sprint(number.Decimal(n, number.NoSeparator()))
}

// missingMark stands before a key that has no message, so that a page shows it and a test can find it.
const missingMark = "⟦"

func (t *tongue) message(key string, count any, pairs []any) string {
	data := maps.Clone(t.texts.words[t.tag])
	for i := 0; i+1 < len(pairs); i += 2 {
		data[fmt.Sprint(pairs[i])] = t.placeholder(pairs[i+1])
	}
	text, err := t.localizer.Localize(&i18n.LocalizeConfig{MessageID: key, TemplateData: data, PluralCount: count})
	if err != nil || strings.Contains(text, "<no value>") {
		return missingMark + key + "⟧"
	}
	return text
}

// placeholder prepares a value for a message: numbers as the language writes them, foreign scripts isolated.
func (t *tongue) placeholder(value any) any {
	switch value := value.(type) {
	case int:
		return t.Number(value)
	case string:
		return t.isolate(value)
	}
	return value
}
