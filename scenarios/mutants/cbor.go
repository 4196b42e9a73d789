package mutants

import "github.com/fxamacker/cbor/v2"

// decoding reads CBOR as loosely as the library can, and strictly refuses what the loose way overlooks: keys that are there
// twice. Both bound depth and lengths.
var decoding, strictDecoding = mode(cbor.DupMapKeyQuiet), mode(cbor.DupMapKeyEnforcedAPF)

func mode(duplicates cbor.DupMapKeyMode) cbor.DecMode {
	m, err := cbor.DecOptions{DupMapKey: duplicates, UTF8: cbor.UTF8RejectInvalid, MaxNestedLevels: 16}.DecMode()
	if err != nil {
		panic(err) // the options are constants
	}
	return m
}

// repeats reports whether some map in an item has a key twice.
func repeats(item []byte) bool {
	var value any
	return decoding.Unmarshal(item, &value) == nil && strictDecoding.Unmarshal(item, &value) != nil
}
