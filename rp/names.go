package rp

import (
	"context"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/rivo/uniseg"
	"golang.org/x/text/unicode/norm"
)

// MaxName is how many characters, counted as people see them, a passkey's name may have.
const MaxName = 64

// maxNameRunes bounds what one visible character may be made of: a name is not a place to store a novel in
// combining marks.
const maxNameRunes = 8 * MaxName

// checkName returns the name as it is kept (trimmed, composed), or the field error. What goes in comes out:
// nothing is escaped here, pages do that.
func checkName(name string) (string, error) {
	if !utf8.ValidString(name) {
		return "", &FieldError{Field: "name", Problem: ProblemForbidden}
	}
	name = norm.NFC.String(strings.TrimSpace(name))
	switch {
	case !hasVisible(name):
		return "", &FieldError{Field: "name", Problem: ProblemEmpty}
	case hasForbidden(name):
		return "", &FieldError{Field: "name", Problem: ProblemForbidden}
	case visibleLength(name) > MaxName || utf8.RuneCountInString(name) > maxNameRunes:
		return "", &FieldError{Field: "name", Problem: ProblemTooLong, Max: MaxName}
	}
	return name, nil
}

// hasForbidden finds control characters, line breaks and the bidirectional embeddings, overrides and isolates
// that can make text read as something else (Unicode UAX #9). The marks LRM, RLM and ALM stay allowed: names in
// Hebrew and Arabic need them.
func hasForbidden(s string) bool {
	return strings.ContainsFunc(s, func(r rune) bool {
		switch {
		case r >= '\u202a' && r <= '\u202e', r >= '\u2066' && r <= '\u2069':
			return true
		case r == '\ufeff' || r == '\ufffe' || r == '\uffff':
			return true
		}
		return unicode.In(r, unicode.Cc, unicode.Zl, unicode.Zp, unicode.Cs)
	})
}

// hasVisible reports whether anything of s can be seen.
func hasVisible(s string) bool {
	return strings.ContainsFunc(s, func(r rune) bool {
		return !unicode.IsSpace(r) && !unicode.Is(unicode.Cf, r) && !unicode.Is(unicode.M, r) && r != '\u3164' && r != '\u2800'
	})
}

// visibleLength counts characters as people see them: extended grapheme clusters (Unicode UAX #29), so that a letter
// with its marks, a family of emoji or a flag is one.
func visibleLength(s string) int { return uniseg.GraphemeClusterCount(s) }

// sameName compares names the way people tell them apart.
func sameName(a, b string) bool { return foldName(a) == foldName(b) }

// freeName returns name, or name with the first number that no other passkey of the user has: "Phone", "Phone 2".
// except is the id of the passkey that is being named.
func freeName(name string, list []Credential, except []byte) string {
	taken := func(candidate string) bool {
		for i := range list {
			if string(list[i].ID) != string(except) && sameName(list[i].Name, candidate) {
				return true
			}
		}
		return false
	}
	candidate := name
	for n := 2; taken(candidate); n++ {
		suffix := " " + strconv.Itoa(n)
		candidate = shorten(name, MaxName-len(suffix)) + suffix
	}
	return candidate
}

// shorten cuts name to at most n visible characters, between characters.
func shorten(name string, n int) string {
	end, state := 0, -1
	for rest := name; rest != "" && n > 0; n-- {
		var cluster string
		cluster, rest, _, state = uniseg.FirstGraphemeClusterInString(rest, state)
		end += len(cluster)
	}
	return strings.TrimSpace(name[:end])
}

// NewPasskey is what is known about a passkey that has no name yet.
type NewPasskey struct {
	// Provider is its provider's name, "" when unknown.
	Provider    string
	SecurityKey bool
	// OS is the system of the phone that it was made on, "" for none or unknown.
	OS PhoneOS
}

// Naming names a new passkey in its user's language, until the user says otherwise.
type Naming func(NewPasskey) string

type namingKey struct{}

// WithNaming makes registrations under ctx use the naming; without one they are named in English.
func WithNaming(ctx context.Context, naming Naming) context.Context {
	return context.WithValue(ctx, namingKey{}, naming)
}

// defaultName is what a new passkey is called: the provider's name and the phone's family, as far as they are known.
func defaultName(ctx context.Context, provider Provider, c *Credential, os PhoneOS) string {
	naming, ok := ctx.Value(namingKey{}).(Naming)
	if !ok {
		naming = englishName
	}
	name, err := checkName(shorten(naming(NewPasskey{Provider: provider.Name, SecurityKey: isSecurityKey(c.Transports), OS: os}), MaxName))
	if err != nil {
		return englishName(NewPasskey{})
	}
	return name
}

func englishName(p NewPasskey) string {
	switch {
	case p.Provider == "" && p.SecurityKey:
		return "Security key"
	case p.Provider == "":
		p.Provider = "Passkey"
	}
	return p.Provider + map[PhoneOS]string{Android: " on Android", IOS: " on iPhone"}[p.OS]
}
