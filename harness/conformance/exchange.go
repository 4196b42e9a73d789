package conformance

import (
	"encoding/hex"
	"fmt"
	"time"
	"unicode/utf8"

	"github.com/passkeylab/passkeylab/reports"
)

// DefaultKeep is how many bytes of a message are kept when nothing else is said: more than the longest honest one.
const DefaultKeep = 16 << 10

// maxExchanges bounds what one trial keeps; cases with many more exchanges are floods.
const maxExchanges = 200

// Exchange is one question to the subject and its answer.
type Exchange struct {
	// Number counts the trial's exchanges from 1.
	Number int
	At     time.Time
	Took   time.Duration
	// Purpose says in a few words what the case was doing: "honest control: options".
	Purpose string
	// Method and URL are of what was asked over HTTP; Title is what else it was, such as a command of CTAP.
	Method, URL, Title string
	Sent, Got          Message
	// Status is the answer's, as text: "400 Bad Request", or "" for no answer.
	Status string
	// Outcome is what the subject's adapter made of it, in a word.
	Outcome string
	// Problem says what was wrong with the answer, or why there is none.
	Problem string
}

// Message is what went one way.
type Message struct {
	// Head are header lines, "Name: value", as many as fit into what was to be kept.
	Head []string
	// Body is at most as long as was to be kept; Length is how long it was.
	Body   []byte
	Length int
}

func (m Message) bounded(most int) Message {
	m.Length = max(m.Length, len(m.Body))
	m.Body = append([]byte(nil), m.Body[:min(len(m.Body), most)]...)
	total := 0
	for i, line := range m.Head {
		if total += len(line); total > most {
			m.Head = append(m.Head[:i:i], fmt.Sprintf("… and %d more", len(m.Head)-i))
			break
		}
	}
	return m
}

// Text is the body as text where it is text, else its bytes in hexadecimal.
func (m Message) Text() string {
	text := string(m.Body)
	if !utf8.ValidString(text) && m.Length == len(m.Body) {
		return hex.EncodeToString(m.Body)
	}
	if m.Length > len(m.Body) {
		text = string([]rune(text)) + "…"
	}
	return text
}

// name is what the exchange is called in a report.
func (e Exchange) name() string {
	if e.Title != "" {
		return e.Title
	}
	return e.Method + " " + e.URL
}

// report turns an exchange into the two messages of a report.
func (e Exchange) report() []reports.Exchange {
	sent := reports.Exchange{
		At: e.At, Layer: reports.LayerHTTP, Direction: "request", Title: e.name(), Length: e.Sent.Length, Text: e.Sent.Text(), Purpose: e.Purpose, Head: e.Sent.Head,
	}
	got := reports.Exchange{
		At: e.At.Add(e.Took), Layer: reports.LayerHTTP, Direction: "response", Title: e.Status + " (" + e.Outcome + ")", Length: e.Got.Length,
		Text: e.Got.Text(), Problem: e.Problem, Head: e.Got.Head,
	}
	return []reports.Exchange{sent, got}
}
