package strict

import (
	"errors"
	"fmt"

	"github.com/fxamacker/cbor/v2"
)

// ErrObject says that bytes are no attestation object.
var ErrObject = errors.New("strict: not an attestation object")

// Major types of CBOR (RFC 8949 §3.1).
const (
	majorBytes = 2
	majorText  = 3
	majorArray = 4
	majorMap   = 5
)

// CheckObject judges an attestation object: its three members are there, and of their kinds (WebAuthn L3 §6.5.4). Only the
// statement of format compound is an array (§8.9).
func CheckObject(encoded []byte) error {
	var members map[string]cbor.RawMessage
	if err := decoder.Unmarshal(encoded, &members); err != nil {
		return fmt.Errorf("%w: %w", ErrObject, err)
	}
	var format string
	if err := decoder.Unmarshal(members["fmt"], &format); err != nil || major(members["fmt"]) != majorText {
		return fmt.Errorf("%w: fmt is missing or no text", ErrObject)
	}
	statement := byte(majorMap)
	if format == "compound" {
		statement = majorArray
	}
	if major(members["attStmt"]) != statement {
		return fmt.Errorf("%w: attStmt is missing or of another kind", ErrObject)
	}
	if major(members["authData"]) != majorBytes {
		return fmt.Errorf("%w: authData is missing or no byte string", ErrObject)
	}
	return nil
}

// major is the major type of an item; that of no item is none.
func major(item []byte) byte {
	if len(item) == 0 {
		return 0xff
	}
	return item[0] >> 5
}
