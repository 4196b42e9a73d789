package dialog

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/coder/websocket"
)

// largestMessage bounds what the browser may tell us at once, in bytes: the tree of one window has about 60 kB.
const largestMessage = 32 << 20

// views is a connection to Chromium's inspector of its native user interface, the DevTools of Views. It is not the DevTools
// of pages, though it speaks alike; it serves one client.
type views struct {
	conn  *websocket.Conn
	end   context.CancelFunc
	ended chan struct{} // closed when the reader ended
	why   error         // valid once ended is closed

	mu      sync.Mutex
	last    int
	waiting map[int]func(reply) // runs on the reader, with the lock held
	tree    tree
}

// reply is the answer to one call.
type reply struct {
	ID     int             `json:"id"`
	Result json.RawMessage `json:"result"`
	Error  *struct {
		Message string `json:"message"`
	} `json:"error"`
	Method string          `json:"method"` // of an event, which has no id
	Params json.RawMessage `json:"params"`
}

// RefusedError says that the browser's inspector of native views refused a call.
type RefusedError struct{ Method, Message string }

// Error tells what was refused and how.
func (e *RefusedError) Error() string { return fmt.Sprintf("%s: %s", e.Method, e.Message) }

// dialViews connects to the inspector that listens at host:port. The context bounds the connecting only.
func dialViews(ctx context.Context, address string) (*views, error) {
	// The path is fixed. The list at /json must not be asked for: its request is never answered.
	conn, _, err := websocket.Dial(ctx, "ws://"+address+"/0", nil) //nolint:bodyclose // the connection owns it
	if err != nil {
		return nil, err
	}
	conn.SetReadLimit(largestMessage)
	life, end := context.WithCancel(context.WithoutCancel(ctx))
	v := &views{conn: conn, end: end, ended: make(chan struct{}), waiting: map[int]func(reply){}}
	go v.read(life)
	for _, method := range []string{"DOM.enable", "CSS.enable"} {
		if err := v.call(ctx, method, struct{}{}, nil); err != nil {
			v.close()
			return nil, err
		}
	}
	if err := v.plant(ctx); err != nil {
		v.close()
		return nil, err
	}
	return v, nil
}

// read hands replies to who waits for them until the connection ends.
func (v *views) read(life context.Context) {
	defer close(v.ended)
	for {
		_, data, err := v.conn.Read(life)
		if err != nil {
			v.why = err
			return
		}
		var r reply
		if err := json.Unmarshal(data, &r); err != nil {
			v.why = fmt.Errorf("not a DevTools message: %w", err)
			return
		}
		v.mu.Lock()
		if r.ID == 0 {
			v.tree.hear(r.Method, r.Params)
		}
		if take := v.waiting[r.ID]; take != nil {
			delete(v.waiting, r.ID)
			take(r)
		}
		v.mu.Unlock()
	}
}

// call calls a method of the inspector. The result is decoded into result unless that is nil.
func (v *views) call(ctx context.Context, method string, params, result any) error {
	return v.callThen(ctx, method, params, func(data json.RawMessage) error {
		if result == nil {
			return nil
		}
		return json.Unmarshal(data, result)
	})
}

// callThen calls a method and lets take have the result before anything that the inspector says later is heard.
func (v *views) callThen(ctx context.Context, method string, params any, take func(json.RawMessage) error) error {
	answer := make(chan error, 1)
	v.mu.Lock()
	v.last++
	id := v.last
	v.waiting[id] = func(r reply) {
		if r.Error != nil {
			answer <- &RefusedError{Method: method, Message: r.Error.Message}
			return
		}
		answer <- take(r.Result)
	}
	v.mu.Unlock()
	defer func() {
		v.mu.Lock()
		defer v.mu.Unlock()
		delete(v.waiting, id)
	}()
	data, err := json.Marshal(map[string]any{"id": id, "method": method, "params": params})
	if err != nil {
		return fmt.Errorf("%s: %w", method, err)
	}
	// A connection that was interrupted in a message is of no use any more: the context bounds the waiting, not the writing.
	if err := v.conn.Write(context.WithoutCancel(ctx), websocket.MessageText, data); err != nil {
		return fmt.Errorf("%s: %w", method, errors.Join(ErrClosed, err))
	}
	select {
	case err := <-answer:
		return err
	case <-v.ended:
		return fmt.Errorf("%s: %w", method, errors.Join(ErrClosed, v.why))
	case <-ctx.Done():
		return fmt.Errorf("%s: %w", method, context.Cause(ctx))
	}
}

// plant asks for the tree. From then on the inspector tells what changes in it.
func (v *views) plant(ctx context.Context) error {
	return v.callThen(ctx, "DOM.getDocument", struct{}{}, func(data json.RawMessage) error {
		var result struct {
			Root element `json:"root"`
		}
		if err := json.Unmarshal(data, &result); err != nil {
			return err
		}
		v.tree.plant(&result.Root)
		return nil
	})
}

// place is where a window is among the browser's.
type place struct {
	number int // it is the how-manieth that the browser opened; zero: there is no such window
	rank   int // it is the how-manieth by age of those that are open, from zero
}

// dialog returns a copy of the widget of the dialog, nil when there is none, and the window that shows it; without a dialog
// the only window.
func (v *views) dialog() (widget *element, where place, err error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	roots := slices.SortedFunc(slices.Values(v.tree.top.Children), func(a, b *element) int { return a.number - b.number })
	if len(roots) == 1 {
		where = place{number: roots[0].number}
	}
	for rank, root := range roots {
		for _, found := range root.dialogs() {
			if widget != nil {
				return nil, place{}, ErrSeveralDialogs
			}
			widget, where = found.clone(), place{number: root.number, rank: rank}
		}
	}
	return widget, where, nil
}

// properties returns what the browser knows about one element, by name: Text, Visible, BoundsInScreen and others.
func (v *views) properties(ctx context.Context, id int) (map[string]string, error) {
	var result struct {
		Rules []struct {
			Rule struct {
				Style struct {
					Properties []struct{ Name, Value string } `json:"cssProperties"`
				} `json:"style"`
			} `json:"rule"`
		} `json:"matchedCSSRules"`
	}
	if err := v.call(ctx, "CSS.getMatchedStylesForNode", map[string]any{"nodeId": id}, &result); err != nil {
		return nil, err
	}
	found := map[string]string{}
	for _, rule := range result.Rules {
		for _, p := range rule.Rule.Style.Properties {
			found[p.Name] = p.Value
		}
	}
	return found, nil
}

// close ends the connection and waits for its reader.
func (v *views) close() {
	_ = v.conn.CloseNow()
	v.end()
	<-v.ended
}
