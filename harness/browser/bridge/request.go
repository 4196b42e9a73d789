package bridge

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/passkeylab/passkeylab/harness/client"
)

// request is one message of the extension.
type request struct {
	Kind               string `json:"kind"` // create get platform cancel
	RequestID          int    `json:"requestId"`
	RequestDetailsJSON string `json:"requestDetailsJson"`
}

// answer is what the browser takes as the outcome of a request.
type answer struct {
	RequestID    int       `json:"requestId"`
	ResponseJSON string    `json:"responseJson,omitempty"`
	Error        *domError `json:"error,omitempty"`
	IsUVPAA      *bool     `json:"isUvpaa,omitempty"`
}

type domError struct {
	Name    string `json:"name"`
	Message string `json:"message"`
}

// receive starts to answer a request. It is called by listeners and does not block.
func (b *Bridge) receive(message string) {
	var r request
	if err := json.Unmarshal([]byte(message), &r); err != nil {
		b.log.Error("bridge: read a request of the extension", "error", err)
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if r.Kind == "cancel" {
		if cancel, ok := b.pending[r.RequestID]; ok {
			cancel()
		}
		return
	}
	if _, twice := b.pending[r.RequestID]; twice || b.closed {
		return
	}
	heard := new(hearing)
	ctx, cancel := context.WithCancel(context.WithValue(b.ctx, hearingKey{}, heard))
	b.pending[r.RequestID] = cancel
	b.asked.Go(func() {
		defer cancel()
		a := b.respond(ctx, r)
		heard.tell(b.deliver(r, a))
		b.mu.Lock()
		defer b.mu.Unlock()
		delete(b.pending, r.RequestID)
	})
}

// respond lets the responder of the origin answer; there is always an answer, because the page waits for it.
func (b *Bridge) respond(ctx context.Context, r request) answer {
	if r.Kind == "platform" {
		yes := b.anyPlatformAuthenticator()
		return answer{RequestID: r.RequestID, IsUVPAA: &yes}
	}
	origin, err := originOf(r.RequestDetailsJSON)
	if err != nil {
		return b.refuse(r, err)
	}
	b.mu.Lock()
	responder, ok := b.routes[origin]
	b.mu.Unlock()
	if !ok {
		return b.refuse(r, fmt.Errorf("no responder is routed for the origin %s (routed: %s)", origin, b.origins()))
	}
	response, err := ask(ctx, responder, r)
	if err == nil && len(response) == 0 {
		err = errors.New("the responder answered nothing")
	}
	if err != nil {
		return b.refuse(r, err)
	}
	return answer{RequestID: r.RequestID, ResponseJSON: string(response)}
}

// ask calls the responder. A panic in it must not leave the page waiting, nor end the whole program.
func ask(ctx context.Context, responder Responder, r request) (response []byte, err error) {
	defer func() {
		if value := recover(); value != nil {
			err = fmt.Errorf("the responder panicked: %v", value)
		}
	}()
	if r.Kind == "create" {
		return responder.Create(ctx, []byte(r.RequestDetailsJSON))
	}
	return responder.Get(ctx, []byte(r.RequestDetailsJSON))
}

// originOf reads the origin of the page. The browser puts it where a remote desktop's client would have to look.
func originOf(options string) (string, error) {
	var o struct {
		Extensions struct {
			Override struct {
				Origin string `json:"origin"`
			} `json:"remoteDesktopClientOverride"`
		} `json:"extensions"`
	}
	if err := json.Unmarshal([]byte(options), &o); err != nil {
		return "", fmt.Errorf("read the request's options: %w", err)
	}
	if o.Extensions.Override.Origin == "" {
		return "", errors.New("the request names no origin (extensions.remoteDesktopClientOverride.origin)")
	}
	return o.Extensions.Override.Origin, nil
}

// refuse turns an error into what the page may know of it; the rest goes to the log.
func (b *Bridge) refuse(r request, err error) answer {
	var dom *client.DOMError
	if errors.As(err, &dom) {
		b.log.Debug("bridge: ceremony refused", "kind", r.Kind, "error", err, "cause", dom.Cause)
		return answer{RequestID: r.RequestID, Error: &domError{Name: dom.Name, Message: dom.Message}}
	}
	b.log.Warn("bridge: ceremony refused", "kind", r.Kind, "error", err)
	return answer{RequestID: r.RequestID, Error: &domError{Name: "NotAllowedError", Message: "The ceremony was refused."}}
}

// anyPlatformAuthenticator answers for all origins together, because this request does not name the one that asks: true when
// any routed responder has a platform authenticator.
func (b *Bridge) anyPlatformAuthenticator() bool {
	b.mu.Lock()
	responders := make([]Responder, 0, len(b.routes))
	for _, r := range b.routes {
		responders = append(responders, r)
	}
	b.mu.Unlock()
	for _, r := range responders {
		if r.PlatformAuthenticator() {
			return true
		}
	}
	return false
}

// delivering bounds how long an answer waits for a worker to hand it to.
const delivering = 20 * time.Second

// deliver hands the answer to the browser. It outlives the request's own context, which may have ended with the page. Its error
// is why the page did not get the answer.
func (b *Bridge) deliver(r request, a answer) error {
	ctx, cancel := context.WithTimeout(b.ctx, delivering)
	defer cancel()
	refused, err := b.hand(ctx, r.Kind, a)
	why := err
	if err == nil && refused != "" {
		why = &NotTaken{Reason: refused}
	}
	if err == nil && refused != "" && a.ResponseJSON != "" {
		// Either the page aborted meanwhile, and this will be refused too, or the response lacks something.
		b.log.Warn("bridge: the browser did not take the response", "kind", r.Kind, "reason", refused)
		refused, err = b.hand(ctx, r.Kind, answer{RequestID: a.RequestID, Error: &domError{Name: "NotAllowedError", Message: "The response of the authenticator was malformed."}})
	}
	switch {
	case err != nil && b.ctx.Err() == nil:
		b.log.Error("bridge: answer the browser", "kind", r.Kind, "error", err)
	case refused != "":
		b.log.Debug("bridge: the browser no longer waits", "kind", r.Kind, "reason", refused)
	}
	return why
}

// hand gives an answer to the worker, and to its successor when the worker ends meanwhile. It returns the browser's objection.
func (b *Bridge) hand(ctx context.Context, kind string, a answer) (refused string, err error) {
	details, err := json.Marshal(a)
	if err != nil {
		return "", err
	}
	var w worker
	for range 3 {
		if w, err = b.next(ctx, w.run); err != nil {
			return "", err
		}
		attempt, cancel := context.WithCancel(ctx)
		stop := context.AfterFunc(w.life, cancel)
		err = b.evaluate(attempt, w.session, fmt.Sprintf("answer(%q, %s)", kind, details), &refused)
		stop()
		cancel()
		if err == nil {
			return refused, nil
		}
	}
	return "", err
}
