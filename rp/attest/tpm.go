package attest

import (
	"encoding/binary"
	"fmt"
)

// checkCertInfo wants a TPMS_ATTEST of a certification to end where its last member does, because go-webauthn overlooks what
// stands behind it. All numbers are big endian (TPM 2.0 Part 2 §10.12.8):
//
//	4+2   magic, type
//	2+n   qualifiedSigner
//	2+n   extraData
//	25    clockInfo, firmwareVersion
//	2+n   name
//	2+n   qualifiedName
//
// What is too short for that is left for go-webauthn to refuse. pubArea needs no such check: its name is that of all its bytes.
func checkCertInfo(statement map[string]any) error {
	rest, _ := statement["certInfo"].([]byte)
	for _, before := range []int{6, 0, 25, 0} { // bytes of fixed length before each member with a length of its own
		if len(rest) < before+2 {
			return nil
		}
		length := before + 2 + int(binary.BigEndian.Uint16(rest[before:]))
		if len(rest) < length {
			return nil
		}
		rest = rest[length:]
	}
	if len(rest) > 0 {
		return fmt.Errorf("certInfo: %d bytes behind its structure", len(rest))
	}
	return nil
}
