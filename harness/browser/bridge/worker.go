package bridge

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/go-rod/rod/lib/proto"

	"github.com/passkeylab/passkeylab/harness/browser"
)

// command is one raw DevTools call; an empty session is the browser itself.
type command struct {
	session proto.TargetSessionID
	method  string
	args    any
}

func call(ctx context.Context, b *browser.Browser, c command, result any) error {
	data, err := b.Rod().Call(ctx, string(c.session), c.method, c.args)
	if err != nil || result == nil {
		return err
	}
	return json.Unmarshal(data, result)
}

// look asks the watcher to look at the service worker. It never blocks: a look that is due already will do.
func (b *Bridge) look() {
	select {
	case b.stir <- struct{}{}:
	default:
	}
}

// hearBrowser notices service workers that come and go.
func (b *Bridge) hearBrowser(method string, params json.RawMessage) {
	switch method {
	case "Target.targetCreated", "Target.targetInfoChanged":
		if strings.Contains(string(params), b.id) {
			b.look()
		}
	case "Target.detachedFromTarget":
		var e struct{ SessionID proto.TargetSessionID }
		if json.Unmarshal(params, &e) == nil && b.is(e.SessionID) {
			b.forget()
			b.look()
		}
	}
}

func (b *Bridge) is(session proto.TargetSessionID) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return session != "" && session == b.worker.session
}

// watch attaches to the service worker whenever a new one runs; the first outcome goes to joined.
func (b *Bridge) watch(joined chan<- error) {
	for {
		select {
		case <-b.ctx.Done():
			return
		case <-b.stir:
		}
		found, err := b.join()
		if err == nil && !found {
			err = b.wake()
		}
		if err != nil && b.ctx.Err() == nil {
			b.log.Warn("bridge: connect to the extension", "error", err)
		}
		if found || err != nil {
			select {
			case joined <- err:
			default: // nobody waits any more
			}
		}
	}
}

// wake starts the worker again when it ended while requests wait for an answer. Otherwise the next request does.
func (b *Bridge) wake() error {
	b.mu.Lock()
	waiting := len(b.pending) > 0
	b.mu.Unlock()
	if !waiting {
		return nil
	}
	owner := b.browser.Rod().Context(b.ctx)
	page, err := proto.TargetCreateTarget{URL: "chrome-extension://" + b.id + "/wake.html", Background: true}.Call(owner)
	if err != nil {
		return fmt.Errorf("wake the service worker: %w", err)
	}
	ctx, cancel := context.WithTimeout(b.ctx, delivering)
	defer cancel()
	for {
		found, err := b.join()
		if found || err != nil || ctx.Err() != nil {
			_, _ = proto.TargetCloseTarget{TargetID: page.TargetID}.Call(owner)
			return err
		}
		select {
		case <-b.stir:
		case <-ctx.Done():
		}
	}
}

// join attaches to the running service worker unless it is attached already, and takes over what waits there. It reports
// whether a worker runs.
func (b *Bridge) join() (found bool, err error) {
	targets, err := proto.TargetGetTargets{}.Call(b.browser.Rod().Context(b.ctx))
	if err != nil {
		return false, err
	}
	for _, t := range targets.TargetInfos {
		if t.Type == proto.TargetTargetInfoTypeServiceWorker && strings.HasPrefix(t.URL, "chrome-extension://"+b.id+"/") {
			return b.attach(t.TargetID)
		}
	}
	return false, nil
}

func (b *Bridge) attach(target proto.TargetTargetID) (running bool, err error) {
	b.mu.Lock()
	w := b.worker
	b.mu.Unlock()
	if w.target != target {
		b.forget()
		if w, err = b.connect(target); err != nil {
			return false, err
		}
	}
	if !w.running || w.ready {
		return w.running, nil
	}
	state, err := b.greet(w)
	if err != nil {
		return false, err
	}
	if state.Refused != "" {
		return false, fmt.Errorf("the browser refused to attach the extension: %s", state.Refused)
	}
	b.change(func(now *worker) { now.ready = now.run == w.run && now.running })
	for _, message := range state.Waiting {
		b.receive(message)
	}
	return true, nil
}

