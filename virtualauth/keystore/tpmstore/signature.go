package tpmstore

import (
	"encoding/asn1"
	"encoding/binary"
	"fmt"
	"math/big"

	"github.com/google/go-tpm/tpm2"
)

// signatureParts is how many TPM2B a signature of an algorithm consists of: r and s, or one number. Never written after the
// program has started.
var signatureParts = map[tpm2.TPMAlgID]int{tpm2.TPMAlgECDSA: 2, tpm2.TPMAlgRSASSA: 1, tpm2.TPMAlgRSAPSS: 1}

// encodeSignature turns a TPMT_SIGNATURE into the form of WebAuthn L3 §6.5.5: ASN.1 DER for ECDSA, the bytes for RSA.
//
//	0 .. 1  algorithm of the signature
//	2 .. 3  algorithm of the hash, which follows from the key
//	4 ..    its parts, each behind two bytes of length
func encodeSignature(signature []byte) ([]byte, error) {
	if len(signature) < 4 {
		return nil, fmt.Errorf("%w: a signature of %d bytes", errResponse, len(signature))
	}
	algorithm := tpm2.TPMAlgID(binary.BigEndian.Uint16(signature))
	parts := make([][]byte, signatureParts[algorithm])
	if len(parts) == 0 {
		return nil, fmt.Errorf("a signature by TPM algorithm %#x", uint16(algorithm))
	}
	rest := signature[4:]
	for i := range parts {
		var ok bool
		if parts[i], rest, ok = sized(rest); !ok {
			return nil, fmt.Errorf("%w: a signature that is cut short", errResponse)
		}
	}
	if len(rest) != 0 {
		return nil, fmt.Errorf("%w: %d bytes behind a signature", errResponse, len(rest))
	}
	if len(parts) == 1 {
		return parts[0], nil
	}
	return asn1.Marshal(struct{ R, S *big.Int }{new(big.Int).SetBytes(parts[0]), new(big.Int).SetBytes(parts[1])})
}
