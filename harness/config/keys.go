package config

import (
	"fmt"
	"reflect"
	"strings"
	"time"

	"github.com/agnivade/levenshtein"
)

// EnvPrefix stands before every environment variable that belongs to passkeylab.
const EnvPrefix = "PASSKEYLAB_"

// Environment variables with the prefix that are not keys.
const (
	// EnvFile names the configuration file.
	EnvFile = EnvPrefix + "CONFIG"
	// EnvProgress is the socket on which a run's progress is told (package progress).
	EnvProgress = EnvPrefix + "PROGRESS"
)

// Key is one setting as declared by the struct tags of Config.
type Key struct {
	// Name is the file's spelling: "browser.path".
	Name string
	// Env is the environment's spelling: "PASSKEYLAB_BROWSER_PATH".
	Env string
	// Default is the value when nobody says otherwise, as it would be written in the environment.
	Default string
	// Help is one line for people.
	Help string
	// Allowed are the only allowed words; empty when other rules hold.
	Allowed []string

	kind     string
	typ      reflect.Type
	min, max string
}

// Keys lists every setting in the order of the file.
func Keys() []Key {
	var keys []Key
	collectKeys(reflect.TypeFor[Config](), "", &keys)
	return keys
}

func collectKeys(t reflect.Type, prefix string, keys *[]Key) {
	for i := range t.NumField() {
		field := t.Field(i)
		tag := field.Tag.Get("koanf")
		if tag == "" || tag == "-" {
			continue
		}
		name := prefix + tag
		if field.Type.Kind() == reflect.Struct {
			collectKeys(field.Type, name+".", keys)
			continue
		}
		*keys = append(*keys, Key{
			Name:    name,
			Env:     EnvPrefix + strings.ToUpper(strings.ReplaceAll(name, ".", "_")),
			Default: field.Tag.Get("default"),
			Help:    field.Tag.Get("help"),
			Allowed: strings.Fields(field.Tag.Get("oneof")),
			kind:    kindOf(field),
			typ:     field.Type,
			min:     field.Tag.Get("min"),
			max:     field.Tag.Get("max"),
		})
	}
}

// kindOf names the parser of a field's value: its tag, or what its Go type implies.
func kindOf(field reflect.StructField) string {
	if kind := field.Tag.Get("kind"); kind != "" {
		return kind
	}
	switch {
	case field.Type == reflect.TypeFor[time.Duration]():
		return "duration"
	case field.Type.Kind() == reflect.Slice:
		return "list"
	case field.Type.Kind() == reflect.Bool:
		return "bool"
	case field.Type.Kind() == reflect.Int, field.Type.Kind() == reflect.Int64:
		return "int"
	case field.Type.Kind() == reflect.String && field.Tag.Get("oneof") != "":
		return "word"
	}
	panic(fmt.Sprintf("config: field %s has a type that no parser is declared for", field.Name))
}

// schema is the table of keys, ready for look-ups.
type schema struct {
	keys     []Key
	byName   map[string]Key
	byEnv    map[string]Key
	sections map[string]bool
}

func newSchema() *schema {
	s := &schema{keys: Keys(), byName: map[string]Key{}, byEnv: map[string]Key{}, sections: map[string]bool{}}
	for _, key := range s.keys {
		s.byName[key.Name] = key
		s.byEnv[key.Env] = key
		s.sections[key.Name[:strings.LastIndex(key.Name, ".")]] = true
	}
	return s
}

// nearestName finds the key that looks most like a wrong one in the file or on the command line. A key in a section that
// exists is compared by its last word, first within that section: a right word in the wrong section is a likely mistake,
// and the section that two names share says nothing about how alike they are.
func (s *schema) nearestName(wrong string) string {
	section, word, dotted := strings.Cut(wrong, ".")
	if dotted && s.sections[section] {
		if near := nearest(word, s.lastWords(section+".")); near != "" {
			return near
		}
		return nearest(word, s.lastWords(""))
	}
	return nearest(wrong, func(yield func(candidate, answer string) bool) {
		for _, key := range s.keys {
			if !yield(key.Name, key.Name) {
				return
			}
		}
		for candidate, answer := range s.lastWords("") {
			if !yield(candidate, answer) {
				return
			}
		}
		for section := range s.sections {
			if !dotted && !yield(section, section) {
				return
			}
		}
	})
}

// lastWords yields the last word of each key that starts with prefix, and the key.
func (s *schema) lastWords(prefix string) func(func(candidate, answer string) bool) {
	return func(yield func(candidate, answer string) bool) {
		for _, key := range s.keys {
			if strings.HasPrefix(key.Name, prefix) && !yield(key.Name[strings.LastIndex(key.Name, ".")+1:], key.Name) {
				return
			}
		}
	}
}

// nearestEnv is nearestName for the environment's spelling.
func (s *schema) nearestEnv(wrong string) string {
	return nearest(strings.TrimPrefix(wrong, EnvPrefix), func(yield func(candidate, answer string) bool) {
		for _, key := range s.keys {
			if !yield(strings.TrimPrefix(key.Env, EnvPrefix), key.Env) {
				return
			}
			if !yield(strings.ToUpper(key.Name[strings.LastIndex(key.Name, ".")+1:]), key.Env) {
				return
			}
		}
		for _, name := range []string{EnvFile, EnvProgress} {
			if !yield(strings.TrimPrefix(name, EnvPrefix), name) {
				return
			}
		}
	})
}

// nearest returns the answer of the candidate with the fewest edits from wrong, when few enough for a typing mistake:
// at most half of the letters. A tie goes to the answer that comes first in the alphabet, so that a message never changes
// between runs.
func nearest(wrong string, candidates func(func(candidate, answer string) bool)) string {
	best, bestDistance := "", -1
	wrong = normal(wrong)
	if len(wrong) > 200 {
		return "" // no typing mistake, and the comparison costs the product of the lengths
	}
	for candidate, answer := range candidates {
		candidate = normal(candidate)
		distance := levenshtein.ComputeDistance(wrong, candidate)
		if distance > max(len(candidate), len(wrong))/2 {
			continue
		}
		if bestDistance < 0 || distance < bestDistance || distance == bestDistance && answer < best {
			best, bestDistance = answer, distance
		}
	}
	return best
}

// normal makes spellings comparable that differ only in habit: step-timeout, stepTimeout, STEP_TIMEOUT.
func normal(name string) string {
	return strings.ToLower(strings.NewReplacer("-", "", "_", "", ".", "").Replace(name))
}