// greeting is what the worker says first.
type greeting struct {
	Refused string   // why the browser did not let the extension stand in for authenticators; empty when it did
	Waiting []string // requests that came before we did
}

// greet asks the worker for its greeting, again until its script has run: the session tells of a run earlier.
func (b *Bridge) greet(w worker) (*greeting, error) {
	again := time.NewTicker(10 * time.Millisecond)
	defer again.Stop()
	for {
		var state *greeting
		err := b.evaluate(w.life, w.session, "globalThis.ready ? ready() : null", &state)
		if err != nil || state != nil {
			return state, err
		}
		select {
		case <-again.C:
		case <-w.life.Done():
			return nil, context.Cause(w.life)
		}
	}
}

// connect opens a session with the worker.
func (b *Bridge) connect(target proto.TargetTargetID) (worker, error) {
	attached, err := proto.TargetAttachToTarget{TargetID: target, Flatten: true}.Call(b.browser.Rod().Context(b.ctx))
	if err != nil {
		return worker{}, err
	}
	session := attached.SessionID
	deaf := b.browser.Listen(session, b.hearWorker)
	b.change(func(w *worker) { w.target, w.session, w.deaf = target, session, deaf })
	for _, c := range []command{
		{session, "Runtime.addBinding", map[string]any{"name": "bridgeRequest"}},
		{session, "Runtime.enable", struct{}{}}, // tells of the run, see hearWorker
	} {
		if err := call(b.ctx, b.browser, c, nil); err != nil {
			b.forget()
			return worker{}, fmt.Errorf("%s: %w", c.method, err)
		}
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.worker, nil
}

// change changes what is known of the worker and wakes those who wait for it.
func (b *Bridge) change(f func(*worker)) {
	b.mu.Lock()
	defer b.mu.Unlock()
	f(&b.worker)
	close(b.moved)
	b.moved = make(chan struct{})
}

// forget gives the session up.
func (b *Bridge) forget() {
	b.change(func(w *worker) {
		w.stop()
		if w.deaf != nil {
			w.deaf()
		}
		w.target, w.session, w.deaf = "", "", nil
	})
}

// stop ends the run.
func (w *worker) stop() {
	if w.end != nil {
		w.end()
	}
	w.running, w.ready = false, false
}

// next waits for a run of the worker that takes answers and is another than the last one tried.
func (b *Bridge) next(ctx context.Context, last int) (worker, error) {
	for {
		b.mu.Lock()
		w, moved := b.worker, b.moved
		b.mu.Unlock()
		if w.ready && w.run != last {
			return w, nil
		}
		select {
		case <-moved:
		case <-ctx.Done():
			return worker{}, ctx.Err()
		}
	}
}

// hearWorker is the Listener of the worker's session.
func (b *Bridge) hearWorker(method string, params json.RawMessage) {
	switch method {
	case "Runtime.executionContextCreated": // a run begins
		b.change(func(w *worker) {
			w.stop()
			w.run, w.running = w.run+1, true
			w.life, w.end = context.WithCancel(b.ctx)
		})
		b.look()
	case "Inspector.targetCrashed": // a run ended, crash or not
		b.change((*worker).stop)
		b.look()
	case "Runtime.bindingCalled":
		var e struct{ Name, Payload string }
		if json.Unmarshal(params, &e) == nil && e.Name == "bridgeRequest" {
			b.receive(e.Payload)
		}
	}
}

// evaluate runs an expression in the worker, awaits it and stores the JSON of its result.
func (b *Bridge) evaluate(ctx context.Context, session proto.TargetSessionID, expression string, result any) error {
	var reply struct {
		Result struct {
			Value json.RawMessage `json:"value"`
		} `json:"result"`
		ExceptionDetails *struct {
			Exception struct {
				Description string `json:"description"`
			} `json:"exception"`
		} `json:"exceptionDetails"`
	}
	err := call(ctx, b.browser, command{session, "Runtime.evaluate", map[string]any{
		"expression": expression, "awaitPromise": true, "returnByValue": true,
	}}, &reply)
	if err != nil {
		return err
	}
	if reply.ExceptionDetails != nil {
		return fmt.Errorf("the extension threw %s", reply.ExceptionDetails.Exception.Description)
	}
	return json.Unmarshal(reply.Result.Value, result)
}
