package web

import (
	"golang.org/x/text/language"
	"golang.org/x/text/unicode/bidi"
)

// The marks that keep a piece of text with a direction of its own from disturbing the text around it: FIRST STRONG
// ISOLATE, LEFT-TO-RIGHT ISOLATE, RIGHT-TO-LEFT ISOLATE and POP DIRECTIONAL ISOLATE (Unicode UAX #9 §2.4). Unlike <bdi>
// they also work in attributes and titles.
const (
	isolateStart = "\u2068"
	isolateLTR   = "\u2066"
	isolateRTL   = "\u2067"
	isolateEnd   = "\u2069"
)

// Dir returns the writing direction for the dir attribute, by the language's script.
func (t *tongue) Dir() string {
	if isRightToLeft(t.tag) {
		return "rtl"
	}
	return "ltr"
}

func isRightToLeft(tag language.Tag) bool {
	script, _ := tag.Script()
	switch script.String() {
	case "Arab", "Hebr", "Syrc", "Thaa", "Nkoo", "Adlm":
		return true
	}
	return false
}

// isolate wraps a value that a message takes in, if it holds letters that run against the language. Names that run
// along with it stay as they are.
func (t *tongue) isolate(value string) string {
	_, against, mixed := t.runs(value)
	switch {
	case mixed && isRightToLeft(t.tag):
		return isolateRTL + value + isolateEnd
	case mixed:
		return isolateLTR + value + isolateEnd
	case against:
		return isolateStart + value + isolateEnd
	}
	return value
}

// DirOf returns what the dir attribute of a name is to be. Its first letter decides, unless letters of both directions
// are in it: "Larkspur ID على Android" begins with a Latin name, and is an Arabic phrase all the same. Such a name runs as the
// page does.
func (t *tongue) DirOf(name string) string {
	if _, _, mixed := t.runs(name); mixed {
		return t.Dir()
	}
	return "auto"
}

// runs reports whether a text holds letters that run along with the language, or against it, or both.
func (t *tongue) runs(text string) (along, against, mixed bool) {
	opposite := bidi.RightToLeft
	if isRightToLeft(t.tag) {
		opposite = bidi.LeftToRight
	}
	for rest := text; rest != ""; {
		properties, size := bidi.LookupString(rest)
		if size == 0 {
			break
		}
		rest = rest[size:]
		if direction, strong := strongDirection(properties.Class()); strong {
			against = against || direction == opposite
			along = along || direction != opposite
		}
	}
	return along, against, along && against
}

func strongDirection(class bidi.Class) (bidi.Direction, bool) {
	switch class {
	case bidi.L:
		return bidi.LeftToRight, true
	case bidi.R, bidi.AL:
		return bidi.RightToLeft, true
	}
	return bidi.Neutral, false
}
