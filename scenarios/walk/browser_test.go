package walk

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
)

// browser is the person's: cookies, and two tabs of which she looks at one.
type browser struct {
	phone   string // "Android" or "iOS" when the browser runs on a phone
	cookies map[string]string
	tabs    [2]tab
	at      int
}

// tab is one tab.
type tab struct {
	url     string
	page    *page
	history []string
	waiting *ceremony // S8: the browser's call is pending
	looks   int       // of E9 at the outcome
	// stale says that the world has changed since the page was loaded.
	stale bool
}

func (b *browser) tab() *tab { return &b.tabs[b.at] }

// reply is one answer.
type reply struct {
	status int
	header http.Header
	body   []byte
}

// next is where a JSON answer leads to.
func (r *reply) next() string { return r.json().Next }

// answer is what the script reads of any JSON answer.
type answer struct {
	Code, Next, State string
	PublicKey         json.RawMessage
	SignalUnknown     *struct{ RPID, CredentialID string }
}

func (r *reply) json() (a answer) {
	_ = json.Unmarshal(r.body, &a)
	return a
}

// request is one request as the browser would send it.
type request struct {
	method, url string
	form        url.Values
	json        []byte
	// script says that the page's script asks.
	script  bool
	cookies map[string]string // nil for those of the browser
	// app says that the organisation's app asks, which has a token and no cookies.
	app   bool
	token string
}

func (w *walker) send(q request) *reply {
	var body []byte
	kind := ""
	switch {
	case q.json != nil:
		body, kind = q.json, "application/json"
	case q.method == http.MethodPost:
		body, kind = []byte(q.form.Encode()), "application/x-www-form-urlencoded"
	}
	r := httptest.NewRequestWithContext(w.ctx, q.method, origin+q.url, bytes.NewReader(body))
	r.Header.Set("Accept", "text/html")
	if q.app {
		q.cookies = map[string]string{}
		if q.token != "" {
			r.Header.Set("Authorization", "Bearer "+q.token)
		}
	} else {
		r.Header.Set("Sec-Fetch-Site", "same-origin")
	}
	if kind != "" {
		r.Header.Set("Content-Type", kind)
	}
	if q.script || q.json != nil {
		r.Header.Set("Accept", "application/json")
	}
	if w.browser.phone != "" {
		r.Header.Set("Sec-CH-UA-Platform", `"`+w.browser.phone+`"`)
	}
	sent := q.cookies
	if sent == nil {
		sent = w.browser.cookies
	}
	for name, value := range sent {
		r.AddCookie(&http.Cookie{Name: name, Value: value})
	}
	recorder := httptest.NewRecorder()
	w.site.ServeHTTP(recorder, r)
	w.touch()
	result := recorder.Result()
	if q.cookies == nil {
		for _, cookie := range result.Cookies() {
			w.browser.cookies[cookie.Name] = cookie.Value
			if cookie.MaxAge < 0 {
				delete(w.browser.cookies, cookie.Name)
			}
		}
	}
	if result.StatusCode >= 500 {
		w.fail("%s %s answers %d", q.method, hideIDs(q.url), result.StatusCode)
	}
	return &reply{status: result.StatusCode, header: result.Header, body: recorder.Body.Bytes()}
}

// load opens an address in the tab, following redirects.
func (w *walker) load(address string) {
	address, _, _ = strings.Cut(address, "#")
	w.arrive(address, w.send(request{method: http.MethodGet, url: address}))
}

// manyRedirects is more than any honest chain has.
const manyRedirects = 8

// arrive shows an answer in the tab.
func (w *walker) arrive(address string, r *reply) {
	for hops := 0; r.status == http.StatusSeeOther; hops++ {
		if hops > manyRedirects {
			w.fail("redirects without end at %s", hideIDs(address))
		}
		address = r.header.Get("Location")
		r = w.send(request{method: http.MethodGet, url: address})
	}
	t := w.browser.tab()
	if t.url != "" && t.url != address {
		t.history = append(t.history, t.url)
		if len(t.history) > 12 {
			t.history = t.history[1:]
		}
	}
	t.url, t.waiting, t.looks, t.stale = address, nil, 0, false
	if strings.HasPrefix(r.header.Get("Content-Type"), "text/html") {
		t.page = parsePage(r.body)
		t.page.status = r.status
		w.lookAt(t.page)
		return
	}
	w.fail("%s answers a person with %d %s", hideIDs(address), r.status, r.header.Get("Content-Type"))
}

// hideIDs makes an address readable: ids are nobody's business.
func hideIDs(address string) string {
	parts := strings.Split(address, "/")
	for i, part := range parts {
		if len(part) >= 20 && !strings.ContainsAny(part, "-?") || len(part) >= 22 && i == 3 {
			parts[i] = "…"
		}
	}
	return strings.Join(parts, "/")
}

// idIn is the credential's id in a response of a phone.
func (r *reply) idIn() string {
	var seen struct{ ID string }
	_ = json.Unmarshal(r.body, &seen)
	return seen.ID
}
