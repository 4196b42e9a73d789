package browser

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/go-rod/rod/lib/proto"
)

// FaultKind is what happens to a request.
type FaultKind int

// The kinds of faults.
const (
	Drop      FaultKind = iota // the request never leaves the browser: the network is down
	LoseReply                  // the server gets the request and answers, but the answer is lost on its way
	Answer                     // somebody in between answers with Status and Body; the server never hears of it
	Slow                       // nothing but the Delay
)

// Fault is one disturbance of the network, for the requests of one page that match it.
type Fault struct {
	Method string        // "POST"; empty: every method
	URL    string        // glob over the whole address: * any text, ? one character
	Kind   FaultKind     // zero: Drop
	Times  int           // how many requests; 0: all
	Delay  time.Duration // before it happens
	Status int           // for Answer; zero: 503
	Body   string        // for Answer
	Type   string        // Content-Type, for Answer; empty: text/plain
}

// Faults disturb the network of a page. It is safe for concurrent use; it ends with Close or with the page.
type Faults struct {
	page *Page
	ctx  context.Context
	stop func()
	work sync.WaitGroup

	mu     sync.Mutex
	rules  []*Rule
	closed bool
	change sync.Mutex // held while rules and the browser's patterns change together
}

// Rule is a fault that was added.
type Rule struct {
	fault  Fault
	faults *Faults
	hits   int
}

// Faults prepares the page for faults. Until one is added nothing changes.
func (p *Page) Faults(ctx context.Context) (*Faults, error) {
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("browser: faults: %w", err)
	}
	life, cancel := context.WithCancel(p.Rod.GetContext())
	f := &Faults{page: p, ctx: life}
	deaf := p.owner.browser.Listen(p.Rod.SessionID, f.hear)
	f.stop = p.onClose(func() {
		deaf()
		f.mu.Lock()
		f.closed = true
		f.mu.Unlock()
		cancel()
		f.work.Wait()
	})
	return f, nil
}

// Add makes a fault happen from now on. Of several rules that match a request the oldest with hits left applies.
func (f *Faults) Add(ctx context.Context, fault Fault) (*Rule, error) {
	if fault.Status == 0 {
		fault.Status = http.StatusServiceUnavailable
	}
	if fault.Type == "" {
		fault.Type = "text/plain"
	}
	r := &Rule{fault: fault, faults: f}
	return r, f.apply(ctx, func(rules []*Rule) []*Rule { return append(rules, r) })
}

// Remove ends the fault. It may be called often.
func (r *Rule) Remove(ctx context.Context) error {
	return r.faults.apply(ctx, func(rules []*Rule) []*Rule {
		var left []*Rule
		for _, other := range rules {
			if other != r {
				left = append(left, other)
			}
		}
		return left
	})
}

// Hits returns how many requests met the fault.
func (r *Rule) Hits() int {
	r.faults.mu.Lock()
	defer r.faults.mu.Unlock()
	return r.hits
}

// Close ends all faults; requests that were held up go on.
func (f *Faults) Close(ctx context.Context) error {
	err := f.apply(ctx, func([]*Rule) []*Rule { return nil })
	f.stop()
	return err
}

// apply changes the rules and tells the browser which requests to show us.
func (f *Faults) apply(ctx context.Context, change func([]*Rule) []*Rule) error {
	f.change.Lock()
	defer f.change.Unlock()
	f.mu.Lock()
	f.rules = change(f.rules)
	rules := f.rules
	f.mu.Unlock()
	page := f.page.Rod.Context(ctx)
	var err error
	if len(rules) == 0 {
		err = proto.FetchDisable{}.Call(page)
	} else {
		err = proto.FetchEnable{Patterns: patterns(rules)}.Call(page)
	}
	if err != nil {
		return fmt.Errorf("browser: faults: %w", err)
	}
	return nil
}

func patterns(rules []*Rule) []*proto.FetchRequestPattern {
	out := make([]*proto.FetchRequestPattern, len(rules))
	for i, r := range rules {
		out[i] = &proto.FetchRequestPattern{URLPattern: r.fault.URL, RequestStage: proto.FetchRequestStageRequest}
		if r.fault.Kind == LoseReply {
			out[i].RequestStage = proto.FetchRequestStageResponse
		}
	}
	return out
}

// paused is the event Fetch.requestPaused. At the response stage it has a status or an error reason.
type paused struct {
	RequestID string `json:"requestId"`
	Request   struct {
		Method string `json:"method"`
		URL    string `json:"url"`
	} `json:"request"`
	ResponseStatusCode  int    `json:"responseStatusCode"`
	ResponseErrorReason string `json:"responseErrorReason"`
}

func (e paused) answered() bool { return e.ResponseStatusCode != 0 || e.ResponseErrorReason != "" }

// hear starts a goroutine for each held request: the listener itself must not call the browser.
func (f *Faults) hear(method string, params json.RawMessage) {
	if method != "Fetch.requestPaused" {
		return
	}
	var e paused
	if err := json.Unmarshal(params, &e); err != nil {
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.closed {
		return
	}
	r := f.match(e)
	f.work.Go(func() { f.treat(e, r) })
}

// match finds the rule for a request and counts the hit. f.mu is held.
func (f *Faults) match(e paused) *Rule {
	for _, r := range f.rules {
		if (r.fault.Kind == LoseReply) != e.answered() || r.fault.Times > 0 && r.hits >= r.fault.Times {
			continue
		}
		if (r.fault.Method == "" || strings.EqualFold(r.fault.Method, e.Request.Method)) && glob(r.fault.URL, e.Request.URL) {
			r.hits++
			return r
		}
	}
	return nil
}

// treat answers the browser, which holds the request until then. A failure means that the request or the page is gone.
func (f *Faults) treat(e paused, r *Rule) {
	page := f.page.Rod.Context(f.ctx)
	id := proto.FetchRequestID(e.RequestID)
	if r == nil {
		_ = proto.FetchContinueRequest{RequestID: id}.Call(page)
		return
	}
	if r.fault.Delay > 0 {
		select {
		case <-time.After(r.fault.Delay):
		case <-f.ctx.Done():
			return
		}
	}
	switch r.fault.Kind {
	case Drop:
		_ = proto.FetchFailRequest{RequestID: id, ErrorReason: proto.NetworkErrorReasonInternetDisconnected}.Call(page)
	case LoseReply:
		_ = proto.FetchFailRequest{RequestID: id, ErrorReason: proto.NetworkErrorReasonConnectionReset}.Call(page)
	case Answer:
		_ = proto.FetchFulfillRequest{RequestID: id, ResponseCode: r.fault.Status, Body: []byte(r.fault.Body),
			ResponseHeaders: []*proto.FetchHeaderEntry{{Name: "Content-Type", Value: r.fault.Type}}}.Call(page)
	case Slow:
		_ = proto.FetchContinueRequest{RequestID: id}.Call(page)
	}
}

// glob tells whether the pattern covers the whole text: * is any text, ? one byte. It never takes more than
// len(pattern)×len(text) steps.
func glob(pattern, text string) bool {
	p, t := 0, 0
	star, mark := -1, 0
	for t < len(text) {
		switch {
		case p < len(pattern) && pattern[p] == '*':
			star, mark = p, t
			p++
		case p < len(pattern) && (pattern[p] == '?' || pattern[p] == text[t]):
			p++
			t++
		case star >= 0:
			mark++
			p, t = star+1, mark
		default:
			return false
		}
	}
	return strings.Trim(pattern[p:], "*") == ""
}
