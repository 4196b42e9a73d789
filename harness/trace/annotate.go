package trace

import (
	"fmt"
	"strings"

	"github.com/fxamacker/cbor/v2"
)

// annotated prints one CBOR item in diagnostic notation, with the names of members as comments (RFC 8949 §8), and Redacted in
// place of secrets. A nil shape names and hides nothing.
func annotated(data []byte, s *shape) string {
	var first cbor.RawMessage
	rest, err := cbor.UnmarshalFirst(data, &first)
	switch {
	case err != nil && s != nil && s.hidden:
		return fmt.Sprintf("not CBOR (%v): %d bytes, not shown", err, len(data))
	case err != nil:
		return diagnose(data)
	}
	text := render(first, member{inner: s})
	switch {
	case len(rest) > 0 && s != nil && s.hidden:
		text += fmt.Sprintf(" / %d bytes behind it, not shown /", len(rest))
	case len(rest) > 0:
		text += fmt.Sprintf(" / %d bytes behind it: / h'%x'", len(rest), rest)
	}
	return text
}

// Major types of CBOR (RFC 8949 §3.1).
const (
	majorUnsigned = 0
	majorNegative = 1
	majorBytes    = 2
	majorArray    = 4
	majorMap      = 5
)

// render prints a well-formed item that is the value of a member.
func render(data []byte, m member) string {
	major := data[0] >> 5
	switch {
	case major == majorMap && m.inner != nil:
		return renderMap(data, m.inner)
	case major == majorArray && m.inner != nil:
		return renderList(data, m)
	case m.secret:
		return concealed(data)
	case major <= majorNegative && m.values != nil:
		if n, ok := integer(data); ok && m.values[n] != "" {
			return fmt.Sprintf("%d / %s /", n, m.values[n])
		}
	case major <= majorNegative && m.note != nil:
		if n, ok := integer(data); ok && m.note(n) != "" {
			return fmt.Sprintf("%d / %s /", n, m.note(n))
		}
	case major == majorBytes && m.inside != nil:
		var inner []byte
		if cbor.Unmarshal(data, &inner) == nil && cbor.Wellformed(inner) == nil {
			return "<<" + annotated(inner, m.inside) + ">>"
		}
	}
	return diagnose(data)
}

// concealed stands for a secret: a byte string gives its length away, true and false are no secrets.
func concealed(data []byte) string {
	var flag bool
	if cbor.Unmarshal(data, &flag) == nil {
		return diagnose(data)
	}
	var secret []byte
	if cbor.Unmarshal(data, &secret) == nil {
		return fmt.Sprintf("h'%s' / %d bytes /", Redacted, len(secret))
	}
	return fmt.Sprintf("h'%s'", Redacted)
}

func renderList(data []byte, m member) string {
	var items []cbor.RawMessage
	if err := cbor.Unmarshal(data, &items); err != nil {
		return fmt.Sprintf("a list that cannot be read (%v)", err)
	}
	texts := make([]string, len(items))
	for i, item := range items {
		texts[i] = render(item, m)
	}
	return "[" + strings.Join(texts, ", ") + "]"
}

// renderMap prints a map in the order in which its members travelled, repeated keys included.
func renderMap(data []byte, s *shape) string {
	pairs := pairsOf(data)
	var texts []string
	for _, p := range pairs {
		m := s.member(p.key)
		if inner := s.perSubCommand[subCommand(pairs, s)]; inner != nil && m.name == "subCommandParams" {
			m.inner = inner
		}
		key := diagnose(p.key)
		if m.name != "" {
			key += " / " + m.name + " /"
		}
		texts = append(texts, key+": "+render(p.value, m))
	}
	return "{" + strings.Join(texts, ", ") + "}"
}

// member finds what a key stands for.
func (s *shape) member(key []byte) member {
	if n, ok := integer(key); ok {
		return s.numbers[n]
	}
	var text string
	if cbor.Unmarshal(key, &text) == nil {
		return s.texts[text]
	}
	return member{}
}

// subCommand is the number of the sub-command in a map; zero when it has none.
func subCommand(pairs []pair, s *shape) int64 {
	for _, p := range pairs {
		if s.member(p.key).name == "subCommand" {
			n, _ := integer(p.value)
			return n
		}
	}
	return 0
}

// pair is one member of a map as it travelled.
type pair struct{ key, value cbor.RawMessage }

// pairsOf takes a well-formed map apart. Its head is one byte and, for more than 23 members, 1, 2, 4 or 8 bytes of count; with
// 0x1f in the first byte there is no count, and the byte 0xff ends the map (RFC 8949 §3, §3.2).
func pairsOf(data []byte) (pairs []pair) {
	size := 1
	if count := data[0] & 0x1f; count >= 24 && count < 0x1f {
		size += 1 << (count - 24)
	}
	for rest := data[size:]; len(rest) > 0 && rest[0] != 0xff; {
		var p pair
		var err error
		if rest, err = cbor.UnmarshalFirst(rest, &p.key); err != nil {
			return pairs
		}
		if rest, err = cbor.UnmarshalFirst(rest, &p.value); err != nil {
			return pairs
		}
		pairs = append(pairs, p)
	}
	return pairs
}
