// Package ctap2 is the vocabulary of CTAP2: command and status bytes, requests and responses as structs, and the one
// encoding both sides must use. It has no behaviour of an authenticator; it only knows how to say and to read things.
//
//	request   = command byte ‖ CBOR map (absent for commands without parameters)
//	response  = status byte  ‖ CBOR map (only behind status 0x00, and only where the command has a result)
//
// A Transport carries one request to an authenticator and its response back: in process, over CTAPHID, over APDUs or
// through a hybrid tunnel, always the same one method. MakeCredential, GetAssertion and their siblings are the caller's
// half; a Status is the error they return.
//
// Bytes are decoded once, strictly (Unmarshal), and encoded once, canonically (Marshal). Every field carries its integer
// key in its tag, so that an inserted field renumbers nothing. The zero value of an optional field means absent.
package ctap2
