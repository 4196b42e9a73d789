package config

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// strictYAML is a koanf parser that knows the keys: it reads the file into values of the right types and remembers on
// which line each one stands. Mistakes are collected in problems rather than returned one at a time.
type strictYAML struct {
	path     string
	base     string
	schema   *schema
	lines    map[string]int
	problems *[]error
}

// Marshal is part of koanf's parser interface; nothing here writes a configuration file.
func (y *strictYAML) Marshal(map[string]any) ([]byte, error) {
	return nil, errors.New("config: a configuration file is never written")
}

// Unmarshal reads the file's bytes into a map from full key to typed value.
func (y *strictYAML) Unmarshal(content []byte) (map[string]any, error) {
	values := map[string]any{}
	decoder := yaml.NewDecoder(bytes.NewReader(content))
	var document yaml.Node
	err := decoder.Decode(&document)
	if errors.Is(err, io.EOF) {
		return values, nil // an empty file says nothing, and that is allowed
	}
	if err != nil {
		return nil, &FileError{Path: y.path, Reason: "this is not YAML", Err: err}
	}
	var second yaml.Node
	if err := decoder.Decode(&second); !errors.Is(err, io.EOF) {
		return nil, &FileError{Path: y.path, Line: second.Line, Reason: "a configuration is one YAML document; remove what follows the --- line"}
	}
	root := document.Content[0]
	if isNull(root) {
		return values, nil
	}
	if root.Kind != yaml.MappingNode {
		return nil, &FileError{Path: y.path, Line: root.Line, Reason: "a configuration is made of sections (suite:, browser:, …)"}
	}
	y.section(root, "", values)
	return values, nil
}

func (y *strictYAML) section(node *yaml.Node, prefix string, values map[string]any) {
	seen := map[string]int{}
	for i := 0; i+1 < len(node.Content); i += 2 {
		word, value := node.Content[i], node.Content[i+1]
		name := prefix + word.Value
		if first, twice := seen[name]; twice {
			y.report(&FileError{Path: y.path, Line: word.Line, Reason: fmt.Sprintf("%s stands here again (first on line %d); keep one", name, first)})
			continue
		}
		seen[name] = word.Line
		if key, known := y.schema.byName[name]; known {
			y.value(key, word.Line, value, values)
			continue
		}
		if !y.schema.sections[name] {
			y.report(&UnknownKeyError{Key: name, Where: y.at(word.Line), Nearest: y.schema.nearestName(name)})
			continue
		}
		switch {
		case isNull(value):
		case value.Kind == yaml.MappingNode:
			y.section(value, name+".", values)
		default:
			y.report(&FileError{Path: y.path, Line: value.Line, Reason: name + " is a section; put its keys below it, indented"})
		}
	}
}

func (y *strictYAML) value(key Key, line int, node *yaml.Node, values map[string]any) {
	if isNull(node) {
		return // "path:" with nothing behind it keeps the default
	}
	text, shown, readable := scalar(key, node)
	parsed, want := any(nil), ""
	switch {
	case readable && key.kind == "list" && node.Kind == yaml.SequenceNode:
		parsed, want = key.parseList(splitNodes(node))
	case readable:
		parsed, want = key.parse(text, y.base)
	default:
		_, want = key.parse("\x00", y.base)
		if want == "" {
			want = "text"
		}
	}
	if want != "" {
		y.report(&ValueError{Key: key.Name, Where: y.at(line), Value: shown, Want: want})
		return
	}
	values[key.Name] = parsed
	y.lines[key.Name] = line
}

// scalar returns a node's text, how to show it in a message, and whether the node has the right shape for the key.
func scalar(key Key, node *yaml.Node) (text, shown string, readable bool) {
	switch {
	case node.Kind == yaml.SequenceNode:
		for _, item := range node.Content {
			if item.Kind != yaml.ScalarNode || isNull(item) {
				return "", "a list of lists or sections", false
			}
		}
		return "", strings.Join(splitNodes(node), ", "), key.kind == "list"
	case node.Kind != yaml.ScalarNode:
		return "", "a section", false
	}
	// "focus: yes" or "junit: true" is a mistake that reads like an answer.
	wantsText := key.kind != "bool" && key.kind != "int"
	return node.Value, node.Value, !(wantsText && node.ShortTag() == "!!bool")
}

func splitNodes(node *yaml.Node) []string {
	items := make([]string, 0, len(node.Content))
	for _, item := range node.Content {
		items = append(items, item.Value)
	}
	return items
}

func isNull(node *yaml.Node) bool {
	return node.Kind == yaml.ScalarNode && node.ShortTag() == "!!null"
}

func (y *strictYAML) at(line int) string { return y.path + ":" + strconv.Itoa(line) }

func (y *strictYAML) report(err error) { *y.problems = append(*y.problems, err) }
