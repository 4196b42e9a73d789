package tpmstore

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"math/big"

	"github.com/google/go-tpm/tpm2"

	"github.com/passkeylab/passkeylab/virtualauth/cose"
	"github.com/passkeylab/passkeylab/virtualauth/keystore"
)

// Handles of a store are wrapped keys. All numbers are big endian:
//
//	 0        version, 1
//	 1 ..  4  COSE algorithm, two's complement; 0 is a secret
//	 5 .. 36  digest in the name of the storage root key that wraps it: tells handles of other TPMs apart
//	37 ..     TPM2B_PUBLIC:  2 bytes of length, TPMT_PUBLIC
//	  ..      TPM2B_PRIVATE: 2 bytes of length, what only that TPM can open
const (
	handleVersion = 1
	headerLength  = 1 + 4 + sha256.Size
	// maxPrivate bounds the private part in bytes; RSA with 2048 bits has 736 at most in the TPMs known.
	maxPrivate = 2048
)

// wrapped is a decoded handle.
type wrapped struct {
	algorithm cose.Algorithm
	parent    [sha256.Size]byte
	public    []byte // TPMT_PUBLIC
	private   []byte // contents of the TPM2B_PRIVATE
	// parts is the unique field of the public area: x and y, a modulus, or a digest.
	parts [][]byte
}

// encode returns the handle.
func (w wrapped) encode() keystore.Handle {
	handle := make(keystore.Handle, 0, headerLength+4+len(w.public)+len(w.private))
	handle = append(handle, handleVersion)
	handle = binary.BigEndian.AppendUint32(handle, uint32(int32(w.algorithm)))
	handle = append(handle, w.parent[:]...)
	return appendSized(appendSized(handle, w.public), w.private)
}

// decode reads a handle as encode writes it; nothing else passes. Its public area must be the one of the recipe for its
// algorithm, bit for bit, but for the key itself. Whether a TPM made it only that TPM can tell.
func decode(handle keystore.Handle) (wrapped, error) {
	if len(handle) < headerLength || handle[0] != handleVersion {
		return wrapped{}, errors.New("not the handle of a key in a TPM")
	}
	w := wrapped{algorithm: cose.Algorithm(int32(binary.BigEndian.Uint32(handle[1:])))}
	copy(w.parent[:], handle[5:headerLength])
	r, known := recipes[w.algorithm]
	if !known {
		return wrapped{}, fmt.Errorf("unknown algorithm %v", w.algorithm)
	}
	rest := []byte(handle[headerLength:])
	var okPublic, okPrivate, okUnique bool
	w.public, rest, okPublic = sized(rest)
	w.private, rest, okPrivate = sized(rest)
	if !okPublic || !okPrivate || len(rest) != 0 || len(w.private) == 0 || len(w.private) > maxPrivate {
		return wrapped{}, errors.New("cut short, or too long")
	}
	if w.parts, okUnique = r.split(w.public); !okUnique {
		return wrapped{}, fmt.Errorf("the public area is not that of an %v key", w.algorithm)
	}
	return w, nil
}

// sized reads two bytes of length and what they announce.
func sized(data []byte) (value, rest []byte, ok bool) {
	if len(data) < 2 {
		return nil, nil, false
	}
	length := int(binary.BigEndian.Uint16(data))
	if data = data[2:]; len(data) < length {
		return nil, nil, false
	}
	return data[:length:length], data[length:], true
}

// split returns the parts of the unique field of a public area that was made from the recipe. Numbers may be shorter than
// their field: some TPMs leave out leading zeros.
func (r recipe) split(public []byte) (parts [][]byte, ok bool) {
	rest, ok := bytes.CutPrefix(public, r.prefix)
	if !ok {
		return nil, false
	}
	for _, length := range r.unique {
		var part []byte
		if part, rest, ok = sized(rest); !ok || len(part) == 0 || len(part) > length {
			return nil, false
		}
		parts = append(parts, part)
	}
	return parts, len(rest) == 0
}

// key returns the public key.
func (w wrapped) key() (cose.Key, error) { return publicKey(w.algorithm, w.parts) }

func publicKey(algorithm cose.Algorithm, parts [][]byte) (cose.Key, error) {
	r := recipes[algorithm]
	switch r.template.Type {
	case tpm2.TPMAlgRSA:
		return cose.New(algorithm, &rsa.PublicKey{N: new(big.Int).SetBytes(parts[0]), E: rsaExponent})
	case tpm2.TPMAlgECC:
		length := r.unique[0]
		point := make([]byte, 1+2*length)
		point[0] = 4 // uncompressed
		copy(point[1+length-len(parts[0]):], parts[0])
		copy(point[1+2*length-len(parts[1]):], parts[1])
		public, err := ecdsa.ParseUncompressedPublicKey(curves[length], point)
		if err != nil {
			return cose.Key{}, err
		}
		return cose.New(algorithm, public)
	}
	return cose.Key{}, fmt.Errorf("%w: %v", keystore.ErrUnsupportedAlgorithm, algorithm)
}

// curves are Go's curves by the length of a coordinate in bytes.
var curves = map[int]elliptic.Curve{32: elliptic.P256(), 48: elliptic.P384(), 66: elliptic.P521()}
