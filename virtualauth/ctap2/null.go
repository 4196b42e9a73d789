package ctap2

import (
	"reflect"
	"strconv"
	"strings"

	"github.com/fxamacker/cbor/v2"
)

// nullField looks for null or undefined in the place of something that a type knows, and names the struct field. No
// parameter of CTAP2 may be null, yet the decoder takes it for any type and leaves the field zero, which would read as
// "absent". In members that the type does not know, and in raw ones such as extension inputs, null is nobody's business.
// data is known to be canonical.
func nullField(data []byte, t reflect.Type) (field string, found bool) {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if t == reflect.TypeFor[cbor.RawMessage]() {
		return "", false
	}
	if len(data) == 1 && (data[0] == majorSimple.with(simpleNull) || data[0] == majorSimple.with(simpleUndefined)) {
		return "", true
	}
	switch {
	case t.Kind() == reflect.Struct && isA(data, majorMap):
		return nullMember(data, t)
	case t.Kind() == reflect.Map && isA(data, majorMap):
		var members map[any]cbor.RawMessage
		if decoder.Unmarshal(data, &members) != nil {
			return "", false // keys of a wrong type: the real decoding will say so
		}
		for _, value := range members {
			if _, found := nullField(value, t.Elem()); found {
				return "", true
			}
		}
	case t.Kind() == reflect.Slice && isA(data, majorArray):
		var elements []cbor.RawMessage
		if decoder.Unmarshal(data, &elements) != nil {
			return "", false
		}
		for _, element := range elements {
			if field, found := nullField(element, t.Elem()); found {
				return field, true
			}
		}
	}
	return "", false
}

// nullMember looks into the members of a map that fields of a struct stand for.
func nullMember(data []byte, t reflect.Type) (field string, found bool) {
	var members map[any]cbor.RawMessage
	if decoder.Unmarshal(data, &members) != nil {
		return "", false
	}
	for key, value := range members {
		for f := range t.Fields() {
			if !standsFor(f.Tag.Get("cbor"), key) {
				continue
			}
			if inner, found := nullField(value, f.Type); found {
				return strings.TrimSuffix(f.Name+"."+inner, "."), true
			}
		}
	}
	return "", false
}

// standsFor reports whether a field with this tag holds the member with this key.
func standsFor(tag string, key any) bool {
	name, options, _ := strings.Cut(tag, ",")
	switch key := key.(type) {
	case string:
		return name == key && !strings.Contains(options, "keyasint")
	case uint64:
		return name == strconv.FormatUint(key, 10) && strings.Contains(options, "keyasint")
	}
	return false
}

func isA(data []byte, major majorType) bool { return len(data) > 0 && majorType(data[0]>>5) == major }

// with returns the first byte of an item with this major type and a short argument.
func (m majorType) with(argument byte) byte { return byte(m)<<5 | argument }
