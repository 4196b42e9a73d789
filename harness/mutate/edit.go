package mutate

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
)

// Edit is one change.
type Edit struct {
	// Path names the node: "response/authenticatorData/flags"; "" for the whole message.
	Path string
	// Op is what is done to it; the table of operations says what there is.
	Op string
	// Arg is what the operation makes of it: which bit, which wrong type, how many bytes.
	Arg int
}

// Recipe is a list of edits, in order. An edit whose node is not there, or is none of its operation's, does nothing.
type Recipe []Edit

// String is the recipe as ParseRecipe reads it.
func (r Recipe) String() string {
	var parts []string
	for _, e := range r {
		parts = append(parts, fmt.Sprintf("%s %s %d", orRoot(e.Path), e.Op, e.Arg))
	}
	return strings.Join(parts, "; ")
}

// Says tells in words what the recipe does: "a bit of response/signature flipped, and response/id removed".
func (r Recipe) Says() string {
	var parts []string
	for _, e := range r {
		o, _ := named(e.Op)
		where := e.Path
		if where == "" {
			where = "the message"
		}
		parts = append(parts, fmt.Sprintf(o.says, where))
	}
	return strings.Join(parts, ", and ")
}

// root stands for the empty path.
const root = "."

func orRoot(path string) string {
	if path == "" {
		return root
	}
	return path
}

// ParseRecipe reads what Recipe.String wrote.
func ParseRecipe(text string) (Recipe, error) {
	var r Recipe
	for part := range strings.SplitSeq(text, ";") {
		words := strings.Fields(part)
		if len(words) != 3 {
			return nil, fmt.Errorf("mutate: %q is no edit; write a path, an operation and a number: response/signature flip 3", strings.TrimSpace(part))
		}
		arg, err := strconv.Atoi(words[2])
		if err != nil || arg < 0 {
			return nil, fmt.Errorf("mutate: %q is no number of at least 0", words[2])
		}
		if _, found := named(words[1]); !found {
			return nil, fmt.Errorf("mutate: there is no operation %q; those that exist: %s", words[1], strings.Join(Operations(), ", "))
		}
		if words[0] == root {
			words[0] = ""
		}
		r = append(r, Edit{Path: words[0], Op: words[1], Arg: arg})
	}
	return r, nil
}

// Apply changes a message, and returns how many of the edits did something.
func (r Recipe) Apply(n *Node) int {
	done := 0
	for _, e := range r {
		found, parent, place := n.find(e.Path)
		if found == nil {
			continue
		}
		if o, ok := named(e.Op); ok && o.do(target{found, parent, place}, e.Arg) {
			done++
		}
	}
	return done
}

// Choice is an edit without its number, which does something to a message with some numbers.
type Choice struct{ Path, Op string }

// Choices lists what can be done to a message, of that for which fits is true, or all when it is nil.
func (n *Node) Choices(fits func(at Place, op string) bool) []Choice {
	var all []Choice
	for _, place := range n.Places() {
		for _, o := range operations {
			if fits != nil && !fits(place, o.name) {
				continue
			}
			for arg := range 2 { // those that do something with some number do so with one of these
				if n.can(Edit{place.Path, o.name, arg}) {
					all = append(all, Choice{place.Path, o.name})
					break
				}
			}
		}
	}
	return all
}

// Draw draws one of several choices, with a number with which it does something to a message. The message stays as it is. There
// must be a choice.
func Draw(r *rand.Rand, n *Node, choices []Choice) Edit {
	for {
		c := choices[r.IntN(len(choices))]
		e := Edit{Path: c.Path, Op: c.Op, Arg: r.IntN(1 << (1 + r.IntN(10)))}
		if n.can(e) {
			return e
		}
	}
}

// can reports whether an edit does something to a message, which stays as it is: the edit is done to a copy of its node, in a
// copy of the list that it stands in.
func (n *Node) can(e Edit) bool {
	found, parent, place := n.find(e.Path)
	o, known := named(e.Op)
	if found == nil || !known {
		return false
	}
	t := target{Node: found.copy(), place: place}
	if parent != nil {
		beside := *parent
		beside.children = slices.Clone(parent.children)
		beside.children[place] = t.Node
		t.parent = &beside
	}
	return o.do(t, e.Arg)
}
