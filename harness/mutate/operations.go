package mutate

import (
	"bytes"
	"slices"
)

// target is the node that an edit is about, and where it stands; parent is nil for the whole message.
type target struct {
	*Node
	parent *Node
	place  int
}

// operation is one way to change a node. do returns false when it is none for this node.
type operation struct {
	name string
	// says tells what has been done to %s.
	says string
	// inside says that it changes bytes, also those of a message that a string holds.
	inside bool
	do     func(t target, arg int) bool
}

// operations are all, in an order that seeds depend on.
var operations = []operation{
	{"remove", "%s removed", false, remove},
	{"repeat", "%s repeated", false, repeat},
	{"swap", "%s swapped with a neighbour", false, swap},
	{"rename", "%s under another name", false, rename},
	{"add", "an unknown member added to %s", false, add},
	{"type", "a value of another type in place of %s", false, wrongType},
	{"nest", "%s wrapped into lists", false, nest},
	{"flip", "a bit of %s flipped", true, onBytes(flip)},
	{"shorten", "%s shortened", true, onBytes(shorten)},
	{"lengthen", "%s lengthened", true, onBytes(lengthen)},
	{"bump", "the last byte of %s counted up", true, onBytes(bump)},
	{"fill", "all bytes of %s made the same", true, onBytes(fill)},
	{"cut", "the end of %s cut off", false, cut},
	{"trail", "bytes behind %s", false, trail},
	{"lie", "the length of %s told wrong", false, lie},
	{"overlong", "%s written in more bytes than it takes", false, overlong},
	{"indefinite", "%s written with an open length", false, indefinite},
	{"tag", "%s under another tag", false, retag},
}

// named is the operation of a name; false when there is none.
func named(name string) (operation, bool) {
	i := slices.IndexFunc(operations, func(o operation) bool { return o.name == name })
	if i < 0 {
		return operation{}, false
	}
	return operations[i], true
}

// Operations lists the names of all operations.
func Operations() []string {
	var names []string
	for _, o := range operations {
		names = append(names, o.name)
	}
	return names
}

func remove(t target, _ int) bool {
	if t.parent == nil {
		return false
	}
	t.parent.children = append(t.parent.children[:t.place:t.place], t.parent.children[t.place+1:]...)
	return true
}

// repeat puts a copy behind the node, or several.
func repeat(t target, arg int) bool {
	if t.parent == nil {
		return false
	}
	for range 1 + arg%3 {
		t.parent.children = append(t.parent.children, t.copy())
	}
	return true
}

func swap(t target, arg int) bool {
	if t.parent == nil || len(t.parent.children) < 2 {
		return false
	}
	other := (t.place + 1 + arg%(len(t.parent.children)-1)) % len(t.parent.children)
	c := t.parent.children
	c[t.place], c[other] = c[other], c[t.place]
	return true
}

// rename gives a member another key: one more character, or another number.
func rename(t target, arg int) bool {
	if t.parent == nil || t.parent.kind != fields {
		return false
	}
	if t.key != nil { // CBOR
		t.key = appendHead(nil, byte(arg&1), uint64(arg), false)
		return true
	}
	t.name += string(rune('a' + arg%26))
	return true
}

// add puts a member that nobody knows into a container.
func add(t target, arg int) bool {
	holder := t.holder()
	switch {
	case holder.shape == JSON && (holder.kind == list || holder.kind == fields):
		holder.children = append(holder.children, &Node{name: "unknown" + string(rune('a'+arg%26)), shape: JSON, data: wrongJSON[arg%len(wrongJSON)]})
	case holder.shape == CBOR && (holder.kind == list || holder.kind == fields):
		key := append([]byte{0x68}, "unknown"+string(rune('a'+arg%26))...)
		holder.children = append(holder.children, &Node{name: string(key[1:]), key: key, shape: CBOR, data: wrongCBOR[arg%len(wrongCBOR)]})
		if holder.kind == list {
			holder.children[len(holder.children)-1].key = nil
		}
	case holder.shape == DER && holder.kind == list:
		holder.children = append(holder.children, &Node{shape: DER, data: wrongDER[arg%len(wrongDER)]})
	default:
		return false
	}
	return true
}

