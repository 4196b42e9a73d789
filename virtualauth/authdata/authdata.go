// Package authdata builds and reads authenticator data, the bytes that an authenticator signs (WebAuthn L3 §6.1).
//
//	offset  length  content
//	     0      32  RP ID hash: SHA-256 of the RP ID
//	    32       1  flags: bit 0 UP, 2 UV, 3 BE, 4 BS, 6 AT, 7 ED
//	    33       4  signature counter, big endian
//	    37       –  attested credential data, when AT is set:
//	                    16  AAGUID
//	                     2  length L of the credential id, big endian
//	                     L  credential id
//	                     –  credential public key, one COSE_Key map
//	     –       –  extensions, one CBOR map, when ED is set
//
// The public key and the extensions stay bytes here: a key that makes no sense must remain expressible, because saying
// so is how a relying party is tested. AttestedCredential.Key interprets it.
package authdata

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/fxamacker/cbor/v2"
	"github.com/google/uuid"

	"github.com/passkeylab/passkeylab/virtualauth/cose"
)

const (
	headerLength   = sha256.Size + 1 + 4 // RP ID hash, flags, counter
	attestedLength = 16 + 2              // AAGUID, length of the credential id

	// MaxCredentialIDLength is the longest credential id in bytes (WebAuthn L3 §7.1, credential id length step). The
	// length field could express more; Encode writes it, Parse accepts it, and relying parties must refuse it.
	MaxCredentialIDLength = 1023
)

// ErrMalformed is what every failure of Parse is, for errors.Is.
var ErrMalformed = errors.New("authdata: malformed authenticator data")

// Data is authenticator data. The zero value is valid: no flags, counter zero, no credential.
type Data struct {
	// RPIDHash is the SHA-256 hash of the RP ID.
	RPIDHash [32]byte
	// Flags are UP, UV, BE and BS. AT and ED follow from the fields below: Encode sets them, Parse reports them.
	Flags Flags
	// SignCount is the signature counter (WebAuthn L3 §6.1.1).
	SignCount uint32
	// Credential is the attested credential data; nil in assertions.
	Credential *AttestedCredential
	// Extensions is the CBOR map of extension outputs, as encoded; empty means none.
	Extensions []byte
}

// AttestedCredential is attested credential data (WebAuthn L3 §6.5.1).
type AttestedCredential struct {
	// AAGUID names the authenticator's model; all zero when it is not told.
	AAGUID uuid.UUID
	// ID is the credential id, at most 65535 bytes by its length field, at most MaxCredentialIDLength by the rules.
	ID []byte
	// PublicKey is the credential public key as an encoded COSE_Key.
	PublicKey []byte
}

// Key interprets PublicKey. Its errors are those of cose.Parse; bytes behind the key are cose.ErrMalformed.
func (c *AttestedCredential) Key() (cose.Key, error) {
	key, rest, err := cose.Parse(c.PublicKey)
	if err != nil {
		return cose.Key{}, fmt.Errorf("authdata: credential public key: %w", err)
	}
	if len(rest) > 0 {
		return cose.Key{}, fmt.Errorf("authdata: %w: %d bytes behind the credential public key", cose.ErrMalformed, len(rest))
	}
	return key, nil
}

// HashRPID returns the RP ID hash of an RP ID (WebAuthn L3 §6.1).
func HashRPID(rpID string) [32]byte { return sha256.Sum256([]byte(rpID)) }

// Encode returns the bytes by the table in the package comment. A credential id beyond 65535 bytes is cut there, since the
// length field can say no more.
func (d Data) Encode() []byte {
	flags := d.Flags &^ (AT | ED)
	if d.Credential != nil {
		flags |= AT
	}
	if len(d.Extensions) > 0 {
		flags |= ED
	}
	b := append(make([]byte, 0, 256), d.RPIDHash[:]...)
	b = append(b, byte(flags))
	b = binary.BigEndian.AppendUint32(b, d.SignCount)
	if c := d.Credential; c != nil {
		id := c.ID[:min(len(c.ID), 1<<16-1)]
		b = append(b, c.AAGUID[:]...)
		b = binary.BigEndian.AppendUint16(b, uint16(len(id)))
		b = append(b, id...)
		b = append(b, c.PublicKey...)
	}
	return append(b, d.Extensions...)
}

// Parse reads authenticator data. It insists on what WebAuthn L3 §6.1 fixes: no missing and no left-over bytes, one CBOR
// map where a key or extensions stand. All errors are ErrMalformed and say at which part. The result shares no memory
// with data.
func Parse(data []byte) (Data, error) {
	if len(data) < headerLength {
		return Data{}, fmt.Errorf("%w: %d bytes, want at least %d", ErrMalformed, len(data), headerLength)
	}
	d := Data{Flags: Flags(data[32]), SignCount: binary.BigEndian.Uint32(data[33:])}
	copy(d.RPIDHash[:], data)
	rest := data[headerLength:]
	var err error
	if d.Flags&AT != 0 {
		if d.Credential, rest, err = parseAttested(rest); err != nil {
			return Data{}, err
		}
	}
	if d.Flags&ED != 0 {
		if d.Extensions, rest, err = takeMap(rest); err != nil {
			return Data{}, fmt.Errorf("%w: extensions: %w", ErrMalformed, err)
		}
	}
	if len(rest) > 0 {
		return Data{}, fmt.Errorf("%w: %d bytes left over behind flags %v", ErrMalformed, len(rest), d.Flags)
	}
	return d, nil
}

func parseAttested(data []byte) (*AttestedCredential, []byte, error) {
	if len(data) < attestedLength {
		return nil, nil, fmt.Errorf("%w: attested credential data of %d bytes, want at least %d", ErrMalformed, len(data), attestedLength)
	}
	c := &AttestedCredential{AAGUID: uuid.UUID(data[:16])}
	length := int(binary.BigEndian.Uint16(data[16:]))
	rest := data[attestedLength:]
	if len(rest) < length {
		return nil, nil, fmt.Errorf("%w: credential id of %d bytes announced, %d there", ErrMalformed, length, len(rest))
	}
	c.ID = append([]byte{}, rest[:length]...)
	key, rest, err := takeMap(rest[length:])
	if err != nil {
		return nil, nil, fmt.Errorf("%w: credential public key: %w", ErrMalformed, err)
	}
	c.PublicKey = key
	return c, rest, nil
}

// takeMap cuts one CBOR map off the front.
func takeMap(data []byte) (item, rest []byte, err error) {
	const majorMap = 5
	if len(data) == 0 || data[0]>>5 != majorMap {
		return nil, nil, errors.New("no CBOR map where one must stand")
	}
	var first cbor.RawMessage
	rest, err = cbor.UnmarshalFirst(data, &first)
	return append([]byte{}, first...), rest, err
}
