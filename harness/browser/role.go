package browser

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/go-rod/rod"
	"github.com/go-rod/rod/lib/proto"
)

// NotFound says that no element had the role and name in time, and what there was instead.
type NotFound struct {
	Role, Name string
	Candidates []string      // accessible names of the elements with that role, in document order
	Looked     bool          // whether the page could be looked at even once
	URL        string        // of the page, redacted
	Waited     time.Duration // how long
	Cause      error         // why the wait ended early or the page could not be looked at; nil when patience ran out
}

// Error lists the candidates: it is read at night.
func (e *NotFound) Error() string {
	found := fmt.Sprintf("the page has no %s at all", e.Role)
	switch {
	case !e.Looked:
		found = fmt.Sprintf("the page could not be looked at: %v", e.Cause)
	case len(e.Candidates) > 0:
		found = fmt.Sprintf("the page has these of role %s: %s", e.Role, quoted(e.Candidates))
	}
	return fmt.Sprintf("browser: no %s named %q on %s after %s; %s", e.Role, e.Name, e.URL, e.Waited.Round(time.Millisecond), found)
}

// Unwrap returns the cause.
func (e *NotFound) Unwrap() error { return e.Cause }

// Ambiguous says that several elements have the role and name, so that taking one would be a guess.
type Ambiguous struct {
	Role, Name string
	Count      int
}

// Error names what is ambiguous.
func (e *Ambiguous) Error() string {
	return fmt.Sprintf("browser: %d elements of role %s are named %q: name one, or use AllByRole", e.Count, e.Role, e.Name)
}

// polling is the pause between two looks at the page.
const polling = 50 * time.Millisecond

// ByRole waits for the one element that assistive technology would announce with this role and exactly this name, ignoring
// what is hidden, inert or in a closed dialog. It waits until the context ends, at most the context options' Patience; a look
// that is under way then is finished, so that there is one at least however slow the machine.
// Errors: *NotFound, *Ambiguous (several elements of that name once the wait is over).
func (p *Page) ByRole(ctx context.Context, role, name string) (*rod.Element, error) {
	start := time.Now()
	patience := time.NewTimer(p.owner.options.Patience)
	defer patience.Stop()
	looking, cancel := context.WithTimeout(ctx, p.owner.options.Patience+closing)
	defer cancel()
	missing := &NotFound{Role: role, Name: name}
	for {
		names, found, err := p.lookFor(looking, role, name)
		if err == nil {
			missing.Candidates, missing.Looked = names, true
			if len(found) == 1 {
				if el, err := p.element(ctx, found[0]); err == nil {
					return el, nil
				}
			}
		} else if !missing.Looked { // a page on its way to the next document, or one that hangs
			missing.Cause = err
		}
		select {
		case <-looking.Done():
		case <-patience.C:
		case <-time.After(polling):
			continue
		}
		if err == nil && len(found) > 1 {
			return nil, &Ambiguous{Role: role, Name: name, Count: len(found)}
		}
		missing.Waited = time.Since(start)
		if ctx.Err() != nil || missing.Looked {
			missing.Cause = ctx.Err()
		}
		return nil, p.notFound(missing)
	}
}

// lookFor looks once: the names of all elements of the role, and those with the wanted name.
func (p *Page) lookFor(ctx context.Context, role, name string) (names []string, found []axNode, err error) {
	nodes, err := p.query(ctx, role)
	for _, n := range nodes {
		names = append(names, n.name())
		if n.name() == name {
			found = append(found, n)
		}
	}
	return names, found, err
}

// notFound adds the page's address, with a context of its own because the caller's has ended.
func (p *Page) notFound(e *NotFound) error {
	ctx, cancel := context.WithTimeout(p.owner.browser.ctx, closing)
	defer cancel()
	var err error
	if e.URL, err = p.URL(ctx); err != nil {
		e.URL = "a page that is gone"
	}
	return e
}

// AllByRole returns the elements that have the role now, all of them when name is empty, else those of exactly that name.
func (p *Page) AllByRole(ctx context.Context, role, name string) ([]*rod.Element, error) {
	nodes, err := p.query(ctx, role)
	if err != nil {
		return nil, fmt.Errorf("browser: find all of role %s: %w", role, err)
	}
	var out []*rod.Element
	for _, n := range nodes {
		if name != "" && n.name() != name {
			continue
		}
		el, err := p.element(ctx, n)
		if err != nil {
			return nil, fmt.Errorf("browser: find all of role %s: %w", role, err)
		}
		out = append(out, el)
	}
	return out, nil
}

// Names returns the accessible names of the elements that have the role now, in document order.
func (p *Page) Names(ctx context.Context, role string) ([]string, error) {
	nodes, err := p.query(ctx, role)
	if err != nil {
		return nil, fmt.Errorf("browser: list the names of role %s: %w", role, err)
	}
	names := make([]string, len(nodes))
	for i, n := range nodes {
		names[i] = n.name()
	}
	return names, nil
}

// axNode is the part of Accessibility.AXNode that is used. rod's own type is not: it lacks values that newer browsers have.
type axNode struct {
	Ignored     bool    `json:"ignored"`
	Name        axValue `json:"name"`
	Description axValue `json:"description"`
	Properties  []struct {
		Name  string  `json:"name"`
		Value axValue `json:"value"`
	} `json:"properties"`
	BackendDOMNodeID proto.DOMBackendNodeID `json:"backendDOMNodeId"`
}

type axValue struct {
	Value json.RawMessage `json:"value"`
}

// name returns the accessible name with its white space collapsed, as it is announced.
func (n axNode) name() string {
	var s string
	_ = json.Unmarshal(n.Name.Value, &s) // absent: no name
	return strings.Join(strings.Fields(s), " ")
}

// query returns the nodes of a role that assistive technology can see, in document order.
func (p *Page) query(ctx context.Context, role string) ([]axNode, error) {
	page := p.Rod.Context(ctx)
	document, err := proto.RuntimeEvaluate{Expression: "document"}.Call(page)
	if err != nil {
		return nil, err
	}
	root := document.Result.ObjectID
	defer func() { _ = proto.RuntimeReleaseObject{ObjectID: root}.Call(page) }()
	data, err := page.Call(ctx, string(page.SessionID), "Accessibility.queryAXTree", map[string]any{"objectId": root, "role": role})
	if err != nil {
		return nil, err
	}
	var reply struct {
		Nodes []axNode `json:"nodes"`
	}
	if err := json.Unmarshal(data, &reply); err != nil {
		return nil, err
	}
	return slices.DeleteFunc(reply.Nodes, func(n axNode) bool { return n.Ignored || n.BackendDOMNodeID == 0 }), nil
}

func (p *Page) element(ctx context.Context, n axNode) (*rod.Element, error) {
	return p.Rod.Context(ctx).ElementFromNode(&proto.DOMNode{BackendNodeID: n.BackendDOMNodeID})
}

func quoted(names []string) string {
	out := make([]string, len(names))
	for i, n := range names {
		out[i] = fmt.Sprintf("%q", n)
	}
	return strings.Join(out, ", ")
}
