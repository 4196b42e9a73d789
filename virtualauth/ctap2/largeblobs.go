package ctap2

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
)

// LargeBlobsRequest is the parameter map of authenticatorLargeBlobs (CTAP 2.3 §6.10.2): it reads or writes a piece of the
// serialised large-blob array. Zero is a value like any other here, so absent members are nil.
type LargeBlobsRequest struct {
	// Get is how many bytes to read; either Get or Set is required.
	Get *uint `cbor:"1,keyasint,omitempty"`
	// Set is the piece to write.
	Set Bytes `cbor:"2,keyasint,omitempty"`
	// Offset is where in the array to read or write, in bytes; required.
	Offset *uint `cbor:"3,keyasint,omitempty"`
	// Length is that of the whole array to be written, in bytes; only with the first piece.
	Length *uint `cbor:"4,keyasint,omitempty"`
	// PINUVAuthParam authenticates Message under a PIN/UV auth token.
	PINUVAuthParam Bytes `cbor:"5,keyasint,omitempty"`
	// PINUVAuthProtocol says how PINUVAuthParam was made; nil means missing.
	PINUVAuthProtocol *uint `cbor:"6,keyasint,omitempty"`
}

// Message returns the bytes that PINUVAuthParam is over (CTAP 2.3 §6.10.2):
//
//	offset  length  content
//	     0      32  0xff
//	    32       2  0x0c 0x00: the command, and a byte to grow
//	    34       4  Offset, little endian, as nowhere else in CTAP
//	    38      32  SHA-256 of Set
func (r *LargeBlobsRequest) Message() []byte {
	var offset uint
	if r.Offset != nil {
		offset = *r.Offset
	}
	message := append(bytes.Repeat([]byte{0xff}, 32), byte(CommandLargeBlobs), 0)
	message = binary.LittleEndian.AppendUint32(message, uint32(offset))
	hash := sha256.Sum256(r.Set)
	return append(message, hash[:]...)
}

// LargeBlobsResponse is the result of authenticatorLargeBlobs when it reads (CTAP 2.3 §6.10.2); writing has none.
type LargeBlobsResponse struct {
	// Config is the piece read: shorter than asked for at the array's end, and empty behind it.
	Config Bytes `cbor:"1,keyasint"`
}

// LargeBlobs performs authenticatorLargeBlobs (CTAP 2.3 §6.10). The result is zero when it writes. Errors are those of
// MakeCredential.
func LargeBlobs(ctx context.Context, t Transport, request *LargeBlobsRequest) (*LargeBlobsResponse, error) {
	return callMaybe[LargeBlobsResponse](ctx, t, CommandLargeBlobs, request)
}
