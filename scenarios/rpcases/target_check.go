package rpcases

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/passkeylab/passkeylab/harness/subject"
)

// Mistake is one mistake in the file of a target: where it is, and what is wrong.
type Mistake struct {
	File string
	// Line and Column count from 1; 0 when the mistake is that something is missing.
	Line, Column int
	// Key is the path of the key: "application.creationOptions.path". It is empty where the file is no YAML at all.
	Key  string
	Says string
}

// Error is the mistake in a line that editors can jump to.
func (m *Mistake) Error() string {
	text := m.File
	if m.Line > 0 {
		text += ":" + strconv.Itoa(m.Line) + ":" + strconv.Itoa(m.Column)
	}
	if m.Key != "" {
		text += ": " + m.Key
	}
	return text + ": " + m.Says
}

// file is the YAML of a target and what is wrong with it.
type file struct {
	name     string
	top      *yaml.Node // nil for an empty file
	mistakes []error
}

func (f *file) say(at *yaml.Node, key, format string, values ...any) {
	m := &Mistake{File: f.name, Key: key, Says: fmt.Sprintf(format, values...)}
	if at != nil {
		m.Line, m.Column = at.Line, at.Column
	}
	f.mistakes = append(f.mistakes, m)
}

// tell adds errors of a description, each at the line of its key; what has no key is the whole file's.
func (f *file) tell(under string, problems ...error) {
	for _, err := range problems {
		key, says := under, err.Error()
		if p := new(subject.Problem); errors.As(err, &p) {
			key, says = strings.TrimPrefix(under+"."+p.At, "."), p.Says
		}
		f.say(lookUp(f.top, key), key, "%s", says)
	}
}

// err is all mistakes in the order of the file; nil for none.
func (f *file) err() error {
	slices.SortStableFunc(f.mistakes, func(a, b error) int { return a.(*Mistake).Line - b.(*Mistake).Line })
	return errors.Join(f.mistakes...)
}

// lookUp finds the node at a path, or the deepest that there is of it.
func lookUp(node *yaml.Node, path string) *yaml.Node {
	if node == nil || path == "" {
		return node
	}
	switch node.Kind {
	case yaml.AliasNode:
		return lookUp(node.Alias, path)
	case yaml.SequenceNode:
		name, rest, _ := strings.Cut(path, ".")
		if i, err := strconv.Atoi(name); err == nil && i < len(node.Content) {
			return lookUp(node.Content[i], rest)
		}
	case yaml.MappingNode:
		for i := 0; i+1 < len(node.Content); i += 2 {
			key := node.Content[i]
			if key.Value == path {
				return key
			}
			if rest, below := strings.CutPrefix(path, key.Value+"."); below {
				if inner := lookUp(node.Content[i+1], rest); inner != node.Content[i+1] {
					return inner
				}
				return key
			}
		}
	}
	return node
}

// duration is a type with its own spelling in YAML.
var duration = reflect.TypeFor[time.Duration]()

// check compares a node with the type that it is to become, and says of each key and value that does not fit what would.
func (f *file) check(node *yaml.Node, as reflect.Type, key string) {
	for node.Kind == yaml.AliasNode {
		node = node.Alias
	}
	if node.Tag == "!!null" {
		return // as if it were left out
	}
	for as.Kind() == reflect.Pointer {
		as = as.Elem()
	}
	switch {
	case as.Kind() == reflect.Struct:
		f.checkStruct(node, as, key)
	case as.Kind() == reflect.Map:
		if f.is(node, yaml.MappingNode, key, "names with values, like {name: value}") {
			f.pairs(node, key, func(name, value *yaml.Node, at string) { f.check(value, as.Elem(), at) })
		}
	case as.Kind() == reflect.Slice:
		if f.is(node, yaml.SequenceNode, key, "a list, like [one, two]") {
			for i, one := range node.Content {
				f.check(one, as.Elem(), key+"."+strconv.Itoa(i))
			}
		}
	case as.Kind() == reflect.Interface:
	default:
		f.checkScalar(node, as, key)
	}
}

