package reports

import (
	"bytes"
	"encoding/json"
	"fmt"
	"html/template"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// viewFuncs are the small words of the template.
func viewFuncs() template.FuncMap {
	return template.FuncMap{
		"short":    short,
		"language": languageName,
		"count":    count,
		"clock":    func(t time.Time) string { return t.UTC().Format("15:04:05.000") },
		"date":     func(t time.Time) string { return t.UTC().Format("2 January 2006, 15:04:05 UTC") },
		"iso":      func(t time.Time) string { return t.UTC().Format(time.RFC3339) },
		"href":     href,
		"page":     pageLine,
		"evidence": evidence,
		"clip":     clip,
		"saysAll":  (*Failure).saysItAll,
		"pretty":   pretty,
		"brief":    brief,
		"capital":  capital,
		"join":     strings.Join,
		"upper":    strings.ToUpper,
		"percent":  func(p float64) template.CSS { return template.CSS(strconv.FormatFloat(p, 'f', 2, 64) + "%") },
		"outcome":  networkOutcome,
		"yesno":    yesNo,
		"hexes":    hexGroups,
		"dict":     dict,
	}
}

// clip cuts a text for the page; the stored run has all of it.
func clip(text string, limit int) string {
	if len(text) <= limit {
		return text
	}
	return strings.ToValidUTF8(text[:limit], "") + fmt.Sprintf("\n… %d more bytes in the stored run", len(text)-limit)
}

// brief keeps the beginning of a text, as one line, up to a number of characters.
func brief(text string, limit int) string {
	text = strings.Join(strings.Fields(text), " ")
	if letters := []rune(text); len(letters) > limit {
		return strings.TrimSpace(string(letters[:limit-1])) + "…"
	}
	return text
}

// capital writes the first letter large, except in our own name, which has none.
func capital(name string) string {
	if name == "passkeylab" {
		return name
	}
	first, size := utf8.DecodeRuneInString(name)
	return string(unicode.ToUpper(first)) + name[size:]
}

// pretty indents JSON, keeping the order of its members, and leaves other text alone.
func pretty(text string) string {
	var b bytes.Buffer
	if json.Indent(&b, []byte(text), "", "  ") != nil {
		return text
	}
	return b.String()
}

func yesNo(value *bool) string {
	switch {
	case value == nil:
		return "not given"
	case *value:
		return "yes"
	}
	return "no"
}

// hexGroups puts a space after every fourth byte, where a line may break.
func hexGroups(hex string) string {
	return strings.Join(slices.Collect(func(yield func(string) bool) {
		for part := range slices.Chunk([]byte(hex), 8) {
			if !yield(string(part)) {
				return
			}
		}
	}), " ")
}

// dict hands several values to a sub-template.
func dict(pairs ...any) (map[string]any, error) {
	m := map[string]any{}
	for i := 0; i+1 < len(pairs); i += 2 {
		name, ok := pairs[i].(string)
		if !ok {
			return nil, fmt.Errorf("dict: %v is no name", pairs[i])
		}
		m[name] = pairs[i+1]
	}
	return m, nil
}
