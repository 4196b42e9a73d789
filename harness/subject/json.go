package subject

import (
	"bytes"
	"encoding/json"
	"io"
	"strconv"
)

// decode reads one JSON value, numbers as they are written; false for anything else, and for what stands behind it.
func decode(body []byte) (any, bool) {
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.UseNumber()
	var v any
	if decoder.Decode(&v) != nil {
		return nil, false
	}
	if _, err := decoder.Token(); err != io.EOF {
		return nil, false
	}
	return v, true
}

// at is the value at a path: members by name, elements by number.
func at(v any, path []string) (any, bool) {
	for _, name := range path {
		switch node := v.(type) {
		case map[string]any:
			inner, there := node[name]
			if !there {
				return nil, false
			}
			v = inner
		case []any:
			i, err := strconv.Atoi(name)
			if err != nil || i < 0 || i >= len(node) {
				return nil, false
			}
			v = node[i]
		default:
			return nil, false
		}
	}
	return v, true
}

// find returns the path of the first member of that name, the shallowest; false when there is none.
func find(v any, name string) ([]string, bool) {
	type place struct {
		v    any
		path []string
	}
	for queue := []place{{v, nil}}; len(queue) > 0; queue = queue[1:] {
		node, ok := queue[0].v.(map[string]any)
		if !ok || len(queue[0].path) > 5 {
			continue
		}
		if _, there := node[name]; there {
			return queue[0].path, true
		}
		for _, inner := range sorted(node) {
			queue = append(queue, place{node[inner], append(append([]string(nil), queue[0].path...), inner)})
		}
	}
	return nil, false
}

// twice reports whether an object anywhere in valid JSON has two members of one name: decoded, one of them would be lost.
func twice(body []byte) bool {
	decoder := json.NewDecoder(bytes.NewReader(body))
	type level struct {
		names map[string]bool // nil in an array
		name  bool            // a name comes next
	}
	var open []level
	for {
		token, err := decoder.Token()
		if err != nil {
			return false
		}
		if len(open) > 0 && open[len(open)-1].name {
			if name, isName := token.(string); isName {
				top := &open[len(open)-1]
				if top.names[name] {
					return true
				}
				top.names[name], top.name = true, false
				continue
			}
		}
		switch token {
		case json.Delim('{'):
			open = append(open, level{map[string]bool{}, true})
			continue
		case json.Delim('['):
			open = append(open, level{})
			continue
		case json.Delim('}'), json.Delim(']'):
			open = open[:len(open)-1]
		}
		if len(open) > 0 {
			open[len(open)-1].name = open[len(open)-1].names != nil
		}
	}
}
