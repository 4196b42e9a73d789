package bridge

import (
	"context"
	"sync"
)

// NotTaken says that the browser did not hand a responder's answer to the page, which got NotAllowedError in its place: the
// response was malformed in the browser's eyes, or the page waits no more.
type NotTaken struct {
	// Reason is the browser's own.
	Reason string
}

// Error gives the browser's reason.
func (e *NotTaken) Error() string {
	return "bridge: the browser did not take the response: " + e.Reason
}

// WhenTaken lets the responder of a request, which ctx belongs to, hear what became of its answer after it returned: nil when
// the page has it, else why not, a *NotTaken where the browser objected. It is called once, on another goroutine.
func WhenTaken(ctx context.Context, hear func(error)) {
	if h, ok := ctx.Value(hearingKey{}).(*hearing); ok {
		h.mu.Lock()
		defer h.mu.Unlock()
		h.hear = hear
	}
}

type hearingKey struct{}

// hearing is who wants to hear of one request.
type hearing struct {
	mu   sync.Mutex
	hear func(error)
}

func (h *hearing) tell(err error) {
	h.mu.Lock()
	hear := h.hear
	h.mu.Unlock()
	if hear != nil {
		hear(err)
	}
}
