package web

import (
	"math"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

func stylesheet(t *testing.T) string {
	t.Helper()
	raw, err := os.ReadFile("static/style.css")
	if err != nil {
		t.Fatal(err)
	}
	return regexp.MustCompile(`(?s)/\*.*?\*/`).ReplaceAllString(string(raw), "")
}

// physical finds declarations that name a side or an axis of the screen instead of one of the text.
var physical = regexp.MustCompile(`(?m)(?:^|[;{\s])((?:margin|padding|border|inset|scroll-margin|scroll-padding)-(?:left|right|top|bottom)[a-z-]*|left|right|top|bottom|(?:min-|max-)?(?:width|height)|border-(?:top|bottom)-(?:left|right)-radius)\s*:\s*[^;}]+|(?:float|clear|text-align|caption-side)\s*:\s*(?:left|right)`)

// TestLayoutIsLogical: a page of a language that runs from right to left mirrors by itself.
func TestLayoutIsLogical(t *testing.T) {
	css := regexp.MustCompile(`@media[^{]*`).ReplaceAllString(stylesheet(t), "@media ")
	for _, found := range physical.FindAllString(css, -1) {
		t.Errorf("%q is not logical", strings.TrimSpace(found))
	}
	for _, bad := range []string{"a { margin-left: 1rem; }", "a{float:right}", "a { text-align: left }", "a { width: 3px }", "a { top: 0; }", "a { border-top-left-radius: 0 }"} {
		if !physical.MatchString(bad) {
			t.Errorf("the search does not find %q", bad)
		}
	}
	if physical.MatchString("a { margin-inline: 1px; inline-size: 2px; border-block-start: 1px solid; text-align: start; line-height: 1 }") {
		t.Error("the search finds logical properties")
	}
}

// variablesOf reads the colours of the stylesheet: name → light and dark.
func variablesOf(t *testing.T) map[string][2]string {
	t.Helper()
	found := map[string][2]string{}
	for _, m := range regexp.MustCompile(`--([a-z-]+): light-dark\((#[0-9a-f]{6}), (#[0-9a-f]{6})\)`).FindAllStringSubmatch(stylesheet(t), -1) {
		if _, twice := found[m[1]]; !twice {
			found[m[1]] = [2]string{m[2], m[3]}
		}
	}
	return found
}

// luminance is relative luminance (WCAG 2.2).
func luminance(t *testing.T, colour string) float64 {
	t.Helper()
	n, err := strconv.ParseUint(strings.TrimPrefix(colour, "#"), 16, 32)
	if err != nil {
		t.Fatal(err)
	}
	part := func(shift uint) float64 {
		c := float64(n>>shift&0xff) / 255
		if c <= 0.04045 {
			return c / 12.92
		}
		return math.Pow((c+0.055)/1.055, 2.4)
	}
	return 0.2126*part(16) + 0.7152*part(8) + 0.0722*part(0)
}

func contrast(t *testing.T, a, b string) float64 {
	t.Helper()
	la, lb := luminance(t, a), luminance(t, b)
	return (max(la, lb) + 0.05) / (min(la, lb) + 0.05)
}

// TestContrast is WCAG 2.2 success criteria 1.4.3 and 1.4.11, in both themes.
func TestContrast(t *testing.T) {
	if got := contrast(t, "#000000", "#ffffff"); math.Abs(got-21) > 0.01 {
		t.Fatalf("black on white has %.2f", got)
	}
	colours := variablesOf(t)
	const text, part = 4.5, 3.0
	check := func(least float64, foregrounds, backgrounds string) {
		t.Helper()
		for front := range strings.FieldsSeq(foregrounds) {
			for back := range strings.FieldsSeq(backgrounds) {
				for theme, name := range [2]string{"light", "dark"} {
					f, b := colours[front][theme], colours[back][theme]
					if f == "" || b == "" {
						t.Errorf("no colour %s or %s", front, back)
						continue
					}
					if got := contrast(t, f, b); got < least {
						t.Errorf("%s: --%s on --%s has %.2f, wants %.1f", name, front, back, got, least)
					}
				}
			}
		}
	}
	surfaces := "ground surface sunken"
	softs := "accent-soft good-soft warn-soft bad-soft"
	check(text, "text quiet", surfaces+" "+softs)
	check(text, "accent accent-strong", surfaces+" "+softs)
	check(text, "bad", surfaces+" bad-soft warn-soft")
	check(text, "warn", surfaces+" warn-soft accent-soft")
	check(text, "good", surfaces+" good-soft")
	check(text, "on-accent", "accent accent-strong")
	check(text, "on-bad", "bad bad-strong")
	check(part, "edge focus", surfaces+" "+softs)
	check(part, "accent good warn bad", surfaces)
}

// TestColoursAreVariables: every colour outside :root is a variable or one of a pair, so that both themes have it.
func TestColoursAreVariables(t *testing.T) {
	css := stylesheet(t)
	css = regexp.MustCompile(`light-dark\((?:[^()]|\([^()]*\))*\)`).ReplaceAllString(css, "")
	css = regexp.MustCompile(`(?s)@media print.*`).ReplaceAllString(css, "")
	for _, found := range regexp.MustCompile(`[^{};]*#[0-9a-fA-F]{3,8}\b[^;}]*`).FindAllString(css, -1) {
		if strings.Contains(found, "background: #fff") { // a QR code is dark on light in both themes
			continue
		}
		t.Errorf("%q is the same in both themes", strings.TrimSpace(found))
	}
}

// TestRightToLeftIcons: every icon that points along the text is mirrored with it.
func TestRightToLeftIcons(t *testing.T) {
	css := stylesheet(t)
	for _, selector := range []string{`[dir="rtl"] .icon-sign-out`, `:lang(ar) .icon-help`, `[dir="rtl"] summary::before`} {
		if !strings.Contains(css, selector) {
			t.Errorf("nothing mirrors %s", selector)
		}
	}
}