// Values of every type, one of which is the wrong one.
var (
	wrongJSON = [][]byte{
		[]byte("null"), []byte("true"), []byte("42"), []byte("1.5"), []byte("[]"), []byte("{}"), []byte(`""`), []byte(`"x"`), []byte("-1"),
		[]byte("1e999"), []byte("18446744073709551616"), []byte(`"\ud800"`), []byte(`"\u0000"`),
	}
	wrongCBOR = [][]byte{
		{0xf6}, {0xf5}, {0x18, 0x2a}, {0xfb, 0x3f, 0xf8, 0, 0, 0, 0, 0, 0}, {0x80}, {0xa0}, {0x60}, {0x61, 'x'}, {0x40}, {0x41, 0}, {0x20}, {0xf7}, {0xf9, 0x7e, 0},
		{0x1b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}, {0x3b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}, {0xc0, 0x60}, {0xc2, 0x40}, {0x62, 0xff, 0xff},
	}
	wrongDER = [][]byte{
		{0x05, 0}, {0x01, 1, 0xff}, {0x02, 1, 42}, {0x02, 0}, {0x30, 0}, {0x31, 0}, {0x0c, 0}, {0x0c, 1, 'x'}, {0x04, 0}, {0x03, 1, 0}, {0x02, 1, 0x80},
		{0x02, 2, 0, 0}, {0x06, 1, 0x80}, {0x17, 1, 'Z'},
	}
)

// wrongType puts a value of another type, or an edge of its own, in the node's place.
func wrongType(t target, arg int) bool {
	values := map[Shape][][]byte{JSON: wrongJSON, CBOR: wrongCBOR, DER: wrongDER}[t.shape]
	if values == nil {
		return false
	}
	name, key, shape := t.name, t.key, t.shape
	*t.Node = Node{name: name, key: key, shape: shape, data: clone(values[arg%len(values)])}
	return true
}

// nest wraps the node into lists, sometimes into very many.
func nest(t target, arg int) bool {
	depth := 1
	if arg%8 == 7 {
		depth = 1000
	}
	inside := t.Encode()
	var open, end []byte
	switch t.shape {
	case JSON:
		open, end = bytes.Repeat([]byte("["), depth), bytes.Repeat([]byte("]"), depth)
	case CBOR:
		open = bytes.Repeat([]byte{0x81}, depth)
	default:
		return false
	}
	name, key, shape := t.name, t.key, t.shape
	*t.Node = Node{name: name, key: key, shape: shape, data: append(append(open, inside...), end...)}
	return true
}

// onBytes is an operation on the bytes of a leaf, or of a message in a string.
func onBytes(change func(data []byte, arg int) []byte) func(target, int) bool {
	return func(t target, arg int) bool {
		if t.kind == list || t.kind == fields {
			return false
		}
		t.harden()
		changed := change(clone(t.data), arg)
		if bytes.Equal(changed, t.data) {
			return false
		}
		t.data = changed
		return true
	}
}

func flip(data []byte, arg int) []byte {
	if len(data) > 0 {
		data[arg/8%len(data)] ^= 1 << (arg % 8)
	}
	return data
}

func shorten(data []byte, arg int) []byte { return data[:max(0, len(data)-1-arg)] }

// lengthen puts bytes behind, sometimes very many.
func lengthen(data []byte, arg int) []byte {
	count := 1 + arg%8
	if arg%16 == 15 {
		count = 4096
	}
	return append(data, bytes.Repeat([]byte{byte('A' + arg%26)}, count)...)
}

// bump counts the last byte up.
func bump(data []byte, arg int) []byte {
	if len(data) > 0 {
		data[len(data)-1] += byte(1 + arg%255)
	}
	return data
}

// fill makes all bytes the same: zero, or ones.
func fill(data []byte, arg int) []byte {
	for i := range data {
		data[i] = []byte{0, 0xff}[arg%2]
	}
	return data
}

// cut takes bytes off the end of the node's encoding.
func cut(t target, arg int) bool {
	t.Node.cut += 1 + arg%64
	return true
}

// trail puts bytes behind the node's encoding.
func trail(t target, arg int) bool {
	t.Node.trail = append(t.Node.trail, bytes.Repeat([]byte{byte(arg)}, 1+arg%4)...)
	return true
}

// lie tells another length, or another number of members, than there are.
func lie(t target, arg int) bool {
	if t.shape != CBOR && t.shape != DER || t.kind == raw {
		return false
	}
	t.Node.lie = []int{1, -1, 2, 100, -100, 1 << 20}[arg%6]
	return true
}

// overlong writes the same in more bytes than it takes.
func overlong(t target, _ int) bool {
	if t.kind == raw || t.shape == Bytes || t.shape == AuthData {
		return false
	}
	t.Node.overlong = true
	return true
}

// indefinite leaves the length open and marks the end.
func indefinite(t target, _ int) bool {
	if t.shape != CBOR && t.shape != DER || t.kind == raw {
		return false
	}
	t.Node.indefinite = true
	return true
}

// retag changes the tag of a TLV.
func retag(t target, arg int) bool {
	if t.shape != DER || t.kind == raw {
		return false
	}
	t.Node.tag = []byte{byte(arg)}
	return true
}
