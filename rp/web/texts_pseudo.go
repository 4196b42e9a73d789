package web

import (
	"regexp"
	"strings"
	"unicode"

	"github.com/nicksnyder/go-i18n/v2/i18n"
	"golang.org/x/text/language"
)

// pseudoLocale is English made strange: every letter has an accent, every text stands in brackets and is longer by
// two fifths. A page shown in it tells at a glance which text does not come from the locale files, which is cut off
// and which is joined from pieces. It is made from the English file at load, never written by hand.
var pseudoLocale = language.MustParse("en-XA")

// The brackets around each pseudo text.
const (
	pseudoStart = "["
	pseudoEnd   = "]"
)

// pseudoMessages makes the messages of the pseudo-locale.
func pseudoMessages(messages []*i18n.Message) []*i18n.Message {
	made := make([]*i18n.Message, 0, len(messages))
	for _, m := range messages {
		made = append(made, &i18n.Message{ID: m.ID, One: pseudo(m.One), Other: pseudo(m.Other)})
	}
	return made
}

// held are the parts of a message that must stay as they are: placeholders of the server and of the script.
var held = regexp.MustCompile(`(?s){{.*?}}|{[a-z]+}`)

// pseudo changes one message; each line of a list is a text of its own.
func pseudo(text string) string {
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		if strings.TrimSpace(line) != "" {
			lines[i] = pseudoLine(line)
		}
	}
	return strings.Join(lines, "\n")
}

func pseudoLine(line string) string {
	var made strings.Builder
	made.WriteString(pseudoStart)
	letters, last := 0, 0
	change := func(part string) {
		for _, r := range part {
			if unicode.IsLetter(r) {
				letters++
			}
			made.WriteRune(accent(r))
		}
	}
	for _, at := range held.FindAllStringIndex(line, -1) {
		change(line[last:at[0]])
		made.WriteString(line[at[0]:at[1]])
		last = at[1]
	}
	change(line[last:])
	if growth := (letters*2 + 4) / 5; growth > 0 {
		made.WriteString(" " + padding(growth))
	}
	made.WriteString(pseudoEnd)
	return made.String()
}

// padding is n letters in words, so that lines may break in it.
func padding(n int) string {
	var made strings.Builder
	for i := range n {
		if i > 0 && i%6 == 0 {
			made.WriteByte(' ')
		}
		made.WriteRune('ẋ')
	}
	return made.String()
}

const (
	plainLetters    = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
	accentedLetters = "ȧƀƈḓḗƒɠħīĵķŀḿƞǿƥɋřşŧŭṽẇẋẏẑȦƁƇḒḖƑƓĦĪĴĶĿḾȠǾƤɊŘŞŦŬṼẆẊẎẐ"
)

func accent(r rune) rune {
	i := strings.IndexRune(plainLetters, r)
	if i < 0 {
		return r
	}
	return []rune(accentedLetters)[i]
}
