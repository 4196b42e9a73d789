package subject

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"unicode/utf8"
)

func itoa(n int) string { return strconv.Itoa(n) }

// maxWords bounds what is kept of a server's own words.
const maxWords = 500

// read reads an answer's body within the limit.
func (a *Answer) read(body io.Reader, limit int) {
	limited := io.LimitReader(body, int64(limit)+1)
	var err error
	a.Body, err = io.ReadAll(limited)
	switch {
	case len(a.Body) > limit:
		a.Body = a.Body[:limit]
		a.Outcome, a.Err = TooLarge, errors.New("the body is longer than "+itoa(limit)+" bytes")
	case err != nil:
		a.fail(err)
	}
}

// judge decides what a complete answer means under FIDO's API.
func (a *Answer) judge() {
	a.Members = object(a.Body)
	said := text(a.Members["status"])
	a.Message = a.words()
	switch {
	case a.Status >= 500:
		a.Outcome = ServerError
	case a.Status >= 400 && a.Members == nil:
		a.Outcome = BareRefusal
	case a.Status >= 400:
		a.Outcome = Refused
		if said == "ok" {
			a.complain("HTTP %s with status \"ok\"", itoa(a.Status))
		} else if said != "failed" {
			a.complain("a refusal without status \"failed\"")
		}
		if text(a.Members["errorMessage"]) == "" {
			a.complain("a refusal without errorMessage")
		}
	case a.Status >= 300:
		a.Outcome, a.Err = Redirected, errors.New("it wants us to go to "+clip(a.Header.Get("Location")))
	case a.Members == nil:
		a.Outcome, a.Err = NotJSON, errors.New("the body is no JSON object but "+a.kind())
	case said == "failed":
		a.Outcome = Refused
		a.complain("HTTP %s with a refusal", itoa(a.Status))
	default:
		a.Outcome = Accepted
		if said != "ok" {
			a.complain("an acceptance without status \"ok\"")
		}
		if message, there := a.Members["errorMessage"]; !there || text(message) != "" {
			a.complain("an acceptance without an empty errorMessage")
		}
	}
}

func (a *Answer) complain(format string, values ...string) {
	for _, value := range values {
		format = strings.Replace(format, "%s", value, 1)
	}
	a.Complaints = append(a.Complaints, format)
}

// fail says which way an answer did not come.
func (a *Answer) fail(err error) {
	a.Err = err
	var timeout net.Error
	var operation *net.OpError
	switch {
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled), errors.Is(err, os.ErrDeadlineExceeded), errors.As(err, &timeout) && timeout.Timeout():
		a.Outcome = TimedOut
	case strings.Contains(err.Error(), "response headers exceeded"): // net/http has no value for it
		a.Outcome = TooLarge
	case errors.As(err, &operation) && operation.Op == "dial", errors.As(err, new(*net.DNSError)), isTLS(err):
		a.Outcome = Unreachable
	default:
		a.Outcome = Reset
	}
}

// object reads a JSON object; nil for anything else, and for what stands behind it.
func object(body []byte) map[string]json.RawMessage {
	var members map[string]json.RawMessage
	if json.Unmarshal(body, &members) != nil {
		return nil
	}
	return members
}

// text is a JSON string, "" for anything else.
func text(value json.RawMessage) string {
	var s string
	if json.Unmarshal(value, &s) != nil {
		return ""
	}
	return s
}

// words are the server's own: errorMessage, or what other servers call it, or the beginning of the body.
func (a *Answer) words() string {
	for _, name := range []string{"errorMessage", "message", "error", "detail", "title"} {
		if words := text(a.Members[name]); words != "" {
			return clip(words)
		}
	}
	if a.Status >= 400 && a.Members == nil {
		return clip(string(bytes.TrimSpace(a.Body)))
	}
	return ""
}

// kind says what a body that is no JSON object seems to be.
func (a *Answer) kind() string {
	media, _, _ := mime.ParseMediaType(a.Header.Get("Content-Type"))
	switch {
	case len(bytes.TrimSpace(a.Body)) == 0:
		return "empty"
	case media == "text/html" || bytes.HasPrefix(bytes.TrimSpace(a.Body), []byte("<")):
		return "a page of HTML"
	case json.Valid(a.Body):
		return "another kind of JSON"
	}
	return "something else: " + clip(string(a.Body[:min(len(a.Body), 60)]))
}

func clip(words string) string {
	words = strings.ToValidUTF8(words, string(utf8.RuneError))
	if len(words) <= maxWords {
		return words
	}
	return words[:maxWords] + "…"
}

// statusLine is the status as a report shows it.
func (a Answer) statusLine() string {
	if a.Status == 0 {
		return "no answer"
	}
	return strings.TrimSpace(itoa(a.Status) + " " + http.StatusText(a.Status))
}
