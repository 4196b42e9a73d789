package dialog

import (
	"encoding/json"
	"slices"
)

// element is one node of the tree of native windows, widgets and views that the browser draws.
type element struct {
	ID         int        `json:"nodeId"`
	Kind       string     `json:"nodeName"` // Window, Widget or View
	Attributes []string   `json:"attributes"`
	Children   []*element `json:"children"`

	// number is, of a topmost window, the how-manieth of the browser it is: Chromium names by it the file that it draws the
	// window into.
	number int
}

// attribute returns the value of an attribute; empty when there is none.
func (e *element) attribute(name string) string {
	for i := 0; i+1 < len(e.Attributes); i += 2 {
		if e.Attributes[i] == name {
			return e.Attributes[i+1]
		}
	}
	return ""
}

// class is the class of a view, as Chromium's code names it.
func (e *element) class() string { return e.attribute("class") }

// find returns the elements below and including e that match, in the order of the tree.
func (e *element) find(match func(*element) bool) []*element {
	var found []*element
	if match(e) {
		found = append(found, e)
	}
	for _, child := range e.Children {
		found = append(found, child.find(match)...)
	}
	return found
}

// clone returns a copy of e and all below it.
func (e *element) clone() *element {
	copied := *e
	copied.Children = make([]*element, len(e.Children))
	for i, child := range e.Children {
		copied.Children[i] = child.clone()
	}
	return &copied
}

// tree mirrors the browser's tree of native elements. It is asked for once and then follows the events: to ask again would
// give every element a new id, and windows could not be recognised.
type tree struct {
	top    *element
	byID   map[int]*element
	opened int // how many topmost windows there ever were
}

// plant begins the tree. The windows that are open count as the first ones of the browser.
func (t *tree) plant(top *element) {
	t.top, t.byID, t.opened = top, map[int]*element{}, 0
	t.learn(top)
	for _, window := range top.Children {
		t.opened++
		window.number = t.opened
	}
}

// learn makes an element and all below it known.
func (t *tree) learn(e *element) {
	t.byID[e.ID] = e
	e.Children = slices.DeleteFunc(e.Children, func(child *element) bool { return child == nil })
	for _, child := range e.Children {
		t.learn(child)
	}
}

// forget is the opposite of learn.
func (t *tree) forget(e *element) {
	delete(t.byID, e.ID)
	for _, child := range e.Children {
		t.forget(child)
	}
}

// hear takes an event of the inspector.
func (t *tree) hear(method string, params json.RawMessage) {
	if t.top == nil || method != "DOM.childNodeInserted" && method != "DOM.childNodeRemoved" {
		return
	}
	var event struct {
		Parent   int      `json:"parentNodeId"`
		Previous int      `json:"previousNodeId"`
		Removed  int      `json:"nodeId"`
		Node     *element `json:"node"`
	}
	if json.Unmarshal(params, &event) != nil {
		return
	}
	parent := t.byID[event.Parent]
	switch {
	case parent == nil:
	case event.Node != nil:
		t.insert(parent, event.Previous, event.Node)
	default:
		t.remove(parent, event.Removed)
	}
}

// insert adds an element behind the sibling with the id previous; when there is none it becomes the first.
func (t *tree) insert(parent *element, previous int, e *element) {
	if parent == t.top {
		t.opened++
		e.number = t.opened
	}
	t.learn(e)
	i := slices.IndexFunc(parent.Children, func(child *element) bool { return child.ID == previous })
	parent.Children = slices.Insert(parent.Children, i+1, e)
}

// remove takes an element away.
func (t *tree) remove(parent *element, id int) {
	i := slices.IndexFunc(parent.Children, func(child *element) bool { return child.ID == id })
	if i < 0 {
		return
	}
	t.forget(parent.Children[i])
	parent.Children = slices.Delete(parent.Children, i, i+1)
}

// dialogName is the name that Chromium gives to the widget of its Web Authentication dialog.
const dialogName = "AuthenticatorRequestDialogView"

// dialogs returns the widgets of all dialogs below e.
func (e *element) dialogs() []*element {
	return e.find(func(e *element) bool { return e.Kind == "Widget" && e.attribute("name") == dialogName })
}
