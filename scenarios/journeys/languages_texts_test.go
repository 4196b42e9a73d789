package journeys

import (
	"context"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	. "github.com/onsi/ginkgo/v2"
	"github.com/onsi/gomega"
	"go.yaml.in/yaml/v3"

	"github.com/passkeylab/passkeylab/harness/browser"
	"github.com/passkeylab/passkeylab/harness/page"
)

// This file tells in which language a text is, by the files that the texts come from.

// leftovers finds texts of one language on a page in another.
type leftovers struct {
	plain    map[string]bool  // texts without placeholders
	patterns []*regexp.Regexp // texts with some
}

// foreign prepares the texts of a language that the other one never says.
func foreign(of, in string) (leftovers, error) {
	theirs, err := messages(of)
	if err != nil {
		return leftovers{}, err
	}
	ours, err := messages(in)
	if err != nil {
		return leftovers{}, err
	}
	found := leftovers{plain: map[string]bool{}}
	for _, text := range theirs {
		switch {
		case slices.Contains(ours, text):
		case !strings.Contains(text, "{"):
			found.plain[text] = true
		default:
			if pattern := asPattern(text); pattern != nil {
				found.patterns = append(found.patterns, pattern)
			}
		}
	}
	return found, nil
}

// has reports whether a text is one of them.
func (l leftovers) has(text string) bool {
	return l.plain[text] || slices.ContainsFunc(l.patterns, func(p *regexp.Regexp) bool { return p.MatchString(text) })
}

var placeholder = regexp.MustCompile(`{{.*?}}|{[a-z]+}`)

// asPattern makes a pattern of a text with placeholders; nil when too little of it is words to tell its language.
func asPattern(text string) *regexp.Regexp {
	parts := placeholder.Split(text, -1)
	if !regexp.MustCompile(`\pL{3}`).MatchString(strings.Join(parts, " ")) {
		return nil
	}
	for i := range parts {
		parts[i] = regexp.QuoteMeta(parts[i])
	}
	return regexp.MustCompile("^" + strings.Join(parts, ".+") + "$")
}

// messages are all texts of a locale file, line by line.
func messages(tag string) ([]string, error) {
	raw, err := os.ReadFile("../../rp/web/locales/" + tag + ".yaml")
	if err != nil {
		return nil, err
	}
	var tree map[string]any
	if err := yaml.Unmarshal(raw, &tree); err != nil {
		return nil, err
	}
	var all []string
	var walk func(node any)
	walk = func(node any) {
		if inner, ok := node.(map[string]any); ok {
			for _, value := range inner {
				walk(value)
			}
			return
		}
		for line := range strings.Lines(fmt.Sprint(node)) {
			all = append(all, strings.Join(strings.Fields(line), " "))
		}
	}
	walk(tree)
	return all, nil
}

func TestEnglishIsToldFromGerman(t *testing.T) {
	readsTheSource(t)
	english, err := foreign("en", "de")
	if err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string]bool{
		"Cancel": true, "Delete Larkspur ID on Android": true, "You have 10 passkeys, which is the limit. Delete one to add another.": true,
		"Abbrechen": false, "Larkspur ID auf Android löschen": false, "Passkeys": false, "Larkspur ID": false, "Details": false, "27. November 2026 (heute)": false,
	} {
		if got := english.has(text); got != want {
			t.Errorf("%q: %v, want %v", text, got, want)
		}
	}
	if len(english.plain) < 300 || len(english.patterns) < 60 {
		t.Errorf("only %d texts and %d patterns are known", len(english.plain), len(english.patterns))
	}
}

// narrowest is a small phone, where a button is the first to clip.
var narrowest = browser.Size{Width: 320, Height: 568}

// findsFitting finds, at two widths, that no control clips its text and nothing reaches over the window.
func (p *Person) findsFitting(name string) []string {
	GinkgoHelper()
	var found []string
	before := p.Page.Emulated()
	p.quietly("measures "+name, func(ctx context.Context) error {
		for _, window := range []browser.Size{{Width: 1280, Height: 800}, narrowest} {
			seen := before
			seen.Viewport = window
			if err := p.Page.Emulate(ctx, seen); err != nil {
				return err
			}
			layout, err := page.ReadLayout(ctx, p.Page)
			if err != nil {
				return err
			}
			for _, control := range layout.Clipped {
				found = append(found, fmt.Sprintf("%s, %d wide: the text of %s is clipped", name, window.Width, control))
			}
			for _, element := range layout.Beyond {
				found = append(found, fmt.Sprintf("%s, %d wide: %s reaches over the window", name, window.Width, element))
			}
		}
		return p.Page.Emulate(ctx, before)
	})
	return found
}

// isIn finds, without a step of its own, that the screen is in a language.
func (p *Person) isIn(tag string) {
	GinkgoHelper()
	p.quietly("reads in "+tag, func(ctx context.Context) error {
		layout, err := page.ReadLayout(ctx, p.Page)
		if err != nil {
			return err
		}
		return holds("the language", layout.Lang, gomega.Equal(tag))
	})
}

// readsTexts returns the texts of the screen that fit.
func (p *Person) readsTexts(name string, fits func(string) bool) []string {
	GinkgoHelper()
	var found []string
	p.quietly("reads "+name, func(ctx context.Context) error {
		texts, err := page.Texts(ctx, p.Page)
		if err != nil {
			return err
		}
		if err := holds("the texts of "+name, texts, gomega.HaveLen(max(5, len(texts)))); err != nil {
			return err
		}
		for _, text := range texts {
			if fits(text) {
				found = append(found, fmt.Sprintf("%s: %q", name, text))
			}
		}
		return nil
	})
	return found
}

// quietly does something that is worth no step of its own.
func (p *Person) quietly(what string, do func(context.Context) error) {
	GinkgoHelper()
	ctx, cancel := context.WithTimeout(p.ctx, house.config.Suite.StepTimeout)
	defer cancel()
	if err := do(ctx); err != nil {
		p.fail(ctx, what, err)
	}
}

// isMarked reports whether a text comes from the pseudo-locale: it stands in brackets, or is made of such texts.
func isMarked(text string) bool {
	return strings.HasPrefix(text, "[") && strings.HasSuffix(text, "]")
}
