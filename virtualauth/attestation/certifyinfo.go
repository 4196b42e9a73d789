package attestation

import (
	"crypto"
	_ "crypto/sha512" // makes SHA-384 and SHA-512 available
	"encoding/binary"
	"errors"
	"slices"
)

// certifyInfo is a TPMS_ATTEST structure of type TPM_ST_ATTEST_CERTIFY (TPM 2.0 Part 2 §10.12), all numbers big endian:
//
//	4   magic            TPM_GENERATED_VALUE, 0xff "TCG"
//	2   type             TPM_ST_ATTEST_CERTIFY, 0x8017
//	2+n qualifiedSigner
//	2+n extraData
//	25  clockInfo, firmwareVersion
//	2+n name             of the certified key: nameAlg ‖ its hash of the key's TPMT_PUBLIC
//	2+n qualifiedName
type certifyInfo struct {
	magic                      uint32
	kind                       uint16
	qualifiedSigner, extraData []byte
	clock                      []byte
	name, qualifiedName        []byte
}

const (
	tpmGenerated   = 0xff544347
	attestCertify  = 0x8017
	tpmClockLength = 17 + 8

	tpmSHA1, tpmSHA256, tpmSHA384, tpmSHA512 = 0x0004, 0x000b, 0x000c, 0x000d // TPM_ALG_ID
)

var errMalformedCertifyInfo = errors.New("malformed TPMS_ATTEST of a certification")

// parseCertifyInfo reads the structure strictly: what it accepts, encode writes again byte for byte.
func parseCertifyInfo(data []byte) (certifyInfo, error) {
	r := tpmReader{rest: data}
	info := certifyInfo{magic: r.number(4), kind: uint16(r.number(2))}
	info.qualifiedSigner, info.extraData = r.sized(), r.sized()
	info.clock = r.take(tpmClockLength)
	info.name, info.qualifiedName = r.sized(), r.sized()
	if r.short || len(r.rest) > 0 || info.magic != tpmGenerated || info.kind != attestCertify {
		return certifyInfo{}, errMalformedCertifyInfo
	}
	return info, nil
}

func (i certifyInfo) encode() []byte {
	b := binary.BigEndian.AppendUint32(nil, i.magic)
	b = binary.BigEndian.AppendUint16(b, i.kind)
	b = appendSized(appendSized(b, i.qualifiedSigner), i.extraData)
	b = append(b, i.clock...)
	return appendSized(appendSized(b, i.name), i.qualifiedName)
}

func appendSized(b, part []byte) []byte {
	return append(binary.BigEndian.AppendUint16(b, uint16(len(part))), part...)
}

// tpmReader takes one part after the other off the front of a structure. Once it was short, all it gives is empty.
type tpmReader struct {
	rest  []byte
	short bool
}

func (r *tpmReader) take(length int) []byte {
	if r.short || len(r.rest) < length {
		r.short = true
		return nil
	}
	part := r.rest[:length]
	r.rest = r.rest[length:]
	return slices.Clone(part)
}

func (r *tpmReader) number(length int) (n uint32) {
	for _, b := range r.take(length) {
		n = n<<8 | uint32(b)
	}
	return n
}

func (r *tpmReader) sized() []byte { return r.take(int(r.number(2))) }

// nameOf returns the name of a key (TPM 2.0 Part 1 §16): the hash algorithm that its TPMT_PUBLIC names in the third and
// fourth byte, and that hash of the structure. It returns nil for a structure too short or with another hash.
func nameOf(public []byte) []byte {
	if len(public) < 4 {
		return nil
	}
	id := public[2:4]
	hashes := map[uint16]crypto.Hash{tpmSHA1: crypto.SHA1, tpmSHA256: crypto.SHA256, tpmSHA384: crypto.SHA384, tpmSHA512: crypto.SHA512}
	hash, known := hashes[binary.BigEndian.Uint16(id)]
	if !known {
		return nil
	}
	h := hash.New()
	h.Write(public)
	return h.Sum(slices.Clone(id))
}
