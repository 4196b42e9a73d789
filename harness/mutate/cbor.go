package mutate

import (
	"encoding/binary"
	"encoding/hex"
	"math/big"
	"strconv"
)

// The major types of CBOR that have a structure (RFC 8949 §3.1).
const (
	cborUint, cborNegative = 0, 1
	cborBytes, cborText    = 2, 3
	cborArray, cborMap     = 4, 5
)

// head reads the first bytes of an item: its major type, its argument, and how many bytes that took.
func head(message []byte) (major byte, argument uint64, size int, ok bool) {
	if len(message) == 0 {
		return 0, 0, 0, false
	}
	major, low := message[0]>>5, message[0]&31
	if low < 24 {
		return major, uint64(low), 1, true
	}
	if low > 27 {
		return 0, 0, 0, false // reserved, or of indefinite length, which canonical CBOR does not have
	}
	size = 1 + 1<<(low-24)
	if len(message) < size {
		return 0, 0, 0, false
	}
	var padded [8]byte
	copy(padded[8-(size-1):], message[1:size])
	return major, binary.BigEndian.Uint64(padded[:]), size, true
}

// cbor reads one item. Numbers, tags, floats and simple values are leaves.
func (o *opener) cbor(message []byte, at string, depth int) (n *Node, rest []byte, ok bool) {
	major, argument, size, ok := head(message)
	if !ok || depth > deepest {
		return nil, nil, false
	}
	n = &Node{shape: CBOR}
	rest = message[size:]
	switch major {
	case cborBytes, cborText:
		if argument > uint64(len(rest)) {
			return nil, nil, false
		}
		n.kind = map[byte]kind{cborBytes: octets, cborText: text}[major]
		n.data, rest = clone(rest[:argument]), rest[argument:]
		if shape := o.layer(at); shape != Bytes && n.kind == octets {
			n.inner = o.open(n.data, shape, at)
		}
		return n, rest, true
	case cborArray, cborMap:
		n.kind = map[byte]kind{cborArray: list, cborMap: fields}[major]
		for i := uint64(0); i < argument; i++ {
			var child *Node
			if child, rest, ok = o.cborChild(n, rest, at, depth); !ok {
				return nil, nil, false
			}
			n.children = append(n.children, child)
		}
		return n, rest, true
	case cborUint, cborNegative:
		n.data = clone(message[:size])
		return n, rest, true
	}
	if major == 6 { // a tag and what it is on
		_, after, ok := o.cbor(rest, at, depth+1)
		n.data = clone(message[:len(message)-len(after)])
		return n, after, ok
	}
	n.data = clone(message[:size])
	return n, rest, true
}

func (o *opener) cborChild(n *Node, message []byte, at string, depth int) (child *Node, rest []byte, ok bool) {
	name := strconv.Itoa(len(n.children))
	var key []byte
	if n.kind == fields {
		_, after, ok := o.cbor(message, "", depth+1)
		if !ok {
			return nil, nil, false
		}
		key = clone(message[:len(message)-len(after)])
		name, message = keyName(key), after
	}
	child, rest, ok = o.cbor(message, join(at, name), depth+1)
	if ok && n.kind == fields {
		child.key, child.name = key, name
	}
	return child, rest, ok
}

// keyName is how a path calls a member: by its text, its number, or the bytes of its key.
func keyName(key []byte) string {
	major, argument, size, _ := head(key)
	number := new(big.Int).SetUint64(argument)
	switch {
	case major == cborText && len(key) > size:
		return string(key[size:])
	case major == cborUint:
		return number.String()
	case major == cborNegative:
		return number.Not(number).String()
	}
	return "h" + hex.EncodeToString(key)
}

// appendHead writes the first bytes of an item.
func appendHead(out []byte, major byte, argument uint64, overlong bool) []byte {
	major <<= 5
	switch {
	case overlong:
		return binary.BigEndian.AppendUint64(append(out, major|27), argument)
	case argument < 24:
		return append(out, major|byte(argument))
	case argument <= 0xff:
		return append(out, major|24, byte(argument))
	case argument <= 0xffff:
		return binary.BigEndian.AppendUint16(append(out, major|25), uint16(argument))
	case argument <= 0xffff_ffff:
		return binary.BigEndian.AppendUint32(append(out, major|26), uint32(argument))
	}
	return binary.BigEndian.AppendUint64(append(out, major|27), argument)
}

func (n *Node) encodeCBOR() []byte {
	if n.kind == raw {
		return clone(n.data)
	}
	var body []byte
	length := len(n.children)
	major := map[kind]byte{text: cborText, octets: cborBytes, list: cborArray, fields: cborMap}[n.kind]
	if n.kind == text || n.kind == octets {
		body = n.content()
		length = len(body)
		if n.indefinite { // one chunk
			body = append(appendHead(nil, major, uint64(length), false), body...)
		}
	}
	for _, child := range n.children {
		body = append(append(body, child.key...), child.Encode()...)
	}
	if n.indefinite {
		return append(append([]byte{major<<5 | 31}, body...), 0xff)
	}
	return append(appendHead(nil, major, uint64(max(0, length+n.lie)), n.overlong), body...)
}
