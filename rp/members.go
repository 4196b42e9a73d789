package rp

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
)

// This file reads JSON objects more exactly than package encoding/json does, which takes the name of a member in letters of any
// case, the last of two members, and null for what is missing.

// member is one member of a JSON object, its value as it is written.
type member struct {
	name  string
	value []byte
}

// members are those of an object, each name once.
type members []member

// get returns the value of a member, nil if there is none.
func (m members) get(name string) []byte {
	for i := range m {
		if m[i].name == name {
			return m[i].value
		}
	}
	return nil
}

// exactMembers reads one JSON object and nothing else. Two members of the same name are an error: nobody can say which of the two
// another reader would take.
func exactMembers(encoded []byte) (members, error) {
	switch {
	case len(encoded) == 0:
		return nil, errors.New("it is missing")
	case !json.Valid(encoded):
		return nil, errors.New("it is no JSON")
	}
	return splitObject(encoded)
}

// splitObject is exactMembers of what is known to be JSON.
func splitObject(valid []byte) (members, error) {
	rest := skipSpace(valid)
	if len(rest) == 0 || rest[0] != '{' {
		return nil, errors.New("it is no JSON object")
	}
	var all members
	for rest = skipSpace(rest[1:]); rest[0] != '}'; {
		if rest[0] == ',' {
			rest = skipSpace(rest[1:])
		}
		end := valueEnd(rest)
		name, err := exactText(rest[:end])
		if err != nil {
			return nil, err
		}
		if all.get(name) != nil {
			return nil, fmt.Errorf("it has two members %q", name)
		}
		rest = skipSpace(skipSpace(rest[end:])[1:]) // behind the colon
		end = valueEnd(rest)
		all = append(all, member{name, rest[:end]})
		rest = skipSpace(rest[end:])
	}
	return all, nil
}

func skipSpace(valid []byte) []byte { return bytes.TrimLeft(valid, " \t\r\n") }

// valueEnd is where the value ends that valid JSON begins with.
func valueEnd(valid []byte) int {
	depth := 0
	for i := 0; i < len(valid); i++ {
		switch valid[i] {
		case '"':
			for i++; valid[i] != '"'; i++ {
				if valid[i] == '\\' {
					i++
				}
			}
			if depth == 0 {
				return i + 1
			}
		case '{', '[':
			depth++
		case '}', ']':
			if depth--; depth == 0 {
				return i + 1
			}
			if depth < 0 { // a number or a word ends with the object around it
				return i
			}
		case ',', ' ', '\t', '\r', '\n':
			if depth == 0 {
				return i
			}
		}
	}
	return len(valid)
}

// exactText reads a JSON string; null is none.
func exactText(value []byte) (string, error) {
	if len(value) < 2 || value[0] != '"' {
		return "", errors.New("it is no string")
	}
	if plain := value[1 : len(value)-1]; !bytes.ContainsFunc(plain, func(r rune) bool { return r == '\\' || r > '~' }) {
		return string(plain), nil
	}
	var text string
	if err := json.Unmarshal(value, &text); err != nil {
		return "", errors.New("it is no string")
	}
	return text, nil
}
