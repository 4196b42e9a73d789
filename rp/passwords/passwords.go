// Package passwords knows which passwords somebody else would try first: those that very many people have, as known from
// breaches (Frequent), and those that are made of the words around an account (MadeOf): the organisation, its products, the user
// name. It asks for no kinds of characters. NIST SP 800-63B-4 §3.1.1.2, OWASP ASVS 5.0.0 §6.2.
package passwords

import (
	_ "embed"
	"slices"
	"strings"
	"unicode"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
)

// frequent is one password a line in small letters, those that most people had first. All have 8 characters or more: shorter
// ones are refused for that.
//
//go:embed frequent.txt
var frequent string

// Frequent reports whether the password is one of the ten thousand most frequent ones. Case does not make one less so.
func Frequent(password string) bool {
	folded := fold(password)
	return folded != "" && !strings.Contains(folded, "\n") && strings.Contains("\n"+frequent, "\n"+folded+"\n")
}

func fold(text string) string { return cases.Fold().String(norm.NFKC.String(text)) }

// minOwn is how many letters of a password's own must be left when the words are taken out of it, and minWord how long a word
// must be to count: shorter ones are in everything.
const (
	minOwn  = 4
	minWord = 3
)

// MadeOf reports whether little is left of the password without the words: less than four letters. Digits and signs are not
// counted, because they are what people add to a word, but are also read as the letters that they are often written for.
func MadeOf(password string, words []string) bool {
	folded := fold(password)
	return madeOf(letters(folded), words) || madeOf(letters(unleet.Replace(folded)), words)
}

// unleet reads digits and signs as the letters that they look like.
var unleet = strings.NewReplacer("0", "o", "1", "i", "3", "e", "4", "a", "5", "s", "7", "t", "@", "a", "$", "s", "!", "i")

func madeOf(own string, words []string) bool {
	all := len([]rune(own))
	for _, word := range split(words) {
		own = strings.ReplaceAll(own, word, "")
	}
	left := len([]rune(own))
	return left < all && left < minOwn
}

// split returns the single words in letters, the longest first, so that one that has another within it is found whole.
func split(words []string) (all []string) {
	for _, text := range words {
		parts := strings.FieldsFunc(fold(text), func(r rune) bool { return !unicode.IsLetter(r) })
		for _, part := range append(parts, strings.Join(parts, "")) {
			if len([]rune(part)) >= minWord {
				all = append(all, part)
			}
		}
	}
	slices.SortFunc(all, func(a, b string) int { return len(b) - len(a) })
	return all
}

// letters drops what is no letter.
func letters(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) {
			return r
		}
		return -1
	}, text)
}
