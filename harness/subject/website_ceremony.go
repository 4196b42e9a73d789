package subject

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/go-rod/rod"

	"github.com/passkeylab/passkeylab/harness/browser"
	"github.com/passkeylab/passkeylab/harness/browser/bridge"
)

// asksFor goes to where the page asks for options, and takes them from its call of navigator.credentials.
func (v *websiteVisitor) asksFor(ctx context.Context, endpoint Endpoint, ask any) Answer {
	if err := v.site.enter(ctx); err != nil {
		return v.failed(err)
	}
	defer v.site.exit()
	if answer := v.lead(ctx, endpoint, ask); answer.Outcome != "" {
		return answer
	}
	v.asks(ask)
	came, enough := v.site.stage.expect(endpoint)
	defer enough()
	c := v.site.tour.endpoints[endpoint]
	if answer := v.steps(ctx, c, ask); answer.Outcome != "" {
		return answer
	}
	var saw sighting
	ok, err := v.window.await(ctx, func(ctx context.Context) (_ bool, err error) {
		select {
		case v.waits = <-came:
			return true, nil
		default:
		}
		saw, err = v.window.sights(ctx, c)
		return saw.refused, err
	})
	switch {
	case v.waits != nil:
		return v.options(endpoint, ask)
	case err != nil:
		return v.failed(err)
	case ok:
		return refusal(saw.words)
	}
	says := fmt.Sprintf("the page did not call %s within %s", functionOf(endpoint), v.window.patience)
	if others := v.site.stage.dismissed(); len(others) > 0 {
		says += ", but " + strings.Join(others, ", ")
	}
	return Answer{Outcome: NotAsDescribed, Err: fmt.Errorf("%s. %s", says, v.window.tells(ctx))}
}

// options are those that the page's call came with, as an answer of FIDO's API has them.
func (v *websiteVisitor) options(endpoint Endpoint, ask any) Answer {
	options, err := plainOptions(v.waits.options)
	if err != nil {
		return Answer{Outcome: NotAsDescribed, Err: err}
	}
	told := func(path []string) bool { return v.site.tour.told(endpoint, path) }
	if err := untoldAsk(ask, options, told); err != nil {
		return Answer{Outcome: Inexpressible, Err: err}
	}
	return Answer{Outcome: Accepted, Members: offered(options)}
}

// answers gives the page the response that it waits for, and looks what it makes of it.
func (v *websiteVisitor) answers(ctx context.Context, request Request, response any) Answer {
	waits := v.waits
	if waits == nil || waits.endpoint != pageOf(request.Endpoint) {
		return Answer{Outcome: Inexpressible, Err: fmt.Errorf("no page of this visitor waits in %s", functionOf(request.Endpoint))}
	}
	if err := unhanded(request.Endpoint, response); err != nil {
		return Answer{Outcome: Inexpressible, Err: err}
	}
	v.waits = nil
	waits.reply <- request.Body
	select {
	case err := <-waits.taken:
		if refused := (*bridge.NotTaken)(nil); errors.As(err, &refused) {
			return Answer{Outcome: Inexpressible, Err: fmt.Errorf("the browser hands no such response to a page: %s", refused.Reason)}
		}
		if err != nil {
			return Answer{Outcome: Reset, Err: err}
		}
	case <-ctx.Done():
		return Answer{Outcome: TimedOut, Err: context.Cause(ctx)}
	}
	answer := v.verdict(ctx, v.site.tour.endpoints[waits.endpoint])
	if answer.Outcome == Accepted && !v.apart(waits.endpoint) {
		v.answered()
	}
	return answer
}

// remove goes through the steps of a removal.
func (v *websiteVisitor) remove(ctx context.Context, ask any) Answer {
	if err := v.site.enter(ctx); err != nil {
		return v.failed(err)
	}
	defer v.site.exit()
	if answer := v.lead(ctx, Removal, ask); answer.Outcome != "" {
		return answer
	}
	c := v.site.tour.endpoints[Removal]
	if answer := v.steps(ctx, c, ask); answer.Outcome != "" {
		return answer
	}
	return v.verdict(ctx, c)
}

// verdict waits for what the page shows of a ceremony's end.
func (v *websiteVisitor) verdict(ctx context.Context, c *ceremony) Answer {
	var saw sighting
	ok, err := v.window.await(ctx, func(ctx context.Context) (_ bool, err error) {
		saw, err = v.window.sights(ctx, c)
		return saw.accepted || saw.refused, err
	})
	switch {
	case err != nil:
		return v.failed(err)
	case !ok:
		return v.failed(fmt.Errorf("the page showed neither %s nor %s within %s. %s", c.accepted, c.refused, v.window.patience, v.window.tells(ctx)))
	case saw.accepted && saw.refused:
		return Answer{Outcome: NotAsDescribed, Err: fmt.Errorf("the page shows %s and %s at once", c.accepted, c.refused)}
	case saw.refused:
		return refusal(saw.words)
	}
	return Answer{Outcome: Accepted, Members: said("ok", "")}
}

// refusal is a no in the page's words.
func refusal(words string) Answer {
	return Answer{Outcome: Refused, Message: words, Members: said("failed", words)}
}

// failed is what came of something that could not be done on a page.
func (v *websiteVisitor) failed(err error) Answer {
	var navigation *rod.NavigationError
	switch {
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
		return Answer{Outcome: TimedOut, Err: err}
	case errors.As(err, &navigation), errors.Is(err, browser.ErrClosed):
		return Answer{Outcome: Unreachable, Err: err}
	}
	return Answer{Outcome: NotAsDescribed, Err: err}
}
