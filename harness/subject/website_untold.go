package subject

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/passkeylab/passkeylab/harness/browser"
)

// handed are the members of a response that a browser hands to a page as they are: those that are bytes. Everything else it
// makes anew from what it understood.
var handed = map[Endpoint][]string{
	CreationResult: {"response.clientDataJSON", "response.attestationObject"},
	RequestResult:  {"response.clientDataJSON", "response.authenticatorData", "response.signature", "response.userHandle"},
}

// unhanded returns why a browser would not hand a response to a page as the case has it; nil when it would.
func unhanded(endpoint Endpoint, response any) error {
	members, ok := response.(map[string]any)
	if !ok {
		return errors.New("a browser hands no response to a page that is no object")
	}
	id, raw := members["id"], members["rawId"]
	if text, isText := id.(string); !isText || id != raw || notURL(text) {
		return errors.New("a browser hands no response to a page whose id and rawId are not the same bytes in base64url")
	}
	for _, name := range handed[endpoint] {
		value, there := at(response, strings.Split(name, "."))
		if text, isText := value.(string); there && value != nil && (!isText || notURL(text)) {
			return fmt.Errorf("a browser hands no response to a page whose %s is no base64url", name)
		}
	}
	if extensions, ok := members["clientExtensionResults"].(map[string]any); !ok || len(extensions) > 0 && !usualResults(extensions) {
		return errors.New("a browser hands only its own clientExtensionResults to a page")
	}
	err := untoldResponse(response, func(path []string) bool {
		return slices.Contains(handed[endpoint], joined(path)) || joined(path) == "id" || joined(path) == "rawId" || joined(path) == "clientExtensionResults"
	})
	if err != nil {
		return fmt.Errorf("a browser makes this member of a response itself: %w", err)
	}
	return nil
}

// usualResults reports whether extension outputs are of the kinds that a browser knows.
func usualResults(results map[string]any) bool {
	for name, value := range results {
		switch name {
		case "appid", "appidExclude":
			if _, ok := value.(bool); !ok {
				return false
			}
		case "credProps", "largeBlob", "prf", "credBlob":
			if _, ok := value.(map[string]any); !ok {
				return false
			}
		default:
			return false
		}
	}
	return true
}

// notURL reports whether a text is no base64url without padding.
func notURL(text string) bool {
	_, err := base64.RawURLEncoding.Strict().DecodeString(text)
	return err != nil || strings.ContainsAny(text, "\r\n")
}

// plainOptions are the options of a page's call without what the browser adds for the bridge.
func plainOptions(from []byte) (map[string]any, error) {
	decoded, _ := decode(from)
	options, ok := decoded.(map[string]any)
	if !ok || options["challenge"] == nil {
		return nil, fmt.Errorf("the browser's options are none: %s", clip(string(from)))
	}
	if extensions, ok := options["extensions"].(map[string]any); ok {
		delete(extensions, "remoteDesktopClientOverride")
		if len(extensions) == 0 {
			delete(options, "extensions")
		}
	}
	return options, nil
}

// tell puts into an answer what its page did, for the record, and that its server broke, when it did.
func (v *websiteVisitor) tell(answer *Answer, request Request, seen []browser.Request) {
	step := Step{Purpose: request.Purpose, Method: onPage, URL: v.site.base.String(), Seen: []string{}}
	if request.Endpoint.result() {
		step.Body = request.Body
	}
	switch {
	case answer.Outcome == Accepted && !request.Endpoint.result():
		step.Answered, _ = json.Marshal(answer.Members)
	case answer.Message != "":
		step.Answered = []byte(answer.Message)
	}
	for _, r := range seen {
		step.Seen = append(step.Seen, r.String())
		if r.Kind == "Document" {
			step.URL = r.URL
		}
		if answer.Outcome != Accepted && strings.HasPrefix(r.URL, v.site.at("/")) {
			answer.blame(r)
		}
	}
	step.Answer = &Answer{Outcome: answer.Outcome, Status: answer.Status, Err: answer.Err, Took: answer.Took, Message: answer.Message}
	answer.Steps = []Step{step}
}

// blame puts down what came of a page to one of its requests, when that broke the server, or came too soon.
func (a *Answer) blame(r browser.Request) {
	switch {
	case r.Status >= 500:
		a.Outcome, a.Err = ServerError, fmt.Errorf("the page's request %s", r)
	case r.Status == http.StatusTooManyRequests:
		a.Outcome, a.Err = Throttled, fmt.Errorf("the page's request %s; raise the server's limit, or ask more slowly with --rate or limits.pause in the target", r)
	default:
		return
	}
	a.Status, a.Members = r.Status, nil
}
