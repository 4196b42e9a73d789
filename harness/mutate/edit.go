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
		if !slices.ContainsFunc(operations, func(o operation) bool { return o.name == words[1] }) {
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
		for _, o := range operations {
			if o.name == e.Op && o.do(target{found, parent, place}, e.Arg) {
				done++
			}
		}
	}
	return done
}

// Draw draws an edit that does something to a message, which it leaves as it is.
func Draw(r *rand.Rand, n *Node) Edit {
	paths := n.Paths()
	for {
		e := Edit{Path: paths[r.IntN(len(paths))], Op: operations[r.IntN(len(operations))].name, Arg: r.IntN(1 << (1 + r.IntN(10)))}
		if (Recipe{e}).Apply(n.copy()) == 1 {
			return e
		}
	}
}
