package browser

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"
)

// Bounds of what is kept of one page: the newest entries.
const (
	keptMessages = 500
	keptRequests = 2000
	keptText     = 2000 // bytes of one message
)

// ConsoleMessage is one call of the page's console, or a message of the browser about the page (source "security", …).
type ConsoleMessage struct {
	Time   time.Time
	Level  string // log debug info warning error …
	Source string // "console", or the browser's category of the message
	Text   string // at most 2000 bytes
	Where  string // "url:line", redacted, may be empty
}

// Exception is an error that no script caught, or the crash of the page.
type Exception struct {
	Time  time.Time
	Text  string // with its stack, at most 2000 bytes
	Where string
}

// Request is one request of the page. Bodies, cookies and headers are not recorded.
type Request struct {
	Time     time.Time // when it was sent
	Method   string
	URL      string        // redacted, see RedactURL
	Kind     string        // Document Script Fetch XHR …
	Status   int           // of the reply; 0: none came
	Duration time.Duration // until the reply was read or the failure; 0 while under way
	Failure  string        // "net::ERR_…", empty when it did not fail
	Canceled bool          // the page itself gave it up (a navigation, an abort)
}

// Bad tells whether the request failed, or was answered with a status of 400 and above.
func (r Request) Bad() bool { return r.Failure != "" && !r.Canceled || r.Status >= 400 }

// String is the request in one line.
func (r Request) String() string {
	out := fmt.Sprintf("%s %s: ", r.Method, r.URL)
	switch {
	case r.Status == 0 && r.Failure == "":
		return out + "no reply yet"
	case r.Status == 0:
		return out + r.Failure
	case r.Failure == "":
		return out + fmt.Sprintf("%d in %d ms", r.Status, r.Duration.Milliseconds())
	}
	return out + fmt.Sprintf("%d, then %s", r.Status, r.Failure)
}

// Console returns what the page wrote to its console and what the browser wrote about it, oldest first.
func (p *Page) Console() []ConsoleMessage {
	p.record.mu.Lock()
	defer p.record.mu.Unlock()
	return slices.Clone(p.record.console)
}

// Exceptions returns the errors that no script caught, oldest first.
func (p *Page) Exceptions() []Exception {
	p.record.mu.Lock()
	defer p.record.mu.Unlock()
	return slices.Clone(p.record.exceptions)
}

// Requests returns the requests of the page, oldest first.
func (p *Page) Requests() []Request {
	p.record.mu.Lock()
	defer p.record.mu.Unlock()
	out := make([]Request, len(p.record.requests))
	for i, r := range p.record.requests {
		out[i] = r.Request
	}
	return out
}

// Problems tells in sentences what went wrong in the page: errors on the console, uncaught exceptions, bad requests.
func (p *Page) Problems() []string {
	var out []string
	for _, m := range p.Console() {
		if m.Level == "error" && m.Source != "network" { // failed requests are told below
			out = append(out, fmt.Sprintf("%s error: %s %s", m.Source, m.Text, m.Where))
		}
	}
	for _, e := range p.Exceptions() {
		out = append(out, fmt.Sprintf("uncaught exception: %s %s", e.Text, e.Where))
	}
	for _, r := range p.Requests() {
		if r.Bad() {
			out = append(out, "request "+r.String())
		}
	}
	return out
}

// record gathers events of a page. Events reach it before the reply that followed them is handed to its caller.
type record struct {
	mu         sync.Mutex
	console    []ConsoleMessage
	exceptions []Exception
	requests   []*flight
	underway   map[string]*flight
}

// flight is a request with what is needed to finish it.
type flight struct {
	Request
	sent float64 // seconds on the browser's monotonic clock
}

func (r *record) start() { r.underway = map[string]*flight{} }

