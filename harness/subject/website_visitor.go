package subject

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/passkeylab/passkeylab/harness/browser"
)

// websiteVisitor is somebody with a browser: an incognito context, in which the account is, and where nobody says how to sign
// out another one for each sign-in.
type websiteVisitor struct {
	site *website
	presence

	one        sync.Mutex // one thing at a time, as with one pair of hands
	home, away *window    // nil until it is needed
	window     *window    // the one in use
	waits      *asked     // the page's call that waits for a response
	kept       map[string]any
	closed     bool
}

// leave closes the visitor's windows and forgets the cookies. See Recorded.
func (v *websiteVisitor) leave() error {
	v.one.Lock()
	defer v.one.Unlock()
	v.closed = true
	return errors.Join(v.home.close(), v.away.close())
}

// Cookies implements Visitor.
func (v *websiteVisitor) Cookies() map[string]string {
	v.one.Lock()
	defer v.one.Unlock()
	found := map[string]string{}
	if v.window == nil {
		return found
	}
	ctx, cancel := context.WithTimeout(context.Background(), v.site.limits.Time)
	defer cancel()
	all, err := v.window.page.Context().Cookies(ctx)
	if err != nil {
		return found // the browser has ended, and the cookies with it
	}
	for _, cookie := range all {
		found[cookie.Name] = cookie.Value
	}
	return found
}

// Do implements Visitor.
func (v *websiteVisitor) Do(ctx context.Context, request Request) Answer {
	if request.Path != "" {
		plain := v.site.newSession()
		answer := plain.exchange(ctx, sent{method: orElse(request.Method, "POST"), url: v.site.at(request.Path), body: request.reader})
		if answer.Outcome == "" {
			answer.judge()
		}
		return answer
	}
	if v.site.tour.endpoints[pageOf(request.Endpoint)] == nil {
		return Answer{Outcome: Inexpressible, Err: fmt.Errorf("the website's description has no steps for %s", request.Endpoint)}
	}
	if err := plainHTTP(request); err != nil {
		return Answer{Outcome: Inexpressible, Err: err}
	}
	members, valid := decode(request.Body)
	if !valid || twice(request.Body) {
		return Answer{Outcome: Inexpressible, Err: errors.New("what is no JSON object cannot be said by a page")}
	}
	v.one.Lock()
	defer v.one.Unlock()
	if v.closed {
		return Answer{Outcome: Inexpressible, Err: browser.ErrClosed}
	}
	began := time.Now()
	var answer Answer
	v.lookFromHere()
	switch {
	case request.Endpoint == Removal:
		answer = v.remove(ctx, members)
	case request.Endpoint.result():
		answer = v.answers(ctx, request, members)
	default:
		answer = v.asksFor(ctx, request.Endpoint, members)
	}
	answer.Took = time.Since(began)
	if seen := v.requests(); answer.Outcome != Inexpressible || len(seen) > 0 {
		v.tell(&answer, request, seen)
	}
	return answer
}

// pageOf is the endpoint whose steps lead to one: a response is given where the options came from.
func pageOf(endpoint Endpoint) Endpoint {
	switch endpoint {
	case CreationResult:
		return CreationOptions
	case RequestResult:
		return RequestOptions
	}
	return endpoint
}

// apart reports whether a sign-in happens in a browser of its own: nobody says how to sign out.
func (v *websiteVisitor) apart(endpoint Endpoint) bool {
	return endpoint == RequestOptions && len(v.site.tour.phases[leaving]) == 0
}

// open brings the window of an endpoint to the front, and makes it when there is none.
func (v *websiteVisitor) open(ctx context.Context, endpoint Endpoint) error {
	place := &v.home
	if v.apart(endpoint) {
		place = &v.away
		if err := v.away.close(); err != nil {
			return err
		}
		v.away = nil
	}
	if *place == nil {
		made, err := v.site.newWindow(ctx)
		if err != nil {
			return err
		}
		*place = made
	}
	v.window = *place
	return nil
}

// lead goes through the phases that are due and the steps of an endpoint, with the turn. An empty answer says that all of it
// could be done.
func (v *websiteVisitor) lead(ctx context.Context, endpoint Endpoint, ask any) Answer {
	if err := v.open(ctx, endpoint); err != nil {
		return Answer{Outcome: Unreachable, Err: err}
	}
	v.waits = nil // whatever waited is left behind by going elsewhere
	if v.apart(endpoint) {
		return Answer{}
	}
	user := userName(ask)
	for _, due := range v.due(endpoint, user) {
		for _, a := range v.site.tour.phases[due] {
			if answer := v.perform(ctx, a, ask, due == makingAccount); answer.Outcome != "" {
				answer.Message = string(due) + ": " + answer.Err.Error()
				return answer
			}
		}
	}
	v.prepared(endpoint, user, len(v.site.tour.phases[makingAccount]) > 0)
	return Answer{}
}

// steps goes through those of a ceremony.
func (v *websiteVisitor) steps(ctx context.Context, c *ceremony, ask any) Answer {
	for _, a := range c.steps {
		if answer := v.perform(ctx, a, ask, false); answer.Outcome != "" {
			return answer
		}
	}
	return Answer{}
}

// lookFromHere forgets the requests of the visitor's windows so far.
func (v *websiteVisitor) lookFromHere() {
	for _, w := range []*window{v.home, v.away} {
		if w != nil {
			w.before = len(w.page.Requests())
		}
	}
}

// requests are those of the visitor's window since lookFromHere that tell something.
func (v *websiteVisitor) requests() []browser.Request {
	if v.window == nil {
		return nil
	}
	all := v.window.page.Requests()
	return slices.DeleteFunc(slices.Clone(all[min(v.window.before, len(all)):]), func(r browser.Request) bool {
		return r.Kind != "Document" && r.Kind != "Fetch" && r.Kind != "XHR"
	})
}
