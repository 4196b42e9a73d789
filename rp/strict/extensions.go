package strict

import (
	"errors"
	"fmt"
)

// ErrExtensions says that extension data is no CBOR map.
var ErrExtensions = errors.New("strict: extension data that is no map")

// CheckExtensions judges the extension data of authenticator data, which has been decoded (WebAuthn L3 §6.1); nil is none.
func CheckExtensions(encoded []byte) error {
	if len(encoded) > 0 && major(encoded) != majorMap {
		return fmt.Errorf("%w: it begins with %#x", ErrExtensions, encoded[0])
	}
	return nil
}
