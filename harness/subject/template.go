package subject

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Template is a text with values in it, each written ${ROOT.PATH}; $${ stands for ${ itself.
//
//	ask         the request for options as FIDO's API has it: ask.username, ask.displayName, ask.attestation, ask.extensions,
//	            ask.authenticatorSelection.userVerification at registration, ask.userVerification at sign-in. At the result
//	            endpoints it is the visitor's last one.
//	credential  the response of the authenticator, RegistrationResponseJSON or AuthenticationResponseJSON:
//	            credential.response.clientDataJSON. At the result endpoints only.
//	answer      the JSON of the answer, in keep and options only: answer.data.0.id
//	kept        what keep and match kept of earlier answers: kept.csrf
//	cookie      a cookie of the visitor: cookie.XSRF-TOKEN
//	env         a variable of the environment: env.API_TOKEN
//
// A text that is one value and nothing else becomes that value, of whatever kind; without it, the member that it would be is
// left out. Amid other text only strings, numbers and truths can stand.
type Template struct{ parts []part }

// part is a text, or a value when root is not empty.
type part struct {
	text, root string
	path       []string
}

func (p part) String() string {
	return "${" + strings.Join(append([]string{p.root}, p.path...), ".") + "}"
}

// String is the template as it was written.
func (t Template) String() string {
	var b strings.Builder
	for _, p := range t.parts {
		if p.root != "" {
			b.WriteString(p.String())
			continue
		}
		b.WriteString(strings.ReplaceAll(p.text, "${", "$${"))
	}
	return b.String()
}

// roots are where values come from.
const (
	rootAsk        = "ask"
	rootCredential = "credential"
	rootAnswer     = "answer"
	rootKept       = "kept"
	rootCookie     = "cookie"
	rootEnv        = "env"
)

// parseTemplate reads a text; among are the roots that make sense where it stands.
func parseTemplate(text string, among []string) (Template, error) {
	var t Template
	literal := ""
	for text != "" {
		before, rest, found := strings.Cut(text, "${")
		if !found {
			literal += text
			break
		}
		if cut, escaped := strings.CutSuffix(before, "$"); escaped {
			literal, text = literal+cut+"${", rest
			continue
		}
		name, after, closed := strings.Cut(rest, "}")
		if !closed {
			return t, fmt.Errorf("%q has a ${ without its }; write $${ for the two characters themselves", text)
		}
		if literal += before; literal != "" {
			t.parts = append(t.parts, part{text: literal})
		}
		p, err := parsePart(name, among)
		if err != nil {
			return t, err
		}
		t.parts = append(t.parts, p)
		literal, text = "", after
	}
	if literal != "" {
		t.parts = append(t.parts, part{text: literal})
	}
	return t, nil
}

func parsePart(name string, among []string) (part, error) {
	words := strings.Split(strings.TrimSpace(name), ".")
	if !slices.Contains(among, words[0]) {
		hint := ""
		if near := Nearest(words[0], among); near != "" {
			hint = "; did you mean ${" + strings.Join(append([]string{near}, words[1:]...), ".") + "}?"
		}
		return part{}, fmt.Errorf("${%s}: there is no %q here%s (there are %s)", name, words[0], hint, strings.Join(among, ", "))
	}
	if slices.Contains(words, "") {
		return part{}, fmt.Errorf("${%s}: a name between two dots is empty", name)
	}
	if named := words[0] == rootKept || words[0] == rootCookie || words[0] == rootEnv; named && len(words) < 2 {
		return part{}, fmt.Errorf("${%s}: say which: ${%s.NAME}", name, words[0])
	}
	return part{root: words[0], path: words[1:]}, nil
}

// scope finds the value at a path of a root; false when there is none.
type scope func(root string, path []string) (any, bool)

// errNoValue says that a value is not there which a text needs.
var errNoValue = errors.New("has no value")

// value is what t stands for; false when it is one value, which is not there.
func (t Template) value(s scope) (any, bool, error) {
	if len(t.parts) == 1 && t.parts[0].root != "" {
		v, found := s(t.parts[0].root, t.parts[0].path)
		return v, found, nil
	}
	text, err := t.text(s, func(s string) string { return s })
	return text, true, err
}

// text is t with its values in it, each made safe by escape.
func (t Template) text(s scope, escape func(string) string) (string, error) {
	var b strings.Builder
	for _, p := range t.parts {
		if p.root == "" {
			b.WriteString(p.text)
			continue
		}
		v, found := s(p.root, p.path)
		if !found {
			return "", fmt.Errorf("%s %w", p, errNoValue)
		}
		word, ok := scalar(v)
		if !ok {
			return "", fmt.Errorf("%s is no text: %s", p, clip(fmt.Sprint(v)))
		}
		b.WriteString(escape(word))
	}
	return b.String(), nil
}

// scalar is a value as text, if it is one that can be.
func scalar(v any) (string, bool) {
	switch v := v.(type) {
	case string:
		return v, true
	case bool:
		return strconv.FormatBool(v), true
	case json.Number:
		return v.String(), true
	case int:
		return strconv.Itoa(v), true
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64), true
	}
	return "", false
}

// compiled is a tree of YAML whose strings are templates: map[string]any, []any, Template, and other values.
type compiled any

// parseTree reads the strings in a tree; say tells of each that is wrong, by the path from the tree's top.
func parseTree(tree any, among []string, at string, say func(at string, err error)) compiled {
	switch node := tree.(type) {
	case string:
		t, err := parseTemplate(node, among)
		if err != nil {
			say(at, err)
		}
		return t
	case map[string]any:
		out := map[string]any{}
		for name, inner := range node {
			out[name] = parseTree(inner, among, at+"."+name, say)
		}
		return out
	case []any:
		out := make([]any, len(node))
		for i, inner := range node {
			out[i] = parseTree(inner, among, at+"."+strconv.Itoa(i), say)
		}
		return out
	case map[any]any:
		say(at, errors.New("the names of members must be strings; put the others in quotes"))
		return nil
	}
	return tree
}

// render is the tree with its values; false when it is one value which is not there.
func render(tree compiled, s scope) (any, bool, error) {
	switch node := tree.(type) {
	case Template:
		return node.value(s)
	case map[string]any:
		out := make(map[string]any, len(node))
		for name, inner := range node {
			v, found, err := render(inner, s)
			if err != nil {
				return nil, false, err
			}
			if found {
				out[name] = v
			}
		}
		return out, true, nil
	case []any:
		out := make([]any, 0, len(node))
		for _, inner := range node {
			v, found, err := render(inner, s)
			if err != nil {
				return nil, false, err
			}
			if found {
				out = append(out, v)
			}
		}
		return out, true, nil
	}
	return tree, true, nil
}

// eachPart visits the values of a tree.
func eachPart(tree compiled, visit func(part)) {
	switch node := tree.(type) {
	case Template:
		for _, p := range node.parts {
			if p.root != "" {
				visit(p)
			}
		}
	case map[string]any:
		for _, inner := range node {
			eachPart(inner, visit)
		}
	case []any:
		for _, inner := range node {
			eachPart(inner, visit)
		}
	}
}

// Expand is a text with the variables of the environment in it, for what a target sends with every request.
func Expand(text string, env func(name string) (string, bool)) (string, error) {
	t, err := parseTemplate(text, []string{rootEnv})
	if err != nil {
		return "", err
	}
	return t.text(func(_ string, path []string) (any, bool) {
		if env == nil {
			return nil, false
		}
		return envValue(env, path)
	}, func(s string) string { return s })
}

func envValue(env func(string) (string, bool), path []string) (any, bool) {
	value, found := env(strings.Join(path, "."))
	return value, found
}
