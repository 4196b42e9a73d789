package web

import (
	"golang.org/x/text/language"
	"golang.org/x/text/unicode/bidi"
)

// The marks that keep a piece of text with a direction of its own from disturbing the text around it: FIRST STRONG
// ISOLATE and POP DIRECTIONAL ISOLATE (Unicode UAX #9 §2.4). Unlike <bdi> they also work in attributes and titles.
const (
	isolateStart = "\u2068"
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
	against := bidi.RightToLeft
	if isRightToLeft(t.tag) {
		against = bidi.LeftToRight
	}
	for rest := value; rest != ""; {
		properties, size := bidi.LookupString(rest)
		if size == 0 {
			break
		}
		rest = rest[size:]
		if direction, strong := strongDirection(properties.Class()); strong && direction == against {
			return isolateStart + value + isolateEnd
		}
	}
	return value
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
