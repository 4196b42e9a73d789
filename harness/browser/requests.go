package browser

import (
	"encoding/json"
	"net/url"
	"strings"
	"time"
)

func (r *record) requestWillBeSent(params json.RawMessage) error {
	var e struct {
		RequestID string  `json:"requestId"`
		Type      string  `json:"type"`
		Timestamp float64 `json:"timestamp"`
		WallTime  float64 `json:"wallTime"`
		Request   struct {
			Method string `json:"method"`
			URL    string `json:"url"`
		} `json:"request"`
		RedirectResponse *struct {
			Status int `json:"status"`
		} `json:"redirectResponse"`
	}
	if err := json.Unmarshal(params, &e); err != nil {
		return err
	}
	// A redirect keeps the id: the request so far is finished by it.
	if before, ok := r.underway[e.RequestID]; ok && e.RedirectResponse != nil {
		before.Status = e.RedirectResponse.Status
		before.finish(e.Timestamp)
	}
	f := &flight{sent: e.Timestamp, Request: Request{
		Time: millis(e.WallTime * 1000), Method: e.Request.Method, URL: RedactURL(e.Request.URL), Kind: e.Type,
	}}
	r.requests = keep(r.requests, f, keptRequests)
	if len(r.underway) < keptRequests { // a page that never gets replies must not fill the memory
		r.underway[e.RequestID] = f
	}
	return nil
}

func (r *record) responseReceived(params json.RawMessage) error {
	var e struct {
		RequestID string `json:"requestId"`
		Response  struct {
			Status int `json:"status"`
		} `json:"response"`
	}
	if err := json.Unmarshal(params, &e); err != nil {
		return err
	}
	if f, ok := r.underway[e.RequestID]; ok {
		f.Status = e.Response.Status
	}
	return nil
}

func (r *record) loadingFinished(params json.RawMessage) error {
	return r.end(params)
}

func (r *record) loadingFailed(params json.RawMessage) error {
	return r.end(params)
}

// end reads the common part of loadingFinished and loadingFailed.
func (r *record) end(params json.RawMessage) error {
	var e struct {
		RequestID string  `json:"requestId"`
		Timestamp float64 `json:"timestamp"`
		ErrorText string  `json:"errorText"`
		Canceled  bool    `json:"canceled"`
	}
	if err := json.Unmarshal(params, &e); err != nil {
		return err
	}
	if f, ok := r.underway[e.RequestID]; ok {
		f.Failure, f.Canceled = e.ErrorText, e.Canceled
		f.finish(e.Timestamp)
		delete(r.underway, e.RequestID)
	}
	return nil
}

// finish sets the duration; a finished request never has zero.
func (f *flight) finish(now float64) {
	f.Duration = max(time.Duration((now-f.sent)*float64(time.Second)), time.Microsecond)
}

// secretNames are parts of the names of query parameters whose value is never kept.
func secretNames() []string {
	return []string{"token", "secret", "pass", "pwd", "code", "otp", "key", "session", "sid", "auth", "sig", "ticket", "nonce",
		"state", "csrf", "challenge", "credential", "assertion"}
}

// longestPlain is the length from which a query value counts as a secret whatever its name; longestURL bounds an address.
const (
	longestPlain = 24
	longestURL   = 500
)

// RedactURL returns the address without user and password, and with the value of every query or fragment parameter that may
// be a secret (by its name, or by being long) replaced by "redacted". Addresses that carry their content (data:) are cut.
func RedactURL(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return "unreadable address"
	}
	if u.Opaque != "" || u.Scheme == "data" {
		kind, _, _ := strings.Cut(u.Opaque, ",")
		return bounded(u.Scheme + ":" + kind)
	}
	u.User = nil
	u.RawQuery = redactQuery(u.RawQuery)
	if strings.Contains(u.Fragment, "=") {
		u.RawFragment, u.Fragment = "", redactQuery(u.EscapedFragment())
	}
	return bounded(u.String())
}

func bounded(s string) string {
	if len(s) > longestURL {
		return strings.ToValidUTF8(s[:longestURL], "") + "…"
	}
	return s
}

// redactQuery keeps order and spelling, so that the address stays recognisable.
func redactQuery(query string) string {
	if query == "" {
		return ""
	}
	pairs := strings.Split(query, "&")
	for i, pair := range pairs {
		name, value, ok := strings.Cut(pair, "=")
		if ok && secret(name, value) || !ok && len(pair) > longestPlain {
			if !ok {
				pairs[i] = "redacted"
				continue
			}
			pairs[i] = name + "=redacted"
		}
	}
	return strings.Join(pairs, "&")
}

func secret(name, value string) bool {
	if value == "" {
		return false
	}
	if len(value) > longestPlain {
		return true
	}
	if plain, err := url.QueryUnescape(name); err == nil {
		name = plain
	}
	name = strings.ToLower(name)
	for _, part := range secretNames() {
		if strings.Contains(name, part) {
			return true
		}
	}
	return false
}
