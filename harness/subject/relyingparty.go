package subject

import (
	"context"
	"encoding/json"
	"net/http"
	"time"
)

// Endpoint is one of the four of the API.
type Endpoint string

// The endpoints, by what they are about and not by their paths, which a target may map.
const (
	CreationOptions Endpoint = "creation options"
	CreationResult  Endpoint = "creation result"
	RequestOptions  Endpoint = "request options"
	RequestResult   Endpoint = "request result"
	// Removal is none of the API's and only where a target names it: it takes {username, id} and removes a credential.
	Removal Endpoint = "removal"
)

// Endpoints lists the four of the API.
func Endpoints() []Endpoint {
	return []Endpoint{CreationOptions, CreationResult, RequestOptions, RequestResult}
}

// RelyingParty is a server under judgement. It is safe for use by several goroutines.
type RelyingParty interface {
	// Name is what a report calls it.
	Name() string
	// Origin is that of the page that its ceremonies run on: "https://login.example".
	Origin() string
	// Visit returns a visitor with no cookies.
	Visit() Visitor
	// Close lets go of what it holds.
	Close() error
}

// Visitor is one browser's worth of state: cookies. Its requests may overlap.
type Visitor interface {
	// Do puts one request to the server. It never fails: see Outcome.
	Do(ctx context.Context, request Request) Answer
	// Cookies are those that the server has set and not yet taken back, by name.
	Cookies() map[string]string
}

// Request is one request, with everything that a case may want to get wrong.
type Request struct {
	Endpoint Endpoint
	// Path is asked for on the server's host instead of an endpoint, when it is set: "/.well-known/webauthn".
	Path string
	// Body is sent as it is.
	Body []byte
	// Method is POST when empty; ContentType is application/json when empty, and "-" sends none.
	Method, ContentType string
	// Header is added to that of the target.
	Header http.Header
	// Spaces is how many spaces follow the body: JSON all the same, of any length.
	Spaces int64
	// Stalls is called when half of the body is sent, and nothing more will come; nil sends it all.
	Stalls func()
	// Once takes even an answer that asks to be asked later for the answer, and repeats nothing.
	Once bool
	// Challenge is what the options that are asked for shall contain. Only some relying parties of this process can be told
	// (FIDOServer.Dictate).
	Challenge []byte
	// Purpose is what it is sent for, for the record.
	Purpose string
}

// Answer is what came of one request.
type Answer struct {
	Outcome Outcome
	// Status is the HTTP status; 0 when there was no answer.
	Status int
	Header http.Header
	// Sent are the headers of the request as it went out, cookies included.
	Sent http.Header
	// Body is what was read of it, at most Limits.Body.
	Body []byte
	// Members is the body as a JSON object; nil when it is none.
	Members map[string]json.RawMessage
	// Message is the server's errorMessage, or whatever words it had instead.
	Message string
	// Complaints are ways in which the answer breaks the API without leaving its meaning in doubt: "HTTP 200 with a refusal".
	Complaints []string
	// Err is why there is no answer, or no whole one.
	Err error
	// Took is how long it took.
	Took time.Duration
	// Steps are the HTTP exchanges behind it, where they are not simply the request and this answer.
	Steps []Step
}

// Step is one HTTP exchange with an application that was behind a request.
type Step struct {
	Purpose, Method, URL string
	Body                 []byte
	// Answered is the body of the answer as it came, and Answer the rest of it.
	Answered []byte
	Answer   *Answer
	// Seen are the requests that a page made meanwhile, one a line; nil where nothing but this exchange was to be seen.
	Seen []string
}

// Options is the answer of an options endpoint as the options that a WebAuthn client takes: the members of the API that are
// not WebAuthn's, status and errorMessage, removed. It is nil unless the answer was Accepted.
func (a Answer) Options() []byte {
	if a.Outcome != Accepted {
		return nil
	}
	options := make(map[string]json.RawMessage, len(a.Members))
	for name, value := range a.Members {
		if name != "status" && name != "errorMessage" {
			options[name] = value
		}
	}
	encoded, err := json.Marshal(options)
	if err != nil { // every value was valid JSON a moment ago
		return nil
	}
	return encoded
}

// said are the members that every answer of FIDO's API has.
func said(status, message string) map[string]json.RawMessage {
	return map[string]json.RawMessage{"status": json.RawMessage(quoted(status)), "errorMessage": json.RawMessage(quoted(message))}
}

// offered are the members of an answer that gives options.
func offered(options map[string]any) map[string]json.RawMessage {
	members := said("ok", "")
	for name, value := range options {
		if encoded, err := json.Marshal(value); err == nil {
			members[name] = encoded
		}
	}
	return members
}

// String is the answer in a line, for a report: outcome, status, and the server's own words.
func (a Answer) String() string {
	text := string(a.Outcome)
	if a.Status != 0 {
		text += " (HTTP " + itoa(a.Status) + ")"
	}
	switch {
	case a.Message != "":
		text += ": " + a.Message
	case a.Err != nil:
		text += ": " + a.Err.Error()
	}
	return text
}
