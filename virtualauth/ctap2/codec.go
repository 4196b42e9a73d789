package ctap2

import (
	"errors"
	"fmt"
	"reflect"

	"github.com/fxamacker/cbor/v2"
)

// The codec. Both modes are immutable once made and safe for concurrent use. The decoder's own leniencies are switched
// off here; what its options cannot express (canonical order, shortest lengths, null) is the work of checkCanonical and nullField.
var (
	encoder = must(encodeOptions().EncMode())
	decoder = must(cbor.DecOptions{
		DupMapKey:         cbor.DupMapKeyEnforcedAPF,
		IndefLength:       cbor.IndefLengthForbidden,
		TagsMd:            cbor.TagsForbidden,
		MaxNestedLevels:   maxResponseNesting, // checkCanonical knows what may be less
		FieldNameMatching: cbor.FieldNameMatchingCaseSensitive,
	}.DecMode())
)

func encodeOptions() cbor.EncOptions {
	options := cbor.CTAP2EncOptions()
	options.NilContainers = cbor.NilContainerAsEmpty // a required list that is empty is [], never null
	return options
}

// must makes a mode of constant options; they are either right on every run or wrong on every run.
func must[M any](mode M, err error) M {
	if err != nil {
		panic(err)
	}
	return mode
}

// EncodingError says that bytes are not one item of CTAP2 canonical CBOR (CTAP 2.3 §8): Status gives InvalidCBOR.
type EncodingError struct {
	// Offset is where reading stopped, in bytes from the start of the CBOR; -1 when it is not known.
	Offset int
	// Problem says what is wrong there.
	Problem string
}

// Error gives the problem and the offset.
func (e *EncodingError) Error() string {
	if e.Offset < 0 {
		return "ctap2: invalid CBOR: " + e.Problem
	}
	return fmt.Sprintf("ctap2: invalid CBOR at byte %d: %s", e.Offset, e.Problem)
}

// TypeError says that a value has another CBOR type than its parameter: Status gives UnexpectedType.
type TypeError struct {
	// Field names the struct field for the parameter; empty when it is not known.
	Field string
	// Problem says which type was found.
	Problem string
}

// Error gives the field and the problem.
func (e *TypeError) Error() string {
	if e.Field == "" {
		return "ctap2: unexpected type: " + e.Problem
	}
	return fmt.Sprintf("ctap2: unexpected type for %s: %s", e.Field, e.Problem)
}

// Marshal returns v in CTAP2 canonical CBOR (CTAP 2.3 §8).
func Marshal(v any) ([]byte, error) {
	b, err := encoder.Marshal(v)
	if err != nil {
		return nil, fmt.Errorf("ctap2: encode %T: %w", v, err)
	}
	return b, nil
}

// Unmarshal reads exactly one item of CTAP2 canonical CBOR into the struct, map or slice that v points to. Keys that the
// struct does not know are ignored, as CTAP 2.3 §8 asks; everything else that deviates is an *EncodingError or, for a value
// of the wrong type, a *TypeError. v may be partly filled then.
func Unmarshal(data []byte, v any) error { return unmarshal(data, v, maxNesting) }

// UnmarshalDeep is Unmarshal for requests in which maps and arrays may be five levels deep: clients send those to phones, when the
// extension prf has inputs by credential (PRFInput.EvalByCredential).
func UnmarshalDeep(data []byte, v any) error { return unmarshal(data, v, maxNesting+1) }

func unmarshal(data []byte, v any, nesting int) error {
	nulls, err := checkCanonical(data, nesting)
	if err != nil {
		return err
	}
	if nulls {
		if field, found := nullField(data, reflect.TypeOf(v)); found {
			return &TypeError{Field: field, Problem: "found null or undefined"}
		}
	}
	err = decoder.Unmarshal(data, v)
	if err == nil {
		return nil
	}
	var ours *TypeError
	if errors.As(err, &ours) {
		return ours
	}
	var wrongType *cbor.UnmarshalTypeError
	if errors.As(err, &wrongType) {
		return &TypeError{Field: wrongType.StructFieldName, Problem: "found a " + wrongType.CBORType}
	}
	return &EncodingError{Offset: -1, Problem: err.Error()}
}

// StatusOf is the one place where errors become status bytes: a Status is itself, bytes that are not CTAP2 canonical CBOR
// are InvalidCBOR, a value of the wrong type is UnexpectedType, nil is OK. ok is false for any other error, which is a
// failure of the authenticator's surroundings and has no status.
func StatusOf(err error) (status Status, ok bool) {
	if err == nil {
		return OK, true
	}
	if status, is := errors.AsType[Status](err); is {
		return status, true
	}
	if _, is := errors.AsType[*EncodingError](err); is {
		return InvalidCBOR, true
	}
	if _, is := errors.AsType[*TypeError](err); is {
		return UnexpectedType, true
	}
	return Other, false
}

// Bytes is a CBOR byte string. Unlike []byte it refuses the array of small integers that the decoder would otherwise take
// for one. A []byte may be assigned to it and it to a []byte.
type Bytes []byte

// UnmarshalCBOR reads a byte string; anything else is a *TypeError.
func (b *Bytes) UnmarshalCBOR(data []byte) error {
	if len(data) == 0 || majorType(data[0]>>5) != majorBytes {
		return &TypeError{Problem: "found no byte string"}
	}
	// The decoder hands over one item that is well formed: behind its head there is nothing but its content.
	head := 1
	if info := data[0] & 0x1f; info >= 24 {
		head += 1 << (info - 24)
	}
	if head > len(data) {
		return &TypeError{Problem: "found half a byte string"}
	}
	*b = append(make(Bytes, 0, len(data)-head), data[head:]...)
	return nil
}

// RequireMap fails with a *TypeError unless an encoded item is a map: for raw parameters, whose type nobody has looked at.
func RequireMap(field string, item cbor.RawMessage) error {
	if !isA(item, majorMap) {
		return &TypeError{Field: field, Problem: "found no map"}
	}
	return nil
}
