package mutate

import (
	"encoding/base64"
	"net/url"
	"path"
	"strconv"
	"strings"
)

// Shape is an encoding.
type Shape int

// The shapes.
const (
	Bytes    Shape = iota // Bytes are of no structure that is known here.
	JSON                  // JSON is RFC 8259.
	CBOR                  // CBOR is RFC 8949.
	DER                   // DER is ITU-T X.690.
	AuthData              // AuthData is authenticator data, WebAuthn L3 §6.1.
)

// Layers say which members of a message hold other encodings, by path, in which * stands for one name:
// "response/attestationObject": CBOR.
type Layers map[string]Shape

// kind is what a node is in its own encoding.
type kind int

const (
	raw    kind = iota // data stands as it is
	text               // a string of text
	octets             // a string of bytes
	list               // children without names
	fields             // children with names
)

// Node is a value of a message, with the values in it.
type Node struct {
	name     string
	shape    Shape
	kind     kind
	key      []byte // the encoded key of a member of a CBOR map
	tag      []byte // the identifier octets of a TLV
	children []*Node
	data     []byte
	inner    *Node // what data holds, when that is a message itself

	overlong, indefinite bool
	lie, cut             int
	trail                []byte
}

// Open reads a message, or what it holds of one: bytes that are not of the shape are a leaf. name is the first name of all
// paths; it is empty for a message that is all there is.
func Open(name string, message []byte, shape Shape, layers Layers) *Node {
	o := opener{layers: layers}
	n := o.open(message, shape, "")
	n.name = name
	return n
}

// opener reads messages, and the messages in them.
type opener struct{ layers Layers }

// open reads a whole message. at is its path, for the layers.
func (o *opener) open(message []byte, shape Shape, at string) *Node {
	var n *Node
	var rest []byte
	ok := false
	switch shape {
	case JSON:
		n, ok = o.json(message, at)
	case CBOR:
		n, rest, ok = o.cbor(message, at, 0)
	case DER:
		n, rest, ok = o.der(message, at, 0)
	case AuthData:
		n, ok = o.authData(message)
	}
	if !ok {
		return &Node{kind: raw, data: clone(message)}
	}
	n.trail = append(n.trail, rest...)
	return n
}

// layer is the shape of what stands at a path.
func (o *opener) layer(at string) Shape {
	for pattern, shape := range o.layers {
		if matched, err := path.Match(pattern, at); err == nil && matched {
			return shape
		}
	}
	return Bytes
}

func join(at, name string) string {
	if at == "" {
		return name
	}
	return at + "/" + name
}

// Encode writes the message.
func (n *Node) Encode() []byte {
	var out []byte
	switch n.shape {
	case JSON:
		out = n.encodeJSON()
	case CBOR:
		out = n.encodeCBOR()
	case DER:
		out = n.encodeDER()
	case AuthData:
		for _, child := range n.children {
			out = append(out, child.Encode()...)
		}
	default:
		out = n.content()
	}
	return append(out[:max(0, len(out)-n.cut):max(0, len(out)-n.cut)], n.trail...)
}

// content is what a string holds.
func (n *Node) content() []byte {
	if n.inner == nil {
		return clone(n.data)
	}
	inside := n.inner.Encode()
	if n.shape == JSON {
		return []byte(base64.RawURLEncoding.EncodeToString(inside))
	}
	return inside
}

// harden makes a string of a message in it, so that its bytes can be changed as bytes.
func (n *Node) harden() {
	if n.inner != nil {
		n.data, n.inner = n.content(), nil
	}
}

// inside are the nodes directly below.
func (n *Node) inside() []*Node {
	if n.inner != nil {
		return n.inner.inside()
	}
	return n.children
}

// holder is the node whose children inside returns.
func (n *Node) holder() *Node {
	if n.inner != nil {
		return n.inner.holder()
	}
	return n
}

// child is the one of a name, or nil. Among several of the same name it is the first.
func (n *Node) child(name string) *Node {
	for i, child := range n.inside() {
		if label(child, i) == name {
			return child
		}
	}
	return nil
}

// label is the name of a child in a path: its own, or its place.
func label(child *Node, place int) string {
	if child.name != "" {
		return url.PathEscape(child.name)
	}
	return strconv.Itoa(place)
}

// find is the node at a path with the node that holds it and its place there; nil when there is none.
func (n *Node) find(at string) (found, parent *Node, place int) {
	if at == n.name {
		return n, nil, 0
	}
	if n.name != "" {
		rest, ok := strings.CutPrefix(at, n.name+"/")
		if !ok {
			return nil, nil, 0
		}
		at = rest
	}
	here := n
	for name := range strings.SplitSeq(at, "/") {
		next := here.child(name)
		if next == nil {
			return nil, nil, 0
		}
		parent, here = here.holder(), next
	}
	for i, child := range parent.children {
		if child == here {
			return here, parent, i
		}
	}
	return nil, nil, 0
}

func clone(b []byte) []byte { return append([]byte(nil), b...) }

// copy is the node with everything below it.
func (n *Node) copy() *Node {
	c := *n
	c.data, c.trail, c.key, c.tag = clone(n.data), clone(n.trail), clone(n.key), clone(n.tag)
	if n.inner != nil {
		c.inner = n.inner.copy()
	}
	c.children = nil
	for _, child := range n.children {
		c.children = append(c.children, child.copy())
	}
	return &c
}