// hear is the Listener of the page.
func (r *record) hear(method string, params json.RawMessage) {
	handle, ok := map[string]func(*record, json.RawMessage) error{
		"Runtime.consoleAPICalled":  (*record).consoleAPICalled,
		"Runtime.exceptionThrown":   (*record).exceptionThrown,
		"Log.entryAdded":            (*record).entryAdded,
		"Inspector.targetCrashed":   (*record).targetCrashed,
		"Network.requestWillBeSent": (*record).requestWillBeSent,
		"Network.responseReceived":  (*record).responseReceived,
		"Network.loadingFinished":   (*record).loadingFinished,
		"Network.loadingFailed":     (*record).loadingFailed,
	}[method]
	if !ok {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if err := handle(r, params); err != nil {
		r.console = keep(r.console, ConsoleMessage{Time: time.Now(), Level: "warning", Source: "recorder",
			Text: fmt.Sprintf("cannot read %s: %v", method, err)}, keptMessages)
	}
}

// keep appends to a list of at most limit entries, dropping the oldest.
func keep[T any](list []T, item T, limit int) []T {
	if len(list) >= limit {
		list = slices.Delete(list, 0, len(list)-limit+1)
	}
	return append(list, item)
}

// shorten bounds a text.
func shorten(text string) string {
	if len(text) > keptText {
		return strings.ToValidUTF8(text[:keptText], "") + "…"
	}
	return text
}

// remoteObject is a value of the page as the browser describes it.
type remoteObject struct {
	Value               json.RawMessage `json:"value"`
	UnserializableValue string          `json:"unserializableValue"`
	Description         string          `json:"description"`
	ClassName           string          `json:"className"`
}

// text returns what the browser's own console would show, roughly.
func (o remoteObject) text() string {
	var s string
	switch {
	case o.UnserializableValue != "":
		return o.UnserializableValue
	case o.Description != "":
		return o.Description
	case json.Unmarshal(o.Value, &s) == nil && len(o.Value) > 0:
		return s
	}
	return string(o.Value)
}

type stackTrace struct {
	CallFrames []struct {
		URL        string `json:"url"`
		LineNumber int    `json:"lineNumber"` // from 0
	} `json:"callFrames"`
}

func (s *stackTrace) where() string {
	if s == nil || len(s.CallFrames) == 0 {
		return ""
	}
	return where(s.CallFrames[0].URL, s.CallFrames[0].LineNumber)
}

func where(url string, line int) string {
	if url == "" {
		return ""
	}
	return fmt.Sprintf("(%s:%d)", RedactURL(url), line+1)
}

// millis turns the browser's time, milliseconds since 1970, into ours.
func millis(ms float64) time.Time { return time.UnixMicro(int64(ms * 1000)) }

func (r *record) consoleAPICalled(params json.RawMessage) error {
	var e struct {
		Type       string         `json:"type"`
		Args       []remoteObject `json:"args"`
		Timestamp  float64        `json:"timestamp"`
		StackTrace *stackTrace    `json:"stackTrace"`
	}
	if err := json.Unmarshal(params, &e); err != nil {
		return err
	}
	words := make([]string, len(e.Args))
	for i, a := range e.Args {
		words[i] = a.text()
	}
	r.console = keep(r.console, ConsoleMessage{Time: millis(e.Timestamp), Level: e.Type, Source: "console",
		Text: shorten(strings.Join(words, " ")), Where: e.StackTrace.where()}, keptMessages)
	return nil
}

// exceptionDetails is how the browser tells of a thrown value.
type exceptionDetails struct {
	Text       string        `json:"text"`
	URL        string        `json:"url"`
	LineNumber int           `json:"lineNumber"`
	StackTrace *stackTrace   `json:"stackTrace"`
	Exception  *remoteObject `json:"exception"`
}

func (d *exceptionDetails) text() string {
	if d.Exception != nil {
		if text := d.Exception.text(); text != "" {
			return d.Text + " " + text
		}
	}
	return d.Text
}

// err reads "Name: message" of the description's first line, the only form in which both arrive for a DOMException.
func (d *exceptionDetails) err() error {
	if d.Exception == nil {
		return &ScriptError{Message: d.Text}
	}
	first, _, _ := strings.Cut(d.Exception.text(), "\n    at ")
	name, message, ok := strings.Cut(first, ": ")
	if !ok || strings.ContainsAny(name, " \n") {
		return &ScriptError{Message: first}
	}
	return &ScriptError{Name: name, Message: message}
}

func (r *record) exceptionThrown(params json.RawMessage) error {
	var e struct {
		Timestamp        float64          `json:"timestamp"`
		ExceptionDetails exceptionDetails `json:"exceptionDetails"`
	}
	if err := json.Unmarshal(params, &e); err != nil {
		return err
	}
	d := &e.ExceptionDetails
	place := d.StackTrace.where()
	if place == "" {
		place = where(d.URL, d.LineNumber)
	}
	r.exceptions = keep(r.exceptions, Exception{Time: millis(e.Timestamp), Text: shorten(d.text()), Where: place}, keptMessages)
	return nil
}

func (r *record) targetCrashed(json.RawMessage) error {
	r.exceptions = keep(r.exceptions, Exception{Time: time.Now(), Text: "the page crashed"}, keptMessages)
	return nil
}

func (r *record) entryAdded(params json.RawMessage) error {
	var e struct {
		Entry struct {
			Source     string  `json:"source"`
			Level      string  `json:"level"`
			Text       string  `json:"text"`
			Timestamp  float64 `json:"timestamp"`
			URL        string  `json:"url"`
			LineNumber int     `json:"lineNumber"`
		} `json:"entry"`
	}
	if err := json.Unmarshal(params, &e); err != nil {
		return err
	}
	r.console = keep(r.console, ConsoleMessage{Time: millis(e.Entry.Timestamp), Level: e.Entry.Level, Source: e.Entry.Source,
		Text: shorten(e.Entry.Text), Where: where(e.Entry.URL, e.Entry.LineNumber)}, keptMessages)
	return nil
}
