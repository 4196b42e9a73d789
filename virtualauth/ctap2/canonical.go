package ctap2

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"unicode/utf8"
)

const (
	// maxNesting is how deep maps and arrays may stand in each other (CTAP 2.3 §8: at most four levels).
	maxNesting = 4
	// maxResponseNesting is how deep they may in responses. A compound attestation statement whose parts have certificates
	// takes five (WebAuthn L3 §8.9): response, array of parts, part, its statement, x5c. No CTAP says how it could do with
	// four, and platforms read deeper ones.
	maxResponseNesting = 5
)

// majorType is the upper three bits of an item's first byte (RFC 8949 §3.1).
type majorType byte

const (
	majorUnsigned majorType = iota
	majorNegative
	majorBytes
	majorText
	majorArray
	majorMap
	majorTag
	majorSimple
)

// Values of major type 7 (RFC 8949 §3.3).
const (
	simpleNull      = 22
	simpleUndefined = 23
)

// checkCanonical reads data as CTAP 2.3 §8 wants it written: one item and nothing behind it, lengths and integers as short
// as they go, nothing of indefinite length, no tags, map keys sorted (type, then length, then bytes) and hence unique,
// text in UTF-8, maps and arrays no deeper than nesting. Refusing the rest is a SHOULD for authenticators; here it is done, because a
// client that writes it differently will fail with some authenticator in the field.
// It reports whether null or undefined stand anywhere, because those need a second look (see nullField).
func checkCanonical(data []byte, nesting int) (nulls bool, err error) {
	c := checker{data: data, nesting: nesting}
	if err := c.item(0); err != nil {
		return false, err
	}
	if c.at < len(data) {
		return false, c.fail(c.at, "bytes follow the item")
	}
	return c.nulls, nil
}

// checker walks over data; at is the next byte to read.
type checker struct {
	data    []byte
	nesting int
	at      int
	nulls   bool
}

func (c *checker) fail(at int, problem string) error {
	return &EncodingError{Offset: at, Problem: problem}
}

// item reads one item that stands below depth maps and arrays.
func (c *checker) item(depth int) error {
	start := c.at
	major, argument, err := c.head()
	if err != nil {
		return err
	}
	switch major {
	case majorBytes, majorText:
		return c.content(major, argument)
	case majorArray, majorMap:
		if depth == c.nesting {
			return c.fail(start, fmt.Sprintf("maps and arrays more than %d levels deep", c.nesting))
		}
		if argument > uint64(len(c.data)-c.at) { // each element has at least one byte
			return c.fail(start, "a map or array ends early")
		}
		if major == majorMap {
			return c.pairs(int(argument), depth+1)
		}
		for range argument {
			if err := c.item(depth + 1); err != nil {
				return err
			}
		}
	case majorTag:
		return c.fail(start, "a tag")
	case majorSimple:
		return c.simple(start, argument)
	}
	return nil
}

// head reads an item's first byte and its argument, and insists on the shortest form.
func (c *checker) head() (major majorType, argument uint64, err error) {
	start := c.at
	if start >= len(c.data) {
		return 0, 0, c.fail(start, "the item ends early")
	}
	major, info := majorType(c.data[start]>>5), c.data[start]&0x1f
	c.at++
	if info < 24 {
		return major, uint64(info), nil
	}
	if info > 27 {
		return 0, 0, c.fail(start, "an indefinite or reserved length")
	}
	size := 1 << (info - 24)
	if len(c.data)-c.at < size {
		return 0, 0, c.fail(start, "the item ends early")
	}
	var wide [8]byte
	copy(wide[8-size:], c.data[c.at:c.at+size])
	argument = binary.BigEndian.Uint64(wide[:])
	c.at += size
	if major != majorSimple && argument < shortest(info) {
		return 0, 0, c.fail(start, "an integer or length longer than necessary")
	}
	return major, argument, nil
}

// shortest returns the smallest argument that needs the length which info stands for.
func shortest(info byte) uint64 {
	switch info {
	case 24:
		return 24
	case 25:
		return 1 << 8
	case 26:
		return 1 << 16
	}
	return 1 << 32
}

func (c *checker) content(major majorType, length uint64) error {
	start := c.at
	if length > uint64(len(c.data)-start) {
		return c.fail(start, "a string ends early")
	}
	c.at += int(length)
	if major == majorText && !utf8.Valid(c.data[start:c.at]) {
		return c.fail(start, "text that is not UTF-8")
	}
	return nil
}

func (c *checker) pairs(count, depth int) error {
	var previous []byte
	for i := range count {
		start := c.at
		if err := c.item(depth); err != nil {
			return err
		}
		key := c.data[start:c.at]
		if i > 0 {
			switch order := compareKeys(previous, key); {
			case order == 0:
				return c.fail(start, "a map key stands twice")
			case order > 0:
				return c.fail(start, "map keys are not in canonical order")
			}
		}
		previous = key
		if err := c.item(depth); err != nil {
			return err
		}
	}
	return nil
}

// compareKeys orders encoded keys by major type, then length, then bytes.
func compareKeys(a, b []byte) int {
	if d := int(a[0]>>5) - int(b[0]>>5); d != 0 {
		return d
	}
	if d := len(a) - len(b); d != 0 {
		return d
	}
	return bytes.Compare(a, b)
}

// simple judges a value of major type 7, whose argument has been read. Floating point and unassigned values are of no use
// to CTAP2 but well-formed: whether they stand where nobody looks, or in place of a parameter, is a matter of types.
func (c *checker) simple(start int, argument uint64) error {
	switch info := c.data[start] & 0x1f; {
	case info == 24 && argument < 32:
		return c.fail(start, "a simple value longer than necessary")
	case info < 24 && (argument == simpleNull || argument == simpleUndefined):
		c.nulls = true
	}
	return nil
}
