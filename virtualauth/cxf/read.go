package cxf

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// Error says that a document is not in the format, and where.
type Error struct {
	// Path leads there from the top, as in accounts[0].items[2].title; empty for the document itself.
	Path string
	// Problem says what is wrong there.
	Problem string
}

// Error gives the place and the problem.
func (e *Error) Error() string {
	if e.Path == "" {
		return "cxf: the document " + e.Problem
	}
	return "cxf: " + e.Path + " " + e.Problem
}

// reader remembers the first thing that is wrong; after that, whatever it reads is zero.
type reader struct{ err *Error }

func (r *reader) fail(path, format string, values ...any) {
	if r.err == nil {
		r.err = &Error{Path: path, Problem: fmt.Sprintf(format, values...)}
	}
}

// object is a JSON object at a path.
type object struct {
	*reader
	path    string
	members map[string]json.RawMessage
}

// element is one element of a list.
type element struct {
	path string
	raw  json.RawMessage
}

// object reads a JSON object; a member that stands twice is an error, because readers differ about which one counts.
func (r *reader) object(path string, raw json.RawMessage) object {
	o := object{reader: r, path: path, members: map[string]json.RawMessage{}}
	decoder := json.NewDecoder(bytes.NewReader(raw))
	if token, err := decoder.Token(); err != nil || token != json.Delim('{') {
		r.fail(path, "is no JSON object")
		return o
	}
	for decoder.More() {
		var value json.RawMessage
		name, err := decoder.Token()
		if err == nil {
			err = decoder.Decode(&value)
		}
		member, isText := name.(string)
		if err != nil || !isText {
			r.fail(path, "is malformed JSON")
			return o
		}
		if _, twice := o.members[member]; twice {
			r.fail(o.at(member), "stands there twice")
		}
		o.members[member] = value
	}
	if _, err := decoder.Token(); err != nil {
		r.fail(path, "ends early")
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		r.fail(path, "is followed by something else")
	}
	return o
}

func (o object) at(member string) string {
	if o.path == "" {
		return member
	}
	return o.path + "." + member
}

// has reports whether an optional member is there; null counts as absent.
func (o object) has(member string) bool {
	raw, there := o.members[member]
	return there && string(raw) != "null"
}

// decode reads a required member.
func (o object) decode(member, kind string, into any) bool {
	if raw, there := o.members[member]; !there {
		o.fail(o.at(member), "is missing")
	} else if string(raw) == "null" || json.Unmarshal(raw, into) != nil {
		o.fail(o.at(member), "is no %s", kind)
	} else {
		return true
	}
	return false
}

func (o object) text(member string) (text string) {
	o.decode(member, "string", &text)
	return text
}

func (o object) optionalText(member string) string {
	if !o.has(member) {
		return ""
	}
	return o.text(member)
}

func (o object) flag(member string) (flag bool) {
	if o.has(member) {
		o.decode(member, "boolean", &flag)
	}
	return flag
}

func (o object) number(member string) (number uint64) {
	o.decode(member, "whole number", &number)
	return number
}

// maxSeconds is the end of the year 9999, behind which JSON and time.Time disagree about what a date looks like.
const maxSeconds = 253402300799

// time reads an optional time.
func (o object) time(member string) time.Time {
	if !o.has(member) {
		return time.Time{}
	}
	seconds := o.number(member)
	if seconds > maxSeconds {
		o.fail(o.at(member), "is a time behind the year 9999")
		return time.Time{}
	}
	return time.Unix(int64(seconds), 0).UTC()
}

// bytes reads base64url. It is written without padding; padding is taken all the same, because exporters differ.
func (o object) bytes(member string) []byte {
	encoding, text := base64.RawURLEncoding, o.text(member)
	if strings.HasSuffix(text, "=") {
		encoding = base64.URLEncoding
	}
	decoded, err := encoding.Strict().DecodeString(text)
	if err != nil || strings.ContainsAny(text, "\r\n") { // which the decoder skips
		o.fail(o.at(member), "is no base64url")
	}
	return decoded
}

// id reads an opaque id.
func (o object) id(member string) []byte {
	id := o.bytes(member)
	if len(id) > maxIDLength {
		o.fail(o.at(member), "has %d bytes, more than %d", len(id), maxIDLength)
	}
	return id
}

// list reads a required list.
func (o object) list(member string) []element {
	var raw []json.RawMessage
	o.decode(member, "list", &raw)
	elements := make([]element, len(raw))
	for i := range raw {
		elements[i] = element{o.at(member) + "[" + strconv.Itoa(i) + "]", raw[i]}
	}
	return elements
}

// member reads a required object.
func (o object) member(name string) object {
	raw, there := o.members[name]
	if !there {
		o.fail(o.at(name), "is missing")
	}
	return o.object(o.at(name), raw)
}

// valid judges what holds for the bytes of the whole document.
func valid(document []byte) *Error {
	if !utf8.Valid(document) {
		return &Error{Problem: "is not UTF-8"}
	}
	if !json.Valid(document) {
		return &Error{Problem: "is malformed JSON"}
	}
	return nil
}
