package page

import (
	"regexp"
	"strconv"
	"strings"
	"testing"
)

func TestEveryPartOfThePhonesPageStandsInItsTemplates(t *testing.T) {
	pages := sources(t, "../../virtualauth/phone/screen/templates/*.html")
	for name, value := range constants(t, "PhonePart") {
		if want := markOf(t, value); !strings.Contains(pages, want) {
			t.Errorf("%s: no template has %s", name, want)
		}
	}
	for _, attribute := range []string{"data-revision", "data-screen", "data-state", "data-skin", "data-title", "data-text", "data-busy"} {
		if !strings.Contains(pages, attribute) {
			t.Errorf("no template has %s", attribute)
		}
	}
}

// markOf is what a template has for a selector: an id, or an attribute.
func markOf(t *testing.T, selector string) string {
	t.Helper()
	if id, is := strings.CutPrefix(selector, "#"); is {
		return ` id="` + id + `"`
	}
	attribute := regexp.MustCompile(`^\[([a-z-]+)(=%q)?\]$`).FindStringSubmatch(selector)
	if attribute == nil {
		t.Fatalf("%s is neither an id nor an attribute", selector)
	}
	return " " + attribute[1]
}

func TestEveryScreenOfThePhoneIsOneThatItHas(t *testing.T) {
	phone := sources(t, "../../virtualauth/phone/view.go")
	for name, value := range constants(t, "PhoneScreen") {
		if !strings.Contains(phone, "Screen = "+strconv.Quote(value)+"\n") {
			t.Errorf("%s: the phone has no screen %q", name, value)
		}
	}
}
