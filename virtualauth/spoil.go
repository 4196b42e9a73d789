package virtualauth

import (
	"encoding/asn1"
	"encoding/binary"
	"math/big"
	"slices"

	"github.com/fxamacker/cbor/v2"

	"github.com/passkeylab/passkeylab/virtualauth/attestation"
	"github.com/passkeylab/passkeylab/virtualauth/authdata"
	"github.com/passkeylab/passkeylab/virtualauth/ctap2"
)

// This file is where an authenticator lies about bytes that it has made honestly. An honest one passes through unchanged.

// spoilData lies about the members of authenticator data.
func (a *Authenticator) spoilData(data *authdata.Data, c Credential) {
	if a.Misbehave.WrongRPIDHash {
		data.RPIDHash = authdata.HashRPID("not-" + c.RPID)
	}
	if a.Misbehave.HashedRPID != "" {
		data.RPIDHash = authdata.HashRPID(a.Misbehave.HashedRPID)
	}
	if a.Misbehave.SignCount != nil {
		data.SignCount = *a.Misbehave.SignCount
	}
	if a.Misbehave.Extensions != nil {
		data.Extensions = a.Misbehave.Extensions
	}
	if data.Credential == nil && a.Misbehave.AttestAssertions {
		data.Credential = a.attested(a.credentialData(c, attestation.FormatNone))
	}
}

const flagsOffset = 32 // bytes before the flags in authenticator data (WebAuthn L3 §6.1)

// spoilEncoded lies about the bytes of authenticator data.
func (a *Authenticator) spoilEncoded(encoded []byte) []byte {
	encoded[flagsOffset] ^= byte(a.Misbehave.FlipFlags)
	if a.Misbehave.TrailingByte {
		encoded = append(encoded, 0)
	}
	encoded = encoded[:max(len(encoded)-a.Misbehave.CutAuthData, 0)]
	if a.Misbehave.EditAuthData != nil {
		encoded = a.Misbehave.EditAuthData(encoded)
	}
	return encoded
}

// spoilSigned lies about authenticator data that was signed already.
func (a *Authenticator) spoilSigned(authData []byte) []byte {
	if !a.Misbehave.AlterSigned || len(authData) < flagsOffset+5 {
		return authData
	}
	altered := slices.Clone(authData)
	counter := altered[flagsOffset+1:]
	binary.BigEndian.PutUint32(counter, binary.BigEndian.Uint32(counter)+1)
	return altered
}

// spoilSignature lies about the signature of an assertion.
func (a *Authenticator) spoilSignature(signature []byte) []byte {
	a.mu.Lock()
	defer a.mu.Unlock()
	before := a.session.signature
	a.session.signature = signature
	switch {
	case a.Misbehave.BadSignature:
		return spoil(signature)
	case a.Misbehave.TruncateSignature:
		return signature[:len(signature)-1]
	case a.Misbehave.TrailSignature:
		return append(slices.Clone(signature), 0)
	case a.Misbehave.RawSignature:
		return rawSignature(signature)
	case a.Misbehave.RepeatSignature && before != nil:
		return before
	}
	return signature
}

// rawSignature turns an ECDSA signature in DER into r ‖ s of 32 bytes each. Anything else stays as it is.
func rawSignature(signature []byte) []byte {
	var pair struct{ R, S *big.Int }
	if _, err := asn1.Unmarshal(signature, &pair); err != nil || pair.R.BitLen() > 256 || pair.S.BitLen() > 256 {
		return signature
	}
	return slices.Concat(pair.R.FillBytes(make([]byte, 32)), pair.S.FillBytes(make([]byte, 32)))
}

// spoil changes the last byte of a signature and keeps its form, so that only verification can object.
func spoil(signature []byte) []byte {
	spoilt := append([]byte{}, signature...)
	if len(spoilt) > 0 {
		spoilt[len(spoilt)-1] ^= 1
	}
	return spoilt
}

// encode returns a result in CTAP2 canonical CBOR, or in some other form that says the same; nil has none.
func (a *Authenticator) encode(result any) ([]byte, error) {
	if result == nil {
		return nil, nil
	}
	body, err := ctap2.Marshal(result)
	if err != nil || len(body) < 3 || body[0]&0x1f == 0 || body[0]&0x1f >= 23 { // no map of 1 to 22 members
		return body, err
	}
	switch {
	case a.Misbehave.TrailingCBOR:
		return append(body, 0), nil
	case a.Misbehave.DuplicateKey:
		first := firstMember(body)
		return slices.Concat([]byte{body[0] + 1}, first, body[1:]), nil
	case a.Misbehave.IndefiniteMap:
		return slices.Concat([]byte{0xbf}, body[1:], []byte{0xff}), nil
	case a.Misbehave.UnsortedKeys:
		first := firstMember(body)
		return slices.Concat(body[:1], body[1+len(first):], first), nil
	case a.Misbehave.LongInteger:
		return slices.Concat(body[:1], []byte{oneByteFollows}, body[1:]), nil // keys of responses are less than 24
	}
	return body, nil
}

// oneByteFollows begins an unsigned integer that has a byte of its own (RFC 8949 §3.1), as those from 24 to 255 must.
const oneByteFollows = 0x18

// firstMember is the first key of an encoded map with its value; nil when it cannot be read.
func firstMember(body []byte) []byte {
	var key, value cbor.RawMessage
	rest, err := cbor.UnmarshalFirst(body[1:], &key)
	if err == nil {
		_, err = cbor.UnmarshalFirst(rest, &value)
	}
	if err != nil {
		return nil
	}
	return slices.Concat(key, value)
}
