package mutate

// Place is a node of a message, as an edit names it.
type Place struct {
	// Path is the node's; "" for the whole message.
	Path string
	// Shape is the encoding that the node is written in, and Holds that of the message in it; Bytes for none.
	Shape, Holds Shape
}

// Changes is the encoding that an operation changes there: that of the node itself, or that of what it holds, for operations
// that change bytes.
func (p Place) Changes(op string) Shape {
	if o, _ := named(op); o.inside && p.Holds != Bytes {
		return p.Holds
	}
	return p.Shape
}

// Places lists every node of the tree, the root first.
func (n *Node) Places() []Place {
	var all []Place
	var walk func(n *Node, at string, of Shape)
	walk = func(n *Node, at string, of Shape) {
		p := Place{Path: at, Shape: n.shape}
		if p.Shape == Bytes { // a field of what it stands in
			p.Shape = of
		}
		if n.inner != nil {
			p.Holds = n.inner.shape
		}
		all = append(all, p)
		for i, child := range n.inside() {
			walk(child, join(at, label(child, i)), n.holder().shape)
		}
	}
	walk(n, n.name, Bytes)
	return all
}

// Paths lists the path of every node of the tree, that of the root first.
func (n *Node) Paths() []string {
	var paths []string
	for _, p := range n.Places() {
		paths = append(paths, p.Path)
	}
	return paths
}
