package mutate

import "fmt"

// octetString is the universal tag of strings that often hold another TLV, such as the values of a certificate's extensions.
const octetString = 0x04

// der reads one TLV. Those with the bit of constructed encodings have children, whose names are their places.
func (o *opener) der(message []byte, at string, depth int) (n *Node, rest []byte, ok bool) {
	if len(message) < 2 || message[0]&31 == 31 || depth > deepest { // tags of several octets do not occur in certificates
		return nil, nil, false
	}
	length, size := int(message[1]), 2
	if length >= 0x80 {
		count := length & 0x7f
		if count == 0 || count > 3 || len(message) < 2+count {
			return nil, nil, false
		}
		length, size = 0, 2+count
		for _, b := range message[2:size] {
			length = length<<8 | int(b)
		}
	}
	if len(message)-size < length {
		return nil, nil, false
	}
	content, rest := message[size:size+length], message[size+length:]
	n = &Node{shape: DER, tag: clone(message[:1]), kind: octets, data: clone(content)}
	if message[0]&0x20 != 0 {
		return n, rest, o.derChildren(n, content, at, depth)
	}
	if message[0] == octetString && length > 2 {
		if inside, left, ok := o.der(content, at, depth+1); ok && len(left) == 0 && inside.kind == list {
			n.inner = inside
		}
	}
	return n, rest, true
}

func (o *opener) derChildren(n *Node, content []byte, at string, depth int) bool {
	n.kind, n.data = list, nil
	for len(content) > 0 {
		child, rest, ok := o.der(content, join(at, fmt.Sprint(len(n.children))), depth+1)
		if !ok {
			return false
		}
		n.children, content = append(n.children, child), rest
	}
	return true
}

func (n *Node) encodeDER() []byte {
	if n.kind == raw {
		return clone(n.data)
	}
	body := n.content()
	for _, child := range n.children {
		body = append(body, child.Encode()...)
	}
	out := clone(n.tag)
	length := max(0, len(body)+n.lie)
	switch {
	case n.indefinite:
		return append(append(append(out, 0x80), body...), 0, 0)
	case n.overlong:
		out = append(out, 0x84, byte(length>>24), byte(length>>16), byte(length>>8), byte(length))
	case length < 0x80:
		out = append(out, byte(length))
	case length <= 0xff:
		out = append(out, 0x81, byte(length))
	case length <= 0xffff:
		out = append(out, 0x82, byte(length>>8), byte(length))
	default:
		out = append(out, 0x83, byte(length>>16), byte(length>>8), byte(length))
	}
	return append(out, body...)
}