func (f *file) checkScalar(node *yaml.Node, as reflect.Type, key string) {
	if !f.is(node, yaml.ScalarNode, key, "a single value") {
		return
	}
	var err error
	wanted := ""
	switch {
	case as == duration:
		_, err = time.ParseDuration(node.Value)
		wanted = "a time like 10s or 500ms"
	case as.Kind() == reflect.Int:
		_, err = strconv.Atoi(node.Value)
		wanted = "a whole number"
	case as.Kind() == reflect.Bool && node.Tag != "!!bool":
		err, wanted = errors.New(node.Value), "true or false"
	}
	if err != nil {
		f.say(node, key, "%q is not %s", node.Value, wanted)
	}
}

// is reports whether a node is of a kind, and says what it should be when it is not.
func (f *file) is(node *yaml.Node, kind yaml.Kind, key, wanted string) bool {
	if node.Kind == kind {
		return true
	}
	found := map[yaml.Kind]string{yaml.MappingNode: "names with values", yaml.SequenceNode: "a list", yaml.ScalarNode: strconv.Quote(node.Value)}[node.Kind]
	f.say(node, key, "here must be %s, not %s", wanted, found)
	return false
}

// pairs visits the members of a mapping; one that is there twice is a mistake.
func (f *file) pairs(node *yaml.Node, key string, visit func(name, value *yaml.Node, at string)) {
	seen := map[string]int{}
	for i := 0; i+1 < len(node.Content); i += 2 {
		name := node.Content[i]
		at := strings.TrimPrefix(key+"."+name.Value, ".")
		if line := seen[name.Value]; line > 0 {
			f.say(name, at, "it is already there, in line %d", line)
		}
		seen[name.Value] = name.Line
		visit(name, node.Content[i+1], at)
	}
}

func (f *file) checkStruct(node *yaml.Node, as reflect.Type, key string) {
	if !f.is(node, yaml.MappingNode, key, "names with values, like {name: value}") {
		return
	}
	fields := fieldsOf(as)
	f.pairs(node, key, func(name, value *yaml.Node, at string) {
		if field, known := fields[name.Value]; known {
			f.check(value, field, at)
			return
		}
		f.say(name, at, "%s", noSuchKey(name.Value, fields))
	})
}

// noSuchKey says so, and names the right one.
func noSuchKey(name string, fields map[string]reflect.Type) string {
	var here []string
	for one := range fields {
		here = append(here, one)
	}
	slices.Sort(here)
	if near := subject.Nearest(name, here); near != "" {
		return "there is no such key; did you mean " + near + "?"
	}
	if place := elsewhere(name, reflect.TypeFor[Target](), ""); place != "" {
		return "there is no such key here; " + name + " belongs " + place
	}
	return "there is no such key; those that exist here: " + strings.Join(here, ", ")
}

// elsewhere is where a key belongs, in words; "" for nowhere.
func elsewhere(name string, as reflect.Type, at string) string {
	for as.Kind() == reflect.Pointer {
		as = as.Elem()
	}
	if as.Kind() != reflect.Struct {
		return ""
	}
	fields := fieldsOf(as)
	if _, there := fields[name]; there {
		if at == "" {
			return "at the top"
		}
		return "under " + at
	}
	var names []string
	for one := range fields {
		names = append(names, one)
	}
	slices.Sort(names)
	for _, one := range names {
		if found := elsewhere(name, fields[one], strings.TrimPrefix(at+"."+one, ".")); found != "" {
			return found
		}
	}
	return ""
}

// fieldsOf are the keys of a struct, those of inlined ones included.
func fieldsOf(as reflect.Type) map[string]reflect.Type {
	all := map[string]reflect.Type{}
	for i := range as.NumField() {
		field := as.Field(i)
		name, options, _ := strings.Cut(field.Tag.Get("yaml"), ",")
		switch {
		case !field.IsExported():
		case options == "inline":
			for inner, kind := range fieldsOf(field.Type) {
				all[inner] = kind
			}
		case name != "":
			all[name] = field.Type
		}
	}
	return all
}
