package mutate

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"strconv"
)

// json reads JSON with the order of its members, and members of the same name.
func (o *opener) json(message []byte, at string) (*Node, bool) {
	decoder := json.NewDecoder(bytes.NewReader(message))
	decoder.UseNumber()
	n, err := o.jsonValue(decoder, at, 0)
	if err != nil {
		return nil, false
	}
	_, err = decoder.Token()
	return n, err == io.EOF
}

const deepest = 64 // levels that are read into a tree

func (o *opener) jsonValue(decoder *json.Decoder, at string, depth int) (*Node, error) {
	token, err := decoder.Token()
	if err != nil {
		return nil, err
	}
	if depth > deepest {
		return nil, fmt.Errorf("mutate: more than %d levels", deepest)
	}
	n := &Node{shape: JSON}
	switch value := token.(type) {
	case json.Delim:
		n.kind = map[json.Delim]kind{'{': fields, '[': list}[value]
		return n, o.jsonChildren(decoder, n, at, depth)
	case string:
		n.kind, n.data = text, []byte(value)
		if shape := o.layer(at); shape != Bytes {
			if inside, err := base64.RawURLEncoding.DecodeString(value); err == nil {
				n.inner = o.open(inside, shape, at)
			}
		}
	case json.Number:
		n.data = []byte(value)
	case bool:
		n.data = strconv.AppendBool(nil, value)
	default:
		n.data = []byte("null")
	}
	return n, nil
}

func (o *opener) jsonChildren(decoder *json.Decoder, n *Node, at string, depth int) error {
	for i := 0; decoder.More(); i++ {
		name := ""
		if n.kind == fields {
			token, err := decoder.Token()
			if err != nil {
				return err
			}
			name, _ = token.(string)
		}
		child, err := o.jsonValue(decoder, join(at, firstName(name, i)), depth+1)
		if err != nil {
			return err
		}
		child.name = name
		n.children = append(n.children, child)
	}
	_, err := decoder.Token() // the end of it
	return err
}

func firstName(name string, place int) string {
	if name != "" {
		return name
	}
	return strconv.Itoa(place)
}

// encodeJSON writes a value. An overlong one is the same value in more characters: escapes, or white space.
func (n *Node) encodeJSON() []byte {
	var out bytes.Buffer
	space := ""
	if n.overlong {
		space = "\n \t"
	}
	switch n.kind {
	case raw:
		return clone(n.data)
	case text:
		return jsonString(string(n.content()), n.overlong)
	case list, fields:
		brackets := map[kind]string{list: "[]", fields: "{}"}[n.kind]
		out.WriteByte(brackets[0])
		for i, child := range n.children {
			if i > 0 {
				out.WriteByte(',')
			}
			out.WriteString(space)
			if n.kind == fields {
				out.Write(jsonString(child.name, false))
				out.WriteString(":" + space)
			}
			out.Write(child.Encode())
		}
		out.WriteString(space)
		out.WriteByte(brackets[1])
	}
	return out.Bytes()
}

// jsonString keeps what is no UTF-8: it is a defect of its own.
func jsonString(value string, escaped bool) []byte {
	out := []byte{'"'}
	for _, b := range []byte(value) {
		switch {
		case b == '"' || b == '\\':
			out = append(out, '\\', b)
		case b < 0x20 || escaped && b < 0x80:
			out = fmt.Appendf(out, `\u%04x`, b)
		default:
			out = append(out, b)
		}
	}
	return append(out, '"')
}
