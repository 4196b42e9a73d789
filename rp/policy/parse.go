package policy

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"
	"slices"
	"strings"

	"github.com/google/uuid"
	"go.yaml.in/yaml/v3"
)

// Parse reads one policy document in YAML or JSON and validates it. An empty document is the open policy. Everything
// that is wrong is told, each as a *Problem with its line; a name that the policy does not know is wrong too, unless
// it begins with @, as the annotations of Graph's documents do.
func Parse(document []byte) (Policy, error) {
	var p Policy
	var root yaml.Node
	decoder := yaml.NewDecoder(bytes.NewReader(document)) // JSON is YAML too
	switch err := decoder.Decode(&root); {
	case errors.Is(err, io.EOF):
		return p, nil
	case err != nil:
		return Policy{}, &Problem{Text: strings.TrimPrefix(err.Error(), "yaml: ")}
	}
	if err := decoder.Decode(new(yaml.Node)); !errors.Is(err, io.EOF) {
		return Policy{}, &Problem{Text: "is followed by a second document; a policy is one"}
	}
	w := &walker{lines: map[string]int{}}
	w.walk(root.Content[0], reflect.ValueOf(&p).Elem(), "")
	err := errors.Join(w.errs...)
	if err == nil {
		err = p.Validate()
	}
	if err == nil {
		return p, nil
	}
	for _, problem := range Problems(err) {
		if problem.Line == 0 {
			problem.Line = w.line(problem.Path)
		}
	}
	return Policy{}, err
}

// Merge applies a JSON merge patch (RFC 7396) to a policy and validates what comes out: a null puts a setting back to
// its default.
func Merge(p Policy, patch []byte) (Policy, error) {
	var changes map[string]any
	if err := json.Unmarshal(patch, &changes); err != nil {
		return Policy{}, &Problem{Text: fmt.Sprintf("the patch is not a JSON object: %v", err)}
	}
	encoded, err := json.Marshal(p)
	if err != nil {
		return Policy{}, fmt.Errorf("policy: merge: %w", err)
	}
	var whole map[string]any
	if err := json.Unmarshal(encoded, &whole); err != nil {
		return Policy{}, fmt.Errorf("policy: merge: %w", err)
	}
	if encoded, err = json.Marshal(merge(whole, changes)); err != nil {
		return Policy{}, fmt.Errorf("policy: merge: %w", err)
	}
	merged, err := Parse(encoded)
	for _, problem := range Problems(err) {
		problem.Line = 0 // of a text that nobody wrote
	}
	return merged, err
}

func merge(into, changes map[string]any) map[string]any {
	for name, value := range changes {
		inner, isObject := value.(map[string]any)
		switch old, _ := into[name].(map[string]any); {
		case value == nil:
			delete(into, name)
		case isObject && old != nil:
			into[name] = merge(old, inner)
		case isObject:
			into[name] = merge(map[string]any{}, inner)
		default:
			into[name] = value
		}
	}
	return into
}

// walker decodes a document and remembers the line of every place in it. It is stricter than the library's decoder,
// and its errors speak of the document rather than of Go.
type walker struct {
	lines map[string]int
	errs  []error
}

// line finds the line of a place, or of the nearest one around it that the document has.
func (w *walker) line(path string) int {
	for path != "" {
		if line, ok := w.lines[path]; ok {
			return line
		}
		path = path[:max(0, strings.LastIndexAny(path, ".["))]
	}
	return w.lines[""]
}

func (w *walker) fail(path string, node *yaml.Node, format string, args ...any) {
	w.errs = append(w.errs, &Problem{Path: path, Line: node.Line, Text: fmt.Sprintf(format, args...)})
}

func (w *walker) walk(node *yaml.Node, into reflect.Value, path string) {
	w.lines[path] = node.Line
	switch {
	case node.Kind == yaml.AliasNode:
		w.fail(path, node, "is an alias; write the value itself")
	case node.Tag == "!!null":
	case into.Type() == reflect.TypeFor[uuid.UUID]():
		w.uuid(node, into, path)
	case into.Kind() == reflect.Struct:
		w.object(node, into, path)
	case into.Kind() == reflect.Slice:
		w.list(node, into, path)
	case into.Kind() == reflect.Pointer:
		into.Set(reflect.New(into.Type().Elem()))
		w.walk(node, into.Elem(), path)
	default:
		w.scalar(node, into, path)
	}
}

func (w *walker) object(node *yaml.Node, into reflect.Value, path string) {
	if node.Kind != yaml.MappingNode {
		w.fail(path, node, "must be a list of names and values")
		return
	}
	fields := fieldsOf(into.Type())
	for i := 0; i+1 < len(node.Content); i += 2 {
		name, value := node.Content[i], node.Content[i+1]
		place := name.Value
		if path != "" {
			place = path + "." + place
		}
		if strings.HasPrefix(name.Value, "@") { // an annotation of OData, such as @odata.type
			continue
		}
		index := slices.Index(fields, name.Value)
		switch _, twice := w.lines[place]; {
		case index < 0:
			w.fail(place, name, "is unknown; use one of %s", strings.Join(fields, ", "))
		case twice:
			w.fail(place, name, "stands there twice")
		default:
			w.walk(value, into.Field(index), place)
			w.lines[place] = name.Line
		}
	}
}

// fieldsOf are the names of a struct's fields in documents, in order.
func fieldsOf(of reflect.Type) []string {
	names := make([]string, of.NumField())
	for i := range names {
		names[i], _, _ = strings.Cut(of.Field(i).Tag.Get("yaml"), ",")
	}
	return names
}

func (w *walker) list(node *yaml.Node, into reflect.Value, path string) {
	if node.Kind != yaml.SequenceNode {
		w.fail(path, node, "must be a list")
		return
	}
	into.Set(reflect.MakeSlice(into.Type(), len(node.Content), len(node.Content)))
	for i, one := range node.Content {
		w.walk(one, into.Index(i), fmt.Sprintf("%s[%d]", path, i))
	}
}

func (w *walker) uuid(node *yaml.Node, into reflect.Value, path string) {
	id, err := uuid.Parse(node.Value)
	if err != nil || len(node.Value) != len(id.String()) {
		w.fail(path, node, "is %q; use a UUID such as %s", node.Value, "ea9b8d66-4d01-1d21-3ce4-b6b48cb575d4")
		return
	}
	into.Set(reflect.ValueOf(id))
}

// scalarWords say what a kind of value looks like.
var scalarWords = map[reflect.Kind]string{reflect.Bool: "true or false", reflect.Int: "a whole number", reflect.String: "one word or text"}

func (w *walker) scalar(node *yaml.Node, into reflect.Value, path string) {
	isText := into.Kind() == reflect.String
	if node.Kind != yaml.ScalarNode || isText && node.Tag != "!!str" || node.Decode(into.Addr().Interface()) != nil {
		shown := node.Value
		if node.Kind != yaml.ScalarNode {
			shown = "a list"
		}
		w.fail(path, node, "is %s; use %s", shown, scalarWords[into.Kind()])
	}
}
